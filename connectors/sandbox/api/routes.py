"""Every call that the tenant answers: its cost in resource units and the permissions that allow it, in one table."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from connectors.sandbox.api import groups, tenant, users
from connectors.sandbox.api.world import Reply, Request, World, refused
from connectors.sandbox.refusal import Refusal, bad_request, forbidden, no_route

Handler = Callable[[World, Request], Reply]


@dataclass(frozen=True, slots=True)
class Route:
    """One call. `{}` in the pattern takes any segment; `units` is the cost before Microsoft's modifiers."""

    method: str
    pattern: tuple[str, ...]
    units: int
    permissions: frozenset[str]
    handler: Handler
    report: bool = False

    @property
    def kind(self) -> str:
        """Which quota it counts against: `Read`, `Write` or `Reports`."""
        if self.report:
            return "Reports"
        return "Read" if self.method == "GET" else "Write"

    def keys(self, segments: tuple[str, ...]) -> list[str] | None:
        """The segments in the place of `{}`, or None when the path is another one."""
        if len(segments) != len(self.pattern):
            return None
        keys = []
        for want, have in zip(self.pattern, segments, strict=True):
            if want == "{}":
                keys.append(have)
            elif want != have:
                return None
        return keys


def _route(call: str, units: int, permissions: str, handler: Handler, *, report: bool = False) -> Route:
    method, path = call.split(" ", 1)
    return Route(method, tuple(path.split("/")), units, frozenset(permissions.split()), handler, report)


_READ_USERS = " ".join(groups.READ_USERS)
_READ_ORG = "Organization.Read.All Organization.ReadWrite.All Directory.Read.All Directory.ReadWrite.All"
_READ_GROUPS = "Group.Read.All Group.ReadWrite.All GroupMember.Read.All Directory.Read.All Directory.ReadWrite.All"
_READ_SKUS = "LicenseAssignment.Read.All LicenseAssignment.ReadWrite.All " + _READ_ORG
_READ_DETAILS = "LicenseAssignment.Read.All LicenseAssignment.ReadWrite.All " + _READ_USERS
_ASSIGN = "LicenseAssignment.ReadWrite.All User.ReadWrite.All Directory.ReadWrite.All"
_ASSIGN_GROUP = "LicenseAssignment.ReadWrite.All Group.ReadWrite.All Directory.ReadWrite.All"
_WRITE_USERS = "User.ReadWrite.All Directory.ReadWrite.All"
_CAST = "directory/deletedItems/microsoft.graph.user"

ROUTES = (
    _route("POST users/{}/assignLicense", 1, _ASSIGN, users.assign_license),
    _route("GET users/$count", 1, _READ_USERS, users.count_endpoint),
    _route("GET users/{}", 1, _READ_USERS, users.get_user),
    _route("GET users", 2, _READ_USERS, users.list_users),
    _route("PATCH users/{}", 1, _WRITE_USERS, users.patch_user),
    _route("POST users/{}/reprocessLicenseAssignment", 1, _WRITE_USERS, users.reprocess),
    _route("GET users/{}/licenseDetails", 2, _READ_DETAILS, users.get_license_details),
    _route("GET organization", 1, _READ_ORG + " User.Read.All", tenant.list_organization),
    _route("GET organization/{}", 1, _READ_ORG + " User.Read.All", tenant.get_organization),
    _route("GET subscribedSkus", 3, _READ_SKUS, tenant.list_skus),
    _route("GET subscribedSkus/{}", 1, _READ_SKUS, tenant.get_sku),
    _route("GET directory/subscriptions", 1, _READ_ORG, tenant.list_subscriptions),
    _route("GET directory/subscriptions/{}", 1, _READ_ORG, tenant.get_subscription),
    _route(f"GET {_CAST}", 1, _READ_USERS, tenant.list_deleted_users),
    _route("GET groups", 1, _READ_GROUPS, groups.list_groups),
    _route("GET groups/{}", 1, _READ_GROUPS, groups.get_group),
    _route("GET groups/{}/members", 3, _READ_GROUPS, groups.list_members),
    _route("GET groups/{}/members/{}", 3, _READ_GROUPS, groups.list_members),
    _route("GET groups/{}/transitiveMembers", 5, _READ_GROUPS, groups.list_transitive_members),
    _route("GET groups/{}/transitiveMembers/{}", 5, _READ_GROUPS, groups.list_transitive_members),
    _route("GET groups/{}/membersWithLicenseErrors", 1, _READ_GROUPS, groups.list_members_in_error),
    _route("POST groups/{}/assignLicense", 1, _ASSIGN_GROUP, groups.assign_license),
    _route("GET admin/serviceAnnouncement/healthOverviews", 1, "ServiceHealth.Read.All", tenant.list_health),
    _route("GET auditLogs/directoryAudits", 1, "AuditLog.Read.All", tenant.list_audits, report=True),
)


