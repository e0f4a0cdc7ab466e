"""Carries switched-off services over from the SKUs that leave to those that come: by family, never by id alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from connectors.catalog.families import Need, PlanFamilies, Severity
from connectors.changes import AddLicense
from connectors.tenant import LicenseAssignment, PlanId, ServicePlan, SkuId, SubscribedSku
from jobs.license_reassignment.model.policy import NewServices

Assigned = tuple[SubscribedSku | None, LicenseAssignment]


@dataclass(frozen=True, slots=True)
class Translation:
    """What to assign so that a user's choices survive the swap. Every tuple is sorted.

    `add` has one entry per target. `kept_off` are the plans off today that stay off. `new_on` and `new_off` are the
    targets' plans without a predecessor. `lost` are plans on today that nothing provides afterwards. `forced_off` are
    new plans left off against the policy, since what they need is off (they stand in `new_off` too).
    `unknown` are wished names that no plan has, or only one that cannot be switched off for a single user.
    """

    add: tuple[AddLicense, ...] = ()
    kept_off: tuple[PlanId, ...] = ()
    new_on: tuple[PlanId, ...] = ()
    new_off: tuple[PlanId, ...] = ()
    lost: tuple[PlanId, ...] = ()
    forced_off: tuple[PlanId, ...] = ()
    unknown: tuple[str, ...] = ()


def translate(
    leaving: Sequence[Assigned],
    staying: Sequence[Assigned],
    targets: Sequence[SubscribedSku],
    *,
    carry_over: bool,
    new_in_target: NewServices,
    families: PlanFamilies,
    wished_off: tuple[str, ...] | None = None,
) -> Translation:
    """Decide plan by plan what is on and what is off in the targets.

    A plan is off today when every leaving assignment that has it, whatever its state, has it disabled. It stays off
    in every target that contains it; where a target has the family under another id and every member of the family
    is off today, that id stays off too. Plans without a predecessor follow `new_in_target` ("enable", "disable", or
    the names or ids of those to switch on). `wished_off` (names or ids) replaces what would be carried over.

    Dependencies: a new plan is switched on against the policy when an enabled plan that works today, or a new plan
    wanted on, needs it; a new plan whose needs are off by the user's own choice stays off, because it could not work
    and Graph refuses a request that breaks a dependency. What is on today is never switched off for that reason.
    Only ids of the tenant's own target SKUs are ever named, and of these no tenant-wide plan and no filler.
    """
    on, off = _today(leaving)
    offered = frozenset(p.id for sku in targets for p in sku.plans if _switchable(p, families))
    wishes, unknown = _wishes(wished_off or (), [*leaving, *staying], targets, families)
    carried = _carried(on, off, offered, families) if carry_over else frozenset[PlanId]()
    kept_off = carried if wished_off is None else offered & wishes
    new = offered - kept_off - _successors(on | off, offered, families)
    wanted = _wanted(new, new_in_target, targets)
    others = _enabled(staying) | frozenset(p.id for sku in targets for p in sku.plans if p.id not in offered)
    forced_on = _needed(offered - kept_off, new - wanted, others, on | _enabled(staying), families)
    switched_on = wanted | forced_on
    forced_off = _unmet(switched_on, (offered - kept_off - new) | switched_on | others, families)
    new_on = switched_on - forced_off
    switched_off = kept_off | (new - new_on)
    mine = frozenset(p.id for sku, _ in leaving if sku for p in sku.plans if _switchable(p, families))
    return Translation(
        add=_add(targets, switched_off, families),
        kept_off=tuple(sorted(kept_off)),
        new_on=tuple(sorted(new_on)),
        new_off=tuple(sorted(new - new_on)),
        lost=_without(on & mine, (offered - switched_off) | others, families),
        forced_off=tuple(sorted(forced_off)),
        unknown=unknown,
    )


def wished_off_of(
    texts: Collection[str], sku: SubscribedSku, held: Sequence[Assigned], families: PlanFamilies
) -> frozenset[PlanId]:
    """Return the plans of one product that wished names or ids mean and that can be off for a single user."""
    wishes, _ = _wishes(texts, held, [sku], families)
    return frozenset(p.id for p in sku.plans if p.id in wishes and _switchable(p, families))


def _switchable(plan: ServicePlan, families: PlanFamilies) -> bool:
    """Only plans that apply to users can be disabled for one; a filler delivers nothing, so it is left alone."""
    return plan.applies_to.casefold() != "company" and plan.id not in families.fillers


def _today(leaving: Iterable[Assigned]) -> tuple[frozenset[PlanId], frozenset[PlanId]]:
    on: set[PlanId] = set()
    off: set[PlanId] = set()
    for sku, assignment in leaving:
        disabled = set(assignment.disabled_plans)
        on |= (sku.plan_ids if sku else frozenset()) - disabled
        off |= disabled
    return frozenset(on), frozenset(off - on)


def _enabled(assigned: Iterable[Assigned]) -> frozenset[PlanId]:
    return frozenset(p for sku, a in assigned if sku and a.sound for p in sku.plan_ids - set(a.disabled_plans))


def _carried(
    on: frozenset[PlanId], off: frozenset[PlanId], offered: frozenset[PlanId], families: PlanFamilies
) -> frozenset[PlanId]:
    families_off = {families.key(p) for p in off} - {families.key(p) for p in on}
    return frozenset(p for p in offered if p in off or (p not in on and families.key(p) in families_off))


def _successors(plans: frozenset[PlanId], offered: frozenset[PlanId], families: PlanFamilies) -> frozenset[PlanId]:
    """A family's second member in the targets succeeds nobody: it is new."""
    return frozenset(s for p in plans if (s := families.successor(p, offered)) is not None)


