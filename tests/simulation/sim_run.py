"""Lives one world through: plan, apply as often as it takes, a second apply, verify; what came of it as one Story."""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

from sim_disk import Blow, Disk
from sim_server import Latency, Server, Wire, Witness
from sim_world import Life, World
from virtual_time import START, Hour, ProcessDied, VirtualClock, VirtualLoop, run_process

from connectors.catalog import Catalog, load_catalog
from connectors.graph.client import GraphClient, PaceSettings, open_client
from connectors.sandbox.app import create_app
from connectors.sandbox.faults import FaultPlan
from connectors.sandbox.model import Subscription
from connectors.sandbox.oracle import Snapshot, snapshot
from connectors.sandbox.quota import Quota
from connectors.sandbox.state import TenantState
from connectors.sandbox.world import AppIdentity
from connectors.sandbox.world import World as SandboxWorld
from jobs.license_reassignment import journal, preparing, verifying
from jobs.license_reassignment.applying import Applied, apply_plan
from jobs.license_reassignment.apply import Progress
from jobs.license_reassignment.control import Control, StopFlag, StoppableClock
from jobs.license_reassignment.exits import ExitCode, GuardRefused, JobError
from jobs.license_reassignment.plan import Plan
from jobs.license_reassignment.ports import Parts
from jobs.license_reassignment.preparing import Planned, make_plan
from jobs.license_reassignment.reconciliation import Reconciliation
from jobs.license_reassignment.rundir import RunDir
from jobs.license_reassignment.verifying import verify

TENANT = "contoso.example"
PROCESSES_MAX = 60


class Endless(AssertionError):
    """Apply did not come to its end."""


@dataclass(slots=True)
class Story:
    """What came of one world."""

    world: World
    tenant: TenantState
    quota: Quota
    witness: Witness
    hour: Hour
    plan: Plan
    before: Snapshot
    free_before: dict[str, int]
    run: RunDir
    endings: list[tuple[int, str]] = field(default_factory=list)
    applied: Applied | None = None
    writes_of_second_apply: int = 0
    verified: Reconciliation | None = None
    seats_bought: bool = False


class _Nobody:
    """A watcher who watches nothing."""

    def said(self, text: str) -> None:
        """Hear one sentence."""

    def reading(self, what: str, rows: int) -> None:
        """Hear how far a read is."""

    def waiting(self, reason: str, seconds: float) -> None:
        """Hear why the run waits."""

    def progress(self, progress: Progress) -> None:
        """Hear how far an apply is."""


class _Tokens:
    """Tokens that are refused earlier than they promise; a fresh one works again."""

    credential = "sandbox"

    def __init__(self, lives: tuple[float, ...], hour: Hour) -> None:
        self._lives = lives
        self._hour = hour
        self._held = self._newest()

    def _newest(self) -> str:
        return _token_name(sum(end <= self._hour.now for end in self._lives))

    async def token(self, *, fresh: bool = False) -> str:
        """Return the token held; a fresh one when the last was refused."""
        if fresh:
            self._held = self._newest()
        return self._held

    async def close(self) -> None:
        """Do nothing."""


def _token_name(number: int) -> str:
    return f"token-{number}"


def _identities(world: World) -> dict[str, AppIdentity]:
    base = START.timestamp()
    ends = [*(base + life for life in world.token_lives), None]
    return {_token_name(n): AppIdentity(expires_at=end) for n, end in enumerate(ends)}


@cache
def _catalog() -> Catalog:
    return load_catalog()


@dataclass(slots=True)
class _Stage:
    """What outlives a process: the tenant and its server, the time, the run folder."""

    world: World
    hour: Hour
    sandbox: SandboxWorld
    server: Server
    witness: Witness
    folder: Path
    rng: random.Random

    def process(
        self, body: Callable[[Parts], Awaitable[Any]], life: Life = Life(), folder: Path | None = None  # noqa: B008
    ) -> Any:
        """Run one process; raises ProcessDied when it does not live to its end."""
        disk = Disk(self.witness, self.rng, life.blow)
        loop = VirtualLoop(self.hour)
        flag = StopFlag()
        # The new process knows nothing of what a former one was told to wait for.
        self.sandbox.quota._announced.clear()
        self.server.attach(loop)
        if life.killed_after is not None:
            loop.call_later(life.killed_after, _die)
        if life.stopped_after is not None:
            loop.call_later(life.stopped_after, flag.set, "SIGINT")

        async def main() -> Any:
            async with self._client(flag if life.stopped_after is not None else None) as (client, clock):
                return await body(self._parts(client, clock, flag, folder))

        with patch.object(journal, "os", disk):
            return run_process(loop, main, disk.kill)

    @contextmanager
    def _unused(self) -> Iterator[None]:
        yield

    def _client(self, flag: StopFlag | None) -> Any:
        return _open(self, flag)

    def _parts(self, client: GraphClient, clock: Any, flag: StopFlag, folder: Path | None) -> Parts:
        effective = self.world.effective(self.folder)
        share = effective.settings.pace.quota_share
        return Parts(
            tenant=client,
            clock=clock,
            catalog=_catalog(),
            effective=effective,
            control=Control(folder or self.folder, clock, flag, quota_share=share),
            watcher=_Nobody(),
            tool_version="0",
            operator="simulation",
            host="nowhere",
        )
