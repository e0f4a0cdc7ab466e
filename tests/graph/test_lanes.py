"""Lanes: a connection for each sender, none for nobody, and all of them closed at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import httpx
import pytest
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from worlds.graph_double import ROOT, VirtualClock

from connectors.changes import Traffic
from connectors.graph.lanes import LANES_MAX, Lanes
from connectors.graph.pace import PaceSettings
from connectors.graph.sign_in.bearer import Bearer
from connectors.graph.sign_in.token import FixedToken
from connectors.graph.transport import open_http
from connectors.graph.turns import Turns


class Line(httpx.AsyncBaseTransport):
    """Counts what is on its way, answers nothing before it is told to, and knows whether it was closed."""

    def __init__(self) -> None:
        self.busy = self.most = 0
        self.closed = False
        self.answering = asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer once it may."""
        self.busy += 1
        self.most = max(self.most, self.busy)
        try:
            await self.answering.wait()
        finally:
            self.busy -= 1
        return httpx.Response(200, content=b"{}", request=request)

    async def aclose(self) -> None:
        """Be closed."""
        self.closed = True


def lanes(opened: Callable[[], httpx.AsyncClient]) -> Lanes:
    """Lanes over these clients."""
    turns = Turns(PaceSettings(3000, lambda: 0.9, 60.0), VirtualClock(), lambda *_: None, Traffic(), lambda: 0.5)
    return Lanes(ROOT, Bearer("graph.microsoft.com", FixedToken(), turns, VirtualClock()), opened)


def over(*lines: Line) -> Lanes:
    """Lanes over these lines, one each."""
    left = list(lines)
    return lanes(lambda: open_http(ROOT, transport=left.pop(0), verify=False))


async def ask(there: Lanes) -> None:
    """Send one request on a free lane."""
    request = RequestInformation(Method.GET)
    request.url = f"{ROOT}/organization"
    with there.free() as adapter:
        await adapter.send_primitive_async(request, "bytes", {})


async def at_once(there: Lanes, senders: int) -> list[asyncio.Task[None]]:
    """Begin so many requests, and return when all are on their way."""
    begun = [asyncio.create_task(ask(there)) for _ in range(senders)]
    for _ in range(100):
        await asyncio.sleep(0)
    return begun


def test_one_sender_after_the_other_needs_one_lane() -> None:
    """Nothing is opened for nobody."""
    first = Line()
    first.answering.set()

    async def work() -> None:
        there = over(first)
        for _ in range(5):
            await ask(there)

    asyncio.run(work())
    assert 1 == first.most


def test_each_sender_finds_a_lane_of_its_own_up_to_the_most() -> None:
    """More senders than lanes share them evenly."""
    lines = [Line() for _ in range(LANES_MAX)]

    async def work() -> list[int]:
        there = over(*lines)
        begun = await at_once(there, LANES_MAX)
        alone = [line.busy for line in lines]
        begun += await at_once(there, LANES_MAX)
        for line in lines:
            line.answering.set()
        await asyncio.gather(*begun)
        return alone

    assert [1] * LANES_MAX == asyncio.run(work())
    assert [2] * LANES_MAX == [line.most for line in lines]


def test_a_lane_whose_request_was_given_up_is_free_again() -> None:
    """Whoever comes next goes there, and no second lane is opened."""
    first = Line()

    async def work() -> None:
        there = over(first)
        [begun] = await at_once(there, 1)
        begun.cancel()
        await asyncio.gather(begun, return_exceptions=True)
        first.answering.set()
        await ask(there)

    asyncio.run(work())
    assert (0, 1) == (first.busy, first.most)


def test_everything_is_closed_also_behind_a_proxy_and_after_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the SDK hides is closed too, down to the connections that lead through the proxy."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    hidden: list[httpx.AsyncBaseTransport] = []
    closed: list[httpx.AsyncBaseTransport] = []

    async def note(one: httpx.AsyncBaseTransport) -> None:
        closed.append(one)
        raise OSError("broken")

    def opened() -> httpx.AsyncClient:
        client = open_http(ROOT, transport=None, verify=False)
        inner = client._transport._inner  # type: ignore[attr-defined]
        hidden.append(inner)
        monkeypatch.setattr(inner, "aclose", partial(note, inner))
        return client

    async def work() -> None:
        there = lanes(opened)
        with pytest.raises(OSError, match="broken"):
            await there.close()

    asyncio.run(work())
    assert [1] == [len(hidden)]
    assert set(map(id, hidden)) == set(map(id, closed))
