"""Which groups are swapped: every member must be able to follow, so that one who cannot holds whole groups back. Pure.

Users are rows, and equal ones share a case: everything is decided once per case, so that a thousand groups with
hundreds of thousands of members cost what a few thousand cases cost.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, compress
from types import MappingProxyType

import numpy as np
import pandas as pd

from connectors.message import Message, joined
from connectors.tenant import Group, GroupId, LicenseProfile, SkuId, UserId
from jobs.license_reassignment.decide.cases import Cases, LicenseCase
from jobs.license_reassignment.decide.decide import Change, Context, Decision, Hold
from jobs.license_reassignment.decide.groups.group_member import decide_member
from jobs.license_reassignment.decide.groups.group_swap import GroupSwap, swap_of
from jobs.license_reassignment.model.plan_header import GroupHindrance
from jobs.license_reassignment.model.policy import Policy
from jobs.license_reassignment.model.reason_words import REASONS

SAMPLE = 5

_LOSSES = frozenset({"lost_service", "lost_voice"})
_OF_MEMBERS = ("group_processing", "members_differ", "outside_scope", "member_held", "members_with_losses")
"""The reasons of a group that follow from its members; the first that applies is the group's."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a group that is named and carries a source: swapped, unless there is a reason."""

    swap: GroupSwap
    reason: str = ""
    detail: Message = field(default_factory=lambda: Message(""))
    hindrances: tuple[GroupHindrance, ...] = ()


@dataclass(frozen=True, slots=True)
class Members:
    """Who is in which of the groups.

    `inside` are per group the rows of its members, `unprocessed` those of them who do not have its licenses yet and
    `unread` how many members are no row at all. `through` are per case the groups that give it a source. A `stray` row
    has a license of a group that it is not in: Graph keeps it there in error.
    """

    inside: Mapping[GroupId, np.ndarray]
    unprocessed: Mapping[GroupId, np.ndarray]
    unread: Mapping[GroupId, int]
    through: Sequence[tuple[GroupId, ...]]
    stray: np.ndarray


@dataclass(frozen=True, slots=True)
class Weighed:
    """The fate of every group, and what its swap does to the members.

    `verdicts` are per case, None where no swap concerns it; `moving` says per row whether it changes with its groups.
    """

    fates: Mapping[GroupId, Fate]
    members: Members
    verdicts: Sequence[Decision | None]
    moving: np.ndarray


def weigh(named: Sequence[Group], cases: Cases, context: Context) -> Weighed:
    """Decide about the groups that are named for a swap and carry a source.

    A group is swapped if nothing about itself or any of its members is in the way, and every other group that gives
    one of them a source is swapped too: whoever holds one back holds back all that share a member with it.
    """
    groups = {g.id: g for g in named}
    members = _members(groups, cases, context)
    swaps = {g.id: swap_of(g, _target(g.id, members, cases, context), context) for g in named}
    verdicts = [
        _verdict(case, through, swaps, context) for case, through in zip(cases.distinct, members.through, strict=True)
    ]
    held = _held(swaps, members, cases, verdicts)
    moving = _moving(members, cases, verdicts, held)
    fates = {g: _fate(g, swaps, members, cases, verdicts, held, context) for g in swaps}
    return Weighed(fates, members, verdicts, moving)


def _sources_of(profile: LicenseProfile, context: Context) -> dict[str, set[SkuId]]:
    """Return by group the sources that a profile inherits from it."""
    found: dict[str, set[SkuId]] = defaultdict(set)
    for a in profile.assignments:
        if a.group_id and a.sku_id in context.policy.sources:
            found[a.group_id].add(a.sku_id)
    return found


