"""A table of texts, whatever file it comes from: a header, and the records under it, each with its line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from connectors.message import Message


class UnreadableError(ValueError):
    """The bytes as a whole are not a table; the message says why and what to do, without naming the file."""


class OddKind(Enum):
    """Why the text of a cell may not be what somebody typed; a CSV file has no such cells."""

    NUMBER = "number"
    INEXACT = "number of more digits than Excel keeps"
    DATE = "date"
    ERROR = "error"
    FORMULA = "formula without a stored result"
    MERGED = "part of merged cells, and not their first"


@dataclass(frozen=True, slots=True)
class Odd:
    """A cell whose text is in doubt: where it is, such as `Sheet1!B7`, why, and what it shows or belongs to."""

    kind: OddKind
    cell: str
    shown: str

    @property
    def sentence(self) -> Message:
        """What is wrong with the cell, and what to do."""
        cell, shown = self.cell, self.shown
        match self.kind:
            case OddKind.NUMBER:
                return Message(
                    "{cell} is the number {shown}, which may not be what was typed, because Excel converts "
                    "text; format the column as Text and type it again.",
                    cell=cell,
                    shown=shown,
                )
            case OddKind.INEXACT:
                return Message(
                    "{cell} is the number {shown}, of which Excel keeps 15 digits; format the column as Text and type "
                    "it again.",
                    cell=cell,
                    shown=shown,
                )
            case OddKind.DATE:
                return Message(
                    "{cell} is the date or time {shown}, which may not be what was typed, because Excel "
                    "converts text; format the column as Text and type it again.",
                    cell=cell,
                    shown=shown,
                )
            case OddKind.ERROR:
                return Message("{cell} shows {shown}; correct its formula, or type the value.", cell=cell, shown=shown)
            case OddKind.FORMULA:
                return Message(
                    "{cell} is a formula whose result is not stored in the file; open the workbook in Excel and save "
                    "it, or type the value.",
                    cell=cell,
                )
            case OddKind.MERGED:
                return Message(
                    "{cell} is inside the merged cells {shown}, so what it says is unknown; unmerge them and fill in "
                    "each row.",
                    cell=cell,
                    shown=shown,
                )


@dataclass(frozen=True, slots=True)
class Record:
    """One row: the 1-based line it starts on, its raw text, its values, and what is wrong with it.

    A row with a problem keeps the values that could be told apart, in their order. `odd` are the cells in doubt, by
    their position.
    """

    line: int
    raw: str
    values: tuple[str, ...]
    problem: Message | None = None
    odd: Mapping[int, Odd] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Table:
    """A header with its 1-based line, and the records under it; a record without a problem is as wide as the header.

    Encoding and delimiter are those of a CSV file, the sheet is that of a workbook, whose lines are the sheet's rows.
    `remarks` are sentences about the file that a person should read.
    """

    header: tuple[str, ...]
    header_line: int
    records: tuple[Record, ...]
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    remarks: tuple[Message, ...] = ()


def at(line: int | str, sheet: str = "") -> Message:
    """Return how a line of a file, or a row of a sheet, is called; its number is a name and is not grouped."""
    number = str(line)
    return Message("{sheet} row {line}", sheet=sheet, line=number) if sheet else Message("line {line}", line=number)
