"""What other runs of this runs directory did to the users of a plan, as its folder keeps it: whose change is whose."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

import orjson

from connectors.tenant import LicenseProfile, SkuId
from jobs.license_reassignment.model.other_runs import Deed, Neighborhood
from jobs.license_reassignment.model.standing import LICENSES, LOCATIONS, Entry, fold

OTHER_RUNS = "other-runs.jsonl"
_HEAD = ("run", "run_kind", "undo_of", "seq", "at", "kind", "hash")
_DONE = frozenset({"applied", "in_doubt"})


def written(deeds: Iterable[Deed], others: Neighborhood) -> bytes:
    """Write one JSON line per line of another run's journal: whose it is, its hash there, and what it says."""
    known = {n.plan_id: n for n in others.neighbors}
    lines = [
        {
            **deed.body,
            "run": deed.run,
            "run_kind": known[deed.run].kind,
            "undo_of": known[deed.run].undo_of,
            "seq": deed.seq,
            "at": deed.at,
            "kind": deed.kind,
            "hash": deed.hash,
        }
        for deed in deeds
    ]
    return b"".join(orjson.dumps(line, option=orjson.OPT_SORT_KEYS) + b"\n" for line in lines)


def read_back(data: bytes, plan_id: str) -> Others:
    """Read the file back; `plan_id` is the plan whose folder it is."""
    runs: dict[str, _Run] = {}
    for line in map(orjson.loads, data.splitlines()):
        told = _Run(_label(line["run"], line["run_kind"], line["undo_of"], plan_id))
        body = {k: v for k, v in line.items() if k not in _HEAD}
        runs.setdefault(line["run"], told).entries.append(Entry(line["kind"], line["at"], body))
    changes: dict[str, list[_Change]] = {}
    located: dict[str, str] = {}
    for run in runs.values():
        for user_id, change in run.changes():
            changes.setdefault(user_id, []).append(change)
        located.update(dict.fromkeys(run.located(), run.label))
    by_time = {user: tuple(sorted(some, key=lambda c: c.at)) for user, some in changes.items()}
    return Others(by_time, located)


def _label(run: str, kind: str, undo_of: str, plan_id: str) -> str:
    match kind:
        case "undo":
            return f"run {run} (undo of {'this plan' if undo_of == plan_id else undo_of})"
        case "addons":
            return f"run {run} (its add-ons plan)"
        case _:
            return f"run {run}"


@dataclass(frozen=True, slots=True)
class _Change:
    """What one other run did to one user, or may have done."""

    at: str
    label: str
    adds: frozenset[str]
    removes: frozenset[str]


@dataclass(slots=True)
class _Run:
    label: str
    entries: list[Entry] = field(default_factory=list)

    def changes(self) -> Iterator[tuple[str, _Change]]:
        asked: dict[str, Mapping[str, Any]] = {}
        for entry in self.entries:
            if entry.kind == "intent" and entry.writes == LICENSES:
                asked.update({item["id"]: item for item in entry.body["items"]})
        for user_id, standing in fold(self.entries).items():
            if standing.state in _DONE and standing.sent and user_id in asked:
                item = asked[user_id]
                adds = frozenset(str(a["skuId"]) for a in item["add"])
                yield user_id, _Change(standing.at, self.label, adds, frozenset(map(str, item["remove"])))

    def located(self) -> list[str]:
        return [u for u, s in fold(self.entries, LOCATIONS).items() if s.state in _DONE]


@dataclass(frozen=True, slots=True)
class Others:
    """What other runs did to the users of a plan, by user id; nothing of it is somebody else's doing.

    `located` says which run set a usage location.
    """

    changes: Mapping[str, Sequence[_Change]] = field(default_factory=dict)
    located: Mapping[str, str] = field(default_factory=dict)

    def step(self, user_id: str, sku: SkuId, step: int) -> str:
        """Return the run that explains a holder more (+1) or fewer (-1) of a SKU; "" where none does."""
        hits = [c.label for c in self.changes.get(user_id, ()) if sku in (c.adds if step > 0 else c.removes)]
        return hits[-1] if hits else ""

    def writer(self, user_id: str, skus: Set[SkuId], since: str) -> str:
        """Return the run that wrote last to a user about one of these SKUs, later than `since`; "" where none did."""
        found = [c.label for c in self.changes.get(user_id, ()) if c.at > since and skus & (c.adds | c.removes)]
        return found[-1] if found else ""

    def author(self, user_id: str, expected: LicenseProfile, now: LicenseProfile, skus: Set[SkuId]) -> str:
        """Return the run that explains why a user does not hold what was expected of these SKUs; "" where none does."""
        found = self.changes.get(user_id, ())
        differ = {s for s in skus if expected.of_sku(s) != now.of_sku(s)}
        touched = frozenset[str]().union(*(c.adds | c.removes for c in found))
        return found[-1].label if found and differ and differ <= touched else ""


NOBODY = Others()
