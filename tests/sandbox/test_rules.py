"""What assignLicense allows and refuses, with Microsoft's sentences."""

from __future__ import annotations

from typing import Any

import pytest
from worlds.sandbox_client import ADELE, BRAM, E3, E4, E5, NOT_OURS, SPE_E3, STORAGE, Caller, outcome, person, tenant_of

FORMS_E3 = "2789c901-c14e-48ab-a76a-be334d9d793a"
SWAY = "a23b959c-7ce8-4e57-9140-b90eb88a9e97"
EXCHANGE = "efb87545-963c-4e0d-99df-69c6916d9eb0"
GROUP = "00000000-0000-4000-8000-0000000000f1"
INHERITED = {"sku": "ENTERPRISEWITHSCAL", "group": GROUP}


def states(caller: Caller, user: str) -> list[tuple[str, tuple[str, ...], str | None, str, str]]:
    """Every assignment of a user as Graph shows it, without dates."""
    rows = caller.get(f"/users/{user}?$select=licenseAssignmentStates")["licenseAssignmentStates"]
    return [(r["skuId"], tuple(r["disabledPlans"]), r["assignedByGroup"], r["state"], r["error"]) for r in rows]


def test_one_request_swaps_one_user() -> None:
    """Add and remove travel together; success is spelled "None"; the answer carries no license property."""
    caller = Caller(tenant_of(person(ADELE, "Adele", "ENTERPRISEWITHSCAL")))
    body = {"addLicenses": [{"skuId": E3, "disabledPlans": [SWAY]}], "removeLicenses": [E4]}

    answer = caller.call("POST", f"/users/{ADELE}/assignLicense", json=body)

    assert answer.status_code == 200
    assert answer.json()["id"] == ADELE
    assert "assignedLicenses" not in answer.json()
    assert states(caller, ADELE) == [(E3, (SWAY,), None, "Active", "None")]


def test_adding_a_product_again_replaces_its_disabled_plans() -> None:
    """An add without disabled plans switches everything on again, and takes no second seat."""
    user = person(ADELE, "Adele", {"sku": "ENTERPRISEWITHSCAL", "off": ["SWAY"]})
    caller = Caller(tenant_of(user, seats={"ENTERPRISEWITHSCAL": 1}))

    assert caller.assign(ADELE, [E4], []) == (200, "")
    assert states(caller, ADELE) == [(E4, (), None, "Active", "None")]


@pytest.mark.parametrize(
    ("user", "add", "remove", "message"),
    [
        pytest.param(
            {"location": None}, [E3], [E4],
            "License assignment cannot be done for user with invalid usage location.", id="no usage location",
        ),
        pytest.param(
            {"location": "UK"}, [E3], [E4],
            "License assignment cannot be done for user with invalid usage location.", id="not a country",
        ),
        pytest.param(
            {}, [NOT_OURS], [], f"License {NOT_OURS} does not correspond to a valid company License.", id="not ours",
        ),
        pytest.param({}, [STORAGE], [], f"License {STORAGE} cannot be assigned to a user.", id="meant for the company"),
        pytest.param(
            {}, [{"skuId": E5, "disabledPlans": [FORMS_E3]}], [E4],
            f"The service plan {FORMS_E3} does not belong to the subscription with SKU {E5}.", id="plan of another SKU",
        ),
        pytest.param({}, [], [E5], "User does not have a corresponding license.", id="nothing to remove"),
        pytest.param(
            {"licenses": [INHERITED]}, [E3], [E4],
            "User license is inherited from a group membership and it cannot be removed directly from the user.",
            id="inherited only",
        ),
        pytest.param(
            {"licenses": ["ENTERPRISEWITHSCAL", "INTUNE_A_VL"]}, [SPE_E3], [E4],
            "License assignment failed because service plans c1ec4a95-1f05-45b3-a911-aa3fa01094f5, "
            "3e170737-c728-4eae-bbb9-3f3360f7184c are mutually exclusive.", id="plans exclude each other",
        ),
        pytest.param(
            {"licenses": ["ENTERPRISEWITHSCAL", "MCOPSTN1"]}, [E3], [E4],
            "License assignment failed because service plan 4ed3ff63-69d7-4fb7-b984-5aec7f605ca8 depends on the "
            "service plan(s) 4828c8ec-dc2e-4779-b502-87ac9ce28ab7, 27216c54-caf8-4d0d-97e2-517afb5c08f6",
            id="what another license needs goes away",
        ),
        pytest.param(
            {}, [{"skuId": E5, "disabledPlans": [EXCHANGE]}], [E4],
            "License assignment failed because service plan 8e0c0a52-6a6c-4d40-8370-dd62790dcd70 depends on the "
            "service plan(s) 4a82b400-a79f-41a4-b4e2-e94f5787b113, 9aaf7827-d63c-4b61-89c3-182f06f82e5c, "
            "efb87545-963c-4e0d-99df-69c6916d9eb0",
            id="what a new plan needs is switched off",
        ),
    ],
)  # fmt: skip
def test_a_refusal_has_its_sentence_and_changes_nothing(
    user: dict[str, Any], add: list[Any], remove: list[str], message: str
) -> None:
    """Every business refusal is a 400 Request_BadRequest; the user is as before, and the log says so."""
    tenant = tenant_of({**person(ADELE, "Adele", "ENTERPRISEWITHSCAL"), **user})
    caller, before = Caller(tenant), tenant.users[0].profile

    assert caller.assign(ADELE, add, remove) == (400, message)
    assert tenant.users[0].profile is before
    assert [(400, message, before)] == [(w.status, w.message, w.after) for w in tenant.write_log]


