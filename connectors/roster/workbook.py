"""An Excel workbook (.xlsx) becomes the same table of texts as a CSV file: the values of its first sheet, as shown."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from xml.etree.ElementTree import ParseError

from connectors.message import Message, few
from connectors.roster.foreign import WORKBOOK, foreign, is_workbook
from connectors.roster.formula import clean
from connectors.roster.letters import strip
from connectors.roster.sheet import Shape, shape_of
from connectors.roster.table import Odd, OddKind, Record, Table, UnreadableError

BYTES_MAX: Final = 256 << 20
"""So many bytes the parts of a workbook may have together when they are unpacked."""

_SUFFIXES: Final = (".xlsx", ".xlsm")
_SHOWN_MAX: Final = 5
# "Excel stores 15 significant digits of precision" (Microsoft, Excel specifications and limits).
_EXACT: Final = 10**15
_DIGITS: Final = re.compile("0+")
# What openpyxl, zipfile and the XML parser raise over damaged bytes.
_DAMAGED: Final = (
    zipfile.BadZipFile, zlib.error, ParseError, ArithmeticError, AttributeError, AssertionError, EOFError, LookupError,
    OSError, RuntimeError, TypeError, ValueError,
)  # fmt: skip


def is_named_workbook(file: str) -> bool:
    """Whether a file is meant as a workbook: its name says so, and bytes of another kind under it are refused."""
    return file.lower().endswith(_SUFFIXES)


def read_workbook(data: bytes) -> Table:
    """Read the first sheet of a workbook; its first row with any text names the columns, and lines are its rows.

    Hidden rows and columns count like others and are told. Raises UnreadableError, before any value is read, for a
    sheet or a workbook beyond the limits; what openpyxl does not understand is told as damage.
    """
    if not is_workbook(data):
        what = foreign(data) or "this is text and no workbook; give it a name that ends in .csv"
        raise UnreadableError(what)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of parts that a roster has no use for, such as printer settings
            return _read(data)
    except UnreadableError:
        raise
    except _DAMAGED:
        raise UnreadableError(
            "this workbook is damaged, or a program wrote it in a way that is not understood; open it in Excel and "
            'save it as "Excel Workbook (*.xlsx)"'
        ) from None


def _read(data: bytes) -> Table:
    from openpyxl import load_workbook

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        unpacked = sum(part.file_size for part in archive.infolist())
        if unpacked > BYTES_MAX:
            raise UnreadableError(
                f"the workbook has {unpacked:,} bytes when it is unpacked, and {BYTES_MAX:,} are the most that is "
                "read; keep only the sheet with the users, or save that sheet as CSV UTF-8"
            )
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sheet, *others = book.worksheets
        _refuse_other(sheet, archive)
        with archive.open(sheet._worksheet_path) as source:  # openpyxl names it nowhere else
            shape = shape_of(source, sheet.title)
    if not shape.rows:
        raise UnreadableError(_empty(sheet.title, [other.title for other in others]))
    return _table(sheet, shape)


def _refuse_other(sheet: Any, archive: zipfile.ZipFile) -> None:
    """Refuse a first worksheet that is not what a person sees first: openpyxl passes over charts and broken sheets."""
    from openpyxl.xml.functions import iterparse

    with archive.open(WORKBOOK) as source:
        first = next(it.get("name") for _, it in iterparse(source) if it.tag.endswith("}sheet"))
    if first != sheet.title:
        raise UnreadableError(
            f"the first sheet, {first}, is a chart or cannot be read, and only the first one is read; move the sheet "
            "with the users in front of it"
        )
    if sheet.sheet_state != "visible":
        raise UnreadableError(
            f"the first sheet, {sheet.title}, is hidden, and another one is seen first; delete it, or unhide it and "
            "move the sheet with the users in front of it"
        )


def _empty(title: str, others: Sequence[str]) -> str:
    if not others:
        return f"its sheet {title} is empty; its first row must name the columns"
    named = ", ".join(others[:_SHOWN_MAX]) + f" and {len(others) - _SHOWN_MAX} more" * (len(others) > _SHOWN_MAX)
    return (
        f"the first sheet, {title}, is empty, and only the first one is read; move the sheet with the users in front "
        f"of it (there is: {named})"
    )


def _table(sheet: Any, shape: Shape) -> Table:
    sheet.reset_dimensions()  # what a workbook says of its own size may be wrong, and would cut rows off
    rows = enumerate(sheet.iter_rows(max_col=shape.columns, max_row=shape.rows), 1)
    number, header = next((n, record) for n, record in _records(rows, sheet.title, shape))
    for odd in header.odd.values():
        if odd.kind in {OddKind.FORMULA, OddKind.ERROR}:
            raise UnreadableError(f"a cell that should name a column does not: {odd.sentence}")
    if any(clean(cell) != cell for cell in header.values):
        raise UnreadableError(f"{sheet.title} row {number} holds characters that are not text; type it again")
    records = tuple(record for _, record in _records(rows, sheet.title, shape))
    return Table(
        header=tuple(strip(cell) or f"column {n}" for n, cell in enumerate(header.values, 1)),
        header_line=number,
        records=records,
        encoding="xlsx",
        sheet=sheet.title,
        remarks=tuple(_hidden(sheet.title, shape, [record.line for record in records])),
    )


def _records(rows: Iterator[tuple[int, Any]], title: str, shape: Shape) -> Iterator[tuple[int, Record]]:
    """Yield the rows that hold any text, with their number."""
    for number, cells in rows:
        values, odd = [], dict[int, Odd]()
        for column, cell in enumerate(cells, 1):
            text, kind = _read_cell(cell.value, cell)
            if (number, column) in shape.formulas:
                text, kind = shape.formulas[number, column], OddKind.FORMULA
            merge = shape.merge_around(number, column) if shape.merged else ""
            if merge:
                kind = OddKind.MERGED
            if kind:
                odd[column - 1] = Odd(kind, _reference(title, number, column), merge or text)
            values.append(text)
        if any(map(strip, values)):
            yield number, Record(number, ",".join(values).rstrip(","), tuple(values), odd=odd)


def _read_cell(value: Any, cell: Any) -> tuple[str, OddKind | None]:
    """Return the text that a cell shows, and why it may not be what somebody typed."""
    match value:
        case None:
            return "", None
        case bool():
            return ("TRUE" if value else "FALSE"), None
        case str():
            return value, OddKind.ERROR if cell.data_type == "e" else None
        case int() | float():
            return _number(value, cell.number_format)
        case datetime():
            day = value.time() == time()
            return value.date().isoformat() if day else value.isoformat(" ", "seconds"), OddKind.DATE
        case date() | time():
            return value.isoformat(), OddKind.DATE
        case timedelta():
            return str(value), OddKind.DATE
        case _:
            return str(value), OddKind.ERROR


def _number(value: float, form: str) -> tuple[str, OddKind]:
    """Return a number in full, with the zeros in front that a format such as 00000 shows."""
    if abs(value) >= _EXACT:
        return f"{value:.15G}", OddKind.INEXACT
    if value != int(value):
        return f"{value:.15G}", OddKind.NUMBER
    digits = str(abs(int(value)))
    zeros = len(form) if _DIGITS.fullmatch(form) else 0
    return "-" * (value < 0) + digits.zfill(zeros), OddKind.NUMBER


def _reference(title: str, row: int, column: int) -> str:
    from openpyxl.utils.cell import get_column_letter, quote_sheetname

    name = title if re.fullmatch(r"\w+", title) else quote_sheetname(title)
    return f"{name}!{get_column_letter(column)}{row}"


def _hidden(title: str, shape: Shape, lines: Sequence[int]) -> Iterator[Message]:
    """Say which rows and columns somebody who looks at the sheet does not see."""
    from openpyxl.utils.cell import get_column_letter

    columns = [get_column_letter(n) for n in sorted(shape.hidden_columns) if n <= shape.columns]
    rows = [str(n) for n in lines if n in shape.hidden_rows]
    if rows:
        yield Message(
            "{sheet}: row {rows} is hidden, by hand or by a filter, and used like the others.",
            "{sheet}: rows {rows} are hidden, by hand or by a filter, and used like the others.",
            n=len(rows),
            sheet=title,
            rows=few(rows, _SHOWN_MAX),
        )
    if columns:
        yield Message(
            "{sheet}: column {columns} is hidden, by hand or by a filter, and used like the others.",
            "{sheet}: columns {columns} are hidden, by hand or by a filter, and used like the others.",
            n=len(columns),
            sheet=title,
            columns=few(columns, _SHOWN_MAX),
        )
