"""What befalls groups without our doing: members come and go, somebody else changes or deletes one; all is logged."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

from connectors.sandbox.licensing import groups
from connectors.sandbox.licensing.rules import Change
from connectors.sandbox.refusal import Refusal
from connectors.sandbox.tenant.file import load_license
from connectors.sandbox.tenant.model import Group, Json, User, WriteRecord
from connectors.sandbox.tenant.state import SOMEBODY_ELSE, TenantState


def advance(tenant: TenantState, now: float) -> None:
    """Carry the work of all groups as far as it is by now, and let happen what comes when half of it is done."""
    for group in list(tenant.groups.values()):
        if group.midway and groups.work_through(tenant, group, now, half=True):
            events, group.midway = group.midway, []
            for event in events:
                happen(tenant, {**event, "group": group.id}, now)
    groups.advance(tenant, now)


def happen(tenant: TenantState, event: Json, now: float) -> None:
    """Carry out one event of a group that still exists.

    It is `{"group": id}` with any of `"join"` and `"leave"`: [user], `"add"`: [LICENSE], `"remove"`: [product],
    `"stuck"`: true or false, `"delete"`: true.
    """
    group = tenant.groups.get(event["group"])
    if group is None:
        return
    for act, name in ((join, "join"), (leave, "leave")):
        for user in (tenant.user(key) for key in event.get(name, ())):
            if user is not None:
                act(tenant, group, user, now)
    if "add" in event or "remove" in event:
        given = [load_license(tenant, one) for one in event.get("add", ())]
        remove = tuple(tenant.sku_named(name).id for name in event.get("remove", ()))
        change(tenant, group, Change(tuple((a.sku, a.off) for a in given), remove), now)
    if event.get("stuck"):
        group.stuck = True
        if group.processing is not None:
            group.processing.stuck = True
    elif "stuck" in event:
        groups.free(tenant, group, now)
    if event.get("delete"):
        delete(tenant, group, now)


def join(tenant: TenantState, group: Group, user: User, now: float) -> None:
    """Somebody becomes a member; the licenses come when licensing has learned of it."""
    group.members[user.id] = None
    _learn(tenant, group, user, "join", now)


def leave(tenant: TenantState, group: Group, user: User, now: float) -> None:
    """Somebody is no member any more; the licenses go, or stay in error, when licensing has learned of it."""
    if user.id in group.members:
        del group.members[user.id]
        _learn(tenant, group, user, "leave", now)


def _learn(tenant: TenantState, group: Group, user: User, kind: str, now: float) -> None:
    group.pending.append((now + tenant.knobs.group_queue_seconds, user.id))
    _log(tenant, kind, user.id, Change((), ()), now)


def change(tenant: TenantState, group: Group, asked: Change, now: float) -> None:
    """Somebody else changes the licenses of a group; what the tenant refuses is logged as that."""
    try:
        groups.change_group(tenant, group, asked, now)
    except Refusal as no:
        _log(tenant, "group", group.id, asked, now, no)
    else:
        _log(tenant, "group", group.id, asked, now)


def delete(tenant: TenantState, group: Group, now: float) -> None:
    """A group is deleted although it hands out licenses, which Microsoft does not let happen in one step.

    What it gave is left behind: as direct licenses, or in error, as with any license that a group takes away.
    """
    del tenant.groups[group.id]
    _log(tenant, "group_deleted", group.id, Change((), ()), now)
    for user in tenant.living():
        if any(a.group == group.id for a in user.profile.assignments):
            groups.orphan(tenant, group, user, now)


def _log(tenant: TenantState, kind: str, target: str, asked: Change, now: float, no: Refusal | None = None) -> None:
    status = no.status if no else 202 if kind == "group" else 200
    message = no.message if no else ""
    tenant.write_log.append(
        WriteRecord(now, SOMEBODY_ELSE, kind, target, asked.add, asked.remove, status, message, None, None)
    )


def _pick(tenant: TenantState, rng: random.Random) -> Group | None:
    licensed = [group for group in tenant.groups.values() if group.licenses]
    return rng.choice(licensed) if licensed else None


def _join(tenant: TenantState, rng: random.Random, now: float) -> None:
    group, user = _pick(tenant, rng), rng.choice(tenant.users)
    if group is not None and user.deleted_at is None and user.id not in group.members:
        join(tenant, group, user, now)


def _leave(tenant: TenantState, rng: random.Random, now: float) -> None:
    group = _pick(tenant, rng)
    user = tenant.user(rng.choice(list(group.members))) if group is not None and group.members else None
    if group is not None and user is not None:
        leave(tenant, group, user, now)


def _change(tenant: TenantState, rng: random.Random, now: float) -> None:
    """Flips one disabled plan of a license that a group hands out."""
    group = _pick(tenant, rng)
    if group is not None:
        sku, off = rng.choice(list(group.licenses.items()))
        plans = sorted(tenant.skus[sku].plan_ids)
        if plans:
            change(tenant, group, Change(((sku, tuple(sorted(set(off) ^ {rng.choice(plans)}))),), ()), now)


def _delete(tenant: TenantState, rng: random.Random, now: float) -> None:
    group = _pick(tenant, rng)
    if group is not None:
        delete(tenant, group, now)


MEDDLING: Mapping[str, Callable[[TenantState, random.Random, float], None]] = {
    "join": _join,
    "leave": _leave,
    "group": _change,
    "delete_group": _delete,
}
"""Acts of somebody else on a random group, by the name that a plan of faults gives them."""
