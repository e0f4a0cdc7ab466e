"""The tenant over a real socket: the same answers, really broken connections, and loopback only."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import httpx
import pytest
from worlds.sandbox_client import ADELE, E3, E4, START, person, swap_item, tenant_of

from connectors.sandbox.api.world import World
from connectors.sandbox.app import create_app
from connectors.sandbox.server import Server, serve

pytestmark = pytest.mark.socket

SWAP = {"addLicenses": [{"skuId": E3, "disabledPlans": []}], "removeLicenses": [E4]}
TOKEN = {"Authorization": "Bearer sandbox-token"}


@pytest.fixture
def running() -> Iterator[tuple[Server, World]]:
    """A served tenant with one holder of E4."""
    app = create_app(tenant_of(person(ADELE, "Adele", "ENTERPRISEWITHSCAL")), clock=lambda: START)
    server = serve(app)
    yield server, app.state.world
    server.stop()


def test_it_answers_over_http(running: tuple[Server, World]) -> None:
    """One Date header, the sandbox's own; links lead back to the served address."""
    server, _ = running

    location = httpx.patch(f"{server.url}/users/{ADELE}", headers=TOKEN, json={"usageLocation": "BE"})
    answer = httpx.get(f"{server.url}/users?$top=1&$select=id", headers=TOKEN)
    batch = httpx.post(f"{server.url}/$batch", headers=TOKEN, json={"requests": [swap_item("1", ADELE)]})

    assert (location.status_code, location.content) == (204, b"")
    assert answer.json()["value"] == [{"id": ADELE}]
    assert answer.headers.get_list("date") == ["Mon, 02 Mar 2026 08:00:00 GMT"]
    assert f"http://127.0.0.1:{server.port}/v1.0" == server.url
    assert batch.json()["responses"][0]["status"] == 200


@pytest.mark.parametrize(("fault", "applied"), [("drop_before", False), ("drop_after", True)])
def test_a_dropped_connection_is_cut_without_a_byte(running: tuple[Server, World], fault: str, applied: bool) -> None:
    """The client sees a transport error; the next request is served."""
    server, world = running
    world.faults.force(fault)

    with httpx.Client(base_url=server.url, headers=TOKEN) as client:
        with pytest.raises(httpx.TransportError):
            client.post(f"/users/{ADELE}/assignLicense", json=SWAP)
        assert client.get("/organization").status_code == 200

    assert applied == (world.tenant.consumed(E3) == 1)


def test_a_stopped_server_has_left_its_port() -> None:
    """The port can be bound again at once."""
    server = serve(create_app(tenant_of(), clock=lambda: START))
    assert httpx.get(f"{server.url}/organization", headers=TOKEN).status_code == 200
    server.stop()

    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{server.url}/organization", headers=TOKEN)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com", ""])  # noqa: S104 - refused, never bound
def test_only_loopback_is_served(host: str) -> None:
    """Anything that another machine could reach is refused before a socket is opened."""
    app = create_app(tenant_of(), clock=lambda: START)

    with pytest.raises(ValueError, match="loopback addresses only"):
        serve(app, host)


def test_a_port_can_be_chosen() -> None:
    """The server listens where it was told to."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    with Server(create_app(tenant_of(), clock=lambda: START), port=port) as server:
        assert httpx.get(f"http://127.0.0.1:{port}/v1.0/organization", headers=TOKEN).status_code == 200
        assert server.port == port
