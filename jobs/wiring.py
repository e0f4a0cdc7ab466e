"""Settings to live parts: the one place where clock, client, credential and watcher are put together."""

from __future__ import annotations

import gc
import getpass
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.catalog.products import load_catalog
from connectors.clock import SystemClock
from connectors.limits import RU_PER_10_S, WRITES_PER_150_S
from jobs import __version__
from jobs.license_reassignment.apply.control import Control, StopFlag, StoppableClock
from jobs.license_reassignment.commands.shared.parts import Parts
from jobs.license_reassignment.errors import InputError
from jobs.license_reassignment.ports import Watcher
from jobs.license_reassignment.run_folder.progress_file import ProgressFile
from jobs.settings.load import Effective, load_settings

if TYPE_CHECKING:
    from connectors.graph.pace import PaceSettings
    from jobs.settings.model import Settings

READ_ONLY_WAIT_S_MAX = 120.0

FIRST_CONTACT_S_MAX = 5.0
"""So long a command waits for a network that was not there from the start, where a person looks on."""

COLLECT_AFTER_OBJECTS = 100_000
"""So many new objects make Python look for cycles; a page of users is ten thousand objects that go away by themselves.

Python's own figure is 700. With it a demo of 2,000 users looks three times more at all 90,000 objects of the imported
SDK, which takes 0.6 s of its 4 s of CPU.
"""


def effective_settings(config: Path | None, runs: Path | None = None, **flags: object) -> Effective:
    """Load the settings in force; relative paths of flags are taken from where the command is called."""
    given = {name.replace("__", "."): value for name, value in flags.items() if value is not None}
    if runs is not None:
        given["run.directory"] = _from_here(runs)
    return load_settings(config, os.environ, given)


def _from_here(runs: Path) -> str:
    """Return the whole path of a folder named on the command line; InputError where the way to it leads nowhere."""
    try:
        return str(runs.resolve())
    except (OSError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or "its links lead in a circle"
        raise InputError(f"--runs {runs} cannot be found from here: {why}. Name a folder by its whole path.") from error


@asynccontextmanager
async def live(
    effective: Effective,
    flag: StopFlag,
    watcher: Watcher,
    *,
    run: Path | None = None,
    writes: bool = False,
    watched: bool = False,
) -> AsyncIterator[Parts]:
    """Open the client of the pinned tenant. `run` is where control files are looked for; only `writes` waits long.

    `watched` says that a person looks on, who can put a missing network right faster than the run would give up.
    """
    from connectors.graph.client import open_client  # noqa: PLC0415 - slow to import
    from connectors.graph.sign_in.clouds import CLOUDS  # noqa: PLC0415 - slow to import
    from connectors.graph.sign_in.token import FixedToken, ca_bundle, token_source  # noqa: PLC0415 - slow to import

    gc.set_threshold(COLLECT_AFTER_OBJECTS)
    settings = effective.settings
    clock = StoppableClock(SystemClock(), flag)
    progress_file = ProgressFile()
    control = control_of(effective, flag, run, watcher.said, writes=writes)

    def waiting(reason: str, seconds: float) -> None:
        watcher.waiting(reason, seconds)
        progress_file.waiting(reason, seconds)

    pace = _pace(settings, control, writes=writes, watched=watched)
    cloud = CLOUDS[settings.tenant.cloud]
    bundle = ca_bundle(os.environ)
    sandbox = settings.tenant.credential == "sandbox"
    tokens = (
        FixedToken("sandbox-token")
        if sandbox
        else token_source(
            settings.tenant.credential, cloud, tenant_id=settings.tenant.id, clock=clock, ca_bundle=bundle
        )
    )
    root = settings.tenant.graph_url if sandbox else cloud.root
    client = open_client(root=root, tokens=tokens, clock=clock, pace=pace, on_wait=waiting, ca_bundle=bundle)
    async with client:
        try:
            yield Parts(
                tenant=client,
                clock=clock,
                catalog=load_catalog(),
                effective=effective,
                control=control,
                watcher=watcher,
                tool_version=__version__,
                operator=operator(),
                host=socket.gethostname(),
                progress_file=progress_file,
            )
        finally:
            progress_file.stop()


def _pace(settings: Settings, control: Control, *, writes: bool, watched: bool) -> PaceSettings:
    from connectors.graph.pace import PaceSettings  # noqa: PLC0415 - slow to import

    wait = settings.pace.wait_minutes_max * 60
    return PaceSettings(
        writes_per_150_s=settings.pace.writes_per_150_s,
        quota_share=control.quota_share,
        wait_seconds_max=wait if writes else min(wait, READ_ONLY_WAIT_S_MAX),
        first_contact_s_max=FIRST_CONTACT_S_MAX if watched else wait,
        # A rehearsal with a multiple of the one limit has the same multiple of the other.
        ru_per_10_s=round(RU_PER_10_S * max(1.0, settings.pace.writes_per_150_s / WRITES_PER_150_S)),
    )


def control_of(
    effective: Effective, flag: StopFlag, run: Path | None, said: Callable[[str], None], *, writes: bool
) -> Control:
    """Make the control of one run: window and time limit hold for writing only."""
    pace = effective.settings.pace
    seconds = pace.stop_after_seconds if writes else None
    return Control(
        run or effective.runs_path,
        SystemClock(),
        flag,
        window=pace.hours if writes else None,
        stop_after=timedelta(seconds=seconds) if seconds else None,
        quota_share=pace.quota_share,
        said=said,
    )


def operator() -> str:
    """Name who runs the command; where the machine has no name for that user, as in a container, by number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return f"uid {os.getuid()}" if hasattr(os, "getuid") else "unknown"
