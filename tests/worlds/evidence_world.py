"""A tenant that deserves GO, taken through plan, apply and verify in this process, on a clock that jumps."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import httpx
import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from connectors.catalog.products import load_catalog
from connectors.changes import WRITE_PERMISSION
from connectors.graph.client import PaceSettings, open_client
from connectors.graph.sign_in.token import FixedToken
from connectors.sandbox.api.world import AppIdentity
from connectors.sandbox.app import create_app
from connectors.sandbox.sample.seed import ADDONS, SOURCE, TARGETS, TENANT_ID, generate
from connectors.sandbox.tenant.model import Assignment, Group, User
from connectors.sandbox.tenant.state import TenantState
from jobs.license_reassignment.apply.control import Control, StopFlag
from jobs.license_reassignment.commands.apply import Applied, apply_plan
from jobs.license_reassignment.commands.plan import make_plan
from jobs.license_reassignment.commands.shared.new_plan import Planned
from jobs.license_reassignment.commands.shared.parts import Parts
from jobs.license_reassignment.commands.verify import verify
from jobs.license_reassignment.gather.readiness import READ_PERMISSIONS
from jobs.license_reassignment.reconcile.reconciliation import Reconciliation
from jobs.license_reassignment.run_folder.folder import RunDir
from jobs.settings.load import Effective
from jobs.settings.model import Settings
from worlds.listener import Listener
from worlds.virtual_time import JumpingClock

T = TypeVar("T")
CATALOG = load_catalog()
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
APP = "0d0d0d0d-1111-4222-8333-444444444444"
ROLES = (*READ_PERMISSIONS, WRITE_PERMISSION)
CLAIMS = {"appid": APP, "tid": TENANT_ID, "roles": ROLES}
TOKEN = f"head.{base64.urlsafe_b64encode(orjson.dumps(CLAIMS)).decode().rstrip('=')}.sign"
CLEAN = dict.fromkeys(
    ("inherited", "direct_and_group", "both", "conflicts", "no_location", "guests", "disabled_accounts", "restricted",
     "deleted"), 0.0,
)  # fmt: skip


class Night:
    """One tenant and its run folder. Change `tenant` between the steps to be somebody else."""

    def __init__(self, folder: Path, *, users: int = 8, seed: int = 1, **settings: Any) -> None:
        self.clock = JumpingClock()
        self.folder = folder
        self.tenant = clean_tenant(users, seed)
        self.permissions: frozenset[str] | None = None
        self._settings = settings
        self.run: RunDir = RunDir(folder)

    @property
    def now(self) -> float:
        """Epoch seconds, as the tenant counts them."""
        return self.clock.seconds

    def do(self, body: Callable[[Parts], Awaitable[T]]) -> T:
        """Do one step as a process of its own."""
        return asyncio.run(self._with_parts(body))

    def plan(self) -> Planned:
        """Make the plan."""
        planned = self.do(lambda parts: make_plan(parts, skip_bad_rows=True))
        self.run = planned.run
        return planned

    def apply(self, wave: str = "") -> Applied:
        """Carry the plan out, past its stops when a wave is named."""
        return self.do(lambda parts: apply_plan(parts, self.run, tenant="contoso.example", wave=wave))

    def verify(self, **options: Any) -> Reconciliation:
        """Look again, and write the report."""
        return self.do(lambda parts: verify(parts, self.run, **options))

    def moved(self) -> Night:
        """Plan and apply."""
        self.plan()
        self.apply()
        return self

    def change_settings(self, **settings: Any) -> None:
        """From the next step on, these sections hold."""
        self._settings = {**self._settings, **settings}

    async def _with_parts(self, body: Callable[[Parts], Awaitable[T]]) -> T:
        apps = {TOKEN: AppIdentity(APP, permissions=self.permissions)}
        app = create_app(self.tenant, clock=lambda: self.now, apps=apps)
        client = open_client(
            root="http://tenant.example/v1.0",
            tokens=FixedToken(TOKEN),
            clock=self.clock,
            pace=PaceSettings(3000, lambda: 0.9, 3600.0),
            on_wait=lambda _reason, _seconds: None,
            transport=httpx.ASGITransport(app),
            dice=lambda: 0.5,
        )
        settings = Settings.model_validate(merged(SETTINGS, self._settings))
        async with client:
            return await body(
                Parts(
                    tenant=client,
                    clock=self.clock,
                    catalog=CATALOG,
                    effective=Effective(settings, {}, self.folder / "reseat.toml", "0" * 64),
                    control=Control(self.folder, self.clock, StopFlag(), quota_share=0.9),
                    watcher=Listener(),
                    tool_version="0.1.0",
                    operator="a.jansen",
                    host="ops-07",
                )
            )


SETTINGS: Mapping[str, Any] = {
    "tenant": {"id": TENANT_ID, "credential": "sandbox", "graph_url": "http://127.0.0.1/v1.0"},
    "source": {"skus": [SOURCE]},
    "scope": {"disabled_accounts": "move", "guests": "move"},
    "swap": [{"name": "everyone", "to": ["ENTERPRISEPREMIUM"]}],
    "plans": {"lost_services": "hold"},
    "declare": {
        "by": "CHG-1042",
        "purchase_channel": "direct",
        "billing_agreement": "mosa",
        "addons": dict.fromkeys((*ADDONS, "SHAREPOINTSTORAGE"), "standalone"),
    },
    "verify": {"seconds_between_scans": 60, "settle_minutes_max": 5},
}


def merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Lay the keys of each section of the second over the first."""
    found = dict(first)
    for section, values in second.items():
        both = isinstance(values, Mapping) and isinstance(found.get(section), Mapping)
        found[section] = {**found[section], **values} if both else values
    return found


