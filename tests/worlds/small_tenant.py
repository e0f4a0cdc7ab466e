"""A tenant of a few people with its settings file and roster, for commands that are called as a shell calls them."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from worlds.in_process import Place
from worlds.rehearsal import START, read_json, tenant_of

OLD, NEW, BETTER = "ENTERPRISEWITHSCAL", "ENTERPRISEPACK", "ENTERPRISEPREMIUM"
TENANT = "c0a70500-0000-4000-8000-000000000001"
HEAD = f"""
[tenant]
id = "{TENANT}"
credential = "sandbox"
graph_url = "http://127.0.0.1:8080/v1.0"

[source]
skus = ["{OLD}"]

[verify]
seconds_between_scans = 5
settle_minutes_max = 1
"""
EVERYONE = f'\n[[swap]]\nname = "everyone"\nto = ["{NEW}"]\n'
DECLARED = '\n[declare]\nby = "CHG-1042"\npurchase_channel = "direct"\nbilling_agreement = "mca"\n'
"""All that GO asks a person for."""

APPLY = ("--tenant", "contoso.example")


def person(upn: str, *licenses: object, **more: object) -> dict[str, object]:
    """Make an account in the Netherlands that holds the old product, or what is given; an empty text holds nothing."""
    name = upn if "@" in upn else f"{upn}@contoso.example"
    held = [one for one in (licenses or (OLD,)) if one]
    return {"upn": name, "name": name.partition("@")[0].title(), "location": "NL", "licenses": held, **more}


def group(number: int, name: str, *members: str, **more: object) -> dict[str, object]:
    """Make a group with these members, by their names before the @."""
    full = [f"{one}@contoso.example" for one in members]
    return {"id": group_id(number), "name": name, "members": full, **more}


def group_id(number: int) -> str:
    """Return the id of the n-th group."""
    return f"9a000000-0000-4000-8000-{number:012}"


def place(
    folder: Path,
    users: Sequence[Mapping[str, object]],
    settings: str = EVERYONE,
    *,
    roster: str | None = None,
    skus: Sequence[Mapping[str, object]] = (),
    **more: object,
) -> Place:
    """Make the tenant and its folder; a `roster` is written beside the settings as users.csv."""
    folder.mkdir(parents=True, exist_ok=True)
    organization = {"id": TENANT, "name": "Contoso", "domains": ["contoso.example", "contoso.onmicrosoft.com"]}
    products = list(skus) or [{"skuPartNumber": part, "enabled": 50} for part in (OLD, NEW, BETTER)]
    if roster is not None:
        (folder / "users.csv").write_text(roster, encoding="utf-8")
    made = Place(
        tenant_of({"organization": organization, "skus": products, "users": list(users), **more}), START, folder
    )
    made.config.write_text(HEAD + settings, encoding="utf-8")
    return made


def say(place: Place, settings: str) -> None:
    """Write another settings file, as an editor does."""
    place.config.write_text(HEAD + settings, encoding="utf-8")


def header(place: Place) -> dict[str, Any]:
    """Return plan.json of the only plan."""
    [path] = (place.folder / "runs").glob("p*/plan.json")
    place.run = path.parent.name
    document: dict[str, Any] = read_json(path)
    return document


def reasons(place: Place) -> dict[str, str]:
    """Return, by the name before the @, `change` or the reason of the hold in the only plan."""
    header(place)
    text = (place.folder / "runs" / place.run / "decisions.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(io.StringIO(text, newline=""))
    return {row["name"].partition("@")[0]: row["reason"] or row["kind"] for row in rows}


def written(place: Place) -> list[str]:
    """Return the names before the @ of the users to whom something was sent, sorted."""
    found = (place.tenant.user(record.target) for record in place.tenant.write_log)
    return sorted(user.upn.partition("@")[0] for user in found if user)
