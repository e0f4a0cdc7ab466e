"""What another run did to the members of a group is called its doing: by reason, incident, books, and audit alone.

The first plan names no group: it moves Di, who holds the old product directly, and leaves whoever inherits it. Another
run of the same runs directory then changes the group; what each of its members shows is what the tenant itself made of
it. Only what really came through that group is explained by it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest
from worlds.in_process import CommandLine
from worlds.rehearsal import read_json
from worlds.several_runs import Runs
from worlds.small_tenant import EVERYONE, NEW, OLD, group, group_id, person, place, say

from connectors.sandbox.api.world import SANDBOX_APP_ID
from connectors.sandbox.licensing.others import happen
from connectors.tenant import GroupId
from jobs.license_reassignment.run_folder.journal import Journal

SALES = GroupId(group_id(1))
SWAPPED = '\n[groups]\nswap = ["LIC Sales"]\n'
MEMBERS = ("ada", "bo", "cy")
DAY_S = 86_400
RUN, HELD, HAND, DONE = "changed_by_run", "inherited", "changed_by_others", ""

Happens = Callable[[Runs, pytest.MonkeyPatch], None]


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Runs:
    """Ada, Bo and Cy inherit the old product, Bo holds it directly too, Di only directly; Di is moved already."""
    inherited = {"sku": OLD, "group": group_id(1)}
    people = [
        person("ada", inherited),
        person("bo", OLD, inherited),
        person("cy", inherited),
        person("di"),
        person("eve", ""),
    ]
    here = place(tmp_path, people, EVERYONE, groups=[group(1, "LIC Sales", *MEMBERS, licenses=[OLD])])
    made = Runs(here, CommandLine(monkeypatch, capsys))
    made.plan()
    made.apply()
    say(here, EVERYONE + SWAPPED)
    return made


def writes(runs: Runs) -> int:
    """How many requests of ours the tenant has taken; what Entra does in the background is none."""
    return sum(r.actor == SANDBOX_APP_ID and r.kind in {"user", "group"} for r in runs.here.tenant.write_log)


def found(runs: Runs, run: str) -> Any:
    """reconciliation.json of a run."""
    return read_json(runs.folder / run / "reconciliation.json")


def rows(runs: Runs, run: str) -> dict[str, dict[str, str]]:
    """users.csv of a run, by the name before the @."""
    text = (runs.folder / run / "users.csv").read_text(encoding="utf-8")
    return {r["user_principal_name"].partition("@")[0]: r for r in csv.DictReader(io.StringIO(text, newline=""))}


def ledger(runs: Runs, run: str) -> dict[str, tuple[int, int, int]]:
    """By part number: foreign, other_runs, unexplained."""
    return {r["sku_part_number"]: (r["foreign"], r["other_runs"], r["unexplained"]) for r in found(runs, run)["ledger"]}


def kept(runs: Runs, run: str) -> list[dict[str, Any]]:
    """The lines of other-runs.jsonl."""
    return [orjson.loads(line) for line in (runs.folder / run / "other-runs.jsonl").read_bytes().splitlines()]


def befalls(runs: Runs, **event: Any) -> None:
    """Something befalls the group without our doing, and Entra has learned of it."""
    happen(runs.here.tenant, {"group": SALES, **event}, runs.here.seconds)
    runs.here.seconds += 600


def cannot_serve(runs: Runs, name: str, *, takes_old: bool) -> None:
    """Entra has no seat for one member; it may have taken the old license all the same."""
    user = runs.here.tenant.user(f"{name}@contoso.example")
    assert user is not None
    runs.here.tenant.on_group[user.id, runs.here.tenant.sku_named(NEW).id] = ("CountViolation", takes_old)


def settled(runs: Runs, _: pytest.MonkeyPatch) -> None:
    """All three are moved."""
    runs.plan()
    assert 0 == runs.apply().code


def accepted(runs: Runs, _: pytest.MonkeyPatch) -> None:
    """Entra has not begun."""
    say(runs.here, EVERYONE + SWAPPED + '\n[pace]\nstop_after = "5m"\n')
    runs.here.tenant.knobs.group_queue_seconds = 7200.0
    runs.plan()
    assert 4 == runs.apply().code


def accepted_and_then_done(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Entra did it afterwards, and no apply has looked since."""
    accepted(runs, monkeypatch)
    runs.here.seconds += DAY_S


