"""Lives one world through: plan, apply as often as it takes, a second apply, verify; what came of it is one Story."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from sim_disk import Disk
from sim_server import Latency, Server, Wire, Witness
from sim_world import Life, World
from stduritemplate import StdUriTemplate
from virtual_time import START, Hour, ProcessDied, VirtualClock, VirtualLoop, run_process

from connectors.catalog import Catalog, load_catalog
from connectors.errors import ConnectorError
from connectors.graph import lookups
from connectors.graph.client import PaceSettings, open_client
from connectors.sandbox.app import create_app
from connectors.sandbox.faults import FaultPlan
from connectors.sandbox.oracle import Snapshot, snapshot
from connectors.sandbox.quota import Quota
from connectors.sandbox.state import TenantState
from connectors.sandbox.world import AppIdentity
from connectors.sandbox.world import World as SandboxWorld
from jobs.license_reassignment import apply as engine
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
ROOT = "http://tenant.example/v1.0"
PROCESSES_MAX = 60
DIED = -9
CALM = Life()
Body = Callable[[Parts], Awaitable[Any]]


class Endless(AssertionError):
    """Apply did not come to its end."""


@dataclass(slots=True)
class Story:
    """What came of one world. `endings` are code and reason of every apply, DIED for a process that was killed."""

    world: World
    tenant: TenantState
    before: Snapshot
    quota: Quota
    witness: Witness
    run: RunDir
    plan: Plan
    free_seats: dict[str, int]
    endings: list[tuple[int, str]] = field(default_factory=list)
    applied: Applied | None = None
    writes_of_second_apply: int = 0
    verified: Reconciliation | None = None
    journal: journal.Head | None = None
    tampering_seen: bool = True


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
        return f"token-{sum(end <= self._hour.now for end in self._lives)}"

    async def token(self, *, fresh: bool = False) -> str:
        """Return the token held; a fresh one when the last was refused."""
        if fresh:
            self._held = self._newest()
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


def _expand(template: str, values: dict[str, Any]) -> str:
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
            return await self._with_parts(body, StoppableClock(clock, flag) if life.stopped_after else clock, flag, control)

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
                    watcher=_Nobody(),
                    tool_version="0",
                    operator="simulation",
                    host="nowhere",
                )
            )


def live(world: World) -> Story:
    """Live the world through. Raises what a user would see as a failure of ours, Endless when apply never ends."""
    fast = Path("/dev/shm")  # noqa: S108 - a file system in memory, where there is one; the folder has a name of its own
    folder = Path(tempfile.mkdtemp(prefix="reseat-world-", dir=fast if fast.is_dir() else None))
    try:
        with (
            patch.object(preparing, "render_plan_html", lambda *_: ""),
            patch.object(verifying, "render_all", lambda *_: {}),
            # Workers look around for work; on a clock that jumps, looking less often loses nothing.
            patch.object(engine, "IDLE_S", 5.0),
            patch.object(lookups, "PAGE_SIZE", world.page_size),
            # The SDK expands the same few addresses again and again, in a tenth of all the time.
            patch.object(StdUriTemplate, "expand", _expand),
        ):
            return _live(Stage(world, folder))
    finally:
        shutil.rmtree(folder)


def _live(stage: Stage) -> Story:
    before = snapshot(stage.tenant)
    free = {sku.part_number: stage.tenant.free_seats(sku) for sku in stage.tenant.skus.values()}
    planned = _plan(stage)
    story = Story(
        stage.world, stage.tenant, before, stage.sandbox.quota, stage.witness, planned.run, planned.plan, free
    )
    wave = _apply_to_the_end(stage, story)
    written = len(stage.witness.write_times)
    stage.process(lambda parts: apply_plan(parts, story.run, tenant=TENANT, wave=wave), control=story.run.path)
    story.writes_of_second_apply = len(stage.witness.write_times) - written
    stage.calm_down()
    story.verified = stage.process(lambda parts: verify(parts, story.run))
    story.journal = journal.read_journal(story.run.path, story.plan.digest)
    story.tampering_seen = _tampering_is_seen(stage, story)
    return story


def _tampering_is_seen(stage: Stage, story: Story) -> bool:
    """Change one letter inside a line that is not the last, and say whether reading the journal refuses it."""
    path = story.run.path / journal.segment_name(1)
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    if len(lines) < 3:
        return True
    number = stage.rng.randrange(len(lines) - 1)
    line = bytearray(lines[number])
    at = stage.rng.choice([i for i, byte in enumerate(line) if chr(byte).isalnum()])
    line[at] = ord("7" if chr(line[at]) != "7" else "3")
    path.write_bytes(b"".join([*lines[:number], bytes(line), *lines[number + 1 :]]))
    try:
        journal.read_journal(story.run.path, story.plan.digest)
    except GuardRefused:
        return True
    return False


def _plan(stage: Stage) -> Planned:
    planned: Planned = stage.process(lambda parts: make_plan(parts, skip_bad_rows=False))
    return planned


def _apply_to_the_end(stage: Stage, story: Story) -> str:
    """Start apply again and again until it ends with 0 or 3; returns the wave that the last one was told."""
    wave = ""
    for number in range(PROCESSES_MAX):
        life = stage.world.lives[number] if number < len(stage.world.lives) else CALM
        code, reason = _apply_once(stage, story, wave, life)
        story.endings.append((code, reason))
        if code in {ExitCode.DONE, ExitCode.PEOPLE_LEFT}:
            return wave
        if "seats" in reason:
            _buy_seats(stage.tenant)
        elif reason.startswith("wave ") or "`--wave" in reason:
            wave = story.plan.wave_names[-1]
        stage.server.pass_time(life.rest)
        stage.witness.reload(_durable_lines(story.run.path))
    raise Endless(f"{PROCESSES_MAX} processes, and no end: {story.endings}")


def _apply_once(stage: Stage, story: Story, wave: str, life: Life) -> tuple[int, str]:
    try:
        story.applied = stage.process(
            lambda parts: apply_plan(parts, story.run, tenant=TENANT, wave=wave), life, story.run.path
        )
    except ProcessDied:
        return DIED, "died"
    except (JobError, ConnectorError) as error:
        if error.exit_code == ExitCode.STOPPED or "seats are needed" in str(error):
            return error.exit_code, str(error)
        raise
    assert story.applied is not None
    return int(story.applied.code), story.applied.reason


def _buy_seats(tenant: TenantState) -> None:
    for part in ("ENTERPRISEPACK", "ENTERPRISEPREMIUM", "SPE_E3", "SPE_E5", "MCOEV"):
        tenant.sku_named(part).enabled += 40


def _durable_lines(folder: Path) -> list[bytes]:
    """Every whole line of the journal on disk."""
    found: list[bytes] = []
    for path in journal.segments(folder):
        *whole, _ = path.read_bytes().split(b"\n")
        found += whole
    return found
