"""How the tenant's things look in JSON: Microsoft Graph's property names, and only the properties asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from connectors.sandbox.tenant.model import (
    Assignment,
    Group,
    Json,
    Knobs,
    Plan,
    Sku,
    Subscription,
    User,
    plans_on,
    stamp,
    states,
)
from connectors.sandbox.tenant.state import TenantState

_CREATED = "2019-06-01T00:00:00Z"

USER_DEFAULT = (
    "businessPhones", "displayName", "givenName", "jobTitle", "mail", "mobilePhone", "officeLocation",
    "preferredLanguage", "surname", "userPrincipalName", "id",
)  # fmt: skip
"""What Graph returns of a user when nothing is selected: no license property is among them."""

_USER: dict[str, Callable[[User], Any]] = {
    "id": lambda u: u.id,
    "displayName": lambda u: u.name,
    "givenName": lambda u: u.given,
    "surname": lambda u: u.surname,
    "userPrincipalName": lambda u: u.upn,
    "mail": lambda u: u.mail,
    "mailNickname": lambda u: u.upn.partition("@")[0],
    "proxyAddresses": lambda u: u.addresses,
    "department": lambda u: u.department,
    "jobTitle": lambda u: u.title,
    "usageLocation": lambda u: u.location,
    "country": lambda u: u.location,
    "accountEnabled": lambda u: u.enabled,
    "userType": lambda u: u.kind,
    "onPremisesSyncEnabled": lambda u: u.synced or None,
    "isManagementRestricted": lambda u: u.restricted or None,
    "assignedLicenses": lambda u: u.profile.assigned_json,
    "licenseAssignmentStates": lambda u: states(u.profile.assignments, u.dates) if u.dates else u.profile.states_json,
    "createdDateTime": lambda _: _CREATED,
    "deletedDateTime": lambda u: stamp(u.deleted_at) if u.deleted_at is not None else None,
    "businessPhones": lambda _: (),
    "mobilePhone": lambda _: None,
    "officeLocation": lambda _: None,
    "preferredLanguage": lambda _: None,
    "companyName": lambda _: None,
    "city": lambda _: None,
    "employeeId": lambda _: None,
}


_UNDISTINGUISHED: dict[str, Callable[[User], Any]] = {
    "licenseAssignmentStates": lambda u: states(_without_groups(u.profile.assignments), None)
}
"""Microsoft's design of Cloud Licensing: the properties of a user tell direct and inherited licenses apart no more."""


def _without_groups(assignments: tuple[Assignment, ...]) -> tuple[Assignment, ...]:
    """One direct assignment of each product that gives something."""
    held = {a.sku: a._replace(group="") for a in reversed(assignments) if a.holds}
    return tuple(sorted(held.values()))


def user_view(tenant: TenantState, select: tuple[str, ...] | None) -> Callable[[User], Json]:
    """A function from a user to its JSON with exactly the selected properties (and always the id)."""
    names = select if select and "id" in select else (*(select or USER_DEFAULT[:-1]), "id")
    properties = {**_USER, **_UNDISTINGUISHED} if tenant.knobs.allotments else _USER
    own = [(name, properties[name]) for name in names if name in properties]
    more = [(name, _USER_OF_TENANT[name]) for name in names if name in _USER_OF_TENANT]

    def view(user: User) -> Json:
        row = {name: get(user) for name, get in own}
        for name, derive in more:
            row[name] = derive(tenant, user)
        return row

    return view


_SERVICES = (
    ("EXCHANGE", "exchange"), ("BPOS_S_TODO", "To-Do"), ("SHAREPOINT", "SharePoint"), ("ONEDRIVE", "SharePoint"),
    ("MCO", "MicrosoftCommunicationsOnline"), ("TEAMS", "TeamspaceAPI"), ("YAMMER", "YammerEnterprise"),
    ("RMS", "RMSOnline"), ("OFFICE", "MicrosoftOffice"), ("INTUNE", "SCO"), ("AAD", "AADPremiumService"),
)  # fmt: skip


def _service(plan: Plan) -> str:
    return next((service for start, service in _SERVICES if plan.name.startswith(start)), plan.name)


def _plans_on(tenant: TenantState, user: User) -> list[Plan]:
    on = user.profile.plans_on(tenant.skus)
    found: dict[str, Plan] = {}
    for sku in user.profile.held:
        if sku in tenant.skus:
            found.update((plan.id, plan) for plan in tenant.skus[sku].plans if plan.id in on)
    return [found[plan_id] for plan_id in sorted(found)]


def assigned_plans(tenant: TenantState, user: User) -> list[Json]:
    """`assignedPlans`: one entry per service plan that is on."""
    return [
        {
            "assignedDateTime": _CREATED,
            "capabilityStatus": "Enabled",
            "service": _service(plan),
            "servicePlanId": plan.id,
        }
        for plan in _plans_on(tenant, user)
    ]


def provisioned_plans(tenant: TenantState, user: User) -> list[Json]:
    """`provisionedPlans`: one entry per service, without plan ids."""
    services = dict.fromkeys(_service(plan) for plan in _plans_on(tenant, user))
    return [
        {"capabilityStatus": "Enabled", "provisioningStatus": "Success", "service": service} for service in services
    ]


_USER_OF_TENANT: dict[str, Callable[[TenantState, User], Any]] = {
    "assignedPlans": assigned_plans,
    "provisionedPlans": provisioned_plans,
    "serviceProvisioningErrors": lambda t, u: t.service_errors.get(u.id, []),
}

USER_KNOWN = frozenset((*_USER, *_USER_OF_TENANT))


def plan_view(plan: Plan, status: str | None = None) -> Json:
    """A `servicePlanInfo`."""
    return {
        "servicePlanId": plan.id,
        "servicePlanName": plan.name,
        "provisioningStatus": status or plan.status,
        "appliesTo": plan.applies_to,
    }


