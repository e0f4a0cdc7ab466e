"""Where a subscription stands in its life, what its seats are, and what is special about its purchase. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from connectors.catalog.products import Catalog
from connectors.limits import RETURN_DAYS
from connectors.tenant import CompanySubscription, SkuId, SubscribedSku
from jobs.license_reassignment.gather.readiness import Finding, Level
from jobs.license_reassignment.model.text import counted

RECENT_DAYS = 60  # an older purchase says nothing any more
NO_AUTOMATIC_SWITCH = 3000  # from so many assigned licenses on the admin center offers no automatic change
TYPICAL = (
    "no date in Graph; typically 30 days of grace (90 for volume licensing and multi-year terms), then 90 days until "
    "deletion"
)


@dataclass(frozen=True, slots=True)
class Stage:
    """One state of Graph with the portal's word for it and what it means for users and for a source SKU."""

    portal: str
    users: str
    level: Level
    remedy: str = ""


STAGES: Mapping[str, Stage] = MappingProxyType(
    {
        "enabled": Stage("Active", "everything works", "ok"),
        "warning": Stage(
            "Expired, in grace",
            "users still work",
            "warn",
            "Move everybody before that day, while a move still works. As a target it is refused.",
        ),
        "suspended": Stage(
            "Disabled",
            "users are blocked, admins still see the data",
            "warn",
            "Move everybody before that day: then the data is deleted. Where Graph refuses to take the license away, "
            "have the subscription reactivated first.",
        ),
        "lockedout": Stage(
            "Disabled after a cancellation",
            "nobody can use it, the data is kept for now",
            "warn",
            "Move everybody before that day: then the data is deleted. Where Graph refuses to take the license away, "
            "have the subscription reactivated first.",
        ),
        "deleted": Stage(
            "Deleted", "nothing is left of it", "person", "There is nothing to move; ask Microsoft support."
        ),
    }
)


def stage_of(word: str) -> Stage | None:
    """Return what a state word of Graph means; None for one that this version does not know."""
    return STAGES.get(word.casefold())


def life_of(sku: SubscribedSku, subscriptions: Iterable[CompanySubscription]) -> list[Finding]:
    """Tell every state of the SKU and its subscriptions that is not simply active, with Graph's own word and date."""
    mine = [s for s in subscriptions if s.sku_id == sku.sku_id]
    found = [_told(sku.part_number, f"subscription {s.id}", s.status, s.next_lifecycle) for s in mine]
    dates = sorted(s.next_lifecycle for s in mine if s.next_lifecycle)
    found.append(_told(sku.part_number, "the SKU", sku.capability_status, dates[0] if dates else ""))
    rest = {"in grace": sku.warning, "suspended": sku.suspended, "locked out": sku.locked_out}
    odd = ", ".join(f"{n} {word}" for word, n in rest.items() if n)
    if sku.capability_status.casefold() == "enabled" and (odd or sku.enabled <= 0):
        # Graph says Enabled as soon as one unit is, so the word alone proves little.
        found.append(
            Finding(
                "warn",
                sku.part_number,
                f"Enabled, with {counted(sku.enabled, 'seat')} enabled and {odd or 'none else'}",
            )
        )
    return [f for f in found if f is not None]


def _told(part_number: str, what: str, word: str, date: str) -> Finding | None:
    stage = stage_of(word)
    if stage is None:
        return Finding("warn", part_number, f"{what} is `{word}`, a state this version does not know: not active to us")
    if stage.level == "ok":
        return None
    until = f"next change on {date[:10]}" if date else TYPICAL
    return Finding(stage.level, part_number, f"{what} is {word} ({stage.portal}): {stage.users}; {until}", stage.remedy)


def subscriptions_add_up(sku: SubscribedSku, subscriptions: Iterable[CompanySubscription]) -> list[Finding]:
    """The seats of the enabled subscriptions must be the enabled units of the SKU."""
    mine = [s for s in subscriptions if s.sku_id == sku.sku_id]
    total = sum(s.total_licenses for s in mine if s.status.casefold() == "enabled")
    if not mine or total == sku.enabled:
        return []
    text = f"the subscriptions add up to {counted(total, 'seat')}, the SKU says {sku.enabled}"
    return [Finding("warn", sku.part_number, text, "A purchase may be on its way; look again later.")]


