"""What one read of the members of a swapped group shows. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from connectors.changes import AssignGroupLicense
from connectors.tenant import LicenseProfile, UserId, UserRead
from jobs.license_reassignment.model.group_change import GroupTask, MemberSeen, member_seen

Seen = MemberSeen | Literal["left"]

FINAL = frozenset({"moved", "error", "left"})


@dataclass(frozen=True, slots=True)
class Sweep:
    """Every member of the plan by what was seen of them, and who is inside without being in the plan.

    `failed` are the licenses in error, `lost` the members who have neither the old license nor a working new one.
    """

    at: datetime
    seen: Mapping[UserId, Seen]
    joined: frozenset[UserId] = frozenset()
    failed: tuple[dict[str, Any], ...] = ()
    lost: frozenset[UserId] = frozenset()

    @property
    def final(self) -> bool:
        """Whether nothing more is to be expected of any member."""
        return FINAL.issuperset(self.seen.values())

    @property
    def done(self) -> int:
        """How many members are where they will stay."""
        return sum(s in FINAL for s in self.seen.values())

    def agrees(self, earlier: Sweep | None, apart: timedelta) -> bool:
        """Whether an earlier sweep, long enough before, showed the same of everybody."""
        return earlier is not None and earlier.seen == self.seen and self.at - earlier.at >= apart

    def counts(self) -> dict[str, int]:
        """Return the members by what became of them, and how many have joined."""
        found = Counter(self.seen.values())
        joined = {"joined": len(self.joined)} if self.joined else {}
        return {"moved": found["moved"], "error": found["error"], "left": found["left"], **joined}


def sweep_of(task: GroupTask, reads: Sequence[UserRead], at: datetime) -> Sweep:
    """Judge one read of all users right inside the group."""
    inside = {r.id: r.profile for r in reads if r.found}
    seen: dict[UserId, Seen] = {
        u: member_seen(inside[u], task.change) if u in inside else "left" for u in sorted(task.members)
    }
    members = {u: inside[u] for u in seen if u in inside}
    return Sweep(
        at=at,
        seen=seen,
        joined=frozenset(inside) - task.members,
        failed=tuple(f for u, s in seen.items() if s == "error" for f in _failed(u, members[u], task)),
        lost=frozenset(u for u, p in members.items() if is_lost(p, task.change)),
    )


def is_lost(profile: LicenseProfile, change: AssignGroupLicense) -> bool:
    """Whether a user has neither what the group took away nor all of what it was to give, in whatever way."""
    kept = any(a.gives for s in change.remove for a in profile.of_sku(s))
    given = all(any(a.gives for a in profile.of_sku(x.sku_id)) for x in change.add)
    return not kept and not given


def _failed(user_id: UserId, profile: LicenseProfile, task: GroupTask) -> list[dict[str, Any]]:
    skus = {*(a.sku_id for a in task.change.add), *task.change.remove}
    return [
        {"id": user_id, "sku": a.sku_id, "state": a.state, "error": a.error}
        for a in profile.assignments
        if a.group_id == task.group_id and a.sku_id in skus and not a.sound
    ]
