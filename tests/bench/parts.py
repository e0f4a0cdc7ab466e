"""The live parts of a measured run: the product's own client, job and settings, with any quota that is asked for."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from connectors.catalog.products import load_catalog
from connectors.clock import SystemClock
from connectors.graph.client import PaceSettings, open_client
from connectors.graph.sign_in.token import FixedToken
from connectors.limits import RU_PER_10_S, WRITES_PER_150_S
from jobs.license_reassignment.apply.control import Control, StopFlag, StoppableClock
from jobs.license_reassignment.commands.shared.parts import Parts
from jobs.license_reassignment.model.progress import Progress
from jobs.settings.load import Effective, load_settings
from jobs.wiring import COLLECT_AFTER_OBJECTS

NO_QUOTA = 1_000_000_000

SETTINGS = """
[tenant]
id = "{tenant_id}"
credential = "sandbox"
graph_url = "{url}"
[source]
skus = ["ENTERPRISEWITHSCAL"]
[[swap]]
name = "voice users"
to = ["ENTERPRISEPREMIUM"]
where = {{ department = "Telefonie" }}
[[swap]]
name = "everyone else"
to = ["SPE_E3"]
[limits]
users_changed_max = 10000000
[pace]
writes_per_150_s = {writes}
quota_share = 1.0
[verify]
seconds_between_scans = 0
[run]
directory = "{runs}"
"""


class Silent:
    """A watcher that tells nobody, but lets a measurement look at every step of an apply."""

    def __init__(self, on_progress: Callable[[Progress], None] | None = None) -> None:
        self._on_progress = on_progress

    def said(self, text: str) -> None:
        """Hear one sentence."""

    def reading(self, what: str, rows: int) -> None:
        """Hear how far a read is."""

    def waiting(self, reason: str, seconds: float) -> None:
        """Hear why and how long the run waits."""

    def progress(self, progress: Progress) -> None:
        """Hear how far an apply is."""
        if self._on_progress is not None:
            self._on_progress(progress)


def settings_file(folder: Path, *, url: str, tenant_id: str, writes: int = NO_QUOTA) -> Path:
    """Write the settings of a measurement and return where they are; the runs go beside them."""
    path = folder / "reseat.toml"
    text = SETTINGS.format(url=url, tenant_id=tenant_id, writes=writes, runs=(folder / "runs").as_posix())
    path.write_text(text, encoding="utf-8")
    return path


@asynccontextmanager
async def live(config: str, watcher: Silent | None = None) -> AsyncIterator[Parts]:
    """Open everything as the command line does, with a watcher of ours in place of the console."""
    gc.set_threshold(COLLECT_AFTER_OBJECTS)
    effective: Effective = load_settings(Path(config), {}, {})
    pace = effective.settings.pace
    flag = StopFlag()
    clock = StoppableClock(SystemClock(), flag)
    control = Control(effective.runs_path, SystemClock(), flag, quota_share=pace.quota_share)
    watcher = watcher or Silent()
    settings = PaceSettings(
        writes_per_150_s=pace.writes_per_150_s,
        quota_share=control.quota_share,
        wait_seconds_max=60.0,
        ru_per_10_s=round(RU_PER_10_S * max(1.0, pace.writes_per_150_s / WRITES_PER_150_S)),
    )
    client = open_client(
        root=effective.settings.tenant.graph_url,
        tokens=FixedToken("sandbox-token"),
        clock=clock,
        pace=settings,
        on_wait=watcher.waiting,
    )
    async with client:
        yield Parts(client, clock, load_catalog(), effective, control, watcher, "bench", "bench", "bench")
