"""What a person or a scheduler sees while a command works: one live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console

from connectors.catalog.products import load_catalog
from connectors.ids import GUID
from connectors.tenant import Names
from jobs.cli.terminal import harmless, wrapped
from jobs.license_reassignment.apply.control import StopFlag
from jobs.license_reassignment.errors import Unfinished
from jobs.license_reassignment.model.progress import Progress

PLAIN_EVERY_S: Final = 30.0
LIVE_EVERY_S: Final = 0.2
QUIET_WAIT_S: Final = 2.0  # a shorter wait is the ordinary pace and not worth a line


class ProgressLine:
    """Tells progress on stderr. A read is where Ctrl-C is noticed between two pages.

    `live` says that a person looks on: one line is then written over and over.
    """

    def __init__(
        self, console: Console, flag: StopFlag, names: Names, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._console = console
        self._names = names
        self._flag = flag
        self._monotonic = monotonic
        self._state: dict[str, str] = {}
        self._told: dict[tuple[str, str], float] = {}
        self._last = float("-inf")
        self.live = console.is_terminal and not console.is_dumb_terminal
        self._open_line = False

    def said(self, text: str) -> None:
        """Print one sentence."""
        self.end_line()
        for line in wrapped(text, self._console.width if self.live else None, 2):
            self._console.print(line, markup=False, highlight=False, emoji=False, soft_wrap=True)

    def reading(self, what: str, rows: int) -> None:
        """Tell how far a read is; raises Unfinished when the operator stopped the run."""
        self._line(f"reading {self._named(what)}: {rows:,} {'row' if rows == 1 else 'rows'}", "reading", what)
        if self._flag:
            raise Unfinished(f"Stopped: {self._flag.reason}. Nothing was written; the same command starts again.")

    def waiting(self, reason: str, seconds: float) -> None:
        """Tell why and how long nothing happens."""
        if seconds >= QUIET_WAIT_S:
            self._line(f"waiting {duration(seconds)}: {reason}", "waiting", reason)

    def progress(self, progress: Progress) -> None:
        """Tell how far an apply is."""
        done = progress.done == progress.total
        self._line(progress_text(progress), "apply", f"{progress.wave}{progress.reason}{done}")

    def _named(self, what: str) -> str:
        """Say whose holders are read, by the product's name, where a query has its id."""
        path, _, asked = what.partition("?$filter=")
        found = GUID.search(asked)
        return f"{path.strip('/')} holding {self._names.sku(found.group().lower())}" if found else path.strip("/")

    def _line(self, text: str, kind: str, state: str) -> None:
        """Tell when a state of this kind is new, else now and then.

        Where several workers wait for different things, their reasons take turns: none of them is told again within
        the same while, and what is the same as before waits for a while in which nothing else was told.
        """
        now, every = self._monotonic(), LIVE_EVERY_S if self.live else PLAIN_EVERY_S
        since = self._last if state == self._state.get(kind) else self._told.get((kind, state), float("-inf"))
        if now - since < every:
            return
        self._state[kind] = state
        self._told[kind, state] = self._last = now
        if self.live:
            self._console.file.write("\r\x1b[2K" + harmless(text)[: max(20, self._console.width - 1)])
            self._console.file.flush()
            self._open_line = True
        else:
            self.said(text)

    def end_line(self) -> None:
        """Leave the live line, so that what follows starts on its own."""
        if self._open_line:
            self._console.file.write("\n")
            self._open_line = False


@contextmanager
def progress_line(flag: StopFlag) -> Iterator[ProgressLine]:
    """Tell on stderr what happens, and leave the line at the end."""
    line = ProgressLine(Console(stderr=True), flag, load_catalog().names)
    try:
        yield line
    finally:
        line.end_line()


def duration(seconds: float) -> str:
    """Write a time span for people: 7s, 3m10s, 2h05m."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02d}m"


def progress_text(progress: Progress) -> str:
    """Say in one line how far an apply is, how fast, why it waits, and when it will be done."""
    share = 100 * progress.done / progress.total if progress.total else 100.0
    parts = [f"applying {progress.done:,}/{progress.total:,} {share:.1f}%", f"wave {progress.wave}"]
    if progress.rate:
        parts.append(f"{progress.rate:.1f} users/s")
    if progress.refused:
        parts.append(f"refused {progress.refused:,}")
    if progress.drifted:
        parts.append(f"changed outside this run {progress.drifted:,}")
    if progress.in_flight:
        parts.append(f"in flight {progress.in_flight:,}")
    if progress.in_doubt:
        parts.append(f"in doubt {progress.in_doubt:,}")
    if progress.reason:
        parts.append(f"waiting: {progress.reason}")
    if progress.eta_s is not None and progress.done < progress.total:
        parts.append(f"ETA {duration(progress.eta_s)}")
    return " · ".join(parts)
