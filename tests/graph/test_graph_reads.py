"""Reading: paging, repeating, and what is refused to be believed."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import orjson
import pytest
from graph_double import (
    E3,
    E4,
    ROOT,
    START,
    Double,
    Renewable,
    VirtualClock,
    envelope,
    error,
    item,
    page,
    refusal,
    reply,
    run,
    sku,
    state,
    user,
    user_id,
)

from connectors.errors import Malformed, PermissionMissing, Unauthorized
from connectors.graph.client import GraphClient
from connectors.tenant import LicenseAssignment, ReadScope, ServiceHealth, TenantSnapshot, UserId

ORGANIZATION = {"id": "t", "displayName": "Contoso", "verifiedDomains": []}
GROUP = "bbbbbbbb-0000-4000-8000-000000000001"


def tenant(**routes: object) -> Callable[[httpx.Request], httpx.Response]:
    """Answer a whole-tenant read: users, groups and singles as given, the rest as in a small tenant."""

    def answer(request: httpx.Request) -> httpx.Response:
        name = request.url.path.removeprefix("/v1.0/").replace("/", "_").replace("$", "")
        found = routes.get(name)
        if isinstance(found, list):
            found = found.pop(0) if len(found) > 1 else found[0]
        if callable(found):
            found = found(request)
        if isinstance(found, httpx.Response):
            return found
        return page(*{"organization": [ORGANIZATION], "subscribedSkus": [sku()]}.get(name, []))

    return answer


def read(double: Double, scope: ReadScope | None = None, **options: object) -> TenantSnapshot:
    """Read the tenant of the double."""
    return run(double, lambda c: c.read_tenant(scope or ReadScope((E4,), ()), on_page=lambda _w, _n: None), **options)


def singles(users: dict[str, dict[str, object]]) -> Callable[[httpx.Request], httpx.Response]:
    """Answer a batch of GETs from these users, by id or name."""

    def answer(request: httpx.Request) -> httpx.Response:
        items = []
        for one in orjson.loads(request.content)["requests"]:
            key = one["url"].removeprefix("/users/").partition("?")[0]
            body = users.get(key)
            found = item(one["id"], 200, body) if body else refusal(one["id"], 404, "Request_ResourceNotFound", "")
            items.append(found)
        return envelope(*reversed(items))

    return answer


def test_a_request_says_who_and_how_urgent() -> None:
    """Each request has a fresh id, low priority and the token; the query is one that the main store answers."""
    double = Double([tenant()])
    read(double)
    users = next(r for r in double.requests if r.url.path == "/v1.0/users")
    ids = [r.headers["client-request-id"] for r in double.requests]

    assert len(ids) == len(set(ids))
    assert {"low"} == {r.headers["x-ms-throttle-priority"] for r in double.requests}
    assert {"Bearer T"} == {r.headers["authorization"] for r in double.requests}
    assert f"assignedLicenses/any(x:x/skuId eq {E4})" == users.url.params["$filter"]
    assert "999" == users.url.params["$top"]
    assert "ConsistencyLevel" not in users.headers
    assert users.headers["sdkversion"].startswith("graph-python/")


def test_every_page_is_read_and_links_are_used_as_they_came() -> None:
    """An empty page in between is legal; nothing is lost and nothing is read twice."""
    link = f"{ROOT}/users?%24select=id&$skiptoken=a%2Bb~c%20d"
    pages = [page(user(2), link=link), page(link=f"{ROOT}/users?$skiptoken=2"), page(user(1))]
    double = Double([tenant(users=pages)])
    seen: list[tuple[str, int]] = []
    snapshot = run(double, lambda c: c.read_tenant(ReadScope((E4,), ()), on_page=lambda w, n: seen.append((w, n))))

    assert [user_id(1), user_id(2)] == list(snapshot.users["id"])
    assert b"/v1.0/users?$select=id&$skiptoken=a%2Bb~c%20d" == double.requests[4].url.raw_path
    assert [1, 1, 2] == [n for w, n in seen if w.startswith("/users")]


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/v1.0/users?$skiptoken=1",
        "http://graph.microsoft.com/v1.0/users?$skiptoken=1",
        "https://graph.microsoft.com:8443/v1.0/users?$skiptoken=1",
        "https://graph.microsoft.com@evil.example/v1.0/users",
        "https://user@graph.microsoft.com/v1.0/users",
        "https://graph.microsoft.com.evil.example/v1.0/users",
        "https://[graph.microsoft.com/v1.0/users",
        "/v1.0/users?$skiptoken=1",
    ],
)
def test_a_next_link_to_another_place_is_never_followed(link: str) -> None:
    """Neither the token nor anything else leaves for another scheme, host or port."""
    double = Double([tenant(users=page(user(1), link=link))])

    with pytest.raises(Malformed, match="nothing was sent there"):
        read(double)
    assert {"graph.microsoft.com"} == {r.url.host for r in double.requests}
    assert 4 == len(double.requests)


def test_next_links_in_a_circle_come_to_an_end() -> None:
    """After some walks the collection counts as endless."""
    double = Double([tenant(users=page(user(1), link=f"{ROOT}/users?$skiptoken=1"))])

    with pytest.raises(Malformed, match="did not come to its end in 4 walks"):
        read(double)


EXPIRED = [error(404), error(410, "syncStateNotFound"), error(400, "Directory_ExpiredPageToken", "expired")]


@pytest.mark.parametrize("expired", EXPIRED, ids=["404", "410", "400"])
def test_an_expired_page_token_begins_the_scan_anew(expired: httpx.Response) -> None:
    """What the broken walk gave is dropped, so that the scan stays one walk."""
    pages = [page(user(1), link=f"{ROOT}/users?$skiptoken=1"), expired, page(user(2))]
    snapshot = read(Double([tenant(users=pages)]))

    assert [user_id(2)] == list(snapshot.users["id"])


def test_a_scan_is_repeated_while_seats_move() -> None:
    """Users and seat counts belong to one moment; the last scan counts."""
    skus = [page(sku(consumed=2)), page(sku(consumed=1)), page(sku(consumed=1))]
    snapshot = read(Double([tenant(subscribedSkus=skus, users=[page(user(1), user(2)), page(user(1))])]))

    assert (True, [user_id(1)]) == (snapshot.stable, list(snapshot.users["id"]))


def test_a_tenant_that_never_stands_still_is_told_so() -> None:
    """After three scans the snapshot says that it is not stable."""
    skus = [page(sku(consumed=n)) for n in range(9)]
    double = Double([tenant(subscribedSkus=skus, users=page(user(1)))])
    snapshot = read(double)

    assert (False, 3) == (snapshot.stable, sum(r.url.path == "/v1.0/users" for r in double.requests))


def test_seats_of_other_products_may_move() -> None:
    """Only the products in scope decide whether the picture is one."""
    skus = [page(sku(), sku(E3, consumed=n)) for n in range(9)]

    assert read(Double([tenant(subscribedSkus=skus, users=page(user(1)))])).stable


def test_a_user_without_states_is_read_again() -> None:
    """The listing may lack the assignment states of a user; the single read has them."""
    bare = user(1, licenseAssignmentStates=[])
    snapshot = read(Double([tenant(users=page(bare), batch=singles({user_id(1): user(1)}))]))

    assert (LicenseAssignment(E4, "", ()),) == snapshot.profiles[snapshot.users["profile"][0]].assignments


def test_a_user_whose_states_stay_away_is_kept_as_unknown() -> None:
    """The holder is not lost, and nobody takes the assignment for sound."""
    bare = user(1, licenseAssignmentStates=[])
    snapshot = read(Double([tenant(users=page(bare), batch=singles({user_id(1): bare}))]))

    assert (LicenseAssignment(E4, "", (), "Unknown"),) == snapshot.profiles[0].assignments


def test_hidden_licenses_are_a_missing_permission() -> None:
    """Holders of a product whose licenses do not show mean that we may not see them."""
    rows = [user(n, assignedLicenses=[], licenseAssignmentStates=[]) for n in range(10)]

    with pytest.raises(PermissionMissing) as caught:
        read(Double([tenant(users=page(*rows))]))
    assert "User.Read.All" == caught.value.permission


def test_looked_up_people_join_the_table() -> None:
    """Names that a scan has met are not asked for again; names are encoded; the unknown are named."""
    guest = "jan_x.example#EXT#@contoso.example"
    encoded = "jan_x.example%23EXT%23%40contoso.example"
    double = Double([tenant(users=page(user(1)), batch=singles({encoded: user(7), user_id(8): user(8)}))])
    names = ("USER1@contoso.example", guest, user_id(8), "nobody@contoso.example", "no name at all", user_id(1))
    snapshot = read(double, ReadScope((E4,), (), names))
    asked = [r for r in double.requests if r.url.path == "/v1.0/$batch"]

    assert [user_id(1), user_id(7), user_id(8)] == list(snapshot.users["id"])
    assert ("no name at all", "nobody@contoso.example") == snapshot.not_found
    assert 1 == len(asked)
    assert 3 == len(orjson.loads(asked[0].content)["requests"])


def test_a_name_never_becomes_a_path() -> None:
    """Whatever stands in a roster stays one segment of the address."""
    double = Double([tenant(batch=singles({}))])
    read(double, ReadScope((E4,), (), ("../groups/x?@contoso.example",)))
    asked = next(r for r in double.requests if r.url.path == "/v1.0/$batch")

    assert (
        "/users/..%2Fgroups%2Fx%3F%40contoso.example"
        == (orjson.loads(asked.content)["requests"][0]["url"].partition("?")[0])
    )


def test_licensing_groups_come_with_their_users() -> None:
    """Direct users of a licensing group, all users below a group that a rule names."""
    other = "bbbbbbbb-0000-4000-8000-000000000002"
    licensed = {"id": GROUP, "displayName": "L", "assignedLicenses": [{"skuId": E4, "disabledPlans": []}]}
    kind = {"@odata.type": "#microsoft.graph.user"}
    routes = {
        "groups": page(licensed),
        f"groups_{GROUP}_members": page({**kind, "id": user_id(1)}, {"@odata.type": "#group", "id": "g"}),
        f"groups_{other}_transitiveMembers": page({**kind, "id": user_id(2)}, {**kind, "id": user_id(3)}),
        "batch": envelope(item(0, 200, {"id": other, "displayName": "O"}), refusal(1, 404, "x", "y")),
    }  # fmt: skip
    scope = ReadScope((E4,), (E4,), (), (other, "bbbbbbbb-0000-4000-8000-000000000003"))
    snapshot = read(Double([tenant(**routes)]), scope)

    assert [
        (GROUP, frozenset({user_id(1)})),
        (other, frozenset({user_id(2), user_id(3)})),
    ] == [(g.id, g.members) for g in snapshot.groups]


def test_deleted_users_are_kept_when_they_would_bring_a_product_back() -> None:
    """The recycle bin cannot be filtered by product, so it is filtered here."""
    rows = [
        {"id": "B", "assignedLicenses": [{"skuId": E4}]},
        {"id": "C", "assignedLicenses": [{"skuId": E3}]},
        {"id": "D", "assignedLicenses": []},
    ]
    snapshot = read(Double([tenant(**{"directory_deletedItems_microsoft.graph.user": page(*rows)})]))

    assert ["b"] == [u.id for u in snapshot.deleted_users]


def test_every_read_leaves_a_record() -> None:
    """The evidence names the query, when it ran, and how many rows came."""
    snapshot = read(Double([tenant(users=page(user(1)))]))
    asked = f"/users?$filter=assignedLicenses/any(x:x/skuId eq {E4})"
    record = next(r for r in snapshot.reads if r.query == asked)

    assert (1, "2026-03-02T08:00:00.000Z", "2026-03-02T08:00:00.000Z") == (record.rows, record.began, record.ended)
    assert [
        "/organization",
        "/directory/subscriptions",
        "/subscribedSkus",
        asked,
        "/subscribedSkus",
        "/directory/deletedItems/microsoft.graph.user",
    ] == [r.query for r in snapshot.reads]


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
    (lambda c: c.read_skus(), "LicenseAssignment.Read.All"),
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


def test_missing_group_permission_is_named() -> None:
    """Groups need a permission of their own."""
    with pytest.raises(PermissionMissing, match=r"GroupMember\.Read\.All.*Group\.Read\.All"):
        read(Double([tenant(groups=error(403))]), ReadScope((E4,), (E4,)))


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


def test_an_error_of_the_listener_is_its_own() -> None:
    """What `on_page` raises is not taken for an answer of Graph."""

    def broken(_what: str, _rows: int) -> None:
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        run(Double([tenant()]), lambda c: c.read_tenant(ReadScope((E4,), ()), on_page=broken))


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
    double = Double([singles({})], clock=VirtualClock(START))
    run(double, lambda c: c.read_users([UserId(str(n)) for n in range(20 * 400)]))
    span = double.times[-1] - double.times[0]

    assert 7200 * span / 10 + 100 >= 20 * 399
    assert {"own pace"} == {reason for reason, _ in double.waits}


def test_states_may_be_shared_by_several_ways_of_holding() -> None:
    """A user who holds the product directly and through a group has both assignments."""
    both = user(1, state(E4), state(E4, GROUP))
    snapshot = read(Double([tenant(users=page(both))]))

    assert (LicenseAssignment(E4, "", ()), LicenseAssignment(E4, GROUP, ())) == snapshot.profiles[0].assignments
