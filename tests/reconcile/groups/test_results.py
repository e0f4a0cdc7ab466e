"""Where each group stands after a run, with its members, and the books of whoever came, went or was not served."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from worlds.forging import forge
from worlds.group_runs import NEW, OLD, GroupRun, many_fates, user

from jobs.license_reassignment.reconcile.findings import GroupMembers, GroupResult, LedgerRow
from jobs.license_reassignment.reconcile.reconciliation import Reconciliation


def result(found: Reconciliation, name: str) -> GroupResult:
    """Return what the finding says of one group."""
    return next(group for group in found.groups if group.name == name)


def book(found: Reconciliation, part: str) -> LedgerRow:
    """Return the row of the ledger of one product."""
    return next(row for row in found.ledger if row.sku_part_number == part)


def test_every_group_has_its_decision_its_state_and_a_reason_for_what_is_not_settled(tmp_path: Path) -> None:
    """Settled, partly failed, held, changed meanwhile, still at work, and not named."""
    found = many_fates(tmp_path).verify()

    assert [(g.name.split()[1], g.decision, g.state, g.reason) for g in found.groups] == [
        ("Delft", "hold", "", "member_held"),
        ("Amsterdam", "swap", "settled", ""),
        ("Breda", "swap", "settled", "member_error"),
        ("Eindhoven", "swap", "drifted", "group_drifted"),
        ("Groningen", "swap", "processing", "group_processing"),
        ("Leiden", "left", "", ""),
    ]
    assert result(found, "Licensing Breda").members == GroupMembers(
        total=6,
        moved=3,
        in_error=2,
        left=1,
        joined=1,
        errors={"CountViolation": 1, "MutuallyExclusiveViolation": 1},
    )
    assert result(found, "Licensing Groningen").members == GroupMembers(total=3, still_old=3)
    assert result(found, "Licensing Eindhoven").why == ("alone@contoso.example: in the group, and not in the plan",)
    assert [g.carries_source for g in found.groups] == [True, False, False, True, False, True]
    assert all(g.request_id and g.at for g in found.groups if g.state in {"settled", "processing"})
    assert "ProcessingInProgress" == result(found, "Licensing Groningen").processing_state


def test_the_members_of_a_swapped_group_add_up(tmp_path: Path) -> None:
    """Each of them is counted once."""
    for group in many_fates(tmp_path).verify().groups:
        m = group.members
        parts = m.moved + m.in_error + m.left + m.gone + m.turned_direct + m.still_old + m.other
        assert parts == (m.total if group.decision == "swap" else 0)
        assert m.in_error == sum(m.errors.values())


def test_a_second_verification_after_the_group_is_done_finds_it_settled(tmp_path: Path) -> None:
    """Entra goes on, the same command settles the group, and the direct halves follow."""
    world = many_fates(tmp_path)
    world.happens("Licensing Groningen", stuck=False)
    world.clock.elapsed += 3600
    world.apply()

    found = world.verify()

    assert result(found, "Licensing Groningen").state == "settled"
    assert result(found, "Licensing Groningen").members == GroupMembers(total=3, moved=3)
    assert (found.totals.in_doubt, found.totals.moved_by_group) == (0, 20)


@pytest.mark.parametrize(
    ("befalls", "state", "reason"),
    [
        ({"delete": True}, "gone", "group_gone"),
        ({"add": [OLD], "remove": [NEW]}, "undone", "move_undone"),
        ({"add": ["VISIOCLIENT"]}, "drifted", "move_undone"),
    ],
    ids=["deleted", "taken back", "changed otherwise"],
)
def test_what_befalls_a_group_after_its_change_is_seen_at_verification(
    tmp_path: Path, befalls: dict[str, object], state: str, reason: str
) -> None:
    """The journal says that it was settled, and the last read says something else."""
    world = GroupRun(tmp_path, {"Sales": ["ann", "bob"]}, products=("VISIOCLIENT",)).moved()
    world.happens("Sales", **befalls)
    world.clock.elapsed += 3600

    found = result(world.verify(), "Sales")

    assert (found.state, found.reason) == (state, reason)


def test_a_group_that_hands_the_old_product_out_since_the_plan_is_told_as_later(tmp_path: Path) -> None:
    """Nobody named it, and nobody could: it did not assign the product then."""
    world = GroupRun(tmp_path, {"Sales": ["ann"], "Visitors": []}, named=["Sales"], more={"Visitors": {"licenses": []}})
    world.moved()
    world.happens("Visitors", add=[OLD])

    found = world.verify()

    assert [(g.name, g.decision, g.carries_source) for g in found.groups] == [
        ("Sales", "swap", False),
        ("Visitors", "later", True),
    ]


def test_the_audit_derives_the_groups_again_and_finds_a_forged_one(tmp_path: Path) -> None:
    """Digests made to fit do not help."""
    world = many_fates(tmp_path)
    world.verify()
    assert world.audit().differences == ()
    run = world.run
    assert run is not None
    said = orjson.loads(run.read("reconciliation.json"))
    said["groups"][2]["members"]["in_error"] = 0
    run.write("reconciliation.json", orjson.dumps(said))
    forge(run)

    assert (
        world.audit().differences[0] == "reconciliation.json: groups[2].members.in_error says 0, the evidence gives 2"
    )


BOOKS: dict[str, tuple[dict[str, object], tuple[int, int, int], tuple[int, int, int]]] = {
    "all are moved": ({}, (0, 3, 0), (3, 0, 0)),
    "one joins": ({"more": {"Sales": {"midway": [{"join": ["new@contoso.example"]}]}}}, (0, 3, 0), (3, 0, 1)),
    "one leaves": ({"more": {"Sales": {"midway": [{"leave": ["cy@contoso.example"]}]}}}, (0, 2, -1), (2, 0, 0)),
    "one fails and keeps it": ({"failing": {"bob": "CountViolation"}}, (0, 2, 0), (2, 0, 0)),
    "one fails and loses it": ({"failing": {"bob": ["CountViolation", "lose"]}}, (0, 3, 0), (2, 0, 0)),
    "one has it both ways": ({"direct": ["ann"]}, (0, 3, 0), (3, 0, 0)),
}
"""By what happens to a group of three: (gained, lost, foreign) of the old product, and of the new one."""


@pytest.mark.parametrize(("what", "old", "new"), BOOKS.values(), ids=BOOKS.keys())
def test_what_a_group_change_gives_and_takes_is_ours_and_the_rest_is_foreign(
    tmp_path: Path, what: dict[str, object], old: tuple[int, int, int], new: tuple[int, int, int]
) -> None:
    """Nothing stays unexplained, whatever befalls a member."""
    world = GroupRun(tmp_path, {"Sales": ["ann", "bob", "cy"]}, extra=[user("new", [])], **what).moved()  # type: ignore[arg-type]

    found = world.verify()

    for part, expected in ((OLD, old), (NEW, new)):
        row = book(found, part)
        assert (row.gained, row.lost, row.foreign, row.unexplained) == (*expected, 0), part
    assert next(gate for gate in found.gates if gate.id == "books_balance").passed


def test_a_member_whose_direct_half_waits_has_the_new_product_through_us(tmp_path: Path) -> None:
    """The group's change was accepted, so its gain is ours, whatever is left of the user's own request."""
    found = many_fates(tmp_path).verify()

    assert (book(found, NEW).gained, book(found, NEW).foreign) == (18, 1)
    told = [i.detail for i in found.incidents if i.subject == "newcomer@contoso.example"]
    assert told == ["gained ENTERPRISEPACK, because the user joined group Licensing Breda"]


def test_a_license_that_turns_direct_stays_in_the_books_and_is_told_of_its_group(tmp_path: Path) -> None:
    """Something else of the user needs it, so Entra makes it direct: nothing is lost, and the new one is gained."""
    world = GroupRun(tmp_path, {"Sales": ["ann"]}).moved()
    world.somebody_else_licenses("ann@contoso.example", [OLD, {"sku": NEW, "group": world.ids["Sales"]}])

    found = world.verify()

    assert result(found, "Sales").members == GroupMembers(total=1, turned_direct=1)
    assert (book(found, OLD).lost, book(found, OLD).foreign, book(found, NEW).gained) == (0, 0, 1)
    assert found.totals.drifted == 1
