"""Whom a roster's rows mean: every row is bound to one user, or rejected with that user held, or it stops the plan.

What is expected follows from the tenant: who has this name, id or address. The damage is that of mail programs, of
spreadsheets and of people who copy lists.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import NamedTuple

import pytest
from worlds.in_process import CommandLine, Place
from worlds.small_tenant import APPLY, BETTER, EVERYONE, NEW, header, person, place, reasons, written

from jobs.license_reassignment.errors import ExitCode

ADA_ID = "0b9c1a5e-6f0d-4d5c-9a11-3f1d2c4b5a60"
NOBODYS_ID = "99999999-2222-4333-8444-555555555555"
SCOPE = '[scope]\nroster = "users.csv"\n'
LOSING = f'\n[[swap]]\nname = "front line"\nto = ["SPE_F1"]\n{SCOPE}'


def world(folder: Path, roster: str, settings: str = EVERYONE + SCOPE, *more: dict[str, object]) -> Place:
    """Four people on the old product, and one who holds nothing; ada has an alias and an id that is known."""
    people = [
        person("ada", id=ADA_ID, proxies=["SMTP:ada@contoso.example", "smtp:ada.former@contoso.example"]),
        *(person(name) for name in ("bo", "cy", "di")),
        person("reader", "", proxies=["SMTP:reader@contoso.example", "smtp:library@contoso.example"]),
        *more,
    ]
    skus = [{"skuPartNumber": p, "enabled": 50} for p in ("ENTERPRISEWITHSCAL", NEW, BETTER, "SPE_F1")]
    return place(folder, people, settings, roster=roster, skus=skus)


def rejected(here: Place) -> list[dict[str, str]]:
    """Return the rows of rejected.csv of the only plan."""
    header(here)
    text = (here.folder / "runs" / here.run / "rejected.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text, newline="")))


DAMAGED = {
    "smart quotes": "“ada@contoso.example”,",
    "low quotes": "„ada@contoso.example“,",
    "single smart quotes": "‘ada@contoso.example’,",
    "mailto:": "mailto:ada@contoso.example,",
    "a name and the address": "Ada Byron <ada@contoso.example>,",
    "a name and the address in parentheses": "Ada Byron (ada@contoso.example),",
    "a semicolon behind it": "ada@contoso.example;,",
    "a full stop behind it": "ada@contoso.example.,",
    "a soft hyphen": "a\u00adda@contoso.example,",
    "a zero-width space": "ada@\u200bcontoso.example,",
    "a blank before the @": "ada @contoso.example,",
    "a blank inside": "ada@ contoso.example,",
    "parentheses": "(ada@contoso.example),",
    "a text that Excel was forced to keep": '"=""ada@contoso.example""",',
    "the former name": "ada.former@contoso.example,",
    "the former name with its scheme": "smtp:Ada.Former@contoso.example,",
    "an id in braces": f",{{{ADA_ID.upper()}}}",
    "an id of bare digits": f",{ADA_ID.replace('-', '')}",
    "an id in quotes": f",“{ADA_ID}”",
    "the id of nobody beside the name": f"ada@contoso.example,{NOBODYS_ID}",
    "the name of nobody beside the id": f"gone@contoso.example,{ADA_ID}",
}


@pytest.mark.parametrize("name", DAMAGED)
def test_whom_a_damaged_row_may_mean_is_held(name: str, tmp_path: Path, reseat: CommandLine) -> None:
    """Without --skip-bad-rows the plan stops with 2; with it, she who was to be left alone is, and apply obeys."""
    here = world(tmp_path, f"UPN,object id,target\n{DAMAGED[name]},leave\n")

    stopped, planned = reseat(here, "plan"), reseat(here, "plan", "--skip-bad-rows")

    assert (stopped.code, planned.code) == (ExitCode.USAGE, ExitCode.PEOPLE_LEFT)
    assert reasons(here) == {"ada": "roster_row_rejected", "bo": "change", "cy": "change", "di": "change"}
    assert [row["held"] for row in rejected(here)] == ["ada@contoso.example"]
    reseat(here, "apply", here.run, *APPLY)
    assert written(here) == ["bo", "cy", "di"]


SEVERAL = {
    "two addresses in one cell": ('"ada@contoso.example, bo@contoso.example",', {"ada", "bo"}),
    "a name of two words": ("cy di@contoso.example,", {"cydi", "di"}),
    "an id and another's name": (f"bo@contoso.example,{ADA_ID}", {"ada", "bo"}),
    "a sound name beside one without its last sign": ("cy_@contoso.example,", {"cy_"}),
}


