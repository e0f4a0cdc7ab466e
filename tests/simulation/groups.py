"""Groups of a world that hand the old product out: what kind each is, who is inside, and what befalls them."""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.sandbox.licensing.others import happen
from connectors.sandbox.sample.people import DEPARTMENTS
from connectors.sandbox.sample.seed import ADDONS, OFF_PATTERNS, SOURCE, TARGETS, TENANT_ID
from connectors.sandbox.tenant.model import Assignment, Group, Json, Sku, User
from connectors.sandbox.tenant.state import TenantState

OF_ENTRA = ("slow", "late", "stuck")
"""What takes time and hinders nothing: hours of processing, a state that is still that of before, a standstill."""

OF_OTHERS = ("partial", "unkind", "forbidden", "comings", "rewritten", "deleted")
"""What keeps a member from the target: errors of single members, with or without the old license; a group that takes
no license from us; members who come and go, another administrator, a deletion, each before the write or midway."""

TROUBLES = (*OF_ENTRA, *OF_OTHERS)
COMES_TO_GROUPS = ("join", "leave", "group", "delete_group")
DAY_S = 86_400.0
ERRORS = ("CountViolation", "MutuallyExclusiveViolation", "DependencyViolation", "Other")


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of one world. `named` are those of `[groups] swap`; `share` of the direct holders are in one of all.

    `knobs` are the tenant's ways, `settings` is the section, `of_waves` what a wave names.
    """

    seed: int
    wrong: tuple[str, ...]
    count: int
    named: tuple[int, ...]
    share: float
    strange: bool
    knobs: Mapping[str, Any]
    settings: Mapping[str, Any]
    of_first_wave: tuple[str, ...] = ()

    @property
    def undisturbed(self) -> bool:
        """Whether every swap of the plan comes to its good end, sooner or later."""
        return set(self.wrong) <= set(OF_ENTRA)

    def furnish(self, tenant: TenantState) -> None:
        """Put the groups into a tenant, let holders of the old product have it through them, and lay the traps."""
        rng = random.Random(f"members of {self.seed}")
        groups = [self._group(tenant, rng, number) for number in range(self.count)]
        _fill(tenant, rng, groups, self.share, anybody=self.strange)
        for name, value in self.knobs.items():
            setattr(tenant.knobs, name, value)
        for sku in tenant.skus.values():
            sku.enabled = max(sku.enabled, tenant.consumed(sku.id) + 1)

    def _group(self, tenant: TenantState, rng: random.Random, number: int) -> Group:
        group = Group(group_id(self.seed, number), group_name(number))
        group.licenses[tenant.sku_named(SOURCE).id] = _off(rng, tenant.sku_named(SOURCE))
        if rng.random() < 0.3:
            beside = tenant.sku_named(rng.choice(ADDONS))
            group.licenses[beside.id] = tuple(sorted(rng.sample(sorted(beside.plan_ids), 1)))
        group.rule = '(user.department -eq "Sales")' if rng.random() < 0.2 else None
        group.synced, group.mail = rng.random() < 0.2, rng.random() < 0.2
        group.unified = not group.synced and rng.random() < 0.2
        group.roles = "forbidden" in self.wrong or rng.random() < 0.1
        if self.strange:
            group.security = rng.random() >= 0.1
            group.visibility = "HiddenMembership" if rng.random() < 0.1 else None
        if rng.random() < 0.2:
            department = rng.choice(DEPARTMENTS)
            group.nested = tuple(g.id for g in tenant.groups.values() if g.name == department)
        tenant.groups[group.id] = group
        return group

    def lay_traps(self, tenant: TenantState, elapsed: float) -> None:
        """Let befall the groups of the plan what this world has in store; `elapsed` seconds of it are over."""
        rng = random.Random(f"traps of {self.seed}")
        named = [g for n in self.named if (g := tenant.groups.get(group_id(self.seed, n))) is not None]
        for way in self.wrong if named else ():
            chosen = rng.sample(named, rng.randint(1, len(named)))
            if way == "stuck":
                for group in chosen:
                    group.stuck = True
            elif way in {"partial", "unkind"}:
                _fail(tenant, rng, named if way == "unkind" else chosen, lose=way == "unkind")
            elif way in {"comings", "rewritten", "deleted"}:
                for group in chosen:
                    _befall(tenant, rng, group, _event(tenant, rng, group, way), elapsed)
        tenant.schedule.sort(key=lambda event: event["after"])


def _fail(tenant: TenantState, rng: random.Random, groups: list[Group], *, lose: bool) -> None:
    for user_id in sorted({u for g in groups for u in g.members}):
        if rng.random() < (0.5 if lose else 0.3):
            error = rng.choice(ERRORS)
            for part in (*TARGETS, "MCOEV"):
                tenant.on_group[user_id, tenant.sku_named(part).id] = (error, lose)


def _befall(tenant: TenantState, rng: random.Random, group: Group, event: Json, elapsed: float) -> None:
    if rng.random() < 0.75:
        group.midway.append(event)
    else:
        later = rng.choice((0.5, 2.0, 5.0, 30.0, 400.0))
        tenant.schedule.append({**event, "group": group.id, "after": elapsed + later})


def group_id(seed: int, number: int) -> str:
    """The object id of a group of this world."""
    return str(uuid.uuid5(uuid.UUID(TENANT_ID), f"licensing {seed} {number}"))


def group_name(number: int) -> str:
    """Its display name."""
    return f"Licensing {number}"


def free_groups(tenant: TenantState, now: float) -> None:
    """Whoever looks after the tenant has Microsoft set the groups going that stand still."""
    for group in [g for g in tenant.groups.values() if g.stuck]:
        happen(tenant, {"group": group.id, "stuck": False}, now)


def _off(rng: random.Random, sku: Sku) -> tuple[str, ...]:
    names = rng.choice(OFF_PATTERNS) if rng.random() < 0.4 else ()
    return tuple(sorted(sku.plan_by_name[name].id for name in names))


def _fill(tenant: TenantState, rng: random.Random, groups: list[Group], share: float, *, anybody: bool) -> None:
    """Let holders inherit the old product, some from two groups, some besides what they hold directly.

    One who cannot follow holds a whole group back, so these are inside only where `anybody` may be.
    """
    source = tenant.sku_named(SOURCE).id
    inhabited = [g for g in groups if rng.random() >= 0.1] or groups
    for user in list(tenant.living()):
        direct = user.profile.direct(source)
        if direct is None or rng.random() >= share or not (anybody or _plain(tenant, user)):
            continue
        both = rng.random() < 0.25
        chosen = rng.sample(inhabited, min(len(inhabited), 2 if rng.random() < 0.1 else 1))
        kept = [a for a in user.profile.assignments if both or a != direct]
        tenant.set_assignments(user, [*kept, *(a for g in chosen for a in _enter(g, user))], 0.0)
        user.dates = None


def _plain(tenant: TenantState, user: User) -> bool:
    at_odds = {tenant.sku_named(part).id for part in ("INTUNE_A_VL", "MCOPSTN1") if _has(tenant, part)}
    fits = user.kind == "Member" and user.enabled and not user.restricted and user.proxies is None
    inherits = any(a.group for a in user.profile.assignments)
    return fits and not inherits and at_odds.isdisjoint(user.profile.held)


def _has(tenant: TenantState, part: str) -> bool:
    return any(sku.part_number == part for sku in tenant.skus.values())


def _enter(group: Group, user: User) -> list[Assignment]:
    group.members[user.id] = None
    return [Assignment(sku, off, group.id) for sku, off in group.licenses.items()]


def _event(tenant: TenantState, rng: random.Random, group: Group, way: str) -> Json:
    if way == "deleted":
        return {"delete": True}
    if way == "rewritten":
        return rng.choice(({"add": ["VISIOCLIENT"]}, {"add": [{"sku": "VISIOCLIENT", "off": []}]}))
    outside = [u.id for u in tenant.living() if u.id not in group.members and not u.restricted]
    event: Json = {}
    if outside and rng.random() < 0.6:
        event["join"] = [rng.choice(outside)]
    if group.members and (not event or rng.random() < 0.8):
        event["leave"] = [rng.choice(sorted(group.members))]
    return event or {"join": []}


def draw(seed: int, *, spotless: bool, wrong: tuple[str, ...]) -> Groups:
    """Draw the groups of one world."""
    rng = random.Random(f"groups of {seed}")
    troubles = _troubles(rng, spotless=spotless)
    count = rng.randint(1, 6)
    strange = not spotless and rng.random() < 0.25
    named = tuple(n for n in range(count) if not strange or rng.random() < 0.8) or (0,)
    swap = [group_name(n) if rng.random() < 0.5 else group_id(seed, n) for n in named]
    first = rng.sample(swap, 1) if rng.random() < 0.5 else []
    return Groups(
        seed=seed,
        wrong=troubles,
        count=count,
        named=named,
        share=rng.choice((0.5, 0.8, 1.0)),
        strange=strange,
        knobs=_knobs(rng, troubles),
        settings={
            "swap": swap,
            "members_with_losses": rng.choice(("refuse", "accept", "accept", "accept")),
            "outside_scope": rng.choice(("refuse", "include")),
            "reprocess_errors": "partial" in troubles and rng.random() < 0.5,
            "processing_hours_max": rng.choice((1, 6, 24)) if "slow" not in troubles else rng.choice((3, 24)),
        },
        of_first_wave=tuple(first),
    )


def _troubles(rng: random.Random, *, spotless: bool) -> tuple[str, ...]:
    possible = OF_ENTRA if spotless else TROUBLES
    return tuple(sorted(rng.sample(possible, rng.choice((0, 1, 1, 2, 2, 3)))))


def _knobs(rng: random.Random, troubles: tuple[str, ...]) -> dict[str, Any]:
    slow = "slow" in troubles
    return {
        "group_queue_seconds": rng.choice((600.0, 3600.0, 14_400.0)) if slow else rng.choice((0.0, 5.0, 30.0, 90.0)),
        "group_members_per_second": rng.choice((0.0005, 0.002)) if slow else rng.choice((0.2, 1.0, 20.0)),
        "group_stale_seconds": rng.choice((15.0, 60.0, 200.0)) if "late" in troubles else 0.0,
        "group_removal": rng.choice(("convert", "error")),
        "group_leave": rng.choice(("take", "keep")),
        "role_groups_forbidden": "forbidden" in troubles,
    }
