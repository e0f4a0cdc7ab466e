"""How a session of the engine is stopped from outside: signal, time limit, pause file, full disk."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from worlds.engine_parts import Scene, names, tasks
from worlds.virtual_time import VirtualLoop

from jobs.license_reassignment.apply.engine import ANSWER_S, GRACE_S
from jobs.license_reassignment.errors import ExitCode, Unfinished


def test_after_ctrl_c_no_new_request_leaves_and_answers_in_time_are_journalled(tmp_path: Path) -> None:
    """Signal at 3 s, answers at about 5 s: both batches on their way are answered, the other eight never leave."""
    scene = Scene(tmp_path, tasks(*names(200)), latency_s=5.0)
    with pytest.raises(Unfinished, match="SIGINT"):
        scene.run(at=lambda loop: loop.call_at(3.0, scene.flag.set, "SIGINT") and None)
    assert (len(scene.sent), max(at for at, _ in scene.sent) <= 3.0) == (2, True)
    assert scene.kinds().count("outcome") == 2
    assert scene.hour.now <= 3.0 + GRACE_S + 1.0


def test_after_a_signal_nobody_in_line_reads_once_more(tmp_path: Path) -> None:
    """The turn takes long and the reads of the others have aged; the signal ends the line, and nobody looks again."""
    scene = Scene(tmp_path, tasks(*names(80)), turn_s=60.0)
    with pytest.raises(Unfinished, match="SIGTERM"):
        scene.run(at=lambda loop: loop.call_at(40.0, scene.flag.set, "SIGTERM") and None)
    assert (scene.sent, set(scene.reads.values())) == ([], {1})


def test_after_ctrl_c_an_answer_that_does_not_come_is_waited_for_eight_seconds(tmp_path: Path) -> None:
    """What has no answer by then stays in doubt, with its intent on disk."""
    scene = Scene(tmp_path, tasks(*names(20)), latency_s=100.0)
    with pytest.raises(Unfinished, match="SIGINT"):
        scene.run(at=lambda loop: loop.call_at(3.0, scene.flag.set, "SIGINT") and None)
    assert scene.hour.now == pytest.approx(3.0 + GRACE_S, abs=1.5)
    assert (scene.kinds(), set(scene.states().values())) == (["intent"], {"in_doubt"})


def test_without_a_signal_an_ending_run_waits_longer_for_answers(tmp_path: Path) -> None:
    """The time limit is no hurry: an answer after a minute is still taken."""
    scene = Scene(
        tmp_path, tasks(*names(40)), latency_s=60.0, in_flight=1, control={"stop_after": timedelta(seconds=5)}
    )
    with pytest.raises(Unfinished, match="time limit"):
        scene.run()
    assert (len(scene.sent), scene.kinds().count("outcome")) == (1, 1)
    assert scene.hour.now < ANSWER_S


def test_a_pause_holds_everything_back_until_it_is_taken_away(tmp_path: Path) -> None:
    """The file is there from the start, for a minute."""
    (tmp_path / "pause").touch()
    scene = Scene(tmp_path, tasks("a"))
    assert scene.run(at=lambda loop: loop.call_at(60.0, (tmp_path / "pause").unlink) and None).code == ExitCode.DONE
    assert 60.0 <= scene.sent[0][0] <= 63.0


def test_a_pause_that_never_ends_spends_the_wait_budget(tmp_path: Path) -> None:
    """After an hour without anything that moves the session ends with a 4."""
    (tmp_path / "pause").touch()
    scene = Scene(tmp_path, tasks("a"))
    with pytest.raises(Unfinished, match="no progress for 60 minutes"):
        scene.run()
    assert scene.sent == []


def test_a_full_disk_sends_nothing_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its intent on disk no request leaves."""
    scene = Scene(tmp_path, tasks("a"))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("jobs.license_reassignment.run_folder.journal._write_all", full)
    with pytest.raises(Unfinished, match="No space left on device"):
        scene.run()
    assert (scene.sent, scene.kinds()) == ([], [])


def test_a_pause_that_comes_while_a_turn_is_waited_for_holds_that_batch_too(tmp_path: Path) -> None:
    """The quota lets it go at 30 s, the file is there from 10 s to 90 s; the users are read again before it leaves."""
    scene = Scene(tmp_path, tasks("a"), turn_s=30.0)

    def at(loop: VirtualLoop) -> None:
        loop.call_at(10.0, (tmp_path / "pause").touch)
        loop.call_at(90.0, (tmp_path / "pause").unlink)

    assert scene.run(at=at).code == ExitCode.DONE
    assert 90.0 <= scene.sent[0][0] <= 93.0
    assert scene.reads["a"] == 2
