"""The users of the tenant over HTTP: listing, reading, usage location, and the license actions."""

from __future__ import annotations

from collections.abc import Callable

from connectors.sandbox.api.odata import Clause, Query, reject_filter, require_advanced, require_selectable
from connectors.sandbox.api.views import USER_KNOWN, license_details, user_view
from connectors.sandbox.api.world import Reply, Request, World, ok
from connectors.sandbox.licensing import groups
from connectors.sandbox.licensing.countries import COUNTRIES
from connectors.sandbox.licensing.rules import Change, decide_user, read_change
from connectors.sandbox.refusal import Refusal, bad_request, forbidden, not_found, overlapping
from connectors.sandbox.tenant.model import Json, Profile, User, WriteRecord
from connectors.sandbox.tenant.replica import Replica

Page = tuple[list[User], int | None]

# Microsoft's page "Advanced query capabilities" lists all of these, `eq` in `any` too, as default queries.
_ADDRESSED = ("any", "proxyAddresses")
_FILTERS: dict[tuple[str, str], Callable[[User], str | None]] = {
    (op, name): get
    for op in ("eq", "in")
    for name, get in (
        ("id", lambda u: u.id),
        ("userPrincipalName", lambda u: u.upn),
        ("mail", lambda u: u.mail),
        ("usageLocation", lambda u: u.location),
        ("department", lambda u: u.department),
        ("userType", lambda u: u.kind),
        ("accountEnabled", lambda u: "true" if u.enabled else "false"),
    )
}
_BY_KEY = ("id", "userPrincipalName")


def list_users(world: World, request: Request) -> Reply:
    """`GET /users`: filtered and paged; the plain filter on a product needs no advanced query."""
    query = request.options()
    require_selectable(query.select, USER_KNOWN, "user")
    check_clauses(request, query)
    reading = world.reading(request)
    users, following = find_users(world, reading, query)
    return page(world, request, query, reading, users, following)


def count_endpoint(world: World, request: Request) -> Reply:
    """`GET /users/$count`: plain text, and only with eventual consistency."""
    if not request.advanced:
        raise bad_request("$count is not currently supported.")
    total = count_users(world, world.reading(request), request.options())
    return Reply(200, str(total).encode(), {"Content-Type": "text/plain"})


def check_clauses(request: Request, query: Query) -> None:
    """Refuse filters that the resource does not take, and advanced ones without their header and `$count`."""
    for clause in query.clauses:
        if clause.op in ("holds_none", "holds_some"):
            require_advanced(consistent=request.advanced, count=query.count)
        elif clause.op != "holds" and (clause.op, clause.name) not in {*_FILTERS, _ADDRESSED}:
            raise reject_filter(clause)


def find_users(world: World, reading: Replica, query: Query) -> Page:
    """One page of users that meet every clause, through the quickest index there is."""
    size, clauses = query.page_size, query.clauses
    if not clauses:
        return reading.users(query.position, size)
    if len(clauses) == 1 and clauses[0].op == "holds":
        return reading.holders(str(clauses[0].values[0]), query.position, size)
    found: list[User] = []
    for user in _candidates(world, reading, query):
        if all(_meets(user, clause) for clause in clauses):
            if len(found) == size:
                return found, user.row
            found.append(user)
    return found, None


def _candidates(world: World, reading: Replica, query: Query) -> list[User]:
    for clause in query.clauses:
        if clause.op in ("eq", "in") and clause.name in _BY_KEY:
            hits = (reading.find(value) for value in clause.values if value)
            unique = {user.row: user for user in hits if user}
            return [unique[row] for row in sorted(unique) if row >= query.position]
    everyone = len(world.tenant.users)
    for clause in query.clauses:
        if clause.op == "holds":
            return reading.holders(str(clause.values[0]), query.position, everyone)[0]
    return reading.users(query.position, everyone)[0]


def _meets(user: User, clause: Clause) -> bool:
    if clause.op == "holds":
        return clause.values[0] in user.profile.held
    if clause.op in ("holds_none", "holds_some"):
        return bool(user.profile.held) == (clause.op == "holds_some")
    if clause.op == "any":
        return str(clause.values[0]).lower() in {address.lower() for address in user.addresses}
    value = _FILTERS[clause.op, clause.name](user)
    wanted = [one if one is None else one.lower() for one in clause.values]
    return (value if value is None else value.lower()) in wanted


def count_users(world: World, reading: Replica, query: Query) -> int:
    """How many users meet the filter, on all pages."""
    if len(query.clauses) == 1 and query.clauses[0].op == "holds":
        return reading.holder_count(str(query.clauses[0].values[0]))
    everything = Query(clauses=query.clauses, top=len(world.tenant.users) + 1)
    return len(find_users(world, reading, everything)[0])


def _user_before(world: World, reading: Replica, query: Query) -> list[User]:
    """The last user of the page before this one."""
    for row in range(query.position - 1, -1, -1):
        user = reading.shown(world.tenant.users[row])
        if user.deleted_at is None and all(_meets(user, clause) for clause in query.clauses):
            return [user]
    return []


