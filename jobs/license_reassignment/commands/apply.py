"""`reseat apply`: guard, journal, engine; one session that continues wherever the last one stopped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from connectors.changes import WRITE_PERMISSION, Traffic
from connectors.errors import ConnectorError, PermissionMissing
from connectors.limits import WRITE_WINDOW_S
from connectors.tenant import Identity, SkuId, SubscribedSku, TenantSnapshot, UserId
from jobs.license_reassignment import guard
from jobs.license_reassignment.apply.queue import Board
from jobs.license_reassignment.apply.session import Ending, between_waves, left_over
from jobs.license_reassignment.commands.phases import both_phases, located_in_doubt, unlocated
from jobs.license_reassignment.commands.shared.parts import Parts
from jobs.license_reassignment.commands.shared.protected import protected_now
from jobs.license_reassignment.errors import ExitCode, GuardRefused, InputError, JobError
from jobs.license_reassignment.gather import readiness
from jobs.license_reassignment.gather.names import limits_of, refuse_unknown_accepted
from jobs.license_reassignment.model.change import LicenseTask, LocationTask
from jobs.license_reassignment.model.other_runs import OtherRuns
from jobs.license_reassignment.model.plan import Plan, plan_list_sha256
from jobs.license_reassignment.model.plan_header import FrozenSettings
from jobs.license_reassignment.model.standing import NOT_SENT, Entry, Standing, fold
from jobs.license_reassignment.model.text import quoted
from jobs.license_reassignment.run_folder.folder import RunDir
from jobs.license_reassignment.run_folder.journal import Head, Journal
from jobs.license_reassignment.run_folder.load import (
    entries,
    load_journal,
    load_other_runs,
    load_plan,
    load_snapshot,
    locations_of,
    tasks_of,
)
from jobs.license_reassignment.run_folder.progress_file import pauses_left
from jobs.license_reassignment.run_folder.seal import load_signing_key

WINDOW = timedelta(seconds=WRITE_WINDOW_S)


@dataclass(frozen=True, slots=True)
class Applied:
    """How an apply ended. `counts` are users by standing; `head` is the journal's last line and hash."""

    plan: Plan
    code: ExitCode
    reason: str
    counts: Mapping[str, int]
    head: tuple[int, str]
    writes: int
    next_step: str = ""


@dataclass(slots=True)
class _Run:
    """One session in preparation: what was loaded and what it still has to do.

    `protected_now` are users whom nobody protected when the plan was made: the session writes down that they are held.
    To nobody in `look_only` anything is sent; the code is why one is then held, "" where the change only waits.
    `settling`: this session looks at what is in doubt, and sends nothing to anybody.
    """

    plan: Plan
    before: TenantSnapshot
    head: Head
    known: list[Entry]
    tasks: dict[UserId, LicenseTask]
    locations: dict[UserId, LocationTask]
    standings: dict[str, Standing]
    waves: tuple[str, ...]
    others: OtherRuns
    protected_now: list[UserId] = field(default_factory=list)
    look_only: dict[UserId, str] = field(default_factory=dict)
    settling: bool = False

    def state(self, user_id: str) -> str:
        """Where the journal leaves the user's change."""
        return self.standings.get(user_id, NOT_SENT).state

    def open(self) -> list[LicenseTask]:
        """Return the changes of this call's waves, and any in doubt, that still need something."""
        return [
            t
            for u, t in self.tasks.items()
            if self.state(u) == "in_doubt" or (self.state(u) == "pending" and t.wave in self.waves)
        ]

    def to_send(self) -> list[LicenseTask]:
        """Return the changes that this call would send, those included that are in doubt and may turn out undone."""
        return [t for t in self.open() if t.user_id not in self.look_only]

    def board(self) -> Board:
        """Return the board of the licenses."""
        later = self.plan.wave_names[len(self.waves) :]
        return Board(self.tasks, dict(self.standings), self.waves, later=later, look_only=self.look_only)


async def apply_plan(parts: Parts, run: RunDir, *, tenant: str, wave: str = "") -> Applied:
    """Carry the plan out. Raises GuardRefused (10), NotReady (6) or a sign-in error (7) before anything is sent.

    Where a later run has overtaken the plan for somebody, only what is in doubt is looked at before it is refused.
    """
    load_signing_key(parts.effective.signing_key_path)
    parts.control.watch(run.path)
    parts.beacon.light(run, parts.clock.now, parts.tenant.pauses)
    plan = load_plan(run)
    _check_wave(plan, wave)
    guard.check_tenant(plan, tenant)
    guard.check_pin(plan, parts.effective.settings.tenant.id)
    work = _prepare(run, plan, wave)
    if not work.open():
        return _nothing_to_do(work)
    if early := parts.control.must_end():
        return _ended(work, Ending(ExitCode.STOPPED, early), work.board(), (work.head.seq, work.head.hash), 0)
    if hindered := guard.overtaken(plan, [t.user_id for t in work.to_send()], work.others):
        _look_alone(work, hindered)
    parts.tenant.keep(pauses_left(run, work.known))
    identity = await parts.tenant.sign_in()
    _require(identity, WRITE_PERMISSION)
    if unlocated(work.locations, work.known):
        _require(identity, readiness.LOCATION_PERMISSION)
    guard.check_tenant(plan, tenant, await parts.tenant.read_organization())
    if not work.settling:
        _protect(parts, work, await protected_now(parts, identity, plan, work.before))
    facts = await _guards(parts, work)
    applied = await _session(parts, work, identity, facts)
    if work.settling and not applied.counts["in_doubt"]:
        return await apply_plan(parts, run, tenant=tenant, wave=wave)
    return applied


