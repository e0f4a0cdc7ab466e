"""What the page and the summary say in sentences and groups: the finding's own figures, formatted, nothing new."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from urllib.parse import urlencode

from jobs.license_reassignment.model.reasons import QUIET
from jobs.license_reassignment.reconcile.cancellation import Due, EndOfSubscription
from jobs.license_reassignment.reconcile.findings import FINE, OUTCOMES, Gate, Incident, LedgerRow, SubscriptionRow
from jobs.license_reassignment.reconcile.reconciliation import Reconciliation
from jobs.license_reassignment.report.charts import Figure, Mark, SeatMarks, Term, bars, stacked
from jobs.license_reassignment.report.words import Words

LIST_FIRST = 10  # rows of a list in sight
LIST_MAX = 100  # rows of a list in the page, before it names the file with the rest
_URGENCY = {"failed": 0, "not_checkable": 1, "passed": 2}


class ReportView:
    """The finding, ready for a template: sentences in one language, groups in reading order, marks of charts."""

    fine = FINE
    first = LIST_FIRST
    most = LIST_MAX
    contents = (
        ("verdict", "nav.verdict"),
        ("gates", "nav.gates"),
        ("residual", "nav.people"),
        ("totals", "nav.totals"),
        ("users", "nav.users"),
        ("evidence", "nav.evidence"),
        ("check", "nav.check"),
    )

    def __init__(self, r: Reconciliation, words: Words) -> None:
        self._r = r
        self._t = words

    @cached_property
    def sku_names(self) -> Mapping[str, str]:
        """Product names by id and by part number."""
        rows: Sequence[LedgerRow | SubscriptionRow] = (*self._r.ledger, *self._r.subscriptions)
        by_part = {row.sku_part_number: self._r.names.sku(row.sku_id) for row in rows}
        return {**by_part, **self._r.names.skus}

    def sku(self, sku_id: str, part_number: str) -> str:
        """Return the product's name, or its part number, or its id."""
        return self.sku_names.get(sku_id) or self.sku_names.get(part_number) or part_number or sku_id

    def sku_list(self, joined: str) -> str:
        """Return the names of part numbers joined by a plus, joined the same way."""
        return " + ".join(self.sku(token, token) for token in joined.split("+"))

    def skus(self, tokens: Sequence[str]) -> str:
        """Return the products' names joined by a comma."""
        return ", ".join(self.sku(token, token) for token in tokens)

    def link(self, outcome: str, reason: str = "") -> str:
        """Return the fragment that opens the user table on these rows."""
        return "#users?" + urlencode({"outcome": outcome, **({"reason": reason.partition(":")[0]} if reason else {})})

    @property
    def question(self) -> str:
        """The question that the verdict answers."""
        if self._r.kind == "addons":
            return self._t("verdict.addons.question")
        if self._r.undo:
            return self._t("verdict.undo.question")
        key = "verdict.after.question" if self._r.after_cancel else "verdict.question"
        return self._t(key, sources=self.skus(self._r.sources))

    @property
    def why(self) -> str:
        """One sentence: why the verdict is what it is."""
        if self._r.kind == "addons":
            word = "verdict.addons.go" if self._r.verdict == "GO" else "verdict.addons.no_go"
            return self._t(word, n=self.attention, of=self._r.totals.in_scope)
        if self._r.undo:
            return self._why_undo()
        closed = [gate for gate in (*self._r.after_cancel, *self.gates) if not gate.passed]
        if not closed:
            key = "verdict.after.go" if self._r.after_cancel else "verdict.go.why"
            return self._t(key, n=len(self._r.gates))
        names = [self._gate_not(gate) for gate in closed[:3]]
        more = len(closed) - len(names)
        first = "; ".join(names) + (f"; {self._t('verdict.no_go.more', n=more)}" if more else "")
        return self._t("verdict.no_go.why", n=len(closed), of=len((*self._r.gates, *self._r.after_cancel)), first=first)

    def _gate_not(self, gate: Gate) -> str:
        family = "check_not" if gate in self._r.after_cancel else "gate_not"
        return self._t.name(family, gate.id)

    def _why_undo(self) -> str:
        if self._r.verdict == "GO":
            return self._t("verdict.undo.go")
        return self._t("verdict.undo.no_go", n=self.attention, of=self._r.totals.in_scope)

    @property
    def advice(self) -> str:
        """What to do with the old subscription, as a sentence."""
        if self._r.after_cancel and self._r.verdict == "GO":
            return self._t("advice.after")
        words, number = self._r.advice.rpartition(" ")[::2]
        if words == "reduce seats to":
            return self._t("advice.reduce", n=int(number))
        return self._t.name("advice", self._r.advice)

    @property
    def proven(self) -> int:
        """Users whose outcome is fine."""
        return sum(getattr(self._r.totals, outcome) for outcome in FINE)

    @property
    def attention(self) -> int:
        """Users whose outcome is anything else and asks something of somebody."""
        return self._r.totals.in_scope - self.proven - self._quiet

    @property
    def _quiet(self) -> int:
        return sum(self._r.held_by_reason.get(reason, 0) for reason in QUIET)

    @property
    def still(self) -> int:
        """Users who hold a source SKU now, in whichever way."""
        return self._r.residual.users_direct + self._r.residual.users_inherited

    @property
    def numbers(self) -> tuple[Figure, Figure, Figure]:
        """Still on the old product, in need of attention, moved and proven."""
        t, totals, residual = self._t, self._r.totals, self._r.residual
        held = totals.held - self._quiet
        other = self.attention - held - totals.refused
        return (
            Figure(
                t("three.still"),
                self.still,
                t("three.still.detail", direct=residual.users_direct, inherited=residual.users_inherited),
                "#residual",
                "reconciliation.json, residual",
                alarm=not self._r.undo,
            ),
            Figure(
                t("three.attention"),
                self.attention,
                t("three.attention.detail", held=held, refused=totals.refused, other=other),
                "#users",
                "users.csv, outcome",
                alarm=True,
            ),
            Figure(
                t("three.proven"),
                self.proven,
                t(
                    "three.proven.detail",
                    moved=totals.moved,
                    by_group=totals.moved_by_group,
                    already=totals.already_on_target,
                ),
                "#users?all=1",
                "users.csv, outcome",
            ),
        )

    @property
    def may_end(self) -> bool:
        """Whether the page may say how to end the old subscription: nobody is told to end it before a GO."""
        return self._r.verdict == "GO"

    def dates(self, route: EndOfSubscription) -> tuple[Due, ...]:
        """What lapses when; before a GO only what Microsoft does by itself, for nothing is to be ended."""
        named = (due for due in route.dates if due.basis == "graph" and due.what != "disabled")
        return route.dates if self.may_end else tuple(named)

    @property
    def source_subscriptions(self) -> tuple[SubscriptionRow, ...]:
        """The purchases that the verdict is about."""
        return tuple(row for row in self._r.subscriptions if row.verdict != "not a source")

    @property
    def last_day(self) -> str:
        """The earliest date on which Microsoft changes a source subscription by itself, or ""."""
        dates = sorted(row.next_lifecycle for row in self.source_subscriptions if row.next_lifecycle)
        return self._t.day(dates[0]) if dates else ""

    def _at(self, step: str) -> str:
        """Who did one step, and on which machine."""
        who, host = str(getattr(self._r.run.operator, step)), str(getattr(self._r.run.host, step))
        return self._t("fact.operator.value", who=who, host=host) if who and host else who or host

    def did(self, step: str) -> str:
        """Person, machine and app of one step (plan, apply, verify); "" where nobody is on record."""
        return ", ".join(filter(None, (self._at(step), self._apps[step])))

    @property
    def _apps(self) -> Mapping[str, str]:
        return {"plan": self._r.run.planned_by, "apply": self._r.run.applied_by, "verify": self._r.run.verified_by}

    @property
    def operator(self) -> str:
        """Who did which step, and on which machine; "" where nobody is on record."""
        return self._steps({step: self._at(step) for step in self._apps})

    @property
    def identities(self) -> str:
        """Which app did which step, so that two identities are seen to be two; "" where none is known."""
        return self._steps(self._apps)

    def _steps(self, doers: Mapping[str, str]) -> str:
        """Name each doer once, with all of its steps."""
        done: dict[str, list[str]] = {}
        for step, doer in doers.items():
            if doer:
                done.setdefault(doer, []).append(self._t(f"step.{step}"))
        return "; ".join(f"{doer} ({', '.join(steps)})" for doer, steps in done.items())

    @property
    def audit_log_sentence(self) -> str:
        """What Microsoft's own record says, in one sentence; "" where there is none."""
        w = self._r.witness
        if w is None:
            return ""
        counts = {"missing": len(w.missing), "further": w.further, "foreign": len(w.foreign)}
        counts["records"] = w.records - w.other_runs
        said = self._t(f"testimony.{w.status}", matched=w.matched, writes=w.writes, **counts)
        return said + (self._t("testimony.runs", other_runs=w.other_runs) if w.other_runs else "")

    @property
    def gates(self) -> tuple[Gate, ...]:
        """The gates, what needs a person first."""
        return tuple(sorted(self._r.gates, key=lambda gate: _URGENCY[gate.status]))

    @property
    def gates_passed(self) -> int:
        """How many gates are open."""
        return sum(gate.passed for gate in self._r.gates)

    @property
    def incidents_shown(self) -> tuple[Incident, ...]:
        """The first incidents, harm before the rest."""
        return tuple(sorted(self._r.incidents, key=lambda incident: not incident.harm)[:LIST_MAX])

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

    @property
    def hold_marks(self) -> tuple[Mark, ...]:
        """One bar per reason."""
        return bars([(reason, users) for reason, users, _ in self.holds])

    @property
    def outcomes(self) -> tuple[tuple[str, int], ...]:
        """(outcome, users) in the contract's order."""
        return tuple((outcome, getattr(self._r.totals, outcome)) for outcome in OUTCOMES)

    @property
    def outcome_marks(self) -> tuple[Mark, ...]:
        """The outcomes end to end."""
        return stacked(self.outcomes)

    @property
    def outcome_finding(self) -> str:
        """The outcome chart in one sentence."""
        return self._t("totals.finding", proven=self.proven, of=self._r.totals.in_scope, attention=self.attention)

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
            Term(self._t("totals.rows_used"), totals.roster_rows - totals.rejected_rows),
            Term(self._t("totals.rows_rejected"), totals.rejected_rows, where="rejected.csv"),
        )

    def seat_terms(self, row: LedgerRow) -> tuple[Term, ...]:
        """What makes one SKU's seats after the run; other runs of ours have a term where they did something."""
        t, others = self._t, row.foreign - row.other_runs
        by_runs = Term(t("seats.other_runs"), abs(row.other_runs), "−" if row.other_runs < 0 else "+")
        return (
            Term(t("seats.before"), row.consumed_before),
            Term(t("seats.gained"), row.gained),
            Term(t("seats.lost"), row.lost, "−"),
            Term(t("seats.foreign"), abs(others), "−" if others < 0 else "+"),
            *([by_runs] if row.other_runs else []),
            Term(t("seats.unexplained"), abs(row.unexplained), "−" if row.unexplained < 0 else "+"),
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
