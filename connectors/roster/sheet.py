"""What the values of a sheet do not say: its size, what is hidden or merged, and formulas without a result.

Read from the sheet's own XML (ECMA-376 part 1, 18.3.1) before any value is, so that its size is known to be bounded:
openpyxl, when it reads row by row, passes over all of this.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any, Final, NamedTuple

from connectors.roster.table import UnreadableError

ROWS_MAX: Final = 200_000
CELLS_MAX: Final = 4_000_000
COLUMNS_MAX: Final = 256
_GRID_ROWS: Final = 1_048_576
_GRID_COLUMNS: Final = 16_384
_SPLIT: Final = "split the sheet into several workbooks, or save it as CSV UTF-8"


class Merged(NamedTuple):
    """Merged cells as they are written, such as `B2:B6`, and their edges."""

    ref: str
    left: int
    top: int
    right: int
    bottom: int


@dataclass(slots=True)
class Shape:
    """Rows and columns count from 1; `rows` and `columns` are the last ones that hold anything."""

    rows: int = 0
    columns: int = 0
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    merged: dict[int, list[Merged]] = field(default_factory=dict)
    formulas: dict[tuple[int, int], str] = field(default_factory=dict)

    def merge_around(self, row: int, column: int) -> str:
        """Return the merged cells that a cell belongs to without being the first of them, whose value they show."""
        for it in self.merged.get(row, ()):
            if it.left <= column <= it.right and (row, column) != (it.top, it.left):
                return it.ref
        return ""


def shape_of(source: IO[bytes], title: str) -> Shape:
    """Read the XML of the sheet called `title`.

    Raises UnreadableError for more rows, columns or cells than the limits above, and ValueError for what no
    spreadsheet writes.
    """
    from openpyxl.xml.constants import SHEET_MAIN_NS
    from openpyxl.xml.functions import iterparse

    scan, namespace = _Scan(title), ""
    for _, element in iterparse(source):
        namespace, _, tag = element.tag[1:].partition("}")
        if namespace == SHEET_MAIN_NS:
            scan.meet(tag, element)
    if namespace != SHEET_MAIN_NS:  # that of the last element, the sheet: openpyxl finds no row in Strict Open XML
        raise ValueError(f"the sheet is of {namespace}")
    scan.shape.merged = dict(_by_row(scan.merged, scan.shape.rows))
    return scan.shape


class _Scan:
    def __init__(self, title: str) -> None:
        self.shape = Shape()
        self.merged: list[Merged] = []
        self._title = title
        self._row = self._column = self._cells = self._rows = 0
        self._is_open = False

    def meet(self, tag: str, element: Any) -> None:
        """Take up one element at its end; a cell ends before its row does."""
        if tag == "c":
            self._cell(element)
        elif tag == "row":
            self._end_row(element)
        elif tag == "col" and _is_true(element.get("hidden")):
            first, last = int(element.get("min")), min(int(element.get("max")), COLUMNS_MAX)
            self.shape.hidden_columns |= set(range(first, last + 1))
        elif tag == "mergeCell":
            self.merged.append(_merged(element.get("ref")))
        if tag in {"c", "row"}:
            element.clear()

    def _cell(self, element: Any) -> None:
        from openpyxl.utils.cell import coordinate_to_tuple

        row, column = self._row + 1, self._column + 1
        if ref := element.get("r"):
            row, column = coordinate_to_tuple(ref)
        if column <= self._column or column > _GRID_COLUMNS or row > _GRID_ROWS:
            raise ValueError(f"the cell {ref} does not follow the one before it")
        self._column = column
        parts = {child.tag.rpartition("}")[2]: child for child in element}
        value, formula = parts.get("v"), parts.get("f")
        has_value = "is" in parts or (value is not None and bool(value.text))
        if formula is not None and not has_value:
            self.shape.formulas[row, column] = f"={formula.text or ''}"
        if formula is not None or has_value:
            self._count(row, column)

    def _count(self, row: int, column: int) -> None:
        self._cells += 1
        self._rows += not self._is_open
        self._is_open = True
        self.shape.rows, self.shape.columns = row, max(self.shape.columns, column)
        if self._rows > ROWS_MAX + 1:
            raise UnreadableError(f"the sheet {self._title} has more than {ROWS_MAX:,} rows; {_SPLIT}")
        if self._cells > CELLS_MAX:
            raise UnreadableError(f"the sheet {self._title} has more than {CELLS_MAX:,} values; {_SPLIT}")
        if column > COLUMNS_MAX:
            raise UnreadableError(
                f"the sheet {self._title} has a value in column {column:,}, and {COLUMNS_MAX} columns are the most "
                "that is read; delete the columns that the roster does not need"
            )

    def _end_row(self, element: Any) -> None:
        row = int(element.get("r") or self._row + 1)
        if row <= self._row or row > _GRID_ROWS or (self._is_open and self.shape.rows != row):
            raise ValueError(f"row {row} does not follow the one before it")
        if _is_true(element.get("hidden")):
            self.shape.hidden_rows.add(row)
        self._row, self._column, self._is_open = row, 0, False


def _is_true(text: str | None) -> bool:
    return text in {"1", "true"}


def _merged(ref: str) -> Merged:
    from openpyxl.utils.cell import range_boundaries

    left, top, right, bottom = range_boundaries(ref)
    return Merged(ref, int(left), int(top), int(right), int(bottom))


def _by_row(merged: list[Merged], rows: int) -> Iterator[tuple[int, list[Merged]]]:
    """Yield each row that merged cells touch with these; in a sheet they never overlap."""
    found: dict[int, list[Merged]] = {}
    for it in merged:
        for row in range(it.top, min(it.bottom, rows) + 1):
            found.setdefault(row, []).append(it)
            if len(found[row]) > COLUMNS_MAX:
                raise ValueError(f"row {row} is merged more often than it has columns")
    yield from found.items()
