"""The groups of a plan as plan.html lists them: what becomes of each, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from connectors.message import Message
from jobs.license_reassignment.model.plan import Plan, hindrances_told
from jobs.license_reassignment.model.plan_header import PlannedGroup
from jobs.license_reassignment.model.reason_words import REASONS
from jobs.license_reassignment.model.reasons import group_remedy


@dataclass(frozen=True, slots=True)
class ListedGroup:
    """One group: `fate` is what happens, `why` are sentences, those about members with the first of them by name."""

    id: str
    name: str
    fate: Message
    members: int
    why: tuple[Message, ...]


def listed_groups(plan: Plan, name: Mapping[str, str]) -> tuple[ListedGroup, ...]:
    """Return the groups in the order of the header; `name` gives products by id."""
    groups = plan.header.groups or ()
    return tuple(ListedGroup(g.id, g.name, _fate(g, name), g.members, tuple(_why(g, plan))) for g in groups)


def _fate(group: PlannedGroup, name: Mapping[str, str]) -> Message:
    match group.fate:
        case "swap":
            return Message("is changed: {targets}", targets=" + ".join(name.get(t, t) for t in group.targets))
        case "done":
            return Message("is done")
        case "hold":
            return Message("stays as it is: {why}", why=REASONS.get(group.reason, group.reason))
        case "left":
            return Message("is not named under [groups] swap and stays as it is")


def _why(group: PlannedGroup, plan: Plan) -> Iterator[Message]:
    yield from hindrances_told(plan, group)
    if group.fate == "hold":
        yield group_remedy(group.reason)
    yield from map(plan.said, group.notes)