def test_no_seat_is_left() -> None:
    """Seats are counted over distinct users; whoever holds the product already needs none."""
    tenant = tenant_of(
        person(ADELE, "Adele", "ENTERPRISEWITHSCAL"),
        person(BRAM, "Bram", "ENTERPRISEWITHSCAL", "ENTERPRISEPACK"),
        seats={"ENTERPRISEPACK": 1},
    )
    caller = Caller(tenant)

    refusal = f"Subscription with SKU {E3} does not have any available licenses."
    assert caller.assign(ADELE, [E3], [E4]) == (400, refusal)
    assert caller.assign(BRAM, [E3], [E4]) == (200, "")


def test_seats_in_grace_count_only_where_the_tenant_says_so() -> None:
    """Microsoft does not document whether units in warning take new holders: the knob decides."""
    seats = {"ENTERPRISEPACK": {"enabled": 0, "warning": 5, "capabilityStatus": "Warning"}}
    tenant = tenant_of(person(ADELE, "Adele", "ENTERPRISEWITHSCAL"), seats=seats)
    caller = Caller(tenant)

    assert caller.assign(ADELE, [E3], [E4])[0] == 400
    tenant.knobs.count_warning_units = True
    assert caller.assign(ADELE, [E3], [E4]) == (200, "")


@pytest.mark.parametrize("status", ["Suspended", "LockedOut", "Deleted"])
def test_a_product_that_is_over_takes_no_new_holder(status: str) -> None:
    """Suspended and locked-out products are not assignable, whatever their units say; removing them works."""
    seats = {"ENTERPRISEPACK": {"enabled": 5, "capabilityStatus": status}}
    caller = Caller(tenant_of(person(ADELE, "Adele", "ENTERPRISEPACK"), person(BRAM, "Bram"), seats=seats))

    refusal = f"Subscription with SKU {E3} does not have any available licenses."
    assert caller.assign(BRAM, [E3], []) == (400, refusal)
    assert caller.assign(ADELE, [], [E3]) == (200, "")


def test_a_direct_license_goes_and_the_inherited_one_stays() -> None:
    """A success does not mean that the product is gone: the group still gives it, and the seat is still taken."""
    tenant = tenant_of(person(ADELE, "Adele", "ENTERPRISEWITHSCAL", INHERITED))
    caller = Caller(tenant)

    assert tenant.consumed(E4) == 1
    assert caller.assign(ADELE, [], [E4]) == (200, "")
    assert states(caller, ADELE) == [(E4, (), GROUP, "Active", "None")]
    assert tenant.consumed(E4) == 1


