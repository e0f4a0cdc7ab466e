"""Reading: paging, repeating, and what is refused to be believed."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import orjson
import pytest
from graph.graph_double import (
    ORGANIZATION,
    Double,
    Renewable,
    envelope,
    error,
    item,
    page,
    refusal,
    reply,
    run,
    singles,
    user,
    user_id,
)
from worlds.virtual_time import JumpingClock

from connectors.errors import Malformed, PermissionMissing, Unauthorized
from connectors.graph.client import GraphClient
from connectors.tenant import ServiceHealth, UserId


def test_single_users_come_in_the_order_asked() -> None:
    """Any number, twenty at a time; one that does not exist is found missing."""
    known = {user_id(n): user(n) for n in range(45) if n != 3}
    double = Double([singles(known)])
    ids = [user_id(n) for n in reversed(range(45))]
    found = run(double, lambda c: c.read_users(ids))

    assert ids == [u.id for u in found]
    assert [user_id(3)] == [u.id for u in found if not u.found]
    assert 3 == len(double.requests)


def test_throttled_items_of_a_read_are_asked_again_alone() -> None:
    """What was answered stays answered; nothing is asked inside the named wait."""
    first = envelope(item(0, 200, user(0)), refusal(1, 429, "TooManyRequests", "", Retry_After="7"))
    double = Double([first, envelope(item(0, 200, user(1)))])
    found = run(double, lambda c: c.read_users([user_id(0), user_id(1)]))

    assert [True, True] == [u.found for u in found]
    assert [0.0, 7.0] == double.times
    assert f"/users/{user_id(1)}?" in orjson.loads(double.requests[1].content)["requests"][0]["url"]


def test_an_item_without_an_answer_is_asked_again() -> None:
    """A read may be repeated as often as it takes."""
    double = Double([envelope(item(0, 200, user(0))), envelope(item(0, 200, user(1)))])

    assert 2 == len(run(double, lambda c: c.read_users([user_id(0), user_id(1)])))
    assert 2 == len(double.requests)


def test_a_refused_item_names_the_permission() -> None:
    """A 403 inside a batch is the same as one outside."""
    double = Double([envelope(refusal(0, 403, "Authorization_RequestDenied", "no"))])

    with pytest.raises(PermissionMissing, match=r"User\.Read\.All"):
        run(double, lambda c: c.read_users([user_id(0)]))


def test_an_item_with_401_gets_one_fresh_token() -> None:
    """And the second 401 is the end."""
    no = envelope(refusal(0, 401, "InvalidAuthenticationToken", ""))
    double = Double([no, envelope(item(0, 200, user(0)))])

    assert run(double, lambda c: c.read_users([user_id(0)]))[0].found
    with pytest.raises(Unauthorized):
        run(Double([no]), lambda c: c.read_users([user_id(0)]))


REPEATED = [
    error(429, "TooManyRequests", "", Retry_After="3"),
    error(503, Retry_After="3"),
    error(500, Retry_After="3"),
    error(409, "Directory_ConcurrencyViolation", "", Retry_After="3"),
    error(429, "", "", Retry_After="Mon, 02 Mar 2026 08:00:33 GMT", Date="Mon, 02 Mar 2026 08:00:30 GMT"),
]  # fmt: skip


@pytest.mark.parametrize("answer", REPEATED)
def test_a_read_is_asked_again_after_exactly_the_named_wait(answer: httpx.Response) -> None:
    """Seconds and dates alike."""
    double = Double([answer, page(ORGANIZATION)])

    assert "Contoso" == run(double, lambda c: c.read_organization()).display_name
    assert [0.0, 3.0] == double.times


LOST = [
    httpx.ReadTimeout(""),
    httpx.ReadError(""),
    httpx.RemoteProtocolError(""),
    httpx.ConnectError(""),
    httpx.ConnectTimeout(""),
    httpx.Response(200, content=b'{"value": [{"id"'),
    httpx.Response(504, content=b"<html>"),
]


@pytest.mark.parametrize("answer", LOST, ids=[str(type(a).__name__) + str(n) for n, a in enumerate(LOST)])
def test_a_lost_or_broken_answer_is_asked_again(answer: httpx.Response | httpx.TransportError) -> None:
    """Without a named wait the pause grows: 1 s, then 2 s."""
    double = Double([answer, answer, page(ORGANIZATION)])

    assert "Contoso" == run(double, lambda c: c.read_organization()).display_name
    assert [0.0, 1.0, 3.0] == double.times


def test_a_401_gets_one_fresh_token() -> None:
    """And the second 401 is the end; the challenge does not make anybody else send again."""
    no = error(401, "InvalidAuthenticationToken", "", WWW_Authenticate='Bearer claims="eyJ9"')
    double = Double([no, page(ORGANIZATION)])

    assert "Contoso" == run(double, lambda c: c.read_organization(), tokens=Renewable()).display_name
    assert ["Bearer T1", "Bearer T2"] == [r.headers["authorization"] for r in double.requests]
    always = Double([no])
    with pytest.raises(Unauthorized, match="fresh token"):
        run(always, lambda c: c.read_organization())
    assert 2 == len(always.requests)


PERMISSIONS: list[tuple[Callable[[GraphClient], object], str]] = [
    (lambda c: c.read_organization(), "Organization.Read.All"),
    (lambda c: c.read_skus(), "Organization.Read.All"),
    (lambda c: c.read_subscriptions(), "Organization.Read.All"),
    (lambda c: c.read_users([user_id(1)]), "User.Read.All"),
]


@pytest.mark.parametrize(("work", "permission"), PERMISSIONS, ids=["organization", "skus", "subscriptions", "users"])
def test_a_403_names_the_permission_and_the_way_to_it(work: Callable[[GraphClient], object], permission: str) -> None:
    """An operator who is no Graph expert knows what to ask for."""
    with pytest.raises(PermissionMissing) as caught:
        run(Double([error(403, "Authorization_RequestDenied", "Insufficient privileges")]), work)  # type: ignore[arg-type]
    assert permission == caught.value.permission
    assert "app role assignment" in caught.value.how


@pytest.mark.parametrize("answer", [error(403), error(404)])
def test_service_health_is_optional(answer: httpx.Response) -> None:
    """Without the permission, or in a cloud without it, there is no answer and no error."""
    assert run(Double([answer]), lambda c: c.read_health()) is None


def test_service_health_is_read() -> None:
    """One state per service."""
    double = Double([page({"id": "Exchange", "service": "Exchange Online", "status": "serviceDegradation"})])

    assert (ServiceHealth("Exchange Online", "serviceDegradation"),) == run(double, lambda c: c.read_health())


def test_a_400_is_told_in_graphs_words_without_what_is_nobodys_business() -> None:
    """The message is kept, tokens and addresses are not."""
    double = Double([error(400, "BadRequest", "Bad thing for jan@contoso.example with Bearer abc.def")])

    with pytest.raises(Malformed, match="400 to /organization: BadRequest: Bad thing for <address> with <token>"):
        run(double, lambda c: c.read_organization())


@pytest.mark.parametrize("answer", [reply([], 302, Location="https://evil.example/"), reply({}, 418)])
def test_an_answer_that_is_not_documented_is_an_end(answer: httpx.Response) -> None:
    """A redirect is not followed, an unknown status is not guessed at."""
    double = Double([answer])

    with pytest.raises(Malformed):
        run(double, lambda c: c.read_organization())
    assert 1 == len(double.requests)


@pytest.mark.parametrize("body", [{}, [], {"value": None}, {"value": [{}]}, {"value": [{"id": None}]}, {"value": []}])
def test_a_body_that_is_not_documented_is_malformed(body: object) -> None:
    """Nothing is made up for what is missing."""
    with pytest.raises(Malformed):
        run(Double([reply(body)]), lambda c: c.read_organization())


def test_the_clock_of_graph_is_compared_with_ours() -> None:
    """The offset is ours minus theirs."""

    async def offsets(client: GraphClient) -> tuple[float | None, float | None]:
        before = client.clock_offset_s
        await client.read_organization()
        return before, client.clock_offset_s

    double = Double([reply({"value": [ORGANIZATION]}, Date="Mon, 02 Mar 2026 07:59:30 GMT")])

    assert (None, 30.0) == run(double, offsets)


def test_what_went_over_the_wire_is_counted() -> None:
    """Requests, batches and refusals for speed, in reads too."""

    async def counted(client: GraphClient) -> tuple[int, int, int, int, float]:
        await client.read_users([user_id(0)])
        traffic = client.traffic
        return traffic.http, traffic.batches, traffic.writes, traffic.throttled, traffic.waited_seconds

    throttled = envelope(refusal(0, 429, "TooManyRequests", "", Retry_After="2"))
    double = Double([error(429, Retry_After="1"), throttled, envelope(item(0, 200, user(0)))])

    assert (3, 3, 0, 2, 3.0) == run(double, counted)


def test_a_token_that_is_no_jwt_says_nothing_about_roles() -> None:
    """The embedded tenant's token is one word."""
    found = run(Double([page()]), lambda c: c.sign_in())

    assert (None, "sandbox") == (found.roles, found.credential)


def test_reads_keep_to_their_share_of_resource_units() -> None:
    """A burst, then an even flow; writes do not wait for it."""
    double = Double([singles({})], clock=JumpingClock())
    run(double, lambda c: c.read_users([UserId(str(n)) for n in range(20 * 400)]))
    span = double.times[-1] - double.times[0]

    assert 7200 * span / 10 + 100 >= 20 * 399
    assert {"rate limit (our share of the quota)"} == {reason for reason, _ in double.waits}
