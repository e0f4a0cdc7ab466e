"""A second Graph, written from Microsoft's pages alone: everything optional is missing, everything legal is odd."""

from __future__ import annotations

import gzip
import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from worlds.loopback.rig import E3, E4, GRAPH, TENANT

Json = dict[str, Any]
ROOT = f"https://{GRAPH}/v1.0"
NEW_SKU = "99999999-0000-4000-8000-0000000000aa"
EXCHANGE = "efb87545-963c-4e0d-99df-69c6916d9eb0"
TEAMS = "57ff2da0-773e-42df-b2af-ffb7a2317929"
VOICE = "27216c54-caf8-4d0d-97e2-517afb5c08f6"
NEW_PLAN = "99999999-0000-4000-8000-0000000000bb"
HOLDERS = re.compile(r"assignedLicenses/any\(x:x/skuId eq ([0-9a-f-]{36})\)")


def plan(plan_id: str, name: str, status: str = "Success", applies_to: str = "User") -> Json:
    """A service plan, with a property that nobody knows."""
    return {
        "servicePlanId": plan_id, "servicePlanName": name, "provisioningStatus": status, "appliesTo": applies_to,
        "somethingNew": {"@odata.type": "#microsoft.graph.somethingNew"},
    }  # fmt: skip


COMMON = (plan(EXCHANGE, "EXCHANGE_S_ENTERPRISE"), plan(TEAMS.upper(), "TEAMS1"))
COMPANY = plan(NEW_PLAN, "NEW_COMPANY_PLAN", "PendingProvisioning", "Company")
PLANS = {E4: (*COMMON, plan(VOICE, "MCOVOICECONF")), E3: (*COMMON, COMPANY), NEW_SKU: ()}


