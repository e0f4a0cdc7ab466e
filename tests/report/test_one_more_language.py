"""A further language is one more .po file: with one, no sentence of a report is left in English."""

from __future__ import annotations

import base64
import gzip
import io
import re
from pathlib import Path

import orjson
import pytest
from openpyxl import load_workbook
from report.messages import pseudo
from report.static_page import StaticPage
from worlds.evidence_world import busy
from worlds.plan_cases import plan
from worlds.report_cases import no_go

from jobs.license_reassignment.report import words
from jobs.license_reassignment.report.csv import render_actions_csv
from jobs.license_reassignment.report.markdown import render_summary
from jobs.license_reassignment.report.page.html import render_html, render_plan_html
from jobs.license_reassignment.report.xlsx import render_xlsx

NO_WORDS = r"`[^`]*`|https?://\S+|[\w.-]+@[\w.-]+|[\w-]+\.(?:csv|html|jsonl?|xlsx|md)\b"
ENGLISH = re.compile(r"\b[a-z]{2,}(?:,? [a-z]{2,})+\b", re.ASCII)


@pytest.fixture(autouse=True)
def accented(monkeypatch: pytest.MonkeyPatch) -> None:
    """A language whose every letter has an accent."""
    words.words_of.cache_clear()
    monkeypatch.setattr(words, "_po", lambda _: pseudo())


def english(text: str, *names: str) -> list[str]:
    """Return what reads like English, but for these names: two words of plain letters in a row."""
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, "")
    return sorted(set(ENGLISH.findall(re.sub(NO_WORDS, "", text))))


def readable(page: str) -> str:
    without = re.sub(r"<(code|pre|script|style)\b.*?</\1>", "", page, flags=re.DOTALL)
    return " ".join(StaticPage(without).sections.values())


def test_the_report_has_no_english_left(tmp_path: Path) -> None:
    """On the page, in what its script shows, in the summary and in the list of what is left to do."""
    found = busy(tmp_path).verify()
    page = render_html(found, "xx")
    boot = orjson.loads(re.search(r'<script type="application/json" id="boot">(.*?)</script>', page)[1])
    users = orjson.loads(gzip.decompress(base64.b64decode(boot["users"])))
    told = [v for c in users["columns"] if c["name"] in {"remedy", "detail"} for v in c["values"]]

    assert english(readable(page)) == []
    assert english(" ".join([*boot["words"].values(), *boot["reasons"].values(), *boot["outcomes"].values()])) == []
    assert english(" ".join(told)) == []
    assert english(render_summary(found, "xx")) == []
    assert english(render_actions_csv(found, "xx").decode()) == []
    book = load_workbook(io.BytesIO(render_xlsx(found, "xx")))
    cells = [str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row if cell]
    people = {*found.users["display_name"], *found.users["rule"]}
    assert english("\n".join([*book.sheetnames, *cells]), *people) == []


def test_the_page_of_a_plan_has_no_english_left() -> None:
    """But for the names that its settings give to rules."""
    view = plan()

    assert english(readable(render_plan_html(view, "xx")), *(rule.rule for rule in view.by_rule)) == []


def test_what_is_not_said_by_us_stays_as_it_is() -> None:
    """Names and figures; so the test sees whether it would find English."""
    assert "Contoso Nederland B.V." in render_html(no_go(200), "xx")
    assert english("ńóť śó but this is") == ["but this is"]
