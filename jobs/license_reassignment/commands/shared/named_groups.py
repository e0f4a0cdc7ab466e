"""Asks the tenant for the groups that the settings name for a swap."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.tenant import Group
from jobs.license_reassignment.commands.shared.parts import Parts
from jobs.license_reassignment.gather.groups import asked_of, groups_of


async def named_groups(parts: Parts) -> Mapping[str, Group]:
    """Return the group of each entry of `[groups] swap`, without its members. Raises InputError (2) where one fails."""
    settings = parts.effective.settings
    asked = asked_of(settings)
    return groups_of(settings, await parts.tenant.find_groups(asked)) if asked else {}
