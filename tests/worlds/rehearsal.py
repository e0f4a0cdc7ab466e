"""Runs the whole job in this process: the real client against the embedded tenant, on a clock that nobody waits for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import httpx
import orjson

from connectors.catalog.products import load_catalog
from connectors.errors import ConnectorError
from connectors.graph.client import PaceSettings, open_client
from connectors.graph.sign_in.token import FixedToken
from connectors.sandbox.app import create_app
from connectors.sandbox.sample import seed
from connectors.sandbox.tenant.file import load, load_license
from connectors.sandbox.tenant.model import Json
from connectors.sandbox.tenant.state import TenantState
from connectors.sandbox.trouble import meddle
from jobs.license_reassignment.apply.control import Control, StopFlag
from jobs.license_reassignment.commands.addons import make_addons_plan
from jobs.license_reassignment.commands.apply import Applied, apply_plan
from jobs.license_reassignment.commands.audit import Audited, audit
from jobs.license_reassignment.commands.check import Checked, check
from jobs.license_reassignment.commands.explain.explanation import Explanation, explanation_of
from jobs.license_reassignment.commands.plan import make_plan
from jobs.license_reassignment.commands.report import report
from jobs.license_reassignment.commands.run import Steps, run_all
from jobs.license_reassignment.commands.shared.new_plan import Planned
from jobs.license_reassignment.commands.shared.parts import Parts
from jobs.license_reassignment.commands.status import RunStanding, standing_of
from jobs.license_reassignment.commands.undo import make_undo
from jobs.license_reassignment.commands.verify import verify
from jobs.license_reassignment.errors import JobError
from jobs.license_reassignment.reconcile.reconciliation import Reconciliation
from jobs.license_reassignment.run_folder.folder import RunDir
from jobs.settings.load import load_settings
from worlds.listener import Listener
from worlds.virtual_time import START as FIRST
from worlds.virtual_time import JumpingClock

T = TypeVar("T")
START = FIRST.timestamp()
"""2026-03-02T08:00:00Z, a Monday."""


def tenant_of(document: Json) -> TenantState:
    """Load a tenant file; products, plan ids, plan rules and purchases that it leaves out come from the catalog."""
    known = seed.catalog()
    entries = {entry["skuPartNumber"]: entry for entry in known["skus"]}
    skus = [{**entries.get(given["skuPartNumber"], {}), **given} for given in document["skus"]]
    bought = {given["sku"] for given in document.get("subscriptions", ())}
    subscriptions = [
        {"id": f"5b500000-0000-4000-8000-{n:012}", "sku": s["skuPartNumber"], "totalLicenses": s.get("enabled", 0)}
        for n, s in enumerate(skus)
        if s["skuPartNumber"] not in bought
    ]
    base = {"plans": known["plans"], "rules": known["rules"]}
    purchases = [*document.get("subscriptions", ()), *subscriptions]
    return load({**base, **document, "skus": skus, "subscriptions": purchases})


class Rehearsal:
    """One tenant, one settings file, and the commands in the order in which they are called."""

    def __init__(self, tenant: TenantState, config: Path, *, name: str = "rehearsal") -> None:
        self.tenant = tenant
        self.clock = JumpingClock()
        self.app = create_app(tenant, clock=lambda: self.clock.seconds)
        self.effective = load_settings(config, {}, {})
        self.listener = Listener()
        self.run: RunDir | None = None
        self._ids = count(1)
        self._name = name

    @asynccontextmanager
    async def parts(self) -> AsyncIterator[Parts]:
        """Open the live parts as the composition root does."""
        run = self.run.path if self.run else self.effective.runs_path
        flag = StopFlag()
        control = Control(run, self.clock, flag, quota_share=self.effective.settings.pace.quota_share)
        pace = self.effective.settings.pace
        client = open_client(
            root=self.effective.settings.tenant.graph_url,
            tokens=FixedToken(),
            clock=self.clock,
            pace=PaceSettings(pace.writes_per_150_s, control.quota_share, pace.wait_minutes_max * 60),
            on_wait=self.listener.waiting,
            transport=httpx.ASGITransport(self.app),
            new_id=lambda: UUID(int=next(self._ids)),
            dice=lambda: 0.5,
        )
        async with client:
            yield Parts(
                tenant=client,
                clock=self.clock,
                catalog=load_catalog(),
                effective=self.effective,
                control=control,
                watcher=self.listener,
                tool_version="0.1.0",
                operator="tester",
                host=self._name,
            )

    def do(self, work: Callable[[Parts], Awaitable[T]]) -> T:
        """Carry out one piece of work with the live parts."""

        async def go() -> T:
            async with self.parts() as parts:
                return await work(parts)

        return asyncio.run(go())

    def settings(self, text: str) -> None:
        """Put another settings file in place, as an editor does."""
        self.effective.path.write_text(text, encoding="utf-8")
        self.effective = load_settings(self.effective.path, {}, {})

    def check(self) -> Checked:
        """`reseat check`."""
        return self.do(check)

    def plan(self, *, skip_bad_rows: bool = False) -> Planned:
        """`reseat plan`; the run that it makes is the one of the next commands."""
        return self._planned(lambda parts: make_plan(parts, skip_bad_rows=skip_bad_rows))

    def undo(self) -> Planned:
        """`reseat undo` of the run; the plan that it makes is the run of the next commands."""
        run = self._run()
        return self._planned(lambda parts: make_undo(parts, run))

    def addons(self) -> Planned:
        """`reseat plan --addons-of` the run; the plan that it makes is the run of the next commands."""
        run = self._run()
        return self._planned(lambda parts: make_addons_plan(parts, run))

    def _planned(self, work: Callable[[Parts], Awaitable[Planned]]) -> Planned:
        planned = self.do(work)
        self.run = planned.run
        return planned

    def apply(self, *, tenant: str = "contoso.example", wave: str = "") -> Applied:
        """`reseat apply`."""
        run = self._run()
        return self.do(lambda parts: apply_plan(parts, run, tenant=tenant, wave=wave))

    def verify(self, *, after_cancel: bool = False) -> Reconciliation:
        """`reseat verify`."""
        run = self._run()
        return self.do(lambda parts: verify(parts, run, after_cancel=after_cancel))

    def report(self) -> Reconciliation:
        """`reseat report`."""
        return report(self._run(), load_catalog())

    def audit(self) -> Audited:
        """`reseat audit`."""
        return audit(self._run(), load_catalog())

    def run_all(self, *, approve: str = "contoso.example", skip_bad_rows: bool = False) -> Steps:
        """`reseat run`; its run, when it came to one, is the run of the next commands."""
        steps = self.do(
            lambda parts: run_all(parts, approve=approve, skip_bad_rows=skip_bad_rows, told=lambda _name, _found: None)
        )
        self.run = steps.run or self.run
        return steps

    def status(self) -> RunStanding:
        """`reseat status`."""
        return standing_of(self._run())

    def explain(self, user: str) -> Explanation:
        """`reseat explain`."""
        return explanation_of(self._run(), user, load_catalog())

    def _run(self) -> RunDir:
        assert self.run is not None, "plan comes first"
        return self.run

    def somebody_else_licenses(self, upn: str, licenses: Sequence[str | Json]) -> None:
        """Another admin gives a user exactly these licenses."""
        user = self.tenant.user(upn)
        assert user is not None
        made = tuple(load_license(self.tenant, one) for one in licenses)
        meddle.put_licenses(self.tenant, user, made, self.clock.seconds)

    def somebody_else_deletes(self, upn: str) -> None:
        """Another admin deletes a user."""
        user = self.tenant.user(upn)
        assert user is not None
        meddle.remove_user(self.tenant, user, self.clock.seconds)


def ending(error: JobError | ConnectorError) -> Mapping[str, Any]:
    """Return what the command line would end with."""
    return {"exit_code": int(error.exit_code), "error": str(error)}


def read_json(path: Path) -> Any:
    """Read one JSON file."""
    return orjson.loads(path.read_bytes())
