"""`reseat demo` and `reseat sandbox`: the embedded tenant served on loopback, and the whole job against it."""

from __future__ import annotations

import asyncio
import time
from importlib.resources import files
from itertools import count
from pathlib import Path

from connectors.sandbox.app import create_app
from connectors.sandbox.sample import seed as seeds
from connectors.sandbox.server import Server, serve
from connectors.sandbox.tenant.file import load
from connectors.sandbox.tenant.state import TenantState
from connectors.sandbox.trouble.quota import Quota
from jobs.cli import output
from jobs.cli.progress_line import progress_line
from jobs.cli.terminal import text
from jobs.license_reassignment.apply.control import StopFlag
from jobs.license_reassignment.commands.run import Steps, run_all
from jobs.license_reassignment.errors import ExitCode, InputError
from jobs.license_reassignment.run_folder.folder import tenant_lock
from jobs.settings.load import Effective
from jobs.wiring import effective_settings, live

SAMPLES = ("users.csv", "demo.toml")


def run_demo(directory: Path, *, users: int | None, seed: int, as_json: bool, flag: StopFlag) -> ExitCode:
    """Serve the tenant, run every step against it over HTTP, and say where the report is."""
    directory.mkdir(parents=True, exist_ok=True)
    generated = users is not None
    tenant = seeds.generate(users, seed) if users is not None else sample_tenant()
    for name in SAMPLES:
        (directory / name).write_bytes(files("sample_data").joinpath(name).read_bytes())
    server = serve(create_app(tenant, clock=time.time))
    try:
        if not as_json:
            text(f"The sample tenant runs on {server.url}; signing in with a fixed token.")
        effective = demo_settings(directory, server, tenant, generated=generated)
        steps = asyncio.run(_run(effective, tenant, flag, as_json=as_json))
    finally:
        server.stop()
    output.ran(steps, as_json=as_json, rehearsed=True)
    return steps.code


def sample_tenant() -> TenantState:
    """Load the sample tenant of the package."""
    return load(files("sample_data").joinpath("tenant.json").read_bytes())


def demo_settings(directory: Path, server: Server, tenant: TenantState, *, generated: bool) -> Effective:
    """Load the demo's settings with the address that was free; a generated tenant has no roster and no limit.

    Nor has it the accounts that the sample protects and the groups that it changes.
    """
    flags: dict[str, object] = {"tenant__graph_url": server.url, "tenant__id": tenant.organization.id}
    if generated:
        flags |= {
            "scope__roster": "",
            "scope__protected": [],
            "groups__swap": [],
            "limits__users_changed_max": 10_000_000,
        }
    return effective_settings(directory / "demo.toml", fresh_runs(directory), **flags)


def fresh_runs(directory: Path) -> Path:
    """Name a folder for the runs that is not there yet: each demo has a tenant of its own, and nothing is deleted."""
    names = ("runs" if n == 1 else f"runs-{n}" for n in count(1))
    return next(directory / name for name in names if not (directory / name).exists())


async def _run(effective: Effective, tenant: TenantState, flag: StopFlag, *, as_json: bool) -> Steps:
    told = output.silent if as_json else output.step
    with tenant_lock(effective.runs_path, tenant.organization.id), progress_line(flag) as line:
        async with live(effective, flag, line, writes=True) as parts:
            return await run_all(parts, approve=tenant.organization.id, skip_bad_rows=False, told=told)


def serve_sandbox(path: Path | None, *, port: int, latency_ms: int, quota_scale: float) -> ExitCode:
    """Serve a tenant file, the sample where none is named, until interrupted."""
    try:
        tenant = load(path.read_bytes()) if path is not None else sample_tenant()
    except OSError as error:
        raise InputError(f"Cannot read the tenant file {path}: {error.strerror}.") from error
    except KeyError as error:
        raise InputError(f"{path} is not a tenant file: an entry has no key {error}.") from error
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{path} is not a tenant file: {error}.") from error

    async def latency(_method: str, _writes: int) -> None:
        await asyncio.sleep(latency_ms / 1000)

    app = create_app(tenant, clock=time.time, quota=Quota(scale=quota_scale), latency=latency if latency_ms else None)
    try:
        server = Server(app, port=port)
    except OSError as error:
        raise InputError(
            f"Cannot listen on port {port}: {error.strerror}. Choose another with --port; 0 takes a free one."
        ) from error
    text(f'{server.url}  (credential = "sandbox"; Ctrl-C ends it)')
    server.run()
    return ExitCode.DONE
