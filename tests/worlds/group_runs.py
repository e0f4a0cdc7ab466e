"""A tenant whose groups end in every way that one run can show, and the run of it: planned, applied and verified."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from connectors.sandbox.licensing import others
from connectors.sandbox.tenant.model import Json
from worlds.rehearsal import Rehearsal, tenant_of

E4, E3 = "1392051d-0cb9-4b7a-88d5-621fee5e8711", "6fd2c87f-b296-42f0-b197-1e91e994b900"
OLD, NEW = "ENTERPRISEWITHSCAL", "ENTERPRISEPACK"
ORGANIZATION = {"id": "c0a70500-0000-4000-8000-000000000001", "name": "Contoso", "domains": ["contoso.example"]}
SETTINGS = """
[tenant]
id = "c0a70500-0000-4000-8000-000000000001"
credential = "sandbox"
graph_url = "http://127.0.0.1:8080/v1.0"
[source]
skus = ["ENTERPRISEWITHSCAL"]
[scope]
{protected}
[[swap]]
name = "everyone"
to = ["ENTERPRISEPACK"]
[groups]
swap = [{names}]
processing_hours_max = 1
[verify]
seconds_between_scans = 0
settle_minutes_max = 1
"""


def group_id(number: int) -> str:
    """The object id of a group of these tests."""
    return f"11ce0000-e4e4-4000-8000-{number:012d}"


def user(upn: str, licenses: Sequence[str | Json], **more: Any) -> Json:
    """One user of the tenant file."""
    name = upn.title()
    return {"upn": f"{upn}@contoso.example", "name": name, "location": "NL", "licenses": list(licenses), **more}


class GroupRun(Rehearsal):
    """Groups by name, each with its members; `direct` hold the old product themselves as well, or besides.

    `more` has further keys of a group, `failing` the errors with which a group cannot serve a user.
    `products` are further ones that the tenant has.
    """

    def __init__(
        self,
        folder: Path,
        groups: dict[str, Sequence[str]],
        *,
        named: Iterable[str] = (),
        direct: Iterable[str] = (),
        more: dict[str, Json] | None = None,
        failing: dict[str, Any] | None = None,
        protected: Sequence[str] = (),
        knobs: Json | None = None,
        seats: int = 99,
        products: Sequence[str] = (),
        extra: Sequence[Json] = (),
    ) -> None:
        ids = {name: group_id(number) for number, name in enumerate(groups, 1)}
        people: dict[str, list[str | Json]] = {name: [OLD] for name in direct}
        for name, members in groups.items():
            for member in members:
                people.setdefault(member, []).append({"sku": OLD, "group": ids[name]})
        held = {u: {"onGroup": {NEW: error}} for u, error in (failing or {}).items()}
        document = {
            "organization": ORGANIZATION,
            "knobs": {"group_members_per_second": 1.0, **(knobs or {})},
            "skus": [{"skuPartNumber": part, "enabled": seats} for part in (OLD, NEW, *products)],
            "users": [*(user(u, licenses, **held.get(u, {})) for u, licenses in people.items()), *extra],
            "groups": [
                {
                    "id": ids[name],
                    "name": name,
                    "members": [f"{m}@contoso.example" for m in members],
                    "licenses": [OLD],
                    **(more or {}).get(name, {}),
                }
                for name, members in groups.items()
            ],
        }
        quoted = ", ".join(f'"{name}"' for name in (named or groups))
        kept = ", ".join(f'"{name}@contoso.example"' for name in protected)
        path = folder / "reseat.toml"
        path.write_text(
            SETTINGS.format(names=quoted, protected=f"protected = [{kept}]" if kept else ""), encoding="utf-8"
        )
        super().__init__(tenant_of(document), path)
        self.ids = ids

    def happens(self, name: str, **event: Any) -> None:
        """Let something befall a group without our doing, as `licensing.others.happen` describes it."""
        others.happen(self.tenant, {"group": self.ids[name], **event}, self.clock.seconds)

    def moved(self) -> GroupRun:
        """Plan and apply."""
        self.plan()
        self.apply()
        return self


FATES: dict[str, Sequence[str]] = {
    "Licensing Amsterdam": [f"ams{n:02}" for n in range(14)],
    "Licensing Breda": [f"bre{n:02}" for n in range(6)],
    "Licensing Delft": ["del00", "del01", "board"],
    "Licensing Eindhoven": ["ein00", "ein01"],
    "Licensing Groningen": ["gro00", "gro01", "gro02"],
    "Licensing Leiden": ["lei00"],
}


def many_fates(folder: Path) -> GroupRun:
    """Settled; partly failed with one who left and one who joined; held; drifted; still at work; not named."""
    world = GroupRun(
        folder,
        FATES,
        named=[name for name in FATES if name != "Licensing Leiden"],
        direct=["alone", "ams03", "lei00"],
        more={
            "Licensing Breda": {"midway": [{"join": ["newcomer@contoso.example"], "leave": ["bre05@contoso.example"]}]},
            "Licensing Groningen": {"stuck": True},
        },
        failing={"bre01": "CountViolation", "bre02": "MutuallyExclusiveViolation"},
        protected=["board"],
        extra=[user("newcomer", [])],
    )
    world.plan()
    world.happens("Licensing Eindhoven", join=["alone@contoso.example"])
    world.apply()
    return world
