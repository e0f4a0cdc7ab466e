"""Renderers: one value in, text or bytes out; they compute nothing."""

from __future__ import annotations

from jobs.license_reassignment.report.bundle import render_all, renderers
from jobs.license_reassignment.report.document import document, render_json
from jobs.license_reassignment.report.html import render_html, render_plan_html
from jobs.license_reassignment.report.junit import render_junit
from jobs.license_reassignment.report.likeness import alike
from jobs.license_reassignment.report.manifest import digests, manifest, sha256, sha256sums
from jobs.license_reassignment.report.markdown import render_summary
from jobs.license_reassignment.report.plan_view import (
    HoldReason,
    PlanTranslation,
    PlanView,
    RuleCount,
    SeatNeed,
    WaveLine,
)
from jobs.license_reassignment.report.table_csv import render_actions_csv, render_users_csv
from jobs.license_reassignment.report.xlsx import render_xlsx

__all__ = [
    "HoldReason",
    "PlanTranslation",
    "PlanView",
    "RuleCount",
    "SeatNeed",
    "WaveLine",
    "alike",
    "digests",
    "document",
    "manifest",
    "render_actions_csv",
    "render_all",
    "render_html",
    "render_json",
    "render_junit",
    "render_plan_html",
    "render_summary",
    "render_users_csv",
    "render_xlsx",
    "renderers",
    "sha256",
    "sha256sums",
]
