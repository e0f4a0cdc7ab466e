"""The collections that are read whole, each with the permission it needs and what a page of it costs.

Microsoft documents the costs in resource units: `$select` takes one off, the least is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgraph import GraphServiceClient

from connectors.audit_log import LICENSE_CHANGE
from connectors.graph.channel import Request
from connectors.graph.reads import columns
from connectors.graph.reads.paging import Listing
from connectors.utc import utc_text

PAGE_SIZE = 999
"""The largest page of users that Graph serves."""

USERS = "User.Read.All"
ORGANIZATION = "Organization.Read.All"
SKUS = ORGANIZATION
"""Microsoft names LicenseAssignment.Read.All as the least for subscribedSkus and accepts this one, needed anyway."""

GROUPS = "GroupMember.Read.All"
HEALTH = "ServiceHealth.Read.All"
AUDIT = "AuditLog.Read.All"

AUDIT_COST = 1600
"""Microsoft documents 5 requests per 10 s to the audit log: each counts as a fifth of the units of 10 s."""

GROUP_SELECT = (
    "id",
    "displayName",
    "assignedLicenses",
    "licenseProcessingState",
    "membershipRule",
    "onPremisesSyncEnabled",
    "visibility",
    "groupTypes",
    "mailEnabled",
    "securityEnabled",
    "isAssignableToRole",
)


def holders_filter(sku_id: str) -> str:
    """Return the filter for whoever holds the SKU; it needs no advanced query, so it reads the main store."""
    return f"assignedLicenses/any(x:x/skuId eq {sku_id})"


class Lookups:
    """Requests built by the SDK's own builders."""

    def __init__(self, graph: GraphServiceClient) -> None:
        self._graph = graph

    def organization(self) -> Listing:
        """The one organization."""
        select = ("id", "displayName", "verifiedDomains", "defaultUsageLocation")
        return _listing("/organization", self._graph.organization, 1, ORGANIZATION, select=select)

    def skus(self) -> Listing:
        """All products of the tenant; this collection takes no filter."""
        return _listing("/subscribedSkus", self._graph.subscribed_skus, 3, SKUS)

    def subscriptions(self) -> Listing:
        """All purchases of the tenant."""
        return _listing("/directory/subscriptions", self._graph.directory.subscriptions, 1, ORGANIZATION)

    def holders(self, sku_id: str) -> Listing:
        """All users that hold the SKU in any way."""
        filter_ = holders_filter(sku_id)
        return _listing("/users", self._graph.users, 1, USERS, filter_=filter_, select=columns.SELECT, top=PAGE_SIZE)

    def deleted_users(self) -> Listing:
        """All users in the recycle bin."""
        select = ("id", "userPrincipalName", "deletedDateTime", "assignedLicenses")
        bin_ = self._graph.directory.deleted_items.graph_user
        path = "/directory/deletedItems/microsoft.graph.user"
        listing = _listing(path, bin_, 1, USERS, select=select, top=PAGE_SIZE)
        # The builder writes the cast in the short form of the SDK's own schema; the page documents the full name.
        return Listing(listing.what, lambda: _renamed(listing.first(), path), listing.cost, listing.permission)

    def groups_with(self, sku_id: str) -> Listing:
        """All groups that hand out the SKU."""
        filter_ = holders_filter(sku_id)
        return _listing("/groups", self._graph.groups, 1, GROUPS, filter_=filter_, select=GROUP_SELECT, top=PAGE_SIZE)

    def dynamic_groups(self) -> Listing:
        """All groups whose members follow from a rule; `groupTypes` can be filtered, `membershipRule` only by start."""
        filter_ = "groupTypes/any(c:c eq 'DynamicMembership')"
        return _listing("/groups", self._graph.groups, 1, GROUPS, filter_=filter_, select=GROUP_SELECT, top=PAGE_SIZE)

    def members(self, group_id: str, select: Sequence[str] = ("id",)) -> Listing:
        """The direct members, of whatever type, the users among them with these properties.

        Microsoft's page "Advanced query capabilities" counts a cast (`members/microsoft.graph.user`) among the queries
        that an index answers which lags behind the directory; without one the directory itself does, and the groups
        inside come along.
        """
        builder = self._graph.groups.by_group_id(group_id).members
        return _listing(f"/groups/{group_id}/members", builder, 2, GROUPS, select=select, top=PAGE_SIZE)

    def transitive_members(self, group_id: str) -> Listing:
        """The members of the group and of the groups in it, of whatever type."""
        builder = self._graph.groups.by_group_id(group_id).transitive_members
        return _listing(f"/groups/{group_id}/transitiveMembers", builder, 4, GROUPS, select=("id",), top=PAGE_SIZE)

    def health(self) -> Listing:
        """The state of each service."""
        overviews = self._graph.admin.service_announcement.health_overviews
        return _listing("/admin/serviceAnnouncement/healthOverviews", overviews, 1, HEALTH)

    def license_changes(self, app_id: str, since: datetime, until: datetime) -> Listing:
        """The license changes of users that the directory recorded between two moments, of one app or of all."""
        terms = [f"activityDisplayName eq '{LICENSE_CHANGE}'"]
        terms += [f"initiatedBy/app/appId eq '{app_id}'"] if app_id else []
        terms += [f"activityDateTime ge {utc_text(since, 'seconds')}"]
        terms += [f"activityDateTime le {utc_text(until, 'seconds')}"]
        audits = self._graph.audit_logs.directory_audits
        return _listing(
            "/auditLogs/directoryAudits", audits, AUDIT_COST, AUDIT, filter_=" and ".join(terms), top=PAGE_SIZE
        )


def _listing(
    path: str,
    builder: Any,
    cost: int,
    permission: str,
    *,
    filter_: str | None = None,
    select: Sequence[str] | None = None,
    top: int | None = None,
) -> Listing:
    """Describe a collection; `$select` and the page size stay out of its name, the filter is part of it."""

    def first() -> Request:
        request: Request = builder.to_get_request_information()
        asked = {"%24filter": filter_, "%24select": list(select) if select else None, "%24top": top}
        request.query_parameters.update({name: value for name, value in asked.items() if value is not None})
        return request

    return Listing(f"{path}?$filter={filter_}" if filter_ else path, first, cost, permission)


def _renamed(request: Request, path: str) -> Request:
    template: str = request.url_template or ""
    request.url_template = "{+baseurl}" + path + template[template.index("{?") :]
    return request
