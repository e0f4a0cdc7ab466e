"""What a move costs and saves, as values: list prices that the settings declare, and sums of money as exact texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.tenant import SkuId


@dataclass(frozen=True, slots=True)
class Prices:
    """What a seat costs each month, by product; Graph has no prices, so somebody declared them."""

    currency: str
    seat_month: Mapping[SkuId, Decimal]

    def stored(self) -> dict[str, Any]:
        """Return it as JSON; prices are texts, since a number of JSON may become a float."""
        return {"currency": self.currency, "seat_month": {s: f"{p:f}" for s, p in sorted(self.seat_month.items())}}

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Prices:
        """Read what `stored` returned; raises ValueError for a price that is no number of 0 or more."""
        return cls(str(stored["currency"]), {SkuId(s): _price(p) for s, p in stored["seat_month"].items()})


def _price(text: str) -> Decimal:
    try:
        price = Decimal(text)
    except InvalidOperation as error:
        raise ValueError(f"{text!r} is not a price") from error
    if not price.is_finite() or price < 0:
        raise ValueError(f"{text!r} is not a price")
    return price


@dataclass(frozen=True, slots=True)
class Sum:
    """An amount with two decimals, "" where nothing of it has a price; `left_out` are part numbers without one."""

    amount: str
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SeatCost:
    """What the seats of one product cost each month; `price` and `per_month` are "" where nobody declared a price."""

    sku_id: str
    sku_part_number: str
    seats: int
    price: str
    per_month: str


@dataclass(frozen=True, slots=True)
class UntilEnd:
    """What one purchase of the old product costs from the day of the verification to the date that Graph gives.

    `until` is "" where Graph gives no date: then the amount is not known either.
    """

    subscription_id: str
    sku_id: str
    sku_part_number: str
    seats: int
    until: str
    days: int
    amount: str


@dataclass(frozen=True, slots=True)
class PaidTwice:
    """A time in which `seats` of the old product are paid for although new ones are bought or held; no part is open.

    `until` is the first day that no longer counts. `amount` is what these old seats cost in that time, "" where none of
    them has a price.
    """

    since: str
    until: str
    days: int
    seats: int
    amount: str


@dataclass(frozen=True, slots=True)
class Cost:
    """Old and new each month, the old until it ends, what of it is paid twice, and what given-back seats save.

    Every figure is rounded once, from the exact one. `new` are the targets of which somebody has a seat. `saved` are
    the seats that the advice gives back; none while it is to keep them. `no_price` are part numbers of old and new
    products for which the settings have no price, `no_end` ids of old subscriptions for which Graph has no date.
    """

    currency: str
    old: tuple[SeatCost, ...]
    new: tuple[SeatCost, ...]
    until_end: tuple[UntilEnd, ...]
    paid_twice: tuple[PaidTwice, ...]
    saved: tuple[SeatCost, ...]
    old_per_month: Sum
    new_per_month: Sum
    old_until_end: Sum
    paid_twice_in_all: Sum
    saved_per_month: Sum
    no_price: tuple[str, ...]
    no_end: tuple[str, ...]
