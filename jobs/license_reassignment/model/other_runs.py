"""What runs know of each other: the other run folders of the same tenant, and what they wrote to whom. Pure.

`store.load_neighbors` reads them; here is what follows from them: which users of a plan a later run has overtaken, and
which lines of other journals speak of the users of a plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from jobs.license_reassignment.model.plan import Plan
from jobs.license_reassignment.model.standing import Entry

SPEAKING = frozenset({"intent", "outcome", "settled"})
"""The kinds of journal lines that speak of users."""


@dataclass(frozen=True, slots=True)
class Deed:
    """One line of another run's journal that speaks of users, with the hash that its chain knows it by.

    `body` is that of the journal: `items` [{`id`, …}] beside `batch`, `writes` and the ids of the request; an intent's
    item has `add` [{`skuId`, `disabledPlans`}] and `remove` [skuId].
    """

    run: str
    seq: int
    at: str
    kind: str
    hash: str
    body: Mapping[str, Any]

    @property
    def entry(self) -> Entry:
        """The same line as `outcome.fold` takes it: folding the deeds of one run gives its standings by user."""
        return Entry(self.kind, self.at, self.body)

    @property
    def user_ids(self) -> frozenset[str]:
        """The users that it speaks of."""
        return frozenset(str(item["id"]) for item in self.body["items"])

    def of(self, users: Set[str]) -> Deed:
        """Return the same line with the items of these users alone."""
        return replace(self, body={**self.body, "items": [i for i in self.body["items"] if i["id"] in users]})


@dataclass(frozen=True, slots=True)
class Neighbor:
    """Another run of the same tenant. `undo_of` and `addons_of` are plan ids, "" where it is neither.

    `app_ids` are the identities that applied it; `deeds` are in the order of its journal.
    """

    plan_id: str
    folder: str
    kind: str
    undo_of: str
    addons_of: str
    inputs_digest: str
    created_at: str
    snapshot_ended: datetime
    app_ids: tuple[str, ...]
    deeds: tuple[Deed, ...]

    @property
    def begun(self) -> bool:
        """Whether it may have written anything."""
        return any(d.kind == "intent" for d in self.deeds)

    def after(self, moment: datetime, users: Set[str]) -> Iterator[Deed]:
        """Yield the lines since then that speak of these users, with the items of these users alone."""
        for deed in self.deeds:
            if datetime.fromisoformat(deed.at) >= moment and not users.isdisjoint(deed.user_ids):
                yield deed.of(users)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A run folder that does not say what it did, and why not."""

    folder: str
    why: str


@dataclass(frozen=True, slots=True)
class Neighborhood:
    """Every other run folder of one tenant in one runs directory; `unreadable` ones may be of any tenant."""

    neighbors: tuple[Neighbor, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()

    def undone_by(self, plan_id: str) -> Neighbor | None:
        """Return the newest undo of this plan that has begun."""
        undoing = [n for n in self.neighbors if n.undo_of == plan_id and n.begun]
        return max(undoing, key=lambda n: n.snapshot_ended, default=None)


def snapshot_ended(header: Mapping[str, Any]) -> datetime:
    """Return when the snapshot of a plan was complete."""
    return datetime.fromisoformat(header["snapshot"]["ended"])


def deeds_for(plan: Plan, users: Set[str], others: Neighborhood) -> list[Deed]:
    """Return what the other runs had for these users since the plan's snapshot, in the order in which it happened."""
    moment = snapshot_ended(plan.header)
    found = [deed for other in others.neighbors for deed in other.after(moment, users)]
    return sorted(found, key=lambda d: (d.at, d.run, d.seq))


def overtaken(plan: Plan, users: Iterable[str], others: Neighborhood) -> list[str]:
    """Return a clause for each run that has overtaken the plan for one of these users, or as a whole; [] for none.

    A run on a later snapshot has, for every user of its intents; an undo of the plan has for all, once it has begun;
    and so has a run folder that cannot be read.
    """
    wanted = frozenset(users)
    if not wanted:
        return []
    found = [f"{u.folder} cannot be read ({u.why})" for u in others.unreadable]
    for other in others.neighbors:
        if other.undo_of == plan.plan_id and other.begun:
            found.append(f"plan {other.plan_id} is taking it back, or has done so")
        elif hit := _later_intents(other, snapshot_ended(plan.header), wanted):
            users_told = "one of its users" if len(hit) == 1 else f"{len(hit)} of its users"
            found.append(f"plan {other.plan_id}, made later, has written to {users_told} since")
    return found


def _later_intents(other: Neighbor, moment: datetime, wanted: Set[str]) -> Set[str]:
    """Return the users that a run on a snapshot as late or later has written to since this plan's own snapshot."""
    if other.snapshot_ended < moment:
        return frozenset()
    tie = other.snapshot_ended == moment
    intents = [d for d in other.deeds if d.kind == "intent" and (not tie or datetime.fromisoformat(d.at) > moment)]
    return wanted & frozenset(u for d in intents for u in d.user_ids)


def read_neighbor(header: Mapping[str, Any], folder: str, lines: Sequence[tuple[Entry, int, str]]) -> Neighbor:
    """Make one neighbor of its plan's header and its journal: each line with its number and its hash."""
    return Neighbor(
        plan_id=str(header["plan_id"]),
        folder=folder,
        kind=str(header["kind"]),
        undo_of=str(header.get("undo_of", "")),
        addons_of=str(header.get("addons_of", "")),
        inputs_digest=str(header["inputs_digest"]),
        created_at=str(header["created_at"]),
        snapshot_ended=snapshot_ended(header),
        app_ids=tuple(sorted({str(e.body.get("app_id", "")) for e, _, _ in lines if e.kind == "start"} - {""})),
        deeds=tuple(
            Deed(str(header["plan_id"]), seq, e.at, e.kind, line_hash, e.body)
            for e, seq, line_hash in lines
            if e.kind in SPEAKING
        ),
    )
