"""`reseat status`: tells where a run stands, once, or with `--watch` until it ends or the watcher leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta

from rich.live import Live
from rich.text import Text

from connectors.clock import Clock
from jobs.cli.output import emit
from jobs.cli.progress_line import duration
from jobs.cli.terminal import console, text, width_of, wrapped
from jobs.license_reassignment.commands.status import RunStanding, standing_of
from jobs.license_reassignment.errors import Unfinished
from jobs.license_reassignment.model.text import counted
from jobs.license_reassignment.run_folder.folder import RunDir
from jobs.license_reassignment.run_folder.progress_file import Heartbeat

EVERY_S = 5.0

SILENCE_MAX = timedelta(minutes=2)
"""A session of which nothing is heard for longer is taken for dead; a read or an answer may take a while."""


async def watch(run: RunDir, clock: Clock, tell: Callable[[RunStanding], None]) -> None:
    """Read the run's files every EVERY_S seconds and tell what is new; returns when the session has ended.

    Leaving by Ctrl-C is a way to end too: nothing is left undone by whoever only looks.
    """
    last: RunStanding | None = None
    while True:
        now = standing_of(run)
        if now != last:
            tell(now)
        if now.ended:
            return
        last = now
        try:
            await clock.sleep(EVERY_S)
        except Unfinished:
            return


def status(found: RunStanding, *, as_json: bool, now: datetime) -> None:
    """Print where a run stands at this moment."""
    if as_json:
        emit(found)
        return
    for line in lines_of(found, now):
        text(line, indent=2)


@contextmanager
def screen(*, as_json: bool, now: Callable[[], datetime]) -> Iterator[Callable[[RunStanding], None]]:
    """Give what shows where a run stands: in one place of a terminal, elsewhere one standing after the other."""
    out = console()
    if as_json or not out.is_terminal:
        yield lambda found: status(found, as_json=as_json, now=now())
        return
    with Live(console=out, auto_refresh=False, redirect_stdout=False, redirect_stderr=False) as live:

        def show(found: RunStanding) -> None:
            width = width_of(out)
            lines = [part for line in lines_of(found, now()) for part in wrapped(line, width, 2)]
            live.update(Text("\n".join(lines)), refresh=True)

        yield show


def lines_of(found: RunStanding, now: datetime) -> Iterator[str]:
    """Say where a run stands, a line for each fact."""
    yield f"Plan {found.plan_id} for {found.tenant}: {found.folder}"
    there = found.in_scope - found.changes - found.held
    done = f", {there:,} already on target" if there else ""
    yield f"{counted(found.in_scope, 'user')} in scope: {found.changes:,} to change, {found.held:,} on hold{done}"
    alive = found.now is not None and _alive(found.now, now)
    yield f"Changes: {_counts(_in_flight(found) if alive else found.counts)}"
    if found.groups:
        yield f"Groups: {_counts(found.groups)}"
    if found.locations:
        yield f"Usage locations: {_counts(found.locations)}"
    if found.refusals:
        yield f"Refused: {_counts(found.refusals)}"
    if found.sessions:
        rate = f", {found.users_per_second:g} users/s" if found.users_per_second else ""
        yield f"{counted(found.sessions, 'session')}{rate}; last entry at {found.last_at}: {found.last}"
        yield f"Ended: {found.ended}" if found.ended else _open_session(found.now, alive=alive)
    else:
        yield "Verified without a session: there was nothing to send" if found.verdict else "Not begun"
    if found.paused:
        yield "Paused: remove the file `pause` from the run folder to continue"
    yield f"Verdict: {_verdict(found)}"


def _verdict(found: RunStanding) -> str:
    if not found.verdict:
        return "not verified yet"
    return f"{found.verdict}, before the last changes; run `reseat verify` again" if found.outdated else found.verdict


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {n:,}" for name, n in counts.items()) or "none"


def _alive(last: Heartbeat, now: datetime) -> bool:
    """Whether the session still works, as far as its file can say: it is written every second, and before each wait."""
    seen = max(datetime.fromisoformat(at) for at in (last.at, last.waiting_until) if at)
    return now - seen <= SILENCE_MAX


def _in_flight(found: RunStanding) -> dict[str, int]:
    """Tell requests that a session at work waits for from those that nobody waits for any more."""
    counts = dict(found.counts)
    flying = min(counts.get("in_doubt", 0), found.now.in_flight if found.now else 0)
    if flying:
        counts["in_doubt"] -= flying
        counts["in_flight"] = flying
    return {name: n for name, n in counts.items() if n}


def _open_session(last: Heartbeat | None, *, alive: bool) -> str:
    """Say what a session that has not ended does, as of its last heartbeat."""
    if last is None:
        return "A session is open: it is running now, or it died; the same apply continues it"
    if not alive:
        return f"No sign of life since {last.at}: the session died, and the same apply continues it"
    parts = [f"Running: {last.done:,}/{last.total:,}, wave {last.wave}"]
    if last.users_per_second:
        parts.append(f"{last.users_per_second:g} users/s")
    if last.reason:
        parts.append(f"waiting{f' until {last.waiting_until}' if last.waiting_until else ''}: {last.reason}")
    if last.eta_seconds is not None:
        parts.append(f"ETA {duration(last.eta_seconds)}")
    return " · ".join(parts)
