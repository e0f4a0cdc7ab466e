"""`reseat check`: what must be in place, found without writing anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from worlds.job_world import E3, TENANT, TO_E3, product, subscription
from worlds.rehearsal import Rehearsal, tenant_of

from connectors.errors import WrongTenant
from connectors.tenant import Identity, ServiceHealth, ServicePlan
from jobs.license_reassignment.commands.check import Checked
from jobs.license_reassignment.errors import ExitCode
from jobs.license_reassignment.gather.readiness import (
    LOCATION_PERMISSION,
    WRITE_PERMISSION,
    Finding,
    check_health,
    check_permissions,
    check_source,
    check_target,
    may,
    plan_problems,
)
from jobs.license_reassignment.model.policy import Limits

PLAN = "ffffffff-0000-4000-8000-000000000000"


def _levels(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(f.level, f.subject) for f in findings]


@pytest.mark.parametrize(
    ("status", "applies_to", "blocks"),
    [
        ("Success", "User", False),
        ("PendingActivation", "User", False),
        ("PendingProvisioning", "User", True),
        ("PendingInput", "User", True),
        ("Error", "User", True),
        ("Disabled", "User", True),
        ("SomethingNew", "User", True),
        ("PendingProvisioning", "Company", False),
    ],
)
def test_a_plan_that_is_not_set_up_blocks(status: str, applies_to: str, blocks: bool) -> None:
    """A word we do not know is never taken for good; what is not for users does not count."""
    sku = product("ENTERPRISEPACK", plans=(ServicePlan(PLAN, "SWAY", applies_to, status),))  # type: ignore[arg-type]

    assert plan_problems(sku) == ([f"SWAY {status}"] if blocks else [])


@pytest.mark.parametrize("state", ["Warning", "Suspended", "Deleted", "LockedOut", "NewWord"])
def test_a_target_that_is_not_enabled_is_not_there_yet(state: str) -> None:
    """Each state is told in Graph's own word."""
    [found] = check_target(product("ENTERPRISEPACK", capability_status=state), E3, [], Limits())

    assert (found.level, found.text) == (
        "not_yet",
        f"ENTERPRISEPACK: status {state} (capabilityStatus), 10 active seats",
    )


def test_a_target_with_one_enabled_purchase_of_several_is_ready() -> None:
    """An old one that is off does not matter."""
    purchases = [subscription("ENTERPRISEPACK", status="Deleted"), subscription("ENTERPRISEPACK")]

    found = check_target(product("ENTERPRISEPACK"), E3, purchases, Limits())

    assert _levels(found) == [("ok", "ENTERPRISEPACK")]


@pytest.mark.parametrize(("allowed", "levels"), [(False, ["ok", "person"]), (True, ["ok"])])
def test_a_trial_is_for_a_person_to_settle(allowed: bool, levels: list[str]) -> None:
    """Unless [limits] allow_trial says that it is meant."""
    trial = [subscription("ENTERPRISEPACK", is_trial=True)]

    assert [f.level for f in check_target(product("ENTERPRISEPACK"), E3, trial, Limits(allow_trial=allowed))] == levels


def test_a_source_is_described_with_what_makes_it_special() -> None:
    """Over-assigned, two purchases, one through a partner: told in that order, each with its remedy."""
    sku = product("ENTERPRISEWITHSCAL", consumed=12)
    purchases = [
        subscription("ENTERPRISEWITHSCAL", 7),
        subscription("ENTERPRISEWITHSCAL", 3, owner_tenant_id="9" * 8, status="Suspended"),
        subscription("ENTERPRISEPACK", 3, owner_tenant_id="9" * 8),
    ]

    found = check_source(sku, purchases, TENANT)

    assert [f.level for f in found] == ["ok", "warn", "warn", "person"]
    assert found[0].text == "Enabled; seats: 10 enabled, 0 in the grace period, 0 suspended, 0 locked out; 12 in use"
    assert found[1].text == "over-assigned: 12 users on 10 active seats"
    assert "buy" not in found[1].remedy.lower()
    assert "subscription of ENTERPRISEWITHSCAL (Suspended, 3 seats)" in found[2].text
    assert found[3].text == "bought through a partner"


def test_a_purchase_that_names_our_own_tenant_is_ours() -> None:
    """Graph may name the owner where it is the tenant itself."""
    mine = [subscription("ENTERPRISEWITHSCAL", owner_tenant_id=TENANT)]

    assert [f.level for f in check_source(product("ENTERPRISEWITHSCAL"), mine, TENANT)] == ["ok"]


@pytest.mark.parametrize(
    ("roles", "write", "level"),
    [
        (None, None, "not_checked"),
        ((), False, "warn"),
        (("LicenseAssignment.ReadWrite.All",), True, "ok"),
        (("User.ReadWrite.All",), True, "ok"),
        (("Directory.ReadWrite.All",), True, "ok"),
        (("User.Read.All",), False, "warn"),
    ],
)
def test_the_permission_to_write_is_looked_up_in_the_token(roles: Any, write: bool | None, level: str) -> None:
    """A wider one will do; a token that cannot be decoded is no proof either way."""
    identity = Identity(roles=roles)

    assert may(identity, WRITE_PERMISSION) is write
    assert check_permissions(identity, locations=False)[0].level == level


