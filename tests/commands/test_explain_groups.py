"""`reseat explain` of groups and of those who change with them: told from the files of the run, in every fate."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest
from worlds.group_runs import GroupRun, many_fates

from jobs.license_reassignment.errors import InputError

REPROCESS = "{id}/reprocessLicenseAssignment"


@pytest.fixture(scope="module")
def verified(tmp_path_factory: pytest.TempPathFactory) -> GroupRun:
    """A run whose groups end in every way: settled, failed in part, held, drifted, at work, and not named."""
    world = many_fates(tmp_path_factory.mktemp("fates"))
    world.verify()
    return world


class Story(NamedTuple):
    """Whom it is about, and what the story must say and must not say."""

    who: str
    says: tuple[str, ...]
    never: tuple[str, ...] = ()


USERS = (
    Story(
        "ams00@contoso.example",
        (
            "Changes with the group Licensing Amsterdam, in wave all: gets Office 365 E3 through it.",
            "answer 202, accepted for group Licensing Amsterdam",
            "group Licensing Amsterdam is settled. Members: 14 moved.",
            "Last read: moved through a group; holds Office 365 E3.",
            "The licenses one by one: Office 365 E3 (through group Licensing Amsterdam).",
        ),
        ("No request was sent", "in one request of its own"),
    ),
    Story("ams03@contoso.example", ("Once the group is done, in one request of its own: add nothing, remove",)),
    Story(
        "bre01@contoso.example",
        (
            "2 in error, 1 no longer inside",
            "What the group could not do for this user: Office 365 E4 + Office 365 E3: Error CountViolation: no seat",
            REPROCESS,
            "the plan was made without `[groups] reprocess_errors`",
            "Last read: refused (the group could not give the new license)",
            "Office 365 E3 (through group Licensing Breda, Error CountViolation)",
        ),
    ),
    Story(
        "bre05@contoso.example",
        ("(left the group)", "taken the user out of the group"),
        (REPROCESS, "looked at: moved"),
    ),
    Story(
        "ein00@contoso.example",
        (
            "group Licensing Eindhoven looked at: changed by somebody else. alone@contoso.example: in the group",
            "No request was sent to group Licensing Eindhoven.",
            "Last read: not done yet",
        ),
        ("was written down and sent",),
    ),
    Story(
        "gro00@contoso.example",
        (
            "answer 202",
            "Last read: result unknown (group is being processed)",
            "Office 365 E4 (through group Licensing",
        ),
        ("is settled",),
    ),
    Story(
        "del00@contoso.example",
        (
            "On hold: assigned through a group (Licensing Delft",
            "Group Licensing Delft is named under [groups] swap, and stays as it is: members stay as they are",
            "for example board@contoso.example",
            "No request was sent for this user.",
        ),
    ),
    Story("lei00@contoso.example", ("Group Licensing Leiden is not named under [groups] swap.",)),
    Story(
        "newcomer@contoso.example",
        (
            "is not in the plan: joined group Licensing Breda after it was made",
            "Office 365 E3 (through group Licensing Breda)",
            "changed outside this run",
        ),
    ),
)


@pytest.mark.parametrize("story", USERS, ids=lambda s: s.who.partition("@")[0])
def test_a_user_of_a_group_is_told_with_the_cause_as_it_is_known(story: Story, verified: GroupRun) -> None:
    """What was decided, what was sent for the group, what it did to this user, and what helps."""
    said = "\n".join(verified.explain(story.who).sentences)

    assert [words for words in story.says if words not in said] == [], said
    assert [words for words in story.never if words in said] == [], said
    assert "11ce0000" not in said.replace("Licensing Delft (11ce", "").replace("Licensing Leiden (11ce", "")


GROUPS = (
    Story(
        "licensing amsterdam",
        (
            "is a group with 14 members. It assigned Office 365 E4",
            "Named under [groups] swap. One request changes it, in wave all: add Office 365 E3, remove Office 365 E4",
            "Request ",
            "Last read: settled; members: 14 moved.",
        ),
        (REPROCESS,),
    ),
    Story(
        "Licensing Breda",
        (
            "1 user joined group Licensing Breda",
            "- bre01@contoso.example: Office 365 E4 + Office 365 E3: Error CountViolation: no seat was left",
            "- bre02@contoso.example: Office 365 E4 + Office 365 E3: Error MutuallyExclusiveViolation",
            REPROCESS,
            "3 moved, 2 in error, 1 no longer inside, 1 joined since, and not in the plan",
            "Nothing is to be changed on the group.",
        ),
    ),
    Story(
        "Licensing Delft",
        (
            "Named under [groups] swap. Stays as it is: members stay as they are.",
            "- 1 member stays as is: protected, for example board@contoso.example.",
            "No request was sent for this group.",
            "still assigns the old product",
        ),
    ),
    Story(
        "Licensing Eindhoven",
        ("alone@contoso.example: in the group, and not in the plan", "2 with the old product still", "Make a new plan"),
        ("was written down and sent",),
    ),
    Story(
        "Licensing Groningen",
        (
            "Entra is still at work",
            "Last read: being processed; members: 3 with the old",
        ),
    ),
    Story(
        "Licensing Leiden",
        ("Not named under [groups] swap: the group stays as it is", "No request was sent", "assigns"),
    ),
)


@pytest.mark.parametrize("story", GROUPS, ids=lambda s: s.who.partition(" ")[2])
@pytest.mark.parametrize("by_id", [False, True])
def test_a_group_is_told_by_its_name_in_any_case_or_by_its_id(by_id: bool, story: Story, verified: GroupRun) -> None:
    """Its decision with every hindrance and remedy, its write, what the looks showed, and who failed."""
    ids = {name.lower(): group_id for name, group_id in verified.ids.items()}
    said = "\n".join(verified.explain(ids[story.who.lower()] if by_id else story.who).sentences)

    assert [words for words in story.says if words not in said] == [], said
    assert [words for words in story.never if words in said] == [], said


def test_the_facts_beside_the_story_of_a_group_have_its_row_and_its_result(verified: GroupRun) -> None:
    """For programs: the row of decisions.csv, what plan.json says of it, and what reconciliation.json found."""
    found = verified.explain("Licensing Breda")
    left = verified.explain("Licensing Leiden")

    assert ("Licensing Breda", "change", "swap") == (
        found.user,
        found.facts["decision"]["kind"],
        found.facts["group"]["fate"],
    )
    assert (3, 2) == (found.facts["after"]["members"]["moved"], found.facts["after"]["members"]["in_error"])
    assert ({}, "left") == (left.facts["decision"], left.facts["group"]["fate"])


def test_before_a_verification_the_story_ends_with_what_the_journal_knows(tmp_path: Path) -> None:
    """Nothing is said of a read that nobody made; the members in error are known all the same."""
    world = GroupRun(tmp_path, {"LIC One": ["ada", "bo"]}, failing={"bo": "CountViolation"}).moved()

    group, bo = (world.explain(who).sentences for who in ("LIC One", "bo@contoso.example"))

    assert "not read again yet" in group[-1]
    assert "not read again yet" in bo[-1]
    assert any(s.startswith("- bo@contoso.example: ") for s in group)
    assert any(REPROCESS in s for s in bo)


def test_a_plan_that_nobody_began_has_sent_nothing_to_its_group(tmp_path: Path) -> None:
    """Neither the member nor the group is told of a request."""
    world = GroupRun(tmp_path, {"LIC One": ["ada"]})
    world.plan()

    assert "No request was sent to group LIC One." in world.explain("ada@contoso.example").sentences
    assert "No request was sent for this group." in world.explain("LIC One").sentences


def test_with_reprocess_errors_the_same_apply_is_named_and_its_request_is_told(tmp_path: Path) -> None:
    """The line of the journal is told as what it is, and no change of the user's licenses."""
    world = GroupRun(tmp_path, {"LIC One": ["ada", "bo"]}, failing={"bo": "CountViolation"})
    text = (tmp_path / "reseat.toml").read_text(encoding="utf-8")
    world.settings(text.replace("[groups]\n", "[groups]\nreprocess_errors = true\n"))
    world.moved()

    said = "\n".join(world.explain("bo@contoso.example").sentences)

    assert "Entra was asked to reprocess the user's licenses" in said
    assert "the same `reseat apply` has it done too" in said
    assert "the request was written down" not in said


def _named(folder: Path, groups: dict[str, Any], more: dict[str, Any], **rest: Any) -> GroupRun:
    world = GroupRun(folder, groups, more=more, named=["LIC One"], **rest)
    world.plan()
    return world


def test_a_name_that_several_groups_have_asks_for_the_id(tmp_path: Path) -> None:
    """2, with the ids to choose from."""
    world = _named(tmp_path, {"LIC One": ["ada"], "B": ["bo"], "C": ["cy"]}, {n: {"name": "Twin"} for n in ("B", "C")})

    with pytest.raises(InputError, match=f"2 groups are called twin.*{world.ids['B']}"):
        world.explain("twin")
    assert "Twin (" in world.explain(world.ids["B"]).sentences[0]


def test_a_user_and_a_group_of_one_name_are_both_told(tmp_path: Path) -> None:
    """The user's story, and the line that tells the group's."""
    world = _named(tmp_path, {"LIC One": ["ada"], "B": ["bo"]}, {"B": {"name": "bo@contoso.example"}})

    found = world.explain("bo@contoso.example")

    assert "had when the plan was made" in found.sentences[0]
    assert (
        f"There is a group of this name too: `reseat explain {found.plan_id} {world.ids['B']}`." == found.sentences[-1]
    )
