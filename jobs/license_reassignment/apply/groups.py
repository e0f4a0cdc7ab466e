"""Swaps the licenses of groups: look, intent, send, outcome; then wait until every member's own state is final.

Graph answers 202 and works in the background. A ProcessingComplete may be that of an earlier change, so a group counts
as settled when two reads of its members, a while apart, agree.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from connectors.changes import Reply, Verdict
from connectors.limits import BATCH_SIZE_MAX
from connectors.tenant import Group, GroupId, GroupRead, SkuId, UserId, UserRead
from jobs.license_reassignment.apply.engine import (
    BACK_OFF_S,
    IDLE_S,
    READ_AGE_MAX,
    pause_asked,
    wait,
    while_paused,
    work,
)
from jobs.license_reassignment.apply.group_queue import (
    UNCHANGED_MAX,
    GroupQueue,
    LookAtGroups,
    ReadMembers,
    Send,
)
from jobs.license_reassignment.apply.queue import SETTLE_SPACING, Finished, Idle
from jobs.license_reassignment.apply.replies import outcome_body
from jobs.license_reassignment.apply.session import Ending, Session, tell, wire_facts
from jobs.license_reassignment.apply.sweep import Sweep, is_lost, sweep_of
from jobs.license_reassignment.errors import ExitCode, Unfinished
from jobs.license_reassignment.model.group_change import GroupTask
from jobs.license_reassignment.model.standing import GROUPS, REPROCESSED, Entry
from jobs.license_reassignment.model.text import counted
from jobs.license_reassignment.ports import GroupWriter

NAP_S = 10.0
"""So long a wait for Entra is slept through before the window, a pause and the end are looked at again."""

SEATS_AGAIN = timedelta(seconds=30)


@dataclass(slots=True)
class GroupSession:
    """What one wave's groups are swapped with; `session` is that of the users, with its journal, pace and progress.

    `free_seats` reads how many seats of each SKU are free now. `look_only` says under which code a group in doubt is
    held whose change had no effect, "" where it waits. `reprocessed` are the members whose licenses this call has
    already worked out again, and those whom it leaves alone; None where that is not wished.
    """

    tenant: GroupWriter
    session: Session
    queue: GroupQueue
    free_seats: Callable[[], Awaitable[Mapping[SkuId, int]]]
    role_assignable: Collection[GroupId] = ()
    look_only: Mapping[GroupId, str] = field(default_factory=dict)
    reprocessed: set[UserId] | None = None
    began: datetime | None = None

    def told(self) -> str:
        """Say what Entra still works on: how many groups, how many members are done, and how long it may take."""
        if any(w.again for w in self.queue.watches.values()) and not self.queue.processing:
            return "looking again at members in error"
        left = len(self.queue.processing) + len(self.queue.overdue - self.queue.watches.keys())
        return waiting_text(self.queue, left, self.began, self.session.clock.now()) if left else ""


def waiting_text(queue: GroupQueue, groups: int, began: datetime | None, now: datetime) -> str:
    """Say how far Entra is, from what reads of members have shown; no estimate before anybody is done."""
    done, members = queue.done()
    text = f"waiting for Entra to process {counted(groups, 'group')}: {done:,} of {members:,} members done"
    if not done or began is None or now <= began:
        return text
    minutes = max(1, round((members - done) * ((now - began).total_seconds() / done) / 60))
    return f"{text}, about {minutes} min left"


async def swap_groups(groups: GroupSession) -> Ending:
    """Work until every group of the wave is settled or cannot be now. Raises what ended it otherwise.

    Nothing is sent without its intent on disk, nor without a read of the group and its members just before.
    """
    session = groups.session
    session.ended = session.failure = None
    session.helped = session.clock.monotonic()
    groups.queue.open(session.clock.now())
    try:
        return await work(session, lambda: _turn(groups))
    except Unfinished as error:
        if told := groups.told():
            raise Unfinished(f"{error} It was {told}; it looks again and sends nothing twice.") from error
        raise


async def _turn(groups: GroupSession) -> None:
    session = groups.session
    session.control.go_on()
    if reason := pause_asked(session):
        await wait(session, reason, 1.0)
        session.progress.reason = ""
        return
    match groups.queue.next_job(session.clock.now()):
        case Send(task):
            await _send(groups, task)
        case LookAtGroups(tasks):
            await _look(groups, tasks)
        case ReadMembers(task):
            await _read_members(groups, task)
        case Idle(until):
            await _idle(groups, until)
        case Finished():
            session.ended = Ending(ExitCode.DONE, "")
    tell(session)


async def _idle(groups: GroupSession, until: datetime | None) -> None:
    """Sleep until something is due. Only Entra's own time limit ends a wait for Entra."""
    session = groups.session
    if until is None:
        await session.clock.sleep(IDLE_S)
        return
    if groups.queue.processing:
        session.helped = session.clock.monotonic()
    seconds = min(NAP_S, max(IDLE_S, (until - session.clock.now()).total_seconds()))
    await wait(session, groups.told() or "checking changes in doubt again, or waiting to send again", seconds)


