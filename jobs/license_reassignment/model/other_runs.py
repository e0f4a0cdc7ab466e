"""What other runs of the same tenant are and what they wrote to whom, as folders and other-runs.jsonl say it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

import orjson

from connectors.message import Message
from jobs.license_reassignment.model.plan import Plan
from jobs.license_reassignment.model.plan_header import PlanHeader
from jobs.license_reassignment.model.standing import ABOUT_USERS, Entry

OTHER_RUNS = "other-runs.jsonl"
"""The file in which a run keeps what the others wrote to its users."""

_LINE_KEYS = ("run", "run_kind", "undo_of", "seq", "at", "kind", "hash")


@dataclass(frozen=True, slots=True)
class OtherRunLine:
    """One line of another run's journal that speaks of users, with the hash that its chain knows it by.

    `run` is its plan id, `run_kind` the kind of its plan, `undo_of` the plan that it takes back or "". `body` is that
    of the journal: `items` [{`id`, …}] beside `batch`, `writes` and the ids of the request; an intent's item has `add`
    [{`skuId`, `disabledPlans`}] and `remove` [skuId].
    """

    run: str
    run_kind: str
    undo_of: str
    seq: int
    at: str
    kind: str
    hash: str
    body: Mapping[str, Any]

    @property
    def entry(self) -> Entry:
        """The same line as `standing.fold` takes it: folding the lines of one run gives its standings by user."""
        return Entry(self.kind, self.at, self.body)

    @property
    def user_ids(self) -> frozenset[str]:
        """The users that it speaks of."""
        return frozenset(str(item["id"]) for item in self.body["items"])

    def about(self, users: Set[str]) -> OtherRunLine:
        """Return the same line with the items of these users alone."""
        return replace(self, body={**self.body, "items": [i for i in self.body["items"] if i["id"] in users]})


@dataclass(frozen=True, slots=True)
class OtherRun:
    """Another run of the same tenant. `undo_of` is the plan that it takes back, "" for any other.

    `app_ids` are the identities that applied it; `lines` are in the order of its journal.
    """

    plan_id: str
    folder: str
    kind: str
    undo_of: str
    inputs_digest: str
    created_at: str
    snapshot_ended: datetime
    app_ids: tuple[str, ...]
    lines: tuple[OtherRunLine, ...]

    @property
    def begun(self) -> bool:
        """Whether it may have written anything."""
        return any(line.kind == "intent" for line in self.lines)

    def lines_since(self, moment: datetime, users: Set[str]) -> Iterator[OtherRunLine]:
        """Yield the lines since then that speak of these users, with the items of these users alone."""
        for line in self.lines:
            if datetime.fromisoformat(line.at) >= moment and not users.isdisjoint(line.user_ids):
                yield line.about(users)


@dataclass(frozen=True, slots=True)
class UnreadableRun:
    """A run folder that does not say what it did, and why not."""

    folder: str
    why: str


@dataclass(frozen=True, slots=True)
class OtherRuns:
    """Every other run folder of one tenant in one runs directory; `unreadable` ones may be of any tenant."""

    runs: tuple[OtherRun, ...] = ()
    unreadable: tuple[UnreadableRun, ...] = ()

    def undone_by(self, plan_id: str) -> OtherRun | None:
        """Return the newest undo of this plan that has begun."""
        undoing = [run for run in self.runs if run.undo_of == plan_id and run.begun]
        return max(undoing, key=lambda run: run.snapshot_ended, default=None)


def other_run(header: PlanHeader, folder: str, journal: Sequence[tuple[Entry, int, str]]) -> OtherRun:
    """Make one other run of its plan's header and its journal: each line with its number and its hash."""
    run, kind, undo_of = header.plan_id, header.kind, header.undo_of or ""
    return OtherRun(
        plan_id=run,
        folder=folder,
        kind=kind,
        undo_of=undo_of,
        inputs_digest=header.inputs_digest,
        created_at=header.created_at,
        snapshot_ended=header.snapshot_ended,
        app_ids=tuple(sorted({str(e.body.get("app_id", "")) for e, _, _ in journal if e.kind == "start"} - {""})),
        lines=tuple(
            OtherRunLine(run, kind, undo_of, seq, e.at, e.kind, line_hash, e.body)
            for e, seq, line_hash in journal
            if e.kind in ABOUT_USERS
        ),
    )


@cache
def by_run(author: Message) -> Message:
    """Say that another run did it: the same words for everybody whom it concerns."""
    return Message("by {run}", run=author)


def lines_about(plan: Plan, users: Set[str], others: OtherRuns) -> list[OtherRunLine]:
    """Return what the other runs had for these users since the plan's snapshot, in the order in which it happened."""
    moment = plan.header.snapshot_ended
    found = [line for other in others.runs for line in other.lines_since(moment, users)]
    return sorted(found, key=lambda line: (line.at, line.run, line.seq))


def to_jsonl(lines: Iterable[OtherRunLine]) -> bytes:
    """Write one JSON line per line of another run's journal: whose it is, its hash there, and what it says."""
    values = ({**line.body, **{key: getattr(line, key) for key in _LINE_KEYS}} for line in lines)
    return b"".join(orjson.dumps(value, option=orjson.OPT_SORT_KEYS) + b"\n" for value in values)


def from_jsonl(data: bytes) -> list[OtherRunLine]:
    """Read the file back; raises ValueError or KeyError for a line that is none."""
    values = [dict(orjson.loads(line)) for line in data.splitlines()]
    return [OtherRunLine(**{key: value.pop(key) for key in _LINE_KEYS}, body=value) for value in values]
