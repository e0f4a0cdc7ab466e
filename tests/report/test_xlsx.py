"""report.xlsx holds the finding as texts, numbers and dates, and not one formula."""

from __future__ import annotations

import io
from dataclasses import astuple, fields
from datetime import datetime

import pytest
from openpyxl import Workbook, load_workbook
from worlds.report_cases import finding, go, no_go, user
from worlds.report_nasty import NASTY, nasty

from connectors.message import Message
from jobs.license_reassignment.model.columns import ACTION_COLUMNS, USERS_COLUMNS
from jobs.license_reassignment.reconcile.findings import LedgerRow
from jobs.license_reassignment.report import xlsx
from jobs.license_reassignment.report.xlsx import render_xlsx

SHEETS = [
    "Verdict", "Gates", "What is left to do", "Users", "Accepted losses", "Seats", "Subscriptions", "Ending",
    "Microsoft's own record", "Requests", "Declared facts", "Incidents",
]  # fmt: skip


def opened(r) -> Workbook:
    return load_workbook(io.BytesIO(render_xlsx(r)))


def columns_of(book: Workbook, sheet: str) -> tuple[str, ...]:
    """Return the names that the other files have for the columns: the comment of a header, or the header itself."""
    return tuple(head.comment.text if head.comment else head.value for head in book[sheet][1])


def rows_of(book: Workbook, sheet: str) -> list[tuple[object, ...]]:
    return list(book[sheet].iter_rows(values_only=True))


@pytest.mark.parametrize("r", [go(0), go(1), no_go(200), nasty()], ids=["0", "1", "200", "nasty"])
def test_no_cell_is_a_formula(r) -> None:
    """The reader calls a formula "f"; texts are "s" or "inlineStr", numbers "n", dates "d"."""
    kinds = {cell.data_type for sheet in opened(r) for row in sheet.iter_rows() for cell in row}

    assert kinds <= {"s", "inlineStr", "n", "d", "b"}


def test_texts_that_look_like_formulas_stay_texts() -> None:
    """No guard is needed where the cell itself is a text: the name is the name."""
    names = [row[USERS_COLUMNS.index("display_name")] for row in rows_of(opened(nasty()), "Users")[1:]]

    assert names[NASTY.index("=1+1")] == "=1+1"
    assert NASTY[5] == names[5]
    assert NASTY[3] == names[3]


def test_every_sheet_has_frozen_header_and_filter() -> None:
    book = opened(no_go(200))

    assert book.sheetnames == SHEETS
    assert {"A2"} == {sheet.freeze_panes for sheet in book}
    assert f"A1:W{200 + 1}" == book["Users"].auto_filter.ref
    assert columns_of(book, "What is left to do") == ACTION_COLUMNS
    assert rows_of(book, "What is left to do")[0][:4] == ("User principal name", "ID", "Kind", "Reason")


def test_numbers_are_numbers_and_times_are_dates() -> None:
    """The ledger reads back as it went in; a time is a date of the spreadsheet, its zone in the header."""
    r = no_go(200)
    book = opened(r)
    header, first, *_ = rows_of(book, "Users")
    when = USERS_COLUMNS.index("applied_at")

    assert tuple(f.name for f in fields(LedgerRow)) == columns_of(book, "Seats")
    assert [astuple(row)[2:] for row in r.ledger] == [row[2:] for row in rows_of(book, "Seats")[1:]]
    assert header[when] == "Changed (UTC)"
    assert first[when] is None
    assert datetime.fromisoformat("2026-11-21T20:00:01") == rows_of(book, "Users")[2][when]


def test_products_and_gates_have_their_names_beside_their_codes() -> None:
    """A name is what people know, a code what they search for."""
    book = opened(no_go(200))
    gates = rows_of(book, "Gates")

    assert rows_of(book, "Seats")[1][1] == "Office 365 E4 (ENTERPRISEWITHSCAL)"
    assert rows_of(book, "Users")[1][USERS_COLUMNS.index("after_skus")] == "Office 365 E5 (ENTERPRISEPREMIUM)"
    assert ("Old products", "Office 365 E4 (ENTERPRISEWITHSCAL)") in rows_of(book, "Verdict")
    assert ("Gate", "ID", "Status") == gates[0][:3]
    assert ("Nobody has the old product assigned directly", "no_direct_holders") == gates[1][:2]


def test_a_row_is_as_high_as_its_longest_text() -> None:
    """LibreOffice lays a wrapped text over the next rows where the height of its row does not say otherwise."""
    book = opened(finding([user(0, "held", remedy="word " * 60), user(1)]))
    heights = [book["Users"].row_dimensions[row].height for row in (2, 3)]

    assert heights[0] == 14.5 * 6 > 2 * heights[1]


def test_a_time_of_another_shape_stays_as_it_is() -> None:
    book = opened(finding([user(0, applied_at="yesterday")]))

    assert rows_of(book, "Users")[1][USERS_COLUMNS.index("applied_at")] == "yesterday"


def test_the_document_says_which_plan_it_is_of() -> None:
    properties = opened(go(1)).properties

    assert properties.title == "reseat p1f2e3d4c5b6a"
    assert datetime.fromisoformat("2026-11-22T06:01:00") == properties.created


def test_more_users_than_a_sheet_holds_go_on_in_the_next(monkeypatch) -> None:
    monkeypatch.setattr(xlsx, "ROWS_PER_SHEET_MAX", 2)
    book = opened(go(5))

    assert [name for name in book.sheetnames if name.startswith("Users")] == ["Users", "Users 2", "Users 3"]
    assert [len(rows_of(book, name)) - 1 for name in ("Users", "Users 2", "Users 3")] == [2, 2, 1]


def test_a_text_longer_than_a_cell_is_cut_visibly() -> None:
    book = opened(finding([user(0, "held", remedy="x" * 40_000)]))
    text = rows_of(book, "Users")[1][USERS_COLUMNS.index("remedy")]

    assert text == "x" * 32_766 + "…"


def test_the_workbook_speaks_the_language_of_the_reports() -> None:
    """Sheets, headers and sentences; codes, and the names of the columns in comments, are the same in each."""
    told = finding([user(0), user(1, "held")], notes=(Message("Nobody."),))
    book = load_workbook(io.BytesIO(render_xlsx(told, "nl")))

    assert book.sheetnames[:4] == ["Oordeel", "Voorwaarden", "Wat er nog te doen is", "Gebruikers"]
    assert columns_of(book, "Gebruikers") == USERS_COLUMNS
    assert rows_of(book, "Gebruikers")[0][2:4] == ("Uitkomst", "Reden")
    assert rows_of(book, "Gebruikers")[2][2] == "held"
    assert ("Opmerkingen", "Niemand.") in rows_of(book, "Oordeel")
