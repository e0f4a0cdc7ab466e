"""Apply as the product does it, journal and reads included: users per second, CPU seconds, memory on the way."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from parts import Silent, live

from jobs.license_reassignment.apply import Progress
from jobs.license_reassignment.applying import apply_plan
from jobs.license_reassignment.rundir import RunDir


def resident_mb() -> float:
    """Return the resident memory of this process now, in MB (10⁶ bytes)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6


def apply(config: str, folder: str, memory_at: list[int] | None = None) -> dict[str, Any]:
    """Carry the plan of the folder out; `memory_at` are numbers of users done at which memory is looked at.

    `seconds` are those of the engine: from its first look at the board to its last, without loading the plan.
    """
    return asyncio.run(_apply(config, folder, memory_at or []))


class _Watch(Silent):
    """Notes when the engine first and last told of its progress, and the memory at some counts of users."""

    def __init__(self, memory_at: list[int]) -> None:
        super().__init__()
        self.memory: dict[str, float] = {}
        self.told: list[tuple[float, float]] = []
        self._memory_at = sorted(memory_at)

    def progress(self, progress: Progress) -> None:
        """Look at clock, CPU and, now and then, memory."""
        self.told[1:] = [(time.perf_counter(), time.process_time())]
        while self._memory_at and progress.done >= self._memory_at[0]:
            self.memory[str(self._memory_at.pop(0))] = resident_mb()


async def _apply(config: str, folder: str, memory_at: list[int]) -> dict[str, Any]:
    watch = _Watch(memory_at)
    async with live(config, watch) as parts:
        tenant_id = parts.effective.settings.tenant.id
        began, cpu = time.perf_counter(), time.process_time()
        applied = await apply_plan(parts, RunDir(Path(folder)), tenant=tenant_id)
        whole, cpu = time.perf_counter() - began, time.process_time() - cpu
        traffic = parts.tenant.traffic
    (first, _), (last, _) = watch.told
    return {
        "code": int(applied.code),
        "reason": applied.reason,
        "users": applied.counts.get("applied", 0),
        "seconds": last - first,
        "whole_s": whole,
        "cpu_s": cpu,
        "requests": traffic.http,
        "throttled": traffic.throttled,
        "memory_mb": watch.memory,
    }
