"""Nobody reads what is said: before the first change a clean 4, after the work the code of the work, never a trace."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from worlds.real_command import COMMAND, TENANT, Done, Shop, end, shop, tenant, until
from worlds.sets import few

pytestmark = [
    pytest.mark.socket,
    pytest.mark.skipif(os.name == "nt", reason="closing a descriptor in a shell is for POSIX"),
]
OUTLETS = ("closed", "full", "ended")
USERS = 120


@contextmanager
def outlet(kind: str, number: int) -> Iterator[dict[str, Any]]:
    """How to start a process whose stdout (1) or stderr (2) is closed, on a full disk, or a pipe without a reader."""
    name = {1: "stdout", 2: "stderr"}[number]
    if kind == "closed":
        yield {name: subprocess.DEVNULL, "preexec_fn": lambda: os.close(number)}
    elif kind == "full":
        with Path("/dev/full").open("wb") as full:
            yield {name: full}
    else:
        reader, writer = os.pipe()
        os.close(reader)
        try:
            yield {name: writer}
        finally:
            os.close(writer)


def run(place: Shop, kind: str, number: int, *args: object) -> Done:
    """Run the command with that stream gone."""
    with outlet(kind, number) as options:
        return place.run(*args, **options)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Shop, str]]:
    """A run that has come to GO, with everything that was ever said of it read."""
    with shop(tmp_path_factory.mktemp("finished")) as place:
        plan_id = place.plan()
        place.run("apply", plan_id, "--tenant", TENANT).clean(0)
        place.run("verify", plan_id).clean(0)
        yield place, plan_id


AFTER_THE_WORK = {
    ("--help",): OUTLETS,
    ("--version",): OUTLETS,
    (): OUTLETS,
    ("translate", "ENTERPRISEWITHSCAL", "ENTERPRISEPACK"): OUTLETS,
    ("check",): ["full"],
    ("plan",): ["closed"],
    ("apply", "PLAN", "--tenant", TENANT): ["full"],
    ("apply", "PLAN", "--tenant", "fabrikam.example", "--json"): ["closed"],
    ("verify", "PLAN"): ["closed"],
    ("verify", "PLAN", "--json"): ["ended"],
    ("report", "PLAN"): ["full"],
    ("audit", "PLAN", "--json"): ["full"],
    ("status", "PLAN"): ["closed"],
    ("explain", "PLAN", "user001@contoso.example"): ["ended"],
    ("skus", "--json"): ["full"],
}
AMONG_THEM = (("--version",), ("verify", "PLAN", "--json"))


@pytest.mark.parametrize("command", few(AFTER_THE_WORK, *AMONG_THEM), ids=" ".join)
def test_a_result_that_cannot_be_printed_has_the_code_of_the_work(
    finished: tuple[Shop, str], command: tuple[str, ...]
) -> None:
    """Whatever becomes of stdout; where stderr still goes somewhere, it tells of the loss and of nothing else."""
    place, plan_id = finished
    args = [plan_id if word == "PLAN" else word for word in command]
    expected = place.run(*args).code

    for kind in AFTER_THE_WORK[command]:
        done = run(place, kind, 1, *args).clean(expected)
        assert ("Not everything could be printed (stdout: " in done.err) is (kind != "ended"), done.err


@pytest.mark.parametrize("kind", few(OUTLETS, "closed"))
def test_help_for_a_reader_who_has_seen_enough_is_done(tmp_path: Path, kind: str) -> None:
    """`reseat --help | head -1`, and both streams gone at once."""
    command = f"{COMMAND} --help | head -1; exit ${{PIPESTATUS[0]}}"
    with shop(tmp_path) as place:
        piped = subprocess.run(["bash", "-c", command], env=place.environ, capture_output=True, check=False)
        assert (0, b"") == (piped.returncode, piped.stderr)
        with outlet(kind, 1) as out, outlet(kind, 2) as err:
            assert 0 == place.run("--help", **{**out, **err}).clean(0).code


SAYS_SOMETHING_FIRST = {
    "plan": ("plan",),
    "verify": ("verify", "PLAN"),
    "apply": ("apply", "PLAN", "--tenant", TENANT, "--json"),
    "run": ("run", "--approve", TENANT, "--json"),
}


@pytest.mark.thorough
@pytest.mark.parametrize("command", few(SAYS_SOMETHING_FIRST, "apply"))
def test_before_the_first_change_lost_messages_end_the_command(tmp_path: Path, command: str) -> None:
    """A clean 4: nothing was sent, no plan is half written, and the same command does it when somebody reads."""
    with shop(tmp_path) as place:
        plan_id = place.plan()
        args = [plan_id if word == "PLAN" else word for word in SAYS_SOMETHING_FIRST[command]]
        for kind in OUTLETS:
            done = run(place, kind, 2, *args).clean(4)
            assert "nobody can read the messages any more (stderr: " in done.out or "--json" not in args, done
            assert [] == place.sent
        assert [] == list(place.folder.glob("runs/*/progress.json"))
        place.run(*args).clean(0, 3)


@pytest.mark.parametrize("kind", few(OUTLETS))
def test_between_the_steps_of_a_run_a_lost_output_ends_it(tmp_path: Path, kind: str) -> None:
    """`run` prints what `check` found before anything is planned or sent."""
    with shop(tmp_path) as place:
        done = run(place, kind, 1, "run", "--approve", TENANT).clean(4)

        assert "nobody can read the output any more (stdout: " in done.err
        assert [] == place.sent
        place.run("run", "--approve", TENANT).clean(0)
        place.moved(3)


@pytest.mark.parametrize("gone", few([("closed", 2), ("full", 1), ("ended", 1)]))
def test_a_demo_that_nobody_reads_ends_as_well(tmp_path: Path, gone: tuple[str, int]) -> None:
    """Also in the middle of its first sentence."""
    with shop(tmp_path) as place:
        run(place, *gone, "demo", "--users", "5").clean(4)


async def slow(path: str, _writes: int) -> None:
    """A batch takes its time, so that there is a middle."""
    await asyncio.sleep(0.15 if path == "$batch" else 0.0)


def ended_in_the_middle(place: Shop, plan_id: str, why: str) -> None:
    """What was in flight has its answer, the journal its last line, and the same command comes to the end."""
    last = place.journal(plan_id)[-1]
    assert ("end", 4) == (last["kind"], last["code"])
    assert why in last["reason"]
    batches = [line["kind"] for line in place.journal(plan_id) if line["kind"] in {"intent", "outcome"}]
    assert batches.count("intent") == batches.count("outcome")
    assert 0 < len(place.sent) < USERS
    place.run("apply", plan_id, "--tenant", TENANT).clean(0)
    place.moved(USERS)


@pytest.mark.thorough
def test_a_terminal_that_goes_away_ends_the_run_like_a_signal(tmp_path: Path) -> None:
    """The window was closed while the live line was being redrawn."""
    with shop(tmp_path, tenant(USERS), slow) as place:
        plan_id = place.plan()
        here, there = os.openpty()
        started = place.start("apply", plan_id, "--tenant", TENANT, stderr=there, environ={"TERM": "xterm"})
        os.close(there)
        assert os.read(here, 1)
        until(lambda: place.sent, "the first change")
        os.close(here)

        assert "nobody can read the messages any more (stderr: " in end(started).clean(4).out
        ended_in_the_middle(place, plan_id, "nobody can read the messages any more")


@pytest.mark.thorough
def test_a_pipe_that_ends_ends_the_run_like_a_signal(tmp_path: Path) -> None:
    """The log collector died; the next line finds that out."""
    with shop(tmp_path, tenant(USERS), slow) as place:
        place.configure('\n[[wave]]\nname = "first"\nusers = 30\nthen = "continue"\n')
        plan_id = place.plan()
        started = place.start("apply", plan_id, "--tenant", TENANT)
        assert started.stderr is not None
        assert started.stderr.read(1)
        started.stderr.close()
        started.stderr = None

        end(started).clean(4)
        ended_in_the_middle(place, plan_id, "stderr: Broken pipe")


@pytest.mark.parametrize("times", few([1, 2]))
def test_a_hangup_ends_the_run_like_any_signal(tmp_path: Path, times: int) -> None:
    """A closing terminal says so once, or once by the shell and once by the system; both are one wish."""
    with shop(tmp_path, tenant(USERS), slow) as place:
        plan_id = place.plan()
        heard = partial(signal.signal, signal.SIGHUP, signal.SIG_DFL)  # whoever runs the tests may ignore it
        started = place.start("apply", plan_id, "--tenant", TENANT, preexec_fn=heard)
        until(lambda: place.sent, "the first change")
        for _ in range(times):
            started.send_signal(signal.SIGHUP)

        assert "SIGHUP" in end(started).clean(4).out
        ended_in_the_middle(place, plan_id, "signal SIGHUP")


@pytest.mark.thorough
def test_a_hangup_that_is_to_be_ignored_is_ignored(tmp_path: Path) -> None:
    """`nohup reseat apply …` goes on when the terminal closes."""
    with shop(tmp_path, tenant(USERS), slow) as place:
        plan_id = place.plan()
        started = place.start(
            "apply", plan_id, "--tenant", TENANT, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)
        )
        until(lambda: place.sent, "the first change")
        started.send_signal(signal.SIGHUP)

        end(started).clean(0)
        place.moved(USERS)


@pytest.mark.thorough
def test_a_watcher_who_has_seen_enough_ends_cleanly(finished: tuple[Shop, str]) -> None:
    """`reseat status --watch | head -1` leaves nothing behind."""
    place, plan_id = finished
    run(place, "ended", 1, "status", plan_id, "--watch").clean(0)
    run(place, "ended", 1, "status", plan_id, "--watch", "--json").clean(0)
