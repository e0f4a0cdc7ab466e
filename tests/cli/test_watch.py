"""Watching a run tells what is new, and ends with the run or with the watcher."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

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


def test_status_says_why_a_run_waits(capsys: pytest.CaptureFixture[str]) -> None:
    """In one line: how far, how fast, why it waits and until when."""
    sign = Heartbeat(
        "2026-03-02T12:00:00Z",
        "pilot",
        50,
        100,
        12.3,
        250,
        "Graph asked (429 Tenant_Application)",
        "2026-03-02T12:00:30Z",
    )
    status(replace(RUNNING, now=sign), as_json=False)
    assert (
        "a session is open; its last sign of life at 2026-03-02T12:00:00Z: 50/100, wave pilot · 12.3 users/s · waiting "
        "until 2026-03-02T12:00:30Z: Graph asked (429 Tenant_Application) · ETA 4m10s. If that was long ago, it died; "
        "apply continues it"
    ) in capsys.readouterr().out
