"""The first users whom Graph says it moved are looked at: where the old license stays beside the new one, it stops."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from worlds.engine_parts import BEFORE, MOVED, NEW, OLD, Scene, names, profile, reply, tasks
from worlds.virtual_time import VirtualLoop

from connectors.changes import AddLicense, AssignLicense, Reply, Verdict
from connectors.tenant import LicenseProfile, UserId
from jobs.license_reassignment.apply.canary import CHANGED_MAX, canary_of
from jobs.license_reassignment.errors import ExitCode, Unfinished
from jobs.license_reassignment.model.change import LicenseTask
from jobs.license_reassignment.run_folder.load import entries

BOTH = profile(OLD, NEW)


def accepted(change: AssignLicense) -> Reply:
    """Say that it was done, whatever reads show."""
    return reply(change.user_id, Verdict.APPLIED)


def showing(scene: Scene, held: LicenseProfile) -> Callable[[AssignLicense], Reply]:
    """Accept every change, after which reads show this."""

    def answer(change: AssignLicense) -> Reply:
        scene.holds[change.user_id] = held
        return accepted(change)

    return answer


def test_a_healthy_tenant_loses_no_time(tmp_path: Path) -> None:
    """The first read shows everybody of the first batch moved: one note, and the run takes as long as without it."""
    watched, plain = Scene(tmp_path / "a", tasks(*names(300)), watch=True), Scene(tmp_path / "b", tasks(*names(300)))
    for scene in (watched, plain):
        scene.folder.mkdir()
        assert scene.run().code == ExitCode.DONE
    assert watched.kinds().count("note") == 1
    assert watched.hour.now == pytest.approx(plain.hour.now, abs=1.0)


def test_both_licenses_in_two_reads_five_minutes_apart_stop_the_run(tmp_path: Path) -> None:
    """Up to a hundred users are changed meanwhile, and nobody after."""
    scene = Scene(tmp_path, tasks(*names(300)), watch=True)
    scene.answer = showing(scene, BOTH)
    with pytest.raises(Unfinished, match="Microsoft Cloud Licensing"):
        scene.run()
    assert sum(len(batch) for _, batch in scene.sent) == CHANGED_MAX
    assert 300.0 <= scene.hour.now < 400.0


def test_a_change_that_cannot_be_seen_yet_never_stops(tmp_path: Path) -> None:
    """Reads show everybody as before: after five minutes the rest is sent."""
    scene = Scene(tmp_path, tasks(*names(300)), watch=True, answer=accepted)
    assert scene.run().code == ExitCode.DONE
    assert (len(scene.sent), max(at for at, _ in scene.sent) > 300.0) == (15, True)


def test_a_replica_that_is_behind_for_a_while_costs_that_while(tmp_path: Path) -> None:
    """Nobody is seen moved for three minutes; then all are, and the rest goes out at once."""
    scene = Scene(tmp_path, tasks(*names(300)), watch=True, answer=accepted)
    moved = dict.fromkeys(scene.users, MOVED)

    def at(loop: VirtualLoop) -> None:
        loop.call_at(180.0, lambda: scene.holds.update({u: m for u, m in moved.items() if u in names(100)}))

    assert scene.run(at=at).code == ExitCode.DONE
    assert 180.0 < min(at for at, batch in scene.sent if "u150" in batch) < 260.0


def test_who_was_seen_moved_and_is_given_the_old_one_back_by_somebody_stops_nothing(tmp_path: Path) -> None:
    """One of the first batch is behind; another one is moved, and then has both: that is somebody else's doing."""
    scene = Scene(tmp_path, tasks("a", "b"), watch=True)

    def answer(change: AssignLicense) -> Reply:
        scene.holds[change.user_id] = MOVED if change.user_id == "a" else BEFORE
        return accepted(change)

    scene.answer = answer
    ending = scene.run(at=lambda loop: loop.call_at(5.0, scene.holds.update, {"a": BOTH}) and None)
    assert (ending.code, scene.hour.now > 300.0) == (ExitCode.DONE, True)


def test_the_next_session_goes_by_what_the_journal_says(tmp_path: Path) -> None:
    """After a stop nothing is sent before the first users are read again; once they are moved, the rest goes out."""
    scene = Scene(tmp_path, tasks(*names(300)), watch=True)
    scene.answer = showing(scene, BOTH)
    with pytest.raises(Unfinished):
        scene.run()
    before = len(scene.sent)
    again = Scene(tmp_path, scene.users, watch=True, hour=scene.hour, standings=dict(scene.queue.standings))
    again.holds = dict(scene.holds)
    with pytest.raises(Unfinished, match="Microsoft Cloud Licensing"):
        again.run()
    assert (before, again.sent) == (5, [])
    third = Scene(tmp_path, scene.users, watch=True, hour=scene.hour, standings=dict(again.queue.standings))
    third.holds = {u: MOVED if p == BOTH else p for u, p in scene.holds.items()}
    assert third.run().code == ExitCode.DONE
    assert sum(len(batch) for _, batch in third.sent) == 200
    assert canary_of(third.users.values(), entries(third.head().lines)).over


def test_a_plan_that_only_removes_watches_nobody(tmp_path: Path) -> None:
    """What is not a combined change says nothing about allotments."""
    only = {
        UserId(n): LicenseTask(AssignLicense(UserId(n), (), (OLD,)), (), BEFORE, 0, "all")
        for n in names(CHANGED_MAX * 2)
    }
    scene = Scene(tmp_path, only, watch=True, answer=accepted)
    assert (scene.run().code, scene.kinds().count("note")) == (ExitCode.DONE, 0)


def test_a_hundred_refusals_leave_room_for_the_others(tmp_path: Path) -> None:
    """A change that Graph refused has changed nobody."""

    def answer(change: AssignLicense) -> Reply | None:
        return None if change.user_id > "u150" else reply(change.user_id, Verdict.REFUSED, 400, "conflict")

    scene = Scene(tmp_path, tasks(*names(300)), watch=True, answer=answer)
    assert scene.run().code == ExitCode.PEOPLE_LEFT
    assert sum(len(batch) for _, batch in scene.sent) == 300


def test_a_target_that_was_added_alone_counts_as_seen_only_with_all_of_it() -> None:
    """Half of the new licenses beside the old one is not yet both."""
    change = AssignLicense(UserId("a"), (AddLicense(NEW), AddLicense(OLD)), (OLD,))
    assert canary_of([LicenseTask(change, (NEW,), BEFORE, 0, "all")], []).changes == {UserId("a"): change}


def test_one_of_several_with_both_is_somebody_elses_doing(tmp_path: Path) -> None:
    """Another source assigns the old product to one user again: the others are moved, so removals work here."""
    scene = Scene(tmp_path, tasks(*names(300)), watch=True)
    moved = scene.answer

    def answer(change: AssignLicense) -> Reply:
        return showing(scene, BOTH)(change) if change.user_id == "u000" else moved(change)

    scene.answer = answer
    assert scene.run().code == ExitCode.DONE
    assert max(at for at, _ in scene.sent) > 300.0


def test_the_only_user_with_both_stops_the_run(tmp_path: Path) -> None:
    """Nobody shows that a removal works here."""
    scene = Scene(tmp_path, tasks(*names(1)), watch=True)
    scene.answer = showing(scene, BOTH)
    with pytest.raises(Unfinished, match="Microsoft Cloud Licensing"):
        scene.run()
