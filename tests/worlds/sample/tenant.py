"""The sample tenant, always the same bytes.

Written with `cd tests && python -m worlds.sample.tenant > ../sample_data/tenant.json`.
"""

from __future__ import annotations

import random
import sys

from connectors.sandbox.sample.people import COUNTRY_OF_USER, GIVEN, SURNAME
from connectors.sandbox.sample.seed import ADDONS, OFF_PATTERNS, SERVICES, TENANT_ID, catalog
from connectors.sandbox.tenant.file import dump, load
from connectors.sandbox.tenant.model import Json
from worlds.sample.people import COMMERCIAL_GROUP, E4, EMPTY_GROUP, LICENSED_GROUP, SPECIAL, VISIO_GROUP

INVENTED = 190
SEED = 365
SEATS_SHORT = 4
DEPARTMENTS = ("Sales", "Engineering", "Finance", "Legal", "Marketing", "Operations", "Telefonie")
M365_E3_DEPARTMENTS = frozenset(("Sales", "Engineering", "Finance", "Legal", "Marketing"))
"""Who goes to Microsoft 365 E3 in the sample settings; Operations gets Office 365 E3, Telefonie and Executive E5."""

COMMERCIAL = frozenset(("Sales", "Marketing"))
"""Whose group can be swapped: the sample settings give all of it the same target."""

PRODUCTS = (
    E4, "STANDARDPACK", "ENTERPRISEPACK", "ENTERPRISEPREMIUM", "SPE_E3", "SPE_E5", "SPE_F1",
    "Office_365_E3_(no_Teams)", "MCOEV", "MCOMEETADV", "MCOPSTN1", "PHONESYSTEM_VIRTUALUSER", "VISIOCLIENT",
    "PROJECTPROFESSIONAL", "POWER_BI_PRO", "EMS", "INTUNE_A_VL", "ATP_ENTERPRISE", "WORKPLACE_ANALYTICS",
    "EXCHANGESTANDARD", "SHAREPOINTSTANDARD", "SHAREPOINTSTORAGE",
)  # fmt: skip
STATES: dict[str, Json] = {
    "STANDARDPACK": {"capabilityStatus": "Suspended", "suspended": 25, "enabled": 0},
    "SPE_F1": {"capabilityStatus": "Warning", "warning": 10, "enabled": 0},
    "Office_365_E3_(no_Teams)": {"capabilityStatus": "LockedOut", "lockedOut": 5, "enabled": 0},
    "EXCHANGESTANDARD": {"planStatus": {"INTUNE_O365": "PendingActivation"}},
    "WORKPLACE_ANALYTICS": {"planStatus": {"WORKPLACE_ANALYTICS_INSIGHTS_USER": "PendingProvisioning"}},
}


def document() -> Json:
    """The sample tenant as a document for `load`."""
    given = catalog()
    users = [*SPECIAL, *_invented()]
    seats = _seats(users)
    names = " ".join(entry["plans"] for entry in given["skus"] if entry["skuPartNumber"] in PRODUCTS).split()
    skus = [
        {"enabled": seats.get(entry["skuPartNumber"], 10), **STATES.get(entry["skuPartNumber"], {}), **entry}
        for entry in given["skus"]
        if entry["skuPartNumber"] in PRODUCTS
    ]
    return {
        "organization": {
            "id": TENANT_ID,
            "name": "Contoso",
            "domains": ["contoso.example", "contoso.onmicrosoft.com"],
            "location": "NL",
            "synced": True,
            "health": dict.fromkeys(SERVICES, "serviceOperational"),
        },
        "plans": {name: given["plans"][name] for name in names},
        "skus": skus,
        "subscriptions": _subscriptions(skus, seats[E4]),
        "rules": {**given["rules"], "prohibited": {"MCOMEETADV": ["CN"]}},
        "users": users,
        "groups": _groups(users),
        "knobs": {"group_queue_seconds": 1.0},
    }


def _invented() -> list[Json]:
    """Plain people with distinct names, most with E4 directly; a few with none, or with an add-on."""
    rng = random.Random(SEED)
    names = [(given, surname) for given in GIVEN for surname in SURNAME]
    taken = {entry["upn"] for entry in SPECIAL}
    people: list[Json] = []
    for (given, plain), (surname, plain_surname) in rng.sample(names, len(names)):
        upn = f"{plain}.{plain_surname}@contoso.example"
        if upn in taken:
            continue
        taken.add(upn)
        person: Json = {"upn": upn, "name": f"{given} {surname}", "given": given, "surname": surname}
        person |= {"department": rng.choice(DEPARTMENTS), "location": rng.choice(COUNTRY_OF_USER)}
        if rng.random() < 0.4:
            person["synced"] = True
        people.append(person | {"licenses": _plain_licenses(rng, str(person["department"]))})
        if len(people) == INVENTED:
            break
    return people


def _plain_licenses(rng: random.Random, department: str) -> list[str | Json]:
    draw = rng.random()
    if draw < 0.05:
        return []
    if draw < 0.10:
        return [{"sku": E4, "group": COMMERCIAL_GROUP if department in COMMERCIAL else LICENSED_GROUP}]
    base: str | Json = E4
    if rng.random() < 0.3:
        base = {"sku": E4, "off": list(rng.choice(OFF_PATTERNS))}
    addon = [rng.choice(ADDONS)] if rng.random() < 0.12 else []
    return [base, *(name for name in addon if name != "MCOEV" or department == "Telefonie")]


