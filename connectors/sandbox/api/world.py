"""One running tenant: its state, its clock, its quota and its faults, and the plain values that travel through it."""

from __future__ import annotations

import random
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

import orjson

from connectors.sandbox.api.odata import Query, bad_body, read_query
from connectors.sandbox.licensing import others
from connectors.sandbox.refusal import Refusal
from connectors.sandbox.tenant import schedule
from connectors.sandbox.tenant.model import Json, stamp
from connectors.sandbox.tenant.replica import Replica
from connectors.sandbox.tenant.state import TenantState
from connectors.sandbox.trouble.faults import FaultPlan
from connectors.sandbox.trouble.quota import Quota

SANDBOX_TOKEN = "sandbox-token"  # noqa: S105 - a fixed word that opens a tenant made of sample data, not a secret
SANDBOX_APP_ID = "5a4d0b07-0000-4000-8000-000000000001"

DIAGNOSTIC = '{"ServerInfo":{"DataCenter":"Sandbox","Slice":"E","Ring":"0","ScaleUnit":"000","RoleInstance":"SANDBOX"}}'


@dataclass(slots=True)
class AppIdentity:
    """Who a token stands for. `permissions` None means all of them; after `expires_at` the token is refused."""

    app_id: str = SANDBOX_APP_ID
    name: str = "reseat"
    permissions: frozenset[str] | None = None
    expires_at: float | None = None

    def expired(self, now: float) -> bool:
        """True when the token is no longer taken."""
        return self.expires_at is not None and self.expires_at <= now


@dataclass(slots=True)
class Request:
    """One call: a request of its own, or one item of a batch. `segments` is the path below `/v1.0`, decoded.

    `keys` are its variable parts, once the route is known; `overlaps` says that another write of it is under way.
    """

    method: str
    segments: tuple[str, ...]
    query: str
    headers: Mapping[str, str]
    body: bytes
    app: AppIdentity
    base: str
    request_id: str
    client_request_id: str
    now: float = 0.0
    overlaps: bool = False
    keys: list[str] = field(default_factory=list)

    @property
    def path(self) -> str:
        """The path below `/v1.0`, for logs."""
        return "/".join(self.segments)

    @property
    def url(self) -> str:
        """The absolute address of the resource, without the query."""
        return f"{self.base}/{self.path}"

    @property
    def advanced(self) -> bool:
        """True when the caller asked for eventual consistency."""
        return self.headers.get("consistencylevel", "").lower() == "eventual"

    def options(self) -> Query:
        """The query options."""
        return read_query(self.query)

    def json(self) -> Any:
        """The body as JSON; Refusal when it is none."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as wrong:
            raise bad_body() from wrong


@dataclass(slots=True)
class Reply:
    """One answer. `waits` holds (kind of quota, seconds) for every 429 in it."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    waits: tuple[tuple[str, int], ...] = ()


def ok(value: Any, status: int = 200) -> Reply:
    """An answer with a JSON body."""
    return Reply(status, orjson.dumps(value))


def refused(request: Request, no: Refusal) -> Reply:
    """An answer with Graph's error body."""
    inner: Json = {
        "date": stamp(request.now)[:19],
        "request-id": request.request_id,
        "client-request-id": request.client_request_id,
    }
    if no.status == 429:
        inner = {"code": "429", "status": "429", **inner}
    return Reply(
        no.status,
        orjson.dumps({"error": {"code": no.code, "message": no.message, "innerError": inner}}),
        dict(no.headers),
    )


class World:
    """Everything that a handler may need beside the request."""

    def __init__(
        self,
        tenant: TenantState,
        clock: Callable[[], float],
        faults: FaultPlan,
        quota: Quota,
        apps: dict[str, AppIdentity],
    ) -> None:
        self.tenant = tenant
        self.clock = clock
        self.faults = faults
        self.quota = quota
        self.apps = apps
        self.busy: Counter[str] = Counter()
        self.requests: Counter[str] = Counter()
        self._ids = random.Random(faults.seed ^ 0x1D5)

    def tick(self) -> float:
        """The time, after everything that was due by now has happened in the tenant."""
        now = self.clock()
        self.tenant.remember_seconds = self.faults.stale_seconds if self.faults.stale else 0.0
        schedule.advance(self.tenant, now, others.happen)
        others.advance(self.tenant, now)
        return now

    def new_id(self) -> str:
        """A fresh GUID, the same in every run with the same seed."""
        return str(uuid.UUID(int=self._ids.getrandbits(128), version=4))

    def reading(self, request: Request) -> Replica:
        """What this request sees of the users."""
        stale = self.faults.happens("stale", self.faults.stale, request.method, request.path)
        return Replica(self.tenant, request.now, stale=stale)

    def common_headers(self, request: Request) -> dict[str, str]:
        """Headers of every answer."""
        return {
            "request-id": request.request_id,
            "client-request-id": request.client_request_id,
            "x-ms-ags-diagnostic": DIAGNOSTIC,
            "Date": formatdate(request.now, usegmt=True),
        }