def source_facts(sku: SubscribedSku, subscriptions: Iterable[CompanySubscription], catalog: Catalog) -> list[Finding]:
    """Tell what follows from the product that leaves: it is retired, it is large, or an edition of it is forgotten."""
    found = []
    if any(sku.sku_id in members for _, members in catalog.relatives):
        text = "retired: no seats of it are sold any more, so an undo has only the seats that are there"
        found.append(
            Finding("warn", sku.part_number, text, "Keep its seats until `reseat verify` says how many may go.")
        )
    if sku.consumed >= NO_AUTOMATIC_SWITCH:
        text = f"{sku.consumed} assigned licenses: from {NO_AUTOMATIC_SWITCH} on the portal offers no automatic change"
        found.append(Finding("ok", sku.part_number, text))
    ends = sorted(s.next_lifecycle[:10] for s in subscriptions if s.sku_id == sku.sku_id and s.next_lifecycle)
    if ends:
        text = f"the term runs until {ends[0]}; a prepaid one gives nothing back for unused time"
        found.append(Finding("ok", sku.part_number, text))
    return found


def forgotten_editions(sources: Sequence[SkuId], skus: Sequence[SubscribedSku], catalog: Catalog) -> list[Finding]:
    """Name the tenant's other editions of a source: who has left out one of them has not left the product."""
    related = {s for source in sources for s in catalog.related(source, skus)} - set(sources)
    return [
        Finding(
            "warn",
            s.part_number,
            f"another edition of the source, out of scope: {counted(s.consumed, 'holder')}, "
            f"{counted(s.enabled, 'seat')}",
            "Add it to [source] skus, or nobody can say that the product is gone.",
        )
        for s in skus
        if s.sku_id in related and (s.enabled or s.consumed)
    ]


def seats_pair(sources: Sequence[SubscribedSku], targets: Sequence[SubscribedSku]) -> Finding:
    """Compare what was bought: Microsoft asks for as many seats of the new product as there were of the old one."""
    old, new = sum(s.enabled + s.warning for s in sources), sum(s.enabled for s in targets)
    verdict = "equal" if old == new else f"{new - old} more" if new > old else f"{old - new} fewer"
    level: Level = "ok" if new >= old else "warn"
    remedy = "" if new >= old else "Enough for a part only; `reseat plan` says exactly who fits."
    return Finding(level, "seats bought", f"{old} of the source, {new} of the targets: {verdict}", remedy)


def purchase_facts(
    sku: SubscribedSku, subscriptions: Iterable[CompanySubscription], *, now: datetime, agreement: str
) -> list[Finding]:
    """Tell self-service purchases of a target, and until when seats of a fresh one can go back."""
    found = []
    for s in (x for x in subscriptions if x.sku_id == sku.sku_id):
        if s.owner_type.casefold() == "user":
            text = f"subscription {s.id} was bought by a user: {counted(s.total_licenses, 'seat')}, not counted"
            found.append(Finding("warn", sku.part_number, text, "No admin can assign them; buy seats of your own."))
        elif s.created and agreement != "mosa" and now - datetime.fromisoformat(s.created) < timedelta(RECENT_DAYS):
            found.append(_return_window(sku, s, now, agreement))
    return found


def _return_window(sku: SubscribedSku, subscription: CompanySubscription, now: datetime, agreement: str) -> Finding:
    last = datetime.fromisoformat(subscription.created) + timedelta(days=RETURN_DAYS)
    terms = "" if agreement == "mca" else ", if the customer agreement (MCA) applies, which [declare] does not say"
    unused = max(0, sku.enabled - sku.consumed)
    if now <= last:
        text = f"seats can be returned until {last.date()}{terms}; {counted(unused, 'is', 'are')} unused now"
        return Finding("warn", sku.part_number, text, "Return what the plan does not need by that day.")
    return Finding("ok", sku.part_number, f"the {RETURN_DAYS} days for returning seats ended on {last.date()}{terms}")


def family_mismatch(
    sources: Sequence[SubscribedSku], targets: Sequence[SubscribedSku], catalog: Catalog, *, allowed: bool
) -> list[Finding]:
    """Tell targets of another price list than every source: Microsoft moves nobody between them by itself."""
    homes = {catalog.market(s.sku_id, s.part_number) for s in sources}
    level: Level = "warn" if allowed else "person"
    return [
        Finding(
            level,
            t.part_number,
            f"{catalog.market(t.sku_id, t.part_number)} product, the source is {' and '.join(sorted(homes))}",
            "" if allowed else "Name a target of the same kind, or set [limits] allow_cross_family.",
        )
        for t in targets
        if catalog.market(t.sku_id, t.part_number) not in homes
    ]
