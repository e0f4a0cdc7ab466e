"""A Graph that answers as a test says, a clock that only moves when somebody sleeps, and a client between the two."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeVar

import httpx
import orjson
from worlds.virtual_time import JumpingClock

from connectors.changes import AddLicense, AssignLicense
from connectors.clock import Clock
from connectors.graph.client import GraphClient, PaceSettings, open_client
from connectors.graph.sign_in.token import FixedToken, TokenSource
from connectors.tenant import ReadScope, SkuId, TenantSnapshot, UserId

ROOT = "https://graph.microsoft.com/v1.0"
E4 = SkuId("1392051d-0cb9-4b7a-88d5-621fee5e8711")
ORGANIZATION = {"id": "t", "displayName": "Contoso", "verifiedDomains": []}
GROUP = "bbbbbbbb-0000-4000-8000-000000000001"
E3 = SkuId("6fd2c87f-b296-42f0-b197-1e91e994b900")

T = TypeVar("T")
Answer = httpx.Response | httpx.TransportError
Handler = Callable[[httpx.Request], Answer]


@dataclass
class Double:
    """Answers each request with the next of `answers`, the last one for ever; keeps what was asked and when."""

    answers: Sequence[Answer | Handler]
    clock: JumpingClock = field(default_factory=JumpingClock)
    requests: list[httpx.Request] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    waits: list[tuple[str, float]] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        answer = self.answers[min(len(self.requests), len(self.answers) - 1)]
        self.requests.append(request)
        self.times.append(self.clock.elapsed)
        found = answer if isinstance(answer, (httpx.Response, httpx.TransportError)) else answer(request)
        if isinstance(found, httpx.TransportError):
            raise found
        return httpx.Response(found.status_code, headers=found.headers, content=found.content)

    def client(
        self,
        *,
        tokens: TokenSource | None = None,
        wait_seconds_max: float = 3600.0,
        first_contact_s_max: float = math.inf,
        writes_per_150_s: int = 3000,
        clock: Clock | None = None,
        on_wait: Callable[[str, float], None] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> GraphClient:
        """Return a client that sees only this double."""
        numbers = count(1)
        return open_client(
            root=ROOT,
            tokens=tokens or FixedToken("T"),
            clock=clock or self.clock,
            pace=PaceSettings(writes_per_150_s, lambda: 0.9, wait_seconds_max, first_contact_s_max=first_contact_s_max),
            on_wait=on_wait or (lambda reason, seconds: self.waits.append((reason, seconds))),
            transport=transport or httpx.MockTransport(self),
            new_id=lambda: f"00000000-0000-4000-8000-{next(numbers):012d}",
            dice=lambda: 1.0,
        )


class Renewable:
    """Gives T1, then T2, …; a fresh token may be refused."""

    credential = "environment"

    def __init__(self, failure: Exception | None = None) -> None:
        self.number = 1
        self.failure = failure

    async def token(self, *, fresh: bool = False) -> str:
        """Return the present token, or the next one."""
        if fresh:
            if self.failure:
                raise self.failure
            self.number += 1
        return f"T{self.number}"

    def in_hand(self) -> str:
        """Return the present token."""
        return f"T{self.number}"

    async def close(self) -> None:
        """Do nothing."""


def run(double: Double, work: Callable[[GraphClient], Coroutine[Any, Any, T]], **options: Any) -> T:
    """Do the work with a client of the double."""

    async def inside() -> T:
        async with double.client(**options) as client:
            return await work(client)

    return asyncio.run(inside())


def reply(body: object = None, status: int = 200, **headers: str) -> httpx.Response:
    """Answer with this JSON; underscores in header names become hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, headers=named, content=b"" if body is None else orjson.dumps(body))


def error(status: int, code: str = "", message: str = "", **headers: str) -> httpx.Response:
    """Answer with a Graph error."""
    return reply({"error": {"code": code, "message": message}}, status, **headers)


def page(*rows: object, link: str | None = None) -> httpx.Response:
    """Answer with one page of a collection."""
    return reply({"value": list(rows), **({"@odata.nextLink": link} if link else {})})