def clean_tenant(users: int, seed: int) -> TenantState:
    """Everybody holds E4 directly, no group hands it out, and there are seats of every target."""
    tenant = generate(users, seed, **CLEAN, on_target=0.0, unlicensed=0.0)
    for group in tenant.groups.values():
        group.licenses.clear()
    for part in (*TARGETS, "STANDARDPACK"):
        tenant.sku_named(part).enabled += users
    return tenant


def source_of(tenant: TenantState) -> str:
    """The id of the product that leaves."""
    return tenant.sku_named(SOURCE).id


def someone(tenant: TenantState) -> User:
    """The first user of the tenant."""
    return next(tenant.living())


def give_source_back(night: Night, user: User, group: str = "") -> None:
    """Somebody else assigns the old product to a user, keeping what it has."""
    held = (*user.profile.assignments, Assignment(source_of(night.tenant), (), group))
    night.tenant.set_assignments(user, held, night.now)


def newcomer(night: Night, name: str = "new.colleague", *, kind: str = "Member", enabled: bool = True) -> User:
    """An account that was not there when the plan was made."""
    user = night.tenant.add_user(
        f"00000000-0000-4000-8000-{len(night.tenant.users):012x}", f"{name}@contoso.example", name
    )
    user.mail, user.location, user.kind, user.enabled = user.upn, "NL", kind, enabled
    return user


def licensed_group(night: Night, *members: User) -> Group:
    """A group that hands out the old product to its members."""
    group = Group("99999999-0000-4000-8000-000000000009", "LIC-E4-late", dict.fromkeys(m.id for m in members))
    group.licenses[source_of(night.tenant)] = ()
    night.tenant.groups[group.id] = group
    for member in members:
        give_source_back(night, member, group.id)
    return group


def busy(folder: Path, language: str = "en") -> Night:
    """A tenant looked at twice, in which every new section has something to say."""
    night = Night(folder, run={"language": language}).moved()
    for one in night.tenant.subscriptions.values():
        one.created = "2026-02-27T00:00:00Z"
    users = list(night.tenant.living())
    late = [replace(r, at=r.at + 1e7) if r.target == users[3].id else r for r in night.tenant.write_log]
    night.tenant.write_log = late
    night.verify()
    licensed_group(night, users[0])
    give_source_back(night, newcomer(night))
    users[2].enabled = False
    night.verify()
    return night
