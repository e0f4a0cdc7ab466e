"""Who gets back what a plan took, and who is left alone: the inverse plan, from its before-images. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from connectors.catalog.products import Catalog
from connectors.changes import AddLicense
from connectors.countries import is_country
from connectors.message import Message
from connectors.tenant import LicenseProfile, TenantSnapshot, UserId
from jobs.license_reassignment.decide.decide import Change, Decision, Hold, messages_of
from jobs.license_reassignment.decide.draft import Draft, Origin, describe
from jobs.license_reassignment.decide.seats import seat_rows
from jobs.license_reassignment.decide.table import DECISION_COLUMNS, ORDER_COLUMN, decision_columns, texts
from jobs.license_reassignment.decide.waves import give_seats, wave_order
from jobs.license_reassignment.model.change import LicenseTask, is_broken, look
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


def draw_undo(
    plan: Plan,
    tasks: Sequence[LicenseTask],
    writers: Mapping[UserId, Message],
    snapshot: TenantSnapshot,
    limits: Limits,
    catalog: Catalog,
    origin: Origin,
) -> Draft:
    """Decide everybody whom the plan changed and who is still there, on the fresh snapshot.

    `tasks` are the changes that were carried out; `writers` names the other run that wrote to a user since, an
    empty one for none. Who lost a service by the plan comes first, in a wave of their own.
    """
    now = _now(snapshot)
    tasks = sorted((t for t in tasks if t.user_id in now), key=lambda t: not _broken(t, now[t.user_id]))
    decided = [_unless_overtaken(reverse(t, now[t.user_id]), writers[t.user_id]) for t in tasks]
    first = sum(_broken(t, now[t.user_id]) for t in tasks)
    waves = (Wave(FIRST_WAVE),) if first else ()
    coming = sorted({s for t in tasks for s in t.change.remove})
    table = _table(plan, tasks, decided, [now[t.user_id] for t in tasks])
    table["wave"] = texts(_in_waves(decided, first, wave_order(waves)))
    rows = seat_rows(map(snapshot.sku, coming), snapshot.subscriptions, replace(limits, seats_reserve=0))
    seats = give_seats(table, decided, rows, waves, capped={})
    decisions = table.loc[:, list(DECISION_COLUMNS)].astype(str)
    header = describe(
        replace(origin, frozen=plan.header.frozen),
        snapshot,
        catalog,
        decisions,
        kind="undo",
        inputs_digest=f"undo {plan.digest}",
        sources=sorted({s for d in decided if isinstance(d, Change) for s in d.remove}),
        targets=coming,
        waves=wave_order(waves),
        seats=seats,
    )
    everybody = tuple(sorted(decisions["id"]))
    header = replace(header, undo_of=plan.plan_id, protected=plan.header.protected, acknowledged=everybody)
    return Draft(header, decisions, snapshot, messages_of(decided))


def _unless_overtaken(decision: Decision, writer: Message) -> Decision:
    """Leave alone whom another run of ours has written to since: what stands there is that run's, and it is named."""
    if not writer or (isinstance(decision, Hold) and decision.reason != "changed_by_others"):
        return decision
    return Hold("changed_by_run", by_run(writer), decision.targets)


def _broken(task: LicenseTask, now: Now) -> bool:
    """Whether our change was carried out and its license is in error: this user has lost something, and comes first."""
    return bool(task.change.add) and is_broken(now.profile, task.change)


def _in_waves(decided: Sequence[Decision], first: int, names: Sequence[str]) -> list[str]:
    """Put the first so many changes into the first wave, the others into the last."""
    waves = [names[0] if n < first else names[-1] for n in range(len(decided))]
    return [wave if isinstance(d, Change) else "" for d, wave in zip(decided, waves, strict=True)]


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


def _table(plan: Plan, tasks: Sequence[LicenseTask], decided: Sequence[Decision], now: Sequence[Now]) -> pd.DataFrame:
    table = decision_columns(decided)
    table["id"] = texts(t.user_id for t in tasks)
    table["name"] = texts(n.name for n in now)
    table["rule"] = f"undo {plan.plan_id}"
    table["before"] = [n.number for n in now]
    for column in ("roster_line", "usage_location", "acknowledged_by", "via_groups"):
        table[column] = ""
    table["decision"], table[ORDER_COLUMN] = range(len(decided)), ""
    return table
