"""One value, many renderers: every figure reads back the same from each output, every time."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import asdict

import orjson
import pytest
from openpyxl import load_workbook
from report.static_page import StaticPage
from worlds.report_cases import go, no_go
from worlds.report_nasty import nasty

from jobs.license_reassignment.reconcile.findings import OUTCOMES
from jobs.license_reassignment.reconcile.reconciliation import Reconciliation
from jobs.license_reassignment.report.bundle import render_all
from jobs.license_reassignment.report.codes import FAMILIES
from jobs.license_reassignment.report.page.html import render_html
from jobs.license_reassignment.report.words import words_of

FINDINGS = {"0": go(0), "1": go(1), "2": go(2), "200": no_go(200), "5000": no_go(5000), "nasty": nasty()}
every_finding = pytest.mark.parametrize("r", FINDINGS.values(), ids=FINDINGS)


def number(text: str) -> int:
    return int(text.replace(",", "").replace("−", "-").replace("+", ""))


def outcomes(r: Reconciliation) -> dict[str, int]:
    return {name: getattr(r.totals, name) for name in OUTCOMES}


@every_finding
def test_two_renderings_are_the_same_bytes(r) -> None:
    assert render_all(r) == render_all(r)


def test_the_files_are_those_of_the_run_folder() -> None:
    assert {
        "reconciliation.json", "reconciliation.schema.json", "users.csv", "actions.csv", "report.html", "report.xlsx",
        "summary.md", "gates.junit.xml",
    } == set(render_all(go(1)))  # fmt: skip


@every_finding
def test_every_format_counts_the_same_outcomes(r) -> None:
    """JSON and workbook hold them, the page's table shows them, and users.csv has so many rows of each."""
    files = render_all(r)
    rows = csv.DictReader(io.StringIO(files["users.csv"].decode(), newline=""))
    json_totals = orjson.loads(files["reconciliation.json"])["totals"]
    sheet = dict(load_workbook(io.BytesIO(files["report.xlsx"]))["Verdict"].iter_rows(min_row=2, values_only=True))

    assert Counter(outcomes(r)) == Counter(row["outcome"] for row in rows)
    assert asdict(r.totals) == json_totals
    words = {**FAMILIES["column"], **FAMILIES["outcome"]}
    assert asdict(r.totals) == {name: sheet[words[name]] for name in json_totals}


@every_finding
def test_the_page_shows_the_same_totals(r) -> None:
    """The chart's own table has every outcome, and the equation's sum is the users in scope."""
    page = StaticPage(render_html(r))
    shown = [number(cells[1]) for table in page.tables["totals"] for cells in table[1:]]

    assert (list(outcomes(r).values()) if r.totals.in_scope else []) == shown
    assert re.search(rf"^{r.totals.in_scope:,}\nusers? in scope$", page.sections["totals"], re.M)


@every_finding
def test_every_format_has_the_same_seats(r) -> None:
    """The page's ledger and the workbook's Seats sheet hold the figures of the JSON, products by their names."""
    files = render_all(r)
    ledger = orjson.loads(files["reconciliation.json"])["ledger"]
    sheet = load_workbook(io.BytesIO(files["report.xlsx"]))["Seats"]
    heads, *rows = sheet.iter_rows()
    names = [head.comment.text for head in heads]
    shown = [
        [number(cell) for cell in row[1:8]] for row in StaticPage(files["report.html"].decode()).tables["seats"][0][1:]
    ]
    order = ("enabled", "consumed_before", "gained", "lost", "foreign", "consumed_after", "unexplained")

    words = words_of("en").naming(r.called)
    named = [{**row, "sku_part_number": words.products(row["sku_part_number"])} for row in ledger]
    assert named == [dict(zip(names, (cell.value for cell in row), strict=True)) for row in rows]
    assert [[row[name] for name in order] for row in ledger] == shown


@every_finding
def test_residual_and_verdict_agree(r) -> None:
    """Summary, page and JSON give one verdict and one count of people who still hold the old product."""
    files = render_all(r)
    still = r.residual.users_direct + r.residual.users_inherited
    summary = files["summary.md"].decode()
    page = StaticPage(files["report.html"].decode())

    assert summary.startswith(f"# {r.verdict}: ")
    assert page.headings[0] == r.verdict
    assert f"- **{still:,}** still hold the old product" in summary
    assert f"still hold the old product\n{still:,}\n" in page.sections["verdict"]
    assert [f"{value:,}" for value in asdict(r.residual).values()] == re.findall(
        r"^([\d,]+)$", page.sections["residual"], re.M
    )[:5]


@every_finding
def test_reasons_for_holds_agree(r) -> None:
    """Page and summary count each reason as the JSON does."""
    page = StaticPage(render_html(r))
    rows = page.tables["holds"][0][1:] if r.held_by_reason else []

    assert sorted(r.held_by_reason.values()) == sorted(number(row[0]) for row in rows)
