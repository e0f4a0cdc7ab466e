"""Whom and what the names in the settings stand for: users by id, principal name or address, groups by id or name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from connectors.graph import wire
from connectors.graph.answer import documented
from connectors.graph.batch import ItemAnswer
from connectors.graph.reads.groups import users_below
from connectors.graph.reads.lookups import GROUP_SELECT, GROUPS, USERS
from connectors.graph.reads.paging import Gone
from connectors.graph.reads.reader import Reader, in_quotes, user_url
from connectors.ids import is_guid
from connectors.tenant import Group, Named, UserId

USER_SELECT = ("id", "userPrincipalName")


async def find(reader: Reader, names: Sequence[str], *, groups: bool, hidden: bool) -> tuple[Named, ...]:
    """Look every name up, in the order asked: users first, and where there is none, groups unless they do not count.

    `hidden` says that we may read hidden members; without it, those of a hidden group are left out.
    """
    questions = [(name, url) for name in names for url in _people(name)]
    items = await _answers(reader, questions, "/users by name or address", USERS)
    users: dict[str, dict[UserId, str]] = {name: {} for name in names}
    with documented("/users"):
        for name, item in items:
            users[name] |= {UserId(wire.key_of(raw)): wire.text(raw, "userPrincipalName") for raw in _rows(item)}
    refused = {name for name, item in items if item.status == 400}
    left = [name for name in names if groups and not users[name]]
    found = await _groups(reader, left, hidden=hidden)
    return tuple(
        Named(name, tuple(sorted(users[name].items())), found.get(name, ()), refused=name in refused) for name in names
    )


def _people(name: str) -> list[str]:
    """Return the questions for the users of one name.

    Microsoft's page "Advanced query capabilities" has `eq` on `mail` and inside `any` on `proxyAddresses` among the
    default queries, which read the directory itself and no index that lags.
    """
    if is_guid(name):
        return [user_url(name, USER_SELECT)]
    if "@" not in name:
        return []
    select = "&$select=" + ",".join(USER_SELECT)
    terms = [f"mail%20eq%20{in_quotes(name)}"]
    terms += [f"proxyAddresses/any(x:x%20eq%20{in_quotes(scheme + name)})" for scheme in ("smtp:", "SMTP:")]
    return [user_url(name, USER_SELECT), *(f"/users?$filter={term}{select}" for term in terms)]


async def _groups(reader: Reader, names: Sequence[str], *, hidden: bool) -> dict[str, tuple[Group, ...]]:
    found = {}
    for name, item in await _listed(reader, names):
        groups = _read(item)
        if len(groups) == 1 and (hidden or not groups[0].hidden):
            try:
                groups = (replace(groups[0], members=await users_below(reader, groups[0].id)),)
            except Gone:
                groups = ()
        found[name] = groups
    return found


async def find_groups(reader: Reader, names: Sequence[str]) -> tuple[Named, ...]:
    """Look up the groups that have each of these ids or display names, in the order asked, without their members."""
    found = await _listed(reader, names)
    return tuple(Named(name, (), _read(item), refused=item.status == 400) for name, item in found)


async def _listed(reader: Reader, names: Sequence[str]) -> list[tuple[str, ItemAnswer]]:
    select = "$select=" + ",".join(GROUP_SELECT)
    questions = [
        (
            name,
            f"/groups/{name}?{select}"
            if is_guid(name)
            else f"/groups?$filter=displayName%20eq%20{in_quotes(name)}&{select}",
        )
        for name in names
    ]
    return await _answers(reader, questions, "/groups by id or display name", GROUPS)


def _read(item: ItemAnswer) -> tuple[Group, ...]:
    with documented("/groups"):
        return tuple(wire.group(raw) for raw in _rows(item))


async def _answers(
    reader: Reader, questions: Sequence[tuple[str, str]], what: str, permission: str
) -> list[tuple[str, ItemAnswer]]:
    if not questions:
        return []
    items = await reader.asked([url for _, url in questions], what=what, permission=permission)
    return [(name, item) for (name, _), item in zip(questions, items, strict=True)]


def _rows(item: ItemAnswer) -> list[Mapping[str, Any]]:
    """Return the objects of an answer: of a list, or the one that was asked for; none where there is none."""
    if item.status != 200:
        return []
    return wire.rows(item.body, "value") if "value" in item.body else [item.body]
