"""summary.md: verdict, numbers, gates and reasons in at most sixty lines, for a pipeline's summary or a mail."""

from __future__ import annotations

import re
from collections.abc import Iterator

from connectors.roster.formula import clean
from jobs.license_reassignment.reconcile.reconciliation import Reconciliation
from jobs.license_reassignment.report.page.sections.section import NAMES_NO_PERSON
from jobs.license_reassignment.report.page.view import ReportView
from jobs.license_reassignment.report.words import CODE_SIGN, Words, between_signs, words_of

GATES_MAX, HOLDS_MAX, INCIDENTS_MAX, ROUTES_MAX = 20, 8, 5, 3
_MARKS = {"passed": "✓", "failed": "✕", "not_checkable": "?"}
_SIGNS = re.compile(r"([\\`*_{}\[\]<>#|~!&])")


def render_summary(r: Reconciliation, language: str = "en") -> str:
    """Return the summary as Markdown; texts from the tenant are escaped, so a name cannot become markup."""
    t = words_of(language).naming(r.called).showing(between_signs)
    v = ReportView(r, t)
    return "\n".join([*_verdict(r, v, t), *_gates(v, t), *_holds(v, t), *_incidents(r, v, t), *_foot(r, t)]) + "\n"


def _verdict(r: Reconciliation, v: ReportView, t: Words) -> Iterator[str]:
    yield f"# {r.verdict}: {_text(v.question)}"
    yield ""
    yield _text(v.why)
    yield ""
    for number in v.numbers:
        yield f"- **{t.number(number.value)}** {number.label} ({number.detail})"
    if v.groups_line:
        yield f"- {t('Groups')}: {_text(v.groups_line)}"
    reason = f": {_text(t(r.advice_reason))}" if r.advice_reason else ""
    yield f"- {t('Next step')}: **{_text(v.advice)}**{reason}"
    if v.last_day:
        what = t("Microsoft renews or ends the old subscription on that day")
        yield f"- {t('Deadline')}: **{v.last_day}** ({what})"
    if v.cost:
        yield f"- {_text(v.cost.sentence)}"
        yield f"- {_text(t(v.cost.convention))}"
    for fact, value in ((t("Operator"), v.operator), (t("Apps"), v.identities)):
        if value:
            yield f"- {fact}: {_text(value)}"
    yield from _later(r, v, t)
    yield ""


def _later(r: Reconciliation, v: ReportView, t: Words) -> Iterator[str]:
    """What follows: the route and its last day, what is different, what Microsoft's record says; a line each."""
    for check in r.after_cancel:
        yield f"- {_MARKS[check.status]} {t.name('check', check.id)}: {_text(t.sentence(check.detail))}"
    if r.since_last:
        s = r.since_last
        when = t("Compared with {when}: {verdict}.", when=t.when(s.verified_at), verdict=s.verdict)
        same = t("Nothing has changed: no gate, no user and no holder of the old product.")
        gates = t("{n} gate has a different result", "{n} gates have a different result", n=len(s.gates))
        users = t("{n} user has a different outcome", "{n} users have a different outcome", n=len(s.users))
        yield f"- {_text(t('Since the last verification'))}: {_text(when)} {same if s.same else f'{gates}; {users}.'}"
    for route in r.ending.routes[:ROUTES_MAX] if r.ending and v.may_end else ():
        last = route.day("last_reactivation")
        days = f"; {t.name('due', 'last_reactivation')}: {last}" if last else ""
        yield f"- {_text(v.sku(route.sku_id, route.sku_part_number))}: {t.name('route', route.route)}{days}"
    if r.ending and r.ending.routes:
        yield f"- {t(v.cancel_not_delete if v.may_end else v.nothing_to_end)}"
    if r.witness:
        title = t("Microsoft's own record")
        yield f"- {_text(title)}: {_text(v.audit_log_sentence)}"


def _gates(v: ReportView, t: Words) -> Iterator[str]:
    if not v.gates:
        return
    yield f"| {t('Status')} | {t('Gate')} | {t('What was found')} |"
    yield "| --- | --- | --- |"
    for gate in v.gates[:GATES_MAX]:
        status = f"{_MARKS[gate.status]} {t.name('status', gate.status)}"
        yield f"| {status} | `{gate.id}` | {_text(t.sentence(gate.detail))} |"
    yield ""


def _holds(v: ReportView, t: Words) -> Iterator[str]:
    if not v.holds:
        return
    yield f"**{t('On hold, and why')}**"
    yield ""
    for reason, users, remedy in v.holds[:HOLDS_MAX]:
        said = f"- {t.number(users)} {_text(t.name('reason', reason))}: {_text(t(remedy))}".rstrip(": ")
        yield f"{said} ({_text(named)})" if (named := v.some(reason)) else said
    if len(v.holds) > HOLDS_MAX:
        yield "- " + t("{n} more in the report", n=len(v.holds) - HOLDS_MAX)
    yield ""


def _incidents(r: Reconciliation, v: ReportView, t: Words) -> Iterator[str]:
    if not r.incidents:
        return
    yield f"**{t('Incidents')}**"
    yield ""
    for incident in v.incidents_shown[:INCIDENTS_MAX]:
        kind, detail = t.name("incident", incident.kind), t.sentence(incident.detail)
        yield f"- {_text(kind)}: {_text(incident.subject)}. {_text(detail)}"
    if len(r.incidents) > INCIDENTS_MAX:
        yield "- " + t("{n} more in the report", n=len(r.incidents) - INCIDENTS_MAX)
    yield ""


def _foot(r: Reconciliation, t: Words) -> Iterator[str]:
    if r.pseudonymised:
        yield t(NAMES_NO_PERSON)
        yield ""
    yield t("Full report: report.html · all users: users.csv · what is left to do: actions.csv")
    yield ""
    lines, head = r.journal_head
    yield f"{t('Last entry of the journal')}: `{r.plan_id} {lines} {head}`"


def _text(text: str) -> str:
    """Escape Markdown's signs around code, and keep the text on one line and without signs that command a terminal."""
    parts = " ".join(text.split()).split(CODE_SIGN)
    return "".join(_code(clean(part)) if at % 2 else _SIGNS.sub(r"\\\1", clean(part)) for at, part in enumerate(parts))


def _code(text: str) -> str:
    """Set code off with backticks; a text that would end it, or the cell of a table, is escaped as any other."""
    return _SIGNS.sub(r"\\\1", text) if "`" in text or "|" in text else f"`{text}`"