def _members(groups: Mapping[GroupId, Group], cases: Cases, context: Context) -> Members:
    row_of, rows_of_case = pd.Index(cases.users["id"]), cases.rows_by_case()
    given = [_sources_of(case.profile, context) for case in cases.distinct]
    holders: dict[GroupId, list[int]] = defaultdict(list)
    for number, found in enumerate(given):
        for group_id in found:
            holders[GroupId(group_id)].append(number)
    inside, unprocessed, unread = dict[GroupId, np.ndarray](), dict[GroupId, np.ndarray](), dict[GroupId, int]()
    stray, mark = np.zeros(len(cases.users), dtype=bool), np.zeros(len(cases.users), dtype=bool)
    for group_id, group in groups.items():
        rows = row_of.get_indexer(pd.Index(sorted(group.direct_members or ()), dtype=row_of.dtype))
        unread[group_id] = int((rows < 0).sum())
        rows = inside[group_id] = rows[rows >= 0]
        sources = {g.sku_id for g in group.licenses if g.sku_id in context.policy.sources}
        complete = np.zeros(len(given), dtype=bool)
        complete[[n for n in holders[group_id] if sources <= given[n][group_id]]] = True
        unprocessed[group_id] = rows[~complete[cases.code[rows]]]
        mark[rows] = True
        for number in holders[group_id]:
            of_case = rows_of_case[number]
            stray[of_case[~mark[of_case]]] = True
        mark[rows] = False
    through = [tuple(sorted(map(GroupId, found))) for found in given]
    return Members(inside, unprocessed, unread, through, stray)


def _target(group_id: GroupId, members: Members, cases: Cases, context: Context) -> tuple[SkuId, ...]:
    """Return what most members in scope are to get; of a group without members, what the rule for everybody says."""
    rows = members.inside[group_id]
    if not len(rows) and not members.unread[group_id]:
        return next((r.targets for r in context.policy.rules if not r.where.asks and r.targets), ())
    votes: Counter[tuple[SkuId, ...]] = Counter()
    for number, n in _counted(cases.code[rows]):
        case = cases.distinct[number]
        if case.traits.targets and (not case.outside or context.policy.groups.include_outside):
            votes[case.traits.targets] += n
    return min(votes, key=lambda targets: (-votes[targets], targets), default=())


def _counted(codes: np.ndarray) -> list[tuple[int, int]]:
    numbers, counts = np.unique(codes, return_counts=True)
    return list(zip(numbers.tolist(), counts.tolist(), strict=True))


def _verdict(
    case: LicenseCase, through: Sequence[GroupId], swaps: Mapping[GroupId, GroupSwap], context: Context
) -> Decision | None:
    """Decide a case as if all its groups were swapped; None for one that has nothing to do with any of them."""
    mine = [swaps[g] for g in through if g in swaps]
    if not mine:
        return None
    if case.outside and not context.policy.groups.include_outside:
        return Hold("outside_scope")
    traits = case.traits
    if case.outside and traits.targets is None:
        traits = replace(traits, targets=mine[0].targets or None)  # nobody else says what such a member gets
    verdict = decide_member(case.profile, traits, mine, context)
    return Hold("inherited") if isinstance(verdict, Change) and len(mine) < len(through) else verdict


def _held(
    swaps: Mapping[GroupId, GroupSwap], members: Members, cases: Cases, verdicts: Sequence[Decision | None]
) -> frozenset[GroupId]:
    """Return the groups that are not swapped: those with something in the way, and all that share a member with one."""
    stays = np.array([not isinstance(v, Change) for v in verdicts], dtype=bool)
    todo = [g for g, swap in swaps.items() if swap.hold or members.unread[g] or len(members.unprocessed[g])]
    todo += [g for g, rows in members.inside.items() if (stays[cases.code[rows]] | members.stray[rows]).any()]
    beside = defaultdict[GroupId, list[tuple[GroupId, ...]]](list)
    for through in {t for t in members.through if len(t) > 1}:
        for group_id in through:
            beside[group_id].append(through)
    held: set[GroupId] = set()
    while todo:
        group_id = todo.pop()
        if group_id in swaps and group_id not in held:
            held.add(group_id)
            todo.extend(chain.from_iterable(beside[group_id]))
    return frozenset(held)


def _moving(
    members: Members, cases: Cases, verdicts: Sequence[Decision | None], held: frozenset[GroupId]
) -> np.ndarray:
    """Say per row whether it changes with its groups."""
    free = [
        isinstance(verdict, Change) and held.isdisjoint(through)
        for verdict, through in zip(verdicts, members.through, strict=True)
    ]
    return np.asarray(np.array(free, dtype=bool)[cases.code] & ~members.stray, dtype=bool)


