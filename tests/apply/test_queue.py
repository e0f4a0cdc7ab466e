"""The queue hands out each user once, doubts first, waves in order, and nothing that has no seat."""

from __future__ import annotations

from datetime import timedelta

import pytest
from worlds.engine_parts import NEW, names, task, tasks
from worlds.virtual_time import START

from connectors.limits import BATCH_SIZE_MAX
from jobs.license_reassignment.apply.queue import (
    LOOKS_MAX,
    SETTLE_SPACING,
    Finished,
    Idle,
    Look,
    Queue,
    WaveDone,
    Write,
)
from jobs.license_reassignment.model.standing import Entry, Standing

SOON = timedelta(seconds=1)


def opened(queue: Queue) -> Queue:
    """Open the queue at START."""
    queue.open(START)
    return queue


def users(job: object) -> list[str]:
    """Whom a job is about."""
    assert isinstance(job, Write | Look)
    return [t.user_id for t in job.tasks]


def test_changes_go_out_in_the_order_of_the_plan_in_batches_of_twenty() -> None:
    """45 changes make three jobs; nobody is in two of them."""
    queue = opened(Queue(tasks(*names(45)), {}, ("all",)))
    jobs = [users(queue.next_job(START)) for _ in range(3)]
    assert [len(j) for j in jobs] == [BATCH_SIZE_MAX, BATCH_SIZE_MAX, 5]
    assert [u for j in jobs for u in j] == names(45)


def test_while_everybody_is_out_there_is_nothing_to_do_until_somebody_returns() -> None:
    """The end comes when the last answer is in, not when the queue is empty."""
    queue = opened(Queue(tasks("a"), {}, ("all",)))
    queue.next_job(START)
    assert queue.next_job(START) == Idle(None)
    queue.answered(task("a"))
    assert queue.next_job(START) == Finished()


def test_an_answered_user_is_not_handed_out_again() -> None:
    """Every state but pending and in doubt is an end."""
    ends = ("applied", "refused", "already", "drifted", "gone")
    queue = opened(Queue(tasks(*ends, "open"), {s: Standing(s) for s in ends}, ("all",)))  # type: ignore[arg-type]
    assert users(queue.next_job(START)) == ["open"]
    assert {k: v for k, v in queue.counts.items() if v} == dict.fromkeys([*ends, "pending"], 1)


def test_what_a_former_session_left_in_doubt_is_looked_at_before_anything_is_sent() -> None:
    """Also when it belongs to a later wave."""
    plan = {**tasks("a"), **tasks("b", wave="later")}
    queue = opened(Queue(plan, {"b": Standing("in_doubt", sent=1)}, ("all", "later")))
    assert isinstance(job := queue.next_job(START), Look)
    assert users(job) == ["b"]
    assert isinstance(queue.next_job(START), Write)


def test_a_doubt_is_first_looked_at_after_a_while() -> None:
    """A request whose answer was lost may still be at work."""
    queue = opened(Queue(tasks("a"), {}, ("all",)))
    queue.next_job(START)
    queue.doubt(task("a"), START)
    assert queue.next_job(START + SETTLE_SPACING - SOON) == Idle(START + SETTLE_SPACING)
    assert isinstance(queue.next_job(START + SETTLE_SPACING), Look)


def test_two_equal_looks_settle_a_doubt_only_when_they_are_far_enough_apart() -> None:
    """The second look a moment later is the same stale copy; one SETTLE_SPACING later counts."""
    queue = opened(Queue(tasks("a"), {"a": Standing("in_doubt", sent=1)}, ("all",)))
    times = [START, START + SOON, START + SETTLE_SPACING]
    assert [queue.looked(task("a"), "before", t) for t in times] == [None, None, "before"]


def test_looks_that_differ_begin_anew() -> None:
    """before, moved, moved: only the two that agree in a row decide."""
    queue = opened(Queue(tasks("a"), {"a": Standing("in_doubt", sent=1)}, ("all",)))
    seen = ["before", "moved", "before", "moved", "moved"]
    times = [START + n * SETTLE_SPACING for n in range(5)]
    told = [queue.looked(task("a"), s, t) for s, t in zip(seen, times, strict=True)]  # type: ignore[arg-type]
    assert told == [None, None, None, None, "moved"]


