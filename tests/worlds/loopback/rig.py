"""The installed command against Graph and Entra on loopback: names by proxy, TLS by a private authority."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send
from worlds.loopback.login import APP_ID, HOST, SECRET, Login
from worlds.loopback.wires import Proxy, certificates, https_server, listener

from connectors.sandbox.api.world import AppIdentity, World
from connectors.sandbox.app import create_app
from connectors.sandbox.sample.seed import catalog
from connectors.sandbox.tenant.file import load
from connectors.sandbox.tenant.model import Json
from connectors.sandbox.tenant.state import TenantState

GRAPH = "graph.microsoft.com"
TENANT = "11111111-2222-4333-8444-555555555555"
E4 = "1392051d-0cb9-4b7a-88d5-621fee5e8711"
E3 = "6fd2c87f-b296-42f0-b197-1e91e994b900"
COMMAND = Path(sys.executable).with_name("reseat.exe" if os.name == "nt" else "reseat")
PRODUCTS = ("ENTERPRISEWITHSCAL", "ENTERPRISEPACK", "ENTERPRISEPREMIUM", "SPE_E3", "VISIOCLIENT")
SETTINGS = f"""
[tenant]
id = "{TENANT}"

[source]
skus = ["ENTERPRISEWITHSCAL"]

[[swap]]
name = "everyone"
to = ["ENTERPRISEPACK"]

[verify]
seconds_between_scans = 0
settle_minutes_max = 1

[declare]
by = "ticket 1"
purchase_channel = "direct"
billing_agreement = "mca"
"""


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON document on stdout, which is ASCII."""
        assert self.out.isascii()
        return json.loads(self.out)

    def says(self, code: int, *words: str) -> None:
        """The command ended with this code and a message of one paragraph that holds these words."""
        assert "Traceback" not in self.err, self.err
        assert code == self.code, f"{self.code}\n{self.out}\n{self.err}"
        message = self.err.partition("reseat: ")[2]
        assert message, f"no message\n{self.out}\n{self.err}"
        assert "get_token" not in self.err, "a library speaks for itself"
        assert "\n\n" not in message.strip()
        assert [word for word in words if word not in message] == [], message


def until(condition: Callable[[], Any], what: str, seconds: float = 20.0) -> Any:
    """Wait for something that can be seen, and return it; fail when it does not come."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"{what} did not come within {seconds} s"
        threading.Event().wait(0.01)
    return found


def tenant(users: int = 3, *, seats: int | None = None, **more: Any) -> TenantState:
    """A tenant of Dutch holders of E4, with enough seats of everything unless told otherwise."""
    given = catalog()
    entries: list[Json] = [
        {**one, "enabled": users + 10 if seats is None or one["skuPartNumber"] == "ENTERPRISEWITHSCAL" else seats}
        for one in given["skus"]
        if one["skuPartNumber"] in PRODUCTS
    ]
    people = [
        {
            "upn": f"user{n:04d}@contoso.example",
            "name": f"User {n}",
            "location": "NL",
            "licenses": ["ENTERPRISEWITHSCAL"],
        }
        for n in range(users)
    ]
    bought = [
        {"id": f"50000000-0000-4000-8000-{n:012d}", "sku": one["skuPartNumber"], "totalLicenses": one["enabled"]}
        for n, one in enumerate(entries)
    ]
    organization = {"id": TENANT, "name": "Contoso", "domains": ["contoso.example", "contoso.onmicrosoft.com"]}
    document = {
        "organization": organization, "plans": given["plans"], "rules": given["rules"], "skus": entries,
        "subscriptions": bought, "users": people,
    }  # fmt: skip
    return load({**document, **more})


class Switch:
    """An ASGI application that hands every request to whatever stands behind it now."""

    def __init__(self) -> None:
        self.app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand one request on."""
        assert self.app is not None, "no tenant stands behind Graph"
        await self.app(scope, receive, send)