def _fate(
    group_id: GroupId,
    swaps: Mapping[GroupId, GroupSwap],
    members: Members,
    cases: Cases,
    verdicts: Sequence[Decision | None],
    held: frozenset[GroupId],
    context: Context,
) -> Fate:
    swap = swaps[group_id]
    if group_id not in held:
        return Fate(swap)
    found = _in_the_way(swap, members, cases, verdicts, held, context)
    hindrances = tuple(
        _hindrance(reason, what, rows, cases, members.unread[group_id] if reason == "group_processing" else 0)
        for (reason, what), rows in found.items()
    )
    if swap.hold:
        return Fate(swap, swap.hold.reason, swap.hold.detail, hindrances)
    reasons = {of_group(h.reason) for h in hindrances}
    reason = next(code for code in _OF_MEMBERS if code in reasons)
    return Fate(swap, reason, joined(h.sentence for h in hindrances), hindrances)


def of_group(reason: str) -> str:
    """Return the reason for which a group is held when one of its members is held for this one."""
    if reason in _LOSSES:
        return "members_with_losses"
    return reason if reason in _OF_MEMBERS else "member_held"


def _in_the_way(
    swap: GroupSwap,
    members: Members,
    cases: Cases,
    verdicts: Sequence[Decision | None],
    held: frozenset[GroupId],
    context: Context,
) -> dict[tuple[str, str], list[np.ndarray]]:
    """Return the rows of the members who hold the group back, by reason and what it is about, in order of reason."""
    group_id = swap.group.id
    late, rows = members.unprocessed[group_id], members.inside[group_id]
    found: dict[tuple[str, str], list[np.ndarray]] = defaultdict(list)
    if len(late) or members.unread[group_id]:
        found["group_processing", ""].append(late)
    rows = rows[~np.isin(rows, late)]
    stray = members.stray[rows]
    if stray.any():
        found["inherited", ""].append(rows[stray])
    rows = rows[~stray]
    codes = cases.code[rows]
    for number in np.unique(codes).tolist():
        verdict, others = verdicts[number], [g for g in members.through[number] if g != group_id]
        if isinstance(verdict, Hold) and verdict.reason != "inherited":
            found[verdict.reason, ""].append(rows[codes == number])
        elif blocking := [g for g in others if g in held or not _is_named(g, members)]:
            what = ", ".join(context.group_names.get(g, g) for g in blocking)
            found["inherited", what].append(rows[codes == number])
    order = {code: n for n, code in enumerate(_OF_MEMBERS)}
    return dict(sorted(found.items(), key=lambda item: (order[of_group(item[0][0])], item[0])))


def _is_named(group_id: GroupId, members: Members) -> bool:
    return group_id in members.inside


def _hindrance(reason: str, what: str, rows: Sequence[np.ndarray], cases: Cases, unread: int) -> GroupHindrance:
    at = np.concatenate(rows)
    names = tuple(sorted(str(n) for n in cases.users["user_principal_name"].iloc[at])[:SAMPLE])
    n = len(at) + unread
    return GroupHindrance(reason, n, names, _sentence(reason, what, n))


def _sentence(reason: str, what: str, n: int) -> Message:
    if reason == "inherited" and what:
        return Message(
            "{n} member has the old product also through {groups}, which is not changed",
            "{n} members have the old product also through {groups}, which is not changed",
            n=n,
            groups=what,
        )
    if reason in _SENTENCES:
        return _SENTENCES[reason](n)
    return Message("{n} member stays as is: {why}", "{n} members stay as they are: {why}", n=n, why=REASONS[reason])


