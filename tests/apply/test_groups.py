"""Groups are swapped with one write each, and waited for until every member's own state is final."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from worlds.engine_parts import NEW, OLD
from worlds.group_parts import COMPLETE, GroupScene, group_task, holding, scene
from worlds.virtual_time import ProcessDied

from connectors.changes import AssignGroupLicense, Reply, Verdict
from connectors.errors import PermissionMissing
from connectors.tenant import GroupId, GroupLicense, LicenseProfile
from jobs.license_reassignment.errors import Unfinished
from jobs.license_reassignment.model.standing import REPROCESSED

DAY_S = 86_400.0
NO_SEAT = LicenseProfile.of([*holding("g", NEW, "Error", "CountViolation").assignments, *holding("", OLD).assignments])


def answering(verdict: Verdict, status: int, reason: str = "", times: int = 1_000) -> object:
    """Answer so, that many times; carry everything else out."""
    left = [times]

    def answer(change: AssignGroupLicense) -> Reply | None:
        left[0] -= 1
        return Reply(change.group_id, verdict, status, reason=reason) if left[0] >= 0 else None

    return answer


def test_one_write_for_each_group_and_the_members_counted(tmp_path: Path) -> None:
    """Intent, acceptance, and a settled line after two reads of the members at least ten seconds apart."""
    world = scene(tmp_path, group_task("g", "a", "b"), group_task("h", "c"))
    world.run()
    assert sorted(g for _, g in world.directory.writes) == ["g", "h"]
    assert world.states() == {"g": "applied", "h": "applied"}
    assert world.settled("g")["members"] == {"moved": 2, "error": 0, "left": 0}
    sweeps = [at for at, kind, g in world.reads if (kind, g) == ("members", "g")][1:]
    assert sweeps[-1] - sweeps[-2] >= 10.0
    assert any(r.startswith("waiting for Entra to process 2 groups: 0 of 3 members done") for r in world.reasons)


def test_processing_complete_may_come_too_early_and_settles_nothing(tmp_path: Path) -> None:
    """The group says at once that it is done; its members follow after twenty minutes, and only that counts."""
    world = scene(tmp_path, group_task("g", "a"), minutes=20.0, told=COMPLETE)
    world.run()
    assert world.states() == {"g": "applied"}
    assert 1200.0 < world.hour.now < 1900.0


def test_members_are_read_only_after_entra_says_that_it_is_done(tmp_path: Path) -> None:
    """A group that takes three hours is asked ever less often, in the end every five minutes."""
    world = scene(tmp_path, group_task("g", "a"), minutes=180.0)
    world.run()
    assert [at for at, kind, _ in world.reads if kind == "members"][1] > 3 * 3600
    assert len([1 for _, kind, _ in world.reads if kind == "group"]) < 3 * 12 + 12


def test_a_group_that_entra_never_finishes_ends_the_session_and_the_next_day_looks_again(tmp_path: Path) -> None:
    """The time counts from the acceptance in the journal; what is done by then is settled, and nothing sent twice."""
    world = scene(tmp_path, group_task("g", "a", "b"), minutes=4 * 60, hours_max=2)
    world.run()
    assert (world.states(), world.queue.overdue) == ({"g": "processing"}, {"g"})
    assert 7200.0 < world.hour.now < 7200.0 + 1200
    world.hour.now += DAY_S
    world.run()
    assert (world.states(), len(world.directory.writes)) == ({"g": "applied"}, 1)


def test_whatever_the_group_says_final_members_settle_it_when_its_time_is_over(tmp_path: Path) -> None:
    """A group that stays in process although everybody is moved."""
    world = scene(tmp_path, group_task("g", "a"), minutes=1e9, hours_max=2)
    world.run(
        at=lambda loop: loop.call_at(60.0, world.directory.members["g"].update, {"a": holding("g", NEW)}) and None
    )
    assert world.states() == {"g": "applied"}


def test_the_window_closes_while_entra_works(tmp_path: Path) -> None:
    """The end says how far Entra is, and that nothing is sent twice."""
    world = scene(tmp_path, group_task("g", "a"), minutes=600.0, control={"stop_after": timedelta(hours=1)})
    with pytest.raises(Unfinished, match="waiting for Entra to process 1 group: 0 of 1 members done"):
        world.run()
    assert world.states() == {"g": "processing"}


@pytest.mark.parametrize("licenses", [(), (GroupLicense(OLD, ()), GroupLicense(NEW, ()))])
def test_a_group_that_somebody_has_changed_is_not_sent(tmp_path: Path, licenses: tuple[GroupLicense, ...]) -> None:
    """Its licenses are read just before."""
    world = scene(tmp_path, group_task("g", "a"))
    world.directory.licenses["g"] = licenses
    world.run()
    assert (world.states(), world.directory.writes) == ({"g": "drifted"}, [])


def test_a_member_who_is_not_in_the_plan_keeps_the_group_unsent(tmp_path: Path) -> None:
    """Somebody joined since; the line names the stranger."""
    world = scene(tmp_path, group_task("g", "a"))
    world.directory.members["g"]["eve"] = holding("g", OLD)
    world.run()
    assert (world.states(), world.directory.writes) == ({"g": "drifted"}, [])
    assert "eve@contoso.example" in world.settled("g")["message"]


def test_who_joins_or_leaves_meanwhile_is_counted(tmp_path: Path) -> None:
    """The joiner is noted by id, the leaver is no failure."""
    world = scene(tmp_path, group_task("g", "a", "b"), minutes=10.0)

    def meddle() -> None:
        del world.directory.members["g"]["b"]
        world.directory.members["g"]["eve"] = holding("g", NEW)

    world.run(at=lambda loop: loop.call_at(60.0, meddle) and None)
    assert world.settled("g")["members"] == {"moved": 1, "error": 0, "left": 1, "joined": 1}
    assert any(e.body.get("joined") == ["eve"] for e in world.journal() if e.kind == "note")


def test_a_group_that_is_deleted_or_changed_midway_is_told_as_that(tmp_path: Path) -> None:
    """Two looks agree before it is believed."""
    world = scene(tmp_path, group_task("g", "a"), group_task("h", "b"), minutes=30.0)

    def meddle() -> None:
        world.directory.gone.add("g")
        world.directory.licenses["h"] = ()

    world.run(at=lambda loop: loop.call_at(60.0, meddle) and None)
    assert world.states() == {"g": "gone", "h": "drifted"}


def test_a_member_in_error_is_named_with_the_kind_of_error(tmp_path: Path) -> None:
    """There was no seat for one, who keeps the old license in another way; the group is settled all the same."""
    world = scene(tmp_path, group_task("g", "a", "b"), outcome=lambda _g, user: NO_SEAT if user == "b" else None)
    world.run()
    assert world.settled("g")["members"] == {"moved": 1, "error": 1, "left": 0}
    assert world.settled("g")["failed"] == [{"id": "b", "sku": NEW, "state": "Error", "error": "CountViolation"}]


def test_members_in_error_are_worked_out_again_once_where_that_is_wished(tmp_path: Path) -> None:
    """Intent and outcome of its own kind, and then they are looked at again."""
    world = scene(tmp_path, group_task("g", "a", "b"), outcome=lambda _g, _user: NO_SEAT, reprocess_errors=True)
    world.run()
    assert sorted(world.directory.reprocessed) == ["a", "b"]
    assert [e.kind for e in world.journal() if e.writes == REPROCESSED] == ["intent", "outcome"]
    assert world.settled("g")["members"] == {"moved": 2, "error": 0, "left": 0}


def test_a_member_without_the_old_license_and_without_a_new_one_ends_the_beginning_of_groups(tmp_path: Path) -> None:
    """Seats let only one group go at a time; the second is never begun, in this session and in the next."""
    bare = holding("g", NEW, "Error", "Other")
    world = scene(
        tmp_path, group_task("g", "a"), group_task("h", "b"), outcome=lambda _g, _u: bare, free=1, minutes=0.1
    )
    for _ in range(2):
        world.run()
        assert (world.queue.lost, [g for _, g in world.directory.writes]) == ({"a"}, ["g"])
        assert world.states() == {"g": "applied", "h": "pending"}
    world.directory.members["g"]["a"] = holding("g", NEW)
    world.directory.outcome = lambda _g, _u: None
    world.run()
    assert world.states() == {"g": "applied", "h": "applied"}


def test_a_group_begins_only_with_a_seat_for_every_member(tmp_path: Path) -> None:
    """Others have taken the seats since the plan: it is left for this call, whole."""
    world = scene(tmp_path, group_task("g", "a", "b", "c"), free=2)
    world.run()
    assert (world.states(), world.queue.short, world.directory.writes) == ({"g": "pending"}, {"g"}, [])


def test_a_lost_answer_is_looked_at_and_never_sent_blind(tmp_path: Path) -> None:
    """The change was made: the group shows it, and it is waited for like any other."""
    world = scene(tmp_path, group_task("g", "a"), answer=answering(Verdict.IN_DOUBT, 0, "lost_reply", times=1))
    world.run()
    assert (world.states(), len(world.directory.writes)) == ({"g": "applied"}, 1)


def test_a_lost_request_goes_out_again_after_two_looks(tmp_path: Path) -> None:
    """Two reads ten seconds apart show the group as before."""
    world = scene(tmp_path, group_task("g", "a"), answer=answering(Verdict.IN_DOUBT, 504, "server_error", times=1))
    world.run()
    assert (world.states(), len(world.directory.writes)) == ({"g": "applied"}, 1)
    assert [e.kind for e in world.journal() if e.kind == "intent"] == ["intent", "intent"]


def test_a_group_in_doubt_that_became_protected_is_held_where_nothing_was_done(tmp_path: Path) -> None:
    """Killed before the request left; a member is protected by the next call."""
    world = scene(tmp_path, group_task("g", "a"), answer=answering(Verdict.IN_DOUBT, 504, "server_error", times=1))
    with pytest.raises(Unfinished):
        world.run(at=lambda loop: loop.call_at(3.0, world.flag.set, "SIGTERM") and None)
    world.flag.reason = ""
    world.look_only = {GroupId("g"): "protected"}
    world.run()
    assert (world.states(), world.directory.writes) == ({"g": "held"}, [])


def test_a_403_of_a_group_that_can_be_assigned_to_roles_stops_nothing(tmp_path: Path) -> None:
    """It is refused for that reason; the other group goes on."""

    def answer(change: AssignGroupLicense) -> Reply | None:
        return Reply(change.group_id, Verdict.REFUSED, 403, reason="permission") if change.group_id == "g" else None

    tasks = (group_task("g", "a"), group_task("h", "b"))
    world = scene(tmp_path, *tasks, answer=answer, role_assignable=frozenset({GroupId("g")}))
    world.run()
    assert world.states() == {"g": "refused", "h": "applied"}
    other = scene(tmp_path / "other", *tasks, answer=answering(Verdict.REFUSED, 403, "permission"))
    other.folder.mkdir()
    with pytest.raises(PermissionMissing):
        other.run()


def test_a_throttled_group_goes_out_again_when_asked(tmp_path: Path) -> None:
    """Retry-After is waited for."""
    world = scene(tmp_path, group_task("g", "a"), answer=answering(Verdict.RETRY, 429, "throttled", times=2))
    world.run()
    assert (world.states(), len(world.directory.writes)) == ({"g": "applied"}, 1)


def test_killed_at_every_await_a_day_later_ends_the_same(tmp_path: Path) -> None:
    """Each kill leaves the journal as it is; the next process finishes, and no group is sent twice."""
    counted = _lived(tmp_path / "whole", die_at=None)
    for die_at in range(1, counted + 1):
        _lived(tmp_path / str(die_at), die_at=die_at)


def _lived(folder: Path, *, die_at: int | None) -> int:
    folder.mkdir()
    world = scene(folder, group_task("g", "a", "b"), group_task("h", "b", "c"), minutes=2.0)
    met = [0]

    def awaits() -> None:
        met[0] += 1
        if met[0] == die_at:
            raise ProcessDied

    world.awaits = awaits
    if die_at is not None:
        with pytest.raises((ProcessDied, asyncio.CancelledError)):
            world.run()
        world.hour.now += DAY_S
        world.directory.catch_up()
    _again(world)
    return met[0]


def _again(world: GroupScene) -> None:
    world.run()
    assert world.states() == {"g": "applied", "h": "applied"}
    assert sorted(g for _, g in world.directory.writes) == ["g", "h"]
