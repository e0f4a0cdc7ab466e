"""`reseat run`: check, plan, apply, verify and report in one go, resuming an unfinished run of the same inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from connectors.roster.rows import Roster
from jobs.license_reassignment.apply.work import work_of
from jobs.license_reassignment.commands.apply import Applied, apply_plan
from jobs.license_reassignment.commands.check import Checked, check
from jobs.license_reassignment.commands.plan import load_roster, plan_with
from jobs.license_reassignment.commands.shared.new_plan import Planned
from jobs.license_reassignment.commands.shared.parts import Parts
from jobs.license_reassignment.commands.verify import verify
from jobs.license_reassignment.errors import ExitCode, GuardRefused, InputError
from jobs.license_reassignment.gather.names import limits_of
from jobs.license_reassignment.guard import check_age, overtaken
from jobs.license_reassignment.model.command_lines import NextStep, apply_line, next_step, verify_line
from jobs.license_reassignment.model.plan import Plan, inputs_digest_of
from jobs.license_reassignment.reconcile.reconciliation import Reconciliation
from jobs.license_reassignment.run_folder.folder import RunDir, all_runs
from jobs.license_reassignment.run_folder.load import (
    entries,
    load_header,
    load_journal,
    load_other_runs,
    load_plan,
    load_runs,
    load_snapshot,
)

GOES_ON = frozenset({ExitCode.DONE, ExitCode.PEOPLE_LEFT})


@dataclass(slots=True)
class Steps:
    """How far a run came; the code is that of the step that ended it, and `next_step` the command that goes on."""

    code: ExitCode = ExitCode.DONE
    reason: str = ""
    next_step: NextStep = ()
    run: RunDir | None = None
    checked: Checked | None = None
    planned: Planned | None = None
    applied: Applied | None = None
    verified: Reconciliation | None = None


async def run_all(
    parts: Parts,
    *,
    approve: str,
    skip_bad_rows: bool,
    told: Callable[[str, object], None],
    steps: Steps | None = None,
) -> Steps:
    """Take one step after the other; the first whose code is neither 0 nor 3 ends the run, after a 5 it still verifies.

    Without `approve` it stops after the plan with 4. `told` hears each step's result. `steps` is filled in on the way,
    so that a caller who meets an error knows how far the run came.
    """
    steps = steps or Steps()
    steps.checked = await check(parts)
    told("check", steps.checked)
    if steps.checked.code not in GOES_ON:
        return _ended(steps, steps.checked.code, "prerequisites are missing: see the check")
    roster = load_roster(parts.effective)
    steps.run = unfinished(parts, roster)
    if steps.run is None:
        steps.planned = await plan_with(parts, roster, skip_bad_rows=skip_bad_rows)
        steps.run = steps.planned.run
        told("plan", steps.planned)
        if steps.planned.code not in GOES_ON:
            return _ended(steps, steps.planned.code, "the plan cannot be carried out yet")
    else:
        parts.watcher.said(f"continuing the unfinished run {steps.run.path}")
    if undone := taken_back(parts, steps.run):
        return _ended(steps, ExitCode.STOPPED, undone)
    if not approve:
        return _not_approved(steps, load_plan(steps.run))
    steps.applied = await apply_plan(parts, steps.run, tenant=approve)
    told("apply", steps.applied)
    if steps.applied.code not in {*GOES_ON, ExitCode.HARM}:
        return _ended(steps, steps.applied.code, steps.applied.reason, steps.applied.next_step)
    steps.verified = await verify(parts, steps.run)
    told("verify", steps.verified)
    return _ended(steps, ExitCode(steps.verified.exit_code), f"verdict {steps.verified.verdict}")


def _not_approved(steps: Steps, plan: Plan) -> Steps:
    """End after the plan: somebody has to approve it, where there is anything to approve."""
    if not plan.header.changes_anything:
        reason = "the plan changes nobody, so there is nothing to approve"
        return _ended(steps, ExitCode.STOPPED, reason, next_step(verify_line(plan.plan_id)))
    apply = next_step(apply_line(plan.plan_id, plan.tenant_id))
    approved = steps.planned.next_step if steps.planned else apply
    return _ended(steps, ExitCode.STOPPED, "the plan waits for approval: apply it, or run with --approve", approved)


def _ended(steps: Steps, code: ExitCode, reason: str, then: NextStep = ()) -> Steps:
    steps.code, steps.reason, steps.next_step = code, reason, then
    return steps


def _digest(parts: Parts, roster: Roster | None) -> str:
    settings = parts.effective.settings
    return inputs_digest_of(
        tenant_id=settings.tenant.id.lower(),
        frozen=settings.frozen_part(),
        roster_sha256=roster.sha256 if roster else "",
    )


def unfinished(parts: Parts, roster: Roster | None) -> RunDir | None:
    """Find the newest run of the same inputs that still has changes pending or in doubt.

    One that a later run has overtaken is passed over: its apply would be refused.
    """
    digest = _digest(parts, roster)
    for run in all_runs(parts.effective.runs_path):
        try:
            header = load_header(run)
            own = header.inputs_digest == digest and run.path.name == header.plan_id  # a copy of a run is no run
            if own and _has_open(parts, run, load_plan(run)):
                return run
        except (GuardRefused, InputError):
            continue
    return None


def _has_open(parts: Parts, run: RunDir, plan: Plan) -> bool:
    """Whether changes are left that may be sent; a plan that nobody began in time is made anew on a fresh snapshot."""
    try:
        head = load_journal(run, plan)
        if not any(line.kind == "intent" for line in head.lines):
            check_age(plan, limits_of(parts.effective.settings), parts.clock.now())
    except GuardRefused:
        return False
    readable = replace(load_other_runs(run, plan), unreadable=())
    work = work_of(plan, load_snapshot(run), entries(head.lines), readable, plan.wave_names[-1])
    return bool(work.open() or work.open_groups()) and not overtaken(plan, work.would_touch(), readable)


def taken_back(parts: Parts, run: RunDir) -> str:
    """Say that the newest begun run of these inputs was undone, where this one would move anybody again; else ""."""
    plan = load_plan(run)
    known = load_runs(parts.effective.runs_path, plan.tenant_id)
    begun = [n for n in known.runs if n.begun and n.inputs_digest == plan.header.inputs_digest]
    newest = max(begun, key=lambda n: (n.snapshot_ended, n.created_at), default=None)
    undo = known.undone_by(newest.plan_id) if newest else None
    if newest is None or undo is None or not plan.header.changes_anything:
        return ""
    return (
        f"plan {plan.plan_id} would move users again whom the undo {undo.plan_id} of plan {newest.plan_id} took back; "
        f"if that is intended: {apply_line(plan.plan_id, plan.tenant_id)}"
    )
