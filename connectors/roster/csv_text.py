"""CSV bytes from Excel, PowerShell or the admin center become records that know their line; nothing is guessed."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from connectors.message import Message, few
from connectors.roster.foreign import SAVE_AS, foreign
from connectors.roster.formula import clean
from connectors.roster.letters import strip
from connectors.roster.table import Record, Table, UnreadableError

LINE_BYTES_MAX = 1 << 20
RECORD_LINES_MAX = 200
COLUMNS_MAX = 256
DELIMITERS = (",", ";", "\t")


class _Sign(NamedTuple):
    one: Message
    many: Message


_SIGNS = {
    ",": _Sign(Message("comma"), Message("commas")),
    ";": _Sign(Message("semicolon"), Message("semicolons")),
    "\t": _Sign(Message("tab"), Message("tabs")),
}
_COLUMNS_SHOWN_MAX = 5

# A program that saves the file again keeps the line as a cell of its own, with the separators that fill the row.
_SEP_LINE = re.compile(r'"?sep=(?P<named>[^"]?)"?(?P<filling>[,;\t]*)', re.IGNORECASE)


def read_table(data: bytes, *, knows: Callable[[str], bool]) -> Table:
    """Read a CSV file; `knows` tells whether a header cell is one the caller looks for, which settles the delimiter.

    Understands UTF-8 with or without a byte order mark, UTF-16 with one, `,` `;` and TAB, any line end, quoted values
    that run over several lines, Excel's `sep=` line and the `#TYPE` line of PowerShell. Rows without any text are
    skipped. Raises UnreadableError, before splitting anything, for a line longer than LINE_BYTES_MAX.
    """
    if what := foreign(data):
        raise UnreadableError(what)
    _refuse_long_line(data)
    text, encoding = _decode(data)
    lines = list(io.StringIO(text, newline=""))
    start, named = _preamble(lines)
    delimiter, header, span = _header(lines, start, (named,) if named else DELIMITERS, knows)
    records = tuple(_records(lines, start + span, delimiter, header))
    return Table(header, start + 1, records, encoding, delimiter)


def _refuse_long_line(data: bytes) -> None:
    start = 0
    while len(data) - start > LINE_BYTES_MAX:
        end = start + LINE_BYTES_MAX
        last = max(data.rfind(b"\n", start, end), data.rfind(b"\r", start, end))
        if last < 0:
            line = data.count(b"\n", 0, start) + 1
            raise UnreadableError(f"line {line} is longer than {LINE_BYTES_MAX:,} bytes; this is not a table of users")
        start = last + 1


def _decode(data: bytes) -> tuple[str, str]:
    encoding = _encoding(data)
    try:
        text = data.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UnreadableError(
            f"line {line} is not valid {encoding.removesuffix('-sig').upper()}, so its letters are unknown; {SAVE_AS}"
        ) from None
    return text, encoding


def _encoding(data: bytes) -> str:
    if data.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if data.startswith(codecs.BOM_UTF16_LE):
        return "utf-16-le"
    if data.startswith(codecs.BOM_UTF16_BE):
        return "utf-16-be"
    sample = data[:256]
    if sample.count(0) * 4 > len(sample):
        raise UnreadableError(f"this looks like UTF-16 without a byte order mark; {SAVE_AS}")
    return "utf-8"


def _preamble(lines: Sequence[str]) -> tuple[int, str]:
    """Return how many lines stand before the header, and the delimiter that a `sep=` line names."""
    delimiter = ""
    for index, line in enumerate(lines):
        sep = _SEP_LINE.fullmatch(line.strip(" \r\n"))
        if sep:
            delimiter = sep["filling"][:1] or sep["named"]
            if delimiter not in DELIMITERS:
                raise UnreadableError(f"line {index + 1} names a separator that is not a comma, a semicolon or a tab")
        elif strip(line) and not line.lstrip('"').upper().startswith("#TYPE"):
            return index, delimiter
    raise UnreadableError("the file is empty; its first line must name the columns")


def _header(
    lines: Sequence[str], start: int, delimiters: Sequence[str], knows: Callable[[str], bool]
) -> tuple[str, tuple[str, ...], int]:
    """Return the delimiter that makes most sense of the header, the header's names, and how many lines it takes."""
    readings = {delimiter: _parse(lines, start, delimiter) for delimiter in delimiters}
    delimiter = max(readings, key=lambda it: (sum(map(knows, readings[it].values)), len(readings[it].values)))
    cells, span, _ = readings[delimiter]
    _refuse_quoted_lines(cells, start + 1, knows)
    problems = [reading.problem for reading in readings.values() if reading.problem]
    if problems and not any(map(knows, cells)):
        raise UnreadableError(f"line {start + 1} should name the columns. {problems[0]}")
    if len(cells) > COLUMNS_MAX:
        raise UnreadableError(f"the header names {len(cells):,} columns, and {COLUMNS_MAX} is the most that is read")
    if any(clean(cell) != cell for cell in cells):
        raise UnreadableError(f"line {start + 1} holds characters that are not text; {SAVE_AS}")
    header = tuple(strip(cell) or f"column {number}" for number, cell in enumerate(cells, 1))
    return delimiter, header, span


