"""Every rendering of one finding at once, by file name."""

from __future__ import annotations

from collections.abc import Mapping

from jobs.license_reassignment.reconcile.reconciliation import Reconciliation
from jobs.license_reassignment.report.csv import render_actions_csv, render_users_csv
from jobs.license_reassignment.report.html import render_html
from jobs.license_reassignment.report.json import SCHEMA_FILE, render_json
from jobs.license_reassignment.report.junit import render_junit
from jobs.license_reassignment.report.markdown import render_summary
from jobs.license_reassignment.report.schema import schema
from jobs.license_reassignment.report.xlsx import render_xlsx


def render_all(r: Reconciliation, language: str = "en") -> Mapping[str, bytes]:
    """Return file name -> content of all reports; the same value gives the same bytes."""
    return {
        "reconciliation.json": render_json(r),
        SCHEMA_FILE: schema(),
        "users.csv": render_users_csv(r),
        "actions.csv": render_actions_csv(r),
        "report.html": render_html(r, language).encode(),
        "report.xlsx": render_xlsx(r),
        "summary.md": render_summary(r, language).encode(),
        "gates.junit.xml": render_junit(r),
    }