async def _send(groups: GroupSession, task: GroupTask) -> None:
    """Look, wait for a place and a turn, look again where that took long, and send."""
    session = groups.session
    session.progress.reason = ""
    read_at = await _checked(groups, task)
    if read_at is None:
        return
    async with session.places:
        async with session.line:
            await while_paused(session)
            if not await _has_seats(groups, task):
                return
            await session.tenant.write_turn(1)
            await while_paused(session)
            while session.clock.now() - read_at > READ_AGE_MAX:
                again = await _checked(groups, task)
                if again is None:
                    return
                read_at = again
            session.control.go_on()
        if groups.queue.suspected or session.failure is not None:
            groups.queue.put_back(task, session.clock.now())
            return
        await _write(groups, task)


async def _checked(groups: GroupSession, task: GroupTask) -> datetime | None:
    """Return when the group was read, if it and its members are as planned; else settle it and return None.

    The members come first: theirs may be many pages, and the group itself must not grow old meanwhile.
    """
    members = await groups.tenant.read_direct_members(task.group_id)
    members_at = groups.session.clock.now()
    [read] = await groups.tenant.read_groups([task.group_id])
    seen, sent = task.seen(read), groups.queue.standing(task.group_id).sent > 0
    if seen == "gone" or members is None:
        _settle(groups, task, "gone", "group_gone")
        return None
    if seen == "moved":
        _settle(groups, task, "accepted" if sent else "already")
        return None
    if seen == "other" and sent:
        _settle(groups, task, "in_doubt", "unproven")
        return None
    if seen == "other" or not _complete(read):
        why = "its licenses are not as planned" if seen == "other" else "Entra is still processing another change of it"
        _settle(groups, task, "drifted", "group_drifted", why)
        return None
    strangers = [m for m in members if m.id not in task.members]
    if strangers:
        who = strangers[0].user_principal_name or strangers[0].id
        more = f" and {len(strangers) - 1} more" if len(strangers) > 1 else ""
        _settle(groups, task, "drifted", "group_drifted", f"{who}{more}: in the group, and not in the plan")
        return None
    return min(members_at, read.read_at)


def _complete(read: GroupRead) -> bool:
    return Group(read.id, "", processing_state=read.processing_state).processed


async def _has_seats(groups: GroupSession, task: GroupTask) -> bool:
    """Whether every member of this group and of those at work finds a seat; else it waits, or is left for this call."""
    needed = groups.queue.seats_needed(task)
    free = await groups.free_seats() if needed else {}
    if all(free.get(sku, 0) >= n for sku, n in needed.items()):
        return True
    if groups.queue.seats_may_change:
        groups.queue.put_back(task, groups.session.clock.now() + SEATS_AGAIN)
    else:
        groups.queue.put_aside(task)
    return False