def page(
    world: World, request: Request, query: Query, reading: Replica, users: list[User], following: int | None
) -> Reply:
    """A page of users as JSON. `@odata.count` stands on the first page only; the faults of paging happen here."""
    faults = world.faults
    where = (request.method, request.path)
    if following is not None and faults.happens("empty_page", faults.empty_page, *where):
        users, following = [], query.position
    elif following is not None and faults.happens("repeat_link", faults.repeat_link, *where):
        following = query.position
    if query.position and users and faults.happens("duplicate_row", faults.duplicate_row, *where):
        users = [*_user_before(world, reading, query), *users]
    view = user_view(world.tenant, query.select)
    names = f"({','.join(query.select)})" if query.select else ""
    answer: Json = {"@odata.context": f"{request.base}/$metadata#users{names}"}
    if query.count and request.advanced and not query.position:
        answer["@odata.count"] = count_users(world, reading, query)
    if following is not None:
        answer["@odata.nextLink"] = query.next_link(request.url, following)
    answer["value"] = [view(user) for user in users]
    return ok(answer)


def seen_user(world: World, request: Request, key: str) -> User:
    """The user as this request may see it; 404 otherwise."""
    user = world.reading(request).find(key)
    if user is None:
        raise not_found(key)
    return user


def _entity(world: World, request: Request, user: User, select: tuple[str, ...] | None) -> Reply:
    names = f"({','.join(select)})" if select else ""
    head = {"@odata.context": f"{request.base}/$metadata#users{names}/$entity"}
    return ok(head | user_view(world.tenant, select)(user))


def get_user(world: World, request: Request) -> Reply:
    """`GET /users/{id or principal name}`."""
    query = request.options()
    require_selectable(query.select, USER_KNOWN, "user")
    return _entity(world, request, seen_user(world, request, request.keys[0]), query.select)


def get_license_details(world: World, request: Request) -> Reply:
    """`GET /users/{id}/licenseDetails`."""
    user = seen_user(world, request, request.keys[0])
    context = f"{request.base}/$metadata#users('{user.id}')/licenseDetails"
    return ok({"@odata.context": context, "value": license_details(world.tenant, user)})


def _written_user(world: World, request: Request, key: str) -> User:
    if request.overlaps and world.tenant.knobs.overlap_conflicts:
        raise overlapping()
    user = world.tenant.user(key)
    if user is None:
        raise not_found(key)
    return user


def patch_user(world: World, request: Request) -> Reply:
    """`PATCH /users/{id}`: the usage location only; licensing may learn of it later than the answer says."""
    tenant, user, body = world.tenant, _written_user(world, request, request.keys[0]), request.json()
    if user.restricted:
        raise forbidden()
    if not isinstance(body, dict) or set(body) != {"usageLocation"}:
        raise bad_request("Only the property usageLocation can be changed in this tenant.")
    if body["usageLocation"] not in COUNTRIES:
        raise bad_request("Property usageLocation is invalid.")
    tenant.remember(user, request.now)
    user.location = body["usageLocation"]
    if tenant.knobs.location_lag_seconds:
        tenant.location_ready[user.id] = request.now + tenant.knobs.location_lag_seconds
    _log(world, request, "location", user, Change((), ()), None)
    return Reply(204)


def assign_license(world: World, request: Request) -> Reply:
    """`POST /users/{id}/assignLicense`: all of the change or none of it; the answer carries no license property."""
    tenant, user = world.tenant, _written_user(world, request, request.keys[0])
    change = read_change(request.json())
    before = user.profile
    try:
        after = decide_user(tenant, user, change, request.now)
    except Refusal as no:
        _log(world, request, "user", user, change, no)
        raise
    tenant.set_assignments(user, after, request.now)
    if change.add and user.id in tenant.mail_on_assign:
        aliases = (address.replace("SMTP:", "smtp:") for address in user.addresses)
        mail = tenant.mail_on_assign.pop(user.id)
        user.mail, user.proxies = mail, (f"SMTP:{mail}", *aliases)
    _log(world, request, "user", user, change, None, before=before)
    return _entity(world, request, user, None)


def reprocess(world: World, request: Request) -> Reply:
    """`POST /users/{id}/reprocessLicenseAssignment`: all group licenses of one user again."""
    user = _written_user(world, request, request.keys[0])
    before = user.profile
    groups.reprocess(world.tenant, user, request.now)
    _log(world, request, "reprocess", user, Change((), ()), None, before=before)
    return _entity(world, request, user, None)


def _log(
    world: World,
    request: Request,
    kind: str,
    user: User,
    change: Change,
    no: Refusal | None,
    *,
    before: Profile | None = None,
) -> None:
    status, message = (no.status, no.message) if no else (200, "")
    world.tenant.write_log.append(
        WriteRecord(
            request.now,
            request.app.app_id,
            kind,
            user.id,
            change.add,
            change.remove,
            status,
            message,
            before or user.profile,
            user.profile,
            request.request_id,
        )
    )
