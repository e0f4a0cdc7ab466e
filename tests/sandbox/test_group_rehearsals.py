"""What may go otherwise with a group: stuck, told too early, half refused, members who come and go, allotments."""

from __future__ import annotations

import random

import pytest
from worlds.group_tenant import FROM_GROUP, SWAP, group_tenant, held, processing
from worlds.sandbox_client import ADELE, BRAM, CHLOE, E3, E4, GROUP, Caller, person, tenant_of

from connectors.sandbox.api.world import AppIdentity
from connectors.sandbox.licensing import groups, others
from connectors.sandbox.tenant.file import dump, load
from connectors.sandbox.tenant.model import Json
from connectors.sandbox.tenant.state import SOMEBODY_ELSE
from connectors.sandbox.trouble.faults import FaultPlan

OLD, NEW = [(E4, GROUP, "Active", "None")], [(E3, GROUP, "Active", "None")]
VIOLATIONS = (
    "CountViolation",
    "MutuallyExclusiveViolation",
    "DependencyViolation",
    "ProhibitedInUsageLocationViolation",
    "Other",
)


def pair(*, adele: Json | None = None, **more: object) -> Caller:
    """Two members of the group, one of them perhaps told to fail; a third person outside."""
    return Caller(
        group_tenant(
            person(ADELE, "Adele", FROM_GROUP, **(adele or {})),
            person(BRAM, "Bram", FROM_GROUP),
            knobs=dict(more),
            rules={},
        )
    )


def swap(caller: Caller, *, seconds: float = 60) -> None:
    """Swap the group, and let some time pass."""
    assert caller.call("POST", f"/groups/{GROUP}/assignLicense", json=SWAP).status_code == 202
    caller.clock[0] += seconds


def outside(*, knobs: Json | None = None, midway: list[Json] | None = None) -> Caller:
    """Adele and Bram are in the group, Chloe is not."""
    people = (person(ADELE, "Adele", FROM_GROUP), person(BRAM, "Bram", FROM_GROUP), person(CHLOE, "Chloe"))
    upns = ["adele@contoso.example", "bram@contoso.example"]
    group = {"id": GROUP, "name": "L", "members": upns, "licenses": ["ENTERPRISEWITHSCAL"], "midway": midway or []}
    return Caller(tenant_of(*people, groups=[group], knobs=knobs or {}))


def test_the_kind_of_a_group_is_served_as_the_file_says_it() -> None:
    """Groups of Microsoft 365, mail-enabled, role-assignable and dynamic ones; the file gives them back."""
    base: Json = {"members": [], "security": True}
    kinds: list[Json] = [
        {**base, "id": GROUP, "name": "plain"},
        {**base, "id": GROUP[:-1] + "2", "name": "unified", "unified": True},
        {**base, "id": GROUP[:-1] + "3", "name": "mail", "mail": True},
        {**base, "id": GROUP[:-1] + "4", "name": "roles", "roles": True},
        {**base, "id": GROUP[:-1] + "5", "name": "dynamic", "rule": "x", "security": False},
    ]
    caller = Caller(load(dump(tenant_of(groups=kinds, rules={}))))
    select = "displayName,groupTypes,mailEnabled,securityEnabled,isAssignableToRole"
    rows = caller.get(f"/groups?$select={select}")["value"]

    assert [
        ("plain", [], False, True, None),
        ("unified", ["Unified"], True, True, None),
        ("mail", [], True, True, None),
        ("roles", [], False, True, True),
        ("dynamic", ["DynamicMembership"], False, False, None),
    ] == [tuple(row[name] for name in select.split(",")) for row in rows]


