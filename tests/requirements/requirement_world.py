"""What the tests of the requirements build on: small worlds as values, and one rehearsal of the whole job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from worlds.job_world import (
    CATALOG,
    NOON,
    SKU,
    TENANT,
    Drawn,
    Person,
    draw,
    group,
    holding,
    person,
    plan_id,
    product,
    settings,
    snapshot,
    subscription,
)
from worlds.rehearsal import Rehearsal, read_json, tenant_of

__all__ = [
    "CATALOG",
    "E4",
    "NOON",
    "PRESETS",
    "SKU",
    "TENANT",
    "Drawn",
    "Person",
    "Rehearsal",
    "draw",
    "group",
    "holding",
    "kept_and_lost",
    "person",
    "plan_id",
    "product",
    "products",
    "read_json",
    "rehearse",
    "settings",
    "snapshot",
    "subscription",
    "to",
]

E4 = "ENTERPRISEWITHSCAL"
CONTOSO = "c0a70500-0000-4000-8000-000000000001"
PRESETS = ("ENTERPRISEPACK", "SPE_E3", "ENTERPRISEPREMIUM", "SPE_E5", "SPE_E5_NOPSTNCONF")
HEAD = f"""
[tenant]
id = "{CONTOSO}"
credential = "sandbox"
graph_url = "http://127.0.0.1:8080/v1.0"
[source]
skus = ["{E4}"]
[verify]
seconds_between_scans = 1
"""


def to(*part_numbers: str, more: str = "") -> str:
    """Write the settings that send everybody to these products."""
    names = ", ".join(f'"{p}"' for p in part_numbers)
    return f'[[swap]]\nname = "everyone"\nto = [{names}]\n{more}'


def products(*part_numbers: str) -> list[Any]:
    """Make E4 and these products, ten seats each."""
    return [product(p) for p in (E4, *part_numbers)]


def kept_and_lost(drawn: Drawn, one: Person) -> tuple[set[str], set[str]]:
    """Return the names of the plans that stay off and of those that end for one user."""
    row = drawn.row(one)
    names = CATALOG.plan_names
    return (
        {names[p] for p in row["plans_kept_off"].split("+") if p},  # type: ignore[index]  # plan ids
        {names[p] for p in row["plans_lost"].split("+") if p},  # type: ignore[index]
    )


def rehearse(
    folder: Path,
    users: Mapping[str, Sequence[Any]],
    toml: str,
    *,
    skus: Mapping[str, Any] | None = None,
    subscriptions: Sequence[Mapping[str, Any]] = (),
) -> Rehearsal:
    """Set up a rehearsal: users by name with their licenses, products by part number with their fields."""
    path = folder / "reseat.toml"
    path.write_text(HEAD + toml, encoding="utf-8")
    given = {E4: {"enabled": 10}, "ENTERPRISEPACK": {"enabled": 10}, **(skus or {})}
    document = {
        "organization": {"id": CONTOSO, "name": "Contoso", "domains": ["contoso.example"]},
        "skus": [{"skuPartNumber": part, **fields} for part, fields in given.items()],
        "subscriptions": list(subscriptions),
        "users": [
            {"upn": f"{name}@contoso.example", "name": name, "location": "NL", "licenses": list(held)}
            for name, held in users.items()
        ],
    }
    return Rehearsal(tenant_of(document), path)
