"""Where a user stands, judged by the last read: every outcome with its sigil, and what a look says of a change."""

from __future__ import annotations

import pytest
from worlds.engine_parts import NEW, OLD, OTHER, profile

from connectors.changes import AddLicense, AssignLicense
from connectors.tenant import LicenseAssignment, LicenseProfile, PlanId, SkuId, UserId
from jobs.license_reassignment.model.change import is_moved, look
from jobs.license_reassignment.model.standing import Standing
from jobs.license_reassignment.reconcile.judge import Case, DecisionRow, Judgement, judge

OFF = (PlanId("sway"),)
CHANGE = DecisionRow("change", "", NEW, OLD, f"{NEW}:sway", (NEW,))
HOLD = DecisionRow("hold", "guest", "", "", "", (NEW,))
ON_TARGET = DecisionRow("hold", "already_on_target", "", "", "", (NEW,))
LEFT = DecisionRow("hold", "left_by_choice", "", "", "", ())


def held(*assignments: LicenseAssignment) -> LicenseProfile:
    """Make a profile."""
    return LicenseProfile.of(assignments)


def direct(sku: SkuId, off: tuple[PlanId, ...] = (), state: str = "Active", error: str = "") -> LicenseAssignment:
    """Make a direct assignment."""
    return LicenseAssignment(sku, "", off, state, error)


BEFORE = held(direct(OLD), direct(OTHER))
MOVED = held(direct(NEW, OFF), direct(OTHER))
OTHER_PLANS = held(direct(NEW), direct(OTHER))
BOTH = held(direct(OLD), direct(NEW, OFF), direct(OTHER))
NEITHER = held(direct(OTHER))
FLIPPED = held(direct(OLD, OFF), direct(OTHER))
IN_ERROR = held(direct(NEW, OFF, "ActiveWithError", "CountViolation"), direct(OTHER))
INHERITED = held(LicenseAssignment(OLD, "g1", ()), direct(NEW, OFF), direct(OTHER))
NO_OTHER = held(direct(OLD))

NOT_SENT = Standing()
SENT_NOTHING_DONE = Standing("pending", "no_effect", sent=1)
THROTTLED = Standing("pending", "throttled", sent=1)
NO_SEAT = Standing("pending", "seats_taken", sent=1)
APPLIED = Standing("applied", sent=1)
DOUBT = Standing("in_doubt", "unproven", sent=1)
REFUSED = Standing("refused", "conflict", sent=1)
DRIFTED = Standing("drifted", "changed_by_others")
DRIFTED_IN_DOUBT = Standing("drifted", "changed_by_others", sent=1)
ALREADY = Standing("already")
GONE = Standing("gone", "user_not_found")

