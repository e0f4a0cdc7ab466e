"""The queue of one wave's groups: which wait, which Entra works on, which are in doubt, what is next. No I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from connectors.limits import BATCH_SIZE_MAX
from connectors.tenant import GroupId, SkuId, UserId
from jobs.license_reassignment.apply.queue import LOOKS_MAX, SETTLE_SPACING, Finished, Idle
from jobs.license_reassignment.apply.sweep import Sweep
from jobs.license_reassignment.model.group_change import GroupSeen, GroupTask
from jobs.license_reassignment.model.standing import GROUPS, NOT_SENT, Entry, Standing, advance

POLL_FIRST = timedelta(seconds=10)
POLL_LAST = timedelta(minutes=5)
UNCHANGED_MAX = timedelta(minutes=10)
"""So long a group that shows its old licenses after an accepted change may be a replica that is behind."""


@dataclass(frozen=True, slots=True)
class Send:
    """Look at this group and its members, and send its change."""

    task: GroupTask


@dataclass(frozen=True, slots=True)
class LookAtGroups:
    """Read these groups: a change of theirs is in doubt, or Entra works on it."""

    tasks: tuple[GroupTask, ...]


@dataclass(frozen=True, slots=True)
class ReadMembers:
    """Read the members of this group: Entra says that it is done, or its time is over."""

    task: GroupTask


GroupJob = Send | LookAtGroups | ReadMembers | Idle | Finished


@dataclass(slots=True)
class Watch:
    """One group whose change was sent. `since` is when Graph accepted it, None while that is in doubt."""

    task: GroupTask
    due: datetime
    since: datetime | None = None
    spacing: timedelta = POLL_FIRST
    members_next: bool = False
    looks: int = 0
    seen: GroupSeen | None = None
    seen_at: datetime | None = None
    sweep: Sweep | None = None


@dataclass(slots=True)
class GroupQueue:
    """Hands out jobs; one group is never in two jobs at once.

    `sending` are the groups to which this call may send; all others are only looked at. `hours_max` is how long Entra
    may take, counted from when it accepted. `lost` are members who lost the source and got no target: while there is
    one, or a first read suspects one, no group begins. `holds` are the SKUs that a member had before.
    """

    tasks: Mapping[GroupId, GroupTask]
    standings: dict[str, Standing]
    sending: Collection[GroupId]
    hours_max: float
    holds: Mapping[UserId, Collection[SkuId]] = field(default_factory=dict)
    lost: set[UserId] = field(default_factory=set)
    short: set[GroupId] = field(default_factory=set)
    overdue: set[GroupId] = field(default_factory=set)
    unproven: set[GroupId] = field(default_factory=set)
    watches: dict[GroupId, Watch] = field(default_factory=dict)
    _done: dict[GroupId, int] = field(default_factory=dict)
    _ready: dict[GroupId, datetime] = field(default_factory=dict)
    _out: set[GroupId] = field(default_factory=set)

    def open(self, now: datetime) -> None:
        """Put whatever was sent up for a look at once, and line up what may be sent."""
        for group_id, task in self.tasks.items():
            standing = self.standing(group_id)
            if standing.state in {"in_doubt", "processing"}:
                since = datetime.fromisoformat(standing.at) if standing.state == "processing" else None
                self.watches[group_id] = Watch(task, now, since)
            elif standing.state == "pending" and group_id in self.sending:
                self._ready[group_id] = now

    def standing(self, group_id: GroupId) -> Standing:
        """Return where the journal leaves a group."""
        return self.standings.get(group_id, NOT_SENT)

    @property
    def suspected(self) -> bool:
        """Whether a read of members shows somebody without the old license and without a working new one."""
        return bool(self.lost) or any(w.sweep is not None and w.sweep.lost for w in self.watches.values())

    @property
    def processing(self) -> list[Watch]:
        """The groups that Entra works on."""
        return [w for w in self.watches.values() if w.since is not None]

    def next_job(self, now: datetime) -> GroupJob:
        """Return what to do now: looks at doubts, then changes to send, then looks at what Entra works on."""
        if doubts := self._due(now, lambda w: w.since is None):
            return LookAtGroups(self._take(w.task for w in doubts[:BATCH_SIZE_MAX]))
        if not self.suspected:
            for group_id, at in self._ready.items():
                if at <= now and group_id not in self._out:
                    return Send(self._take([self.tasks[group_id]])[0])
        if due := self._due(now, lambda w: w.members_next):
            return ReadMembers(self._take([due[0].task])[0])
        if due := self._due(now, lambda w: w.since is not None):
            return LookAtGroups(self._take(w.task for w in due[:BATCH_SIZE_MAX]))
        times = [w.due for g, w in self.watches.items() if g not in self._out]
        if not self.suspected:
            times += [at for g, at in self._ready.items() if g not in self._out]
        return Idle(min(times, default=None)) if times or self._out else Finished()

    def _due(self, now: datetime, which: Callable[[Watch], bool]) -> list[Watch]:
        return [w for g, w in self.watches.items() if w.due <= now and g not in self._out and which(w)]

    def _take(self, tasks: Iterable[GroupTask]) -> tuple[GroupTask, ...]:
        taken = tuple(tasks)
        self._out.update(t.group_id for t in taken)
        return taken

    def put_back(self, task: GroupTask, not_before: datetime) -> None:
        """Send it again, not before this time."""
        self._out.discard(task.group_id)
        self.watches.pop(task.group_id, None)
        if task.group_id in self.sending:
            self._ready[task.group_id] = not_before

    def put_aside(self, task: GroupTask) -> None:
        """Leave it pending for this call: there is no seat for some of its members."""
        self.answered(task)
        self.short.add(task.group_id)

    def answered(self, task: GroupTask) -> None:
        """Close one group: nothing more is sent or read for it in this call."""
        self._out.discard(task.group_id)
        self._ready.pop(task.group_id, None)
        self.watches.pop(task.group_id, None)

    def doubt(self, task: GroupTask, now: datetime) -> None:
        """Look at it a while from now: a late request may still be at work."""
        self.answered(task)
        self.watches[task.group_id] = Watch(task, now + SETTLE_SPACING)

    def accepted(self, task: GroupTask, now: datetime) -> None:
        """Watch what Entra makes of it."""
        self.answered(task)
        self.watches[task.group_id] = Watch(task, now + POLL_FIRST, since=now)

    def agreed(self, task: GroupTask, seen: GroupSeen, now: datetime) -> bool:
        """Note one look; whether two of them, a while apart, agree. Else the next one is due after that while."""
        watch = self.watches[task.group_id]
        self._out.discard(task.group_id)
        if watch.seen == seen and watch.seen_at is not None and now - watch.seen_at >= SETTLE_SPACING:
            return True
        if watch.seen != seen:
            watch.seen, watch.seen_at = seen, now
        watch.looks += 1
        watch.due = now + SETTLE_SPACING
        if watch.since is None and watch.looks >= LOOKS_MAX:
            self.answered(task)
            self.unproven.add(task.group_id)
        return False

    def is_over(self, task: GroupTask, now: datetime) -> bool:
        """Whether Entra has had all the time that it may take."""
        since = self.watches[task.group_id].since
        return since is not None and now - since >= timedelta(hours=self.hours_max)

    def later(self, task: GroupTask, now: datetime) -> None:
        """Look at the group again, ever less often."""
        watch = self.watches[task.group_id]
        self._out.discard(task.group_id)
        end = now if watch.since is None else watch.since + timedelta(hours=self.hours_max)
        watch.members_next = False
        watch.due = min(now + watch.spacing, end) if end > now else now + watch.spacing
        watch.spacing = min(2 * watch.spacing, POLL_LAST)

    def read_members(self, task: GroupTask, at: datetime) -> None:
        """Read its members at this time."""
        watch = self.watches[task.group_id]
        self._out.discard(task.group_id)
        watch.members_next, watch.due = True, at

    def swept(self, task: GroupTask, sweep: Sweep) -> Literal["settled", "again", "later", "overdue"]:
        """Note one read of the members, and say what it leads to.

        `settled`: nothing more comes of anybody, as in the read before it. `again`: so it looks, or somebody may have
        lost a license, and a second read must agree. `overdue`: its time is over; the next call looks again.
        """
        watch = self.watches[task.group_id]
        earlier, watch.sweep = watch.sweep, sweep
        self._done[task.group_id] = sweep.done
        if earlier is not None and earlier.seen == sweep.seen:
            watch.sweep = Sweep(earlier.at, sweep.seen, sweep.joined, sweep.failed, sweep.lost)
        certain = earlier is not None and sweep.at - earlier.at >= SETTLE_SPACING
        self.lost |= sweep.lost & earlier.lost if earlier is not None and certain else set()
        if sweep.final and sweep.agrees(earlier, SETTLE_SPACING):
            return "settled"
        if sweep.final or (sweep.lost and not sweep.lost <= self.lost):
            return "again"
        if self.is_over(task, sweep.at):
            self.overdue.add(task.group_id)
            return "overdue"
        return "later"

    @property
    def at_work(self) -> list[GroupTask]:
        """The groups of which a change is on its way, in doubt or accepted: their members may still take seats."""
        return [t for g, t in self.tasks.items() if self.standing(g).state in {"in_doubt", "processing"}]

    @property
    def seats_may_change(self) -> bool:
        """Whether this call still looks at a group at work, after which its seats are known."""
        return any(t.group_id in self.watches or t.group_id in self._out for t in self.at_work)

    def seats_needed(self, task: GroupTask) -> Counter[SkuId]:
        """Return the seats for this group and all at work: one per user and SKU not held before."""
        return seats_of([task, *self.at_work], self.holds)

    def done(self) -> tuple[int, int]:
        """Return how many members of accepted groups are done, and of how many."""
        settled = [t for g, t in self.tasks.items() if self.standing(g).state == "applied"]
        accepted = [t for g, t in self.tasks.items() if self.standing(g).state == "processing"]
        members = sum(len(t.members) for t in settled)
        swept = sum(self._done.get(t.group_id, 0) for t in accepted)
        return members + swept, members + sum(len(t.members) for t in accepted)

    def fold(self, entry: Entry) -> None:
        """Fold one journal line into the standings."""
        for _ in advance(self.standings, entry, GROUPS):
            pass


def seats_of(tasks: Iterable[GroupTask], holds: Mapping[UserId, Collection[SkuId]]) -> Counter[SkuId]:
    """Return one seat per distinct member and SKU that the member did not hold before."""
    wanted = {(u, a.sku_id) for t in tasks for a in t.change.add for u in t.members}
    return Counter(sku for u, sku in wanted if sku not in holds.get(u, ()))
