"""What one answer means among all the others: permission, seats, and when refusals are too many."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from worlds.engine_parts import NEW, OTHER, names, reply

from connectors.changes import Reply, Verdict
from connectors.errors import PermissionMissing, Unauthorized
from connectors.tenant import UserId
from jobs.license_reassignment.apply.replies import DENIALS_IN_A_ROW_MAX, REFUSALS_AFTER, ReplyJudge, StrangeAnswer
from jobs.license_reassignment.errors import ExitCode, Unfinished

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def denied(name: str) -> Reply:
    """A 403 as the table of verdicts hands it over."""
    return reply(name, Verdict.REFUSED, 403, "restricted_management")


def verdicts(replies: list[Reply]) -> list[tuple[str, str]]:
    """What was made of them."""
    return [(r.verdict.value, r.reason) for r in replies]


def test_a_403_before_anything_ever_worked_is_a_missing_permission() -> None:
    """The very first answer stops the run, and names the permission."""
    judge = ReplyJudge(5)
    judged = judge.judge([denied("a")], NOON)
    assert verdicts(judged) == [("stop", "permission")]
    with pytest.raises(PermissionMissing, match=r"LicenseAssignment\.ReadWrite\.All"):
        judge.raise_if_hopeless(judged)


def test_a_403_among_writes_that_work_is_the_users_own() -> None:
    """One batch: a success anywhere in it is enough to know that the permission is there."""
    judged = ReplyJudge(5).judge([denied("a"), reply("b", Verdict.APPLIED)], NOON)
    assert verdicts(judged) == [("refused", "restricted_management"), ("applied", "")]


def test_successes_of_a_former_session_count() -> None:
    """A resumed run knows that the permission was there."""
    assert verdicts(ReplyJudge(5, applied=1).judge([denied("a")], NOON)) == [("refused", "restricted_management")]


def test_three_403_in_a_row_are_a_permission_taken_away() -> None:
    """The third one stops the run; a success in between starts the count anew."""
    judge = ReplyJudge(100, applied=1)
    first = [denied("a"), denied("b"), reply("c", Verdict.APPLIED), denied("d"), denied("e"), denied("f")]
    judged = [r.verdict.value for r in judge.judge(first, NOON)]
    assert judged == ["refused"] * 2 + ["applied"] + ["refused"] * 2 + ["stop"]
    assert DENIALS_IN_A_ROW_MAX == 3


def test_a_lack_of_seats_leaves_the_change_pending() -> None:
    """It is no refusal of the user, and does not count as one."""
    judge = ReplyJudge(5)
    judged = judge.judge([reply("a", Verdict.REFUSED, 400, "no_seat")], NOON)
    assert verdicts(judged) == [("retry", "seats_taken")]
    assert (judge.refused, judge.answered) == (0, 0)


def test_a_usage_location_of_ours_takes_some_minutes_to_be_known() -> None:
    """For ten minutes the change waits; later, and for anybody whose location is not ours, it is a refusal."""
    no = [reply("a", Verdict.REFUSED, 400, "no_usage_location"), reply("b", Verdict.REFUSED, 400, "no_usage_location")]
    judge = ReplyJudge(5, located={UserId("a"): NOON})

    assert verdicts(judge.judge(no, NOON + timedelta(minutes=9))) == [
        ("retry", "location_replicating"),
        ("refused", "no_usage_location"),
    ]
    assert verdicts(judge.judge(no[:1], NOON + timedelta(minutes=10))) == [("refused", "no_usage_location")]


def test_the_product_that_the_message_names_is_the_short_one() -> None:
    """A message that names none makes all of them short."""
    named = reply("a", Verdict.RETRY, 400, message=f"Subscription with SKU {NEW.upper()} does not have any available")
    judge = ReplyJudge(5)
    assert judge.short_skus((NEW, OTHER), named) == {NEW}
    assert judge.short_skus((NEW, OTHER), reply("a", Verdict.RETRY, 400)) == {NEW, OTHER}
    assert judge.short_skus((NEW,), reply("a", Verdict.RETRY, 400)) == {NEW}


@pytest.mark.parametrize(
    ("applied", "refused", "percent_max", "stops"),
    [
        (REFUSALS_AFTER - 2, 1, 5, False),  # 5.3 % of 19: too early to say
        (19, 1, 5, False),  # exactly 5 %
        (18, 2, 5, True),
        (0, 20, 100, False),
        (19, 1, 0, True),
    ],
)
def test_the_refusal_limit_holds_from_twenty_answers_on(
    applied: int, refused: int, percent_max: float, *, stops: bool
) -> None:
    """The limit may be reached, not exceeded."""
    judge = ReplyJudge(percent_max)
    good = [reply(n, Verdict.APPLIED) for n in names(applied)]
    judged = judge.judge([*good, *(reply(f"x{n}", Verdict.REFUSED, 400, "conflict") for n in range(refused))], NOON)
    if stops:
        with pytest.raises(Unfinished, match=f"{refused} of {applied + refused}") as told:
            judge.raise_if_hopeless(judged)
        assert told.value.exit_code == ExitCode.STOPPED
    else:
        judge.raise_if_hopeless(judged)


def test_doubts_and_retries_are_no_answers_yet() -> None:
    """Only yes and no count."""
    judge = ReplyJudge(0)
    judge.judge([reply("a", Verdict.IN_DOUBT, 0), reply("b", Verdict.RETRY, 429), reply("c", Verdict.APPLIED)], NOON)
    assert (judge.answered, judge.applied, judge.refused) == (1, 1, 0)


@pytest.mark.parametrize(
    ("said", "error", "code"),
    [
        (reply("a", Verdict.STOP, 401, "unauthorized"), Unauthorized, 7),
        (reply("a", Verdict.STOP, 403, "permission"), PermissionMissing, 7),
        (reply("a", Verdict.STOP, 418, "unknown_status", message="teapot"), Unfinished, 4),
        (reply("a", Verdict.STOP, 400, "wrong_body"), StrangeAnswer, 4),
        (reply("a", Verdict.IN_DOUBT, 302, "not_graph"), StrangeAnswer, 4),
    ],
)
def test_an_answer_that_stops_the_run_ends_it_with_its_own_code(said: Reply, error: type[Exception], code: int) -> None:
    """Signed out and not allowed are for a person; what nobody knows is for us."""
    with pytest.raises(error) as told:
        ReplyJudge(100).raise_if_hopeless([reply("b", Verdict.APPLIED), said])
    assert told.value.exit_code == code  # type: ignore[attr-defined]
