"""Pacing as arithmetic: from a state, a rate and the time to the delay before the next request; no clock, no I/O."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import parsedate_to_datetime

from connectors.limits import RU_PER_10_S, WRITE_WINDOW_S

READ_BURST_RU = 100.0
BACKOFF_FIRST_S = 1.0
BACKOFF_SHORT_MAX_S = 60.0
BACKOFF_LONG_S = 300.0
BACKOFF_SHORT_TIERS = 10
LOAD_FREE, LOAD_MAX = 0.8, 1.8
"""`x-ms-throttle-limit-percentage` is sent from 0.8 of the limit on and ends at 1.8; at 1.0 throttling begins."""

RETRY_AFTER_MAX_S = 366 * 86_400.0
"""A wait that is longer is none that anybody meant; calendars end, and a sum of seconds does not."""


@dataclass(frozen=True, slots=True)
class PaceSettings:
    """How fast to go: Microsoft's limits, the share of them that we use (asked anew), and the longest wait.

    `first_contact_s_max` is the longest wait for a network while nobody has answered yet, where that is less: a person
    who looks on is told in seconds.
    """

    writes_per_150_s: int
    quota_share: Callable[[], float]
    wait_seconds_max: float
    ru_per_10_s: int = RU_PER_10_S
    first_contact_s_max: float = math.inf


@dataclass(frozen=True, slots=True)
class Rate:
    """What a bucket holds at most, and what flows into it per second."""

    capacity: float
    per_s: float


@dataclass(frozen=True, slots=True)
class Bucket:
    """Tokens in hand at the monotonic second `at`; a negative level is a debt."""

    level: float
    at: float


@dataclass(frozen=True, slots=True)
class Backoff:
    """Whether requests of one kind may leave: not before the monotonic second `open_at`.

    `refusals` counts waves of refusals in a row, `trouble_since` is when the first of them was asked (None: no
    trouble), `network` says whether the last reason was the network.
    """

    open_at: float = -math.inf
    refusals: int = 0
    trouble_since: float | None = None
    reason: str = ""
    network: bool = False


@dataclass(frozen=True, slots=True)
class Delay:
    """Seconds to wait, zero for none, and why; `asked` when the other side asked for it and not our own pace."""

    seconds: float
    reason: str = ""
    asked: bool = False


NO_DELAY = Delay(0.0)


def window_rate(quota: float, window_s: float, burst: float, *, load: float | None = None) -> Rate:
    """Return the rate that keeps every window of `window_s` seconds within `quota`: burst + refill over the window.

    A quota below two bursts gets a smaller burst. `load` is the last `x-ms-throttle-limit-percentage`: 0.8 leaves the
    refill whole, 1.0 takes it to 64 %, 1.8 to 20 %.
    """
    capacity = min(burst, quota / 2)
    slowdown = 1.0 if load is None or load <= LOAD_FREE else (LOAD_FREE / load) ** 2
    return Rate(capacity, max(0.0, (quota - capacity) / window_s * slowdown))


def refilled(bucket: Bucket, rate: Rate, now: float) -> Bucket:
    """Return the bucket as it stands at `now`, never above its capacity."""
    level = bucket.level + max(0.0, now - bucket.at) * rate.per_s
    return Bucket(min(rate.capacity, level), max(now, bucket.at))


def spent(bucket: Bucket, rate: Rate, n: float, now: float) -> Bucket:
    """Return the bucket after `n` tokens were taken at `now`; a negative `n` gives tokens back."""
    full = refilled(bucket, rate, now)
    return Bucket(min(rate.capacity, full.level - n), full.at)


def bucket_delay(bucket: Bucket, rate: Rate, n: float, now: float) -> float:
    """Return the seconds until `n` tokens are there.

    An `n` above the capacity waits for a full bucket and leaves a debt.
    """
    missing = min(n, rate.capacity) - refilled(bucket, rate, now).level
    if missing <= 1e-9:
        return 0.0
    return up_to_ms(missing / rate.per_s) if rate.per_s > 0 else math.inf


def replayed(times: Iterable[float], rate: Rate, now: float) -> Bucket:
    """Return the bucket that the writes at these monotonic seconds leave; it was full before the first."""
    bucket = Bucket(rate.capacity, now - WRITE_WINDOW_S)
    for at in sorted(times):
        if at >= now - WRITE_WINDOW_S:
            bucket = spent(bucket, rate, 1, min(at, now))
    return refilled(bucket, rate, now)


def backoff_s(refusals: int, dice: float) -> float:
    """Return the wait after the n-th refusal in a row without `Retry-After`: 1, 2, 4 … 60 s, later 300 s.

    `dice` in [0, 1) spreads it over the upper half, so that senders do not return together.
    """
    if refusals > BACKOFF_SHORT_TIERS:
        tier = BACKOFF_LONG_S
    else:
        tier = min(BACKOFF_FIRST_S * 2.0 ** (max(refusals, 1) - 1), BACKOFF_SHORT_MAX_S)
    return up_to_ms(tier * (1 + dice) / 2)


def refused(
    backoff: Backoff,
    *,
    began: float,
    now: float,
    retry_after_s: float | None,
    reason: str,
    dice: float,
    network: bool = False,
) -> Backoff:
    """Return the backoff after a refusal of a request sent at `began`.

    Refusals of requests that were under way together are one wave and count once. What is closed never opens earlier
    than it was told before.
    """
    refusals = backoff.refusals + 1 if began >= backoff.open_at else max(backoff.refusals, 1)
    pause = retry_after_s if retry_after_s else backoff_s(refusals, dice)
    return Backoff(
        open_at=max(backoff.open_at, now + pause),
        refusals=refusals,
        trouble_since=began if backoff.trouble_since is None else backoff.trouble_since,
        reason=reason,
        network=network,
    )


def helped(backoff: Backoff) -> Backoff:
    """Return the backoff after an answer that helped; what is closed stays closed until its time all the same."""
    return replace(backoff, refusals=0, trouble_since=None, network=False)


OWN_RATE = "rate limit (our share of the quota)"
"""Why a request waits that nobody has asked to wait."""


LEARNED_RATE = "rate limit (what Graph grants at present)"
"""The same, where Graph has shown to grant less than it documents."""


def next_delay(backoff: Backoff, bucket: Bucket, rate: Rate, n: float, now: float) -> Delay:
    """Return how long a request worth `n` tokens has to wait: the backoff first, then the bucket."""
    if now < backoff.open_at:
        return Delay(up_to_ms(backoff.open_at - now), backoff.reason, asked=True)
    wait = bucket_delay(bucket, rate, n, now)
    return Delay(wait, OWN_RATE) if wait > 0 else NO_DELAY


def budget_spent(backoff: Backoff, now: float, wait_s: float, wait_max_s: float) -> bool:
    """Say whether waiting `wait_s` more would exceed the longest wait since the last answer that helped."""
    began = now if backoff.trouble_since is None else backoff.trouble_since
    return now + wait_s - began > wait_max_s


def up_to_ms(seconds: float) -> float:
    """Round up to a whole millisecond, so that a wait never ends before its time."""
    return math.ceil(seconds * 1000 - 1e-6) / 1000


def retry_after_seconds(value: str | None, *, date: str | None, now: datetime) -> float | None:
    """Return the seconds that a `Retry-After` header asks for: a figure, also a fraction, or an HTTP date.

    A date is measured against the answer's own `Date` header, so that a wrong clock here does no harm, and against
    `now` where there is none. None when the header is missing or unreadable.
    """
    if value is None or not value.strip():
        return None
    try:
        seconds = float(value)
    except ValueError:
        until = http_date(value)
        if until is None:
            return None
        seconds = (until - (http_date(date) or now)).total_seconds()
    return min(max(0.0, seconds), RETRY_AFTER_MAX_S) if math.isfinite(seconds) else None


def load_of(value: str | None) -> float | None:
    """Return the share of the limit that `x-ms-throttle-limit-percentage` tells, None for none and for nonsense."""
    try:
        load = float(value) if value is not None else math.nan
    except ValueError:
        return None
    return min(load, LOAD_MAX) if math.isfinite(load) else None


def http_date(value: str | None) -> datetime | None:
    """Parse an HTTP date, or return None."""
    if not value:
        return None
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else None
