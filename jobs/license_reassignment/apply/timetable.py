"""Which group is due when: the earliest comes first, however many wait. No I/O."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from datetime import datetime

from connectors.tenant import GroupId


@dataclass(slots=True)
class Timetable:
    """Groups by the time at which they are due; of several times given to one group the last counts.

    Two that are due at one time come in the order in which they were put in.
    """

    _times: dict[GroupId, tuple[datetime, int]] = field(default_factory=dict)
    _heap: list[tuple[datetime, int, GroupId]] = field(default_factory=list)
    _given: int = 0

    def put(self, group_id: GroupId, at: datetime) -> None:
        """Have the group due at this time."""
        self._given += 1
        self._times[group_id] = (at, self._given)
        heapq.heappush(self._heap, (at, self._given, group_id))

    def drop(self, group_id: GroupId) -> None:
        """Take the group out, if it is in."""
        self._times.pop(group_id, None)

    def first(self) -> datetime | None:
        """Return when the next group is due, None where none waits."""
        while self._heap and self._times.get(self._heap[0][2]) != self._heap[0][:2]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def take(self, now: datetime, most: int) -> tuple[GroupId, ...]:
        """Take out those that are due now, the longest due first, and no more than so many."""
        taken: list[GroupId] = []
        while len(taken) < most and (at := self.first()) is not None and at <= now:
            group_id = heapq.heappop(self._heap)[2]
            self.drop(group_id)
            taken.append(group_id)
        return tuple(taken)
