"""`reseat undo`: the inverse of what a plan did, from its before-images, as an ordinary plan on a fresh snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from connectors.changes import AddLicense
from connectors.countries import is_country
from connectors.tenant import LicenseProfile, ReadScope, SkuId, TenantSnapshot
from jobs.license_reassignment.commands.plan import NOBODY, Planned, origin_of, warnings_of, write_plan
from jobs.license_reassignment.commands.shared.parts import Parts
from jobs.license_reassignment.commands.shared.sign_in import sign_in
from jobs.license_reassignment.decide.decide import Change, Decision, Hold
from jobs.license_reassignment.decide.draft import Draft, describe
from jobs.license_reassignment.decide.seats import seat_row
from jobs.license_reassignment.decide.table import DECISION_COLUMNS, decision_columns, texts
from jobs.license_reassignment.decide.waves import give_seats, wave_order
from jobs.license_reassignment.gather import readiness
from jobs.license_reassignment.gather.names import limits_of
from jobs.license_reassignment.guard import check_tenant
from jobs.license_reassignment.model.change import LicenseTask, is_broken, look
from jobs.license_reassignment.model.other_runs import OtherRuns, lines_about
from jobs.license_reassignment.model.plan import Plan
from jobs.license_reassignment.model.plan_header import SeatRow
from jobs.license_reassignment.model.policy import Limits, Wave
from jobs.license_reassignment.model.standing import NOT_SENT, fold
from jobs.license_reassignment.model.text import counted
from jobs.license_reassignment.reconcile.whose_change import ChangesByOtherRuns, changes_by_other_runs
from jobs.license_reassignment.run_folder.folder import RunDir
from jobs.license_reassignment.run_folder.load import (
    entries,
    load_journal,
    load_other_runs,
    load_plan,
    load_snapshot,
    tasks_of,
)
from jobs.license_reassignment.run_folder.progress_file import pauses_left
from jobs.license_reassignment.run_folder.seal import load_signing_key

FIRST_WAVE = "in error"
"""The wave of those whose new license Graph accepted and then put in error: they get seats and are sent first."""

CHANGED_NOBODY = "has changed nobody (as far as its journal says), so there is nothing to take back."


@dataclass(frozen=True, slots=True)
class Now:
    """One user as the fresh snapshot shows them."""

    name: str
    number: int
    profile: LicenseProfile
    located: bool


async def make_undo(parts: Parts, run: RunDir) -> Planned:
    """Read the tenant, and plan to give back exactly what the plan took, wherever nobody else has changed it since."""
    load_signing_key(parts.effective.signing_key_path)
    plan = load_plan(run)
    known = entries(load_journal(run, plan).lines)
    standings = fold(known)
    parts.tenant.keep(pauses_left(run, known))
    tasks = [t for u, t in tasks_of(plan, load_snapshot(run)).items() if standings.get(u, NOT_SENT).ours]
    nobody = NOBODY if tasks else f"Plan {plan.plan_id} {CHANGED_NOBODY}"
    identity, organization = await sign_in(parts)
    check_tenant(plan, organization.id)
    snapshot = await parts.tenant.read_tenant(_scope(plan, tasks), on_page=parts.watcher.reading)
    now = _now(snapshot)
    missing = [t for t in tasks if t.user_id not in now]
    if missing:
        one, many = "user of the plan no longer exists and is", "users of the plan no longer exist and are"
        parts.watcher.said(f"{counted(len(missing), one, many)} left out.")
    tasks = sorted((t for t in tasks if t.user_id in now), key=lambda t: not _broken(t, now[t.user_id]))
    others = _others(plan, load_other_runs(run, plan))
    writers = (others.last_writer(t.user_id, {*t.adds, *t.change.remove}, standings[t.user_id].at) for t in tasks)
    decided = [_unless_overtaken(reverse(t, now[t.user_id]), w) for t, w in zip(tasks, writers, strict=True)]
    first = sum(_broken(t, now[t.user_id]) for t in tasks)
    waves = (Wave(FIRST_WAVE),) if first else ()
    leaving = sorted({s for d in decided if isinstance(d, Change) for s in d.remove})
    coming = sorted({s for t in tasks for s in t.change.remove})
    table = _table(plan, tasks, decided, [now[t.user_id] for t in tasks])
    table["wave"] = texts(_in_waves(decided, first, wave_order(waves)))
    limits = limits_of(parts.effective.settings)
    seats = give_seats(table, decided, _seats(snapshot, coming, limits), waves, capped={})
    decisions = table.loc[:, list(DECISION_COLUMNS)].astype(str)
    header = describe(
        replace(origin_of(parts, identity), frozen=plan.header.frozen),
        snapshot,
        parts.catalog,
        decisions,
        kind="undo",
        inputs_digest=f"undo {plan.digest}",
        sources=leaving,
        targets=coming,
        waves=wave_order(waves),
        seats=seats,
    )
    everybody = tuple(sorted(decisions["id"]))
    header = replace(header, undo_of=plan.plan_id, protected=plan.header.protected, acknowledged=everybody)
    draft = Draft(header, decisions, snapshot)
    not_ready = readiness.not_ready(snapshot, coming, limits)
    return write_plan(parts, draft, warnings_of(draft, nobody), not_ready)


def _others(plan: Plan, runs: OtherRuns) -> ChangesByOtherRuns:
    """Return what other runs of ours did to the users of the plan since its snapshot."""
    lines = lines_about(plan, frozenset(plan.decisions["id"].astype(str)), runs)
    return changes_by_other_runs(lines, plan.plan_id)


def _unless_overtaken(decision: Decision, writer: str) -> Decision:
    """Leave alone whom another run of ours has written to since: what stands there is that run's, and it is named."""
    if not writer or (isinstance(decision, Hold) and decision.reason != "changed_by_others"):
        return decision
    return Hold("changed_by_run", f"by {writer}", decision.targets)


def _broken(task: LicenseTask, now: Now) -> bool:
    """Whether our change was carried out and its license is in error: this user has lost something, and comes first."""
    return bool(task.change.add) and is_broken(now.profile, task.change)


def _in_waves(decided: Sequence[Decision], first: int, names: Sequence[str]) -> list[str]:
    """Put the first so many changes into the first wave, the others into the last."""
    waves = [names[0] if n < first else names[-1] for n in range(len(decided))]
    return [wave if isinstance(d, Change) else "" for d, wave in zip(decided, waves, strict=True)]


def _scope(plan: Plan, tasks: Sequence[LicenseTask]) -> ReadScope:
    return ReadScope(
        sku_ids=(*plan.sources, *plan.targets),
        group_sku_ids=plan.sources,
        lookups=tuple(t.user_id for t in tasks),
    )


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
    table["roster_line"] = table["usage_location"] = table["acknowledged_by"] = ""
    table["decision"] = range(len(decided))
    return table


def _seats(snapshot: TenantSnapshot, coming: Sequence[SkuId], limits: Limits) -> list[SeatRow]:
    found = [snapshot.sku(s) for s in coming]
    return [
        seat_row(
            sku,
            snapshot.subscriptions,
            reserve=0,
            count_warning_units=limits.count_warning_units,
            allow_trial=limits.allow_trial,
        )
        for sku in found
        if sku is not None
    ]
