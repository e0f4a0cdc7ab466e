"""One session of apply as a value: what it works with, how far it is, and how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from connectors.changes import Traffic
from connectors.clock import Clock
from connectors.tenant import SkuId
from jobs.license_reassignment.apply.canary import Canary
from jobs.license_reassignment.apply.control import Control
from jobs.license_reassignment.apply.queue import Queue
from jobs.license_reassignment.apply.replies import ReplyJudge
from jobs.license_reassignment.errors import ExitCode
from jobs.license_reassignment.model.progress import Progress
from jobs.license_reassignment.model.standing import Entry
from jobs.license_reassignment.model.text import counted, quoted
from jobs.license_reassignment.ports import LicenseWriter
from jobs.license_reassignment.run_folder.journal import Journal


@dataclass(slots=True)
class Ending:
    """How one session of apply ended: the code, the sentence, and whether it may be told as complete."""

    code: ExitCode
    reason: str


@dataclass(slots=True)
class Session:
    """What one apply works with. At most `in_flight` batches of writes are on their way at once.

    `traffic` says what went over the wire since this process began to apply, `granted` how many writes per 150 s the
    tenant grants where that is less than documented, `product` how people call a SKU; `writing` counts the workers that
    have a batch in hand, from its read to its answer.
    """

    tenant: LicenseWriter
    journal: Journal
    queue: Queue
    control: Control
    clock: Clock
    reply_judge: ReplyJudge
    patience_s: float
    in_flight: int
    on_progress: Callable[[Progress], None]
    traffic: Callable[[], Traffic] = Traffic
    granted: Callable[[], int | None] = lambda: None
    product: Callable[[SkuId], str] = str
    canary: Canary = field(default_factory=lambda: Canary({}, over=True))
    batches: int = 0
    writing: int = 0
    ended: Ending | None = None
    failure: BaseException | None = None
    started: float = 0.0
    helped: float = 0.0
    paused_at: float | None = None
    paused_s: float = 0.0
    done_at_start: int = 0
    progress: Progress = field(default_factory=lambda: Progress(0))
    line: asyncio.Lock = field(default_factory=asyncio.Lock)
    places: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self.places = asyncio.Semaphore(self.in_flight)

    def pause_begins(self) -> None:
        """Stop the clock of the work, unless it stands already."""
        if self.paused_at is None:
            self.paused_at = self.clock.monotonic()

    def pause_ends(self) -> float:
        """Start it again, and return for how many seconds it stood; 0 when it did not."""
        if self.paused_at is None:
            return 0.0
        seconds = self.clock.monotonic() - self.paused_at
        self.paused_at = None
        self.paused_s += seconds
        return seconds

    def seconds_paused(self) -> float:
        """Return for how long somebody has kept the run waiting, up to now."""
        return self.paused_s + (self.clock.monotonic() - self.paused_at if self.paused_at is not None else 0.0)


def wire_facts(session: Session) -> dict[str, Any]:
    """Return what an outcome says of the wire: the traffic so far, and what is granted where it is less than usual."""
    granted = session.granted()
    return {"traffic": asdict(session.traffic()), **({"granted_per_150_s": granted} if granted is not None else {})}


def granted_before(journal: Sequence[Entry]) -> int | None:
    """Return what the last outcome of an earlier session says is granted, None where it says nothing."""
    outcomes = (entry.body for entry in reversed(journal) if entry.kind == "outcome")
    return next(outcomes, dict[str, Any]()).get("granted_per_150_s")


def tell(session: Session) -> None:
    """Bring the progress up to date and tell it."""
    counts = session.queue.counts
    told = session.progress
    told.total = len(session.queue.tasks)
    told.done = told.total - counts["pending"] - counts["in_doubt"]
    told.refused, told.drifted = counts["refused"], counts["drifted"]
    told.in_doubt = session.queue.doubtful
    told.in_flight = counts["in_doubt"] - told.in_doubt
    told.wave = session.queue.wave
    told.elapsed_s = session.clock.monotonic() - session.started
    fresh, at_work = told.done - session.done_at_start, told.elapsed_s - session.seconds_paused()
    told.rate = fresh / at_work if at_work > 0 else 0.0
    told.eta_s = (told.total - told.done) / told.rate if told.rate > 0 else None
    session.on_progress(told)


def ending_of(session: Session) -> Ending:
    """Say how a session ends that has nothing more to do: what is left decides the code."""
    counts = session.queue.counts
    if counts["in_doubt"]:
        return Ending(ExitCode.STOPPED, f"{counted(counts['in_doubt'], 'user')} in doubt: reads do not agree yet")
    if waits := waiting_for_seats(session, session.queue.waves):
        return Ending(ExitCode.STOPPED, f"seats were taken by others: {waits}; buy seats, then continue")
    if counts["pending"]:
        return Ending(ExitCode.STOPPED, between_waves(session.queue))
    if left := left_over(counts):
        return Ending(ExitCode.PEOPLE_LEFT, left)
    return Ending(ExitCode.DONE, "every change was answered, none refused")


def waiting_for_seats(session: Session, waves: Sequence[str]) -> str:
    """Say which products ran out, and how many users of which wave wait for them; "" when nobody does."""
    queue = session.queue
    waiting = queue.kept_back(waves)
    if not waiting:
        return ""
    products = sorted({session.product(s) for t in waiting for s in t.adds if s in queue.short})
    names = ", ".join(w for w in queue.waves if any(t.wave == w for t in waiting))
    wait = "waits" if len(waiting) == 1 else "wait"
    return f"{', '.join(products)}; {counted(len(waiting), 'user')} of wave {names} {wait}"


def between_waves(queue: Queue) -> str:
    """Say that the waves of this call are over, and how the next one begins."""
    last = queue.waves[-1]
    anybody = any(t.wave == last for t in queue.tasks.values())
    over = f"wave {last} is complete" if anybody else f"wave {last} has nobody to change"
    name = queue.next_wave_waiting()
    return f"{over}; `--wave {quoted(name)}` continues, up to and including that wave" if name else over


def left_over(counts: Mapping[str, int]) -> str:
    """Say how many users a finished plan leaves where they were, "" for none."""
    words = {"refused": "refused", "drifted": "drifted", "gone": "gone", "held": "protected since the plan was made"}
    return ", ".join(f"{counted(counts[state], 'user')} {word}" for state, word in words.items() if counts.get(state))
