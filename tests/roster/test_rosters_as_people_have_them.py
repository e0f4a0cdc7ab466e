"""A roster as people have it: read rightly, or refused with a sentence that is true, and no wish in it is lost."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest
from worlds.in_process import CommandLine, Said, told
from worlds.sets import few
from worlds.small_tenant import APPLY, EVERYONE, NEW, OLD, Place, header, person, place, reasons

ADA, BO, CAS = (f"{name}@contoso.example" for name in ("ada", "bo", "cas"))
ADA_ID = "0000000a-aaaa-4bbb-8ccc-dddddddddddd"
PEOPLE = (person("ada", id=ADA_ID), person("bo"), person("cas"))
WITH_ROSTER = f'[scope]\nroster = "users.csv"\n{EVERYONE}'
FROM_ROSTER = f'[scope]\nfrom = "csv"\nroster = "users.csv"\n{EVERYONE}'
HELD = "roster_row_rejected"


def here(folder: Path, roster: str, settings: str = WITH_ROSTER, **more: Any) -> Place:
    """Make the tenant of ada, bo and cas, who hold the old product, with this roster."""
    return place(folder, PEOPLE, settings, roster=roster, **more)


def rows_of(place: Place, name: str) -> list[dict[str, str]]:
    """Return the rows of one file of the only run."""
    header(place)
    text = (place.folder / "runs" / place.run / name).read_text(encoding="utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def carried_out(at: Place, reseat: CommandLine) -> list[int]:
    """Apply, verify and audit the only plan; return how each ended."""
    header(at)
    return [
        reseat(at, "apply", at.run, *APPLY).code,
        reseat(at, "verify", at.run).code,
        reseat(at, "audit", f"runs/{at.run}", config=False).code,
    ]


USER_CELLS = {
    "smart quotes": f"\u201c{ADA}\u201d",
    "single smart quotes": f"\u2018{ADA}\u2019",
    "low and high quotes": f"\u201e{ADA}\u201c",
    "guillemets": f"\u00ab\u00a0{ADA}\u00a0\u00bb",
    "straight single quotes": f"'{ADA}'",
    "doubled double quotes": f'"""{ADA}"""',
    "mailto": f"mailto:{ADA}",
    "MAILTO with a subject": f"MAILTO:{ADA}?subject=move",
    "a name and an address": f"Ada Lovelace <{ADA}>",
    "a name in quotes and an address": f'"""Lovelace, Ada"" <{ADA}>"',
    "a name and an address in parentheses": f"Ada Lovelace ({ADA})",
    "parentheses": f"({ADA})",
    "square brackets": f"[{ADA}]",
    "a semicolon behind": f"{ADA};",
    "a semicolon in front": f";{ADA}",
    "a comma behind": f'"{ADA},"',
    "a full stop behind": f"{ADA}.",
    "a soft hyphen inside": ADA.replace("d", "d\u00ad"),
    "a zero width space inside": ADA.replace("d", "d\u200b"),
    "an Arabic letter mark inside": ADA.replace("@", "\u061c@"),
    "a Mongolian vowel separator inside": ADA.replace("@", "@\u180e"),
    "a variation selector inside": ADA.replace(".", "\ufe0f."),
    "a word joiner inside": ADA.replace(".", "\u2060."),
    "a language tag inside": ADA.replace(".", "\U000e0065."),
    "a blank before the at sign": ADA.replace("@", " @"),
    "a blank behind the at sign": ADA.replace("@", "@ "),
    "a no-break space inside": ADA.replace("@", "\u00a0@"),
    "a blank in the middle of the name": ADA.replace("ada", "a da"),
    "Excel's formula for a text": f'="{ADA}"',
    "Excel's formula for a text, in quotes": f'"=""{ADA}"""',
    "a hash in front": f"#{ADA}",
    "full-width signs": ADA.replace("@", "\uff20"),
    "escaped for HTML": f"&lt;{ADA}&gt;",
}
ID_CELLS = {
    "braces": f"{{{ADA_ID.upper()}}}",
    "bare digits": ADA_ID.replace("-", ""),
    "braces around bare digits": f"{{{ADA_ID.replace('-', '')}}}",
    "quotes": f"\u201c{ADA_ID}\u201d",
    "blanks inside": ADA_ID.replace("-", " - "),
    "another kind of hyphen": ADA_ID.replace("-", "\u2011"),
    "a letter that shows nothing": ADA_ID.replace("-", "-\u200b"),
    "a hash in front": f"#{ADA_ID}",
    "urn:uuid": f"urn:uuid:{ADA_ID}",
    "Excel's formula for a text": f'="{ADA_ID}"',
}
ROWS_THAT_SAY_LEAVE = {
    **{f"name: {name}": f"{cell},,leave" for name, cell in USER_CELLS.items()},
    **{f"id: {name}": f",{cell},leave" for name, cell in ID_CELLS.items()},
    "an id where the name should be": f"{ADA_ID},,leave",
    "cut short": f"{ADA},leave",
    "too long": f"{ADA},,leave,and,more",
    "empty separators at the end": f"{ADA},,leave,,",
    "whole row in quotes": f'"{ADA},,leave"',
    "another separator": f"{ADA};;leave",
    "a quote that is never closed": f'{ADA},,leave,"open',
    "a comment": f"# {ADA},,leave",
}


