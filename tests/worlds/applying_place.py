"""A sandbox tenant, a run folder and the hour: each call is one process of the job over the real Graph client."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx

from connectors.catalog.products import load_catalog
from connectors.graph.client import GraphClient, PaceSettings, open_client
from connectors.graph.sign_in.token import FixedToken
from connectors.sandbox.api.world import AppIdentity
from connectors.sandbox.app import create_app
from connectors.sandbox.sample.seed import SOURCE, generate
from connectors.sandbox.tenant.state import TenantState
from connectors.sandbox.trouble.quota import Quota
from jobs.license_reassignment.apply.control import Control, StopFlag
from jobs.license_reassignment.commands.apply import Applied, apply_plan
from jobs.license_reassignment.commands.plan import make_plan
from jobs.license_reassignment.commands.shared.parts import Parts
from jobs.license_reassignment.run_folder.folder import RunDir
from jobs.license_reassignment.run_folder.load import load_journal, load_plan
from jobs.settings.load import Effective
from jobs.settings.model import Settings
from worlds.listener import Listener
from worlds.virtual_time import START, Hour, VirtualClock, VirtualLoop, run_process

CATALOG = load_catalog()
CALM = {
    "inherited": 0.0,
    "direct_and_group": 0.0,
    "conflicts": 0.0,
    "no_location": 0.0,
    "restricted": 0.0,
    "deleted": 0.0,
}
BASE: dict[str, Any] = {
    "tenant": {"id": "c0a70500-0000-4000-8000-000000000001", "credential": "sandbox"},
    "source": {"skus": [SOURCE]},
    "swap": [{"to": ["SPE_E3"]}],
    "scope": {"guests": "move"},
    "plans": {"lost_services": "accept"},
}


class Place:
    """A sandbox, a folder and the hour; each call is one process."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder = folder
        self.hour = Hour()
        self.tenant: TenantState = generate(30, 7, **CALM)
        self.settings = BASE | settings
        self.flag = StopFlag()
        self.listener = Listener()
        self.control: dict[str, Any] = {}
        self.identity = AppIdentity()
        self.quota = Quota()
        self.run: RunDir = self.call(lambda parts: make_plan(parts, skip_bad_rows=False)).run

    def call(self, body: Callable[[Parts], Awaitable[Any]]) -> Any:
        """Run one process."""
        clock = VirtualClock(self.hour)
        app = create_app(
            self.tenant,
            clock=lambda: START.timestamp() + self.hour.now,
            apps={"sandbox-token": self.identity},
            quota=self.quota,
        )

        async def main() -> Any:
            client: GraphClient = open_client(
                root="http://tenant.example/v1.0",
                tokens=FixedToken(),
                clock=clock,
                pace=PaceSettings(3000, lambda: 0.9, 3600),
                on_wait=lambda _reason, _seconds: None,
                transport=httpx.ASGITransport(app),
                dice=lambda: 0.5,
            )
            async with client:
                return await body(self._parts(client, clock))

        return run_process(VirtualLoop(self.hour), main, lambda: None)

    def _parts(self, client: GraphClient, clock: VirtualClock) -> Parts:
        effective = Effective(Settings.model_validate(self.settings), {}, self.folder / "reseat.toml", "0" * 64)
        return Parts(
            tenant=client,
            clock=clock,
            catalog=CATALOG,
            effective=effective,
            control=Control(self.folder, clock, self.flag, **self.control),
            watcher=self.listener,
            tool_version="1.2.3",
            operator="somebody",
            host="somewhere",
        )

    def apply(self, tenant: str = "contoso.example", wave: str = "") -> Applied:
        """Apply the plan once."""
        applied: Applied = self.call(lambda parts: apply_plan(parts, self.run, tenant=tenant, wave=wave))
        return applied

    def lines(self) -> list[Any]:
        """The journal."""
        return load_journal(self.run, load_plan(self.run)).lines

    @property
    def writes(self) -> int:
        """Writes that reached the tenant."""
        return len(self.tenant.write_log)

    @property
    def changes(self) -> int:
        """Changes of the plan."""
        return int(load_plan(self.run).header.totals.changes)
