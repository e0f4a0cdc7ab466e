"""The tenant's process: Graph, Entra and a proxy on loopback with all faults; obeys lines of JSON until its input ends.

Arguments are one JSON document: `folder` (where the evidence goes), `seed`, `users`, `seconds`, `writes_per_150_s`.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
from soak.faults import Chaos, fault_plan, latency
from soak.wire import Recorder
from worlds.loopback.login import ALL_ROLES, APP_ID, HOST, Login
from worlds.loopback.rig import GRAPH
from worlds.loopback.wires import Proxy, certificates, https_server, listener
from worlds.oracle import snapshot

from connectors.sandbox.api.world import AppIdentity
from connectors.sandbox.app import create_app
from connectors.sandbox.sample.seed import TARGETS, TENANT_ID, generate
from connectors.sandbox.tenant.model import Assignment
from connectors.sandbox.trouble.quota import REPORTS_PER_10_S, WRITES_PER_150_S, Quota

HEARTBEAT_S = 0.05
ROLES = (*ALL_ROLES, "AuditLog.Read.All")


class Stage:
    """The tenant with everything around it, and what the soak may ask of it; all in one event loop."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.folder = Path(told["folder"])
        self.seconds, self.seed = float(told["seconds"]), int(told["seed"])
        self.tenant = generate(told["users"], self.seed)
        self.tenant.knobs.consumed_lag_seconds = 3.0
        self.before = snapshot(self.tenant)
        self.lag = 0.0
        self.slow: Counter[str] = Counter()
        self._helpers: list[asyncio.Task[None]] = []
        self.done: dict[str, int] = {}
        self._log = (self.folder / "wire.jsonl").open("wb")
        graph, entra, self.middle = (listener() for _ in range(3))
        self.proxy = Proxy({GRAPH: graph.getsockname()[1], HOST: entra.getsockname()[1]})
        self.login = Login(tenants={TENANT_ID}, roles=ROLES, issued=self._issued)
        rng = random.Random(self.seed ^ 0x50AC)
        quota = Quota(scale=told["writes_per_150_s"] / WRITES_PER_150_S)
        quota.reports.capacity = REPORTS_PER_10_S
        app = create_app(
            self.tenant,
            clock=time.time,
            quota=quota,
            latency=latency(random.Random(rng.random()), self.slow, lambda: not self.done),
            token="unused",
        )
        app.state.cut = self.proxy.cut
        self.world = app.state.world
        self.chaos = Chaos(self.world, self.proxy, self.login, rng)
        self.recorder = Recorder(app, self._log, self.proxy.whose)
        self.bundle, served = certificates(self.folder, (GRAPH, HOST))
        self.servers = [
            (https_server(self.recorder, served), graph),
            (https_server(Recorder(self.login.app(), self._log, self.proxy.whose, signs_in=True), served), entra),
        ]

    def _issued(self, token: str, roles: tuple[str, ...]) -> None:
        self.world.apps[token] = AppIdentity(APP_ID, "reseat", frozenset(roles))

    async def run(self) -> None:
        """Serve until the input ends."""
        tasks = [asyncio.create_task(server.serve(sockets=[where])) for server, where in self.servers]
        proxy = await asyncio.start_server(self.proxy.serve, sock=self.middle)
        self._helpers.append(asyncio.create_task(self._heartbeat()))
        while not all(server.started for server, _ in self.servers):
            await asyncio.sleep(HEARTBEAT_S)
        _say({"proxy": self.middle.getsockname()[1], "bundle": str(self.bundle), "tenant_id": TENANT_ID})
        while line := await asyncio.to_thread(sys.stdin.readline):
            order = json.loads(line)
            _say(getattr(self, order.pop("do"))(**order))
        for server, _ in self.servers:
            server.should_exit = server.force_exit = True
        for helper in self._helpers:
            helper.cancel()
        proxy.close()
        await asyncio.gather(*tasks, *self._helpers, return_exceptions=True)
        self._log.close()

    async def _heartbeat(self) -> None:
        """Measure how late this process may see a request: the longest that its loop was busy with other things."""
        while True:
            asked = time.monotonic()
            await asyncio.sleep(HEARTBEAT_S)
            self.lag = max(self.lag, time.monotonic() - asked - HEARTBEAT_S)

    def storm(self) -> dict[str, Any]:
        """Begin with everything that goes wrong, in the tenant and around it."""
        self.world.faults = fault_plan(self.seed)
        self._helpers.append(asyncio.create_task(self.chaos.run(self.seconds)))
        return {}

    def count(self) -> dict[str, Any]:
        """Say how far the app is: users it changed, and for how long writes are still asked to wait."""
        ours = {r.target for r in self.tenant.write_log if r.actor == APP_ID and r.before is not r.after}
        self._log.flush()
        return {"changed": len(ours), "write_wait_s": max(0.0, self.recorder.write_wait_until - time.time())}

    def tighten(self, planned: dict[str, list[str]], spare: int) -> dict[str, Any]:
        """Leave the seats that these users (id -> products to add) need, and so many more of each product."""
        needed = dict.fromkeys(self._targets(), 0)
        for user_id, skus in planned.items():
            user = self.tenant.user(user_id)
            for sku in skus:
                needed[sku] += user is None or sku not in user.profile.held
        for sku, seats in needed.items():
            self.tenant.skus[sku].enabled = self.tenant.consumed(sku) + seats + spare
        return {"needed": needed}

    def buy(self, seats: int) -> dict[str, Any]:
        """Somebody buys seats, after others took some that were meant for the plan."""
        for sku in self._targets():
            self.tenant.skus[sku].enabled += seats
        return {}

    def _targets(self) -> list[str]:
        return [self.tenant.sku_named(name).id for name in (*TARGETS, "MCOEV")]

    def calm(self) -> dict[str, Any]:
        """End all faults."""
        self.done = dict(self.chaos.calm())
        return {}

    def dump(self) -> dict[str, Any]:
        """Write down what the tenant knows: who held what before and holds now, and every write in between."""
        self._log.flush()
        after = snapshot(self.tenant)
        document = {
            "app": APP_ID,
            "products": {sku.id: sku.part_number for sku in self.tenant.skus.values()},
            "consumed": {sku: self.tenant.consumed(sku) for sku in self.tenant.skus},
            "names": {user.id: user.upn for user in self.tenant.users},
            "before": {user: _plain(held) for user, held in self.before.items()},
            "after": {user: _plain(held) for user, held in after.items()},
            "log": [
                {
                    "at": r.at, "actor": r.actor, "kind": r.kind, "user": r.target, "status": r.status, "add": r.add,
                    "remove": r.remove, "message": r.message, "request_id": r.request_id,
                    "before": r.before and _plain(r.before.assignments),
                    "after": r.after and _plain(r.after.assignments),
                }
                for r in self.tenant.write_log
            ],
            "faults": {**self.done, **self.chaos.seen, **self.slow},
            "strange": self.tenant.strange_calls,
            "lag_s": self.lag,
            "cuts": list(self.proxy.cuts.items()),
        }  # fmt: skip
        (self.folder / "tenant.json").write_bytes(orjson.dumps(document))
        return {}


def _plain(assignments: tuple[Assignment, ...]) -> list[Any]:
    return [list(a) for a in assignments]


def _say(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(Stage(json.loads(sys.argv[1])).run())