@pytest.mark.parametrize("name", SEVERAL)
def test_everybody_whom_a_row_may_mean_is_held(name: str, tmp_path: Path, reseat: CommandLine) -> None:
    """Who is meant cannot be known, so all of them are; a sound name means nobody else."""
    cells, held = SEVERAL[name]
    more = (person("cydi"), person("cy_"))
    here = world(tmp_path, f"UPN,object id,target\n{cells},NO_SUCH_PRODUCT\n", EVERYONE + SCOPE, *more)

    reseat(here, "plan", "--skip-bad-rows")

    assert {user for user, reason in reasons(here).items() if reason == "roster_row_rejected"} == held


class Row(NamedTuple):
    """A row that can mean nobody, whether the plan goes on with it, and what is said."""

    row: str
    goes_on: bool
    words: tuple[str, ...] = ()


NOBODY = {
    "a wish for a product": Row(f"“nobody@contoso.example”,,{BETTER},,", goes_on=True),
    "leave": Row("“nobody@contoso.example”,,leave,,", goes_on=False, words=("line 2", "leave")),
    "leave in quotes that do not match": Row('nobody@contoso.example,"leave"x,,', goes_on=False, words=("line 2",)),
    "leave, sound but of nobody": Row("nobody@contoso.example,,leave,,", goes_on=False, words=("line 2", "No user")),
    "leave by an id of nobody": Row(f",{NOBODYS_ID},leave,,", goes_on=False, words=("line 2", NOBODYS_ID)),
    "a legal hold": Row("“nobody@contoso.example”,,,yes,", goes_on=False, words=("line 2",)),
    "a telephone": Row("“nobody@contoso.example”,,,,yes", goes_on=False, words=("line 2",)),
    "no telephone and no legal hold": Row("“nobody@contoso.example”,,,no,no", goes_on=True),
    "leave for somebody who holds nothing": Row("reader@contoso.example;,,leave,,", goes_on=True),
    "leave for an alias of somebody who holds nothing": Row("library@contoso.example,,leave,,", goes_on=True),
}


@pytest.mark.parametrize("name", NOBODY)
def test_a_row_of_nobody_stops_the_plan_only_with_a_protective_wish(
    name: str, tmp_path: Path, reseat: CommandLine
) -> None:
    """Nobody can be held for it, so that --skip-bad-rows alone would lose the wish: exit 2 names file, line and row.

    Where it would not help, the plan without it does not advise it.
    """
    row = NOBODY[name]
    here = world(tmp_path, f"UPN,id,target,legal_hold,voice\n{row.row}\n")

    stopped, planned = reseat(here, "plan"), reseat(here, "plan", "--skip-bad-rows")

    assert ("or continue without them with --skip-bad-rows" in stopped.words) == row.goes_on
    if row.goes_on:
        assert planned.code == ExitCode.PEOPLE_LEFT
        assert len(rejected(here)) == 1
        assert {user for user, reason in reasons(here).items() if reason == "change"} == {"ada", "bo", "cy", "di"}
    else:
        assert planned.code == ExitCode.USAGE
        for word in ("users.csv", *row.words):
            assert word in planned.words
        assert not list((here.folder / "runs").glob("p*/plan.json"))


def test_a_row_that_fits_ten_people_holds_them_all_and_one_that_fits_more_holds_nobody(
    tmp_path: Path, reseat: CommandLine
) -> None:
    """A shared address is no person: up to ten are held, and eleven stop a plan that was to leave one of them alone."""
    shared = [person(f"desk{n:02}", mail="desk@contoso.example", proxies=[]) for n in range(10)]
    here = world(tmp_path / "ten", "UPN,target\n(desk@contoso.example),leave\n", EVERYONE + SCOPE, *shared)
    crowd = [*shared, person("desk10", mail="desk@contoso.example", proxies=[])]
    there = world(tmp_path / "eleven", "UPN,target\n(desk@contoso.example),leave\n", EVERYONE + SCOPE, *crowd)

    assert reseat(here, "plan", "--skip-bad-rows").code == ExitCode.PEOPLE_LEFT
    held = {user for user, reason in reasons(here).items() if reason == "roster_row_rejected"}
    assert held == {f"desk{n:02}" for n in range(10)}
    assert reseat(there, "plan", "--skip-bad-rows").code == ExitCode.USAGE


