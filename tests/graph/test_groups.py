"""Groups: found by name, read before and after a swap, and swapped by one request that is never repeated."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import orjson
import pytest
from graph.graph_double import (
    E3,
    E4,
    GROUP,
    ROOT,
    Double,
    Renewable,
    envelope,
    error,
    item,
    page,
    read,
    refusal,
    reply,
    run,
    singles,
    state,
    tenant,
    user,
    user_id,
)
from worlds.virtual_time import START

from connectors.changes import AddLicense, AssignGroupLicense, Reply, Verdict
from connectors.errors import PermissionMissing
from connectors.graph.client import GraphClient
from connectors.tenant import (
    GroupId,
    GroupLicense,
    GroupRead,
    LicenseAssignment,
    LicenseProfile,
    PlanId,
    ReadScope,
    UserRead,
)

OURS = "00000000-0000-4000-8000-000000000001"
KEY = GroupId(GROUP)
OTHER = GroupId("bbbbbbbb-0000-4000-8000-000000000002")
PLAN = PlanId("41781fb2-bc02-4b7c-bd55-b576c07bb09d")
KIND = {"@odata.type": "#microsoft.graph.user"}
SWAP = AssignGroupLicense(KEY, (AddLicense(E3, (PLAN,)),), (E4,))
ACCEPTED = reply({"id": GROUP, "securityEnabled": True}, 202, request_id="R", location="https://graph.example/v2/x")


async def swap(client: GraphClient) -> Reply:
    """Take a turn and send the change of one group."""
    await client.write_turn(1)
    return await client.assign_group(SWAP)


def test_a_swap_of_a_group_is_one_request_with_both_halves() -> None:
    """Microsoft answers 202 with the group: that is an acceptance, and all that is known."""
    double = Double([ACCEPTED])
    found = run(double, swap)
    [request] = double.requests

    assert Reply(KEY, Verdict.APPLIED, 202, request_id="R", client_request_id=OURS) == found
    assert ("POST", f"/v1.0/groups/{GROUP}/assignLicense") == (request.method, request.url.path)
    assert "application/json" == request.headers["content-type"]
    assert {
        "addLicenses": [{"skuId": E3, "disabledPlans": [PLAN]}],
        "removeLicenses": [E4],
    } == orjson.loads(request.content)


REFUSED_LICENSE = "Group does not have a corresponding license."
ANSWERS = [
    (reply({"id": GROUP}, 200), Verdict.IN_DOUBT, "unexpected_success"),
    (reply(None, 204), Verdict.IN_DOUBT, "unexpected_success"),
    (httpx.Response(202, content=b'{"id": "bbb'), Verdict.APPLIED, ""),
    (error(400, "Request_BadRequest", REFUSED_LICENSE), Verdict.IN_DOUBT, "already_gone"),
    (error(400, "Request_BadRequest", "Something new."), Verdict.REFUSED, "review"),
    (error(403, "Authorization_RequestDenied", "Insufficient privileges."), Verdict.REFUSED, "permission"),
    (error(404, "Request_ResourceNotFound", "Resource does not exist."), Verdict.REFUSED, "gone"),
    (error(409, "Directory_ConcurrencyViolation", ""), Verdict.RETRY, "concurrent_write"),
    (error(429, Retry_After="7"), Verdict.RETRY, "throttled"),
    (error(500), Verdict.IN_DOUBT, "server_error"),
    (error(503), Verdict.IN_DOUBT, "unavailable"),
    (error(503, Retry_After="7"), Verdict.RETRY, "unavailable"),
    (reply({}, 302, Location="https://evil.example/"), Verdict.IN_DOUBT, "not_graph"),
    (httpx.Response(200, content=b"<html>"), Verdict.IN_DOUBT, "not_graph"),
    (httpx.ReadTimeout(""), Verdict.IN_DOUBT, "lost_reply"),
    (httpx.ConnectError(""), Verdict.RETRY, "not_sent"),
]


@pytest.mark.parametrize(("answer", "verdict", "reason"), ANSWERS)
def test_an_answer_about_a_group_has_one_meaning_and_is_never_sent_twice(
    answer: httpx.Response | httpx.TransportError, verdict: Verdict, reason: str
) -> None:
    """Whatever comes back is told; only who has read the group again may ask again."""
    double = Double([answer])
    found = run(double, swap)

    assert (KEY, verdict, reason) == (found.id, found.verdict, found.reason)
    assert 1 == len(double.requests)


def test_a_token_that_was_refused_is_renewed_once() -> None:
    """A 401 proves that nothing was carried out."""
    again = Double([error(401), ACCEPTED])
    never = Double([error(401)])

    assert Verdict.APPLIED is run(again, swap, tokens=Renewable()).verdict
    assert ["Bearer T1", "Bearer T2"] == [r.headers["authorization"] for r in again.requests]
    refused = run(never, swap, tokens=Renewable())
    assert (KEY, Verdict.STOP, "unauthorized") == (refused.id, refused.verdict, refused.reason)


def test_a_wait_that_graph_asks_for_is_kept_before_the_next_group() -> None:
    """The quota is the same for users and groups; what was not sent gives its turn back."""

    async def work(client: GraphClient) -> list[Reply]:
        first = await swap(client)
        return [first, await client.assign_group(SWAP), await swap(client)]

    double = Double([error(429, Retry_After="7"), ACCEPTED])
    replies = run(double, work)

    assert ["throttled", "not_sent", ""] == [r.reason for r in replies]
    assert [0.0, 7.0] == double.times


def test_a_group_write_counts_as_one_write_and_as_no_batch() -> None:
    """What went over the wire is what the operator reads."""

    async def work(client: GraphClient) -> tuple[int, int, int, int]:
        await swap(client)
        traffic = client.traffic
        return traffic.http, traffic.batches, traffic.writes, traffic.throttled

    assert (1, 0, 1, 0) == run(Double([ACCEPTED]), work)
    assert (1, 0, 1, 1) == run(Double([error(429)]), work)


def test_group_writes_keep_to_the_quota() -> None:
    """Any 150 s see at most nine tenths of 3,000 writes, groups among them."""

    async def work(client: GraphClient) -> None:
        for _ in range(3000):
            await swap(client)

    double = Double([ACCEPTED])
    run(double, work)
    times = double.times
    busiest = max(sum(start <= at < start + 150 for at in times[n : n + 2800]) for n, start in enumerate(times[:300]))

    assert 2600 < busiest <= 2700


def test_groups_are_read_in_one_batch() -> None:
    """Licenses and state in the order asked; one that is gone is told as that."""
    found = {
        "id": GROUP.upper(),
        "assignedLicenses": [{"skuId": E4.upper(), "disabledPlans": [PLAN]}],
        "licenseProcessingState": {"state": "QueuedForProcessing"},
    }
    double = Double([envelope(refusal(1, 404, "Request_ResourceNotFound", ""), item(0, 200, found))])
    reads = run(double, lambda c: c.read_groups([KEY, OTHER]))
    urls = [one["url"] for one in orjson.loads(double.requests[0].content)["requests"]]

    assert (
        GroupRead(KEY, True, START, (GroupLicense(E4, (PLAN,)),), "QueuedForProcessing"),
        GroupRead(OTHER, False, START),
    ) == reads
    assert [f"/groups/{g}?$select=id,assignedLicenses,licenseProcessingState" for g in (KEY, OTHER)] == urls


def test_the_members_of_a_group_are_read_by_the_page_with_their_licenses() -> None:
    """Each once, whatever pages repeat; no cast, so that the directory itself answers and no index."""
    link = f"{ROOT}/groups/{GROUP}/members?$skiptoken=1"
    first = page({**KIND, **user(1, state(E4, GROUP))}, {"@odata.type": "#microsoft.graph.group", "id": "g"}, link=link)
    second = page({**KIND, **user(1, state(E3, GROUP))}, {**KIND, **user(2, state(E4))})
    double = Double([first, second])
    reads = run(double, lambda c: c.read_direct_members(KEY))
    asked = double.requests[0].url

    assert (
        UserRead(
            user_id(1),
            True,
            START,
            LicenseProfile((LicenseAssignment(E3, GROUP, ()),)),
            "user1@contoso.example",
            "NL",
        ),
        UserRead(
            user_id(2), True, START, LicenseProfile((LicenseAssignment(E4, "", ()),)), "user2@contoso.example", "NL"
        ),
    ) == reads
    assert f"/v1.0/groups/{GROUP}/members" == asked.path
    assert {"$select", "$top"} == set(asked.params)
    assert "ConsistencyLevel" not in double.requests[0].headers
    assert 2 == len(double.requests)


def test_a_member_that_came_without_its_properties_is_read_singly() -> None:
    """Without a name nothing of it is believed."""
    double = Double([page({**KIND, "id": user_id(7)}), singles({user_id(7): user(7)})])
    reads = run(double, lambda c: c.read_direct_members(KEY))

    assert reads is not None
    assert [(user_id(7), "user7@contoso.example")] == [(r.id, r.user_principal_name) for r in reads]


def test_a_group_that_is_gone_has_no_members_to_read() -> None:
    """None is another answer than nobody."""
    assert None is run(Double([error(404)]), lambda c: c.read_direct_members(KEY))
    assert () == run(Double([page()]), lambda c: c.read_direct_members(KEY))


def test_groups_are_found_by_id_or_name_without_their_members() -> None:
    """Several of one name are all told, an id of no group is nothing, and no member is asked for."""
    nobody = "bbbbbbbb-0000-4000-8000-00000000dead"
    twins = {"value": [{"id": GROUP, "displayName": "Staff"}, {"id": OTHER, "displayName": "staff"}]}
    double = Double(
        [
            envelope(
                item(0, 200, {"id": GROUP, "displayName": "Staff", "isAssignableToRole": True}),
                item(1, 200, twins),
                refusal(2, 404, "Request_ResourceNotFound", ""),
                item(3, 200, {"value": []}),
                refusal(4, 400, "Request_BadRequest", "no"),
            )
        ]
    )
    names = [GROUP, "Staff", nobody, "It's nothing", "odd"]
    found = run(double, lambda c: c.find_groups(names))
    urls = [one["url"].partition("$select")[0] for one in orjson.loads(double.requests[0].content)["requests"]]

    assert names == [n.name for n in found]
    assert [[KEY], [KEY, OTHER], [], [], []] == [[g.id for g in n.groups] for n in found]
    assert [False, False, False, False, True] == [n.refused for n in found]
    assert found[0].groups[0].role_assignable
    assert None is found[0].groups[0].members
    assert [f"/groups/{GROUP}?", "/groups?$filter=displayName%20eq%20'Staff'&"] == urls[:2]
    assert "/groups?$filter=displayName%20eq%20'It%27%27s%20nothing'&" == urls[3]
    assert 1 == len(double.requests)


def test_missing_permission_to_read_groups_is_named() -> None:
    """It stops the run before anything is decided."""
    with pytest.raises(PermissionMissing, match=r"GroupMember\.Read\.All"):
        run(Double([envelope(refusal(0, 403, "Authorization_RequestDenied", ""))]), lambda c: c.find_groups(["Staff"]))


def many_groups(in_flight: list[int]) -> Callable[[httpx.Request], Awaitable[httpx.Response]]:
    """A tenant with 40 licensed groups of one member each; `in_flight` is [now, most at once, member lists served]."""
    groups = [{"id": f"bbbbbbbb-0000-4000-8000-{n:012d}", "assignedLicenses": [{"skuId": E4}]} for n in range(40)]
    rest = tenant(groups=page(*groups))

    async def answer(request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("/members"):
            return rest(request)
        in_flight[0] += 1
        in_flight[1] = max(in_flight[:2])
        await asyncio.sleep(0.001)
        in_flight[0] -= 1
        in_flight[2] += 1
        number = int(request.url.path.split("-")[-1].partition("/")[0])
        if number == in_flight[3]:
            return error(403, "Authorization_RequestDenied", "no")
        return page({**KIND, "id": user_id(number)})

    return answer


def test_many_groups_are_read_side_by_side_and_told_in_order() -> None:
    """One after the other a thousand would take minutes; eight at a time is what one tenant is asked."""
    seen = [0, 0, 0, -1]
    snapshot = read(Double([]), ReadScope((E4,), (E4,)), transport=httpx.MockTransport(many_groups(seen)))

    assert [frozenset({user_id(n)}) for n in range(40)] == [g.direct_members for g in snapshot.groups]
    assert [0, 8, 40] == seen[:3]


def test_a_refusal_to_read_one_group_ends_the_reading_of_the_others() -> None:
    """Nothing is asked any more once the run is over."""
    seen = [0, 0, 0, 3]
    with pytest.raises(PermissionMissing):
        read(Double([]), ReadScope((E4,), (E4,)), transport=httpx.MockTransport(many_groups(seen)))

    assert seen[2] <= 16


def reprocess(n: int) -> Callable[[GraphClient], Awaitable[tuple[Reply, ...]]]:
    """Take a turn and have n users worked out again."""

    async def work(client: GraphClient) -> tuple[Reply, ...]:
        await client.write_turn(n)
        return await client.reprocess([user_id(k) for k in range(n)])

    return work


def test_members_are_worked_out_again_in_one_batch() -> None:
    """The true reason comes back as a refusal; without User.ReadWrite.All it is the permission."""
    short = "Subscription with SKU X does not have any available licenses."
    double = Double(
        [
            envelope(
                item(0),
                refusal(1, 400, "Request_BadRequest", short),
                refusal(2, 403, "Authorization_RequestDenied", "Insufficient privileges."),
                refusal(3, 404, "Request_ResourceNotFound", ""),
                item(4, 202),
            )
        ]
    )
    replies = run(double, reprocess(5))
    asked = orjson.loads(double.requests[0].content)["requests"]

    assert [
        (Verdict.APPLIED, ""),
        (Verdict.REFUSED, "no_seat"),
        (Verdict.REFUSED, "permission"),
        (Verdict.REFUSED, "gone"),
        (Verdict.IN_DOUBT, "unexpected_success"),
    ] == [(r.verdict, r.reason) for r in replies]
    assert user_id(1) == replies[1].id
    assert [("POST", f"/users/{user_id(n)}/reprocessLicenseAssignment") for n in range(5)] == [
        (one["method"], one["url"]) for one in asked
    ]
    assert all("body" not in one for one in asked)
    assert () == run(double, lambda c: c.reprocess([]))
    assert 1 == len(double.requests)


def test_working_out_again_counts_as_writes() -> None:
    """Each user is one write of the quota."""

    async def work(client: GraphClient) -> tuple[int, int, int]:
        await reprocess(3)(client)
        return client.traffic.http, client.traffic.batches, client.traffic.writes

    assert (1, 1, 3) == run(Double([envelope(*(item(n) for n in range(3)))]), work)
