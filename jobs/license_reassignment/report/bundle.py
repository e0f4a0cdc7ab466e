"""Every rendering of one finding at once, by file name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from jobs.license_reassignment.reconcile.reconciliation import Reconciliation
from jobs.license_reassignment.report.csv import render_actions_csv, render_users_csv
from jobs.license_reassignment.report.json import SCHEMA_FILE, render_json
from jobs.license_reassignment.report.junit import render_junit
from jobs.license_reassignment.report.markdown import render_summary
from jobs.license_reassignment.report.page.html import render_html
from jobs.license_reassignment.report.schema import schema
from jobs.license_reassignment.report.xlsx import render_xlsx

RENDERERS: Final[Mapping[str, Callable[[Reconciliation, str], bytes]]] = MappingProxyType(
    {
        "reconciliation.json": lambda r, _: render_json(r),
        SCHEMA_FILE: lambda *_: schema(),
        "users.csv": lambda r, _: render_users_csv(r),
        "actions.csv": render_actions_csv,
        "report.html": lambda r, language: render_html(r, language).encode(),
        "report.xlsx": render_xlsx,
        "summary.md": lambda r, language: render_summary(r, language).encode(),
        "gates.junit.xml": lambda r, _: render_junit(r),
    }
)
"""By file name, what makes the bytes of a report from a finding and a language."""


def render_all(r: Reconciliation, language: str = "en") -> Mapping[str, bytes]:
    """Return file name -> content of all reports; the same value gives the same bytes."""
    return {name: render(r, language) for name, render in RENDERERS.items()}
