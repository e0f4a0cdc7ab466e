"""A tenant as one JSON document: products and service plans by name, one short entry per user.

    {"organization": {"id", "name", "domains": [default, …], "location", "synced", "health": {service: status}},
     "knobs": {name: value}, "plans": {service plan name: id},
     "skus": [{"skuPartNumber", "skuId", "plans": "NAME NAME …", "enabled", "warning", "suspended", "lockedOut",
               "capabilityStatus", "appliesTo", "hidden", "selfService", "consumedOffset", "planStatus": {name: status},
               "companyPlans": [name]}],
     "subscriptions": [{"id", "sku", "totalLicenses", "status", "isTrial", "createdDateTime", "nextLifecycleDateTime",
                        "ownerId", "ownerTenantId", "ownerType"}],
     "rules": {"exclusive": [[plan, plan]], "requires": {plan: [any of these]}, "prohibited": {plan: [country]}},
     "groups": [{"id", "name", "members": [user id or principal name], "nested": [group id],
                 "licenses": [LICENSE], "security", "unified", "mail", "roles", "synced", "rule", "stuck",
                 "visibility", "midway": [EVENT of this group]}],
     "users": [{"id", "upn", "name", "given", "surname", "department", "title", "location", "mail", "proxies", "kind",
                "enabled", "synced", "restricted", "licenses": [LICENSE], "deleted": "2026-…Z", "note",
                "onAssign": {sku: [state, error]} or {sku: [state, error, [plan name]]}, "mailOnAssign",
                "onGroup": {sku: error} or {sku: [error, "lose"]},
                "serviceErrors"}],
     "schedule": [EVENT]}

LICENSE is a part number, or {"sku", "off": [plan name], "group": group id, "state", "error"}. A key that has its
default may be left out. A license that a group gives stands with each user who has it, naming the group: being listed
as a member gives nothing until the group is processed. "onAssign" is how a license ends after its 200; the plans are
those that cannot be set up then, else all of the product. "onGroup" is the error with which a group fails to give a
license; with "lose" the user is left without what the group gave before. "note" is for people: it is kept, and never
served. EVENT is described in `schedule`.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

import orjson

from connectors.sandbox.tenant.model import (
    Assignment,
    Group,
    Json,
    Knobs,
    Organization,
    Plan,
    PlanRules,
    Sku,
    Subscription,
    User,
    instant,
    stamp,
)
from connectors.sandbox.tenant.state import TenantState

T = TypeVar("T")

_IDS = uuid.UUID("6c0f7a52-4d1e-4b0b-9a55-0f2a8a7b1c11")

_SKU_KEYS = {
    "capabilityStatus": "status", "enabled": "enabled", "warning": "warning", "suspended": "suspended",
    "lockedOut": "locked_out", "appliesTo": "applies_to", "hidden": "hidden", "selfService": "self_service",
    "consumedOffset": "consumed_offset",
}  # fmt: skip
_SUBSCRIPTION_KEYS = {
    "status": "status", "isTrial": "trial", "createdDateTime": "created", "nextLifecycleDateTime": "next_lifecycle",
    "ownerId": "owner_id", "ownerTenantId": "owner_tenant_id", "ownerType": "owner_type",
}  # fmt: skip
_USER_KEYS = {
    "given": "given", "surname": "surname", "department": "department", "title": "title", "location": "location",
    "mail": "mail", "kind": "kind", "enabled": "enabled", "synced": "synced", "restricted": "restricted",
}  # fmt: skip
_GROUP_KEYS = {
    key: key for key in ("security", "unified", "mail", "roles", "synced", "rule", "stuck", "visibility", "midway")
}


def user_id(upn: str) -> str:
    """The object id of a user whose entry has none: always the same for the same principal name."""
    return str(uuid.uuid5(_IDS, upn.lower()))


def load(document: bytes | str | Json) -> TenantState:
    """A tenant from its document; KeyError or ValueError names what does not fit."""
    given: Json = document if isinstance(document, dict) else orjson.loads(document)
    plans = given.get("plans", {})
    org = given["organization"]
    tenant = TenantState(
        Organization(
            org["id"],
            org["name"],
            tuple(org["domains"]),
            org.get("location", "NL"),
            org.get("synced", False),
            dict(org.get("health", {})),
        ),
        [load_sku(entry, plans) for entry in given.get("skus", [])],
        rules=load_rules(given.get("rules", {}), plans),
        knobs=Knobs(**given.get("knobs", {})),
    )
    for entry in given.get("subscriptions", []):
        one = Subscription(entry["id"], tenant.sku_named(entry["sku"]).id, entry["totalLicenses"])
        tenant.subscriptions[one.id] = _filled(one, _SUBSCRIPTION_KEYS, entry)
    for entry in given.get("users", []):
        _load_user(tenant, entry)
    for entry in given.get("groups", []):
        _load_group(tenant, entry)
    tenant.schedule = sorted(given.get("schedule", []), key=lambda event: float(event["after"]))
    return tenant


def _filled(target: T, keys: Mapping[str, str], entry: Json) -> T:
    for key, name in keys.items():
        if key in entry:
            setattr(target, name, entry[key])
    return target


def load_sku(entry: Json, plan_ids: Mapping[str, str]) -> Sku:
    """A product from its entry and the document's service plan ids."""
    status, company = entry.get("planStatus", {}), entry.get("companyPlans", ())
    names = entry["plans"].split()
    plans = tuple(
        Plan(plan_ids[name], name, "Company" if name in company else "User", status.get(name, "Success"))
        for name in names
    )
    return _filled(Sku(entry["skuId"], entry["skuPartNumber"], plans), _SKU_KEYS, entry)


