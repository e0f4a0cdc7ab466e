"""What the tenant shows, to whom, and in which portions."""

from __future__ import annotations

from typing import Any

import pytest
from worlds.sandbox_client import ADELE, BRAM, CHLOE, E3, E4, START, TENANT, Caller, person, tenant_of

from connectors.sandbox.api.world import AppIdentity
from connectors.sandbox.tenant.model import Json

GUEST = "00000000-0000-4000-8000-0000000000aa"
HOLDERS = f"/users?$filter=assignedLicenses/any(l:l/skuId eq {E4})"


def many(count: int) -> list[Json]:
    """Users with E4, in row order."""
    return [person(f"{n:08}-0000-4000-8000-000000000000", f"user{n}", "ENTERPRISEWITHSCAL") for n in range(count)]


def refusal(answer: Any) -> tuple[int, str, str]:
    """(status, code, message)."""
    error = answer.json()["error"]
    return answer.status_code, error["code"], error["message"]


def test_the_organization_names_its_domains() -> None:
    """The default domain is told from the initial one; there is one organization."""
    found = Caller(tenant_of()).get("/organization")

    assert found["@odata.context"] == "http://tenant/v1.0/$metadata#organization"
    assert [row["id"] for row in found["value"]] == [TENANT]
    domains = [(d["name"], d["isDefault"], d["isInitial"]) for d in found["value"][0]["verifiedDomains"]]
    assert domains == [("contoso.example", True, False), ("contoso.onmicrosoft.com", False, True)]
    assert found["value"][0]["defaultUsageLocation"] == "NL"


def test_a_product_counts_each_holder_once() -> None:
    """`consumedUnits` counts users, not assignments; an assignment in error takes no seat."""
    group = "00000000-0000-4000-8000-0000000000f1"
    inherited = {"sku": "ENTERPRISEWITHSCAL", "group": group}
    tenant = tenant_of(
        person(ADELE, "Adele", "ENTERPRISEWITHSCAL", inherited),
        person(BRAM, "Bram", inherited),
        person(CHLOE, "Chloé", {**inherited, "state": "Error", "error": "CountViolation"}),
        seats={"ENTERPRISEWITHSCAL": {"enabled": 7, "warning": 1, "suspended": 2, "lockedOut": 3}},
        subscriptions=[{"id": "s1", "sku": "ENTERPRISEWITHSCAL", "totalLicenses": 7}],
    )

    found = Caller(tenant).get(f"/subscribedSkus/{TENANT}_{E4}")

    assert found["consumedUnits"] == 2
    assert found["prepaidUnits"] == {"enabled": 7, "suspended": 2, "warning": 1, "lockedOut": 3}
    assert (found["skuPartNumber"], found["appliesTo"]) == ("ENTERPRISEWITHSCAL", "User")
    assert found["subscriptionIds"] == ["s1"]
    assert len(found["servicePlans"]) == 17
    assert {"servicePlanId", "servicePlanName", "provisioningStatus", "appliesTo"} == set(found["servicePlans"][0])


def test_consumed_units_can_lag_and_be_off() -> None:
    """The count catches up after the tenant's lag; an offset stays for ever."""
    tenant = tenant_of(
        person(ADELE, "Adele", "ENTERPRISEWITHSCAL"),
        seats={"ENTERPRISEWITHSCAL": {"enabled": 9, "consumedOffset": 2}},
        knobs={"consumed_lag_seconds": 300.0},
    )
    caller = Caller(tenant)
    path = f"/subscribedSkus/{TENANT}_{E4}?$select=consumedUnits"

    assert caller.assign(ADELE, [E3], [E4]) == (200, "")
    assert caller.get(path)["consumedUnits"] == 3
    caller.clock[0] += 300
    assert caller.get(path)["consumedUnits"] == 2


