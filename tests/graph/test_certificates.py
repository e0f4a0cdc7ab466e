"""Certificates: the operator's bundle is the one that counts, and a stranger's certificate ends the run at once."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from worlds.virtual_time import JumpingClock

from connectors.errors import NetworkAway, UntrustedCertificate
from connectors.graph.client import PaceSettings, open_client
from connectors.graph.sign_in.token import FixedToken
from connectors.proxy import is_loopback

BODY = b'{"value": [{"id": "t", "displayName": "Contoso"}]}'


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for this machine that nobody else trusts, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "bundle.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return path


def read_over_tls(certificate: Path, bundle: str | None, on_wait: Callable[[str, float], None]) -> str:
    """Read the organization from a TLS server on this machine."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(BODY)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + BODY)
        await writer.drain()
        writer.close()

    async def inside() -> str:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        client = open_client(
            root=f"https://127.0.0.1:{port}/v1.0",
            tokens=FixedToken(),
            clock=JumpingClock(),
            pace=PaceSettings(3000, lambda: 0.9, 60),
            on_wait=on_wait,
            ca_bundle=bundle,
        )
        async with server, client:
            return (await client.read_organization()).display_name

    return asyncio.run(inside())


@pytest.mark.socket
def test_the_operators_bundle_is_trusted(certificate: Path) -> None:
    """Behind a proxy that signs anew, its authority is in the bundle."""
    assert "Contoso" == read_over_tls(certificate, str(certificate), lambda _reason, _seconds: None)


@pytest.mark.socket
def test_a_certificate_that_nobody_vouches_for_ends_the_run_at_once(certificate: Path) -> None:
    """It is told with its remedy and never waited for."""
    waits: list[str] = []

    with pytest.raises(UntrustedCertificate, match="SSL_CERT_FILE"):
        read_over_tls(certificate, None, lambda reason, _seconds: waits.append(reason))
    assert [] == waits


@pytest.mark.parametrize("content", [None, b"no certificate"])
def test_a_bundle_that_cannot_be_read_is_told(tmp_path: Path, content: bytes | None) -> None:
    """Before anything is sent."""
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_bytes(content)

    with pytest.raises(NetworkAway, match="cannot be read"):
        open_client(
            root="https://graph.microsoft.com/v1.0",
            tokens=FixedToken(),
            clock=JumpingClock(),
            pace=PaceSettings(3000, lambda: 0.9, 60),
            on_wait=lambda _reason, _seconds: None,
            ca_bundle=str(bundle),
        )


HOSTS = [
    ("127.0.0.1", True),
    ("127.9.9.9", True),
    ("::1", True),
    ("localhost", True),
    ("localhost.example", False),
    ("graph.microsoft.com", False),
    ("10.0.0.1", False),
    ("", False),
]


@pytest.mark.parametrize(("host", "loopback"), HOSTS)
def test_this_machine_is_reached_without_a_proxy(host: str, loopback: bool) -> None:
    """A proxy of the environment has no business between us and the embedded tenant."""
    assert loopback == is_loopback(host)
