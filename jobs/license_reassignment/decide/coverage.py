"""What a user's licenses provide, service by service, and what a change would take away."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

from connectors.catalog.families import CALLING_PLAN, PHONE_SYSTEM, Need, PlanFamilies, PlanLevel, Service, Severity
from connectors.message import Message, verbatim
from connectors.tenant import LicenseAssignment, PlanId, SubscribedSku

NOT_PROVIDED = PlanLevel("", 0, "none")
NOTHING = Message("")
_SERVICE_NAMES = {
    Service.EXCHANGE: "Exchange",
    Service.SHAREPOINT: "SharePoint/OneDrive",
    Service.TEAMS: "Teams",
    Service.YAMMER: "Yammer",
    Service.OFFICE_APPS: "Office apps",
    Service.VOICE: "Voice",
    Service.AUDIO_CONFERENCING: "Audio Conferencing",
}


_NEEDED: Mapping[str, Message] = {
    text: text
    for text in (
        Message("an Exchange plan"),
        Message("Exchange Plan 1 or 2"),
        Message("a SharePoint plan"),
        Message("a Teams or Skype plan"),
        Message("Teams Phone, or enterprise voice of Office 365 E4"),
    )
}
"""What the reviewed list says in words that a plan needs; what is not here is called the same in every language."""


def needed(wanted: str) -> Message:
    """Return the words of the reviewed list for what a plan needs."""
    return _NEEDED.get(wanted) or verbatim(wanted)


@dataclass(frozen=True, slots=True, eq=False)
class Holding:
    """The enabled service plans of one user, over all assignments.

    `plans` come from sound assignments. `possible` adds those of assignments that Graph reports neither as sound nor
    as failed (`ActiveWithError`, a state we do not know): they may be in use, so losing them counts, and having them
    is no proof. `services` and `possible_services` give the highest level per family; `calling_plans` are the names of
    possible plans that buy minutes; `names` are the plans' names.
    """

    plans: frozenset[PlanId]
    possible: frozenset[PlanId]
    services: Mapping[str, PlanLevel]
    possible_services: Mapping[str, PlanLevel]
    calling_plans: tuple[str, ...]
    names: Mapping[PlanId, str]

    @classmethod
    def of(cls, assigned: Iterable[tuple[SubscribedSku | None, LicenseAssignment]], families: PlanFamilies) -> Holding:
        """Sum up assignments with the tenant's own SKUs; a SKU that the tenant does not list provides nothing."""
        plans: set[PlanId] = set()
        possible: set[PlanId] = set()
        names: dict[PlanId, str] = {}
        for sku, assignment in assigned:
            if sku is None or assignment.state.casefold() in {"error", "disabled"}:
                continue
            enabled = {p.id: p.name for p in sku.plans if p.id not in assignment.disabled_plans}
            names.update(enabled)
            possible |= set(enabled)
            if assignment.sound:
                plans |= set(enabled)
        return cls(
            plans=frozenset(plans),
            possible=frozenset(possible),
            services=services(plans, families),
            possible_services=services(possible, families),
            calling_plans=tuple(sorted(names[p] for p in possible if _is_calling_plan(p, names[p], families))),
            names=names,
        )

    def name(self, plan_id: PlanId) -> str:
        """Return the plan's name in this tenant, or its id."""
        return self.names.get(plan_id, plan_id)


def _is_calling_plan(plan_id: PlanId, name: str, families: PlanFamilies) -> bool:
    level = families.family_of(plan_id)
    if level is not None:
        return level.family == CALLING_PLAN
    # Microsoft adds calling plans faster than any list is reviewed; Communications Credits are none.
    return name.upper().startswith("MCOPSTN") and name.upper() != "MCOPSTNC"


def services(plans: Iterable[PlanId], families: PlanFamilies) -> dict[str, PlanLevel]:
    """Return the highest level of every plan family among the plans; plans without a family are left out."""
    best: dict[str, PlanLevel] = {}
    for plan in plans:
        level = families.family_of(plan)
        if level is not None and level.level > best.get(level.family, NOT_PROVIDED).level:
            best[level.family] = level
    return best


@dataclass(frozen=True, slots=True, order=True)
class ServiceLoss:
    """One plan family that a change takes or lowers; `NOT_PROVIDED` stands for nothing."""

    family: str
    before: PlanLevel
    after: PlanLevel

    @property
    def service(self) -> Service:
        """The service that the family belongs to."""
        return self.before.service

    @property
    def data_at_risk(self) -> bool:
        """Whether the user keeps data in the service."""
        return self.before.data_at_risk or self.after.data_at_risk

    @property
    def sentence(self) -> Message:
        """What changes, for a person: `Exchange: Plan 2 to Plan 1`."""
        return Message(
            "{service}: {before} to {after}",
            service=_SERVICE_NAMES.get(self.service, self.family),
            before=self.before.label,
            after=Message("none") if self.after == NOT_PROVIDED else self.after.label,
        )


