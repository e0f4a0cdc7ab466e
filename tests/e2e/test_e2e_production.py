"""The installed command against Graph and Entra under their real names: every command, and the way to a GO."""

from __future__ import annotations

import pytest
from e2e_rig import TENANT, Rig, tenant

pytest_plugins = ["e2e_fixtures"]
pytestmark = pytest.mark.socket


def test_every_command_of_a_move_that_ends_with_go(rig: Rig) -> None:
    """Check, plan, apply, verify: 0 each; a second apply sends nothing."""
    world = rig.serve(tenant(3))

    checked = rig.run("check", "--json")
    assert (0, TENANT) == (checked.code, checked.json["tenant_id"]), checked.out
    plan_id = rig.plan()
    applied = rig.run("apply", plan_id, "--tenant", TENANT, "--json")
    assert (0, 3, {"applied": 3}) == (applied.code, applied.json["writes"], applied.json["counts"]), applied.out
    verified = rig.run("verify", plan_id, "--json")
    assert (0, "GO") == (verified.code, verified.json["verdict"]), verified.out
    again = rig.run("apply", plan_id, "--tenant", "contoso.example", "--json")
    assert (0, 0) == (again.code, again.json["writes"])
    assert 3 == len(rig.sent()) == len(set(rig.sent()))
    assert [] == world.tenant.strange_calls