def test_a_subscription_spells_its_product_in_capitals() -> None:
    """Here the skuId is a string; clients have to normalise it."""
    one = {"id": "s1", "sku": "ENTERPRISEWITHSCAL", "totalLicenses": 700, "isTrial": True, "ownerType": "User"}
    found = Caller(tenant_of(subscriptions=[one])).get("/directory/subscriptions/s1")

    shown = {key: found[key] for key in ("skuId", "status", "totalLicenses", "isTrial", "ownerType", "ownerTenantId")}
    assert shown == {
        "skuId": E4.upper(), "status": "Enabled", "totalLicenses": 700, "isTrial": True, "ownerType": "User",
        "ownerTenantId": None,
    }  # fmt: skip


def test_license_properties_come_only_when_selected() -> None:
    """Without `$select` a user has the default properties; with it, exactly those and the id."""
    caller = Caller(tenant_of(person(ADELE, "Adele", "ENTERPRISEWITHSCAL")))

    default = set(caller.get(f"/users/{ADELE}"))
    assert {"usageLocation", "assignedLicenses", "accountEnabled"}.isdisjoint(default)
    assert {"id", "displayName", "mail", "userPrincipalName"} <= default
    found = caller.get(f"/users/{ADELE}?$select=usageLocation,assignedLicenses")
    assert found.pop("@odata.context").endswith("$metadata#users(usageLocation,assignedLicenses)/$entity")
    assert found == {"id": ADELE, "usageLocation": "NL", "assignedLicenses": [{"disabledPlans": [], "skuId": E4}]}


def test_assignment_states_keep_the_date_of_their_last_change() -> None:
    """What a change does not touch keeps its date."""
    caller = Caller(tenant_of(person(ADELE, "Adele", "ENTERPRISEWITHSCAL", "VISIOCLIENT")))
    caller.assign(ADELE, [E3], [E4])

    rows = caller.get(f"/users/{ADELE}?$select=licenseAssignmentStates")["licenseAssignmentStates"]

    dates = {row["skuId"]: row["lastUpdatedDateTime"] for row in rows}
    visio = "c5928f49-12ba-48f7-ada3-0d743a3601d5"
    assert dates == {E3: "2026-03-02T08:00:00Z", visio: "2023-05-01T00:00:00Z"}


def test_users_are_found_by_name_however_it_is_spelled() -> None:
    """Guests carry `#EXT#`, people apostrophes, and case does not matter."""
    guest = "o'neil_fabrikam.example#EXT#@contoso.onmicrosoft.com"
    caller = Caller(tenant_of({**person(GUEST, "x"), "upn": guest, "kind": "Guest"}, person(ADELE, "Adele")))

    encoded = "o%27neil_fabrikam.example%23EXT%23@contoso.onmicrosoft.com"
    assert caller.get(f"/users/{encoded}?$select=userType")["userType"] == "Guest"
    assert caller.get("/users/ADELE@Contoso.Example")["id"] == ADELE
    quoted = encoded.replace("%27", "%27%27")
    listed = caller.get(f"/users?$filter=userPrincipalName eq '{quoted}'")
    assert [row["id"] for row in listed["value"]] == [GUEST]


def test_paging_gives_everybody_once_and_keeps_the_options() -> None:
    """NextLinks are absolute, opaque, and carry the options; the last page has none."""
    caller = Caller(tenant_of(*many(7), person(ADELE, "Adele")))

    first = caller.get(f"{HOLDERS}&$select=id&$top=3")
    pages = caller.pages(f"{HOLDERS}&$select=id&$top=3")

    assert first["@odata.nextLink"].startswith(
        "http://tenant/v1.0/users?$filter=assignedLicenses/any(l:l/skuId%20eq%20"
    )
    assert "&$select=id&$top=3&$skiptoken=" in first["@odata.nextLink"]
    assert [len(page) for page in pages] == [3, 3, 1]
    assert [f"{n:08}-0000-4000-8000-000000000000" for n in range(7)] == [row["id"] for page in pages for row in page]


def test_a_page_has_a_hundred_users_by_default_and_999_at_most() -> None:
    """A larger `$top` is refused."""
    caller = Caller(tenant_of(*many(130)))

    assert [len(page) for page in caller.pages("/users")] == [100, 30]
    assert [len(page) for page in caller.pages("/users?$top=999")] == [130]
    assert refusal(caller.call("GET", "/users?$top=1000")) == (
        400, "Request_UnsupportedQuery", "Invalid page size specified: '1000'. Must be between 1 and 999 inclusive.",
    )  # fmt: skip


