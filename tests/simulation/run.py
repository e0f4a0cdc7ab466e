"""Lives one world through: plan, apply as often as it takes, a second apply, verify; what came of it is one Story."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from unittest.mock import patch

import pandas as pd
from simulation.groups import DAY_S, free_groups
from simulation.server import Witness
from simulation.stage import CALM, Stage, expand_from_memory
from simulation.world import Life, World
from stduritemplate import StdUriTemplate
from worlds.oracle import Snapshot, snapshot
from worlds.virtual_time import ProcessDied

from connectors.errors import ConnectorError
from connectors.graph.reads import lookups
from connectors.sandbox.licensing.rules import Change
from connectors.sandbox.tenant.state import TenantState
from connectors.sandbox.trouble.quota import Quota
from connectors.tenant import TenantSnapshot
from jobs.license_reassignment.apply import engine
from jobs.license_reassignment.commands.apply import Applied, apply_plan
from jobs.license_reassignment.commands.plan import make_plan
from jobs.license_reassignment.commands.shared import new_plan, reports
from jobs.license_reassignment.commands.shared.new_plan import Planned
from jobs.license_reassignment.commands.verify import verify
from jobs.license_reassignment.errors import ExitCode, GuardRefused, JobError
from jobs.license_reassignment.model.plan import Plan, change_of, split
from jobs.license_reassignment.reconcile.reconciliation import Reconciliation
from jobs.license_reassignment.run_folder import journal, load, plan_files, snapshot_files
from jobs.license_reassignment.run_folder.folder import RunDir

TENANT = "contoso.example"
PROCESSES_MAX = 60
DIED = -9


class Endless(AssertionError):
    """Apply did not come to its end."""


@dataclass(slots=True)
class Story:
    """What came of one world. `endings` are code and reason of every apply, DIED for a process that was killed.

    `planned` is what the plan asks of the tenant for each user, `groups` for each group, and `members` says with which
    groups a user changes. `groups_before` is what each group carried, `members_before` who was right inside.
    """

    world: World
    tenant: TenantState
    before: Snapshot
    quota: Quota
    witness: Witness
    run: RunDir
    plan: Plan
    planned: dict[str, Change]
    groups: dict[str, Change]
    members: dict[str, tuple[str, ...]]
    free_seats: dict[str, int]
    groups_before: dict[str, dict[str, tuple[str, ...]]]
    members_before: dict[str, frozenset[str]]
    endings: list[tuple[int, str]] = field(default_factory=list)
    applied: Applied | None = None
    writes_of_second_apply: int = 0
    verified: Reconciliation | None = None
    journal: journal.Head | None = None
    tampering_seen: bool = True


def live(world: World) -> Story:
    """Live the world through. Raises what a user would see as a failure of ours, Endless when apply never ends."""
    fast = Path("/dev/shm")  # noqa: S108 - a file system in memory, where there is one; the folder has a name of its own
    folder = Path(tempfile.mkdtemp(prefix="reseat-world-", dir=fast if fast.is_dir() else None))
    try:
        with (
            patch.object(new_plan, "render_plan_html", lambda *_: ""),
            patch.object(reports, "render_all", lambda *_: {}),
            # Workers look around for work; on a clock that jumps, looking less often loses nothing.
            patch.object(engine, "IDLE_S", 5.0),
            patch.object(engine, "NAP_S", 5.0),
            patch.object(lookups, "PAGE_SIZE", world.page_size),
            # The SDK expands the same few addresses again and again, in a tenth of all the time.
            patch.object(StdUriTemplate, "expand", expand_from_memory),
            # Strings of tables with some dozen rows cost less outside Arrow; they behave the same.
            pd.option_context("mode.string_storage", "python"),
            # Every process reads the same plan and snapshot again: the same bytes are parsed once.
            patch.object(load, "read_decisions", _decisions_parsed_once()),
            patch.object(snapshot_files, "load_snapshot", _snapshots_parsed_once()),
        ):
            return _live(Stage(world, folder))
    finally:
        shutil.rmtree(folder)


def _decisions_parsed_once() -> Callable[..., tuple[pd.DataFrame, pd.DataFrame]]:
    real, known = plan_files.read_decisions, {}

    def read_decisions(
        read: Callable[[str], bytes], roster_columns: Sequence[str]
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        key = (read(plan_files.TABLE), read(plan_files.LISTS))
        if key not in known:
            known[key] = real(read, roster_columns)
        users, groups = known[key]
        return users.copy(deep=False), groups.copy(deep=False)

    return read_decisions


def _snapshots_parsed_once() -> Callable[..., TenantSnapshot]:
    real, known = snapshot_files.load_snapshot, {}

    def load_snapshot(files: Mapping[str, bytes], which: snapshot_files.Which) -> TenantSnapshot:
        key = tuple(files.values())
        if key not in known:
            known[key] = real(files, which)
        return replace(known[key], users=known[key].users.copy(deep=False))

    return load_snapshot


def _live(stage: Stage) -> Story:
    before = snapshot(stage.tenant)
    free = {sku.part_number: stage.tenant.free_seats(sku) for sku in stage.tenant.skus.values()}
    carried = {g.id: dict(g.licenses) for g in stage.tenant.groups.values()}
    inside = {g.id: frozenset(g.members) for g in stage.tenant.groups.values()}
    planned = _plan(stage)
    if stage.world.groups is not None:
        stage.world.groups.lay_traps(stage.tenant, stage.hour.now)
    rows = planned.plan.decisions
    via = rows[(rows["kind"] == "change") & (rows["via_groups"] != "")]
    story = Story(
        stage.world, stage.tenant, before, stage.sandbox.quota, stage.witness, planned.run, planned.plan,
        _changes(rows), _changes(planned.plan.groups),
        {str(u): split(str(groups)) for u, groups in zip(via["id"], via["via_groups"], strict=True)},
        free, carried, inside,
    )  # fmt: skip
    stage.witness.watch(story.members, frozenset(story.plan.sources), frozenset(story.plan.targets))
    wave = _apply_to_the_end(stage, story)
    written, again = len(stage.witness.write_times), stage.witness.worked_out_again
    stage.process(lambda parts: apply_plan(parts, story.run, tenant=TENANT, wave=wave), control=story.run.path)
    # Members in error are worked out again by each call, where that is wished.
    asked = stage.witness.worked_out_again - again
    story.writes_of_second_apply = len(stage.witness.write_times) - written - asked
    free_groups(stage.tenant, stage.sandbox.clock())
    stage.calm_down()
    stage.server.pass_time(DAY_S if stage.world.groups is not None else 0.0)
    story.verified = stage.process(lambda parts: verify(parts, story.run))
    story.journal = journal.read_journal(story.run.path, story.plan.digest)
    story.tampering_seen = _tampering_is_seen(stage, story)
    return story


def _changes(table: pd.DataFrame) -> dict[str, Change]:
    """What the plan asks of the tenant for each user or group, in the tenant's own words."""
    asks = (table["kind"] == "change") & ((table["add"] != "") | (table["remove"] != ""))
    found = {}
    for row in table[asks].itertuples(index=False):
        change = change_of(row.id, row.add, row.remove, row.disabled_plans)
        add = tuple((str(a.sku_id), tuple(sorted(a.disabled_plans))) for a in change.add)
        found[str(row.id)] = Change(add, tuple(change.remove))
    return found


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
        elif "the same command looks again" in reason:
            free_groups(stage.tenant, stage.sandbox.clock())
            stage.server.pass_time(DAY_S)
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
