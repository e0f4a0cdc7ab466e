"""Keys and names as Graph takes them: what is malformed is a 400, and who has an address is found by it."""

from __future__ import annotations

import pytest
from worlds.sandbox_client import ADELE, BRAM, GROUP, Caller, person, tenant_of

from connectors.sandbox.api.world import AppIdentity
from connectors.sandbox.tenant.state import TenantState

HIDDEN = "00000000-0000-4000-8000-0000000000f2"
DOLLAR = "$adele@contoso.example"


def tenant() -> TenantState:
    """Somebody whose name begins with a dollar, somebody with an alias, an open group and a hidden one."""
    dollar = {**person(ADELE, "Adele"), "upn": DOLLAR}
    bram = person(BRAM, "Bram", proxies=["SMTP:bram@contoso.example", "smtp:o'hara+x@contoso.example"])
    groups = [
        {"id": GROUP, "name": "O'Brien & co.", "members": [BRAM]},
        {"id": HIDDEN, "name": "Quiet", "members": [BRAM], "visibility": "HiddenMembership"},
    ]
    return tenant_of(dollar, bram, groups=groups)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/users/{DOLLAR}", 400),
        ("/users/%24adele@contoso.example", 400),
        (f"/users('{DOLLAR}')", 200),
        ("/users('%24adele%40contoso.example')", 200),
        ("/users('nobody@contoso.example')", 404),
        (f"/users('{ADELE}')", 200),
        (f"/groups/{GROUP}", 200),
        (f"/groups/{GROUP.upper()}", 200),
        ("/groups/jan-willem-van-der-berg@fabrikam.com", 400),
        ("/groups/Quiet", 400),
        (f"/groups/{GROUP[:-1]}", 400),
        (f"/groups/{{{GROUP}}}/members", 400),
        ("/groups/99999999-2222-4333-8444-555555555555", 404),
    ],
)
def test_a_malformed_key_is_a_bad_request(path: str, status: int) -> None:
    """Microsoft's pages "Get user" and "Get group"."""
    assert Caller(tenant()).call("GET", path).status_code == status


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("/users?$filter=proxyAddresses/any(x:x eq 'smtp:o''hara%2Bx@contoso.example')", [BRAM]),
        ("/users?$filter=proxyAddresses/any(x:x eq 'SMTP:BRAM@contoso.example')", [BRAM]),
        ("/users?$filter=mail eq 'bram@contoso.example'", [BRAM]),
        ("/users?$filter=proxyAddresses/any(x:x eq 'smtp:nobody@contoso.example')", []),
        ("/groups?$filter=displayName eq 'o''brien %26 co.'", [GROUP]),
        ("/groups?$filter=displayName eq 'Nobody'", []),
    ],
)
def test_a_name_is_found_by_a_plain_query(query: str, found: list[str]) -> None:
    """These filters need no advanced query, and compare without the case of letters."""
    assert [row["id"] for row in Caller(tenant()).get(query)["value"]] == found


def test_another_list_takes_no_filter() -> None:
    """Only what Microsoft lists can be asked for."""
    answer = Caller(tenant()).call("GET", "/users?$filter=businessPhones/any(x:x eq '1')")

    assert answer.status_code == 400


def test_hidden_members_are_shown_to_who_may_see_them() -> None:
    """The group says that it is hidden; without Member.Read.Hidden the list is empty."""
    reader = AppIdentity("reader", "reader", frozenset({"GroupMember.Read.All"}))
    wider = AppIdentity("wider", "wider", frozenset({"GroupMember.Read.All", "Member.Read.Hidden"}))
    caller = Caller(tenant(), apps={"r": reader, "w": wider})

    assert caller.get(f"/groups/{HIDDEN}?$select=visibility")["visibility"] == "HiddenMembership"
    for path in (f"/groups/{HIDDEN}/members", f"/groups/{HIDDEN}/transitiveMembers"):
        assert caller.get(path, token="r")["value"] == []
        assert [row["id"] for row in caller.get(path, token="w")["value"]] == [BRAM]