def test_a_doubt_that_is_given_up_is_out_of_the_way_and_still_in_doubt() -> None:
    """The next start looks again."""
    queue = opened(Queue(tasks("a"), {"a": Standing("in_doubt", sent=1)}, ("all",)))
    for number in range(LOOKS_MAX):
        queue.looked(task("a"), ("before", "other")[number % 2], START + number * SETTLE_SPACING)  # type: ignore[arg-type]
    assert queue.looks(task("a")) == LOOKS_MAX
    queue.give_up_doubt(task("a"))
    assert queue.next_job(START + timedelta(days=1)) == Finished()
    assert queue.standings["a"].state == "in_doubt"


def test_what_was_put_back_waits_for_its_time_and_comes_before_nobody() -> None:
    """A change with a Retry-After goes out when it is over; the earlier one first."""
    queue = opened(Queue(tasks("a", "b"), {}, ("all",)))
    queue.next_job(START)
    queue.put_back(task("a"), START + timedelta(seconds=9))
    queue.put_back(task("b"), START + timedelta(seconds=5))
    assert queue.next_job(START) == Idle(START + timedelta(seconds=5))
    assert users(queue.next_job(START + timedelta(seconds=6))) == ["b"]
    assert users(queue.next_job(START + timedelta(seconds=9))) == ["a"]


def test_two_that_return_at_the_same_moment_are_no_trouble() -> None:
    """Equal times never compare the changes themselves."""
    queue = opened(Queue(tasks("a", "b"), {}, ("all",)))
    queue.next_job(START)
    for name in ("a", "b"):
        queue.put_back(task(name), START + SOON)
    assert users(queue.next_job(START + SOON)) == ["a", "b"]


def test_a_wave_begins_when_the_one_before_has_all_its_answers() -> None:
    """Also a doubt holds the next wave back."""
    queue = opened(Queue({**tasks("a", wave="pilot"), **tasks("b", wave="rest")}, {}, ("pilot", "rest")))
    assert users(queue.next_job(START)) == ["a"]
    queue.doubt(task("a", "pilot"), START)
    assert queue.next_job(START) == Idle(START + SETTLE_SPACING)
    queue.answered(task("a", "pilot"))
    assert queue.next_job(START) == WaveDone("pilot")
    queue.next_wave()
    assert (queue.wave, users(queue.next_job(START))) == ("rest", ["b"])


def test_the_wave_whose_groups_are_changed_is_the_one_at_work() -> None:
    """The progress of a run names it; a wave of another call changes nothing."""
    queue = Queue(tasks("a", wave="pilot"), {}, ("pilot", "rest"))
    for wave in ("rest", "of another call"):
        queue.stand_at(wave)
        assert queue.wave == "rest"


def test_the_next_wave_is_refused_while_somebody_is_out() -> None:
    """That would be a mistake of ours."""
    queue = opened(Queue({**tasks("a", wave="pilot"), **tasks("b", wave="rest")}, {}, ("pilot", "rest")))
    queue.next_job(START)
    with pytest.raises(AssertionError):
        queue.next_wave()


def test_without_a_seat_nothing_is_handed_out_and_the_run_comes_to_its_end() -> None:
    """Changes that need the short product stay pending."""
    queue = opened(Queue(tasks("a", "b"), {}, ("all",)))
    queue.short.add(NEW)
    assert queue.next_job(START) == Finished()
    assert queue.counts["pending"] == 2


def test_the_counts_follow_the_journal() -> None:
    """An intent makes a doubt, its outcome an end; users of no task are not counted."""
    queue = opened(Queue(tasks("a"), {}, ("all",)))
    queue.fold(Entry("intent", "t", {"items": [{"id": "a"}, {"id": "stranger"}]}))
    assert (queue.counts["pending"], queue.counts["in_doubt"]) == (0, 1)
    queue.fold(Entry("outcome", "t", {"items": [{"id": "a", "verdict": "applied"}]}))
    assert (queue.counts["in_doubt"], queue.counts["applied"]) == (0, 1)


def test_a_session_that_continues_begins_with_the_wave_that_is_not_done() -> None:
    """A doubt of the second wave does not hold the second wave's other changes back."""
    plan = {**tasks("a", wave="first"), **tasks("b", "c", wave="second")}
    standings = {"a": Standing("applied"), "b": Standing("in_doubt", sent=1)}
    queue = opened(Queue(plan, standings, ("first", "second")))

    assert queue.wave == "second"
    assert isinstance(queue.next_job(START), Look)
    assert users(queue.next_job(START)) == ["c"]
