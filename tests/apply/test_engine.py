"""The engine on virtual time: what leaves, what is journalled, how a session ends, and what a signal does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from worlds.engine_parts import BEFORE, MOVED, NEW, OLD, OTHER, Scene, names, profile, reply, tasks

from connectors.changes import AssignLicense, Reply, Verdict
from connectors.errors import NetworkAway, PermissionMissing, Unauthorized
from jobs.license_reassignment.apply.engine import READ_AGE_MAX
from jobs.license_reassignment.apply.queue import LOOKS_MAX
from jobs.license_reassignment.apply.replies import StrangeAnswer
from jobs.license_reassignment.errors import ExitCode, Unfinished
from jobs.license_reassignment.model.standing import Standing, fold
from jobs.license_reassignment.run_folder.load import entries


def verdict(value: Verdict, status: int = 400, reason: str = "", **more: object) -> object:
    """Answer every change so."""
    return lambda change: reply(change.user_id, value, status, reason, **more)


def once(first: Reply) -> object:
    """Answer one change so, the first time only; carry everything else out."""
    left = [first]

    def answer(change: AssignLicense) -> Reply | None:
        return left.pop() if left and left[0].id == change.user_id else None

    return answer


def test_everybody_is_moved_and_the_journal_says_so(tmp_path: Path) -> None:
    """45 users in three batches: intent before outcome, and the end is 0."""
    scene = Scene(tmp_path, tasks(*names(45)))
    ending = scene.run()
    assert (ending.code, ending.reason) == (ExitCode.DONE, "every change was answered, none refused")
    assert sorted(u for _, batch in scene.sent for u in batch) == names(45)
    assert scene.kinds().count("intent") == scene.kinds().count("outcome") == 3
    assert set(scene.states().values()) == {"applied"}
    assert fold(entries(scene.head().lines)) == scene.queue.standings


def test_no_more_batches_are_on_their_way_than_the_settings_allow(tmp_path: Path) -> None:
    """Ten batches of 10 s each, three at a time: four rounds."""
    scene = Scene(tmp_path, tasks(*names(200)), in_flight=3, latency_s=10.0)
    scene.run()
    starts = [at for at, _ in scene.sent]
    assert max(sum(at <= other < at + 9.99 for other in starts) for at in starts) == 3
    assert scene.hour.now < 45.0


def test_reads_that_grew_old_while_waiting_for_a_turn_are_made_again(tmp_path: Path) -> None:
    """A turn that takes two minutes: nothing leaves on a read older than READ_AGE_MAX, and the run does end."""
    scene = Scene(tmp_path, tasks(*names(30)), turn_s=120.0)
    real, read_at = scene.read_users, dict[str, float]()

    async def noting(ids: list[str]) -> object:
        found = await real(ids)  # type: ignore[arg-type]
        read_at.update(dict.fromkeys(ids, scene.hour.now))
        return found

    sent_age: list[float] = []
    real_assign = scene.assign

    async def ageing(batch: list[AssignLicense]) -> object:
        sent_age.extend(scene.hour.now - read_at[c.user_id] for c in batch)
        return await real_assign(batch)

    scene.read_users, scene.assign = noting, ageing  # type: ignore[method-assign,assignment]
    assert scene.run().code == ExitCode.DONE
    assert max(sent_age) <= READ_AGE_MAX.total_seconds()


def test_who_changed_since_the_plan_is_not_sent(tmp_path: Path) -> None:
    """Gone, drifted, or moved already by somebody else; nobody of them costs a write."""
    scene = Scene(tmp_path, tasks("gone", "drifted", "already", "as planned"))
    scene.holds |= {"gone": None, "drifted": profile(OLD, NEW), "already": MOVED}
    ending = scene.run()
    assert scene.states() == {"gone": "gone", "drifted": "drifted", "already": "already", "as planned": "applied"}
    assert [batch for _, batch in scene.sent] == [["as planned"]]
    assert (ending.code, ending.reason) == (ExitCode.PEOPLE_LEFT, "1 user drifted, 1 user gone")


def test_a_license_that_the_plan_is_not_about_is_no_drift(tmp_path: Path) -> None:
    """Somebody got Visio meanwhile: the move goes on."""
    scene = Scene(tmp_path, tasks("a"), holds={"a": profile(OLD, OTHER)})
    assert scene.run().code == ExitCode.DONE


def test_a_refusal_is_final_and_leaves_a_3(tmp_path: Path) -> None:
    """It is sent once."""
    scene = Scene(tmp_path, tasks("a", "b"), answer=once(reply("a", Verdict.REFUSED, 400, "conflict")))  # type: ignore[arg-type]
    ending = scene.run()
    assert (ending.code, scene.states()) == (ExitCode.PEOPLE_LEFT, {"a": "refused", "b": "applied"})
    assert [u for _, batch in scene.sent for u in batch].count("a") == 1


def test_too_many_refusals_end_the_run_with_a_4(tmp_path: Path) -> None:
    """40 users, everybody refused, limit 5 %: after the first batches nothing more leaves."""
    scene = Scene(
        tmp_path,
        tasks(*names(100)),
        answer=verdict(Verdict.REFUSED, 400, "conflict"),
        refusals_percent_max=5,
        in_flight=1,  # type: ignore[arg-type]
    )
    with pytest.raises(Unfinished, match="20 of 20 changes were refused"):
        scene.run()
    assert len(scene.sent) == 1


def test_seats_taken_by_others_leave_the_rest_pending_with_a_4(tmp_path: Path) -> None:
    """After the batches that were already in line the product is not asked for again; nobody is refused."""
    taken = [0]

    def answer(change: AssignLicense) -> Reply | None:
        taken[0] += 1
        if taken[0] > 5:
            return reply(
                change.user_id, Verdict.REFUSED, 400, "no_seat", message=f"SKU {NEW} does not have any available"
            )
        return None

    scene = Scene(tmp_path, tasks(*names(60)), answer=answer, in_flight=1)
    ending = scene.run()
    assert (ending.code, ending.reason[:31]) == (ExitCode.STOPPED, "seats were taken by others: e3;")
    assert (scene.queue.counts["applied"], scene.queue.counts["pending"]) == (5, 55)
    assert len(scene.sent) <= 2


def test_a_lost_answer_is_read_before_anything_else(tmp_path: Path) -> None:
    """The write had worked: two looks apart settle it, and it is never sent again."""
    scene = Scene(tmp_path, tasks("a"))

    def lost(change: AssignLicense) -> Reply:
        scene.holds[change.user_id] = MOVED
        return reply(change.user_id, Verdict.IN_DOUBT, 0, "lost_reply")

    scene.answer = lost
    assert scene.run().code == ExitCode.DONE
    assert (len(scene.sent), scene.reads["a"], scene.states()) == (1, 3, {"a": "applied"})
    assert scene.hour.now >= 20.0


def test_a_lost_request_is_sent_again_once_it_is_proven_without_effect(tmp_path: Path) -> None:
    """Two looks show the user as before; then it goes out a second time."""
    scene = Scene(tmp_path, tasks("a"), answer=once(reply("a", Verdict.IN_DOUBT, 0, "lost_reply")))  # type: ignore[arg-type]
    assert scene.run().code == ExitCode.DONE
    (first, _), (second, _) = scene.sent
    assert 20.0 < second - first - scene.latency_s < 23.0
    assert [k for k in scene.kinds() if k != "note"] == ["intent", "outcome", "settled", "intent", "outcome"]


def test_a_doubt_that_others_overlaid_is_drift(tmp_path: Path) -> None:
    """Two looks agree on something that is neither before nor done."""
    scene = Scene(tmp_path, tasks("a"))

    def overlaid(change: AssignLicense) -> Reply:
        scene.holds[change.user_id] = profile(OTHER)
        return reply(change.user_id, Verdict.IN_DOUBT, 504, "server_error")

    scene.answer = overlaid
    assert (scene.run().code, scene.states()) == (ExitCode.PEOPLE_LEFT, {"a": "drifted"})


def test_reads_that_never_agree_leave_the_doubt_to_the_next_start(tmp_path: Path) -> None:
    """Every look shows something else: after LOOKS_MAX the session ends with a 4."""
    scene = Scene(tmp_path, tasks("a"), answer=verdict(Verdict.IN_DOUBT, 0, "lost_reply"))  # type: ignore[arg-type]
    real = scene.read_users

    async def changing(ids: list[str]) -> object:
        found = await real(ids)  # type: ignore[arg-type]
        return [replace(r, profile=(BEFORE, MOVED)[scene.reads["a"] % 2 == 0]) for r in found]

    scene.read_users = changing  # type: ignore[method-assign,assignment]
    ending = scene.run()
    assert (ending.code, ending.reason) == (ExitCode.STOPPED, "1 user in doubt: reads do not agree yet")
    assert scene.reads["a"] == 1 + LOOKS_MAX


def test_a_resumed_doubt_is_settled_without_a_write(tmp_path: Path) -> None:
    """The dead session's write had worked."""
    scene = Scene(tmp_path, tasks("a"), standings={"a": Standing("in_doubt", "unproven", sent=1)}, holds={"a": MOVED})
    assert scene.run().code == ExitCode.DONE
    assert (scene.sent, scene.states()) == ([], {"a": "applied"})


