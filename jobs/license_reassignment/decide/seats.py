"""Seats: how many of each SKU are free, who fits, and who does not. Freed seats are never spent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from operator import itemgetter

from connectors.tenant import CompanySubscription, SkuId, SubscribedSku
from jobs.license_reassignment.gather.readiness import usable_units
from jobs.license_reassignment.model.plan_header import SeatRow
from jobs.license_reassignment.model.policy import Limits

BUSINESS_CAP = 300  # Microsoft limits each Business plan to 300 users


def not_counted_seats(subscriptions: Iterable[CompanySubscription], sku_id: str, *, allow_trial: bool) -> int:
    """Return seats of the SKU that a plan must not use: self-service purchases, and trials unless allowed."""
    return sum(
        s.total_licenses
        for s in subscriptions
        if s.sku_id == sku_id
        and s.status.casefold() == "enabled"
        and (s.owner_type.casefold() == "user" or (s.is_trial and not allow_trial))
    )


def seat_row(
    sku: SubscribedSku,
    subscriptions: Sequence[CompanySubscription],
    *,
    reserve: int,
    count_warning_units: bool,
    allow_trial: bool,
) -> SeatRow:
    """Count one SKU: free = enabled (+ warning by flag) - seats not counted - consumed - reserve."""
    usable = usable_units(sku, count_warning_units=count_warning_units)
    excluded = min(usable, not_counted_seats(subscriptions, sku.sku_id, allow_trial=allow_trial))
    free = usable - excluded - sku.consumed - reserve
    return SeatRow(
        sku_id=sku.sku_id,
        part_number=sku.part_number,
        enabled=sku.enabled,
        warning=sku.warning,
        suspended=sku.suspended,
        locked_out=sku.locked_out,
        consumed=sku.consumed,
        reserve=reserve,
        not_counted=excluded,
        free=free,
        left=free,
    )


def seat_rows(
    skus: Iterable[SubscribedSku | None], subscriptions: Sequence[CompanySubscription], limits: Limits
) -> list[SeatRow]:
    """Count several SKUs by these limits; one that the tenant does not own has no row."""
    return [
        seat_row(
            sku,
            subscriptions,
            reserve=limits.seats_reserve,
            count_warning_units=limits.count_warning_units,
            allow_trial=limits.allow_trial,
        )
        for sku in skus
        if sku is not None
    ]


def fit(
    needs: Sequence[tuple[SkuId, ...]], free: Mapping[SkuId, int], together: Sequence[int] = ()
) -> list[SkuId | None]:
    """Serve users in the order given, each whole or not at all; neighbors with one number in `together` as if one.

    Returns per user None when every SKU in its need has a seat, else the first SKU that has none.
    """
    left = dict(free)
    verdicts: list[SkuId | None] = []
    for _, served in groupby(zip(together or range(len(needs)), needs, strict=True), key=itemgetter(0)):
        several = [need for _, need in served]
        wanted = dict.fromkeys(several[0], 1) if len(several) == 1 else demand(several)
        short = next((sku for sku, seats in wanted.items() if left.get(sku, 0) < seats), None)
        verdicts.extend([short] * len(several))
        if short is None:
            for sku, seats in wanted.items():
                left[sku] -= seats
    return verdicts


def demand(needs: Iterable[tuple[SkuId, ...]]) -> Counter[SkuId]:
    """Count the seats that the users together need, per SKU."""
    total: Counter[SkuId] = Counter()
    for need in needs:
        total.update(need)
    return total
