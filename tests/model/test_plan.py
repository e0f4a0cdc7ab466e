"""A plan is named by what it rests on, and any changed byte of it is found before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds.job_world import E3, E4, NOON, PRODUCTS, TO_E3, Drawn, draw, group, holding, person, product, snapshot

from connectors.changes import AddLicense, AssignLicense
from connectors.tenant import PlanId, UserId
from jobs.license_reassignment.errors import ExitCode, GuardRefused, InputError
from jobs.license_reassignment.model.plan import (
    change_of,
    header_digest,
    parse_disabled,
    plan_list_sha256,
    split,
    tasks_of,
)
from jobs.license_reassignment.run_folder.folder import RunDir
from jobs.license_reassignment.run_folder.load import load_plan, load_snapshot

ADA, BO = person("ada", "ENTERPRISEWITHSCAL"), person("bo", holding("ENTERPRISEWITHSCAL", "SWAY"))
ROSTER = f"UPN,target\n{BO.upn},ENTERPRISEPACK\n"


def _plan(toml: str = TO_E3, roster: str = ROSTER, **world: object) -> Drawn:
    return draw(snapshot(ADA, BO, **world), toml, roster)  # type: ignore[arg-type]


def test_an_unchanged_tenant_gives_the_same_plan_at_any_hour() -> None:
    """Times are evidence, not content: the id, the decisions and the snapshot's digest stay."""
    first = _plan()
    later = draw(snapshot(ADA, BO, at=NOON + timedelta(days=3)), TO_E3, ROSTER, created_at="2026-03-05T12:00:00Z")

    assert first.plan.plan_id == later.plan.plan_id
    assert first.files["decisions.csv"] == later.files["decisions.csv"]
    assert first.plan.digest != later.plan.digest


def test_a_plan_id_cannot_become_a_number_in_a_spreadsheet() -> None:
    """`p` and 12 hex digits."""
    plan_id = _plan().plan.plan_id

    assert (plan_id[0], len(plan_id)) == ("p", 13)
    assert set(plan_id[1:]) <= set("0123456789abcdef")


CHANGES: Mapping[str, Callable[[], Drawn]] = {
    "a user more": lambda: draw(snapshot(ADA, BO, person("cy", "ENTERPRISEPACK")), TO_E3, ROSTER),
    "a plan switched off": lambda: draw(
        snapshot(ADA, replace(BO, licenses=(holding("ENTERPRISEWITHSCAL", "SWAY", "Deskless"),))), TO_E3, ROSTER
    ),
    "a department": lambda: draw(snapshot(ADA, replace(BO, columns={"department": "IT"})), TO_E3, ROSTER),
    "seats bought": lambda: _plan(skus=[product(p, enabled=11) for p in PRODUCTS]),
    "a group": lambda: _plan(groups=[group("aaaaaaaa-0000-4000-8000-000000000001")]),
    "a target": lambda: _plan(TO_E3.replace("ENTERPRISEPACK", "ENTERPRISEPREMIUM")),
    "a protected name": lambda: _plan(TO_E3 + '[scope]\nprotected = ["x@contoso.example"]\n'),
    "a wave": lambda: _plan(TO_E3 + '[[wave]]\nname = "pilot"\nusers = 1\n'),
    "a blank at the end of the roster": lambda: _plan(roster=ROSTER + "\n"),
    "no roster": lambda: _plan(roster=""),
}


@pytest.mark.parametrize("change", sorted(CHANGES))
def test_any_change_of_what_it_rests_on_makes_another_plan(change: str) -> None:
    """Tenant, frozen settings, roster bytes: each is part of the name."""
    assert CHANGES[change]().plan.plan_id != _plan().plan.plan_id


def test_what_is_read_live_is_no_part_of_the_name() -> None:
    """[limits], [pace] and the like may change between plan and apply without a new plan."""
    live = _plan(TO_E3 + '[pace]\nquota_share = 0.5\n[declare]\nby = "J. Doe"\n')

    assert live.plan.plan_id == _plan().plan.plan_id


def test_the_inputs_digest_leaves_the_snapshot_out() -> None:
    """`run` finds its unfinished run by it; another tenant state is the same input, another target is not."""
    digest = _plan().plan.header.inputs_digest

    assert CHANGES["a user more"]().plan.header.inputs_digest == digest
    assert CHANGES["a target"]().plan.header.inputs_digest != digest
    assert CHANGES["no roster"]().plan.header.inputs_digest != digest


def test_the_plan_names_the_definition_of_its_targets() -> None:
    """A plan that Microsoft adds to the product changes the digest of its plan list."""
    sku = product("ENTERPRISEPACK")
    more = replace(sku, plans=(*sku.plans, replace(sku.plans[0], id=PlanId("ffffffff-0000-4000-8000-000000000000"))))

    [target] = _plan().plan.header.targets

    assert (target.sku_id, target.plans_sha256) == (E3, plan_list_sha256(sku))
    assert plan_list_sha256(more) != plan_list_sha256(sku)


