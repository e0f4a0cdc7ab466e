"""Where each group of a plan stands after the run, and its members: from plan, journal and both scans. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from connectors.message import as_message
from connectors.tenant import Group, GroupId, SkuId, TenantSnapshot
from jobs.license_reassignment.model.group_change import GroupTask, member_seen
from jobs.license_reassignment.model.plan import Plan, group_tasks_of, hindrances_told, split
from jobs.license_reassignment.model.plan_header import PlannedGroup
from jobs.license_reassignment.model.standing import NOT_SENT, Standing
from jobs.license_reassignment.reconcile.findings import GroupMembers, GroupResult
from jobs.license_reassignment.reconcile.groups.members import GROUP_PROCESSING, MEMBER_ERROR, Swap
from jobs.license_reassignment.reconcile.scans import GroupSwaps, User

Seen = Literal["moved", "in_error", "left", "gone", "turned_direct", "still_old", "other"]

MOVE_UNDONE = "move_undone"
_STATES = {"pending": "not_sent", "applied": "settled"}
_REASONS = {"not_sent": "group_not_sent", "accepted": GROUP_PROCESSING, "processing": GROUP_PROCESSING}
"""Why a change is not settled, where the journal says nothing more."""


@dataclass(slots=True)
class _Count:
    """The members of one group, one by one."""

    seen: Counter[Seen] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)


def group_results(
    plan: Plan, before: TenantSnapshot, after: TenantSnapshot, users: Sequence[User], swaps: GroupSwaps
) -> tuple[GroupResult, ...]:
    """Return every group that the plan names or that assigns a source, as the plan lists them; later ones come last."""
    tasks, counts = group_tasks_of(plan, before), _counted(users)
    now: dict[str, Group] = {g.id: g for g in after.groups}
    details = dict(zip(plan.groups["id"].astype(str), plan.groups["detail"].astype(str), strict=True))
    parts = {s.sku_id: s.part_number for s in (*before.skus, *after.skus)}
    found = []
    for group in _planned(plan, before):
        read = now.get(group.id)
        result = _result(group, read, plan.sources, [parts.get(t, t) for t in group.targets])
        why = hindrances_told(plan, group)
        if not why and details.get(group.id):
            why = (plan.said(details[group.id]),)
        result = replace(result, reason=group.reason, wave=group.wave, why=why)
        if task := tasks.get(GroupId(group.id)):
            standing = swaps.standings.get(group.id, NOT_SENT)
            result = _swapped(result, task, read, standing, counts.get(group.id, _Count()))
        found.append(result)
    known = {g.id for g in found}
    later = [g for g in after.groups if g.id not in known and _carries(g, plan.sources)] if plan.asks_gates else []
    return (*found, *(replace(_result(_plain(g), g, plan.sources), decision="later") for g in later))


def _result(
    group: PlannedGroup, read: Group | None, sources: Sequence[SkuId], targets: Sequence[str] = ()
) -> GroupResult:
    """Return what is known of any group."""
    return GroupResult(
        id=group.id,
        name=read.display_name if read else group.name,
        decision=group.fate,
        state="",
        reason="",
        why=(),
        targets=tuple(targets),
        wave="",
        at="",
        request_id="",
        processing_state=read.processing_state if read else "",
        carries_source=read is not None and _carries(read, sources),
        members=GroupMembers(group.members),
    )


def _swapped(
    result: GroupResult, task: GroupTask, read: Group | None, standing: Standing, count: _Count
) -> GroupResult:
    """Add what became of the change of a group, and of its members."""
    state, members = _state(standing, task, read), _members(count, task, read)
    return replace(
        result,
        state=state,
        reason=_reason(state, standing, members),
        why=(as_message(standing.message),) if standing.message and state != "settled" else (),
        at=standing.at,
        request_id=standing.request_id,
        members=members,
    )


def _plain(group: Group) -> PlannedGroup:
    """Return a group of which no plan says anything."""
    return PlannedGroup(group.id, group.display_name, "left", "", (), "", _inside(group), 0)


def _planned(plan: Plan, before: TenantSnapshot) -> Iterator[PlannedGroup]:
    """Yield the groups as the plan lists them; one of an earlier version lists none, and swaps none."""
    listed = plan.header.groups
    yield from listed or ()
    known = {g.id for g in listed or ()}
    rows = plan.groups[(plan.groups["kind"] == "change") & ~plan.groups["id"].isin(list(known))]
    for row in rows.astype(str).itertuples():
        targets = tuple(map(SkuId, split(str(row.targets))))
        yield PlannedGroup(str(row.id), str(row.name), "swap", "", targets, str(row.wave), 0, 0)
    for group in before.groups if plan.asks_gates and listed is None else ():
        if _carries(group, plan.sources):
            yield _plain(group)


def _carries(group: Group, sources: Sequence[SkuId]) -> bool:
    return any(x.sku_id in sources for x in group.licenses)


def _inside(group: Group) -> int:
    """Count the users right inside, or all below it where only these were read."""
    return len((group.direct_members if group.direct_members is not None else group.members) or ())


def _state(standing: Standing, task: GroupTask, read: Group | None) -> str:
    """Say where the change stands by the journal, and whether the last read of the group agrees."""
    if standing.state not in {"processing", "applied"}:
        return _STATES.get(standing.state, standing.state)
    if read is None:
        return "gone"
    if read.licenses != task.after:
        return "undone" if read.licenses == task.before else "drifted"
    if standing.state == "applied":
        return "settled"
    return "accepted" if read.processed else "processing"


def _reason(state: str, standing: Standing, members: GroupMembers) -> str:
    if state == "settled":
        return MEMBER_ERROR if members.in_error else ""
    if standing.state in {"processing", "applied"} and state in {"undone", "drifted", "gone"}:
        return "group_gone" if state == "gone" else MOVE_UNDONE
    return standing.reason or _REASONS.get(state, "")


def _counted(users: Sequence[User]) -> Mapping[str, _Count]:
    """Count the members of each group by what the last read shows of its change."""
    found: dict[str, _Count] = {}
    for user in users:
        for swap in user.swaps:
            count = found.setdefault(swap.change.group_id, _Count())
            seen = _seen(user, swap)
            count.seen[seen] += 1
            if seen == "in_error":
                count.errors[_error(user, swap)] += 1
    return found


def _seen(user: User, swap: Swap) -> Seen:
    """Say of one member what the last read shows; the first that fits."""
    if user.after is None:
        return "gone"
    if swap.inside is False:
        return "left"
    if any(user.after.direct(s) is not None and user.before.direct(s) is None for s in swap.change.remove):
        return "turned_direct"
    shown = member_seen(user.after, swap.change)
    named: Mapping[str, Seen] = {"moved": "moved", "error": "in_error", "before": "still_old", "other": "other"}
    return named[shown]


def _error(user: User, swap: Swap) -> str:
    """Return Graph's word for what the group could not give or take away."""
    skus = (*(a.sku_id for a in swap.change.add), *swap.change.remove)
    wrong = [
        a
        for sku in skus
        for a in (user.after.of_sku(sku) if user.after else ())
        if a.group_id == swap.change.group_id and not a.sound
    ]
    return next((a.error for a in wrong if a.error), wrong[0].state if wrong else "")


def _members(count: _Count, task: GroupTask, read: Group | None) -> GroupMembers:
    inside = (read.direct_members if read else None) or frozenset()
    return GroupMembers(
        total=len(task.members),
        joined=len(inside - task.members),
        errors=dict(sorted(count.errors.items())),
        **dict(count.seen),
    )
