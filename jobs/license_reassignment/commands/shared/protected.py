"""Asks the tenant whom `[scope] protected` protects: for a new plan, and again before an apply writes."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.tenant import Identity, Named, TenantSnapshot, UserId
from jobs.license_reassignment.commands.shared.parts import Parts
from jobs.license_reassignment.errors import GuardRefused, InputError
from jobs.license_reassignment.gather import protected as entries
from jobs.license_reassignment.gather.protected import KEY, Shields, Sought, may_read_hidden
from jobs.license_reassignment.model.plan import Plan


async def protected_for_plan(parts: Parts, identity: Identity, snapshot: TenantSnapshot) -> Shields:
    """Resolve every entry of the settings for a new plan. Raises InputError (2) where one fails."""
    asked = entries.sought(parts.effective.settings.scope.protected, snapshot)
    found = await _find(parts, identity, asked)
    return entries.shields_of(asked, found, hidden=may_read_hidden(identity), refuse=InputError)


async def protected_now(parts: Parts, identity: Identity, plan: Plan, before: TenantSnapshot) -> frozenset[UserId]:
    """Return whom the plan's own entries and those of the settings file protect at this moment.

    Raises GuardRefused (10) for an entry of the file that is nobody, and for a group whose members cannot be read.
    """
    live = parts.effective.settings.scope.protected
    asked = entries.sought_again(plan, live, before)
    found = await _find(parts, identity, asked)
    asked, deleted = entries.without_deleted(asked, plan, live, found)
    for name in deleted:
        parts.watcher.said(f"{KEY}: the group {name} of the plan no longer exists, and protects nobody.")
    shields = entries.shields_of(asked, found, hidden=may_read_hidden(identity), refuse=GuardRefused)
    return shields.users | entries.users_by_id(plan)


async def _find(parts: Parts, identity: Identity, asked: Sought) -> Mapping[str, Named]:
    if not asked.asked:
        return {}
    hidden = may_read_hidden(identity)
    found = await parts.tenant.find(asked.asked, groups=True, hidden=hidden, on_page=parts.watcher.reading)
    return {one.name: one for one in found}
