"""Whether a license change of one user is allowed, and what the user holds afterwards: all of it or nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from connectors.sandbox.licensing.countries import COUNTRIES
from connectors.sandbox.refusal import Refusal, bad_request, forbidden
from connectors.sandbox.tenant.model import Assignment, Sku, User, plans_on
from connectors.sandbox.tenant.state import TenantState

GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Change:
    """What one assignLicense request asks: products to add with their disabled plans, products to remove."""

    add: tuple[tuple[str, tuple[str, ...]], ...]
    remove: tuple[str, ...]


def read_change(body: Any) -> Change:
    """The request body as a Change. Both keys must be there, either may be empty; ids are GUIDs, never part numbers."""
    given = body if isinstance(body, dict) else {}
    missing = [key for key in ("addLicenses", "removeLicenses") if not isinstance(given.get(key), list)]
    if missing:
        names = ", ".join(missing)
        raise bad_request(
            "One or more parameters of the operation 'assignLicense' are missing from the request payload. "
            f"The missing parameters are: {names}."
        )
    add: dict[str, tuple[str, ...]] = {}
    for item in given["addLicenses"]:
        fields = item if isinstance(item, dict) else {}
        sku = _guid(fields.get("skuId"))
        if sku in add:
            raise bad_request(f"License {sku} is given more than once.")
        add[sku] = tuple(sorted({_guid(plan) for plan in fields.get("disabledPlans") or []}))
    remove = tuple(dict.fromkeys(_guid(sku) for sku in given["removeLicenses"]))
    both = [sku for sku in remove if sku in add]
    if both:
        raise bad_request(f"License {both[0]} is given both to add and to remove.")
    return Change(tuple(add.items()), remove)


def _guid(value: Any) -> str:
    if not isinstance(value, str) or not GUID.fullmatch(value):
        raise Refusal(
            400, "Request_BadRequest", f"Cannot convert the literal '{value}' to the expected type 'Edm.Guid'."
        )
    return value.lower()


def decide_user(tenant: TenantState, user: User, change: Change, now: float) -> tuple[Assignment, ...]:
    """The user's assignments after the change; Refusal when any part of it is not allowed (then nothing is changed)."""
    if user.restricted:
        raise forbidden()
    for sku, off in change.add:
        check_product(tenant, sku, off)
    if change.add:
        check_location(tenant, user, now)
    check_removals(user, change.remove, allotments=tenant.knobs.allotments)
    kept = tuple(
        a
        for a in user.profile.assignments
        if a.group or (a.sku not in change.remove and all(a.sku != sku for sku, _ in change.add))
    )
    after = (*kept, *(_direct(tenant, user, sku, off) for sku, off in change.add))
    for sku, _ in change.add:
        check_seat(tenant, user, sku)
    check_plans(tenant, user.profile.assignments, after, user.location)
    if change.add and tenant.has_duplicate_address(user):
        raise bad_request("Another object with the same value for property proxyAddresses already exists.")
    return after


def _direct(tenant: TenantState, user: User, sku: str, off: tuple[str, ...]) -> Assignment:
    """A new direct assignment; the tenant may have been told that it ends in an error state after its 200."""
    state, error = tenant.on_assign.get((user.id, sku), ("Active", "None"))
    return Assignment(sku, off, "", state, error)


def check_product(tenant: TenantState, sku_id: str, off: Iterable[str]) -> Sku:
    """The product must be the tenant's own, meant for users, and every disabled plan must be one of its plans."""
    sku = tenant.skus.get(sku_id)
    if sku is None or sku.hidden:
        raise bad_request(f"License {sku_id} does not correspond to a valid company License.")
    if sku.applies_to == "Company" or sku.self_service:
        raise bad_request(f"License {sku_id} cannot be assigned to a user.")
    for plan in off:
        if plan not in sku.plan_ids:
            raise bad_request(f"The service plan {plan} does not belong to the subscription with SKU {sku_id}.")
    return sku


def check_location(tenant: TenantState, user: User, now: float) -> None:
    """A direct license needs a valid usage location; one written moments ago may not have reached licensing yet."""
    late = tenant.location_ready.get(user.id, 0.0) > now
    if user.location not in COUNTRIES or late:
        raise bad_request("License assignment cannot be done for user with invalid usage location.")


def check_removals(user: User, remove: Iterable[str], *, allotments: bool = False) -> None:
    """Only a direct license can be removed from a user; an inherited one has to be changed on its group.

    In Cloud Licensing the removal takes what lies on the user itself: of an inherited license nothing, and without a
    word.
    """
    for sku in remove:
        if user.profile.direct(sku) is None:
            if user.profile.inherited(sku):
                if allotments:
                    continue
                raise bad_request(
                    "User license is inherited from a group membership and it cannot be removed directly from the user."
                )
            raise bad_request("User does not have a corresponding license.")


def check_seat(tenant: TenantState, user: User, sku_id: str) -> None:
    """A new holder needs a free seat; somebody who holds the product in any way already has one."""
    if sku_id not in user.profile.held and tenant.free_seats(tenant.skus[sku_id]) < 1:
        raise bad_request(f"Subscription with SKU {sku_id} does not have any available licenses.")


def check_plans(
    tenant: TenantState, before: tuple[Assignment, ...], after: tuple[Assignment, ...], location: str | None
) -> None:
    """Plans enabled by all assignments together must not exclude each other and must find what they depend on.

    Only a violation that this change brings is refused: one that stands already is not the change's fault.
    """
    violation = find_violation(tenant, before, after, location)
    if violation:
        raise bad_request(violation[1])


def find_violation(
    tenant: TenantState, before: tuple[Assignment, ...], after: tuple[Assignment, ...], location: str | None
) -> tuple[str, str] | None:
    """The first new plan violation as (kind, sentence): the kinds are those of `licenseAssignmentStates.error`."""
    was, on = plans_on(before, tenant.skus), plans_on(after, tenant.skus)
    for one, other in tenant.rules.exclusive:
        if {one, other} <= on and not {one, other} <= was:
            return (
                "MutuallyExclusiveViolation",
                f"License assignment failed because service plans {one}, {other} are mutually exclusive.",
            )
    for plan, needed in tenant.rules.requires.items():
        if plan in on and on.isdisjoint(needed) and not (plan in was and was.isdisjoint(needed)):
            names = ", ".join(needed)
            return (
                "DependencyViolation",
                f"License assignment failed because service plan {plan} depends on the service plan(s) {names}",
            )
    for plan, countries in tenant.rules.prohibited.items():
        if plan in on - was and location in countries:
            return (
                "ProhibitedInUsageLocationViolation",
                f"License assignment failed because service plan {plan} is not allowed in the user's usage location.",
            )
    return None