@pytest.mark.parametrize("name", ROWS_THAT_SAY_LEAVE)
def test_a_damaged_row_that_says_leave_keeps_its_user_from_being_changed(
    name: str, tmp_path: Path, reseat: CommandLine
) -> None:
    """Without a word from a person the row stops the plan; skipped, its user is held, and everybody else is not."""
    at = here(tmp_path, f"UPN,object id,target\n{ROWS_THAT_SAY_LEAVE[name]}\n{BO},,{NEW}\n")

    stopped = reseat(at, "plan")
    skipped = reseat(at, "plan", "--skip-bad-rows")

    assert (2, [], 3) == (stopped.code, told(stopped, ["users.csv, line 2: "]), skipped.code)
    assert reasons(at) == {"ada": HELD, "bo": "change", "cas": "change"}


class Row(NamedTuple):
    """A roster that is refused, what is said of it, and the line that is named."""

    roster: str
    says: tuple[str, ...]
    line: str = "users.csv, line 2: "


TELLING = {
    "Excel leaves out separators": Row(
        f"UPN;Target;Wave;Note\n{ADA};{NEW}\n", ("2 values", "Wave, Note have none", "Excel leaves out", "2 semicolons")
    ),
    "one column is missing at the end": Row(f"UPN,target,note\n{ADA},{NEW}\n", ("note has none", "one comma")),
    "separators too many": Row(
        f"UPN,target\n{ADA},{NEW},,\n", ("the values beyond them are empty", "the last 2 commas")
    ),
    "one separator too many": Row(
        f"UPN;target\n{ADA};{NEW};\n", ("the value beyond them is empty", "the last semicolon")
    ),
    "a value with a comma": Row(
        f"note,UPN,target\nVance, Adele,{ADA},{NEW}\n", ("a value that contains a comma must be in double quotes",)
    ),
    "a whole row in quotes": Row(
        f'UPN,target\n"{ADA},{NEW}"\n', ("double quotes enclose the whole row", "remove them")
    ),
    "another separator than the header": Row(
        f"UPN;target\n{ADA},{NEW}\n", ("separated by commas and the header by semicolons",)
    ),
    "a comment": Row(f"UPN,target\n# pilot group\n{ADA},{NEW}\n", ("has no comments; remove the line",)),
    "a row that was commented out": Row(f"UPN,target\n#{ADA},{NEW}\n", ("no comments; remove the line",)),
    "Excel's formula for a text": Row(
        f'UPN,target\n="{ADA}",{NEW}\n', ("an Excel formula that protects text", f"write only {ADA}")
    ),
    "Excel's formula for a text as product": Row(
        f'UPN,target\n{ADA},="{NEW}"\n', ("an Excel formula that protects text", f"write only {NEW}")
    ),
    "a soft hyphen": Row(f"UPN,target\na\u00adda@contoso.example,{NEW}\n", ("a<U+00AD>da@", f"write {ADA}")),
    "an Arabic letter mark": Row(f"UPN,target\na\u061cda@contoso.example,{NEW}\n", ("a<U+061C>da@",)),
    "a variation selector": Row(f"UPN,target\na\ufe0fda@contoso.example,{NEW}\n", ("a<U+FE0F>da@",)),
    "a vowel separator": Row(f"UPN,target\na\u180eda@contoso.example,{NEW}\n", ("a<U+180E>da@",)),
    "a language tag": Row(f"UPN,target\na\U000e0065da@contoso.example,{NEW}\n", ("a<U+E0065>da@",)),
    "a combining joiner": Row(f"UPN,target\na\u034fda@contoso.example,{NEW}\n", ("a<U+034F>da@",)),
    "letters that show nothing around a name that nobody has": Row(
        f"UPN,target\n\u180enobody@contoso.example\ufe0f,{NEW}\n", ("<U+180E>nobody@contoso.example<U+FE0F>",)
    ),
    "a letter that shows nothing in a product": Row(
        f"UPN,target\n{ADA},ENTERPRISE\u00adPACK\n", ("ENTERPRISE<U+00AD>PACK",)
    ),
    "targets joined by a comma": Row(f'UPN,target\n{ADA},"{NEW}, MCOEV"\n', ("joined by +", f"{NEW}+MCOEV")),
    "targets joined by a semicolon": Row(f"UPN,target\n{ADA},{NEW};MCOEV\n", ("joined by +", f"{NEW}+MCOEV")),
    "targets joined by a blank": Row(f"UPN,target\n{ADA},{NEW} MCOEV\n", ("joined by +", f"{NEW}+MCOEV")),
    "services joined by a comma": Row(
        f'UPN,disabled_plans\n{ADA},"SWAY, YAMMER_ENTERPRISE"\n', ("joined by +", "SWAY+YAMMER_ENTERPRISE")
    ),
    "services joined by a semicolon": Row(f"UPN,disabled_plans\n{ADA},SWAY;TEAMS1\n", ("joined by +", "SWAY+TEAMS1")),
    "services joined by a bar": Row(f"UPN,disabled_plans\n{ADA},SWAY|TEAMS1\n", ("joined by +", "SWAY+TEAMS1")),
    "a service that nobody knows": Row(
        f"UPN,disabled_plans\n{ADA},YAMER_ENTERPRISE\n", ("called `YAMER_ENTERPRISE`", "Did you mean YAMMER_ENTERPRISE")
    ),
    "no header": Row(
        f"{ADA},{NEW}\n{BO},{NEW}\n", ("line 1", "looks like a row", "put a line above it"), "users.csv: "
    ),
    "a header without users": Row(f"name,target\nAda,{NEW}\n", ("line 1: no column names the users",), "users.csv: "),
    "a misspelled header of users": Row(
        f"User principle name,target\n{ADA},{NEW}\n",
        ("line 1", 'is "User principle name" meant as user_principal_name?'),
        "users.csv: ",
    ),
    "a column twice": Row(f"UPN,target,Target\n{ADA},{NEW},{NEW}\n", ("line 1", "mean the same"), "users.csv: "),
    "a column twice below a sep= line": Row(
        f"sep=,\nUPN,target,Target\n{ADA},{NEW},{NEW}\n", ("line 2", "mean the same"), "users.csv: "
    ),
    "every line in quotes": Row(
        f'"UPN,target"\n"{ADA},{NEW}"\n', ("line 1 stands in double quotes", "Text to Columns"), "users.csv: "
    ),
    "a header and no rows": Row("UPN,target\n", ("lists nobody", "Export it again"), "users.csv: "),
    "a header and separators": Row("UPN,target\n,\n,\n\n", ("lists nobody", "Export it again"), "users.csv: "),
}


