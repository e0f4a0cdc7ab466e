"""Somebody else at work in the same tenant: changes licenses, takes seats, deletes people, all logged as theirs."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

from connectors.sandbox.tenant.model import Assignment, User, WriteRecord
from connectors.sandbox.tenant.state import SOMEBODY_ELSE, TenantState

Act = Callable[[TenantState, random.Random, float], None]


def meddle(
    tenant: TenantState, rng: random.Random, kinds: tuple[str, ...], now: float, more: Mapping[str, Act]
) -> None:
    """One act of somebody else: `licenses` changes a random user, `seats` takes one, `delete` soft-deletes a user.

    `more` are acts that are told by who calls.
    """
    if tenant.users:
        {**_ACTS, **more}[rng.choice(kinds)](tenant, rng, now)


def put_licenses(tenant: TenantState, user: User, assignments: tuple[Assignment, ...], now: float) -> None:
    """Somebody else sets a user's assignments; the write log says so."""
    before = user.profile
    tenant.set_assignments(user, assignments, now)
    added = tuple((a.sku, a.off) for a in user.profile.assignments if a not in before.assignments)
    removed = tuple(a.sku for a in before.assignments if all(a.sku != b.sku for b in user.profile.assignments))
    _log(tenant, "user", user, before=before.assignments, add=added, remove=removed, now=now)


def remove_user(tenant: TenantState, user: User, now: float) -> None:
    """Somebody else soft-deletes a user."""
    tenant.delete_user(user, now)
    _log(tenant, "delete", user, before=user.profile.assignments, add=(), remove=(), now=now)


def _pick(tenant: TenantState, rng: random.Random) -> User | None:
    user = rng.choice(tenant.users)
    return user if user.deleted_at is None and not user.restricted else None


def _licenses(tenant: TenantState, rng: random.Random, now: float) -> None:
    """Drops one direct license of a user, or flips one disabled plan of it: both are drift for everybody else."""
    user = _pick(tenant, rng)
    direct = [a for a in user.profile.assignments if not a.group] if user else []
    if not user or not direct:
        return
    changed = rng.choice(direct)
    rest = tuple(a for a in user.profile.assignments if a != changed)
    plans = sorted(tenant.skus[changed.sku].plan_ids)
    if plans and rng.random() < 0.5:
        flipped = set(changed.off) ^ {rng.choice(plans)}
        rest = (*rest, changed._replace(off=tuple(sorted(flipped))))
    put_licenses(tenant, user, rest, now)


def _seats(tenant: TenantState, rng: random.Random, now: float) -> None:
    """Gives some product with a free seat to a user who does not have it."""
    user = _pick(tenant, rng)
    open_skus = [sku for sku in tenant.skus.values() if sku.applies_to == "User" and tenant.free_seats(sku) > 0]
    if user and open_skus:
        sku = rng.choice(open_skus)
        if sku.id not in user.profile.held and user.profile.direct(sku.id) is None:
            put_licenses(tenant, user, (*user.profile.assignments, Assignment(sku.id)), now)


def _delete(tenant: TenantState, rng: random.Random, now: float) -> None:
    user = _pick(tenant, rng)
    if user:
        remove_user(tenant, user, now)


_ACTS: dict[str, Act] = {
    "licenses": _licenses,
    "seats": _seats,
    "delete": _delete,
}


def _log(
    tenant: TenantState,
    kind: str,
    user: User,
    *,
    before: tuple[Assignment, ...],
    add: tuple[tuple[str, tuple[str, ...]], ...],
    remove: tuple[str, ...],
    now: float,
) -> None:
    old = tenant.profile(before)
    record = WriteRecord(now, SOMEBODY_ELSE, kind, user.id, add, remove, 200, "", old, user.profile)
    tenant.write_log.append(record)
