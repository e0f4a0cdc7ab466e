"""`reseat status --watch`: tells where a run stands, again and again, until it ends or the watcher leaves."""

from __future__ import annotations

from collections.abc import Callable

from connectors.clock import Clock
from jobs.license_reassignment.exits import Unfinished
from jobs.license_reassignment.rundir import RunDir
from jobs.license_reassignment.story import RunStanding, standing_of

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
