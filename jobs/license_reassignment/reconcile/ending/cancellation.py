"""May the old subscriptions be cancelled, and how do they end: advice, route, dates, what is paid twice. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from connectors.limits import RETURN_DAYS
from connectors.message import Message
from connectors.tenant import CompanySubscription, SkuId, TenantSnapshot
from jobs.license_reassignment.model.plan import Plan
from jobs.license_reassignment.reconcile.findings import Residual, SubscriptionRow, Totals

if TYPE_CHECKING:
    import pandas as pd

ONLINE_SEATS_MAX = 25
"""Microsoft documents that up to so many seats can be cancelled online; more are reduced first."""

DISABLED_DAYS = {"direct": 90, "partner": 90, "volume": 30}
"""Days that a disabled subscription can typically be reactivated; for volume licensing the shortest that is named."""

DATA_AT_RISK_DAYS = 30
DATA_GONE_DAYS = 180
"""Data of a cancelled subscription may go after 30 days, the earliest that is named, and is gone after 180."""

DATA_KEPT_DAYS = 90
"""Under a Microsoft Customer Agreement, a partner's included, the service stops on the last day of the term without any
grace; the data is kept for so long and then deleted (Microsoft's page on the Extended Service Term)."""

BY_ITSELF = frozenset({"end_of_term", "recurring_off", "partner", "volume", "grant"})
"""Routes on which a subscription ends on the day that Graph names, and not on the day on which somebody acts."""


BOUGHT_FOR_MOVE_DAYS = 90
"""A target purchase of at most so many days before the snapshot counts as bought for this move."""


@dataclass(frozen=True, slots=True)
class Due:
    """One date of a subscription. `day` is a date; `basis` is `graph` when Microsoft gave it, else `typical`.

    A typical date counts `days` from the day on which the subscription is cancelled; here that is the day of the
    verification, or for a subscription that ends by itself the day that Graph names.
    """

    what: str
    day: str
    basis: str
    days: int = 0


@dataclass(frozen=True, slots=True)
class EndOfSubscription:
    """How one purchase of a source is ended. `route` is the first choice, `otherwise` are what also leads there.

    `notes` are codes of what has to be looked at beside it.
    """

    subscription_id: str
    sku_id: str
    sku_part_number: str
    status: str
    seats: int
    route: str
    otherwise: tuple[str, ...]
    dates: tuple[Due, ...]
    notes: tuple[str, ...] = ()

    def day(self, what: str) -> str:
        """Return one of the dates, or "" where there is none."""
        return next((d.day for d in self.dates if d.what == what), "")


@dataclass(frozen=True, slots=True)
class Overlap:
    """One target purchase beside the source: both paid for from `since` to `until`. No money, only seats times days.

    One that was bought for this move counts from its purchase, with all its seats that replace old ones. An older one
    served others before: it counts from the snapshot, with the seats of those who held the source then and hold it now,
    as far as those bought for this move do not suffice for them.
    """

    subscription_id: str
    sku_part_number: str
    since: str
    until: str
    days: int
    seats: int
    seat_days: int


@dataclass(frozen=True, slots=True)
class SeatsBack:
    """Unused seats of one target purchase, and the last day on which they could have been given back."""

    subscription_id: str
    sku_part_number: str
    unused: int
    created: str
    until: str
    still_open: bool


@dataclass(frozen=True, slots=True)
class DomainUse:
    """A verified domain that must stay, and how many of the users read sign in with it."""

    name: str
    users: int


@dataclass(frozen=True, slots=True)
class IdleAccount:
    """A disabled account that takes a seat; shared mailboxes, rooms and leavers often need none."""

    id: str
    name: str
    skus: str


@dataclass(frozen=True, slots=True)
class EndOfSource:
    """Everything about the end of the source. `counted_from` is the day of the verification.

    `over_assigned` are source part numbers with more holders than enabled seats.
    """

    counted_from: str
    routes: tuple[EndOfSubscription, ...]
    overlap: tuple[Overlap, ...]
    seats_back: tuple[SeatsBack, ...]
    domains: tuple[DomainUse, ...]
    idle_accounts: tuple[IdleAccount, ...]
    over_assigned: tuple[str, ...]


def end_of_source(
    before: TenantSnapshot,
    after: TenantSnapshot,
    sources: Sequence[SkuId],
    targets: Sequence[SkuId],
    declared: Mapping[str, Any],
    *,
    tenant_id: str,
    verified_at: str,
) -> EndOfSource:
    """Say how the source subscriptions end, counted from the day of the verification.

    `declared` holds `purchase_channel` and `billing_agreement`, "" for what nobody declared, and `nonprofit`.
    """
    today = date.fromisoformat(verified_at[:10])
    old = [s for s in after.subscriptions if s.sku_id in sources]
    new = [s for s in after.subscriptions if s.sku_id in targets]
    return EndOfSource(
        counted_from=today.isoformat(),
        routes=tuple(_route(s, declared, today, tenant_id) for s in old),
        overlap=tuple(_overlaps(old, new, before, after, today)),
        seats_back=tuple(_seats_back(after, new, today)),
        domains=_domains(after),
        idle_accounts=tuple(_idle(after, frozenset({*sources, *targets}))),
        over_assigned=tuple(s.part_number for s in after.skus if s.sku_id in sources and s.consumed > s.enabled > 0),
    )


def _day(text: str) -> date | None:
    return date.fromisoformat(text[:10]) if text else None


def _route(one: CompanySubscription, declared: Mapping[str, Any], today: date, tenant_id: str) -> EndOfSubscription:
    foreign = bool(one.owner_tenant_id) and one.owner_tenant_id != tenant_id
    channel = "partner" if foreign else declared.get("purchase_channel", "")
    agreement = declared.get("billing_agreement", "")
    grant = bool(declared.get("nonprofit"))
    first, otherwise = (
        ("grant", ("support",)) if grant and _is_active(one) else _choices(one, channel, agreement, today)
    )
    by_customer_agreement = channel == "partner" or (channel == "direct" and agreement == "mca")
    return EndOfSubscription(
        subscription_id=one.id,
        sku_id=one.sku_id,
        sku_part_number=one.part_number,
        status=one.status,
        seats=one.total_licenses,
        route=first,
        otherwise=otherwise,
        dates=tuple(_dates(one, channel, first, today, customer_agreement=by_customer_agreement)),
        notes=("may_extend",) if by_customer_agreement and first not in {"ended", "within_window", "grant"} else (),
    )


def _is_active(one: CompanySubscription) -> bool:
    return one.status.casefold() in {"enabled", "warning"}


def _choices(one: CompanySubscription, channel: str, agreement: str, today: date) -> tuple[str, tuple[str, ...]]:
    """Return the route and the others; what nobody declared stays open instead of being guessed."""
    online = "online" if one.total_licenses <= ONLINE_SEATS_MAX else "reduce_first"
    if not _is_active(one):
        return "ended", ()
    if channel in {"partner", "volume"}:
        return channel, ("support",)
    if not channel:
        return "undeclared", (online, "end_of_term", "partner", "volume", "support")
    if agreement == "mosa":
        return online, ("recurring_off", "support")
    if agreement == "mca":
        bought = _day(one.created)
        fresh = bought is not None and today <= bought + timedelta(RETURN_DAYS)
        return ("within_window", ("end_of_term", "support")) if fresh else ("end_of_term", ("support",))
    return "agreement_undeclared", (online, "end_of_term", "support")


def _dates(
    one: CompanySubscription, channel: str, route: str, today: date, *, customer_agreement: bool
) -> Iterable[Due]:
    """Graph's own date comes first; what follows from a cancellation is typical and marked so."""
    named, state = _day(one.next_lifecycle), one.status.casefold()
    if named:
        yield Due("deleted" if route == "ended" else "next_state", named.isoformat(), "graph")
    if route == "ended":
        if named and state != "deleted":
            yield Due("last_reactivation", named.isoformat(), "graph")
        return
    by_itself = route in BY_ITSELF
    if by_itself and named is None:
        return
    stop = named if by_itself and named else today
    kept = DISABLED_DAYS.get(channel or "direct", DISABLED_DAYS["direct"])
    yield Due("disabled", stop.isoformat(), "graph" if by_itself else "typical")
    gone = DATA_KEPT_DAYS if customer_agreement else DATA_GONE_DAYS
    risk = () if customer_agreement else (("data_at_risk", DATA_AT_RISK_DAYS),)
    for what, days in (*risk, ("last_reactivation", kept), ("data_gone", gone)):
        yield Due(what, (stop + timedelta(days)).isoformat(), "typical", days)


def _overlaps(
    old: Sequence[CompanySubscription],
    new: Sequence[CompanySubscription],
    before: TenantSnapshot,
    after: TenantSnapshot,
    today: date,
) -> Iterable[Overlap]:
    begun = [d for s in old if (d := _day(s.created))]
    seats, planned = sum(s.total_licenses for s in old), before.ended.date()
    left = {sku_id: came(before, after, {s.sku_id for s in old}, sku_id) for sku_id in {s.sku_id for s in new}}
    for one in new:
        if bought_for_move(one, planned):
            left[one.sku_id] -= one.total_licenses
    for one in new:
        created = _day(one.created)
        if created is None or not begun:
            continue
        bought = bought_for_move(one, planned)
        since = max(created if bought else planned, min(begun))
        both = min(seats, one.total_licenses, seats if bought else max(left[one.sku_id], 0))
        left[one.sku_id] -= 0 if bought else both
        days = max((today - since).days, 0)
        yield Overlap(one.id, one.part_number, since.isoformat(), today.isoformat(), days, both, days * both)


def bought_for_move(one: CompanySubscription, planned: date) -> bool:
    """Whether a target was bought at most so many days before the plan; what has no date served others before."""
    created = _day(one.created)
    return created is not None and created >= planned - timedelta(BOUGHT_FOR_MOVE_DAYS)


def came(before: TenantSnapshot, after: TenantSnapshot, sources: Collection[SkuId], target: SkuId) -> int:
    """Count who held a source at the snapshot and holds the target now."""
    had, has = _holders(before, sources), _holders(after, {target})
    return int(had.isin(has).sum())


def _holders(scan: TenantSnapshot, skus: Collection[SkuId]) -> pd.Series[str]:
    numbers = [n for n, profile in enumerate(scan.profiles) if not profile.skus.isdisjoint(skus)]
    return scan.users.loc[scan.users["profile"].isin(numbers), "id"]


def _seats_back(after: TenantSnapshot, new: Sequence[CompanySubscription], today: date) -> Iterable[SeatsBack]:
    for one in new:
        sku, created = after.sku(one.sku_id), _day(one.created)
        until = created + timedelta(RETURN_DAYS) if created else None
        yield SeatsBack(
            subscription_id=one.id,
            sku_part_number=one.part_number,
            unused=max(sku.enabled - sku.consumed, 0) if sku else 0,
            created=created.isoformat() if created else "",
            until=until.isoformat() if until else "",
            still_open=until is not None and today <= until,
        )


def _domains(after: TenantSnapshot) -> tuple[DomainUse, ...]:
    used = Counter(str(name).rpartition("@")[2].casefold() for name in after.users["user_principal_name"])
    return tuple(DomainUse(d, used[d.casefold()]) for d in sorted(after.organization.verified_domains))


def _idle(after: TenantSnapshot, skus: frozenset[SkuId]) -> Iterable[IdleAccount]:
    part = {s.sku_id: s.part_number for s in after.skus}
    rows = after.users[after.users["account_enabled"] == "no"]
    for user_id, name, number in zip(rows["id"], rows["user_principal_name"], rows["profile"], strict=True):
        assigned = sorted(part.get(s, s) for s in after.profiles[int(number)].skus & skus)
        if assigned:
            yield IdleAccount(user_id, name, "+".join(assigned))


def advice_of(
    plan: Plan, verdict: str, totals: Totals, residual: Residual, *, cancelled: bool, counts_agree: bool = True
) -> tuple[str, Message]:
    """Return what to do with the old subscription, and why.

    Seats are given back down to the holders that were read only where Graph counts no more than those.
    """
    if not plan.asks_gates:
        return "keep", _of_another_aim(plan, totals)
    left = residual.users_direct + residual.users_inherited
    if verdict == "GO":
        fine = Message("it has been canceled, and everyone is correctly licensed")
        return "cancel", fine if cancelled else Message("every gate has passed")
    open_work = totals.pending + totals.in_doubt + totals.refused + totals.drifted
    if left and not open_work and counts_agree:
        return (
            f"reduce seats to {left}",
            Message(
                "{n} user still has the old product, and no planned change is left to make",
                "{n} users still have the old product, and no planned change is left to make",
                n=left,
            ),
        )
    return "keep", Message("not every gate has passed; each of those says what to do")


def _of_another_aim(plan: Plan, totals: Totals) -> Message:
    """Say how far a plan has come that is not about a cancellation."""
    done = totals.moved + totals.already_on_target
    users = Message("{n} user", "{n} users", n=totals.in_scope)
    if plan.undo:
        return Message(
            "an undo plan has no cancellation gates: {n} of {users} has been restored",
            "an undo plan has no cancellation gates: {n} of {users} have been restored",
            n=done,
            users=users,
        )
    return Message(
        "a plan for add-ons has no cancellation gates: covered add-ons were removed from {done} of {users}, "
        "whose base product is unchanged",
        done=done,
        users=users,
    )


def subscriptions_of(plan: Plan, after: TenantSnapshot, verdict: str, advice: str) -> tuple[SubscriptionRow, ...]:
    """List every subscription, the sources first, each with its own verdict."""

    def word(sku_id: SkuId) -> str:
        if sku_id not in plan.sources or not plan.asks_gates:
            return "not a source"
        return "cancel" if verdict == "GO" else "reduce" if advice.startswith("reduce") else "keep"

    return tuple(
        SubscriptionRow(s.id, s.sku_id, s.part_number, s.status, s.total_licenses, s.next_lifecycle, word(s.sku_id))
        for s in sorted(after.subscriptions, key=lambda s: (s.sku_id not in plan.sources, s.part_number, s.id))
    )
