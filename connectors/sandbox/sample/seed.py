"""A tenant of any size from one seed, with every situation a real one has, in the shares that its mix states."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass
from pathlib import Path

import orjson

from connectors.sandbox.sample.people import COUNTRY_OF_USER, DEPARTMENTS, invent
from connectors.sandbox.tenant.file import load_rules, load_sku
from connectors.sandbox.tenant.model import Assignment, Group, Json, Organization, Subscription, User
from connectors.sandbox.tenant.state import TenantState

TENANT_ID = "c0a70500-0000-4000-8000-000000000001"
DOMAIN = "contoso.example"
SOURCE = "ENTERPRISEWITHSCAL"
TARGETS = ("ENTERPRISEPACK", "ENTERPRISEPREMIUM", "SPE_E3", "SPE_E5")
ADDONS = ("VISIOCLIENT", "PROJECTPROFESSIONAL", "MCOMEETADV", "POWER_BI_PRO", "EMS", "MCOEV", "ATP_ENTERPRISE")
SERVICES = (
    "Exchange Online", "SharePoint Online", "Microsoft Teams", "Identity Service", "Microsoft 365 suite",
)  # fmt: skip

OFF_PATTERNS = tuple(
    tuple(names.split())
    for names in (
        "FORMS_PLAN_E3", "YAMMER_ENTERPRISE", "SWAY", "FLOW_O365_P2", "POWERAPPS_O365_P2", "STREAM_O365_E3", "Deskless",
        "MCOVOICECONF", "BPOS_S_TODO_2", "PROJECTWORKMANAGEMENT", "RMS_S_ENTERPRISE", "OFFICESUBSCRIPTION",
        "YAMMER_ENTERPRISE SWAY", "FLOW_O365_P2 POWERAPPS_O365_P2", "FORMS_PLAN_E3 SWAY STREAM_O365_E3",
        "Deskless YAMMER_ENTERPRISE", "BPOS_S_TODO_2 PROJECTWORKMANAGEMENT",
        "MCOVOICECONF YAMMER_ENTERPRISE", "SHAREPOINTWAC OFFICESUBSCRIPTION", "MCOSTANDARD MCOVOICECONF",
        "FLOW_O365_P2 FORMS_PLAN_E3 POWERAPPS_O365_P2 STREAM_O365_E3", "SWAY YAMMER_ENTERPRISE Deskless MCOVOICECONF",
        "BPOS_S_TODO_2 FLOW_O365_P2 FORMS_PLAN_E3 POWERAPPS_O365_P2 STREAM_O365_E3 SWAY YAMMER_ENTERPRISE",
    )
)  # fmt: skip
"""Service plans of E4 that admins switch off together; none of them breaks a dependency of an E5."""


@dataclass(frozen=True, slots=True)
class Mix:
    """Shares of all users, between 0 and 1. `seats` is how many free target seats there are per holder of E4."""

    inherited: float = 0.04
    direct_and_group: float = 0.05
    on_target: float = 0.02
    both: float = 0.01
    unlicensed: float = 0.05
    disabled_plans: float = 0.30
    addons: float = 0.15
    conflicts: float = 0.01
    no_location: float = 0.02
    guests: float = 0.01
    disabled_accounts: float = 0.02
    synced: float = 0.30
    restricted: float = 0.001
    deleted: float = 0.001
    seats: float = 1.0


def generate(users: int, seed: int, **mix: float) -> TenantState:
    """A tenant with so many users; `mix` overrides fields of Mix. The same arguments give the same tenant."""
    shares = Mix(**mix)
    rng = random.Random(seed)
    tenant = empty_tenant()
    groups = _add_groups(tenant)
    for number in range(users):
        _add_user(tenant, rng, shares, groups, number)
    _add_seats(tenant, shares)
    return tenant


def catalog() -> Json:
    """The products, service plans and plan rules that come with the sandbox, as in a tenant file."""
    found: Json = orjson.loads((Path(__file__).parent / "skus.json").read_bytes())
    return found


def empty_tenant() -> TenantState:
    """Contoso with every product of the catalog, no seats and nobody in it."""
    given = catalog()
    tenant = TenantState(
        Organization(TENANT_ID, "Contoso", (DOMAIN, "contoso.onmicrosoft.com")),
        [load_sku(entry, given["plans"]) for entry in given["skus"]],
        rules=load_rules(given["rules"], given["plans"]),
    )
    tenant.organization.health = dict.fromkeys(SERVICES, "serviceOperational")
    return tenant


def _add_groups(tenant: TenantState) -> dict[str, Group]:
    """A group that gives E4, an empty one that does, one per department, and one that contains all of these."""
    found = {name: Group(str(uuid.uuid5(uuid.UUID(TENANT_ID), name)), name) for name in DEPARTMENTS}
    licensed = Group(str(uuid.uuid5(uuid.UUID(TENANT_ID), "lic-e4")), "LIC-Office365-E4")
    empty = Group(str(uuid.uuid5(uuid.UUID(TENANT_ID), "lic-e4-empty")), "LIC-Office365-E4-new")
    source = tenant.sku_named(SOURCE).id
    licensed.licenses[source] = empty.licenses[source] = ()
    everyone = Group(str(uuid.uuid5(uuid.UUID(TENANT_ID), "all")), "All departments")
    everyone.nested = tuple(group.id for group in found.values())
    for group in (*found.values(), licensed, empty, everyone):
        tenant.groups[group.id] = group
    return found | {"licensed": licensed}


def _add_user(tenant: TenantState, rng: random.Random, mix: Mix, groups: dict[str, Group], number: int) -> None:
    upn, name, given, surname = invent(rng, number, DOMAIN)
    draw = rng.random
    guest = draw() < mix.guests
    if guest:
        upn = f"{upn.replace('@', '_').replace(DOMAIN, 'fabrikam.example')}#EXT#@contoso.onmicrosoft.com"
    user = tenant.add_user(str(uuid.UUID(int=rng.getrandbits(128), version=4)), upn, name)
    user.given, user.surname = given, surname
    user.department = DEPARTMENTS[int(draw() * len(DEPARTMENTS))]
    user.location = None if draw() < mix.no_location else COUNTRY_OF_USER[int(draw() * len(COUNTRY_OF_USER))]
    user.kind, user.mail = ("Guest", None) if guest else ("Member", upn)
    user.enabled = draw() >= mix.disabled_accounts
    user.synced = draw() < mix.synced
    user.restricted = draw() < mix.restricted
    groups[user.department].members[user.id] = None
    tenant.set_assignments(user, _licenses(tenant, rng, mix, user, groups["licensed"]), 0.0)
    user.dates = None
    if draw() < mix.deleted:
        tenant.delete_user(user, 1_767_225_600.0)


def _licenses(tenant: TenantState, rng: random.Random, mix: Mix, user: User, licensed: Group) -> tuple[Assignment, ...]:
    """What one user holds: nothing, a target, E4 in one of its forms, and perhaps an add-on or a conflict."""
    draw = rng.random()
    if draw < mix.unlicensed:
        return ()
    draw -= mix.unlicensed
    if draw < mix.on_target:
        return (Assignment(tenant.sku_named(rng.choice(TARGETS)).id),)
    draw -= mix.on_target
    source = tenant.sku_named(SOURCE)
    direct = Assignment(source.id, _off(tenant, rng, mix))
    inherited = Assignment(source.id, (), licensed.id)
    if draw < mix.inherited + mix.direct_and_group:
        licensed.members[user.id] = None
        return (inherited,) if draw < mix.inherited else (direct, inherited)
    draw -= mix.inherited + mix.direct_and_group
    if draw < mix.both:
        return (direct, Assignment(tenant.sku_named(rng.choice(TARGETS)).id))
    draw -= mix.both
    if draw < mix.conflicts:
        return (direct, *_conflict(tenant, rng, user))
    if rng.random() < mix.addons:
        return (direct, Assignment(tenant.sku_named(rng.choice(ADDONS)).id))
    return (direct,)


def _off(tenant: TenantState, rng: random.Random, mix: Mix) -> tuple[str, ...]:
    if rng.random() >= mix.disabled_plans:
        return ()
    names = rng.choice(OFF_PATTERNS)
    plans = tenant.sku_named(SOURCE).plan_by_name
    return tuple(sorted(plans[name].id for name in names))


def _conflict(tenant: TenantState, rng: random.Random, user: User) -> tuple[Assignment, ...]:
    """What makes a move fail: a plan that a target excludes, a voice plan that only E4 carries, or a shared address."""
    kind = rng.choice(("INTUNE_A_VL", "MCOPSTN1", "address"))
    if kind != "address":
        return (Assignment(tenant.sku_named(kind).id),)
    user.proxies = (f"SMTP:{user.upn}", f"smtp:reception@{DOMAIN}")
    tenant.claim_addresses(user)
    return ()


def _add_seats(tenant: TenantState, mix: Mix) -> None:
    """Seats for everybody who holds something, free ones of the targets, and a subscription for each product."""
    holders = tenant.consumed(tenant.sku_named(SOURCE).id)
    for number, sku in enumerate(tenant.skus.values()):
        free = round(holders * mix.seats) if sku.part_number in (*TARGETS, "MCOEV") else 10
        sku.enabled = tenant.consumed(sku.id) + free
        key = str(uuid.uuid5(uuid.UUID(TENANT_ID), f"subscription {number}"))
        tenant.subscriptions[key] = Subscription(key, sku.id, sku.enabled, next_lifecycle="2027-06-30T00:00:00Z")
