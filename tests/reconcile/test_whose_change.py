"""What another run wrote is read back as it was, and a change that it explains is called its own."""

from __future__ import annotations

import pytest

from connectors.tenant import GroupId, LicenseAssignment, LicenseProfile, SkuId
from jobs.license_reassignment.model.other_runs import OtherRunLine, from_jsonl, to_jsonl
from jobs.license_reassignment.reconcile.whose_change import changes_by_other_runs

ADD, REMOVE = SkuId("e3"), SkuId("e4")
INTENT = {"batch": 1, "items": [{"id": "ada", "add": [{"skuId": ADD, "disabledPlans": []}], "remove": [REMOVE]}]}
APPLIED = {"batch": 1, "items": [{"id": "ada", "verdict": "applied"}]}


def lines(kind: str, undo_of: str = "") -> list[OtherRunLine]:
    """A change of Ada's licenses, sent and answered with yes."""
    return [
        OtherRunLine("p2", kind, undo_of, 2, "2026-03-02T12:00:00.000Z", "intent", "h2", INTENT),
        OtherRunLine("p2", kind, undo_of, 3, "2026-03-02T12:00:01.000Z", "outcome", "h3", APPLIED),
    ]


def test_a_line_is_read_back_as_it_was_written() -> None:
    """Whose it is, its hash in that journal and what it says; nothing gives an empty file."""
    assert from_jsonl(to_jsonl(lines("undo", "p1"))) == lines("undo", "p1")
    assert (to_jsonl([]), from_jsonl(b"")) == (b"", [])


def test_a_line_of_anything_else_is_refused() -> None:
    """What is no line of a journal explains nothing."""
    for damaged in (b"{", b"{}\n", b"[]\n"):
        with pytest.raises((ValueError, KeyError)):
            from_jsonl(damaged)


@pytest.mark.parametrize(
    ("kind", "undo_of", "run"),
    [
        ("swap", "", "run p2"),
        ("addons", "", "run p2 (its plan for add-ons)"),
        ("undo", "p1", "run p2 (undo of this plan)"),
        ("undo", "p0", "run p2 (undo of p0)"),
    ],
)
def test_a_change_of_another_run_names_that_run(kind: str, undo_of: str, run: str) -> None:
    """What it gave and what it took; of a product that it did not touch it is not the author."""
    found = changes_by_other_runs(lines(kind, undo_of), "p1")

    assert [found.author_of_step("ada", sku, step, None) for sku, step in ((ADD, 1), (REMOVE, -1), (ADD, -1))] == [
        run,
        run,
        "",
    ]
    assert found.last_writer("ada", {ADD}, "2026-03-02T11:00:00.000Z") == run
    assert found.last_writer("ada", {ADD}, "2026-03-02T13:00:00.000Z") == ""


GROUP = {
    "batch": 1,
    "writes": "groups",
    "items": [{"id": "g1", "add": [{"skuId": ADD, "disabledPlans": []}], "remove": [REMOVE], "users": ["ada"]}],
}


def through(sku: SkuId, group: str = "g1", state: str = "Active") -> LicenseAssignment:
    """One license of the user's, by a group."""
    return LicenseAssignment(sku, GroupId(group), (), state)


@pytest.mark.parametrize(
    ("answers", "explained"),
    [
        ([], True),
        (["accepted"], True),
        (["accepted", "moved"], True),
        (["accepted", "drifted"], True),
        (["refused"], False),
        (["retry"], False),
        (["in_doubt", "pending"], False),
        (["accepted", "gone"], False),
    ],
    ids=lambda value: " then ".join(value) or "no answer" if isinstance(value, list) else "",
)
def test_a_change_of_a_group_explains_its_members_once_it_may_have_had_an_effect(
    answers: list[str], explained: bool
) -> None:
    """Accepted, in doubt or settled; not where Graph refused it, it was never sent, or the group is gone."""
    written = [OtherRunLine("p2", "swap", "", 2, "2026-03-02T12:00:00.000Z", "intent", "h2", GROUP)]
    for n, verdict in enumerate(answers, 3):
        body = {"batch": 1, "writes": "groups", "items": [{"id": "g1", "verdict": verdict, "users": ["ada"]}]}
        kind = "outcome" if n == 3 else "settled"
        written.append(OtherRunLine("p2", "swap", "", n, f"2026-03-02T12:00:0{n}.000Z", kind, f"h{n}", body))

    found = changes_by_other_runs(from_jsonl(to_jsonl(written)), "p1")

    assert [found.author_of_step("ada", ADD, 1, None), found.author_of_step("bo", ADD, 1, None)] == [
        "run p2" if explained else "",
        "",
    ]


@pytest.mark.parametrize(
    ("held", "gained", "lost"),
    [
        ([through(ADD)], True, True),
        ([through(ADD, state="Error")], True, True),
        ([through(ADD), LicenseAssignment(REMOVE, GroupId(""), ())], True, True),
        ([through(REMOVE)], False, False),
        ([LicenseAssignment(ADD, GroupId(""), ()), through(REMOVE)], False, False),
        ([through(ADD, "g2")], False, False),
        ([], False, False),
    ],
    ids=["moved", "in error", "moved, with a direct one", "not reached", "by hand", "another group", "left"],
)
def test_a_group_explains_what_comes_through_it_and_what_no_longer_does(
    held: list[LicenseAssignment], gained: bool, lost: bool
) -> None:
    """Whoever has nothing of the group any more has left it; whoever still has the old one through it was not moved."""
    line = OtherRunLine("p2", "undo", "p1", 2, "2026-03-02T12:00:00.000Z", "intent", "h2", GROUP)
    found, now = changes_by_other_runs([line], "p1"), LicenseProfile.of(held)

    told = [bool(found.author_of_step("ada", sku, step, now)) for sku, step in ((ADD, 1), (REMOVE, -1))]

    assert told == [gained, lost]
