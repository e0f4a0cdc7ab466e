"""`reseat undo`: the inverse of what a plan did, from its before-images, as an ordinary plan on a fresh snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connectors.message import Message
from connectors.tenant import ReadScope, TenantSnapshot
from jobs.license_reassignment.commands.shared.new_plan import (
    CHANGES_NOBODY,
    Planned,
    origin_of,
    warnings_of,
    write_plan,
)
from jobs.license_reassignment.commands.shared.parts import Parts
from jobs.license_reassignment.commands.shared.sign_in import sign_in
from jobs.license_reassignment.decide.undo import draw_undo
from jobs.license_reassignment.gather import readiness
from jobs.license_reassignment.gather.names import limits_of
from jobs.license_reassignment.guard import check_tenant
from jobs.license_reassignment.model.change import LicenseTask
from jobs.license_reassignment.model.group_change import GroupTask
from jobs.license_reassignment.model.other_runs import OtherRuns, lines_about
from jobs.license_reassignment.model.plan import Plan, group_tasks_of, tasks_of
from jobs.license_reassignment.model.standing import GROUPS, NOT_SENT, fold
from jobs.license_reassignment.model.text import counted
from jobs.license_reassignment.reconcile.whose_change import ChangesByOtherRuns, changes_by_other_runs
from jobs.license_reassignment.run_folder.folder import RunDir
from jobs.license_reassignment.run_folder.load import entries, load_journal, load_other_runs, load_plan, load_snapshot
from jobs.license_reassignment.run_folder.progress_file import pauses_left
from jobs.license_reassignment.run_folder.seal import load_signing_key


async def make_undo(parts: Parts, run: RunDir) -> Planned:
    """Read the tenant, and plan to give back exactly what the plan took, wherever nobody else has changed it since."""
    load_signing_key(parts.effective.signing_key_path)
    plan = load_plan(run)
    known = entries(load_journal(run, plan).lines)
    standings = fold(known)
    parts.tenant.keep(pauses_left(run, known))
    before, of_groups = load_snapshot(run), fold(known, GROUPS)
    tasks = [t for u, t in tasks_of(plan, before).items() if standings.get(u, NOT_SENT).ours]
    swaps = [t for g, t in group_tasks_of(plan, before).items() if of_groups.get(g, NOT_SENT).ours]
    nobody = CHANGES_NOBODY if tasks or swaps else _changed_nobody(plan)
    identity, organization = await sign_in(parts)
    check_tenant(plan, organization.id)
    snapshot = await parts.tenant.read_tenant(_scope(plan, tasks, swaps), on_page=parts.watcher.reading)
    there = frozenset(snapshot.users["id"])
    if missing := sum(t.user_id not in there for t in tasks):
        one, many = "user of the plan no longer exists and is", "users of the plan no longer exist and are"
        parts.watcher.said(f"{counted(missing, one, many)} left out.")
    for sentence in _out_of_reach(swaps, snapshot):
        parts.watcher.said(sentence)
    others = _others(plan, load_other_runs(run, plan))
    writers = {
        t.user_id: others.last_writer(t.user_id, {*t.adds, *t.change.remove}, standings[t.user_id].at) for t in tasks
    }
    limits = limits_of(parts.effective.settings)
    draft = draw_undo(plan, tasks, swaps, writers, snapshot, limits, parts.catalog, origin_of(parts, identity))
    wanted = [p.sku_id for p in draft.header.targets if readiness.has_units(snapshot.sku(p.sku_id), limits)]
    not_ready = readiness.not_ready(snapshot, wanted, limits)  # what has no units left never will be: no_seat says so
    return write_plan(parts, draft, warnings_of(draft, nobody), not_ready)


def _changed_nobody(plan: Plan) -> Message:
    return Message(
        "Plan {plan} has changed nobody, according to its journal, so there is nothing to undo.",
        plan=plan.plan_id,
    )


def _out_of_reach(swaps: Sequence[GroupTask], snapshot: TenantSnapshot) -> Iterator[str]:
    """Say which groups are gone, and of which members have left: to these an undo gives nothing."""
    there = {g.id: g for g in snapshot.groups}
    if gone := sorted(t.name for t in swaps if t.group_id not in there):
        one, many = (
            "group of the plan no longer exists: its members get",
            "groups of the plan no longer exist: members get",
        )
        yield f"{counted(len(gone), one, many)} nothing back by this plan ({', '.join(gone)})."
    for task in swaps:
        group = there.get(task.group_id)
        if group is None or group.direct_members is None:
            continue
        if left := len(task.members - group.direct_members):
            yield f"{counted(left, 'member has', 'members have')} left {task.name} since: an undo gives them nothing."


def _others(plan: Plan, runs: OtherRuns) -> ChangesByOtherRuns:
    """Return what other runs of ours did to the users of the plan since its snapshot."""
    lines = lines_about(plan, frozenset(plan.decisions["id"].astype(str)), runs)
    return changes_by_other_runs(lines, plan.plan_id)


def _scope(plan: Plan, tasks: Sequence[LicenseTask], swaps: Sequence[GroupTask]) -> ReadScope:
    members = {u for t in swaps for u in t.members}
    return ReadScope(
        sku_ids=(*plan.sources, *plan.targets),
        group_sku_ids=plan.sources,
        lookups=tuple(sorted({*(t.user_id for t in tasks), *members})),
        swap_groups=tuple(t.group_id for t in swaps),
    )
