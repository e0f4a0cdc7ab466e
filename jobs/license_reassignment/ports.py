"""What the job asks of the outside world: a tenant to read and write, a place to run in, somebody who watches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from connectors.audit_log import AuditRecord
from connectors.changes import AssignGroupLicense, Pause, Reply, Traffic, UserRequest
from connectors.tenant import (
    CompanySubscription,
    GroupId,
    GroupRead,
    Identity,
    LicenseDetails,
    LicenseGroups,
    Named,
    Organization,
    ReadScope,
    ServiceHealth,
    SkuId,
    SubscribedSku,
    TenantSnapshot,
    UserId,
    UserRead,
)
from jobs.license_reassignment.model.progress import Progress


class LicenseWriter(Protocol):
    """What carries out an apply; each verb may be called any number of times, by several workers at once."""

    async def read_users(self, ids: Sequence[UserId]) -> Sequence[UserRead]:
        """Read these users now; one answer per id, in the same order."""
        ...

    async def write_turn(self, n: int) -> None:
        """Return when the quota allows n writes; waits, and says why."""
        ...

    async def assign(self, batch: Sequence[UserRequest]) -> Sequence[Reply]:
        """Send at most 20 changes once, without any retry; one reply per change, in the same order."""
        ...


class GroupWriter(LicenseWriter, Protocol):
    """What carries out the swaps of groups."""

    async def read_groups(self, ids: Sequence[GroupId]) -> Sequence[GroupRead]:
        """Read what these groups assign now and how far it is; one answer per id, in the same order."""
        ...

    async def read_direct_members(self, group_id: GroupId) -> Sequence[UserRead] | None:
        """Read the users right inside a group with their licenses, page by page; None when the group is gone."""
        ...

    async def assign_group(self, change: AssignGroupLicense) -> Reply:
        """Send the change of one group once, without any retry; 202 is APPLIED, and means accepted."""
        ...

    async def reprocess(self, ids: Sequence[UserId]) -> Sequence[Reply]:
        """Have the group licenses of at most 20 users worked out again, once; one reply per user, in the same order."""
        ...


class TenantClient(GroupWriter, Protocol):
    """Everything a run asks of a tenant. Any verb may raise a ConnectorError, which carries its exit code."""

    traffic: Traffic

    @property
    def clock_offset_s(self) -> float | None:
        """Our clock minus the tenant's, in seconds."""
        ...

    async def sign_in(self) -> Identity:
        """Get a token and say who it speaks for."""
        ...

    async def read_organization(self) -> Organization:
        """Read who the tenant is."""
        ...

    async def read_skus(self) -> tuple[SubscribedSku, ...]:
        """Read the products."""
        ...

    async def read_subscriptions(self) -> tuple[CompanySubscription, ...]:
        """Read the purchases."""
        ...

    async def read_health(self) -> tuple[ServiceHealth, ...] | None:
        """Read the service health; None without the optional permission."""
        ...

    async def read_audit(self, app_id: str, since: datetime, until: datetime) -> tuple[AuditRecord, ...] | None:
        """Read what Entra recorded of an app's license changes; None without the optional permission."""
        ...

    async def read_tenant(self, scope: ReadScope, *, on_page: Callable[[str, int], None]) -> TenantSnapshot:
        """Read everything in scope."""
        ...

    async def find(
        self, names: Sequence[str], *, groups: bool, hidden: bool, on_page: Callable[[str, int], None]
    ) -> Sequence[Named]:
        """Look up what each name stands for, in the order asked; `hidden`: the token holds Member.Read.Hidden."""
        ...

    async def find_groups(self, names: Sequence[str]) -> Sequence[Named]:
        """Look up the groups of each id or display name, in the order asked, without their members."""
        ...

    async def read_license_groups(self, sku_ids: Sequence[SkuId], *, looked_into: int) -> LicenseGroups | None:
        """Look at the groups that assign one of the SKUs and the first members of so many; None where not allowed."""
        ...

    async def read_license_details(self, ids: Sequence[UserId]) -> Sequence[LicenseDetails | None]:
        """Read how each service of these users' licenses is provisioned; None for a user who is not there."""
        ...

    def seed_writes(self, times: Sequence[datetime]) -> None:
        """Count writes of an earlier session against the quota."""
        ...

    def granted_writes(self) -> int | None:
        """Return the writes per 150 s that the tenant has shown to grant, None where that is what is documented."""
        ...

    def expect_writes(self, per_150_s: float) -> None:
        """Begin with what an earlier session has learned of the grant."""
        ...

    def pauses(self) -> Sequence[Pause]:
        """Return what the tenant wants to be left alone with now."""
        ...

    def keep(self, pauses: Sequence[Pause]) -> None:
        """Hold back what an earlier process was asked to hold back."""
        ...


class Watcher(Protocol):
    """Somebody who is told what happens; none of it changes anything."""

    def said(self, text: str) -> None:
        """Hear one sentence."""
        ...

    def reading(self, what: str, rows: int) -> None:
        """Hear how far a read is."""
        ...

    def waiting(self, reason: str, seconds: float) -> None:
        """Hear why and how long the run waits."""
        ...

    def progress(self, progress: Progress) -> None:
        """Hear how far an apply is."""
        ...
