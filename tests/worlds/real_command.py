"""The installed command as a process of its own, against a small embedded tenant on loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.sandbox.app import create_app
from connectors.sandbox.server import Server, serve
from connectors.sandbox.tenant.state import TenantState
from worlds.machine import ROOT
from worlds.rehearsal import tenant_of

TENANT = "c0a70500-0000-4000-8000-000000000001"
OLD, NEW = "ENTERPRISEWITHSCAL", "ENTERPRISEPACK"
COMMAND = Path(sys.executable).with_name("reseat.exe" if os.name == "nt" else "reseat")
SECONDS_MAX = 60.0
SETTINGS = f"""
[tenant]
id = "{TENANT}"
credential = "sandbox"
graph_url = "URL"

[source]
skus = ["{OLD}"]

[[swap]]
name = "everyone"
to = ["{NEW}"]

[declare]
by = "CHG-1042"
purchase_channel = "direct"
billing_agreement = "mca"

[verify]
seconds_between_scans = 0
settle_minutes_max = 1
"""


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended, and what could still be read of it."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)

    def clean(self, *codes: int) -> Done:
        """One of these codes, and no word of a trace or of the interpreter."""
        told = self.out + self.err
        assert self.code in codes, f"{self.code}, not {codes}\n{told}"
        for word in ("Traceback", "Exception ignored", "error in reseat itself"):
            assert word not in told, told
        return self


def tenant(users: int = 3, *, people: Sequence[Mapping[str, Any]] = (), **more: Any) -> TenantState:
    """Holders of the old product in the Netherlands, or the given people, with seats enough of both products."""
    people = people or [
        {"upn": f"user{n:03}@contoso.example", "name": f"User {n}", "location": "NL", "licenses": [OLD]}
        for n in range(users)
    ]
    organization = {"id": TENANT, "name": "Contoso", "domains": ["contoso.example", "contoso.onmicrosoft.com"]}
    skus = [{"skuPartNumber": sku, "enabled": len(people) + 10} for sku in (OLD, NEW)]
    return tenant_of({"organization": organization, "skus": skus, "users": people, **more})


@dataclass
class Shop:
    """A folder with settings beside a tenant that answers, and the command called there."""

    state: TenantState
    server: Server
    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        kept = ("PATH", "SYSTEMROOT", "TEMP", "TMP")
        self.environ |= {name: os.environ[name] for name in kept if name in os.environ}
        self.environ |= {"PYTHONPATH": str(ROOT), "HOME": str(self.folder)}
        self.configure()

    def configure(self, more: str = "") -> Path:
        """Write the settings file."""
        path = self.folder / "reseat.toml"
        path.write_text(SETTINGS.replace("URL", self.server.url) + more, encoding="utf-8")
        return path

    @property
    def sent(self) -> list[str]:
        """For whom something was changed, in order."""
        return [record.target for record in self.state.write_log if record.status < 300]

    def moved(self, users: int) -> None:
        """Everybody was changed once, and has the new product alone."""
        by_name = {sku.part_number: sku.id for sku in self.state.skus.values()}
        assert (0, users) == (self.state.consumed(by_name[OLD]), self.state.consumed(by_name[NEW]))
        assert users == len(self.sent) == len(set(self.sent))

    def start(
        self,
        *args: object,
        by: Sequence[str] = (),
        cwd: Path | None = None,
        environ: Mapping[str, str | None] | None = None,
        **more: Any,
    ) -> subprocess.Popen[bytes]:
        """Start the command, `by` another one where given; None in `environ` takes a variable away."""
        merged = {**self.environ, **(environ or {})}
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
        return subprocess.Popen(
            [*by, COMMAND, *map(str, args)],
            cwd=cwd or self.folder,
            env={name: value for name, value in merged.items() if value is not None},
            start_new_session=True,
            **options,
        )

    def run(self, *args: object, **more: Any) -> Done:
        """Run the command to its end."""
        return end(self.start(*args, **more))

    def plan(self) -> str:
        """Make a plan and return its id."""
        plan_id: str = self.run("plan", "--json").clean(0).document["plan_id"]
        return plan_id

    def journal(self, plan_id: str) -> list[Any]:
        """The whole lines of a run's journal."""
        path = self.folder / "runs" / plan_id / "journal.jsonl"
        lines = path.read_bytes().split(b"\n") if path.exists() else []
        return [json.loads(line) for line in lines[:-1]]


def end(process: subprocess.Popen[bytes], seconds: float = SECONDS_MAX) -> Done:
    """Wait for a started command; one that does not end is a failure."""
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"still at work after {seconds} s\n{out!r}\n{err!r}") from None
    return Done(process.returncode, *((text or b"").decode(errors="replace") for text in (out, err)))


@contextmanager
def shop(
    folder: Path, state: TenantState | None = None, latency: Callable[[str, int], Awaitable[None]] | None = None
) -> Iterator[Shop]:
    """Serve a tenant, and open a shop before it."""
    folder.mkdir(parents=True, exist_ok=True)
    state = tenant() if state is None else state
    server = serve(create_app(state, clock=time.time, latency=latency))
    try:
        yield Shop(state, server, folder)
    finally:
        server.stop()


def until(condition: Callable[[], Any], what: str, seconds: float = 30.0) -> Any:
    """Wait for something that can be seen, and return it."""
    over = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < over, f"{what} did not come within {seconds} s"
        threading.Event().wait(0.01)
    return found