def test_a_role_assignable_group_may_be_closed_to_us() -> None:
    """What permission it takes is not documented, so the tenant decides; the refusal is a 403."""
    caller = pair(role_groups_forbidden=True)
    caller.tenant.groups[GROUP].roles = True

    answer = caller.call("POST", f"/groups/{GROUP}/assignLicense", json=SWAP)
    assert (403, "Authorization_RequestDenied") == (answer.status_code, answer.json()["error"]["code"])
    assert held(caller, ADELE) == OLD


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({**SWAP, "removeLicenses": ["ENTERPRISEWITHSCAL"]}, "Edm.Guid"),
        ({**SWAP, "addLicenses": [{"skuId": GROUP, "disabledPlans": []}]}, "valid company License"),
        ({**SWAP, "addLicenses": [{"skuId": E3, "disabledPlans": [GROUP]}]}, "does not belong"),
        ({"addLicenses": []}, "missing from the request payload"),
    ],
)
def test_a_group_takes_a_change_as_strictly_as_a_user(body: Json, sentence: str) -> None:
    """Part numbers, foreign products, plans of another product and half a body are refused, and nothing changes."""
    caller = pair()
    answer = caller.call("POST", f"/groups/{GROUP}/assignLicense", json=body)

    assert answer.status_code == 400
    assert sentence in answer.json()["error"]["message"]
    assert [{"skuId": E4, "disabledPlans": []}] == (
        caller.get(f"/groups/{GROUP}?$select=assignedLicenses")["assignedLicenses"]
    )


def test_working_out_again_needs_the_permission_to_write_users() -> None:
    """The permission to change licenses does not cover it."""
    apps = {"licenses": AppIdentity(permissions=frozenset({"LicenseAssignment.ReadWrite.All"}))}
    caller = Caller(group_tenant(person(ADELE, "Adele", FROM_GROUP)), apps=apps)

    path = f"/users/{ADELE}/reprocessLicenseAssignment"
    assert 403 == caller.call("POST", path, token="licenses").status_code
    assert 200 == caller.call("POST", path).status_code


def test_of_members_that_an_app_may_not_read_only_type_and_id_are_told() -> None:
    """The permission for groups says who is inside, and nothing of them."""
    apps = {"groups": AppIdentity(permissions=frozenset({"GroupMember.Read.All"}))}
    caller = Caller(group_tenant(person(ADELE, "Adele", FROM_GROUP)), apps=apps)
    path = f"/groups/{GROUP}/members?$select=id,userPrincipalName,licenseAssignmentStates"
    [row] = caller.call("GET", path, token="groups").json()["value"]
    [whole] = caller.get(path)["value"]

    assert ("#microsoft.graph.user", ADELE, None, None) == tuple(row.values())
    assert "adele@contoso.example" == whole["userPrincipalName"]


def test_a_stuck_group_goes_on_when_it_is_freed() -> None:
    """The work begins where it stood."""
    caller = pair()
    caller.tenant.groups[GROUP].stuck = True
    swap(caller, seconds=86_400)

    assert (processing(caller), held(caller, ADELE)) == ("ProcessingInProgress", OLD)
    groups.free(caller.tenant, caller.tenant.groups[GROUP], caller.clock[0])
    caller.clock[0] += 1
    assert (processing(caller), held(caller, ADELE), held(caller, BRAM)) == ("ProcessingComplete", NEW, NEW)


def test_a_group_may_say_complete_before_it_has_begun() -> None:
    """The state from before the 202 stays for a while; nothing has reached the members."""
    caller = pair(group_stale_seconds=20.0)
    swap(caller, seconds=10)

    assert (processing(caller), held(caller, ADELE)) == ("ProcessingComplete", OLD)
    caller.clock[0] += 15
    assert processing(caller) == "QueuedForProcessing"
    caller.clock[0] += 60
    assert (processing(caller), held(caller, ADELE)) == ("ProcessingComplete", NEW)


@pytest.mark.parametrize("error", VIOLATIONS)
def test_one_member_may_fail_while_the_others_are_served(error: str) -> None:
    """The one keeps what it had, in error; working it out again tells the reason until that is gone."""
    caller = pair(adele={"onGroup": {"ENTERPRISEPACK": error}})
    swap(caller)

    assert held(caller, ADELE) == [(E4, GROUP, "ActiveWithError", error), (E3, GROUP, "Error", error)]
    assert (held(caller, BRAM), processing(caller)) == (NEW, "ProcessingComplete")
    path = f"/users/{ADELE}/reprocessLicenseAssignment"
    assert 400 == caller.call("POST", path).status_code
    caller.tenant.on_group.clear()
    assert 200 == caller.call("POST", path).status_code
    assert held(caller, ADELE) == NEW