def test_a_user_who_loses_the_license_between_two_pages_shifts_nobody() -> None:
    """A page token stands for a place in the tenant, not for a count."""
    caller = Caller(tenant_of(*many(6)))
    first = caller.get(f"{HOLDERS}&$top=2&$select=id")

    caller.assign("00000000-0000-4000-8000-000000000000", [E3], [E4])
    rest = caller.pages(first["@odata.nextLink"])

    assert [int(row["id"][:8]) for page in rest for row in page] == [2, 3, 4, 5]


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        ("usageLocation eq null", [BRAM]),
        ("userPrincipalName in ('adele@contoso.example', 'nobody@contoso.example')", [ADELE]),
        (f"id in ('{BRAM}','{ADELE}')", [ADELE, BRAM]),
        (f"assignedLicenses/any(x:x/skuId eq {E4}) and usageLocation eq null", [BRAM]),
        ("accountEnabled eq false", [CHLOE]),
    ],
)
def test_the_filters_of_a_licensing_client_find_their_users(clause: str, expected: list[str]) -> None:
    """The filters that a client of licensing needs work without advanced queries."""
    users = (
        person(ADELE, "Adele", "ENTERPRISEWITHSCAL"),
        person(BRAM, "Bram", "ENTERPRISEWITHSCAL", location=None),
        person(CHLOE, "Chloe", enabled=False),
    )

    found = Caller(tenant_of(*users)).get(f"/users?$filter={clause}&$select=id")

    assert expected == [row["id"] for row in found["value"]]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/users?$filter=licenseAssignmentStates/any(x:x/skuId eq 'a')", "Request_UnsupportedQuery"),
        (f"/users?$filter=assignedLicenses/any(x:x/skuId eq '{E4}')", "Request_UnsupportedQuery"),
        ("/users?$filter=assignedLicenses/$count ne 0", "Request_UnsupportedQuery"),
        ("/users?$filter=displayName eq 'x'", "Request_UnsupportedQuery"),
        ("/users?$filter=id in (" + ",".join(f"'{n}'" for n in range(16)) + ")", "Request_UnsupportedQuery"),
        ("/users?$skip=3", "Request_UnsupportedQuery"),
        ("/users?$expand=manager", "Request_UnsupportedQuery"),
        ("/users?$select=shoeSize", "BadRequest"),
        ("/users?$skiptoken=bm9uc2Vuc2U=", "Directory_ExpiredPageToken"),
        ("/users/$count", "Request_BadRequest"),
        ("/subscribedSkus?$filter=skuPartNumber eq 'X'", "Request_BadRequest"),
    ],
)
def test_queries_that_the_tenant_does_not_take(path: str, code: str) -> None:
    """Each is a 400 with Graph's code; nothing is silently ignored."""
    answer = Caller(tenant_of(person(ADELE, "Adele"))).call("GET", path)

    assert (400, code) == (answer.status_code, answer.json()["error"]["code"])


def test_counting_needs_its_header() -> None:
    """`$count=true` is ignored without ConsistencyLevel, and the count stands on the first page only."""
    caller, advanced = Caller(tenant_of(*many(3))), {"ConsistencyLevel": "eventual"}

    assert "@odata.count" not in caller.get(f"{HOLDERS}&$count=true&$top=2")
    first = caller.get(f"{HOLDERS}&$count=true&$top=2", headers=advanced)
    assert first["@odata.count"] == 3
    assert "@odata.count" not in caller.get(first["@odata.nextLink"], headers=advanced)
    assert caller.call("GET", "/users/$count", headers=advanced).text == "3"
    licensed = "/users?$filter=assignedLicenses/$count ne 0&$count=true&$top=2"
    link = caller.get(licensed, headers=advanced)["@odata.nextLink"]
    assert refusal(caller.call("GET", link))[:2] == (400, "Request_UnsupportedQuery")


