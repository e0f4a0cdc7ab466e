"""The one place of this package where time passes: every request waits its turn here, and says why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from connectors.changes import Pause, Traffic
from connectors.clock import Clock
from connectors.errors import NetworkAway, NotYet, WaitBudgetSpent
from connectors.graph import granted, pace
from connectors.graph.granted import Granted
from connectors.graph.pace import Backoff, Bucket, Delay, PaceSettings, Rate
from connectors.limits import BATCH_SIZE_MAX, READ_WINDOW_S, WRITE_WINDOW_S

SLICE_MAX_S = 15.0
"""Waits for our own pace are cut to this length, so that a changed quota share is noticed."""


class Kind(StrEnum):
    """What is asked of the other side; each kind is closed and opened on its own."""

    READ = "read"
    WRITE = "write"
    TOKEN = "token"  # noqa: S105 - the name of a kind of request


GRAPH = (Kind.READ, Kind.WRITE)


class Turns:
    """Backoffs and buckets of one client, shared by all its senders.

    There is no await between the look at the backoff and the taking of the tokens, so two senders never take the same
    turn.
    """

    def __init__(
        self,
        settings: PaceSettings,
        clock: Clock,
        on_wait: Callable[[str, float], None],
        traffic: Traffic,
        dice: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._on_wait = on_wait
        self._traffic = traffic
        self._dice = dice
        self._load: dict[Kind, float | None] = {}
        self._backoffs = dict.fromkeys(Kind, Backoff())
        self._reached: set[bool] = set()
        now = clock.monotonic()
        self._granted = Granted(since=now)
        self._writes = Bucket(self._write_rate().capacity, now)
        self._units = Bucket(self._unit_rate().capacity, now)

    def seed_writes(self, times: Sequence[datetime]) -> None:
        """Start the write bucket from writes made before, by another process too."""
        now, wall = self._clock.monotonic(), self._clock.now()
        past = [now - (wall - at).total_seconds() for at in times]
        self._writes = pace.replayed(past, self._write_rate(), now)

    def expect(self, writes_per_150_s: float) -> None:
        """Begin with what an earlier process has learned of the grant."""
        self._granted = granted.expected(writes_per_150_s / WRITE_WINDOW_S, self._clock.monotonic())

    def granted_writes(self) -> int | None:
        """Return the writes per 150 s that Graph has shown to grant, None where that is what it documents."""
        found = self._granted.per_s
        if found is None or self._writes_per_s() >= self._documented_per_s():
            return None
        return round(found * WRITE_WINDOW_S)

    def let_through(self, writes: int) -> None:
        """Count writes that were not throttled, whatever became of them."""
        self._granted = granted.accepted(self._granted, writes, self._clock.monotonic())

    def throttled(self, began: float) -> None:
        """Learn from a throttle of writes that began at the monotonic second `began`, once writes are closed for it.

        Graph's bucket holds nothing when they open again, so ours begins empty at that second.
        """
        now, documented = self._clock.monotonic(), self._documented_per_s()
        self._granted = granted.throttled(self._granted, began=began, now=now, documented_per_s=documented)
        opens = max(now, self._backoffs[Kind.WRITE].open_at)
        self._writes = Bucket(min(self._writes.level, 0.0), max(self._writes.at, opens))

    def pauses(self) -> tuple[Pause, ...]:
        """Return what is closed now, in wall-clock time, so that another process can keep it closed."""
        now, wall = self._clock.monotonic(), self._clock.now()
        return tuple(
            Pause(kind, wall + timedelta(seconds=backoff.open_at - now), backoff.reason)
            for kind, backoff in self._backoffs.items()
            if now < backoff.open_at
        )

    def keep(self, pauses: Sequence[Pause]) -> None:
        """Keep closed what an earlier process was asked to leave alone; a kind that nobody knows is passed over."""
        now, wall = self._clock.monotonic(), self._clock.now()
        for pause in pauses:
            open_at = now + (pause.until - wall).total_seconds()
            if pause.kind in self._backoffs and open_at > self._backoffs[Kind(pause.kind)].open_at and open_at > now:
                self._backoffs[Kind(pause.kind)] = replace(
                    self._backoffs[Kind(pause.kind)], open_at=open_at, reason=pause.reason
                )

    async def take(self, kind: Kind, n: int) -> None:
        """Return when a request worth `n` may leave at once; the tokens are then taken.

        `n` counts resource units for reads and writes for writes. Raises WaitBudgetSpent or NetworkAway when the
        other side has kept us waiting too long.
        """
        while (delay := self._delay(kind, n)).seconds > 0:
            await self._wait_out(kind, delay)
        self._spend(kind, n)

    async def wait_open(self, kind: Kind) -> None:
        """Return when the kind is open; takes no tokens. Raises as `take` does."""
        while (seconds := self.closed_for(kind)) > 0:
            await self._wait_out(kind, Delay(seconds, self._backoffs[kind].reason, asked=True))

    def charge(self, n: int) -> None:
        """Take the tokens of `n` writes without waiting; what is missing is a debt."""
        self._spend(Kind.WRITE, n)

    def give_back(self, n: int) -> None:
        """Return the tokens of `n` writes that did not leave."""
        self._spend(Kind.WRITE, -n)

    def leaving(self, n: int) -> None:
        """Count `n` writes, whose tokens were taken at their turn, as of now: the quota sees them when they arrive.

        Between turn and departure a read may have been made again or a token renewed; the bucket must not have filled
        up again by then.
        """
        self.give_back(n)
        self.charge(n)

    def closed_for(self, kind: Kind) -> float:
        """Return the seconds for which no request of this kind may leave; 0 when it may."""
        backoff, now = self._backoffs[kind], self._clock.monotonic()
        return pace.up_to_ms(backoff.open_at - now) if now < backoff.open_at else 0.0

    def refused(
        self, kinds: Sequence[Kind], *, began: float, retry_after_s: float | None, reason: str, network: bool = False
    ) -> None:
        """Close these kinds after a refusal of a request that began at the monotonic second `began`."""
        if not network:
            self._reached.update(_signs_in(kind) for kind in kinds)
        dice = self._dice()
        for kind in kinds:
            self._backoffs[kind] = pace.refused(
                self._backoffs[kind],
                began=began,
                now=self._clock.monotonic(),
                retry_after_s=retry_after_s,
                reason=reason,
                dice=dice,
                network=network,
            )

    def close_beside(self, kind: Kind) -> None:
        """Close the other kind for as long as this one; it is in no trouble of its own, so its wait budget stays."""
        closed = self._backoffs[kind]
        for other in GRAPH:
            backoff = self._backoffs[other]
            if backoff.open_at < closed.open_at:
                self._backoffs[other] = replace(backoff, open_at=closed.open_at, reason=closed.reason)

    def helped(self, kind: Kind) -> None:
        """Note an answer that helped: the wait budget starts anew."""
        self._reached.add(_signs_in(kind))
        self._backoffs[kind] = pace.helped(self._backoffs[kind])

    def loaded(self, kind: Kind, share_of_limit: float | None) -> None:
        """Note how near its limit the other side sees requests of this kind; None when it said nothing."""
        self._load[kind] = share_of_limit

    def given_up(self, kind: Kind, seconds: float) -> NotYet | None:
        """Return the error to raise when waiting `seconds` more would exceed the wait budget, else None."""
        backoff, limit = self._backoffs[kind], self._settings.wait_seconds_max
        if backoff.network and _signs_in(kind) not in self._reached:
            limit = min(limit, self._settings.first_contact_s_max)
        if not pace.budget_spent(backoff, self._clock.monotonic(), seconds, limit):
            return None
        again = "run the same command again: it continues where it stopped."
        if backoff.network:
            why = f"No connection within {limit:.0f} s: {backoff.reason}."
            return NetworkAway(f"{why} Check the network, the proxy and the firewall; then {again}")
        return WaitBudgetSpent(
            f"No useful answer within the longest wait of {limit:.0f} s ({backoff.reason}). Later {again}"
        )

    async def wait(self, reason: str, seconds: float) -> None:
        """Let `seconds` pass, telling why first. Whatever the clock raises goes on to the caller."""
        self._on_wait(reason, seconds)
        self._traffic.waited_seconds += seconds
        await self._clock.sleep(seconds)

    async def _wait_out(self, kind: Kind, delay: Delay) -> None:
        if not delay.asked:
            await self.wait(delay.reason, min(delay.seconds, SLICE_MAX_S))
            return
        # Whoever waits, waits for every kind that is closed: one that always works must not hide one that never does.
        for closed in (kind, *(k for k in self._backoffs if self.closed_for(k) > 0)):
            if error := self.given_up(closed, delay.seconds):
                raise error
        await self.wait(delay.reason, delay.seconds)

    def _delay(self, kind: Kind, n: int) -> Delay:
        bucket, rate = (self._writes, self._write_rate()) if kind is Kind.WRITE else (self._units, self._unit_rate())
        delay = pace.next_delay(self._backoffs[kind], bucket, rate, n, self._clock.monotonic())
        learned = kind is Kind.WRITE and not delay.asked and self.granted_writes() is not None
        return replace(delay, reason=pace.LEARNED_RATE) if learned and delay.seconds else delay

    def _spend(self, kind: Kind, n: int) -> None:
        """Take tokens; a write costs one resource unit as well, which it does not wait for."""
        now = self._clock.monotonic()
        self._units = pace.spent(self._units, self._unit_rate(), n, now)
        if kind is Kind.WRITE:
            self._writes = pace.spent(self._writes, self._write_rate(), n, now)

    def _documented_per_s(self) -> float:
        return self._settings.writes_per_150_s / WRITE_WINDOW_S

    def _writes_per_s(self) -> float:
        now, load = self._clock.monotonic(), self._load.get(Kind.WRITE)
        return granted.per_s(self._granted, documented_per_s=self._documented_per_s(), now=now, load=load)

    def _write_rate(self) -> Rate:
        load = None if self._granted.per_s else self._load.get(Kind.WRITE)  # what is learned heeds the load itself
        quota = self._writes_per_s() * WRITE_WINDOW_S * self._settings.quota_share()
        # At least one batch; a larger quota comes in bursts of one second, or waking up late would cost a part of it.
        burst = max(BATCH_SIZE_MAX, quota / WRITE_WINDOW_S)
        return pace.window_rate(quota, WRITE_WINDOW_S, burst, load=load)

    def _unit_rate(self) -> Rate:
        quota = self._settings.ru_per_10_s * self._settings.quota_share()
        return pace.window_rate(quota, READ_WINDOW_S, pace.READ_BURST_RU, load=self._load.get(Kind.READ))


def _signs_in(kind: Kind) -> bool:
    """Tell the two hosts apart: one gives tokens, the other answers whatever is read or written."""
    return kind is Kind.TOKEN
