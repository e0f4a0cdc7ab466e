"""report.xlsx: the same finding as a workbook for people, without one formula in it."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from connectors.message import Message, joined
from jobs.license_reassignment.model.columns import ACTION_COLUMNS
from jobs.license_reassignment.model.cost import Cost
from jobs.license_reassignment.reconcile.findings import (
    OUTCOMES,
    AcceptedLoss,
    Incident,
    LedgerRow,
    SubscriptionRow,
)
from jobs.license_reassignment.reconcile.reconciliation import Reconciliation
from jobs.license_reassignment.report.codes import FAMILIES
from jobs.license_reassignment.report.csv import users_columns
from jobs.license_reassignment.report.page.cost_view import CostView
from jobs.license_reassignment.report.page.view import ReportView
from jobs.license_reassignment.report.words import Words, without_marks, words_of

ROWS_PER_SHEET_MAX = 1_000_000  # Excel ends at 1,048,576 rows
SHEET_NAME_MAX = 31  # letters that Excel allows in the name of a sheet
CELL_TEXT_MAX = 32_767  # the longest text that a cell of Excel holds
WIDTH_MIN, WIDTH_MAX, ROWS_MEASURED = 10, 60, 200
WRAPPED = 52  # letters in a line of the widest column, some of it empty where a word did not fit
LINE_HEIGHT, LINES_MAX = 14.5, 28  # points, other than the default that Excel may change; it ends at 409

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

WHAT = ("what", "value")
GATE = ("gate", "id", "status", "detail", "remedy")
PRODUCTS = frozenset({"before_skus", "target_skus", "after_skus", "sku_part_number", "targets"})
"""Columns whose part numbers stand behind the names that people know."""

LISTS = frozenset({"plans_kept_off", "plans_new_on", "plans_lost"})
"""Columns of codes that make no row higher: dozens of services would hide who has them."""

GROUPS = (
    *("id", "group", "decision", "state", "reason", "targets", "wave", "at", "request_id", "processing_state"),
    *("members", "moved_by_group", "in_error", "errors", "left_group", "gone", "turned_direct", "still_old", "other"),
    *("joined", "carries_source", "remedy", "why"),
)
COST = ("what", "product", "subscription", "since", "until", "days", "seats", "price", "amount", "currency", "detail")

Cell = str | int | float | bool | datetime | date | Decimal


def render_xlsx(r: Reconciliation, language: str = "en") -> bytes:
    """Return the workbook; texts are written as texts, so nothing in a name can run.

    Headers are words of the language, with the name that users.csv or reconciliation.json has for the column as a
    comment; codes are the same in each language. The same value gives the same bytes: the document's date is that of
    the verification.
    """
    t = words_of(language).naming(r.called, with_codes=True).showing(without_marks)
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
        book = _Book(workbook, t)
        book.sheet(t("Verdict"), WHAT, _verdict(r, t))
        book.sheet(t("Gates"), GATE, _gates(r, t))
        book.sheet(t("What is left to do"), ACTION_COLUMNS, _actions(r))
        if r.groups:
            book.sheet(t("Groups"), GROUPS, _groups(r, t))
        for number, (first, last) in enumerate(_parts(len(r.users)), start=1):
            name = t("Users") if number == 1 else f"{t('Users')} {number}"
            book.sheet(name, users_columns(r.users), _users(r, first, last))
        book.rows(t("Accepted losses"), AcceptedLoss, r.accepted_losses)
        book.rows(t("Seats"), LedgerRow, r.ledger)
        book.rows(t("Subscriptions"), SubscriptionRow, r.subscriptions)
        book.sheet(t("Ending"), ("subscription", "product", "what", "value", "basis"), _ending(r, t))
        if r.cost and (view := ReportView(r, t).cost):
            book.sheet(t("Cost"), COST, _cost(r.cost, view, t))
        book.sheet(t("Microsoft's own record"), WHAT, _audit_log(r, t))
        book.sheet(t("Requests"), WHAT, _requests(r, t))
        book.sheet(t("Declared facts"), ("fact", "value", "author"), r.run.declared)
        book.rows(t("Incidents"), Incident, r.incidents)
    return target.getvalue()


class _Book:
    """Writes one table per sheet; constant memory asks for the rows from top to bottom, widths before them."""

    def __init__(self, workbook: xlsxwriter.Workbook, words: Words) -> None:
        self._workbook = workbook
        self._t = words
        self._header = workbook.add_format({"bold": True, "bottom": 1, "bg_color": "#EEF1F4"})
        self._wrapped = workbook.add_format({"text_wrap": True, "valign": "top"})
        self._top = workbook.add_format({"valign": "top"})
        self._time = workbook.add_format({"valign": "top", "num_format": "yyyy-mm-dd hh:mm:ss"})
        self._day = workbook.add_format({"valign": "top", "num_format": "yyyy-mm-dd"})
        self._money = workbook.add_format({"valign": "top", "num_format": "#,##0.00####"})
        self._colors = {
            word: workbook.add_format({"bold": True, "font_color": color, "valign": "top"})
            for word, color in _COLORS.items()
        }

    def rows(self, name: str, kind: type, values: Iterable[Any]) -> None:
        """Write a sheet of values of one kind, a column for each of its fields."""
        columns = tuple(f.name for f in fields(kind))
        self.sheet(name, columns, (tuple(getattr(value, column) for column in columns) for value in values))

    def sheet(self, name: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
        sheet = self._workbook.add_worksheet(name[:SHEET_NAME_MAX])
        header = [self._t(FAMILIES["column"].get(column, column)) for column in columns]
        sheet.freeze_panes(1, 0)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.repeat_rows(0)
        sheet.fit_to_pages(1, 0)
        ahead = self._named(columns, rows)
        sample = [row for row, _ in zip(ahead, range(ROWS_MEASURED), strict=False)]
        widths = _widths(header, sample)
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, header[column], self._header)
            if header[column] != columns[column]:
                sheet.write_comment(0, column, columns[column])
        last = 0
        for last, row in enumerate(_chain(sample, ahead), start=1):
            told = (cell for name, cell in zip(columns, row, strict=True) if name not in LISTS)
            sheet.set_row(last, LINE_HEIGHT * max(map(_lines, told), default=1))
            for column, value in enumerate(row):
                self._write(sheet, last, column, value)
        sheet.autofilter(0, 0, last, len(header) - 1)

    def _named(self, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[Sequence[Cell]]:
        """Put names before part numbers, and the sentence of a message into its cell."""
        ways = {"next_lifecycle": _day, **dict.fromkeys(PRODUCTS, self._t.products)}
        shown = [ways.get(column, _same) for column in columns]
        for row in rows:
            yield [
                self._t(cell) if isinstance(cell, Message) else show(cell) if isinstance(cell, str) else cell
                for show, cell in zip(shown, row, strict=True)
            ]

    def _write(self, sheet: Worksheet, row: int, column: int, value: Cell) -> None:
        match value:
            case bool():  # a word: LibreOffice turns a truth value into the formula TRUE()
                sheet.write_string(row, column, self._t("yes") if value else self._t("no"), self._top)
            case int() | float():
                sheet.write_number(row, column, value, self._top)
            case Decimal():
                sheet.write_number(row, column, float(value), self._money)
            case datetime():
                sheet.write_datetime(row, column, value, self._time)
            case date():
                sheet.write_datetime(row, column, value, self._day)
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


def _same(text: str) -> Cell:
    return text


def _day(text: str) -> Cell:
    when = _time(text)
    return when.date() if when else text


def _lines(cell: Cell) -> int:
    """How many lines a cell takes: a text that is longer than its column is wide is wrapped at words."""
    return min(-(-len(cell) // WRAPPED), LINES_MAX) if isinstance(cell, str) and len(cell) > WIDTH_MAX else 1


def _fitting(text: str) -> str:
    return text if len(text) <= CELL_TEXT_MAX else text[: CELL_TEXT_MAX - 1] + "…"


def _time(text: str) -> datetime | None:
    """Read an ISO 8601 UTC time; Excel has no zones, so the header says UTC."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None


