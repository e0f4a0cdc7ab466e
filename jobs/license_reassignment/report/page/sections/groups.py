"""The section on groups: where the change of each stands, what became of its members, and whom it could not serve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from connectors.message import Message, as_message
from jobs.license_reassignment.model.reasons import group_remedy
from jobs.license_reassignment.reconcile.findings import NO_REMEDY, GroupResult
from jobs.license_reassignment.report.page.sections.section import ReportSection

_COUNTED: Mapping[str, Message] = {
    "moved": Message("{n} moved"),
    "in_error": Message("{n} in error"),
    "left": Message("{n} left the group"),
    "gone": Message("{n} deleted"),
    "turned_direct": Message("{n} with the old product directly now"),
    "still_old": Message("{n} still on the old product"),
    "other": Message("{n} half changed"),
    "joined": Message("{n} joined during the run"),
}
"""Members by what became of them; the order is that of a reader."""

_WRONG = frozenset({"settled", "refused", "gone", "undone"})
"""States in which waiting helps nobody, where somebody has to do something about the group at all."""


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """One group in words.

    `tone` is the class of its state: fine, held, or refused. `members` are counts, `why` sentences, `failed` (name,
    user id, Graph's error).
    """

    id: str
    name: str
    state: str
    tone: str
    targets: str
    total: int
    members: tuple[str, ...]
    reason: str
    why: tuple[Message, ...]
    remedy: Message
    failed: tuple[tuple[str, str, str], ...]
    failed_in_all: int


class LicensedGroupsSection(ReportSection):
    """Groups that the plan names or that assign the old product."""

    @property
    def groups(self) -> tuple[ShownGroup, ...]:
        """The groups, those that ask something of somebody first."""
        return tuple(map(self.shown, sorted(self._r.groups, key=_is_calm)))

    @property
    def groups_line(self) -> str:
        """The groups in one sentence, "" where none is concerned."""
        if not self._r.groups:
            return ""
        swaps = [g for g in self._r.groups if g.decision == "swap"]
        asks = sum(not _is_calm(g) for g in self._r.groups)
        attention = Message("{n} group needs attention", "{n} groups need attention", n=asks)
        if not swaps:
            return self._t("The plan changes no group; {asks}.", asks=attention)
        members = Message("{n} member", "{n} members", n=sum(g.members.moved for g in swaps))
        return self._t(
            "{settled} of {n} group that the plan changes is settled, with {members} moved; {asks}.",
            "{settled} of {n} groups that the plan changes are settled, with {members} moved; {asks}.",
            n=len(swaps),
            settled=sum(g.state == "settled" for g in swaps),
            members=members,
            asks=attention,
        )

    def shown(self, group: GroupResult) -> ShownGroup:
        """Return one group in words."""
        swap, failed = group.decision == "swap", self._failed.get(group.id, [])
        reason = group.reason or ("group_carries_source" if group.carries_source else "")
        counts = group.members
        return ShownGroup(
            id=group.id,
            name=group.name,
            state=self._state(group),
            tone="fine" if _is_calm(group) else "refused" if group.state in _WRONG else "held",
            targets=self.skus(group.targets),
            total=counts.total,
            members=tuple(self._t(one.template, n=n) for key, one in _COUNTED.items() if (n := getattr(counts, key))),
            reason="" if _is_calm(group) else reason,
            why=tuple(map(as_message, group.why)),
            remedy=NO_REMEDY if _is_calm(group) else group_remedy(reason, changed=swap),
            failed=tuple(sorted(failed)[: self.most_of_reason]),
            failed_in_all=len(failed),
        )

    def _state(self, group: GroupResult) -> str:
        if group.decision != "swap":
            return self._t.name("group_decision", group.decision)
        return self._t.name(
            "group_state", "settled_in_part" if group.state == "settled" and group.reason else group.state
        )

    @cached_property
    def _failed(self) -> dict[str, list[tuple[str, str, str]]]:
        """By group, its members whose license is in error: name, id, and Graph's state and error."""
        errors = {a.id: a.reason.partition(":")[2].strip() for a in self._r.actions if a.id and a.kind == "refused"}
        columns = (self._r.users[c] for c in ("id", "user_principal_name", "via_groups"))
        found: dict[str, list[tuple[str, str, str]]] = {}
        for user_id, name, via in zip(*columns, strict=True) if self._r.groups else ():
            if user_id in errors and via:
                for group_id in via.split("+"):
                    found.setdefault(group_id, []).append((name, user_id, errors[user_id]))
        return found


def _is_calm(group: GroupResult) -> bool:
    """Whether nobody has to do anything about it."""
    if group.decision == "swap":
        return not group.reason
    return group.decision == "done" or not group.carries_source
