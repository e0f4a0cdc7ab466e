"""Microsoft's published throttling limits as token buckets, and a record of who ignored a Retry-After."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

RU_PER_10_S = {"S": 3_500, "M": 5_000, "L": 8_000}
WRITES_PER_150_S = 3_000
TENANT_WRITES_PER_300_S = 18_000
REPORTS_PER_10_S = 5
DEBT_MAX = 0.25


@dataclass(slots=True)
class Limit:
    """`capacity` tokens, refilled evenly over `seconds`. A refused call costs as well, down to a floor."""

    capacity: float
    seconds: float
    tokens: float = field(init=False)
    at: float = field(init=False, default=-math.inf)

    def __post_init__(self) -> None:
        self.tokens = self.capacity

    def take(self, cost: float, now: float) -> float:
        """Charge `cost`; 0.0 when it was there, else the seconds until it would be."""
        if now > self.at:
            filled = (
                self.tokens + (now - self.at) * self.capacity / self.seconds if self.at > -math.inf else self.tokens
            )
            self.tokens, self.at = min(self.capacity, filled), now
        enough = self.tokens >= cost
        self.tokens = max(self.tokens - cost, -DEBT_MAX * self.capacity)
        return 0.0 if enough else (cost - self.tokens) * self.seconds / self.capacity

    @property
    def used(self) -> float:
        """The share of the bucket that is spent: 1.0 when it is empty."""
        return 1.0 - self.tokens / self.capacity


@dataclass(frozen=True, slots=True)
class Charge:
    """What one call met: seconds to wait (0 = let through), the scope that refused it, and how full its bucket is."""

    retry_after: int
    scope: str
    information: str
    used: float


@dataclass(frozen=True, slots=True)
class Violation:
    """A request that arrived although its kind had been told to wait until `until`."""

    at: float
    until: float
    kind: str
    path: str


class Quota:
    """The limits of one app in one tenant. `scale` multiplies all of them; `outside` takes writes of other apps.

    A wait counts as announced from the moment its answer was sent (`announce`); `grace_seconds` allows for requests
    that were on their way then. Over a real socket give it a little more than the time of a round trip.
    """

    def __init__(self, *, scale: float = 1.0, size: str = "L", grace_seconds: float = 0.0) -> None:
        self.writes = Limit(WRITES_PER_150_S * scale, 150.0)
        self.tenant_writes = Limit(TENANT_WRITES_PER_300_S * scale, 300.0)
        self.units = Limit(RU_PER_10_S[size] * scale, 10.0)
        self.reports = Limit(max(1.0, REPORTS_PER_10_S * scale), 10.0)
        self.grace_seconds = grace_seconds
        self.violations: list[Violation] = []
        self.throttled = 0
        self.write_times: list[float] = []
        self._announced: dict[str, tuple[float, float]] = {}

    def arrive(self, kind: str, path: str, now: float) -> None:
        """A request of this kind (`Read`, `Write`, `Reports`) has come in: note it when it should still be waiting."""
        since, until = self._announced.get(kind, (0.0, 0.0))
        if since + self.grace_seconds < now < until:
            self.violations.append(Violation(now, until, kind, path))

    def announce(self, kind: str, retry_after: float, now: float) -> None:
        """The answer that carries this Retry-After leaves now."""
        since, until = self._announced.get(kind, (now, 0.0))
        if now + retry_after > until:
            self._announced[kind] = (since if now < until else now, now + retry_after)

    def charge(self, kind: str, units: int, now: float) -> Charge:
        """Take the cost of one call from every bucket that it touches; the longest wait decides."""
        waits = [(self.units.take(units, now), "Tenant_Application/ReadWrite", "ResourceUnitLimitExceeded")]
        used = self.units.used
        if kind == "Reports":
            waits.append((self.reports.take(1, now), "Tenant_Application/Read", "RequestLimitExceeded"))
        if kind == "Write":
            self.write_times.append(now)
            waits.append((self.writes.take(1, now), "Tenant_Application/Write", "WriteLimitExceeded"))
            waits.append((self.tenant_writes.take(1, now), "Tenant/Write", "WriteLimitExceeded"))
            used = max(used, self.writes.used, self.tenant_writes.used)
        wait, scope, information = max(waits)
        if wait > 0:
            self.throttled += 1
        return Charge(math.ceil(wait), scope, information, used)

    def outside(self, writes: int, now: float) -> None:
        """Other apps spend from the tenant's common quota."""
        self.tenant_writes.take(writes, now)

    def busiest(self, seconds: float) -> int:
        """Oracle: the most writes that arrived within any span of that many seconds, refused ones included."""
        window: deque[float] = deque()
        most = 0
        for at in self.write_times:
            window.append(at)
            while window[0] <= at - seconds:
                window.popleft()
            most = max(most, len(window))
        return most