def _look_alone(work: _Run, hindered: Sequence[str]) -> None:
    """Let the session look at what is in doubt alone; raise GuardRefused where nothing is."""
    if "in_doubt" not in {work.state(u) for u in work.tasks}:
        raise GuardRefused(_overtaken_text(work, hindered))
    work.settling = True
    work.look_only = dict.fromkeys(work.tasks, "")
    work.locations = {u: t for u, t in work.locations.items() if u in located_in_doubt(work.known)}


def _overtaken_text(work: _Run, hindered: Sequence[str]) -> str:
    unreadable = [u.folder for u in work.others.unreadable]
    first = (
        f" First restore {', '.join(unreadable)} from a copy, or move it out of the runs directory: until then a new "
        "plan is refused too."
    )
    return (
        f"Plan {work.plan.plan_id} is overtaken: {'; '.join(hindered)}. Nothing was sent.{first if unreadable else ''} "
        f"Make a new plan with `{_plan_again(work.plan)}`: it reads the tenant as it is now."
    )


def _require(identity: Identity, permission: str) -> None:
    if readiness.may(identity, permission) is False:
        raise PermissionMissing(
            permission, f"Grant the application permission {permission} with admin consent; nothing was sent."
        )


def _check_wave(plan: Plan, wave: str) -> None:
    if wave and wave not in plan.wave_names:
        raise InputError(f"--wave {wave}: the plan's waves are {', '.join(plan.wave_names)}.")


def _prepare(run: RunDir, plan: Plan, wave: str) -> _Run:
    before = load_snapshot(run)
    head = load_journal(run, plan)
    known = entries(head.lines)
    work = _Run(
        plan=plan,
        before=before,
        head=head,
        known=known,
        tasks=tasks_of(plan, before),
        locations={},
        standings=fold(known),
        waves=_waves(plan, wave),
        others=load_other_runs(run, plan),
    )
    work.look_only = {u: "" for u, t in work.tasks.items() if t.wave not in work.waves}
    doubtful = located_in_doubt(known)
    work.locations = {
        u: t for u, t in locations_of(plan).items() if u in work.tasks and (u in doubtful or u not in work.look_only)
    }
    return work


def _protect(parts: Parts, work: _Run, protected: frozenset[UserId]) -> None:
    """Send nothing to these users: who is pending is held, who is in doubt is looked at, and held without effect."""
    states = {u: work.state(u) for u in work.tasks if u in protected}
    concerned = {u: state for u, state in states.items() if state in {"pending", "in_doubt"}}
    if not concerned:
        return
    names = dict(zip(work.plan.decisions["id"], work.plan.decisions["name"], strict=True))
    parts.watcher.said(_protected_text([str(names[u]) for u in concerned]))
    for user_id, state in concerned.items():
        work.look_only[user_id] = "protected"
        if state == "pending":
            work.protected_now.append(user_id)
            work.standings[user_id] = Standing("held", "protected")
    doubtful = located_in_doubt(work.known)
    work.locations = {u: t for u, t in work.locations.items() if u in doubtful or u not in concerned}


