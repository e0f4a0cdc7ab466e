"""Killed, interrupted, paused, slowed: the same command goes on, and nobody is changed twice."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import Callable

import pytest
from worlds.loopback.rig import E3, E4, SETTINGS, TENANT, Rig, tenant, until
from worlds.machine import lacking
from worlds.sets import few

from connectors.sandbox.api.world import World

pytestmark = [
    pytest.mark.socket,
    pytest.mark.skipif(os.name == "nt", reason="signals of other processes are for POSIX"),
]
USERS = 70


async def slow(path: str, calls: int) -> None:
    """A batch takes its time, so that a kill meets requests under way."""
    await asyncio.sleep(0.15 if path == "$batch" else 0.0)


def serve(rig: Rig, users: int = USERS) -> tuple[World, str]:
    """A tenant and its plan; at full pace the plan takes some seconds."""
    world = rig.serve(tenant(users), latency=slow)
    return world, rig.plan()


def all_moved_once(rig: Rig, world: World) -> None:
    """Every user has the target and not the source, after one change each."""
    assert (0, USERS) == (world.tenant.consumed(E4), world.tenant.consumed(E3))
    assert USERS == len(rig.sent()) == len(set(rig.sent()))


def test_killed_at_any_moment_the_same_command_comes_to_the_same_end(rig: Rig) -> None:
    """Four times kill -9 at seeded moments; then 0, a second apply sends nothing, and verify says GO."""
    world, plan_id = serve(rig)
    dice = random.Random(20)
    moments: list[Callable[[], bool]] = [
        lambda: bool(rig.journal(plan_id)),
        lambda: any(line["kind"] == "intent" for line in rig.journal(plan_id)),
        *(lambda n=n: len(world.tenant.write_log) >= n for n in sorted(dice.sample(range(1, USERS - 10), 2))),
    ]
    for moment in moments:
        started = rig.start("apply", plan_id, "--tenant", TENANT)
        until(lambda moment=moment, started=started: moment() or started.poll() is not None, "the moment", 60)
        started.kill()
        assert -signal.SIGKILL == rig.end(started).code

    last = rig.run("apply", plan_id, "--tenant", TENANT, "--json")

    assert 0 == last.code, last.out + last.err
    all_moved_once(rig, world)
    again = rig.run("apply", plan_id, "--tenant", TENANT, "--json")
    assert (0, 0) == (again.code, again.json["writes"])
    assert (0, "GO") == ((done := rig.run("verify", plan_id, "--json")).code, done.json["verdict"])
    all_moved_once(rig, world)


@pytest.mark.parametrize("number", few([signal.SIGINT, signal.SIGTERM], signal.SIGTERM))
def test_a_signal_ends_cleanly_with_4(rig: Rig, number: signal.Signals) -> None:
    """Within ten seconds, with the journal's last line; the same command continues."""
    world, plan_id = serve(rig)
    started = rig.start("apply", plan_id, "--tenant", TENANT, "--json")
    until(lambda: world.tenant.write_log, "the first write", 60)
    began = time.monotonic()
    started.send_signal(number)
    done = rig.end(started)

    assert (4, 4) == (done.code, done.json["exit_code"]), done.err
    assert 10 > time.monotonic() - began
    end = rig.journal(plan_id)[-1]
    assert ("end", 4) == (end["kind"], end["code"])
    assert number.name in end["reason"]
    assert 0 == rig.run("apply", plan_id, "--tenant", TENANT).code
    all_moved_once(rig, world)


@pytest.mark.thorough
def test_a_signal_ends_a_run_whose_requests_are_never_answered(rig: Rig) -> None:
    """A server that keeps silent does not keep the operator."""
    asked: list[int] = []

    async def silent(path: str, calls: int) -> None:
        if path == "$batch":
            asked.append(calls)
            await asyncio.Event().wait()

    rig.serve(tenant(200))
    plan_id = rig.plan()
    rig.serve(tenant(200), latency=silent)
    started = rig.start("apply", plan_id, "--tenant", TENANT)
    until(lambda: len(asked) >= 5, "a question about each of the first hundred users", 60)
    began = time.monotonic()
    started.send_signal(signal.SIGINT)

    done = rig.end(started)

    assert 4 == done.code, done.out + done.err
    assert 12 > time.monotonic() - began
    assert "SIGINT" in done.out + done.err


def test_a_signal_ends_a_read(rig: Rig) -> None:
    """`plan` writes nothing more and ends with 4."""

    async def wait(path: str, calls: int) -> None:
        await asyncio.sleep(0.3)

    world = rig.serve(tenant(3), latency=wait)
    started = rig.start("plan")
    until(lambda: world.requests, "the first request", 60)
    started.send_signal(signal.SIGTERM)
    rig.end(started).says(4, "SIGTERM")
    assert not list(rig.folder.glob("runs/p*/plan.json"))


