"""What the old and the new cost, what is paid twice, and what given-back seats save, by the declared prices. Pure.

A month costs the price of a seat times the seats; a day costs 12 / 365 of that, in a leap year too. Everything is
exact until a figure is written down, rounded once, half a cent up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import pairwise
from math import floor

from connectors.tenant import CompanySubscription, SkuId, TenantSnapshot
from jobs.license_reassignment.model.cost import Cost, PaidTwice, Prices, SeatCost, Sum, UntilEnd
from jobs.license_reassignment.model.plan import Plan, split
from jobs.license_reassignment.reconcile.ending.cancellation import EndOfSource, bought_for_move, came
from jobs.license_reassignment.reconcile.findings import LedgerRow

MONTHS_IN_DAYS = Fraction(12, 365)


@dataclass(frozen=True, slots=True)
class _Running:
    """One purchase of an old product that is still paid: from `start` to `end`, which is today where nobody knows."""

    one: CompanySubscription
    start: date
    end: date
    month: Fraction | None


def cost_of(
    prices: Prices,
    plan: Plan,
    before: TenantSnapshot,
    after: TenantSnapshot,
    ledger: Sequence[LedgerRow],
    ending: EndOfSource,
    advice: str,
    *,
    cancelled: bool,
) -> Cost:
    """Say it for the sources and targets of a plan, counted from the day of the verification.

    `advice` is `cancel`, `keep` or `reduce seats to N`; `cancelled` that this is a look after the cancellation, when
    the seats that were given back are those of the snapshot.
    """
    today = date.fromisoformat(ending.counted_from)
    price = {s: Fraction(p) for s, p in prices.seat_month.items()}
    sources, targets = ([row for row in ledger if row.sku_id in skus] for skus in (plan.sources, plan.targets))
    running = _running(after, plan.sources, price, today)
    dated = [r for r in running if r.one.next_lifecycle]
    old = [_seats(row, row.enabled, prices) for row in sources]
    new = [_seats(row, n, prices) for row in targets if (n := _bought_or_held(row.sku_id, plan, before, after))]
    saved = [_seats(row, n, prices) for row, n in _given_back(sources, before, advice, cancelled=cancelled)]
    twice = list(_paid_twice(running, _new_seats(plan, after, ending)))
    known = bool(ending.overlap and running)
    return Cost(
        currency=prices.currency,
        old=tuple(line for line, _ in old),
        new=tuple(line for line, _ in new),
        until_end=tuple(_until_end(r, today) for r in running),
        paid_twice=tuple(line for line, _ in twice),
        saved=tuple(line for line, _ in saved),
        old_per_month=_sum((line.sku_part_number, exact) for line, exact in old),
        new_per_month=_sum((line.sku_part_number, exact) for line, exact in new),
        old_until_end=_sum((r.one.part_number, _to_end(r, today)) for r in dated) if dated or not running else Sum(""),
        paid_twice_in_all=_sum(part for _, parts in twice for part in parts) if known else Sum(""),
        saved_per_month=_sum((line.sku_part_number, exact) for line, exact in saved),
        no_price=tuple(line.sku_part_number for line, exact in (*old, *new) if exact is None),
        no_end=tuple(r.one.id for r in running if not r.one.next_lifecycle),
    )


def _money(exact: Fraction) -> str:
    cents = floor(exact * 100 + Fraction(1, 2))
    return f"{cents // 100}.{cents % 100:02}"


def _sum(parts: Iterable[tuple[str, Fraction | None]]) -> Sum:
    """Add what has a price, and name the part numbers of what has none; no parts are an amount of zero."""
    found = list(parts)
    priced = [exact for _, exact in found if exact is not None]
    amount = _money(sum(priced, Fraction(0))) if priced or not found else ""
    return Sum(amount, tuple(dict.fromkeys(number for number, exact in found if exact is None)))


def _seats(row: LedgerRow, seats: int, prices: Prices) -> tuple[SeatCost, Fraction | None]:
    """Return what so many seats cost each month, and the same exactly; None where there is no price."""
    price = prices.seat_month.get(SkuId(row.sku_id))
    exact = None if price is None else Fraction(price) * seats
    shown = ("", "") if price is None or exact is None else (f"{price:f}", _money(exact))
    return SeatCost(row.sku_id, row.sku_part_number, seats, *shown), exact


def _bought_or_held(target: str, plan: Plan, before: TenantSnapshot, after: TenantSnapshot) -> int:
    """Count the seats that were bought for this move, or the users who came where these are more."""
    planned = before.ended.date()
    bought = [s for s in after.subscriptions if s.sku_id == target and bought_for_move(s, planned)]
    return max(sum(s.total_licenses for s in bought), came(before, after, plan.sources, SkuId(target)))


def _given_back(
    sources: Sequence[LedgerRow], before: TenantSnapshot, advice: str, *, cancelled: bool
) -> Iterator[tuple[LedgerRow, int]]:
    """Yield how many seats of each old product the advice gives back; an advice to keep them gives none."""
    for row in sources:
        then = before.sku(row.sku_id)
        if advice == "cancel":
            yield row, then.enabled if cancelled and then else row.enabled
        elif advice.startswith("reduce seats to "):
            yield row, max(row.enabled - row.holders_after, 0)


def _running(
    after: TenantSnapshot, sources: Sequence[SkuId], price: Mapping[SkuId, Fraction], today: date
) -> list[_Running]:
    """Return the old purchases that are paid for: Graph calls every other state over, or soon to be."""
    paid = [s for s in after.subscriptions if s.sku_id in sources and s.status.casefold() == "enabled"]
    return [
        _Running(
            s,
            start=_day(s.created) or date.min,
            end=max(_day(s.next_lifecycle) or today, today),
            month=price[s.sku_id] * s.total_licenses if s.sku_id in price else None,
        )
        for s in paid
    ]


def _day(text: str) -> date | None:
    return date.fromisoformat(text[:10]) if text else None


def _to_end(r: _Running, today: date) -> Fraction | None:
    return None if r.month is None else r.month * MONTHS_IN_DAYS * (r.end - today).days


def _until_end(r: _Running, today: date) -> UntilEnd:
    named, exact = _day(r.one.next_lifecycle), _to_end(r, today)
    return UntilEnd(
        subscription_id=r.one.id,
        sku_id=r.one.sku_id,
        sku_part_number=r.one.part_number,
        seats=r.one.total_licenses,
        until=named.isoformat() if named else "",
        days=(r.end - today).days,
        amount=_money(exact) if named and exact is not None else "",
    )


def _new_seats(plan: Plan, after: TenantSnapshot, ending: EndOfSource) -> list[tuple[date, int]]:
    """Return since when how many new seats replace old ones; an add-on takes no seat besides that of its base."""
    sku_of, addons = {s.id: s.sku_id for s in after.subscriptions}, _addons(plan, after)
    return [
        (date.fromisoformat(row.since), row.seats)
        for row in ending.overlap
        if sku_of.get(row.subscription_id) not in addons
    ]


def _addons(plan: Plan, after: TenantSnapshot) -> frozenset[str]:
    """Return the targets that users only get beside another one, which is the one with the most services."""
    rows = plan.decisions[plan.decisions["kind"] == "change"]
    together = [split(str(targets)) for targets in rows["targets"].unique()]
    bases = {max(skus, key=lambda s: (_services(after, s), s)) for skus in together if skus}
    return frozenset(s for skus in together for s in skus) - bases


def _services(after: TenantSnapshot, sku_id: str) -> int:
    sku = after.sku(sku_id)
    return len(sku.plans) if sku else 0


def _paid_twice(
    running: Sequence[_Running], new: Sequence[tuple[date, int]]
) -> Iterator[tuple[PaidTwice, list[tuple[str, Fraction | None]]]]:
    """Yield each time in which the same old seats are paid twice, and what the seats of each purchase cost then.

    Nobody knows which of several old purchases a new seat replaces: those that end first are taken first, and those
    that run at the same time have their share, by their seats.
    """
    days = sorted({since for since, _ in new} | {day for r in running for day in (r.start, r.end)})
    for since, until in pairwise(days):
        at_work = [r for r in running if r.start <= since and until <= r.end]
        old = sum(r.one.total_licenses for r in at_work)
        over = sum(r.one.total_licenses for r in running if r.end <= since)
        seats = min(old, max(sum(n for begun, n in new if begun <= since) - over, 0))
        if seats:
            share = Fraction(seats, old) * MONTHS_IN_DAYS * (until - since).days
            parts = [(r.one.part_number, None if r.month is None else r.month * share) for r in at_work]
            yield PaidTwice(f"{since}", f"{until}", (until - since).days, seats, _sum(parts).amount), parts
