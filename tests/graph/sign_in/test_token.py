"""Signing in: the real credential of azure-identity against a token endpoint that answers as a test says."""

from __future__ import annotations

import asyncio
import base64
import http.client
import logging
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime
from typing import Any, TypeVar

import orjson
import pytest
import requests
import responses
from azure import identity as azure_identity
from worlds.virtual_time import JumpingClock

from connectors.errors import NetworkAway, Retryable, Unauthorized, UntrustedCertificate, UnusableVariable
from connectors.graph.sign_in import token as auth
from connectors.graph.sign_in.clouds import CLOUDS, Cloud
from connectors.graph.sign_in.token import CREDENTIALS, TokenSource, ca_bundle, identity, token_source

TENANT = "11111111-1111-4111-8111-111111111111"
SECRET = "abc8Q~ThisIsTheSecretThatNobodyMayEverSee0"
GLOBAL = CLOUDS["global"]

T = TypeVar("T")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """An app with a secret, and nothing else that azure-identity might find."""
    for name in ("AZURE_AUTHORITY_HOST", "AZURE_CLIENT_CERTIFICATE_PATH", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AZURE_TENANT_ID", TENANT)
    monkeypatch.setenv("AZURE_CLIENT_ID", "22222222-2222-4222-8222-222222222222")
    monkeypatch.setenv("AZURE_CLIENT_SECRET", SECRET)
    caplog.set_level(logging.DEBUG)


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    """The network as `requests` sees it, with the sign-in service's discovery in place."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        for cloud in {host for c in CLOUDS.values() for host in (c.authority.removeprefix("https://"), *c.also)}:
            base = f"https://{cloud}/{TENANT}"
            mock.get(
                f"{base}/v2.0/.well-known/openid-configuration",
                json={
                    "issuer": f"{base}/v2.0",
                    "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                    "token_endpoint": f"{base}/oauth2/v2.0/token",
                    "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
                },
            )
            mock.get(
                f"https://{cloud}/common/discovery/instance",
                json={"tenant_discovery_endpoint": f"{base}/v2.0/.well-known/openid-configuration", "metadata": []},
            )
        yield mock


def answer(wire: responses.RequestsMock, cloud: Cloud = GLOBAL, **how: Any) -> None:
    """Let the token endpoint answer so, once more."""
    wire.post(f"{cloud.authority}/{TENANT}/oauth2/v2.0/token", **how)


def token(wire: responses.RequestsMock, name: str, expires_in: int = 3600) -> None:
    """Let the token endpoint give this token."""
    answer(wire, json={"access_token": name, "expires_in": expires_in, "token_type": "Bearer"})


def refuse(wire: responses.RequestsMock, code: str, status: int = 401) -> None:
    """Let the token endpoint refuse with this code."""
    answer(
        wire, status=status, json={"error": "invalid_client", "error_description": f"AADSTS{code}: Bad. Trace ID: x"}
    )


def asked(wire: responses.RequestsMock) -> int:
    """Count the questions to the token endpoint."""
    return sum(call.request.method == "POST" for call in wire.calls)


def source(
    clock: JumpingClock | None = None,
    cloud: Cloud = GLOBAL,
    bundle: str | None = None,
    credential: str = "environment",
) -> TokenSource:
    """Return tokens of the app in the environment, by a clock that shows the true hour."""
    clock = clock or JumpingClock(datetime.now(UTC).timestamp())
    return token_source(credential, cloud, tenant_id=TENANT, clock=clock, ca_bundle=bundle)


def run(tokens: TokenSource, work: Callable[[TokenSource], Coroutine[Any, Any, T]]) -> T:
    """Do the work and close the credential."""

    async def inside() -> T:
        try:
            return await work(tokens)
        finally:
            await tokens.close()

    return asyncio.run(inside())


def test_an_app_with_a_secret_gets_a_token(wire: responses.RequestsMock) -> None:
    """One question, in the tenant that the environment names, for the scope of the cloud."""
    token(wire, "T1")

    assert "T1" == run(source(), lambda t: t.token())
    body = next(call.request.body for call in wire.calls if call.request.method == "POST")
    assert "scope=https%3A%2F%2Fgraph.microsoft.com%2F.default" in str(body)


@pytest.mark.parametrize("name", sorted(CLOUDS))
def test_each_cloud_has_its_own_authority_and_scope(wire: responses.RequestsMock, name: str) -> None:
    """A token of one cloud is never asked for at another."""
    cloud = CLOUDS[name]
    answer(wire, cloud, json={"access_token": name, "expires_in": 3600, "token_type": "Bearer"})

    assert name == run(source(cloud=cloud), lambda t: t.token())
    assert {cloud.authority.removeprefix("https://")} == {
        requests.utils.urlparse(c.request.url).netloc for c in wire.calls
    }
    assert (f"{cloud.graph}/v1.0", f"{cloud.graph}/.default") == (cloud.root, cloud.scope)


def test_the_authority_may_come_from_the_environment(
    wire: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """azure-identity's own variable wins over the usual place, where it is another host of the same cloud."""
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", "login.partner.microsoftonline.cn")
    wire.post(
        f"https://login.partner.microsoftonline.cn/{TENANT}/oauth2/v2.0/token",
        json={"access_token": "T", "expires_in": 3600, "token_type": "Bearer"},
    )

    assert "T" == run(source(cloud=CLOUDS["china"]), lambda t: t.token())


@pytest.mark.parametrize(
    ("host", "cloud", "says"),
    [
        ("https://login.microsoftonline.us", "global", r'the sign-in of cloud = "us-gov", but .* "global" signs in at'),
        ("login.microsoftonline.com", "china", 'the sign-in of cloud = "global", but'),
        ("https://login.example", "global", "login.example, no sign-in of a cloud that reseat knows, but"),
        ("https://", "global", "no host, no sign-in"),
    ],
)
def test_the_authority_of_another_cloud_is_refused(
    monkeypatch: pytest.MonkeyPatch, host: str, cloud: str, says: str
) -> None:
    """Its tokens are worth nothing at this cloud's Graph; the remedy names both ways out, and nothing is asked."""
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", host)

    with pytest.raises(UnusableVariable, match=f"AZURE_AUTHORITY_HOST names .*{says}"):
        source(cloud=CLOUDS[cloud])


@pytest.mark.parametrize("credential", ["environment", "default"])
def test_a_person_with_a_password_is_refused(monkeypatch: pytest.MonkeyPatch, credential: str) -> None:
    """azure-identity would sign in as that person; neither name nor password is shown."""
    monkeypatch.delenv("AZURE_CLIENT_SECRET")
    monkeypatch.setenv("AZURE_USERNAME", "ada@contoso.example")
    monkeypatch.setenv("AZURE_PASSWORD", SECRET)

    with pytest.raises(UnusableVariable, match="would sign in as a person") as refused:
        source(credential=credential)
    assert "ada@" not in str(refused.value)
    assert SECRET not in str(refused.value)


def test_a_password_beside_the_secret_of_the_app_is_never_used(
    wire: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """azure-identity takes the secret first, so nobody is refused for a variable that does nothing."""
    monkeypatch.setenv("AZURE_USERNAME", "ada@contoso.example")
    monkeypatch.setenv("AZURE_PASSWORD", "hush")
    token(wire, "T1")

    assert "T1" == run(source(), lambda t: t.token())
    assert "grant_type=client_credentials" in str([c.request.body for c in wire.calls])


def test_a_token_is_kept_until_five_minutes_before_its_end(wire: responses.RequestsMock) -> None:
    """Then it is renewed before anybody is refused."""
    token(wire, "T1")
    token(wire, "T2")
    clock = JumpingClock(datetime.now(UTC).timestamp())

    async def work(tokens: TokenSource) -> list[str]:
        found = [await tokens.token(), await tokens.token()]
        clock.elapsed = 3600 - 310
        found.append(await tokens.token())
        clock.elapsed = 3600 - 290
        return [*found, await tokens.token()]

    assert ["T1", "T1", "T1", "T2"] == run(source(clock), work)
    assert 2 == asked(wire)


def test_a_short_token_is_not_asked_for_at_every_request(wire: responses.RequestsMock) -> None:
    """A token that begins inside its last five minutes is used for a while all the same."""
    token(wire, "T1", expires_in=200)
    clock = JumpingClock(datetime.now(UTC).timestamp())

    async def work(tokens: TokenSource) -> None:
        for second in range(29):
            clock.elapsed = second
            await tokens.token()

    run(source(clock), work)

    assert 1 == asked(wire)


def test_many_senders_ask_once(wire: responses.RequestsMock) -> None:
    """One flight for all who wait, for the first token and for a fresh one."""
    token(wire, "T1")
    token(wire, "T2")

    async def work(tokens: TokenSource) -> list[str]:
        first = await asyncio.gather(*(tokens.token() for _ in range(8)))
        fresh = await asyncio.gather(*(tokens.token(fresh=True) for _ in range(8)))
        return [*first, *fresh]

    assert ["T1"] * 8 + ["T2"] * 8 == run(source(), work)
    assert 2 == asked(wire)


def test_a_renewal_that_fails_leaves_the_good_token_in_use(wire: responses.RequestsMock) -> None:
    """A busy sign-in service is no reason to stop while the token is good, and is asked once; at its end it is."""
    token(wire, "T1", expires_in=200)
    refuse(wire, "90033", 503)
    clock = JumpingClock(datetime.now(UTC).timestamp())

    async def work(tokens: TokenSource) -> list[str]:
        await tokens.token()
        clock.elapsed = 60
        kept = await asyncio.gather(*(tokens.token() for _ in range(4)))
        assert 2 == asked(wire)
        clock.elapsed = 190
        with pytest.raises(Retryable):
            await tokens.token()
        return kept

    assert ["T1"] * 4 == run(source(clock), work)


REFUSALS = [
    ("7000215", "AZURE_CLIENT_SECRET"),
    ("7000222", "expired"),
    ("700016", "AZURE_CLIENT_ID"),
    ("53003", "Conditional access"),
    ("999999", "AADSTS999999"),
]


@pytest.mark.parametrize(("code", "says"), REFUSALS)
def test_a_refused_sign_in_says_what_to_do(
    wire: responses.RequestsMock, caplog: pytest.LogCaptureFixture, code: str, says: str
) -> None:
    """The code, the remedy, and never the secret, not even in a log."""
    refuse(wire, code)

    with pytest.raises(Unauthorized, match=says) as caught:
        run(source(), lambda t: t.token())
    assert 7 == caught.value.exit_code
    assert f"AADSTS{code}" in str(caught.value)
    assert SECRET not in repr(caught.value) + caplog.text


def test_an_unknown_tenant_is_told(wire: responses.RequestsMock) -> None:
    """The discovery already fails; its reason is found below azure-identity's own words."""
    wire.replace(
        responses.GET,
        f"{GLOBAL.authority}/{TENANT}/v2.0/.well-known/openid-configuration",
        status=400,
        json={"error": "invalid_tenant", "error_description": f"AADSTS90002: Tenant '{TENANT}' not found."},
    )

    with pytest.raises(Unauthorized, match=r"AADSTS90002.*AZURE_TENANT_ID"):
        run(source(), lambda t: t.token())


def test_missing_variables_are_named(wire: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is sent when there is nothing to sign in with."""
    monkeypatch.delenv("AZURE_CLIENT_SECRET")

    with pytest.raises(Unauthorized, match="AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH"):
        run(source(), lambda t: t.token())
    assert 0 == len(wire.calls)


BUSY = [
    ({"status": 503, "body": "oops"}, None),
    ({"status": 503, "headers": {"Retry-After": "17"}, "body": "oops"}, 17.0),
    ({"status": 429, "headers": {"Retry-After": "8"}, "json": {"error": "temporarily_unavailable"}}, 8.0),
    ({"status": 504, "body": ""}, None),
    ({"body": requests.exceptions.ChunkedEncodingError("Connection broken: IncompleteRead(0 bytes read)")}, None),
    ({"body": http.client.IncompleteRead(b"", 583)}, None),
    ({"status": 200, "body": '{"access_token": "T'}, None),
]


@pytest.mark.parametrize(("how", "after"), BUSY)
def test_a_busy_sign_in_service_may_be_asked_again(
    wire: responses.RequestsMock, how: dict[str, Any], after: float | None
) -> None:
    """Its Retry-After is kept; the next question really reaches it, past every cache in between."""
    answer(wire, **how)
    token(wire, "T1")

    async def work(tokens: TokenSource) -> tuple[float | None, str]:
        with pytest.raises(Retryable) as caught:
            await tokens.token()
        return caught.value.retry_after_s, await tokens.token()

    assert (after, "T1") == run(source(), work)
    assert 2 == asked(wire)


def test_who_stands_in_line_for_a_token_that_is_refused_asks_nobody(wire: responses.RequestsMock) -> None:
    """Five senders want a token at once; the provider asks to wait, and is asked once."""
    answer(wire, status=429, headers={"Retry-After": "8"}, json={"error": "temporarily_unavailable"})

    async def work(tokens: TokenSource) -> list[Any]:
        return list(await asyncio.gather(*(tokens.token() for _ in range(5)), return_exceptions=True))

    found = run(source(), work)

    assert [8.0] * 5 == [e.retry_after_s for e in found if isinstance(e, Retryable)]
    assert 1 == asked(wire)


AWAY = [requests.exceptions.ConnectionError("no route to host"), requests.exceptions.ReadTimeout("slow")]


@pytest.mark.parametrize("failure", AWAY, ids=["refused", "timeout"])
def test_a_network_without_the_sign_in_service_is_away(wire: responses.RequestsMock, failure: Exception) -> None:
    """It may come back, so the next question reaches it again; azure-core's own retries are off."""
    answer(wire, body=failure)
    token(wire, "T1")

    async def work(tokens: TokenSource) -> str:
        with pytest.raises(NetworkAway):
            await tokens.token()
        assert 1 == asked(wire)
        return await tokens.token()

    assert "T1" == run(source(), work)


def test_a_certificate_that_is_not_trusted_is_told(wire: responses.RequestsMock) -> None:
    """Behind a proxy that signs anew the operator needs a bundle."""
    answer(wire, body=requests.exceptions.SSLError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate"))

    with pytest.raises(UntrustedCertificate, match="SSL_CERT_FILE"):
        run(source(), lambda t: t.token())


def test_the_bundle_of_certificates_is_used_for_the_sign_in(wire: responses.RequestsMock) -> None:
    """The same file as for Graph, for every request on the way to a token."""
    token(wire, "T1")
    run(source(bundle="/etc/ssl/proxy.pem"), lambda t: t.token())

    assert {"/etc/ssl/proxy.pem"} == {call.request.req_kwargs["verify"] for call in wire.calls}


BUNDLES = [
    ({}, None),
    ({"SSL_CERT_FILE": ""}, None),
    ({"REQUESTS_CA_BUNDLE": "r.pem"}, "r.pem"),
    ({"SSL_CERT_FILE": "s.pem", "REQUESTS_CA_BUNDLE": "r.pem"}, "s.pem"),
]


@pytest.mark.parametrize(("environ", "bundle"), BUNDLES)
def test_one_bundle_is_chosen_for_everything(environ: dict[str, str], bundle: str | None) -> None:
    """The first of the two usual variables."""
    assert bundle == ca_bundle(environ)


MADE = {
    "default": azure_identity.DefaultAzureCredential,
    "managed-identity": azure_identity.ManagedIdentityCredential,
    "workload-identity": azure_identity.WorkloadIdentityCredential,
    "azure-cli": azure_identity.AzureCliCredential,
    "azure-pipelines": azure_identity.AzurePipelinesCredential,
    "device-code": azure_identity.DeviceCodeCredential,
    "environment": azure_identity.EnvironmentCredential,
}


@pytest.mark.parametrize("name", CREDENTIALS)
def test_every_credential_can_be_made(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each name in the settings is a class of azure-identity that takes what we give it."""
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", "token")
    environ = {
        "AZURE_CLIENT_ID": "22222222-2222-4222-8222-222222222222",
        "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID": "s",
        "SYSTEM_ACCESSTOKEN": "t",
    }
    made = auth.make_credential(name, TENANT, environ, print, {"authority": GLOBAL.authority, "read_timeout": 60})

    assert MADE[name] is type(made)
    made.close()


def test_the_code_of_a_device_sign_in_is_shown_where_we_say(wire: responses.RequestsMock) -> None:
    """Standard output belongs to the command's own answer."""
    wire.post(
        f"{GLOBAL.authority}/{TENANT}/oauth2/v2.0/devicecode",
        json={
            "device_code": "d",
            "user_code": "ABC123",
            "verification_uri": "https://microsoft.com/devicelogin",
            "expires_in": 900,
            "interval": 0,
            "message": "m",
        },
    )
    app, now = "22222222-2222-4222-8222-222222222222", int(datetime.now(UTC).timestamp())
    person = {"aud": app, "iss": "https://x/v2.0", "sub": "s", "tid": TENANT, "oid": "o", "preferred_username": "p"}
    answer(
        wire,
        json={
            "access_token": "T1",
            "expires_in": 3600,
            "token_type": "Bearer",
            "id_token": jwt({**person, "iat": now, "exp": now + 3600}),
            "client_info": jwt({"uid": "u", "utid": TENANT}).split(".")[1],
        },
    )
    shown: list[str] = []
    tokens = token_source(
        "device-code",
        GLOBAL,
        tenant_id=TENANT,
        clock=JumpingClock(datetime.now(UTC).timestamp()),
        ca_bundle=None,
        prompt=shown.append,
    )

    assert "T1" == run(tokens, lambda t: t.token())
    assert ["To sign in, open https://microsoft.com/devicelogin and enter the code ABC123\n"] == shown


def test_an_unknown_credential_is_refused() -> None:
    """With the names that there are."""
    with pytest.raises(Unauthorized, match="environment, default"):
        token_source("password", GLOBAL, tenant_id=TENANT, clock=JumpingClock(), ca_bundle=None)


def jwt(claims: object) -> str:
    """Make an unsigned token of these claims."""
    return "h." + base64.urlsafe_b64encode(orjson.dumps(claims)).decode().rstrip("=") + ".s"


IDENTITIES = [
    (jwt({"tid": "T", "appid": "A", "roles": ["b", "a"]}), ("a", "t", ("a", "b"))),
    (jwt({"tid": "T", "azp": "A"}), ("a", "t", ())),
    (jwt([]), ("", "", None)),
    ("sandbox-token", ("", "", None)),
    ("a.!!!.c", ("", "", None)),
    ("", ("", "", None)),
]


@pytest.mark.parametrize(("text", "expected"), IDENTITIES)
def test_a_token_tells_who_it_speaks_for(text: str, expected: tuple[str, str, tuple[str, ...] | None]) -> None:
    """As far as it can be decoded, and no further."""
    found = identity(text, "environment")

    assert expected == (found.app_id, found.tenant_id, found.roles)
    assert "environment" == found.credential
