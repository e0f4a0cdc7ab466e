"""Who gets back what a plan took, and who is left alone: the inverse plan, from its before-images. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from connectors.catalog.products import Catalog
from connectors.changes import AddLicense
from connectors.countries import is_country
from connectors.message import Message
from connectors.tenant import GroupId, LicenseProfile, TenantSnapshot, UserId
from jobs.license_reassignment.decide.decide import Change, Decision, Hold, messages_of
from jobs.license_reassignment.decide.draft import Draft, Origin, describe
from jobs.license_reassignment.decide.groups.group_undo import (
    GroupBack,
    group_back,
    member_of,
    rows_of,
    together,
    told_of,
)
from jobs.license_reassignment.decide.groups.weigh import Unit
from jobs.license_reassignment.decide.seats import seat_rows
from jobs.license_reassignment.decide.table import DECISION_COLUMNS, ORDER_COLUMN, decision_columns, texts
from jobs.license_reassignment.decide.waves import give_seats, wave_order
from jobs.license_reassignment.model.change import LicenseTask, is_broken, look
from jobs.license_reassignment.model.group_change import GroupTask
from jobs.license_reassignment.model.other_runs import by_run
from jobs.license_reassignment.model.plan import Plan
from jobs.license_reassignment.model.policy import Limits, Wave

FIRST_WAVE = "in error"
"""The wave of those whose new license Graph accepted and then put in error: they get seats and are sent first."""


@dataclass(frozen=True, slots=True)
class Now:
    """One user as the fresh snapshot shows them."""

    name: str
    number: int
    profile: LicenseProfile
    located: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One user of the undo: what becomes of them, `via` which groups, and whether they come first."""

    user_id: UserId
    now: Now
    decision: Decision
    first: bool
    via: tuple[GroupId, ...] = ()


def draw_undo(
    plan: Plan,
    tasks: Sequence[LicenseTask],
    swaps: Sequence[GroupTask],
    writers: Mapping[UserId, Message],
    snapshot: TenantSnapshot,
    limits: Limits,
    catalog: Catalog,
    origin: Origin,
) -> Draft:
    """Decide everybody whom the plan changed and who is still there, on the fresh snapshot.

    `tasks` and `swaps` are the changes that were carried out; `writers` names the other run that wrote to a user since,
    an empty one for none. Who lost a service by the plan comes first, in a wave of their own. Who also held the old
    product directly gets it back through the group alone.
    """
    now = _now(snapshot)
    backs = _groups(swaps, now, snapshot)
    people = [*_users(tasks, now, writers, backs), *_members(backs, now)]
    people.sort(key=lambda row: not row.first)
    first = any(row.first for row in people)
    waves = (Wave(FIRST_WAVE),) if first else ()
    order = wave_order(waves)
    decided = [row.decision for row in people]
    table = _table(plan, people)
    table["wave"] = texts(_wave_of(row, order) for row in people)
    units = _units(people, order)
    in_wave = {b.group.id: order[-1] for b in backs} | {g: unit.wave for unit in units for g in unit.groups}
    for unit in units:
        table.loc[unit.rows, "wave"] = unit.wave
    coming = sorted({s for row in people for s in row.decision.targets})
    rows = seat_rows(map(snapshot.sku, coming), snapshot.subscriptions, replace(limits, seats_reserve=0))
    seats = give_seats(table, decided, rows, waves, capped={}, units=units)
    backs = _seated(table, backs, units)
    decisions = table.loc[:, list(DECISION_COLUMNS)].astype(str)
    messages = messages_of([*decided, *(b.decision for b in backs)])
    header = describe(
        replace(origin, frozen=plan.header.frozen),
        snapshot,
        catalog,
        decisions,
        kind="undo",
        inputs_digest=f"undo {plan.digest}",
        sources=sorted(
            {s for d in (*decided, *(b.decision for b in backs)) if isinstance(d, Change) for s in d.remove}
        ),
        targets=coming,
        waves=wave_order(waves),
        seats=seats,
    )
    everybody = tuple(sorted(decisions["id"]))
    header = replace(
        header,
        undo_of=plan.plan_id,
        protected=plan.header.protected,
        acknowledged=everybody,
        groups=told_of(backs, in_wave) or None,
    )
    return Draft(header, decisions, snapshot, messages, groups=rows_of(backs, in_wave))


def _groups(swaps: Sequence[GroupTask], now: Mapping[str, Now], snapshot: TenantSnapshot) -> list[GroupBack]:
    """Decide each changed group that is still there."""
    there = {g.id: g for g in snapshot.groups}
    profiles = {UserId(u): one.profile for u, one in now.items()}
    names = {UserId(u): one.name for u, one in now.items()}
    return together([group_back(t, there[t.group_id], profiles, names) for t in swaps if t.group_id in there])


