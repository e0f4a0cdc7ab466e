"""A finding in which every text that somebody in the tenant can choose tries to break out of the report."""

from __future__ import annotations

from dataclasses import replace

from jobs.license_reassignment.reconcile.findings import BySteps, Incident, ResidualHolder
from jobs.license_reassignment.reconcile.reconciliation import Reconciliation
from worlds.report_cases import finding, user

NASTY = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "line\u2028separator\u2029inside",
    "\u202eקובץ מימין לשמאל",
    "👩‍🚀 Zoë 🚀",
    "N" * 200,
    "=1+1",
    "@SUM(A1)",
    'quote " comma , semicolon ;',
    "{{ 7 * 7 }} {% raw %}",
    "two\r\nlines",
    "bell\x07 and \x1b[31mred",
    "a | b `code` *bold* [link](http://example.com)",
)


def nasty() -> Reconciliation:
    """Return a NO-GO in which every text that a person of the tenant can choose tries to break out."""
    rows = [
        user(
            number,
            "held",
            display_name=text,
            user_principal_name=text,
            rule=text,
            wave=text,
            entra_department=text,
            reason=text,
            remedy=text,
            note=text,
        )
        for number, text in enumerate(NASTY)
    ]
    value = finding(rows)
    text = "".join(NASTY)
    return replace(
        value,
        tenant_name=text,
        advice_reason=text,
        held_by_reason=dict.fromkeys(NASTY, 1),
        remedies=dict(zip(NASTY, NASTY, strict=True)),
        gates=tuple(replace(gate, detail=text, remedy=text) for gate in value.gates),
        residual_holders=tuple(ResidualHolder(name, name, "direct", name, in_plan=True) for name in NASTY),
        incidents=tuple(Incident("foreign_change", name, name, harm=True) for name in NASTY),
        notes=NASTY,
        not_checked=NASTY,
        run=replace(
            value.run,
            operator=BySteps(text, text, text),
            host=BySteps(text, text, text),
            declared=((text, text, text),),
        ),
    )