@pytest.mark.parametrize("name", TELLING)
def test_what_is_wrong_in_a_roster_is_told_as_it_is(name: str, tmp_path: Path, reseat: CommandLine) -> None:
    """The sentence says what is the case and what to write; it never speaks of a comma where there is none."""
    row = TELLING[name]
    said = reseat(here(tmp_path, row.roster), "plan")

    assert (2, []) == (said.code, told(said, [row.line, *row.says]))
    assert ("must be in double quotes" in said.words) == (name == "a value with a comma")


FINE = {
    "separators only": f"UPN,target\n,\n{ADA},leave\n,,\n\n",
    "a resaved sep= line": f"sep=;;;\nUPN;target\n{ADA};leave\n",
    "a resaved sep= line of commas": f"sep=,,\nUPN,target\n{ADA},leave\n",
    "a sep= line in quotes, filled": f'"sep=;";\nUPN;target\n{ADA};leave\n',
    "a sep= line saved with other separators": f"sep=;,,\nUPN,target\n{ADA},leave\n",
    "two columns of one name": f"UPN,Phone,phone,target\n{ADA},1,2,leave\n",
    "letters that show nothing around the name": f"UPN,target\n\u180e{ADA}\ufe0f,leave\n",
    "soft hyphens around the wish": f"UPN,target\n{ADA},\u00adleave\u061c\n",
    "a formula as a header": f"UPN,=1+1,target\n{ADA},x,leave\n",
    "a hash in a first column of another kind": f"No,UPN,target\n#1,{ADA},leave\n",
    "a plus and an apostrophe in a note": f"UPN,target,note\n{ADA},leave,'+1; see #12'\n",
}