def test_license_details_show_each_plan_of_the_user() -> None:
    """A plan is Disabled where the user's license of that product switches it off."""
    user = person(ADELE, "Adele", {"sku": "MCOEV", "off": ["MCOEV"]}, "MCOMEETADV")
    found = Caller(tenant_of(user)).get(f"/users/{ADELE}/licenseDetails")

    plans = {row["skuPartNumber"]: [p["provisioningStatus"] for p in row["servicePlans"]] for row in found["value"]}
    assert plans == {"MCOEV": ["Disabled"], "MCOMEETADV": ["Success"]}


def test_deleted_users_show_their_licenses_but_take_no_seat() -> None:
    """They are nowhere in /users."""
    gone = person(ADELE, "Adele", "ENTERPRISEWITHSCAL", deleted="2026-02-20T10:00:00Z")
    caller = Caller(tenant_of(gone, person(BRAM, "Bram", "ENTERPRISEWITHSCAL")))

    select = "$select=id,assignedLicenses,deletedDateTime"
    rows = caller.get(f"/directory/deletedItems/microsoft.graph.user?{select}")["value"]
    shown = {"id": ADELE, "assignedLicenses": [{"disabledPlans": [], "skuId": E4}]}
    assert rows == [{**shown, "deletedDateTime": "2026-02-20T10:00:00Z"}]
    assert [row["id"] for row in caller.get("/users")["value"]] == [BRAM]
    assert caller.tenant.consumed(E4) == 1
    assert caller.call("GET", f"/users/{ADELE}").status_code == 404


def test_a_call_without_a_good_token_or_the_permission_is_refused() -> None:
    """No token or a wrong one is 401, an expired one too; a missing permission is 403."""
    reader = AppIdentity("reader", permissions=frozenset({"User.Read.All"}))
    expiring = AppIdentity("expiring", expires_at=START + 60)
    caller = Caller(tenant_of(person(ADELE, "Adele")), apps={"reader": reader, "expiring": expiring})

    assert refusal(caller.call("GET", "/users", token="wrong"))[:2] == (401, "InvalidAuthenticationToken")
    assert caller.call("GET", "/users", token="reader").status_code == 200
    assert refusal(caller.call("POST", f"/users/{ADELE}/assignLicense", token="reader", json={})) == (
        403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.",
    )  # fmt: skip
    assert caller.call("GET", "/subscribedSkus", token="reader").status_code == 403
    assert caller.call("GET", "/users", token="expiring").status_code == 200
    caller.clock[0] += 60
    assert caller.call("GET", "/users", token="expiring").status_code == 401


def test_license_permission_does_not_cover_location_and_reprocessing() -> None:
    """LicenseAssignment.ReadWrite.All assigns, and nothing else."""
    app = AppIdentity("writer", permissions=frozenset({"LicenseAssignment.ReadWrite.All"}))
    caller = Caller(tenant_of(person(ADELE, "Adele")), apps={"writer": app})
    nothing: Json = {"addLicenses": [], "removeLicenses": []}

    assert caller.call("POST", f"/users/{ADELE}/assignLicense", token="writer", json=nothing).status_code == 200
    assert caller.call("PATCH", f"/users/{ADELE}", token="writer", json={}).status_code == 403
    assert caller.call("POST", f"/users/{ADELE}/reprocessLicenseAssignment", token="writer").status_code == 403


def test_answers_carry_their_ids_and_their_cost() -> None:
    """The caller's own request id comes back; errors repeat both ids; `$select` makes a listing cheaper."""
    caller = Caller(tenant_of())

    answer = caller.call("GET", "/users?$select=id", headers={"client-request-id": "mine"})
    wrong = caller.call("GET", "/nothing/here", headers={"client-request-id": "mine"})

    assert (answer.headers["client-request-id"], answer.headers["x-ms-resource-unit"]) == ("mine", "1")
    assert caller.call("GET", "/users").headers["x-ms-resource-unit"] == "2"
    assert answer.headers["date"] == "Mon, 02 Mar 2026 08:00:00 GMT"
    inner = wrong.json()["error"]["innerError"]
    assert (404, wrong.headers["request-id"], "mine") == (
        wrong.status_code,
        inner["request-id"],
        inner["client-request-id"],
    )
    assert caller.tenant.strange_calls == [("GET", "nothing/here")]