def load_rules(entry: Json, plan_ids: Mapping[str, str]) -> PlanRules:
    """The tenant's plan rules, by id."""
    return PlanRules(
        tuple((plan_ids[one], plan_ids[other]) for one, other in entry.get("exclusive", [])),
        {plan_ids[plan]: tuple(plan_ids[n] for n in needed) for plan, needed in entry.get("requires", {}).items()},
        {plan_ids[plan]: tuple(countries) for plan, countries in entry.get("prohibited", {}).items()},
    )


def load_license(tenant: TenantState, entry: str | Json) -> Assignment:
    """One assignment: a part number alone is a direct license with every plan on."""
    fields_of: Json = {"sku": entry} if isinstance(entry, str) else entry
    sku = tenant.sku_named(fields_of["sku"])
    off = tuple(sorted(sku.plan_by_name[name].id for name in fields_of.get("off", ())))
    return Assignment(
        sku.id, off, fields_of.get("group", ""), fields_of.get("state", "Active"), fields_of.get("error", "None")
    )


def _load_user(tenant: TenantState, entry: Json) -> None:
    upn = entry["upn"]
    licenses = [load_license(tenant, one) for one in entry.get("licenses", ())]
    user = tenant.add_user(entry.get("id") or user_id(upn), upn, entry["name"], licenses)
    user.mail = None if entry.get("kind") == "Guest" else upn
    _filled(user, _USER_KEYS, entry)
    if "proxies" in entry:
        user.proxies = tuple(entry["proxies"])
        tenant.claim_addresses(user)
    if "note" in entry:
        tenant.notes[user.id] = entry["note"]
    for name, (state, error, *failing) in entry.get("onAssign", {}).items():
        sku = tenant.sku_named(name)
        tenant.on_assign[user.id, sku.id] = (state, error)
        if failing:
            tenant.failing[user.id, sku.id] = frozenset(sku.plan_by_name[plan].id for plan in failing[0])
    for name, failure in entry.get("onGroup", {}).items():
        error, lost = (failure, False) if isinstance(failure, str) else (failure[0], failure[1:] == ["lose"])
        tenant.on_group[user.id, tenant.sku_named(name).id] = (error, lost)
    if "mailOnAssign" in entry:
        tenant.mail_on_assign[user.id] = entry["mailOnAssign"]
    if "serviceErrors" in entry:
        tenant.service_errors[user.id] = entry["serviceErrors"]
    if "deleted" in entry:
        tenant.delete_user(user, instant(entry["deleted"]))


def _load_group(tenant: TenantState, entry: Json) -> None:
    group = _filled(Group(entry["id"], entry["name"], nested=tuple(entry.get("nested", ()))), _GROUP_KEYS, entry)
    for member in entry.get("members", ()):
        user = tenant.user(member)
        if user is None:
            raise KeyError(f"group {group.name}: no user {member}")
        group.members[user.id] = None
    given = [load_license(tenant, one) for one in entry.get("licenses", ())]
    group.licenses = {a.sku: a.off for a in given}
    tenant.groups[group.id] = group