async def _write(groups: GroupSession, task: GroupTask) -> None:
    session = groups.session
    session.batches += 1
    number = session.batches
    _append(groups, "intent", {"batch": number, "items": [task.intent()]})
    reply = await groups.tenant.assign_group(task.change)
    session.helped = session.clock.monotonic() if reply.status else session.helped
    judged = _judged(groups, task, reply)
    body = outcome_body(number, [judged])
    if judged.verdict is Verdict.APPLIED:
        body["items"][0]["verdict"] = "accepted"
    _append(groups, "outcome", {**body, **wire_facts(session)}, durable=False)
    _after(groups, task, judged)
    session.reply_judge.raise_if_hopeless([judged])


def _judged(groups: GroupSession, task: GroupTask, reply: Reply) -> Reply:
    """Judge as for users; what a group that can be assigned to roles takes is documented nowhere, and stops nothing."""
    if reply.status == 403 and task.group_id in groups.role_assignable:
        return replace(reply, verdict=Verdict.REFUSED, reason="role_assignable")
    [judged] = groups.session.reply_judge.judge([reply], groups.session.clock.now())
    return judged


def _after(groups: GroupSession, task: GroupTask, reply: Reply) -> None:
    now, queue = groups.session.clock.now(), groups.queue
    match reply.verdict:
        case Verdict.APPLIED:
            groups.began = groups.began or now
            queue.accepted(task, now)
        case Verdict.REFUSED:
            queue.answered(task)
        case Verdict.IN_DOUBT:
            queue.doubt(task, now)
        case Verdict.RETRY if reply.reason == "seats_taken":
            queue.put_aside(task)
        case Verdict.RETRY:
            seconds = BACK_OFF_S if reply.retry_after_s is None else reply.retry_after_s
            queue.put_back(task, now + timedelta(seconds=seconds))
        case Verdict.STOP:
            queue.put_back(task, now)


async def _look(groups: GroupSession, tasks: Sequence[GroupTask]) -> None:
    reads = await groups.tenant.read_groups([t.group_id for t in tasks])
    for task, read in zip(tasks, reads, strict=True):
        if groups.queue.watches[task.group_id].since is None:
            _doubted(groups, task, read)
        else:
            _polled(groups, task, read)


def _doubted(groups: GroupSession, task: GroupTask, read: GroupRead) -> None:
    """Judge a look at a change without an answer: licenses as after it are proof, anything else asks two looks."""
    seen = task.seen(read)
    if seen == "moved":
        _settle(groups, task, "accepted")
    elif groups.queue.agreed(task, seen, read.read_at):
        if seen == "before":
            _without_effect(groups, task)
        else:
            _settle(groups, task, *(("gone", "group_gone") if seen == "gone" else ("drifted", "group_drifted")))


def _without_effect(groups: GroupSession, task: GroupTask) -> None:
    if held := groups.look_only.get(task.group_id, ""):
        _settle(groups, task, "held", held)
        return
    _settle(groups, task, "pending", "no_effect")
    groups.queue.put_back(task, groups.session.clock.now())


def _polled(groups: GroupSession, task: GroupTask, read: GroupRead) -> None:
    """Judge a look at a group that Entra works on: gone, changed by somebody since, done as it says, or not yet."""
    seen, now, queue = task.seen(read), groups.session.clock.now(), groups.queue
    since = queue.watches[task.group_id].since
    if queue.watches[task.group_id].again and seen != "moved":
        queue.answered(task)
        return
    late = since is not None and now - since >= UNCHANGED_MAX
    if seen in {"gone", "other"} or (seen == "before" and late and not queue.is_over(task, now)):
        if queue.agreed(task, seen, read.read_at):
            _settle(groups, task, *(("gone", "group_gone") if seen == "gone" else ("drifted", "group_drifted")))
    elif (seen == "moved" and _complete(read)) or queue.is_over(task, now):
        queue.read_members(task, now)
    else:
        queue.later(task, now)


async def _read_members(groups: GroupSession, task: GroupTask) -> None:
    """Read everybody in the group; two reads that agree settle it."""
    reads = await groups.tenant.read_direct_members(task.group_id)
    now, queue = groups.session.clock.now(), groups.queue
    if reads is None:
        queue.later(task, now)
        return
    sweep = sweep_of(task, reads, now)
    lost = len(queue.lost)
    match queue.swept(task, sweep):
        case "settled":
            await _settled(groups, task, sweep)
        case "again":
            queue.read_members(task, now + SETTLE_SPACING)
        case "later":
            queue.later(task, now)
        case "overdue":
            queue.answered(task)
    if len(queue.lost) > lost:
        _note(groups, lost=sorted(queue.lost), text=lost_text(len(queue.lost)))


