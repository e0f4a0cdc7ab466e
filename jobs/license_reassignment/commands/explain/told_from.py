"""What a story is told from: plan, first read and journal of one run, with the names of what is in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from connectors.catalog.products import Catalog
from connectors.tenant import Group, LicenseAssignment, Names, TenantSnapshot
from jobs.license_reassignment.model.plan import Plan, group_tasks_of
from jobs.license_reassignment.model.plan_header import PlannedGroup
from jobs.license_reassignment.model.standing import Entry
from jobs.license_reassignment.model.text import counted
from jobs.license_reassignment.report.words import ENGLISH
from jobs.license_reassignment.run_folder.folder import RunDir
from jobs.license_reassignment.run_folder.load import entries, load_journal, load_plan, load_snapshot


@dataclass(frozen=True)
class ToldFrom:
    """One run as a story is told from it. `known` are the lines of its journal."""

    run: RunDir
    plan: Plan
    before: TenantSnapshot
    known: Sequence[Entry]
    names: Names

    @classmethod
    def of(cls, run: RunDir, catalog: Catalog) -> ToldFrom:
        """Read a run folder. Raises GuardRefused (10) where a file of it is not as it was written."""
        plan = load_plan(run)
        return cls(run, plan, load_snapshot(run), entries(load_journal(run, plan).lines), catalog.names)

    @cached_property
    def after(self) -> TenantSnapshot | None:
        """What the last `verify` read; None before one."""
        return load_snapshot(self.run, "after") if self.run.has("after.csv") else None

    @cached_property
    def groups(self) -> Mapping[str, PlannedGroup]:
        """What the plan says of each group that carries an old product or is named for a swap, by id."""
        return {g.id: g for g in self.plan.header.groups or ()}

    @cached_property
    def swaps(self) -> Mapping[str, Any]:
        """The groups that the plan changes, by id."""
        return {str(g): task for g, task in group_tasks_of(self.plan, self.before).items()}

    @cached_property
    def read_groups(self) -> Mapping[str, Group]:
        """The groups of the first read, by id."""
        return {g.id: g for g in self.before.groups}

    def group_name(self, group_id: str) -> str:
        """Return a group's display name, or its id where no file knows one."""
        known = (self.groups.get(group_id), self.swaps.get(group_id))
        read = self.read_groups.get(group_id)
        return next((g.name for g in known if g), read.display_name if read else group_id)

    def about(self, *ids: str) -> Iterator[tuple[Entry, Mapping[str, Any]]]:
        """Yield the lines of the journal that speak of one of these users or groups, each with its item."""
        for entry in self.known:
            for item in entry.body.get("items", ()):
                if item["id"] in ids:
                    yield entry, item

    def license(self, sku_id: str, disabled: Sequence[str] = ()) -> str:
        """Name a product, and count its services that stay disabled."""
        return self.names.sku(sku_id) + (f" with {counted(len(disabled), 'service')} disabled" if disabled else "")

    def held(self, assignments: Sequence[LicenseAssignment], how: Callable[[LicenseAssignment], str]) -> str:
        """List licenses by name, each with how it is held and what Graph says is wrong with it."""
        return ", ".join(
            f"{self.names.sku(a.sku_id)} ({', '.join(filter(None, (how(a), _state(a))))})" for a in assignments
        )

    def way(self, assignment: LicenseAssignment) -> str:
        """Say in which way a license is held, and how many of its services are disabled."""
        way = "direct" if assignment.direct else f"through group {self.group_name(assignment.group_id)}"
        off = len(assignment.disabled_plans)
        return f"{way}, {counted(off, 'service')} disabled" if off else way


def _state(assignment: LicenseAssignment) -> str:
    """Return Graph's words for a license that is not sound, and "" for any other."""
    return "" if assignment.sound else f"{assignment.state} {assignment.error}".strip()


def reason_in_words(code: str) -> str:
    """Return what people call a reason."""
    return ENGLISH.name("reason", code)


def reason_beside(state: str, code: str) -> str:
    """Return a reason in brackets behind the words of a state; "" for none, and for one that says the same."""
    reason = reason_in_words(code)
    return f" ({reason})" if code and state not in reason else ""


def outcome_in_words(verdict: str) -> str:
    """Return what people call an outcome."""
    return ENGLISH.name("outcome", verdict)
