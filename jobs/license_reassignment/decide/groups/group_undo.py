"""Which groups that a plan changed are changed back, and what their members get by it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from connectors.changes import AddLicense
from connectors.message import Message
from connectors.tenant import Group, GroupId, LicenseProfile, UserId
from jobs.license_reassignment.decide.decide import Change, Decision, Hold
from jobs.license_reassignment.decide.groups.group_swap import kinds_told
from jobs.license_reassignment.decide.table import DECISION_COLUMNS, decision_columns, no_rows
from jobs.license_reassignment.model.group_change import GroupTask, member_seen
from jobs.license_reassignment.model.plan_header import GroupHindrance, PlannedGroup

_SAMPLE_MAX = 5


@dataclass(frozen=True, slots=True)
class GroupBack:
    """One group that the plan changed: `task` is what was done, `decision` what becomes of it now.

    `members` are those of its first-level members who were in the plan with it and are read; `joined` the names of
    those who came since. `broken`: a member has neither a working old nor a working new license from it.
    """

    task: GroupTask
    group: Group
    decision: Decision
    members: tuple[UserId, ...]
    joined: tuple[str, ...]
    broken: bool

    @property
    def goes(self) -> bool:
        """Whether it is changed back."""
        return isinstance(self.decision, Change)

    @property
    def stays(self) -> bool:
        """Whether its members keep the new products through it; not where it has its old ones again already."""
        return isinstance(self.decision, Hold) and self.decision.reason != "already_on_target"


def group_back(
    task: GroupTask, group: Group, profiles: Mapping[UserId, LicenseProfile], names: Mapping[UserId, str]
) -> GroupBack:
    """Decide one group on the fresh snapshot: back to what it carried in one request, or not touched, and why.

    Whoever joined since would get the old product with the others, and is in no plan: then it is left alone.
    """
    inside = group.direct_members or frozenset()
    members = tuple(sorted(u for u in inside & task.members if u in profiles))
    joined = tuple(sorted(names.get(u, u) for u in inside - task.members))
    broken = any(member_seen(profiles[u], task.change) == "error" and not _works(profiles[u], task) for u in members)
    return GroupBack(task, group, _decided(task, group, joined), members, joined, broken)


def together(backs: Sequence[GroupBack]) -> list[GroupBack]:
    """Hold every group that shares a member with one that stays, until that changes nothing more.

    Such a member stays as well, and a group is changed back with all of its members or not at all.
    """
    kept = {u for b in backs if b.stays for u in b.members}
    held = [replace(b, decision=_beside(b)) if b.goes and kept & set(b.members) else b for b in backs]
    return held if held == list(backs) else together(held)


def _beside(back: GroupBack) -> Hold:
    return Hold("shared_members", targets=back.decision.targets)


def _works(profile: LicenseProfile, task: GroupTask) -> bool:
    skus = {*task.change.remove, *(a.sku_id for a in task.change.add)}
    return any(a.gives for a in profile.assignments if a.sku_id in skus)


def _decided(task: GroupTask, group: Group, joined: Collection[str]) -> Decision:
    targets = task.change.remove
    carried = tuple(sorted(group.licenses, key=lambda g: g.sku_id))
    if carried == task.before:
        return Hold("already_on_target", targets=targets)
    if carried != task.after:
        return Hold("changed_by_others", targets=targets)
    if group.direct_members is None:
        return Hold("hidden_membership", targets=targets)
    if not group.processed:
        return Hold("group_processing", Message("Graph says {state}", state=group.processing_state), targets)
    if joined:
        return Hold("joined_since", _joined_told(len(joined)), targets)
    add = tuple(AddLicense(g.sku_id, g.disabled_plans) for g in task.before if g.sku_id in task.change.remove)
    return Change(targets=targets, add=add, remove=tuple(a.sku_id for a in task.change.add), needs=())


def _joined_told(n: int) -> Message:
    return Message("{n} member joined after the plan was made", "{n} members joined after the plan was made", n=n)


def member_of(backs: Sequence[GroupBack], profile: LicenseProfile) -> Decision:
    """Decide a member of these groups: gets the old products with them, or stays since one of them stays."""
    targets = tuple(dict.fromkeys(s for b in backs for s in b.task.change.remove))
    if names := tuple(f"{b.group.display_name} ({b.group.id})" for b in backs if b.stays):
        return Hold("group_stays", Message("{groups}", groups=names), targets)
    if not any(b.goes for b in backs):
        return Hold("already_on_target", targets=targets)
    return Change(targets=targets, add=(), remove=(), needs=tuple(t for t in targets if not profile.of_sku(t)))


def rows_of(backs: Sequence[GroupBack], waves: Mapping[GroupId, str]) -> pd.DataFrame:
    """Return the row of each group."""
    if not backs:
        return no_rows()
    table = decision_columns([b.decision for b in backs])
    table["id"] = [b.group.id for b in backs]
    table["name"] = [b.group.display_name for b in backs]
    table["wave"] = [waves[b.group.id] if b.goes else "" for b in backs]
    return table.reindex(columns=list(DECISION_COLUMNS), fill_value="").astype(str)


def told_of(backs: Sequence[GroupBack], waves: Mapping[GroupId, str]) -> tuple[PlannedGroup, ...]:
    """Return what the header says of each group; those that stay first."""
    found = []
    for back in backs:
        inside = len(back.group.direct_members or ())
        reason = back.decision.reason if isinstance(back.decision, Hold) else ""
        fate = "swap" if back.goes else "done" if reason == "already_on_target" else "hold"
        found.append(
            PlannedGroup(
                back.group.id,
                back.group.display_name,
                fate,  # type: ignore[arg-type]
                reason,
                back.task.change.remove,
                waves[back.group.id] if back.goes else "",
                inside,
                len(back.members) if back.goes else 0,
                hindrances=_hindrances(back),
                notes=kinds_told(back.group),
            )
        )
    return tuple(sorted(found, key=lambda g: (("hold", "swap", "done").index(g.fate), g.name.casefold(), g.id)))


def _hindrances(back: GroupBack) -> tuple[GroupHindrance, ...]:
    if not isinstance(back.decision, Hold) or back.decision.reason != "joined_since":
        return ()
    n = len(back.joined)
    return (GroupHindrance("joined_since", n, back.joined[:_SAMPLE_MAX], str(_joined_told(n))),)
