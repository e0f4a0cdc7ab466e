"""actions.csv is the next roster, filled in or as it is: whom a wish of the first roster kept is kept again."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from worlds.in_process import CommandLine
from worlds.several_runs import Runs
from worlds.small_tenant import BETTER, EVERYONE, NEW, OLD, person, place

SMALL = "STANDARDPACK"
ROSTER = '\n[scope]\nroster = "users.csv"\n'
LOSING = f'\n[[swap]]\nname = "everyone"\nto = ["{SMALL}"]\n\n[plans]\nlost_services = "accept"\n'

# What the first roster says, and why its user is held again when the list says nothing more.
WISHES = {
    "leave": ("target", "leave", "left_by_choice"),
    "leave, in a row that cannot be used": ("target,usage_location", "leave,UK", "left_by_choice"),
    "a legal hold": ("legal_hold", "yes", "legal_hold"),
    "a telephone": ("voice", "yes", "lost_voice"),
}


def listed(folder: Path, reseat: CommandLine, wish: str) -> tuple[Runs, list[dict[str, str]]]:
    """Plan with the wish for Ada, apply and verify; return the runs and the rows of actions.csv about people."""
    columns, values, _ = WISHES[wish]
    roster = f"UPN,{columns}\nada@contoso.example,{values}\n"
    skus = [{"skuPartNumber": part, "enabled": 50} for part in (OLD, NEW, BETTER, SMALL)]
    rule = LOSING if wish == "a legal hold" else EVERYONE
    people = [person("ada"), person("bo")]
    runs = Runs(place(folder, people, ROSTER + rule, roster=roster, skus=skus), reseat)
    runs.plan("--skip-bad-rows")
    runs.apply()
    runs.verify()
    text = (runs.folder / runs.run / "actions.csv").read_text(encoding="utf-8-sig")
    return runs, [row for row in csv.DictReader(io.StringIO(text, newline="")) if row["id"]]


def given(runs: Runs, rows: list[dict[str, str]]) -> None:
    """Somebody saves the list as the roster."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    (runs.here.folder / "users.csv").write_text(out.getvalue(), encoding="utf-8-sig")


@pytest.mark.parametrize("wish", WISHES)
def test_the_list_as_it_is_keeps_whom_a_wish_kept(wish: str, tmp_path: Path, reseat: CommandLine) -> None:
    """Nothing is filled in, and the rule would move her: the wish still stands."""
    runs, rows = listed(tmp_path, reseat, wish)
    assert [("ada@contoso.example", "")] == [(row["user_principal_name"], row["target"]) for row in rows]
    given(runs, rows)

    runs.plan()

    assert WISHES[wish][2] == runs.rows()["ada"]["reason"]


@pytest.mark.parametrize("wish", ["leave", "leave, in a row that cannot be used"])
def test_a_target_in_the_list_beats_the_wish_that_kept(wish: str, tmp_path: Path, reseat: CommandLine) -> None:
    """Whoever fills in a target wants the move."""
    runs, rows = listed(tmp_path, reseat, wish)
    given(runs, [{**row, "target": BETTER} for row in rows])

    assert 0 == runs.plan().code
    assert "change" == runs.rows()["ada"]["kind"]
