"""Carries out the plan: look, write the intent down, send, write the outcome down; several batches at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.changes import Reply, Verdict
from connectors.errors import ConnectorError
from connectors.tenant import UserId, UserRead
from jobs.license_reassignment.apply.canary import CANARY
from jobs.license_reassignment.apply.control import SLICE_S
from jobs.license_reassignment.apply.queue import LOOKS_MAX, Finished, Idle, Look, NoRoom, WaveDone, Write
from jobs.license_reassignment.apply.replies import outcome_body
from jobs.license_reassignment.apply.session import Ending, Session, ending_of, tell, waiting_for_seats, wire_facts
from jobs.license_reassignment.errors import ExitCode, JobError, Unfinished
from jobs.license_reassignment.model.change import Task
from jobs.license_reassignment.model.standing import LICENSES, NOT_SENT, Entry, Standing

READ_AGE_MAX = timedelta(seconds=60)
GRACE_S = 8.0
ANSWER_S = 120.0
IDLE_S = 0.2
"""So long a worker sleeps that has nothing to do while others are at work."""

NAP_S = 1.0
"""A worker that waits sleeps so long before it looks whether there is something to do, a `pause`, or an end."""

QUIET = timedelta(seconds=3)
"""So long the first read of the users changed first may take."""

BACK_OFF_S = 2.0
BACK_OFFS_S = {"location_replicating": 20.0}
WORKERS_PER_PLACE = 2
"""While one worker waits for the answer to its write, another reads the users that come next."""


async def apply(session: Session) -> Ending:
    """Work until everything has its answer, a wave says stop, or something ends the run.

    Raises what ended it when that is an error with an exit code of its own; what is in flight then gets GRACE_S
    seconds to answer. Nothing is ever sent without its intent on disk.
    """
    session.started = session.helped = session.clock.monotonic()
    session.queue.open(session.clock.now())
    counts = session.queue.counts
    session.done_at_start = len(session.queue.tasks) - counts["pending"] - counts["in_doubt"]
    tell(session)
    return await work(session, lambda: _turn(session))


async def work(session: Session, turn: Callable[[], Awaitable[None]]) -> Ending:
    """Let workers take turns until the session has ended; what is in flight then gets its time to answer."""
    workers = [asyncio.create_task(_worker(session, turn)) for _ in range(session.in_flight * WORKERS_PER_PLACE)]
    await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
    await _drain(session, workers)
    results = await asyncio.gather(*workers, return_exceptions=True)
    session.progress.reason = ""
    tell(session)
    errors = [r for r in results if isinstance(r, Exception)]
    if errors:
        raise _gravest(errors)
    assert session.ended is not None, "a worker returns only once the session has ended"
    return session.ended


async def _drain(session: Session, workers: Sequence[asyncio.Task[None]]) -> None:
    """Wait for the answers of requests already sent: GRACE_S seconds after a signal, longer when nobody is waiting."""
    loop = asyncio.get_running_loop()
    end = loop.time() + ANSWER_S
    while late := [w for w in workers if not w.done()]:
        if session.control.flag:
            end = min(end, loop.time() + GRACE_S)
        if loop.time() >= end:
            break
        await asyncio.wait(late, timeout=min(SLICE_S, end - loop.time()))
    for worker in workers:
        worker.cancel()


def _gravest(errors: Sequence[Exception]) -> Exception:
    """A programming error comes first, so that it is never hidden behind an expected one."""
    unknown = [e for e in errors if not isinstance(e, JobError | ConnectorError)]
    if unknown:
        return unknown[0]
    known = [e for e in errors if isinstance(e, JobError | ConnectorError)]
    return min(known, key=lambda e: e.exit_code == ExitCode.STOPPED)


async def _worker(session: Session, turn: Callable[[], Awaitable[None]]) -> None:
    while session.ended is None and session.failure is None:
        try:
            await turn()
        except (JobError, ConnectorError) as error:
            session.failure = error
            raise


async def _turn(session: Session) -> None:
    session.control.go_on()
    if reason := pause_asked(session):
        await wait(session, reason, NAP_S)
        session.progress.reason = ""
        return
    if watched := session.canary.take(session.clock.now()):
        await _watch(session, watched)
        return
    job = session.queue.next_job(session.clock.now(), session.canary.room(session.queue.sent_or_out))
    match job:
        case Write(tasks):
            await _write(session, tasks)
        case Look(tasks):
            await _look(session, tasks)
        case Idle(until):
            await _idle(session, until)
        case WaveDone(name):
            _end_wave(session, name)
        case NoRoom():
            await _wait_for_canary(session)
        case Finished():
            if session.canary.watching:
                await _wait_for_canary(session)
            else:
                session.ended = ending_of(session)
    tell(session)


async def _watch(session: Session, users: Sequence[UserId]) -> None:
    """Read the users of the first batch again. Raises Unfinished (4) where the old license stays beside the new one."""
    canary = session.canary
    reads = await session.tenant.read_users(users)
    if not canary.watching:
        return
    known = (set(canary.doubled_since), canary.stopped)
    seen = canary.looked(reads, session.clock.now())
    session.helped = session.clock.monotonic()
    if canary.over or known != (set(canary.doubled_since), canary.stopped):
        _note(session, CANARY, **canary.note(seen))
    if seen == "doubled":
        raise Unfinished(canary.stop_text())


async def _wait_for_canary(session: Session) -> None:
    """Wait until the first users were seen moved: a moment, in a healthy tenant, of which nothing is said."""
    if session.writing or session.clock.now() - session.canary.began < QUIET:
        await session.clock.sleep(IDLE_S)
    else:
        await wait(session, session.canary.waiting(), NAP_S)


def pause_asked(session: Session) -> str:
    """Return why the run must wait, or ""; the end of a pause is written down, for its time is not that of the work."""
    if reason := session.control.must_wait():
        session.pause_begins()
        return reason
    if seconds := session.pause_ends():
        _note(session, "pause", seconds=round(seconds, 3), text=f"paused for {seconds:.0f} s")
    return ""


async def wait(session: Session, reason: str, seconds: float) -> None:
    """Sleep, and say why. The reason stands until whoever waits, or a batch that goes out, takes it back."""
    session.progress.reason = reason
    tell(session)
    if session.clock.monotonic() - session.helped > session.patience_s:
        raise Unfinished(
            f"Stopped: no progress for {session.patience_s / 60:.0f} minutes ({reason}). The same command continues."
        )
    await session.clock.sleep(seconds)


async def _idle(session: Session, until: datetime | None) -> None:
    """Sleep until the next thing is due, or a little while others are at work.

    The run waits only where nobody has a batch in hand, and goes on waiting while it looks again.
    """
    if until is None:
        await session.clock.sleep(IDLE_S)
        return
    seconds = min(NAP_S, max(IDLE_S, (until - session.clock.now()).total_seconds()))
    if session.writing:
        await session.clock.sleep(seconds)
    else:
        await wait(session, "checking changes in doubt again, or waiting to send again", seconds)


def _end_wave(session: Session, name: str) -> None:
    waits = waiting_for_seats(session, [name])
    text = f"wave {name} is left with users for whom no seat is free: {waits}" if waits else f"wave {name} complete"
    _note(session, "wave", wave=name, text=text)
    session.queue.next_wave()


async def _write(session: Session, tasks: Sequence[Task]) -> None:
    """One batch: read, wait for a place and a turn, and send what is still as planned.

    Reading goes on while others write; only so many batches as there are places are on their way at once.
    """
    session.writing += 1
    try:
        session.progress.reason = ""
        read = await _read(session, tasks)
        async with session.places:
            async with session.line:
                ready = await _at_turn(session, read)
            if ready:
                await _send(session, ready)
    finally:
        session.writing -= 1


@dataclass(frozen=True, slots=True)
class _Read:
    """Users that are as planned, and when the oldest of their reads was made."""

    tasks: list[Task]
    at: datetime


async def _read(session: Session, tasks: Sequence[Task]) -> _Read:
    """Read these users; settle the ones that are not as planned.

    A read that had to be asked again for some of the users is as old as its first question.
    """
    asked_at = session.clock.now()
    reads = await session.tenant.read_users([t.user_id for t in tasks])
    ready = [task for task, read in zip(tasks, reads, strict=True) if _as_planned(session, task, read)]
    return _Read(ready, asked_at)


async def _at_turn(session: Session, read: _Read) -> list[Task]:
    """Wait for the turn of this batch; return the users to send, on reads at most READ_AGE_MAX old.

    One batch waits here at a time, so a slow pace does not let the reads of a whole queue grow old. Reads that have
    aged while others had their turn are made again before the wait, and after it where the wait itself was long.
    """
    await while_paused(session)
    if read.tasks and _age(session, read) > READ_AGE_MAX / 2:
        read = await _read(session, read.tasks)
    read = _without_short(session, read)
    if not read.tasks or session.failure is not None:
        return []
    await session.tenant.write_turn(len(read.tasks))
    await while_paused(session)
    read = _without_short(session, read)
    while read.tasks and _age(session, read) > READ_AGE_MAX:
        read = await _read(session, read.tasks)
        await while_paused(session)
    session.control.go_on()
    return read.tasks if session.failure is None else []


async def while_paused(session: Session) -> None:
    """Return when nobody wants the run to wait, or raise Unfinished: then a whole line reads and sends nothing more."""
    session.control.go_on()
    while reason := pause_asked(session):
        await wait(session, reason, NAP_S)
        session.progress.reason = ""


def _without_short(session: Session, read: _Read) -> _Read:
    """Put back who would take a seat of a SKU that has run out while this batch stood in line."""
    for task in read.tasks:
        if session.queue.is_short(task):
            session.queue.put_back(task)
    return _Read([t for t in read.tasks if not session.queue.is_short(t)], read.at)


def _age(session: Session, read: _Read) -> timedelta:
    return session.clock.now() - read.at


def _as_planned(session: Session, task: Task, read: UserRead) -> bool:
    seen = task.seen(read)
    if seen == "before":
        return True
    if seen == "waiting":
        session.queue.wait_for_group(task, session.clock.now())
        return False
    sent = _standing(session, task).sent > 0
    verdict = {"moved": "moved" if sent else "already", "gone": "gone", "other": "drifted"}[seen]
    if verdict == "drifted" and sent:
        session.queue.doubt(task, session.clock.now())
        _append(session, "settled", {"items": [{"id": task.user_id, "verdict": "in_doubt", "reason": "unproven"}]})
    else:
        _settle(session, task, verdict)
    return False


async def _send(session: Session, tasks: Sequence[Task]) -> None:
    session.batches += 1
    number = session.batches
    _append(session, "intent", {"batch": number, "items": [task.intent() for task in tasks]})
    replies = await session.tenant.assign([t.change for t in tasks])
    session.helped = session.clock.monotonic() if any(r.status for r in replies) else session.helped
    replies = session.reply_judge.judge(replies, session.clock.now())
    _append(session, "outcome", {**outcome_body(number, replies), **wire_facts(session)}, durable=False)
    for task, reply in zip(tasks, replies, strict=True):
        _after(session, task, reply)
    session.canary.begin([UserId(r.id) for r in replies if r.verdict is Verdict.APPLIED], session.clock.now())
    session.reply_judge.raise_if_hopeless(replies)


def _after(session: Session, task: Task, reply: Reply) -> None:
    now = session.clock.now()
    match reply.verdict:
        case Verdict.APPLIED | Verdict.REFUSED:
            session.queue.answered(task)
        case Verdict.IN_DOUBT:
            session.queue.doubt(task, now)
        case Verdict.RETRY if reply.reason == "seats_taken":
            session.queue.short.update(session.reply_judge.short_skus(task.adds, reply))
            session.queue.put_back(task)
        case Verdict.RETRY:
            own = BACK_OFFS_S.get(reply.reason, BACK_OFF_S)
            wait = own if reply.retry_after_s is None else reply.retry_after_s
            session.queue.put_back(task, now + timedelta(seconds=wait))
        case Verdict.STOP:
            session.queue.put_back(task)


async def _look(session: Session, tasks: Sequence[Task]) -> None:
    reads = await session.tenant.read_users([t.user_id for t in tasks])
    for task, read in zip(tasks, reads, strict=True):
        seen = task.seen(read)
        agreed = session.queue.looked(task, seen, read.read_at)
        if agreed is None:
            if session.queue.looks(task) >= LOOKS_MAX:
                session.queue.give_up_doubt(task)
            continue
        session.helped = session.clock.monotonic()
        if agreed in {"before", "waiting"}:
            _without_effect(session, task)
        else:
            _settle(session, task, {"moved": "moved", "gone": "gone", "other": "drifted"}[agreed])


def _without_effect(session: Session, task: Task) -> None:
    """Settle a doubt whose request did nothing: it goes out again, or its user is held where that must not be."""
    if held := session.queue.look_only.get(task.user_id, ""):
        close(session, {task.user_id: ""}, "held", held)
        session.queue.answered(task)
        return
    _append(session, "settled", {"items": [{"id": task.user_id, "verdict": "pending", "reason": "no_effect"}]})
    session.queue.put_back(task)


def close(session: Session, messages: Mapping[UserId, str], verdict: str, reason: str) -> None:
    """Write down that these users get no request, and why; `messages` are words of Graph, "" for none."""
    items = [{"id": u, "verdict": verdict, "reason": reason, "message": m} for u, m in messages.items()]
    if items:
        _append(session, "settled", {"items": items})


def _settle(session: Session, task: Task, verdict: str) -> None:
    reason = {"drifted": "changed_by_others", "gone": "user_not_found"}.get(verdict, "")
    _append(session, "settled", {"items": [{"id": task.user_id, "verdict": verdict, "reason": reason}]})
    session.queue.answered(task)


def _note(session: Session, event: str, **facts: object) -> None:
    _append(session, "note", {"event": event, **facts})


def _append(session: Session, kind: str, body: dict[str, Any], *, durable: bool = True) -> None:
    """Append to the journal and fold the same line into the standings: one truth, written first."""
    if session.queue.writes != LICENSES:
        body = {"writes": session.queue.writes, **body}
    line = session.journal.append(kind, body, durable=durable)
    session.queue.fold(Entry(line.kind, line.at, line.body))


def _standing(session: Session, task: Task) -> Standing:
    return session.queue.standings.get(task.user_id, NOT_SENT)
