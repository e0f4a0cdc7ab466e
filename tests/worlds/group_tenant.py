"""A tenant of the sandbox whose group gives everybody the old product, and what its users and the group show."""

from __future__ import annotations

from typing import Any

from connectors.sandbox.tenant.model import Json
from connectors.sandbox.tenant.state import TenantState
from worlds.sandbox_client import E3, E4, GROUP, Caller, tenant_of

FROM_GROUP = {"sku": "ENTERPRISEWITHSCAL", "group": GROUP}
SWAP = {"addLicenses": [{"skuId": E3, "disabledPlans": []}], "removeLicenses": [E4]}


def group_tenant(*users: Json, **more: Any) -> TenantState:
    """A tenant whose group gives E4 to all the users."""
    upns = [user["upn"] for user in users]
    group = {"id": GROUP, "name": "LIC-E4", "members": upns, "licenses": ["ENTERPRISEWITHSCAL"]}
    return tenant_of(*users, groups=[group], **more)


def held(caller: Caller, user: str) -> list[tuple[str, str | None, str, str]]:
    """(product, group, state, error) of each assignment of a user."""
    rows = caller.get(f"/users/{user}?$select=licenseAssignmentStates")["licenseAssignmentStates"]
    return [(row["skuId"], row["assignedByGroup"], row["state"], row["error"]) for row in rows]


def processing(caller: Caller) -> str:
    """The group's processing state, which is an object on the wire."""
    found = caller.get(f"/groups/{GROUP}?$select=licenseProcessingState")
    state: str = found["licenseProcessingState"]["state"]
    return state
