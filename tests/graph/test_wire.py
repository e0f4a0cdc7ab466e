"""Graph's JSON, literally, against the nouns that come of it."""

from __future__ import annotations

import orjson
import pytest
from graph.graph_double import E3, E4, GROUP, refusal, state, swaps, user, user_id
from worlds.virtual_time import START

from connectors.changes import AddLicense, AssignLicense
from connectors.graph import batch, wire
from connectors.graph.batch import ItemAnswer
from connectors.tenant import (
    CompanySubscription,
    DeletedUser,
    Group,
    GroupId,
    GroupLicense,
    LicenseAssignment,
    LicenseProfile,
    Organization,
    PlanId,
    ServicePlan,
    SubscribedSku,
    UserId,
    UserRead,
)

PLAN_A, PLAN_B = PlanId("0feaeb32-d00e-4d66-bd5a-43b5b83db82c"), PlanId("efb87545-963c-4e0d-99df-69c6916d9eb0")


def test_a_batch_of_changes_has_both_arrays_and_object_ids() -> None:
    """Graph refuses a body that lacks one of the two arrays, even an empty one."""
    change = AssignLicense(user_id(1), (AddLicense(E3, (PLAN_A,)),), (E4,))
    bare = AssignLicense(user_id(2), (), ())

    assert {
        "requests": [
            {
                "id": "0",
                "method": "POST",
                "url": "/users/aaaaaaaa-0000-4000-8000-000000000001/assignLicense",
                "headers": {"Content-Type": "application/json", "x-ms-throttle-priority": "low"},
                "body": {
                    "addLicenses": [
                        {
                            "skuId": "6fd2c87f-b296-42f0-b197-1e91e994b900",
                            "disabledPlans": ["0feaeb32-d00e-4d66-bd5a-43b5b83db82c"],
                        }
                    ],
                    "removeLicenses": ["1392051d-0cb9-4b7a-88d5-621fee5e8711"],
                },
            },
            {
                "id": "1",
                "method": "POST",
                "url": "/users/aaaaaaaa-0000-4000-8000-000000000002/assignLicense",
                "headers": {"Content-Type": "application/json", "x-ms-throttle-priority": "low"},
                "body": {"addLicenses": [], "removeLicenses": []},
            },
        ]
    } == orjson.loads(batch.writes([change, bare]))


def test_no_user_is_twice_in_a_batch_and_no_batch_above_twenty() -> None:
    """The order inside a batch is undefined, and Graph takes twenty."""
    with pytest.raises(ValueError, match="a user occurs twice"):
        batch.writes([*swaps(1), *swaps(1)])
    with pytest.raises(ValueError, match="1 to 20 requests, not 21"):
        batch.writes(swaps(21))
    with pytest.raises(ValueError, match="1 to 20 requests, not 0"):
        batch.gets([])


def test_answers_are_matched_by_id_and_never_by_place() -> None:
    """Shuffled, missing, foreign and contradictory answers each fall where they belong."""
    parsed = {
        "responses": [
            {"id": "3", "status": 200},
            {"id": "0", "status": 400, "headers": {"Retry-After": "7"}, "body": {"error": {"code": "c"}}},
            {"id": "2", "status": 200},
            {"id": "2", "status": 500},
            {"id": "4", "status": 200},
            {"id": "4", "status": 200},
            {"id": "99", "status": 200},
            {"id": "x", "status": 200},
            {"id": "5", "status": "200"},
            "nonsense",
        ]
    }  # fmt: skip
    found = batch.answers(parsed, 6)

    assert ItemAnswer(400, {"retry-after": "7"}, {"error": {"code": "c"}}) == found[0]
    assert [400, None, None, 200, 200, None] == [item.status if item else None for item in found]


@pytest.mark.parametrize("parsed", [None, [], {}, {"responses": {}}, {"error": {}}])
def test_an_envelope_without_a_list_of_answers_is_unreadable(parsed: object) -> None:
    """Nothing is guessed from an envelope that is none."""
    with pytest.raises(TypeError):
        batch.answers(parsed, 1)