def test_a_signal_ends_the_wait_for_a_product(rig: Rig) -> None:
    """`check --wait` may take days, and ends within a second."""
    world = rig.serve(tenant(3))
    world.tenant.skus[E3].hidden = True
    started = rig.start("check", "--wait")
    assert started.stderr is not None
    assert b"waiting 5m00s" in started.stderr.readline()
    began = time.monotonic()
    started.send_signal(signal.SIGINT)
    rig.end(started).says(4, "SIGINT")
    assert 5 > time.monotonic() - began


@pytest.mark.thorough
def test_a_pause_file_holds_the_run_and_its_removal_lets_it_go(rig: Rig) -> None:
    """While it is there nothing is sent, and the reason is told."""
    world, plan_id = serve(rig)
    pause = rig.folder / "runs" / plan_id / "pause"
    pause.touch()
    started = rig.start("apply", plan_id, "--tenant", TENANT)
    until(lambda: rig.journal(plan_id), "the session", 60)
    standing = rig.run("status", plan_id)
    assert (0, []) == (standing.code, world.tenant.write_log)
    assert "Paused: remove the file `pause`" in standing.out
    pause.unlink()
    done = rig.end(started)
    assert 0 == done.code, done.err
    assert "pause" in done.err
    all_moved_once(rig, world)


@pytest.mark.thorough
def test_a_speed_file_replaces_the_share_of_the_quota(rig: Rig) -> None:
    """The settings alone would take minutes for what the file lets through in seconds."""
    world = rig.serve(tenant(USERS))
    rig.configure(SETTINGS + "\n[pace]\nquota_share = 0.02\n")
    plan_id = rig.plan()
    (rig.folder / "runs" / plan_id / "speed").write_text("1.0", encoding="ascii")
    began = time.monotonic()
    assert 0 == rig.run("apply", plan_id, "--tenant", TENANT).code
    assert 60 > time.monotonic() - began
    all_moved_once(rig, world)


@pytest.mark.thorough
def test_a_time_limit_ends_cleanly_with_4(rig: Rig) -> None:
    """`--stop-after` is for agents and night windows."""
    world, plan_id = serve(rig)
    done = rig.run("apply", plan_id, "--tenant", TENANT, "--stop-after", "1s", "--json")
    assert 4 == done.code, done.err
    assert "stop_after" in done.json["reason"]
    assert 0 == rig.run("run", "--approve", TENANT).code
    all_moved_once(rig, world)


@pytest.mark.thorough
def test_a_wave_that_says_stop_is_4_until_the_next_is_named(rig: Rig) -> None:
    """`apply` stops after the pilot each time; `--wave` goes on."""
    world = rig.serve(tenant(6))
    rig.configure(SETTINGS + '\n[[wave]]\nname = "pilot"\nusers = 2\n\n[[wave]]\nname = "rest"\nusers = "100%"\n')
    plan_id = rig.plan()

    for _ in range(2):
        assert 4 == rig.run("apply", plan_id, "--tenant", TENANT).code
        assert 2 == len(rig.sent())
    assert 0 == rig.run("apply", plan_id, "--tenant", TENANT, "--wave", "rest").code
    assert (6, 6) == (len(rig.sent()), world.tenant.consumed(E3))


@pytest.mark.thorough
def test_a_lost_answer_is_never_sent_blind(rig: Rig) -> None:
    """Made or not, answered or not: the user is read, and changed once."""
    world, plan_id = serve(rig)

    def writes(method: str, path: str) -> bool:
        return path == "$batch" and any(line["kind"] == "intent" for line in rig.journal(plan_id))

    world.faults.where = lambda method, path: path.endswith("assignLicense") or writes(method, path)
    faults = ("drop_before", "drop_after", "unreadable", "throttled_applied", "item_missing")
    for fault in faults:
        world.faults.force(fault)

    done = rig.run("apply", plan_id, "--tenant", TENANT)

    assert (0, dict.fromkeys(faults, 1)) == (done.code, dict(world.faults.seen)), done.out + done.err
    all_moved_once(rig, world)


@pytest.mark.thorough
def test_a_journal_that_cannot_be_written_is_4(rig: Rig) -> None:
    """A limit on file sizes stands for a full disk: nothing is sent without its line, and later it goes on."""
    resource = pytest.importorskip("resource")
    world, plan_id = serve(rig)
    size = 12_000
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    if before[1] not in (-1, resource.RLIM_INFINITY) and before[1] < size:
        lacking("the limit on file sizes is too low already")
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        started = rig.start("apply", plan_id, "--tenant", TENANT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    done = rig.end(started)

    assert 4 == done.code, done.out + done.err
    assert 0 < len(rig.sent()) < USERS
    assert 0 == rig.run("apply", plan_id, "--tenant", TENANT).code
    all_moved_once(rig, world)
