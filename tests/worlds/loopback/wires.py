"""The wires of a loopback internet: certificates of a private authority, servers with them, and a CONNECT proxy."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import datetime
import ipaddress
import itertools
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from starlette.types import ASGIApp

BEGAN = datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC)
ENDS = datetime.datetime(2045, 1, 1, tzinfo=datetime.UTC)


def certificates(folder: Path, names: tuple[str, ...]) -> tuple[Path, Path]:
    """Write the authority's certificate, and one file with key and certificate for all names; return both paths."""
    authority_key, leaf_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
    authority = (
        _certificate(issuer, issuer, authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    alternatives = [*map(x509.DNSName, names), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    key_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    leaf = (
        _certificate(subject, issuer, leaf_key.public_key())
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(key_id, critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    bundle, served = folder / "authority.pem", folder / "served.pem"
    bundle.write_bytes(authority.public_bytes(pem))
    private = leaf_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    served.write_bytes(private + leaf.public_bytes(pem))
    return bundle, served


def _certificate(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder(subject_name=subject, issuer_name=issuer, public_key=key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGAN)
        .not_valid_after(ENDS)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates, key_cert_sign=signs_certificates, crl_sign=signs_certificates,
        content_commitment=False, key_encipherment=False, data_encipherment=False, key_agreement=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tunnel:
    """One connection through the proxy: its number, and the user name that was told to the proxy, "" for none."""

    number: int
    user: str


NOWHERE = Tunnel(0, "")


class Proxy:
    """A CONNECT proxy. `ports` maps the host names it leads to; `away` holds the names it cannot reach just now.

    `asked` are the names that were asked for. `cuts` says when each tunnel that we broke was broken: an answer that
    left after that, or just before, may never have come to the client.
    """

    def __init__(self, ports: Mapping[str, int]) -> None:
        self.ports = ports
        self.away: set[str] = set()
        self.asked: list[str] = []
        self.cuts: dict[int, float] = {}
        self._numbers = itertools.count(1)
        self._tunnels: dict[int, tuple[Tunnel, asyncio.Transport]] = {}

    def whose(self, port: int) -> Tunnel:
        """Return the tunnel whose far end the servers know by this port."""
        found = self._tunnels.get(port)
        return found[0] if found else NOWHERE

    def cut(self, client: tuple[str, int]) -> None:
        """Break the tunnel whose far end the servers know as `client`; it may be gone already."""
        if found := self._tunnels.get(client[1]):
            self._break(*found)

    def cut_all(self) -> None:
        """Break every tunnel."""
        for tunnel, transport in list(self._tunnels.values()):
            self._break(tunnel, transport)

    def _break(self, tunnel: Tunnel, transport: asyncio.Transport) -> None:
        self.cuts.setdefault(tunnel.number, time.time())
        transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Lead one connection to the server of its name, until either side ends it."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._lead(reader, writer)
        writer.close()

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        host = head.split()[1].decode().partition(":")[0]
        self.asked.append(host)
        if host in self.away or host not in self.ports:
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.ports[host])
        port = far_writer.get_extra_info("sockname")[1]
        self._tunnels[port] = Tunnel(next(self._numbers), _user(head)), writer.transport
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        del self._tunnels[port]


def _user(head: bytes) -> str:
    for line in head.decode("latin-1").split("\r\n"):
        name, _, value = line.partition(":")
        if name.lower() == "proxy-authorization":
            return base64.b64decode(value.split()[-1]).decode().partition(":")[0]
    return ""


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


def listener() -> socket.socket:
    """Return a socket that listens on a port of its own."""
    made = socket.socket()
    made.bind(("127.0.0.1", 0))
    made.listen(64)
    return made


def https_server(app: ASGIApp, served: Path) -> uvicorn.Server:
    """Return a server of the application that shows the certificate in `served`."""
    return uvicorn.Server(
        uvicorn.Config(
            app, ssl_certfile=str(served), access_log=False, log_level="critical", lifespan="off", ws="none",
            date_header=False, http="h11",
        )
    )  # fmt: skip
