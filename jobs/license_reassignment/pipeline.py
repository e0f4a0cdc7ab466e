"""`reseat run`: check, plan, apply, verify and report in one go, resuming an unfinished run of the same inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from connectors.tenant import UserId
from jobs.license_reassignment.applying import Applied, apply_plan
from jobs.license_reassignment.checking import Checked, check
from jobs.license_reassignment.exits import ExitCode, GuardRefused, InputError
from jobs.license_reassignment.guard import check_age
from jobs.license_reassignment.outcome import Standing, fold
from jobs.license_reassignment.plan import Plan, inputs_digest_of
from jobs.license_reassignment.ports import Parts
from jobs.license_reassignment.preparing import Planned, load_roster, make_plan
from jobs.license_reassignment.reconciliation import Reconciliation
from jobs.license_reassignment.resolve import limits_of
from jobs.license_reassignment.rundir import RunDir, all_runs
from jobs.license_reassignment.store import entries, load_journal, load_plan, load_snapshot, tasks_of
from jobs.license_reassignment.verifying import verify

GOES_ON = frozenset({ExitCode.DONE, ExitCode.PEOPLE_LEFT})


@dataclass(slots=True)
class Steps:
    """How far a run came; the code is that of the step that ended it."""

    code: ExitCode = ExitCode.DONE
    reason: str = ""
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
) -> Steps:
    """Take one step after the other; the first whose code is neither 0 nor 3 ends the run, after a 5 it still verifies.

    Without `approve` it stops after the plan with 4. `told` hears each step's result.
    """
    steps = Steps()
    steps.checked = await check(parts)
    told("check", steps.checked)
    if steps.checked.code not in GOES_ON:
        return _ended(steps, steps.checked.code, "check found something that must come first")
    steps.run = unfinished(parts)
    if steps.run is None:
        steps.planned = await make_plan(parts, skip_bad_rows=skip_bad_rows)
        steps.run = steps.planned.run
        told("plan", steps.planned)
        if steps.planned.code not in GOES_ON:
            return _ended(steps, steps.planned.code, "the plan cannot be carried out yet")
    else:
        parts.watcher.said(f"continuing the unfinished run {steps.run.path}")
    if not approve:
        name = steps.run.path.name
        waits = f"the plan waits for approval: `reseat run --approve TENANT`, or `reseat apply {name} --tenant TENANT`"
        return _ended(steps, ExitCode.STOPPED, waits)
    steps.applied = await apply_plan(parts, steps.run, tenant=approve)
    told("apply", steps.applied)
    if steps.applied.code not in {*GOES_ON, ExitCode.HARM}:
        return _ended(steps, steps.applied.code, steps.applied.reason)
    steps.verified = await verify(parts, steps.run)
    told("verify", steps.verified)
    return _ended(steps, ExitCode(steps.verified.exit_code), f"verdict {steps.verified.verdict}")


def _ended(steps: Steps, code: ExitCode, reason: str) -> Steps:
    steps.code, steps.reason = code, reason
    return steps


def unfinished(parts: Parts) -> RunDir | None:
    """Find the newest run of the same inputs that still has changes pending or in doubt."""
    settings = parts.effective.settings
    roster = load_roster(parts.effective.roster_path)
    digest = inputs_digest_of(
        tenant_id=settings.tenant.id.lower(),
        frozen=settings.frozen_part(),
        roster_sha256=roster.sha256 if roster else "",
    )
    for run in all_runs(parts.effective.runs_path):
        try:
            plan = load_plan(run)
        except (GuardRefused, InputError):
            continue
        if plan.header["inputs_digest"] == digest:
            return run if _has_open(parts, run, plan) else None
    return None


def _has_open(parts: Parts, run: RunDir, plan: Plan) -> bool:
    """Whether changes are left; a plan that nobody began in time is made anew on a fresh snapshot."""
    head = load_journal(run, plan)
    if not any(line.kind == "intent" for line in head.lines):
        try:
            check_age(plan, limits_of(parts.effective.settings), parts.clock.now())
        except GuardRefused:
            return False
    standings = fold(entries(head.lines))
    return any(not _of(standings, u).answered for u in tasks_of(plan, load_snapshot(run)))


def _of(standings: dict[str, Standing], user_id: UserId) -> Standing:
    return standings.get(user_id, Standing())
