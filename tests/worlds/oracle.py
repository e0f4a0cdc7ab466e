"""Questions that a test asks of the tenant itself, past every client: who holds what, who is bare, who changed what."""

from __future__ import annotations

from collections.abc import Iterable

from connectors.sandbox.tenant.model import Assignment, WriteRecord
from connectors.sandbox.tenant.state import TenantState

Snapshot = dict[str, tuple[Assignment, ...]]
"""User id -> all assignments, for every living user."""


def snapshot(tenant: TenantState) -> Snapshot:
    """Everybody's assignments now."""
    return {user.id: user.profile.assignments for user in tenant.living()}


def holders(tenant: TenantState, sku: str) -> set[str]:
    """Ids of the living users who hold a product (id or part number), in any way."""
    key = tenant.sku_named(sku).id
    return {user.id for user in tenant.living() if key in user.profile.held}


def bare_users(tenant: TenantState, skus: Iterable[str], among: Iterable[str]) -> list[str]:
    """Those of the given living users who hold none of the products."""
    keys = frozenset(tenant.sku_named(sku).id for sku in skus)
    living = (user for user in map(tenant.user, among) if user is not None)
    return [user.id for user in living if keys.isdisjoint(user.profile.held)]


def bare_moments(tenant: TenantState, skus: Iterable[str], actor: str | None = None) -> list[WriteRecord]:
    """Writes (of one app, or of any) after which a user held none of the products although one was there before."""
    keys = frozenset(tenant.sku_named(sku).id for sku in skus)
    return [
        record
        for record in tenant.write_log
        if record.before is not None
        and record.after is not None
        and record.before.held & keys
        and not record.after.held & keys
        and actor in (None, record.actor)
    ]


def changed_beside(tenant: TenantState, before: Snapshot, skus: Iterable[str]) -> list[str]:
    """Users whose assignments of any *other* product differ from the snapshot in any part."""
    keys = frozenset(tenant.sku_named(sku).id for sku in skus)

    def rest(assignments: tuple[Assignment, ...]) -> tuple[Assignment, ...]:
        return tuple(a for a in assignments if a.sku not in keys)

    now = snapshot(tenant)
    return [user for user, was in before.items() if user in now and rest(was) != rest(now[user])]


def writes_by(tenant: TenantState, actor: str) -> list[WriteRecord]:
    """What one app wrote, refused attempts included, in order."""
    return [record for record in tenant.write_log if record.actor == actor]


def overdrawn(tenant: TenantState) -> list[str]:
    """Part numbers of products with more holders than seats, grace included."""
    return [sku.part_number for sku in tenant.skus.values() if tenant.consumed(sku.id) > sku.enabled + sku.warning]


def recount(tenant: TenantState) -> dict[str, int]:
    """Distinct holders per product id, counted from scratch; `consumed` must always agree."""
    totals = dict.fromkeys(tenant.skus, 0)
    for user in tenant.living():
        for sku in user.profile.held:
            totals[sku] = totals.get(sku, 0) + 1
    return totals
