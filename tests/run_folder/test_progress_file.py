"""The sign of life: what `status` says of a run at work, and which waits the next process keeps."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.changes import Pause
from jobs.license_reassignment.model.progress import Progress
from jobs.license_reassignment.model.standing import Entry
from jobs.license_reassignment.run_folder.folder import PROGRESS, RunDir
from jobs.license_reassignment.run_folder.progress_file import Heartbeat, ProgressFile, last_heartbeat, pauses_left

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HALF = Progress(100, done=50, wave="pilot", rate=12.345, eta_s=4.2)
ASKED = Pause("write", NOON + timedelta(seconds=30), "throttled by Graph (429 Tenant_Application)")


class _Started:
    """A progress file in a folder, with a clock and pauses that the test sets."""

    def __init__(self, folder: Path) -> None:
        self.run = RunDir(folder)
        self.now = NOON
        self.pauses: tuple[Pause, ...] = ()
        self.progress_file = ProgressFile()
        self.progress_file.start(self.run, lambda: self.now, lambda: self.pauses)


def test_an_progress_file_that_was_not_started_writes_nothing(tmp_path: Path) -> None:
    """Commands without a run folder have nobody to tell."""
    progress_file = ProgressFile()
    progress_file.progress(HALF)
    progress_file.waiting("rate limit (our share of the quota)", 9.0)
    assert list(tmp_path.iterdir()) == []


def test_progress_is_written_once_a_second(tmp_path: Path) -> None:
    """How far, how fast, until when; a second later anew."""
    started = _Started(tmp_path)
    started.progress_file.progress(HALF)
    started.now += timedelta(seconds=0.5)
    started.progress_file.progress(replace(HALF, done=60))
    assert last_heartbeat(started.run) == Heartbeat("2026-03-02T12:00:00.000Z", "pilot", 50, 100, 12.35, 4)

    started.now += timedelta(seconds=0.5)
    started.progress_file.progress(replace(HALF, done=70))

    seen = last_heartbeat(started.run)
    assert seen is not None
    assert (seen.done, seen.at) == (70, "2026-03-02T12:00:01.000Z")


def test_a_wait_that_graph_asks_for_is_written_at_once(tmp_path: Path) -> None:
    """The process may die in the next moment, and the next one has to keep the wait."""
    started = _Started(tmp_path)
    started.progress_file.progress(HALF)
    started.now += timedelta(seconds=0.1)
    started.pauses = (ASKED,)
    started.progress_file.waiting(ASKED.reason, 29.9)

    assert pauses_left(started.run, ()) == [ASKED]
    seen = last_heartbeat(started.run)
    assert seen is not None
    assert (seen.reason, seen.waiting_until) == (ASKED.reason, "2026-03-02T12:00:30.000Z")


def test_a_wait_that_is_over_is_not_told(tmp_path: Path) -> None:
    """Nor is the ordinary pace."""
    started = _Started(tmp_path)
    started.progress_file.waiting(ASKED.reason, 29.0)
    started.now += timedelta(seconds=30)
    started.progress_file.waiting("rate limit (our share of the quota)", 1.0)

    seen = last_heartbeat(started.run)
    assert seen is not None
    assert (seen.reason, seen.waiting_until) == ("", "")


def test_the_journal_knows_waits_that_no_sign_tells(tmp_path: Path) -> None:
    """The answer was written down, and the process died before it could say so elsewhere."""
    told = Entry("outcome", "2026-03-02T12:00:00.000Z", {"items": [], "retry_after": 12.5})
    silent = Entry("outcome", "2026-03-02T12:00:00.000Z", {"items": [], "retry_after": None})

    [pause] = pauses_left(RunDir(tmp_path), [told, silent])

    assert (pause.kind, pause.until) == ("write", NOON + timedelta(seconds=12.5))


@pytest.mark.parametrize(
    "rubbish", [b"", b"{", b"[]", b'"x"', b'{"pauses": 3}', b'{"pauses": [{"kind": "write"}]}', b"\xff"]
)
def test_rubbish_in_the_file_is_no_sign(tmp_path: Path, rubbish: bytes) -> None:
    """Anybody may have written into it; it decides nothing."""
    (tmp_path / PROGRESS).write_bytes(rubbish)
    assert last_heartbeat(RunDir(tmp_path)) is None
    assert pauses_left(RunDir(tmp_path), ()) == []


def test_it_is_no_evidence(tmp_path: Path) -> None:
    """It is not in the manifest, and only its owner can read it."""
    started = _Started(tmp_path)
    started.progress_file.progress(HALF)
    assert list(started.run.files()) == []
    assert (tmp_path / PROGRESS).stat().st_mode & 0o777 == 0o600


def test_a_folder_that_takes_no_file_does_not_stop_the_run(tmp_path: Path) -> None:
    """The journal says that the disk is full; this file is a courtesy."""
    started = _Started(tmp_path / "gone")
    started.progress_file.progress(HALF)
    assert last_heartbeat(started.run) is None
