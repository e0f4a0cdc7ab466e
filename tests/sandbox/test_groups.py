"""Group licensing: accepted at once, carried out later, member by member."""

from __future__ import annotations

from worlds.group_tenant import FROM_GROUP, SWAP, group_tenant, held, processing
from worlds.sandbox_client import ADELE, BRAM, CHLOE, E3, E4, GROUP, START, Caller, person, tenant_of

from connectors.sandbox.licensing.groups import GROUP_LICENSING

MCOPSTN1 = "0dab259f-bf13-4952-b7f8-7db8f131b28d"


def test_a_group_change_is_queued_worked_through_and_complete() -> None:
    """202 at once; the group shows its new license before its members have it; they follow one after the other."""
    caller = Caller(group_tenant(person(ADELE, "Adele", FROM_GROUP), person(BRAM, "Bram", FROM_GROUP)))
    caller.tenant.knobs.group_members_per_second = 0.1

    assert processing(caller) == "ProcessingComplete"
    answer = caller.call("POST", f"/groups/{GROUP}/assignLicense", json=SWAP)
    assert answer.status_code == 202
    assert caller.get(f"/groups/{GROUP}?$select=assignedLicenses")["assignedLicenses"] == [
        {"skuId": E3, "disabledPlans": []}
    ]
    assert processing(caller) == "QueuedForProcessing"
    caller.clock[0] += 41
    assert processing(caller) == "ProcessingInProgress"
    assert held(caller, ADELE) == [(E3, GROUP, "Active", "None")]
    assert held(caller, BRAM) == [(E4, GROUP, "Active", "None")]
    caller.clock[0] += 10
    assert processing(caller) == "ProcessingComplete"
    assert held(caller, BRAM) == [(E3, GROUP, "Active", "None")]
    assert [(w.target, w.actor) for w in caller.tenant.write_log if w.kind == "member"] == [
        (ADELE, GROUP_LICENSING),
        (BRAM, GROUP_LICENSING),
    ]


def test_processing_can_be_stuck() -> None:
    """A stuck group never gets anywhere."""
    caller = Caller(group_tenant(person(ADELE, "Adele", FROM_GROUP)))
    caller.tenant.groups[GROUP].stuck = True

    caller.call("POST", f"/groups/{GROUP}/assignLicense", json=SWAP)
    caller.clock[0] += 86_400

    assert processing(caller) == "ProcessingInProgress"
    assert held(caller, ADELE) == [(E4, GROUP, "Active", "None")]


def test_a_member_without_a_seat_keeps_what_it_had_in_error_until_reprocessed() -> None:
    """Nothing new is given; freeing seats alone changes nothing; reprocessing tells the reason, then works."""
    caller = Caller(group_tenant(person(ADELE, "Adele", FROM_GROUP), person(BRAM, "Bram", FROM_GROUP)))
    caller.tenant.skus[E3].enabled = 1

    caller.call("POST", f"/groups/{GROUP}/assignLicense", json=SWAP)
    caller.clock[0] += 60

    in_error = caller.get(f"/groups/{GROUP}/membersWithLicenseErrors?$select=id")["value"]
    assert [row["id"] for row in in_error] == [BRAM]
    assert held(caller, BRAM) == [
        (E4, GROUP, "ActiveWithError", "CountViolation"),
        (E3, GROUP, "Error", "CountViolation"),
    ]
    assert processing(caller) == "ProcessingComplete"
    refused = caller.call("POST", f"/users/{BRAM}/reprocessLicenseAssignment")
    assert refused.json()["error"]["message"] == f"Subscription with SKU {E3} does not have any available licenses."
    caller.tenant.skus[E3].enabled = 2
    assert caller.call("POST", f"/users/{BRAM}/reprocessLicenseAssignment").status_code == 200
    assert held(caller, BRAM) == [(E3, GROUP, "Active", "None")]


def test_what_another_license_needs_becomes_a_direct_license() -> None:
    """The tenant converts the inherited base to a direct one: a residual that only a new scan finds."""
    caller = Caller(group_tenant(person(ADELE, "Adele", FROM_GROUP, "MCOPSTN1")))

    caller.call("POST", f"/groups/{GROUP}/assignLicense", json=SWAP)
    caller.clock[0] += 60

    expected = [(MCOPSTN1, None), (E4, None), (E3, GROUP)]
    assert expected == [(sku, group) for sku, group, _, _ in held(caller, ADELE)]


def test_what_another_license_needs_may_also_stay_in_error() -> None:
    """The other outcome that Microsoft describes, chosen by a knob."""
    caller = Caller(group_tenant(person(ADELE, "Adele", FROM_GROUP, "MCOPSTN1"), knobs={"group_removal": "error"}))

    caller.call("POST", f"/groups/{GROUP}/assignLicense", json=SWAP)
    caller.clock[0] += 60

    assert (E4, GROUP, "ActiveWithError", "DependencyViolation") in held(caller, ADELE)
    assert (E3, GROUP, "Error", "DependencyViolation") in held(caller, ADELE)


def test_a_group_falls_back_on_the_tenants_country() -> None:
    """A member without a usage location gets the group's license all the same."""
    caller = Caller(group_tenant(person(ADELE, "Adele", FROM_GROUP, location=None)))

    caller.call("POST", f"/groups/{GROUP}/assignLicense", json=SWAP)
    caller.clock[0] += 60

    assert held(caller, ADELE) == [(E3, GROUP, "Active", "None")]


