"""The client against the embedded tenant: what it reads and writes is compared with the tenant's own books."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from itertools import count
from typing import Any, TypeVar

import httpx
import pytest
from graph.graph_double import E3, E4
from worlds.oracle import holders, recount, snapshot
from worlds.virtual_time import JumpingClock

from connectors.changes import AddLicense, AssignGroupLicense, AssignLicense, Reply, Verdict
from connectors.clock import SystemClock
from connectors.errors import PermissionMissing
from connectors.graph.client import GraphClient, PaceSettings, open_client
from connectors.graph.sign_in.token import FixedToken
from connectors.sandbox.api.world import AppIdentity
from connectors.sandbox.app import create_app
from connectors.sandbox.sample.seed import generate
from connectors.sandbox.server import serve
from connectors.sandbox.tenant.model import Assignment
from connectors.sandbox.tenant.state import TenantState
from connectors.sandbox.trouble.faults import FaultPlan
from connectors.sandbox.trouble.quota import Quota
from connectors.tenant import GroupId, LicenseAssignment, PlanId, ReadScope, SkuId, TenantSnapshot, UserId

T = TypeVar("T")
SCOPE = ReadScope((E4, E3), (E4,))


class World:
    """A tenant, what goes wrong in it, and a client in the same process on the same virtual clock."""

    def __init__(
        self, users: int = 1200, *, faults: FaultPlan | None = None, apps: dict[str, AppIdentity] | None = None
    ) -> None:
        self.tenant: TenantState = generate(users, 7)
        self.clock = JumpingClock()
        self.quota = Quota()
        self.faults = faults or FaultPlan()
        self.app = create_app(
            self.tenant,
            clock=lambda: self.clock.now().timestamp(),
            faults=self.faults,
            quota=self.quota,
            apps=apps,
        )

    def run(self, work: Callable[[GraphClient], Coroutine[Any, Any, T]], app: str = "sandbox-token") -> T:
        """Do the work with a client."""
        numbers = count(1)

        async def inside() -> T:
            client = open_client(
                root="http://127.0.0.1:8080/v1.0",
                tokens=FixedToken(app),
                clock=self.clock,
                pace=PaceSettings(3000, lambda: 0.9, 3600),
                on_wait=lambda _reason, _seconds: None,
                transport=httpx.ASGITransport(self.app),
                new_id=lambda: f"00000000-0000-4000-8000-{next(numbers):012d}",
                dice=lambda: 0.5,
            )
            async with client:
                return await work(client)

        return asyncio.run(inside())


def read(client: GraphClient, scope: ReadScope = SCOPE) -> Coroutine[Any, Any, TenantSnapshot]:
    """Read the tenant and tell nobody."""
    return client.read_tenant(scope, on_page=lambda _what, _rows: None)


def assignments(found: TenantSnapshot) -> dict[str, tuple[LicenseAssignment, ...]]:
    """Reduce a snapshot to who holds what."""
    numbers = zip(found.users["id"], found.users["profile"], strict=True)
    return {user_id: found.profiles[number].assignments for user_id, number in numbers}


def books(tenant: TenantState) -> dict[str, tuple[LicenseAssignment, ...]]:
    """Say what the tenant itself knows of the holders."""
    return {
        user_id: tuple(sorted(own(a) for a in held))
        for user_id, held in snapshot(tenant).items()
        if {E4, E3} & {a.sku for a in held}
    }


def own(held: Assignment) -> LicenseAssignment:
    """Put the tenant's word into ours."""
    error = "" if held.error == "None" else held.error
    off = tuple(PlanId(plan) for plan in sorted(held.off))
    return LicenseAssignment(SkuId(held.sku), held.group, off, held.state, error)


def test_a_snapshot_is_what_the_tenant_holds() -> None:
    """Holders, assignments, seats, groups and the recycle bin agree with the tenant's own books."""
    world = World()
    found = world.run(read)

    assert books(world.tenant) == assignments(found)
    assert recount(world.tenant)[E4] == next(s.consumed for s in found.skus if s.sku_id == E4)
    assert found.stable
    assert sorted(u.id for u in world.tenant.deleted()) == sorted(u.id for u in found.deleted_users)
    assert sum(E4 in g.licenses for g in world.tenant.groups.values()) == len(found.groups)
    assert all(frozenset(world.tenant.groups[g.id].members) == g.direct_members for g in found.groups)
    assert [] == list(world.tenant.strange_calls)


