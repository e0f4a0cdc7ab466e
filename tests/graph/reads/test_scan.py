"""The snapshot of a tenant: paging to the end, one moment, and what is refused to be believed."""

from __future__ import annotations

import httpx
import orjson
import pytest
from graph.graph_double import (
    E3,
    E4,
    GROUP,
    ROOT,
    Double,
    envelope,
    error,
    item,
    page,
    read,
    refusal,
    run,
    singles,
    sku,
    state,
    tenant,
    user,
    user_id,
)

from connectors.errors import Malformed, PermissionMissing
from connectors.tenant import GroupId, LicenseAssignment, ReadScope


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
    link = "https://Graph.Microsoft.com:443/v1.0/users?%24select=id&$skiptoken=a%2Bb~c%20d"
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
    assert [[user_id(8)], [encoded, "nobody%40contoso.example"]] == [
        [one["url"].partition("?")[0].removeprefix("/users/") for one in orjson.loads(r.content)["requests"]]
        for r in asked
    ]
    assert {"USER1@contoso.example": user_id(1), guest: user_id(7)} == snapshot.resolved


def test_a_name_never_becomes_a_path() -> None:
    """Whatever stands in a roster stays one segment of the address."""
    double = Double([tenant(batch=singles({}))])
    read(double, ReadScope((E4,), (), ("../groups/x?@contoso.example",)))
    asked = next(r for r in double.requests if r.url.path == "/v1.0/$batch")

    assert (
        "/users/..%2Fgroups%2Fx%3F%40contoso.example"
        == (orjson.loads(asked.content)["requests"][0]["url"].partition("?")[0])
    )


KIND = {"@odata.type": "#microsoft.graph.user"}
NESTED = {"@odata.type": "#microsoft.graph.group", "id": "g"}
LICENSED = {"id": GROUP, "displayName": "L", "assignedLicenses": [{"skuId": E4, "disabledPlans": []}]}
OTHER = GroupId("bbbbbbbb-0000-4000-8000-000000000002")
NOWHERE = GroupId("bbbbbbbb-0000-4000-8000-000000000003")


def test_licensing_groups_come_with_their_users() -> None:
    """The users right inside a licensing group, all users below a group that a rule names."""
    routes = {
        "groups": page(LICENSED),
        f"groups_{GROUP}_members": page({**KIND, "id": user_id(1)}, NESTED),
        f"groups_{OTHER}_transitiveMembers": page({**KIND, "id": user_id(2)}, {**KIND, "id": user_id(3)}),
        "batch": envelope(item(0, 200, {"id": OTHER, "displayName": "O"}), refusal(1, 404, "x", "y")),
    }  # fmt: skip
    snapshot = read(Double([tenant(**routes)]), ReadScope((E4,), (E4,), (), (OTHER, NOWHERE)))

    assert [
        (GROUP, None, frozenset({user_id(1)}), 1),
        (OTHER, frozenset({user_id(2), user_id(3)}), None, 0),
    ] == [(g.id, g.members, g.direct_members, g.nested_groups) for g in snapshot.groups]


def test_a_group_that_a_rule_names_and_that_is_licensed_has_both_kinds_of_members() -> None:
    """Who gets its licenses and whom the rule means are two questions."""
    routes = {
        "groups": page(LICENSED),
        f"groups_{GROUP}_members": page({**KIND, "id": user_id(1)}),
        f"groups_{GROUP}_transitiveMembers": page({**KIND, "id": user_id(1)}, {**KIND, "id": user_id(2)}),
    }
    [group] = read(Double([tenant(**routes)]), ReadScope((E4,), (E4,), (), (GroupId(GROUP),))).groups

    assert (frozenset({user_id(1), user_id(2)}), frozenset({user_id(1)})) == (group.members, group.direct_members)


def test_everybody_inside_a_group_to_swap_is_read_and_each_page_is_one_request() -> None:
    """Whom the scan has met stays as the scan saw it; the others come with all their columns, by the page."""
    inside = [{**KIND, **user(1, state(E3))}, {**KIND, **user(2, state(E3, OTHER))}]
    more = page({**KIND, **user(3, state(E3, OTHER))}, {"@odata.type": "#microsoft.graph.device", "id": "d"})
    routes = {
        "users": page(user(1)),
        f"groups_{OTHER}_members": [page(*inside, link=f"{ROOT}/groups/{OTHER}/members?$skiptoken=1"), more],
        f"groups_{NOWHERE}_members": error(404),
        "batch": envelope(item(0, 200, {"id": OTHER, "displayName": "O"})),
    }
    double = Double([tenant(**routes)])
    snapshot = read(double, ReadScope((E4,), (), (), (), (NOWHERE, OTHER)))
    asked = [r.url for r in double.requests if r.url.path.endswith("/members")]

    assert [user_id(n) for n in (1, 2, 3)] == list(snapshot.users["id"])
    assert {E4} == snapshot.profiles[snapshot.users["profile"][0]].skus
    assert "user3@contoso.example" == snapshot.users["user_principal_name"][2]
    assert () == snapshot.not_found
    [group] = snapshot.groups
    assert (OTHER, frozenset({user_id(1), user_id(2), user_id(3)})) == (group.id, group.direct_members)
    assert group.members is None
    assert 3 == len(asked)
    assert "999" == asked[1].params["$top"]
    assert {"userPrincipalName", "licenseAssignmentStates"} <= set(asked[1].params["$select"].split(","))
    assert 1 == sum(r.url.path == "/v1.0/$batch" for r in double.requests)


