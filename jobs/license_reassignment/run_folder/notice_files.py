"""`notice-<wave>.csv`: whom to tell before a wave, and what, as a file that a mail merge takes."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from connectors.roster.formula import guard

if TYPE_CHECKING:
    from jobs.license_reassignment.decide.notices import Notices, Told

NOTICE_COLUMNS = (
    "wave",
    "user_principal_name",
    "display_name",
    "services_new",
    "services_ended",
    "services_kept_off",
    "note",
)
_NAME_LENGTH_MAX = 60
_PLAIN = re.compile(r"\w[\w .@'-]*")
"""Text that needs neither quotes nor the formula guard."""


def notice_files(notices: Notices, say: Callable[[str], str] = str) -> dict[str, bytes]:
    """Write per wave one row for every user who changes; a wave without any gets no file.

    `say` turns English into the language of the file. It begins with a byte order mark, for people open it in Excel.
    """
    title = codecs.BOM_UTF8 + _line(NOTICE_COLUMNS)
    tails = [_line(_cells(told, say)) for told in notices.texts]
    written = {wave: io.BytesIO() for wave in notices.waves}
    for file in written.values():
        file.write(title)
    for wave, name, display, number in zip(*notices.columns, strict=True):
        written[wave].write(f"{_cell(wave)},{_cell(name)},{_cell(display)},".encode() + tails[number])
    names = file_names(notices.waves)
    return {names[wave]: file.getvalue() for wave, file in written.items() if file.tell() > len(title)}


def _cells(told: Told, say: Callable[[str], str]) -> list[str]:
    *services, note = told
    named = (sorted(map(say, words), key=str.casefold) for words in services)
    return [*map(" + ".join, named), " ".join(map(say, note))]


def _line(cells: Sequence[str]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue().encode()


def _cell(text: str) -> str:
    """Write one free text as CSV, guarded; nearly all of them are plain."""
    return text if _PLAIN.fullmatch(text) else _line([guard(text)]).decode()[:-2]


def file_names(waves: Sequence[str]) -> dict[str, str]:
    """Return `notice-<wave>.csv` per wave, safe on every file system; equal names are told apart by a number."""
    found: dict[str, str] = {}
    for wave in waves:
        safe = re.sub(r"[^A-Za-z0-9_-]+", "-", wave).strip("-")[:_NAME_LENGTH_MAX] or "wave"
        name, number = safe, 1
        while f"notice-{name}.csv".casefold() in {f.casefold() for f in found.values()}:
            number += 1
            name = f"{safe}-{number}"
        found[wave] = f"notice-{name}.csv"
    return found
