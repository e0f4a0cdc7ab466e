"""report.html and plan.html: one file each, no request to anywhere, and nothing in a name can run."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from connectors.message import Message
from jobs.license_reassignment.reconcile.reconciliation import Reconciliation
from jobs.license_reassignment.report.page.breakdown import VALUES_MAX, breakdowns
from jobs.license_reassignment.report.page.links import USER_PAGE
from jobs.license_reassignment.report.page.moves_over_time import moves_over_time
from jobs.license_reassignment.report.page.payload import FACETS, pack, users_payload
from jobs.license_reassignment.report.page.plan_view import PlanView
from jobs.license_reassignment.report.page.sections.section import NAMES_NO_PERSON
from jobs.license_reassignment.report.page.view import ReportView
from jobs.license_reassignment.report.words import CODE_SIGN, Words, between_signs, words_of

PAGE_ROWS = 100
_STYLES = ("report.css", "tables.css", "page.css")
_PERSONAL = Message(
    "Contains personal data. Share it only with people who decide or audit, and keep it only as long as they need it."
)
_NOT_IN_A_FOOTER = re.compile(r"[^\w .:·-]")


def render_html(r: Reconciliation, language: str = "en") -> str:
    """Return the report: readable without script and without style, and with a searchable user table with both."""
    words = words_of(language).naming(r.called)
    view = ReportView(r, words)
    payload = users_payload(r, words)
    boot = {
        "language": words.language,
        "words": words.family("js"),
        "outcomes": words.family("outcome"),
        "reasons": words.family("reason"),
        "facets": FACETS,
        "page_rows": PAGE_ROWS,
        "code_sign": CODE_SIGN,
        "user_page": view.admin_center and view.admin_center + USER_PAGE,
        "users": pack(payload),
    }
    footer = f"{r.plan_id} · {r.tenant_name} · {r.verdict} · {r.journal_head[1][:16]}"
    icon = "176639" if r.verdict == "GO" else "a61b29"
    shown = {"r": r, "v": view, "progress": moves_over_time(r.users), "boot": boot, "left_out": payload["left_out"]}
    shown |= {"breakdowns": breakdowns(r.users), "values_max": VALUES_MAX}
    return _page("report.html.j2", words, footer, icon, script="report.js", **shown)


def render_plan_html(view: PlanView, language: str = "en") -> str:
    """Return the plan as a page for an approver without a shell; its script only searches the lists of users."""
    footer = f"{view.plan_id} · {view.tenant_name} · {view.digest[:16]}"
    return _page("plan.html.j2", words_of(language).naming(view.names), footer, "0b57a4", script="plan.js", p=view)


def _page(template: str, t: Words, footer: str, icon: str, script: str = "", **values: Any) -> str:
    environment = _environment()
    nameless = "r" in values and values["r"].pseudonymised
    values["notice"] = t("Pseudonymised: no names") if nameless else t("Contains personal data")
    values["classification"] = t(NAMES_NO_PERSON if nameless else _PERSONAL)
    values["footer"] = _NOT_IN_A_FOOTER.sub("", footer)
    styles = [environment.get_template(name).render(**values) for name in _STYLES]
    scripts = [environment.get_template(script).render()] if script else []
    values |= {"t": t.showing(between_signs), "code_sign": CODE_SIGN, "icon": icon, "csp": _policy(styles, scripts)}
    return environment.get_template(template).render(_=values["t"], **values)


def _policy(styles: list[str], scripts: list[str]) -> str:
    """Allow exactly these styles and scripts by their hash, pictures only from the page itself, and nothing else."""
    return (
        f"default-src 'none'; style-src {_sources(styles)}; script-src {_sources(scripts)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _sources(texts: list[str]) -> str:
    hashes = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii") for text in texts)
    return " ".join(f"'sha256-{digest}'" for digest in hashes) or "'none'"


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("jobs.license_reassignment.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
