"""Decides one license profile at a time: change it in one request, or hold it, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from connectors.catalog.families import PlanFamilies
from connectors.changes import AddLicense
from connectors.message import Message, by_text, joined
from connectors.tenant import LicenseAssignment, LicenseProfile, PlanId, SkuId, SubscribedSku
from jobs.license_reassignment.decide import scope
from jobs.license_reassignment.decide.coverage import (
    NOTHING,
    AddonCover,
    Holding,
    broken_dependencies,
    conflicts,
    data_at_risk,
    needed,
    phone_off,
    voice_at_risk,
)
from jobs.license_reassignment.decide.remarks import about, addons_beside, national, remarks_of
from jobs.license_reassignment.decide.translate import Translation, translate, wished_off_of
from jobs.license_reassignment.model.policy import Policy


@dataclass(frozen=True, slots=True)
class Traits:
    """What decides about a user besides the license profile. `targets` None: no rule named any; (): leave."""

    targets: tuple[SkuId, ...] | None
    flags: int = 0
    disabled_plans: tuple[str, ...] | None = None
    voice: bool | None = None
    legal_hold: bool = False
    backup_acknowledged: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """The user changes in one request. `add` leaves out targets that stand already; `needs` are the seats it takes.

    `addons` says of each add-on that is kept how far the targets cover it; `remarks` are codes of the remarks table,
    `national` those that also depend on the user's country.
    """

    targets: tuple[SkuId, ...]
    add: tuple[AddLicense, ...]
    remove: tuple[SkuId, ...]
    needs: tuple[SkuId, ...]
    kept_off: tuple[PlanId, ...] = ()
    new_on: tuple[PlanId, ...] = ()
    lost: tuple[PlanId, ...] = ()
    addons: tuple[tuple[SkuId, AddonCover], ...] = ()
    remarks: tuple[str, ...] = ()
    national: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hold:
    """The user is not touched; `reason` is a code of the reasons table, `detail` names what it is about."""

    reason: str
    detail: Message = NOTHING
    targets: tuple[SkuId, ...] = ()
    lost: tuple[PlanId, ...] = ()
    remarks: tuple[str, ...] = ()


Decision = Change | Hold


def messages_of(decided: Iterable[Decision]) -> dict[str, Message]:
    """Return what details and remarks are made from, by their text: as texts they go into files."""
    details = (d.detail for d in decided if isinstance(d, Hold))
    remarks = (remark for d in decided for remark in d.remarks)
    return by_text(chain(details, remarks))


@dataclass(frozen=True, slots=True)
class Context:
    """What is the same for every user of a plan."""

    policy: Policy
    skus: Mapping[SkuId, SubscribedSku]
    families: PlanFamilies
    unusable_targets: Mapping[SkuId, str]  # SKU -> reason code, e.g. trial_target
    group_names: Mapping[str, str] = field(default_factory=dict)
    default_location: str = ""  # the tenant's, which members of groups without one inherit


def decide(profile: LicenseProfile, traits: Traits, context: Context) -> Decision:
    """Decide one (profile, traits). The order of the questions is the order in which reasons win."""
    retiring = tuple(s for s in context.policy.sources if s in profile.skus)
    return (
        _by_flag(traits, scope.REJECTED, "roster_row_rejected")
        or _without_source(profile, traits, retiring, context)
        or held_as_person(traits)
        or _source_not_ours(profile, traits, retiring, context)
        or target_unfit(profile, traits, context)
        or _change(profile, traits, retiring, context)
    )


def held_as_person(traits: Traits) -> Hold | None:
    """Return why a holder is not changed in any way, whatever the licenses are; None for everybody else."""
    return (
        _by_flag(traits, scope.REJECTED, "roster_row_rejected")
        or _by_flag(traits, scope.PROTECTED, "protected")
        or _by_choice(traits)
        or _by_flag(traits, scope.DISABLED, "disabled_account")
        or _by_flag(traits, scope.GUEST, "guest")
        or _by_flag(traits, scope.RESTRICTED, "restricted_management")
    )


def _by_flag(traits: Traits, bit: int, reason: str) -> Hold | None:
    return Hold(reason, targets=traits.targets or ()) if traits.flags & bit else None


def _without_source(
    profile: LicenseProfile, traits: Traits, retiring: Sequence[SkuId], context: Context
) -> Hold | None:
    if retiring:
        return None
    targets = traits.targets or ()
    if targets and all(any(a.sound for a in profile.of_sku(t)) for t in targets):
        return Hold("already_on_target", targets=targets, remarks=plans_stand(profile, traits, context))
    return Hold("no_source", targets=targets)


def plans_stand(profile: LicenseProfile, traits: Traits, context: Context) -> tuple[str, ...]:
    """Return a remark per target held already in which a plan is on that the roster wants off."""
    found = []
    assigned = [(context.skus.get(a.sku_id), a) for a in profile.assignments]
    for target in traits.targets or ():
        sku, standing = context.skus[target], profile.of_sku(target)
        off = wished_off_of(traits.disabled_plans or (), sku, assigned, context.families)
        on = {p for a in standing for p in sku.plan_ids - set(a.disabled_plans)}
        if names := sorted(p.name for p in sku.plans if p.id in off & on):
            keeps = Message("{sku} keeps {services}", sku=sku.part_number, services=tuple(names))
            found.append(about("plans_stand", keeps))
    return tuple(found)


def _by_choice(traits: Traits) -> Hold | None:
    if traits.targets is None:
        return Hold("no_rule")
    return Hold("left_by_choice") if not traits.targets else None


def _source_not_ours(
    profile: LicenseProfile, traits: Traits, retiring: Sequence[SkuId], context: Context
) -> Hold | None:
    """A group's license is changed on the group only, and its direct half stays as long as the group keeps it."""
    targets = traits.targets or ()
    groups = sorted({a.group_id for s in retiring for a in profile.inherited(s)})
    if groups:
        names = tuple(context.group_names.get(g, g) for g in groups)
        return Hold("inherited", Message("{groups}", groups=names), targets)
    if any(a.state == "Unknown" for s in retiring for a in profile.of_sku(s)):
        why = Message("Graph does not say whether the license is assigned directly or through a group")
        return Hold("source_in_error", why, targets)
    return None


