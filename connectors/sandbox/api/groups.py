"""The groups of the tenant over HTTP: listing, members, members in error, and the license action."""

from __future__ import annotations

from collections.abc import Callable

from connectors.sandbox.api.odata import Query, reject_filter, require_advanced, require_selectable
from connectors.sandbox.api.views import GROUP_KNOWN, USER_DEFAULT, USER_KNOWN, group_state, group_view, user_view
from connectors.sandbox.api.world import Reply, Request, World, ok
from connectors.sandbox.licensing import groups
from connectors.sandbox.licensing.rules import GUID, read_change
from connectors.sandbox.refusal import Refusal, bad_request, not_found, overlapping
from connectors.sandbox.tenant.model import Group, Json, User, WriteRecord

READ_USERS = frozenset({"User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"})

USER_CAST, GROUP_CAST = "microsoft.graph.user", "microsoft.graph.group"


def _shown(world: World, request: Request, group: Group, query: Query) -> Json:
    state = group_state(group, request.now, world.tenant.knobs)
    return group_view(group, query.select, state)


def list_groups(world: World, request: Request) -> Reply:
    """`GET /groups`: by product, by name, by type, or (advanced) those with members in error."""
    query = request.options()
    require_selectable(query.select, GROUP_KNOWN, "group")
    found = list(world.tenant.groups.values())
    for clause in query.clauses:
        if clause.op == "holds":
            found = [group for group in found if clause.values[0] in group.licenses]
        elif clause.op == "eq" and clause.name == "displayName":
            wanted = (clause.values[0] or "").lower()
            found = [group for group in found if group.name.lower() == wanted]
        elif clause.op == "any" and clause.name == "groupTypes":
            found = [g for g in found if clause.values[0] in group_view(g, ("groupTypes",), None)["groupTypes"]]
        elif clause.op == "eq" and clause.name == "hasMembersWithLicenseErrors":
            require_advanced(consistent=request.advanced, count=query.count)
            found = [group for group in found if bool(groups.members_in_error(world.tenant, group))]
        else:
            raise reject_filter(clause)
    names = f"({','.join(query.select)})" if query.select else ""
    answer: Json = {"@odata.context": f"{request.base}/$metadata#groups{names}"}
    if query.count and request.advanced and not query.position:
        answer["@odata.count"] = len(found)
    end = query.position + query.page_size
    if end < len(found):
        answer["@odata.nextLink"] = query.next_link(request.url, end)
    answer["value"] = [_shown(world, request, group, query) for group in found[query.position : end]]
    return ok(answer)


def _group(world: World, key: str) -> Group:
    """The group with this id; a key that is no GUID is malformed (Microsoft's page "Get group": 400)."""
    if not GUID.fullmatch(key):
        raise bad_request(f"Invalid object identifier '{key}'.")
    group = world.tenant.groups.get(key.lower())
    if group is None:
        raise not_found(key)
    return group


def get_group(world: World, request: Request) -> Reply:
    """`GET /groups/{id}`."""
    query = request.options()
    require_selectable(query.select, GROUP_KNOWN, "group")
    head = {"@odata.context": f"{request.base}/$metadata#groups/$entity"}
    return ok(head | _shown(world, request, _group(world, request.keys[0]), query))


def list_members(world: World, request: Request) -> Reply:
    """`GET /groups/{id}/members[/cast]`: direct members, nested groups among them."""
    group = _group(world, request.keys[0])
    if _hides(request, group):
        return _members(world, request, [], [], request.keys[1:])
    return _members(world, request, list(group.members), list(group.nested), request.keys[1:])


def list_transitive_members(world: World, request: Request) -> Reply:
    """`GET /groups/{id}/transitiveMembers[/cast]`: everybody inside, each once."""
    group = _group(world, request.keys[0])
    users, nested = groups.transitive_members(world.tenant, group)
    if _hides(request, group):
        users, nested = [], []
    return _members(world, request, users, nested, request.keys[1:])


def _hides(request: Request, group: Group) -> bool:
    """Whether the members are kept from this app: Microsoft's page "List group members" asks for Member.Read.Hidden.

    What Graph then answers is not documented; an empty list is the answer that does most harm.
    """
    granted = request.app.permissions
    return group.visibility == "HiddenMembership" and granted is not None and "Member.Read.Hidden" not in granted


def list_members_in_error(world: World, request: Request) -> Reply:
    """`GET /groups/{id}/membersWithLicenseErrors`."""
    users = groups.members_in_error(world.tenant, _group(world, request.keys[0]))
    return _members(world, request, [user.id for user in users], [], [])


def _members(world: World, request: Request, users: list[str], nested: list[str], cast: list[str]) -> Reply:
    query = request.options()
    wanted = cast[0] if cast else None
    if wanted not in (None, USER_CAST, GROUP_CAST):
        raise not_found(str(wanted))
    require_selectable(query.select, USER_KNOWN | GROUP_KNOWN, "directoryObject")
    rows = [*(users if wanted != GROUP_CAST else ()), *(nested if wanted != USER_CAST else ())]
    answer: Json = {"@odata.context": f"{request.base}/$metadata#directoryObjects"}
    if query.count and request.advanced and not query.position:
        answer["@odata.count"] = len(rows)
    end = query.position + query.page_size
    if end < len(rows):
        answer["@odata.nextLink"] = query.next_link(request.url, end)
    select = query.select or USER_DEFAULT
    view = user_view(world.tenant, tuple(name for name in select if name in USER_KNOWN))
    answer["value"] = [
        shown for key in rows[query.position : end] if (shown := _member(world, request, key, query, view)) is not None
    ]
    return ok(answer)


def _member(world: World, request: Request, key: str, query: Query, view: Callable[[User], Json]) -> Json | None:
    group = world.tenant.groups.get(key)
    if group is not None:
        names = tuple(name for name in query.select if name in GROUP_KNOWN) if query.select else None
        return {"@odata.type": f"#{GROUP_CAST}"} | _shown(world, request, group, Query(select=names))
    user = world.tenant.user(key)
    if user is None:
        return None
    shown = view(user)
    granted = request.app.permissions
    if granted is not None and granted.isdisjoint(READ_USERS):
        # Microsoft's page "List group members": of a type that the app may not read, only type and id are told.
        shown = {name: value if name == "id" else None for name, value in shown.items()}
    return {"@odata.type": f"#{USER_CAST}"} | shown


def assign_license(world: World, request: Request) -> Reply:
    """`POST /groups/{id}/assignLicense`: 202 with the group; its members follow in the background."""
    if request.overlaps and world.tenant.knobs.overlap_conflicts:
        raise overlapping()
    group = _group(world, request.keys[0])
    change = read_change(request.json())
    try:
        groups.change_group(world.tenant, group, change, request.now)
        status, message = 202, ""
    except Refusal as no:
        status, message = no.status, no.message
        raise
    finally:
        world.tenant.write_log.append(
            WriteRecord(
                request.now,
                request.app.app_id,
                "group",
                group.id,
                change.add,
                change.remove,
                status,
                message,
                None,
                None,
                request.request_id,
            )
        )
    head = {"@odata.context": f"{request.base}/$metadata#groups/$entity"}
    return ok(head | _shown(world, request, group, Query()), 202)