def test_a_change_of_ours_that_shows_late_is_ours(tmp_path: Path) -> None:
    """Throttled, sent before, and found done at the read before the second send: moved, not already there."""
    scene = Scene(tmp_path, tasks("a"), standings={"a": Standing("pending", "throttled", sent=1)}, holds={"a": MOVED})
    scene.run()
    assert scene.states() == {"a": "applied"}


def test_what_is_throttled_waits_as_long_as_graph_says(tmp_path: Path) -> None:
    """Retry-After 30 s; the other users go on."""
    first = reply("u000", Verdict.RETRY, 429, "throttled", retry_after_s=30.0)
    scene = Scene(tmp_path, tasks(*names(25)), answer=once(first), in_flight=1)  # type: ignore[arg-type]
    assert scene.run().code == ExitCode.DONE
    again = [at for at, batch in scene.sent if "u000" in batch]
    assert 30.0 <= again[1] - again[0] - scene.latency_s <= 33.0


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (reply("a", Verdict.STOP, 401, "unauthorized"), Unauthorized),
        (reply("a", Verdict.REFUSED, 403, "restricted_management"), PermissionMissing),
        (reply("a", Verdict.STOP, 400, "wrong_body"), StrangeAnswer),
        (reply("a", Verdict.STOP, 299, "unknown_status"), Unfinished),
    ],
)
def test_an_answer_that_ends_the_run_is_journalled_first(tmp_path: Path, said: Reply, error: type[Exception]) -> None:
    """The change itself stays pending, for it was not carried out."""
    scene = Scene(tmp_path, tasks("a"), answer=once(said))  # type: ignore[arg-type]
    with pytest.raises(error):
        scene.run()
    assert (scene.kinds(), scene.states()) == (["intent", "outcome"], {"a": "pending"})


