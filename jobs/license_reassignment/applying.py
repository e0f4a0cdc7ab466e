"""`reseat apply`: guard, journal, engine; one session that continues wherever the last one stopped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from connectors.changes import Traffic
from connectors.errors import ConnectorError, PermissionMissing
from connectors.tenant import Identity, SkuId, SubscribedSku, TenantSnapshot, UserId
from jobs.license_reassignment import guard, readiness
from jobs.license_reassignment.beacon import pauses_left
from jobs.license_reassignment.board import Board
from jobs.license_reassignment.choose import protected
from jobs.license_reassignment.exits import ExitCode, InputError, JobError
from jobs.license_reassignment.journal import Head, Journal
from jobs.license_reassignment.outcome import Entry, Standing, fold
from jobs.license_reassignment.phases import both_phases, unlocated
from jobs.license_reassignment.plan import Plan, canonical, plan_list_sha256, sha256
from jobs.license_reassignment.policy import Policy
from jobs.license_reassignment.ports import Parts
from jobs.license_reassignment.resolve import limits_of
from jobs.license_reassignment.rundir import RunDir
from jobs.license_reassignment.sealing import load_signing_key
from jobs.license_reassignment.session import Ending, left_over
from jobs.license_reassignment.store import entries, load_journal, load_plan, load_snapshot, locations_of, tasks_of
from jobs.license_reassignment.tasks import LicenseTask, LocationTask

WINDOW = timedelta(seconds=150)


@dataclass(frozen=True, slots=True)
class Applied:
    """How an apply ended. `counts` are users by standing; `head` is the journal's last line and hash."""

    plan: Plan
    code: ExitCode
    reason: str
    counts: Mapping[str, int]
    head: tuple[int, str]
    writes: int


@dataclass(slots=True)
class _Run:
    """One session in preparation: what was loaded and what it still has to do.

    `protected_now` are users whom nobody protected when the plan was made: the session writes down that they are held.
    """

    plan: Plan
    head: Head
    known: list[Entry]
    tasks: dict[UserId, LicenseTask]
    locations: dict[UserId, LocationTask]
    standings: dict[str, Standing]
    waves: tuple[str, ...]
    protected_now: list[UserId]


async def apply_plan(parts: Parts, run: RunDir, *, tenant: str, wave: str = "") -> Applied:
    """Carry the plan out. Raises GuardRefused (10), NotReady (6) or a sign-in error (7) before anything is sent."""
    load_signing_key(parts.effective.signing_key_path)
    parts.control.watch(run.path)
    parts.beacon.light(run, parts.clock.now, parts.tenant.pauses)
    plan = load_plan(run)
    guard.check_tenant(plan, tenant)
    work = _prepare(parts, run, plan, wave)
    counts: Counter[str] = Counter(work.standings.get(u, Standing()).state for u in work.tasks)
    if not _open(work, work.waves) and not work.protected_now:
        reason = _nothing_to_do(work, counts)
        return Applied(plan, reason[0], reason[1], counts, (work.head.seq, work.head.hash), 0)
    if early := parts.control.must_end():
        return Applied(plan, ExitCode.STOPPED, early, counts, (work.head.seq, work.head.hash), 0)
    parts.tenant.keep(pauses_left(run, work.known))
    identity = await parts.tenant.sign_in()
    _require(identity, readiness.WRITE_PERMISSION)
    if unlocated(work.locations, work.known):
        _require(identity, readiness.LOCATION_PERMISSION)
    facts = await _guards(parts, work, tenant)
    return await _session(parts, work, identity, facts)


def _require(identity: Identity, permission: str) -> None:
    if readiness.may(identity, permission) is False:
        raise PermissionMissing(
            permission, f"Grant the application permission {permission} with admin consent; nothing was sent."
        )