def dump(tenant: TenantState) -> bytes:
    """The tenant as its document, one line per user; `load` gives it back (dates of changes are left out)."""
    head: Json = {
        "organization": {
            "id": tenant.organization.id,
            "name": tenant.organization.name,
            "domains": tenant.organization.domains,
            "location": tenant.organization.location,
            "synced": tenant.organization.synced,
            "health": tenant.organization.health,
        },
        "knobs": _differences(tenant.knobs, Knobs(), {f.name: f.name for f in fields(Knobs)}),
    }
    names = {plan.id: plan.name for sku in tenant.skus.values() for plan in sku.plans}
    lines: dict[str, list[Any]] = {
        "skus": [_dump_sku(sku) for sku in tenant.skus.values()],
        "subscriptions": [_dump_subscription(tenant, one) for one in tenant.subscriptions.values()],
        "groups": [_dump_group(tenant, group) for group in tenant.groups.values()],
        "users": [_dump_user(tenant, user) for user in tenant.users],
        "schedule": tenant.schedule,
    }
    parts = [f'"{key}": {orjson.dumps(value).decode()}' for key, value in head.items()]
    plans = ",\n".join(f'"{name}": "{key}"' for key, name in sorted(names.items(), key=lambda pair: pair[1].lower()))
    parts += [f'"plans": {{\n{plans}\n}}', f'"rules": {orjson.dumps(_dump_rules(tenant.rules, names)).decode()}']
    for key, rows in lines.items():
        parts.append(f'"{key}": [\n' + ",\n".join(orjson.dumps(row).decode() for row in rows) + "\n]")
    return ("{\n" + ",\n".join(parts) + "\n}\n").encode()


def _differences(value: object, default: object, keys: Mapping[str, str]) -> Json:
    return {key: getattr(value, name) for key, name in keys.items() if getattr(value, name) != getattr(default, name)}


def _dump_sku(sku: Sku) -> Json:
    company = [plan.name for plan in sku.plans if plan.applies_to == "Company"]
    waiting = {plan.name: plan.status for plan in sku.plans if plan.status != "Success"}
    entry: Json = {"skuPartNumber": sku.part_number, "skuId": sku.id}
    entry |= _differences(sku, Sku("", "", ()), _SKU_KEYS) | ({"companyPlans": company} if company else {})
    return entry | ({"planStatus": waiting} if waiting else {}) | {"plans": " ".join(p.name for p in sku.plans)}


def _dump_subscription(tenant: TenantState, one: Subscription) -> Json:
    entry: Json = {"id": one.id, "sku": tenant.skus[one.sku].part_number, "totalLicenses": one.total}
    return entry | _differences(one, Subscription("", "", 0), _SUBSCRIPTION_KEYS)


def _dump_rules(rules: PlanRules, names: Mapping[str, str]) -> Json:
    return {
        "exclusive": [[names[one], names[other]] for one, other in rules.exclusive],
        "requires": {names[plan]: [names[n] for n in needed] for plan, needed in rules.requires.items()},
        "prohibited": {names[plan]: countries for plan, countries in rules.prohibited.items()},
    }


def _dump_license(tenant: TenantState, a: Assignment) -> str | Json:
    sku = tenant.skus[a.sku]
    if a == Assignment(a.sku):
        return sku.part_number
    entry: Json = {"sku": sku.part_number}
    if a.off:
        entry["off"] = [plan.name for plan in sku.plans if plan.id in a.off]
    return entry | _differences(a, Assignment(""), {"group": "group", "state": "state", "error": "error"})


def _dump_failing(tenant: TenantState, user: User, sku: str) -> list[list[str]]:
    if (user.id, sku) not in tenant.failing:
        return []
    return [[plan.name for plan in tenant.skus[sku].plans if plan.id in tenant.failing[user.id, sku]]]


def _dump_user(tenant: TenantState, user: User) -> Json:
    entry: Json = {"upn": user.upn, "name": user.name}
    if user.id != user_id(user.upn):
        entry["id"] = user.id
    default = User(0, "", "", "", tenant.empty, mail=None if user.kind == "Guest" else user.upn)
    entry |= _differences(user, default, _USER_KEYS | {"proxies": "proxies"})
    if user.profile.assignments:
        entry["licenses"] = [_dump_license(tenant, a) for a in user.profile.assignments]
    on_assign = {
        tenant.skus[sku].part_number: [*pair, *_dump_failing(tenant, user, sku)]
        for (key, sku), pair in tenant.on_assign.items()
        if key == user.id
    }
    on_group = {
        tenant.skus[sku].part_number: [error, "lose"] if lost else error
        for (key, sku), (error, lost) in tenant.on_group.items()
        if key == user.id
    }
    extra = {
        "onAssign": on_assign,
        "onGroup": on_group,
        "mailOnAssign": tenant.mail_on_assign.get(user.id),
        "serviceErrors": tenant.service_errors.get(user.id),
        "note": tenant.notes.get(user.id),
        "deleted": None if user.deleted_at is None else stamp(user.deleted_at),
    }
    return entry | {key: value for key, value in extra.items() if value}


def _dump_group(tenant: TenantState, group: Group) -> Json:
    upns = {user.id: user.upn for user in (tenant.user(key) for key in group.members) if user}
    entry: Json = {"id": group.id, "name": group.name, "members": list(upns.values())}
    if group.nested:
        entry["nested"] = group.nested
    if group.licenses:
        entry["licenses"] = [_dump_license(tenant, Assignment(sku, off)) for sku, off in group.licenses.items()]
    return entry | _differences(group, Group("", ""), _GROUP_KEYS)
