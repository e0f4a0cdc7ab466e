"""The processes of a measurement: a tenant that is not counted, and a child of which everything is counted."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from worlds.machine import TESTS

EVERYBODY_PLAIN = dict.fromkeys(
    (
        "inherited", "direct_and_group", "on_target", "both", "unlicensed", "addons", "conflicts", "no_location",
        "guests", "disabled_accounts", "restricted", "deleted",
    ),
    0.0,
)  # fmt: skip
"""A mix in which every user holds the source directly and can be moved: all contestants have the same work to do."""

SIX_IN_TEN = {"unlicensed": 0.38}
"""A mix of every situation in which 60 of 100 users hold the source."""


@dataclass(slots=True)
class Tenant:
    """A generated tenant, served by a process of its own over a loopback socket. `url` is there once it is entered."""

    users: int
    seed: int = 1
    mix: dict[str, float] = field(default_factory=dict)
    latency_ms: float = 0.0
    quota_scale: float = 1e6
    url: str = ""
    tenant_id: str = ""
    _process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        told = {name: getattr(self, name) for name in ("users", "seed", "mix", "latency_ms", "quota_scale")}
        command = [sys.executable, "-m", "bench.tenant_process", json.dumps(told)]
        self._process = subprocess.Popen(command, cwd=TESTS, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        answer = self._said()
        self.url, self.tenant_id = answer["url"], answer["tenant_id"]
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self._process is not None
        self._process.communicate()

    def counts(self) -> dict[str, Any]:
        """Return what the tenant has seen so far: requests, writes, throttled calls, and its own CPU seconds."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write("counts\n")
        self._process.stdin.flush()
        return self._said()

    def _said(self) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the tenant's process ended; its trace stands above")
        answer: dict[str, Any] = json.loads(line)
        return answer


@dataclass(frozen=True, slots=True)
class Measured:
    """What a child process told: its own result, and its peak of resident memory in MB (10⁶ bytes)."""

    result: dict[str, Any]
    peak_mb: float

    def __getitem__(self, name: str) -> Any:
        return self.result[name]


def measure(task: str, **arguments: Any) -> Measured:
    """Run one task (`module:function` of this folder) in a process of its own."""
    command = [sys.executable, "-m", "bench.child", task, json.dumps(arguments)]
    done = subprocess.run(command, cwd=TESTS, stdout=subprocess.PIPE, text=True, check=True)
    told = json.loads(done.stdout.splitlines()[-1])
    return Measured(told["result"], told["peak_mb"])
