"""Verify and report: two scans, the adding up and all renderings, with the time of each and the size of the page."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from bench.parts import live

from connectors.catalog.products import load_catalog
from jobs.license_reassignment.commands.report import report
from jobs.license_reassignment.commands.verify import verify
from jobs.license_reassignment.run_folder.folder import RunDir


def verified(config: str, folder: str) -> dict[str, Any]:
    """Verify as `reseat verify` does: seconds, the verdict, and what report.html weighs."""
    return asyncio.run(_verified(config, RunDir(Path(folder))))


async def _verified(config: str, run: RunDir) -> dict[str, Any]:
    async with live(config) as parts:
        began = time.perf_counter()
        found = await verify(parts, run)
        seconds = time.perf_counter() - began
        requests = parts.tenant.traffic.http
    return {
        "seconds": seconds,
        "moved": found.totals.moved,
        "in_scope": found.totals.in_scope,
        "verdict": found.verdict,
        "requests": requests,
        "html_mb": (run.path / "report.html").stat().st_size / 1e6,
        "folder_mb": sum(path.stat().st_size for path in run.files()) / 1e6,
    }


def reported(folder: str) -> dict[str, Any]:
    """Render again from the files alone, as `reseat report` does: seconds."""
    began = time.perf_counter()
    report(RunDir(Path(folder)), load_catalog())
    return {"seconds": time.perf_counter() - began}
