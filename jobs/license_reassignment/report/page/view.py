"""What the page and the summary say in sentences and groups: the finding's own figures, formatted, nothing new."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from urllib.parse import urlencode

from connectors.message import Message, joined
from jobs.license_reassignment.decide.draft import ROSTER_ROWS
from jobs.license_reassignment.model.reasons import QUIET
from jobs.license_reassignment.reconcile.ending.cancellation import Due, EndOfSubscription
from jobs.license_reassignment.reconcile.findings import (
    ACCEPTING_POLICY,
    FINE,
    OUTCOMES,
    AcceptedLoss,
    Action,
    Gate,
    Incident,
    LedgerRow,
    SubscriptionRow,
)
from jobs.license_reassignment.reconcile.reconciliation import Reconciliation
from jobs.license_reassignment.report.page import links
from jobs.license_reassignment.report.page.charts import Figure, Mark, SeatMarks, Term, bars, stacked
from jobs.license_reassignment.report.page.cost_view import CostView
from jobs.license_reassignment.report.words import Words

LIST_FIRST = 10  # rows of a list in sight
REASON_MAX = 30  # rows of a list for one reason: there are as many lists as reasons
NAMED_FIRST = 3  # people who are named in one line of the summary
LIST_MAX = 100  # rows of a list in the page, before it names the file with the rest
NAMES_NO_PERSON = Message(
    "Pseudonymised: it names no person. Only with the key, which is not in this folder, can anybody tell who is who."
)
_TESTIMONY = {
    "exported": Message(
        "The audit log has records for {matched} of {writes} changed users; still missing: {missing}. audit-log.jsonl "
        "holds {records} in all: {matched} for these users, {further} for further attempts (refused, or sent again), "
        "and {foreign} under our app ID that are not changes of this run."
    ),
    "not_permitted": Message(
        "Not exported: reading it was refused, or this cloud has no such log. It takes the permission "
        "AuditLog.Read.All, and in some tenants Directory.Read.All beside it. Changed users that reseat alone has "
        "verified: {writes}."
    ),
    "nothing_written": Message("Nothing was changed, so there is nothing to compare."),
    "not_asked": Message("The audit log was not requested."),
}
CONTENTS = (
    ("verdict", Message("Verdict")),
    ("gates", Message("Gates")),
    ("residual", Message("Remaining users")),
    ("actions", Message("What is left to do")),
    ("totals", Message("Outcomes")),
    ("seats", Message("Seats")),
    ("cost", Message("Cost")),
    ("users", Message("Users")),
    ("evidence", Message("Evidence")),
    ("check", Message("Verify it yourself")),
)
"""The main parts of the page, and the heading of each; the first has the verdict itself for a heading."""

_URGENCY = {"failed": 0, "not_checkable": 1, "passed": 2}


@dataclass(frozen=True, slots=True)
class ToDo:
    """What is left to do for one reason: the same for each of these users or groups, by name."""

    kind: str
    reason: str
    remedy: str
    actions: tuple[Action, ...]


class ReportView:
    """The finding, ready for a template: sentences in one language, groups in reading order, marks of charts."""

    fine = FINE
    first = LIST_FIRST
    most = LIST_MAX
    most_of_reason = REASON_MAX
    learn = links.LEARN
    cancel_not_delete = Message(
        "Cancel it, do not delete it: deleting skips the grace period and removes the content of SharePoint and "
        "OneDrive at once."
    )
    nothing_to_end = Message(
        "Keep the old subscription for now: the verdict is not GO. Once it is, the report says how the subscription "
        "ends, and which dates follow."
    )

    def __init__(self, r: Reconciliation, words: Words) -> None:
        self._r = r
        self._t = words

    @property
    def contents(self) -> tuple[tuple[str, Message], ...]:
        """The parts that the head of the page leads to, by the heading that each has; not every plan has them all."""
        missing = {name for name, there in (("gates", self._r.gates), ("cost", self._r.cost)) if not there}
        return tuple(part for part in CONTENTS if part[0] not in missing)

    @cached_property
    def cost(self) -> CostView | None:
        """The money, in words; None where nobody declared a price."""
        return CostView(self._r.cost, self._t) if self._r.cost else None

    def sku(self, sku_id: str, part_number: str) -> str:
        """Return the product's name, or its part number, or its id."""
        return self._t.names.product(sku_id, part_number)

    def sku_list(self, joined: str) -> str:
        """Return the names of part numbers joined by a plus, joined the same way."""
        return " + ".join(self.sku(token, token) for token in joined.split("+"))

    def skus(self, tokens: Sequence[str]) -> str:
        """Return the products' names joined by a comma."""
        return ", ".join(self.sku(token, token) for token in tokens)

    @property
    def admin_center(self) -> str:
        """The Entra admin center of the tenant's cloud; "" where nobody is named."""
        return "" if self._r.pseudonymised else links.admin_center(self._r.domains)

    def page_of(self, object_id: str, how: str = "") -> str:
        """Return the address of a user or a group in the admin center, "" where there is none."""
        if not self.admin_center or how == "soft_deleted":
            return ""
        return links.page_of(self.admin_center, object_id, group=how == "group")

    def link(self, outcome: str, reason: str = "") -> str:
        """Return the fragment that opens the user table on these rows."""
        return "#users?" + urlencode({"outcome": outcome, **({"reason": reason.partition(":")[0]} if reason else {})})

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

    def _at(self, step: str) -> str:
        """Who did one step, and on which machine."""
        who, host = str(getattr(self._r.run.operator, step)), str(getattr(self._r.run.host, step))
        return self._t("{who} on {host}", who=who, host=host) if who and host else who or host

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
                done.setdefault(doer, []).append(self._t.name("step", step))
        return "; ".join(f"{doer} ({', '.join(steps)})" for doer, steps in done.items())

    @property
    def audit_log_sentence(self) -> str:
        """What Microsoft's own record says, in one sentence; "" where there is none."""
        w = self._r.witness
        if w is None:
            return ""
        counts = {"missing": len(w.missing), "further": w.further, "foreign": len(w.foreign)}
        counts |= {"records": w.records - w.other_runs, "matched": w.matched, "writes": w.writes}
        said = self._t(_TESTIMONY[w.status], **counts)
        runs = self._t(" Not counted here: {other_runs} from other runs of reseat.", other_runs=w.other_runs)
        return said + (runs if w.other_runs else "")

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

    @cached_property
    def to_do(self) -> tuple[ToDo, ...]:
        """What is left to do for users and groups, by reason and name; the gates have a list of their own."""

        def why(action: Action) -> tuple[str, str]:
            return (action.reason.partition(":")[0], action.kind)

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
        held = [a for each in self.to_do if (each.kind, each.reason) == ("held", reason) for a in each.actions]
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
    def left_out(self) -> Message:
        """What the figures do not count: rows of the roster, and holders."""
        return joined(
            [
                Message(
                    "{n} rejected roster row (rejected.csv)",
                    "{n} rejected roster rows (rejected.csv)",
                    n=self._r.totals.rejected_rows,
                ),
                Message("{n} holder outside the plan", "{n} holders outside the plan", n=self._r.residual.out_of_scope),
            ]
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
