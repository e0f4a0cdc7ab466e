"""The books: outcomes, roster rows and seats, each sum with what makes it."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.message import Message
from jobs.license_reassignment.decide.draft import ROSTER_ROWS
from jobs.license_reassignment.reconcile.findings import OUTCOMES, LedgerRow
from jobs.license_reassignment.report.page.charts import Mark, SeatMarks, Term, bars, stacked
from jobs.license_reassignment.report.page.sections.section import ReportSection


class OutcomesSection(ReportSection):
    """Outcomes and seats, as figures, sums and marks of charts."""

    @property
    def outcomes(self) -> tuple[tuple[str, int], ...]:
        """(outcome, users) in the contract's order."""
        return tuple((outcome, getattr(self._r.totals, outcome)) for outcome in OUTCOMES)

    def outcome_names(self, outcomes: Sequence[str]) -> list[str]:
        """Return what these outcomes are called."""
        return [self._t.name("outcome", outcome) for outcome in outcomes]

    def value_of(self, column: str, value: str) -> str:
        """Return how a value of a column is called by which users are counted."""
        if not value:
            return self._t.name("js", f"no_{column}")
        return self._t(ROSTER_ROWS) if column == "rule" and value == ROSTER_ROWS else value

    @property
    def outcome_marks(self) -> tuple[Mark, ...]:
        """The outcomes end to end."""
        return stacked(self.outcomes)

    @property
    def outcome_finding(self) -> str:
        """The outcome chart in one sentence."""
        return self._t(
            "{n} of {of} users is on the new product; {attention}.",
            "{n} of {of} users are on the new product; {attention}.",
            n=self.proven,
            of=self._r.totals.in_scope,
            attention=Message("{n} needs attention", "{n} need attention", n=self.attention),
        )

    @property
    def scope_terms(self) -> tuple[Term, ...]:
        """The outcomes as summands of `in_scope`."""
        return tuple(
            Term(
                self._t.name("outcome", key),
                users,
                href=self.link(key) if users else "",
                where=f"users.csv, outcome={key}",
                swatch=key,
            )
            for key, users in self.outcomes
        )

    @property
    def roster_terms(self) -> tuple[Term, ...]:
        """The roster's rows: used, and not used."""
        totals = self._r.totals
        return (
            Term(self._t("used"), totals.roster_rows - totals.rejected_rows),
            Term(self._t("rejected"), totals.rejected_rows, where="rejected.csv"),
        )

    def seat_terms(self, row: LedgerRow) -> tuple[Term, ...]:
        """What makes one SKU's seats after the run; other runs of ours have a term where they did something."""
        t, others = self._t, row.foreign - row.other_runs
        by_runs = Term(t("By other runs of reseat"), abs(row.other_runs), "−" if row.other_runs < 0 else "+")
        return (
            Term(t("Used before"), row.consumed_before),
            Term(t("Assigned"), row.gained),
            Term(t("Removed"), row.lost, "−"),
            Term(t("By others"), abs(others), "−" if others < 0 else "+"),
            *([by_runs] if row.other_runs else []),
            Term(t("Unexplained"), abs(row.unexplained), "−" if row.unexplained < 0 else "+"),
        )

    @property
    def seat_marks(self) -> tuple[SeatMarks, ...]:
        """Three bars per SKU, all on one scale."""
        rows = self._r.ledger
        most = max((max(row.enabled, row.consumed_before, row.consumed_after) for row in rows), default=1)

        def mark(count: int) -> Mark:
            return bars([("", count)], most)[0]

        return tuple(
            SeatMarks(
                self.sku(row.sku_id, row.sku_part_number),
                mark(row.enabled),
                mark(row.consumed_before),
                mark(row.consumed_after),
            )
            for row in rows
        )
