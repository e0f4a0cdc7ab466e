"""What the swap of groups does to one of their members, or why it must not be made with this member. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from connectors.message import Message
from connectors.tenant import LicenseAssignment, LicenseProfile, PlanId, SkuId
from jobs.license_reassignment.decide import scope
from jobs.license_reassignment.decide.coverage import Holding, phone_off
from jobs.license_reassignment.decide.decide import (
    Change,
    Context,
    Decision,
    Hold,
    Traits,
    held_as_person,
    plans_at_odds,
    plans_stand,
    service_lost,
    target_unfit,
)
from jobs.license_reassignment.decide.groups.group_swap import GroupSwap
from jobs.license_reassignment.decide.remarks import addons_beside, national, remarks_of
from jobs.license_reassignment.decide.translate import translate

_JUDGED = frozenset({"", "countviolation", "mutuallyexclusiveviolation", "dependencyviolation"})
"""Errors of a license that is to go which the change itself is judged by; any other may stand after it."""


def decide_member(profile: LicenseProfile, traits: Traits, swaps: Sequence[GroupSwap], context: Context) -> Decision:
    """Decide one (profile, traits) as if all `swaps`, through which it inherits every source, were made.

    The change sends nothing but the removal of a source that the user holds directly as well.
    """
    retiring = tuple(s for s in context.policy.sources if s in profile.skus)
    return (
        held_as_person(traits)
        or _source_in_error(profile, traits, retiring, context)
        or _differs(profile, traits, swaps, context)
        or target_unfit(profile, _as_member(traits, context), context)
        or _moved(profile, traits, retiring, swaps, context)
    )


def _as_member(traits: Traits, context: Context) -> Traits:
    """Whoever has no usage location at all inherits the tenant's with the license of a group."""
    inherits = traits.flags & scope.NO_LOCATION and context.default_location
    return replace(traits, flags=traits.flags & ~scope.UNLOCATED) if inherits else traits


def _source_in_error(
    profile: LicenseProfile, traits: Traits, retiring: Sequence[SkuId], context: Context
) -> Hold | None:
    for source in retiring:
        for a in profile.of_sku(source):
            if a.state == "Unknown" or a.error.casefold() not in _JUDGED:
                sku, state = context.skus[source].part_number, f"{a.state} {a.error}".strip()
                detail = Message("{sku}: {states}", sku=sku, states=(state,))
                return Hold("source_in_error", detail, traits.targets or ())
    return None


def _differs(profile: LicenseProfile, traits: Traits, swaps: Sequence[GroupSwap], context: Context) -> Hold | None:
    """Hold whoever is to get something else than the group gives: a group has one target, and one list of services."""
    if any(swap.targets != traits.targets for swap in swaps):
        return Hold("members_differ", targets=traits.targets or ())
    if traits.disabled_plans is None:
        return None
    mine = [(context.skus.get(a.sku_id), a) for a in profile.assignments]
    for swap in swaps:
        of_group = [(sku, a) for sku, a in mine if a.group_id == swap.group.id and a.sku_id in swap.remove]
        wished = translate(
            of_group,
            [one for one in mine if one not in of_group],
            [context.skus[a.sku_id] for a in swap.translation.add],
            carry_over=context.policy.carry_over,
            new_in_target=context.policy.new_in_target,
            families=context.families,
            wished_off=traits.disabled_plans,
        )
        if wished.unknown:
            return Hold("unknown_plan_wish", Message("{services}", services=tuple(wished.unknown)), swap.targets)
        if wished.add != swap.translation.add:
            return Hold("members_differ", targets=swap.targets)
    return None


def _moved(
    profile: LicenseProfile, traits: Traits, retiring: Sequence[SkuId], swaps: Sequence[GroupSwap], context: Context
) -> Decision:
    targets = traits.targets or ()
    leaving = [a for a in profile.assignments if a.sku_id in retiring]
    staying = [a for a in profile.assignments if a.sku_id not in retiring]
    added = [a for swap in swaps for a in swap.added]
    before, after = _holding(profile.assignments, context), _holding([*staying, *added], context)
    lost = _lost(leaving, before, after, context)
    off = {p for swap in swaps for p in (*swap.translation.kept_off, *swap.translation.new_off)}
    forced = {p for swap in swaps for p in swap.translation.forced_off}
    phone = phone_off(off, forced, context.families)
    accept = context.policy.accept_lost_services or context.policy.groups.accept_member_losses
    hold = service_lost(before, after, traits, phone, accept=accept) or plans_at_odds(before, after, context)
    if hold:
        return Hold(hold.reason, hold.detail, targets, lost)
    base = [*added, *(a for a in staying if a.sku_id in targets)]
    return Change(
        targets=targets,
        add=(),
        remove=tuple(s for s in retiring if profile.direct(s)),
        needs=tuple(t for t in targets if t not in profile.seated),
        kept_off=_sorted({p for swap in swaps for p in swap.translation.kept_off} - after.possible),
        new_on=_sorted({p for swap in swaps for p in swap.translation.new_on} & after.possible - before.possible),
        lost=lost,
        addons=addons_beside(staying, base, context.skus, context.families),
        remarks=(
            *remarks_of(before, after, context.families, voice=traits.voice),
            *plans_stand(profile, traits, context),
        ),
        national=national(before, after),
    )


def _holding(assignments: Iterable[LicenseAssignment], context: Context) -> Holding:
    return Holding.of(((context.skus.get(a.sku_id), a) for a in assignments), context.families)


def _lost(
    leaving: Sequence[LicenseAssignment], before: Holding, after: Holding, context: Context
) -> tuple[PlanId, ...]:
    """Return the services of what leaves that are on today and that nothing provides afterwards."""
    skus = [sku for a in leaving if (sku := context.skus.get(a.sku_id))]
    mine = {p.id for sku in skus for p in sku.plans if p.applies_to.casefold() != "company"}
    there = {context.families.key(p) for p in after.possible}
    going = (mine & before.possible) - context.families.fillers
    return _sorted(p for p in going if context.families.key(p) not in there)


def _sorted(plans: Iterable[PlanId]) -> tuple[PlanId, ...]:
    return tuple(sorted(plans))