@pytest.mark.parametrize("name", FINE)
def test_a_roster_that_is_only_unusual_is_read(name: str, tmp_path: Path, reseat: CommandLine) -> None:
    """Ada stays by choice, and the others are decided by the rule."""
    at = here(tmp_path, FINE[name])
    said = reseat(at, "plan")

    assert (3, []) == (said.code, told(said, ["1 roster row = 1 used + 0 rejected"]))
    assert reasons(at) == {"ada": "left_by_choice", "bo": "change", "cas": "change"}


@pytest.mark.parametrize("settings", [WITH_ROSTER, FROM_ROSTER], ids=["graph", "csv"])
@pytest.mark.parametrize("skip", [(), ("--skip-bad-rows",)], ids=["", "skip"])
def test_an_empty_roster_is_an_error_however_it_is_used(
    settings: str, skip: tuple[str, ...], tmp_path: Path, reseat: CommandLine
) -> None:
    """An HR export that failed must not plan everybody by rule, nor nobody with exit 0."""
    said = reseat(here(tmp_path, "UPN,target,note\n", settings), "plan", *skip)

    assert (2, [], []) == (said.code, told(said, ["users.csv", "lists nobody"]), list(tmp_path.glob("runs/*")))


def test_a_service_is_known_by_its_published_name(tmp_path: Path, reseat: CommandLine) -> None:
    """Under Licenses and apps the admin center shows other names than Graph; both mean the same service."""
    by_name, by_part = (
        here(tmp_path / part, f"UPN,disabled_plans\n{ADA},{wish}\n")
        for part, wish in (("a", "microsoft  forms (plan e3)"), ("b", "FORMS_PLAN_E3"))
    )
    assert [0, 0] == [reseat(at, "plan").code for at in (by_name, by_part)]

    off = [
        next(r["disabled_plans"] for r in rows_of(at, "decisions.csv") if r["name"] == ADA) for at in (by_name, by_part)
    ]
    assert off[0] == off[1] != ""


