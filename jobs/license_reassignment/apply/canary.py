"""The canary of one plan: whether the first changes that Graph accepted have taken the old license away. No I/O.

In a tenant on allotments (Microsoft Cloud Licensing) `assignLicense` is redirected: a removal may then have no effect,
and each user would take a second seat, although every answer says that the change was made.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from connectors.changes import AssignLicense
from connectors.tenant import UserId, UserRead
from jobs.license_reassignment.model.change import Task
from jobs.license_reassignment.model.standing import LICENSES, Entry
from jobs.license_reassignment.model.text import counted

CANARY = "canary"
"""The event under which the journal notes what was seen."""

CERTAIN_AFTER = timedelta(minutes=5)
"""So far apart two reads of one user show both licenses before the run is stopped; a replica is behind for less."""

CHANGED_MAX = 100
"""So many users are changed at most before the first ones have shown that a removal works here."""

FEW = 1
"""So many users with both may be somebody else's doing, who has assigned the old product again, if others are moved."""

SPACING_MAX = timedelta(seconds=60)
_NEVER = datetime.max.replace(tzinfo=UTC)

Seen = Literal["moved", "late", "doubled", "unclear"]


@dataclass(slots=True)
class Canary:
    """Watches `users`, those of the first batch that Graph accepted: read at once, and again ever less often.

    Who once has shown without the old license is not watched any more. It is over when that is everybody, at best with
    the first read, or when after CERTAIN_AFTER no more than FEW have both. `doubled_since` are users who show both,
    with the time of the read that first showed it; `stopped` says that a session ended for it. `changes` are those of
    the plan.
    """

    changes: Mapping[UserId, AssignLicense]
    users: tuple[UserId, ...] = ()
    began: datetime = _NEVER
    doubled_since: dict[UserId, datetime] = field(default_factory=dict)
    stopped: bool = False
    over: bool = False
    due: datetime = _NEVER
    watched: tuple[UserId, ...] = ()
    _spacing: timedelta = timedelta(seconds=1)

    @property
    def watching(self) -> bool:
        """Whether there are users of whom it is not yet known."""
        return bool(self.users) and not self.over

    def begin(self, accepted: Collection[UserId], now: datetime) -> None:
        """Watch these users if theirs is the first change that Graph accepted; one that only adds says nothing."""
        users = tuple(u for u in accepted if u in self.changes)
        if users and not self.users and not self.over:
            self.users, self.watched, self.began, self.due = users, users, now, now

    def take(self, now: datetime) -> tuple[UserId, ...]:
        """Return whom to read now, () when it is not yet time; nobody else gets them meanwhile."""
        if not self.watching or now < self.due:
            return ()
        self.due = _NEVER
        return self.watched

    def room(self, changed: int) -> int | None:
        """Return how many users more may be changed, None for any number, where `changed` are or may be."""
        if self.over:
            return None
        return 0 if self.stopped else max(0, CHANGED_MAX - changed)

    def looked(self, reads: Sequence[UserRead], now: datetime) -> Seen:
        """Judge one read of the users.

        `moved`: nobody has the old license. `late`: somebody has, no more than FEW beside the new one, and that long
        after the change it is not asked any more. `doubled`: more than FEW, or all, have had both for CERTAIN_AFTER.
        """
        left = [r for r in reads if _keeps_source(self.changes[r.id], r)]
        self.watched = tuple(r.id for r in left)
        doubled = [r.id for r in left if _has_target(self.changes[r.id], r)]
        self.doubled_since = {u: self.doubled_since.get(u, now) for u in doubled}
        certain = [u for u, since in self.doubled_since.items() if now - since >= CERTAIN_AFTER]
        self.stopped = len(certain) > FEW or len(certain) == len(self.users)
        if self.stopped:
            return "doubled"
        self.over = not left or (len(certain) == len(doubled) and now - self.began >= CERTAIN_AFTER)
        if self.over:
            return "late" if left else "moved"
        then = [since + CERTAIN_AFTER for u, since in self.doubled_since.items() if u not in certain]
        self.due = min(now + self._spacing, *then, _NEVER)
        self._spacing = min(2 * self._spacing, SPACING_MAX)
        return "unclear"

    def note(self, seen: Seen) -> dict[str, Any]:
        """Return what the journal keeps of it, so that the next session does not ask again."""
        late = "not everybody has lost the old license, and no more than one has both"
        over = {"moved": "the old license is gone", "late": late}
        told = over.get(seen, f"{len(self.doubled_since)} with the old license and the new one")
        text = f"the first {counted(len(self.users), 'user')} changed: {told}"
        return {"doubled": sorted(self.doubled_since), "over": self.over, "stopped": self.stopped, "text": text}

    def waiting(self) -> str:
        """Say why no more users are changed for now, or why the end waits."""
        return (
            f"no more than {CHANGED_MAX} users are changed before a read shows that the old license of the first "
            f"{counted(len(self.users), 'user')} is gone"
            if self.users
            else f"no more than {CHANGED_MAX} users are changed before Graph has accepted the first change"
        )

    def stop_text(self) -> str:
        """Say why nothing more is sent, and what a person looks at."""
        have = counted(len(self.doubled_since), "user has", "users have")
        return (
            f"Stopped: Graph accepted the change of the first {counted(len(self.users), 'user')}, and in two reads at "
            f"least five minutes apart {have} the new license and the old one too. That is how it looks where licenses "
            "are on allotments (Microsoft Cloud Licensing): a removal may have no effect there, and each user would "
            "take a second seat. Nothing more was sent. Look in the Microsoft 365 admin center whether allotments "
            "exist for these products, and from which of them these users have their licenses; the same apply reads "
            "the first users again before it sends anything."
        )


def _keeps_source(change: AssignLicense, read: UserRead) -> bool:
    return any(read.profile.direct(s) for s in change.remove)


def _has_target(change: AssignLicense, read: UserRead) -> bool:
    return all(read.profile.of_sku(a.sku_id) for a in change.add)


def canary_of(tasks: Iterable[Task], journal: Iterable[Entry]) -> Canary:
    """Return the canary as the journal leaves it: over, at work, or waiting for the first accepted change."""
    changes = {
        t.user_id: t.change for t in tasks if isinstance(t.change, AssignLicense) and t.change.add and t.change.remove
    }
    canary = Canary(changes, over=not changes)
    for entry in journal:
        at = datetime.fromisoformat(entry.at)
        if entry.kind == "outcome" and entry.writes == LICENSES:
            canary.begin([UserId(i["id"]) for i in entry.body["items"] if i["verdict"] == "applied"], at)
        elif entry.kind == "note" and entry.body.get("event") == CANARY:
            canary.over, canary.stopped = bool(entry.body["over"]), bool(entry.body["stopped"])
            canary.doubled_since = {u: canary.doubled_since.get(u, at) for u in entry.body["doubled"]}
    return canary
