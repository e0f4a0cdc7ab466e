"""Whose a change is: ours, that of another run of ours in the same directory, or somebody else's. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from connectors.message import Message
from connectors.tenant import LicenseProfile, SkuId
from jobs.license_reassignment.model.other_runs import OtherRunLine
from jobs.license_reassignment.model.standing import GROUPS, LICENSES, LOCATIONS, Entry, Standing, fold

NOBODY = Message("")
"""No other run; it is false."""

_DONE = frozenset({"applied", "in_doubt"})


@dataclass(frozen=True, slots=True)
class _Change:
    """What one other run did to one user, or may have done; `run` names it in words.

    `group` is the id of the group through which it did so, "" for a request of the user's own.
    """

    at: str
    run: Message
    adds: frozenset[str]
    removes: frozenset[str]
    group: str = ""

    def explained(self, now: LicenseProfile | None) -> frozenset[str]:
        """Return the SKUs that this change can have given or taken, as a read of the user shows; None was not read.

        Through a group that is what comes through it now, and what does not come through it any more. Who has nothing
        of the group at all has left it: that license is gone for another reason.
        """
        if not self.group or now is None:
            return self.adds | self.removes
        through = [a for a in now.assignments if a.group_id == self.group]
        sound = {a.sku_id for a in through if a.sound}
        return (self.adds & {a.sku_id for a in through}) | (self.removes - sound if through else frozenset())


@dataclass(frozen=True, slots=True)
class ChangesByOtherRuns:
    """What other runs did to the users of a plan, by user id; nothing of it is somebody else's doing.

    `located` says which run set a usage location.
    """

    changes: Mapping[str, Sequence[_Change]] = field(default_factory=dict)
    located: Mapping[str, Message] = field(default_factory=dict)

    def author_of_step(self, user_id: str, sku: SkuId, step: int, now: LicenseProfile | None) -> Message:
        """Return the run that explains a holder more (+1) or fewer (-1) of a SKU; NOBODY where none does.

        `now` is what the user holds, None where that was not read.
        """
        found = [c for c in self.changes.get(user_id, ()) if sku in (c.adds if step > 0 else c.removes)]
        hits = [c.run for c in found if sku in c.explained(now)]
        return hits[-1] if hits else NOBODY

    def last_writer(self, user_id: str, skus: Set[SkuId], since: str) -> Message:
        """Return the run that wrote last to a user about one of these SKUs, later than `since`; else NOBODY."""
        found = [c.run for c in self.changes.get(user_id, ()) if c.at > since and skus & (c.adds | c.removes)]
        return found[-1] if found else NOBODY

    def author(self, user_id: str, expected: LicenseProfile, now: LicenseProfile, skus: Set[SkuId]) -> Message:
        """Return the run that explains why a user does not hold what was expected of these SKUs; else NOBODY."""
        differ = {s for s in skus if expected.of_sku(s) != now.of_sku(s)}
        found = [c for c in self.changes.get(user_id, ()) if c.explained(now)]
        touched = frozenset[str]().union(*(c.explained(now) for c in found))
        return found[-1].run if found and differ and differ <= touched else NOBODY


NO_OTHER_RUNS = ChangesByOtherRuns()


def changes_by_other_runs(lines: Iterable[OtherRunLine], plan_id: str) -> ChangesByOtherRuns:
    """Fold the journal lines of other runs to what each did to whom; `plan_id` is the plan whose users they are."""
    runs: dict[str, list[Entry]] = {}
    named: dict[str, Message] = {}
    for line in lines:
        runs.setdefault(line.run, []).append(line.entry)
        named.setdefault(line.run, _in_words(line, plan_id))
    changes: dict[str, list[_Change]] = {}
    located: dict[str, Message] = {}
    for run, entries in runs.items():
        for user_id, change in _changes(named[run], entries):
            changes.setdefault(user_id, []).append(change)
        located.update((u, named[run]) for u, s in fold(entries, LOCATIONS).items() if s.state in _DONE)
    by_time = {user: tuple(sorted(some, key=lambda c: c.at)) for user, some in changes.items()}
    return ChangesByOtherRuns(by_time, located)


def _in_words(line: OtherRunLine, plan_id: str) -> Message:
    match line.run_kind:
        case "undo" if line.undo_of == plan_id:
            return Message("run {run} (undo of this plan)", run=line.run)
        case "undo":
            return Message("run {run} (undo of {plan})", run=line.run, plan=line.undo_of)
        case "addons":
            return Message("run {run} (its plan for add-ons)", run=line.run)
        case _:
            return Message("run {run}", run=line.run)


def _changes(run: Message, entries: Sequence[Entry]) -> Iterator[tuple[str, _Change]]:
    """Yield by user what the run did, or may have done: a request that was sent and not refused."""
    for user_id, standing, item in _sent(entries, LICENSES):
        if standing.state in _DONE and standing.sent:
            yield user_id, _change(run, standing, item)
    for group_id, standing, item in _sent(entries, GROUPS):
        if standing.ours:
            change = _change(run, standing, item, group_id)
            yield from ((user_id, change) for user_id in item.get("users", ()))


def _sent(entries: Sequence[Entry], writes: str) -> Iterator[tuple[str, Standing, Mapping[str, Any]]]:
    """Yield of each user or group that was written to where that stands, and the item of its last intent."""
    asked = {i["id"]: i for e in entries if e.kind == "intent" and e.writes == writes for i in e.body["items"]}
    yield from ((one, standing, asked[one]) for one, standing in fold(entries, writes).items() if one in asked)


def _change(run: Message, standing: Standing, item: Mapping[str, Any], group: str = "") -> _Change:
    adds = frozenset(str(a["skuId"]) for a in item["add"])
    return _Change(standing.at, run, adds, frozenset(map(str, item["remove"])), group)
