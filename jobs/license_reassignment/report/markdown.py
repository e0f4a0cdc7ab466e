"""summary.md: verdict, numbers, gates and reasons in at most sixty lines, for a pipeline's summary or a mail."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobs.license_reassignment.reconcile.reconciliation import Reconciliation
from jobs.license_reassignment.report.view import ReportView
from jobs.license_reassignment.report.words import LANGUAGES, Words

GATES_MAX, HOLDS_MAX, INCIDENTS_MAX, ROUTES_MAX = 20, 8, 5, 3
_MARKS = {"passed": "✓", "failed": "✕", "not_checkable": "?"}
_SIGNS = re.compile(r"([\\`*_{}\[\]<>#|~!&])")


def render_summary(r: Reconciliation, language: str = "en") -> str:
    """Return the summary as Markdown; texts from the tenant are escaped, so a name cannot become markup."""
    t = LANGUAGES[language]
    v = ReportView(r, t)
    return "\n".join([*_verdict(r, v, t), *_gates(v, t), *_holds(v, t), *_incidents(r, v, t), *_foot(r, t)]) + "\n"


def _verdict(r: Reconciliation, v: ReportView, t: Words) -> Iterator[str]:
    yield f"# {r.verdict}: {_text(v.question)}"
    yield ""
    yield _text(v.why)
    yield ""
    for number in v.numbers:
        yield f"- **{t.number(number.value)}** {number.label} ({number.detail})"
    yield f"- {t('verdict.next')}: **{_text(v.advice)}**" + (
        f": {_text(t.prose(r.advice_reason))}" if r.advice_reason else ""
    )
    if v.last_day:
        yield f"- {t('verdict.last_day')}: **{v.last_day}** {t('verdict.last_day.what')}"
    for fact, value in ((t("fact.operator"), v.operator), (t("fact.identities"), v.identities)):
        if value:
            yield f"- {fact}: {_text(value)}"
    yield from _later(r, v, t)
    yield ""


def _later(r: Reconciliation, v: ReportView, t: Words) -> Iterator[str]:
    """What follows: the route and its last day, what is different, what Microsoft's record says; a line each."""
    for check in r.after_cancel:
        yield f"- {_MARKS[check.status]} {t.name('check', check.id)}: {_text(t.sentence(check.detail))}"
    if r.since_last:
        s, when = r.since_last, t("since.intro", when=t.when(r.since_last.verified_at), verdict=r.since_last.verdict)
        turned = f"{t('since.gates')} {len(s.gates)}, {t('since.users')} {len(s.users)}"
        yield f"- {_text(t('since.title'))}: {_text(when)} {t('since.same') if s.same else turned}"
    for route in r.ending.routes[:ROUTES_MAX] if r.ending and v.may_end else ():
        last = route.day("last_reactivation")
        days = f"; {t.name('due', 'last_reactivation')}: {last}" if last else ""
        yield f"- {_text(v.sku(route.sku_id, route.sku_part_number))}: {t.name('route', route.route)}{days}"
    if r.ending and r.ending.routes:
        yield f"- {t('ending.cancel' if v.may_end else 'ending.not_yet')}"
    if r.witness:
        yield f"- {_text(t('witness.title'))}: {_text(v.audit_log_sentence)}"


def _gates(v: ReportView, t: Words) -> Iterator[str]:
    if not v.gates:
        return
    yield f"| {t('gates.status')} | {t('gates.gate')} | {t('gates.detail')} |"
    yield "| --- | --- | --- |"
    for gate in v.gates[:GATES_MAX]:
        yield f"| {_MARKS[gate.status]} {t(f'status.{gate.status}')} | `{gate.id}` | {_text(t.sentence(gate.detail))} |"
    yield ""


def _holds(v: ReportView, t: Words) -> Iterator[str]:
    if not v.holds:
        return
    yield f"**{t('holds.title')}**"
    yield ""
    for reason, users, remedy in v.holds[:HOLDS_MAX]:
        yield f"- {t.number(users)} {_text(t.name('reason', reason))}: {_text(t.prose(remedy))}".rstrip(": ")
    if len(v.holds) > HOLDS_MAX:
        yield f"- {t('md.more', n=len(v.holds) - HOLDS_MAX)}"
    yield ""


def _incidents(r: Reconciliation, v: ReportView, t: Words) -> Iterator[str]:
    if not r.incidents:
        return
    yield f"**{t('incidents.title')}**"
    yield ""
    for incident in v.incidents_shown[:INCIDENTS_MAX]:
        kind, detail = t.name("incident", incident.kind), t.sentence(incident.detail)
        yield f"- {_text(kind)}: {_text(incident.subject)}. {_text(detail)}"
    if len(r.incidents) > INCIDENTS_MAX:
        yield f"- {t('md.more', n=len(r.incidents) - INCIDENTS_MAX)}"
    yield ""


def _foot(r: Reconciliation, t: Words) -> Iterator[str]:
    if r.pseudonymised:
        yield t("page.no_names.classification")
        yield ""
    yield t("md.files")
    yield ""
    lines, head = r.journal_head
    yield f"{t('md.head')}: `{r.plan_id} {lines} {head}`"


def _text(text: str) -> str:
    """Escape Markdown's signs and keep the text on one line."""
    return _SIGNS.sub(r"\\\1", " ".join(text.split()))
