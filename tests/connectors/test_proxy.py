"""The proxy variables that people have: one proxy or none for each host, and one sentence about what cannot be used."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from worlds.virtual_time import JumpingClock

from connectors.errors import ConnectorError
from connectors.graph.client import PaceSettings, open_client
from connectors.graph.sign_in.token import FixedToken
from connectors.notify import send_notice

pytestmark = pytest.mark.socket

COMMAND = Path(sys.executable).with_name("reseat.exe" if os.name == "nt" else "reseat")
LOGIN, GRAPH = "login.microsoftonline.com:443", "graph.microsoft.com:443"
NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
HUSH = "geheim"
SETTINGS = """
[tenant]
id = "11111111-2222-4333-8444-555555555555"
{tenant}

[source]
skus = ["ENTERPRISEWITHSCAL"]

[[swap]]
name = "everyone"
to = ["ENTERPRISEPACK"]

[pace]
wait_minutes_max = 0
"""
MEANINGLESS = [
    "fd00::/8", "[::1]", "::1", "10.0.0.0/8,127.0.0.1,localhost,.internal", "[fe80::1%eth0]:443", "http://[",
    "microsoft.com.evil.example", "*.example", " , ,,", "graph.microsoft.com:8443",
]  # fmt: skip
UNUSABLE = {
    "socks5://127.0.0.1:1080": "SOCKS",
    "socks5h://me:geheim@127.0.0.1:1080": "SOCKS",
    "SOCKS4://127.0.0.1": "SOCKS",
    "ftp://127.0.0.1:21": "http:// or https://",
    "htp://127.0.0.1:8080": "http:// or https://",
    "://127.0.0.1": "http:// or https://",
    "http://127.0.0.1:eighty": "port",
    "http://127.0.0.1:99999": "port",
    "http://me:geheim#1@127.0.0.1:8080": "%23",
    "http://me:geheim/1@127.0.0.1:8080": "%2F",
    "http://[::1:8080": "address",
    "http://": "host",
    "http://proxy example:8080": "a space",
    "http://proxy..example:8080": "address",
    "http:127.0.0.1:8080": "port",
}


class Proxy:
    """Takes CONNECT and answers with this status line; `asked` are the places that were asked for."""

    def __init__(self, status: bytes = b"407 Proxy Authentication Required") -> None:
        self.asked: list[str] = []
        self.status = status
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}"
        self.url = f"http://{self.address}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with connection:
                head = connection.recv(65536)
                self.asked.append(head.split()[1].decode())
                connection.sendall(b"HTTP/1.1 " + self.status + b"\r\nContent-Length: 0\r\n\r\n")

    def close(self) -> None:
        """Listen no more."""
        self._listening.close()


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """A proxy that wants to be signed in to."""
    made = Proxy()
    yield made
    made.close()


@pytest.fixture
def other() -> Iterator[Proxy]:
    """Another one."""
    made = Proxy()
    yield made
    made.close()


def reseat(folder: Path, tenant: str, variables: dict[str, str]) -> tuple[int, str]:
    """Call `reseat check` by its own name, with these variables for proxies and no others; return code and message."""
    (folder / "reseat.toml").write_text(SETTINGS.format(tenant=tenant), encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.upper().endswith("_PROXY")}
    app = {
        "AZURE_TENANT_ID": "11111111-2222-4333-8444-555555555555",
        "AZURE_CLIENT_ID": "a",
        "AZURE_CLIENT_SECRET": "b",
    }
    done = subprocess.run(
        [COMMAND, "check"], cwd=folder, env={**kept, **app, **variables}, capture_output=True, check=False, timeout=120
    )
    said = done.stderr.decode()
    assert "Traceback" not in said, said
    assert HUSH not in said + done.stdout.decode()
    return done.returncode, said.partition("reseat: ")[2]


def closed() -> str:
    """Return the settings of an embedded tenant at a port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    return f'credential = "sandbox"\ngraph_url = "http://127.0.0.1:{port}/v1.0"'


TWISTS = [
    {"NO_PROXY": ",".join(MEANINGLESS)},
    {"ALL_PROXY": "socks5://127.0.0.1:1080", "NO_PROXY": "[::1]"},
    {"all_proxy": "http://[::1", "HTTP_PROXY": "nonsense://"},
]


@pytest.mark.parametrize("twist", TWISTS)
def test_what_means_nothing_for_our_hosts_does_no_harm(tmp_path: Path, proxy: Proxy, twist: dict[str, str]) -> None:
    """HTTPS_PROXY is used, whatever stands beside it, and told to want a sign-in: 4."""
    url = f"http://me:{HUSH}@{proxy.address}"

    code, message = reseat(tmp_path, "", {"HTTPS_PROXY": url, **twist})

    assert (4, [LOGIN]) == (code, sorted(set(proxy.asked)))
    assert "(407)" in message
    assert "continues" in message


@pytest.mark.parametrize("value", ["socks5://me:geheim@127.0.0.1:1080", "http://me:geheim#1@127.0.0.1:8080"])
def test_what_cannot_be_used_is_told_with_the_name_of_the_variable(tmp_path: Path, value: str) -> None:
    """2, before anything is sent, one paragraph, and never the value: it may hold a password."""
    code, message = reseat(tmp_path, "", {"ALL_PROXY": value})

    assert 2 == code
    assert message.startswith("ALL_PROXY cannot be used: ")
    assert message.rstrip().endswith("Nothing was sent.")
    assert 1 == message.count("\n")


