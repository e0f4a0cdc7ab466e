"""The system clock gives aware UTC, a counter that never falls, and waits that let others run."""

from __future__ import annotations

import asyncio
from datetime import UTC, timedelta

from connectors.clock import Clock, SystemClock


def test_now_is_aware_and_in_utc() -> None:
    now = SystemClock().now()

    assert UTC is now.tzinfo
    assert timedelta(0) == now.utcoffset()


def test_the_monotonic_counter_never_falls() -> None:
    clock: Clock = SystemClock()
    readings = [clock.monotonic() for _ in range(100)]

    assert sorted(readings) == readings


def test_a_wait_of_zero_or_less_ends_and_lets_others_run() -> None:
    """Another task gets its turn during a wait, however short."""
    turns: list[str] = []

    async def waits() -> None:
        await SystemClock().sleep(-1)
        turns.append("waited")

    async def both() -> None:
        await asyncio.gather(waits(), asyncio.to_thread(turns.append, "other"))

    asyncio.run(both())

    assert {"waited", "other"} == set(turns)
