"""The journal folded to where each user stands, line by line."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.license_reassignment.model.standing import Entry, Standing, fold


def entry(kind: str, *items: dict[str, Any], **body: Any) -> Entry:
    """Make a journal line."""
    return Entry(kind, "t1", {"items": list(items), **body})


INTENT = entry("intent", {"id": "a"})


@pytest.mark.parametrize(
    ("verdict", "state"),
    [
        ("applied", "applied"),
        ("refused", "refused"),
        ("retry", "pending"),
        ("in_doubt", "in_doubt"),
        ("stop", "pending"),
    ],
)
def test_an_answer_settles_an_intent_or_leaves_it_open(verdict: str, state: str) -> None:
    """The reason, Graph's words and the request id stay with the user."""
    item = {"id": "a", "verdict": verdict, "reason": "why", "message": "words"}
    expected = Standing(state, "why", "words", sent=1, at="t1", request_id="r1")  # type: ignore[arg-type]
    assert fold([INTENT, entry("outcome", item, request_id="r1")]) == {"a": expected}


@pytest.mark.parametrize(
    ("reason", "sent"), [("not_sent", 0), ("concurrent_write", 0), ("seats_taken", 0), ("throttled", 1), ("locked", 1)]
)
def test_a_request_that_provably_changed_nothing_does_not_count_as_sent(reason: str, sent: int) -> None:
    """What is found later was done by somebody else then; a 429 may have been carried out all the same."""
    assert fold([INTENT, entry("outcome", {"id": "a", "verdict": "retry", "reason": reason})])["a"].sent == sent


@pytest.mark.parametrize(
    ("verdict", "state"),
    [
        ("moved", "applied"),
        ("already", "already"),
        ("pending", "pending"),
        ("drifted", "drifted"),
        ("gone", "gone"),
        ("refused", "refused"),
        ("in_doubt", "in_doubt"),
    ],
)
def test_looks_settle_a_doubt(verdict: str, state: str) -> None:
    """Whatever two looks agree on."""
    assert fold([INTENT, entry("settled", {"id": "a", "verdict": verdict})])["a"].state == state


def test_an_intent_without_an_answer_is_in_doubt() -> None:
    """Also the second one of the same user; each is counted."""
    retried = entry("outcome", {"id": "a", "verdict": "retry"})
    assert fold([INTENT, retried, INTENT]) == {"a": Standing("in_doubt", "unproven", sent=2, at="t1")}


def test_lines_that_speak_of_no_user_change_nothing() -> None:
    """start, note, end."""
    assert fold([entry("start"), entry("note", event="wave"), entry("end", code=0)]) == {}


def test_only_an_answered_user_is_done_with() -> None:
    """Pending and in doubt are not."""
    states = ("pending", "in_doubt", "applied", "refused", "already", "drifted", "gone")
    answered = [s for s in states if Standing(s).answered]  # type: ignore[arg-type]
    assert answered == ["applied", "refused", "already", "drifted", "gone"]