@pytest.mark.parametrize("column", ["targt", "Targets", "legl_hold", "Target SKU", "vioce"])
def test_a_column_that_is_nearly_a_known_one_is_told(column: str, tmp_path: Path, reseat: CommandLine) -> None:
    """It does nothing, so a person must hear of it before the plan is approved, on screen and on the page."""
    at = here(tmp_path, f"UPN,{column}\n{ADA},leave\n")
    said = reseat(at, "plan")
    header(at)

    assert (0, []) == (said.code, told(said, [f'reseat does not know the column "{column}"', "1 used"]))
    assert f"{column}" in (at.folder / "runs" / at.run / "plan.html").read_text(encoding="utf-8")


def test_columns_that_people_often_have_are_not_called_slips(tmp_path: Path, reseat: CommandLine) -> None:
    """The admin center's own columns mean something else, and are carried without a word."""
    said = reseat(
        here(tmp_path, f"UPN,Display name,Department,Licenses,State,City,When created,Sid\n{ADA},A,B,C,D,E,F,G\n"),
        "plan",
    )

    assert (0, False) == (said.code, "does not know the column" in said.words)


OURS = ("detail", "remedy", "kind", "display_name", "reason", "outcome", "Name", "verdict", "plans", "object", "sigil")


def test_columns_called_like_ours_are_carried_like_all_others(tmp_path: Path, reseat: CommandLine) -> None:
    """What a person wrote there stands in decisions.csv and users.csv, and our own columns say what they always say."""
    cells = [f"mine {number}" for number in range(len(OURS))]
    at = here(tmp_path, f"UPN,target,{','.join(OURS)},detail (roster)\n{ADA},{NEW},{','.join(cells)},other\n")
    assert reseat(at, "plan").code == 0
    header(at)
    ended = carried_out(at, reseat)

    for name in ("decisions.csv", "users.csv"):
        row = next(r for r in rows_of(at, name) if ADA in r.values())
        folded = [column.casefold() for column in row]
        assert sorted(set(folded)) == sorted(folded)
        assert [*cells, "other"] == [v for v in row.values() if v.startswith("mine") or v == "other"]
        assert "mine 0" == row["detail (roster)"]
    assert [0, 3, 3] == ended
    assert ("moved", "") == next((r["outcome"], r["remedy"]) for r in rows_of(at, "users.csv") if r["id"] == ADA_ID)


@pytest.mark.parametrize("column", few(["=1+1", "@SUM(A1)", "+31 6", "-x", "=cmd|' /C calc'!A1"], "=1+1"))
def test_a_header_that_a_spreadsheet_would_run_is_guarded(column: str, tmp_path: Path, reseat: CommandLine) -> None:
    """In every CSV of the run folder, and what stands under it comes back."""
    at = here(tmp_path, f'UPN,target,"{column}"\n{ADA},{NEW},kept\n')
    assert reseat(at, "plan").code == 0
    header(at)
    ended = carried_out(at, reseat)

    assert [0, 3, 3] == ended
    for name in ("decisions.csv", "users.csv"):
        row = next(r for r in rows_of(at, name) if ADA in r.values())
        assert row[f"'{column}"] == "kept"


WISH_FOR_WHAT_STANDS = {
    "holds both": (f"{ADA},,SWAY", ("ada", OLD, NEW), "SWAY"),
    "holds both, two services": (f"{ADA},,SWAY+YAMMER_ENTERPRISE", ("ada", OLD, NEW), "SWAY, YAMMER_ENTERPRISE"),
    "holds the target only": (f"{ADA},{NEW},SWAY", ("ada", NEW), "SWAY"),
    "one is off already": (
        f"{ADA},,SWAY+YAMMER_ENTERPRISE",
        ("ada", OLD, {"sku": NEW, "off": ["SWAY"]}),
        f"{NEW} keeps YAMMER_ENTERPRISE",
    ),
    "off already": (f"{ADA},,SWAY", ("ada", OLD, {"sku": NEW, "off": ["SWAY"]}), ""),
    "does not hold the target": (f"{ADA},,SWAY", ("ada", OLD), ""),
}

NAMES = {"SWAY": "Sway", "YAMMER_ENTERPRISE": "Yammer Enterprise", "ENTERPRISEPACK": "Office 365 E3"}
"""What Microsoft calls them: the page for an approver has names, the screen of an administrator codes."""