TABLE: tuple[tuple[str, DecisionRow, Standing, LicenseProfile | None, bool, tuple[str, str, str]], ...] = (
    ("not found", CHANGE, NOT_SENT, None, True, ("gone", "user_not_found", "!")),
    ("not found, though applied", CHANGE, APPLIED, None, True, ("gone", "user_not_found", "!")),
    ("held and not found", HOLD, NOT_SENT, None, True, ("gone", "user_not_found", "!")),
    ("answered yes and there", CHANGE, APPLIED, MOVED, True, ("moved", "", "=")),
    ("in doubt and there", CHANGE, DOUBT, MOVED, True, ("moved", "", "=")),
    ("drifted in doubt, there after all", CHANGE, DRIFTED_IN_DOUBT, MOVED, True, ("moved", "", "=")),
    ("in doubt and there, reads at odds", CHANGE, DOUBT, MOVED, False, ("moved", "", "=")),
    ("never sent and there", CHANGE, NOT_SENT, MOVED, True, ("already_on_target", "", "=")),
    ("found so before the write", CHANGE, ALREADY, MOVED, True, ("already_on_target", "", "=")),
    ("proven without effect, there now", CHANGE, SENT_NOTHING_DONE, MOVED, True, ("already_on_target", "", "=")),
    ("found so by the plan", ON_TARGET, NOT_SENT, held(direct(NEW)), True, ("already_on_target", "", "=")),
    ("in doubt, something else is there", CHANGE, DOUBT, OTHER_PLANS, True, ("in_doubt", "unproven", "!")),
    ("in doubt, as before, reads at odds", CHANGE, DOUBT, BEFORE, False, ("in_doubt", "unproven", "!")),
    ("in doubt, proven as before", CHANGE, DOUBT, BEFORE, True, ("pending", "unproven", "-")),
    ("refused", CHANGE, REFUSED, BEFORE, True, ("refused", "conflict", "-")),
    ("answered yes, in error since", CHANGE, APPLIED, IN_ERROR, True,
     ("refused", "accepted_then_error: ActiveWithError CountViolation", "-")),
    ("in doubt, done and in error", CHANGE, DOUBT, IN_ERROR, True,
     ("refused", "accepted_then_error: ActiveWithError CountViolation", "-")),
    ("in doubt, in error, reads at odds", CHANGE, DOUBT, IN_ERROR, False, ("in_doubt", "unproven", "!")),
    ("drifted in doubt, done and in error", CHANGE, DRIFTED_IN_DOUBT, IN_ERROR, True,
     ("refused", "accepted_then_error: ActiveWithError CountViolation", "-")),
    ("never sent, in error by somebody else", CHANGE, NOT_SENT, IN_ERROR, True, ("drifted", "changed_by_others", "*")),
    ("answered yes, target gone since", CHANGE, APPLIED, NEITHER, True, ("drifted", "move_undone", "-")),
    ("answered yes, source back since", CHANGE, APPLIED, BOTH, True, ("drifted", "move_undone", "+")),
    ("answered yes, source back by a group", CHANGE, APPLIED, INHERITED, True, ("drifted", "move_undone", "+")),
    ("answered yes, plans changed since", CHANGE, APPLIED, OTHER_PLANS, True, ("drifted", "move_undone", "*")),
    ("answered yes, all undone", CHANGE, APPLIED, BEFORE, True, ("drifted", "move_undone", "-")),
    ("plans of the source changed", CHANGE, NOT_SENT, FLIPPED, True, ("drifted", "changed_by_others", "-")),
    ("source taken away", CHANGE, NOT_SENT, NEITHER, True, ("drifted", "changed_by_others", "-")),
    ("target given by somebody", CHANGE, NOT_SENT, BOTH, True, ("drifted", "changed_by_others", "+")),
    ("seen drifted, back since", CHANGE, DRIFTED, BEFORE, True, ("drifted", "changed_by_others", "-")),
    ("was gone, back since", CHANGE, GONE, BEFORE, True, ("drifted", "changed_by_others", "-")),
    ("held, source changed", HOLD, NOT_SENT, FLIPPED, True, ("drifted", "changed_by_others", "*")),
    ("another license changed is no drift", CHANGE, NOT_SENT, NO_OTHER, True, ("pending", "not_sent", "-")),
    ("held", HOLD, NOT_SENT, BEFORE, True, ("held", "guest", "=")),
    ("left by choice", LEFT, NOT_SENT, BEFORE, True, ("held", "left_by_choice", "=")),
    ("not sent", CHANGE, NOT_SENT, BEFORE, True, ("pending", "not_sent", "-")),
    ("sent without effect", CHANGE, SENT_NOTHING_DONE, BEFORE, True, ("pending", "no_effect", "-")),
    ("throttled to the end", CHANGE, THROTTLED, BEFORE, True, ("pending", "throttled", "-")),
    ("no seat left", CHANGE, NO_SEAT, BEFORE, True, ("pending", "seats_taken", "-")),
)  # fmt: skip


@pytest.mark.parametrize(
    ("row", "standing", "after", "agree", "expected"), [r[1:] for r in TABLE], ids=[r[0] for r in TABLE]
)
def test_every_user_has_the_outcome_that_fits_first(
    row: DecisionRow, standing: Standing, after: LicenseProfile | None, *, agree: bool, expected: tuple[str, str, str]
) -> None:
    """The contract's order of outcomes, line by line."""
    before = held(direct(NEW)) if row is ON_TARGET else BEFORE
    assert judge(Case(row, before, after, standing, (OLD,), agree)) == Judgement(*expected)


def test_the_table_shows_every_outcome_of_users_and_every_sigil() -> None:
    """`moved_by_group` needs a write to a group, which this version does not make."""
    outcomes = {"gone", "in_doubt", "moved", "already_on_target", "refused", "drifted", "held", "pending"}
    assert {r[-1][0] for r in TABLE} == outcomes
    assert {r[-1][2] for r in TABLE} == {"=", "-", "+", "*", "!"}


ADD = AssignLicense(UserId("a"), (AddLicense(NEW, OFF),), (OLD,))
ONLY_REMOVE = AssignLicense(UserId("a"), (), (OLD,))


@pytest.mark.parametrize(
    ("after", "seen"),
    [
        (MOVED, "moved"),
        (BEFORE, "before"),
        (NO_OTHER, "before"),
        (FLIPPED, "other"),
        (BOTH, "other"),
        (NEITHER, "other"),
        (OTHER_PLANS, "other"),
        (IN_ERROR, "other"),
        (INHERITED, "other"),
    ],
)
def test_one_look_says_done_as_before_or_something_else(after: LicenseProfile, seen: str) -> None:
    """Licenses that the plan is not about do not count."""
    assert look(after, BEFORE, ADD, (NEW,)) == seen


def test_a_target_that_was_there_already_has_to_be_there_still() -> None:
    """With nothing to add, taking the source away is done only where a target stands."""
    assert is_moved(profile(NEW), ONLY_REMOVE, (NEW,))
    assert not is_moved(profile(OTHER), ONLY_REMOVE, (NEW,))
    assert not is_moved(held(direct(NEW, (), "Error", "CountViolation")), ONLY_REMOVE, (NEW,))
