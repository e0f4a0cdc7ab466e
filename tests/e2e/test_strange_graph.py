"""The installed command against a Graph of other hands: legal answers that look unlike the embedded tenant's."""

from __future__ import annotations

import itertools

import pytest
from e2e.strange import NEW_PLAN, VOICE, Strange
from worlds.loopback.rig import E3, E4, TENANT, Rig

pytestmark = pytest.mark.socket

USERS = [f"ABCDEF00-0000-4000-8000-0000000000A{n}".lower() for n in range(5)]


def strange(rig: Rig, **more: object) -> Strange:
    """Five holders of E4, one with a plan switched off, behind Graph's name."""
    graph = Strange(users={user: {E4: []} for user in USERS}, **more)  # type: ignore[arg-type]
    graph.users[USERS[0]][E4] = [VOICE]
    rig.internet.graph.app = graph.app()
    return graph


@pytest.mark.thorough
def test_a_move_to_go_with_every_optional_thing_missing(rig: Rig) -> None:
    """Empty pages, opaque links, upper-case ids, null errors, compressed bodies: 0 at each step."""
    graph = strange(rig)

    checked = rig.run("check", "--json")
    assert 0 == checked.code, checked.out
    plan_id = rig.plan()
    applied = rig.run("apply", plan_id, "--tenant", TENANT, "--json")
    assert 0 == applied.code, applied.out
    verified = rig.run("verify", plan_id, "--json")

    assert (0, "GO") == (verified.code, verified.json["verdict"]), verified.out
    assert USERS == sorted(graph.writes)
    assert {user: {E3: []} for user in USERS} == graph.users
    assert [{"addLicenses", "removeLicenses"}] * 5 == [set(body) for body in graph.bodies]
    assert not any(NEW_PLAN in str(body) for body in graph.bodies)


@pytest.mark.thorough
def test_items_that_are_throttled_one_by_one_are_sent_again_once(rig: Rig) -> None:
    """Every seventh call inside or outside a batch is told to wait a second; nobody is changed twice."""
    graph = strange(rig, throttle=(n % 7 == 6 for n in itertools.count()))

    done = rig.run("run", "--approve", TENANT, "--json")

    assert (0, "GO") == (done.code, done.json["reconciliation"]["verdict"]), done.out + done.err
    assert USERS == sorted(graph.writes)


@pytest.mark.thorough
def test_a_tenant_without_the_recycle_bin_is_not_go(rig: Rig) -> None:
    """Where the collection does not exist the gate cannot be checked, and everything else is done."""
    strange(rig, deleted_items=404)

    done = rig.run("run", "--approve", TENANT, "--json")

    gates = {gate["id"]: gate["status"] for gate in done.json["reconciliation"]["gates"]}
    assert (3, "not_checkable") == (done.code, gates["no_soft_deleted_holders"]), done.out + done.err
