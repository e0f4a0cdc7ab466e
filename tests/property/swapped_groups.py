"""One invented tenant with licensing groups, planned, and its swaps made by the tenant's own rules alone."""

from __future__ import annotations

import json
import random
import uuid
from dataclasses import dataclass
from pathlib import Path

from property.undisturbed import TARGET_SETS
from worlds.rehearsal import Rehearsal

from connectors.changes import AssignLicense
from connectors.sandbox.licensing.groups import advance, change_group
from connectors.sandbox.licensing.rules import Change, decide_user
from connectors.sandbox.sample.seed import SOURCE, TENANT_ID, generate
from connectors.sandbox.tenant.model import Assignment, Group
from connectors.sandbox.tenant.state import TenantState
from jobs.license_reassignment.model.plan import Plan, group_tasks_of, tasks_of
from jobs.license_reassignment.run_folder.load import load_snapshot

NOW, LATER = 1_772_000_000.0, 1_772_900_000.0


@dataclass(frozen=True, slots=True)
class Swapped:
    """A tenant after the swaps of its plan; `before` are everybody's assignments as they were."""

    tenant: TenantState
    before: dict[str, tuple[Assignment, ...]]
    plan: Plan


def tenant_with_groups(seed: int, users: int) -> TenantState:
    """Spread those who inherit the old product over some groups, a few over two of them; one group has services off."""
    rng = random.Random(f"groups of {seed}")  # the generator's own stream would give groups the ids of users
    rare = rng.choice((0.0, 0.02))
    tenant = generate(
        users, seed, inherited=0.5, direct_and_group=0.1, guests=rare, restricted=rare, conflicts=rare, deleted=0.0,
        no_location=0.05, seats=rng.choice((1.0, 1.0, 0.5)),
    )  # fmt: skip
    source = tenant.sku_named(SOURCE)
    old = next(g for g in tenant.groups.values() if g.name == "LIC-Office365-E4")
    off = tuple(sorted(p.id for p in source.plans if p.name in ("YAMMER_ENTERPRISE", "SWAY")))
    groups = [Group(str(uuid.UUID(int=rng.getrandbits(128), version=4)), f"Licensing {n}") for n in range(12)]
    for number, group in enumerate(groups):
        group.licenses[source.id] = off if number % 3 == 0 else ()
        tenant.groups[group.id] = group
    for user_id in list(old.members):
        user = tenant.user(user_id)
        assert user is not None
        chosen = rng.sample(groups, 2 if rng.random() < 0.1 else 1)
        kept = [a for a in user.profile.assignments if a.group != old.id]
        for group in chosen:
            group.members[user_id] = None
        mine = [Assignment(source.id, g.licenses[source.id], g.id) for g in chosen]
        tenant.set_assignments(user, [*kept, *mine], 0.0)
    del tenant.groups[old.id]
    return tenant


def swap(seed: int, users: int, folder: Path) -> Swapped:
    """Plan with every group named, and carry the plan out by hand: users, groups, then the direct halves."""
    rng = random.Random(seed * 31 + 7)
    tenant = tenant_with_groups(seed, users)
    named = [g.id for g in tenant.groups.values() if g.licenses]
    target = rng.choice(TARGET_SETS)
    elsewhere = f'[[swap]]\nto = {json.dumps(rng.choice(TARGET_SETS))}\nwhere = {{ department = ["Legal"] }}\n'
    losses = rng.choice(("hold", "accept"))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "reseat.toml").write_text(
        f'[tenant]\nid = "{TENANT_ID}"\ncredential = "sandbox"\ngraph_url = "http://127.0.0.1:8080/v1.0"\n'
        f'[source]\nskus = ["{SOURCE}"]\n[plans]\nlost_services = "{losses}"\n[groups]\nswap = {json.dumps(named)}\n'
        + (elsewhere if rng.random() < 0.3 else "")
        + f"[[swap]]\nto = {json.dumps(target)}\n",
        encoding="utf-8",
    )
    planned = Rehearsal(tenant, folder / "reseat.toml").plan()
    before = {u.id: u.profile.assignments for u in tenant.living()}
    snapshot = load_snapshot(planned.run)
    tasks = tasks_of(planned.plan, snapshot)
    halves = {u for u, task in tasks.items() if not task.change.add and set(task.targets) - task.before.skus}
    for user_id in [u for u in tasks if u not in halves]:
        _send(tenant, tasks[user_id].change)
    for task in group_tasks_of(planned.plan, snapshot).values():
        added = tuple((str(a.sku_id), tuple(map(str, a.disabled_plans))) for a in task.change.add)
        change_group(tenant, tenant.groups[task.group_id], Change(added, tuple(map(str, task.change.remove))), NOW)
    advance(tenant, LATER)
    for user_id in halves:
        _send(tenant, tasks[user_id].change)
    return Swapped(tenant, before, planned.plan)


def _send(tenant: TenantState, change: AssignLicense) -> None:
    user = tenant.user(change.user_id)
    assert user is not None
    added = tuple((str(a.sku_id), tuple(map(str, a.disabled_plans))) for a in change.add)
    after = decide_user(tenant, user, Change(added, tuple(map(str, change.remove))), LATER)
    tenant.set_assignments(user, after, LATER)


def complaints_of(swapped: Swapped) -> list[str]:
    """Return everybody who was to change and did not, who is in error or bare, and who changed without a row."""
    tenant, found = swapped.tenant, list[str]()
    source = tenant.sku_named(SOURCE).id
    rows = swapped.plan.decisions
    kinds = dict(zip(rows["id"], rows["kind"], strict=True))
    targets = dict(zip(rows["id"], rows["targets"], strict=True))
    for user in tenant.living():
        was, now = swapped.before[user.id], user.profile.assignments
        if kinds.get(user.id) != "change":
            found += [f"{user.upn} is no change and has other licenses"] if was != now else []
            continue
        wanted = set(targets[user.id].split("+"))
        if source in user.profile.held or not wanted <= user.profile.held:
            found.append(f"{user.upn} was to change and has not")
        if any(a.error != "None" for a in now if a.sku in wanted):
            found.append(f"{user.upn} is in error")
    return found