def test_the_embedded_tenant_needs_no_proxy(tmp_path: Path, proxy: Proxy) -> None:
    """Nothing of these variables is looked at on the way to this machine itself: 4, for nobody listens there."""
    variables = {
        "ALL_PROXY": "socks5://me:geheim@127.0.0.1:1080",
        "HTTP_PROXY": proxy.url,
        "NO_PROXY": "fd00::/8,[::1]",
    }

    code, message = reseat(tmp_path, closed(), {**variables, "https_proxy": "nonsense://"})

    assert (4, []) == (code, proxy.asked)
    assert "network" in message


def organization(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> str:
    """Ask Graph who the tenant is, with these variables and no others; return code and message of the error."""
    for name in [*os.environ]:
        if name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    async def ask() -> str:
        try:
            client = open_client(
                root="https://graph.microsoft.com/v1.0",
                tokens=FixedToken("T"),
                clock=JumpingClock(),
                pace=PaceSettings(3000, lambda: 0.9, 0.0),
                on_wait=lambda _reason, _seconds: None,
            )
            async with client:
                await client.read_organization()
        except ConnectorError as error:
            return f"{error.exit_code} {error}"
        return "0"

    found = asyncio.run(ask())
    assert HUSH not in found
    return found


WAYS = {
    "its own": {"HTTPS_PROXY": "one"},
    "in lower case": {"https_proxy": "one"},
    "lower before upper case": {"https_proxy": "one", "HTTPS_PROXY": "two"},
    "the one for everything": {"ALL_PROXY": "one"},
    "its own before the one for everything": {"HTTPS_PROXY": "one", "ALL_PROXY": "two"},
    "also before one in lower case": {"HTTPS_PROXY": "one", "all_proxy": "two"},
    "the one for everything, not the one for http": {"ALL_PROXY": "one", "HTTP_PROXY": "two"},
    "an empty one is none": {"HTTPS_PROXY": "", "ALL_PROXY": "one"},
    "blanks around it": {"HTTPS_PROXY": " one "},
}


@pytest.mark.parametrize("way", WAYS)
def test_one_proxy_is_chosen_as_curl_chooses_it(
    monkeypatch: pytest.MonkeyPatch, proxy: Proxy, other: Proxy, way: str
) -> None:
    """The one for https, else the one for everything; lower case goes first."""
    addresses = {"one": proxy.address, "two": other.url}
    variables = {
        name: value.replace(value.strip(), addresses[value.strip()]) if value else value
        for name, value in WAYS[way].items()
    }

    found = organization(monkeypatch, variables)

    assert ([GRAPH], []) == (proxy.asked, other.asked)
    assert found.startswith("4 The proxy on the way to graph.microsoft.com requires a sign-in (407).")


@pytest.mark.table
@pytest.mark.parametrize("entry", MEANINGLESS)
@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_an_exception_for_others_is_none_for_graph(
    monkeypatch: pytest.MonkeyPatch, proxy: Proxy, name: str, entry: str
) -> None:
    """A network, an address of IPv6, another name: the proxy is used, and nothing breaks."""
    found = organization(monkeypatch, {"HTTPS_PROXY": proxy.url, name: entry})

    assert [GRAPH] == proxy.asked
    assert found.startswith("4 ")


@pytest.mark.table
@pytest.mark.parametrize("value", UNUSABLE)
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_every_address_that_is_none_of_a_proxy_is_2(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """The variable by its name, and what is wrong with what it holds."""
    found = organization(monkeypatch, {name: value})

    assert found.startswith(f"2 {name} cannot be used: ")
    assert UNUSABLE[value] in found


REFUSALS = {
    b"403 Forbidden": "refuses to connect to graph.microsoft.com (403)",
    b"451 Unavailable": "refuses to connect to graph.microsoft.com (451)",
    b"511 Network Authentication Required": "refuses to connect to graph.microsoft.com (511)",
    b"302 Found": "refuses to connect to graph.microsoft.com (302)",
    b"502 Bad Gateway": "the proxy does not connect to",
    b"503 Service Unavailable": "the proxy does not connect to",
}


@pytest.mark.parametrize("status", REFUSALS)
def test_what_a_proxy_says_of_the_way_is_told(monkeypatch: pytest.MonkeyPatch, proxy: Proxy, status: bytes) -> None:
    """4: a refusal at once and as that, its own trouble as the network."""
    proxy.status = status

    found = organization(monkeypatch, {"HTTPS_PROXY": proxy.url})

    assert found.startswith("4 ")
    assert REFUSALS[status] in found
    assert "continue" in found


NOTICES = {
    "ALL_PROXY": ("socks5://me:geheim@127.0.0.1:1080", "ALL_PROXY cannot be used: it names a SOCKS proxy"),
    "HTTPS_PROXY": ("http://me:geheim#@127.0.0.1:8080", "HTTPS_PROXY cannot be used"),
}


@pytest.mark.parametrize("name", NOTICES)
def test_a_notice_that_has_no_way_is_told_and_no_more(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A sentence with the name of the variable and the host of the webhook."""
    organization(monkeypatch, {})
    value, words = NOTICES[name]
    monkeypatch.setenv(name, value)

    said = send_notice("https://hooks.example/secret", {"verdict": "GO"}) or ""

    assert said.startswith("The notice to hooks.example was not sent: ")
    assert words in said
    assert HUSH not in said
    assert "secret" not in said


@pytest.mark.parametrize("entry", MEANINGLESS)
def test_a_notice_goes_by_the_same_rules(monkeypatch: pytest.MonkeyPatch, proxy: Proxy, entry: str) -> None:
    """The proxy is asked, and its refusal is told."""
    organization(monkeypatch, {"HTTPS_PROXY": "http://127.0.0.1:9"})
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", entry)

    said = send_notice("https://hooks.example/secret", {"verdict": "GO"})

    assert ["hooks.example:443"] == proxy.asked
    assert "The notice to hooks.example was not accepted: the proxy does not lead there." == said