def test_an_error_of_the_outside_ends_all_workers_and_keeps_its_code(tmp_path: Path) -> None:
    """What is on its way is still awaited and journalled."""
    scene = Scene(tmp_path, tasks(*names(200)), latency_s=5.0)
    real, asked = scene.read_users, [0]

    async def away(ids: list[str]) -> object:
        asked[0] += 1
        if asked[0] > 5:
            raise NetworkAway("The network is away.")
        return await real(ids)  # type: ignore[arg-type]

    scene.read_users = away  # type: ignore[method-assign,assignment]
    with pytest.raises(NetworkAway):
        scene.run()
    assert scene.kinds().count("intent") == scene.kinds().count("outcome") == len(scene.sent) >= 1


def test_a_wave_that_says_stop_ends_the_session_with_a_4(tmp_path: Path) -> None:
    """The waves after it are not touched."""
    plan = {**tasks("a", "b", wave="pilot"), **tasks("c", wave="rest")}
    scene = Scene(tmp_path, plan, waves=("pilot",))
    ending = scene.run()
    assert (ending.code, "pilot" in ending.reason) == (ExitCode.STOPPED, True)
    assert scene.states() == {"a": "applied", "b": "applied", "c": "pending"}


def test_a_stop_weighs_more_than_people_who_are_left(tmp_path: Path) -> None:
    """Refusals in the pilot, and a wave still to come: 4, so that nobody takes the plan for finished."""
    plan = {**tasks("a", "b", wave="pilot"), **tasks("c", wave="rest")}
    said = once(reply("a", Verdict.REFUSED, 400, "conflict"))
    scene = Scene(tmp_path, plan, waves=("pilot",), answer=said)  # type: ignore[arg-type]
    assert scene.run().code == ExitCode.STOPPED


def test_waves_that_continue_run_one_after_the_other(tmp_path: Path) -> None:
    """Nobody of the second wave leaves before everybody of the first has an answer."""
    plan = {**tasks(*names(25), wave="pilot"), **tasks("z", wave="rest")}
    scene = Scene(tmp_path, plan, waves=("pilot", "rest"), latency_s=7.0)
    assert scene.run().code == ExitCode.DONE
    last_answer = max(at for at, batch in scene.sent if "z" not in batch) + 7.0
    assert min(at for at, batch in scene.sent if "z" in batch) >= last_answer


def test_a_batch_in_line_is_not_sent_once_its_seats_have_run_out(tmp_path: Path) -> None:
    """Two batches were read ahead; the first one learns that no seat is left, and no other change leaves."""
    no_seat = reply("", Verdict.REFUSED, 400, "no_seat")
    scene = Scene(tmp_path, tasks(*names(80)), turn_s=5.0, in_flight=1, answer=lambda c: replace(no_seat, id=c.user_id))

    ending = scene.run()

    assert (ending.code, len(scene.sent)) == (ExitCode.STOPPED, 1)
    assert set(scene.states().values()) == {"pending"}
