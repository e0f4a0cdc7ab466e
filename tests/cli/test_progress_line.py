"""A run that waits says so once every half minute, and once when it is something else that it waits for."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console
from worlds.engine_parts import BEFORE, MOVED, Scene, names, reply, tasks
from worlds.virtual_time import VirtualLoop

from connectors.catalog.products import load_catalog
from connectors.changes import AssignLicense, Reply, Verdict
from connectors.tenant import UserRead
from jobs.cli.progress_line import PLAIN_EVERY_S, ProgressLine, progress_text
from jobs.license_reassignment.apply.control import StopFlag
from jobs.license_reassignment.model.progress import Progress

CATALOG = load_catalog()
MINUTE, HOUR = 60.0, 3600.0
LOOKING = "checking changes in doubt again, or waiting to send again"
THROTTLED = "throttled by Graph (429 Tenant_Application)"
PAUSED = "paused: the file `pause` is in the run folder"


class Listening(Scene):
    """An apply with sixteen workers whose every word goes to a log file, with the second at which it was said."""

    def __init__(self, folder: Path, users: int) -> None:
        super().__init__(folder, tasks(*names(users)), in_flight=8)
        self.log = io.StringIO()
        console = Console(file=self.log, force_terminal=False, width=200)
        self.watcher = ProgressLine(console, StopFlag(), CATALOG.names, lambda: self.hour.now)
        self.reasons: list[str] = []
        self.on_progress = self._heard

    def _heard(self, progress: Progress) -> None:
        self.reasons.append(progress.reason)
        self.watcher.progress(progress)

    @property
    def lines(self) -> list[str]:
        """What stands in the log."""
        return self.log.getvalue().splitlines()

    def says(self, reason: str, *, states: int) -> None:
        """A line per half minute, one more for each state that the run was in, and the reason among them."""
        assert any(reason in line for line in self.lines), self.lines[:5]
        assert len(self.lines) <= self.hour.now / PLAIN_EVERY_S + states, "\n".join(self.lines[:40])
        assert len(self.lines) >= self.hour.now / PLAIN_EVERY_S / 2, "nobody would know that it still lives"
        changes = sum(a != b for a, b in itertools.pairwise(self.reasons))
        assert changes <= states, f"the reason changed {changes} times"


class NeverTheSame(Listening):
    """Reads of the first user do not agree, so the doubt stays for as long as it is looked at."""

    async def read_users(self, ids: list[str]) -> list[UserRead]:  # type: ignore[override]
        """Tell of the doubtful one now this, now that."""
        self.holds["u000"] = MOVED if self.holds["u000"] is BEFORE and self.sent else BEFORE
        return await super().read_users(ids)  # type: ignore[arg-type]


class Throttled(Listening):
    """Graph asks for half a minute, a hundred times."""

    turns = 100

    async def write_turn(self, n: int) -> None:
        """Wait as often as Graph asks."""
        while self.turns:
            self.turns -= 1
            self.watcher.waiting(THROTTLED, 30.0)
            await self.clock.sleep(30.0)


def once(name: str, first: Reply) -> Callable[[AssignLicense], Reply | None]:
    """Answer the first change of this user so, and carry out all others."""
    asked: list[str] = []

    def answer(change: AssignLicense) -> Reply | None:
        asked.append(change.user_id)
        return first if change.user_id == name and asked.count(name) == 1 else None

    return answer


def test_one_user_in_doubt_among_sixteen_workers(tmp_path: Path) -> None:
    """The others are done at once; the looks go on for minutes."""
    scene = NeverTheSame(tmp_path, 40)
    scene.answer = once("u000", reply("u000", Verdict.IN_DOUBT, 0))
    scene.run()

    assert scene.hour.now > 4 * MINUTE
    scene.says(LOOKING, states=5)


def test_one_user_to_be_sent_again_in_ten_minutes(tmp_path: Path) -> None:
    """Graph asked to leave this one alone; nobody has anything else to do."""
    scene = Listening(tmp_path, 40)
    scene.answer = once("u000", reply("u000", Verdict.RETRY, 429, retry_after_s=10 * MINUTE))
    scene.run()

    assert scene.hour.now > 10 * MINUTE
    scene.says(LOOKING, states=5)


def test_one_user_waits_while_the_others_are_at_work(tmp_path: Path) -> None:
    """A run that sends does not wait, whatever some of its workers have to do."""
    scene = Listening(tmp_path, 2000)
    scene.latency_s = 40.0
    scene.answer = once("u000", reply("u000", Verdict.RETRY, 429, retry_after_s=2 * MINUTE))
    scene.run()

    assert scene.hour.now > 8 * MINUTE
    changes = sum(a != b for a, b in itertools.pairwise(scene.reasons))
    assert changes == 0
    assert len(scene.lines) <= scene.hour.now / PLAIN_EVERY_S + 4


def test_paused_for_most_of_an_hour(tmp_path: Path) -> None:
    """The file lies there from the first second."""
    scene = Listening(tmp_path, 40)
    (tmp_path / "pause").touch()

    def at(loop: VirtualLoop) -> None:
        loop.call_at(HOUR - MINUTE, (tmp_path / "pause").unlink)

    scene.run(at)

    assert scene.hour.now > HOUR - MINUTE
    scene.says(PAUSED, states=5)


def test_paused_while_batches_wait_for_their_turn(tmp_path: Path) -> None:
    """Those in line wait as well, and go on when the file is gone."""
    scene = Listening(tmp_path, 400)
    scene.turn_s = 1.0

    def at(loop: VirtualLoop) -> None:
        loop.call_at(5, (tmp_path / "pause").touch)
        loop.call_at(10 * MINUTE, (tmp_path / "pause").unlink)

    scene.run(at)

    assert scene.hour.now > 10 * MINUTE
    scene.says(PAUSED, states=6)


def test_throttled_for_most_of_an_hour(tmp_path: Path) -> None:
    """The client says why; the rest of the run says nothing beside it that is not new."""
    scene = Throttled(tmp_path, 40)
    scene.run()

    assert scene.hour.now > 50 * MINUTE - 1
    assert any(THROTTLED in line for line in scene.lines)
    assert len(scene.lines) <= scene.hour.now / PLAIN_EVERY_S + 5


@pytest.mark.parametrize("reasons", [2, 3, 5])
def test_reasons_that_take_turns(tmp_path: Path, reasons: int) -> None:
    """Several workers wait at once, each for something of its own: each is told, and none of them again and again."""
    scene = Listening(tmp_path, 1)
    said = [f"Graph asked ({status} to one of several)" for status in (429, 503, 504, 509, 423)][:reasons]
    for second in range(0, 600, 2):
        scene.hour.now = float(second)
        scene.watcher.waiting(said[second // 2 % reasons], 2.0)

    assert [any(reason in line for line in scene.lines) for reason in said] == [True] * reasons
    assert len(scene.lines) <= (600 / PLAIN_EVERY_S + 1) * reasons


def test_what_is_new_is_told_at_once(tmp_path: Path) -> None:
    """A wave that ends, a first wait, the end of the work: nobody waits half a minute for those."""
    scene = Listening(tmp_path, 1)
    for done, wave, reason in ((0, "pilot", ""), (1, "pilot", PAUSED), (1, "rest", ""), (2, "rest", "")):
        scene.watcher.progress(Progress(2, done=done, wave=wave, reason=reason))

    assert len(scene.lines) == 4


def test_requests_on_their_way_are_in_flight_and_not_in_doubt(tmp_path: Path) -> None:
    """Whoever watches a healthy run is not alarmed."""
    scene = Listening(tmp_path, 400)
    scene.latency_s = 5.0
    scene.on_progress = scene.watcher.progress
    scene.run()

    assert "in doubt" not in scene.log.getvalue()
    assert "in flight" in progress_text(Progress(9, in_flight=4))
    assert "in doubt 1" in progress_text(Progress(9, in_flight=4, in_doubt=1))


def test_the_rate_leaves_a_pause_out(tmp_path: Path) -> None:
    """A run that was paused for an hour is as fast as before."""
    scene = Listening(tmp_path, 400)
    scene.turn_s = 1.0
    rates: list[float] = []
    scene.on_progress = lambda progress: rates.append(progress.rate)

    def at(loop: VirtualLoop) -> None:
        loop.call_at(5, (tmp_path / "pause").touch)
        loop.call_at(HOUR / 2, (tmp_path / "pause").unlink)

    scene.run(at)

    assert scene.hour.now > HOUR / 2
    assert rates[-1] > 400 / MINUTE
