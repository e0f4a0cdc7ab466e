"""Groups in whole commands: the hint at allotments, the look of `check`, and a run that goes on with a group."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from worlds.rehearsal import Rehearsal, tenant_of

from connectors.sandbox.licensing.groups import free
from jobs.license_reassignment.errors import ExitCode, GuardRefused

GROUP = "11ce0000-e4e4-4000-8000-000000000001"
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
[limits]
users_changed_max = 100
users_changed_percent_max = 100
"""
SWAP = '[groups]\nswap = ["LIC-E4"]\n'


def _world(folder: Path, settings: str, members: int = 20, *, allotments: bool = True) -> Rehearsal:
    (folder / "reseat.toml").write_text(settings, encoding="utf-8")
    upns = [f"user{n}@contoso.example" for n in range(members)]
    through = {"sku": "ENTERPRISEWITHSCAL", "group": GROUP}
    document: dict[str, Any] = {
        "organization": {
            "id": "c0a70500-0000-4000-8000-000000000001",
            "name": "Contoso",
            "domains": ["contoso.example"],
        },
        "skus": [{"skuPartNumber": n, "enabled": 99} for n in ("ENTERPRISEWITHSCAL", "ENTERPRISEPACK")],
        "users": [{"upn": upn, "name": upn, "location": "NL", "licenses": [through]} for upn in upns],
        "groups": [{"id": GROUP, "name": "LIC-E4", "members": upns, "licenses": ["ENTERPRISEWITHSCAL"]}],
    }
    world = Rehearsal(tenant_of(document), folder / "reseat.toml")
    world.tenant.knobs.allotments = allotments
    return world


def test_check_and_plan_say_so_and_users_are_changed_all_the_same(tmp_path: Path) -> None:
    """Nobody shows a group, so everybody looks like a direct holder: the first batch will tell."""
    world = _world(tmp_path, SETTINGS)

    checked, planned = world.check(), world.plan()

    [found] = [f for f in checked.findings if f.subject == "allotments"]
    assert (checked.code, found.level) == (ExitCode.PEOPLE_LEFT, "person")
    assert (planned.code, planned.plan.header.allotments) == (ExitCode.PEOPLE_LEFT, ("LIC-E4",))
    assert any("may be on allotments" in w and "`apply` refuses" not in w for w in planned.warnings)
    assert planned.plan.header.totals.changes == 20
    world.apply()
    assert [r.kind for r in world.tenant.write_log].count("user") > 0


def test_a_plan_that_names_groups_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    """With 10; the plan says what to do, and the line to type is for the settings."""
    world = _world(tmp_path, SETTINGS + SWAP)

    planned = world.plan()

    assert planned.code == ExitCode.PEOPLE_LEFT
    assert any("`apply` refuses it" in w for w in planned.warnings)
    assert "[groups] swap" in dict(planned.next_step)["Next"]
    with pytest.raises(GuardRefused, match="LIC-E4"):
        world.apply()
    assert world.tenant.write_log == []


@pytest.mark.parametrize(("members", "allotments"), [(19, True), (20, False)])
def test_nothing_is_said_on_less_than_that(tmp_path: Path, members: int, allotments: bool) -> None:
    """Nineteen members may have it in another way; where one member shows the group, there are no allotments."""
    world = _world(tmp_path, SETTINGS, members, allotments=allotments)

    assert "allotments" not in {f.subject for f in world.check().findings}
    assert world.plan().plan.header.allotments is None


def test_run_goes_on_with_a_group_that_entra_still_processes(tmp_path: Path) -> None:
    """The first call ends with 4; a day later the same command continues that run, and the group is written once."""
    world = _world(tmp_path, SETTINGS + SWAP, 3, allotments=False)
    group = world.tenant.groups[GROUP]
    group.stuck = True

    first = world.run_all()
    world.clock.elapsed += 86_400
    free(world.tenant, group, world.clock.seconds)
    again = world.run_all()

    assert (first.code, again.planned) == (ExitCode.STOPPED, None)
    assert (again.run and again.run.path) == (first.run and first.run.path)
    assert [r.kind for r in world.tenant.write_log].count("group") == 1
    assert again.verified is not None
    assert again.verified.totals.moved_by_group == 3


def test_the_look_costs_check_two_lists_and_a_page_for_each_of_ten_groups(tmp_path: Path) -> None:
    """In a tenant with thousands of groups it stays so few requests."""
    world = _world(tmp_path, SETTINGS, 3)
    for n in range(2, 40):
        group_id = f"11ce0000-e4e4-4000-8000-{n:012}"
        document = {"id": group_id, "name": f"LIC-{n}", "members": [], "licenses": ["ENTERPRISEWITHSCAL"]}
        extra = tenant_of(_with(world, document)).groups[group_id]
        world.tenant.groups[group_id] = extra
    world.app.state.world.requests.clear()

    found = [f for f in world.check().findings if "[groups] swap" in f.remedy]

    assert sum(n for call, n in world.app.state.world.requests.items() if "groups" in str(call)) == 12
    assert len(found) == 11
    assert found[-1].text == "29 further groups that assign the old product are not named under [groups] swap"


def _with(world: Rehearsal, group: dict[str, Any]) -> dict[str, Any]:
    return {
        "organization": {"id": world.tenant.organization.id, "name": "Contoso", "domains": ["contoso.example"]},
        "skus": [{"skuPartNumber": "ENTERPRISEWITHSCAL", "enabled": 1}],
        "users": [],
        "groups": [group],
    }
