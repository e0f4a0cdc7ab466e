"""Inventory and plan: the product's own, with the time of each, and a bare loop over the same pages beside them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx
import orjson
from bench.parts import live

from connectors.graph.client import GraphClient
from connectors.graph.reads.groups import read_groups
from connectors.graph.reads.lookups import Lookups
from connectors.graph.reads.reader import Reader
from connectors.tenant import ReadScope
from jobs.license_reassignment.commands.plan import make_plan
from jobs.license_reassignment.gather.names import Products, policy_of

TOKEN = {"Authorization": "Bearer sandbox-token"}


def plan(config: str) -> dict[str, Any]:
    """Make a plan as `reseat plan` does; seconds of the snapshot and of everything after it, and where the plan is."""
    return asyncio.run(_plan(config))


async def _plan(config: str) -> dict[str, Any]:
    spans: list[tuple[float, float]] = []
    async with live(config) as parts:
        client = parts.tenant
        assert isinstance(client, GraphClient)
        read = client.read_tenant

        async def timed(*args: Any, **keywords: Any) -> Any:
            began, cpu = time.perf_counter(), time.process_time()
            snapshot = await read(*args, **keywords)
            spans.append((time.perf_counter() - began, time.process_time() - cpu))
            return snapshot

        client.read_tenant = timed  # type: ignore[method-assign]
        began = time.perf_counter()
        planned = await make_plan(parts, skip_bad_rows=False)
        whole = time.perf_counter() - began
    return {
        "seconds": spans[0][0],
        "cpu_s": spans[0][1],
        "plan_s": whole - spans[0][0],
        "folder": str(planned.run.path),
        "folder_mb": sum(path.stat().st_size for path in planned.run.files()) / 1e6,
        "requests": client.traffic.http,
        **asdict(planned.plan.header.totals),
    }


def pages(config: str) -> dict[str, Any]:
    """Fetch the pages that an inventory fetches, parse and count them, and keep nothing: seconds, pages and rows."""
    return asyncio.run(_pages(config))


async def _pages(config: str) -> dict[str, Any]:
    urls = await _first_pages(config)
    count = rows = size = 0
    began, cpu = time.perf_counter(), time.process_time()
    async with httpx.AsyncClient(headers=TOKEN, timeout=100, trust_env=False) as http:
        for first in urls:
            link: str | None = first
            while link:
                answer = await http.get(link)
                body = orjson.loads(answer.content)
                count, rows, size = count + 1, rows + len(body["value"]), size + len(answer.content)
                link = body.get("@odata.nextLink")
    return {
        "seconds": time.perf_counter() - began,
        "cpu_s": time.process_time() - cpu,
        "pages": count,
        "rows": rows,
        "megabytes": size / 1e6,
    }


async def _first_pages(config: str) -> list[str]:
    """Return the first address of every collection that an inventory walks, as the product itself writes it."""
    async with live(config) as parts:
        client = parts.tenant
        assert isinstance(client, GraphClient)
        policy = policy_of(parts.effective.settings, Products(parts.catalog, await client.read_skus()))
        skus = [*policy.sources, *dict.fromkeys(t for rule in policy.rules for t in rule.targets)]
        channel = client._channel
        lookups = Lookups(channel.graph)
        listings = [lookups.holders(sku) for sku in skus]
        listings += [lookups.groups_with(sku) for sku in policy.sources]
        groups = await read_groups(Reader(channel), ReadScope((), policy.sources), {})
        listings += [lookups.members(group.id) for group in groups]
        listings.append(lookups.deleted_users())
        requests = [listing.first() for listing in listings]
        for request in requests:
            request.path_parameters["baseurl"] = parts.effective.settings.tenant.graph_url
        return [request.url for request in requests]


def command(config: str) -> dict[str, Any]:
    """Run `reseat plan` as a person does, start of the interpreter included; seconds and exit code."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "jobs", "plan", "-c", config], capture_output=True, cwd=Path(config).parent, check=False
    )
    return {"seconds": time.perf_counter() - began, "code": done.returncode}