def test_the_request_id_comes_from_the_header_or_the_error() -> None:
    """Whatever Graph gives is kept for support."""
    inner = {"error": {"code": "c", "message": "m", "innerError": {"request-id": "R"}}}

    assert "H" == ItemAnswer(400, {"request-id": "H"}, inner).request_id
    assert "R" == ItemAnswer(400, {}, inner).request_id
    assert "" == ItemAnswer(400, {}, refusal(0, 400, "c", "m")["body"]).request_id
    assert "" == ItemAnswer(200, {}, None).request_id


def test_an_organization_is_read() -> None:
    """Domains are sorted and in lower case."""
    raw = {
        "id": "C0A70500-0000-4000-8000-000000000001",
        "displayName": "Contoso",
        "verifiedDomains": [{"name": "Contoso.example"}, {"name": "a.example"}],
        "defaultUsageLocation": None,
    }

    assert Organization(
        "c0a70500-0000-4000-8000-000000000001", "Contoso", ("a.example", "contoso.example"), ""
    ) == wire.organization(raw)


def test_a_product_is_read() -> None:
    """Unknown words of Graph's lists pass unchanged; missing units are none."""
    raw = {
        "skuId": E4.upper(),
        "skuPartNumber": "ENTERPRISEWITHSCAL",
        "capabilityStatus": "SomethingNew",
        "appliesTo": "User",
        "consumedUnits": 12,
        "prepaidUnits": {"enabled": 10, "warning": 3, "suspended": None},
        "servicePlans": [
            {
                "servicePlanId": PLAN_B.upper(),
                "servicePlanName": "EXCHANGE_S_ENTERPRISE",
                "provisioningStatus": "Success",
                "appliesTo": "User",
            },
            {
                "servicePlanId": PLAN_A,
                "servicePlanName": "MCOSTANDARD",
                "provisioningStatus": "PendingInput",
                "appliesTo": "Company",
            },
        ],
        "subscriptionIds": ["B", "A"],
    }

    assert SubscribedSku(
        sku_id=E4,
        part_number="ENTERPRISEWITHSCAL",
        capability_status="SomethingNew",
        applies_to="User",
        enabled=10,
        warning=3,
        suspended=0,
        locked_out=0,
        consumed=12,
        plans=(
            ServicePlan(PLAN_A, "MCOSTANDARD", "Company", "PendingInput"),
            ServicePlan(PLAN_B, "EXCHANGE_S_ENTERPRISE", "User", "Success"),
        ),
    ) == wire.sku(raw)


def test_a_purchase_is_read() -> None:
    """Its skuId is text in any case, so that it is made equal to the others."""
    raw = {
        "id": "ABC",
        "skuId": E4.upper(),
        "skuPartNumber": "ENTERPRISEWITHSCAL",
        "status": "Enabled",
        "totalLicenses": 25,
        "isTrial": True,
        "createdDateTime": "2020-01-01T00:00:00Z",
        "nextLifecycleDateTime": None,
        "ownerTenantId": None,
        "ownerType": "User",
        "commerceSubscriptionId": "DEF",
    }

    assert CompanySubscription(
        "abc", E4, "ENTERPRISEWITHSCAL", "Enabled", 25, True, "2020-01-01T00:00:00Z", "", "", "User"
    ) == wire.subscription(raw)


def test_a_group_is_read() -> None:
    """The processing state is an object on the wire."""
    raw = {
        "id": GROUP.upper(),
        "displayName": "All staff",
        "assignedLicenses": [{"skuId": E4, "disabledPlans": [PLAN_B, PLAN_A]}],
        "licenseProcessingState": {"state": "ProcessingInProgress"},
        "membershipRule": None,
        "onPremisesSyncEnabled": None,
        "groupTypes": ["Unified", "DynamicMembership"],
        "mailEnabled": True,
        "securityEnabled": True,
        "isAssignableToRole": True,
    }
    inside = frozenset({user_id(1)})

    assert Group(
        GroupId(GROUP),
        "All staff",
        (GroupLicense(E4, (PLAN_A, PLAN_B)),),
        "ProcessingInProgress",
        direct_members=inside,
        nested_groups=2,
        group_types=("DynamicMembership", "Unified"),
        mail_enabled=True,
        role_assignable=True,
    ) == wire.group(raw, direct_members=inside, nested_groups=2)
    assert wire.group(raw).dynamic
    assert "" == wire.group({**raw, "licenseProcessingState": None}).processing_state


