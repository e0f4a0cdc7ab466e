"""A new plan is always a new one, an undo of nothing is an empty plan, and a nightly run redoes nothing by itself."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from worlds.in_process import CommandLine
from worlds.several_runs import Runs
from worlds.small_tenant import BETTER, DECLARED, EVERYONE, NEW, OLD, person, place, say

PEOPLE = ("ada", "bo", "cy")
REMOVE = '\n[addons]\nincluded_in_target = "remove"\n'


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Runs:
    """Three people on the old product."""
    here = place(tmp_path, [person(name) for name in PEOPLE], EVERYONE + DECLARED + REMOVE)
    return Runs(here, CommandLine(monkeypatch, capsys))


def all_on(part: str) -> dict[str, str]:
    return dict.fromkeys(PEOPLE, part)


def undone(runs: Runs) -> None:
    """Plan, apply, undo, apply."""
    runs.plan()
    runs.apply()
    runs.undo()
    runs.apply()
    assert all_on(OLD) == runs.holds()


def undone_twice(runs: Runs) -> None:
    undone(runs)
    undone(runs)


def refused_and_repaired(runs: Runs) -> None:
    """Graph refuses everybody; then the cause is repaired."""
    runs.plan()
    for name in PEOPLE:
        runs.moved_away(name)
    assert 3 == runs.apply().code
    for name in PEOPLE:
        runs.moved_back(name)


def taken_back_by_hand(runs: Runs) -> None:
    runs.plan()
    runs.apply()
    for name in PEOPLE:
        runs.somebody_gives(name, OLD)


def drifted_and_put_right(runs: Runs) -> None:
    runs.plan()
    for name in PEOPLE:
        runs.somebody_gives(name, OLD, NEW)
    assert 3 == runs.apply().code
    for name in PEOPLE:
        runs.somebody_gives(name, OLD)


def held_as_protected(runs: Runs) -> None:
    """Protected for a while: the plan made without them is finished, and does not move them afterwards."""
    runs.plan()
    names = ", ".join(f'"{n}@contoso.example"' for n in PEOPLE)
    say(runs.here, f"{EVERYONE}{DECLARED}\n[scope]\nprotected = [{names}]\n")
    assert 3 == runs.apply().code
    say(runs.here, EVERYONE + DECLARED)


FINISHED: dict[str, Callable[[Runs], None]] = {
    act.__name__: act
    for act in (
        undone, undone_twice, refused_and_repaired, taken_back_by_hand, drifted_and_put_right, held_as_protected,
    )
}  # fmt: skip


@pytest.mark.parametrize("before", FINISHED)
def test_making_a_new_plan_always_works_in_the_same_runs_directory(before: str, runs: Runs) -> None:
    """The tenant looks as it did; still the plan is a fresh one, and its apply moves everybody."""
    FINISHED[before](runs)
    earlier = {p: p.read_bytes() for p in runs.folder.rglob("*") if p.is_file() and p.name != "progress.json"}
    known, posts = set(runs.made), runs.posts

    planned, applied = runs.plan(), runs.apply()

    assert (0, "3 to change" in planned.words, 0) == (planned.code, True, applied.code)
    assert runs.run not in known
    assert (3, all_on(NEW)) == (runs.posts - posts, runs.holds())
    assert earlier == {p: p.read_bytes() for p in earlier}
    assert 0 == runs.verify().code


@pytest.mark.parametrize("command", ["plan", "undo", "addons"])
def test_no_command_writes_into_a_folder_that_was_begun_or_verified(command: str, runs: Runs) -> None:
    """Called again and again with nothing changed, each call makes a folder of its own once the last was used."""
    runs.plan()
    first = runs.run
    if command != "plan":
        runs.apply()
    runs.verify()
    for _ in range(3):
        made = len(runs.made)
        assert 0 == getattr(runs, command)(*(() if command == "plan" else (first,))).code
        assert 1 == len(runs.made) - made
        assert runs.verify().code in {0, 3}
    assert len(set(runs.made)) == len(runs.made)
    assert {False} == {"ALTERED" in runs.audit(run).words for run in runs.made[1:]}


def not_applied(runs: Runs) -> None:
    runs.plan()


def all_held(runs: Runs) -> None:
    names = ", ".join(f'"{n}@contoso.example"' for n in PEOPLE)
    say(runs.here, f"{EVERYONE}{DECLARED}{REMOVE}\n[scope]\nprotected = [{names}]\n")
    runs.plan()
    runs.apply()


def all_refused(runs: Runs) -> None:
    runs.plan()
    for name in PEOPLE:
        runs.moved_away(name)
    runs.apply()


def all_drifted(runs: Runs) -> None:
    runs.plan()
    for name in PEOPLE:
        runs.somebody_gives(name, OLD, NEW)
    runs.apply()


def all_found_done(runs: Runs) -> None:
    """Somebody moved everybody by hand before the apply."""
    runs.plan()
    for name in PEOPLE:
        runs.somebody_gives(name, NEW)
    runs.apply()


def all_gone(runs: Runs) -> None:
    runs.plan()
    for name in PEOPLE:
        runs.somebody_deletes(name)
    runs.apply()


def empty(runs: Runs) -> None:
    for name in PEOPLE:
        runs.somebody_gives(name, NEW)
    runs.plan()
    runs.apply()


def nobody_at_all(runs: Runs) -> None:
    for name in PEOPLE:
        runs.somebody_deletes(name)
    runs.plan()
    runs.apply()


CHANGED_NOBODY: dict[str, Callable[[Runs], None]] = {
    act.__name__: act
    for act in (
        not_applied, all_held, all_refused, all_drifted, all_found_done, all_gone, empty, nobody_at_all,
    )
}  # fmt: skip


@pytest.mark.parametrize("state", CHANGED_NOBODY)
def test_an_undo_of_a_plan_that_changed_nobody_is_an_empty_plan(state: str, runs: Runs) -> None:
    """It says so and ends with 0; its apply sends nothing, its verify finds everything as it should be."""
    CHANGED_NOBODY[state](runs)
    undone_run, posts, held = runs.run, runs.posts, runs.holds()

    planned = runs.undo()
    applied = runs.apply()
    verified = runs.verify()

    sentence = f"Plan {undone_run} has changed nobody, according to its journal, so there is nothing to undo."
    assert (0, True) == (planned.code, sentence in planned.words), planned
    assert "Next:" not in planned.words
    assert (0, True) == (applied.code, "nothing to send" in applied.words), applied
    assert (0, True) == (verified.code, "GO" in verified.words), verified
    assert (posts, held) == (runs.posts, runs.holds())
    assert 0 == runs.audit(runs.run).code


@pytest.mark.parametrize("state", ["not_applied", "all_held", "all_drifted", "all_found_done"])
def test_an_add_ons_plan_of_a_plan_that_moved_nobody_is_an_empty_plan(state: str, runs: Runs) -> None:
    """Once the plan is verified, which says the same."""
    CHANGED_NOBODY[state](runs)
    swap = runs.run
    runs.verify()
    posts, held = runs.posts, runs.holds()

    planned = runs.addons()
    applied = runs.apply()

    assert (0, True) == (planned.code, f"Plan {swap} moved nobody, as its verification showed" in planned.words), (
        planned
    )
    assert (0, True) == (applied.code, "nothing to send" in applied.words), applied
    assert 0 == runs.verify().code
    assert (posts, held) == (runs.posts, runs.holds())


def test_an_add_ons_plan_of_people_without_add_ons_says_that(runs: Runs) -> None:
    """They moved; there is nothing beside the new product."""
    runs.plan()
    runs.apply()
    runs.verify()

    planned = runs.addons()

    assert (0, True) == (planned.code, "none of the 3 users moved by plan" in planned.words), planned
    assert 0 == runs.apply().code


def test_an_undo_without_seats_advises_only_what_an_undo_can_use(runs: Runs) -> None:
    """It takes no roster, and asks for the old product and no other."""
    runs.plan()
    runs.apply()
    old = next(s for s in runs.here.tenant.skus.values() if s.part_number == OLD)
    old.enabled = 0

    planned = runs.undo()

    assert set(runs.holds().values()) == {NEW}
    assert "3 seats short. Free seats" in planned.words
    assert (3, False) == (planned.code, "PENDING" in planned.words), "waiting would never help"
    told = runs.call(runs.here, "explain", runs.run, "ada@contoso.example").words
    assert ("run `reseat undo` again" in told, "roster" in told) == (True, False)
    assert "run `reseat undo` again" in planned.words
    assert "different target" not in planned.words


def test_status_says_that_a_verdict_is_older_than_the_last_changes(runs: Runs) -> None:
    """Verified, then applied: the verdict is about a tenant that has changed since; another verification is not."""
    runs.plan()
    runs.verify()
    before = runs.call(runs.here, "status", runs.run)
    runs.apply()
    after = runs.call(runs.here, "status", runs.run)
    runs.verify()
    again = runs.call(runs.here, "status", runs.run)

    assert "Verdict: NO-GO\n" in before.out
    assert "Verdict: NO-GO, before the last changes; run `reseat verify` again\n" in after.out
    assert "Verdict: GO\n" in again.out


def test_the_commands_of_the_report_work_in_its_folder(runs: Runs) -> None:
    """The page says that they are run there."""
    runs.plan()
    runs.apply()
    runs.verify()
    inside = replace(runs.here, folder=runs.folder / runs.run)
    page = (inside.folder / "report.html").read_text(encoding="utf-8")

    commands = re.findall(r"<code>reseat ([^<]*)</code>", page.partition('id="check"')[2])

    assert len(commands) == 1
    assert [0] == [runs.call(inside, *shlex.split(line), config=False).code for line in commands]


def test_a_nightly_run_does_not_redo_what_a_person_took_back(runs: Runs) -> None:
    """It makes the plan, names the undo, and stops with 4, night by night; only `apply PLAN` goes on."""
    undone(runs)
    undo, posts = runs.run, runs.posts

    for _ in range(2):
        night = runs.night()
        assert (4, True) == (night.code, f"undo {undo}" in night.words), night
        assert f"reseat apply {runs.run}" in night.words
        assert (posts, all_on(OLD)) == (runs.posts, runs.holds())

    assert 0 == runs.apply().code
    assert all_on(NEW) == runs.holds()
    assert 0 == runs.night().code


def test_a_nightly_run_goes_on_when_nobody_is_left_to_move(runs: Runs) -> None:
    """After the undo somebody moved everybody by hand: there is nothing to redo, so nothing to stop for."""
    undone(runs)
    for name in PEOPLE:
        runs.somebody_gives(name, NEW)

    night = runs.night()

    assert (0, True) == (night.code, "verdict GO" in night.words), night


def test_a_nightly_run_passes_over_a_run_that_a_later_one_overtook(runs: Runs) -> None:
    """The older plan still has people waiting, whom a later one of the same settings has moved: it is not resumed."""
    say(runs.here, f'{EVERYONE}{DECLARED}[[wave]]\nname = "pilot"\nusers = 1\n')
    runs.plan()
    runs.apply()
    runs.plan()
    runs.apply()
    runs.apply(runs.run, "--wave", "rest")
    assert all_on(NEW) == runs.holds()

    assert 0 == runs.night().code


def test_a_nightly_run_resumes_an_older_run_that_still_has_people_waiting(runs: Runs) -> None:
    """A newer plan of the same settings that is finished does not hide it, and people of both are moved once."""
    runs.plan()
    older = runs.run
    runs.killed_while_sending("ada")
    assert (4, True) == ((said := runs.call(runs.here, "run")).code, f"{older}" in said.words), said

    night = runs.night()

    assert (0, all_on(NEW), 3) == (night.code, runs.holds(), runs.posts)
    assert [older] == runs.made


def test_a_copy_of_a_run_folder_is_never_resumed(runs: Runs) -> None:
    """A backup made before the apply still has everybody waiting; the run itself is finished."""
    runs.plan()
    shutil.copytree(runs.folder / runs.run, runs.folder / f"{runs.run}-backup")
    runs.apply()
    posts = runs.posts

    assert (0, posts) == (runs.night().code, runs.posts)
    assert not list((runs.folder / f"{runs.made[0]}-backup").glob("journal*"))
    assert 0 == runs.verify(runs.made[0]).code


def moved_again(runs: Runs) -> None:
    """The same inputs once more, in a new plan."""
    runs.plan()
    runs.apply()


def moved_elsewhere(runs: Runs) -> None:
    """A new plan for another product."""
    say(runs.here, f'\n[[swap]]\nname = "better"\nto = ["{BETTER}"]\n')
    moved_again(runs)


def undone_again(runs: Runs) -> None:
    """The new plan is taken back as well, and that again by a third undo."""
    moved_again(runs)
    for _ in range(2):
        runs.undo()
        runs.apply()


@pytest.mark.parametrize("then", [moved_again, moved_elsewhere, undone_again])
def test_a_second_undo_leaves_alone_what_a_later_run_made(then: Callable[[Runs], None], runs: Runs) -> None:
    """What the plan did was taken back already: what stands is the work of a later run, which is named."""
    undone(runs)
    then(runs)
    holds, last = runs.holds(), runs.run

    said = runs.undo(runs.made[0])

    rows = runs.rows().values()
    assert (3, {("hold", "changed_by_run")}) == (said.code, {(row["kind"], row["reason"]) for row in rows})
    assert all(last in row["detail"] for row in rows)
    runs.apply()
    assert holds == runs.holds()