def envelope(*items: dict[str, object], **headers: str) -> httpx.Response:
    """Answer a batch."""
    return reply({"responses": list(items)}, **headers)


def item(number: int, status: int = 200, body: object = None, **headers: str) -> dict[str, object]:
    """Answer one item of a batch."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"id": str(number), "status": status, "headers": named, "body": body or {}}


def refusal(number: int, status: int, code: str, message: str, **headers: str) -> dict[str, object]:
    """Refuse one item of a batch."""
    return item(number, status, {"error": {"code": code, "message": message}}, **headers)


def user_id(number: int) -> UserId:
    """Id of the n-th user."""
    return UserId(f"aaaaaaaa-0000-4000-8000-{number:012d}")


def swaps(how_many: int) -> list[AssignLicense]:
    """Changes of the first users from E4 to E3."""
    return [AssignLicense(user_id(n), (AddLicense(E3),), (E4,)) for n in range(how_many)]


def sku(sku_id: str = E4, consumed: int = 1, enabled: int = 10) -> dict[str, object]:
    """One entry of subscribedSkus."""
    return {
        "skuId": sku_id,
        "skuPartNumber": "X",
        "capabilityStatus": "Enabled",
        "appliesTo": "User",
        "consumedUnits": consumed,
        "prepaidUnits": {"enabled": enabled, "warning": 0, "suspended": 0, "lockedOut": 0},
        "servicePlans": [],
        "subscriptionIds": [],
    }


def state(
    sku_id: str = E4, group: str | None = None, error_word: str | None = "None", **more: object
) -> dict[str, object]:
    """One entry of licenseAssignmentStates."""
    return {
        "skuId": sku_id,
        "assignedByGroup": group,
        "disabledPlans": [],
        "state": "Active",
        "error": error_word,
        "lastUpdatedDateTime": "2020-01-01T00:00:00Z",
        **more,
    }


def user(number: int, *states: dict[str, object], **more: object) -> dict[str, object]:
    """One user as Graph lists it; by default a direct holder of E4."""
    held = states or (state(),)
    return {
        "id": user_id(number),
        "userPrincipalName": f"user{number}@contoso.example",
        "displayName": f"User {number}",
        "mail": None,
        "proxyAddresses": [],
        "accountEnabled": True,
        "userType": "Member",
        "usageLocation": "NL",
        "department": None,
        "country": None,
        "companyName": None,
        "onPremisesSyncEnabled": None,
        "isManagementRestricted": None,
        "assignedLicenses": [{"skuId": s["skuId"], "disabledPlans": []} for s in held],
        "licenseAssignmentStates": list(held),
        **more,
    }


def tenant(**routes: object) -> Callable[[httpx.Request], httpx.Response]:
    """Answer a whole-tenant read: users, groups and singles as given, the rest as in a small tenant."""

    def answer(request: httpx.Request) -> httpx.Response:
        name = request.url.path.removeprefix("/v1.0/").replace("/", "_").replace("$", "")
        found = routes.get(name)
        if isinstance(found, list):
            found = found.pop(0) if len(found) > 1 else found[0]
        if callable(found):
            found = found(request)
        if isinstance(found, httpx.Response):
            return found
        return page(*{"organization": [ORGANIZATION], "subscribedSkus": [sku()]}.get(name, []))

    return answer


def read(double: Double, scope: ReadScope | None = None, **options: object) -> TenantSnapshot:
    """Read the tenant of the double."""
    return run(double, lambda c: c.read_tenant(scope or ReadScope((E4,), ()), on_page=lambda _w, _n: None), **options)


def singles(users: dict[str, dict[str, object]]) -> Callable[[httpx.Request], httpx.Response]:
    """Answer a batch of GETs from these users, by id or name."""

    def answer(request: httpx.Request) -> httpx.Response:
        items = []
        for one in orjson.loads(request.content)["requests"]:
            key = one["url"].removeprefix("/users/").partition("?")[0]
            body = users.get(key)
            found = item(one["id"], 200, body) if body else refusal(one["id"], 404, "Request_ResourceNotFound", "")
            items.append(found)
        return envelope(*reversed(items))

    return answer
