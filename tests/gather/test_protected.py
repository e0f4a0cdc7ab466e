"""Whom `[scope] protected` protects: by whatever name people know an account or a group, or there is no plan.

Each row of a table is one way in which a name is written. What is expected follows from the tenant: who has this name,
address or id, and who is in the group.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from worlds.in_process import CommandLine, Place
from worlds.small_tenant import APPLY, EVERYONE, NEW, group, group_id, header, person, place, reasons, say, written

from connectors.graph import client
from connectors.tenant import Identity
from jobs.license_reassignment.errors import ExitCode

GLASS_ID = "0b9c1a5e-6f0d-4d5c-9a11-3f1d2c4b5a60"


def world(folder: Path, entries: str, *, more: str = "") -> Place:
    """Six people on the old product, a break-glass account among them, and groups of every kind."""
    glass = person(
        "breakglass",
        id=GLASS_ID,
        mail="emergency@contoso.example",
        proxies=["SMTP:emergency@contoso.example", "smtp:firecall+it@contoso.example"],
    )
    people = [glass, *(person(name) for name in ("ada", "bo", "cy", "di")), person("straße@contoso.example")]
    reader = person("reader", "", proxies=["SMTP:reader@contoso.example", "smtp:library@contoso.example"])
    groups = [
        group(1, "Executives", "ada", nested=[group_id(2)]),
        group(2, "Assistants", "bo"),
        group(3, "Twins", "ada"),
        group(4, "twins", "bo"),
        group(5, "Nobody yet"),
        group(6, "Whistleblowers", "cy", visibility="HiddenMembership"),
        group(7, "O'Brien & co. #1 (50% off)", "di"),
        group(8, "crew@contoso.example", "cy"),
    ]
    return place(folder, [*people, reader], f"{EVERYONE}[scope]\nprotected = [{entries}]\n{more}", groups=groups)


class Entry(NamedTuple):
    """One entry, and what `plan` tells of it: kind, how many users it protects, and who of the plan is held."""

    text: str
    kind: str
    users: int
    held: tuple[str, ...]


PROTECTING = {
    "a principal name": Entry("breakglass@contoso.example", "user", 1, ("breakglass",)),
    "another case": Entry("BreakGlass@CONTOSO.example", "user", 1, ("breakglass",)),
    "blanks around it": Entry("  breakglass@contoso.example ", "user", 1, ("breakglass",)),
    "the mail address": Entry("emergency@contoso.example", "user", 1, ("breakglass",)),
    "an alias with a plus": Entry("FireCall+IT@contoso.example", "user", 1, ("breakglass",)),
    "an id": Entry(GLASS_ID, "user", 1, ("breakglass",)),
    "an id in capitals": Entry(GLASS_ID.upper(), "user", 1, ("breakglass",)),
    "an id in braces": Entry("{" + GLASS_ID.upper() + "}", "user", 1, ("breakglass",)),
    "a letter that is folded in several ways": Entry("STRAßE@contoso.example", "user", 1, ("straße",)),
    "somebody who holds nothing": Entry("reader@contoso.example", "user", 1, ()),
    "an alias of somebody who holds nothing": Entry("library@contoso.example", "user", 1, ()),
    "a group by id": Entry(group_id(1), "group", 2, ("ada", "bo")),
    "a group by id in braces": Entry("{" + group_id(1).upper() + "}", "group", 2, ("ada", "bo")),
    "a group by name": Entry("Executives", "group", 2, ("ada", "bo")),
    "a group by name in another case": Entry("executives", "group", 2, ("ada", "bo")),
    "a group whose name has every sign": Entry("O'Brien & co. #1 (50% off)", "group", 1, ("di",)),
    "a group whose name looks like an address": Entry("crew@contoso.example", "group", 1, ("cy",)),
    "a group of nobody": Entry("Nobody yet", "group", 0, ()),
}


@pytest.mark.parametrize("name", PROTECTING)
def test_an_entry_protects_whom_it_names(name: str, tmp_path: Path, reseat: CommandLine) -> None:
    """Exactly these are held, screen and page show the entry with its counts, and apply touches none of them."""
    entry = PROTECTING[name]
    here = world(tmp_path, f'"{entry.text}"')

    planned = reseat(here, "plan")

    [shown] = header(here)["protected"]
    held = tuple(sorted(user for user, reason in reasons(here).items() if reason == "protected"))
    assert planned.code == (ExitCode.PEOPLE_LEFT if entry.held else ExitCode.DONE)
    assert (shown["entry"], shown["kind"], shown["users"], shown["in_scope"]) == (
        entry.text,
        entry.kind,
        entry.users,
        len(entry.held),
    )
    assert held == entry.held
    assert f"{entry.kind}" in planned.out.partition("Protected")[2]
    assert "Protected" in (here.folder / "runs" / here.run / "plan.html").read_text(encoding="utf-8")
    assert reseat(here, "apply", here.run, *APPLY).code in {ExitCode.DONE, ExitCode.PEOPLE_LEFT}
    assert set(written(here)) == {"breakglass", "ada", "bo", "cy", "di", "straße"} - set(entry.held)


NOBODY = {
    "one letter missing": ("breakglas@contoso.example", ["Did you mean breakglass@contoso.example?"]),
    "no such person": ("zoe.quill@contoso.example", ["no user's principal name, address or id"]),
    "another tenant's domain": ("breakglass@fabrikam.example", ["no user's principal name"]),
    "an id of nobody": ("99999999-2222-4333-8444-555555555555", ["no group's name or id"]),
    "36 characters with four hyphens that are no id": ("jan-willem-van-der-berg@fabrikam.com", ["no user's"]),
    "a group that does not exist": ("Executive", ["no group's name or id"]),
    "blanks alone": ("   ", ["no user's"]),
    "two groups of one name": ("Twins", ["2 groups are called", group_id(3), group_id(4), "Give the id"]),
    "a group whose members are hidden": ("Whistleblowers", ["hidden", "Member.Read.Hidden", group_id(6)]),
    "the same by id": (group_id(6), ["hidden", "Member.Read.Hidden"]),
    "a name that begins with a dollar": ("$breakglass@contoso.example", ["Did you mean breakglass@contoso.example?"]),
    "a path": ("../groups/x?@contoso.example", ["no user's principal name"]),
}


@pytest.mark.parametrize("name", NOBODY)
def test_an_entry_that_protects_nobody_is_no_plan(name: str, tmp_path: Path, reseat: CommandLine) -> None:
    """Exit 2: the key, the entry, and what to do; beside a sound entry too, and nothing is written."""
    entry, words = NOBODY[name]
    here = world(tmp_path, f'"ada@contoso.example", "{entry}"')

    planned = reseat(here, "plan")

    assert planned.code == ExitCode.USAGE
    for fragment in ("[scope] protected", f"`{entry}`", "No plan was made", *words):
        assert " ".join(fragment.split()) in planned.words
    assert not (here.folder / "runs").exists() or not list((here.folder / "runs").glob("p*"))


def test_every_entry_that_protects_nobody_is_told_at_once(tmp_path: Path, reseat: CommandLine) -> None:
    """Nobody corrects the file once per name."""
    planned = reseat(world(tmp_path, '"nobody@contoso.example", "No such group", "Twins"'), "plan")

    assert planned.code == ExitCode.USAGE
    for entry in ("`nobody@contoso.example`", "`No such group`", "`Twins`"):
        assert entry in planned.words


def test_the_document_has_every_entry_in_the_order_of_the_settings(tmp_path: Path, reseat: CommandLine) -> None:
    """`--json` says whom each entry is, by id and by name."""
    here = world(tmp_path, '"Executives", "emergency@contoso.example"')

    planned = reseat(here, "plan", "--json")

    assert '"protected": [' in planned.out
    assert header(here)["protected"] == [
        {"entry": "Executives", "kind": "group", "id": group_id(1), "name": "Executives", "users": 2, "in_scope": 2},
        {
            "entry": "emergency@contoso.example",
            "kind": "user",
            "id": GLASS_ID,
            "name": "breakglass@contoso.example",
            "users": 1,
            "in_scope": 1,
        },
    ]


def _renamed(here: Place) -> None:
    user = here.tenant.user("cy@contoso.example")
    assert user
    here.tenant.rename_user(user, "cy.married@contoso.example", here.seconds)


def _hired(here: Place) -> None:
    user = here.tenant.user("cy@contoso.example")
    assert user
    here.tenant.groups[group_id(5)].members[user.id] = None


def _nothing(_here: Place) -> None:
    return


class Live(NamedTuple):
    """What stands in the file when the plan is made and when it is applied, what happens between, and who is held."""

    planned: str
    applied: str
    between: Callable[[Place], None]
    held: tuple[str, ...]
    in_plan: bool = False


AT_APPLY = {
    "a user": Live("", '"bo@contoso.example"', _nothing, ("bo",)),
    "an alias": Live("", '"firecall+it@contoso.example"', _nothing, ("breakglass",)),
    "an id in braces": Live("", '"{' + GLASS_ID + '}"', _nothing, ("breakglass",)),
    "a renamed user by the new name": Live("", '"cy.married@contoso.example"', _renamed, ("cy",)),
    "a renamed user by the name of the plan": Live("", '"cy@contoso.example"', _renamed, ("cy",)),
    "a group": Live("", '"Executives"', _nothing, ("ada", "bo")),
    "a group by id": Live("", f'"{group_id(1)}"', _nothing, ("ada", "bo")),
    "a group of nobody": Live("", '"Nobody yet"', _nothing, ()),
    "a group of the plan that somebody joined since": Live('"Nobody yet"', '"Nobody yet"', _hired, ("cy",)),
    "the same, and it was taken out of the file": Live('"Nobody yet"', "", _hired, ("cy",)),
    "a user of the plan who was renamed since": Live(
        '"cy@contoso.example"', '"cy@contoso.example"', _renamed, ("cy",), True
    ),
    "a name that was taken out of the file": Live('"bo@contoso.example"', "", _nothing, ("bo",), True),
}


@pytest.mark.parametrize("name", AT_APPLY)
def test_whoever_is_protected_when_apply_begins_is_never_touched(
    name: str, tmp_path: Path, reseat: CommandLine
) -> None:
    """A name of the plan and a name added since protect alike, and no other difference of the settings is made up."""
    live = AT_APPLY[name]
    here = world(tmp_path, live.planned)
    reseat(here, "plan")
    header(here)
    live.between(here)
    say(here, f"{EVERYONE}[scope]\nprotected = [{live.applied}]\n")

    applied = reseat(here, "apply", here.run, *APPLY)

    held = {user.partition(".")[0] for user in live.held}
    everybody = {"breakglass", "ada", "bo", "cy", "di", "straße"}
    assert {user.partition(".")[0] for user in written(here)} == everybody - held
    assert applied.code == (ExitCode.PEOPLE_LEFT if held and not live.in_plan else ExitCode.DONE)
    assert "settings file has changed" not in applied.words


REFUSED = {
    "nobody": ('"breakglas@contoso.example"', ["Did you mean breakglass@contoso.example?"]),
    "a group that does not exist": ('"Executive"', ["no group's name or id"]),
    "two groups of one name": ('"Twins"', ["2 groups are called"]),
    "a group whose members are hidden": ('"Whistleblowers"', ["Member.Read.Hidden"]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_entry_that_protects_nobody_refuses_apply(name: str, tmp_path: Path, reseat: CommandLine) -> None:
    """Exit 10 before anything is sent, each time, also when half of the plan was carried out already."""
    entry, words = REFUSED[name]
    here = world(tmp_path, "", more='[[wave]]\nname = "pilot"\nusers = 2\n')
    reseat(here, "plan")
    header(here)
    assert reseat(here, "apply", here.run, *APPLY).code == ExitCode.STOPPED
    before = written(here)
    say(here, f'{EVERYONE}[scope]\nprotected = [{entry}]\n[[wave]]\nname = "pilot"\nusers = 2\n')

    applied = reseat(here, "apply", here.run, *APPLY, "--wave", "rest")

    assert applied.code == ExitCode.GUARD
    assert len(before) == 2
    assert written(here) == before
    for fragment in ("[scope] protected", entry.strip('"'), "Nothing was sent", *words):
        assert fragment in applied.words


def test_a_plan_with_nothing_left_to_send_asks_for_no_name(tmp_path: Path, reseat: CommandLine) -> None:
    """What is done cannot be hindered by a name that somebody mistyped since."""
    here = world(tmp_path, "")
    reseat(here, "plan")
    header(here)
    reseat(here, "apply", here.run, *APPLY)
    say(here, f'{EVERYONE}[scope]\nprotected = ["breakglas@contoso.example"]\n')

    assert reseat(here, "apply", here.run, *APPLY).code == ExitCode.DONE


def test_a_name_added_to_protected_does_not_stop_a_run_from_resuming(tmp_path: Path, reseat: CommandLine) -> None:
    """The run that waits after its pilot is the one that goes on; another key makes another plan."""
    pilot = '[[wave]]\nname = "pilot"\nusers = 2\n'
    here = world(tmp_path, "", more=pilot)
    first = reseat(here, "run", "--approve", "contoso.example")
    header(here)
    say(here, f'{EVERYONE}[scope]\nprotected = ["Executives"]\n{pilot}')

    again = reseat(here, "run", "--approve", "contoso.example")

    assert first.code == again.code == ExitCode.STOPPED
    assert "continuing the unfinished run" in again.words
    assert len(list((here.folder / "runs").glob("p*"))) == 1


RULES = f'[[swap]]\nname = "desk"\nto = ["{NEW}"]\nwhere = {{ department = ["Telephony"] }}\n'


def test_every_rule_is_listed_in_its_order_with_its_counts(tmp_path: Path, reseat: CommandLine) -> None:
    """A rule that catches nobody stands there with 0 and 0 and is said in a sentence that names what it asks for."""
    here = world(tmp_path, "", more="")
    say(here, f"{RULES}{EVERYONE}")

    planned = reseat(here, "plan")

    assert [(r["rule"], r["change"], r["hold"]) for r in header(here)["rules"]] == [("desk", 0, 0), ("everyone", 6, 0)]
    assert "NOTE Rule `desk` applies to nobody: no user in scope has department = Telephony" in planned.words
    page = (here.folder / "runs" / here.run / "plan.html").read_text(encoding="utf-8")
    assert page.index("desk") < page.index("everyone")


MEMBER_OF = {
    "a group that does not exist": (group_id(99), ["the tenant has no group", group_id(99)]),
    "a group whose members are hidden": (group_id(6), ["Member.Read.Hidden", "Whistleblowers"]),
}


@pytest.mark.parametrize("name", MEMBER_OF)
def test_a_rule_of_a_group_that_cannot_be_read_is_no_plan(name: str, tmp_path: Path, reseat: CommandLine) -> None:
    """Exit 2 with the rule and the group: else its users would fall to the next rule without a word."""
    asked, words = MEMBER_OF[name]
    here = world(tmp_path, "")
    say(here, f'[[swap]]\nname = "voice"\nto = ["{NEW}"]\nwhere = {{ member_of = ["{asked}"] }}\n{EVERYONE}')

    planned = reseat(here, "plan")

    assert planned.code == ExitCode.USAGE
    for fragment in ("`voice` where.member_of", *words):
        assert fragment in planned.words


def test_hidden_members_are_protected_where_the_token_may_read_them(
    tmp_path: Path, reseat: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With Member.Read.Hidden among its roles the group is one like any other."""
    roles = ("User.Read.All", "GroupMember.Read.All", "Member.Read.Hidden")
    monkeypatch.setattr(client, "identity", lambda _token, credential: Identity(roles=roles, credential=credential))
    here = world(tmp_path, '"Whistleblowers"')

    assert reseat(here, "plan").code == ExitCode.PEOPLE_LEFT
    assert reasons(here)["cy"] == "protected"
    assert header(here)["protected"][0]["users"] == 1
