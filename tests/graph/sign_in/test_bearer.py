"""The token that everybody uses: refused once, renewed once, and a good one stays in use."""

from __future__ import annotations

import asyncio
from collections import Counter

import httpx
from graph.graph_double import (
    ORGANIZATION,
    Double,
    Renewable,
    envelope,
    error,
    item,
    page,
    refusal,
    run,
    user,
    user_id,
)

from connectors.errors import Retryable
from connectors.graph.client import GraphClient


class Slow(Renewable):
    """Takes a while over a fresh token; everybody else has their turn meanwhile."""

    fetches = 0

    async def token(self, *, fresh: bool = False) -> str:
        """Return the present token at once, a fresh one later."""
        if not fresh:
            return await super().token()
        self.fetches += 1
        held = self.number
        for _ in range(50):
            await asyncio.sleep(0)
        if held == self.number:
            self.number += 1
        return await super().token()


def test_a_token_that_died_is_not_sent_again_while_it_is_renewed() -> None:
    """One 401 is enough: who comes later waits for the fresh token, and nobody is refused for want of it."""

    def answer(request: httpx.Request) -> httpx.Response:
        return error(401) if request.headers["authorization"] == "Bearer T1" else page(ORGANIZATION)

    double, tokens = Double([answer]), Slow()

    async def work(client: GraphClient) -> None:
        first = asyncio.create_task(client.read_organization())
        while not tokens.fetches:
            await asyncio.sleep(0)
        await asyncio.gather(first, *(client.read_organization() for _ in range(5)))

    run(double, work, tokens=tokens)
    assert Counter(T1=1, T2=6) == carried(double)


def carried(double: Double) -> Counter[str]:
    """How many requests carried which token."""
    return Counter(request.headers["authorization"].removeprefix("Bearer ") for request in double.requests)


class Late(httpx.AsyncBaseTransport):
    """Refuses each item that came with T1, and not before `together` batches have come."""

    def __init__(self, together: int) -> None:
        self.tokens: list[str] = []
        self._together = together
        self._all_there = asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one batch."""
        token = request.headers["authorization"].removeprefix("Bearer ")
        self.tokens.append(token)
        if len(self.tokens) >= self._together:
            self._all_there.set()
        await self._all_there.wait()
        for _ in range(self.tokens.index(token) + 10 * len(self.tokens)):
            await asyncio.sleep(0)
        dead = refusal(0, 401, "InvalidAuthenticationToken", "")
        found = envelope(dead if token == "T1" else item(0, 200, user(0)))
        return httpx.Response(200, headers=found.headers, content=found.content, request=request)


def test_batches_that_come_home_late_do_not_have_the_fresh_token_renewed() -> None:
    """Each of their items was refused with the old token; the fresh one is good."""
    late, tokens = Late(together=5), Renewable()

    async def work() -> None:
        async with Double([]).client(tokens=tokens, transport=late) as client:
            await asyncio.gather(*(client.read_users([user_id(0)]) for _ in range(5)))

    asyncio.run(work())
    assert Counter(T1=5, T2=5) == Counter(late.tokens)
    assert 2 == tokens.number


def test_a_token_that_cannot_be_renewed_just_now_is_waited_for() -> None:
    """What was refused would be refused again: nothing more is sent with it, and the wait has its reason."""

    class Busy(Renewable):
        """Says twice that it is busy."""

        left = 2

        async def token(self, *, fresh: bool = False) -> str:
            """Fail at first."""
            if fresh and self.left:
                self.left -= 1
                raise Retryable("busy", retry_after_s=7)
            return await super().token(fresh=fresh)

    def answer(request: httpx.Request) -> httpx.Response:
        return error(401) if request.headers["authorization"] == "Bearer T1" else page(ORGANIZATION)

    double = Double([answer])

    async def work(client: GraphClient) -> None:
        await client.read_organization()
        await client.read_organization()

    run(double, work, tokens=Busy())
    assert Counter(T1=1, T2=2) == carried(double)
    assert [("sign-in: busy", 7.0)] * 2 == double.waits
