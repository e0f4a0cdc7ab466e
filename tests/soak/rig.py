"""The processes of a soak: the tenant, and the installed command, each of whose processes has a number on the wire."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from worlds.loopback.login import APP_ID, SECRET
from worlds.loopback.rig import COMMAND
from worlds.machine import TESTS

PROGRESS = "progress.json"
TENANT = "contoso.example"

SETTINGS = """
[tenant]
id = "{tenant_id}"

[source]
skus = ["ENTERPRISEWITHSCAL"]

[scope]
guests = "hold"

[[swap]]
name = "voice"
to = ["ENTERPRISEPREMIUM"]
where = {{ department = ["Telefonie"] }}

[[swap]]
name = "base and add-on"
to = ["SPE_E3", "MCOEV"]
where = {{ department = ["Finance", "Legal"] }}

[[swap]]
name = "everyone else"
to = ["ENTERPRISEPACK"]

[plans]
lost_services = "accept"

[limits]
users_changed_max = 1000000
refusals_percent_max = 100

[pace]
writes_per_150_s = {writes_per_150_s}

[[wave]]
name = "first"
users = "20%"
then = "continue"

[verify]
seconds_between_scans = 2
settle_minutes_max = 5

[declare]
by = "the soak"
purchase_channel = "direct"
billing_agreement = "mca"
"""


@dataclass(frozen=True, slots=True)
class Soak:
    """What one soak is: how long, how often killed, from which seed, in which folder."""

    folder: Path
    seconds: float = 600.0
    kills: int = 20
    seed: int = 1
    users: int = 0
    writes_per_150_s: int = 750


class Tenant:
    """The tenant's process. `ask` gives it an order and returns its answer."""

    def __init__(self, soak: Soak, users: int) -> None:
        told = {**asdict(soak), "folder": str(soak.folder), "users": users}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "soak.tenant", json.dumps(told)],
            cwd=TESTS,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        ready = self._said()
        self.proxy, self.bundle, self.tenant_id = ready["proxy"], ready["bundle"], ready["tenant_id"]

    def ask(self, order: str, **more: Any) -> dict[str, Any]:
        """Give one order."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": order, **more}) + "\n")
        self._process.stdin.flush()
        return self._said()

    def _said(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the tenant's process ended; its trace stands above")
        found: dict[str, Any] = json.loads(line)
        return found

    def close(self) -> None:
        """End its input, and wait for its end."""
        self._process.communicate(timeout=30)


@dataclass(slots=True)
class Process:
    """One process of the command. Times are UTC epoch seconds; `signal` is what we sent to it, 0 for nothing.

    `kept` are the waits that it left for the next one in its sign of life.
    """

    generation: int
    command: list[str]
    started: float
    ended: float = 0.0
    code: int = 0
    signal: int = 0
    signaled: float = 0.0
    said: str = ""
    kept: list[dict[str, str]] = field(default_factory=list)


class Operator:
    """Runs the installed command in the soak's folder, and remembers every process."""

    def __init__(self, soak: Soak, tenant: Tenant) -> None:
        self.soak = soak
        self.past: list[Process] = []
        self.run = Path()
        self._tenant = tenant
        self._running: tuple[subprocess.Popen[bytes], Process] | None = None
        settings = SETTINGS.format(tenant_id=tenant.tenant_id, writes_per_150_s=soak.writes_per_150_s)
        (soak.folder / "reseat.toml").write_text(settings, encoding="utf-8")

    def start(self, *arguments: str) -> Process:
        """Start the command."""
        process = Process(len(self.past) + 1, list(arguments), time.time())
        self.past.append(process)
        stem = self.soak.folder / f"{process.generation:03d}-{arguments[0]}"
        with stem.with_suffix(".out").open("wb") as out, stem.with_suffix(".err").open("wb") as err:
            running = subprocess.Popen(
                [str(COMMAND), *arguments, "--json"],
                cwd=self.soak.folder,
                env=self._environ(process.generation),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        self._running = running, process
        return process

    def _environ(self, generation: int) -> dict[str, str]:
        kept = ("PATH", "PYTHONPATH", "SYSTEMROOT", "TEMP", "TMP")
        return {
            **{name: os.environ[name] for name in kept if name in os.environ},
            "HOME": str(self.soak.folder),
            "HTTPS_PROXY": f"http://gen{generation}:none@127.0.0.1:{self._tenant.proxy}",
            "SSL_CERT_FILE": self._tenant.bundle,
            "REQUESTS_CA_BUNDLE": self._tenant.bundle,
            "AZURE_TENANT_ID": self._tenant.tenant_id,
            "AZURE_CLIENT_ID": APP_ID,
            "AZURE_CLIENT_SECRET": SECRET,
        }

    def ended(self) -> bool:
        """Say whether the running process has ended; note its end when it has."""
        assert self._running is not None
        running, process = self._running
        code = running.poll()
        if code is None:
            return False
        if not process.ended:
            process.ended, process.code = time.time(), code
            stem = self.soak.folder / f"{process.generation:03d}-{process.command[0]}"
            process.said = stem.with_suffix(".err").read_text(encoding="utf-8", errors="replace")[-2000:]
            if (self.run / PROGRESS).is_file():
                process.kept = json.loads((self.run / PROGRESS).read_bytes()).get("pauses", [])
        return True

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the running process."""
        assert self._running is not None
        running, process = self._running
        process.signal, process.signaled = number, time.time()
        running.send_signal(number)

    def wait(self, seconds: float) -> Process:
        """Wait for the end of the running process; one that goes on longer is killed, and its code stays -9."""
        assert self._running is not None
        running, process = self._running
        try:
            running.wait(seconds)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
        self.ended()
        return process

    def stop(self) -> None:
        """Leave nothing at work behind, whatever the soak came to."""
        if self._running is not None and self._running[0].poll() is None:
            self._running[0].kill()
            self._running[0].wait()

    def do(self, *arguments: str, seconds: float = 600.0) -> Process:
        """Run the command to its end."""
        self.start(*arguments)
        return self.wait(seconds)

    def answer(self, process: Process) -> dict[str, Any]:
        """Return the JSON document that a process printed; empty when it printed none."""
        path = self.soak.folder / f"{process.generation:03d}-{process.command[0]}.out"
        text = path.read_text(encoding="ascii")
        found: dict[str, Any] = json.loads(text) if text.strip() else {}
        return found
