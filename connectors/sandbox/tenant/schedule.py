"""What happens in the tenant by itself: products that appear, plans that get ready, subscriptions that age."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connectors.sandbox.tenant.model import Json, Sku, Subscription
from connectors.sandbox.tenant.state import TenantState

_SKU_FIELDS = {
    "capabilityStatus": "status",
    "enabled": "enabled",
    "warning": "warning",
    "suspended": "suspended",
    "lockedOut": "locked_out",
    "hidden": "hidden",
    "consumedOffset": "consumed_offset",
}
_SUBSCRIPTION_FIELDS = {
    "status": "status",
    "totalLicenses": "total",
    "nextLifecycleDateTime": "next_lifecycle",
    "isTrial": "trial",
}


Act = Callable[[TenantState, Json, float], None]


def advance(tenant: TenantState, now: float, of_groups: Act) -> None:
    """Carry out every event whose time has come, in the order of the tenant file; `of_groups` does those of groups.

    An event is `{"after": seconds since the tenant started, …}` with one of `"sku"` (and `"set"`: units,
    capabilityStatus, hidden; `"planStatus"`: plan name -> provisioningStatus; `"addPlan"`: [id, name]),
    `"subscription"` (and `"set"`), `"health"`: service -> status, or `"group"`, as `licensing.others` describes it.
    """
    if tenant.started_at is None:
        tenant.started_at = now
    elapsed = now - tenant.started_at
    while tenant.schedule and tenant.schedule[0]["after"] <= elapsed:
        event = tenant.schedule.pop(0)
        if "group" in event:
            of_groups(tenant, event, now)
        else:
            happen(tenant, event)


def happen(tenant: TenantState, event: Json) -> None:
    """Carry out one event now, whatever its time."""
    for key, act in _EVENTS.items():
        if key in event:
            act(tenant, event)


def _sku(tenant: TenantState, event: Json) -> None:
    sku = tenant.sku_named(event["sku"])
    _set(sku, _SKU_FIELDS, event.get("set", {}))
    for name, status in event.get("planStatus", {}).items():
        sku.plan_by_name[name].status = status


def _subscription(tenant: TenantState, event: Json) -> None:
    _set(tenant.subscriptions[event["subscription"]], _SUBSCRIPTION_FIELDS, event.get("set", {}))


def _health(tenant: TenantState, event: Json) -> None:
    tenant.organization.health.update(event["health"])


def _set(target: Sku | Subscription, fields: dict[str, str], values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(target, fields[name], value)


def _add_plan(tenant: TenantState, event: Json) -> None:
    plan_id, name = event["addPlan"]
    tenant.sku_named(event["sku"]).add_plan(plan_id, name)


_EVENTS: dict[str, Callable[[TenantState, Json], None]] = {
    "addPlan": _add_plan,
    "sku": _sku,
    "subscription": _subscription,
    "health": _health,
}
