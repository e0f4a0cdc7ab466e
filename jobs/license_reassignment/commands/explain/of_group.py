"""The story of one group: what it carried, what was decided, what was sent, and what became of its members."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from jobs.license_reassignment.commands.explain.from_journal import (
    Failure,
    failures,
    line_told,
    reprocess_told,
)
from jobs.license_reassignment.commands.explain.told_from import ToldFrom, reason_beside, reason_in_words
from jobs.license_reassignment.model.group_change import GroupTask
from jobs.license_reassignment.model.plan import hindrances_told
from jobs.license_reassignment.model.plan_header import PlannedGroup
from jobs.license_reassignment.model.reasons import group_remedy
from jobs.license_reassignment.model.standing import GROUPS, NOT_SENT, fold
from jobs.license_reassignment.model.text import counted
from jobs.license_reassignment.report.words import ENGLISH

FAILED_MAX = 20
"""So many members in error are named; users.csv has all."""

_SEEN: Mapping[str, str] = {
    "moved": "moved",
    "in_error": "in error",
    "left": "no longer inside",
    "gone": "deleted",
    "turned_direct": "with the old product directly since",
    "still_old": "with the old product still",
    "other": "with half of the change",
    "joined": "joined since, and not in the plan",
}


def story_of_group(told: ToldFrom, group: PlannedGroup, after: Mapping[str, Any]) -> list[str]:
    """Tell of one group; `after` is its entry in reconciliation.json, empty before a verification."""
    return [
        _had(told, group),
        *_decided(told, group, told.swaps.get(group.id)),
        *_happened(told, group),
        *_proven(after),
    ]


def _had(told: ToldFrom, group: PlannedGroup) -> str:
    read = told.read_groups.get(group.id)
    carried = ", ".join(told.license(x.sku_id, x.disabled_plans) for x in read.licenses) if read else ""
    assigned = f" It assigned {carried} when the plan was made." if carried else ""
    return f"{group.name} ({group.id}) is a group with {counted(group.members, 'member')}.{assigned}"


def _decided(told: ToldFrom, group: PlannedGroup, task: GroupTask | None) -> Iterator[str]:
    named = "" if told.plan.undo else "Named under [groups] swap. "
    match group.fate:
        case "swap" if task is not None:
            yield named + _request(told, task)
        case "done":
            yield f"{named}The group has the target and no old product: nothing is changed."
        case "hold":
            yield f"{named}Stays as it is: {reason_in_words(group.reason)}."
            yield from (f"- {ENGLISH.naming(told.names)(why)}." for why in hindrances_told(told.plan, group))
            yield str(group_remedy(group.reason))
        case _:
            yield "Not named under [groups] swap: the group stays as it is, and so do its members."
            yield str(group_remedy("group_carries_source"))
    yield from (f"Worth knowing: {ENGLISH(told.plan.said(note))}." for note in group.notes)


def _request(told: ToldFrom, task: GroupTask) -> str:
    added = ", ".join(told.license(a.sku_id, a.disabled_plans) for a in task.change.add)
    removed = told.names.sku_list(task.change.remove)
    moves = counted(len(task.members), "user changes", "users change")
    return (
        f"One request changes it, in wave {task.wave}: add {added or 'nothing'}, remove {removed or 'nothing'}; "
        f"{moves} with the group."
    )


def _happened(told: ToldFrom, group: PlannedGroup) -> Iterator[str]:
    lines = [(e, i) for e, i in told.about(group.id) if e.writes == GROUPS]
    yield from (line_told(told, entry, item) for entry, item in lines)
    if not lines:
        yield "No request was sent for this group."
    for entry in told.known:
        if entry.kind == "note" and entry.body.get("group") == group.id:
            yield f"{entry.at}: {entry.body['text']}."
    if fold(told.known, GROUPS).get(group.id, NOT_SENT).state == "processing":
        yield "As far as the journal knows, Entra is still at work: the same `reseat apply` looks again."
    yield from _failed(told, failures(told, group.id))


def _failed(told: ToldFrom, failed: Sequence[Failure]) -> Iterator[str]:
    """Name the members in error, with what is wrong and what helps."""
    names = dict(zip(told.plan.decisions["id"].astype(str), told.plan.decisions["name"].astype(str), strict=True))
    for one in failed[:FAILED_MAX]:
        yield f"- {names.get(one.user_id, one.user_id)}: {one.sentence}."
    if len(failed) > FAILED_MAX:
        yield f"- {len(failed) - FAILED_MAX} more: the journal and users.csv name them."
    if failed:
        yield reprocess_told(told, len({one.user_id for one in failed}))


def result_of(told: ToldFrom, group_id: str) -> dict[str, Any]:
    """Return what the last verification found of a group; empty before one."""
    if not told.run.has("reconciliation.json"):
        return {}
    with told.run.reading("reconciliation.json"):
        found = orjson.loads(told.run.read("reconciliation.json")).get("groups") or ()
        return next((dict(g) for g in found if g["id"] == group_id), {})


def _proven(after: Mapping[str, Any]) -> Iterator[str]:
    if not after:
        yield "The tenant was not read again yet: `reseat verify` confirms the outcome."
        return
    if after["decision"] == "swap":
        state, members = ENGLISH.name("group_state", after["state"]), after["members"]
        counts = ", ".join(f"{members[key]} {words}" for key, words in _SEEN.items() if members.get(key))
        yield f"Last read: {state}{reason_beside(state, after['reason'])}; members: {counts or 'none'}."
        if after["reason"]:
            yield str(group_remedy(after["reason"], changed=True))
    else:
        carries = "still assigns" if after["carries_source"] else "does not assign"
        yield f"Last read: the group {carries} the old product."