def in_doubt_and_done(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other run was killed before it could write the answer down."""
    runs.plan()
    with monkeypatch.context() as dying:
        real = Journal.append

        def killed(journal: Journal, kind: str, body: Mapping[str, Any], *more: Any, **named: Any) -> Any:
            if kind == "outcome" and body.get("writes") == "groups":
                raise KeyboardInterrupt
            return real(journal, kind, body, *more, **named)  # type: ignore[arg-type]

        dying.setattr(Journal, "append", killed)
        assert 0 != runs.apply().code
    runs.here.seconds += DAY_S


def settled_but_one_keeps_the_old_one(runs: Runs, _: pytest.MonkeyPatch) -> None:
    """Entra could not serve Cy, and left Cy as before."""
    cannot_serve(runs, "cy", takes_old=False)
    runs.plan()
    assert 3 == runs.apply().code


def settled_but_one_lost_the_old_one(runs: Runs, _: pytest.MonkeyPatch) -> None:
    """Entra could not serve Cy, and took the old one."""
    cannot_serve(runs, "cy", takes_old=True)
    runs.plan()
    assert 3 == runs.apply().code


def settled_and_one_left(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody took Cy out of the group afterwards."""
    settled(runs, monkeypatch)
    befalls(runs, leave=["cy@contoso.example"])


def settled_and_one_joined(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody put Eve into the group afterwards."""
    settled(runs, monkeypatch)
    befalls(runs, join=["eve@contoso.example"])


def never_sent(runs: Runs, _: pytest.MonkeyPatch) -> None:
    """The other run held or only planned; somebody else changed the group."""
    runs.plan()
    befalls(runs, add=[NEW], remove=[OLD])


def taken_back_by_hand(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else gave the group the old product back; Bo has it through the group alone since."""
    settled(runs, monkeypatch)
    befalls(runs, add=[OLD], remove=[NEW])


def test_a_group_that_was_changed_and_changed_back_leaves_the_first_plan_as_it_was(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two other runs, a swap and its undo: nothing is booked, and audit holds without either."""
    settled(runs, monkeypatch)
    first, swap = runs.made
    runs.undo(swap)
    assert 0 == runs.apply().code

    runs.verify(first)
    books = ledger(runs, first)

    assert {swap, runs.run} == {line["run"] for line in kept(runs, first)}
    assert ((0, 0, 0), (0, 0, 0)) == (books[OLD], books[NEW])
    told = {name: rows(runs, first)[name]["reason"] for name in MEMBERS}
    assert {"ada": HELD, "bo": RUN, "cy": HELD} == told  # Bo has it back through the group alone
    for other in (swap, runs.run):
        (runs.folder / other).rename(runs.here.folder / other)
    assert 3 == runs.audit(first).code


def test_a_swap_whose_undo_gave_the_group_back_names_the_undo(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each member of the swap, and none of it is somebody else's."""
    settled(runs, monkeypatch)
    swap = runs.run
    runs.undo(swap)
    assert 0 == runs.apply().code

    runs.verify(swap)
    table = rows(runs, swap)

    assert {RUN} == {table[name]["reason"] for name in MEMBERS}
    assert all(f"run {runs.run} (undo of this plan)" in table[name]["detail"] for name in MEMBERS)
    assert not [i for i in found(runs, swap)["incidents"] if "not by reseat" in i["detail"]]
    assert {0} == {unexplained for *_, unexplained in ledger(runs, swap).values()}


class Then(NamedTuple):
    """What happens, and what the first plan must find: members' reasons, and (foreign, of it other runs') by SKU."""

    happens: Happens
    reasons: dict[str, str]
    books: dict[str, tuple[int, int]]


CASES = (
    Then(settled, dict.fromkeys(MEMBERS, DONE), {OLD: (-3, -3), NEW: (3, 3)}),
    Then(accepted, dict.fromkeys(MEMBERS, HELD), {OLD: (0, 0), NEW: (0, 0)}),
    Then(accepted_and_then_done, {"ada": DONE, "bo": RUN, "cy": DONE}, {OLD: (-2, -2), NEW: (3, 3)}),
    Then(in_doubt_and_done, {"ada": DONE, "bo": RUN, "cy": DONE}, {OLD: (-2, -2), NEW: (3, 3)}),
    Then(settled_but_one_keeps_the_old_one, {"ada": DONE, "bo": DONE, "cy": RUN}, {OLD: (-2, -2), NEW: (2, 2)}),
    Then(settled_but_one_lost_the_old_one, {"ada": DONE, "bo": DONE, "cy": RUN}, {OLD: (-3, -3), NEW: (2, 2)}),
    Then(settled_and_one_left, {"ada": DONE, "bo": DONE, "cy": HAND}, {OLD: (-3, -2), NEW: (2, 2)}),
    Then(settled_and_one_joined, dict.fromkeys(MEMBERS, DONE), {OLD: (-3, -3), NEW: (4, 3)}),
    Then(never_sent, {"ada": DONE, "bo": HAND, "cy": DONE}, {OLD: (-2, 0), NEW: (3, 0)}),
    Then(taken_back_by_hand, {"ada": HELD, "bo": RUN, "cy": HELD}, {OLD: (0, 0), NEW: (0, 0)}),
)


def _name(then: Then) -> str:
    return then.happens.__name__


@pytest.mark.parametrize("then", CASES, ids=_name)
def test_what_came_through_a_group_has_the_run_that_changed_the_group_as_its_author(
    then: Then, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reasons, incidents and books agree; whoever was not reached by that change is not explained by it."""
    then.happens(runs, monkeypatch)
    first, other = runs.made

    verified = runs.verify(first)
    told = {name: row["reason"] for name, row in rows(runs, first).items() if name in MEMBERS}
    changes = [i for i in found(runs, first)["incidents"] if i["kind"] == "foreign_change"]
    ours = [i for i in changes if f"by run {other}" in i["detail"]]

    assert verified.code == 3, verified
    assert then.reasons == told
    books = ledger(runs, first)
    assert then.books == {sku: books[sku][:2] for sku in (OLD, NEW)}
    assert {0} == {unexplained for *_, unexplained in books.values()}
    assert len(ours) == sum(abs(n) for _, n in then.books.values())
    assert not [i for i in found(runs, first)["incidents"] if i["harm"]]
    for name, reason in told.items():
        assert (reason == RUN) == (other in rows(runs, first)[name]["detail"]), name


@pytest.mark.parametrize("then", CASES, ids=_name)
def test_the_folder_says_whom_the_group_of_another_run_concerned_and_audit_needs_nobody_else(
    then: Then, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each line about a group names its members among the users of this plan; with all other folders gone it holds."""
    then.happens(runs, monkeypatch)
    first, other = runs.made
    code = runs.verify(first).code
    names = {u.id: u.upn.partition("@")[0] for u in runs.here.tenant.users}
    groups = [item for line in kept(runs, first) if line.get("writes") == "groups" for item in line["items"]]

    assert {SALES} if then.happens is not never_sent else set() == {item["id"] for item in groups}
    assert all(sorted(names[u] for u in item["users"]) == list(MEMBERS) for item in groups)
    (runs.folder / other).rename(runs.here.folder / other)
    assert (code, 0) == (runs.audit(first).code, runs.call(runs.here, "explain", first, "ada@contoso.example").code)


def test_an_older_plan_is_overtaken_by_the_group_of_a_later_one(runs: Runs) -> None:
    """It would move people who have moved with the group: refused, and the other run is named."""
    runs.plan()
    older = runs.run
    say(runs.here, EVERYONE.replace("everyone", "again") + SWAPPED)
    runs.plan()
    assert 0 == runs.apply().code
    posts = writes(runs)

    said = runs.apply(older)

    assert (10, posts) == (said.code, writes(runs)), said
    assert runs.run in said.words
    assert "3 of its users" in said.words


@pytest.fixture
def at_work(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> Runs:
    """A run has written to the group, Entra still works, and then another plan is made: Eve came with a license."""
    accepted(runs, monkeypatch)
    runs.somebody_gives("eve", OLD)
    say(runs.here, EVERYONE)
    runs.plan()
    return runs


def test_a_second_plan_is_applied_while_a_group_of_the_first_is_at_work(at_work: Runs) -> None:
    """It moves whom it names and touches nobody of that group; what comes through the group later is the first one's.

    The request was sent before the second plan's snapshot, and Entra carried it out afterwards.
    """
    *_, grouped, second = at_work.made
    posts = writes(at_work)
    applied = at_work.apply(second)
    assert (0, 1, NEW) == (applied.code, writes(at_work) - posts, at_work.holds()["eve"]), applied
    at_work.here.seconds += DAY_S

    verified = at_work.verify(second)
    books = ledger(at_work, second)
    told = {name: row["reason"] for name, row in rows(at_work, second).items()}

    assert verified.code == 3, verified
    assert {"ada": DONE, "bo": RUN, "cy": DONE}.items() <= told.items()
    assert ((-2, -2, 0), (3, 3, 0)) == (books[OLD], books[NEW])
    assert grouped in rows(at_work, second)["bo"]["detail"]
    (at_work.folder / grouped).rename(at_work.here.folder / grouped)
    assert 3 == at_work.audit(second).code


def test_the_first_plan_goes_on_to_its_end_beside_the_second(at_work: Runs) -> None:
    """It has only to look at its group: nothing is written twice, and its own books say that the group was its own."""
    *_, grouped, second = at_work.made
    at_work.apply(second)
    at_work.here.seconds += DAY_S
    say(at_work.here, EVERYONE + SWAPPED)
    posts = writes(at_work)

    ended = at_work.apply(grouped)

    assert (0, 1) == (ended.code, writes(at_work) - posts), ended
    at_work.verify(grouped)
    outcomes = {name: row["outcome"] for name, row in rows(at_work, grouped).items()}
    assert {"ada": "moved_by_group", "bo": "moved_by_group", "cy": "moved_by_group"}.items() <= outcomes.items()
    books = ledger(at_work, grouped)
    assert {0} == {unexplained for *_, unexplained in books.values()}
    assert books[NEW][:2] == (1, 1)
