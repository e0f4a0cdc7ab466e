"""Other ways to send the same changes: the typed SDK, the SDK's batches, and the least that any client can do.

None of them keeps a journal or knows what to do with a refusal, and none but one reads a user before it is changed.
Each must get 200 for every user.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import orjson
from kiota_abstractions.authentication import AnonymousAuthenticationProvider
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.models.assigned_license import AssignedLicense
from msgraph.generated.users.item.assign_license.assign_license_post_request_body import AssignLicensePostRequestBody

from connectors.changes import AssignLicense
from connectors.graph import batch
from connectors.graph.reads.reader import READ_SELECT
from jobs.license_reassignment.model.plan import tasks_of
from jobs.license_reassignment.run_folder.folder import RunDir
from jobs.license_reassignment.run_folder.load import load_plan, load_snapshot

TOKEN = {"Authorization": "Bearer sandbox-token"}
JSON = {"Content-Type": "application/json"}
SELECT = ",".join(READ_SELECT)
BATCH = 20


def send(url: str, folder: str, way: str, users: int, in_flight: int = 1) -> dict[str, Any]:
    """Send the first `users` changes of a plan in one way; seconds, CPU seconds, and how many users got 200.

    The ways are `typed`, `sdk_batch`, `bare` and `bare_with_reads`.
    """
    run = RunDir(Path(folder))
    changes = [task.change for task in tasks_of(load_plan(run), load_snapshot(run)).values()][:users]
    return asyncio.run(_timed(url, changes, way, in_flight))


async def _timed(url: str, changes: Sequence[AssignLicense], way: str, in_flight: int) -> dict[str, Any]:
    # The time starts when the client is there: opening it loads certificates, which nobody here needs.
    async with httpx.AsyncClient(headers=TOKEN, timeout=100, trust_env=False) as http:
        began, cpu = time.perf_counter(), time.process_time()
        if way.startswith("bare"):
            done = await bare(http, url, changes, in_flight, reads=way == "bare_with_reads")
        else:
            adapter = GraphRequestAdapter(AnonymousAuthenticationProvider(), http)
            adapter.base_url = url
            done = await {"typed": typed, "sdk_batch": sdk_batch}[way](adapter, changes)
        return {
            "users": done,
            "seconds": time.perf_counter() - began,
            "cpu_s": time.process_time() - cpu,
        }


async def typed(adapter: GraphRequestAdapter, changes: Sequence[AssignLicense]) -> int:
    """One user after the other through the SDK's typed model."""
    graph, done = GraphServiceClient(request_adapter=adapter), 0
    for change in changes:
        body = AssignLicensePostRequestBody(
            add_licenses=[
                AssignedLicense(sku_id=UUID(a.sku_id), disabled_plans=[UUID(p) for p in a.disabled_plans])
                for a in change.add
            ],
            remove_licenses=[UUID(sku) for sku in change.remove],
        )
        user = await graph.users.by_user_id(change.user_id).assign_license.post(body)
        done += user is not None and user.id == change.user_id
    return done


async def sdk_batch(adapter: GraphRequestAdapter, changes: Sequence[AssignLicense]) -> int:
    """Batches of twenty, one after the other, through the SDK's adapter; its batch classes lack a dependency."""
    done = 0
    for twenty in _twenties(changes):
        request = RequestInformation(Method.POST, "{+baseurl}/$batch", {"baseurl": adapter.base_url})
        request.set_stream_content(batch.writes(twenty), "application/json")
        answer = await adapter.send_primitive_async(request, "bytes", {})
        done += _applied(answer)
    return done


async def bare(
    http: httpx.AsyncClient, url: str, changes: Sequence[AssignLicense], in_flight: int, *, reads: bool
) -> int:
    """The limit: envelopes of twenty straight into httpx, so many at once, and statuses counted.

    With `reads`, the users of an envelope are read first, as the product must, by twice as many senders.
    """
    left, done = _twenties(changes), 0

    async def sender() -> None:
        nonlocal done
        for twenty in left:
            if reads:
                envelope = batch.gets([f"/users/{change.user_id}?$select={SELECT}" for change in twenty])
                answer = await http.post(f"{url}/$batch", content=envelope, headers=JSON)
                assert _applied(answer.content) == len(twenty), "every user of the plan exists"
            answer = await http.post(f"{url}/$batch", content=batch.writes(twenty), headers=JSON)
            done += _applied(answer.content)

    await asyncio.gather(*(sender() for _ in range(in_flight * 2 if reads else in_flight)))
    return done


def _twenties(changes: Sequence[AssignLicense]) -> Iterator[Sequence[AssignLicense]]:
    return (changes[start : start + BATCH] for start in range(0, len(changes), BATCH))


def _applied(answer: bytes) -> int:
    return sum(item["status"] == 200 for item in orjson.loads(answer)["responses"])
