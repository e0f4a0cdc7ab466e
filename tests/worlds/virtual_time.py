"""Time that passes only while everybody sleeps: an event loop that jumps to the next timer, and a clock to show it."""

from __future__ import annotations

import asyncio
import contextlib
import selectors
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@dataclass(slots=True)
class Hour:
    """The present moment of one world, in seconds since START; it outlives every process of that world."""

    now: float = 0.0


class Stuck(AssertionError):
    """Everybody waits and nothing is due: a real process would hang here for ever."""


class _Jump(selectors.SelectSelector):
    """Waits by moving the hour; nothing in these worlds ever comes through a socket."""

    def __init__(self, hour: Hour) -> None:
        super().__init__()
        self._hour = hour

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise Stuck("nothing is due and nobody can go on")
        self._hour.now += max(0.0, timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on the time of one world. What goes wrong in abandoned tasks is nobody's business."""

    def __init__(self, hour: Hour) -> None:
        self._hour = hour
        super().__init__(_Jump(hour))
        self.set_exception_handler(_ignore)

    def time(self) -> float:
        """The world's time in seconds."""
        return self._hour.now


def _ignore(_loop: asyncio.AbstractEventLoop, _context: Mapping[str, Any]) -> None:
    """Say nothing of tasks that died with their process."""


class VirtualClock:
    """A connectors.clock.Clock on the time of one world."""

    def __init__(self, hour: Hour) -> None:
        self._hour = hour

    def now(self) -> datetime:
        """The world's time in UTC."""
        return START + timedelta(seconds=self._hour.now)

    def monotonic(self) -> float:
        """The world's seconds."""
        return self._hour.now

    async def sleep(self, seconds: float) -> None:
        """Let the world's time pass."""
        await asyncio.sleep(max(seconds, 0.0))


class JumpingClock:
    """A connectors.clock.Clock of one process without a loop of its own: who sleeps finds that the time has passed.

    `seconds` is the epoch second, which a test may set; `elapsed` counts from the first moment on.
    """

    def __init__(self, seconds: float = START.timestamp()) -> None:
        self._began = seconds
        self.elapsed = 0.0

    @property
    def seconds(self) -> float:
        """The present moment."""
        return self._began + self.elapsed

    @seconds.setter
    def seconds(self, moment: float) -> None:
        self.elapsed = moment - self._began

    def now(self) -> datetime:
        """The present moment in UTC."""
        return datetime.fromtimestamp(self.seconds, UTC)

    def monotonic(self) -> float:
        """The seconds since the first moment."""
        return self.elapsed

    async def sleep(self, seconds: float) -> None:
        """Let the time pass, and others go on."""
        self.elapsed += max(0.0, seconds)
        await asyncio.sleep(0)


class ProcessDied(SystemExit):
    """The process is gone at once: the event loop lets a SystemExit through and runs nothing any more."""


def run_process(loop: VirtualLoop, body: Callable[[], Awaitable[Any]], on_death: Callable[[], None]) -> Any:
    """Run one process to its end and return what it returns; ProcessDied goes on to the caller.

    `on_death` is called before the remains are cleared away, so that nothing of them can still act.
    """

    async def main() -> Any:
        return await body()

    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(main())
    except BaseException:
        on_death()
        raise
    finally:
        _bury(loop)
        asyncio.set_event_loop(None)
        loop.close()


def _bury(loop: VirtualLoop) -> None:
    """Close what the process left behind, so that the interpreter does not speak of it later."""
    for task in asyncio.all_tasks(loop):
        task._log_destroy_pending = False  # type: ignore[attr-defined]  # the task is meant to stay unfinished
        with contextlib.suppress(BaseException):
            task.get_coro().close()  # type: ignore[union-attr]