def _protected_text(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"{names[0]} is protected since the plan was made, and is not touched."
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    few = ", ".join(names[:3])
    return f"{len(names)} users are protected since the plan was made, and are not touched: {few}{more}."


def _waves(plan: Plan, wave: str) -> tuple[str, ...]:
    """Return the waves of this call: up to the named one, else up to the first that says stop."""
    names: list[str] = []
    for name in plan.wave_names:
        names.append(name)
        if name == wave or (not wave and plan.header.stops_after(name)):
            break
    return tuple(names)


def _nothing_to_do(work: _Run) -> Applied:
    """Say why there is nothing to send."""
    board = work.board()
    if board.counts["pending"]:
        ending = Ending(ExitCode.STOPPED, between_waves(board))
    elif left := left_over(board.counts):
        ending = Ending(ExitCode.PEOPLE_LEFT, f"nothing left to send; {left}")
    elif not work.tasks:
        ending = Ending(ExitCode.DONE, "nothing to send: the plan changes nobody")
    else:
        ending = Ending(ExitCode.DONE, "nothing left to send: every change was answered, none refused")
    return _ended(work, ending, board, (work.head.seq, work.head.hash), 0)


def _ended(work: _Run, ending: Ending, board: Board, head: tuple[int, str], writes: int) -> Applied:
    """Tell how a session ended, and which command makes sense now."""
    plan = work.plan
    undo = work.others.undone_by(plan.plan_id)
    if undo is None:
        step = _next_step(plan, ending, board)
        return Applied(plan, ending.code, ending.reason, board.counts, head, writes, step)
    reason = f"{ending.reason}; the undo {undo.plan_id} has begun since: whom it took back only a new plan moves again"
    return Applied(plan, ending.code, reason, board.counts, head, writes, _plan_again(plan))


def _plan_again(plan: Plan) -> str:
    commands = {"undo": f"reseat undo {plan.header.undo_of}"}
    commands["addons"] = f"reseat plan --addons-of {plan.header.addons_of}"
    return commands.get(plan.kind, "reseat plan")


def _next_step(plan: Plan, ending: Ending, board: Board) -> str:
    same = f"reseat apply {plan.plan_id} --tenant {plan.tenant_id}"
    verify = f"reseat verify {plan.plan_id}"
    if ending.code != ExitCode.STOPPED:
        return verify
    if board.over() and (name := board.next_step()):
        return f"{verify}; then {same} --wave {quoted(name)}"
    named = board.waves[-1] if any(plan.header.stops_after(w) for w in board.waves[:-1]) else ""
    return f"{same} --wave {quoted(named)}" if named else same


async def _guards(parts: Parts, work: _Run) -> dict[str, Any]:
    """Ask every guard on fresh reads; returns what was seen, for the journal. A session that only looks needs none."""
    settings, plan = parts.effective.settings, work.plan
    limits = limits_of(settings)
    if not work.to_send():
        return {}
    guard.check_limits(plan, limits)
    if not any(e.kind == "intent" for e in work.known):
        guard.check_age(plan, limits, parts.clock.now())
    skus = await parts.tenant.read_skus()
    subscriptions = await parts.tenant.read_subscriptions()
    if plan.kind == "swap":
        refuse_unknown_accepted(limits.accept_unprovisioned, plan.targets, skus)
    guard.check_products(plan, skus, subscriptions, limits)
    needed = _seats_needed(work)
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


def _seats_needed(work: _Run) -> Counter[SkuId]:
    """Count one seat per change still to send and SKU that its user does not hold in any way."""
    needed: Counter[SkuId] = Counter()
    for task in work.to_send():
        if work.state(task.user_id) == "pending":
            needed.update(a.sku_id for a in task.change.add if not task.before.of_sku(a.sku_id))
    return needed


async def _session(parts: Parts, work: _Run, identity: Identity, facts: Mapping[str, Any]) -> Applied:
    if _differs(parts, work.plan):
        parts.watcher.said(
            "The settings file differs from the plan in its frozen part; the plan is what is carried out."
        )
    journal = Journal(work.head, parts.clock.now)
    torn = journal.cut_torn_tail()
    now = parts.clock.now()
    recent = [
        at for e in work.known if e.kind == "intent" and now - (at := _time(e.at)) < WINDOW for _ in e.body["items"]
    ]
    parts.tenant.seed_writes(recent)
    board = work.board()
    journal.append("start", _start(parts, work, identity, facts, torn))
    before = replace(parts.tenant.traffic)
    ending = Ending(ExitCode.BUG, "an error of ours")
    try:
        ending = await both_phases(
            parts,
            journal,
            board,
            work.locations,
            work.known,
            work.protected_now,
            lambda: parts.tenant.traffic.since(before),
        )
        if work.settling and not board.counts["in_doubt"]:
            ending = Ending(ExitCode.STOPPED, "what was in doubt is settled; nothing was sent")
    except (JobError, ConnectorError) as error:
        ending = Ending(ExitCode(error.exit_code), str(error))
        if ending.code == ExitCode.BUG:
            raise
    finally:
        traffic = parts.tenant.traffic.since(before)
        _close(journal, parts, board, ending, traffic)
    return _ended(work, ending, board, journal.head, traffic.writes)


def _differs(parts: Parts, plan: Plan) -> bool:
    """Whether the settings file says otherwise than the plan in what is frozen; `protected` is read live."""
    return FrozenSettings(parts.effective.settings.frozen_part()).unprotected != plan.header.settings.unprotected


def _close(journal: Journal, parts: Parts, board: Board, ending: Ending, traffic: Traffic) -> None:
    """Write the last line of the session; a disk that takes nothing more changes nothing about what was done."""
    body = {
        "code": int(ending.code),
        "reason": ending.reason,
        "counts": {k: v for k, v in board.counts.items() if v},
        "traffic": asdict(traffic),
    }
    try:
        journal.append("end", body)
    except JobError as error:
        parts.watcher.said(str(error))
    journal.close()


def _start(parts: Parts, work: _Run, identity: Identity, facts: Mapping[str, Any], torn: int) -> dict[str, Any]:
    settings = parts.effective.settings
    live = {k: getattr(settings, k).model_dump(mode="json") for k in ("limits", "pace", "verify", "declare")}
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


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
