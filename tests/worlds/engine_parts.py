"""The engine with a tenant of plain values under it: whoever is asked answers as the test says, on virtual time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.changes import AddLicense, AssignLicense, Reply, Verdict
from connectors.tenant import NO_LICENSES, LicenseAssignment, LicenseProfile, SkuId, UserId, UserRead
from jobs.license_reassignment.apply.canary import Canary, canary_of
from jobs.license_reassignment.apply.control import Control, StopFlag, StoppableClock
from jobs.license_reassignment.apply.engine import apply
from jobs.license_reassignment.apply.queue import Queue
from jobs.license_reassignment.apply.replies import ReplyJudge
from jobs.license_reassignment.apply.session import Ending, Session
from jobs.license_reassignment.model.change import LicenseTask
from jobs.license_reassignment.model.progress import Progress
from jobs.license_reassignment.model.standing import Standing
from jobs.license_reassignment.run_folder.journal import Head, Journal, read_journal, segment_name
from jobs.license_reassignment.run_folder.load import entries
from worlds.virtual_time import Hour, VirtualClock, VirtualLoop, run_process

OLD, NEW, OTHER = SkuId("e4"), SkuId("e3"), SkuId("visio")
DIGEST = "0" * 64


def profile(*skus: SkuId) -> LicenseProfile:
    """Make a profile of direct, sound licenses."""
    return LicenseProfile.of(LicenseAssignment(s, "", ()) for s in skus)


BEFORE, MOVED = profile(OLD), profile(NEW)


def task(name: str, wave: str = "all") -> LicenseTask:
    """Make the change of one user from OLD to NEW."""
    change = AssignLicense(UserId(name), (AddLicense(NEW),), (OLD,))
    return LicenseTask(change, (NEW,), BEFORE, 0, wave)


def tasks(*names: str, wave: str = "all") -> dict[UserId, LicenseTask]:
    """Make changes by user id."""
    return {UserId(n): task(n, wave) for n in names}


def names(count: int) -> list[str]:
    """Name so many users."""
    return [f"u{n:03}" for n in range(count)]


def reply(name: str, verdict: Verdict, status: int = 200, reason: str = "", **more: Any) -> Reply:
    """Make an answer."""
    return Reply(UserId(name), verdict, status, reason=reason, **more)


@dataclass
class Scene:
    """One apply session on virtual time. `answer` says what a change gets; None carries it out.

    `sent` lists the batches of user ids as they left, with the second; `turns` what the quota was asked for. Where
    `watch` is set, the first users are looked at again.
    """

    folder: Path
    users: dict[UserId, LicenseTask]
    hour: Hour = field(default_factory=Hour)
    flag: StopFlag = field(default_factory=StopFlag)
    answer: Callable[[AssignLicense], Reply | None] = lambda _change: None
    latency_s: float = 1.0
    turn_s: float = 0.0
    in_flight: int = 2
    waves: tuple[str, ...] = ("all",)
    refusals_percent_max: float = 100
    watch: bool = False
    standings: dict[str, Standing] = field(default_factory=dict)
    control: dict[str, Any] = field(default_factory=dict)
    holds: dict[str, LicenseProfile | None] = field(default_factory=dict)
    sent: list[tuple[float, list[str]]] = field(default_factory=list)
    reads: Counter[str] = field(default_factory=Counter)
    before_answer: Callable[[], None] = lambda: None
    on_progress: Callable[[Progress], None] = lambda _progress: None
    queue: Queue = field(init=False)

    def __post_init__(self) -> None:
        self.clock = StoppableClock(VirtualClock(self.hour), self.flag)
        for user_id in self.users:
            self.holds.setdefault(user_id, BEFORE)

    async def read_users(self, ids: Sequence[UserId]) -> list[UserRead]:
        """Read what the users hold now; None in `holds` is a user who does not exist."""
        await asyncio.sleep(0.1)
        self.reads.update(ids)
        found = [(i, self.holds[i]) for i in ids]
        return [UserRead(i, p is not None, self.clock.now(), p or NO_LICENSES) for i, p in found]

    async def write_turn(self, n: int) -> None:
        """Give the turn after `turn_s` seconds."""
        del n
        await self.clock.sleep(self.turn_s)

    async def assign(self, batch: Sequence[AssignLicense]) -> list[Reply]:
        """Answer after `latency_s` seconds."""
        self.sent.append((self.hour.now, [c.user_id for c in batch]))
        await asyncio.sleep(self.latency_s)
        self.before_answer()
        return [self._one(change) for change in batch]

    def _one(self, change: AssignLicense) -> Reply:
        said = self.answer(change)
        if said is not None:
            return said
        self.holds[change.user_id] = MOVED
        return reply(change.user_id, Verdict.APPLIED)

    def run(self, at: Callable[[VirtualLoop], None] = lambda _loop: None) -> Ending:
        """Run the session to its end; `at` may plan what happens meanwhile."""
        loop = VirtualLoop(self.hour)
        at(loop)

        async def main() -> Ending:
            head = read_journal(self.folder, DIGEST)
            self.journal = Journal(head, self.clock.now)
            self.queue = Queue(self.users, self.standings, self.waves)
            session = Session(
                tenant=self,
                journal=self.journal,
                queue=self.queue,
                control=Control(self.folder, self.clock, self.flag, **self.control),
                clock=self.clock,
                reply_judge=ReplyJudge(self.refusals_percent_max),
                patience_s=3600,
                in_flight=self.in_flight,
                on_progress=self.on_progress,
                canary=canary_of(self.users.values(), entries(head.lines)) if self.watch else Canary({}, over=True),
            )
            try:
                return await apply(session)
            finally:
                self.journal.close()

        ending: Ending = run_process(loop, main, lambda: None)
        return ending

    def states(self) -> dict[str, str]:
        """Where the session left everybody."""
        return {u: self.queue.standings.get(u, Standing()).state for u in self.users}

    def kinds(self) -> list[str]:
        """The journal's lines."""
        return [line.kind for line in self.head().lines]

    def head(self) -> Head:
        """The journal, read again."""
        return read_journal(self.folder, DIGEST)


def first_segment(folder: Path) -> Path:
    """Where the journal begins."""
    return folder / segment_name(1)
