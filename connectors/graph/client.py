"""The verbs that the job knows of Microsoft Graph: sign in, read, assign; patient, paced, and honest about doubts."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Self
from uuid import uuid4

import httpx

from connectors.audit_log import AuditRecord
from connectors.changes import AssignGroupLicense, Pause, Reply, Traffic, UserRequest
from connectors.clock import Clock
from connectors.errors import Malformed, PermissionMissing
from connectors.graph import writes
from connectors.graph.channel import Channel
from connectors.graph.pace import PaceSettings
from connectors.graph.reads import audit
from connectors.graph.reads.groups import read_license_groups, read_licenses, read_members
from connectors.graph.reads.names import find, find_groups
from connectors.graph.reads.reader import Reader
from connectors.graph.reads.scan import read_tenant
from connectors.graph.sign_in.token import TokenSource, identity
from connectors.graph.transport import BODY_BYTES_MAX, open_http, trust
from connectors.graph.turns import Kind, Turns
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

__all__ = ["GraphClient", "PaceSettings", "open_client"]


class GraphClient:
    """One tenant behind Graph.

    Every verb may raise WaitBudgetSpent or NetworkAway (continue later), Unauthorized, PermissionMissing or Malformed
    (a person must act), and whatever the clock raises to end a wait.
    """

    def __init__(self, channel: Channel, turns: Turns, credential: str) -> None:
        self.traffic: Traffic = channel.traffic
        self._channel = channel
        self._turns = turns
        self._credential = credential

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._channel.close()

    @property
    def clock_offset_s(self) -> float | None:
        """Our clock minus Graph's in seconds, as of the last answer; None before the first."""
        return self._channel.clock_offset_s

    async def sign_in(self) -> Identity:
        """Get a token and say who it speaks for."""
        return identity(await self._channel.bearer.sign_in(), self._credential)

    async def read_organization(self) -> Organization:
        """Read who the tenant is."""
        return await Reader(self._channel).organization()

    async def read_skus(self) -> tuple[SubscribedSku, ...]:
        """Read the products of the tenant, sorted by id."""
        return await Reader(self._channel).skus()

    async def read_subscriptions(self) -> tuple[CompanySubscription, ...]:
        """Read the purchases of the tenant, sorted by id."""
        return await Reader(self._channel).subscriptions()

    async def read_health(self) -> tuple[ServiceHealth, ...] | None:
        """Read the service health; None where the optional permission is missing, or the answer cannot be used.

        A cloud may have none, and what is optional stops nobody: the reads that matter meet the same network.
        """
        try:
            return await Reader(self._channel).health()
        except (PermissionMissing, Malformed):
            return None

    async def read_audit(self, app_id: str, since: datetime, until: datetime) -> tuple[AuditRecord, ...] | None:
        """Read the license changes of an app ("" for all) that Entra recorded between two moments.

        Returns None where the optional permission is missing, or where the cloud has no such log or refuses to be asked
        for it: no verification fails for want of a witness. Records appear some minutes after the change, and Microsoft
        keeps them for 7 or 30 days.
        """
        try:
            return await audit.read_audit(Reader(self._channel), app_id, since, until)
        except (PermissionMissing, Malformed):
            return None

    async def read_tenant(self, scope: ReadScope, *, on_page: Callable[[str, int], None]) -> TenantSnapshot:
        """Read everything in `scope`; `on_page` hears the name of a collection and its rows so far."""
        return await read_tenant(self._channel, scope, on_page)

    async def find(
        self, names: Sequence[str], *, groups: bool, hidden: bool, on_page: Callable[[str, int], None]
    ) -> tuple[Named, ...]:
        """Look up what each name stands for: users, and where there is none, groups unless `groups` is off.

        `hidden` says that the token holds Member.Read.Hidden; `on_page` hears how far the members are read.
        """
        return await find(Reader(self._channel, on_page), names, groups=groups, hidden=hidden)

    async def find_groups(self, names: Sequence[str]) -> tuple[Named, ...]:
        """Look up the groups of each id or display name, without their members; several may have one name."""
        return await find_groups(Reader(self._channel), names)

    async def read_license_groups(self, sku_ids: Sequence[SkuId], *, looked_into: int) -> LicenseGroups | None:
        """Look at the groups that assign one of the SKUs, and at the first members of so many of them.

        Returns None where the permission is missing, or the answer cannot be used.
        """
        return await read_license_groups(Reader(self._channel), sku_ids, looked_into)

    async def read_groups(self, ids: Sequence[GroupId]) -> tuple[GroupRead, ...]:
        """Read what these groups hand out now, in the order asked; `found` is False for one that does not exist."""
        return await read_licenses(Reader(self._channel), ids)

    async def read_direct_members(self, group_id: GroupId) -> tuple[UserRead, ...] | None:
        """Read the users right inside a group as they are now, in no order; None when the group does not exist.

        Hidden members are left out without the permission Member.Read.Hidden.
        """
        return await read_members(Reader(self._channel), group_id)

    async def read_users(self, ids: Sequence[UserId]) -> tuple[UserRead, ...]:
        """Read these users as they are now, in the order asked; `found` is False for one that does not exist."""
        return await Reader(self._channel).users(ids)

    async def read_license_details(self, ids: Sequence[UserId]) -> tuple[LicenseDetails | None, ...]:
        """Read how the service plans of these users are provisioned, in the order asked; None for one not found."""
        return await Reader(self._channel).license_details(ids)

    async def write_turn(self, n: int) -> None:
        """Return when `n` changes may be sent at once, within the quota, nothing being closed; the turn is then taken.

        A turn is used by one `assign` of `n` changes. An `n` above the burst of the quota (20, less for a small
        quota) waits for a full bucket and leaves a debt.
        """
        await self._channel.bearer.sign_in()
        await self._turns.take(Kind.WRITE, n)

    async def assign(self, batch: Sequence[UserRequest]) -> tuple[Reply, ...]:
        """Send at most 20 changes of different users in one `$batch`, once; one reply each, in the same order.

        Never waits and never repeats a change. A turn that was not used, because writes were closed since, is given
        back and told as RETRY with the reason "not_sent".
        """
        return await writes.assign(self._channel, batch)

    async def assign_group(self, change: AssignGroupLicense) -> Reply:
        """Send the change of one group, once, at a turn of 1; APPLIED says that Graph has accepted it (202).

        Never waits and never repeats, as `assign`. Its members follow in the background.
        """
        return await writes.assign_group(self._channel, change)

    async def reprocess(self, ids: Sequence[UserId]) -> tuple[Reply, ...]:
        """Have the group licenses of at most 20 users worked out again, once, at a turn of as many; as `assign`.

        Microsoft's page "user: reprocessLicenseAssignment" asks for User.ReadWrite.All, which the permission to change
        licenses does not cover.
        """
        return await writes.reprocess(self._channel, ids)

    def seed_writes(self, times: Sequence[datetime]) -> None:
        """Count these writes of an earlier channel against the quota."""
        self._turns.seed_writes(times)

    def granted_writes(self) -> int | None:
        """Return the writes per 150 s that Graph has shown to grant, None where that is what it documents."""
        return self._turns.granted_writes()

    def expect_writes(self, per_150_s: float) -> None:
        """Begin with what an earlier process has learned that Graph grants."""
        self._turns.expect(per_150_s)

    def pauses(self) -> tuple[Pause, ...]:
        """Return what Graph or the identity provider wants to be left alone with now, and until when."""
        return self._turns.pauses()

    def keep(self, pauses: Sequence[Pause]) -> None:
        """Send nothing that an earlier process was asked to hold back; what is over already is ignored."""
        self._turns.keep(pauses)