def _users(
    tasks: Sequence[LicenseTask], now: Mapping[str, Now], writers: Mapping[UserId, Message], backs: Sequence[GroupBack]
) -> Iterator[Row]:
    """Yield a row for each user whom the plan changed directly, without those whom a group takes back."""
    by_group = {u for b in backs for u in b.members}
    for task in tasks:
        if task.user_id in now and task.user_id not in by_group:
            one = now[task.user_id]
            decision = _unless_overtaken(reverse(task, one), writers[task.user_id])
            yield Row(task.user_id, one, decision, _broken(task, one))


def _members(backs: Sequence[GroupBack], now: Mapping[str, Now]) -> Iterator[Row]:
    """Yield a row for each member whom the plan moved with a group."""
    through: dict[UserId, list[GroupBack]] = {}
    for back in backs:
        for user_id in back.members:
            through.setdefault(user_id, []).append(back)
    for user_id, several in through.items():
        decision = member_of(several, now[user_id].profile)
        via = tuple(b.group.id for b in several if b.goes) if isinstance(decision, Change) else ()
        yield Row(user_id, now[user_id], decision, any(b.broken for b in several), via)


def _units(people: Sequence[Row], order: Sequence[str]) -> list[Unit]:
    """Return groups that share members as one: they get their seats together or not at all, and in one wave."""
    units: list[tuple[set[GroupId], list[int]]] = []
    for number, row in enumerate(people):
        if not row.via:
            continue
        shared = [u for u in units if u[0] & set(row.via)]
        units = [u for u in units if not u[0] & set(row.via)]
        groups = set(row.via).union(*(u[0] for u in shared))
        units.append((groups, sorted([number, *(n for u in shared for n in u[1])])))
    waves = [order[0] if any(people[n].first for n in rows) else order[-1] for _, rows in units]
    return [
        Unit(tuple(sorted(groups)), np.array(rows, dtype=np.int64), wave)
        for (groups, rows), wave in zip(units, waves, strict=True)
    ]


def _seated(table: pd.DataFrame, backs: Sequence[GroupBack], units: Sequence[Unit]) -> list[GroupBack]:
    """Hold the groups for whose members there are no seats; their rows then name no group."""
    without: dict[GroupId, Hold] = {}
    for unit in units:
        at = unit.rows[0]
        if table["kind"].iloc[at] == "hold":
            reason, sku = str(table["reason"].iloc[at]), str(table["detail"].iloc[at])
            without |= {g: Hold(reason, Message("{sku}", sku=sku)) for g in unit.groups}
            table.loc[unit.rows, "via_groups"] = ""
    return [
        replace(b, decision=replace(without[b.group.id], targets=b.decision.targets)) if b.group.id in without else b
        for b in backs
    ]


def _unless_overtaken(decision: Decision, writer: Message) -> Decision:
    """Leave alone whom another run of ours has written to since: what stands there is that run's, and it is named."""
    if not writer or (isinstance(decision, Hold) and decision.reason != "changed_by_others"):
        return decision
    return Hold("changed_by_run", by_run(writer), decision.targets)


def _broken(task: LicenseTask, now: Now) -> bool:
    """Whether our change was carried out and its license is in error: this user has lost something, and comes first."""
    return bool(task.change.add) and is_broken(now.profile, task.change)


def _wave_of(row: Row, order: Sequence[str]) -> str:
    """Return the first wave for who comes first, the last for the others, and none for who is held."""
    return (order[0] if row.first else order[-1]) if isinstance(row.decision, Change) else ""


def _now(snapshot: TenantSnapshot) -> dict[str, Now]:
    users = snapshot.users
    columns = (users[c].to_list() for c in ("id", "user_principal_name", "profile", "usage_location"))
    return {
        user_id: Now(name, number, snapshot.profiles[number], is_country(location))
        for user_id, name, number, location in zip(*columns, strict=True)
    }


def reverse(task: LicenseTask, now: Now) -> Decision:
    """Decide one user: back to the before-image in one request, or not touched, and why.

    A license of ours that Graph accepted and then put in error is taken back as any other.
    """
    targets = task.change.remove
    seen = look(now.profile, task.before, task.change, task.targets)
    if seen == "before":
        return Hold("already_on_target", targets=targets)
    if seen != "moved" and not _broken(task, now):
        return Hold("changed_by_others", targets=targets)
    if not now.located:
        return Hold("no_usage_location", targets=targets)
    held = {s: task.before.direct(s) for s in task.change.remove}
    add = tuple(AddLicense(s, a.disabled_plans) for s, a in held.items() if a is not None)
    remove = tuple(a.sku_id for a in task.change.add)
    return Change(targets=targets, add=add, remove=remove, needs=tuple(a.sku_id for a in add))


def _table(plan: Plan, people: Sequence[Row]) -> pd.DataFrame:
    table = decision_columns([row.decision for row in people])
    table["id"] = texts(row.user_id for row in people)
    table["name"] = texts(row.now.name for row in people)
    table["rule"] = f"undo {plan.plan_id}"
    table["before"] = [row.now.number for row in people]
    table["via_groups"] = texts("+".join(row.via) for row in people)
    for column in ("roster_line", "usage_location", "acknowledged_by"):
        table[column] = ""
    table["decision"], table[ORDER_COLUMN] = range(len(people)), ""
    return table
