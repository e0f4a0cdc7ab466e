"""Pacing as a table of states."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.graph import pace
from connectors.graph.pace import Backoff, Bucket, Delay, Rate
from connectors.limits import WRITE_WINDOW_S

SLOW = Rate(capacity=20, per_s=2.0)
OPEN = Backoff()
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)

DELAYS = [
    ("a full bucket lets a batch go", OPEN, Bucket(20, 0), 20, 0, Delay(0.0)),
    ("an empty one waits for the whole batch", OPEN, Bucket(0, 0), 20, 0, Delay(10.0, pace.OWN_RATE)),
    ("it refills while time passes", OPEN, Bucket(0, 0), 20, 4, Delay(6.0, pace.OWN_RATE)),
    ("it never holds more than its capacity", OPEN, Bucket(20, 0), 20, 1000, Delay(0.0)),
    ("a debt is paid first", OPEN, Bucket(-4, 0), 20, 0, Delay(12.0, pace.OWN_RATE)),
    ("more than the capacity waits for a full bucket", OPEN, Bucket(18, 0), 50, 0, Delay(1.0, pace.OWN_RATE)),
    ("a wait is rounded up to a millisecond", OPEN, Bucket(19.9999, 0), 20, 0, Delay(0.001, pace.OWN_RATE)),
    ("what is closed comes first", Backoff(open_at=7, reason="asked"), Bucket(0, 0), 20, 2, Delay(5.0, "asked", True)),
    ("it opens at its time", Backoff(open_at=7, reason="asked"), Bucket(20, 0), 20, 7, Delay(0.0)),
    ("and not before", Backoff(open_at=7, reason="asked"), Bucket(20, 0), 20, 6.9996, Delay(0.001, "asked", True)),
]  # fmt: skip


@pytest.mark.parametrize(("says", "backoff", "bucket", "n", "now", "delay"), DELAYS, ids=[row[0] for row in DELAYS])
def test_the_next_delay_follows_from_the_state(
    says: str, backoff: Backoff, bucket: Bucket, n: int, now: float, delay: Delay
) -> None:
    """The delay is a function of backoff, bucket, size and time."""
    assert delay == pace.next_delay(backoff, bucket, SLOW, n, now)


def test_a_rate_of_nothing_waits_for_ever() -> None:
    """A quota share of zero lets nothing through; the caller looks again from time to time."""
    rate = pace.window_rate(0, 150, 20)

    assert Rate(0.0, 0.0) == rate
    assert math.inf == pace.bucket_delay(Bucket(-1, 0), rate, 20, 0)


RATES = [
    (3000, 20, None, Rate(20, 2980 / 150)),
    (2700, 20, None, Rate(20, 2680 / 150)),
    (30, 20, None, Rate(15, 0.1)),
    (2700, 20, 0.8, Rate(20, 2680 / 150)),
    (2700, 20, 1.0, Rate(20, 2680 / 150 * 0.64)),
    (2700, 20, 1.6, Rate(20, 2680 / 150 * 0.25)),
]


@pytest.mark.parametrize(("quota", "burst", "load", "rate"), RATES)
def test_burst_and_refill_share_the_quota(quota: float, burst: float, load: float | None, rate: Rate) -> None:
    """Capacity plus refill over the window is the quota; a high load slows the refill."""
    found = pace.window_rate(quota, 150, burst, load=load)

    assert rate.capacity == found.capacity
    assert rate.per_s == pytest.approx(found.per_s)


@given(
    st.integers(min_value=40, max_value=5000),
    st.lists(st.tuples(st.integers(1, 20), st.floats(0, 40)), min_size=1, max_size=300),
)
def test_no_window_ever_sees_more_than_the_quota(quota: int, asked: list[tuple[int, float]]) -> None:
    """However senders come, any 150 s see at most the quota."""
    rate = pace.window_rate(quota, WRITE_WINDOW_S, 20)
    bucket, now, sent = Bucket(rate.capacity, 0), 0.0, []
    for n, pause in asked:
        now += pause
        now += pace.bucket_delay(bucket, rate, n, now)
        bucket = pace.spent(bucket, rate, n, now)
        sent.append((now, n))
    busiest = max(sum(n for at, n in sent if start <= at < start + 150) for start, _ in sent)

    assert busiest <= quota


def test_writes_of_an_earlier_session_count() -> None:
    """A resumed run finds the bucket as it was left; writes older than the window do not matter."""
    now = 1000.0
    rate = pace.window_rate(2700, 150, 20)

    assert Bucket(0.0, now) == pace.replayed([now] * 20, rate, now)
    assert Bucket(20.0, now) == pace.replayed([now - 151] * 20, rate, now)
    assert 20 - 18 == pytest.approx(pace.replayed([now + 5] * 18, rate, now).level)


BACKOFFS = [(0, 1), (1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (10, 60), (11, 300), (50, 300)]


@pytest.mark.parametrize(("refusals", "most"), BACKOFFS)
def test_back_off_grows_in_tiers(refusals: int, most: float) -> None:
    """1, 2, 4 … 60 s, and 300 s in a long outage, spread over the upper half."""
    assert most / 2 == pace.backoff_s(refusals, 0.0)
    assert most == pytest.approx(pace.backoff_s(refusals, 1.0))


def test_retry_after_wins_over_back_off() -> None:
    """A named time is kept exactly, whatever happened before."""
    backoff = pace.refused(Backoff(refusals=9), began=5, now=6, retry_after_s=2.5, reason="r", dice=0.5)

    assert Backoff(open_at=8.5, refusals=10, trouble_since=5, reason="r") == backoff


def test_a_gate_never_opens_earlier_than_it_was_told() -> None:
    """A shorter wait that arrives later does not shorten a longer one."""
    backoff = pace.refused(Backoff(open_at=100, refusals=1), began=5, now=6, retry_after_s=1, reason="r", dice=0)

    assert 100 == backoff.open_at


def test_requests_under_way_together_are_one_refusal() -> None:
    """Eight batches that were refused at once do not make the back-off eight steps longer."""
    backoff = Backoff()
    for _ in range(8):
        backoff = pace.refused(backoff, began=0, now=1, retry_after_s=None, reason="r", dice=1.0)

    assert (1, 2.0) == (backoff.refusals, backoff.open_at)


def test_an_answer_that_helps_ends_the_trouble_and_not_the_wait() -> None:
    """A success of another batch does not open what was told to stay closed."""
    backoff = pace.helped(Backoff(open_at=50, refusals=3, trouble_since=1, reason="r", network=True))

    assert Backoff(open_at=50, reason="r") == backoff


def test_the_wait_budget_counts_from_the_first_refusal() -> None:
    """Without trouble only the wait itself counts."""
    assert not pace.budget_spent(Backoff(), 1000, 60, 60)
    assert pace.budget_spent(Backoff(), 1000, 61, 60)
    assert pace.budget_spent(Backoff(trouble_since=990), 1000, 51, 60)
    assert not pace.budget_spent(Backoff(trouble_since=990), 1000, 50, 60)


HEADERS = [
    (None, None, None),
    ("", None, None),
    ("5", None, 5.0),
    ("0.25", None, 0.25),
    ("-3", None, 0.0),
    ("nan", None, None),
    ("soon", None, None),
    ("Mon, 02 Mar 2026 08:00:30 GMT", None, 30.0),
    ("Mon, 02 Mar 2026 08:00:30 GMT", "Mon, 02 Mar 2026 08:00:10 GMT", 20.0),
    ("Mon, 02 Mar 2026 07:00:00 GMT", None, 0.0),
]


@pytest.mark.parametrize(("value", "date", "seconds"), HEADERS)
def test_retry_after_is_seconds_or_a_date(value: str | None, date: str | None, seconds: float | None) -> None:
    """A date is measured against Graph's own clock where the answer tells it."""
    assert seconds == pace.retry_after_seconds(value, date=date, now=NOW)
