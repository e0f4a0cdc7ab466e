"""Who still has the old product, who is on hold and why, and what is left for a person to do."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from connectors.message import Message
from jobs.license_reassignment.reconcile.findings import ACCEPTING_POLICY, AcceptedLoss, Action
from jobs.license_reassignment.report.page.charts import Mark, bars
from jobs.license_reassignment.report.page.sections.section import ReportSection

NAMED_FIRST = 3  # people who are named in one line of the summary


@dataclass(frozen=True, slots=True)
class ToDo:
    """What is left to do for one reason: the same for each of these users, or of these groups, by name."""

    kind: str
    reason: str
    remedy: str
    actions: tuple[Action, ...]

    @property
    def of_groups(self) -> bool:
        """Whether it is about groups."""
        return bool(self.actions[0].group_id)


class PeopleSection(ReportSection):
    """Holders, holds, losses with consent, and the list of things to do."""

    @property
    def residual(self) -> tuple[tuple[str, int], ...]:
        """How many still have a source, by the way in which they have it."""
        keys = ("users_direct", "users_inherited", "groups", "soft_deleted", "out_of_scope")
        return tuple((key, getattr(self._r.residual, key)) for key in keys)

    @property
    def holds(self) -> tuple[tuple[str, int, str], ...]:
        """(reason, users, remedy), the most frequent reason first."""
        most_first = sorted(self._r.held_by_reason.items(), key=lambda item: (-item[1], item[0]))
        return tuple((reason, users, self._r.remedies.get(reason, "")) for reason, users in most_first)

    @cached_property
    def to_do(self) -> tuple[ToDo, ...]:
        """What is left to do for users and groups, by reason and name; the gates have a list of their own."""

        def why(action: Action) -> tuple[str, str, bool]:
            return (action.reason.partition(":")[0], action.kind, bool(action.group_id))

        asked = sorted((a for a in self._r.actions if a.kind != "gate"), key=lambda a: (*why(a), a.subject.casefold()))
        groups = (tuple(found) for _, found in groupby(asked, why))
        return tuple(ToDo(one[0].kind, why(one[0])[0], one[0].remedy, one) for one in groups)

    def detail(self, action: Action) -> str:
        """Return what the reason is about: a message of ours, or Microsoft's own words."""
        return self._r.messages.get(action.detail, action.detail)

    def services_of(self, loss: AcceptedLoss) -> list[str]:
        """Return what a user lost with consent, service by service."""
        parts = loss.loss.values.get("parts") if isinstance(loss.loss, Message) else None
        return [self._t(part) for part in parts or (loss.loss,)]

    def consent(self, loss: AcceptedLoss) -> str:
        """Return who accepted a loss: a person of the roster, or the settings for everybody."""
        if loss.accepted_by == ACCEPTING_POLICY:
            return self._t("the settings, for everybody: {key}", key=ACCEPTING_POLICY)
        return loss.accepted_by or self._t("unknown")

    def some(self, reason: str) -> str:
        """Name the first users held for a reason, each with its detail, and say how many more there are."""
        users = [each for each in self.to_do if not each.of_groups]
        held = [a for each in users if (each.kind, each.reason) == ("held", reason) for a in each.actions]
        shown = tuple(
            f"{a.subject} ({told})" if (told := self._t(self.detail(a))) else a.subject for a in held[:NAMED_FIRST]
        )
        if len(held) <= NAMED_FIRST:
            return "; ".join(shown)
        return self._t("{names} and {n} more", names="; ".join(shown), n=len(held) - NAMED_FIRST)

    @property
    def hold_marks(self) -> tuple[Mark, ...]:
        """One bar per reason."""
        return bars([(reason, users) for reason, users, _ in self.holds])
