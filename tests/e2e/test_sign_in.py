"""What an operator reads when signing in fails, a permission is missing, or the network is away."""

from __future__ import annotations

import pytest
from worlds.loopback.login import ALL_ROLES, HOST
from worlds.loopback.rig import GRAPH, SETTINGS, TENANT, Internet, Rig, tenant
from worlds.loopback.wires import certificates

pytestmark = pytest.mark.socket

OTHER = "22222222-2222-4333-8444-555555555555"
IMPATIENT = f"{SETTINGS}\n[pace]\nwait_minutes_max = 0\n"


def test_a_wrong_secret_is_7(rig: Rig) -> None:
    """The message names Entra's code and the variable to correct, not the secret."""
    rig.serve(tenant())
    rig.run("check", environ={"AZURE_CLIENT_SECRET": "wrong"}).says(7, "AADSTS7000215", "AZURE_CLIENT_SECRET")


@pytest.mark.thorough
def test_an_unknown_tenant_is_7(rig: Rig) -> None:
    """Entra does not know the tenant that the credential names."""
    rig.serve(tenant())
    rig.run("check", environ={"AZURE_TENANT_ID": OTHER}).says(7, "AZURE_TENANT_ID")


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["AZURE_TENANT_ID", "AZURE_CLIENT_SECRET"])
def test_a_missing_variable_is_7(rig: Rig, name: str) -> None:
    """The message names what to set."""
    rig.run("check", environ={name: None}).says(7, name)


def test_the_credential_of_another_tenant_is_10(rig: Rig) -> None:
    """Signed in well, but not where the settings are pinned."""
    rig.serve(tenant())
    rig.login.tenants.add(OTHER)
    rig.configure(SETTINGS.replace(TENANT, OTHER))

    done = rig.run("plan", environ={"AZURE_TENANT_ID": OTHER})

    done.says(10, TENANT, OTHER)
    assert not list(rig.folder.glob("runs/p*"))


@pytest.mark.parametrize("missing", ["User.Read.All", "GroupMember.Read.All"])
def test_a_missing_read_permission_is_7(rig: Rig, missing: str) -> None:
    """The message names the permission and how to grant it."""
    rig.serve(tenant())
    rig.login.roles = tuple(role for role in ALL_ROLES if role != missing)
    rig.run("plan").says(7, missing, "admin consent")


@pytest.mark.thorough
def test_a_missing_write_permission_stops_apply_before_anything_is_sent(rig: Rig) -> None:
    """Enough to check and plan, not to apply."""
    world = rig.serve(tenant())
    rig.login.roles = tuple(role for role in ALL_ROLES if "ReadWrite" not in role)
    plan_id = rig.plan()

    rig.run("apply", plan_id, "--tenant", TENANT).says(7, "LicenseAssignment.ReadWrite.All")

    assert ([], []) == (world.tenant.write_log, rig.journal(plan_id))


@pytest.mark.thorough
def test_an_identity_provider_that_is_busy_is_waited_for(rig: Rig) -> None:
    """A 503 and a 429 in passing do no harm."""
    rig.serve(tenant())
    rig.login.refusals = [(503, 90033, {}), (429, 90055, {"Retry-After": "1"})]

    done = rig.run("check")

    assert (0, 3) == (done.code, rig.login.asked), done.err


@pytest.mark.thorough
@pytest.mark.parametrize("away", [GRAPH, HOST])
def test_a_name_that_cannot_be_reached_is_4(rig: Rig, away: str) -> None:
    """The proxy answers that it cannot get there."""
    rig.serve(tenant())
    rig.configure(IMPATIENT)
    rig.proxy.away.add(away)
    rig.run("check").says(4, "network")


def test_a_proxy_that_is_not_there_is_4(rig: Rig) -> None:
    """Nothing listens at the proxy's address."""
    rig.configure(IMPATIENT)
    rig.run("plan", environ={"HTTPS_PROXY": "http://127.0.0.1:9"}).says(4, "network")


@pytest.mark.thorough
def test_a_certificate_that_is_not_trusted_is_told_with_its_remedy(rig: Rig) -> None:
    """A bundle of another authority trusts neither name."""
    rig.serve(tenant())
    (rig.folder / "other").mkdir()
    other, _ = certificates(rig.folder / "other", (GRAPH,))
    done = rig.run("check", environ={"SSL_CERT_FILE": str(other), "REQUESTS_CA_BUNDLE": str(other)})
    done.says(4, "certificate", "SSL_CERT_FILE")


@pytest.mark.thorough
def test_a_bundle_that_is_not_there_is_told_with_its_remedy(rig: Rig) -> None:
    """SSL_CERT_FILE names no file."""
    rig.serve(tenant())
    missing = str(rig.folder / "missing.pem")
    done = rig.run("check", environ={"SSL_CERT_FILE": missing, "REQUESTS_CA_BUNDLE": missing})
    done.says(4, "SSL_CERT_FILE")


@pytest.mark.thorough
def test_one_variable_for_certificates_serves_both_stacks(rig: Rig, internet: Internet) -> None:
    """Either variable alone is enough for Entra and for Graph."""
    rig.serve(tenant())
    assert 0 == rig.run("skus", environ={"REQUESTS_CA_BUNDLE": None}).code
    assert 0 == rig.run("skus", environ={"SSL_CERT_FILE": None}).code


def test_a_token_that_graph_refuses_is_renewed_once(rig: Rig) -> None:
    """A 401 in mid-run brings a new token; if that is refused too, 7."""
    world = rig.serve(tenant())
    rig.login.issued = lambda _token, _roles: None

    done = rig.run("check")

    done.says(7)
    assert 2 == rig.login.asked
    assert [] == world.tenant.write_log
