"""Groups and the users right inside them, who alone get what a group hands out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from connectors.errors import Malformed, PermissionMissing
from connectors.graph import wire
from connectors.graph.answer import documented
from connectors.graph.reads.columns import Profiles
from connectors.graph.reads.lookups import GROUP_SELECT, GROUPS
from connectors.graph.reads.paging import Gone, Rows
from connectors.graph.reads.reader import READ_SELECT, Reader
from connectors.tenant import Group, GroupId, GroupRead, LicenseGroups, ReadScope, SkuId, UserId, UserRead

GROUPS_AT_ONCE = 8
"""So many groups are read side by side: most have one page, and one after the other a thousand would take minutes."""

GROUP_READ_SELECT = ("id", "assignedLicenses", "licenseProcessingState")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Inside:
    """The users right inside a group, and how many groups are."""

    users: frozenset[UserId]
    groups: int


async def read_groups(reader: Reader, scope: ReadScope, swaps: Mapping[GroupId, Inside]) -> tuple[Group, ...]:
    """Read the groups of the scope, sorted by id; one that does not exist, or is gone meanwhile, is left out.

    Those that hand out a SKU have the users right inside, and so have the groups to swap, of which `swaps` says who is.
    The `member_groups` have all users below them. Groups that are here for their rule alone have no members.
    """
    raws = dict[GroupId, Mapping[str, Any]]()
    for sku_id in scope.group_sku_ids:
        for carrier in await reader.nouns(reader.lookups.groups_with(sku_id), dict):
            with documented("/groups"):
                raws[GroupId(wire.key_of(carrier))] = wire.carrying(carrier, sku_id)
    looked_into = {**dict.fromkeys(raws), **swaps}
    named = dict.fromkeys((*scope.member_groups, *swaps))
    if missing := [group_id for group_id in named if group_id not in raws]:
        found = await reader.each("/groups/{id}", missing, GROUP_SELECT, GROUPS)
        with documented("/groups/{id}"):
            raws.update({GroupId(wire.key_of(raw)): raw for raw in found if raw is not None})
    rules = (await read_plan_rules(reader) or ()) if scope.plan_rules else ()

    async def whole(group_id: GroupId) -> Group:
        inside = looked_into.get(group_id)
        if inside is None and group_id in looked_into:
            inside = await users_inside(reader, group_id)
        below = await users_below(reader, group_id) if group_id in scope.member_groups else None
        return _group(raws[group_id], below, inside)

    read = (await each_group(sorted(raws), whole)).values()
    return tuple(sorted((*read, *(g for g in rules if g.id not in raws)), key=lambda g: g.id))


async def read_plan_rules(reader: Reader) -> tuple[Group, ...] | None:
    """Read the dynamic groups whose rule is about service plans, sorted by id; None where Graph does not list them."""
    try:
        found = await reader.nouns(reader.lookups.dynamic_groups(), wire.group)
    except (PermissionMissing, Malformed):
        return None
    return tuple(sorted((g for g in found if g.follows_service_plans), key=lambda g: g.id))


async def read_license_groups(reader: Reader, sku_ids: Sequence[SkuId], looked_into: int) -> LicenseGroups | None:
    """Look at the groups that assign one of these SKUs, and at one page of members of so many; None where not allowed.

    The look is optional: it stops nobody who may read everything else.
    """
    try:
        carriers = dict[GroupId, Group]()
        for sku_id in sku_ids:
            for raw in await reader.nouns(reader.lookups.groups_with(sku_id), dict):
                with documented("/groups"):
                    group = wire.group(wire.carrying(raw, sku_id))
                carriers[group.id] = group
        ids = [g.id for g in sorted(carriers.values(), key=lambda g: (g.display_name, g.id)) if not g.hidden]
        pages = await each_group(ids[:looked_into], lambda group_id: _first_members(reader, group_id))
    except (PermissionMissing, Malformed):
        return None
    return LicenseGroups(
        carriers=tuple(carriers[g] for g in sorted(carriers)),
        inside={g: users for g, (users, _) in pages.items()},
        more=frozenset(g for g, (_, more) in pages.items() if more),
        plan_rules=await read_plan_rules(reader),
    )


async def _first_members(reader: Reader, group_id: GroupId) -> tuple[tuple[UserRead, ...], bool]:
    """Read the users on the first page of a group's members, and whether there is another one. Raises Gone."""
    rows, more = await reader.first_page(reader.lookups.members(group_id, READ_SELECT))
    with documented("/groups/{id}/members"):
        whole = [raw for raw in wire.users_among(rows) if wire.is_whole(raw)]
        return tuple(wire.user_read(raw, reader.now()) for raw in whole), more


