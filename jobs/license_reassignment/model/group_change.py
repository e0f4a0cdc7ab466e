"""What one request changes for one group, and what reads show of it and of its members."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from connectors.changes import AssignGroupLicense
from connectors.tenant import GroupId, GroupLicense, GroupRead, LicenseProfile, SkuId, UserId

_WHAT_HELPS = MappingProxyType(
    {
        "CountViolation": "no seat was left; buy or free one",
        "MutuallyExclusiveViolation": "a service conflicts with one that the user has; remove that other license",
        "DependencyViolation": "a service needs another one; assign the license that has it",
        "ProhibitedInUsageLocationViolation": "a service is not offered in the user's country; correct usageLocation",
        "UniquenessViolation": "a proxy address is used twice; remove it from one of the two",
    }
)
"""The kinds of error in `licenseAssignmentState`, as Microsoft's page "licenseAssignmentState" lists them."""

GroupSeen = Literal["moved", "before", "other", "gone"]
MemberSeen = Literal["moved", "before", "error", "other"]


@dataclass(frozen=True, slots=True)
class GroupTask:
    """One planned swap: `before` is what the group carried in the snapshot, `members` the users whom it concerns."""

    change: AssignGroupLicense
    name: str
    targets: tuple[SkuId, ...]
    before: tuple[GroupLicense, ...]
    members: frozenset[UserId]
    wave: str

    @property
    def group_id(self) -> GroupId:
        """The group's object id."""
        return self.change.group_id

    @property
    def after(self) -> tuple[GroupLicense, ...]:
        """What the group carries when the change is done, by SKU."""
        added = {a.sku_id: GroupLicense(a.sku_id, tuple(sorted(a.disabled_plans))) for a in self.change.add}
        kept = {g.sku_id: g for g in self.before if g.sku_id not in self.change.remove}
        return tuple(sorted({**kept, **added}.values(), key=lambda g: g.sku_id))

    def seen(self, read: GroupRead) -> GroupSeen:
        """Say what one read of the group shows: changed, as it was before, or something else."""
        if not read.found:
            return "gone"
        if read.licenses == self.after:
            return "moved"
        return "before" if read.licenses == self.before else "other"

    def intent(self) -> dict[str, Any]:
        """Return its item in the journal, written before it is sent."""
        return {
            "id": self.group_id,
            "add": [{"skuId": a.sku_id, "disabledPlans": list(a.disabled_plans)} for a in self.change.add],
            "remove": list(self.change.remove),
            "before": [{"skuId": g.sku_id, "disabledPlans": list(g.disabled_plans)} for g in self.before],
        }


def member_seen(profile: LicenseProfile, change: AssignGroupLicense) -> MemberSeen:
    """Say what one read of a member shows of the swap of its group.

    `moved`: every SKU that the group adds is sound through it with the disabled plans asked for, and none that it
    removes comes through it. `before`: nothing that is removed has gone, nothing that is added has come. `error`: Graph
    reports an error on what the group gives or has taken away. `other`: anything else, such as half of it.
    """
    of_group = {a.sku_id: a for a in profile.assignments if a.group_id == change.group_id}
    added = {a.sku_id: tuple(sorted(a.disabled_plans)) for a in change.add}
    if any(of_group[s].error or not of_group[s].gives for s in (*added, *change.remove) if s in of_group):
        return "error"
    gone = not any(s in of_group for s in change.remove)
    come = all(s in of_group and of_group[s].sound and of_group[s].disabled_plans == off for s, off in added.items())
    if gone and come:
        return "moved"
    if all(s in of_group for s in change.remove) and not any(s in of_group for s in added):
        return "before"
    return "other"


def in_error_text(state: str, error: str) -> str:
    """Say what is wrong with a license that a group gives, in Graph's own words, and what helps."""
    said = f"{state} {error}".strip()
    helps = _WHAT_HELPS.get(error, "the admin center shows the cause, at the licenses of the group")
    return f"{said}: {helps}, then reprocess the user's licenses"
