"""Apply as the product does it, journal and reads included: users per second, CPU seconds, memory on the way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.parts import Silent, live

from jobs.license_reassignment.apply.session import Ending, Session
from jobs.license_reassignment.commands import apply as applying
from jobs.license_reassignment.model.progress import Progress
from jobs.license_reassignment.run_folder.folder import RunDir


def resident_mb() -> float:
    """Return the resident memory of this process now, in MB (10⁶ bytes)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6


def apply(config: str, folder: str, memory_at: list[int] | None = None) -> dict[str, Any]:
    """Carry the plan of the folder out; `memory_at` are numbers of users done at which memory is looked at.

    `seconds` and `cpu_s` are those of the engine, without loading the plan and asking the guards.
    """
    return asyncio.run(_apply(config, folder, memory_at or []))


@dataclass(slots=True)
class _Stopwatch:
    """What one run of the engine took."""

    seconds: float = 0.0
    cpu_s: float = 0.0


@contextmanager
def _engine_timed() -> Iterator[_Stopwatch]:
    """Put a stopwatch around the product's engine."""
    watch, engine = _Stopwatch(), applying.apply

    async def timed(session: Session) -> Ending:
        began, cpu = time.perf_counter(), time.process_time()
        ending = await engine(session)
        watch.seconds, watch.cpu_s = time.perf_counter() - began, time.process_time() - cpu
        return ending

    applying.apply = timed
    try:
        yield watch
    finally:
        applying.apply = engine


async def _apply(config: str, folder: str, memory_at: list[int]) -> dict[str, Any]:
    left, memory = sorted(memory_at), dict[str, float]()

    def look(progress: Progress) -> None:
        while left and progress.done >= left[0]:
            memory[str(left.pop(0))] = resident_mb()

    with _engine_timed() as engine:
        async with live(config, Silent(look)) as parts:
            began = time.perf_counter()
            applied = await applying.apply_plan(parts, RunDir(Path(folder)), tenant=parts.effective.settings.tenant.id)
            whole = time.perf_counter() - began
            traffic = parts.tenant.traffic
    return {
        "code": int(applied.code),
        "users": applied.counts.get("applied", 0),
        "seconds": engine.seconds,
        "cpu_s": engine.cpu_s,
        "whole_s": whole,
        "requests": traffic.http,
        "memory_mb": memory,
    }