_SENTENCES: Mapping[str, Callable[[int], Message]] = MappingProxyType(
    {
        "group_processing": lambda n: Message(
            "{n} member does not have the group's licenses yet",
            "{n} members do not have the group's licenses yet",
            n=n,
        ),
        "members_differ": lambda n: Message(
            "{n} member is to get another product, or other services, than the group would give",
            "{n} members are to get another product, or other services, than the group would give",
            n=n,
        ),
        "outside_scope": lambda n: Message("{n} member is not in scope", "{n} members are not in scope", n=n),
        "lost_service": lambda n: Message(
            "{n} member would lose a service with data, or get a lower edition of it",
            "{n} members would lose a service with data, or get a lower edition of it",
            n=n,
        ),
        "lost_voice": lambda n: Message("{n} member would lose calling", "{n} members would lose calling", n=n),
        "inherited": lambda n: Message(
            "{n} member also has the license of another group without being in it",
            "{n} members also have the license of another group without being in it",
            n=n,
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Unit:
    """Groups that share members: they are swapped together or not at all.

    `rows` are all who change with them, `wave` is the first in which one of them is swapped.
    """

    groups: tuple[GroupId, ...]
    rows: np.ndarray
    wave: str


def units_of(weighed: Weighed, cases: Cases, waves: Mapping[GroupId, str], order: Sequence[str]) -> list[Unit]:
    """Return the groups that are swapped, together with those they share a member with; in order of their ids.

    `waves` are those of the groups, `order` is the one in which waves run.
    """
    root = {g: g for g, fate in weighed.fates.items() if not fate.reason}

    def find(group_id: GroupId) -> GroupId:
        while root[group_id] != group_id:
            root[group_id] = root[root[group_id]]
            group_id = root[group_id]
        return group_id

    for through in set(weighed.members.through):
        if through and all(g in root for g in through):
            for other in through[1:]:
                root[find(other)] = find(through[0])
    groups, rows = defaultdict[GroupId, list[GroupId]](list), defaultdict[GroupId, list[int]](list)
    for group_id in sorted(root):
        groups[find(group_id)].append(group_id)
    moving = np.flatnonzero(weighed.moving)
    for row, number in zip(moving.tolist(), cases.code[moving].tolist(), strict=True):
        rows[find(weighed.members.through[number][0])].append(row)
    return [
        Unit(tuple(several), np.array(rows[key], dtype=np.int64), min((waves[g] for g in several), key=order.index))
        for key, several in groups.items()
    ]


def without(weighed: Weighed, unit: Unit, reason: str, detail: Message) -> Weighed:
    """Hold the groups of a unit for a reason that appears when seats are given."""
    fates = dict(weighed.fates)
    for group_id in unit.groups:
        fates[group_id] = replace(fates[group_id], reason=reason, detail=detail)
    moving = weighed.moving.copy()
    moving[unit.rows] = False
    return replace(weighed, fates=fates, moving=moving)


def told_inherited(weighed: Weighed, number: int, *, stray: bool, context: Context) -> Message:
    """Say from which groups the user inherits what stays, and of a group that is named why it is not swapped."""
    parts = list[Message | str]()
    for group_id in weighed.members.through[number]:
        name, fate = context.group_names.get(group_id, group_id), weighed.fates.get(group_id)
        if fate is not None and fate.reason:
            why = REASONS[fate.reason]
            parts.append(Message("{group}, which is not changed: {why}", group=name, why=why))
        elif fate is not None and stray:
            parts.append(Message("{group}, of which the user is no member any more", group=name))
        else:
            parts.append(name)
    return Message("{groups}", groups=tuple(parts))


@dataclass(frozen=True, slots=True)
class NamedGroups:
    """The groups of `[groups] swap`, in its order: those that carry a source, and those that carry none any more."""

    swap: tuple[Group, ...]
    done: tuple[Group, ...]


def named_of(groups: Iterable[Group], policy: Policy) -> NamedGroups:
    """Return the groups that are named for a swap."""
    there = {g.id: g for g in groups}
    named = [there[g] for g in policy.groups.swap if g in there]
    carries = [any(one.sku_id in policy.sources for one in g.licenses) for g in named]
    return NamedGroups(tuple(compress(named, carries)), tuple(g for g, c in zip(named, carries, strict=True) if not c))


def members_of(groups: Iterable[Group]) -> frozenset[UserId]:
    """Return everybody right inside one of the groups."""
    return frozenset(chain.from_iterable(g.direct_members or () for g in groups))
