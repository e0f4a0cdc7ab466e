"""Where a subscription stands in its life, what its seats are, and what is special about its purchase. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from connectors.catalog.products import Catalog
from connectors.limits import RETURN_DAYS
from connectors.message import Message, joined
from connectors.tenant import CompanySubscription, SkuId, SubscribedSku
from jobs.license_reassignment.gather.readiness import NO_REMEDY, Finding, Level

RECENT_DAYS = 60  # an older purchase says nothing any more
NO_AUTOMATIC_SWITCH = 3000  # from so many assigned licenses on the admin center offers no automatic change
CUSTOMER_AGREEMENT = Message(
    "no date in Graph; under a Microsoft Customer Agreement typically no grace period, then 90 days until deletion"
)
TYPICAL = Message(
    "no date in Graph; typically 30 days of grace period (90 for volume licensing and multi-year terms), then 90 days "
    "until deletion"
)


@dataclass(frozen=True, slots=True)
class Stage:
    """One state of Graph with the portal's word for it and what it means for users and for a source SKU."""

    portal: str
    users: Message
    level: Level
    remedy: Message = NO_REMEDY


EXTENDED = Message(
    "its term is over: in Extended Service Term it goes on month by month at a higher price, else users stop working"
)
"""What `Warning` means under a customer agreement; since 2026 its subscriptions have no free grace period."""


_DATA_GOES = Message(
    "Move everyone before that day: after it, the data is deleted. If Graph refuses to remove the license, have the "
    "subscription reactivated first."
)


STAGES: Mapping[str, Stage] = MappingProxyType(
    {
        "enabled": Stage("Active", Message("everything works"), "ok"),
        "warning": Stage(
            "Expired, in grace",
            Message("users can still work"),
            "warn",
            Message("Move everyone before that day, while a move is still possible. It cannot be a target."),
        ),
        "suspended": Stage(
            "Disabled",
            Message("users are blocked, admins still have access to the data"),
            "warn",
            _DATA_GOES,
        ),
        "lockedout": Stage(
            "Disabled after a cancellation",
            Message("nobody can use it, the data is kept for now"),
            "warn",
            _DATA_GOES,
        ),
        "deleted": Stage(
            "Deleted",
            Message("nothing is left of it"),
            "person",
            Message("There is nothing to move. Contact Microsoft support."),
        ),
    }
)


def stage_of(word: str) -> Stage | None:
    """Return what a state word of Graph means; None for one that this version does not know."""
    return STAGES.get(word.casefold())


def life_of(
    sku: SubscribedSku, subscriptions: Iterable[CompanySubscription], *, customer_agreement: bool = False
) -> list[Finding]:
    """Tell every state of the SKU and its subscriptions that is not simply active, with Graph's own word and date.

    `customer_agreement`: a Microsoft Customer Agreement is declared, or a partner, who sells under one.
    """

    def told(what: Message, word: str, date: str) -> Finding | None:
        return _told(sku.part_number, what, word, date, customer_agreement=customer_agreement)

    mine = [s for s in subscriptions if s.sku_id == sku.sku_id]
    found = [told(Message("subscription {id}", id=s.id), s.status, s.next_lifecycle) for s in mine]
    dates = sorted(s.next_lifecycle for s in mine if s.next_lifecycle)
    found.append(told(Message("the product"), sku.capability_status, dates[0] if dates else ""))
    rest = (
        Message("{n} in the grace period", n=sku.warning),
        Message("{n} suspended", n=sku.suspended),
        Message("{n} locked out", n=sku.locked_out),
    )
    odd = joined(part for part in rest if part.values["n"])
    if sku.capability_status.casefold() == "enabled" and (odd or sku.enabled <= 0):
        # Graph says Enabled as soon as one unit is, so the word alone proves little.
        found.append(
            Finding(
                "warn",
                sku.part_number,
                Message(
                    "Enabled, with {n} seat enabled and {others}",
                    "Enabled, with {n} seats enabled and {others}",
                    n=sku.enabled,
                    others=odd or Message("no others"),
                ),
            )
        )
    return [f for f in found if f is not None]


def _told(part_number: str, what: Message, word: str, date: str, *, customer_agreement: bool) -> Finding | None:
    stage = stage_of(word)
    if stage is None:
        unknown = Message(
            "{what} is `{word}`, a status that this version does not know and treats as not active",
            what=what,
            word=word,
        )
        return Finding("warn", part_number, unknown)
    if stage.level == "ok":
        return None
    typical = CUSTOMER_AGREEMENT if customer_agreement else TYPICAL
    text = Message(
        "{what} is {word} ({portal}): {users}; {until}",
        what=what,
        word=word,
        portal=stage.portal,
        users=EXTENDED if customer_agreement and word.casefold() == "warning" else stage.users,
        until=Message("next change on {day}", day=date[:10]) if date else typical,
    )
    return Finding(stage.level, part_number, text, stage.remedy)


def subscriptions_add_up(sku: SubscribedSku, subscriptions: Iterable[CompanySubscription]) -> list[Finding]:
    """The seats of the enabled subscriptions must be the enabled units of the SKU."""
    mine = [s for s in subscriptions if s.sku_id == sku.sku_id]
    total = sum(s.total_licenses for s in mine if s.status.casefold() == "enabled")
    if not mine or total == sku.enabled:
        return []
    text = Message(
        "the subscriptions add up to {n} seat, and the product has {enabled}",
        "the subscriptions add up to {n} seats, and the product has {enabled}",
        n=total,
        enabled=sku.enabled,
    )
    return [Finding("warn", sku.part_number, text, Message("A purchase may be in progress. Check again later."))]


