"""The queue of one wave's groups: which wait, which Entra works on, which are in doubt, what is next. No I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from connectors.limits import BATCH_SIZE_MAX
from connectors.tenant import GroupId, SkuId, UserId
from jobs.license_reassignment.apply.queue import LOOKS_MAX, SETTLE_SPACING, Finished, Idle
from jobs.license_reassignment.apply.sweep import Sweep
from jobs.license_reassignment.apply.timetable import Timetable
from jobs.license_reassignment.model.group_change import GroupSeen, GroupTask
from jobs.license_reassignment.model.standing import GROUPS, NOT_SENT, Entry, Standing, advance

POLL_FIRST = timedelta(seconds=10)
POLL_LAST = timedelta(minutes=5)
UNCHANGED_MAX = timedelta(minutes=10)
"""So long a group that shows its old licenses after an accepted change may be a replica that is behind."""

AT_WORK = frozenset({"in_doubt", "processing"})
"""Standings of a group whose change is on its way or accepted: its members may still take seats."""


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
    """One group whose change was sent. `since` is when Graph accepted it, None while that is in doubt.

    `again`: it is settled, and looked at once more for its members in error.
    """

    task: GroupTask
    since: datetime | None = None
    again: bool = False
    spacing: timedelta = POLL_FIRST
    looks: int = 0
    seen: GroupSeen | None = None
    seen_at: datetime | None = None
    sweep: Sweep | None = None


@dataclass(slots=True)
class GroupQueue:
    """Hands out jobs; one group is never in two jobs at once.

    `sending` are the groups to which this call may send; all others are only looked at. `hours_max` is how long Entra
    may take, counted from when it accepted. `lost` are members who lost the source and got no target: while there is
    one, or a first read suspects one, no group begins. `holds` are the SKUs that a member had before. `again` are
    settled groups of which members are in error.
    """

    tasks: Mapping[GroupId, GroupTask]
    standings: dict[str, Standing]
    sending: Collection[GroupId]
    hours_max: float
    holds: Mapping[UserId, Collection[SkuId]] = field(default_factory=dict)
    again: Collection[GroupId] = ()
    lost: set[UserId] = field(default_factory=set)
    short: set[GroupId] = field(default_factory=set)
    overdue: set[GroupId] = field(default_factory=set)
    unproven: set[GroupId] = field(default_factory=set)
    watches: dict[GroupId, Watch] = field(default_factory=dict)
    _doubts: Timetable = field(default_factory=Timetable)
    _unsent: Timetable = field(default_factory=Timetable)
    _complete: Timetable = field(default_factory=Timetable)
    _at_entra: Timetable = field(default_factory=Timetable)
    _done: dict[GroupId, int] = field(default_factory=dict)
    _suspects: set[GroupId] = field(default_factory=set)
    _claims: Counter[tuple[UserId, SkuId]] = field(default_factory=Counter)
    _claimed: Counter[SkuId] = field(default_factory=Counter)
    _out: set[GroupId] = field(default_factory=set)

    def open(self, now: datetime) -> None:
        """Put whatever was sent up for a look at once, and line up what may be sent."""
        for group_id, task in self.tasks.items():
            standing = self.standing(group_id)
            if standing.state in AT_WORK:
                since = datetime.fromisoformat(standing.at) if standing.state == "processing" else None
                self._watch(task, since, now)
                self._claim(task, 1)
            elif standing.state == "pending" and group_id in self.sending:
                self._unsent.put(group_id, now)
            elif standing.state == "applied" and group_id in self.again:
                self._watch(task, now, now)
                self.watches[group_id].again = True

    def standing(self, group_id: GroupId) -> Standing:
        """Return where the journal leaves a group."""
        return self.standings.get(group_id, NOT_SENT)

    @property
    def suspected(self) -> bool:
        """Whether a read of members shows somebody without the old license and without a working new one."""
        return bool(self.lost or self._suspects)

    @property
    def processing(self) -> list[Watch]:
        """The groups that Entra works on."""
        return [w for w in self.watches.values() if w.since is not None and not w.again]

    def next_job(self, now: datetime) -> GroupJob:
        """Return what to do now: looks at doubts, then changes to send, then looks at what Entra works on."""
        if doubts := self._take(self._doubts, now, BATCH_SIZE_MAX):
            return LookAtGroups(doubts)
        if not self.suspected and (unsent := self._take(self._unsent, now, 1)):
            return Send(unsent[0])
        if complete := self._take(self._complete, now, 1):
            return ReadMembers(complete[0])
        if at_entra := self._take(self._at_entra, now, BATCH_SIZE_MAX):
            return LookAtGroups(at_entra)
        waiting = [self._doubts, self._complete, self._at_entra, *([] if self.suspected else [self._unsent])]
        times = [at for table in waiting if (at := table.first()) is not None]
        return Idle(min(times, default=None)) if times or self._out else Finished()

    def _take(self, table: Timetable, now: datetime, most: int) -> tuple[GroupTask, ...]:
        taken = table.take(now, most)
        self._out.update(taken)
        return tuple(self.tasks[g] for g in taken)

    def _watch(self, task: GroupTask, since: datetime | None, due: datetime) -> None:
        self.watches[task.group_id] = Watch(task, since)
        (self._doubts if since is None else self._at_entra).put(task.group_id, due)

    def put_back(self, task: GroupTask, not_before: datetime) -> None:
        """Send it again, not before this time."""
        self.answered(task)
        if task.group_id in self.sending:
            self._unsent.put(task.group_id, not_before)

    def put_aside(self, task: GroupTask) -> None:
        """Leave it pending for this call: there is no seat for some of its members."""
        self.answered(task)
        self.short.add(task.group_id)

    def answered(self, task: GroupTask) -> None:
        """Close one group: nothing more is sent or read for it in this call."""
        self._out.discard(task.group_id)
        self._suspects.discard(task.group_id)
        self.watches.pop(task.group_id, None)
        for table in (self._doubts, self._unsent, self._complete, self._at_entra):
            table.drop(task.group_id)

    def doubt(self, task: GroupTask, now: datetime) -> None:
        """Look at it a while from now: a late request may still be at work."""
        self.answered(task)
        self._watch(task, None, now + SETTLE_SPACING)

    def accepted(self, task: GroupTask, now: datetime) -> None:
        """Watch what Entra makes of it."""
        self.answered(task)
        self._watch(task, now, now + POLL_FIRST)

    def agreed(self, task: GroupTask, seen: GroupSeen, now: datetime) -> bool:
        """Note one look; whether two of them, a while apart, agree. Else the next one is due after that while."""
        watch = self.watches[task.group_id]
        self._out.discard(task.group_id)
        if watch.seen == seen and watch.seen_at is not None and now - watch.seen_at >= SETTLE_SPACING:
            return True
        if watch.seen != seen:
            watch.seen, watch.seen_at = seen, now
        watch.looks += 1
        (self._doubts if watch.since is None else self._at_entra).put(task.group_id, now + SETTLE_SPACING)
        if watch.since is None and watch.looks >= LOOKS_MAX:
            self.answered(task)
            self.unproven.add(task.group_id)
        return False

    def is_over(self, task: GroupTask, now: datetime) -> bool:
        """Whether Entra has had all the time that it may take."""
        since = self.watches[task.group_id].since
        return since is not None and now - since >= timedelta(hours=self.hours_max)

    def later(self, task: GroupTask, now: datetime) -> None:
        """Look at the group again, ever less often; one that is settled is left as it is."""
        watch = self.watches[task.group_id]
        if watch.again:
            self.answered(task)
            return
        self._out.discard(task.group_id)
        end = now if watch.since is None else watch.since + timedelta(hours=self.hours_max)
        self._at_entra.put(task.group_id, min(now + watch.spacing, end) if end > now else now + watch.spacing)
        watch.spacing = min(2 * watch.spacing, POLL_LAST)

    def read_members(self, task: GroupTask, at: datetime) -> None:
        """Read its members at this time."""
        self._out.discard(task.group_id)
        self._complete.put(task.group_id, at)

    def read_afresh(self, task: GroupTask, at: datetime) -> None:
        """Read its members at this time, and compare with nothing that was read before."""
        self.watches[task.group_id].sweep = None
        self._suspects.discard(task.group_id)
        self.read_members(task, at)

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
        (self._suspects.add if sweep.lost else self._suspects.discard)(task.group_id)
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
    def seats_may_change(self) -> bool:
        """Whether this call still looks at a group at work, after which its seats are known."""
        return any(self.standing(g).state in AT_WORK for g in (*self.watches, *self._out))

    def seats_needed(self, task: GroupTask) -> Counter[SkuId]:
        """Return the seats for this group and all at work: one per user and SKU not held before."""
        return self._claimed + Counter(sku for u, sku in seats_taken(task, self.holds) if not self._claims[u, sku])

    def _claim(self, task: GroupTask, times: int) -> None:
        """Count the seats that the members of a group may take while its change is at work, each user's once."""
        for pair in seats_taken(task, self.holds):
            before = self._claims[pair]
            self._claims[pair] = before + times
            self._claimed[pair[1]] += bool(self._claims[pair]) - bool(before)

    def done(self) -> tuple[int, int]:
        """Return how many members of accepted groups are done, and of how many."""
        done = members = 0
        for group_id, task in self.tasks.items():
            state = self.standing(group_id).state
            if state in {"applied", "processing"}:
                members += len(task.members)
                done += len(task.members) if state == "applied" else self._done.get(group_id, 0)
        return done, members

    def fold(self, entry: Entry) -> None:
        """Fold one journal line into the standings."""
        for group_id, old, new in advance(self.standings, entry, GROUPS):
            if task := self.tasks.get(GroupId(group_id)):
                self._claim(task, (new.state in AT_WORK) - (old.state in AT_WORK))


def seats_of(tasks: Iterable[GroupTask], holds: Mapping[UserId, Collection[SkuId]]) -> Counter[SkuId]:
    """Return one seat per distinct member and SKU that the member did not hold before."""
    return Counter(sku for _, sku in {pair for t in tasks for pair in seats_taken(t, holds)})


def seats_taken(task: GroupTask, holds: Mapping[UserId, Collection[SkuId]]) -> Iterator[tuple[UserId, SkuId]]:
    """Yield each member with each SKU that is new to them."""
    for added in task.change.add:
        for user in task.members:
            if added.sku_id not in holds.get(user, ()):
                yield user, added.sku_id
