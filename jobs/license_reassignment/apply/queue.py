"""The queue of one apply: which users wait, which are out, which are in doubt, and what to do next. No I/O."""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connectors.limits import BATCH_SIZE_MAX
from connectors.tenant import SkuId, UserId
from jobs.license_reassignment.model.change import Seen, Task
from jobs.license_reassignment.model.standing import LICENSES, NOT_SENT, Entry, Standing, advance

SETTLE_SPACING = timedelta(seconds=10)
LOOKS_MAX = 30
GROUP_GIVES_WITHIN = timedelta(minutes=1)
"""So long a user whose group is settled may still be shown without its target: by a replica that is behind."""


@dataclass(frozen=True, slots=True)
class Write:
    """Send these changes now, after a look at each user."""

    tasks: tuple[Task, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """Read these users: a change of theirs is in doubt."""

    tasks: tuple[Task, ...]


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing to do before this time, or before work that is out comes back (`until` None)."""

    until: datetime | None


@dataclass(frozen=True, slots=True)
class WaveDone:
    """Every change of the wave has its answer; call `next_wave`."""

    name: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The last wave is done, or what is left cannot be sent now."""


@dataclass(frozen=True, slots=True)
class NoRoom:
    """Changes are ready, and no more may go out for now."""


Job = Write | Look | Idle | NoRoom | WaveDone | Finished


@dataclass(slots=True)
class _Doubt:
    task: Task
    due: datetime
    looks: int = 0
    seen: Seen | None = None
    seen_at: datetime | None = None


@dataclass(slots=True)
class Queue:
    """Hands out jobs of at most BATCH_SIZE_MAX users; one user is never in two jobs at once.

    `waves` are those of this call, `later` those after them, in order. `look_only` are users to whom nothing is sent
    now, whatever a look shows: to each the reason code under which it is then held, "" for one that stays pending.
    `writes` is the kind of its requests in the journal; lines of the other kind do not concern it. `also_waiting` are
    waves in which a group waits.
    """

    tasks: Mapping[UserId, Task]
    standings: dict[str, Standing]
    waves: Sequence[str]
    writes: str = LICENSES
    later: Sequence[str] = ()
    look_only: Mapping[UserId, str] = field(default_factory=dict)
    short: set[SkuId] = field(default_factory=set)
    also_waiting: frozenset[str] = frozenset()
    counts: Counter[str] = field(init=False)
    _wave: int = 0
    _ready: deque[Task] = field(default_factory=deque)
    _later: list[tuple[datetime, int, Task]] = field(default_factory=list)
    _doubts: dict[UserId, _Doubt] = field(default_factory=dict)
    _out: set[UserId] = field(default_factory=set)
    _waiting: dict[UserId, datetime] = field(default_factory=dict)
    _ticket: int = 0

    def __post_init__(self) -> None:
        self.count()

    def count(self) -> None:
        """Count the standings afresh: another queue may have gone on with them."""
        self.counts = Counter(self._state(u) for u in self.tasks)

    def open(self, now: datetime) -> None:
        """Put everybody in doubt up for a look at once, and line up the first wave that is not done."""
        left = {t.wave for u, t in self.tasks.items() if self._state(u) in {"pending", "in_doubt"}}
        while self.wave not in left and self._wave + 1 < len(self.waves):
            self._wave += 1
        for user_id, task in self.tasks.items():
            if self._state(user_id) == "in_doubt":
                self._doubts[user_id] = _Doubt(task, due=now)
        self._line_up()

    @property
    def wave(self) -> str:
        """The wave at work."""
        return self.waves[self._wave]

    def stand_at(self, wave: str) -> None:
        """Take this wave for the one at work: its users have their answers, and its groups follow."""
        self._wave = list(self.waves).index(wave) if wave in self.waves else self._wave

    def _state(self, user_id: UserId) -> str:
        return self.standings.get(user_id, NOT_SENT).state

    def _line_up(self) -> None:
        self._ready.extend(t for t in self._pending() if t.wave == self.wave and t.user_id not in self.look_only)

    def _pending(self) -> Iterator[Task]:
        return (t for t in self.tasks.values() if self._state(t.user_id) == "pending")

    @property
    def doubtful(self) -> int:
        """How many changes wait for a look, because no answer came; the others without one are on their way."""
        return len(self._doubts)

    def over(self) -> bool:
        """Whether every change of this call's waves has its answer."""
        states = {self._state(u) for u, t in self.tasks.items() if t.wave in self.waves}
        return states.isdisjoint({"pending", "in_doubt"})

    def kept_back(self, waves: Sequence[str]) -> list[Task]:
        """Return the changes of these waves that wait for a seat."""
        return [t for t in self._pending() if t.wave in waves and self.is_short(t)]

    def next_wave_waiting(self) -> str:
        """Name the wave that comes next: the first after this call's in which a change waits; "" for none."""
        waiting = {t.wave for t in self._pending()} | self.also_waiting
        return next((wave for wave in self.later if wave in waiting), "")

    @property
    def sent_or_out(self) -> int:
        """How many changes have been made, or may be: those in hand count too."""
        return self.counts["applied"] + len(self._doubts.keys() | self._out)

    def next_job(self, now: datetime, room: int | None = None) -> Job:
        """Return what to do now; at most `room` changes to send. Doubts that are due come before new changes."""
        while self._later and self._later[0][0] <= now:
            self._ready.append(heapq.heappop(self._later)[2])
        due = [d.task for d in self._doubts.values() if d.due <= now and d.task.user_id not in self._out]
        if due:
            return Look(self._take(due[:BATCH_SIZE_MAX]))
        ready: list[Task] = []
        most = BATCH_SIZE_MAX if room is None else min(BATCH_SIZE_MAX, room)
        while self._ready and len(ready) < most:
            task = self._ready.popleft()
            if not self.is_short(task):
                ready.append(task)
        if ready:
            return Write(self._take(ready))
        return NoRoom() if self._ready else self._when_nothing_is_ready()

    def _when_nothing_is_ready(self) -> Job:
        times = [d.due for d in self._doubts.values() if d.task.user_id not in self._out]
        if self._later:
            times.append(self._later[0][0])
        if times or self._out:
            return Idle(min(times, default=None))
        if self._wave + 1 < len(self.waves):
            return WaveDone(self.wave)
        return Finished()

    def next_wave(self) -> None:
        """Go on to the next wave; only after WaveDone."""
        at_work = [*self._out, *self._doubts, *self._later]
        assert at_work == [], "a wave ends when all its answers are in"
        self._wave += 1
        self._line_up()

    def _take(self, tasks: Iterable[Task]) -> tuple[Task, ...]:
        taken = tuple(tasks)
        self._out.update(t.user_id for t in taken)
        return taken

    def is_short(self, task: Task) -> bool:
        """Whether a SKU that it adds has run out of seats."""
        return not self.short.isdisjoint(task.adds)

    def put_back(self, task: Task, not_before: datetime | None = None) -> None:
        """Return a change that was not applied; it goes out again, at once or later, unless it is only looked at."""
        self._out.discard(task.user_id)
        if task.user_id in self.look_only:
            return
        if not_before is None:
            self._ready.append(task)
        else:
            self._ticket += 1
            heapq.heappush(self._later, (not_before, self._ticket, task))

    def wait_for_group(self, task: Task, now: datetime) -> None:
        """Look again a while from now whether its group has given the target: a replica may be behind.

        After GROUP_GIVES_WITHIN it is left pending for this call.
        """
        if now - self._waiting.setdefault(task.user_id, now) < GROUP_GIVES_WITHIN:
            self.put_back(task, now + SETTLE_SPACING)
        else:
            self._out.discard(task.user_id)

    def answered(self, task: Task) -> None:
        """Close one user: nothing more is sent or read for it in this run."""
        self._out.discard(task.user_id)
        self._doubts.pop(task.user_id, None)

    def doubt(self, task: Task, now: datetime) -> None:
        """Put a change up for a look, a while from now: a late request may still be at work."""
        self._out.discard(task.user_id)
        self._doubts[task.user_id] = _Doubt(task, due=now + SETTLE_SPACING)

    def looked(self, task: Task, seen: Seen, now: datetime) -> Seen | None:
        """Note one look. Returns what two looks, a while apart, agree on; None asks for another look."""
        self._out.discard(task.user_id)
        doubt = self._doubts[task.user_id]
        agreed = doubt.seen == seen and doubt.seen_at is not None and now - doubt.seen_at >= SETTLE_SPACING
        if not agreed:
            if doubt.seen != seen:
                doubt.seen, doubt.seen_at = seen, now
            doubt.looks += 1
            doubt.due = now + SETTLE_SPACING
            return None
        del self._doubts[task.user_id]
        return seen

    def looks(self, task: Task) -> int:
        """How often a doubt of this user was looked at without agreement."""
        doubt = self._doubts.get(task.user_id)
        return doubt.looks if doubt else 0

    def give_up_doubt(self, task: Task) -> None:
        """Leave a user in doubt for the next start: reads do not agree."""
        self._doubts.pop(task.user_id, None)
        self._out.discard(task.user_id)

    def fold(self, entry: Entry) -> None:
        """Fold one journal line into the standings and the counts."""
        for user_id, old, new in advance(self.standings, entry, self.writes):
            if user_id in self.tasks:
                self.counts[old.state] -= 1
                self.counts[new.state] += 1