def test_a_violation_that_stood_before_is_not_held_against_a_change() -> None:
    """Only what a change brings is refused."""
    user = person(ADELE, "Adele", {"sku": "ENTERPRISEWITHSCAL", "off": ["MCOVOICECONF"]}, "MCOPSTN1")
    caller = Caller(tenant_of(user))

    assert caller.assign(ADELE, [E3], [E4]) == (200, "")


def test_plans_that_exclude_each_other_already_do_not_block_another_change() -> None:
    """The conflict came before; adding Visio does not bring it."""
    caller = Caller(tenant_of(person(ADELE, "Adele", "SPE_E3", "INTUNE_A_VL")))

    assert caller.assign(ADELE, ["c5928f49-12ba-48f7-ada3-0d743a3601d5"], []) == (200, "")


def test_units_that_nobody_can_explain_take_seats() -> None:
    """Free is what the product's own count leaves, offset included."""
    seats = {"ENTERPRISEPACK": {"enabled": 2, "consumedOffset": 2}}
    caller = Caller(tenant_of(person(ADELE, "Adele", "ENTERPRISEWITHSCAL"), seats=seats))

    refusal = f"Subscription with SKU {E3} does not have any available licenses."
    assert caller.assign(ADELE, [E3], [E4]) == (400, refusal)


def test_one_missing_key_fails_the_call() -> None:
    """Both keys must be there, even when one of them is empty."""
    caller = Caller(tenant_of(person(ADELE, "Adele")))

    answer = caller.call("POST", f"/users/{ADELE}/assignLicense", json={"removeLicenses": []})

    refusal = (
        "One or more parameters of the operation 'assignLicense' are missing from the request payload. "
        "The missing parameters are: addLicenses."
    )
    assert outcome(answer) == (400, refusal)


def test_part_numbers_are_not_ids() -> None:
    """Only GUIDs are taken."""
    caller = Caller(tenant_of(person(ADELE, "Adele")))

    refusal = "Cannot convert the literal 'ENTERPRISEPACK' to the expected type 'Edm.Guid'."
    assert caller.assign(ADELE, ["ENTERPRISEPACK"], []) == (400, refusal)


def test_two_users_with_one_address_cannot_be_licensed() -> None:
    """Licensing calculates addresses again and finds the duplicate; removing a license does not."""
    shared = {"proxies": ["SMTP:x@contoso.example", "smtp:reception@contoso.example"]}
    other = {"proxies": ["smtp:Reception@contoso.example"]}
    caller = Caller(tenant_of(person(ADELE, "Adele", "ENTERPRISEWITHSCAL", **shared), person(BRAM, "Bram", **other)))

    refusal = "Another object with the same value for property proxyAddresses already exists."
    assert caller.assign(ADELE, [E3], [E4]) == (400, refusal)
    assert caller.assign(ADELE, [], [E4]) == (200, "")


def test_restricted_management_and_missing_users() -> None:
    """403 for a user under restricted management, 404 for one who is not there."""
    caller = Caller(tenant_of(person(ADELE, "Adele", "ENTERPRISEWITHSCAL", restricted=True)))

    assert caller.assign(ADELE, [E3], [E4]) == (403, "Insufficient privileges to complete the operation.")
    assert caller.assign(BRAM, [E3], [E4]) == (
        404,
        f"Resource '{BRAM}' does not exist or one of its queried reference-property objects are not present.",
    )


def test_a_self_service_product_is_not_the_admins_to_give() -> None:
    """What a user bought alone cannot be assigned by the organisation."""
    seats = {"VISIOCLIENT": {"enabled": 5, "selfService": True}}
    caller = Caller(tenant_of(person(ADELE, "Adele"), seats=seats))

    visio = "c5928f49-12ba-48f7-ada3-0d743a3601d5"
    assert caller.assign(ADELE, [visio], []) == (400, f"License {visio} cannot be assigned to a user.")


