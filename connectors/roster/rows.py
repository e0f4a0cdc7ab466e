"""What the rows of a roster say once they are read: wishes, rows that cannot be used, and the files they come from."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import groupby

from connectors.ids import sha256
from connectors.message import Message, paragraph
from connectors.roster.people import candidates
from connectors.roster.table import at
from connectors.roster.words import LEAVE

_NAMED_LETTER = re.compile(r"<U\+[0-9A-F]{4,6}>")
_ROWS_NAMED_MAX = 5


@dataclass(frozen=True, slots=True)
class RosterRow:
    """What one row wishes for one user; "" and None mean that the row says nothing about it.

    `line` is the 1-based physical line of `file` on which the row starts, or the row of its `sheet`. `user` is the UPN
    as written and `user_id` a lower-case GUID; at least one is there. `targets` is `target_text` split at "+"; since a
    product's name may itself hold a "+", the text stays beside it. `extra` holds the columns that mean nothing here, in
    the order of the file. `text` is the row as the file has it, on one line and shortened, with each letter that shows
    nothing named.
    """

    line: int
    user: str
    user_id: str
    targets: tuple[str, ...]
    target_text: str
    usage_location: str
    wave: str
    disabled_plans: tuple[str, ...] | None
    voice: bool | None
    legal_hold: bool | None
    backup_acknowledged_by: str
    note: str
    extra: Mapping[str, str]
    text: str = field(default="", compare=False)
    file: str = ""
    sheet: str = ""


@dataclass(frozen=True, slots=True)
class RowError:
    """A row that is not used: its text on one line and shortened, the reason with its remedy, and whom it names.

    `user` is the UPN as written, the lower-case id where the row gives no UPN, or "" where it cannot be known.
    `candidates` are the addresses and GUIDs, lower case, that the row may mean when it is read with tolerance, and
    `protective` says whether it wishes to keep somebody from being changed (leave, a legal hold, voice).
    """

    file: str
    line: int
    row: str
    reason: Message
    user: str
    candidates: tuple[str, ...] = ()
    protective: bool = False
    sheet: str = ""

    @property
    def place(self) -> Message:
        """The file and the line, or the sheet and its row."""
        return Message("{file}, {line}", file=self.file, line=at(self.line, self.sheet))


@dataclass(frozen=True, slots=True)
class RosterFile:
    """One file as it was read: `name` is what messages call it, no two of a roster are called the same.

    `sha256` is the digest of `content` in lower-case hex. `nearly_known` are (column, known column) for each column
    whose name may be a slip of the pen; `remarks` are further sentences that a person should read.
    """

    name: str
    sha256: str
    content: bytes
    columns: tuple[str, ...] = ()
    encoding: str = ""
    delimiter: str = ""
    nearly_known: tuple[tuple[str, str], ...] = ()
    remarks: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class FileRows:
    """What one file says by itself, in the order of its lines."""

    file: RosterFile
    rows: tuple[RosterRow, ...]
    errors: tuple[RowError, ...]


@dataclass(frozen=True, slots=True)
class Roster:
    """Everything that the files say together, in their order and that of their lines."""

    files: tuple[RosterFile, ...]
    rows: tuple[RosterRow, ...]
    errors: tuple[RowError, ...]

    @property
    def sha256(self) -> str:
        """The digest of the one file; of several, that of their digests in their order, each on a line of its own."""
        digests = [it.sha256 for it in self.files]
        return digests[0] if len(digests) == 1 else sha256("".join(f"{one}\n" for one in digests).encode())

    @property
    def rows_in(self) -> int:
        """How many rows the files have: every one is either used or rejected."""
        return len(self.rows) + len(self.errors)


def reject(row: RosterRow, reason: Message) -> RowError:
    """Return the error of a row that is sound in itself and cannot be used; what cannot be seen in it is named."""
    user, text = row.user or row.user_id, row.text
    if _NAMED_LETTER.search(text):
        reason = paragraph(reason, Message("The row contains invisible characters: {row}", row=text))
    protective = row.targets == (LEAVE,) or bool(row.legal_hold) or bool(row.voice)
    meant = candidates((row.user, row.user_id))
    return RowError(row.file, row.line, text or user, reason, user, meant, protective, row.sheet)


def places(rows: Sequence[RosterRow], *, seen_from: RosterRow) -> Message:
    """Name the lines of `rows`, and the file where it is another one than that of the row `seen_from`."""
    named = list[Message]()
    for (file, sheet), group in groupby(rows[:_ROWS_NAMED_MAX], key=lambda row: (row.file, row.sheet)):
        lines = at(", ".join(str(row.line) for row in group), sheet)
        named.append(lines if file == seen_from.file else Message("{file}, {line}", file=file, line=lines))
    if (more := len(rows) - _ROWS_NAMED_MAX) > 0:
        named.append(Message("{n} more", n=more))
    return reduce(lambda first, then: Message("{first} and {then}", first=first, then=then), named)
