"""The tenant behind HTTP: one ASGI application that a client meets over a socket or in the same process."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from connectors.sandbox.api.batch import Item, failed, read_items, run_batch
from connectors.sandbox.api.routes import call, find_route
from connectors.sandbox.api.world import SANDBOX_TOKEN, AppIdentity, Reply, Request, World, refused
from connectors.sandbox.licensing.others import MEDDLING
from connectors.sandbox.refusal import Refusal, unauthorized
from connectors.sandbox.tenant.state import TenantState
from connectors.sandbox.trouble.faults import FaultPlan
from connectors.sandbox.trouble.meddle import meddle
from connectors.sandbox.trouble.quota import Quota

Latency = Callable[[str, int], Awaitable[None]]
"""Awaited once per request, between its arrival and its work: (path, number of calls in it)."""

CONTENT_TYPE = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"


class ConnectionDropped(Exception):
    """The client is to see the connection break without an answer."""


def create_app(
    tenant: TenantState,
    *,
    clock: Callable[[], float],
    faults: FaultPlan | None = None,
    quota: Quota | None = None,
    latency: Latency | None = None,
    token: str = SANDBOX_TOKEN,
    apps: Mapping[str, AppIdentity] | None = None,
) -> Starlette:
    """The application. `clock` gives UTC epoch seconds; `apps` adds tokens with permissions of their own.

    `app.state.world` is the running World, for tests. A dropped connection cuts the socket when the server offers
    `app.state.cut`; in the same process it is raised as `httpx.RemoteProtocolError`, which is what a socket gives.
    """
    identities = {token: AppIdentity(), **(apps or {})}
    world = World(tenant, clock, faults or FaultPlan(), quota or Quota(), identities)
    world.tick()
    app = Starlette(routes=[Mount("/", app=Gateway(world, latency))])
    app.state.world = world
    app.state.cut = None
    return app


class Gateway:
    """Takes a request off the wire, lets time and faults act on it, and puts the answer back."""

    def __init__(self, world: World, latency: Latency | None) -> None:
        self.world = world
        self.latency = latency

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        request = self._request(scope, await _body(receive))
        try:
            reply = await self.answer(request)
        except ConnectionDropped as dropped:
            cut = scope["app"].state.cut
            if cut is None:
                raise httpx.RemoteProtocolError("Server disconnected without sending a response.") from dropped
            cut(scope["client"])
            await receive()
            return
        headers = {"Content-Type": CONTENT_TYPE, **self.world.common_headers(request), **reply.headers}
        headers["Content-Length"] = str(len(reply.body))
        raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": reply.status, "headers": raw})
        await send({"type": "http.response.body", "body": reply.body})

    def _request(self, scope: Scope, body: bytes) -> Request:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        segments = tuple(part for part in scope["path"].split("/") if part)
        bearer = headers.get("authorization", "").removeprefix("Bearer ").strip()
        app = self.world.apps.get(bearer, _NOBODY)
        return Request(
            scope["method"],
            segments[1:] if segments[:1] == ("v1.0",) else ("", *segments),
            scope["query_string"].decode("latin-1"),
            headers,
            body,
            app,
            f"{scope['scheme']}://{headers.get('host', 'sandbox')}/v1.0",
            self.world.new_id(),
            headers.get("client-request-id") or self.world.new_id(),
        )

    async def answer(self, request: Request) -> Reply:
        """What the client gets; ConnectionDropped when it is to get nothing."""
        world, faults = self.world, self.world.faults
        request.now = arrived = world.clock()
        world.requests[f"{request.method} {request.segments[0] if request.segments else ''}"] += 1
        if request.app is _NOBODY or request.app.expired(arrived):
            return refused(request, unauthorized())
        try:
            items = read_items(request) if request.segments == ("$batch",) and request.method == "POST" else None
        except Refusal as no:
            return refused(request, no)
        calls = [item.request for item in items] if items is not None else [request]
        for kind in sorted({_kind(one) for one in calls}):
            world.quota.arrive(kind, request.path, arrived)
        where = (request.method, request.path)
        if faults.happens("drop_before", faults.drop_before, *where):
            raise ConnectionDropped
        reply = await self._work(request, items, calls)
        if faults.happens("drop_after", faults.drop_after, *where):
            raise ConnectionDropped
        if faults.happens("unreadable", faults.unreadable, *where):
            return Reply(reply.status, reply.body[: len(reply.body) // 2], reply.headers)
        for kind, seconds in reply.waits:
            world.quota.announce(kind, seconds, world.clock())
        return reply

    async def _work(self, request: Request, items: list[Item] | None, calls: list[Request]) -> Reply:
        world, faults = self.world, self.world.faults
        where = (request.method, request.path)
        status = faults.status("errors", faults.errors, *where)
        written = _claim(world, calls)
        try:
            if self.latency is not None:
                await self.latency(request.path, len(calls))
            now = world.tick()
            for one in (request, *calls):
                one.now = now
            if status is not None:
                return failed(world, request, status)
            log_length = len(world.tenant.write_log)
            reply = run_batch(world, items) if items is not None else call(world, request)
            self._meddle(log_length, now)
        finally:
            world.busy.subtract(written)
        status = faults.status("errors_after", faults.errors_after, *where)
        return failed(world, request, status) if status is not None else reply

    def _meddle(self, log_length: int, now: float) -> None:
        """Let somebody else act after every k-th write that was carried out."""
        world, every = self.world, self.world.faults.meddle_every
        if every:
            for number, record in enumerate(world.tenant.write_log[log_length:], log_length + 1):
                if record.status < 300 and number % every == 0:
                    meddle(world.tenant, world.faults.rng, world.faults.meddle_kinds, now, MEDDLING)


_NOBODY = AppIdentity("", "", frozenset())


def _kind(request: Request) -> str:
    found = find_route(request.method, request.segments)
    return found[0].kind if found else "Read"


def _claim(world: World, calls: list[Request]) -> list[str]:
    """Mark the objects that this request writes; a call on one that is being written already overlaps."""
    written = []
    for one in calls:
        if one.method != "GET" and len(one.segments) > 1:
            user = world.tenant.user(one.segments[1])
            key = user.id if user else one.segments[1]
            one.overlaps = world.busy[key] > 0
            world.busy[key] += 1
            written.append(key)
    return written


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message: Any = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)
