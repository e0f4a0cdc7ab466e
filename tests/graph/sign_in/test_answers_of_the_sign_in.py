"""Whatever stands at the sign-in host: only an error of OAuth is a refusal (7); all else is the way there (4)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import responses
from worlds.virtual_time import JumpingClock

from connectors.errors import ConnectorError, Malformed, Retryable
from connectors.graph.client import PaceSettings, open_client
from connectors.graph.sign_in.clouds import CLOUDS
from connectors.graph.sign_in.token import token_source

TENANT = "11111111-1111-4111-8111-111111111111"
HOST = "login.microsoftonline.com"
BASE = f"https://{HOST}/{TENANT}"
SECRET = "abc8Q~ThisIsTheSecretThatNobodyMayEverSee0"
LOGIN = "<!DOCTYPE html><html><body>Sign in to the guest network: error</body></html>"
ENDPOINTS = {
    "discovery": ("GET", f"{BASE}/v2.0/.well-known/openid-configuration"),
    "token": ("POST", f"{BASE}/oauth2/v2.0/token"),
}
DISCOVERED = {
    "issuer": f"{BASE}/v2.0",
    "authorization_endpoint": f"{BASE}/oauth2/v2.0/authorize",
    "token_endpoint": f"{BASE}/oauth2/v2.0/token",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """An app with a secret, and no proxy."""
    for name in ("AZURE_AUTHORITY_HOST", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AZURE_TENANT_ID", TENANT)
    monkeypatch.setenv("AZURE_CLIENT_ID", "22222222-2222-4222-8222-222222222222")
    monkeypatch.setenv("AZURE_CLIENT_SECRET", SECRET)


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    """The network as `requests` sees it; nothing answers yet but the list of clouds."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        where = {"tenant_discovery_endpoint": ENDPOINTS["discovery"][1], "metadata": []}
        mock.get(f"https://{HOST}/common/discovery/instance", json=where)
        yield mock


def answering(wire: responses.RequestsMock, endpoint: str, how: dict[str, Any]) -> None:
    """Let this endpoint answer so for ever, and discovery as it should where it is another."""
    method, url = ENDPOINTS[endpoint]
    wire.add(method, url, **how)
    if endpoint != "discovery":
        wire.get(ENDPOINTS["discovery"][1], json=DISCOVERED)


def sign_in() -> tuple[int, str, float]:
    """Sign in as a command does; return code, message and the seconds that were waited."""
    clock = JumpingClock(datetime.now(UTC).timestamp())
    began = clock.seconds

    async def go() -> tuple[int, str]:
        client = open_client(
            root=CLOUDS["global"].root,
            tokens=token_source("environment", CLOUDS["global"], tenant_id=TENANT, clock=clock, ca_bundle=None),
            clock=clock,
            pace=PaceSettings(3000, lambda: 0.9, 120.0),
            on_wait=lambda _reason, _seconds: None,
        )
        async with client:
            try:
                await client.sign_in()
            except ConnectorError as error:
                return int(error.exit_code), str(error)
        return 0, ""

    code, message = asyncio.run(go())
    assert SECRET not in message
    return code, message, clock.seconds - began


HTML = {"body": LOGIN, "content_type": "text/html"}
STRANGERS: dict[str, tuple[dict[str, Any], str]] = {
    "a page with 200": (HTML, "a web page (status 200)"),
    "a page of a proxy, 403": ({**HTML, "status": 403}, "a web page (status 403)"),
    "a page of a proxy, 401": ({**HTML, "status": 401}, "a web page (status 401)"),
    "a page, 404": ({**HTML, "status": 404}, "a web page (status 404)"),
    "a page, 400": ({**HTML, "status": 400}, "a web page (status 400)"),
    "302": (
        {"status": 302, "headers": {"Location": "https://portal.example/?x=1"}},
        "a redirect (302) to portal.example",
    ),
    "307": ({"status": 307, "headers": {"Location": "https://portal.example/"}}, "a redirect (307) to portal.example"),
    "407": ({**HTML, "status": 407}, "(407)"),
    "451": ({**HTML, "status": 451}, "a web page (status 451)"),
    "511": ({**HTML, "status": 511}, "(511)"),
    "403 without a word": ({"status": 403, "body": ""}, "status 403"),
    "403 in other words": ({"status": 403, "json": {"message": "blocked"}}, "status 403"),
    "a text": ({"body": "blocked", "content_type": "text/plain"}, "a text that is not JSON"),
}