def _refuse_quoted_lines(cells: Sequence[str], line: int, knows: Callable[[str], bool]) -> None:
    """Refuse a header that is one value although it names several columns: then every line stands in quotes."""
    named = [cell for cell in cells if strip(cell)]
    if len(named) == 1 and any(any(map(knows, within)) for within in _within(named[0])):
        raise UnreadableError(
            f"line {line} stands in double quotes as a whole, and so, it seems, does every line, so that each is one "
            "value and not several: a program saved lines that lay whole in its first column. Export the file again, "
            "or open it in Excel, choose Data, Text to Columns, and save it"
        )


def _within(value: str) -> Iterator[tuple[str, ...]]:
    """Yield the values into which one value would fall apart, by each delimiter that it holds."""
    for delimiter in DELIMITERS:
        if delimiter in value:
            yield _parse([value], 0, delimiter).values


class _Reading(NamedTuple):
    values: tuple[str, ...]
    span: int
    problem: Message | None


def _parse(lines: Sequence[str], start: int, delimiter: str) -> _Reading:
    """Read the one record that starts at `lines[start]`; `span` is the number of lines it takes."""
    some = (lines[index] for index in range(start, min(start + RECORD_LINES_MAX, len(lines))))
    reader = csv.reader(some, delimiter=delimiter, strict=True)
    try:
        return _Reading(tuple(next(reader)), reader.line_num, None)
    except csv.Error:
        if len(lines[start]) > csv.field_size_limit():
            limit = Message("A value is longer than {most} characters; shorten it.", most=csv.field_size_limit())
            return _Reading((), 1, limit)
        unmatched = Message(
            "The double quotes of this row do not match; put one before and one after the value, and write each one "
            "inside it twice."
        )
        return _Reading((), reader.line_num, unmatched)


def _records(lines: Sequence[str], start: int, delimiter: str, header: Sequence[str]) -> Iterator[Record]:
    while start < len(lines):
        values, span, problem = _parse(lines, start, delimiter)
        problem = problem or _problem(values, header, delimiter, is_quoted=strip(lines[start]).startswith('"'))
        if problem and span > 1:
            # A stray quote makes the lines below part of this row. Only its first line is given up and each line below
            # is read for itself, so that no user disappears inside somebody else's value.
            values, span = (), 1
        if problem or any(map(strip, values)):
            yield Record(start + 1, "".join(lines[start : start + span]), values, problem)
        start += span


def _problem(values: Sequence[str], header: Sequence[str], delimiter: str, *, is_quoted: bool) -> Message | None:
    if any("\0" in value for value in values):
        return Message("The row contains a NUL character, so the file is damaged; export it again.")
    if len(values) == len(header) or not any(map(strip, values)):
        return None
    sign = _SIGNS[delimiter]
    fact = Message(
        "The row has {values} where the header names {columns}",
        values=Message("{n} value", "{n} values", n=len(values)),
        columns=Message("{n} column", "{n} columns", n=len(header)),
    )
    others = [_SIGNS[other].many for other in DELIMITERS if other in values[0] and len(values) == 1]
    if others and is_quoted:
        return Message(
            "{fact}, because double quotes enclose the whole row; remove them, and write doubled quotes inside it "
            "once.",
            fact=fact,
        )
    if others:
        return Message(
            "{fact}: it is separated by {others} and the header by {signs}; write {signs} in the row too.",
            fact=fact,
            others=others[0],
            signs=sign.many,
        )
    if len(values) < len(header):
        return _too_few(fact, header[len(values) :], sign)
    if not any(map(strip, values[len(header) :])):
        return _too_many(fact, len(values) - len(header), sign)
    return Message("{fact}; a value that contains a {sign} must be in double quotes.", fact=fact, sign=sign.one)


def _too_few(fact: Message, without: Sequence[str], sign: _Sign) -> Message:
    return Message(
        "{fact}: {columns} has none. Excel leaves out the {signs} at the end of a row; write one {sign} at its end if "
        "nothing belongs there, and the value if something does.",
        "{fact}: {columns} have none. Excel leaves out the {signs} at the end of a row; write {n} {signs} at its end "
        "if nothing belongs there, and the values if something does.",
        n=len(without),
        fact=fact,
        columns=few(without, _COLUMNS_SHOWN_MAX),
        sign=sign.one,
        signs=sign.many,
    )


def _too_many(fact: Message, more: int, sign: _Sign) -> Message:
    return Message(
        "{fact}, and the value beyond them is empty; remove the last {sign} of the row.",
        "{fact}, and the values beyond them are empty; remove the last {n} {signs} of the row.",
        n=more,
        fact=fact,
        sign=sign.one,
        signs=sign.many,
    )