FAULTS = [
    FaultPlan(seed=1, drop_before=0.1, drop_after=0.1),
    FaultPlan(seed=2, errors={500: 0.05, 502: 0.05, 503: 0.1, 504: 0.05, 429: 0.05}),
    FaultPlan(seed=3, throttled=0.2, unreadable=0.1),
    FaultPlan(seed=4, empty_page=0.3, duplicate_row=0.5),
    FaultPlan(seed=5, item_errors={503: 0.1, 500: 0.1, 429: 0.1}, item_missing=0.1),
]


@pytest.mark.parametrize("faults", FAULTS, ids=["drops", "errors", "throttled", "pages", "items"])
def test_faults_change_nothing_in_what_is_read(faults: FaultPlan) -> None:
    """However the tenant stumbles, the snapshot is the same and no Retry-After is ignored."""
    world = World(faults=faults)
    ids = [UserId(user_id) for user_id in sorted(holders(world.tenant, E4))[:200]]

    async def work(client: GraphClient) -> tuple[TenantSnapshot, dict[str, tuple[LicenseAssignment, ...]]]:
        found = await read(client)
        return found, {u.id: u.profile.assignments for u in await client.read_users(ids)}

    found, singles = world.run(work)

    expected = books(world.tenant)

    assert expected == assignments(found)
    assert {user_id: expected[user_id] for user_id in ids} == singles
    assert [] == world.quota.violations
    assert faults.seen.total() > 0


def test_license_details_come_in_the_order_asked() -> None:
    """By product the status of each service; None for a user who is not there; two resource units each."""
    world = World(100)
    ids = [UserId(user_id) for user_id in sorted(holders(world.tenant, E4))[:30]]
    nobody = UserId("11111111-1111-4111-8111-111111111111")

    found = world.run(lambda client: client.read_license_details([*ids[:25], nobody, *ids[25:]]))

    assert found[25] is None
    for user_id, details in zip(ids, [*found[:25], *found[26:]], strict=True):
        user = world.tenant.user(user_id)
        assert user is not None
        assert details is not None
        assert set(details) == set(user.profile.held)
        on = {plan for plans in details.values() for plan, status in plans.items() if status == "Success"}
        assert on == user.profile.plans_on(world.tenant.skus)
    assert [] == world.quota.violations


def test_a_link_in_a_circle_is_walked_anew() -> None:
    """One bad link costs a walk, not a user."""
    world = World(2500)
    world.faults.force("repeat_link")

    assert books(world.tenant) == assignments(world.run(read))
    assert {"repeat_link": 1} == dict(world.faults.seen)


WRITE_FAULTS = [
    FaultPlan(seed=1),
    FaultPlan(seed=2, drop_before=0.1, drop_after=0.1),
    FaultPlan(seed=3, errors={500: 0.1, 503: 0.1, 429: 0.1}, errors_after={500: 0.1, 504: 0.1}),
    FaultPlan(seed=4, item_errors={500: 0.1, 503: 0.1, 409: 0.05}, item_errors_after={504: 0.1}, item_missing=0.1),
    FaultPlan(seed=5, throttled=0.1, unreadable=0.1),
]


@pytest.mark.parametrize("faults", WRITE_FAULTS, ids=["calm", "drops", "errors", "items", "throttled"])
def test_no_reply_claims_more_than_the_tenant_knows(faults: FaultPlan) -> None:
    """Applied was applied, refused and retry were not; everything else is a doubt."""
    world = World(faults=faults)
    before = books(world.tenant).items()
    plain = [UserId(u) for u, held in before if {a.sku_id for a in held} == {E4} and all(a.direct for a in held)][:400]

    async def work(client: GraphClient) -> list[Reply]:
        replies: list[Reply] = []
        for start in range(0, len(plain), 20):
            batch = [AssignLicense(u, (AddLicense(E3),), (E4,)) for u in plain[start : start + 20]]
            await client.write_turn(len(batch))
            replies += await client.assign(batch)
        return replies

    replies = world.run(work)
    now = books(world.tenant)
    moved = {u for u in plain if {a.sku_id for a in now[u]} == {E3}}

    assert plain == [r.id for r in replies]
    assert {r.id for r in replies if r.verdict is Verdict.APPLIED} <= moved
    assert set() == moved & {r.id for r in replies if r.verdict in {Verdict.REFUSED, Verdict.RETRY}}
    assert moved <= {r.id for r in replies if r.verdict in {Verdict.APPLIED, Verdict.IN_DOUBT}}
    assert [] == world.quota.violations
    assert world.quota.busiest(150) <= 3000
    assert [] == list(world.tenant.strange_calls)