def service_losses(before: Mapping[str, PlanLevel], after: Mapping[str, PlanLevel]) -> tuple[ServiceLoss, ...]:
    """Return every plan family that is lost or lowered, sorted."""
    pairs = ((family, level, after.get(family, NOT_PROVIDED)) for family, level in sorted(before.items()))
    return tuple(ServiceLoss(family, was, now) for family, was, now in pairs if was.level > now.level)


def data_at_risk(before: Holding, after: Holding) -> tuple[ServiceLoss, ...]:
    """Return Exchange, SharePoint/OneDrive, Teams and Yammer where they would be lost or lowered.

    What may be in use today counts as used, and what may be there afterwards does not count as provided.
    """
    worst: dict[str, ServiceLoss] = {}
    for lost in (
        service_losses(before.services, after.services),
        service_losses(before.possible_services, after.possible_services),
    ):
        worst |= {loss.family: loss for loss in lost if loss.data_at_risk}
    return tuple(sorted(worst.values()))


def voice_evidence(holding: Holding, declared: bool | None = None) -> Message:
    """Say why the user counts as telephoning, or nothing: a calling plan, the roster's `yes`, or Teams Phone.

    MCOVOICECONF is no evidence: every user of Office 365 E4 has it. A roster's `no` outweighs Teams Phone, and not a
    calling plan, which is paid for and works with Teams Phone only.
    """
    if holding.calling_plans:
        return Message("has the calling plan {plan}", plan=holding.calling_plans[0])
    if declared:
        return Message("voice = yes in the roster")
    if declared is None and PHONE_SYSTEM in holding.possible_services:
        return Message("has Teams Phone")
    return NOTHING


def voice_at_risk(before: Holding, after: Holding, declared: bool | None = None, *, phone_off: str = "") -> Message:
    """Say why voice would be lost, or nothing where nothing speaks for it or Teams Phone is there afterwards.

    `phone_off` says why a Teams Phone that comes would stay off.
    """
    if PHONE_SYSTEM in after.services:
        return NOTHING
    evidence = voice_evidence(before, declared)
    why = phone_off or Message("no Teams Phone (MCOEV) afterwards")
    return Message("{evidence}, and {why}", evidence=evidence, why=why) if evidence else NOTHING


def phone_off(off: Collection[PlanId], forced: Collection[PlanId], families: PlanFamilies) -> Message:
    """Say why Teams Phone stays off although it comes, or nothing where it is not among the plans `off`.

    `forced` are those of them that are off only because something they need is off.
    """
    phones = [p for p in off if families.key(p) == PHONE_SYSTEM]
    if not phones:
        return NOTHING
    wanted = [n.wanted for n in families.needs if n.plan in phones and n.plan in forced]
    if not wanted:
        return Message("Teams Phone (MCOEV) of the target would stay disabled")
    return Message(
        "Teams Phone (MCOEV) of the target would stay disabled, because it needs {service}, which is disabled",
        service=needed(wanted[0]),
    )


class AddonCover(StrEnum):
    """Whether an add-on is superfluous beside other licenses."""

    COVERED = "covered"
    PARTLY = "partly"
    KEPT = "kept"


def addon_coverage(addon: SubscribedSku, provided: Collection[PlanId], families: PlanFamilies) -> AddonCover:
    """Compare an add-on with the plans that the user's other licenses have enabled.

    A plan is covered by itself or by one that the reviewed list says contains it; never by family alone, since less
    than everything is no cover. Fillers do not count, and an add-on of fillers only is kept: nothing proves it idle.
    """
    asked = [p.id for p in addon.plans if p.id not in families.fillers]
    there = frozenset(provided)
    covered = [p for p in asked if p in there or families.equivalents.get(p, frozenset()) & there]
    if not covered:
        return AddonCover.KEPT
    return AddonCover.COVERED if len(covered) == len(asked) else AddonCover.PARTLY


def broken_dependencies(
    before: Holding, after: Holding, families: PlanFamilies, severity: Severity = Severity.HOLD
) -> tuple[tuple[str, str], ...]:
    """Return (plan, what it needs) in words for every need that the change leaves unmet and that is not unmet today."""
    broken = {
        (after.name(need.plan), need.wanted)
        for need in families.needs
        if need.severity is severity
        and (_breaks(need, before.plans, after.plans) or _breaks(need, before.possible, after.possible))
    }
    return tuple(sorted(broken))


def _breaks(need: Need, before: frozenset[PlanId], after: frozenset[PlanId]) -> bool:
    met_today = need.plan not in before or bool(need.any_of & before)
    return met_today and need.plan in after and not need.any_of & after


def conflicts(
    before: Holding, after: Holding, families: PlanFamilies, severity: Severity = Severity.HOLD
) -> tuple[tuple[str, str], ...]:
    """Return pairs of names that exclude each other, would stand together after the change, and do not today."""
    pairs = set()
    for exclusion in families.exclusions:
        together = exclusion.plans & after.possible if exclusion.severity is severity else frozenset()
        for first, second in combinations(sorted(together, key=after.name), 2):
            if not {first, second} <= before.possible:
                pairs.add((after.name(first), after.name(second)))
    return tuple(sorted(pairs))