def _skus_of(entry: Json) -> set[str]:
    """Part numbers that a user holds; an assignment in error holds nothing."""
    given = [{"sku": one} if isinstance(one, str) else one for one in entry["licenses"]]
    return {one["sku"] for one in given if one.get("state") != "Error"}


def _seats(users: list[Json]) -> dict[str, int]:
    """Enough of everything, except that Microsoft 365 E3 is a handful short."""
    living = [entry for entry in users if "deleted" not in entry]
    held = {name: sum(name in _skus_of(entry) for entry in living) for name in PRODUCTS}
    seats = {name: count + 10 for name, count in held.items()}
    wanted = sum(_wants_m365_e3(entry) for entry in living)
    seats["SPE_E3"] = held["SPE_E3"] + wanted - SEATS_SHORT
    seats["ENTERPRISEPACK"] = seats["ENTERPRISEPREMIUM"] = 120
    seats[E4] = -(-held[E4] // 20) * 20 + 20
    return seats | {"MCOEV": 250, "SPE_E5": 25, "SHAREPOINTSTORAGE": 500}


def _wants_m365_e3(entry: Json) -> bool:
    """A plain direct holder in a department that goes to Microsoft 365 E3, with nothing in the way."""
    licenses = entry["licenses"]
    direct = any(one == E4 or (isinstance(one, dict) and one["sku"] == E4 and "group" not in one) for one in licenses)
    inherited = any(isinstance(one, dict) and one["sku"] == E4 and "group" in one for one in licenses)
    in_the_way = entry.get("kind") == "Guest" or not entry.get("location") or "proxies" in entry
    return (
        direct
        and not (inherited or in_the_way or entry.get("restricted"))
        and entry["department"] in M365_E3_DEPARTMENTS
        and _skus_of(entry).isdisjoint({"SPE_E3", "INTUNE_A_VL"})
    )


def _subscriptions(skus: list[Json], e4_seats: int) -> list[Json]:
    """One purchase per product, but two behind E4; a trial, a partner's, and one that a user bought alone."""
    rows: list[Json] = []
    for number, sku in enumerate(skus):
        name, status = sku["skuPartNumber"], sku.get("capabilityStatus", "Enabled")
        seats = sum(sku.get(key, 0) for key in ("enabled", "warning", "suspended", "lockedOut"))
        row = {"id": f"5b500000-0000-4000-8000-{number:012}", "sku": name, "totalLicenses": seats, "status": status}
        rows.append(row | _SUBSCRIPTION_FACTS.get(name, {"nextLifecycleDateTime": "2027-03-31T00:00:00Z"}))
    rows[0]["totalLicenses"] = e4_seats - 60
    second = {"createdDateTime": "2018-11-12T00:00:00Z", "nextLifecycleDateTime": "2026-12-31T00:00:00Z"}
    rows.insert(1, {**rows[0], "id": "5b500000-0000-4000-8000-00000000e402", "totalLicenses": 60, **second})
    return rows


_SUBSCRIPTION_FACTS: dict[str, Json] = {
    E4: {"createdDateTime": "2017-05-02T00:00:00Z", "nextLifecycleDateTime": "2026-11-30T00:00:00Z"},
    "SPE_E5": {"isTrial": True, "nextLifecycleDateTime": "2026-12-15T00:00:00Z"},
    "VISIOCLIENT": {"ownerTenantId": "9a47e400-0000-4000-8000-000000000009", "ownerType": "Partner"},
    "POWER_BI_PRO": {"ownerType": "User", "ownerId": "9a47e400-0000-4000-8000-000000000010"},
    "STANDARDPACK": {"nextLifecycleDateTime": "2026-12-20T00:00:00Z"},
}


def _stayed(license_from_group: Json) -> bool:
    """A license kept in error belongs to somebody who has left the group."""
    return license_from_group.get("state") != "ActiveWithError"


def _groups(users: list[Json]) -> list[Json]:
    """Two that give E4, one of them to people of one target; an empty one that will; and four that give no E4."""

    def having(group: str) -> list[str]:
        return [
            entry["upn"]
            for entry in users
            if any(isinstance(one, dict) and one.get("group") == group and _stayed(one) for one in entry["licenses"])
        ]

    voice = [entry["upn"] for entry in users if entry["department"] == "Telefonie" and "deleted" not in entry]
    rule = 'user.assignedPlans -any (assignedPlan.servicePlanId -eq "c87f142c-d1e9-4363-8630-aaea9c4d9ae5")'
    key = "11ce0000-0000-4000-8000-{:012}".format
    return [
        {"id": LICENSED_GROUP, "name": "LIC-Office365-E4", "members": having(LICENSED_GROUP), "licenses": [E4]},
        {
            "id": COMMERCIAL_GROUP,
            "name": "LIC-Office365-E4-Commercial",
            "members": having(COMMERCIAL_GROUP),
            "licenses": [E4],
        },
        {"id": EMPTY_GROUP, "name": "LIC-Office365-E4-onboarding", "licenses": [E4]},
        {"id": VISIO_GROUP, "name": "LIC-Visio", "members": having(VISIO_GROUP), "licenses": ["VISIOCLIENT"]},
        {"id": key(4), "name": "SEC-Telefonie", "members": voice},
        {"id": key(5), "name": "SEC-All-Voice", "members": ["brian.johnson@contoso.example"], "nested": [key(4)]},
        {"id": key(6), "name": "DYN-To-Do-users", "members": ["adele.vance@contoso.example"], "rule": rule},
    ]


def main() -> None:
    """Write the document to standard output."""
    sys.stdout.buffer.write(dump(load(document())))


if __name__ == "__main__":
    main()
