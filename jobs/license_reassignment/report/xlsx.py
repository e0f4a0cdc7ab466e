"""report.xlsx: the same finding as a workbook for people, without one formula in it."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, fields
from datetime import datetime

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from jobs.license_reassignment.model.columns import ACTION_COLUMNS
from jobs.license_reassignment.reconcile.findings import AcceptedLoss, Gate, Incident, LedgerRow, SubscriptionRow
from jobs.license_reassignment.reconcile.reconciliation import Reconciliation
from jobs.license_reassignment.report.csv import users_columns

ROWS_PER_SHEET_MAX = 1_000_000  # Excel ends at 1,048,576 rows
CELL_TEXT_MAX = 32_767  # the longest text that a cell of Excel holds
WIDTH_MIN, WIDTH_MAX, ROWS_MEASURED = 10, 60, 200

_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "default_date_format": "yyyy-mm-dd hh:mm:ss",
}
_COLORS = {
    "passed": "#1A6B3C",
    "moved": "#1A6B3C",
    "moved_by_group": "#1A6B3C",
    "already_on_target": "#1A6B3C",
    "GO": "#1A6B3C",
    "failed": "#A4262C",
    "refused": "#A4262C",
    "NO-GO": "#A4262C",
    "not_checkable": "#7A4F00",
    "held": "#7A4F00",
    "drifted": "#7A4F00",
    "in_doubt": "#7A4F00",
    "pending": "#7A4F00",
}

Cell = str | int | float | bool | datetime


def render_xlsx(r: Reconciliation) -> bytes:
    """Return the workbook; texts are written as texts, so nothing in a name can run.

    The same value gives the same bytes: the document's date is that of the verification.
    """
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, _OPTIONS) as workbook:
        workbook.set_properties(
            {
                "title": f"reseat {r.plan_id}",
                "subject": f"{r.tenant_name} ({r.tenant_id})",
                "comments": f"Verdict {r.verdict}",
                "created": _time(r.timing.verified_at) or datetime(2000, 1, 1),  # noqa: DTZ001 (Excel knows no zones)
            }
        )
        book = _Book(workbook)
        book.sheet("Verdict", ("What", "Value"), _verdict(r))
        book.sheet("Gates", tuple(f.name for f in fields(Gate)), map(astuple, r.gates))
        book.sheet("Actions", ACTION_COLUMNS, _actions(r))
        for number, (first, last) in enumerate(_parts(len(r.users)), start=1):
            name = "Users" if number == 1 else f"Users {number}"
            book.sheet(name, _users_header(r), _users(r, first, last))
        book.sheet("Accepted losses", tuple(f.name for f in fields(AcceptedLoss)), map(astuple, r.accepted_losses))
        book.sheet("Seats", tuple(f.name for f in fields(LedgerRow)), map(astuple, r.ledger))
        book.sheet("Subscriptions", tuple(f.name for f in fields(SubscriptionRow)), map(astuple, r.subscriptions))
        book.sheet("Ending", ("subscription", "product", "what", "value", "basis"), _ending(r))
        book.sheet("Microsoft's record", ("What", "Value"), _audit_log(r))
        book.sheet("Requests", ("What", "Value"), _requests(r))
        book.sheet("Declarations", ("fact", "value", "author"), r.run.declared)
        book.sheet("Incidents", tuple(f.name for f in fields(Incident)), map(astuple, r.incidents))
    return target.getvalue()


class _Book:
    """Writes one table per sheet; constant memory asks for the rows from top to bottom, widths before them."""

    def __init__(self, workbook: xlsxwriter.Workbook) -> None:
        self._workbook = workbook
        self._header = workbook.add_format({"bold": True, "bottom": 1, "bg_color": "#EEF1F4"})
        self._wrapped = workbook.add_format({"text_wrap": True, "valign": "top"})
        self._top = workbook.add_format({"valign": "top"})
        self._time = workbook.add_format({"valign": "top", "num_format": "yyyy-mm-dd hh:mm:ss"})
        self._colors = {
            word: workbook.add_format({"bold": True, "font_color": color, "valign": "top"})
            for word, color in _COLORS.items()
        }

    def sheet(self, name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
        sheet = self._workbook.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.repeat_rows(0)
        sheet.fit_to_pages(1, 0)
        ahead = iter(rows)
        sample = [row for row, _ in zip(ahead, range(ROWS_MEASURED), strict=False)]
        widths = _widths(header, sample)
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, header[column], self._header)
        last = 0
        for last, row in enumerate(_chain(sample, ahead), start=1):
            for column, value in enumerate(row):
                self._write(sheet, last, column, value)
        sheet.autofilter(0, 0, last, len(header) - 1)

    def _write(self, sheet: Worksheet, row: int, column: int, value: Cell) -> None:
        match value:
            case bool():  # a word: LibreOffice turns a truth value into the formula TRUE()
                sheet.write_string(row, column, "yes" if value else "no", self._top)
            case int() | float():
                sheet.write_number(row, column, value, self._top)
            case datetime():
                sheet.write_datetime(row, column, value, self._time)
            case str() if value:
                sheet.write_string(row, column, _fitting(value), self._text_format(value))

    def _text_format(self, value: str) -> Format:
        return self._colors.get(value) or (self._wrapped if len(value) > WIDTH_MAX else self._top)


def _chain(first: list[Sequence[Cell]], rest: Iterator[Sequence[Cell]]) -> Iterator[Sequence[Cell]]:
    yield from first
    yield from rest


def _widths(header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> list[int]:
    longest = [len(name) + 4 for name in header]
    for row in rows:
        for column, value in enumerate(row):
            longest[column] = max(longest[column], len(str(value)) + 1)
    return [min(max(width, WIDTH_MIN), WIDTH_MAX) for width in longest]


def _fitting(text: str) -> str:
    return text if len(text) <= CELL_TEXT_MAX else text[: CELL_TEXT_MAX - 1] + "…"


def _time(text: str) -> datetime | None:
    """Read an ISO 8601 UTC time; Excel has no zones, so the header says UTC."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None


