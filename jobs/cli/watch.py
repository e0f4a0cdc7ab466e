"""`reseat status`: tells where a run stands, once, or with `--watch` until it ends or the watcher leaves."""

from __future__ import annotations

from collections.abc import Callable

from connectors.clock import Clock
from jobs.cli.output import emit
from jobs.cli.progress_line import duration
from jobs.cli.terminal import text
from jobs.license_reassignment.commands.status import RunStanding, standing_of
from jobs.license_reassignment.errors import Unfinished
from jobs.license_reassignment.model.text import counted
from jobs.license_reassignment.run_folder.folder import RunDir
from jobs.license_reassignment.run_folder.progress_file import Heartbeat

EVERY_S = 5.0


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


def status(found: RunStanding, *, as_json: bool) -> None:
    """Print where a run stands."""
    if as_json:
        emit(found)
        return
    text(f"Plan {found.plan_id} for {found.tenant}: {found.folder}")
    text(f"{found.in_scope:,} in scope, {found.changes:,} to change, {found.held:,} held")
    text("changes: " + (", ".join(f"{k} {v:,}" for k, v in found.counts.items()) or "none"))
    if found.locations:
        text("usage locations: " + ", ".join(f"{k} {v:,}" for k, v in found.locations.items()))
    if found.refusals:
        text("refused: " + ", ".join(f"{k} {v:,}" for k, v in found.refusals.items()))
    if found.sessions:
        text(
            f"{counted(found.sessions, 'session')}, {found.users_per_second} users/s; "
            f"last at {found.last_at}: {found.last}"
        )
        text(f"ended: {found.ended}" if found.ended else _open_session(found.now))
    else:
        text("verified without a session: there was nothing to send" if found.verdict else "not begun")
    if found.paused:
        text("paused: remove the file `pause` from the run folder to go on")
    text(f"verdict: {found.verdict or 'not verified yet'}")


def _open_session(last: Heartbeat | None) -> str:
    """Say what a session that has not ended does, as of its last heartbeat."""
    if last is None:
        return "a session is open: running now, or it died; apply continues it"
    parts = [f"a session is open; its last sign of life at {last.at}: {last.done:,}/{last.total:,}, wave {last.wave}"]
    if last.users_per_second:
        parts.append(f"{last.users_per_second:g} users/s")
    if last.reason:
        parts.append(f"waiting{f' until {last.waiting_until}' if last.waiting_until else ''}: {last.reason}")
    if last.eta_seconds is not None:
        parts.append(f"ETA {duration(last.eta_seconds)}")
    return " · ".join(parts) + ". If that was long ago, it died; apply continues it"
