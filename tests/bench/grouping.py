"""Groups swapped on a clock that nobody waits for: seconds of the plan, and what the reads cost while Entra works."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from worlds.rehearsal import Rehearsal, tenant_of

from connectors.graph.client import GraphClient
from connectors.limits import READ_WINDOW_S
from connectors.sandbox.app import create_app
from connectors.sandbox.tenant.state import TenantState
from connectors.sandbox.trouble.quota import Charge, Quota

TENANT_ID = "c0a70500-0000-4000-8000-000000000001"
SOURCE = "ENTERPRISEWITHSCAL"
ENTRA_S = 1_800.0
"""So long Entra works on a group, with all of them at once: long enough that every wait of the product is met."""

MINUTE_S = 60.0

SETTINGS = """
[tenant]
id = "{tenant_id}"
credential = "sandbox"
graph_url = "http://127.0.0.1:8080/v1.0"
[source]
skus = ["ENTERPRISEWITHSCAL"]
[[swap]]
name = "everyone"
to = ["SPE_E3"]
[groups]
swap = [{names}]
[limits]
users_changed_max = 10000000
users_changed_percent_max = 100
[pace]
batches_in_flight_max = 1
[verify]
seconds_between_scans = 0
"""
"""One worker: on a clock that jumps several would each make the same time pass. Requests take none, as many as the
product's own pace lets out."""


class Metered(Quota):
    """The tenant's quota, with a log of what every call cost and when."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[tuple[float, int, str]] = []

    def charge(self, kind: str, units: int, now: float) -> Charge:
        """Note it, and take it as ever."""
        self.log.append((now, units, kind))
        return super().charge(kind, units, now)


def plan(folder: str, groups: int, members: int, *, inherited: bool) -> dict[str, Any]:
    """Plan so many users, all of them in groups that are swapped, or none; seconds from the snapshot to the files."""
    place = Path(folder) / ("inherited" if inherited else "direct")
    return _planned(_rehearsal(place, groups, members, inherited=inherited))


def swap(folder: str, groups: int, members: int) -> dict[str, Any]:
    """Plan and swap so many groups; what was read while Entra worked, as the tenant's own log has it."""
    world = _rehearsal(Path(folder) / "swapped", groups, members, inherited=True)
    _planned(world)
    quota, calls = Metered(), list[float]()

    async def heard(_path: str, _calls: int) -> None:
        calls.append(world.clock.seconds)

    world.app = create_app(world.tenant, clock=lambda: world.clock.seconds, quota=quota, latency=heard)
    began, cpu = world.clock.seconds, time.process_time()
    applied = world.apply()
    assert applied.groups == {"applied": groups}, (applied.reason, applied.groups)
    kinds = Counter(kind for _, _, kind in quota.log)
    return {
        "cpu_s": time.process_time() - cpu,
        "hours": (world.clock.seconds - began) / 3_600,
        "requests": len(calls),
        "writes": kinds["Write"],
        "per_minute": most_within(((at, 1) for at in calls), MINUTE_S),
        "units_10_s": most_within(((at, units) for at, units, _ in quota.log), READ_WINDOW_S),
        "throttled": quota.throttled,
    }


def most_within(costs: Iterable[tuple[float, int]], seconds: float) -> int:
    """Return the most that was spent within any so many seconds."""
    window, spent, most = deque[tuple[float, int]](), 0, 0
    for at, cost in costs:
        window.append((at, cost))
        spent += cost
        while window[0][0] <= at - seconds:
            spent -= window.popleft()[1]
        most = max(most, spent)
    return most


def _planned(world: Rehearsal) -> dict[str, Any]:
    read, ended = GraphClient.read_tenant, [0.0]

    async def timed(*args: Any, **keywords: Any) -> Any:
        snapshot = await read(*args, **keywords)
        ended[0] = time.perf_counter()
        return snapshot

    GraphClient.read_tenant = timed  # type: ignore[method-assign]
    try:
        planned = world.plan()
    finally:
        GraphClient.read_tenant = read  # type: ignore[method-assign]
    return {"plan_s": time.perf_counter() - ended[0], "changes": planned.plan.header.totals.changes}


def _rehearsal(folder: Path, groups: int, members: int, *, inherited: bool) -> Rehearsal:
    folder.mkdir(parents=True)
    names = [f"LIC-{n:04}" for n in range(groups)] if inherited else []
    config = folder / "reseat.toml"
    text = SETTINGS.format(tenant_id=TENANT_ID, names=", ".join(f'"{n}"' for n in names))
    config.write_text(text if inherited else text.replace("[groups]\nswap = []\n", ""), encoding="utf-8")
    tenant = _tenant(groups, members, inherited=inherited)
    tenant.knobs.group_members_per_second = members / ENTRA_S
    return Rehearsal(tenant, config)


def _tenant(groups: int, members: int, *, inherited: bool) -> TenantState:
    ids = [f"11ce0000-0000-4000-8000-{n:012}" for n in range(groups)]
    upns = [[f"user{n:04}-{m:04}@contoso.example" for m in range(members)] for n in range(groups)]
    held = [[{"sku": SOURCE, "group": g}] if inherited else [SOURCE] for g in ids]
    return tenant_of(
        {
            "organization": {"id": TENANT_ID, "name": "Contoso", "domains": ["contoso.example"]},
            "skus": [{"skuPartNumber": s, "enabled": 2 * groups * members} for s in (SOURCE, "SPE_E3")],
            "users": [
                {"upn": upn, "name": upn, "location": "NL", "licenses": held[n]}
                for n, inside in enumerate(upns)
                for upn in inside
            ],
            "groups": [
                {"id": g, "name": f"LIC-{n:04}", "members": upns[n], "licenses": [SOURCE]} for n, g in enumerate(ids)
            ]
            if inherited
            else [],
        }
    )
