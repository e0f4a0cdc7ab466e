"""Everything that may make a run wait or stop besides Graph: signals, pause file, speed file, window, time limit."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.clock import Clock
from jobs.license_reassignment.errors import Unfinished

if TYPE_CHECKING:
    from jobs.settings.values import Window

SLICE_S = 0.5

LOOK_EVERY_S = 1.0
"""So often the run folder is looked into for `pause` and `speed`; it may lie on a file share far away."""


def share_in(data: bytes) -> float | None:
    """Read the number in a file `speed` as shells and editors write it; None for anything that is no share.

    Windows PowerShell 5.1 writes UTF-16 with `echo 0.3 > speed`, and half of Europe writes 0,3.
    """
    try:
        text = data.decode("utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig").strip()
        number = float(text.rstrip("%").replace(",", ".")) / (100 if text.endswith("%") else 1)
    except ValueError:
        return None
    return number if 0 < number <= 1 else None


class StopFlag:
    """Set by a signal; asked by every wait. `reason` says who set it."""

    def __init__(self) -> None:
        self.reason = ""

    def set(self, reason: str) -> None:
        """Ask the run to end cleanly."""
        self.reason = self.reason or reason

    def __bool__(self) -> bool:
        return bool(self.reason)


class StoppableClock:
    """A clock whose sleeps end at once, with Unfinished, when the flag is set."""

    def __init__(self, clock: Clock, flag: StopFlag) -> None:
        self._clock = clock
        self._flag = flag

    def now(self) -> datetime:
        """Return the time in UTC."""
        return self._clock.now()

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Sleep in short slices, so that a signal is seen on every platform."""
        end = self._clock.monotonic() + seconds
        while True:
            if self._flag:
                raise Unfinished(f"Stopped: {self._flag.reason}. The same command continues.")
            left = end - self._clock.monotonic()
            if left <= 0:
                return
            await self._clock.sleep(min(SLICE_S, left))


class Control:
    """Answers two questions before each batch: must the run end, and must it wait, each with the reason."""

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        flag: StopFlag,
        *,
        window: Window | None = None,
        stop_after: timedelta | None = None,
        quota_share: float = 0.9,
        said: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._clock = clock
        self.flag = flag
        self._window = window
        self._deadline = clock.now() + stop_after if stop_after else None
        self._quota_share = quota_share
        self._said = said
        self._unread = b""
        self.watch(folder)

    def watch(self, folder: Path) -> None:
        """Look for control files in this run folder from now on."""
        self._pause = folder / "pause"
        self._speed = folder / "speed"
        self._next_look = -math.inf
        self._paused, self._share = False, self._quota_share

    def must_end(self) -> str:
        """Return why the run must end now, or ""."""
        now = self._clock.now()
        if self.flag:
            return self.flag.reason
        if self._deadline and now >= self._deadline:
            return "the time limit (stop_after) is reached"
        if self._window and not self._window.open_at(now):
            return f"outside the window {self._window}"
        return ""

    def go_on(self) -> None:
        """Raise Unfinished when the run must end now."""
        if reason := self.must_end():
            raise Unfinished(f"Stopped: {reason}. The same command continues.")

    def must_wait(self) -> str:
        """Return why the run must wait, or ""."""
        self._look()
        return "paused: the file `pause` is in the run folder" if self._paused else ""

    def quota_share(self) -> float:
        """Return the share of the quota to use: the number in the file `speed`, else the setting."""
        self._look()
        return self._share

    def _look(self) -> None:
        now = self._clock.monotonic()
        if now >= self._next_look:
            self._next_look = now + LOOK_EVERY_S
            with contextlib.suppress(OSError):  # a file share that does not answer says nothing new
                self._paused = self._pause.exists()
            self._share = self._asked_share()

    def _asked_share(self) -> float:
        try:
            data = self._speed.read_bytes()
        except OSError:
            return self._quota_share
        share = share_in(data)
        if share is None and data != self._unread:
            self._said(
                f"The file {self._speed} holds no number above 0 and up to 1, such as 0.3, so the run keeps to "
                f"{self._quota_share:g} of the quota."
            )
        self._unread = data if share is None else b""
        return self._quota_share if share is None else share