def source_facts(sku: SubscribedSku, subscriptions: Iterable[CompanySubscription], catalog: Catalog) -> list[Finding]:
    """Tell what follows from the product that leaves: it is retired, it is large, or an edition of it is forgotten."""
    found = []
    if any(sku.sku_id in members for _, members in catalog.relatives):
        text = Message("retired: no more seats of it are sold, so an undo has only the seats that are there")
        keep = Message("Keep its seats until `reseat verify` says how many can be given up.")
        found.append(Finding("warn", sku.part_number, text, keep))
    if sku.consumed >= NO_AUTOMATIC_SWITCH:
        text = Message(
            "{used} assigned licenses: from {most} on, the admin center offers no automatic change",
            used=sku.consumed,
            most=NO_AUTOMATIC_SWITCH,
        )
        found.append(Finding("ok", sku.part_number, text))
    ends = sorted(s.next_lifecycle[:10] for s in subscriptions if s.sku_id == sku.sku_id and s.next_lifecycle)
    if ends:
        text = Message("the term runs until {day}; unused time of a prepaid term is not refunded", day=ends[0])
        found.append(Finding("ok", sku.part_number, text))
    return found


def forgotten_editions(sources: Sequence[SkuId], skus: Sequence[SubscribedSku], catalog: Catalog) -> list[Finding]:
    """Name the tenant's other editions of a source: who has left out one of them has not left the product."""
    related = {s for source in sources for s in catalog.related(source, skus)} - set(sources)
    return [
        Finding(
            "warn",
            s.part_number,
            Message(
                "another edition of the old product, not covered: {users}, {seats}",
                users=Message("{n} user", "{n} users", n=s.consumed),
                seats=Message("{n} seat", "{n} seats", n=s.enabled),
            ),
            Message("Add it to [source] skus; otherwise nobody can say that the product is gone."),
        )
        for s in skus
        if s.sku_id in related and (s.enabled or s.consumed)
    ]


def seats_pair(sources: Sequence[SubscribedSku], targets: Sequence[SubscribedSku]) -> Finding:
    """Compare what was bought: Microsoft asks for as many seats of the new product as there were of the old one."""
    old, new = sum(s.enabled + s.warning for s in sources), sum(s.enabled for s in targets)
    if new >= old:
        return Finding("ok", "seats bought", _compared(old, new))
    part = Message("Enough for only some of the users; `reseat plan` shows exactly who fits.")
    return Finding("warn", "seats bought", _compared(old, new), part)


def _compared(old: int, new: int) -> Message:
    difference = Message("{n} more", n=new - old) if new > old else Message("{n} fewer", n=old - new)
    return Message(
        "{old} of the old product, {new} of the targets: {difference}",
        old=old,
        new=new,
        difference=Message("equal") if old == new else difference,
    )


def purchase_facts(
    sku: SubscribedSku, subscriptions: Iterable[CompanySubscription], *, now: datetime, agreement: str
) -> list[Finding]:
    """Tell self-service purchases of a target, and until when seats of a fresh one can go back."""
    found = []
    for s in (x for x in subscriptions if x.sku_id == sku.sku_id):
        if s.owner_type.casefold() == "user":
            text = Message(
                "subscription {id} was bought by a user: {n} seat, not counted",
                "subscription {id} was bought by a user: {n} seats, not counted",
                id=s.id,
                n=s.total_licenses,
            )
            remedy = Message("Admins cannot assign these seats. Buy seats of your own.")
            found.append(Finding("warn", sku.part_number, text, remedy))
        elif s.created and agreement != "mosa" and now - datetime.fromisoformat(s.created) < timedelta(RECENT_DAYS):
            found.append(_return_window(sku, s, now, agreement))
    return found


def _return_window(sku: SubscribedSku, subscription: CompanySubscription, now: datetime, agreement: str) -> Finding:
    last = datetime.fromisoformat(subscription.created) + timedelta(days=RETURN_DAYS)
    if now <= last:
        text = Message(
            "{returnable}; {n} is unused now",
            "{returnable}; {n} are unused now",
            returnable=_if_mca(Message("seats can be returned until {day}", day=str(last.date())), agreement),
            n=max(0, sku.enabled - sku.consumed),
        )
        return Finding("warn", sku.part_number, text, Message("Return what the plan does not need by that day."))
    over = Message("the {days} days for returning seats ended on {day}", days=RETURN_DAYS, day=str(last.date()))
    return Finding("ok", sku.part_number, _if_mca(over, agreement))


def _if_mca(text: Message, agreement: str) -> Message:
    """Add the condition of what is told, unless it is declared."""
    if agreement == "mca":
        return text
    return Message("{text}, if the customer agreement (MCA) applies, which [declare] does not say", text=text)


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
            Message(
                "{market} product, while the old one is {markets}",
                market=catalog.market(t.sku_id, t.part_number),
                markets=" + ".join(sorted(homes)),
            ),
            NO_REMEDY if allowed else Message("Choose a target of the same kind, or set [limits] allow_cross_family."),
        )
        for t in targets
        if catalog.market(t.sku_id, t.part_number) not in homes
    ]
