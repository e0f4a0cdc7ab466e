"""Groups with a tenant of plain values under them: Entra works as long and as well as a test says, on virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.changes import AddLicense, AssignGroupLicense, Reply, Verdict
from connectors.tenant import (
    GroupId,
    GroupLicense,
    GroupRead,
    LicenseAssignment,
    LicenseProfile,
    SkuId,
    UserId,
    UserRead,
)
from jobs.license_reassignment.apply.control import Control, StopFlag, StoppableClock
from jobs.license_reassignment.apply.group_queue import GroupQueue
from jobs.license_reassignment.apply.groups import GroupSession, still_lost, swap_groups
from jobs.license_reassignment.apply.queue import Queue
from jobs.license_reassignment.apply.replies import ReplyJudge
from jobs.license_reassignment.apply.session import Ending, Session
from jobs.license_reassignment.apply.work import lost_members
from jobs.license_reassignment.model.group_change import GroupTask
from jobs.license_reassignment.model.progress import Progress
from jobs.license_reassignment.model.standing import GROUPS, Entry, fold
from jobs.license_reassignment.run_folder.journal import Journal, read_journal
from jobs.license_reassignment.run_folder.load import entries
from worlds.engine_parts import DIGEST, NEW, OLD
from worlds.virtual_time import Hour, VirtualClock, VirtualLoop, run_process

COMPLETE, BUSY = "ProcessingComplete", "ProcessingInProgress"


def group_task(name: str, *members: str, wave: str = "all") -> GroupTask:
    """Make the swap of one group from OLD to NEW."""
    change = AssignGroupLicense(GroupId(name), (AddLicense(NEW),), (OLD,))
    people = frozenset(UserId(m) for m in members)
    return GroupTask(change, name, (NEW,), (GroupLicense(OLD, ()),), people, wave)


def holding(group: str, sku: SkuId, state: str = "Active", error: str = "") -> LicenseProfile:
    """Make a profile of one license that comes through a group."""
    return LicenseProfile.of([LicenseAssignment(sku, group, (), state, error)])


@dataclass
class Directory:
    """The groups and their members; it outlives every process. `minutes` is how long Entra works on a group.

    `outcome` says what a member of a group gets, None for the target; `told` what the group says while it works.
    """

    hour: Hour
    tasks: Mapping[GroupId, GroupTask]
    minutes: float = 1.0
    told: str = BUSY
    outcome: Callable[[str, str], LicenseProfile | None] = lambda _group, _user: None
    licenses: dict[str, tuple[GroupLicense, ...]] = field(default_factory=dict)
    members: dict[str, dict[str, LicenseProfile]] = field(default_factory=dict)
    accepted: dict[str, float] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    writes: list[tuple[float, str]] = field(default_factory=list)
    reprocessed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for g, t in self.tasks.items():
            self.licenses.setdefault(g, t.before)
            self.members.setdefault(g, {m: holding(g, OLD) for m in t.members})

    def catch_up(self) -> None:
        """Do what Entra has done by now."""
        for group, at in list(self.accepted.items()):
            if self.hour.now - at < self.minutes * 60:
                continue
            del self.accepted[group]
            for user in self.members[group]:
                self.members[group][user] = self.outcome(group, user) or holding(group, NEW)

    def accept(self, change: AssignGroupLicense) -> None:
        """Take the change of a group."""
        group = change.group_id
        self.writes.append((self.hour.now, group))
        self.licenses[group] = self.tasks[group].after
        self.accepted[group] = self.hour.now


@dataclass
class GroupScene:
    """One session of one wave of groups. `answer` says what a change gets, None carries it out."""

    folder: Path
    tasks: Mapping[GroupId, GroupTask]
    directory: Directory
    answer: Callable[[AssignGroupLicense], Reply | None] = lambda _change: None
    hours_max: float = 24.0
    free: int = 1_000_000
    reprocess_errors: bool = False
    role_assignable: frozenset[GroupId] = frozenset()
    look_only: Mapping[GroupId, str] = field(default_factory=dict)
    control: dict[str, Any] = field(default_factory=dict)
    flag: StopFlag = field(default_factory=StopFlag)
    reads: list[tuple[float, str, str]] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    awaits: Callable[[], None] = lambda: None
    queue: GroupQueue = field(init=False)

    @property
    def hour(self) -> Hour:
        """The world's time."""
        return self.directory.hour

    def _now(self) -> Any:
        return VirtualClock(self.hour).now()

    async def _away(self, seconds: float) -> None:
        self.awaits()
        await asyncio.sleep(seconds)
        self.awaits()
        self.directory.catch_up()

    async def read_groups(self, ids: Sequence[GroupId]) -> list[GroupRead]:
        """Read what the groups assign."""
        await self._away(0.2)
        self.reads += [(self.hour.now, "group", g) for g in ids]
        world = self.directory
        return [
            GroupRead(
                g, g not in world.gone, self._now(), world.licenses[g], world.told if g in world.accepted else COMPLETE
            )
            for g in ids
        ]

    async def read_direct_members(self, group_id: GroupId) -> list[UserRead] | None:
        """Read who is in the group."""
        await self._away(0.5)
        self.reads.append((self.hour.now, "members", group_id))
        if group_id in self.directory.gone:
            return None
        found = self.directory.members[group_id].items()
        return [UserRead(UserId(u), True, self._now(), p, user_principal_name=f"{u}@contoso.example") for u, p in found]

    async def read_users(self, ids: Sequence[UserId]) -> list[UserRead]:
        """Read these users."""
        await self._away(0.2)
        held = {u: p for members in self.directory.members.values() for u, p in members.items()}
        return [UserRead(u, u in held, self._now(), held.get(u, LicenseProfile(()))) for u in ids]

    async def write_turn(self, n: int) -> None:
        """Give the turn."""
        await self._away(0.05 * n)

    async def assign(self, batch: Sequence[Any]) -> list[Reply]:
        """Nobody is changed on their own here."""
        raise AssertionError(batch)

    async def assign_group(self, change: AssignGroupLicense) -> Reply:
        """Accept, or answer as the test says."""
        self.awaits()
        said = self.answer(change)
        if said is None or (said.verdict is Verdict.IN_DOUBT and said.reason == "lost_reply"):
            self.directory.accept(change)
        await self._away(1.0)
        return said or Reply(change.group_id, Verdict.APPLIED, 202)

    async def reprocess(self, ids: Sequence[UserId]) -> list[Reply]:
        """Work the licenses out again: from now on they are sound."""
        await self._away(1.0)
        self.directory.reprocessed += ids
        for group, members in self.directory.members.items():
            members.update({u: holding(group, NEW) for u in ids if u in members})
        return [Reply(u, Verdict.APPLIED, 200) for u in ids]

    async def free_seats(self) -> Mapping[SkuId, int]:
        """So many seats are free."""
        await self._away(0.1)
        return {NEW: self.free}

    def _progress(self, told: Progress) -> None:
        if told.reason and told.reason not in self.reasons[-1:]:
            self.reasons.append(told.reason)

    def run(self, at: Callable[[VirtualLoop], None] = lambda _loop: None) -> Ending:
        """Run one session; each call is a process of its own."""
        loop = VirtualLoop(self.hour)
        at(loop)

        async def main() -> Ending:
            clock = StoppableClock(VirtualClock(self.hour), self.flag)
            head = read_journal(self.folder, DIGEST)
            known = entries(head.lines)
            journal = Journal(head, clock.now)
            journal.cut_torn_tail()
            sending = [g for g in self.tasks if g not in self.look_only]
            again = {g for g in self.tasks if self.reprocess_errors and self.settled(g).get("failed")}
            self.queue = GroupQueue(self.tasks, fold(known, GROUPS), sending, self.hours_max, again=again)
            self.queue.lost = await still_lost(self, self.tasks, lost_members(known))
            session = Session(
                tenant=self,
                journal=journal,
                queue=Queue({}, {}, ("all",)),
                control=Control(self.folder, clock, self.flag, **self.control),
                clock=clock,
                reply_judge=ReplyJudge(100),
                patience_s=3600,
                in_flight=4,
                on_progress=self._progress,
                batches=sum(e.kind == "intent" for e in known),
            )
            groups = GroupSession(
                self,
                session,
                self.queue,
                self.free_seats,
                self.role_assignable,
                self.look_only,
                set() if self.reprocess_errors else None,
            )
            try:
                return await swap_groups(groups)
            finally:
                journal.close()

        ending: Ending = run_process(loop, main, lambda: None)
        return ending

    def journal(self) -> list[Entry]:
        """The journal, read again."""
        return entries(read_journal(self.folder, DIGEST).lines)

    def states(self) -> dict[str, str]:
        """Where the journal leaves each group."""
        standings = fold(self.journal(), GROUPS)
        return {g: standings[g].state if g in standings else "pending" for g in self.tasks}

    def settled(self, group: str) -> Mapping[str, Any]:
        """The last line that says what became of a group."""
        found = [i for e in self.journal() if e.kind == "settled" for i in e.body["items"] if i["id"] == group]
        return dict(found[-1]) if found else {}


def scene(folder: Path, *tasks: GroupTask, **more: Any) -> GroupScene:
    """Make a session of these groups; what the directory is asked for goes there."""
    by_id = {t.group_id: t for t in tasks}
    ours = {k: more.pop(k) for k in ("minutes", "told", "outcome") if k in more}
    return GroupScene(folder, by_id, Directory(Hour(), by_id, **ours), **more)