def test_the_tenants_country_may_prohibit_a_plan_of_the_group() -> None:
    """The fallback country counts like one of the member's own."""
    rules = {"prohibited": {"MICROSOFTBOOKINGS": ["NL"]}}
    caller = Caller(group_tenant(person(ADELE, "Adele", FROM_GROUP, location=None), rules=rules))

    caller.call("POST", f"/groups/{GROUP}/assignLicense", json=SWAP)
    caller.clock[0] += 60

    assert (E3, GROUP, "Error", "ProhibitedInUsageLocationViolation") in held(caller, ADELE)


def test_groups_are_found_by_what_they_give_even_when_empty() -> None:
    """The filter needs no advanced query; members do not matter."""
    groups = [
        {"id": GROUP, "name": "full", "members": ["adele@contoso.example"], "licenses": ["ENTERPRISEPACK"]},
        {"id": "00000000-0000-4000-8000-0000000000f2", "name": "empty", "licenses": ["ENTERPRISEWITHSCAL"]},
        {"id": "00000000-0000-4000-8000-0000000000f3", "name": "plain"},
    ]
    caller = Caller(tenant_of(person(ADELE, "Adele"), groups=groups))

    found = caller.get(f"/groups?$filter=assignedLicenses/any(x:x/skuId eq {E4})&$select=displayName,assignedLicenses")

    assert [row["displayName"] for row in found["value"]] == ["empty"]
    assert [row["assignedLicenses"] for row in found["value"]] == [[{"skuId": E4, "disabledPlans": []}]]
    assert "assignedLicenses" not in caller.get(f"/groups/{GROUP}")


def test_members_are_direct_and_transitive_members_are_everybody() -> None:
    """Nested groups are members of their own kind; a ring of groups ends; the cast leaves users."""
    inner, outer = "00000000-0000-4000-8000-0000000000f2", GROUP
    groups = [
        {"id": outer, "name": "outer", "members": ["adele@contoso.example"], "nested": [inner]},
        {"id": inner, "name": "inner", "members": ["bram@contoso.example", "adele@contoso.example"], "nested": [outer]},
    ]
    caller = Caller(tenant_of(person(ADELE, "Adele"), person(BRAM, "Bram"), person(CHLOE, "Chloe"), groups=groups))

    rows = caller.get(f"/groups/{outer}/members")["value"]
    assert [(row["@odata.type"], row["id"]) for row in rows] == [
        ("#microsoft.graph.user", ADELE),
        ("#microsoft.graph.group", inner),
    ]
    everybody = caller.get(f"/groups/{outer}/transitiveMembers/microsoft.graph.user?$select=id")["value"]
    assert [row["id"] for row in everybody] == [ADELE, BRAM]
    assert [len(page) for page in caller.pages(f"/groups/{outer}/transitiveMembers?$top=1")] == [1, 1, 1]


def test_refusals_of_a_group_change() -> None:
    """What the group does not have cannot be removed; groups that are no security groups take no license."""
    caller = Caller(group_tenant(person(ADELE, "Adele", FROM_GROUP)))
    remove_e3 = {"addLicenses": [], "removeLicenses": [E3]}

    refused = caller.call("POST", f"/groups/{GROUP}/assignLicense", json=remove_e3)
    assert (refused.status_code, refused.json()["error"]["message"]) == (
        400, "Group does not have a corresponding license.",
    )  # fmt: skip
    caller.tenant.groups[GROUP].security = False
    assert caller.call("POST", f"/groups/{GROUP}/assignLicense", json=SWAP).status_code == 400
    assert [(w.kind, w.status) for w in caller.tenant.write_log] == [("group", 400), ("group", 400)]


def test_audit_records_name_who_did_what_and_when() -> None:
    """Newest first, filtered by time, activity and app; background changes have the background's name."""
    group = {"id": GROUP, "name": "LIC-E4", "members": ["adele@contoso.example"], "licenses": ["ENTERPRISEWITHSCAL"]}
    users = (person(ADELE, "Adele", FROM_GROUP), person(BRAM, "Bram", "ENTERPRISEWITHSCAL"))
    caller = Caller(tenant_of(*users, groups=[group]))
    caller.assign(BRAM, [E3], [E4])
    caller.clock[0] += 5
    caller.call("POST", f"/groups/{GROUP}/assignLicense", json=SWAP)
    caller.clock[0] += 60
    caller.get("/organization")

    log = "/auditLogs/directoryAudits"
    rows = [row for page in caller.pages(f"{log}?$top=1") for row in page]
    assert [(r["activityDisplayName"], r["targetResources"][0]["id"], r["activityDateTime"]) for r in rows] == [
        ("Change user license", ADELE, "2026-03-02T08:01:05Z"),
        ("Set group license", GROUP, "2026-03-02T08:00:05Z"),
        ("Change user license", BRAM, "2026-03-02T08:00:00Z"),
    ]
    assert rows[0]["initiatedBy"]["app"]["displayName"] == "Microsoft Entra group-Based Licensing"
    ours = rows[2]["initiatedBy"]["app"]["appId"]
    chosen = caller.get(
        f"{log}?$filter=activityDisplayName eq 'Change user license' and initiatedBy/app/appId eq '{ours}' "
        "and activityDateTime ge 2026-03-02T08:00:00Z and activityDateTime lt 2026-03-02T08:00:05Z"
    )
    assert [row["targetResources"][0]["id"] for row in chosen["value"]] == [BRAM]


def test_audit_records_come_late() -> None:
    """The tenant's lag hides them at first."""
    caller = Caller(tenant_of(person(ADELE, "Adele", "ENTERPRISEWITHSCAL"), knobs={"audit_lag_seconds": 120.0}))
    caller.assign(ADELE, [E3], [E4])

    assert caller.get("/auditLogs/directoryAudits")["value"] == []
    caller.clock[0] = START + 120
    assert len(caller.get("/auditLogs/directoryAudits")["value"]) == 1
