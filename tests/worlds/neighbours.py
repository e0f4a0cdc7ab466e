"""Writers beside a neighbour in virtual time: the client's own turns against the quota of the embedded tenant.

The tenant is the sandbox's `Quota` alone, since nothing else of it decides when a batch is let through; its Retry-After
is the time until the bucket has paid for what was refused, in whole seconds rounded up.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field

from connectors.changes import Traffic
from connectors.graph.pace import PaceSettings
from connectors.graph.turns import Kind, Turns
from connectors.limits import BATCH_SIZE_MAX, WRITE_WINDOW_S, WRITES_PER_150_S
from connectors.sandbox.trouble.quota import Limit, Quota
from worlds.virtual_time import Hour, VirtualClock, VirtualLoop, run_process


@dataclass(frozen=True, slots=True)
class Beside:
    """What one measurement is about.

    The client is set to `scale` times Microsoft's limit and uses `quota_share` of it; the tenant grants `share` of that
    limit, and from the second `gone_at` on all of it. Each answer takes `latency_s`, half as much again or as little.
    """

    share: float
    scale: int = 1
    quota_share: float = 0.9
    latency_s: float = 0.3
    seconds: float = 1_500.0
    gone_at: float | None = None
    in_flight: int = 8
    headers: bool = True
    expect: int | None = None
    seed: int = 1

    @property
    def granted_per_s(self) -> float:
        """Writes that the tenant grants in a second, neighbour at work."""
        return WRITES_PER_150_S * self.scale * self.share / WRITE_WINDOW_S


@dataclass(slots=True)
class Seen:
    """What the tenant saw: (second, writes let through), seconds of throttled batches, batches, broken waits."""

    beside: Beside
    accepted: list[tuple[float, int]] = field(default_factory=list)
    throttled: list[float] = field(default_factory=list)
    batches: int = 0
    too_early: int = 0
    learned: int | None = None

    def writes(self, since: float, until: float) -> int:
        """Writes let through in this span."""
        return sum(n for at, n in self.accepted if since <= at < until)

    def windows(self, count: int) -> list[tuple[float, int]]:
        """Of each window from the first throttle on, or from the start: use of share × granted, throttled batches.

        The batches that were on their way with the first throttled one belong to it, and are not counted.
        """
        began = self.throttled[0] + 2 * self.beside.latency_s if self.throttled else 0.0
        found = []
        for window in range(count):
            since = began + window * WRITE_WINDOW_S
            until = since + WRITE_WINDOW_S
            possible = self.beside.granted_per_s * self.beside.quota_share * WRITE_WINDOW_S
            hits = sum(since <= at < until for at in self.throttled)
            found.append((self.writes(since, until) / possible, hits))
        return found

    def full_again_after(self) -> float | None:
        """Seconds from the neighbour's end until half a minute goes at 0.97 of the whole rate; None if never."""
        gone = self.beside.gone_at or 0.0
        full = WRITES_PER_150_S * self.beside.scale * self.beside.quota_share / WRITE_WINDOW_S
        at = gone
        while at + 30 <= self.beside.seconds:
            if self.writes(at, at + 30) >= 0.97 * 30 * full:
                return at - gone
            at += 5
        return None


def measure(beside: Beside) -> Seen:
    """Let eight writers write for so many virtual seconds, and return what the tenant saw."""
    hour = Hour()
    seen = Seen(beside)
    loop = VirtualLoop(hour)
    run_process(loop, lambda: _work(beside, seen, hour), lambda: None)
    return seen


async def _work(beside: Beside, seen: Seen, hour: Hour) -> None:
    clock, dice = VirtualClock(hour), random.Random(beside.seed)
    settings = PaceSettings(
        writes_per_150_s=WRITES_PER_150_S * beside.scale,
        quota_share=lambda: beside.quota_share,
        wait_seconds_max=1e9,
        ru_per_10_s=10**9,
    )
    turns = Turns(settings, clock, lambda _reason, _seconds: None, Traffic(), dice.random)
    if beside.expect is not None:
        turns.expect(beside.expect)
    quota = Quota(scale=beside.scale * beside.share, grace_seconds=beside.latency_s)
    quota.tenant_writes = Limit(1e12, 1.0)
    quota.units = Limit(1e12, 1.0)
    writers = [_writer(beside, turns, quota, clock, seen, dice) for _ in range(beside.in_flight)]
    await asyncio.gather(*writers)
    seen.learned = turns.granted_writes()


async def _writer(
    beside: Beside, turns: Turns, quota: Quota, clock: VirtualClock, seen: Seen, dice: random.Random
) -> None:
    while clock.monotonic() < beside.seconds:
        await turns.take(Kind.WRITE, BATCH_SIZE_MAX)
        began = clock.monotonic()
        if beside.gone_at is not None and began >= beside.gone_at:
            quota.writes.take(0, began)
            quota.writes.capacity = float(WRITES_PER_150_S * beside.scale)
        await asyncio.sleep(beside.latency_s / 4)
        _arrive(quota, seen, clock.monotonic())
        charges = [quota.charge("Write", 1, clock.monotonic()) for _ in range(BATCH_SIZE_MAX)]
        waits = [charge.retry_after for charge in charges if charge.retry_after]
        through = BATCH_SIZE_MAX - len(waits)
        seen.batches += 1
        seen.accepted.append((clock.monotonic(), through))
        if waits:
            seen.throttled.append(clock.monotonic())
        used = max(charge.used for charge in charges)
        await asyncio.sleep(beside.latency_s * (0.25 + dice.random() / 2))
        turns.loaded(Kind.WRITE, used if used > 0.8 and beside.headers else None)
        turns.let_through(through)
        if waits:
            quota.announce("Write", max(waits), clock.monotonic())
            turns.refused([Kind.WRITE], began=began, retry_after_s=max(waits), reason="throttled")
            turns.throttled(began)
        elif through:
            turns.helped(Kind.WRITE)


def _arrive(quota: Quota, seen: Seen, now: float) -> None:
    before = len(quota.violations)
    quota.arrive("Write", "/$batch", now)
    seen.too_early += len(quota.violations) - before
