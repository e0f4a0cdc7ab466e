"""Serves the tenant on a loopback address, and nowhere else."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

START_SECONDS_MAX = 10.0

Address = tuple[str, int]


def require_loopback(host: str) -> None:
    """ValueError unless the host is this machine talking to itself: the token of this tenant is no secret."""
    if host == "localhost":
        return
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise ValueError(f"the sandbox serves loopback addresses only, not {host}")


def _listening(host: str, port: int) -> socket.socket:
    require_loopback(host)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(128)
    return listener


def _protocol(connections: dict[Address, asyncio.Transport]) -> Callable[..., asyncio.Protocol]:
    """Uvicorn's HTTP protocol, with its connections kept by peer address so that one of them can be cut."""

    class Kept(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            self.peer = tuple(transport.get_extra_info("peername")[:2])
            connections[self.peer] = transport
            super().connection_made(transport)

        def connection_lost(self, exc: Exception | None) -> None:
            connections.pop(self.peer, None)
            super().connection_lost(exc)

    return Kept


class Server:
    """A running server in a thread of its own: `with Server(app) as server: … server.url`."""

    def __init__(self, app: Starlette, host: str = "127.0.0.1", port: int = 0) -> None:
        self._listener = _listening(host, port)
        self.host = host
        self.port: int = self._listener.getsockname()[1]
        connections: dict[Address, asyncio.Transport] = {}

        def cut(client: Any) -> None:
            connections[client[0], client[1]].abort()

        app.state.cut = cut
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                http=_protocol(connections),  # type: ignore[arg-type]
                access_log=False,
                log_level="critical",
                server_header=False,
                date_header=False,
                lifespan="off",
                ws="none",
            )
        )
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)

    @property
    def url(self) -> str:
        """The root that a client is given: `http://127.0.0.1:<port>/v1.0`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/v1.0"

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._listener]))

    def run(self) -> None:
        """Serve in this thread until interrupted."""
        self._server.run(sockets=[self._listener])

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop accepting, close every connection, and wait for the thread."""
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(START_SECONDS_MAX)
        self._listener.close()


def serve(app: Starlette, host: str = "127.0.0.1", port: int = 0) -> Server:
    """Start serving in the background and return the running server: `.port`, `.url`, `.stop()`.

    The listening socket exists when this returns, so a client may connect at once.
    ValueError for a host that is not loopback.
    """
    return Server(app, host, port).__enter__()
