"""The answer: the question, why it is not yet so, three numbers, the gates, what comes next and until when."""

from __future__ import annotations

from functools import cached_property

from connectors.message import Message
from jobs.license_reassignment.reconcile.ending.cancellation import Due, EndOfSubscription
from jobs.license_reassignment.reconcile.findings import Gate, Incident, SubscriptionRow
from jobs.license_reassignment.report.page.charts import Figure
from jobs.license_reassignment.report.page.cost_view import CostView
from jobs.license_reassignment.report.page.sections.section import LIST_MAX, ReportSection

_URGENCY = {"failed": 0, "not_checkable": 1, "passed": 2}


class VerdictSection(ReportSection):
    """The verdict, and how the old subscription ends."""

    cancel_not_delete = Message(
        "Cancel it, do not delete it: deleting skips the grace period and removes the content of SharePoint and "
        "OneDrive at once."
    )
    nothing_to_end = Message(
        "Keep the old subscription for now: the verdict is not GO. Once it is, the report says how the subscription "
        "ends, and which dates follow."
    )

    @property
    def question(self) -> str:
        """The question that the verdict answers."""
        if self._r.kind == "addons":
            return self._t("Have the covered add-ons been removed, and nothing else?")
        if self._r.undo:
            return self._t("Is everything as it was before the run?")
        sources = self.skus(self._r.sources)
        if self._r.after_cancel:
            return self._t("Is everything in order after the end of {sources}?", sources=sources)
        return self._t("Can the {sources} subscription be canceled?", sources=sources)

    @property
    def why(self) -> str:
        """One sentence: why the verdict is what it is."""
        if self._r.kind == "addons":
            return self._why_addons()
        if self._r.undo:
            return self._why_undo()
        closed = [gate for gate in (*self._r.after_cancel, *self.gates) if not gate.passed]
        if not closed:
            return self._why_go()
        names = [self._gate_not(gate) for gate in closed[:3]]
        more = len(closed) - len(names)
        first = "; ".join([*names, self._t("and {n} more", n=more)] if more else names)
        of = len((*self._r.gates, *self._r.after_cancel))
        return self._t(
            "Not yet. {n} of {of} gates has not passed: {first}.",
            "Not yet. {n} of {of} gates have not passed: {first}.",
            n=len(closed),
            of=of,
            first=first,
        )

    def _why_go(self) -> str:
        if self._r.after_cancel:
            return self._t("Yes. It has ended, no user lost service, and all gates have passed.")
        return self._t("Yes. All {n} gates have passed, checked after the last change.", n=len(self._r.gates))

    def _why_addons(self) -> str:
        users = self._r.totals.in_scope
        if self._r.verdict == "GO":
            return self._t(
                "Yes. The add-ons that the new product covers have been removed from all {of} users, and nothing else.",
                of=users,
            )
        return self._t(
            "Not yet. {n} of {of} users is not as planned.",
            "Not yet. {n} of {of} users are not as planned.",
            n=self.attention,
            of=users,
        )

    def _gate_not(self, gate: Gate) -> str:
        family = "check_not" if gate in self._r.after_cancel else "gate_not"
        return self._t.name(family, gate.id)

    def _why_undo(self) -> str:
        if self._r.verdict == "GO":
            return self._t("Yes. Every user whom the run changed has the same licenses as before.")
        users = self._r.totals.in_scope
        return self._t(
            "Not yet. {n} of {of} users does not have the same licenses as before.",
            "Not yet. {n} of {of} users do not have the same licenses as before.",
            n=self.attention,
            of=users,
        )

    @property
    def advice(self) -> str:
        """What to do with the old subscription, as a sentence."""
        if self._r.after_cancel and self._r.verdict == "GO":
            return self._t("Nothing more to do; keep this report")
        words, number = self._r.advice.rpartition(" ")[::2]
        if words == "reduce seats to":
            return self._t(
                "Move the remaining user, or keep {n} seat of the old subscription",
                "Move the remaining users, or keep {n} seats of the old subscription for them",
                n=int(number),
            )
        return self._t.name("advice", self._r.advice)

    @property
    def numbers(self) -> tuple[Figure, Figure, Figure]:
        """Still on the old product, in need of attention, moved and proven."""
        t, totals, residual = self._t, self._r.totals, self._r.residual
        held = totals.held - self._quiet
        other = self.attention - held - totals.refused
        still = t(
            "{direct} directly, {inherited} through groups",
            direct=residual.users_direct,
            inherited=residual.users_inherited,
        )
        asks = t("{held} on hold, {refused} refused, {other} other", held=held, refused=totals.refused, other=other)
        fine = t(
            "{moved} moved, {by_group} through a group, {already} already had it",
            moved=totals.moved,
            by_group=totals.moved_by_group,
            already=totals.already_on_target,
        )
        holders = t("still holds the old product", "still hold the old product", n=self.still)
        attention = t("needs attention", "need attention", n=self.attention)
        rows, people = "reconciliation.json, residual", "users.csv, outcome"
        return (
            Figure(holders, self.still, still, "#residual", rows, alarm=not self._r.undo),
            Figure(attention, self.attention, asks, "#users", people, alarm=True),
            Figure(t("moved and verified"), self.proven, fine, "#users?all=1", people),
        )

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
    def may_end(self) -> bool:
        """Whether the page may say how to end the old subscription: nobody is told to end it before a GO."""
        return self._r.verdict == "GO"

    @property
    def signed_by(self) -> tuple[str, ...]:
        """Who signs the printed copy; a NO-GO has nothing to approve."""
        looked = (self._t("Prepared"), self._t("Reviewed"))
        if not self.may_end:
            return looked
        about_cancel = not (self._r.undo or self._r.kind == "addons" or self._r.after_cancel)
        return (*looked, self._t("Approved to cancel") if about_cancel else self._t("Approved"))

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

    @cached_property
    def cost(self) -> CostView | None:
        """The money, in words; None where nobody declared a price."""
        return CostView(self._r.cost, self._t) if self._r.cost else None