@pytest.mark.parametrize("told", [True, False])
def test_a_member_may_lose_the_old_license_without_getting_the_new_one(told: bool) -> None:
    """The unkind failure, for one person or for all of the tenant; the log says that the group's work did it."""
    failure = ["CountViolation", "lose"] if told else "CountViolation"
    caller = pair(adele={"onGroup": {"ENTERPRISEPACK": failure}}, **({} if told else {"group_failure": "lose"}))
    swap(caller)

    assert held(caller, ADELE) == [(E3, GROUP, "Error", "CountViolation")]
    [record] = [w for w in caller.tenant.write_log if w.target == ADELE]
    assert (record.actor, record.kind) == (groups.GROUP_LICENSING, "member")
    assert (frozenset({E4}), frozenset()) == (record.before and record.before.held, record.after and record.after.held)
    again = load(dump(caller.tenant))
    assert {(ADELE, E3): ("CountViolation", told)} == again.on_group


def test_who_joins_gets_the_licenses_after_a_while_and_who_leaves_loses_them() -> None:
    """Licensing learns of both as late as of a change of the group."""
    caller = outside()
    group = caller.tenant.groups[GROUP]
    bram, chloe = caller.tenant.user(BRAM), caller.tenant.user(CHLOE)
    assert bram is not None
    assert chloe is not None
    others.join(caller.tenant, group, chloe, caller.clock[0])
    others.leave(caller.tenant, group, bram, caller.clock[0])

    assert [ADELE, CHLOE] == [row["id"] for row in caller.get(f"/groups/{GROUP}/members?$select=id")["value"]]
    assert (held(caller, BRAM), held(caller, CHLOE)) == (OLD, [])
    caller.clock[0] += 30
    assert (held(caller, BRAM), held(caller, CHLOE)) == ([], OLD)
    assert [("join", CHLOE), ("leave", BRAM)] == [
        (w.kind, w.target) for w in caller.tenant.write_log if w.actor == SOMEBODY_ELSE
    ]


def test_who_leaves_may_keep_the_license_in_error() -> None:
    """The other outcome that Microsoft's pages describe; the license still names the group."""
    caller = outside(knobs={"group_leave": "keep"})
    bram = caller.tenant.user(BRAM)
    assert bram is not None
    others.leave(caller.tenant, caller.tenant.groups[GROUP], bram, caller.clock[0])
    caller.clock[0] += 30

    assert held(caller, BRAM) == [(E4, GROUP, "ActiveWithError", "DependencyViolation")]


MIDWAY: list[tuple[Json, list[object], list[object], list[object]]] = [
    ({"join": [CHLOE]}, NEW, NEW, NEW),
    ({"leave": [BRAM]}, NEW, [], []),
    ({"add": ["ENTERPRISEWITHSCAL"], "remove": ["ENTERPRISEPACK"]}, OLD, OLD, []),
    ({"delete": True}, [(E3, None, "Active", "None")], [(E4, None, "Active", "None")], []),
    ({"stuck": True}, NEW, OLD, []),
]


@pytest.mark.parametrize(("event", "adele", "bram", "chloe"), MIDWAY)
def test_something_may_happen_when_half_of_the_members_are_done(
    event: Json, adele: list[object], bram: list[object], chloe: list[object]
) -> None:
    """Somebody joins or leaves, a second admin changes the group, it is deleted, or the work stops there."""
    caller = outside(midway=[event])
    swap(caller)
    caller.get("/organization")
    caller.clock[0] += 60

    assert [adele, bram, chloe] == [held(caller, one) for one in (ADELE, BRAM, CHLOE)]
    assert [] == (caller.tenant.groups[GROUP].midway if GROUP in caller.tenant.groups else [])


def test_a_group_that_is_gone_is_a_404_for_everything() -> None:
    """Reading it, its members, and changing it."""
    caller = outside(midway=[{"delete": True}])
    swap(caller)

    for path in (f"/groups/{GROUP}?$select=id", f"/groups/{GROUP}/members?$select=id"):
        assert 404 == caller.call("GET", path).status_code
    assert 404 == caller.call("POST", f"/groups/{GROUP}/assignLicense", json=SWAP).status_code


