"""A small tenant and a caller that talks HTTP to it in the same process, on a clock that only the test moves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx

from connectors.sandbox.api.world import SANDBOX_TOKEN, AppIdentity, World
from connectors.sandbox.app import create_app
from connectors.sandbox.sample.seed import catalog
from connectors.sandbox.tenant.file import load
from connectors.sandbox.tenant.model import Json
from connectors.sandbox.tenant.state import TenantState
from connectors.sandbox.trouble.faults import FaultPlan
from connectors.sandbox.trouble.quota import Quota

START = 1_772_438_400.0
"""2026-03-02T08:00:00Z."""
TENANT = "11111111-2222-4333-8444-555555555555"
E4 = "1392051d-0cb9-4b7a-88d5-621fee5e8711"
E3 = "6fd2c87f-b296-42f0-b197-1e91e994b900"
E5 = "c7df2760-2c81-4ef7-b578-5b5392b571df"
SPE_E3 = "05e9a617-0261-4cee-bb44-138d3ef5d965"
STORAGE = "99049c9c-6011-4908-bf17-15f496e6519d"
NOT_OURS = "00000000-0000-4000-8000-00000000dead"

ADELE = "00000000-0000-4000-8000-00000000000a"
BRAM = "00000000-0000-4000-8000-00000000000b"
CHLOE = "00000000-0000-4000-8000-00000000000c"
GROUP = "00000000-0000-4000-8000-0000000000f1"

_PRODUCTS = (
    "ENTERPRISEWITHSCAL", "ENTERPRISEPACK", "ENTERPRISEPREMIUM", "SPE_E3", "VISIOCLIENT", "MCOEV", "MCOMEETADV",
    "MCOPSTN1", "INTUNE_A_VL", "SHAREPOINTSTORAGE", "PROJECTPROFESSIONAL",
)  # fmt: skip


def person(key: str, name: str, *licenses: str | Json, **more: Any) -> Json:
    """A user entry with the given object id, living in the Netherlands unless told otherwise."""
    upn = f"{name.lower()}@contoso.example"
    return {"id": key, "upn": upn, "name": name, "location": "NL", "licenses": list(licenses), **more}


def tenant_of(*users: Json, seats: Mapping[str, Any] | None = None, **more: Any) -> TenantState:
    """A tenant with these users; each product has 10 seats, or what `seats` says (a number, or fields of the entry)."""
    given = catalog()
    skus = []
    for entry in given["skus"]:
        if entry["skuPartNumber"] in _PRODUCTS:
            wanted = (seats or {}).get(entry["skuPartNumber"], 10)
            skus.append({**entry, **(wanted if isinstance(wanted, dict) else {"enabled": wanted})})
    organization = {"id": TENANT, "name": "Contoso", "domains": ["contoso.example", "contoso.onmicrosoft.com"]}
    document = {
        "organization": organization, "plans": given["plans"], "rules": given["rules"], "skus": skus, "users": users,
    }  # fmt: skip
    return load({**document, **more})


class Caller:
    """Calls a tenant over HTTP in the same process. `clock` holds the time in epoch seconds."""

    def __init__(
        self,
        tenant: TenantState,
        *,
        faults: FaultPlan | None = None,
        quota: Quota | None = None,
        latency: Callable[[str, int], Awaitable[None]] | None = None,
        apps: Mapping[str, AppIdentity] | None = None,
    ) -> None:
        self.clock = [START]
        self.tenant = tenant
        self.app = create_app(
            tenant, clock=lambda: self.clock[0], faults=faults, quota=quota, latency=latency, apps=apps
        )
        self.world: World = self.app.state.world

    def client(self, token: str = SANDBOX_TOKEN) -> httpx.AsyncClient:
        """A client of the application."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url="http://tenant/v1.0",
            headers={"Authorization": f"Bearer {token}"},
        )

    def call(self, method: str, path: str, *, token: str = SANDBOX_TOKEN, **more: Any) -> httpx.Response:
        """One call."""

        async def once() -> httpx.Response:
            async with self.client(token) as client:
                return await client.request(method, path, **more)

        return asyncio.run(once())

    def get(self, path: str, **more: Any) -> Json:
        """The JSON of a call that succeeds."""
        answer = self.call("GET", path, **more)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    def pages(self, path: str) -> list[list[Json]]:
        """The rows of every page."""
        pages = []
        link: str | None = path
        while link is not None:
            answer = self.get(link)
            pages.append(answer["value"])
            link = answer.get("@odata.nextLink")
        return pages

    def assign(self, user: str, add: list[Any], remove: list[str]) -> tuple[int, str]:
        """An assignLicense on a user: (status, error message or ""). `add` takes SKU ids or whole entries."""
        entries = [one if isinstance(one, dict) else {"skuId": one, "disabledPlans": []} for one in add]
        body = {"addLicenses": entries, "removeLicenses": remove}
        return outcome(self.call("POST", f"/users/{user}/assignLicense", json=body))

    def batch(self, *requests: Json) -> dict[str, Json]:
        """The items' answers by id."""
        answer = self.call("POST", "/$batch", json={"requests": list(requests)})
        assert answer.status_code == 200, answer.text
        return {item["id"]: item for item in answer.json()["responses"]}


def outcome(answer: httpx.Response) -> tuple[int, str]:
    """(status, error message or "")."""
    return answer.status_code, answer.json()["error"]["message"] if answer.status_code >= 400 else ""


def swap_item(key: str, user: str, add: str = E3, remove: str = E4) -> Json:
    """A batch item that swaps one product for another."""
    return {
        "id": key,
        "method": "POST",
        "url": f"/users/{user}/assignLicense",
        "headers": {"Content-Type": "application/json"},
        "body": {"addLicenses": [{"skuId": add, "disabledPlans": []}], "removeLicenses": [remove]},
    }
