"""Connections that break, bodies without an end, and packings that explode: 4, and never more memory than the limit."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from worlds.virtual_time import JumpingClock

from connectors.changes import AddLicense, AssignLicense, Verdict
from connectors.errors import ConnectorError
from connectors.graph.client import GraphClient, PaceSettings, open_client
from connectors.graph.sign_in.token import FixedToken
from connectors.tenant import SkuId, UserId

pytestmark = pytest.mark.socket

MIB, LIMIT = 2**20, 2**16
BODY = orjson.dumps({"value": [{"id": "t", "displayName": "Contoso", "verifiedDomains": []}]})
E4, E3 = SkuId("1392051d-0cb9-4b7a-88d5-621fee5e8711"), SkuId("6fd2c87f-b296-42f0-b197-1e91e994b900")
CHANGES = [AssignLicense(UserId(f"aaaaaaaa-0000-4000-8000-{n:012d}"), (AddLicense(E3),), (E4,)) for n in range(2)]
JSON = b"Content-Type: application/json\r\n"

Script = Callable[[asyncio.StreamWriter], Coroutine[Any, Any, None]]


def raw(*pieces: bytes) -> Script:
    """Write these bytes and close."""

    async def write(writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()

    return write


def whole(body: bytes, *more: bytes, version: bytes = b"1.1") -> Script:
    """Answer 200 with this body and these header lines."""
    head = b"HTTP/" + version + b" 200 OK\r\n" + JSON + b"".join(more)
    return raw(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)


class Server:
    """Answers each connection with the next script, the last one for ever, and without listening where it is `deaf`."""

    def __init__(self, *scripts: Script, deaf: bool = False) -> None:
        self.scripts = scripts
        self.deaf = deaf
        self.connections = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection."""
        try:
            if not self.deaf:
                await reader.readuntil(b"\r\n\r\n")
            script = self.scripts[min(self.connections, len(self.scripts) - 1)]
            self.connections += 1
            await script(writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def client_of(server: Server, *, tls: bool = False, limit: int = 4 * MIB) -> AsyncIterator[GraphClient]:
    """Give a client of this server; the waits between its questions take no time."""
    listening = await asyncio.start_server(server, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    client = open_client(
        root=f"http{'s' if tls else ''}://127.0.0.1:{port}/v1.0",
        tokens=FixedToken("T"),
        clock=JumpingClock(),
        pace=PaceSettings(3000, lambda: 0.9, 60.0),
        on_wait=lambda _reason, _seconds: None,
        body_bytes_max=limit,
    )
    async with client:
        yield client
    listening.close()
    await listening.wait_closed()


def read(server: Server, **how: Any) -> str:
    """Read the organization; return the name of it, or the code and the message of the error."""

    async def work() -> str:
        async with client_of(server, **how) as client:
            try:
                return (await client.read_organization()).display_name
            except ConnectorError as error:
                return f"{error.exit_code} {error}"

    return asyncio.run(work())


GOOD = {
    "HTTP/1.0": whole(BODY, version=b"1.0"),
    "no length": raw(b"HTTP/1.1 200 OK\r\n" + JSON + b"Connection: close\r\n\r\n", BODY),
    "1xx before it": raw(
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n" + JSON,
        b"Content-Length: %d\r\n\r\n" % len(BODY),
        BODY,
    ),
    "gzip": whole(gzip.compress(BODY), b"Content-Encoding: gzip\r\n"),
    "deflate": whole(zlib.compress(BODY), b"Content-Encoding: deflate\r\n"),
    "identity": whole(BODY, b"Content-Encoding: identity\r\n"),
    "byte by byte": raw(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        *(b"1\r\n%c\r\n" % byte for byte in BODY),
        b"0\r\n\r\n",
    ),
    "odd headers": whole(BODY, b"Set-Cookie: \xff=\xfe; path\r\n", b"X-A: \x80\r\n", b"Location: http://[::1\r\n"),
}


@pytest.mark.parametrize("case", GOOD)
def test_a_whole_answer_is_read_however_it_comes(case: str) -> None:
    """What HTTP allows is read at the first time of asking."""
    server = Server(GOOD[case])

    assert "Contoso" == read(server)
    assert 1 == server.connections


BROKEN = {
    "closed before a word": raw(),
    "closed in the head": raw(b"HTTP/1.1 200 OK\r\nContent-"),
    "closed in the body": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + BODY[:20]),
    "no HTTP": raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),
    "chunks that are none": raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n"),
    "a chunk without an end": raw(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"va'),
    "gzip that is none": whole(BODY, b"Content-Encoding: gzip\r\n"),
    "gzip that ends early": whole(gzip.compress(BODY)[:-12], b"Content-Encoding: gzip\r\n"),
    "a packing that nobody asked for": whole(b"\x1b\x00\x00", b"Content-Encoding: br\r\n"),
    "gzip in gzip": whole(gzip.compress(gzip.compress(BODY)), b"Content-Encoding: gzip, gzip\r\n"),
    "a head without an end": raw(b"HTTP/1.1 200 OK\r\n" + b"X-Filler: %s\r\n" % (b"a" * 1000) * 300),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_answer_is_asked_for_again(case: str) -> None:
    """Once it comes whole all is well; for ever it is 4, the network, and the command continues."""
    assert "Contoso" == read(Server(BROKEN[case], whole(BODY)))

    found = read(Server(BROKEN[case]))

    assert found.startswith(("4 No connection within", "4 No useful answer within the longest wait"))
    assert "continues" in found


def test_a_server_that_speaks_no_tls_is_the_network() -> None:
    """The shake of hands fails: nothing left, and nothing is in doubt."""

    async def work() -> tuple[int, str, list[Verdict]]:
        async with client_of(Server(raw(b"HTTP/1.1 400 Bad Request\r\n\r\n"), deaf=True), tls=True) as client:
            replies = await client.assign(CHANGES[:1])
            with pytest.raises(ConnectorError) as caught:
                await client.read_organization()
            return caught.value.exit_code, str(caught.value), [reply.verdict for reply in replies]

    code, message, verdicts = asyncio.run(work())
    assert (4, [Verdict.RETRY]) == (code, verdicts)
    assert "network" in message


def endless(piece: bytes, *head: bytes) -> Script:
    """Answer 200 and send this piece for ever, as chunks."""

    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + b"".join(head) + b"\r\n")
        while True:
            writer.write(b"%x\r\n" % len(piece) + piece + b"\r\n")
            await writer.drain()

    return write


def bomb() -> bytes:
    """A body of 256 MiB in some 250 KiB of gzip."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(b" " * MIB) for _ in range(256)) + packer.flush()


TOO_LONG = {
    "spaces without end": lambda: endless(b" " * 65536),
    "half a JSON without end": lambda: endless(b'{"value": [' + b"{}," * 20000),
    "a byte at a time": lambda: endless(b"x"),
    "a bomb of gzip": lambda: whole(bomb(), b"Content-Encoding: gzip\r\n"),
    "a length that is told": lambda: raw(
        b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n", *(b" " * MIB for _ in range(6))
    ),
}


@pytest.mark.parametrize("case", TOO_LONG)
def test_a_body_is_not_read_beyond_the_limit(case: str) -> None:
    """4 at once, with the limit and what to look at; it is not asked for again."""
    server = Server(TOO_LONG[case]())

    found = read(server, limit=LIMIT)

    assert found.startswith("4 The answer to /v1.0/organization is longer than 0.0625 MiB")
    assert "continues" in found
    assert 1 == server.connections


def test_a_write_whose_answer_has_no_end_is_in_doubt() -> None:
    """Nothing is known of the changes: they are read before anything is sent again."""

    async def work() -> list[tuple[Verdict, str]]:
        async with client_of(Server(endless(b" " * 65536)), limit=MIB) as client:
            return [(reply.verdict, reply.reason) for reply in await client.assign(CHANGES)]

    assert [(Verdict.IN_DOUBT, "not_graph")] * 2 == asyncio.run(work())
