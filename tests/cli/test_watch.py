"""Watching a run tells what is new, and ends with the run or with the watcher."""

from __future__ import annotations

import asyncio
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from jobs.cli import watch
from jobs.cli.watch import status
from jobs.license_reassignment.commands.status import RunStanding
from jobs.license_reassignment.errors import Unfinished
from jobs.license_reassignment.run_folder.folder import RunDir
from jobs.license_reassignment.run_folder.progress_file import Heartbeat

RUNNING = RunStanding(
    plan_id="p000000000001",
    folder="runs/p000000000001",
    tenant="Contoso",
    in_scope=3,
    changes=3,
    held=0,
    counts={"pending": 3},
    sessions=1,
    last="start: ",
    last_at="2026-11-23T00:00:00.000Z",
    ended="",
    users_per_second=0.0,
    verdict="",
    outdated=False,
    paused=False,
    refusals={},
    locations={},
    now=None,
)
DONE = replace(RUNNING, counts={"applied": 3}, ended="every change was answered, none refused")


class _Clock:
    """Counts the waits; the wait number `leaves_at` is the one in which the watcher presses Ctrl-C."""

    def __init__(self, leaves_at: int = 0) -> None:
        self.waits = 0
        self.leaves_at = leaves_at

    def now(self) -> datetime:
        return datetime(2026, 11, 23, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        self.waits += 1
        if self.waits == self.leaves_at:
            raise Unfinished("Stopped: signal SIGINT.")


def _watched(monkeypatch: pytest.MonkeyPatch, standings: list[RunStanding], clock: _Clock) -> list[RunStanding]:
    left = iter(standings)
    monkeypatch.setattr(watch, "standing_of", lambda _: next(left))
    told: list[RunStanding] = []
    asyncio.run(watch.watch(RunDir(Path("runs/p000000000001")), clock, told.append))
    return told


def test_only_what_is_new_is_told_until_the_run_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that stands still says nothing twice; its end is the last word."""
    clock = _Clock()

    assert [RUNNING, DONE] == _watched(monkeypatch, [RUNNING, RUNNING, DONE], clock)
    assert 2 == clock.waits


def test_leaving_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever only looks leaves nothing undone."""
    assert [RUNNING] == _watched(monkeypatch, [RUNNING, RUNNING], _Clock(leaves_at=2))


SEEN = datetime(2026, 3, 2, 12, 0, 40, tzinfo=UTC)
SIGN = Heartbeat(
    "2026-03-02T12:00:00Z",
    "pilot",
    50,
    100,
    12.3,
    250,
    "throttled by Graph (429 Tenant_Application)",
    "2026-03-02T12:00:30Z",
    20,
)


def test_status_says_why_a_run_waits(capsys: pytest.CaptureFixture[str]) -> None:
    """In one line: how far, how fast, why it waits and until when."""
    status(replace(RUNNING, now=SIGN), as_json=False, now=SEEN)

    assert (
        "Running: 50/100, wave pilot · 12.3 users/s · waiting until 2026-03-02T12:00:30Z: throttled by Graph "
        "(429 Tenant_Application) · ETA 4m10s"
    ) in capsys.readouterr().out


@pytest.mark.parametrize(("later", "alive"), [(timedelta(0), True), (timedelta(minutes=5), False)])
def test_requests_on_their_way_are_in_flight_while_the_session_lives(later: timedelta, alive: bool) -> None:
    """Nobody is alarmed by a healthy run; what a dead one left without an answer is in doubt."""
    found = replace(RUNNING, counts={"applied": 50, "in_doubt": 21, "pending": 29}, now=SIGN)

    told = "\n".join(watch.lines_of(found, SEEN + later))

    wanted = "applied 50, in doubt 1, pending 29, in flight 20" if alive else "applied 50, in doubt 21, pending 29"
    assert f"Changes: {wanted}\n" in told
    assert ("No sign of life since 2026-03-02T12:00:00Z" in told) is not alive


def test_everybody_in_scope_is_counted_once() -> None:
    """Whoever had the new product before the plan is neither to change nor on hold."""
    found = replace(RUNNING, in_scope=6, changes=3, held=1)

    told = "\n".join(watch.lines_of(found, SEEN))

    assert "6 users in scope: 3 to change, 1 on hold, 2 already on target\n" in told


def test_a_terminal_is_written_over_and_a_pipe_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever watches sees one standing, and a log has all of them."""
    for terminal, times in ((True, 1), (False, 2)):
        stream = io.StringIO()
        made = Console(file=stream, force_terminal=terminal, width=80, color_system=None)
        monkeypatch.setattr(watch, "console", lambda made=made: made)
        monkeypatch.setattr("jobs.cli.terminal.console", lambda *_, made=made: made)
        with watch.screen(as_json=False, now=lambda: SEEN) as tell:
            tell(RUNNING)
            tell(DONE)

        seen = stream.getvalue().rpartition("\x1b[2K" * terminal)[2] if terminal else stream.getvalue()
        assert times == seen.count("Verdict: not verified yet"), seen
