"""A member whom a swapped group could not serve: named with what helps, and worked out again where that is wished."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from worlds.rehearsal import Rehearsal, tenant_of

from connectors.errors import PermissionMissing
from connectors.tenant import Identity
from jobs.license_reassignment.errors import ExitCode
from jobs.license_reassignment.gather.readiness import WRITE_PERMISSION
from jobs.license_reassignment.run_folder.load import entries, load_journal, load_plan

E3 = "6fd2c87f-b296-42f0-b197-1e91e994b900"
NAMES = ("ada", "bo", "cy")
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
[groups]
swap = ["LIC-E4"]
reprocess_errors = true
[verify]
seconds_between_scans = 0
"""


@pytest.fixture
def world(tmp_path: Path) -> Rehearsal:
    """Three members of a group whose swap is planned; Bo is to find no seat."""
    (tmp_path / "reseat.toml").write_text(SETTINGS, encoding="utf-8")
    through = {"sku": "ENTERPRISEWITHSCAL", "group": "11ce0000-e4e4-4000-8000-000000000001"}
    document: dict[str, Any] = {
        "organization": {
            "id": "c0a70500-0000-4000-8000-000000000001",
            "name": "Contoso",
            "domains": ["contoso.example"],
        },
        "skus": [{"skuPartNumber": n, "enabled": 9} for n in ("ENTERPRISEWITHSCAL", "ENTERPRISEPACK")],
        "users": [{"upn": f"{n}@contoso.example", "name": n, "location": "NL", "licenses": [through]} for n in NAMES],
        "groups": [
            {
                "id": through["group"],
                "name": "LIC-E4",
                "members": [f"{n}@contoso.example" for n in NAMES],
                "licenses": ["ENTERPRISEWITHSCAL"],
            }
        ],
    }
    made = Rehearsal(tenant_of(document), tmp_path / "reseat.toml")
    made.tenant.on_group[_id(made, "bo"), E3] = ("CountViolation", False)
    made.plan()
    return made


def _id(world: Rehearsal, name: str) -> str:
    user = world.tenant.user(f"{name}@contoso.example")
    assert user is not None
    return user.id


def _reprocessed(world: Rehearsal) -> list[str]:
    """Whom an intent in the journal names, in order."""
    assert world.run is not None
    known = entries(load_journal(world.run, load_plan(world.run)).lines)
    return [i["id"] for e in known if (e.kind, e.writes) == ("intent", "reprocess") for i in e.body["items"]]


def test_the_error_is_named_with_what_helps(world: Rehearsal) -> None:
    """The call ends with 3, and asks Entra once to work it out again."""
    applied = world.apply()

    assert (applied.code, applied.reason) == (ExitCode.PEOPLE_LEFT, "1 member in error")
    [(name, standing, why)] = applied.attention
    assert (name, standing) == ("bo@contoso.example", "in error")
    assert why.startswith("Error CountViolation: no seat")
    assert _reprocessed(world) == [_id(world, "bo")]


def test_the_next_apply_works_it_out_again_once_its_cause_is_gone(world: Rehearsal) -> None:
    """The group is settled already and is not written again; a third call finds nothing to do."""
    world.apply()
    world.tenant.on_group.clear()

    applied = world.apply()

    assert (applied.code, applied.attention) == (ExitCode.DONE, ())
    assert _reprocessed(world) == [_id(world, "bo")] * 2
    assert [r.kind for r in world.tenant.write_log if r.kind in {"group", "reprocess"}] == ["group", "reprocess"]
    assert world.apply().writes == 0
    assert world.verify().totals.moved_by_group == 3


def test_at_most_once_per_user_and_call(world: Rehearsal) -> None:
    """The cause stays: each call asks once, and ends with 3 as before."""
    for calls in (1, 2, 3):
        assert world.apply().code == ExitCode.PEOPLE_LEFT
        assert len(_reprocessed(world)) == calls


def test_who_is_settled_by_hand_meanwhile_is_only_looked_at(world: Rehearsal) -> None:
    """An admin has worked the license out again in the admin center."""
    world.apply()
    world.tenant.on_group.clear()
    world.somebody_else_licenses(
        "bo@contoso.example", [{"sku": "ENTERPRISEPACK", "group": "11ce0000-e4e4-4000-8000-000000000001"}]
    )

    assert world.apply().code == ExitCode.DONE
    assert len(_reprocessed(world)) == 1


def test_a_group_that_somebody_changed_since_is_left_alone(world: Rehearsal) -> None:
    """What it gave, and what the journal says of it, stays."""
    world.apply()
    group = world.tenant.groups["11ce0000-e4e4-4000-8000-000000000001"]
    group.licenses.clear()

    applied = world.apply()

    assert (applied.code, applied.groups) == (ExitCode.PEOPLE_LEFT, {"applied": 1})
    assert len(_reprocessed(world)) == 1


def test_nobody_who_is_protected_meanwhile_is_worked_out_again(world: Rehearsal) -> None:
    """`protected` is read at each call."""
    world.apply()
    world.settings(SETTINGS + '[scope]\nprotected = ["bo@contoso.example"]\n')

    assert world.apply().code == ExitCode.PEOPLE_LEFT
    assert len(_reprocessed(world)) == 1


def test_without_the_wish_a_settled_group_is_left_as_it_is(world: Rehearsal) -> None:
    """The second call sends nothing."""
    world.settings(SETTINGS.replace("reprocess_errors = true", ""))
    world.plan()
    world.apply()
    before = len(world.tenant.write_log)

    assert world.apply().reason == "nothing left to send: 1 member in error"
    assert (_reprocessed(world), len(world.tenant.write_log)) == ([], before)


def test_without_the_permission_nothing_is_sent_at_all(world: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> None:
    """The group would be left with members in error that nobody may work out again: told before the first write."""

    async def poor(_client: object) -> Identity:
        return Identity(roles=(WRITE_PERMISSION,))

    monkeypatch.setattr("connectors.graph.client.GraphClient.sign_in", poor)
    with pytest.raises(PermissionMissing, match=r"User\.ReadWrite\.All"):
        world.apply()
    assert [r for r in world.tenant.write_log if r.kind == "group"] == []
