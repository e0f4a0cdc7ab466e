"""Where the journal leaves each user: its lines folded, one by one, to a standing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

State = Literal["pending", "in_doubt", "processing", "applied", "refused", "already", "drifted", "gone", "held"]
"""`processing` is of groups alone: Graph has accepted the change, and the members are not settled yet."""


ABOUT_USERS = frozenset({"intent", "outcome", "settled"})
"""The kinds of journal lines that speak of users."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the journal leaves one user. `sent` counts the requests that may have had an effect."""

    state: State = "pending"
    reason: str = ""
    message: str = ""
    sent: int = 0
    at: str = ""
    request_id: str = ""

    @property
    def answered(self) -> bool:
        """Whether nothing more is to be sent for this user."""
        return self.state not in {"pending", "in_doubt", "processing"}

    @property
    def ours(self) -> bool:
        """Whether what a read shows of the change may be our doing: it was applied, or a request of ours may have been.

        What Graph refused, and what was never sent, is not.
        """
        return self.sent > 0 and self.state in {"applied", "in_doubt", "processing", "drifted"}


NOT_SENT = Standing()

LICENSES, LOCATIONS, GROUPS, REPROCESSED = "licenses", "usage_location", "groups", "reprocess"
"""What a line of the journal is about; a line that does not say it is about licenses.

The items of GROUPS are groups: an outcome of 202 is `accepted`, and `settled` says what became of the members.
"""

_OUTCOME_STATES: Mapping[str, State] = {
    "applied": "applied",
    "accepted": "processing",
    "refused": "refused",
    "retry": "pending",
    "in_doubt": "in_doubt",
    "stop": "pending",
}
# Answers that prove that the request changed nothing; a 429 does not.
_WITHOUT_EFFECT = frozenset({"not_sent", "concurrent_write", "seats_taken", "location_replicating"})
_SETTLED_STATES: Mapping[str, State] = {
    "moved": "applied",
    "accepted": "processing",
    "already": "already",
    "pending": "pending",
    "drifted": "drifted",
    "gone": "gone",
    "refused": "refused",
    "in_doubt": "in_doubt",
    "held": "held",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One journal line as this room needs it."""

    kind: str
    at: str
    body: Mapping[str, Any]

    @property
    def writes(self) -> str:
        """What the line is about: LICENSES, LOCATIONS, GROUPS or REPROCESSED."""
        return str(self.body.get("writes", LICENSES))


def fold(entries: Iterable[Entry], writes: str = LICENSES) -> dict[str, Standing]:
    """Fold the journal lines of one kind into a standing per user id; an intent without an outcome is in doubt."""
    standings: dict[str, Standing] = {}
    for entry in entries:
        for _ in advance(standings, entry, writes):
            pass
    return standings


def advance(
    standings: dict[str, Standing], entry: Entry, writes: str = LICENSES
) -> Iterator[tuple[str, Standing, Standing]]:
    """Fold one line into the standings, in place; yields (user id, old, new) for each user it speaks of."""
    if entry.kind not in ABOUT_USERS or entry.writes != writes:
        return
    for item in entry.body["items"]:
        old = standings.get(item["id"], NOT_SENT)
        new = standings[item["id"]] = _step(old, entry, item)
        yield item["id"], old, new


def _step(old: Standing, entry: Entry, item: Mapping[str, Any]) -> Standing:
    if entry.kind == "intent":
        return replace(old, state="in_doubt", reason="unproven", sent=old.sent + 1, at=entry.at)
    if entry.kind == "outcome":
        state = _OUTCOME_STATES[item["verdict"]]
        return replace(
            old,
            state=state,
            sent=old.sent - (item.get("reason", "") in _WITHOUT_EFFECT),
            reason=item.get("reason", ""),
            message=item.get("message", ""),
            at=entry.at,
            request_id=entry.body.get("request_id", "") or old.request_id,
        )
    return replace(
        old,
        state=_SETTLED_STATES[item["verdict"]],
        reason=item.get("reason", ""),
        message=item.get("message", old.message),
        at=entry.at,
    )
