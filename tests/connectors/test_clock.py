"""The system clock gives aware UTC, a counter that never falls, and waits that let others run."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest

from connectors.clock import Clock, SystemClock
from connectors.utc import utc_text


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


TEXTS = [
    (datetime(2026, 3, 2, 8, 0, 1, 234567, UTC), "2026-03-02T08:00:01Z", "2026-03-02T08:00:01.234Z", ".234567Z"),
    (datetime(2026, 3, 2, 8, 0, 1, 0, UTC), "2026-03-02T08:00:01Z", "2026-03-02T08:00:01.000Z", "08:00:01Z"),
    (
        datetime(2026, 3, 2, 9, 0, 1, 5000, timezone(timedelta(hours=1))),
        "2026-03-02T08:00:01Z",
        "2026-03-02T08:00:01.005Z",
        "08:00:01.005000Z",
    ),
]


@pytest.mark.parametrize(("moment", "seconds", "milliseconds", "whole"), TEXTS)
def test_a_moment_is_written_in_utc_and_read_back(
    moment: datetime, seconds: str, milliseconds: str, whole: str
) -> None:
    assert seconds == utc_text(moment, "seconds")
    assert milliseconds == utc_text(moment)
    assert utc_text(moment, "auto").endswith(whole)
    assert moment == datetime.fromisoformat(utc_text(moment, "auto"))