@pytest.fixture(scope="module")
def on_disk(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    """A plan in its folder."""
    run = RunDir(tmp_path_factory.mktemp("run"))
    for name, data in _plan().files.items():
        run.write(name, data)
    return run


def test_a_plan_comes_back_as_it_was_written(on_disk: RunDir) -> None:
    """Header, decisions, snapshot and the requests that follow from them."""
    drawn = _plan()
    plan = load_plan(on_disk)

    assert plan.header == drawn.plan.header
    assert plan.decisions.to_dict("list") == drawn.plan.decisions.to_dict("list")
    assert load_snapshot(on_disk).profiles == drawn.snapshot.profiles
    tasks = tasks_of(plan, load_snapshot(on_disk))
    sway = PlanId("a23b959c-7ce8-4e57-9140-b90eb88a9e97")
    assert tasks[BO.id].change == AssignLicense(BO.id, (AddLicense(E3, (sway,)),), (E4,))
    assert (tasks[BO.id].before, tasks[BO.id].targets, tasks[BO.id].wave) == (BO.profile, (E3,), "all")


FILES = tuple(sorted(_plan().files))


def test_every_file_of_the_plan_is_digested(on_disk: RunDir) -> None:
    """The header names them all, itself excepted, and what apply reads is among them."""
    assert sorted(load_plan(on_disk).header.files) == sorted(set(FILES) - {"plan.json"})
    assert sorted(p.relative_to(on_disk.path).as_posix() for p in on_disk.files()) == sorted(FILES)
    snapshot_files = {"snapshot.csv", "snapshot-profiles.json", "snapshot-tenant.json"}
    assert {"plan.json", "decisions.csv", "rejected.csv", *snapshot_files} <= set(FILES)


@given(name=st.sampled_from(FILES), place=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
@settings(max_examples=100, deadline=None)
def test_any_changed_byte_of_the_plan_is_refused(on_disk: RunDir, name: str, place: float, flip: int) -> None:
    """Whatever byte of whatever file: exit 10, and the file is named; a blank that means nothing may pass."""
    path = on_disk.path / name
    data = path.read_bytes()
    changed = bytearray(data)
    changed[int(place * len(data))] ^= flip
    path.write_bytes(changed)
    try:
        same_value = name == "plan.json" and _reads_as(bytes(changed)) == orjson.loads(data)
        if not same_value:
            with pytest.raises(GuardRefused) as refused:
                load_plan(on_disk)
            assert refused.value.exit_code == ExitCode.GUARD
            assert str(path) in str(refused.value)
            assert "Nothing was sent" in str(refused.value)
    finally:
        path.write_bytes(data)


def _reads_as(data: bytes) -> object:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return None


def test_every_byte_of_the_header_is_covered(on_disk: RunDir) -> None:
    """Not a sample: a digit of each value in plan.json, changed, does not fit the digest."""
    data = (on_disk.path / "plan.json").read_bytes()
    header = orjson.loads(data)

    for key in header:
        changed = {**header, key: [header[key], "altered"]}
        assert key == "digest" or header_digest(changed) != header["digest"]


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_told_by_name(name: str, tmp_path: Path) -> None:
    """An incomplete folder is a mistake in the command (2), not an altered plan."""
    run = RunDir(tmp_path)
    for other, data in _plan().files.items():
        if other != name:
            run.write(other, data)

    with pytest.raises(InputError, match=f"{name} is missing"):
        load_plan(run)


def test_a_header_that_lacks_its_keys_is_no_plan(tmp_path: Path) -> None:
    """A JSON file of another program under our name."""
    run = RunDir(tmp_path)
    run.write("plan.json", b'{"digest": "x"}')

    with pytest.raises(GuardRefused, match=r"plan\.json is not a plan: the plan was altered"):
        load_plan(run)


IDS = st.uuids().map(str)


@given(user=IDS, add=st.dictionaries(IDS, st.lists(IDS, max_size=3).map(sorted), max_size=3), remove=st.lists(IDS))
def test_a_decision_row_says_its_request_without_loss(user: str, add: dict[str, list[str]], remove: list[str]) -> None:
    """GUIDs only, joined by signs that no GUID has."""
    disabled = ";".join(f"{sku}:{'+'.join(plans)}" for sku, plans in add.items() if plans)

    change = change_of(user, "+".join(add), "+".join(remove), disabled)

    assert (change.user_id, change.remove) == (UserId(user), tuple(remove))
    assert {a.sku_id: list(a.disabled_plans) for a in change.add} == add


def test_empty_cells_say_nothing() -> None:
    """No SKU, no plan: not one with an empty name."""
    assert (split(""), parse_disabled("")) == ((), {})
    assert change_of("u", "", "a", "") == AssignLicense(UserId("u"), (), (E4[:0] + "a",))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "is_it"),
    [
        ("11111111-2222-4333-8444-555555555555", True),
        (" Contoso.EXAMPLE ", True),
        ("contoso.onmicrosoft.com", True),
        ("fabrikam.example", False),
        ("contoso", False),
        ("", False),
    ],
)
def test_a_tenant_is_named_by_id_or_verified_domain(name: str, is_it: bool) -> None:
    """Nothing looser: consent to write must name the tenant."""
    assert _plan().plan.header.is_tenant(name) is is_it