_IN_PARENTHESES = re.compile(r"(\w+)\('((?:[^']|'')*)'\)")


def _plain(segments: tuple[str, ...]) -> tuple[str, ...]:
    """The path with `users('key')` written `users/key`: OData has both forms, a quote in the first one is doubled."""
    found = _IN_PARENTHESES.fullmatch(segments[0]) if segments else None
    return (found[1], found[2].replace("''", "'"), *segments[1:]) if found else segments


def find_route(method: str, segments: tuple[str, ...]) -> tuple[Route, list[str]] | None:
    """The route of a call and the keys in its path."""
    segments = _plain(segments)
    for route in ROUTES:
        if route.method == method:
            keys = route.keys(segments)
            if keys is not None:
                return route, keys
    return None


def _is_option(segment: str) -> bool:
    """Microsoft's page "Get user": `/users/$x@y.com` is a 400, for only system query options may begin with `$`."""
    return segment.startswith("$") and segment != "$count"


def cost(route: Route, query: str) -> int:
    """Resource units: `$select` makes a call one cheaper, and so does a page below 20; the least is one."""
    units = route.units
    if "select=" in query:
        units -= 1
    _, found, rest = query.partition("top=")
    if found and rest.partition("&")[0].isdecimal() and int(rest.partition("&")[0]) < 20:
        units -= 1
    return max(units, 1)


def call(world: World, request: Request) -> Reply:
    """Carry out one call: find it, see whether it is allowed and within quota, do it. Never raises a Refusal."""
    found = find_route(request.method, request.segments)
    if found is None:
        world.tenant.strange_calls.append((request.method, request.path))
        return refused(request, no_route(request.path))
    if request.segments[0] == "users" and len(request.segments) == 2 and _is_option(request.segments[1]):
        return refused(request, bad_request(f"Bad request: '{request.segments[1]}' is no key.", code="BadRequest"))
    route, request.keys = found
    granted = request.app.permissions
    if granted is not None and granted.isdisjoint(route.permissions):
        return refused(request, forbidden())
    units = cost(route, request.query)
    charge = world.quota.charge(route.kind, units, request.now)
    headers = {"x-ms-resource-unit": str(units)}
    if charge.used > 0.8:
        headers["x-ms-throttle-limit-percentage"] = f"{charge.used:.2f}"
    if charge.retry_after:
        where = f"{charge.scope}/{request.app.app_id}/{world.tenant.organization.id}"
        headers["x-ms-throttle-scope"] = where
        headers["x-ms-throttle-information"] = charge.information
        reply = too_many(request, route.kind, charge.retry_after)
    else:
        reply = _do(world, request, route)
    reply.headers.update(headers)
    return reply


def too_many(request: Request, kind: str, retry_after: int | None) -> Reply:
    """A 429, with or without a Retry-After."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    reply = refused(request, Refusal(429, "TooManyRequests", "Too many requests.", headers))
    reply.waits = () if retry_after is None else ((kind, retry_after),)
    return reply


def _do(world: World, request: Request, route: Route) -> Reply:
    faults, where = world.faults, (request.method, request.path)
    if faults.happens("throttled", faults.throttled, *where):
        return too_many(request, route.kind, faults.throttle_wait())
    try:
        reply = route.handler(world, request)
    except Refusal as no:
        reply = refused(request, no)
    if faults.happens("throttled_applied", faults.throttled_applied, *where):
        return too_many(request, route.kind, faults.throttle_wait())
    return reply
