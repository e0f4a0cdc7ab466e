"""Workbooks for tests, made by openpyxl, and taken apart where openpyxl writes no such thing."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

SHEET = "xl/worksheets/sheet1.xml"


def workbook(
    *rows: Sequence[object], title: str = "Staff", more: Callable[[Worksheet], None] = lambda _: None
) -> bytes:
    """Return a workbook of one sheet with these rows; `more` does the rest to the sheet."""
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    more(sheet)
    return saved(book)


def saved(book: Workbook) -> bytes:
    """Return the bytes of a workbook."""
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def parts_of(data: bytes) -> dict[str, bytes]:
    """Return the parts of a workbook by name."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts: dict[str, bytes]) -> bytes:
    """Return the archive of these parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def changed(data: bytes, old: bytes, new: bytes, *, part: str = SHEET) -> bytes:
    """Return the workbook with a text of one part replaced, which must be there."""
    parts = parts_of(data)
    assert old in parts[part], parts[part]
    return packed(parts | {part: parts[part].replace(old, new)})