def test_a_country_may_prohibit_a_plan() -> None:
    """A prohibited plan fails the whole change; switched off, it does not."""
    rules = {"prohibited": {"MCOEV": ["CN"]}}
    caller = Caller(tenant_of(person(ADELE, "Adele", "ENTERPRISEWITHSCAL", location="CN"), rules=rules))
    mcoev = "4828c8ec-dc2e-4779-b502-87ac9ce28ab7"

    refusal = f"License assignment failed because service plan {mcoev} is not allowed in the user's usage location."
    assert caller.assign(ADELE, [E5], [E4]) == (400, refusal)
    assert caller.assign(ADELE, [{"skuId": E5, "disabledPlans": [mcoev]}], [E4]) == (200, "")


def test_an_assignment_may_end_in_error_after_its_200() -> None:
    """The tenant accepts, and the state tells the truth: a 200 is no proof."""
    user = person(ADELE, "Adele", "ENTERPRISEWITHSCAL", onAssign={"ENTERPRISEPACK": ["ActiveWithError", "Other"]})
    caller = Caller(tenant_of(user))

    assert caller.assign(ADELE, [E3], [E4]) == (200, "")
    assert states(caller, ADELE) == [(E3, (), None, "ActiveWithError", "Other")]


@pytest.mark.parametrize(
    ("ending", "failed"),
    [
        (["ActiveWithError", "Other"], {"every plan"}),
        (["ActiveWithError", "Other", ["SWAY"]], {"SWAY"}),
        (["ActiveWithError", "Other", []], set()),
        (["Active", "None"], set()),
    ],
)
def test_license_details_name_the_services_of_a_license_in_error(ending: list[object], failed: set[str]) -> None:
    """Those that the tenant was told, else all; of a license in Error there is no row at all."""
    user = person(ADELE, "Adele", "ENTERPRISEWITHSCAL", onAssign={"ENTERPRISEPACK": ending})
    caller = Caller(tenant_of(user))
    caller.assign(ADELE, [E3], [E4])

    [row] = caller.get(f"/users/{ADELE}/licenseDetails")["value"]

    told = {p["servicePlanName"] for p in row["servicePlans"] if p["provisioningStatus"] == "Error"}
    assert told == ({p["servicePlanName"] for p in row["servicePlans"]} if "every plan" in failed else failed)


def test_a_license_in_error_has_no_details() -> None:
    """Graph lists the state, and nothing of the product is there."""
    user = person(ADELE, "Adele", "ENTERPRISEWITHSCAL", onAssign={"ENTERPRISEPACK": ["Error", "CountViolation"]})
    caller = Caller(tenant_of(user))
    caller.assign(ADELE, [E3], [E4])

    assert caller.get(f"/users/{ADELE}/licenseDetails")["value"] == []


def test_licensing_may_change_an_address() -> None:
    """The new primary address stands first, the old one becomes an alias."""
    caller = Caller(tenant_of(person(ADELE, "Adele", "ENTERPRISEWITHSCAL", mailOnAssign="adele.1@contoso.example")))

    caller.assign(ADELE, [E3], [E4])

    found = caller.get(f"/users/{ADELE}?$select=mail,proxyAddresses")
    assert found["mail"] == "adele.1@contoso.example"
    assert found["proxyAddresses"] == ["SMTP:adele.1@contoso.example", "smtp:adele@contoso.example"]


def test_the_usage_location_can_be_set_and_is_late_for_licensing() -> None:
    """PATCH answers 204 at once; licensing knows the country only after the tenant's lag."""
    tenant = tenant_of(
        person(ADELE, "Adele", "ENTERPRISEWITHSCAL", location=None), knobs={"location_lag_seconds": 60.0}
    )
    caller = Caller(tenant)

    refused = caller.call("PATCH", f"/users/{ADELE}", json={"usageLocation": "UK"})
    assert outcome(refused) == (400, "Property usageLocation is invalid.")
    assert caller.call("PATCH", f"/users/{ADELE}", json={"usageLocation": "GB"}).status_code == 204
    assert caller.assign(ADELE, [E3], [E4])[0] == 400
    caller.clock[0] += 61
    assert caller.assign(ADELE, [E3], [E4]) == (200, "")
