"""Whether a request left inside a Retry-After window, judged from the wire.

**A window** is what one answer announces: a `Retry-After` on a 429, 503 or 509, be it a single answer, the envelope of
a `$batch` (then for reads and writes) or an item of one (then for the item's kind; for both where `x-ms-throttle-scope`
names the tenant, the application or both limits). It ends so many seconds after the answer left.

**It binds** the process that asked from the moment at which that process has provably read the answer, the earliest of:
another request came in on the same connection, which HTTP/1.1 allows only after the answer was read whole; the journal
has a line with the answer's client-request-id and its wait; RECEIVED_S seconds have passed since the answer left, and
the process is still sending; for a sign-in, which a process makes one at a time, a connection that it opened for the
next one after the answer had left. What came in before that was on its way, and is no violation. An answer whose
connection the tenant's side broke less than RECEIVED_S seconds after it left, or before, may never have arrived: then
only the journal can prove that it did.

**It binds every later process** from that process's first request, where the earlier one had provably written the wait
down: the journal has the answer's line with its wait before the later process's `start` line (for writes), or the sign
of life that the earlier process left behind names the kind and a time that is not before the window's end. An answer
that a killed process never read, or read and did not come to write down, is not known to the next one.

Each proof is given SLACK_S, and the longest time for which the tenant's own loop was ever late, because two connections
are read in any order; not that of the sign-in, for there nothing else is on its way. A request that comes in after that
and before the window's end is a violation, whatever its answer.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from soak.evidence import Line, Request

SLACK_S = 0.1
RECEIVED_S = 2.0
GRAPH_PATH = "/v1.0/"
WRITTEN_EXACTLY_S = 0.002
"""The sign of life has milliseconds."""


@dataclass(frozen=True, slots=True)
class Window:
    """When requests of a kind have to wait, for which process, and how it is known; `since` includes the slack."""

    kind: str
    generation: int
    since: float
    until: float
    proof: str
    answer: int


@dataclass(frozen=True, slots=True)
class Judged:
    """The violations in words, how many windows bound somebody by which proof, and the slack that was given."""

    violations: list[str]
    windows: dict[str, int]
    slack_s: float


def judge(
    requests: Sequence[Request], journal: Sequence[Line], processes: Sequence[dict[str, Any]], lag_s: float
) -> Judged:
    """Judge all requests of all processes."""
    slack = SLACK_S + lag_s
    windows = list(_windows(requests, journal, processes, slack))
    counted: dict[str, int] = defaultdict(int)
    for window in windows:
        counted[window.proof] += 1
    arrivals: dict[tuple[int, str], list[Request]] = defaultdict(list)
    for request in requests:
        for kind in request.kinds:
            arrivals[request.generation, kind].append(request)
    found: dict[int, str] = {}
    for window in windows:
        there = arrivals[window.generation, window.kind]
        first = bisect_right(there, window.since, key=lambda r: r.arrived)
        for request in there[first:]:
            if request.arrived >= window.until:
                break
            found.setdefault(request.number, _told(request, window))
    return Judged([found[number] for number in sorted(found)], dict(counted), slack)


def _told(request: Request, window: Window) -> str:
    return (
        f"request {request.number} ({window.kind}, {request.path}) of process {request.generation} came in at "
        f"{request.arrived:.3f}, {window.until - request.arrived:.3f} s before the end of the window that answer "
        f"{window.answer} had announced until {window.until:.3f}; known since {window.since:.3f} by {window.proof}"
    )


def _windows(
    requests: Sequence[Request], journal: Sequence[Line], processes: Sequence[dict[str, Any]], slack: float
) -> Iterator[Window]:
    journaled = {
        line.body["client_request_id"]: line
        for line in journal
        if line.kind == "outcome" and line.body.get("retry_after") and line.body.get("client_request_id")
    }
    starts = _starts(journal, processes)
    tunnels: dict[int, list[float]] = defaultdict(list)
    last: dict[int, float] = defaultdict(float)
    sign_ins: dict[int, list[Request]] = defaultdict(list)
    for request in requests:
        if not request.path.startswith(GRAPH_PATH):
            sign_ins[request.generation].append(request)
        tunnels[request.tunnel].append(request.arrived)
        last[request.generation] = max(last[request.generation], request.arrived)
    for request in requests:
        for wait in request.waits:
            assert request.left is not None
            line = journaled.get(request.client_request_id)
            until = request.left + wait.seconds
            for kind in wait.kinds:
                since, proof = _known(request, line if kind == "write" else None, tunnels[request.tunnel])
                if since <= last[request.generation]:
                    yield Window(kind, request.generation, since + slack, until, proof, request.number)
                if kind == "token" and (begun := _next_sign_in(request, sign_ins[request.generation])):
                    proof = "the next sign-in"
                    yield Window(kind, request.generation, begun, until, proof, request.number)
                yield from _inherited(request, kind, until, line, starts, processes)


def _known(request: Request, line: Line | None, tunnel: Sequence[float]) -> tuple[float, str]:
    """Return from when on the process that asked has provably read the answer, and by what."""
    assert request.left is not None
    later = bisect_right(tunnel, request.left)
    proofs = [(request.left + RECEIVED_S, f"{RECEIVED_S:g} s since it left")] if _arrived(request) else []
    if later < len(tunnel):
        proofs.append((tunnel[later], "the next request on its connection"))
    if line is not None:
        proofs.append((line.at, "its line in the journal"))
    return min(proofs, default=(math.inf, "nothing"))


def _arrived(request: Request) -> bool:
    """Say whether nothing kept the answer from arriving: its connection was not broken while it was on its way."""
    assert request.left is not None
    return request.cut is None or request.cut > request.left + RECEIVED_S


def _next_sign_in(request: Request, sign_ins: Sequence[Request]) -> float | None:
    """Return when the process first asked the identity provider for something on a later connection."""
    assert request.left is not None
    if not _arrived(request):
        return None
    later = (r.arrived for r in sign_ins if r.arrived > request.left and r.tunnel > request.tunnel)
    return next(later, None)


def _inherited(
    request: Request,
    kind: str,
    until: float,
    line: Line | None,
    starts: dict[int, int],
    processes: Sequence[dict[str, Any]],
) -> Iterator[Window]:
    """Yield the window once more for every later process that had to know of it."""
    left_behind = False
    for process in processes:
        number = process["generation"]
        if number > request.generation and process["started"] < until:
            by_journal = kind == "write" and line is not None and line.seq < starts.get(number, 0)
            if by_journal or left_behind:
                proof = "the journal, across a restart" if by_journal else "the sign of life, across a restart"
                yield Window(kind, number, process["started"], until, proof, request.number)
        if number >= request.generation:
            left_behind = any(
                kept["kind"] == kind and _seconds(kept["until"]) >= until - WRITTEN_EXACTLY_S
                for kept in process["kept"]
            )


def _starts(journal: Sequence[Line], processes: Sequence[dict[str, Any]]) -> dict[int, int]:
    """Return the number of the journal's line before which each process has read it: that of its own `start`.

    A process that never came to its `start` line has read what was there when it began.
    """
    found: dict[int, int] = {}
    for process in processes:
        own = [x.seq for x in journal if x.kind == "start" and process["started"] <= x.at <= process["ended"]]
        found[process["generation"]] = own[0] if own else sum(x.at < process["started"] for x in journal) + 1
    return found


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
