"""What became of users whom a group moves: by the group's standing, their own request, and the last read."""

from __future__ import annotations

import pytest
from worlds.engine_parts import NEW, OLD, OTHER

from connectors.changes import AddLicense, AssignGroupLicense
from connectors.tenant import GroupId, LicenseAssignment, LicenseProfile, PlanId
from jobs.license_reassignment.model.standing import Standing
from jobs.license_reassignment.reconcile.groups.members import Swap, standing_of
from jobs.license_reassignment.reconcile.judge import Case, DecisionRow, Judgement, judge

GROUP, SECOND = GroupId("g1"), GroupId("g2")
OFF = (PlanId("sway"),)
CHANGE = AssignGroupLicense(GROUP, (AddLicense(NEW, OFF),), (OLD,))
TOO = AssignGroupLicense(SECOND, (AddLicense(NEW, OFF),), (OLD,))
ROW = DecisionRow("change", "", "", "", "", (NEW,))
BOTH_WAYS = DecisionRow("change", "", "", OLD, "", (NEW,))


def profile(*assignments: LicenseAssignment) -> LicenseProfile:
    """Make a profile in which the user keeps another product."""
    return LicenseProfile.of([*assignments, LicenseAssignment(OTHER, "", ())])


def old(group: str = GROUP, state: str = "Active", error: str = "") -> LicenseAssignment:
    """Return the old product by a group, or directly."""
    return LicenseAssignment(OLD, group, (), state, error)


def new(group: str = GROUP, state: str = "Active", error: str = "", off: tuple[PlanId, ...] = OFF) -> LicenseAssignment:
    """Return the target by a group, or directly."""
    return LicenseAssignment(NEW, group, off, state, error)


BEFORE, MOVED, NEITHER = profile(old()), profile(new()), profile()
ACCEPTED, SETTLED = Standing("processing", sent=1), Standing("applied", sent=1)
DOUBT, NOT_SENT = Standing("in_doubt", "unproven", sent=1), Standing()
DRIFTED, GONE = Standing("drifted", "changed_by_others"), Standing("gone", "user_not_found")
OVERLAID = Standing("drifted", "group_drifted", sent=1)
REFUSED, PROTECTED = Standing("refused", "dependency", sent=1), Standing("held", "protected")
NO_SEAT = profile(old(state="ActiveWithError", error="CountViolation"), new(state="Error", error="CountViolation"))
LOST = profile(new(state="Error", error="CountViolation"))

TABLE: tuple[tuple[str, Standing, LicenseProfile | None, bool | None, tuple[str, str, str]], ...] = (
    ("settled and moved", SETTLED, MOVED, True, ("moved_by_group", "", "=")),
    ("moved before the group is settled", ACCEPTED, MOVED, True, ("moved_by_group", "", "=")),
    ("no answer, and moved", DOUBT, MOVED, True, ("moved_by_group", "", "=")),
    ("moved, members were not read again", SETTLED, MOVED, None, ("moved_by_group", "", "=")),
    ("moved by somebody else", NOT_SENT, MOVED, True, ("already_on_target", "", "=")),
    ("moved by another admin's change of the group", DRIFTED, MOVED, True, ("already_on_target", "", "=")),
    ("moved, and another admin has changed the group since", OVERLAID, MOVED, True, ("moved_by_group", "", "=")),
    ("accepted, nothing to see yet", ACCEPTED, BEFORE, True, ("in_doubt", "group_processing", "!")),
    ("accepted, half way", ACCEPTED, profile(old(), new()), True, ("in_doubt", "group_processing", "!")),
    ("not sent", NOT_SENT, BEFORE, True, ("pending", "group_not_sent", "-")),
    ("the group had changed", DRIFTED, BEFORE, True, ("pending", "group_drifted", "-")),
    ("the group is gone", GONE, BEFORE, True, ("pending", "group_gone", "-")),
    ("the group is gone, and the license with it", GONE, NEITHER, True, ("drifted", "changed_by_others", "-")),
    ("Graph refused the group", REFUSED, BEFORE, True, ("refused", "dependency", "-")),
    ("a member is protected now", PROTECTED, BEFORE, True, ("held", "protected", "=")),
    ("no seat for this member", SETTLED, NO_SEAT, True, ("refused", "member_error: Error CountViolation", "-")),
    ("old one gone, new one in error", SETTLED, LOST, True,
     ("refused", "accepted_then_error: Error CountViolation", "-")),
    ("in error, and the new one is there all the same", SETTLED,
     profile(new(""), new(state="Error", error="CountViolation")), True,
     ("refused", "member_error: Error CountViolation", "-")),
    ("turned direct", SETTLED, profile(old(""), new()), True, ("drifted", "turned_direct", "+")),
    ("left the group", SETTLED, NEITHER, False, ("drifted", "left_group", "-")),
    ("other services than asked", SETTLED, profile(new(off=())), True, ("drifted", "move_undone", "*")),
    ("not found", SETTLED, None, True, ("gone", "user_not_found", "!")),
)  # fmt: skip