async def _settled(groups: GroupSession, task: GroupTask, sweep: Sweep) -> None:
    """Write down what became of the members; those in error are worked out again first, where that is wished, once."""
    done = groups.reprocessed
    again = [u for u, s in sweep.seen.items() if s == "error" and done is not None and u not in done]
    if again and done is not None and not groups.queue.is_over(task, sweep.at):
        await _reprocess(groups, again, done)
        groups.queue.read_afresh(task, groups.session.clock.now() + SETTLE_SPACING)
        return
    item = {"id": task.group_id, "verdict": "moved", "reason": "", "message": ""}
    _append(groups, "settled", {"items": [{**item, "members": sweep.counts(), "failed": list(sweep.failed)}]})
    groups.queue.lost -= (done or set()) & (sweep.seen.keys() - sweep.lost)
    groups.queue.answered(task)
    if sweep.joined:
        text = f"{counted(len(sweep.joined), 'user')} joined group {task.name} during the run and follow it too"
        _note(groups, joined=sorted(sweep.joined), group=task.group_id, text=text)


async def _reprocess(groups: GroupSession, users: Sequence[UserId], done: set[UserId]) -> None:
    """Have Entra work out the licenses of these users again, journalled like every other write; they join `done`."""
    session = groups.session
    for at in range(0, len(users), BATCH_SIZE_MAX):
        batch = users[at : at + BATCH_SIZE_MAX]
        async with session.line:
            await while_paused(session)
            await session.tenant.write_turn(len(batch))
            session.control.go_on()
        session.batches += 1
        number = session.batches
        _append(groups, "intent", {"batch": number, "items": [{"id": u} for u in batch]}, REPROCESSED)
        done.update(batch)
        replies = await groups.tenant.reprocess(batch)
        _append(groups, "outcome", outcome_body(number, replies), REPROCESSED)
        session.reply_judge.raise_if_hopeless(replies)


def lost_text(users: int) -> str:
    """Say that a swap has harmed somebody, and what it means for the rest."""
    has = counted(users, "member has", "members have")
    return (
        f"{has} lost the old license and got no working new one from the group, so no further group is begun. "
        "`reseat verify` names them, and `reseat undo` gives the old license back to them first"
    )


async def still_lost(tenant: GroupWriter, tasks: Mapping[GroupId, GroupTask], users: Sequence[UserId]) -> set[UserId]:
    """Return which of these members, whom an earlier call saw without a license, are still so."""
    reads: list[UserRead] = []
    for at in range(0, len(users), BATCH_SIZE_MAX):
        reads += await tenant.read_users(users[at : at + BATCH_SIZE_MAX])
    changes = {r.id: [t.change for t in tasks.values() if r.id in t.members] for r in reads}
    return {r.id for r in reads if r.found and any(is_lost(r.profile, c) for c in changes[r.id])}


def _settle(groups: GroupSession, task: GroupTask, verdict: str, reason: str = "", message: str = "") -> None:
    """Write down where a group stands, and go on from there."""
    _append(
        groups,
        "settled",
        {"items": [{"id": task.group_id, "verdict": verdict, "reason": reason, "message": message}]},
    )
    now = groups.session.clock.now()
    if verdict == "accepted":
        groups.queue.accepted(task, now)
    elif verdict == "in_doubt":
        groups.queue.doubt(task, now)
    else:
        groups.queue.answered(task)


def _note(groups: GroupSession, **facts: object) -> None:
    groups.session.journal.append("note", {"event": "groups", **facts})


def _append(
    groups: GroupSession, kind: str, body: Mapping[str, Any], writes: str = GROUPS, *, durable: bool = True
) -> None:
    line = groups.session.journal.append(kind, {"writes": writes, **body}, durable=durable)
    groups.queue.fold(Entry(line.kind, line.at, line.body))
