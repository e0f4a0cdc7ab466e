"""`reseat apply`: guard, journal, engine; one session that continues wherever the last one stopped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from connectors.changes import WRITE_PERMISSION, Traffic
from connectors.errors import ConnectorError, PermissionMissing
from connectors.tenant import Identity, SubscribedSku, UserId
from jobs.license_reassignment import guard
from jobs.license_reassignment.apply.canary import canary_of
from jobs.license_reassignment.apply.engine import apply, close
from jobs.license_reassignment.apply.queue import Queue
from jobs.license_reassignment.apply.replies import ReplyJudge
from jobs.license_reassignment.apply.session import Ending, Session, granted_before
from jobs.license_reassignment.apply.work import (
    WINDOW,
    Work,
    concerned,
    groups_needing_attention,
    holding,
    needs_attention,
    next_command,
    nothing_to_do,
    only_settling,
    overtaken_text,
    protected_text,
    sparing,
    wave_named,
    work_of,
)
from jobs.license_reassignment.commands.shared.parts import Parts
from jobs.license_reassignment.commands.shared.parts_of_a_call import journal_of, with_groups
from jobs.license_reassignment.commands.shared.protected import protected_now
from jobs.license_reassignment.errors import ExitCode, GuardRefused, JobError
from jobs.license_reassignment.gather import readiness
from jobs.license_reassignment.gather.names import limits_of, refuse_unknown_accepted
from jobs.license_reassignment.model.command_lines import NextStep, next_step, plan_again_line, verify_line
from jobs.license_reassignment.model.plan import Plan, plan_list_sha256
from jobs.license_reassignment.model.plan_header import FrozenSettings
from jobs.license_reassignment.model.progress import Progress
from jobs.license_reassignment.model.standing import GROUPS, NOT_SENT, Standing, fold
from jobs.license_reassignment.run_folder.folder import RunDir
from jobs.license_reassignment.run_folder.journal import Head, Journal
from jobs.license_reassignment.run_folder.load import (
    entries,
    load_journal,
    load_other_runs,
    load_plan,
    load_snapshot,
)
from jobs.license_reassignment.run_folder.progress_file import pauses_left
from jobs.license_reassignment.run_folder.seal import load_signing_key


@dataclass(frozen=True, slots=True)
class Applied:
    """How an apply ended. `counts` are users by standing; `head` is the journal's last line and hash.

    `attention` says of each user whom it could not move: name, standing, Graph's words or the reason's code.
    """

    plan: Plan
    code: ExitCode
    reason: str
    counts: Mapping[str, int]
    head: tuple[int, str]
    writes: int
    next_step: NextStep = ()
    attention: tuple[tuple[str, str, str], ...] = ()
    groups: Mapping[str, int] = field(default_factory=dict)
    groups_attention: tuple[tuple[str, str, str], ...] = ()


async def apply_plan(parts: Parts, run: RunDir, *, tenant: str, wave: str = "") -> Applied:
    """Carry the plan out. Raises GuardRefused (10), NotReady (6) or a sign-in error (7) before anything is sent.

    Where a later run has overtaken the plan for somebody, only what is in doubt is looked at before it is refused.
    """
    load_signing_key(parts.effective.signing_key_path)
    parts.control.watch(run.path)
    parts.progress_file.start(run, parts.clock.now, parts.tenant.pauses)
    plan = load_plan(run)
    wave = wave_named(plan, wave)
    guard.check_tenant(plan, tenant)
    guard.check_pin(plan, parts.effective.settings.tenant.id)
    before, head = load_snapshot(run), load_journal(run, plan)
    work = work_of(plan, before, entries(head.lines), load_other_runs(run, plan), wave)
    if guard.overtaken(plan, set().union(*work.retries.values()), work.others):
        work = replace(work, retries={})
    if not work.anything_open:
        return _applied(work, nothing_to_do(work), work.license_queue(), (head.seq, head.hash))
    if early := parts.control.must_end():
        return _applied(work, Ending(ExitCode.STOPPED, early), work.license_queue(), (head.seq, head.hash))
    if hindered := guard.overtaken(plan, work.would_touch(), work.others):
        if not work.in_doubt:
            raise GuardRefused(overtaken_text(work, hindered))
        work = only_settling(work)
    parts.tenant.keep(pauses_left(run, work.journal))
    identity = await parts.tenant.sign_in()
    _require(identity, WRITE_PERMISSION)
    if work.locates:
        _require(identity, readiness.LOCATION_PERMISSION)
    if work.reprocesses:
        _require(identity, readiness.REPROCESS_PERMISSION)
    guard.check_tenant(plan, tenant, await parts.tenant.read_organization())
    protected = frozenset[UserId]() if work.settling else await protected_now(parts, identity, plan, before)
    work = sparing(work, protected)
    if users := concerned(work, protected):
        parts.watcher.said(protected_text(plan, users))
        work = holding(work, users)
    facts = await _guards(parts, work)
    applied = await _session(parts, run, work, head, identity, facts)
    if work.settling and not applied.counts["in_doubt"] and not applied.groups.get("in_doubt"):
        return await apply_plan(parts, run, tenant=tenant, wave=wave)
    return applied


def _require(identity: Identity, permission: str) -> None:
    if readiness.may(identity, permission) is False:
        raise PermissionMissing(
            permission, f"Grant the application permission {permission} with admin consent; nothing was sent."
        )


def _applied(work: Work, ending: Ending, queue: Queue, head: tuple[int, str], writes: int = 0) -> Applied:
    """Tell how a session ended, and which command makes sense now."""
    plan, reason = work.plan, ending.reason
    undo = work.others.undone_by(plan.plan_id)
    step = next_command(plan, ending, queue)
    if undo is not None and plan.kind == "undo":
        reason += f"; the undo {undo.plan_id} has taken it back since"
        step = next_step(verify_line(plan.header.undo_of or ""))
    elif undo is not None:
        reason += f"; the undo {undo.plan_id} has begun since: only a new plan moves the users again whom it took back"
        step = next_step(plan_again_line(plan.header))
    attention = needs_attention(work, queue, work.journal)
    standings = fold(work.journal, GROUPS)
    groups = Counter(str(standings.get(g, NOT_SENT).state) for g in work.groups)
    named = groups_needing_attention(work, work.journal)
    return Applied(plan, ending.code, reason, queue.counts, head, writes, step, attention, groups, named)


async def _guards(parts: Parts, work: Work) -> dict[str, Any]:
    """Ask every guard on fresh reads; returns what was seen, for the journal. A session that only looks needs none."""
    settings, plan = parts.effective.settings, work.plan
    limits = limits_of(settings)
    if not work.sends:
        return {}
    guard.check_limits(plan, limits)
    guard.check_swaps(plan)
    if not any(e.kind == "intent" for e in work.journal):
        guard.check_age(plan, limits, parts.clock.now())
    skus = await parts.tenant.read_skus()
    subscriptions = await parts.tenant.read_subscriptions()
    if plan.kind == "swap":
        refuse_unknown_accepted(limits.accept_unprovisioned, plan.targets, skus)
    guard.check_products(plan, skus, subscriptions, limits)
    needed = work.seats_needed
    free = guard.check_seats(skus, subscriptions, needed, limits)
    return {
        "free_seats": free,
        "needed_seats": dict(needed),
        "skus": [_sku_facts(s) for s in skus if s.sku_id in {*plan.sources, *plan.targets}],
        "subscriptions": [asdict(s) for s in subscriptions if s.sku_id in {*plan.sources, *plan.targets}],
    }


def _sku_facts(sku: SubscribedSku) -> dict[str, Any]:
    return {
        "sku_id": sku.sku_id,
        "sku_part_number": sku.part_number,
        "capability_status": sku.capability_status,
        "enabled": sku.enabled,
        "consumed": sku.consumed,
        "plans_sha256": plan_list_sha256(sku),
    }


async def _session(
    parts: Parts, run: RunDir, work: Work, head: Head, identity: Identity, facts: Mapping[str, Any]
) -> Applied:
    if _differs(parts, work.plan):
        parts.watcher.said("The settings file has changed since the plan was made; the plan is carried out as it is.")
    journal = Journal(head, parts.clock.now)
    torn = journal.cut_torn_tail()
    parts.tenant.seed_writes(work.sent_since(parts.clock.now() - WINDOW))
    if granted := granted_before(work.journal):
        parts.tenant.expect_writes(granted)
    queue = work.license_queue()
    journal.append("start", _start(parts, work, identity, facts, torn))
    before = replace(parts.tenant.traffic)
    ending = Ending(ExitCode.BUG, "an error of ours")
    try:
        ending = await _both_phases(parts, run, work, journal, queue, lambda: parts.tenant.traffic.since(before))
        if work.settling and not queue.counts["in_doubt"] and not _group_counts(work, run)["in_doubt"]:
            ending = Ending(ExitCode.STOPPED, "the changes in doubt are resolved; nothing was sent")
    except (JobError, ConnectorError) as error:
        ending = Ending(ExitCode(error.exit_code), str(error))
        if ending.code == ExitCode.BUG:
            raise
    finally:
        traffic = parts.tenant.traffic.since(before)
        queue.count()
        _close(parts, journal, queue, ending, traffic, _group_counts(work, run))
    if work.groups:
        work = replace(work, journal=journal_of(run, work))
    return _applied(work, ending, queue, journal.head, traffic.writes)


def _group_counts(work: Work, run: RunDir) -> Counter[str]:
    """Return the groups of the plan by standing, as the journal has them now."""
    standings = fold(journal_of(run, work), GROUPS) if work.groups else {}
    return Counter(str(standings.get(g, NOT_SENT).state) for g in work.groups)


def _differs(parts: Parts, plan: Plan) -> bool:
    """Whether the settings file says otherwise than the plan in what is frozen; `protected` is read live."""
    return FrozenSettings(parts.effective.settings.frozen_part()).unprotected != plan.header.settings.unprotected


async def _both_phases(
    parts: Parts, run: RunDir, work: Work, journal: Journal, licenses: Queue, traffic: Callable[[], Traffic]
) -> Ending:
    """Set what countries are missing, then change licenses. Raises as `apply` does.

    A user whose country Graph refused gets no license request, for Graph would refuse that too; nor does one who is
    protected now. Whom the queue only looks at gets neither.
    """
    batches, locations = work.last_batch, work.location_queue()
    if work.locates:
        judge = _judge(parts, locations.standings, readiness.LOCATION_PERMISSION)
        session = _engine_session(parts, journal, locations, judge, batches, traffic)
        ending = await apply(session)
        batches = session.batches
        if locations.counts["in_doubt"]:
            return ending
    judge = _judge(parts, licenses.standings, WRITE_PERMISSION, locations.standings)
    session = _engine_session(parts, journal, licenses, judge, batches, traffic)
    if not work.settling:
        session.canary = canary_of(work.tasks.values(), work.journal)
    refused = {UserId(u): s.message for u, s in locations.standings.items() if s.state == "refused"}
    open_still = {u: m for u, m in refused.items() if licenses.standings.get(u, NOT_SENT).state == "pending"}
    close(session, open_still, "refused", "no_usage_location")
    close(session, dict.fromkeys(work.protected_now, ""), "held", "protected")
    if work.groups:
        return await with_groups(parts, run, work, session)
    return await apply(session)


def _judge(
    parts: Parts,
    standings: Mapping[str, Standing],
    permission: str,
    located: Mapping[str, Standing] | None = None,
) -> ReplyJudge:
    applied = {u: s for u, s in (located or {}).items() if s.state == "applied"}
    return ReplyJudge(
        parts.effective.settings.limits.refusals_percent_max,
        applied=sum(s.state == "applied" for s in standings.values()),
        permission=permission,
        located={UserId(u): datetime.fromisoformat(s.at) for u, s in applied.items()},
    )


def _engine_session(
    parts: Parts, journal: Journal, queue: Queue, judge: ReplyJudge, batches: int, traffic: Callable[[], Traffic]
) -> Session:
    pace = parts.effective.settings.pace

    def on_progress(progress: Progress) -> None:
        parts.watcher.progress(progress)
        parts.progress_file.progress(progress)

    return Session(
        tenant=parts.tenant,
        journal=journal,
        queue=queue,
        control=parts.control,
        clock=parts.clock,
        reply_judge=judge,
        patience_s=pace.wait_minutes_max * 60,
        in_flight=pace.batches_in_flight_max,
        on_progress=on_progress,
        traffic=traffic,
        granted=parts.tenant.granted_writes,
        batches=batches,
        product=parts.catalog.names.sku,
    )


def _close(
    parts: Parts, journal: Journal, queue: Queue, ending: Ending, traffic: Traffic, groups: Mapping[str, int]
) -> None:
    """Write the last line of the session; a disk that takes nothing more changes nothing about what was done."""
    body = {
        "code": int(ending.code),
        "reason": ending.reason,
        "counts": {k: v for k, v in queue.counts.items() if v},
        **({"groups": {k: v for k, v in groups.items() if v}} if groups else {}),
        "traffic": asdict(traffic),
    }
    try:
        journal.append("end", body)
    except JobError as error:
        parts.watcher.said(str(error))
    journal.close()


def _start(parts: Parts, work: Work, identity: Identity, facts: Mapping[str, Any], torn: int) -> dict[str, Any]:
    settings = parts.effective.settings
    sections = ("limits", "pace", "verify", "declare", *(["prices"] if settings.prices.by_name else []))
    live = {k: getattr(settings, k).model_dump(mode="json") for k in sections}
    return {
        "plan_id": work.plan.plan_id,
        "tenant_id": work.plan.tenant_id,
        "app_id": identity.app_id,
        "credential": identity.credential,
        "operator": parts.operator,
        "host": parts.host,
        "tool_version": parts.tool_version,
        "waves": list(work.waves),
        "config_sha256": parts.effective.sha256,
        "config_changed": _differs(parts, work.plan),
        "settings": live,
        "clock_offset_s": parts.tenant.clock_offset_s,
        "torn_bytes_cut": torn,
        **facts,
    }
