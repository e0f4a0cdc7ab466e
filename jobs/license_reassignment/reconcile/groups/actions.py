"""What a person has to do about groups: one row each for what is held, not finished, refused, or changed by others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from connectors.message import Message, joined
from jobs.license_reassignment.model.reasons import group_remedy
from jobs.license_reassignment.reconcile.findings import Action, GroupResult

_KINDS: Mapping[str, str] = {
    "not_sent": "pending",
    "accepted": "in_doubt",
    "processing": "in_doubt",
    "in_doubt": "in_doubt",
    "refused": "refused",
    "settled": "refused",
    "drifted": "drifted",
    "undone": "drifted",
    "gone": "gone",
    "held": "held",
}
"""What it is called, by where the change of a group stands, as it is of a user."""


def group_actions(groups: Iterable[GroupResult]) -> list[Action]:
    """Return a row for each group that is named and not as it should be, and for each other one that assigns a source.

    None has a user's name or id: filled in as a roster, it is passed over.
    """
    found = []
    for group in groups:
        swap = group.decision == "swap"
        if (swap and not group.reason) or not (swap or group.carries_source):
            continue
        reason = group.reason if group.decision in {"swap", "hold"} else "group_carries_source"
        found.append(
            Action(
                kind=_KINDS.get(group.state, "residual")
                if swap
                else "held"
                if group.decision == "hold"
                else "residual",
                reason=reason,
                subject=group.name,
                remedy=group_remedy(reason, changed=swap),
                detail=joined((*_failed(group), *group.why, Message("group ID {id}", id=group.id))),
                group_id=group.id,
            )
        )
    return found


def _failed(group: GroupResult) -> list[Message]:
    """Say how many members are in error, by Graph's word for it."""
    return [
        Message("{n} member: {error}", "{n} members: {error}", n=n, error=error)
        for error, n in group.members.errors.items()
    ]