def test_a_member_of_whom_only_the_id_is_told_is_read_singly() -> None:
    """Graph lists what an app may not read with id and type alone; one that is gone by then is left out silently."""
    routes = {
        f"groups_{OTHER}_members": page({**KIND, "id": user_id(7)}, {**KIND, "id": user_id(8)}),
        "batch": [singles({user_id(7): user(7)}), envelope(item(0, 200, {"id": OTHER, "displayName": "O"}))],
    }
    snapshot = read(Double([tenant(**routes)]), ReadScope((E4,), (), (), (), (OTHER,)))

    assert [user_id(7)] == list(snapshot.users["id"])
    assert () == snapshot.not_found
    assert frozenset({user_id(7), user_id(8)}) == snapshot.groups[0].direct_members


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


def test_missing_group_permission_is_named() -> None:
    """Groups need a permission of their own."""
    with pytest.raises(PermissionMissing, match=r"GroupMember\.Read\.All.*Group\.Read\.All"):
        read(Double([tenant(groups=error(403))]), ReadScope((E4,), (E4,)))


def test_an_error_of_the_listener_is_its_own() -> None:
    """What `on_page` raises is not taken for an answer of Graph."""

    def broken(_what: str, _rows: int) -> None:
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        run(Double([tenant()]), lambda c: c.read_tenant(ReadScope((E4,), ()), on_page=broken))


def test_states_may_be_shared_by_several_ways_of_holding() -> None:
    """A user who holds the product directly and through a group has both assignments."""
    both = user(1, state(E4), state(E4, GROUP))
    snapshot = read(Double([tenant(users=page(both))]))

    assert (LicenseAssignment(E4, "", ()), LicenseAssignment(E4, GROUP, ())) == snapshot.profiles[0].assignments


def test_a_name_that_graph_refuses_is_nobody_and_the_others_are_found() -> None:
    """A 400 to one name is the answer for this name; an id is ours, and a 400 to it is an error."""

    def answer(request: httpx.Request) -> httpx.Response:
        asked = orjson.loads(request.content)["requests"]
        return envelope(
            *(
                refusal(n, 400, "Request_BadRequest", "Invalid object identifier")
                if "odd" in one["url"]
                else item(n, 200, user(7))
                for n, one in enumerate(asked)
            )
        )

    names = ("odd@contoso.example", "user7@contoso.example")
    snapshot = read(Double([tenant(batch=answer)]), ReadScope((E4,), (), names))

    assert ("odd@contoso.example",) == snapshot.refused == snapshot.not_found
    assert {"user7@contoso.example": user_id(7)} == snapshot.resolved
    refused = tenant(batch=envelope(refusal(0, 400, "Request_BadRequest", "no")))
    with pytest.raises(Malformed):
        read(Double([refused]), ReadScope((E4,), (), (user_id(8),)))


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("$ada@contoso.example", "/users('%24ada%40contoso.example')"),
        ("$o'hara@contoso.example", "/users('%24o%27%27hara%40contoso.example')"),
        ("ada+x@contoso.example", "/users/ada%2Bx%40contoso.example"),
        ("o'hara@contoso.example", "/users/o%27hara%40contoso.example"),
        ("jan-willem-van-der-berg@fabrikam.com", "/users/jan-willem-van-der-berg%40fabrikam.com"),
    ],
)
def test_the_address_of_a_name_is_the_one_that_microsoft_documents(name: str, url: str) -> None:
    """A name that begins with `$` stands in parentheses and quotes; every sign that means something is encoded."""
    double = Double([tenant(batch=singles({}))])
    read(double, ReadScope((E4,), (), (name,)))
    asked = next(r for r in double.requests if r.url.path == "/v1.0/$batch")

    assert url == orjson.loads(asked.content)["requests"][0]["url"].partition("?")[0]