def _verdict(r: Reconciliation) -> Iterator[tuple[str, Cell]]:
    yield "Verdict", r.verdict
    yield "Exit code", r.exit_code
    yield "Plan", r.plan_id
    yield "Tenant", r.tenant_name
    yield "Tenant id", r.tenant_id
    yield "From", " + ".join(r.sources)
    yield "To", " + ".join(r.targets)
    yield "Advice", r.advice
    yield "Reason of the advice", r.advice_reason
    for field in fields(r.totals):
        yield field.name, getattr(r.totals, field.name)
    for field in fields(r.residual):
        yield f"residual {field.name}", getattr(r.residual, field.name)
    for reason, users in r.held_by_reason.items():
        yield f"held: {reason}", users
    for kind, sentences in (("Not checked", r.not_checked), ("Note", r.notes)):
        for sentence in sentences:
            yield kind, sentence


def _requests(r: Reconciliation) -> Iterator[tuple[str, Cell]]:
    for value in (r.requests, r.timing):
        for field in fields(value):
            yield field.name, getattr(value, field.name)
    for field in fields(r.run):
        if field.name != "declared":
            yield field.name, getattr(r.run, field.name)
    yield "journal lines", r.journal_head[0]
    yield "journal hash", r.journal_head[1]
    for when, reads in (("before", r.reads_before), ("at verification", r.reads)):
        for read in reads:
            yield f"read {when}: {read.query}", f"{read.rows} rows, {read.began} to {read.ended}"


def _ending(r: Reconciliation) -> Iterator[tuple[Cell, ...]]:
    if r.ending is None:
        return
    for route in r.ending.routes:
        name = (route.subscription_id, route.sku_part_number)
        yield (*name, "route", route.route, f"{route.seats} seats, {route.status}")
        yield from ((*name, "otherwise", other, "") for other in route.otherwise)
        yield from ((*name, due.what, due.day, due.basis) for due in route.dates)
    for row in r.ending.overlap:
        yield row.subscription_id, row.sku_part_number, "seat_days", row.seat_days, f"{row.since} to {row.until}"
    for back in r.ending.seats_back:
        yield back.subscription_id, back.sku_part_number, "unused seats", back.unused, f"returnable until {back.until}"
    yield from (("", "", "keep the domain", domain.name, f"{domain.users} users") for domain in r.ending.domains)
    yield from (("", one.skus, "may need no seat", one.name, one.id) for one in r.ending.idle_accounts)


def _audit_log(r: Reconciliation) -> Iterator[tuple[str, Cell]]:
    if r.witness is None:
        return
    yield "status", r.witness.status
    yield from ((name, getattr(r.witness, name)) for name in ("records", "writes", "matched", "further", "other_runs"))
    yield from (("missing", f"{one.name} {one.applied_at}") for one in r.witness.missing)
    yield from (("foreign", f"{one.user_name} {one.at} {one.id}") for one in r.witness.foreign)


def _actions(r: Reconciliation) -> Iterator[tuple[str, ...]]:
    for action in r.actions:
        yield tuple(str(getattr(action, column, "")) for column in ACTION_COLUMNS)


def _parts(rows: int) -> Iterator[tuple[int, int]]:
    for first in range(0, max(rows, 1), ROWS_PER_SHEET_MAX):
        yield first, min(first + ROWS_PER_SHEET_MAX, rows)


def _users_header(r: Reconciliation) -> tuple[str, ...]:
    return tuple(f"{name} (UTC)" if name == "applied_at" else name for name in users_columns(r.users))


def _users(r: Reconciliation, first: int, last: int) -> Iterator[tuple[Cell, ...]]:
    names = users_columns(r.users)
    columns = [[str(text) for text in r.users[name].iloc[first:last]] for name in names]
    when = names.index("applied_at")
    for row in zip(*columns, strict=True):
        yield (*row[:when], _time(row[when]) or row[when], *row[when + 1 :])
