"""What other runs of the same tenant are and what they wrote to whom, as folders and other-runs.jsonl say it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Any

import orjson

from connectors.message import Message
from jobs.license_reassignment.model.plan import Plan
from jobs.license_reassignment.model.plan_header import PlanHeader
from jobs.license_reassignment.model.standing import ABOUT_USERS, GROUPS, Entry, fold

OTHER_RUNS = "other-runs.jsonl"
"""The file in which a run keeps what the others wrote to its users."""

_LINE_KEYS = ("run", "run_kind", "undo_of", "seq", "at", "kind", "hash")


@dataclass(frozen=True, slots=True)
class OtherRunLine:
    """One line of another run's journal that speaks of users or groups, with the hash that its chain knows it by.

    `run` is its plan id, `run_kind` the kind of its plan, `undo_of` the plan that it takes back or "". `body` is that
    of the journal: `items` [{`id`, …}] beside `batch`, `writes` and the ids of the request; an intent's item has `add`
    [{`skuId`, `disabledPlans`}] and `remove` [skuId]. Where `writes` is GROUPS an item is a group, and has besides the
    `users` who change through it by that run's plan: no other file of this folder names them.
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
        """The users that it speaks of, members of groups included."""
        return frozenset(user for item in self.body["items"] for user in self._users(item))

    @property
    def group_ids(self) -> frozenset[str]:
        """The groups that it speaks of."""
        return frozenset(str(item["id"]) for item in self.body["items"]) if self._of_groups else frozenset()

    @property
    def _of_groups(self) -> bool:
        return self.entry.writes == GROUPS

    def _users(self, item: Mapping[str, Any]) -> Sequence[str]:
        return item.get("users", ()) if self._of_groups else (str(item["id"]),)

    def about(self, users: Set[str], within: Mapping[str, Set[str]] | None = None) -> OtherRunLine:
        """Return the same line with what it says of these users alone; of a group, of those `within` it by its id."""
        items = []
        for item in self.body["items"]:
            named = users if within is None else users & within.get(item["id"], frozenset())
            if not named.isdisjoint(self._users(item)):
                items.append(self._item(item, named))
        return replace(self, body={**self.body, "items": items})

    def _item(self, item: Mapping[str, Any], users: Set[str]) -> Mapping[str, Any]:
        if not self._of_groups:
            return item
        failed = {"failed": [f for f in item["failed"] if f["id"] in users]} if "failed" in item else {}
        return {**item, **failed, "users": [u for u in self._users(item) if u in users]}


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
        """Yield the lines since then that speak of these users, with the items of these users alone.

        Entra carries the change of a group out after it was accepted: the earlier lines of one whose members were not
        all moved by then are yielded too, with those members alone.
        """
        still = self._still_to_move(moment)
        for line in self.lines:
            since = datetime.fromisoformat(line.at) >= moment
            if since or line.group_ids:
                told = line.about(users) if since else line.about(users, still)
                if told.body["items"]:
                    yield told

    def _still_to_move(self, moment: datetime) -> dict[str, frozenset[str]]:
        """Return by group, written to before then, the members whom Entra may have moved afterwards."""
        earlier = [n for n in self.lines if n.group_ids and datetime.fromisoformat(n.at) < moment]
        last = {str(item["id"]): item for line in earlier for item in line.body["items"]}
        found = {}
        for group_id, standing in fold((n.entry for n in earlier), GROUPS).items():
            if standing.state in {"in_doubt", "processing"}:
                found[group_id] = frozenset(last[group_id]["users"])
            elif standing.state == "applied":
                found[group_id] = frozenset(str(f["id"]) for f in last[group_id].get("failed", ()))
        return found


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


def other_run(
    header: PlanHeader,
    folder: str,
    journal: Sequence[tuple[Entry, int, str]],
    members: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> OtherRun:
    """Make one other run of its plan's header and its journal: each line with its number and its hash.

    `members` are by group the users who change through it.
    """
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
            OtherRunLine(run, kind, undo_of, seq, e.at, e.kind, line_hash, _with_members(e, members))
            for e, seq, line_hash in journal
            if e.kind in ABOUT_USERS
        ),
    )


def _with_members(entry: Entry, members: Mapping[str, Sequence[str]]) -> Mapping[str, Any]:
    if entry.writes != GROUPS:
        return entry.body
    return {**entry.body, "items": [{**i, "users": members.get(i["id"], ())} for i in entry.body["items"]]}


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