def _gates(r: Reconciliation, t: Words) -> Iterator[tuple[Cell, ...]]:
    for gate in r.gates:
        yield t.sentence(t.name("gate", gate.id)), gate.id, gate.status, t.sentence(gate.detail), gate.remedy


def _verdict(r: Reconciliation, t: Words) -> Iterator[tuple[str, Cell]]:
    yield t("Verdict"), r.verdict
    yield t("Exit code"), r.exit_code
    yield t("Plan"), r.plan_id
    yield t("Tenant"), r.tenant_name
    yield t("Tenant ID"), r.tenant_id
    yield t("Old products"), t.products("+".join(r.sources))
    yield t("New products"), t.products("+".join(r.targets))
    yield t("Next step"), ReportView(r, t).advice
    yield t("Reason"), r.advice_reason
    for field in fields(r.totals):
        family = "outcome" if field.name in OUTCOMES else "column"
        yield t.name(family, field.name), getattr(r.totals, field.name)
    for field in fields(r.residual):
        way = t.name("residual", field.name)
        yield f"{t('Remaining users')}: {way}", getattr(r.residual, field.name)
    for reason, users in r.held_by_reason.items():
        yield f"{t.name('outcome', 'held')}: {t.name('reason', reason)} ({reason})", users
    for kind, sentences in ((t("Not checked"), r.not_checked), (t("Notes"), r.notes)):
        for sentence in sentences:
            yield kind, sentence


