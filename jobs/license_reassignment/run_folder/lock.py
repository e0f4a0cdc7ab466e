"""One run at a time per tenant: a lock file beside the run folders."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from jobs.license_reassignment.errors import Locked, Unfinished


@contextmanager
def tenant_lock(runs: Path, tenant_id: str) -> Iterator[None]:
    """Hold the tenant's lock. Raises Locked (11) when another run has it; the system frees it when a run dies."""
    path = runs / f".lock-{tenant_id}"
    try:
        runs.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path, mode=0o600)
        lock.acquire(timeout=0)
    except Timeout as error:
        raise Locked(
            f"Another run works on tenant {tenant_id} (lock {path}). Wait for it: `reseat status` shows how far it is."
        ) from error
    except OSError as error:
        raise Unfinished(
            f"Cannot write {path}: {error.strerror or error}. Repair the folder; nothing was done."
        ) from error
    try:
        yield
    finally:
        lock.release()
