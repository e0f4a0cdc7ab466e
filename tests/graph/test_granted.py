"""What Graph grants where that is less than documented: measured at each throttle, held, and tried again."""

from __future__ import annotations

import pytest
from worlds.neighbours import Beside, measure

from connectors.graph import granted
from connectors.graph.granted import Granted
from connectors.limits import WRITE_WINDOW_S

DOCUMENTED = 20.0


def rate(of: Granted, now: float, load: float | None = None) -> float:
    """The writes per second to send at."""
    return granted.per_s(of, documented_per_s=DOCUMENTED, now=now, load=load)


def throttled_at(of: Granted, now: float, began: float | None = None) -> Granted:
    """The same after a throttle."""
    return granted.throttled(of, began=now if began is None else began, now=now, documented_per_s=DOCUMENTED)


def test_without_a_throttle_the_documented_rate_stands_whatever_was_let_through() -> None:
    """Nothing gets slower where all of it is granted."""
    known = granted.accepted(Granted(since=0.0), 100, 10.0)

    assert rate(known, 10.0) == DOCUMENTED


def test_the_first_throttle_ends_a_full_bucket_and_what_flowed_in() -> None:
    """A bucket of one window at 8 per second, drained at 18: 120 s later 2,160 writes have emptied it."""
    known = throttled_at(granted.accepted(Granted(since=0.0), 2_160, 119.0), 120.0)

    assert known.per_s == pytest.approx(8.0)
    assert rate(known, 121.0) == pytest.approx(8.0 * granted.BELOW)


def test_between_two_throttles_everything_let_through_flowed_in() -> None:
    """It is empty at both."""
    first = throttled_at(granted.accepted(Granted(since=0.0), 3_000, 100.0), 100.0)
    second = throttled_at(granted.accepted(first, 600, 190.0), 200.0)

    assert second.per_s == pytest.approx(6.0)


def test_batches_on_their_way_together_are_throttled_once() -> None:
    """The second one began before the first was answered."""
    first = throttled_at(granted.accepted(Granted(since=0.0), 2_160, 119.0), 120.0)

    assert throttled_at(first, 121.0, began=119.5) == first


def test_a_throttle_soon_after_the_last_takes_a_part_away() -> None:
    """A few seconds measure chance."""
    first = throttled_at(granted.accepted(Granted(since=0.0), 2_160, 119.0), 120.0)
    second = throttled_at(first, 125.0)

    assert second.per_s == pytest.approx(8.0 * granted.SHORT_STEP)
    assert (second.since, second.accepted) == (first.since, first.accepted)


def test_throttles_that_have_another_cause_never_stop_the_run() -> None:
    """Refused again and again with nothing let through: a tenth of the documented rate is always tried."""
    known = Granted(since=0.0)
    for second in range(0, 2_000, 20):
        known = throttled_at(known, float(second))

    assert known.per_s == DOCUMENTED * granted.LEAST


def test_the_rate_is_held_then_doubles_until_it_is_whole_again() -> None:
    """From a fifth to the whole within two windows."""
    known = granted.expected(4.0, 0.0)

    assert rate(known, granted.HELD_S) == pytest.approx(3.8)
    assert rate(known, granted.HELD_S + granted.DOUBLED_S) == pytest.approx(7.6)
    assert rate(known, 2 * WRITE_WINDOW_S) == pytest.approx(DOCUMENTED)
    assert rate(known, 1e9) == DOCUMENTED


@pytest.mark.parametrize(("load", "times"), [(None, 2.0), (0.8, 2.0), (0.9, 1.3), (0.95, 1.15), (1.0, 1.0), (1.8, 1.0)])
def test_near_the_limit_what_was_learned_is_exceeded_a_little_only(load: float | None, times: float) -> None:
    """Graph tells how near; so the rate settles below the next throttle."""
    known = granted.expected(4.0, 0.0)

    assert rate(known, granted.HELD_S + granted.DOUBLED_S, load) == pytest.approx(3.8 * times)


def test_what_is_long_ago_says_nothing_of_today() -> None:
    """An hour at full rate, then a neighbour: the first throttle does not take the hour's rate for the grant."""
    known = Granted(since=0.0)
    for second in range(0, 3_600, 2):
        known = granted.accepted(known, 36, float(second))
    known = throttled_at(known, 3_600.0)

    assert known.per_s is not None
    assert DOCUMENTED * 0.4 < known.per_s < DOCUMENTED * 0.8


@pytest.mark.parametrize("headers", [True, False], ids=["with headers", "without headers"])
@pytest.mark.parametrize("quota_share", [0.9, 1.0])
@pytest.mark.parametrize("share", [0.6, 0.4, 0.2])
def test_beside_a_neighbour_nine_tenths_of_the_grant_are_used(share: float, quota_share: float, headers: bool) -> None:
    """Over five windows from the first throttle on; with at most one throttled batch in each, and none sent early."""
    seen = measure(Beside(share, quota_share=quota_share, headers=headers))
    windows = seen.windows(5)

    assert sum(used for used, _ in windows) / 5 >= 0.90
    assert max(hits for _, hits in windows) <= 1
    assert seen.too_early == 0


@pytest.mark.parametrize("quota_share", [0.9, 1.0])
def test_where_all_is_granted_nothing_is_slower(quota_share: float) -> None:
    """And nothing is throttled."""
    seen = measure(Beside(1.0, quota_share=quota_share))

    assert min(used for used, _ in seen.windows(5)) >= 0.97
    assert seen.throttled == []


@pytest.mark.parametrize("headers", [True, False], ids=["with headers", "without headers"])
@pytest.mark.parametrize("gone_at", [900.0, 970.0, 1_040.0])
@pytest.mark.parametrize("share", [0.6, 0.2])
def test_the_full_rate_is_back_within_two_windows_of_the_neighbour_s_end(
    share: float, gone_at: float, headers: bool
) -> None:
    """Whenever in its course the neighbour goes."""
    after = measure(Beside(share, gone_at=gone_at, headers=headers)).full_again_after()

    assert after is not None
    assert after <= 2 * WRITE_WINDOW_S


def test_a_resumed_run_begins_with_what_was_learned() -> None:
    """It fills the window that it would have lost to learning it again, and is not throttled in it."""
    first = measure(Beside(0.4))
    again = measure(Beside(0.4, expect=first.learned, seconds=200.0))

    assert first.learned == pytest.approx(1_200, rel=0.02)
    assert again.throttled == []
    assert again.writes(0.0, WRITE_WINDOW_S) >= 0.9 * 0.9 * 1_200
