"""Waiting: always told, never endless, and ended by whoever may end it."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from graph.graph_double import Double, envelope, error, item, page, refusal, run, singles, swaps, user, user_id
from worlds.virtual_time import JumpingClock

from connectors.changes import Pause
from connectors.errors import NetworkAway, Retryable, UntrustedCertificate, WaitBudgetSpent
from connectors.graph.client import GraphClient
from connectors.graph.sign_in.token import FixedToken
from jobs.license_reassignment.apply.control import StopFlag, StoppableClock
from jobs.license_reassignment.errors import Unfinished


def test_every_wait_is_told_before_it_begins() -> None:
    """Reason and seconds come first, then time passes."""
    told: list[tuple[str, float, float]] = []
    double = Double([error(429, Retry_After="3"), page({"id": "t"})])
    run(double, lambda c: c.read_organization(), on_wait=lambda r, s: told.append((r, s, double.clock.elapsed)))

    assert [("throttled by Graph (429 no scope)", 3.0, 0.0)] == told


def test_the_wait_budget_ends_patience() -> None:
    """The reason is named; the command is told to continue later."""
    double = Double([error(429, "TooManyRequests", "", Retry_After="30", x_ms_throttle_scope="Tenant/Read/a/t")])

    with pytest.raises(WaitBudgetSpent, match=r"100 s \(throttled by Graph \(429 Tenant\)\).*continues") as caught:
        run(double, lambda c: c.read_organization(), wait_seconds_max=100)
    assert 4 == caught.value.exit_code
    assert [0.0, 30.0, 60.0, 90.0] == double.times


def test_a_wait_beyond_the_budget_is_not_begun() -> None:
    """An hour is not slept away to learn that it was too long."""
    double = Double([error(429, Retry_After="3601")])

    with pytest.raises(WaitBudgetSpent):
        run(double, lambda c: c.read_organization())
    assert [] == double.waits


def test_a_network_that_stays_away_is_told_as_such() -> None:
    """Back-off grows to its long tier, then the budget ends it."""
    double = Double([httpx.ConnectError("")])

    with pytest.raises(NetworkAway, match="No connection within") as caught:
        run(double, lambda c: c.read_organization())
    assert isinstance(caught.value.__cause__, Retryable)
    assert [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 300] == [seconds for _, seconds in double.waits][:11]
    assert 3300 < double.clock.elapsed <= 3600


def test_who_looks_on_is_told_in_seconds_that_there_is_no_network() -> None:
    """With the host, and in words that name no class of the program."""
    double = Double([httpx.ConnectError("")])

    with pytest.raises(NetworkAway) as caught:
        run(double, lambda c: c.read_organization(), first_contact_s_max=5.0)

    assert double.clock.elapsed <= 5
    assert str(caught.value).startswith("No connection within 5 s: graph.microsoft.com cannot be reached. Check the")
    assert "Error" not in str(caught.value)


def test_a_network_that_goes_away_later_is_waited_for() -> None:
    """A run at work is not ended by a moment without connection, whoever looks on."""
    double = Double([page({"id": "t"}), *[httpx.ConnectError("")] * 6, page({"id": "t"})])

    async def twice(client: GraphClient) -> str:
        await client.read_organization()
        return (await client.read_organization()).id

    assert "t" == run(double, twice, first_contact_s_max=5.0)
    assert double.clock.elapsed > 30


def test_an_answer_that_helps_begins_the_budget_anew() -> None:
    """Trouble now and then never adds up."""

    async def work(client: GraphClient) -> None:
        for _ in range(5):
            await client.read_organization()

    double = Double([answer for _ in range(5) for answer in (error(429, Retry_After="50"), page({"id": "t"}))])
    run(double, work, wait_seconds_max=60)

    assert 250.0 == double.clock.elapsed


def test_reads_that_work_do_not_hide_writes_that_do_not() -> None:
    """Each kind of request has a budget of its own."""

    async def work(client: GraphClient) -> None:
        while True:
            await client.write_turn(1)
            await client.assign(swaps(1))
            await client.read_organization()

    pair = (envelope(refusal(0, 429, "TooManyRequests", "", Retry_After="40")), page({"id": "t"}))
    double = Double([answer for _ in range(50) for answer in pair])

    with pytest.raises(WaitBudgetSpent):
        run(double, work, wait_seconds_max=100)
    # Two waits of 40 s, and after each the moment in which the empty bucket gains the token of one write.
    assert 80.0 < double.clock.elapsed < 82.0


def test_writes_that_get_no_answer_are_ended_too() -> None:
    """A gateway that always fails is trouble, although it never asks us to wait."""

    async def work(client: GraphClient) -> None:
        while True:
            await client.write_turn(1)
            await client.assign(swaps(1))

    with pytest.raises(WaitBudgetSpent, match="504"):
        run(Double([error(504)]), work, wait_seconds_max=100)


def test_a_batch_of_reads_that_is_always_throttled_is_ended() -> None:
    """The outer 200 of a batch is not an answer that helps."""
    double = Double([envelope(refusal(0, 429, "TooManyRequests", "", Retry_After="40"))])

    with pytest.raises(WaitBudgetSpent):
        run(double, lambda c: c.read_users([user_id(0)]), wait_seconds_max=100)


def test_our_own_pace_is_not_held_against_the_budget() -> None:
    """A low quota is a choice; the wait is cut so that a new choice is noticed."""

    async def work(client: GraphClient) -> None:
        for _ in range(2):
            await client.write_turn(20)
            await client.assign(swaps(20))

    double = Double([envelope(*(item(n) for n in range(20)))])
    run(double, work, writes_per_150_s=60, wait_seconds_max=10)

    assert 88.0 < double.clock.elapsed < 90.0
    assert 15.0 == max(seconds for _, seconds in double.waits)


def test_a_turn_counts_when_its_batch_leaves() -> None:
    """Between turn and departure a read may be made again; the bucket does not fill up behind it meanwhile."""

    async def work(client: GraphClient) -> None:
        await client.write_turn(20)
        await client._turns._clock.sleep(85.0)
        await client.assign(swaps(20))
        await client.write_turn(20)

    double = Double([envelope(*(item(n) for n in range(20)))])
    run(double, work, writes_per_150_s=60)

    assert 85.0 + 88.0 < double.clock.elapsed < 85.0 + 90.0


class Stop(Exception):
    """The operator ends the run."""


class StoppedClock(JumpingClock):
    """A clock whose sleep is ended by the operator."""

    async def sleep(self, seconds: float) -> None:
        """End the run instead of waiting."""
        raise Stop


@pytest.mark.parametrize("answer", [error(429, Retry_After="3"), httpx.ReadTimeout("")])
def test_a_stop_during_a_wait_comes_out_as_it_is(answer: httpx.Response | httpx.TransportError) -> None:
    """Nothing swallows it and nothing is sent after it."""
    double = Double([answer])

    with pytest.raises(Stop):
        run(double, lambda c: c.read_organization(), clock=StoppedClock())
    assert 1 == len(double.requests)


def test_a_stop_ends_the_wait_for_a_turn() -> None:
    """Writers wait in the same place."""

    async def work(client: GraphClient) -> None:
        for _ in range(2):
            await client.write_turn(20)

    with pytest.raises(Stop):
        run(Double([]), work, clock=StoppedClock())


def test_a_signal_ends_a_long_reading_between_two_batches() -> None:
    """No wait is needed for that: sixty users in three batches, and only the first one leaves."""
    flag = StopFlag()

    def answer(request: httpx.Request) -> httpx.Response:
        flag.set("SIGTERM")
        return singles({user_id(n): user(n) for n in range(60)})(request)

    double = Double([answer])
    with pytest.raises(Unfinished, match="SIGTERM"):
        run(
            double,
            lambda c: c.read_users([user_id(n) for n in range(60)]),
            clock=StoppableClock(double.clock, flag),
        )
    assert 1 == len(double.requests)


class Troubled(FixedToken):
    """Fails some times before it gives a token."""

    def __init__(self, *failures: Exception) -> None:
        super().__init__("T", "environment")
        self.failures = list(failures)

    async def token(self, *, fresh: bool = False) -> str:
        """Fail, or return the token."""
        if self.failures:
            raise self.failures.pop(0)
        return await super().token(fresh=fresh)

    def in_hand(self) -> str:
        """Nothing, as long as it fails."""
        return "" if self.failures else super().in_hand()


def test_a_sign_in_service_in_trouble_is_waited_for() -> None:
    """Its own Retry-After counts, and the network's back-off."""
    double = Double([page({"id": "t"})])
    tokens = Troubled(Retryable("busy", retry_after_s=7), NetworkAway("away"), Retryable("busy"))
    run(double, lambda c: c.read_organization(), tokens=tokens)

    assert [7.0, 2.0, 4.0] == [seconds for _, seconds in double.waits]
    assert ["sign-in: busy", "sign-in: away", "sign-in: busy"] == [reason for reason, _ in double.waits]