def sku_view(tenant: TenantState, sku: Sku, now: float) -> Json:
    """A `subscribedSku`; its subscriptionIds name every subscription behind the product."""
    return {
        "accountId": tenant.organization.id,
        "accountName": tenant.organization.name,
        "appliesTo": sku.applies_to,
        "capabilityStatus": sku.status,
        "consumedUnits": tenant.reported_units(sku, now),
        "id": f"{tenant.organization.id}_{sku.id}",
        "skuId": sku.id,
        "skuPartNumber": sku.part_number,
        "prepaidUnits": {
            "enabled": sku.enabled,
            "suspended": sku.suspended,
            "warning": sku.warning,
            "lockedOut": sku.locked_out,
        },
        "servicePlans": [plan_view(plan) for plan in sku.plans],
        "subscriptionIds": [one.id for one in tenant.subscriptions.values() if one.sku == sku.id],
    }


def subscription_view(tenant: TenantState, one: Subscription) -> Json:
    """A `companySubscription`; its skuId is a string in upper case, unlike everywhere else."""
    sku = tenant.skus[one.sku]
    return {
        "id": one.id,
        "commerceSubscriptionId": one.id,
        "createdDateTime": one.created,
        "isTrial": one.trial,
        "nextLifecycleDateTime": one.next_lifecycle,
        "ownerId": one.owner_id,
        "ownerTenantId": one.owner_tenant_id,
        "ownerType": one.owner_type,
        "serviceStatus": [plan_view(plan) for plan in sku.plans],
        "skuId": one.sku.upper(),
        "skuPartNumber": sku.part_number,
        "status": one.status,
        "totalLicenses": one.total,
    }


def license_details(tenant: TenantState, user: User) -> list[Json]:
    """`licenseDetails`: per product held, each service plan as it is provisioned for this user."""
    details = []
    for sku in (tenant.skus[one] for one in sorted(user.profile.held) if one in tenant.skus):
        mine = tuple(a for a in user.profile.assignments if a.sku == sku.id)
        on, failed = plans_on(mine, tenant.skus), _failed(tenant, user, sku, mine)
        plans = [plan_view(p, ("Error" if p.id in failed else None) if p.id in on else "Disabled") for p in sku.plans]
        row = {"id": f"{user.id}_{sku.id}", "skuId": sku.id, "skuPartNumber": sku.part_number, "servicePlans": plans}
        details.append(row)
    return details


def _failed(tenant: TenantState, user: User, sku: Sku, mine: tuple[Assignment, ...]) -> frozenset[str]:
    """The plans that could not be set up: those that the tenant was told, else all of a direct license in error."""
    if not any(a.state == "ActiveWithError" and not a.group for a in mine):
        return frozenset()
    return tenant.failing.get((user.id, sku.id), sku.plan_ids)


def organization_view(tenant: TenantState) -> Json:
    """The `organization`; the first domain is the default one, one ending in .onmicrosoft.com the initial one."""
    org = tenant.organization
    return {
        "id": org.id,
        "displayName": org.name,
        "countryLetterCode": org.location,
        "defaultUsageLocation": org.location,
        "onPremisesSyncEnabled": org.synced or None,
        "tenantType": "AAD",
        "createdDateTime": _CREATED,
        "assignedPlans": [],
        "provisionedPlans": [],
        "verifiedDomains": [
            {
                "capabilities": "Email, OfficeCommunicationsOnline",
                "isDefault": i == 0,
                "isInitial": domain.endswith(".onmicrosoft.com"),
                "name": domain,
                "type": "Managed",
            }
            for i, domain in enumerate(org.domains)
        ],
    }


GROUP_DEFAULT = (
    "id", "createdDateTime", "deletedDateTime", "description", "displayName", "groupTypes", "isAssignableToRole",
    "mail", "mailEnabled", "mailNickname", "membershipRule", "onPremisesSyncEnabled", "securityEnabled", "visibility",
)  # fmt: skip


def group_state(group: Group, now: float, knobs: Knobs) -> str | None:
    """`licenseProcessingState.state`, or None for a group that was never processed."""
    if group.processing is None or now < group.processing.queued_at + knobs.group_stale_seconds:
        return "ProcessingComplete" if group.processed or group.licenses else None
    queued = now < group.processing.queued_at + knobs.group_queue_seconds
    return "QueuedForProcessing" if queued else "ProcessingInProgress"


def group_view(group: Group, select: tuple[str, ...] | None, state: str | None) -> Json:
    """A group with the selected properties; the license properties come only when they are selected."""
    everything: Mapping[str, Any] = {
        "id": group.id,
        "createdDateTime": _CREATED,
        "deletedDateTime": None,
        "description": None,
        "displayName": group.name,
        "groupTypes": ["Unified"] * group.unified + ["DynamicMembership"] * bool(group.rule),
        "isAssignableToRole": group.roles or None,
        "mail": None,
        "mailEnabled": group.unified or group.mail,
        "mailNickname": group.id,
        "membershipRule": group.rule,
        "membershipRuleProcessingState": "On" if group.rule else None,
        "onPremisesSyncEnabled": group.synced or None,
        "securityEnabled": group.security,
        "visibility": group.visibility,
        "assignedLicenses": [{"skuId": sku, "disabledPlans": off} for sku, off in group.licenses.items()],
        "licenseProcessingState": {"state": state} if state else None,
    }
    names = select if select and "id" in select else (*(select or GROUP_DEFAULT), "id")
    return {name: everything[name] for name in names}


GROUP_KNOWN = frozenset((*GROUP_DEFAULT, "membershipRuleProcessingState", "assignedLicenses", "licenseProcessingState"))