async def each_group(ids: Sequence[GroupId], read: Callable[[GroupId], Awaitable[T]]) -> dict[GroupId, T]:
    """Read some groups at once, in the order asked; one that is Gone is left out. What one raises ends them all."""
    turn, found = asyncio.Semaphore(GROUPS_AT_ONCE), dict[GroupId, T]()

    async def one(group_id: GroupId) -> None:
        async with turn:
            with suppress(Gone):
                found[group_id] = await read(group_id)

    reads = [asyncio.create_task(one(group_id)) for group_id in ids]
    try:
        await asyncio.gather(*reads)
    finally:
        for task in reads:
            task.cancel()
        await asyncio.gather(*reads, return_exceptions=True)
    return {group_id: found[group_id] for group_id in ids if group_id in found}


def _group(raw: Mapping[str, Any], below: frozenset[UserId] | None, inside: Inside | None) -> Group:
    with documented("/groups"):
        if inside is None:
            return wire.group(raw, members=below)
        return wire.group(raw, members=below, direct_members=inside.users, nested_groups=inside.groups)


async def users_below(reader: Reader, group_id: GroupId) -> frozenset[UserId]:
    """Read who is in a group or in one inside it. Raises Gone."""
    pages = await reader.pages(reader.lookups.transitive_members(group_id), _ids)
    return frozenset(user_id for page in pages for user_id in page)


async def users_inside(reader: Reader, group_id: GroupId) -> Inside:
    """Read who is right inside a group. Raises Gone."""
    pages = await members(reader, group_id, ("id",), _ids)
    return Inside(frozenset(user_id for page, _ in pages for user_id in page), sum(groups for _, groups in pages))


async def members(
    reader: Reader, group_id: GroupId, select: Sequence[str], take: Callable[[Rows], T]
) -> list[tuple[T, int]]:
    """Return what `take` made of the users on each page of a group's members, and the groups there. Raises Gone."""

    def read(rows: Rows) -> tuple[T, int]:
        return take(wire.users_among(rows)), wire.groups_among(rows)

    return await reader.pages(reader.lookups.members(group_id, select), read)


def _ids(members: Rows) -> list[UserId]:
    with documented("/groups/{id}/members"):
        return [UserId(wire.key_of(raw)) for raw in wire.users_among(members)]


async def read_licenses(reader: Reader, ids: Sequence[GroupId]) -> tuple[GroupRead, ...]:
    """Read what groups hand out and how far that is, in the order asked; `found` is False for one that is not there."""
    raws = await reader.each("/groups/{id}", ids, GROUP_READ_SELECT, GROUPS)
    now = reader.now()
    with documented("/groups/{id}"):
        return tuple(
            GroupRead(group_id, False, now) if raw is None else wire.group_read(raw, now, asked=group_id)
            for group_id, raw in zip(ids, raws, strict=True)
        )


async def read_members(reader: Reader, group_id: GroupId) -> tuple[UserRead, ...] | None:
    """Read the users right inside a group with their licenses, each once; None when there is no such group."""
    profiles, bare = Profiles(), list[UserId]()

    def take(users: Rows) -> list[UserRead]:
        now = reader.now()
        bare.extend(UserId(wire.key_of(raw)) for raw in users if not wire.is_whole(raw))
        return [wire.user_read(raw, now, profile_of=profiles.profile) for raw in users if wire.is_whole(raw)]

    try:
        pages = await members(reader, group_id, READ_SELECT, take)
    except Gone:
        return None
    found = {read.id: read for page, _ in pages for read in page}
    found |= {read.id: read for read in await reader.users(bare) if read.found} if bare else {}
    return tuple(found.values())