@pytest.mark.parametrize(
    ("told", "licensed", "secured"),
    [(True, False, True), (False, True, False), (None, True, True), (None, False, False)],
)
def test_a_group_that_hands_out_licenses_is_security_enabled_unless_graph_says_no(
    told: bool | None, licensed: bool, secured: bool
) -> None:
    """Entra gives licenses to security-enabled groups alone, so what is not told is known of one that has some."""
    licenses = [{"skuId": E4, "disabledPlans": []}] if licensed else []

    assert secured is wire.group({"id": GROUP, "assignedLicenses": licenses, "securityEnabled": told}).security_enabled


def test_a_group_carries_the_product_it_was_listed_for() -> None:
    """Hidden licenses do not make a licensing group invisible."""
    hidden = {"id": GROUP, "assignedLicenses": None}
    shown = {"id": GROUP, "assignedLicenses": [{"skuId": E4.upper(), "disabledPlans": []}]}

    assert (GroupLicense(E4, ()),) == wire.group(wire.carrying(hidden, E4)).licenses
    assert shown is wire.carrying(shown, E4)


def test_only_users_among_the_members_count() -> None:
    """Groups, devices and apps are members too."""
    raws = [
        {"@odata.type": "#microsoft.graph.user", "id": "A"},
        {"@odata.type": "#microsoft.graph.group", "id": "B"},
        {"id": "C"},
    ]

    assert [raws[0], raws[2]] == wire.users_among(raws)
    assert 1 == wire.groups_among(raws)


def test_a_deleted_user_names_what_it_would_bring_back() -> None:
    """The recycle bin keeps the assignments."""
    raw = {
        "id": "A",
        "userPrincipalName": "a@contoso.example",
        "assignedLicenses": [{"skuId": E4.upper()}, {"skuId": E3}],
        "deletedDateTime": "2026-01-01T00:00:00Z",
    }

    assert DeletedUser(UserId("a"), "a@contoso.example", (E4, E3), "2026-01-01T00:00:00Z") == wire.deleted_user(raw)


@pytest.mark.parametrize("word", [None, "", "None", "none"])
def test_three_words_for_no_error_are_one(word: str | None) -> None:
    """The documentation says null, the wire says None."""
    assert LicenseAssignment(E4, "", (), "Active", "") == wire.assignment(state(error_word=word))


def test_an_assignment_is_read_in_all_its_parts() -> None:
    """Group, plans, state and error are kept; the date is not part of it."""
    raw = state(
        E4.upper(), GROUP.upper(), "CountViolation", disabledPlans=[PLAN_B.upper(), PLAN_A], state="ActiveWithError"
    )

    assert LicenseAssignment(E4, GROUP, (PLAN_A, PLAN_B), "ActiveWithError", "CountViolation") == wire.assignment(raw)


def test_a_bare_assignment_counts_and_is_not_sound() -> None:
    """What only `assignedLicenses` names is a direct assignment in an unknown state."""
    raw = {
        "assignedLicenses": [{"skuId": E4, "disabledPlans": [PLAN_A]}, {"skuId": E3, "disabledPlans": []}],
        "licenseAssignmentStates": [state(E3, GROUP)],
    }
    profile = wire.profile(raw)

    assert (
        LicenseAssignment(E4, "", (PLAN_A,), "Unknown", ""),
        LicenseAssignment(E3, GROUP, (), "Active", ""),
    ) == profile.assignments
    assert not profile.assignments[0].sound


def test_a_single_user_is_read() -> None:
    """The last look before a write needs profile, name and location."""
    assert UserRead(
        user_id(1), True, START, LicenseProfile((LicenseAssignment(E4, "", ()),)), "user1@contoso.example", "NL"
    ) == wire.user_read(user(1), START)