def _requests(r: Reconciliation, t: Words) -> Iterator[tuple[str, Cell]]:
    for value in (r.requests, r.timing):
        for field in fields(value):
            cell = getattr(value, field.name)
            yield t.name("column", field.name), t.when(cell) if isinstance(cell, str) else cell
    for field in fields(r.run):
        value = getattr(r.run, field.name)
        if isinstance(value, str):
            yield t.name("column", field.name), value
    yield t("Operator"), ReportView(r, t).operator
    yield t("Journal"), t("{n} line", "{n} lines, each with the hash of the one before", n=r.journal_head[0])
    yield t("Hash of its last line"), r.journal_head[1]
    for when, reads in (
        (t("Reads before the first change"), r.reads_before),
        (t("Reads of this verification"), r.reads),
    ):
        for read in reads:
            rows = t("{n} row", "{n} rows", n=read.rows)
            yield f"{when}: {read.query}", f"{rows}, {t.when(read.began)} – {t.when(read.ended)}"


def _ending(r: Reconciliation, t: Words) -> Iterator[tuple[Cell, ...]]:
    if r.ending is None:
        return
    for route in r.ending.routes:
        name = (route.subscription_id, t.products(route.sku_part_number))
        seats = t("{n} seat", "{n} seats", n=route.seats)
        yield (*name, t("How"), t.name("route", route.route), f"{seats}, {route.status}")
        yield from ((*name, t("Check"), t.name("ending_note", note), "") for note in route.notes)
        yield from ((*name, t("Alternatives"), t.name("route", other), "") for other in route.otherwise)
        yield from ((*name, t.name("due", due.what), due.day, t.name("basis", due.basis)) for due in route.dates)
    for row in r.ending.overlap:
        yield (
            row.subscription_id,
            t.products(row.sku_part_number),
            t("Seat-days"),
            row.seat_days,
            f"{row.since} – {row.until}",
        )
    for back in r.ending.seats_back:
        until = f"{t('Can be returned until')} {back.until}"
        yield back.subscription_id, t.products(back.sku_part_number), t("Unused"), back.unused, until
    for domain in r.ending.domains:
        yield "", "", t("Do not remove these domains"), domain.name, t("{n} user", "{n} users", n=domain.users)
    for one in r.ending.idle_accounts:
        yield "", t.products(one.skus), t("Accounts that may need no seat"), one.name, one.id