def open_client(
    *,
    root: str,
    tokens: TokenSource,
    clock: Clock,
    pace: PaceSettings,
    on_wait: Callable[[str, float], None],
    transport: httpx.AsyncBaseTransport | None = None,
    ca_bundle: str | None = None,
    body_bytes_max: int = BODY_BYTES_MAX,
    new_id: Callable[[], object] = uuid4,
    dice: Callable[[], float] = random.random,
) -> GraphClient:
    """Return a client for the Graph at `root`, such as https://graph.microsoft.com/v1.0; nothing is sent yet.

    `on_wait` hears the reason and the seconds before each wait. `dice` gives numbers in [0, 1) that spread back-off.
    Of an answer at most `body_bytes_max` bytes are read. Raises UnusableVariable.
    """
    # A transport that is given has no use for certificates, and reading them takes a while.
    verify = trust(ca_bundle) if transport is None else True
    traffic = Traffic()
    turns = Turns(pace, clock, on_wait, traffic, dice)
    channel = Channel(
        root=root,
        tokens=tokens,
        clock=clock,
        turns=turns,
        traffic=traffic,
        new_id=new_id,
        http=open_http(root, transport=transport, verify=verify, body_bytes_max=body_bytes_max),
    )
    return GraphClient(channel, turns, tokens.credential)
