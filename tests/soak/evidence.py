"""What a soak left behind, as values: the wire, the tenant's own state, the story, and the run folder."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Wait:
    """One Retry-After: the kinds of requests (`read`, `write`, `token`), and the seconds from the answer's leaving."""

    kinds: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Request:
    """One request as the tenant's side saw it; times are UTC epoch seconds, `left` is None where no answer left.

    `cut` is when the tenant's side broke the request's connection, None where it did not.
    """

    number: int
    arrived: float
    left: float | None
    generation: int
    tunnel: int
    path: str
    status: int | None
    kinds: tuple[str, ...]
    waits: tuple[Wait, ...] = ()
    client_request_id: str = ""
    written: tuple[str, ...] = ()
    cut: float | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the journal; `at` is the process's own clock, which is the tenant's too."""

    seq: int
    at: float
    kind: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that the judge looks at. `story` and `tenant` are the documents of the same names."""

    requests: list[Request]
    journal: list[Line]
    story: dict[str, Any]
    tenant: dict[str, Any]
    decisions: list[dict[str, str]]
    users: list[dict[str, str]]
    reconciliation: dict[str, Any]


def load(folder: Path) -> Evidence:
    """Read a soak's folder."""
    story = json.loads((folder / "story.json").read_text("utf-8"))
    run = folder / story["run"]
    tenant = json.loads((folder / "tenant.json").read_bytes())
    cuts = dict(tenant["cuts"])
    return Evidence(
        requests=sorted(
            (_request(json.loads(line), cuts) for line in (folder / "wire.jsonl").read_bytes().splitlines()),
            key=lambda r: (r.arrived, r.number),
        ),
        journal=[
            _line(json.loads(line))
            for path in sorted(run.glob("journal*.jsonl"))
            for line in path.read_bytes().splitlines()
        ],
        story=story,
        tenant=tenant,
        decisions=_rows(run / "decisions.csv"),
        users=_rows(run / "users.csv"),
        reconciliation=json.loads((run / "reconciliation.json").read_bytes()),
    )


def _request(raw: dict[str, Any], cuts: dict[int, float]) -> Request:
    return Request(
        number=raw["n"],
        arrived=raw["arrived"],
        left=raw["left"],
        generation=raw["generation"],
        tunnel=raw["tunnel"],
        path=raw["path"],
        status=raw["status"],
        kinds=tuple(raw["kinds"]),
        waits=tuple(Wait(tuple(w["kinds"]), w["seconds"]) for w in raw["waits"]),
        client_request_id=raw["client_request_id"],
        written=tuple(c["user"] for c in raw["calls"] if c["kind"] == "write"),
        cut=cuts.get(raw["tunnel"]),
    )


def _line(raw: dict[str, Any]) -> Line:
    return Line(raw["seq"], datetime.fromisoformat(raw["at"]).timestamp(), raw["kind"], raw)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