@pytest.mark.parametrize(
    ("group", "after", "inside", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_a_member_has_the_outcome_that_the_read_shows(
    group: Standing, after: LicenseProfile | None, *, inside: bool | None, expected: tuple[str, str, str]
) -> None:
    """By the group that was changed, line by line."""
    swaps = (Swap(CHANGE, group, inside),)

    found = judge(Case(ROW, BEFORE, after, standing_of(swaps, None), (OLD,), swaps=swaps))

    assert found == Judgement(*expected)


@pytest.mark.parametrize(
    ("own", "after", "expected"),
    [
        (Standing(), profile(old(""), new()), ("pending", "not_sent", "-")),
        (Standing("applied", sent=1), MOVED, ("moved_by_group", "", "=")),
        (Standing("refused", "review", sent=1), profile(old(""), new()), ("refused", "review", "-")),
        (DOUBT, MOVED, ("moved_by_group", "", "=")),
        (
            Standing(),
            profile(old(""), new(state="Error", error="CountViolation")),
            ("refused", "member_error: Error CountViolation", "-"),
        ),
    ],
    ids=[
        "direct half not sent",
        "both halves",
        "direct half refused",
        "direct half without an answer",
        "the group could not give it",
    ],
)
def test_whoever_has_it_both_ways_is_moved_when_both_halves_are(
    own: Standing, after: LicenseProfile, expected: tuple[str, str, str]
) -> None:
    """The group's half is settled; the direct half is a request of the user's own."""
    before, swaps = profile(old(), old("")), (Swap(CHANGE, SETTLED, inside=True),)

    found = judge(Case(BOTH_WAYS, before, after, standing_of(swaps, own), (OLD,), swaps=swaps))

    assert found == Judgement(*expected)


def test_a_member_of_two_groups_waits_for_the_later_one() -> None:
    """Both groups assigned the old product: with one of them changed, it is still there by the other."""
    before, half = profile(old(), old(SECOND)), profile(new(), old(SECOND))
    swaps = (Swap(CHANGE, SETTLED, inside=True), Swap(TOO, Standing(), inside=True))
    done = (Swap(CHANGE, SETTLED, inside=True), Swap(TOO, SETTLED, inside=True))

    waiting = judge(Case(ROW, before, half, standing_of(swaps, None), (OLD,), swaps=swaps))
    moved = judge(Case(ROW, before, profile(new(), new(SECOND)), standing_of(done, None), (OLD,), swaps=done))

    assert (waiting.outcome, waiting.reason) == ("pending", "group_not_sent")
    assert moved.outcome == "moved_by_group"


def test_one_of_two_products_that_is_there_already_does_not_hide_that_the_other_failed() -> None:
    """The user had the second product directly; the group took the old one and could give neither."""
    swap = AssignGroupLicense(GROUP, (AddLicense(NEW), AddLicense(OTHER)), (OLD,))
    swaps = (Swap(swap, SETTLED, inside=True),)
    failed = LicenseAssignment(OTHER, GROUP, (), "Error", "CountViolation")
    after = profile(new(state="Error", error="CountViolation"), failed)

    row = DecisionRow("change", "", "", "", "", (NEW, OTHER))
    found = judge(Case(row, BEFORE, after, standing_of(swaps, None), (OLD,), swaps=swaps))

    assert found == Judgement("refused", "accepted_then_error: Error CountViolation", "-")