def test_an_app_without_the_permission_is_told_which() -> None:
    """The tenant's refusal becomes the name of what is missing."""
    world = World(50, apps={"poor": AppIdentity("app", "poor", frozenset({"User.Read.All"}))})

    with pytest.raises(PermissionMissing) as caught:
        world.run(read, app="poor")
    assert "Organization.Read.All" == caught.value.permission


@pytest.mark.socket
def test_it_is_the_same_over_a_real_socket() -> None:
    """A connection that breaks in mid-answer is a doubt for writes and a second question for reads."""
    tenant, faults = generate(300, 7), FaultPlan()
    server = serve(create_app(tenant, clock=lambda: SystemClock().now().timestamp(), faults=faults))
    expected = books(tenant)

    async def work() -> tuple[TenantSnapshot, list[Verdict]]:
        client = open_client(
            root=server.url,
            tokens=FixedToken(),
            clock=SystemClock(),
            pace=PaceSettings(3000, lambda: 0.9, 60),
            on_wait=lambda _reason, _seconds: None,
            dice=lambda: 0.0,
        )
        async with client:
            faults.force("drop_after")
            found = await read(client)
            batch = [AssignLicense(UserId(u), (AddLicense(E3),), (E4,)) for u in sorted(expected)[:3]]
            faults.force("drop_before")
            await client.write_turn(3)
            return found, [r.verdict for r in await client.assign(batch)]

    try:
        found, verdicts = asyncio.run(work())
    finally:
        server.stop()

    assert expected == assignments(found)
    assert [Verdict.IN_DOUBT] * 3 == verdicts


GROUP_FAULTS = [
    FaultPlan(seed=1),
    FaultPlan(seed=2, drop_before=0.2, drop_after=0.2),
    FaultPlan(seed=3, errors={500: 0.1, 503: 0.2, 429: 0.1}, errors_after={500: 0.1, 504: 0.2}),
    FaultPlan(seed=4, throttled=0.2, throttled_applied=0.1, unreadable=0.2),
    FaultPlan(seed=5, item_errors={503: 0.1, 500: 0.1}, item_missing=0.1, duplicate_row=0.5),
]


@pytest.mark.parametrize("faults", GROUP_FAULTS, ids=["calm", "drops", "errors", "throttled", "items"])
def test_no_reply_about_a_group_claims_more_than_the_tenant_knows(faults: FaultPlan) -> None:
    """Accepted was accepted, one write at most went out for each try, and its members are read as they become."""
    world = World(faults=faults)
    ids = [GroupId(key) for key, group in world.tenant.groups.items() if E4 in group.licenses]

    async def work(client: GraphClient) -> list[tuple[Reply, int]]:
        found = []
        for group_id in ids:
            await client.write_turn(1)
            sent = client.traffic.writes
            reply = await client.assign_group(AssignGroupLicense(group_id, (AddLicense(E3),), (E4,)))
            found.append((reply, client.traffic.writes - sent))
        world.clock.seconds += 600
        for read in await client.read_groups(ids):
            group = world.tenant.groups[read.id]
            assert set(group.licenses) == {given.sku_id for given in read.licenses}
            members = await client.read_direct_members(read.id)
            assert members is not None
            assert set(group.members) == {m.id for m in members}
            expected = snapshot(world.tenant)
            assert all(tuple(sorted(own(a) for a in expected[m.id])) == m.profile.assignments for m in members)
        return found

    told = world.run(work)
    moved = {w.target for w in world.tenant.write_log if w.kind == "group" and w.status == 202}

    assert ids
    assert all(sent <= 1 for _, sent in told)
    assert {r.id for r, _ in told if r.verdict is Verdict.APPLIED} <= moved
    assert set() == moved & {r.id for r, _ in told if r.verdict is Verdict.REFUSED}
    assert {r.reason for r, _ in told if r.id in moved} <= {
        "",
        "lost_reply",
        "server_error",
        "unavailable",
        "throttled",
    }
    assert [] == world.quota.violations
    assert [] == list(world.tenant.strange_calls)