def test_a_sign_in_service_that_stays_away_ends_the_wait_once() -> None:
    """The wait for the token is not repeated by the wait for the read."""
    tokens = Troubled(*(NetworkAway("away") for _ in range(100)))
    double = Double([page({"id": "t"})])

    with pytest.raises(NetworkAway, match="sign-in: away"):
        run(double, lambda c: c.read_organization(), tokens=tokens, wait_seconds_max=60)
    assert double.clock.elapsed <= 60


def test_a_certificate_that_is_not_trusted_is_not_waited_for() -> None:
    """Waiting does not change it; the message says what does."""
    double = Double([])

    with pytest.raises(UntrustedCertificate):
        run(double, lambda c: c.sign_in(), tokens=Troubled(UntrustedCertificate("set SSL_CERT_FILE")))
    assert [] == double.waits


def test_a_wait_outlasts_the_client_that_was_asked() -> None:
    """What one client was told to leave alone, the next one leaves alone for as long; nothing else waits."""
    first = Double([error(429, Retry_After="30", x_ms_throttle_scope="Tenant/ReadWrite/a/t")])
    left: list[Pause] = []

    async def dying(client: GraphClient) -> None:
        with pytest.raises(WaitBudgetSpent):
            await client.read_organization()
        left.extend(client.pauses())

    run(first, dying, wait_seconds_max=10)
    assert {(p.kind, p.reason) for p in left} == {
        ("read", "throttled by Graph (429 Tenant)"),
        ("write", "throttled by Graph (429 Tenant)"),
    }

    second = Double([page({"id": "t"})])

    async def following(client: GraphClient) -> None:
        client.keep(
            [*left, Pause("write", left[0].until - timedelta(days=1), "old"), Pause("other", left[0].until, "")]
        )
        await client.read_organization()
        assert client.pauses() == ()

    run(second, following)
    assert [30.0] == second.times