@pytest.mark.parametrize("stranger", STRANGERS)
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_stranger_at_the_sign_in_host_is_named(wire: responses.RequestsMock, endpoint: str, stranger: str) -> None:
    """4 in the first second, with what came; the secret goes nowhere else."""
    how, words = STRANGERS[stranger]
    answering(wire, endpoint, how)

    code, message, waited = sign_in()

    assert (4, 0.0) == (code, waited)
    assert words in message
    assert HOST in message
    assert "continues" in message
    assert {HOST} == {call.request.url.split("/")[2] for call in wire.calls}


SHAPES: dict[str, Any] = {
    "null": None,
    "a list": [],
    "a text": "token",
    "a number": 7,
    "an empty object": {},
    "a token that is a number": {"access_token": 5, "expires_in": 3600, "token_type": "Bearer"},
    "a token that is null": {"access_token": None, "expires_in": 3600},
    "a token that is a list": {"access_token": ["T"], "expires_in": 3600},
    "a token of two lines": {"access_token": "T\r\nX-Evil: 1", "expires_in": 3600},
    "an end that is a text": {"access_token": "T", "expires_in": "soon"},
    "an end that is null": {"access_token": "T", "expires_in": None},
    "no end": {"access_token": "T"},
    "an end that is a list": {"access_token": "T", "expires_in": [1]},
    "endpoints that are numbers": {"token_endpoint": 5, "authorization_endpoint": 6, "issuer": 7},
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_no_shape_at_the_sign_in_host_ends_in_a_trace(wire: responses.RequestsMock, endpoint: str, shape: str) -> None:
    """4, or a token after all; never 7, for nobody has refused anything."""
    answering(wire, endpoint, {"json": SHAPES[shape]})
    if endpoint == "discovery":
        wire.post(ENDPOINTS["token"][1], json={"access_token": "T", "expires_in": 3600})

    code, message, _ = sign_in()

    assert code in {0, 4}, message
    if code == 4:
        assert "continues" in message


GATEWAYS = [{**HTML, "status": status} for status in (500, 502, 503, 504, 429)]


@pytest.mark.parametrize("how", GATEWAYS, ids=lambda how: str(how["status"]))
def test_a_gateway_of_the_sign_in_host_is_waited_for(wire: responses.RequestsMock, how: dict[str, Any]) -> None:
    """The provider's own gateways speak HTML as well."""
    answering(wire, "token", how)
    wire.post(ENDPOINTS["token"][1], json={"access_token": "T", "expires_in": 3600, "token_type": "Bearer"})

    assert 0 == sign_in()[0]


REFUSALS = [
    (400, {"error": "unauthorized_client", "error_description": "AADSTS700016: No such app."}),
    (401, {"error": "invalid_client", "error_description": "AADSTS7000215: Wrong secret."}),
    (401, {"error": "invalid_client"}),
    (403, {"error": "access_denied"}),
]


@pytest.mark.parametrize(("status", "body"), REFUSALS)
def test_an_error_of_oauth_is_a_refusal(wire: responses.RequestsMock, status: int, body: dict[str, str]) -> None:
    """7: the provider itself has said no."""
    answering(wire, "token", {"status": status, "json": body})

    code, message, _ = sign_in()

    assert 7 == code, message


def test_there_is_one_truth_about_how_long_a_sign_in_may_take(wire: responses.RequestsMock) -> None:
    """Ten seconds to connect and thirty to answer, for each request on the way to a token."""
    answering(wire, "token", {"json": {"access_token": "T", "expires_in": 3600, "token_type": "Bearer"}})

    assert 0 == sign_in()[0]
    assert {(10.0, 30.0)} == {call.request.req_kwargs["timeout"] for call in wire.calls}  # type: ignore[attr-defined]


def test_a_stranger_does_no_harm_while_the_token_is_good(wire: responses.RequestsMock) -> None:
    """A renewal in good time that meets a portal leaves the token in use; at its end the portal is named."""
    answering(wire, "token", {"json": {"access_token": "T1", "expires_in": 200, "token_type": "Bearer"}})
    wire.post(ENDPOINTS["token"][1], **HTML)
    clock = JumpingClock(datetime.now(UTC).timestamp())
    tokens = token_source("environment", CLOUDS["global"], tenant_id=TENANT, clock=clock, ca_bundle=None)

    async def work() -> tuple[str, type[Exception]]:
        await tokens.token()
        clock.seconds += 60
        kept = await tokens.token()
        clock.seconds += 130
        with pytest.raises((Malformed, Retryable)) as caught:
            await tokens.token()
        await tokens.close()
        return kept, type(caught.value)

    assert ("T1", Malformed) == asyncio.run(work())