def test_a_deleted_group_may_leave_its_licenses_in_error() -> None:
    """The second of the two outcomes that one page of Microsoft describes."""
    caller = outside(knobs={"group_removal": "error"}, midway=[{"delete": True}])
    swap(caller)

    assert held(caller, BRAM) == [(E4, GROUP, "ActiveWithError", "Other")]


def test_an_event_of_a_group_may_come_at_its_hour() -> None:
    """The schedule of the tenant has them too; a refusal is logged as the other's."""
    caller = outside()
    caller.tenant.schedule = [
        {"after": 10, "group": GROUP, "remove": ["ENTERPRISEPACK"]},
        {"after": 20, "group": GROUP, "stuck": True},
        {"after": 90, "group": GROUP, "stuck": False},
        {"after": 95, "group": GROUP[:-1] + "9", "delete": True},
    ]
    caller.clock[0] += 25
    swap(caller)

    assert processing(caller) == "ProcessingInProgress"
    caller.clock[0] += 30
    assert processing(caller) == "ProcessingInProgress"
    caller.clock[0] += 1
    assert processing(caller) == "ProcessingComplete"
    assert [(SOMEBODY_ELSE, 400)] == [
        (w.actor, w.status) for w in caller.tenant.write_log if w.kind == "group" and w.status != 202
    ]


def test_a_member_of_two_groups_is_served_by_both() -> None:
    """As long as one of them gives the old license, the member has it, and takes one seat of it."""
    second = GROUP[:-1] + "2"
    from_second = {"sku": "ENTERPRISEWITHSCAL", "group": second}
    upns = ["adele@contoso.example"]
    both = [{"id": key, "name": key, "members": upns, "licenses": ["ENTERPRISEWITHSCAL"]} for key in (GROUP, second)]
    rules: Json = {}
    caller = Caller(tenant_of(person(ADELE, "Adele", FROM_GROUP, from_second), groups=both, rules=rules))
    swap(caller)

    assert {(E4, second), (E3, GROUP)} == {(sku, group) for sku, group, _, _ in held(caller, ADELE)}
    assert caller.call("POST", f"/groups/{second}/assignLicense", json=SWAP).status_code == 202
    caller.clock[0] += 60
    assert {(E3, second), (E3, GROUP)} == {(sku, group) for sku, group, _, _ in held(caller, ADELE)}
    assert 1 == caller.tenant.consumed(E3)


def test_on_allotments_nobody_sees_the_group_and_a_removal_has_no_effect() -> None:
    """The combined change of an inherited license answers 200, adds the target and leaves the source."""
    caller = pair(allotments=True)

    assert held(caller, ADELE) == [(E4, None, "Active", "None")]
    assert (200, "") == caller.assign(ADELE, [E3], [E4])
    assert {E3, E4} == {sku for sku, _, _, _ in held(caller, ADELE)}
    assert {None} == {group for _, group, _, _ in held(caller, ADELE)}
    assert 400 == caller.assign(BRAM, [], [E3])[0]


@pytest.mark.parametrize("kind", sorted(others.MEDDLING))
def test_somebody_else_may_act_on_groups_after_our_writes(kind: str) -> None:
    """One act after every write that was carried out, in the log under another name than ours."""
    caller = outside()
    caller.world.faults = FaultPlan(seed=3, meddle_every=1, meddle_kinds=(kind,))
    for _ in range(6):
        caller.call("POST", f"/users/{CHLOE}/reprocessLicenseAssignment")

    log = [w for w in caller.tenant.write_log if w.actor == SOMEBODY_ELSE]
    assert log
    assert {w.kind for w in log} == {{"delete_group": "group_deleted"}.get(kind, kind)}


def test_an_act_on_groups_finds_none_in_a_tenant_without_any() -> None:
    """It does nothing then."""
    caller = Caller(tenant_of(person(ADELE, "Adele")))
    for act in others.MEDDLING.values():
        act(caller.tenant, random.Random(1), caller.clock[0])

    assert [] == caller.tenant.write_log