@pytest.mark.parametrize(
    ("scope", "waits"), [("", True), ("Tenant_Application/ReadWrite/a/t", True), ("Tenant_Application/Read/a/t", False)]
)
def test_a_throttled_read_that_names_no_scope_holds_writes_back_too(scope: str, waits: bool) -> None:
    """What it is about is not known, so it is about everything; a named scope is believed."""
    named = {"x_ms_throttle_scope": scope} if scope else {}
    throttled = envelope(refusal(0, 429, "TooManyRequests", "", Retry_After="30", **named))
    double = Double([throttled, envelope(item(0, 200, {"id": user_id(0)}))])
    clients: list[GraphClient] = []
    closed: list[set[str]] = []

    async def work(client: GraphClient) -> None:
        clients.append(client)
        await client.read_users([user_id(0)])

    run(double, work, on_wait=lambda _reason, _seconds: closed.append({p.kind for p in clients[0].pauses()}))

    assert [{"read", "write"} if waits else {"read"}] == closed


def test_a_sign_in_waits_for_what_an_earlier_process_was_told() -> None:
    """No token is asked for before the identity provider's time is over."""
    double = Double([page({"id": "t"})])
    tokens = Troubled(Retryable("busy", retry_after_s=5))
    asked: list[float] = []
    real = tokens.token

    async def watched(*, fresh: bool = False) -> str:
        asked.append(double.clock.elapsed)
        return await real(fresh=fresh)

    tokens.token = watched  # type: ignore[method-assign]

    async def work(client: GraphClient) -> None:
        client.keep([Pause("token", double.clock.now() + timedelta(seconds=20), "sign-in: busy")])
        await client.read_organization()

    run(double, work, tokens=tokens)

    assert [20.0, 25.0] == asked
