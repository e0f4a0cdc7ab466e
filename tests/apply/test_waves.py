"""Waves: a share is never nobody, each one that says stop stops, nothing stops after the last, and why one waits."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from worlds.in_process import CommandLine
from worlds.several_runs import Runs
from worlds.small_tenant import EVERYONE, NEW, OLD, TENANT, person, place

from jobs.license_reassignment.run_folder.folder import RunDir
from jobs.license_reassignment.run_folder.load import load_journal, load_plan

Start = Callable[..., Runs]
NAMES = [f"u{n:03}" for n in range(1, 201)]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Start:
    """Makes a tenant of so many people, or with these accounts, and the settings."""

    def make(people: int | list[dict[str, object]], settings: str, roster: str | None = None) -> Runs:
        accounts = people if isinstance(people, list) else [person(n) for n in NAMES[:people]]
        skus = [{"skuPartNumber": part, "enabled": 500} for part in (OLD, NEW)]
        with_roster = '\n[scope]\nroster = "users.csv"\n' if roster is not None else ""
        here = place(tmp_path, accounts, EVERYONE + with_roster + settings, roster=roster, skus=skus)
        return Runs(here, CommandLine(monkeypatch, capsys))

    return make


def wave(name: str, users: str = "", then: str = "") -> str:
    more = (f"users = {users}\n" if users else "") + (f'then = "{then}"\n' if then else "")
    return f'\n[[wave]]\nname = "{name}"\n{more}'


def sizes(runs: Runs) -> dict[str, int]:
    return {w["name"]: w["users"] for w in runs.header()["waves"]}


@pytest.mark.parametrize(
    ("people", "share", "pilot"),
    [
        (1, "10%", 1), (3, "10%", 1), (4, "10%", 1), (5, "10%", 1), (10, "10%", 1), (11, "10%", 2), (3, "1%", 1),
        (3, "34%", 2), (3, "33%", 1), (3, "100%", 3), (100, "7%", 7), (100, "1.1%", 2), (200, "1.5%", 3),
        (200, "0.5%", 1),
    ],
)  # fmt: skip
def test_a_share_of_somebody_is_never_nobody(people: int, share: str, pilot: int, start: Start) -> None:
    """Rounded up: the first apply sends exactly so many, and stops where others are left."""
    runs = start(people, wave("pilot", f'"{share}"'))
    runs.plan()

    said = runs.apply()

    assert ({"pilot": pilot, "rest": people - pilot}, pilot) == (sizes(runs), runs.posts)
    assert (0 if pilot == people else 4) == said.code, said


def test_shares_of_several_waves_leave_nobody_twice(start: Start) -> None:
    """Three people, three waves of a tenth: one in each."""
    runs = start(3, wave("a", '"10%"') + wave("b", '"10%"') + wave("c", '"10%"'))
    runs.plan()

    assert {"a": 1, "b": 1, "c": 1, "rest": 0} == sizes(runs)


class Rollout(NamedTuple):
    """Settings and roster; then each call of apply, as (--wave, exit code, changes sent)."""

    settings: str
    roster: str | None
    calls: tuple[tuple[str, int, int], ...]


ROSTER = "UPN,wave\nu001@contoso.example,pilot\nu002@contoso.example,second\nu003@contoso.example,second\n"
NO_WAVE = "UPN\nu001@contoso.example\n"
ROLLOUTS = {
    "a wave that only the roster names": Rollout(
        "", ROSTER, (("", 4, 1), ("", 4, 0), ("second", 4, 2), ("rest", 0, 1))
    ),
    "the same, configured": Rollout(
        wave("pilot") + wave("second"), ROSTER, (("", 4, 1), ("", 4, 0), ("second", 4, 2), ("rest", 0, 1))
    ),
    "the roster's waves hold everybody": Rollout(
        "", ROSTER + "u004@contoso.example,second\n", (("", 4, 1), ("second", 0, 3), ("", 0, 0))
    ),
    "the last configured wave holds everybody else": Rollout(
        wave("pilot", "1") + wave("all of them", "50"), None, (("", 4, 1), ("all of them", 0, 3), ("", 0, 0))
    ),
    "the only wave holds everybody": Rollout(wave("pilot", '"100%"'), None, (("", 0, 4), ("", 0, 0))),
    "a wave that goes on": Rollout(wave("pilot", "1", "continue"), None, (("", 0, 4),)),
    "a wave with nobody still stops": Rollout(wave("pilot"), NO_WAVE, (("", 4, 0), ("rest", 0, 4))),
    "a wave named after it is done": Rollout(wave("pilot", "1"), None, (("", 4, 1), ("pilot", 4, 0), ("rest", 0, 3))),
    "straight to the last": Rollout(wave("a", "1") + wave("b", "1"), None, (("rest", 0, 4),)),
}


@pytest.mark.parametrize("name", ROLLOUTS)
def test_each_stop_is_passed_only_by_name_and_nothing_stops_after_the_last(name: str, start: Start) -> None:
    """Whoever named the wave; where nobody is left the plan is done."""
    settings, roster, calls = ROLLOUTS[name]
    runs = start(4, settings, roster)
    runs.plan()

    for wanted, code, sent in calls:
        before = runs.posts
        said = runs.apply(runs.run, *(("--wave", wanted) if wanted else ()))
        assert (code, sent) == (said.code, runs.posts - before), (wanted, said)
        assert (code == 4) == ("--wave" in said.words), said
    assert dict.fromkeys(NAMES[:4], NEW) == runs.holds()


def test_each_wave_is_shown_also_with_nobody(start: Start) -> None:
    """On the screen, on the page for the approver and in the header."""
    runs = start(3, wave("nobody") + wave("some", "2"), NO_WAVE)

    said = runs.plan()

    page = (runs.folder / runs.run / "plan.html").read_text(encoding="utf-8")
    assert {"nobody": 0, "some": 2, "rest": 1} == sizes(runs)
    assert "nobody 0 stop some 2 stop rest 1 continue" in said.words
    assert all(name in page for name in sizes(runs))
    assert "wave nobody has nobody to change; `--wave some` continues" in runs.apply().words


def test_a_name_with_a_blank_is_told_as_it_is_typed(start: Start) -> None:
    """The next command can be copied."""
    runs = start(3, wave("first of all", "1") + wave("then the others", "2"))
    runs.plan()

    said = runs.apply()

    assert '`--wave "then the others"` continues' in said.words
    again = f'reseat apply {runs.run} --tenant {TENANT} --wave "then the others"'
    assert f"Next: {again} Or first: reseat verify {runs.run}" in said.words


def take_seats(runs: Runs, left: int) -> None:
    """Somebody else takes all seats of the new product but so many, after the guard has counted them."""
    sku = next(s for s in runs.here.tenant.skus.values() if s.part_number == NEW)
    assign = runs.here.tenant.set_assignments

    def taking(user: object, *more: object) -> None:
        sku.enabled = left
        assign(user, *more)  # type: ignore[arg-type]

    runs.here.tenant.set_assignments = taking  # type: ignore[method-assign,assignment]


def test_a_wave_that_waits_for_seats_does_not_have_all_its_answers(start: Start) -> None:
    """Journal and screen name the product and how many wait; the same command goes on when seats are back."""
    runs = start(5, wave("pilot", "3", "continue"))
    runs.plan()
    take_seats(runs, left=2)

    said = runs.apply()

    folder = RunDir(runs.folder / runs.run)
    notes = [line.body.get("text", "") for line in load_journal(folder, load_plan(folder)).lines if line.kind == "note"]
    counts = Counter(runs.holds().values())
    assert 4 == said.code, said
    assert (2, 3) == (counts[NEW], counts[OLD])
    assert not any(text.endswith("complete") for text in notes), notes
    waiting = "Office 365 E3; 3 users of wave pilot, rest wait"
    assert f"seats were taken by others: {waiting}; buy seats, then continue" in said.words
    assert f"Next: reseat apply {runs.run} --tenant {TENANT}" in said.words

    del runs.here.tenant.set_assignments
    next(s for s in runs.here.tenant.skus.values() if s.part_number == NEW).enabled = 500
    assert (0, dict.fromkeys(NAMES[:5], NEW)) == (runs.apply().code, runs.holds())


def test_a_missing_country_behind_a_stop_is_not_written_before_the_stop_is_passed(start: Start) -> None:
    """Setting a usage location is a write too."""
    people = [person(n, location="") for n in NAMES[:3]]
    roster = "UPN,usage_location\n" + "".join(f"{n}@contoso.example,NL\n" for n in NAMES[:3])
    runs = start(people, "\n[usage_location]\nwrite_from_roster = true\n" + wave("pilot", "1"), roster)
    runs.plan()

    said = runs.apply()

    def placed() -> list[str]:
        return sorted(u.upn.partition("@")[0] for u in runs.here.tenant.living() if u.location)

    assert (4, ["u001"]) == (said.code, placed())
    assert (0, NAMES[:3]) == (runs.apply(runs.run, "--wave", "rest").code, placed())
    assert dict.fromkeys(NAMES[:3], NEW) == runs.holds()


@dataclasses.dataclass(frozen=True)
class End:
    """What happens between plan and apply; the code, the sentence, and the command that makes sense then."""

    act: Callable[[Runs], None]
    code: int
    says: str
    then: str = "reseat verify PLAN"


def nothing(_runs: Runs) -> None: ...


def each(do: Callable[[Runs, str], None], count: int = 3) -> Callable[[Runs], None]:
    def act(runs: Runs) -> None:
        for name in NAMES[:count]:
            do(runs, name)

    return act


def protect_all(runs: Runs) -> None:
    names = ", ".join(f'"{n}@contoso.example"' for n in NAMES[:3])
    path = runs.here.config
    path.write_text(f"{path.read_text(encoding='utf-8')}\n[scope]\nprotected = [{names}]\n", encoding="utf-8")


def pause_taken_back_later(runs: Runs) -> None:
    path = runs.here.config
    path.write_text(f"{path.read_text(encoding='utf-8')}\n[pace]\nwait_minutes_max = 1\n", encoding="utf-8")
    (runs.folder / runs.run / "pause").touch()


ENDS = {
    "everybody moved": End(nothing, 0, "every change was answered, none refused"),
    "one refused": End(lambda r: r.moved_away("u001"), 3, "1 user refused"),
    "all refused": End(each(Runs.moved_away), 3, "3 users refused"),
    "all gone": End(each(Runs.somebody_deletes), 3, "3 users gone"),
    "all drifted": End(each(lambda r, n: r.somebody_gives(n, OLD, NEW)), 3, "3 users drifted"),
    "all found done": End(each(lambda r, n: r.somebody_gives(n, NEW)), 0, "every change was answered, none refused"),
    "all protected now": End(protect_all, 3, "3 users protected since the plan was made"),
    "some of each": End(
        lambda r: (r.moved_away("u001"), r.somebody_deletes("u002"), r.somebody_gives("u003", OLD, NEW)),  # type: ignore[func-returns-value,arg-type,return-value]
        3,
        "1 user refused, 1 user drifted, 1 user gone",
    ),
}


@pytest.mark.parametrize("name", ENDS)
def test_each_end_of_an_apply_has_a_true_sentence_and_a_next_command(name: str, start: Start) -> None:
    """And so has a second apply, which sends nothing."""
    end = ENDS[name]
    runs = start(3, "")
    runs.plan()
    end.act(runs)

    said = runs.apply()
    posts = runs.posts
    again = runs.apply()

    then = f"Next: {end.then.replace('PLAN', runs.run)}"
    assert (end.code, end.code) == (said.code, again.code)
    assert all(words in said.words for words in (f"{end.says} (exit {end.code})", then)), said
    assert all(words in again.words for words in (end.says, "nothing left to send", then)), again
    assert posts == runs.posts


def test_a_plan_of_nobody_has_nothing_to_send(start: Start) -> None:
    """Its plan points to the verification, and so does its apply."""
    runs = start([person("u001", NEW)], "")

    planned, applied = runs.plan(), runs.apply()

    assert (0, 0) == (planned.code, applied.code)
    assert "nothing to send: the plan changes nobody" in applied.words
    assert all(f"Next: reseat verify {runs.run}" in said.words for said in (planned, applied))


def test_a_run_that_stops_early_names_the_same_command(start: Start) -> None:
    """With the wave that was named."""
    runs = start(3, wave("pilot", "1"))
    runs.plan()
    pause_taken_back_later(runs)

    said = runs.apply(runs.run, "--wave", "rest")
    (runs.folder / runs.run / "pause").unlink()

    assert 4 == said.code, said
    assert 0 == runs.apply(runs.run, "--wave", "rest").code


@pytest.mark.parametrize(
    ("settings", "then"),
    [
        ("", "reseat apply PLAN --tenant TENANT"),
        ("\n[limits]\nusers_changed_max = 2\n", "if so many users are meant, set [limits] users_changed_max = 3"),
    ],
)
def test_a_plan_names_the_command_that_makes_sense_then(settings: str, then: str, start: Start) -> None:
    """Where `apply` would refuse, what comes first is said first."""
    runs = start(3, settings)

    said = runs.plan()

    assert f"Next: {then.replace('PLAN', runs.run).replace('TENANT', TENANT)}" in said.words


def test_a_wave_that_is_none_is_told_before_a_tenant_that_is_another(start: Start) -> None:
    """Of several causes the first of the documented order gives the code: 2 goes before 10."""
    runs = start(3, "")
    runs.plan()

    said = runs.call(runs.here, "apply", runs.run, "--tenant", "fabrikam.example", "--wave", "nope")

    assert (2, 0) == (said.code, runs.posts)
    assert "--wave nope" in said.words
