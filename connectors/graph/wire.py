"""Graph's JSON to the nouns of a tenant; pure.

Ids come out in lower case, because Graph's own resources differ in case (`companySubscription.skuId` is text, others
are GUIDs). Words of Graph's enumerations pass unchanged: the lists grow, and an unknown word has to be seen.
Missing members of a documented object raise KeyError, TypeError or ValueError.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

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
    ServiceHealth,
    ServicePlan,
    SkuId,
    SubscribedSku,
    UserId,
    UserRead,
)

USER_TYPE = "#microsoft.graph.user"
NO_ERROR = frozenset({"", "none"})
"""Graph's page says null for an assignment without error, the wire says "None"."""

UNKNOWN_STATE = "Unknown"
"""State of an assignment that Graph names in `assignedLicenses` alone."""

Json = Mapping[str, Any]


def organization(raw: Json) -> Organization:
    """Read one entry of `/organization`."""
    domains = [str(d["name"]).lower() for d in raw.get("verifiedDomains") or ()]
    return Organization(
        raw["id"].lower(),
        raw.get("displayName") or "",
        tuple(sorted(domains)),
        raw.get("defaultUsageLocation") or "",
    )


def sku(raw: Json) -> SubscribedSku:
    """Read one entry of `/subscribedSkus`."""
    units = raw.get("prepaidUnits") or {}
    return SubscribedSku(
        sku_id=SkuId(raw["skuId"].lower()),
        part_number=raw["skuPartNumber"],
        capability_status=raw.get("capabilityStatus") or "",
        applies_to=raw.get("appliesTo") or "",
        enabled=int(units.get("enabled") or 0),
        warning=int(units.get("warning") or 0),
        suspended=int(units.get("suspended") or 0),
        locked_out=int(units.get("lockedOut") or 0),
        consumed=int(raw["consumedUnits"]),
        plans=tuple(sorted(_plan(p) for p in raw.get("servicePlans") or ())),
        subscription_ids=tuple(sorted(s.lower() for s in raw.get("subscriptionIds") or ())),
    )


def _plan(raw: Json) -> ServicePlan:
    return ServicePlan(
        PlanId(raw["servicePlanId"].lower()),
        raw.get("servicePlanName") or "",
        raw.get("appliesTo") or "",
        raw.get("provisioningStatus") or "",
    )


def subscription(raw: Json) -> CompanySubscription:
    """Read one entry of `/directory/subscriptions`."""
    return CompanySubscription(
        id=raw["id"].lower(),
        sku_id=SkuId(raw["skuId"].lower()),
        part_number=raw.get("skuPartNumber") or "",
        status=raw.get("status") or "",
        total_licenses=int(raw.get("totalLicenses") or 0),
        is_trial=bool(raw.get("isTrial")),
        created=raw.get("createdDateTime") or "",
        next_lifecycle=raw.get("nextLifecycleDateTime") or "",
        owner_tenant_id=(raw.get("ownerTenantId") or "").lower(),
        owner_type=raw.get("ownerType") or "",
        commerce_subscription_id=(raw.get("commerceSubscriptionId") or "").lower(),
    )


def group(raw: Json, members: frozenset[UserId] | None = None) -> Group:
    """Read one group; `licenseProcessingState` is an object on the wire, whatever its page says."""
    processing = raw.get("licenseProcessingState") or {}
    licenses = [
        GroupLicense(SkuId(a["skuId"].lower()), _plan_ids(a.get("disabledPlans")))
        for a in raw.get("assignedLicenses") or ()
    ]
    return Group(
        id=GroupId(raw["id"].lower()),
        display_name=raw.get("displayName") or "",
        licenses=tuple(sorted(licenses, key=lambda a: a.sku_id)),
        processing_state=(processing.get("state") if isinstance(processing, dict) else str(processing)) or "",
        membership_rule=raw.get("membershipRule") or "",
        on_premises_sync_enabled=bool(raw.get("onPremisesSyncEnabled")),
        members=members,
        visibility=raw.get("visibility") or "",
    )


def carrying(raw: Json, sku_id: str) -> Json:
    """Return the group with the SKU that it was listed for, also where its licenses are hidden from us."""
    licenses = raw.get("assignedLicenses") or []
    if any(entry["skuId"].lower() == sku_id for entry in licenses):
        return raw
    return {**raw, "assignedLicenses": [*licenses, {"skuId": sku_id}]}


def user_members(raws: Iterable[Json]) -> list[UserId]:
    """Return the ids of the users among these members; an entry without a type counts as a user."""
    return [UserId(raw["id"].lower()) for raw in raws if raw.get("@odata.type", USER_TYPE) == USER_TYPE]


def deleted_user(raw: Json) -> DeletedUser:
    """Read one entry of the recycle bin."""
    return DeletedUser(
        UserId(raw["id"].lower()),
        raw.get("userPrincipalName") or "",
        tuple(sorted(SkuId(a["skuId"].lower()) for a in raw.get("assignedLicenses") or ())),
        raw.get("deletedDateTime") or "",
    )


def health(raw: Json) -> ServiceHealth:
    """Read one entry of the service health overview."""
    return ServiceHealth(raw.get("service") or raw["id"], raw.get("status") or "")


def profile(raw: Json) -> LicenseProfile:
    """Read all license assignments of a user.

    A SKU that only `assignedLicenses` names becomes a direct assignment in the state "Unknown", so that it is never
    overlooked and never taken for sound.
    """
    states = [assignment(s) for s in raw.get("licenseAssignmentStates") or ()]
    known = {a.sku_id for a in states}
    for entry in raw.get("assignedLicenses") or ():
        sku_id = SkuId(entry["skuId"].lower())
        if sku_id not in known:
            states.append(LicenseAssignment(sku_id, "", _plan_ids(entry.get("disabledPlans")), UNKNOWN_STATE))
    return LicenseProfile.of(states)


def assignment(raw: Json) -> LicenseAssignment:
    """Read one entry of `licenseAssignmentStates`."""
    error = raw.get("error") or ""
    return LicenseAssignment(
        SkuId(raw["skuId"].lower()),
        (raw.get("assignedByGroup") or "").lower(),
        _plan_ids(raw.get("disabledPlans")),
        raw.get("state") or "",
        "" if error.casefold() in NO_ERROR else error,
    )


def _plan_ids(raw: Iterable[str] | None) -> tuple[PlanId, ...]:
    return tuple(sorted(PlanId(p.lower()) for p in raw or ()))


def user_read(raw: Json, at: datetime) -> UserRead:
    """Read one user as it stands at `at`."""
    return UserRead(
        id=UserId(raw["id"].lower()),
        found=True,
        read_at=at,
        profile=profile(raw),
        user_principal_name=raw.get("userPrincipalName") or "",
        usage_location=raw.get("usageLocation") or "",
    )