def _wanted(new: frozenset[PlanId], policy: NewServices, targets: Sequence[SubscribedSku]) -> frozenset[PlanId]:
    if policy == "enable":
        return new
    if policy == "disable":
        return frozenset()
    wanted = {text.strip().casefold() for text in policy}
    return frozenset(p.id for sku in targets for p in sku.plans if p.id in new and wanted & {p.id, p.name.casefold()})


def _hard(families: PlanFamilies) -> list[Need]:
    return [need for need in families.needs if need.severity is Severity.HOLD]


def _needed(
    carried: frozenset[PlanId],
    unwanted: frozenset[PlanId],
    other: frozenset[PlanId],
    before: frozenset[PlanId],
    families: PlanFamilies,
) -> frozenset[PlanId]:
    """Return the unwanted plans that must be on; a need that is unmet today already is not ours to mend."""
    forced: frozenset[PlanId] = frozenset()
    while True:
        enabled = (carried - unwanted) | other | forced
        more = {
            min(need.any_of & unwanted)
            for need in _hard(families)
            if need.plan in enabled
            and not need.any_of & enabled
            and need.any_of & unwanted
            and (need.plan not in before or need.any_of & before)
        }
        if not more:
            return forced
        forced |= more


def _unmet(wanted: frozenset[PlanId], enabled: frozenset[PlanId], families: PlanFamilies) -> frozenset[PlanId]:
    """Return the new plans that cannot work, and those that cannot work without them."""
    off: frozenset[PlanId] = frozenset()
    while True:
        more = {n.plan for n in _hard(families) if n.plan in wanted - off and not n.any_of & (enabled - off)}
        if not more:
            return off
        off |= more


def _wishes(
    texts: Collection[str], held: Sequence[Assigned], targets: Sequence[SubscribedSku], families: PlanFamilies
) -> tuple[frozenset[PlanId], tuple[str, ...]]:
    """Resolve names or ids: a plan of a target means itself, any other the targets' plans of its family."""
    offered = [p for sku in targets for p in sku.plans]
    known = [p for sku, _ in held if sku for p in sku.plans]
    off: set[PlanId] = set()
    unknown: list[str] = []
    for text in texts:
        wanted = text.strip().casefold()
        exact = {p.id for p in offered if wanted in {p.id, p.name.casefold()}}
        kin = {p.id for p in known if wanted in {p.id, p.name.casefold()}} | {p for p in families.levels if p == wanted}
        off |= exact or {r for p in kin for r in families.relatives(p, {o.id for o in offered})}
        fixed = exact and not any(_switchable(p, families) for p in offered if p.id in exact)
        if fixed or not exact | kin:
            unknown.append(text)
    return frozenset(off), tuple(sorted(unknown))


def _without(plans: frozenset[PlanId], provided: frozenset[PlanId], families: PlanFamilies) -> tuple[PlanId, ...]:
    keys = {families.key(p) for p in provided}
    return tuple(sorted(p for p in plans if families.key(p) not in keys))


def _add(
    targets: Sequence[SubscribedSku], switched_off: frozenset[PlanId], families: PlanFamilies
) -> tuple[AddLicense, ...]:
    return tuple(
        AddLicense(
            sku.sku_id, tuple(sorted(p.id for p in sku.plans if p.id in switched_off and _switchable(p, families)))
        )
        for sku in sorted(targets, key=lambda s: s.sku_id)
    )


class Step(StrEnum):
    """How a plan of the target stands to the plan it replaces."""

    SAME = "same"
    LEVEL_UP = "level_up"
    LEVEL_DOWN = "level_down"
    EQUAL = "equal"  # another id at the same level, e.g. the government edition
    NONE = "none"  # no successor
    NEW = "new"  # no predecessor


@dataclass(frozen=True, slots=True)
class TranslationRow:
    """One line of the plan-by-plan table; `target_skus` are the targets that contain `target`."""

    source: ServicePlan | None
    target: ServicePlan | None
    step: Step
    target_skus: tuple[SkuId, ...] = ()


def translation_table(
    source: SubscribedSku, targets: Sequence[SubscribedSku], families: PlanFamilies
) -> list[TranslationRow]:
    """List every plan of the source with its successor, then the plans that are new; both sorted by name."""
    plans = {p.id: p for sku in targets for p in sku.plans}
    offered = frozenset(plans)
    rows = []
    for plan in sorted(source.plans, key=lambda p: (p.name.casefold(), p.id)):
        successor = families.successor(plan.id, offered)
        target = plans[successor] if successor else None
        rows.append(TranslationRow(plan, target, _step(plan, target, families), _skus_with(target, targets)))
    used = {row.target.id for row in rows if row.target}
    for plan in sorted(plans.values(), key=lambda p: (p.name.casefold(), p.id)):
        if plan.id not in used:
            rows.append(TranslationRow(None, plan, Step.NEW, _skus_with(plan, targets)))
    return rows


def _step(plan: ServicePlan, target: ServicePlan | None, families: PlanFamilies) -> Step:
    if target is None:
        return Step.NONE
    if target.id == plan.id:
        return Step.SAME
    before, after = families.levels[plan.id].level, families.levels[target.id].level
    if before == after:
        return Step.EQUAL
    return Step.LEVEL_UP if after > before else Step.LEVEL_DOWN


def _skus_with(plan: ServicePlan | None, targets: Sequence[SubscribedSku]) -> tuple[SkuId, ...]:
    return tuple(sorted(s.sku_id for s in targets if plan and plan.id in s.plan_ids))
