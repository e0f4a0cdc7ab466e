"""What every command needs before its own work: settings, the run it names, the tenant's lock, and the live parts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from jobs.cli.process import work_is_over
from jobs.license_reassignment.apply.control import StopFlag

if TYPE_CHECKING:
    from jobs.license_reassignment.commands.run import Steps
    from jobs.license_reassignment.commands.shared.parts import Parts
    from jobs.license_reassignment.commands.status import RunStanding
    from jobs.license_reassignment.run_folder.folder import RunDir
    from jobs.settings.load import Effective

T = TypeVar("T")
flag = StopFlag()


def settings(config: Path | None, runs: Path | None = None, **flags: object) -> Effective:
    """Load the settings in force."""
    from jobs.wiring import effective_settings

    effective = effective_settings(config, runs, **flags)
    _refuse_file(effective.runs_path)
    return effective


def _refuse_file(runs: Path) -> None:
    """Raise Unfinished (4) where the runs directory is a file: no run is there, and none can be made."""
    from jobs.license_reassignment.errors import Unfinished

    if runs.is_file():
        raise Unfinished(
            f"{runs} is a file, and runs need a folder. Correct [run] directory, or --runs; the same command continues."
        )


def runs_path(config: Path | None, runs: Path | None) -> Path:
    """Where runs live; a command that reads files alone needs no settings when told where they are."""
    if runs is not None:
        _refuse_file(runs)
        return runs
    if config is None and not Path("reseat.toml").is_file():
        return Path("runs")
    return settings(config).runs_path


def find(runs: Path, name: str) -> RunDir:
    """Find a run by plan id, unique prefix or folder."""
    from jobs.license_reassignment.run_folder import folder as rundir

    return rundir.find(runs, name)


def find_stored(config: Path | None, runs: Path | None, name: str) -> RunDir:
    """Find a run for a command that reads files alone; a folder that is named directly needs no settings."""
    from jobs.license_reassignment.run_folder import folder as rundir

    return rundir.find_folder(name) or find(runs_path(config, runs), name)


def find_evidence(config: Path | None, runs: Path | None, name: str) -> RunDir:
    """Find what is to be audited: whatever folder is named, else a run."""
    from jobs.license_reassignment.run_folder import folder as rundir

    return rundir.find_evidence(name) or find(runs_path(config, runs), name)


def find_or_newest(config: Path | None, where: Path | None, name: str) -> RunDir:
    """Find the named run, or the newest one."""
    from jobs.license_reassignment.errors import InputError
    from jobs.license_reassignment.run_folder.folder import all_runs

    if name:
        return find_stored(config, where, name)
    runs = runs_path(config, where)
    known = all_runs(runs)
    if not known:
        raise InputError(
            f"There is no run in {runs} yet; make one with `reseat plan`. `--runs DIR` says where to look."
        )
    return known[0]


def lock(effective: Effective, run: RunDir | None) -> AbstractContextManager[None]:
    """Hold the tenant's lock, in the folder where the run lives."""
    from jobs.license_reassignment.run_folder.folder import tenant_lock

    folder = run.path.parent if run else effective.runs_path
    return tenant_lock(folder, effective.settings.tenant.id.lower())


@contextmanager
def lock_of(run: RunDir) -> Iterator[None]:
    """Hold the lock of a run's tenant, which its plan names; what a killed command left is put in order at the end."""
    from connectors.clock import SystemClock
    from jobs.license_reassignment.run_folder.folder import tenant_lock
    from jobs.license_reassignment.run_folder.load import load_header
    from jobs.license_reassignment.run_folder.progress_file import clear_progress

    with tenant_lock(run.path.parent, load_header(run).tenant.id):
        yield
        clear_progress(run, SystemClock().now())


def work(
    effective: Effective, work: Callable[[Parts], Awaitable[T]], run: RunDir | None = None, *, writes: bool = False
) -> T:
    """Run one piece of work with the live parts, and close them."""
    from jobs.cli.progress_line import progress_line
    from jobs.wiring import live

    async def session() -> T:
        with progress_line(flag) as line:
            folder = run.path if run else None
            async with live(effective, flag, line, run=folder, writes=writes, watched=line.live) as parts:
                return await work(parts)

    try:
        return asyncio.run(session())
    finally:
        work_is_over.set()


def noticed(effective: Effective, steps: Steps) -> AbstractContextManager[None]:
    """Send the notice of a run however it ends, where one is configured."""
    from jobs.cli.webhook import noticed as told

    return told(effective, steps)


def follow(run: RunDir, tell: Callable[[RunStanding], None]) -> None:
    """Tell where the run stands until it ends or Ctrl-C."""
    from connectors.clock import SystemClock
    from jobs.cli.watch import watch
    from jobs.license_reassignment.apply.control import StoppableClock

    asyncio.run(watch(run, StoppableClock(SystemClock(), flag), tell))
