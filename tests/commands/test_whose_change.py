"""Whose change is whose: what an undo takes back, and how a later run, its undo and a kill bear on an older plan."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import orjson
import pytest
from worlds.in_process import CommandLine, Place
from worlds.several_runs import Runs
from worlds.small_tenant import BETTER, EVERYONE, NEW, OLD, TENANT, person, place, say

from jobs.license_reassignment.model.plan import header_digest
from jobs.license_reassignment.run_folder.folder import RunDir

PEOPLE = ("ada", "bo", "cy")
PILOT = '\n[[wave]]\nname = "pilot"\nusers = 1\n'
TO_BETTER = f'\n[[swap]]\nname = "better"\nto = ["{BETTER}"]\n'


class Start(NamedTuple):
    """Makes the tenant of one test."""

    folder: Path
    call: CommandLine

    def __call__(self, settings: str = EVERYONE, **error: list[str]) -> Runs:
        """Three people on the old product; to whom an error is given, Graph accepts the change and then shows it."""
        people = [person(n, **({"onAssign": {NEW: error[n]}} if n in error else {})) for n in PEOPLE]
        here: Place = place(self.folder, people, settings)
        return Runs(here, self.call)


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Start:
    return Start(tmp_path, CommandLine(monkeypatch, capsys))


def refused_then_moved_by_hand(runs: Runs) -> None:
    """Graph refused our change; an admin repaired the cause and moved the user themselves."""
    runs.plan()
    runs.moved_away("ada")
    runs.apply()
    runs.moved_back("ada")
    runs.somebody_gives("ada", NEW)


def found_done(runs: Runs) -> None:
    """An admin had moved the user before our apply."""
    runs.plan()
    runs.somebody_gives("ada", NEW)
    runs.apply()


def no_effect_then_moved_by_hand(runs: Runs) -> None:
    """A request of ours was lost on the way, the look showed so, and then an admin moved the user."""
    say(runs.here, EVERYONE + PILOT)
    runs.plan()
    runs.killed_while_sending("bo")
    runs.apply()
    runs.somebody_gives("bo", NEW)


def in_doubt_and_done(runs: Runs) -> None:
    """Killed while it was sent; the request had its effect."""
    runs.plan()
    runs.killed_while_sending("ada", effect=lambda name: runs.somebody_gives(name, NEW))


def in_doubt_and_lost(runs: Runs) -> None:
    """Killed while it was sent; the request never arrived."""
    runs.plan()
    runs.killed_while_sending("ada")


def applied(runs: Runs) -> None:
    runs.plan()
    runs.apply()


def applied_then_changed_by_hand(runs: Runs) -> None:
    runs.plan()
    runs.apply()
    runs.somebody_gives("ada", NEW, BETTER, OLD)


class Back(NamedTuple):
    """Whom the undo takes back, and what the three hold after its apply."""

    act: Callable[[Runs], None]
    back: tuple[str, ...]
    holds: tuple[str, str, str]


UNDO = {
    "refused by us, then moved by hand": Back(refused_then_moved_by_hand, ("bo", "cy"), (NEW, OLD, OLD)),
    "moved by hand before us": Back(found_done, ("bo", "cy"), (NEW, OLD, OLD)),
    "without effect, then moved by hand": Back(no_effect_then_moved_by_hand, ("ada",), (OLD, NEW, OLD)),
    "in doubt, and done": Back(in_doubt_and_done, ("ada",), (OLD, OLD, OLD)),
    "in doubt, and lost": Back(in_doubt_and_lost, (), (OLD, OLD, OLD)),
    "applied": Back(applied, ("ada", "bo", "cy"), (OLD, OLD, OLD)),
    "applied, then changed by hand": Back(
        applied_then_changed_by_hand, ("bo", "cy"), (" ".join(sorted((NEW, BETTER, OLD))), OLD, OLD)
    ),
}


@pytest.mark.parametrize("case", UNDO)
def test_an_undo_takes_back_what_was_applied_and_nothing_else(case: str, start: Start) -> None:
    """What somebody else did to a user whom we did not change stands."""
    runs = start()
    act, back, holds = UNDO[case]
    act(runs)

    runs.undo()
    changes = tuple(sorted(n for n, row in runs.rows().items() if row["kind"] == "change"))
    posts = runs.posts
    runs.apply()

    assert (back, len(back)) == (changes, runs.posts - posts)
    assert dict(zip(PEOPLE, holds, strict=True)) == runs.holds()


@pytest.mark.parametrize("error", [["ActiveWithError", "Other"], ["Error", "CountViolation"]])
@pytest.mark.parametrize("who", PEOPLE)
def test_whom_an_accepted_change_harmed_is_given_back_first(error: list[str], who: str, start: Start) -> None:
    """The old product is gone, the new one in error: this user comes first in rows, seats and sending."""
    runs = start(**{who: error})
    runs.plan()
    runs.apply()
    assert f"{NEW}!" == runs.holds()[who]
    old = next(s for s in runs.here.tenant.skus.values() if s.part_number == OLD)
    old.enabled = 1
    sent = len(runs.here.tenant.write_log)

    runs.undo()
    rows = runs.rows()
    runs.apply()

    assert (who, "change") == (next(iter(rows)), rows[who]["kind"])
    assert [n for n in PEOPLE if n != who] == sorted(n for n, r in rows.items() if r["reason"] == "no_seat")
    assert {who: OLD, **{n: NEW for n in PEOPLE if n != who}} == runs.holds()
    assert 1 == len(runs.here.tenant.write_log) - sent


def test_with_seats_for_all_the_harmed_one_is_still_sent_first(start: Start) -> None:
    """In a wave of its own."""
    runs = start(cy=["ActiveWithError", "Other"])
    runs.plan()
    runs.apply()
    sent = len(runs.here.tenant.write_log)

    runs.undo()
    said = runs.apply()

    first = runs.here.tenant.user(runs.here.tenant.write_log[sent].target)
    assert (0, "cy@contoso.example") == (said.code, first.upn if first else "")
    assert dict.fromkeys(PEOPLE, OLD) == runs.holds()
    assert 0 == runs.verify().code


def later_plan(runs: Runs, *, apply: bool = True, settings: str = TO_BETTER) -> None:
    """Another plan of other settings in the same runs directory."""
    say(runs.here, settings)
    runs.plan()
    if apply:
        runs.apply()


def wave_of_all(runs: Runs) -> None:
    """The older plan has sent its pilot of one."""
    say(runs.here, EVERYONE + PILOT)
    runs.plan()
    runs.apply()


def by_a_later_plan(runs: Runs) -> None:
    later_plan(runs)


def by_a_later_plan_that_was_put_back_by_hand(runs: Runs) -> None:
    """Even where everybody looks again as the older plan saw them."""
    later_plan(runs)
    for name in ("bo", "cy"):
        runs.somebody_gives(name, OLD)


def by_its_undo(runs: Runs) -> None:
    runs.undo(runs.made[0])
    runs.apply()


def by_a_later_plan_that_was_killed(runs: Runs) -> None:
    later_plan(runs, apply=False)
    runs.killed_while_sending("bo", effect=lambda name: runs.somebody_gives(name, BETTER))


def by_a_folder_without_its_plan(runs: Runs) -> None:
    later_plan(runs)
    (runs.folder / runs.run / "plan.json").unlink()


def by_a_folder_with_a_damaged_plan(runs: Runs) -> None:
    later_plan(runs, apply=False)
    (runs.folder / runs.run / "plan.json").write_text("{", encoding="utf-8")


def by_a_folder_with_a_damaged_journal(runs: Runs) -> None:
    later_plan(runs)
    path = runs.folder / runs.run / "journal.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"seq":1', b'"seq":7', 1))


OVERTAKEN: dict[str, Callable[[Runs], None]] = {
    act.__name__: act
    for act in (
        by_a_later_plan, by_a_later_plan_that_was_put_back_by_hand, by_its_undo, by_a_later_plan_that_was_killed,
        by_a_folder_without_its_plan, by_a_folder_with_a_damaged_plan, by_a_folder_with_a_damaged_journal,
    )
}  # fmt: skip


@pytest.mark.parametrize("how", OVERTAKEN)
def test_an_overtaken_plan_is_refused_and_the_other_run_is_named(how: str, start: Start) -> None:
    """10, nothing is sent, nobody is changed; a new plan then moves whoever is left."""
    runs = start()
    wave_of_all(runs)
    older = runs.run
    OVERTAKEN[how](runs)
    posts, holds = runs.posts, runs.holds()

    said = runs.apply(older, "--wave", "rest")

    assert 10 == said.code, said
    assert runs.run in said.words
    assert "Make a new plan" in said.words
    assert (posts, holds) == (runs.posts, runs.holds())


def by_a_later_plan_that_nobody_began(runs: Runs) -> None:
    later_plan(runs, apply=False)


def by_an_undo_that_nobody_began(runs: Runs) -> None:
    runs.undo(runs.made[0])


def by_a_later_plan_of_other_people(runs: Runs) -> None:
    """A roster that names only the one whom the older plan has already moved."""
    (runs.here.folder / "one.csv").write_text("UPN\nada@contoso.example\n", encoding="utf-8")
    runs.somebody_gives("ada", OLD)
    later_plan(runs, settings=f'{TO_BETTER}\n[scope]\nfrom = "csv"\nroster = "one.csv"\n')
    assert BETTER == runs.holds()["ada"]


def by_a_copy_of_itself(runs: Runs) -> None:
    shutil.copytree(runs.folder / runs.run, runs.folder / "a copy")


def by_another_tenants_run(runs: Runs) -> None:
    other = RunDir(runs.folder / "other").create()
    header = runs.header()
    header["tenant"]["id"] = TENANT.replace("1", "2")
    header["plan_id"] = "p000000000000"
    header["digest"] = header_digest(header)
    other.write("plan.json", orjson.dumps(header))
    other.write("journal.jsonl", b"not ours to read\n{}\n")


def by_a_folder_that_is_no_run(runs: Runs) -> None:
    (runs.folder / "archive").mkdir()
    (runs.folder / "archive" / "notes.txt").write_text("kept", encoding="utf-8")


NOT_OVERTAKEN: dict[str, Callable[[Runs], None]] = {
    act.__name__: act
    for act in (
        by_a_later_plan_that_nobody_began, by_an_undo_that_nobody_began, by_a_later_plan_of_other_people,
        by_a_copy_of_itself, by_another_tenants_run, by_a_folder_that_is_no_run,
    )
}  # fmt: skip


@pytest.mark.parametrize("how", NOT_OVERTAKEN)
def test_what_does_not_concern_its_users_does_not_hinder_a_plan(how: str, start: Start) -> None:
    """The waves that are left are sent."""
    runs = start()
    wave_of_all(runs)
    older = runs.run
    NOT_OVERTAKEN[how](runs)
    posts = runs.posts

    said = runs.apply(older, "--wave", "rest")

    assert (0, 2) == (said.code, runs.posts - posts), said
    assert {"bo": NEW, "cy": NEW} == {n: held for n, held in runs.holds().items() if n != "ada"}


def test_an_add_ons_plan_of_the_pilot_does_not_hinder_the_waves_that_are_left(start: Start) -> None:
    """It wrote to the pilot alone."""
    settings = f'{TO_BETTER}{PILOT}\n[addons]\nincluded_in_target = "remove"\n'
    skus = [{"skuPartNumber": p, "enabled": 50} for p in (OLD, BETTER, "MCOMEETADV")]
    people = [person(name, OLD, "MCOMEETADV") for name in PEOPLE]
    runs = Runs(place(start.folder, people, settings, skus=skus), start.call)
    runs.plan()
    swap = runs.run
    runs.apply()
    runs.verify()
    runs.addons()
    assert (0, BETTER) == (runs.apply().code, runs.holds()["ada"])

    said = runs.apply(swap, "--wave", "rest")

    assert 0 == said.code, said
    assert {"bo": f"{BETTER} MCOMEETADV", "cy": f"{BETTER} MCOMEETADV", "ada": BETTER} == runs.holds()


@pytest.mark.parametrize("began", [False, True])
def test_a_plan_that_has_nothing_left_to_send_says_so_though_it_was_overtaken(began: bool, start: Start) -> None:
    """0 and no write, with a word about the undo where one has begun."""
    runs = start()
    runs.plan()
    swap = runs.run
    runs.apply()
    if began:
        runs.undo()
        runs.apply()
    posts = runs.posts

    said = runs.apply(swap)

    assert (0, True, posts) == (said.code, "nothing left to send" in said.words, runs.posts)
    assert began == ("undo" in said.words)
    assert ("Next: reseat plan" if began else f"Next: reseat verify {swap}") in said.words


def test_what_is_in_doubt_is_settled_before_an_overtaken_plan_is_refused(start: Start) -> None:
    """One was moved by the lost request, one was not; both are looked at, nobody is sent anything."""
    runs = start()
    runs.plan()
    older = runs.run
    runs.killed_while_sending("ada", "bo")
    runs.somebody_gives("ada", NEW)
    later_plan(runs, apply=False)
    runs.killed_while_sending("bo")
    runs.somebody_gives("bo", OLD)
    posts = runs.posts

    said = runs.apply(older)

    assert (10, posts) == (said.code, runs.posts), said
    assert {"ada": "moved", "bo": "pending: no_effect"} == {n: runs.standings(older)[n] for n in ("ada", "bo")}


def test_an_overtaken_plan_whose_doubts_were_all_there_was_goes_on_to_its_end(start: Start) -> None:
    """The lost request had its effect: nobody is left whom the later plan could have overtaken."""
    runs = start()
    runs.plan()
    older = runs.run
    runs.killed_while_sending(*PEOPLE, effect=lambda name: runs.somebody_gives(name, NEW))
    later_plan(runs, apply=False, settings=EVERYONE.replace("everyone", "again"))
    posts = runs.posts

    said = runs.apply(older)

    assert (0, posts) == (said.code, runs.posts), said
    assert dict.fromkeys(PEOPLE, "moved") == runs.standings(older)


class Doubt(NamedTuple):
    """What became of a request, how a plain apply ends then, what it wrote down, and what the user holds."""

    effect: bool
    code: int
    verdict: str
    held: str


@pytest.mark.parametrize(
    "case",
    [Doubt(True, 4, "moved", NEW), Doubt(False, 4, "pending: no_effect", OLD)],
    ids=["with effect", "without effect"],
)
def test_a_user_in_doubt_behind_a_stop_is_looked_at_and_never_sent(case: Doubt, start: Start) -> None:
    """Killed in the second wave, then a plain apply: only `--wave` goes past the stop."""
    runs = start(EVERYONE + PILOT)
    runs.plan()
    runs.apply()
    runs.killed_while_sending("cy", effect=(lambda n: runs.somebody_gives(n, NEW)) if case.effect else None)
    posts = runs.posts

    said = runs.apply()

    assert (case.code, case.verdict, case.held) == (said.code, runs.standings()["cy"], runs.holds()["cy"]), said
    assert (posts, OLD) == (runs.posts, runs.holds()["bo"])
    assert "--wave rest" in said.words
    assert 0 == runs.apply(runs.run, "--wave", "rest").code
    assert dict.fromkeys(PEOPLE, NEW) == runs.holds()


PROTECT_ADA = '\n[scope]\nprotected = ["ada@contoso.example"]\n'


@pytest.mark.parametrize(
    "case",
    [Doubt(True, 0, "moved", NEW), Doubt(False, 3, "held: protected", OLD)],
    ids=["with effect", "without effect"],
)
def test_a_user_in_doubt_who_became_protected_is_looked_at_and_never_written_to(case: Doubt, start: Start) -> None:
    """Moved by the lost request: that is told. Not moved: held, and 3, for somebody is left."""
    runs = start()
    runs.plan()
    runs.killed_while_sending("ada", effect=(lambda n: runs.somebody_gives(n, NEW)) if case.effect else None)
    say(runs.here, EVERYONE + PROTECT_ADA)
    posts = runs.posts

    said, again = runs.apply(), runs.apply()

    assert (case.code, case.verdict, case.held) == (said.code, runs.standings()["ada"], runs.holds()["ada"]), said
    assert (2, case.code) == (runs.posts - posts, again.code)
    assert ("every change was answered" in said.words) == case.effect


def test_everybody_in_doubt_and_protected_is_looked_at_without_any_guard(start: Start) -> None:
    """Nothing is to be sent, so neither seats nor limits stand in the way of a look."""
    runs = start()
    runs.plan()
    runs.killed_while_sending(*PEOPLE)
    names = ", ".join(f'"{n}@contoso.example"' for n in PEOPLE)
    say(runs.here, f"{EVERYONE}\n[scope]\nprotected = [{names}]\n\n[limits]\nusers_changed_max = 1\n")
    posts = runs.posts

    said = runs.apply()

    assert (3, posts) == (said.code, runs.posts), said
    assert dict.fromkeys(PEOPLE, "held: protected") == runs.standings()
