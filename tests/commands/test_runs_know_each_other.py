"""What a later run of ours did to the users of a plan is called by its plan id when the plan is verified, and audited.

Three people; the plan moves them, and what happens then is done by other runs of the same runs directory, by somebody
else, or by both. What is left is what the tenant itself holds.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest
from worlds.in_process import CommandLine
from worlds.rehearsal import read_json
from worlds.several_runs import Runs
from worlds.small_tenant import BETTER, NEW, OLD, person, place, say

TO_BETTER = f'\n[[swap]]\nname = "better"\nto = ["{BETTER}"]\n'
TWO_RULES = (
    f'\n[[swap]]\nname = "sales"\nto = ["{BETTER}"]\nwhere = {{ department = "Sales" }}\n'
    f'\n[[swap]]\nname = "rest"\nto = ["{NEW}"]\n'
)
PEOPLE = ("ada", "bo", "cy")


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Runs:
    """Three people on the old product, planned and moved; the plan is the first of `made`."""
    people = [person(n, department="Sales" if n == "cy" else "Legal") for n in PEOPLE]
    made = Runs(place(tmp_path, people, TWO_RULES), CommandLine(monkeypatch, capsys))
    made.plan()
    made.apply()
    return made


def file(runs: Runs, name: str) -> bytes:
    """A file of the first plan's folder."""
    return (runs.folder / runs.made[0] / name).read_bytes()


def found(runs: Runs) -> Any:
    """reconciliation.json of the first plan."""
    return read_json(runs.folder / runs.made[0] / "reconciliation.json")


def rows(runs: Runs) -> dict[str, dict[str, str]]:
    """users.csv of the first plan, by the name before the @."""
    text = file(runs, "users.csv").decode()
    return {r["user_principal_name"].partition("@")[0]: r for r in csv.DictReader(io.StringIO(text, newline=""))}


def ledger(runs: Runs) -> dict[str, tuple[int, int, int]]:
    """By part number: foreign, other_runs, unexplained."""
    return {r["sku_part_number"]: (r["foreign"], r["other_runs"], r["unexplained"]) for r in found(runs)["ledger"]}


def undone(runs: Runs) -> None:
    """Our own undo gives everybody the old product back."""
    runs.undo()
    runs.apply()


def undone_and_moved_elsewhere(runs: Runs) -> None:
    """Our undo, and then a newer plan of ours moves everybody to the better product."""
    undone(runs)
    say(runs.here, TO_BETTER)
    runs.plan()
    runs.apply()


def taken_by_hand(runs: Runs) -> None:
    """Somebody else gives everybody the old product back."""
    for name in PEOPLE:
        runs.somebody_gives(name, OLD)


def undone_and_one_by_hand(runs: Runs) -> None:
    """Our undo, and then somebody else gives one of them another product."""
    undone(runs)
    runs.somebody_gives("bo", BETTER)


class Then(NamedTuple):
    """What happens after the move, by how many other runs, and what the books and the reasons of each user must be."""

    happens: Callable[[Runs], None]
    others: int
    reasons: dict[str, str]
    foreign: dict[str, tuple[int, int]]


RUN, HAND = "changed_by_run", "move_undone"
CASES = (
    Then(lambda _: None, 0, dict.fromkeys(PEOPLE, ""), {OLD: (0, 0), NEW: (0, 0), BETTER: (0, 0)}),
    Then(undone, 1, dict.fromkeys(PEOPLE, RUN), {OLD: (3, 3), NEW: (-2, -2), BETTER: (-1, -1)}),
    Then(
        undone_and_moved_elsewhere, 2, {"ada": RUN, "bo": RUN, "cy": ""}, {OLD: (0, 0), NEW: (-2, -2), BETTER: (2, 2)}
    ),
    Then(taken_by_hand, 0, dict.fromkeys(PEOPLE, HAND), {OLD: (3, 0), NEW: (-2, 0), BETTER: (-1, 0)}),
    Then(
        undone_and_one_by_hand,
        1,
        {"ada": RUN, "bo": RUN, "cy": RUN},
        {OLD: (2, 2), NEW: (-2, -2), BETTER: (0, -1)},
    ),
)


@pytest.mark.parametrize("then", CASES, ids=lambda then: getattr(then.happens, "__name__", "nothing").strip("<>"))
def test_every_change_has_the_author_that_it_had(then: Then, runs: Runs) -> None:
    """Reasons, incidents and books name the other run, and somebody else only where it was somebody else."""
    then.happens(runs)

    verified = runs.verify(runs.made[0])
    incidents = found(runs)["incidents"]
    changes = [i for i in incidents if i["kind"] == "foreign_change"]
    ours = [i for i in changes if any(f"by run {run}" in i["detail"] for run in runs.made[1:])]
    told = {name: row["reason"] for name, row in rows(runs).items()}

    assert verified.code == 3, verified
    assert told == then.reasons
    assert {sku: pair for sku, (*pair, _) in ledger(runs).items()} == {k: list(v) for k, v in then.foreign.items()}
    assert [unexplained for *_, unexplained in ledger(runs).values()] == [0, 0, 0]
    assert len(ours) == sum(abs(n) for _, n in then.foreign.values())
    assert [i for i in changes if "not by reseat" in i["detail"]] == [i for i in changes if i not in ours]
    assert not [i for i in ours if "somebody else" in i["detail"]]
    assert not [i for i in incidents if i["kind"] == "bare_user" or i["harm"]]
    for name, row in rows(runs).items():
        if row["reason"] == RUN:
            assert runs.made[-1] in row["detail"], name


