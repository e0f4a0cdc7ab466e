"""A whole call of apply with a group in it: users first, then the group, then what its members hold directly too."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from worlds.rehearsal import Rehearsal, tenant_of

from jobs.license_reassignment.commands import apply as command
from jobs.license_reassignment.errors import ExitCode
from jobs.license_reassignment.model.plan import Plan
from jobs.license_reassignment.run_folder.journal import Journal
from jobs.license_reassignment.run_folder.load import load_plan

GROUP = "11ce0000-e4e4-4000-8000-000000000001"
E4, E3 = "1392051d-0cb9-4b7a-88d5-621fee5e8711", "6fd2c87f-b296-42f0-b197-1e91e994b900"
ORGANIZATION = {"id": "c0a70500-0000-4000-8000-000000000001", "name": "Contoso", "domains": ["contoso.example"]}
SETTINGS = """
[tenant]
id = "c0a70500-0000-4000-8000-000000000001"
credential = "sandbox"
graph_url = "http://127.0.0.1:8080/v1.0"
[source]
skus = ["ENTERPRISEWITHSCAL"]
[[swap]]
name = "everyone"
to = ["ENTERPRISEPACK"]
[verify]
seconds_between_scans = 0
"""


def _plan_with_group(real: Any) -> Any:
    """Load the plan as it were with the group swapped: Grouped through it alone, Both with a direct half besides."""

    def load(run: Any) -> Plan:
        plan: Plan = real(run)
        users = plan.decisions.copy()
        inherited = users["reason"] == "inherited"
        both = users["name"].str.startswith("both") | (users["name"] == "Both")
        users.loc[inherited, "via_groups"] = GROUP
        users.loc[inherited, "targets"] = E3
        users.loc[inherited, ["kind", "wave", "reason"]] = ["change", "all", ""]
        users.loc[inherited & both, "remove"] = E4
        row = {"id": GROUP, "name": "LIC-E4", "kind": "change", "add": E3, "remove": E4, "targets": E3, "wave": "all"}
        groups = users.head(1).assign(**{"disabled_plans": "", "via_groups": "", **row})
        return replace(plan, decisions=users, groups=groups)

    return load


@pytest.fixture
def rehearsal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rehearsal:
    """Direct, Grouped and Both, and a plan that swaps the group of the last two."""
    (tmp_path / "reseat.toml").write_text(SETTINGS, encoding="utf-8")
    through = {"sku": "ENTERPRISEWITHSCAL", "group": GROUP}
    licenses: dict[str, list[Any]] = {
        "direct": ["ENTERPRISEWITHSCAL"],
        "grouped": [through],
        "both": ["ENTERPRISEWITHSCAL", through],
    }
    document = {
        "organization": ORGANIZATION,
        "skus": [{"skuPartNumber": n, "enabled": 9} for n in ("ENTERPRISEWITHSCAL", "ENTERPRISEPACK")],
        "users": [
            {"upn": f"{n}@contoso.example", "name": n.title(), "location": "NL", "licenses": held}
            for n, held in licenses.items()
        ],
        "groups": [
            {
                "id": GROUP,
                "name": "LIC-E4",
                "members": ["grouped@contoso.example", "both@contoso.example"],
                "licenses": ["ENTERPRISEWITHSCAL"],
            }
        ],
    }
    world = Rehearsal(tenant_of(document), tmp_path / "reseat.toml")
    world.plan()
    monkeypatch.setattr(command, "load_plan", _plan_with_group(load_plan))
    return world


def _ours(world: Rehearsal) -> list[tuple[str, str]]:
    names = {u.id: u.upn.partition("@")[0] for u in world.tenant.users}
    found = [(r.kind, names.get(r.target, "LIC-E4")) for r in world.tenant.write_log if r.status in {200, 202}]
    return [f for f in found if f in {("user", "direct"), ("group", "LIC-E4"), ("user", "both")}]


def test_users_then_the_group_then_the_direct_half(rehearsal: Rehearsal) -> None:
    """Three writes in this order; a second call sends nothing."""
    applied = rehearsal.apply()
    assert (applied.code, applied.reason) == (ExitCode.DONE, "every change was answered, none refused")
    assert _ours(rehearsal) == [("user", "direct"), ("group", "LIC-E4"), ("user", "both")]
    assert (applied.counts["applied"], applied.groups) == (2, {"applied": 1})
    assert rehearsal.apply().writes == 0


@pytest.mark.parametrize("after", range(1, 14))
def test_killed_at_any_line_of_the_journal_the_same_command_ends_the_same(
    rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """A day later it goes on from there, and neither the group nor a user is written twice."""
    real, written = Journal.append, 0

    def dying(journal: Journal, *given: Any, **more: Any) -> Any:
        nonlocal written
        written += 1
        if written > after:
            raise KeyboardInterrupt
        return real(journal, *given, **more)

    monkeypatch.setattr(Journal, "append", dying)
    with contextlib.suppress(KeyboardInterrupt):
        rehearsal.apply()
    monkeypatch.setattr(Journal, "append", real)
    rehearsal.clock.elapsed += 86_400 if after > 1 else 0

    applied = rehearsal.apply()

    assert applied.code == ExitCode.DONE
    assert sorted(_ours(rehearsal)) == [("group", "LIC-E4"), ("user", "both"), ("user", "direct")]


def test_a_direct_half_stays_where_the_group_is_done_and_gave_its_user_nothing(rehearsal: Rehearsal) -> None:
    """The call ends with 3, not with a 4 that the same command would repeat for ever; the next one looks again."""
    both = next(u for u in rehearsal.tenant.users if u.upn.startswith("both"))
    rehearsal.tenant.on_group[both.id, E3] = ("CountViolation", False)

    applied = rehearsal.apply()

    assert applied.code == ExitCode.PEOPLE_LEFT
    assert applied.reason == "1 member in error, 1 user keeps the direct license, since the group gives no target"
    assert _ours(rehearsal) == [("user", "direct"), ("group", "LIC-E4")]
    again = rehearsal.apply()
    assert (again.code, again.writes) == (ExitCode.PEOPLE_LEFT, 0)


def test_a_replica_that_is_behind_does_not_leave_a_direct_half(rehearsal: Rehearsal) -> None:
    """For a while after the group is settled, a read may still show its member without the new license."""
    faults = rehearsal.app.state.world.faults
    faults.stale, faults.stale_seconds, faults.where = 1.0, 40.0, lambda _method, path: path.startswith("users/")

    assert rehearsal.apply().code == ExitCode.DONE
    assert _ours(rehearsal) == [("user", "direct"), ("group", "LIC-E4"), ("user", "both")]