def _prepare(parts: Parts, run: RunDir, plan: Plan, wave: str) -> _Run:
    if wave and wave not in plan.wave_names:
        raise InputError(f"--wave {wave}: the plan's waves are {', '.join(plan.wave_names)}.")
    before = load_snapshot(run)
    head = load_journal(run, plan)
    known = entries(head.lines)
    tasks = tasks_of(plan, before)
    live = parts.effective.settings.scope.protected
    standings, protected_now = fold(known), list[UserId]()
    for user_id in _protected_now(plan, before, live):
        if user_id not in tasks or (state := standings.get(user_id, Standing()).state) not in {"pending", "in_doubt"}:
            continue
        parts.watcher.said(f"{user_id} is protected since the plan was made, and is not touched.")
        if state == "in_doubt":
            del tasks[user_id]
        else:
            protected_now.append(user_id)
            standings[user_id] = Standing("held", "protected")
    locations = {u: t for u, t in locations_of(plan).items() if u in tasks and u not in protected_now}
    return _Run(plan, head, known, tasks, locations, standings, _waves(plan, wave), protected_now)


def _protected_now(plan: Plan, before: TenantSnapshot, names: Sequence[str]) -> list[UserId]:
    """A name added to `protected` after the plan is never touched either."""
    if not names:
        return []
    policy = Policy(sources=plan.sources, rules=(), protected=frozenset(n.casefold() for n in names))
    return list(before.users.loc[protected(before, policy), "id"])


def _waves(plan: Plan, wave: str) -> tuple[str, ...]:
    """Return the waves of this call: up to the named one, else up to the first that says stop."""
    names: list[str] = []
    for name in plan.wave_names:
        names.append(name)
        if name == wave or (not wave and plan.stops_after(name)):
            break
    return tuple(names)


def _open(work: _Run, waves: Sequence[str]) -> list[LicenseTask]:
    """Return the changes of these waves, and any in doubt, that still need something."""
    return [
        t
        for t in work.tasks.values()
        if (state := work.standings.get(t.user_id, Standing()).state) == "in_doubt"
        or (state == "pending" and t.wave in waves)
    ]


def _nothing_to_do(work: _Run, counts: Mapping[str, int]) -> tuple[ExitCode, str]:
    if counts.get("pending"):
        last = work.waves[-1]
        return ExitCode.STOPPED, f"wave {last} is done; `--wave NAME` goes on, up to that wave"
    if left := left_over(counts):
        return ExitCode.PEOPLE_LEFT, f"nothing left to send; {left}"
    return ExitCode.DONE, "nothing left to send: every change was answered, none refused"


async def _guards(parts: Parts, work: _Run, tenant: str) -> dict[str, Any]:
    """Ask every guard on fresh reads; returns what was seen, for the journal."""
    settings, plan = parts.effective.settings, work.plan
    limits = limits_of(settings)
    organization = await parts.tenant.read_organization()
    guard.check_tenant(plan, tenant, organization)
    guard.check_limits(plan, limits)
    if not any(e.kind == "intent" for e in work.known):
        guard.check_age(plan, limits, parts.clock.now())
    skus = await parts.tenant.read_skus()
    subscriptions = await parts.tenant.read_subscriptions()
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
    for task in _open(work, work.waves):
        if work.standings.get(task.user_id, Standing()).state == "pending":
            needed.update(a.sku_id for a in task.change.add if not task.before.of_sku(a.sku_id))
    return needed


async def _session(parts: Parts, work: _Run, identity: Identity, facts: Mapping[str, Any]) -> Applied:
    if sha256(canonical(parts.effective.settings.frozen_part())) != sha256(canonical(work.plan.header["frozen"])):
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
    board = Board(work.tasks, dict(work.standings), work.waves)
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
    except (JobError, ConnectorError) as error:
        ending = Ending(ExitCode(error.exit_code), str(error))
        if ending.code == ExitCode.BUG:
            raise
    finally:
        traffic = parts.tenant.traffic.since(before)
        _close(journal, parts, board, ending, traffic)
    return Applied(work.plan, ending.code, _named(parts, board, ending), board.counts, journal.head, traffic.writes)


def _named(parts: Parts, board: Board, ending: Ending) -> str:
    """Say why it ended, with products by name."""
    reason = ending.reason
    for sku_id in board.short:
        reason = reason.replace(sku_id, parts.catalog.names.sku(sku_id))
    return reason


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
        "config_changed": sha256(canonical(settings.frozen_part())) != sha256(canonical(work.plan.header["frozen"])),
        "settings": live,
        "clock_offset_s": parts.tenant.clock_offset_s,
        "torn_bytes_cut": torn,
        **facts,
    }


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