def target_unfit(profile: LicenseProfile, traits: Traits, context: Context) -> Hold | None:
    """Return why a target cannot be given, or does not work where it is."""
    targets = traits.targets or ()
    for target in targets:
        standing = profile.of_sku(target)
        if standing and not any(a.sound for a in standing):
            states = tuple(sorted({f"{a.state} {a.error}".strip() for a in standing}))
            detail = Message("{sku}: {states}", sku=context.skus[target].part_number, states=states)
            return Hold("target_in_error", detail, targets)
        if not standing and target in context.unusable_targets:
            detail = Message("{sku}", sku=context.skus[target].part_number)
            return Hold(context.unusable_targets[target], detail, targets)
    if traits.flags & scope.SHARED_ADDRESS:
        return Hold("duplicate_address", targets=targets)
    if traits.flags & scope.UNLOCATED and any(not profile.of_sku(t) for t in targets):
        return Hold("no_usage_location", targets=targets)
    return None


def _change(profile: LicenseProfile, traits: Traits, retiring: Sequence[SkuId], context: Context) -> Decision:
    targets = traits.targets or ()
    needs = tuple(t for t in targets if not profile.of_sku(t))
    leaving = [a for a in profile.assignments if a.sku_id in retiring]
    staying = [a for a in profile.assignments if a.sku_id not in retiring]
    translation = translate(
        [(context.skus.get(a.sku_id), a) for a in leaving],
        [(context.skus.get(a.sku_id), a) for a in staying],
        [context.skus[t] for t in needs],
        carry_over=context.policy.carry_over,
        new_in_target=context.policy.new_in_target,
        families=context.families,
        wished_off=traits.disabled_plans,
    )
    if translation.unknown:
        return Hold("unknown_plan_wish", Message("{services}", services=tuple(translation.unknown)), targets)
    before = Holding.of(((context.skus.get(a.sku_id), a) for a in profile.assignments), context.families)
    added = [LicenseAssignment(a.sku_id, "", a.disabled_plans) for a in translation.add]
    after = Holding.of(((context.skus.get(a.sku_id), a) for a in [*staying, *added]), context.families)
    phone = phone_off({*translation.kept_off, *translation.new_off}, translation.forced_off, context.families)
    accept = context.policy.accept_lost_services
    hold = service_lost(before, after, traits, phone, accept=accept) or plans_at_odds(before, after, context)
    if hold:
        return Hold(hold.reason, hold.detail, targets, translation.lost)
    change = _request(targets, needs, retiring, translation)
    base = [*added, *(a for a in staying if a.sku_id in targets)]
    return replace(
        change,
        addons=addons_beside(staying, base, context.skus, context.families),
        remarks=(
            *remarks_of(before, after, context.families, voice=traits.voice),
            *plans_stand(profile, traits, context),
        ),
        national=national(before, after),
    )


def _request(
    targets: tuple[SkuId, ...], needs: tuple[SkuId, ...], retiring: Sequence[SkuId], translation: Translation
) -> Change:
    return Change(
        targets=targets,
        add=translation.add,
        remove=tuple(retiring),
        needs=needs,
        kept_off=translation.kept_off,
        new_on=translation.new_on,
        lost=translation.lost,
    )


def service_lost(before: Holding, after: Holding, traits: Traits, phone: Message, *, accept: bool) -> Hold | None:
    """Return the service for which the user is held, since it would end or be lowered; `accept` is for the policy."""
    losses = data_at_risk(before, after)
    detail = joined(loss.sentence for loss in losses)
    if losses and traits.legal_hold:
        return Hold("legal_hold", detail)
    if losses and not accept and not traits.backup_acknowledged:
        return Hold("lost_service", detail)
    voice = voice_at_risk(before, after, declared=traits.voice, phone_off=phone)
    if voice and not accept:
        return Hold("lost_voice", voice)
    return None


def plans_at_odds(before: Holding, after: Holding, context: Context) -> Hold | None:
    """Only what the change would bring is held: a pair that stands today is Graph's business."""
    for plan, needs in broken_dependencies(before, after, context.families):
        return Hold("dependency", Message("{service} needs {other}", service=plan, other=needed(needs)))
    for first, second in conflicts(before, after, context.families):
        return Hold("conflict", Message("{service} conflicts with {other}", service=first, other=second))
    return None
