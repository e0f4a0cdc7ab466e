"""What outlives a process in these worlds, and how one process runs: real client, real job, virtual time."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from simulation.disk import Disk
from simulation.server import Latency, Server, Wire, Witness
from simulation.world import Life, World
from stduritemplate import StdUriTemplate
from worlds.listener import Listener
from worlds.virtual_time import START, Hour, ProcessDied, VirtualClock, VirtualLoop, run_process

from connectors.catalog.products import Catalog, load_catalog
from connectors.graph.client import PaceSettings, open_client
from connectors.sandbox.api.world import AppIdentity
from connectors.sandbox.api.world import World as SandboxWorld
from connectors.sandbox.app import create_app
from connectors.sandbox.trouble.faults import FaultPlan
from connectors.sandbox.trouble.quota import Quota
from jobs.license_reassignment.apply.control import Control, StopFlag, StoppableClock
from jobs.license_reassignment.commands.shared.parts import Parts
from jobs.license_reassignment.run_folder import journal

ROOT = "http://tenant.example/v1.0"
CALM = Life()
Body = Callable[[Parts], Awaitable[Any]]


class _Tokens:
    """Tokens that are refused earlier than they promise; a fresh one works again."""

    credential = "sandbox"

    def __init__(self, lives: tuple[float, ...], hour: Hour) -> None:
        self._lives = lives
        self._hour = hour
        self._held = self._newest()

    def _newest(self) -> str:
        return f"token-{sum(end <= self._hour.now for end in self._lives)}"

    async def token(self, *, fresh: bool = False) -> str:
        """Return the token held; a fresh one when the last was refused."""
        if fresh:
            self._held = self._newest()
        return self._held

    def in_hand(self) -> str:
        """Return the token held."""
        return self._held

    async def close(self) -> None:
        """Do nothing."""


def _identities(world: World) -> dict[str, AppIdentity]:
    ends = [*(START.timestamp() + life for life in world.token_lives), None]
    return {f"token-{n}": AppIdentity(expires_at=end) for n, end in enumerate(ends)}


@cache
def _catalog() -> Catalog:
    return load_catalog()


_real_expand = StdUriTemplate.expand


@cache
def _expanded(template: str, _key: str, values: _Same) -> str:
    return str(_real_expand(template, values.values))


class _Same:
    """Parameters of an address; equal as far as a cache is concerned, for their text is part of its key."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same)

    def __hash__(self) -> int:
        return 0


def expand_from_memory(template: str, values: dict[str, Any]) -> str:
    """Expand an address, from memory where it was expanded before."""
    return _expanded(template, repr(values), _Same(values))


def _die() -> None:
    raise ProcessDied


class Stage:
    """What outlives a process: the tenant and its server, the time, the folder of runs."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self.folder = folder
        self.hour = Hour()
        self.rng = random.Random(world.seed)
        self.tenant = world.tenant()
        app = create_app(
            self.tenant,
            clock=lambda: START.timestamp() + self.hour.now,
            faults=world.fault_plan(),
            quota=Quota(scale=world.quota_scale),
            latency=Latency(self.rng, world.slow),
            apps=_identities(world),
        )
        self.sandbox: SandboxWorld = app.state.world
        self.witness = Witness(self.hour, self._takes)
        self.server = Server(app, self.hour, self.witness)
        if world.location_lag is not None:
            (folder / "roster.csv").write_text(world.roster(self.tenant), encoding="utf-8")
        self.effective = world.effective(folder)

    def _takes(self, token: str) -> bool:
        app = self.sandbox.apps.get(token)
        return app is not None and not app.expired(self.sandbox.clock())

    def calm_down(self) -> None:
        """From now on nothing goes wrong, and nobody else does anything."""
        self.server.settle()
        self.sandbox.faults = FaultPlan(seed=self.world.seed)

    def process(self, body: Body, life: Life = CALM, control: Path | None = None) -> Any:
        """Run one process; raises ProcessDied when it does not live to its end."""
        loop, flag = VirtualLoop(self.hour), StopFlag()
        disk = Disk(self.witness, self.rng, life.blow)
        # A new process cannot know what a dead one was told to wait for.
        self.sandbox.quota._announced.clear()
        self.server.attach(loop)
        if life.killed_after is not None:
            loop.call_later(life.killed_after, _die)
        if life.stopped_after is not None:
            loop.call_later(life.stopped_after, flag.set, "SIGINT")

        async def main() -> Any:
            clock = VirtualClock(self.hour)
            return await self._with_parts(
                body, StoppableClock(clock, flag) if life.stopped_after else clock, flag, control
            )

        try:
            with patch.object(journal, "os", disk):
                return run_process(loop, main, disk.kill)
        finally:
            self.server.detach()

    async def _with_parts(self, body: Body, clock: Any, flag: StopFlag, control: Path | None) -> Any:
        pace = self.effective.settings.pace
        steering = Control(control or self.folder, clock, flag, quota_share=pace.quota_share)
        client = open_client(
            root=ROOT,
            tokens=_Tokens(self.world.token_lives, self.hour),
            clock=clock,
            pace=PaceSettings(pace.writes_per_150_s, steering.quota_share, pace.wait_minutes_max * 60),
            on_wait=lambda _reason, _seconds: None,
            transport=Wire(self.server),
            dice=self.rng.random,
        )
        async with client:
            return await body(
                Parts(
                    tenant=client,
                    clock=clock,
                    catalog=_catalog(),
                    effective=self.effective,
                    control=steering,
                    watcher=Listener(),
                    tool_version="0",
                    operator="simulation",
                    host="nowhere",
                )
            )
