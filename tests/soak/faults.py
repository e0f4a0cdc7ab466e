"""Everything that goes wrong in a soak, all of it at once, from one seed; `seen` counts what came."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable

from worlds.loopback.login import HOST, Login
from worlds.loopback.rig import GRAPH
from worlds.loopback.wires import Proxy

from connectors.sandbox.api.world import World
from connectors.sandbox.tenant.model import Assignment
from connectors.sandbox.trouble.faults import FaultPlan
from connectors.sandbox.trouble.meddle import put_licenses

TARGETS = ("ENTERPRISEPACK", "ENTERPRISEPREMIUM", "SPE_E3")
RETRY_AFTERS_S = (1, 2, 2, 3, 3, 5, 8, 15)
TIMES_PER_MINUTE = {
    "token_expired": 1.5,
    "sign_in_refused": 1.0,
    "neighbor_at_the_quota": 2.0,
    "network_away": 0.8,
    "seats_taken": 0.4,
}
"""How often what no fault plan knows happens; each at least once, however short the soak."""

SEATS_TAKEN = 12
SLOW_SHARE, VERY_SLOW_SHARE = 0.06, 0.01


def fault_plan(seed: int) -> FaultPlan:
    """Return all faults of the tenant at once, each often enough to come in ten minutes and rare enough to get on."""
    return FaultPlan(
        seed=seed,
        drop_before=0.015,
        drop_after=0.02,
        unreadable=0.01,
        errors={429: 0.012, 500: 0.006, 502: 0.006, 503: 0.012, 504: 0.006},
        errors_after={500: 0.004, 502: 0.004, 503: 0.006, 504: 0.008},
        item_errors={409: 0.003, 429: 0.001, 500: 0.002, 503: 0.003, 504: 0.002},
        item_errors_after={500: 0.002, 504: 0.003},
        item_missing=0.003,
        throttled=0.002,
        throttled_applied=0.001,
        throttled_header_share=0.8,
        stale=0.1,
        stale_seconds=8.0,
        duplicate_row=0.2,
        meddle_every=40,
        meddle_kinds=("licenses", "licenses", "seats", "seats", "delete"),
        retry_after_share=0.6,
        shuffle=True,
    )


def latency(rng: random.Random, seen: Counter[str], loud: Callable[[], bool]) -> Callable[[str, int], Awaitable[None]]:
    """Return the time that the tenant takes: mostly a fraction of a second, now and then several seconds."""

    async def wait(path: str, calls: int) -> None:
        draw = rng.random()
        if not loud() or draw > SLOW_SHARE:
            await asyncio.sleep(rng.uniform(0.05, 0.25) if path == "$batch" else 0.02)
            return
        seen["slow"] += 1
        await asyncio.sleep(rng.uniform(5.0, 12.0) if draw < VERY_SLOW_SHARE else rng.uniform(1.0, 4.0))

    return wait


class Chaos:
    """What goes wrong around the tenant: tokens die, sign-in refuses, others take quota and seats, the network goes."""

    def __init__(self, world: World, proxy: Proxy, login: Login, rng: random.Random) -> None:
        self.seen: Counter[str] = Counter()
        self._world = world
        self._proxy = proxy
        self._login = login
        self._rng = rng
        self._loud = True

    async def run(self, seconds: float) -> None:
        """Let everything happen at its drawn moment, over so many seconds."""
        rng = self._rng
        moments = sorted(
            (rng.uniform(0.05, 0.95) * seconds, name)
            for name, often in TIMES_PER_MINUTE.items()
            for _ in range(max(1, round(often * seconds / 60)))
        )
        began = asyncio.get_running_loop().time()
        for at, name in moments:
            while (left := began + at - asyncio.get_running_loop().time()) > 0:
                await asyncio.sleep(min(left, 2.0))
                self._world.faults.retry_after_s = rng.choice(RETRY_AFTERS_S)
            if not self._loud:
                return
            self.seen[name] += 1
            await getattr(self, f"_{name}")()

    def calm(self) -> Counter[str]:
        """End all of it, and return what the fault plan has done."""
        self._loud = False
        self._proxy.away.clear()
        self._login.refusals.clear()
        done, self._world.faults = self._world.faults.seen, FaultPlan()
        return done

    async def _token_expired(self) -> None:
        """No token of before is taken any more, whatever its lifetime was."""
        for app in self._world.apps.values():
            app.expires_at = self._world.clock()

    async def _sign_in_refused(self) -> None:
        """The next sign-in is told to wait; a token that dies now makes somebody ask."""
        self._login.refusals.append((503, 90033, {"Retry-After": str(self._rng.choice((2, 4, 6)))}))
        await self._token_expired()

    async def _neighbor_at_the_quota(self) -> None:
        """Other apps use up what the tenant may write, so that the next writes are throttled for some seconds."""
        bucket = self._world.quota.tenant_writes
        debt = self._rng.uniform(1.0, 8.0) * bucket.capacity / bucket.seconds
        self._world.quota.outside(round(bucket.tokens + debt), self._world.clock())

    async def _seats_taken(self) -> None:
        """Somebody gives one target to people who do not have it, from the seats that were meant for the plan."""
        tenant, rng = self._world.tenant, self._rng
        sku = tenant.sku_named(rng.choice(TARGETS))
        for user in rng.sample(tenant.users, min(SEATS_TAKEN, len(tenant.users))):
            living = user.deleted_at is None and not user.restricted
            if living and sku.id not in user.profile.held and tenant.free_seats(sku) > 0:
                put_licenses(tenant, user, (*user.profile.assignments, Assignment(sku.id)), self._world.clock())

    async def _network_away(self) -> None:
        """Every connection breaks, and for some seconds there is none."""
        self._proxy.away.update((GRAPH, HOST))
        self._proxy.cut_all()
        await asyncio.sleep(self._rng.uniform(0.5, 3.0))
        self._proxy.away.clear()