@pytest.mark.parametrize(
    ("roles", "level"),
    [
        (("LicenseAssignment.ReadWrite.All",), "warn"),
        (("User.ReadWrite.All",), "ok"),
        (("LicenseAssignment.ReadWrite.All", "Directory.ReadWrite.All"), "ok"),
    ],
)
def test_usage_locations_need_a_permission_of_their_own(roles: Any, level: str) -> None:
    """The least permission for licenses does not cover them; it is asked for only where they are to be written."""
    identity = Identity(roles=roles)

    assert (level, LOCATION_PERMISSION) in _levels(check_permissions(identity, locations=True))
    assert LOCATION_PERMISSION not in {f.subject for f in check_permissions(identity, locations=False)}


@pytest.mark.parametrize(
    ("locations", "reprocess", "keys"),
    [
        (False, True, "[groups] reprocess_errors"),
        (True, False, "[usage_location] write_from_roster"),
        (True, True, "[usage_location] write_from_roster, [groups] reprocess_errors"),
    ],
)
def test_the_permission_to_write_users_is_named_with_the_settings_that_need_it(
    locations: bool, reprocess: bool, keys: str
) -> None:
    """Once, with how to grant it, and not at all where no setting asks for it."""
    identity = Identity(roles=("LicenseAssignment.ReadWrite.All",))
    [found] = [
        f
        for f in check_permissions(identity, locations=locations, reprocess=reprocess)
        if f.subject == "User.ReadWrite.All"
    ]

    assert found.text == f"not granted: `apply` needs it, and only for {keys}"
    assert "grant admin consent" in found.remedy


def test_optional_permissions_are_not_checked_when_missing() -> None:
    """Never a reason to stop."""
    identity = Identity(roles=("LicenseAssignment.ReadWrite.All", "ServiceHealth.Read.All"))
    found = check_permissions(identity, locations=False)

    assert _levels(found)[1:] == [("ok", "ServiceHealth.Read.All"), ("not_checked", "AuditLog.Read.All")]


def test_unhealthy_services_are_told_by_name() -> None:
    """A warning each; without the permission it is not checked."""
    services = [ServiceHealth("Exchange Online", "serviceDegradation"), ServiceHealth("Teams", "serviceOperational")]

    assert _levels(check_health(services)) == [("warn", "Exchange Online")]
    assert _levels(check_health(services[1:])) == [("ok", "service health")]
    assert _levels(check_health(None)) == [("not_checked", "service health")]


@pytest.mark.parametrize(
    ("levels", "code"),
    [
        (("ok", "warn", "not_checked"), 0),
        (("ok", "person"), 3),
        (("person", "not_yet"), 6),
        ((), 0),
    ],
)
def test_the_exit_code_follows_from_the_findings(levels: Any, code: int) -> None:
    """Not there yet outweighs what a person must settle; warnings weigh nothing."""
    checked = Checked(None, Identity(), tuple(Finding(level, "x", "y") for level in levels), ())  # type: ignore[arg-type]

    assert checked.code == ExitCode(code)


CONTOSO = "c0a70500-0000-4000-8000-000000000001"
HEAD = '[tenant]\nid = "{}"\ncredential = "sandbox"\ngraph_url = "http://127.0.0.1:8080/v1.0"\n'
SOURCE = '[source]\nskus = ["ENTERPRISEWITHSCAL"]\n'
DECLARED = '[declare]\nby = "J. Doe"\npurchase_channel = "direct"\n'


def _check(folder: Path, *, seats: int = 2, toml: str = DECLARED, tenant_id: str = CONTOSO) -> Checked:
    (folder / "reseat.toml").write_text(HEAD.format(tenant_id) + SOURCE + TO_E3 + toml, encoding="utf-8")
    users = [
        {"upn": f"{n}@contoso.example", "name": n, "location": "NL", "licenses": ["ENTERPRISEWITHSCAL"]} for n in "ab"
    ]
    skus = [
        {"skuPartNumber": "ENTERPRISEWITHSCAL", "enabled": 5},
        {"skuPartNumber": "ENTERPRISEPACK", "enabled": seats},
    ]
    organization = {"id": CONTOSO, "name": "Contoso", "domains": ["contoso.example"]}
    return Rehearsal(
        tenant_of({"organization": organization, "skus": skus, "users": users}), folder / "reseat.toml"
    ).check()


def test_with_everything_in_place_nothing_is_in_the_way(tmp_path: Path) -> None:
    """Exit 0, and every effective setting with its origin."""
    checked = _check(tmp_path)

    assert (checked.code, [f.text for f in checked.findings if f.level in ("person", "not_yet")]) == (0, [])
    assert ("declare.by", '"J. Doe"', "reseat.toml line 11") in checked.settings


def test_fewer_target_seats_than_holders_is_for_a_person(tmp_path: Path) -> None:
    """Told before any plan is made."""
    checked = _check(tmp_path, seats=1)

    assert [f.text for f in checked.findings if f.level == "person"] == [
        "2 users have the old product, and 1 seat of the targets is free: 1 too few"
    ]
    assert checked.code == ExitCode.PEOPLE_LEFT


def test_an_undeclared_purchase_channel_is_for_a_person(tmp_path: Path) -> None:
    """Graph does not show it."""
    checked = _check(tmp_path, toml="")

    assert [f.subject for f in checked.findings if f.level == "person"] == ["purchase channel"]


def test_another_tenant_than_the_pinned_one_is_refused(tmp_path: Path) -> None:
    """Exit 10 before anything is looked at."""
    with pytest.raises(WrongTenant, match=r"but \[tenant\] id pins 99999999-") as refused:
        _check(tmp_path, tenant_id="99999999-0000-4000-8000-000000000000")

    assert refused.value.exit_code == ExitCode.GUARD
