"""Graph's JSON to the nouns of a tenant; pure.

Ids come out in lower case, because Graph's own resources differ in case (`companySubscription.skuId` is text, others
are GUIDs). Words of Graph's enumerations pass unchanged: the lists grow, and an unknown word has to be seen.
Members of another type than Microsoft documents, and missing ones where there must be one, raise KeyError, TypeError or
ValueError: what is read wrong would be decided wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from connectors.tenant import (
    CompanySubscription,
    DeletedUser,
    Group,
    GroupId,
    GroupLicense,
    GroupRead,
    LicenseAssignment,
    LicenseDetails,
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
GROUP_TYPE = "#microsoft.graph.group"
NO_ERROR = frozenset({"", "none"})
"""Graph's page says null for an assignment without error, the wire says "None"."""

UNKNOWN_STATE = "Unknown"
"""State of an assignment that Graph names in `assignedLicenses` alone."""

Json = Mapping[str, Any]


COUNT_MAX = 2**31
"""Numbers of licenses are Int32."""

TEXT_MAX = 10_000
"""No text of a directory object is nearly as long; Microsoft documents 256 for a name and 1,024 for a rule's value."""


def text(raw: Json, key: str) -> str:
    """Return a text, "" where there is none."""
    value = raw.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError(f"{key} is no text")
    if len(value) > TEXT_MAX:
        raise ValueError(f"{key} has {len(value)} characters")
    return value


def key_of(raw: Json, key: str = "id") -> str:
    """Return the id under this name in lower case; it has to be there."""
    if not (found := text(raw, key)):
        raise ValueError(f"{key} is missing")
    return found.lower()


def rows(raw: Json, key: str) -> list[Any]:
    """Return a list, empty where there is none."""
    value = raw.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise TypeError(f"{key} is no list")
    return value


def _count(raw: Json, key: str) -> int:
    """Return a number of licenses, 0 where there is none."""
    value = raw.get(key)
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or not -COUNT_MAX <= value < COUNT_MAX:
        raise TypeError(f"{key} is no number of licenses")
    return value


def _flag(raw: Json, key: str) -> bool:
    """Return yes or no, no where there is none."""
    value = raw.get(key)
    if value is not None and not isinstance(value, bool):
        raise TypeError(f"{key} is neither true nor false")
    return bool(value)


def organization(raw: Json) -> Organization:
    """Read one entry of `/organization`."""
    domains = [key_of(domain, "name") for domain in rows(raw, "verifiedDomains")]
    return Organization(
        key_of(raw), text(raw, "displayName"), tuple(sorted(domains)), text(raw, "defaultUsageLocation")
    )


def sku(raw: Json) -> SubscribedSku:
    """Read one entry of `/subscribedSkus`."""
    units = raw.get("prepaidUnits") or {}
    return SubscribedSku(
        sku_id=SkuId(key_of(raw, "skuId")),
        part_number=text(raw, "skuPartNumber"),
        capability_status=text(raw, "capabilityStatus"),
        applies_to=text(raw, "appliesTo"),
        enabled=_count(units, "enabled"),
        warning=_count(units, "warning"),
        suspended=_count(units, "suspended"),
        locked_out=_count(units, "lockedOut"),
        consumed=_count(raw, "consumedUnits"),
        plans=tuple(sorted(_plan(p) for p in rows(raw, "servicePlans"))),
    )


def _plan(raw: Json) -> ServicePlan:
    return ServicePlan(
        PlanId(key_of(raw, "servicePlanId")),
        text(raw, "servicePlanName"),
        text(raw, "appliesTo"),
        text(raw, "provisioningStatus"),
    )


def subscription(raw: Json) -> CompanySubscription:
    """Read one entry of `/directory/subscriptions`."""
    return CompanySubscription(
        id=key_of(raw),
        sku_id=SkuId(key_of(raw, "skuId")),
        part_number=text(raw, "skuPartNumber"),
        status=text(raw, "status"),
        total_licenses=_count(raw, "totalLicenses"),
        is_trial=_flag(raw, "isTrial"),
        created=text(raw, "createdDateTime"),
        next_lifecycle=text(raw, "nextLifecycleDateTime"),
        owner_tenant_id=text(raw, "ownerTenantId").lower(),
        owner_type=text(raw, "ownerType"),
    )


def group(
    raw: Json,
    *,
    members: frozenset[UserId] | None = None,
    direct_members: frozenset[UserId] | None = None,
    nested_groups: int = 0,
) -> Group:
    """Read one group.

    Microsoft's page "group resource type" has `securityEnabled` as required and returned by default. Where it is
    missing all the same, what the group hands out decides: Entra lets no other group have licenses.
    """
    licenses, secured = _group_licenses(raw), raw.get("securityEnabled")
    return Group(
        id=GroupId(key_of(raw)),
        display_name=text(raw, "displayName"),
        licenses=licenses,
        processing_state=_processing_state(raw),
        membership_rule=text(raw, "membershipRule"),
        on_premises_sync_enabled=_flag(raw, "onPremisesSyncEnabled"),
        members=members,
        visibility=text(raw, "visibility"),
        direct_members=direct_members,
        nested_groups=nested_groups,
        group_types=tuple(sorted(map(str, rows(raw, "groupTypes")))),
        mail_enabled=_flag(raw, "mailEnabled"),
        security_enabled=bool(licenses) if secured is None else _flag(raw, "securityEnabled"),
        role_assignable=_flag(raw, "isAssignableToRole"),
    )


