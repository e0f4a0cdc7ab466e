"""The tenant itself over HTTP: organization, products, subscriptions, deleted users, service health, audit records."""

from __future__ import annotations

from connectors.sandbox.api.audit import audit_page
from connectors.sandbox.api.odata import require_selectable
from connectors.sandbox.api.views import USER_KNOWN, organization_view, sku_view, subscription_view, user_view
from connectors.sandbox.api.world import Reply, Request, World, ok
from connectors.sandbox.refusal import bad_request, not_found
from connectors.sandbox.tenant.model import Sku


def _listed(request: Request, what: str, rows: list[dict[str, object]]) -> Reply:
    return ok({"@odata.context": f"{request.base}/$metadata#{what}", "value": rows})


def _picked(request: Request, row: dict[str, object]) -> dict[str, object]:
    select = request.options().select
    return {name: row[name] for name in select if name in row} if select else row


def list_organization(world: World, request: Request) -> Reply:
    """`GET /organization`: always one entry."""
    return _listed(request, "organization", [_picked(request, organization_view(world.tenant))])


def get_organization(world: World, request: Request) -> Reply:
    """`GET /organization/{id}`."""
    if request.keys[0] != world.tenant.organization.id:
        raise not_found(request.keys[0])
    head = {"@odata.context": f"{request.base}/$metadata#organization/$entity"}
    return ok(head | _picked(request, organization_view(world.tenant)))


def _no_filter(request: Request) -> None:
    if request.options().clauses:
        raise bad_request("This operation does not support the query option $filter.")


def list_skus(world: World, request: Request) -> Reply:
    """`GET /subscribedSkus`: no `$filter`, one page."""
    _no_filter(request)
    shown = [sku for sku in world.tenant.skus.values() if not sku.hidden]
    rows = [_picked(request, sku_view(world.tenant, sku, request.now)) for sku in shown]
    return _listed(request, "subscribedSkus", rows)


def get_sku(world: World, request: Request) -> Reply:
    """`GET /subscribedSkus/{tenant id}_{sku id}`."""
    tenant_id, _, sku_id = request.keys[0].partition("_")
    sku: Sku | None = world.tenant.skus.get(sku_id)
    if sku is None or sku.hidden or tenant_id != world.tenant.organization.id:
        raise not_found(request.keys[0])
    head = {"@odata.context": f"{request.base}/$metadata#subscribedSkus/$entity"}
    return ok(head | _picked(request, sku_view(world.tenant, sku, request.now)))


def list_subscriptions(world: World, request: Request) -> Reply:
    """`GET /directory/subscriptions`: every purchase, however it ends."""
    shown = [one for one in world.tenant.subscriptions.values() if not world.tenant.skus[one.sku].hidden]
    rows = [_picked(request, subscription_view(world.tenant, one)) for one in shown]
    return _listed(request, "directory/subscriptions", rows)


def get_subscription(world: World, request: Request) -> Reply:
    """`GET /directory/subscriptions/{id}`."""
    one = world.tenant.subscriptions.get(request.keys[0])
    if one is None or world.tenant.skus[one.sku].hidden:
        raise not_found(request.keys[0])
    head = {"@odata.context": f"{request.base}/$metadata#directory/subscriptions/$entity"}
    return ok(head | _picked(request, subscription_view(world.tenant, one)))


def list_deleted_users(world: World, request: Request) -> Reply:
    """`GET /directory/deletedItems/microsoft.graph.user`: soft-deleted users with the licenses they show."""
    query = request.options()
    require_selectable(query.select, USER_KNOWN, "user")
    deleted = world.tenant.deleted()
    end = query.position + query.page_size
    view = user_view(world.tenant, query.select or ("id", "displayName", "userPrincipalName", "deletedDateTime"))
    answer: dict[str, object] = {"@odata.context": f"{request.base}/$metadata#directoryObjects"}
    if end < len(deleted):
        answer["@odata.nextLink"] = query.next_link(request.url, end)
    answer["value"] = [view(user) for user in deleted[query.position : end]]
    return ok(answer)


def list_health(world: World, request: Request) -> Reply:
    """`GET /admin/serviceAnnouncement/healthOverviews`."""
    rows: list[dict[str, object]] = [
        {"id": service, "service": service, "status": status}
        for service, status in world.tenant.organization.health.items()
    ]
    return _listed(request, "admin/serviceAnnouncement/healthOverviews", rows)


def list_audits(world: World, request: Request) -> Reply:
    """`GET /auditLogs/directoryAudits`: newest first, filtered by time, activity and app."""
    return audit_page(world, request)
