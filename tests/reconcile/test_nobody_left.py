"""Plans of which nobody is left to tell of: verify, report, audit, status, explain work, and the numbers are right."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from worlds.in_process import CommandLine
from worlds.rehearsal import read_json
from worlds.several_runs import Runs
from worlds.small_tenant import EVERYONE, NEW, OLD, person, place

PEOPLE = ("ada", "bo")


class State(NamedTuple):
    """How the tenant comes to be so; the outcome of everybody, the code of verify, and who still holds the source."""

    happens: Callable[[Runs], None]
    outcome: str
    code: int
    still: int
    error: tuple[str, ...] = ()
    people: tuple[str, ...] = PEOPLE


def each(runs: Runs, act: Callable[[str], None]) -> None:
    for user in [u.upn.partition("@")[0] for u in runs.here.tenant.living()]:
        act(user)


def refused(runs: Runs) -> None:
    """Nobody has a country any more when the changes arrive."""
    runs.plan()
    each(runs, runs.moved_away)
    runs.apply()


def in_error(runs: Runs) -> None:
    """Graph accepts each change and then shows it in error."""
    runs.plan()
    runs.apply()


def deleted_before(runs: Runs) -> None:
    """Everybody is deleted between plan and apply, and their restore would bring nothing back."""
    runs.plan()
    each(runs, runs.somebody_gives)
    each(runs, runs.somebody_deletes)
    runs.apply()


def deleted_after(runs: Runs) -> None:
    """Everybody is deleted after the move."""
    runs.plan()
    runs.apply()
    each(runs, runs.somebody_deletes)


def bare_by_hand(runs: Runs) -> None:
    """Somebody else takes every license of everybody, so that no scan finds anybody."""
    runs.plan()
    each(runs, runs.somebody_gives)


def nobody_ever(runs: Runs) -> None:
    """A tenant in which nobody holds the product that leaves."""
    runs.plan()


STATES = (
    State(refused, "refused", 3, 2),
    State(refused, "refused", 3, 1, people=("ada",)),
    State(in_error, "refused", 5, 0, error=("Error", "CountViolation")),
    State(in_error, "refused", 5, 0, error=("ActiveWithError", "Other")),
    State(in_error, "refused", 5, 0, error=("Error", "CountViolation"), people=("ada",)),
    State(deleted_before, "gone", 3, 0),
    State(deleted_after, "gone", 3, 0),
    State(bare_by_hand, "drifted", 3, 0),
    State(nobody_ever, "", 3, 0, people=()),
)


@pytest.fixture(params=("en", "nl"))
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("state", STATES, ids=lambda s: f"{s.happens.__name__} {' '.join(s.error)} {len(s.people)}")
def test_the_commands_work_and_say_how_many(
    state: State, language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each ends with a code of its own, the numbers are those of the tenant, and audit finds nothing altered."""
    people = [person(n, **({"onAssign": {NEW: list(state.error)}} if state.error else {})) for n in state.people]
    settings = f'{EVERYONE}\n[run]\nlanguage = "{language}"\n'
    runs = Runs(place(tmp_path, people or [person("other", NEW)], settings), CommandLine(monkeypatch, capsys))
    state.happens(runs)

    verified = runs.verify()
    found: Any = read_json(runs.folder / runs.run / "reconciliation.json")
    text = (runs.folder / runs.run / "users.csv").read_text(encoding="utf-8")
    outcomes = [row["outcome"] for row in csv.DictReader(io.StringIO(text, newline=""))]
    source = next(row for row in found["ledger"] if row["sku_part_number"] == OLD)
    page = (runs.folder / runs.run / "report.html").read_text(encoding="utf-8")

    assert verified.code == state.code, verified
    assert outcomes == [state.outcome] * len(state.people)
    assert found["totals"]["in_scope"] == len(state.people)
    assert found["residual"]["users_direct"] == source["holders_after"] == source["consumed_after"] == state.still
    assert [row["unexplained"] for row in found["ledger"]] == [0] * len(found["ledger"])
    assert f'lang="{language}"' in page
    assert runs.audit(runs.run).code == state.code
    assert runs.call(runs.here, "report", runs.run).code == 0
    assert runs.call(runs.here, "status", runs.run).code == 0
    for name in state.people:
        assert runs.call(runs.here, "explain", runs.run, f"{name}@contoso.example").code == 0


def test_report_before_verify_says_what_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is no broken folder: it was not verified yet, and the command that does it is named with the plan."""
    runs = Runs(place(tmp_path, [person("ada")]), CommandLine(monkeypatch, capsys))
    runs.plan()
    runs.apply()

    said = runs.call(runs.here, "report", runs.run)

    assert said.code == 2
    assert f"`reseat verify {runs.run}`" in said.words
    assert "not verified yet" in said.words


@pytest.mark.parametrize("used", [0, 4])
def test_seats_that_are_counted_of_people_who_are_not_listed_are_told(
    used: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where `consumedUnits` says that somebody holds the product and no page names anybody, a plan says so."""
    skus = [{"skuPartNumber": OLD, "enabled": 10, "consumedOffset": used}, {"skuPartNumber": NEW, "enabled": 10}]
    said = CommandLine(monkeypatch, capsys)(place(tmp_path / "place", [], EVERYONE, skus=skus), "plan")

    assert said.code == 0
    assert (f"counts {used} seats of Office 365 E4 in use but lists nobody" in said.words) == bool(used)