def group_read(raw: Json, at: datetime, *, asked: GroupId) -> GroupRead:
    """Read what a group assigns at `at`; raises ValueError when it is another one than the one `asked` for."""
    if key_of(raw) != asked.lower():
        raise ValueError("another group than the one that was asked for")
    return GroupRead(asked, True, at, _group_licenses(raw), _processing_state(raw))


def _group_licenses(raw: Json) -> tuple[GroupLicense, ...]:
    licenses = [
        GroupLicense(SkuId(key_of(a, "skuId")), _plan_ids(a, "disabledPlans")) for a in rows(raw, "assignedLicenses")
    ]
    return tuple(sorted(licenses, key=lambda a: a.sku_id))


def _processing_state(raw: Json) -> str:
    """Return the word of `licenseProcessingState`, which is an object on the wire, whatever its page says."""
    processing = raw.get("licenseProcessingState") or {}
    return text(processing, "state") if isinstance(processing, dict) else str(processing)


def carrying(raw: Json, sku_id: str) -> Json:
    """Return the group with the SKU that it was listed for, also where its licenses are hidden from us."""
    licenses = rows(raw, "assignedLicenses")
    if any(key_of(entry, "skuId") == sku_id for entry in licenses):
        return raw
    return {**raw, "assignedLicenses": [*licenses, {"skuId": sku_id}]}


def users_among(members: Iterable[Json]) -> list[Json]:
    """Return the users among these members; an entry without a type counts as one."""
    return [raw for raw in members if raw.get("@odata.type", USER_TYPE) == USER_TYPE]


def groups_among(members: Iterable[Json]) -> int:
    """Return how many of these members are groups."""
    return sum(raw.get("@odata.type") == GROUP_TYPE for raw in members)


def is_whole(user: Json) -> bool:
    """Whether a member came with what was asked for.

    Microsoft's page "List group members": of a type that the app may not read, only type and id are told. Every user
    has a principal name.
    """
    return bool(user.get("userPrincipalName"))


def deleted_user(raw: Json) -> DeletedUser:
    """Read one entry of the recycle bin."""
    return DeletedUser(
        UserId(key_of(raw)),
        text(raw, "userPrincipalName"),
        tuple(sorted(SkuId(key_of(a, "skuId")) for a in rows(raw, "assignedLicenses"))),
        text(raw, "deletedDateTime"),
    )


def health(raw: Json) -> ServiceHealth:
    """Read one entry of the service health overview."""
    return ServiceHealth(text(raw, "service") or key_of(raw), text(raw, "status"))


def profile(raw: Json) -> LicenseProfile:
    """Read all license assignments of a user.

    A SKU that only `assignedLicenses` names becomes a direct assignment in the state "Unknown", so that it is never
    overlooked and never taken for sound.
    """
    states = [assignment(s) for s in rows(raw, "licenseAssignmentStates")]
    known = {a.sku_id for a in states}
    for entry in rows(raw, "assignedLicenses"):
        sku_id = SkuId(key_of(entry, "skuId"))
        if sku_id not in known:
            states.append(LicenseAssignment(sku_id, "", _plan_ids(entry, "disabledPlans"), UNKNOWN_STATE))
    return LicenseProfile.of(states)


def assignment(raw: Json) -> LicenseAssignment:
    """Read one entry of `licenseAssignmentStates`."""
    error = text(raw, "error")
    return LicenseAssignment(
        SkuId(key_of(raw, "skuId")),
        text(raw, "assignedByGroup").lower(),
        _plan_ids(raw, "disabledPlans"),
        text(raw, "state"),
        "" if error.casefold() in NO_ERROR else error,
    )


def license_details(raw: Json) -> LicenseDetails:
    """Read the answer of `licenseDetails`: the provisioning status of each service plan, by product."""
    if "value" not in raw:
        raise ValueError("value is missing")
    return {
        SkuId(key_of(row, "skuId")): {
            PlanId(key_of(p, "servicePlanId")): text(p, "provisioningStatus") for p in rows(row, "servicePlans")
        }
        for row in rows(raw, "value")
    }


def _plan_ids(raw: Json, key: str) -> tuple[PlanId, ...]:
    return tuple(sorted(PlanId(p.lower()) for p in rows(raw, key)))


def user_read(
    raw: Json, at: datetime, *, asked: UserId | None = None, profile_of: Callable[[Json], LicenseProfile] = profile
) -> UserRead:
    """Read one user as it stands at `at`; raises ValueError when it is another one than the one `asked` for.

    `profile_of` reads its licenses: where many are alike, one that remembers is quicker.
    """
    if asked is not None and key_of(raw) != asked.lower():
        raise ValueError("another user than the one that was asked for")
    return UserRead(
        id=UserId(key_of(raw)),
        found=True,
        read_at=at,
        profile=profile_of(raw),
        user_principal_name=text(raw, "userPrincipalName"),
        usage_location=text(raw, "usageLocation"),
    )
