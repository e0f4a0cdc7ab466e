"""Graph accepts the change, and a later read shows the license in error: what the user lost is read, told, and is harm.

Ada's change goes well, Bo's license ends in an error of each kind; what Bo can still use is the tenant's own business.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from worlds.in_process import CommandLine
from worlds.rehearsal import read_json
from worlds.sets import few
from worlds.several_runs import Runs
from worlds.small_tenant import EVERYONE, NEW, OLD, person, place

SMALL = "STANDARDPACK"
TO_SMALL = f'\n[[swap]]\nname = "everyone"\nto = ["{SMALL}"]\n\n[plans]\nlost_services = "accept"\n'
MAIL, FILES, MAIL_1 = "EXCHANGE_S_ENTERPRISE", "SHAREPOINTENTERPRISE", "EXCHANGE_S_STANDARD"
NAMED = {"MCOVOICECONF"}
"""Office 365 E4 has it and E3 has not: the plan names it as lost."""


class Case(NamedTuple):
    """How Bo's license ends, and what must be said: code of verify, gate that fails, what is lost, words of it."""

    error: list[Any]
    code: int
    gate: str = ""
    lost: frozenset[str] = frozenset()
    words: str = "no service lost"
    held: object = OLD
    settings: str = EVERYONE
    waiting: tuple[tuple[str, str], ...] = ()


BARE = {"gate": "nobody_bare", "words": "no license left"}
LOST = {"gate": "nothing_lost_unaccepted"}
CASES = {
    "Error: nothing is left": Case(["Error", "CountViolation"], 5, lost=frozenset({MAIL, FILES, "SWAY"}), **BARE),
    "Disabled: nothing is left": Case(["Disabled", "Other"], 5, lost=frozenset({MAIL, FILES, "SWAY"}), **BARE),
    "every service in error": Case(
        ["ActiveWithError", "Other"],
        5,
        lost=frozenset({MAIL, FILES, "SWAY"}),
        words="Exchange: Plan 2 to none",
        **LOST,
    ),
    "mail in error": Case(
        ["ActiveWithError", "Other", [MAIL]], 5, lost=frozenset({MAIL}), words="Exchange: Plan 2 to none", **LOST
    ),
    "a service without data in error": Case(
        ["ActiveWithError", "Other", ["SWAY"]], 5, lost=frozenset({"SWAY"}), words="SWAY", **LOST
    ),
    "every service works": Case(["ActiveWithError", "Other", []], 3),
    "a service that was off is in error": Case(
        ["ActiveWithError", "Other", ["SWAY"]], 3, held={"sku": OLD, "off": ["SWAY"]}
    ),
    "a service still to come": Case(["ActiveWithError", "Other", []], 3, waiting=(("SWAY", "PendingActivation"),)),
    "an accepted loss and no more": Case(["ActiveWithError", "Other", []], 3, settings=TO_SMALL),
    "more than the accepted loss": Case(
        ["ActiveWithError", "Other", [MAIL_1]],
        5,
        lost=frozenset({MAIL}),
        words="Exchange: Plan 2 to none",
        settings=TO_SMALL,
        **LOST,
    ),
}


@pytest.fixture
def start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[Case], Runs]:
    """Plan and apply for Ada and Bo; apply itself is content, since Graph accepted everything."""

    def go(case: Case) -> Runs:
        target = SMALL if case.settings == TO_SMALL else NEW
        people = [person("ada"), person("bo", case.held, onAssign={target: case.error})]
        skus = [{"skuPartNumber": part, "enabled": 50} for part in (OLD, NEW, SMALL)]
        skus[1]["planStatus"] = dict(case.waiting)
        runs = Runs(place(tmp_path, people, case.settings, skus=skus), CommandLine(monkeypatch, capsys))
        runs.plan()
        assert runs.apply().code == 0
        return runs

    return go


def row(runs: Runs, name: str, run: str = "") -> dict[str, str]:
    """One user's row of users.csv."""
    text = (runs.folder / (run or runs.run) / "users.csv").read_text(encoding="utf-8")
    [found] = [r for r in csv.DictReader(io.StringIO(text, newline="")) if r["user_principal_name"].startswith(name)]
    return found


def document(runs: Runs, run: str = "") -> Any:
    """reconciliation.json."""
    return read_json(runs.folder / (run or runs.run) / "reconciliation.json")


@pytest.mark.parametrize("case", few(CASES, "Error: nothing is left", "mail in error", "every service works"))
def test_what_was_lost_is_said_everywhere(case: str, start: Callable[[Case], Runs]) -> None:
    """verify, report, audit and explain agree: refused, what is gone since when, and what to do; 5 where it is harm."""
    expected = CASES[case]
    runs = start(expected)

    verified = runs.verify()
    found, bo = document(runs), row(runs, "bo")
    failed = {g["id"] for g in found["gates"] if g["status"] == "failed"}
    harm = {(i["kind"], i["subject"], i["harm"]) for i in found["incidents"]}

    assert verified.code == expected.code == found["exit_code"], verified
    assert (bo["outcome"], bo["reason"], row(runs, "ada")["outcome"]) == ("refused", "accepted_then_error", "moved")
    assert failed & {"nobody_bare", "nothing_lost_unaccepted", "books_balance"} == {expected.gate} - {""}
    assert (harm == set()) == (expected.code == 3)
    assert expected.words in bo["detail"]
    assert bo["applied_at"] in bo["detail"]
    assert "reseat undo" in bo["remedy"]
    assert runs.audit(runs.run).code == expected.code
    explained = runs.call(runs.here, "explain", runs.run, "bo@contoso.example")
    assert expected.words in explained.words
    assert "reseat undo" in explained.words
    if expected.code == 5:
        [incident] = found["incidents"]
        assert expected.words in incident["detail"]
        assert "reseat undo" in incident["detail"]


