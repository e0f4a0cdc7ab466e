"""A country that is none, and an address that is one's own: what Graph will refuse is held before, and nothing else."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from worlds.in_process import CommandLine, Place
from worlds.small_tenant import APPLY, EVERYONE, NEW, header, person, place, reasons, written

from jobs.license_reassignment.errors import ExitCode


def detail(here: Place, name: str) -> str:
    """Return the detail of one user's row."""
    header(here)
    text = (here.folder / "runs" / here.run / "decisions.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(io.StringIO(text, newline=""))
    return next(row["detail"] for row in rows if row["name"] == f"{name}@contoso.example")


# The code in the directory, whether it is one of ISO 3166-1, and what the detail of the hold names.
CODES = {
    "the Netherlands": ("NL", True, ""),
    "the United Kingdom": ("GB", True, ""),
    "small letters": ("nl", True, ""),
    "what people write for it": ("UK", False, "write GB"),
    "what the European Union writes for Greece": ("EL", False, "write GR"),
    "a code that was withdrawn": ("AN", False, '"AN"'),
    "a code of nobody": ("XX", False, '"XX"'),
    "three letters": ("NLD", False, '"NLD"'),
    "a name": ("Netherlands", False, '"Netherlands"'),
    "none": (None, False, ""),
}


@pytest.mark.parametrize("name", CODES)
def test_a_usage_location_that_is_no_country_is_held_before(name: str, tmp_path: Path, reseat: CommandLine) -> None:
    """Graph refuses such a user; the plan knows it, names the code, and sends nothing."""
    code, known, words = CODES[name]
    here = place(tmp_path, [person("ada", location=code), person("bo")])
    if code == "nl":  # Graph writes capitals, and reads them so
        here.tenant.users[0].location = "NL"

    planned = reseat(here, "plan")

    assert reasons(here) == {"ada": "change" if known else "no_usage_location", "bo": "change"}
    assert planned.code == (ExitCode.DONE if known else ExitCode.PEOPLE_LEFT)
    assert words in detail(here, "ada")
    reseat(here, "apply", here.run, *APPLY)
    assert written(here) == (["ada", "bo"] if known else ["bo"])


def test_a_wrong_location_is_never_changed_by_the_roster(tmp_path: Path, reseat: CommandLine) -> None:
    """Only a missing one is filled in; who has another is for a person to correct."""
    settings = f'{EVERYONE}[scope]\nroster = "users.csv"\n[usage_location]\nwrite_from_roster = true\n'
    here = place(
        tmp_path,
        [person("ada", location="UK"), person("bo", location=None)],
        settings,
        roster="UPN,usage_location\nada@contoso.example,GB\nbo@contoso.example,GB\n",
    )

    reseat(here, "plan")

    assert reasons(here) == {"ada": "no_usage_location", "bo": "change"}
    reseat(here, "apply", here.run, *APPLY)
    assert [user.location for user in here.tenant.users] == ["UK", "GB"]


@pytest.mark.parametrize(
    ("code", "words"), [("UK", '"GB"'), ("EL", '"GR"'), ("XX", "ISO 3166-1"), ("NLD", "ISO 3166-1")]
)
def test_a_rule_asks_for_countries_of_the_same_list(code: str, words: str, tmp_path: Path, reseat: CommandLine) -> None:
    """A code that no user can have would catch nobody: exit 2 with the key and the code that is meant."""
    rule = f'[[swap]]\nname = "one"\nto = ["{NEW}"]\nwhere = {{ usage_location = ["{code}"] }}\n'
    here = place(tmp_path, [person("ada")], rule + EVERYONE)

    planned = reseat(here, "plan")

    assert planned.code == ExitCode.USAGE
    assert "usage_location" in planned.words
    assert words in planned.words


ADDRESSES = {
    "twice one's own": (["SMTP:ada@contoso.example", "smtp:ada@contoso.example"], True),
    "twice one's own in another case": (["SMTP:ada@contoso.example", "smtp:ADA@contoso.example"], True),
    "three times one's own": (["SMTP:a@contoso.example", "smtp:A@contoso.example", "smtp:a@contoso.example"], True),
    "another's": (["SMTP:ada@contoso.example", "smtp:info@contoso.example"], False),
    "another's in another case": (["SMTP:ada@contoso.example", "smtp:INFO@contoso.example"], False),
    "one's own twice and another's": (
        ["SMTP:ada@contoso.example", "smtp:ada@contoso.example", "smtp:info@contoso.example"],
        False,
    ),
}


@pytest.mark.parametrize("name", ADDRESSES)
def test_an_address_that_is_ones_own_twice_is_nobody_elses(name: str, tmp_path: Path, reseat: CommandLine) -> None:
    """Held is only who shares an address with somebody else, and Graph takes every change that the plan makes."""
    proxies, own = ADDRESSES[name]
    info = person("info", proxies=["SMTP:info@contoso.example"])
    here = place(tmp_path, [person("ada", proxies=proxies), info])

    reseat(here, "plan")

    expected = "change" if own else "duplicate_address"
    assert reasons(here) == {"ada": expected, "info": expected}
    assert reseat(here, "apply", here.run, *APPLY).code == ExitCode.DONE
    assert written(here) == (["ada", "info"] if own else [])
