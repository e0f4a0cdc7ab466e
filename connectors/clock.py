"""The only place where time enters: what the hour is, how long something took, and waiting."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Time as everything else receives it; a test hands in a clock of its own."""

    def now(self) -> datetime:
        """Return the present moment as an aware datetime in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds on a scale that never runs backwards; only differences mean anything."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds` seconds, at once when that is zero or less."""
        ...


class SystemClock:
    """The time of this machine."""

    def now(self) -> datetime:
        """Return the machine's time in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return the machine's monotonic counter in seconds."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait without blocking other tasks."""
        await asyncio.sleep(max(seconds, 0.0))