@pytest.mark.parametrize("case", CASES)
def test_the_columns_of_services_are_what_the_two_reads_show(case: str, start: Callable[[Case], Runs]) -> None:
    """What is in error gives nothing: it is not new on, and what it should have carried on is lost."""
    expected = CASES[case]
    runs = start(expected)
    runs.verify()

    lost = set(filter(None, row(runs, "bo")["plans_lost"].split("+")))

    assert expected.lost <= lost
    assert expected.code == 5 or lost == set(filter(None, row(runs, "ada")["plans_lost"].split("+")))
    if expected.error[2:] and expected.code == 5 and expected.settings == EVERYONE:
        assert lost == expected.lost | NAMED
    if expected.gate == "nobody_bare":
        assert row(runs, "bo")["plans_new_on"] == row(runs, "bo")["plans_kept_off"] == ""


@pytest.mark.parametrize("case", ["Error: nothing is left", "mail in error"])
def test_run_and_audit_end_with_harm_and_apply_does_not(case: str, start: Callable[[Case], Runs]) -> None:
    """The nightly command ends with 5 too; a second apply still says that all was answered."""
    runs = start(CASES[case])
    runs.verify()

    assert (runs.apply().code, runs.audit(runs.run).code) == (0, 5)


def test_a_whole_run_ends_with_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`reseat run --approve` goes on to verify, and ends with its 5."""
    here = place(tmp_path, [person("ada"), person("bo", onAssign={NEW: ["ActiveWithError", "Other"]})])
    runs = Runs(here, CommandLine(monkeypatch, capsys))

    assert runs.night().code == 5


@pytest.mark.parametrize("case", ["Error: nothing is left", "every service in error", "mail in error"])
def test_the_undo_that_the_remedy_names_gives_the_old_product_back(case: str, start: Callable[[Case], Runs]) -> None:
    """Followed literally: undo and its apply; then everybody holds the old product, and the undo is verified."""
    runs = start(CASES[case])
    runs.verify()
    swap = runs.run

    assert runs.undo(swap).code == 0
    assert runs.apply().code == 0
    assert runs.holds() == {"ada": OLD, "bo": OLD}
    assert runs.verify().code == 0
    assert runs.verify(swap).code == 3
    assert {row(runs, n, swap)["reason"] for n in ("ada", "bo")} == {"changed_by_run"}


@pytest.mark.table
@pytest.mark.parametrize("case", ["Error: nothing is left", "mail in error"])
@pytest.mark.parametrize(("gives", "outcome"), [(NEW, "moved"), (OLD, "drifted")])
def test_a_repair_by_hand_ends_the_harm(case: str, gives: str, outcome: str, start: Callable[[Case], Runs]) -> None:
    """The other half of the remedy: repaired, or the old product given by hand; the next verify says so, without 5."""
    runs = start(CASES[case])
    runs.verify()

    runs.somebody_gives("bo", gives)

    assert runs.verify().code == 3
    assert row(runs, "bo")["outcome"] == outcome


def test_what_was_read_is_kept_and_only_of_those_concerned(start: Callable[[Case], Runs]) -> None:
    """The details stand in after-tenant.json, of Bo alone; from there report and audit say the same again."""
    runs = start(CASES["mail in error"])
    runs.verify()
    bo = runs.here.tenant.user("bo@contoso.example")
    assert bo is not None
    folder = runs.folder / runs.run
    before = {name: (folder / name).read_bytes() for name in ("users.csv", "reconciliation.json", "report.html")}

    details = read_json(folder / "after-tenant.json")["license_details"]
    sku = runs.here.tenant.sku_named(NEW)

    assert list(details) == [bo.id]
    assert [p for p, status in details[bo.id][sku.id].items() if status == "Error"] == [sku.plan_by_name[MAIL].id]
    assert runs.call(runs.here, "report", runs.run).code == 0
    assert before == {name: (folder / name).read_bytes() for name in before}


def test_nobody_is_asked_where_nothing_is_in_error(start: Callable[[Case], Runs]) -> None:
    """An ordinary verification reads no license details, and says so by an empty note."""
    runs = start(Case(["Active", "None"], 3))
    runs.verify()

    assert read_json(runs.folder / runs.run / "after-tenant.json")["license_details"] == {}
    assert {row(runs, n)["outcome"] for n in ("ada", "bo")} == {"moved"}
