"""What is left to do about groups: a row for each that is not as it should be, which no roster takes for a user."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from worlds.group_runs import GroupRun, many_fates

from connectors.roster.read import read_file
from jobs.license_reassignment.commands.shared.after_verification import after_verification
from jobs.license_reassignment.model.reasons import CHANGED_GROUP_REMEDIES, GROUP_REMEDIES
from jobs.license_reassignment.run_folder.load import load_header

Rows = list[dict[str, str]]


def rows(world: GroupRun) -> Rows:
    """The rows of actions.csv."""
    assert world.run is not None
    text = world.run.read("actions.csv").decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def of_groups(found: Rows) -> Rows:
    """Those about groups, which no user is named in."""
    return [row for row in found if not row["id"] and row["kind"] != "gate"]


def test_every_group_that_is_not_settled_has_a_row_with_its_own_remedy(tmp_path: Path) -> None:
    """A group that is settled and whole has none."""
    world = many_fates(tmp_path)
    world.verify()

    found = of_groups(rows(world))

    assert [(row["subject"].split()[1], row["kind"], row["reason"]) for row in found] == [
        ("Leiden", "residual", "group_carries_source"),
        ("Eindhoven", "drifted", "group_drifted"),
        ("Groningen", "in_doubt", "group_processing"),
        ("Breda", "refused", "member_error"),
        ("Delft", "held", "member_held"),
    ]
    assert found[2]["remedy"] == CHANGED_GROUP_REMEDIES["group_processing"]
    assert found[4]["remedy"] == GROUP_REMEDIES["member_held"]
    assert found[1]["detail"].startswith("alone@contoso.example: in the group, and not in the plan; group ID ")
    assert found[3]["detail"].startswith("1 member: CountViolation; 1 member: MutuallyExclusiveViolation; group ID ")


def test_every_failed_member_has_a_row_with_graphs_word_and_the_group(tmp_path: Path) -> None:
    """So that whoever resolves it knows where the license was to come from."""
    world = many_fates(tmp_path)
    world.verify()

    failed = {
        row["subject"].partition("@")[0]: row["detail"] for row in rows(world) if row["reason"][:13] == "member_error:"
    }

    assert failed == {
        "bre01": "Error CountViolation; group Licensing Breda",
        "bre02": "Error MutuallyExclusiveViolation; group Licensing Breda",
    }


def test_the_list_is_a_roster_that_passes_over_its_groups(tmp_path: Path) -> None:
    """Neither a user nor a rejected row comes of them; the users of the list are those of the roster."""
    world = many_fates(tmp_path)
    world.verify()
    assert world.run is not None

    roster = read_file(world.run.read("actions.csv"), file="actions.csv")

    assert roster.errors == ()
    assert [row.user for row in roster.rows] == [
        r["user_principal_name"] for r in rows(world) if r["user_principal_name"]
    ]


@pytest.mark.parametrize("remedy", [*GROUP_REMEDIES.values(), *CHANGED_GROUP_REMEDIES.values()])
def test_no_remedy_takes_a_license_from_a_group_and_gives_nothing(remedy: str) -> None:
    """Whoever removes, adds in the same change; whoever takes somebody out of a group does it when the target works."""
    assert "remove the old" not in remedy or "in one change" in remedy
    assert "out of the group" not in remedy or "only when that works" in remedy


def test_the_next_step_is_apply_while_a_group_is_at_work_and_a_new_plan_when_none_is(tmp_path: Path) -> None:
    """Nothing is sent any more to a group that somebody else changed, so the same apply would do nothing."""
    world = GroupRun(tmp_path, {"Sales": ["ann"], "Desk": ["bob"]}, more={"Sales": {"stuck": True}}, direct=["cy"])
    world.plan()
    world.happens("Desk", join=["cy@contoso.example"])
    world.apply()
    found = world.verify()
    assert world.run is not None
    header = load_header(world.run)

    assert after_verification(found, header)[0][1].startswith("reseat apply ")

    world.happens("Sales", stuck=False)
    world.clock.elapsed += 3600
    world.apply()
    assert after_verification(world.verify(), header) == (("Next", "work through actions.csv"), ("Then", "reseat plan"))


def test_users_csv_says_through_which_groups_a_user_changes(tmp_path: Path) -> None:
    """By their ids; who is moved directly has none."""
    world = GroupRun(tmp_path, {"Sales": ["ann", "bob"], "Desk": ["bob"]}, direct=["cy"]).moved()

    users = world.verify().users

    via = dict(zip(users["user_principal_name"], users["via_groups"], strict=True))
    both = {world.ids["Sales"], world.ids["Desk"]}
    assert via["ann@contoso.example"] == world.ids["Sales"]
    assert set(via["bob@contoso.example"].split("+")) == both
    assert via["cy@contoso.example"] == ""
