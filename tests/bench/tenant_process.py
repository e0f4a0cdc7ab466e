"""The tenant's process: generates, serves on loopback, says where, and counts on request until its input ends."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from typing import Any

from connectors.sandbox.app import create_app
from connectors.sandbox.sample.seed import generate
from connectors.sandbox.server import serve
from connectors.sandbox.trouble.quota import Quota


def main() -> None:
    """Serve what the first argument describes: users, seed, mix, latency_ms per request, quota_scale."""
    told: dict[str, Any] = json.loads(sys.argv[1])
    tenant = generate(told["users"], told["seed"], **told["mix"])
    # A million objects that never go away would be looked at again and again, at the cost of whoever is measured.
    gc.collect()
    gc.freeze()
    seconds = told["latency_ms"] / 1000

    async def latency(_path: str, _calls: int) -> None:
        await asyncio.sleep(seconds)

    app = create_app(
        tenant, clock=time.time, quota=Quota(scale=told["quota_scale"]), latency=latency if seconds else None
    )
    server = serve(app)
    _say({"url": server.url, "tenant_id": tenant.organization.id})
    world = app.state.world
    for _ in sys.stdin:
        writes = world.quota.write_times
        _say(
            {
                "requests": sum(world.requests.values()),
                "writes": len(writes),
                "applied": sum(record.status < 300 for record in tenant.write_log),
                "first_write": writes[0] if writes else 0.0,
                "last_write": writes[-1] if writes else 0.0,
                "throttled": world.quota.throttled,
                "cpu_s": time.process_time(),
            }
        )
    server.stop()


def _say(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