@pytest.mark.parametrize("then", CASES, ids=lambda then: getattr(then.happens, "__name__", "nothing").strip("<>"))
def test_the_folder_keeps_what_the_others_did_and_audit_needs_nobody_else(then: Then, runs: Runs) -> None:
    """other-runs.jsonl names run, line and hash of each; with all other folders gone, audit says the same."""
    then.happens(runs)
    first = runs.made[0]
    code = runs.verify(first).code
    lines = [orjson.loads(line) for line in file(runs, "other-runs.jsonl").splitlines()]
    users = {row["id"] for row in rows(runs).values()}

    assert {line["run"] for line in lines} == set(runs.made[1 : 1 + then.others])
    assert {line["kind"] for line in lines} <= {"intent", "outcome", "settled"}
    assert {item["id"] for line in lines for item in line["items"]} <= users
    assert "other-runs.jsonl" in read_json(runs.folder / first / "manifest.json")["files"]
    for line in lines:
        journal = (runs.folder / line["run"] / "journal.jsonl").read_bytes().splitlines()
        following = [orjson.loads(raw) for raw in journal if orjson.loads(raw)["seq"] == line["seq"] + 1]
        assert [n["prev"] for n in following] == [line["hash"]] * len(following)
    for other in runs.made[1:]:
        (runs.folder / other).rename(runs.here.folder / other)
    assert runs.audit(first).code == code


def test_a_changed_line_of_the_others_is_altered_evidence(runs: Runs) -> None:
    """What it says about the others is sealed like everything else."""
    undone(runs)
    runs.verify(runs.made[0])
    path = runs.folder / runs.made[0] / "other-runs.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"undo"', b'"swap"'))

    assert runs.audit(runs.made[0]).code == 5


def test_a_second_look_moves_the_former_to_history(runs: Runs) -> None:
    """Before the undo there was nothing to keep; afterwards there is, and the empty file is history."""
    runs.verify(runs.made[0])
    assert file(runs, "other-runs.jsonl") == b""
    undone(runs)
    runs.here.seconds += 60
    runs.verify(runs.made[0])

    [former] = (runs.folder / runs.made[0] / "history").glob("*/other-runs.jsonl")
    assert former.read_bytes() == b""
    assert b'"run_kind":"undo"' in file(runs, "other-runs.jsonl")


@pytest.mark.parametrize("target", [NEW, BETTER])
def test_whoever_holds_a_target_of_the_plan_is_not_without_a_license(target: str, runs: Runs) -> None:
    """By rule or by row, and also where it is the target of somebody else."""
    for name in PEOPLE:
        runs.somebody_gives(name, target)

    runs.verify()

    [gate] = [g for g in found(runs)["gates"] if g["id"] == "nobody_bare"]
    assert gate["status"] == "passed"


def test_the_undo_itself_is_not_told_of_the_writes_that_it_took_back(runs: Runs) -> None:
    """Microsoft's record shows them a moment before, under the same app: they are the swap's, and nobody else's."""
    undone(runs)
    runs.here.seconds += 3600
    runs.verify()
    witness = read_json(runs.folder / runs.run / "reconciliation.json")["witness"]

    assert (witness["status"], witness["writes"], witness["matched"]) == ("exported", 3, 3)
    assert witness["foreign"] == []
    assert witness["records"] == witness["matched"] + witness["further"] + witness["other_runs"]
    assert witness["other_runs"] == 3
    assert runs.audit(runs.run).code == 0


def test_a_record_that_no_run_explains_is_still_foreign(runs: Runs) -> None:
    """One more write under our app in the same minutes, by nobody who kept a journal."""
    undone(runs)
    tenant = runs.here.tenant
    tenant.write_log.append(replace(tenant.write_log[-1], request_id="11111111-1111-4111-8111-111111111111"))
    runs.here.seconds += 3600
    runs.verify()
    witness = read_json(runs.folder / runs.run / "reconciliation.json")["witness"]

    assert (len(witness["foreign"]), witness["other_runs"]) == (1, 3)


FROM_ROSTER = f'\n[scope]\nfrom = "csv"\nroster = "users.csv"\n{TWO_RULES}'


def test_plans_of_different_people_know_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One run moves one half and another the other: whatever either scan counts, nothing of ours is somebody else's."""
    people = [person(n, department="Legal") for n in (*PEOPLE, "di")]
    runs = Runs(place(tmp_path, people, FROM_ROSTER), CommandLine(monkeypatch, capsys))
    for half in (("ada", "bo"), ("cy", "di")):
        roster = "".join(f"{name}@contoso.example\n" for name in half)
        (tmp_path / "users.csv").write_text(f"UPN\n{roster}", encoding="utf-8")
        runs.plan()
    first, second = runs.made
    assert (0, 0) == (runs.apply(second).code, runs.apply(first).code)

    for run, other in ((first, second), (second, first)):
        assert (3, 3) == (runs.verify(run).code, runs.audit(run).code)
        document = read_json(runs.folder / run / "reconciliation.json")
        books = {r["sku_part_number"]: (r["foreign"], r["other_runs"], r["unexplained"]) for r in document["ledger"]}
        assert {OLD: (-2, -2, 0), NEW: (2, 2, 0)}.items() <= books.items()
        texts = [i["detail"] for i in document["incidents"]]
        assert len(texts) == 4
        assert all(f"by run {other}" in text for text in texts)