@dataclass
class Strange:
    """The tenant: user id -> {SKU: disabled plans}. `said` holds every call; `writes` each change carried out."""

    users: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    deleted_items: int = 200
    throttle: Iterator[bool] = field(default_factory=lambda: itertools.repeat(False))
    writes: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    bodies: list[Json] = field(default_factory=list)

    def app(self) -> Starlette:
        """The tenant as an ASGI application."""
        return Starlette(
            routes=[
                Route("/v1.0/$batch", self._batch, methods=["POST"]),
                Route("/v1.0/{path:path}", self._single, methods=["GET", "POST"]),
            ]
        )

    async def _single(self, request: Request) -> Response:
        url = str(request.url).removeprefix(ROOT)
        status, headers, body = self._call(request.method, url, None)
        return answer(status, headers, body)

    async def _batch(self, request: Request) -> Response:
        sent = json.loads(await request.body())["requests"]
        assert len(sent) <= 20
        answers = []
        for item in sent:
            status, headers, body = self._call(item["method"], item["url"], item.get("body"))
            answers.append({"id": item["id"], "status": status, "headers": headers, "body": body})
        return answer(200, {}, {"responses": answers[::-1]})

    def _call(self, method: str, url: str, body: Any) -> tuple[int, Json, Json]:
        parts = urlsplit(url)
        path, query = parts.path, {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.said.append(f"{method} {path}")
        json_type = {"CONTENT-TYPE": "application/json"}
        if next(self.throttle):
            no = {"code": "TooManyRequests", "message": "Slow down.", "innerError": {"code": "429", "status": "429"}}
            return 429, {**json_type, "RETRY-AFTER": "1"}, {"error": no}
        if method == "POST":
            return self._assign(path, body, json_type)
        if path in (listed := self._collections()):
            return 200, json_type, {"value": listed[path]}
        match path.strip("/").split("/"):
            case ["users"]:
                return 200, json_type, self._page(query)
            case ["users", key] if (found := unquote(key).lower()) in self.users:
                return 200, json_type, {"@odata.context": "x", **self._user(found)}
            case ["admin", *_]:
                return 403, json_type, error("UnknownError", "Access to this service is denied for your application.")
            case _:
                return 404, json_type, error("Request_ResourceNotFound", "Resource not found for the segment.")

    def _collections(self) -> dict[str, list[Json]]:
        """The collections that fit on one page."""
        listed = {
            "/organization": [ORGANIZATION],
            "/subscribedSkus": [self._sku(sku) for sku in PLANS],
            "/directory/subscriptions": SUBSCRIPTIONS,
            "/groups": [],
        }
        return listed | ({"/directory/deletedItems/microsoft.graph.user": []} if self.deleted_items == 200 else {})

    def _page(self, query: Json) -> Json:
        """Two users a page; after the first an empty page; the way on is a token that means nothing to the caller."""
        found = HOLDERS.fullmatch(query.get("$filter", ""))
        if found is None:
            return {"value": [self._user(user) for user in self.users]}
        holders = [user for user, held in sorted(self.users.items()) if found[1] in held]
        at, empty = {"": (0, False), **TOKENS}[query.get("$skiptoken", "")]
        page: Json = {"value": [] if empty else [self._user(user) for user in holders[at : at + 2]]}
        step = (at + 2, at == 0) if not empty else (at, False)
        if step[0] < len(holders) or (step[1] and len(holders) > at + 2):
            token = next(name for name, value in TOKENS.items() if value == step)
            kept = f"$filter={quote(query['$filter'])}&%24select={quote(query['$select'])}"
            page["@odata.nextLink"] = f"{ROOT}/users?{kept}&$skiptoken={token}"
        return page

    def _user(self, user: str) -> Json:
        """A user as Graph shows one of whom it knows little."""
        held = self.users[user]
        states = [
            {
                "skuId": sku.upper(), "disabledPlans": off, "assignedByGroup": None, "state": "Active",
                "error": None if number else "None", "lastUpdatedDateTime": "2026-01-01T10:00:00.1234567Z", "other": [],
            }
            for number, (sku, off) in enumerate(held.items())
        ]  # fmt: skip
        return {
            "id": user, "userPrincipalName": f"Name.{user[-2:]}@Contoso.Example", "accountEnabled": True,
            "displayName": None, "department": None, "usageLocation": "NL", "onPremisesSyncEnabled": None,
            "assignedLicenses": [{"skuId": sku, "disabledPlans": off} for sku, off in held.items()],
            "licenseAssignmentStates": states, "brandNew": {"list": [1]},
        }  # fmt: skip

    def _sku(self, sku: str) -> Json:
        held = sum(sku in held for held in self.users.values())
        words = {E4: ("Enabled", 100), E3: ("Enabled", 100), NEW_SKU: ("SomethingNew", 0)}
        return {
            "id": f"{TENANT}_{sku}", "skuId": sku.upper(),
            "skuPartNumber": {E4: "ENTERPRISEWITHSCAL", E3: "ENTERPRISEPACK"}.get(sku, "NEWER_THAN_ANY_LIST"),
            "appliesTo": "User", "capabilityStatus": words[sku][0], "consumedUnits": held,
            "prepaidUnits": {"enabled": words[sku][1], "suspended": 0, "warning": 0}, "servicePlans": PLANS[sku],
        }  # fmt: skip

    def _assign(self, path: str, body: Any, json_type: Json) -> tuple[int, Json, Json]:
        user = path.split("/")[2].lower()
        self.bodies.append(body)
        held = self.users[user]
        for sku in body["removeLicenses"]:
            del held[sku.lower()]
        held.update({one["skuId"].lower(): one["disabledPlans"] for one in body["addLicenses"]})
        self.writes.append(user)
        return 200, json_type, {"@odata.context": "x", "id": user, "businessPhones": []}


def answer(status: int, headers: Json, body: Json) -> Response:
    """An answer as Graph's edge sends it: compressed, with headers in any case."""
    sent = {"Content-Encoding": "gzip", "Content-Type": "application/json", "REQUEST-ID": "abc", **headers}
    return Response(gzip.compress(json.dumps(body).encode()), status, sent)


def error(code: str, message: str) -> Json:
    """An error body without the inner part."""
    return {"error": {"code": code, "message": message}}


TOKENS = {
    "RFNwdAIAAQAAAA-2_e": (2, True), "RFNwdAIAAQAAAA-2": (2, False), "RFNwdAIAAQAAAA-4": (4, False),
}  # fmt: skip
ORGANIZATION = {
    "id": TENANT.upper(), "displayName": "Contoso", "newProperty": 1,
    "verifiedDomains": [{"name": "Contoso.Example", "isDefault": True, "type": "Managed"}],
}  # fmt: skip
SUBSCRIPTIONS = [
    {
        "id": f"50000000-0000-4000-8000-00000000000{number}", "skuId": sku.upper(), "skuPartNumber": "X",
        "status": status, "totalLicenses": 100, "ownerTenantId": None, "ownerId": None, "ownerType": None,
        "nextLifecycleDateTime": None, "createdDateTime": "2019-06-01T00:00:00Z", "isTrial": False, "serviceStatus": [],
    }
    for number, (sku, status) in enumerate(((E4, "Enabled"), (E3, "Enabled"), (NEW_SKU, "SomethingNew")))
]  # fmt: skip