def _cost(cost: Cost, v: CostView, t: Words) -> Iterator[tuple[Cell, ...]]:
    """Yield the sums with what they leave out, then every line; an amount that is not known is an empty cell."""

    def line(what: str, amount: str, **cells: Cell) -> tuple[Cell, ...]:
        cells |= {k: t.products(str(v)) for k, v in cells.items() if k == "product"}
        given = {"what": what, "amount": _money(amount), "currency": cost.currency, **cells}
        return tuple(given.get(column, "") for column in COST)

    sums = (cost.old_per_month, cost.new_per_month, cost.old_until_end, cost.paid_twice_in_all, cost.saved_per_month)
    for (label, words), told in zip(v.figures, sums, strict=True):
        yield line(label, told.amount, detail=words)
    for what, rows in ((t("old"), cost.old), (t("new"), cost.new), (t("returned"), cost.saved)):
        for row in rows:
            name = f"{t('Per month')}: {what}"
            yield line(name, row.per_month, product=row.sku_part_number, seats=row.seats, price=_money(row.price))
    for end in cost.until_end:
        of: dict[str, Cell] = {"product": end.sku_part_number, "subscription": end.subscription_id, "seats": end.seats}
        until: dict[str, Cell] = {"until": end.until, "days": end.days} if end.until else {"until": t("unknown")}
        yield line(t("Old products until they end"), end.amount, **of, **until)
    for twice in cost.paid_twice:
        span: dict[str, Cell] = {"since": twice.since, "until": twice.until, "days": twice.days, "seats": twice.seats}
        yield line(t("Paid twice"), twice.amount, **span)
    yield line(t("Source"), "", detail=t(v.convention))


def _money(amount: str) -> Cell:
    return Decimal(amount) if amount else ""


def _audit_log(r: Reconciliation, t: Words) -> Iterator[tuple[str, Cell]]:
    if r.witness is None:
        return
    yield t("Status"), ReportView(r, t).audit_log_sentence
    for name in ("records", "writes", "matched", "further", "other_runs"):
        yield t.name("witness", name), getattr(r.witness, name)
    for one in r.witness.missing:
        yield t("Changes without a record"), f"{one.name} {t.when(one.applied_at)}"
    for record in r.witness.foreign:
        yield t("Records that are not changes of this run"), f"{record.user_name} {t.when(record.at)} {record.id}"


def _actions(r: Reconciliation) -> Iterator[tuple[str, ...]]:
    for action in r.actions:
        told = replace(action, detail=r.messages.get(action.detail, action.detail))
        yield tuple(getattr(told, column, "") for column in ACTION_COLUMNS)


def _groups(r: Reconciliation, t: Words) -> Iterator[tuple[Cell, ...]]:
    """Yield a row per group: its change, its members by what became of them, and what to do about it."""
    for group, shown in zip(r.groups, map(ReportView(r, t).shown, r.groups), strict=True):
        m = group.members
        errors = ", ".join(f"{error}: {n}" for error, n in m.errors.items())
        yield (
            *(group.id, group.name, group.decision, group.state, group.reason),
            *("+".join(group.targets), group.wave, _time(group.at) or "", group.request_id, group.processing_state),
            *(m.total, m.moved, m.in_error, errors, m.left, m.gone, m.turned_direct, m.still_old, m.other, m.joined),
            *(group.carries_source, shown.remedy, joined(group.why)),
        )


def _parts(rows: int) -> Iterator[tuple[int, int]]:
    for first in range(0, max(rows, 1), ROWS_PER_SHEET_MAX):
        yield first, min(first + ROWS_PER_SHEET_MAX, rows)


def _users(r: Reconciliation, first: int, last: int) -> Iterator[tuple[Cell, ...]]:
    names = users_columns(r.users)
    called = {g.id: g.name for g in r.groups}
    via = {text: ", ".join(called.get(g, g) for g in text.split("+")) for text in r.users["via_groups"].unique()}
    said: dict[str, Mapping[str, str]] = {"remedy": r.messages, "detail": r.messages, "via_groups": via}
    columns = [[said.get(name, {}).get(text, str(text)) for text in r.users[name].iloc[first:last]] for name in names]
    when = names.index("applied_at")
    for row in zip(*columns, strict=True):
        yield (*row[:when], _time(row[when]) or row[when], *row[when + 1 :])
