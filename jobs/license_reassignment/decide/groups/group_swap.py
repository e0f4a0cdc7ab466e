"""What the swap of one group would be: what its license becomes, and what of the group itself is in the way. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connectors.message import Message
from connectors.tenant import Group, LicenseAssignment, SkuId
from jobs.license_reassignment.decide.coverage import Holding
from jobs.license_reassignment.decide.decide import Context, Hold, plans_at_odds
from jobs.license_reassignment.decide.translate import Translation, translate


@dataclass(frozen=True, slots=True)
class GroupSwap:
    """One write on one group: `translation.add` comes and `remove` goes together.

    `hold` is what of the group itself forbids it; without targets there is nothing to translate.
    """

    group: Group
    targets: tuple[SkuId, ...]
    remove: tuple[SkuId, ...]
    translation: Translation
    hold: Hold | None = None

    @property
    def added(self) -> list[LicenseAssignment]:
        """What a member gets through the group when it is done."""
        return [LicenseAssignment(a.sku_id, self.group.id, a.disabled_plans) for a in self.translation.add]


def swap_of(group: Group, targets: tuple[SkuId, ...], context: Context) -> GroupSwap:
    """Translate the group's own licenses: what it disables stays disabled, and its other products stay as they are.

    A target that it carries already is not added again. Services that depend on each other must come from one group:
    otherwise Entra disables the dependent one.
    """
    carried = [LicenseAssignment(g.sku_id, group.id, g.disabled_plans) for g in group.licenses]
    remove = tuple(s for s in context.policy.sources if any(a.sku_id == s for a in carried))
    if not targets:
        return GroupSwap(group, (), remove, Translation(), _own_state(group) or _nobody_says(group))
    leaving = [(context.skus.get(a.sku_id), a) for a in carried if a.sku_id in remove]
    staying = [(context.skus.get(a.sku_id), a) for a in carried if a.sku_id not in remove]
    comes = [t for t in targets if all(a.sku_id != t for _, a in staying)]
    translation = translate(
        leaving,
        staying,
        [context.skus[t] for t in comes],
        carry_over=context.policy.carry_over,
        new_in_target=context.policy.new_in_target,
        families=context.families,
    )
    swap = GroupSwap(group, targets, remove, translation)
    before = Holding.of([*leaving, *staying], context.families)
    after = Holding.of([*staying, *((context.skus.get(a.sku_id), a) for a in swap.added)], context.families)
    hold = _own_state(group) or _target_unfit(comes, context) or plans_at_odds(before, after, context)
    return GroupSwap(group, targets, remove, translation, hold)


def _nobody_says(group: Group) -> Hold | None:
    """Where there are members, each of them says why it gets nothing."""
    return None if group.direct_members else Hold("no_rule")


def _own_state(group: Group) -> Hold | None:
    if not group.security_enabled:
        return Hold("not_security_enabled")
    if group.direct_members is None:
        return Hold("hidden_membership")
    if not group.processed:
        return Hold("group_processing", Message("Graph says {state}", state=group.processing_state))
    return None


def _target_unfit(comes: Sequence[SkuId], context: Context) -> Hold | None:
    for target in comes:
        if target in context.unusable_targets:
            return Hold(context.unusable_targets[target], Message("{sku}", sku=context.skus[target].part_number))
    return None


def kinds_told(group: Group) -> tuple[Message, ...]:
    """Say what a person should know of this kind of group; none of it keeps the group from being swapped."""
    inside = group.direct_members or frozenset()
    nested = Message(
        "{n} group is inside it: the members of that group get no license from this one.",
        "{n} groups are inside it: the members of these groups get no license from this one.",
        n=group.nested_groups,
    )
    told = (
        (group.dynamic, _DYNAMIC),
        (group.nested_groups > 0, nested),
        (group.on_premises_sync_enabled, _SYNCHRONIZED),
        (group.mail_enabled, _MAIL_ENABLED),
        (group.role_assignable, _ROLE_ASSIGNABLE),
        (group.direct_members is not None and not inside, _EMPTY),
    )
    return tuple(message for applies, message in told if applies)


_DYNAMIC = Message("A rule decides who is a member; whoever the rule adds later gets what the group assigns then.")
_SYNCHRONIZED = Message("Its members are managed in the on-premises directory; its licenses are not.")
_MAIL_ENABLED = Message("It also receives mail, which does not change.")
_ROLE_ASSIGNABLE = Message(
    "It can be assigned to roles (isAssignableToRole), and Microsoft does not document which permission a change of "
    "its licenses needs; Graph may refuse it (403)."
)
_EMPTY = Message("It has no members; whoever joins it later gets what the group assigns then.")
