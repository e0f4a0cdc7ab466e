"""Printing for people: lines that wrap at words, tables that fit the terminal, color where somebody sees it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from itertools import zip_longest
from typing import IO, Final

from rich.cells import cell_len
from rich.console import Console
from rich.style import StyleType
from rich.text import Text

WIDTH_MIN: Final = 60
"""A narrower terminal gets lines of this width."""

PIPE_WIDTH: Final = 160
"""A pipe or a file has no width of its own: a table there is not squeezed, and a sentence is one line."""

GAP: Final = "  "

_WORD: Final = re.compile(r"\s*\S+")

GOOD, BAD, LOOK = "green", "bold red", "yellow"
LEVELS: Final[dict[str, StyleType]] = {
    **dict.fromkeys(("GO", "ok", "passed"), GOOD),
    **dict.fromkeys(("NO-GO", "FAILED", "HARM", "ALTERED", "ACTION", "LIMIT"), BAD),
    **dict.fromkeys(("NOT CHECKABLE", "WARNING", "PENDING", "NOTE", "NOT READY"), LOOK),
}
"""The words that begin a line, and their colors."""


_COMMANDS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What a terminal obeys instead of showing it, or what turns the letters after it around; blanks and LF are neither."""


def console(file: IO[str] | None = None) -> Console:
    """Return the console of a stream, stdout by default; `NO_COLOR` is heeded, and `COLUMNS` on a terminal."""
    file = file or sys.stdout
    plain = bool(os.environ.get("NO_COLOR"))
    return Console(file=file, highlight=False, emoji=False, soft_wrap=True, color_system=None if plain else "auto")


def width_of(out: Console) -> int | None:
    """Return how many columns a line may take, None where nobody sees its end."""
    return max(WIDTH_MIN, out.width) if out.is_terminal else None


def harmless(line: str) -> str:
    """Return a line in which nothing commands the terminal: whoever may name a group could put it into the name."""
    return _COMMANDS.sub(lambda found: f"<U+{ord(found[0]):04X}>", line)


def wrapped(line: str, width: int | None, indent: int = 0) -> list[str]:
    """Break a line at its blanks; the lines after the first begin with `indent` blanks. No word is ever cut.

    Blanks that nothing is broken at stay, however many they are.
    """
    line = harmless(line)
    if width is None or cell_len(line) <= width:
        return [line]
    lines: list[str] = []
    now = ""
    for word in _WORD.findall(line.rstrip()):
        if now.strip() and cell_len(now) + cell_len(word) > width:
            lines.append(now)
            now = " " * indent + word.lstrip()
        else:
            now += word
    return [*lines, now]


def text(line: str = "", *, level: str = "", indent: int = 0, file: IO[str] | None = None) -> None:
    """Print a line; what does not fit goes on below, behind `indent` blanks.

    `level` stands in front of it, in a column of `indent` cells, and has its color on a terminal.
    """
    out = console(file)
    width = width_of(out)
    if not level:
        for part in wrapped(line, width, indent):
            out.print(Text(part))
        return
    first, *others = wrapped(line, width and width - indent)
    out.print(Text.assemble((f"{level:<{indent}}", LEVELS.get(level.rstrip(":"), "")), first))
    for part in others:
        out.print(Text(" " * indent + part))


def command(line: str) -> None:
    """Print what is to be pasted: one line, however long, since a line that is broken is two commands."""
    console().print(harmless(line), markup=False)


def grid(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table with a title, and a blank line after it; numbers stand to the right, and words wrap.

    Where not even the longest words fit beside each other, each row is a paragraph.
    """
    if not rows:
        return
    out = console()
    cells = [[f"{c:,}" if isinstance(c, int) else harmless(str(c)) for c in row] for row in rows]
    numeric = [all(isinstance(row[n], int | float) for row in rows) for n in range(len(columns))]
    room = width_of(out) or PIPE_WIDTH
    widths = column_widths([list(columns), *cells], room)
    for part in wrapped(title, width_of(out)) if title else ():
        out.print(Text(part, style="bold"))
    if sum(widths) + len(GAP) * (len(widths) - 1) > room:
        _paragraphs(columns, cells)
    else:
        for n, row in enumerate([list(columns), *cells]):
            for shown in _lines(row, widths, numeric):
                out.print(shown, style="dim" if n == 0 else "")
    out.print()


def _paragraphs(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    for first, *others in rows:
        text(first, indent=4)
        text("    " + ", ".join(f"{name} {cell}" for name, cell in zip(columns[1:], others, strict=True)), indent=4)


def column_widths(rows: Sequence[Sequence[str]], room: int) -> list[int]:
    """Return a width per column so that a row fits the room: what is too wide shrinks, at most to its longest word."""
    columns = list(zip(*rows, strict=True))
    widths = [max(map(cell_len, column)) for column in columns]
    least = [max((cell_len(w) for cell in column for w in cell.split()), default=0) for column in columns]
    room -= len(GAP) * (len(columns) - 1)
    while sum(widths) > room:
        able = [n for n in range(len(widths)) if widths[n] > least[n]]
        if not able:
            break
        widths[max(able, key=lambda n: widths[n])] -= 1
    return widths


def _lines(row: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> list[Text]:
    """Lay one row out: its cells wrapped side by side."""
    cells = [wrapped(cell, width) for cell, width in zip(row, widths, strict=True)]
    found = []
    for parts in zip_longest(*cells, fillvalue=""):
        padded = [_padded(*one) for one in zip(parts, widths, numeric, strict=True)]
        found.append(Text(GAP.join(padded).rstrip()))
    return found


def _padded(part: str, width: int, right: bool) -> str:
    blanks = " " * max(0, width - cell_len(part))
    return blanks + part if right else part + blanks
