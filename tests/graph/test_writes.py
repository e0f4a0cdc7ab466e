"""Writing: one batch, one answer for each change, and no illusion about any of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx
import orjson
import pytest
from graph.graph_double import (
    ROOT,
    Double,
    Renewable,
    envelope,
    error,
    item,
    page,
    refusal,
    reply,
    run,
    swaps,
    user,
    user_id,
)
from worlds.virtual_time import START

from connectors.changes import Reply, Verdict
from connectors.errors import LostReply, NetworkAway, Retryable, Unauthorized
from connectors.graph.client import GraphClient, PaceSettings, open_client
from connectors.graph.sign_in.token import FixedToken

OURS = "00000000-0000-4000-8000-000000000001"
GONE = "User does not have a corresponding license."


def send(n: int) -> Callable[[GraphClient], Awaitable[tuple[Reply, ...]]]:
    """Take a turn and send n changes."""

    async def work(client: GraphClient) -> tuple[Reply, ...]:
        await client.write_turn(n)
        return await client.assign(swaps(n))

    return work


def short(replies: tuple[Reply, ...]) -> list[tuple[Verdict, str, float | None]]:
    """Reduce replies to verdict, reason and wait."""
    return [(r.verdict, r.reason, r.retry_after_s) for r in replies]


def test_each_change_gets_its_own_answer() -> None:
    """Answers come shuffled and are told in the order asked, with the ids that support asks for."""
    double = Double(
        [
            envelope(
                refusal(2, 400, "Request_BadRequest", "User license is inherited from a group membership."),
                item(0, 200, {"id": "x"}),
                refusal(1, 404, "Request_ResourceNotFound", "Resource 'jan@contoso.example' does not exist."),
                request_id="R",
            )
        ]
    )
    replies = run(double, send(3))

    assert (
        Reply(user_id(0), Verdict.APPLIED, 200, request_id="R", client_request_id=OURS),
        Reply(
            user_id(1),
            Verdict.REFUSED,
            404,
            "Request_ResourceNotFound",
            "Resource '<address>' does not exist.",
            "gone",
            None,
            "R",
            OURS,
        ),
        Reply(
            user_id(2),
            Verdict.REFUSED,
            400,
            "Request_BadRequest",
            "User license is inherited from a group membership.",
            "inherited",
            None,
            "R",
            OURS,
        ),
    ) == replies


def test_one_assign_is_one_request() -> None:
    """Twenty changes travel in one POST, and nothing is sent for none."""
    double = Double([envelope(*(item(n) for n in range(20)))])
    run(double, send(20))
    request = double.requests[0]

    assert 1 == len(double.requests)
    assert ("POST", "/v1.0/$batch") == (request.method, request.url.path)
    assert "application/json" == request.headers["content-type"]
    assert 20 == len(orjson.loads(request.content)["requests"])
    assert () == run(double, lambda c: c.assign([]))
    assert 1 == len(double.requests)


def test_an_item_without_an_answer_is_in_doubt() -> None:
    """A missing answer may hide a change that was made."""
    replies = run(Double([envelope(item(1))]), send(2))

    assert [(Verdict.IN_DOUBT, "missing_answer", None), (Verdict.APPLIED, "", None)] == short(replies)


def test_a_license_that_was_gone_already_is_in_doubt() -> None:
    """An earlier send of ours may be the reason."""
    replies = run(Double([envelope(refusal(0, 400, "Request_BadRequest", GONE))]), send(1))

    assert [(Verdict.IN_DOUBT, "already_gone", None)] == short(replies)


LOST = [httpx.ReadTimeout(""), httpx.ReadError(""), httpx.RemoteProtocolError(""), httpx.WriteError("")]


@pytest.mark.parametrize("failure", LOST, ids=[type(f).__name__ for f in LOST])
def test_a_lost_answer_is_a_doubt_and_never_a_second_send(failure: httpx.TransportError) -> None:
    """The request left, so every change in it may have been made."""
    double = Double([failure])

    assert [(Verdict.IN_DOUBT, "lost_reply", None)] * 2 == short(run(double, send(2)))
    assert 1 == len(double.requests)


UNSENT = [httpx.ConnectError(""), httpx.ConnectTimeout(""), httpx.PoolTimeout(""), httpx.ProxyError("")]


@pytest.mark.parametrize("failure", UNSENT, ids=[type(f).__name__ for f in UNSENT])
def test_a_connection_that_was_never_made_is_no_doubt(failure: httpx.TransportError) -> None:
    """Nothing left, so the change may be sent again; it does not count as traffic."""

    async def work(client: GraphClient) -> tuple[tuple[Reply, ...], int, int]:
        return await send(2)(client), client.traffic.http, client.traffic.writes

    replies, http, writes = run(Double([failure]), work)

    assert [(Verdict.RETRY, "not_sent", 1.0)] * 2 == short(replies)
    assert (0, 0) == (http, writes)


WHOLE = [
    (error(429, Retry_After="7"), Verdict.RETRY, "throttled", 7.0),
    (error(429, Retry_After="0.5"), Verdict.RETRY, "throttled", 0.5),
    (
        error(429, Retry_After="Mon, 02 Mar 2026 08:00:40 GMT", Date="Mon, 02 Mar 2026 08:00:30 GMT"),
        Verdict.RETRY,
        "throttled",
        10.0,
    ),
    (error(429), Verdict.RETRY, "throttled", None),
    (error(503, Retry_After="7"), Verdict.RETRY, "unavailable", 7.0),
    (error(503), Verdict.IN_DOUBT, "unavailable", None),
    (error(500), Verdict.IN_DOUBT, "server_error", None),
    (error(502), Verdict.IN_DOUBT, "server_error", None),
    (error(504), Verdict.IN_DOUBT, "server_error", None),
    (error(400, "BadRequest", "duplicate id"), Verdict.STOP, "wrong_body", None),
    (error(403), Verdict.STOP, "permission", None),
    (reply({}, 302, Location="https://evil.example/"), Verdict.IN_DOUBT, "not_graph", None),
    (httpx.Response(200, content=b'{"responses": [{"id": "0"'), Verdict.IN_DOUBT, "unreadable", None),
    (reply({"value": []}), Verdict.IN_DOUBT, "unreadable", None),
    (httpx.Response(504, content=b"<html>gateway</html>"), Verdict.IN_DOUBT, "server_error", None),
]


@pytest.mark.parametrize(("answer", "verdict", "reason", "after"), WHOLE)
def test_an_answer_for_the_whole_batch_holds_for_each_change(
    answer: httpx.Response, verdict: Verdict, reason: str, after: float | None
) -> None:
    """And nothing is sent a second time."""
    double = Double([answer])

    assert [(verdict, reason, after)] * 2 == short(run(double, send(2)))
    assert 1 == len(double.requests)


def test_a_401_for_the_whole_batch_gets_one_fresh_token() -> None:
    """It proves that nothing was carried out."""
    double = Double([error(401), envelope(item(0))])
    replies = run(double, send(1), tokens=Renewable())

    assert [(Verdict.APPLIED, "", None)] == short(replies)
    assert ["Bearer T1", "Bearer T2"] == [r.headers["authorization"] for r in double.requests]
    always = Double([error(401)])
    assert [(Verdict.STOP, "unauthorized", None)] == short(run(always, send(1), tokens=Renewable()))
    assert 2 == len(always.requests)


def test_a_batch_that_met_a_401_counts_as_well() -> None:
    """Each attempt costs, the refused one too."""

    async def work(client: GraphClient) -> float:
        await send(20)(client)
        before = double.clock.elapsed
        await client.write_turn(20)
        return double.clock.elapsed - before

    double = Double([error(401), envelope(*(item(n) for n in range(20)))])

    assert 40 / (2680 / 150) == pytest.approx(run(double, work, tokens=Renewable()), abs=0.001)


FAILURES = [
    (Unauthorized("no"), Verdict.STOP, "unauthorized", 401, None),
    (Retryable("busy", retry_after_s=9), Verdict.RETRY, "not_sent", 0, 9.0),
    (NetworkAway("away"), Verdict.RETRY, "not_sent", 0, 1.0),
]


@pytest.mark.parametrize(("failure", "verdict", "reason", "status", "after"), FAILURES)
def test_a_fresh_token_that_cannot_be_had_is_told_in_the_replies(
    failure: Exception, verdict: Verdict, reason: str, status: int, after: float | None
) -> None:
    """Nothing was carried out, and the caller learns it in the usual way."""
    replies = run(Double([error(401)]), send(1), tokens=Renewable(failure))

    assert [(verdict, reason, after)] == short(replies)
    assert status == replies[0].status


def test_a_401_for_one_item_is_a_stop() -> None:
    """Other items of the same batch were carried out, so nothing is sent again."""
    double = Double([envelope(item(0), refusal(1, 401, "InvalidAuthenticationToken", ""))])

    assert [(Verdict.APPLIED, "", None), (Verdict.STOP, "unauthorized", None)] == short(run(double, send(2)))
    assert 1 == len(double.requests)


def test_a_throttled_item_closes_the_gate_for_all_senders() -> None:
    """Nobody writes inside the longest wait that an item names; a sender who is ready learns how long."""

    async def work(client: GraphClient) -> tuple[tuple[Reply, ...], float | None]:
        first = await send(2)(client)
        refused_turn = await client.assign(swaps(2))
        await client.write_turn(2)
        await client.assign(swaps(2))
        return first, refused_turn[0].retry_after_s

    throttled = envelope(refusal(0, 429, "", "", Retry_After="5"), refusal(1, 429, "", "", Retry_After="9.5"))
    double = Double([throttled, envelope(item(0), item(1))])
    first, left = run(double, work)

    assert [(Verdict.RETRY, "throttled", 5.0), (Verdict.RETRY, "throttled", 9.5)] == short(first)
    assert 9.5 == left
    assert [0.0, 9.5] == double.times
    assert ("throttled by Graph (429 no scope)", 9.5) in double.waits


def test_an_item_that_was_shed_closes_the_gate_too() -> None:
    """A 503 with Retry-After asks for patience of everybody; other refusals do not."""

    async def work(client: GraphClient) -> None:
        for _ in range(2):
            await send(1)(client)

    shed = Double([envelope(refusal(0, 503, "ServiceUnavailable", "", Retry_After="4")), envelope(item(0))])
    run(shed, work)
    busy = Double([envelope(refusal(0, 409, "Directory_ConcurrencyViolation", "")), envelope(item(0))])
    run(busy, work)

    assert [0.0, 4.0] == shed.times
    assert [0.0, 0.0] == busy.times


SCOPES = [
    ("Tenant_Application/Write/a/t", [0.0, 0.0]),
    ("Tenant/Write/a/t", [0.0, 6.0]),
    ("Application/Write/a/t", [0.0, 6.0]),
    ("Tenant_Application/ReadWrite/a/t", [0.0, 6.0]),
]


@pytest.mark.parametrize(("scope", "times"), SCOPES)
def test_the_scope_says_whether_reads_wait_too(scope: str, times: list[float]) -> None:
    """A limit of the whole tenant or app holds for every request."""

    async def work(client: GraphClient) -> None:
        await send(1)(client)
        await client.read_organization()

    throttled = refusal(0, 429, "TooManyRequests", "", Retry_After="6", x_ms_throttle_scope=scope)
    double = Double([envelope(throttled), page({"id": "t"})])
    run(double, work)

    assert times == double.times


def test_a_throttled_batch_stops_reads_as_well() -> None:
    """What the gateway itself refuses has no narrower scope."""

    async def work(client: GraphClient) -> None:
        await send(1)(client)
        await client.read_organization()

    double = Double([error(429, Retry_After="6"), page({"id": "t"})])
    run(double, work)

    assert [0.0, 6.0] == double.times


def test_a_turn_that_was_not_used_is_given_back() -> None:
    """Only what was sent counts against the quota."""

    async def work(client: GraphClient) -> float:
        await send(20)(client)
        before = double.clock.elapsed
        await client.write_turn(20)
        return double.clock.elapsed - before

    double = Double([httpx.ConnectError("")])

    assert 1.0 == run(double, work)


def test_writes_keep_to_their_share_of_the_quota() -> None:
    """Any 150 s see at most nine tenths of 3,000 writes, and most of them are used."""

    async def work(client: GraphClient) -> None:
        for _ in range(400):
            await send(20)(client)

    double = Double([envelope(*(item(n) for n in range(20)))])
    run(double, work)
    busiest = max(20 * sum(start <= at < start + 150 for at in double.times) for start in double.times)

    assert 2600 < busiest <= 2700


def test_a_resumed_run_counts_the_writes_before_it() -> None:
    """The quota does not begin anew with the process."""

    async def work(client: GraphClient) -> None:
        client.seed_writes([START - timedelta(seconds=1)] * 20)
        await client.write_turn(20)

    double = Double([])
    run(double, work)

    assert 0.12 == pytest.approx(sum(seconds for _, seconds in double.waits), abs=0.001)
    assert {"rate limit (our share of the quota)"} == {reason for reason, _ in double.waits}


def test_a_high_load_slows_the_writer_and_not_for_ever() -> None:
    """Graph says in items how near the limit we are; reads that say nothing do not hide it."""

    async def work(client: GraphClient) -> list[float]:
        pauses = []
        for _ in range(3):
            before = double.clock.elapsed
            await send(20)(client)
            pauses.append(double.clock.elapsed - before)
            await client.read_users([user_id(0)])
        return pauses

    calm, loaded = (
        envelope(*(item(n, 200, None, **headers) for n in range(20)))
        for headers in ({}, {"x_ms_throttle_limit_percentage": "1.6"})
    )
    single = envelope(item(0, 200, user(0)))
    double = Double([loaded, single, calm, single, calm, single])

    assert [0.0, 4.478, 1.12] == pytest.approx(run(double, work), abs=0.01)


def test_senders_wait_for_each_other() -> None:
    """Several batches in flight draw from one bucket."""

    async def work(client: GraphClient) -> None:
        await asyncio.gather(*(send(20)(client) for _ in range(8)))

    double = Double([envelope(*(item(n) for n in range(20)))])
    run(double, work)

    assert 8 == len(double.times)
    assert double.clock.elapsed >= 7 * 20 / (2680 / 150)


def test_what_was_written_is_counted() -> None:
    """Batches, writes and refusals for speed."""

    async def work(client: GraphClient) -> tuple[int, int, int, int]:
        await send(3)(client)
        traffic = client.traffic
        return traffic.http, traffic.batches, traffic.writes, traffic.throttled

    double = Double([envelope(item(0), refusal(1, 429, "", ""), refusal(2, 429, "", ""))])

    assert (1, 1, 3, 2) == run(double, work)


def test_a_lost_reply_is_an_error_that_may_pass() -> None:
    """The tree of errors says what the caller can do."""
    assert issubclass(LostReply, Retryable)


def test_a_write_that_nobody_waits_for_any_more_is_counted() -> None:
    """It is on the wire, so the operator must not read that nothing was sent."""

    async def silent(_request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    async def work() -> tuple[int, int, int]:
        double = Double([])
        async with open_client(
            root=ROOT,
            tokens=FixedToken("T"),
            clock=double.clock,
            pace=PaceSettings(3000, lambda: 0.9, 3600.0),
            on_wait=lambda _reason, _seconds: None,
            transport=httpx.MockTransport(silent),
        ) as client:
            sending = asyncio.create_task(send(20)(client))
            await asyncio.wait([sending], timeout=0.2)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            return client.traffic.http, client.traffic.batches, client.traffic.writes

    assert (1, 1, 20) == asyncio.run(work())