@pytest.mark.parametrize("name", WISH_FOR_WHAT_STANDS)
def test_a_wish_that_nothing_is_sent_for_is_told(name: str, tmp_path: Path, reseat: CommandLine) -> None:
    """A license that stands is not sent again, so its services stay on: said on screen, on the page and by explain."""
    row, (who, *licenses), keeps = WISH_FOR_WHAT_STANDS[name]
    at = place(
        tmp_path, [person(who, *licenses), person("bo")], WITH_ROSTER, roster=f"UPN,target,disabled_plans\n{row}\n"
    )
    said = reseat(at, "plan")
    header(at)
    page = (at.folder / "runs" / at.run / "plan.html").read_text(encoding="utf-8")
    explained = reseat(at, "explain", at.run, ADA, config=False)

    named = re.sub("|".join(NAMES), lambda code: NAMES[code[0]], keeps)
    for text, kept in ((said.words, named), (" ".join(page.split()), named), (explained.words, keeps)):
        assert bool(keeps) == ("to disable the services, do so manually" in text)
        assert kept in text


def whole_company(folder: Path, **more: Any) -> Place:
    """Make a company of which two hold the old product, and its complete export as roster."""
    people = [person("ada"), person("bo"), *(person(f"u{n}", "") for n in range(6)), person("there", NEW)]
    rows = "".join(f"{one['upn']},Sales\n" for one in people)
    settings = f'{FROM_ROSTER}[limits]\n{more.pop("limits", "")}\n[declare]\npurchase_channel = "direct"\n'
    return place(folder, people, settings, roster=f"UPN,Department\n{rows}", **more)


def test_a_whole_company_is_a_fine_roster(tmp_path: Path, reseat: CommandLine) -> None:
    """Who never had the old product is counted and listed, and is nothing to do for anybody."""
    at = whole_company(tmp_path)
    planned = reseat(at, "plan")
    assert (0, []) == (planned.code, told(planned, ["9 roster rows = 9 used", "never had the old product"]))
    header(at)
    applied = reseat(at, "apply", at.run, *APPLY)
    reseat(at, "verify", at.run)

    outcomes = [(r["outcome"], r["reason"], r["remedy"]) for r in rows_of(at, "users.csv")]
    assert (0, 6) == (applied.code, outcomes.count(("held", "no_source", "")))
    assert [] == [r for r in rows_of(at, "actions.csv") if r["reason"] == "no_source" or r["kind"] == "held"]
    found = orjson.loads((at.folder / "runs" / at.run / "reconciliation.json").read_bytes())
    assert {"moved": 2, "held": 6, "already_on_target": 1, "in_scope": 9}.items() <= found["totals"].items()


def test_a_whole_company_can_be_go(tmp_path: Path, reseat: CommandLine) -> None:
    """Every gate is open although most rows of the roster are about people without the old product."""
    at = whole_company(tmp_path, limits="users_changed_percent_max = 100")
    reseat(at, "plan")
    header(at)
    reseat(at, "apply", at.run, *APPLY)
    verified = reseat(at, "verify", at.run)
    audited = reseat(at, "audit", f"runs/{at.run}", config=False)

    assert (0, 0, []) == (verified.code, audited.code, told(verified, ["GO: cancel"]))
    page = (at.folder / "runs" / at.run / "summary.md").read_text(encoding="utf-8")
    assert "no_source" not in page.partition("left to do")[2]


def test_the_share_that_changes_is_of_those_who_hold_the_old_product(tmp_path: Path, reseat: CommandLine) -> None:
    """Two of two are a hundred percent, however many rows of others the roster has."""
    at = whole_company(tmp_path, limits="users_changed_percent_max = 50")
    said: Said = reseat(at, "plan")

    assert (3, []) == (
        said.code,
        told(said, ["LIMIT the plan changes 100.0 % of the users in scope who have the old product"]),
    )