class Internet:
    """Graph, Entra and the proxy in one thread."""

    def __init__(self, folder: Path) -> None:
        self.bundle, served = certificates(folder, (GRAPH, HOST))
        self.graph, self.entra = Switch(), Switch()
        self._listeners = [listener() for _ in range(3)]
        ports = [one.getsockname()[1] for one in self._listeners]
        self.proxy = Proxy({GRAPH: ports[0], HOST: ports[1]})
        self.proxy_url = f"http://127.0.0.1:{ports[2]}"
        self._servers = [https_server(app, served) for app in (self.graph, self.entra)]
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        until(lambda: all(one.started for one in self._servers), "the servers")

    async def _serve(self) -> None:
        graph, entra, middle = self._listeners
        proxy = await asyncio.start_server(self.proxy.serve, sock=middle)
        await asyncio.gather(self._servers[0].serve(sockets=[graph]), self._servers[1].serve(sockets=[entra]))
        proxy.close()

    def stop(self) -> None:
        """Close everything."""
        for server in self._servers:
            server.should_exit = server.force_exit = True
        self._thread.join(10)
        for one in self._listeners:
            one.close()


class Rig:
    """One test's tenant, its settings and the command. `folder` is where the command is called."""

    def __init__(self, internet: Internet, folder: Path) -> None:
        self.internet = internet
        self.proxy = internet.proxy
        self.folder = folder
        self.login = Login(tenants={TENANT}, issued=self._issued)
        internet.entra.app = self.login.app()
        internet.graph.app = None
        self.proxy.away.clear()
        self.world: World | None = None
        self.environ = {
            **{
                name: os.environ[name]
                for name in ("PATH", "PYTHONPATH", "SYSTEMROOT", "TEMP", "TMP")
                if name in os.environ
            },
            "HOME": str(folder),
            "HTTPS_PROXY": internet.proxy_url,
            "SSL_CERT_FILE": str(internet.bundle),
            "REQUESTS_CA_BUNDLE": str(internet.bundle),
            "AZURE_TENANT_ID": TENANT,
            "AZURE_CLIENT_ID": APP_ID,
            "AZURE_CLIENT_SECRET": SECRET,
        }
        self.spoken: list[str] = []
        self.configure()

    def _issued(self, token: str, roles: tuple[str, ...]) -> None:
        if self.world is not None:
            self.world.apps[token] = AppIdentity(APP_ID, "reseat", frozenset(roles))

    def serve(self, state: TenantState, **more: Any) -> World:
        """Put this tenant behind Graph's name."""
        app = create_app(state, clock=time.time, token="unused", **more)
        app.state.cut = self.proxy.cut
        world: World = app.state.world
        self.world, self.internet.graph.app = world, app
        return world

    def configure(self, text: str = SETTINGS, name: str = "reseat.toml") -> Path:
        """Write the settings file."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def start(
        self,
        *args: object,
        environ: Mapping[str, str | None] | None = None,
        cwd: Path | None = None,
        program: tuple[str | Path, ...] = (COMMAND,),
    ) -> subprocess.Popen[bytes]:
        """Start the installed command; None in `environ` takes a variable away."""
        merged = {**self.environ, **(environ or {})}
        return subprocess.Popen(
            [*program, *map(str, args)],
            cwd=cwd or self.folder,
            env={name: value for name, value in merged.items() if value is not None},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def end(self, process: subprocess.Popen[bytes], seconds: float = 60.0) -> Done:
        """Wait for a started command."""
        try:
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            out, err = process.communicate()
            pytest.fail(f"still at work after {seconds} s\n{out.decode()}\n{err.decode()}")
        done = Done(process.returncode, out.decode(errors="replace"), err.decode(errors="replace"))
        self.spoken += [done.out, done.err]
        return done

    def run(self, *args: object, environ: Mapping[str, str | None] | None = None, cwd: Path | None = None) -> Done:
        """Run the installed command to its end."""
        done = self.end(self.start(*args, environ=environ, cwd=cwd))
        assert "Traceback" not in done.err, done.err
        return done

    def plan(self, *args: object, code: int = 0) -> str:
        """Make a plan and return its id."""
        done = self.run("plan", "--json", *args)
        assert code == done.code, done.out + done.err
        plan_id: str = done.json["plan_id"]
        return plan_id

    def journal(self, plan_id: str, runs: str = "runs") -> list[Json]:
        """The lines of a run's journal that are there now."""
        path = self.folder / runs / plan_id / "journal.jsonl"
        lines = path.read_bytes().split(b"\n") if path.exists() else []
        return [json.loads(line) for line in lines[:-1]]

    def sent(self) -> list[str]:
        """The users for whom a change was carried out, in order; each once when nothing was sent twice."""
        assert self.world is not None
        return [record.target for record in self.world.tenant.write_log if record.status < 300]
