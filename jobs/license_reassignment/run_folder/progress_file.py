"""The progress file of a run folder: how far a run is, why it waits, and how long Graph asked to be left alone.

`progress.json` is no evidence, and goes away with the command that wrote it, but for the waits that are not yet over.
`reseat status` reads it, and so does the next process: a wait that Graph asked for outlasts the process that was asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from connectors.changes import Pause
from connectors.utc import utc_text
from jobs.license_reassignment.model.progress import Progress
from jobs.license_reassignment.model.standing import Entry
from jobs.license_reassignment.run_folder.folder import PROGRESS, RunDir

EVERY = timedelta(seconds=1)
WORTH_TELLING = timedelta(seconds=2)
"""A shorter wait is the ordinary pace."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What a command at work last said of itself: `reason` and `waiting_until` are empty while it works."""

    at: str
    wave: str = ""
    done: int = 0
    total: int = 0
    users_per_second: float = 0.0
    eta_seconds: float | None = None
    reason: str = ""
    waiting_until: str = ""
    in_flight: int = 0


class ProgressFile:
    """Writes a heartbeat about once a second; silent until it is started."""

    def __init__(self) -> None:
        self._run: RunDir | None = None
        self._now: Callable[[], datetime]
        self._pauses: Callable[[], Sequence[Pause]]
        self._progress = Progress(0)
        self._wait: tuple[str, datetime] | None = None
        self._written: tuple[datetime, Sequence[Pause]] | None = None

    def start(self, run: RunDir, now: Callable[[], datetime], pauses: Callable[[], Sequence[Pause]]) -> None:
        """Begin to write into this run folder; `pauses` are asked each time."""
        self._run, self._now, self._pauses = run, now, pauses

    def stop(self) -> None:
        """Leave only the waits that are not yet over; from now on nothing is written."""
        if self._run is not None:
            clear_progress(self._run, self._now(), self._pauses())
            self._run = None

    def progress(self, progress: Progress) -> None:
        """Hear how far the run is."""
        self._progress = progress
        self._write()

    def waiting(self, reason: str, seconds: float) -> None:
        """Hear why and how long the run waits."""
        if self._run is not None and seconds >= WORTH_TELLING.total_seconds():
            self._wait = reason, self._now() + timedelta(seconds=seconds)
        self._write()

    def _write(self) -> None:
        if self._run is None:
            return
        now, pauses = self._now(), self._pauses()
        if self._written and self._written[1] == pauses and now - self._written[0] < EVERY:
            return
        self._written = now, pauses
        self._run.leave(PROGRESS, orjson.dumps({**asdict(self._heartbeat(now)), "pauses": [_plain(p) for p in pauses]}))

    def _heartbeat(self, now: datetime) -> Heartbeat:
        told = self._progress
        reason, until = told.reason, ""
        if self._wait and self._wait[1] > now:
            reason, until = self._wait[0], utc_text(self._wait[1])
        return Heartbeat(
            at=utc_text(now),
            wave=told.wave,
            done=told.done,
            total=told.total,
            users_per_second=round(told.rate, 2),
            eta_seconds=None if told.eta_s is None else round(told.eta_s),
            reason=reason,
            waiting_until=until,
            in_flight=told.in_flight,
        )


def _plain(pause: Pause) -> dict[str, str]:
    return {"kind": pause.kind, "until": utc_text(pause.until), "reason": pause.reason}


def last_heartbeat(run: RunDir) -> Heartbeat | None:
    """Return the last heartbeat, None where there is none that can be read."""
    found = _read(run)
    found.pop("pauses", None)
    try:
        return Heartbeat(**found)
    except TypeError:
        return None


def clear_progress(run: RunDir, now: datetime, pauses: Iterable[Pause] = ()) -> None:
    """Take the heartbeat away, whoever wrote it; the waits that outlast `now` stay for the next process."""
    left: dict[str, Pause] = {}
    for pause in (*_kept(run), *pauses):
        if pause.until > now and (pause.kind not in left or pause.until > left[pause.kind].until):
            left[pause.kind] = pause
    if left:
        run.leave(PROGRESS, orjson.dumps({"pauses": [_plain(p) for p in left.values()]}))
    else:
        run.forget(PROGRESS)


def pauses_left(run: RunDir, journal: Iterable[Entry]) -> list[Pause]:
    """Return the waits that Graph asked an earlier process for, from its heartbeat and from the journal's answers.

    The journal has those of writes, also where the process died before its next heartbeat. Old ones do no harm.
    """
    left = _kept(run)
    for entry in journal:
        if entry.kind == "outcome" and entry.body.get("retry_after"):
            until = datetime.fromisoformat(entry.at) + timedelta(seconds=entry.body["retry_after"])
            left.append(Pause("write", until, "Graph asked before this start"))
    return left


def _kept(run: RunDir) -> list[Pause]:
    """Return the waits in the file; where one of them cannot be read, none."""
    try:
        found = _read(run).get("pauses", ())
        read = [Pause(str(p["kind"]), datetime.fromisoformat(p["until"]), str(p["reason"])) for p in found]
    except (KeyError, TypeError, ValueError):
        return []
    return [p for p in read if p.until.tzinfo is not None]


def _read(run: RunDir) -> dict[str, Any]:
    try:
        found = orjson.loads(run.read(PROGRESS)) if run.has(PROGRESS) else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
