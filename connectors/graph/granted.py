"""What Graph really grants where that is less than it documents: learned from each throttle, tried again later; pure.

Microsoft documents a token bucket: a limit of so many writes per window fills up evenly and holds one window at most.
So between two throttles, at each of which the bucket was empty, what was accepted is what flowed in; and before the
first one it is that and a full bucket. What is learned is used a little below, for a while; then the rate doubles
again and again up to the documented one, unless the next throttle says otherwise. So at most one throttle falls into a
window, and whoever made the quota smaller is found to have gone within two.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from connectors.limits import WRITE_WINDOW_S

BELOW = 0.95
"""So much of what is granted is used: what is left over pays for the next try above it."""

HELD_S = 105.0
DOUBLED_S = 80.0
"""The learned rate is held so long after a throttle, then doubles every so many seconds: from a fifth to the whole in
296 seconds, within two windows."""

SHORT_S = 12.0
"""A throttle sooner than this after the last one measures chance; it takes a part away."""
SHORT_STEP = 0.85

LEAST = 0.1
"""A throttle may have another cause than our writes, and then nothing measured after it is a limit: never below."""

REMEMBERED_S = 3 * WRITE_WINDOW_S
"""What was accepted longer ago than this says nothing of today's grant."""

NEAR, PUSH = 0.8, 3.0
"""`x-ms-throttle-limit-percentage` comes from 0.8 on: above, the rate exceeds what was learned by at most so many times
what is left to 1.0. So it settles where as much flows in as is sent, without another throttle."""


@dataclass(frozen=True, slots=True)
class Granted:
    """What is known of the grant at a monotonic second.

    `per_s` is in writes per second, None while no throttle has told anything. `accepted` writes were let through since
    the second `since`; `full_s` is the content of Graph's bucket at that second, in seconds of its refill.
    """

    per_s: float | None = None
    learned_at: float = -math.inf
    since: float = 0.0
    accepted: float = 0.0
    full_s: float = WRITE_WINDOW_S


def accepted(granted: Granted, n: int, now: float) -> Granted:
    """Return it after `n` writes were let through; what is too long ago is forgotten."""
    over = now - granted.since
    if over <= REMEMBERED_S:
        return replace(granted, accepted=granted.accepted + n)
    # Half of it is kept, as if it had come evenly; how full the bucket was then is not known, at most it was full.
    half = (granted.accepted + n) / 2
    return replace(granted, since=now - over / 2, accepted=half, full_s=WRITE_WINDOW_S)


def throttled(granted: Granted, *, began: float, now: float, documented_per_s: float) -> Granted:
    """Return it after a throttle of a request that began at the second `began`.

    Requests that were on their way together are one throttle and count once.
    """
    if began < granted.learned_at:
        return granted
    over, before = now - granted.since, granted.per_s
    measured = before is None or over >= SHORT_S
    found = granted.accepted / (over + granted.full_s) if measured else (before or 0.0) * SHORT_STEP
    if before is not None:
        found = max(found, before / 2)
    per_s = min(documented_per_s, max(found, documented_per_s * LEAST))
    if not measured:
        return replace(granted, per_s=per_s, learned_at=now)
    return Granted(per_s, learned_at=now, since=now, accepted=0.0, full_s=0.0)


def expected(per_s: float, now: float) -> Granted:
    """Return what an earlier process has learned, as the beginning of this one: held as if it were learned now."""
    return Granted(per_s, learned_at=now, since=now)


def per_s(granted: Granted, *, documented_per_s: float, now: float, load: float | None) -> float:
    """Return the writes per second to send at, of which the quota share is then taken.

    `load` is the last `x-ms-throttle-limit-percentage`, None where the last answer had none.
    """
    if granted.per_s is None:
        return documented_per_s
    growth: float = 2.0 ** min(max(0.0, now - granted.learned_at - HELD_S) / DOUBLED_S, 64.0)
    if load is not None and load > NEAR:
        growth = min(growth, 1 + PUSH * max(0.0, 1 - load))
    return min(documented_per_s, granted.per_s * BELOW * growth)