def test_an_acknowledgement_lifts_nothing_for_another_person(tmp_path: Path, reseat: CommandLine) -> None:
    """The name was given to somebody new, the id is of who left: the row is rejected, and the loss stays held."""
    here = world(
        tmp_path,
        f"UPN,id,target,backup_acknowledged_by\nada@contoso.example,{NOBODYS_ID},SPE_F1,J. Doe\n",
        LOSING,
    )

    assert reseat(here, "plan").code == ExitCode.USAGE
    planned = reseat(here, "plan", "--skip-bad-rows")

    assert planned.code == ExitCode.PEOPLE_LEFT
    assert reasons(here)["ada"] == "roster_row_rejected"
    assert header(here)["acknowledged"] == []
    assert NOBODYS_ID in rejected(here)[0]["reason"]


AGREEING = {
    "both": f"ada@contoso.example,{ADA_ID}",
    "another case": f"ADA@Contoso.Example,{ADA_ID.upper()}",
    "the id alone": f",{ADA_ID}",
    "the id and the former name, which is an alias": f"ada.former@contoso.example,{ADA_ID}",
}


@pytest.mark.parametrize("name", AGREEING)
def test_an_id_and_a_name_that_agree_are_one_person(name: str, tmp_path: Path, reseat: CommandLine) -> None:
    """The row is used."""
    here = world(tmp_path, f"UPN,id,target\n{AGREEING[name]},leave\n")

    reseat(here, "plan")

    assert reasons(here) == {"ada": "left_by_choice", "bo": "change", "cy": "change", "di": "change"}
    assert (header(here)["roster"]["used"], header(here)["roster"]["rejected"]) == (1, 0)


STRANGE = {
    "a dollar first": "$ada@contoso.example",
    "a dollar and an apostrophe": "$o'hara@contoso.example",
    "a plus": "ada+desk@contoso.example",
    "an apostrophe": "o'hara@contoso.example",
    "a guest": "eve_fabrikam.example#EXT#@contoso.onmicrosoft.com",
    "a per cent sign": "100%@contoso.example",
    "an ampersand": "r&d@contoso.example",
    "a sharp s": "straße@contoso.example",
    "a dotted capital i": "İzmir@contoso.example",
    "36 signs with four hyphens": "jan-willem-van-der-berg1@contoso.example",
}


@pytest.mark.parametrize("name", STRANGE)
@pytest.mark.parametrize("holding", [True, False], ids=["a holder", "holding nothing"])
def test_a_strange_name_is_found_all_the_same(name: str, *, holding: bool, tmp_path: Path, reseat: CommandLine) -> None:
    """Whether the scan meets the user, or the name has to be asked for: the row is used."""
    upn = STRANGE[name]
    one = person(upn, "ENTERPRISEWITHSCAL" if holding else "")
    here = world(tmp_path, f"UPN,target\n{upn},leave\n", EVERYONE + SCOPE, one)

    planned = reseat(here, "plan")

    assert planned.code in {ExitCode.DONE, ExitCode.PEOPLE_LEFT}
    assert header(here)["roster"]["used"] == 1
    assert reasons(here)[upn.partition("@")[0]] == ("left_by_choice" if holding else "no_source")


def test_one_name_that_graph_refuses_is_one_row_and_not_the_end(tmp_path: Path, reseat: CommandLine) -> None:
    """The other rows are used, and the row says what Graph made of its name."""
    here = world(tmp_path, f"UPN,target\n$nobody@contoso.example,{BETTER}\nbo@contoso.example,leave\n")

    planned = reseat(here, "plan", "--skip-bad-rows")

    assert planned.code == ExitCode.PEOPLE_LEFT
    assert [row["line"] for row in rejected(here)] == ["2"]
    assert reasons(here)["bo"] == "left_by_choice"


def test_a_name_with_a_sharp_s_is_explained(tmp_path: Path, reseat: CommandLine) -> None:
    """It is the name in decisions.csv, and not the one that two plain letters make."""
    here = world(tmp_path, "UPN,target\nbo@contoso.example,leave\n", EVERYONE + SCOPE, person("straße@contoso.example"))
    reseat(here, "plan")
    header(here)

    assert reseat(here, "explain", here.run, "Straße@contoso.example").code == ExitCode.DONE
    assert reseat(here, "explain", here.run, "strasse@contoso.example").code == ExitCode.USAGE
