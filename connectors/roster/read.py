"""Roster files become rows of wishes and, for every row that cannot be used, a file, a line and a reason."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from functools import partial
from itertools import count
from typing import NamedTuple

from connectors.ids import is_guid, sha256
from connectors.message import Message
from connectors.roster.clashes import clashes
from connectors.roster.csv_text import read_table
from connectors.roster.formula import unguard
from connectors.roster.letters import APOSTROPHES_CLASS, HIDDEN_CLASS, QUOTES_CLASS, strip
from connectors.roster.people import candidates, holds_a_yes, may_say_yes, says_leave
from connectors.roster.rows import FileRows, Roster, RosterFile, RosterRow, RowError, reject
from connectors.roster.table import OddKind, Record, Table, UnreadableError, at
from connectors.roster.values import BadValueError, country, excerpt, guid, names, targets, write, yes_no
from connectors.roster.words import LEAVE
from connectors.roster.workbook import is_named_workbook, read_workbook

_HEADERS: Mapping[str, str] = {
    "userprincipalname": "user",
    "upn": "user",
    "id": "user_id",
    "objectid": "user_id",
    "target": "target",
    "usagelocation": "usage_location",
    "wave": "wave",
    "disabledplans": "disabled_plans",
    "voice": "voice",
    "legalhold": "legal_hold",
    "backupacknowledgedby": "backup_acknowledged_by",
    "note": "note",
}
_IGNORED_IN_HEADERS = re.compile(rf"[\s_{HIDDEN_CLASS}]")
# Entra takes an apostrophe in a name, and none of its look-alikes, nor what stands around a name in mails and sheets.
_NEVER_IN_NAMES = "".join([QUOTES_CLASS, APOSTROPHES_CLASS.replace("'", ""), r"<>()\[\]{};,:|="])
_UPN_SIDE = rf"[^\s@\x00-\x1f\x7f-\x9f{HIDDEN_CLASS}{_NEVER_IN_NAMES}]+"
_FORCED_TEXT = re.compile(r'="(.*)"', re.DOTALL)
_UPN = re.compile(f"{_UPN_SIDE}@{_UPN_SIDE}")
_WRITTEN = {"user": "user_principal_name", "user_id": "id"}
_KNOWN_LENGTH_MIN = 4
_LIKENESS_MIN = 0.8
_KEPT = frozenset({"left_by_choice", "roster_row_rejected"})
"""Reasons in our own list of actions whose users a wish has kept, or may have: with no other word it stands."""
_ROW_TEXT_MAX = 200


class RosterFileError(ValueError):
    """The roster as a whole cannot be read; `message` says why and what to do, `file` which one it is."""

    def __init__(self, file: str, message: str) -> None:
        self.file = file
        self.message = message
        super().__init__(f"{file}: {message}")


class _Columns(NamedTuple):
    known: dict[str, int]
    extra: dict[str, int]


def read_roster(data: bytes, *, file: str) -> Roster:
    """Read a roster of one file; raises what `read_file` raises."""
    return together([read_file(data, file=file)])


def together(parts: Sequence[FileRows]) -> Roster:
    """Make one roster of what several files say: rows for one user stand beside each other, wherever they are."""
    rows = [row for part in parts for row in part.rows]
    clashing = clashes(rows)
    errors = [error for part in parts for error in part.errors]
    errors += [reject(rows[number], reason) for number, reason in clashing.items()]
    order = {part.file.name: number for number, part in enumerate(parts)}
    return Roster(
        tuple(part.file for part in parts),
        tuple(row for number, row in enumerate(rows) if number not in clashing),
        tuple(sorted(errors, key=lambda error: (order[error.file], error.line))),
    )


def read_file(data: bytes, *, file: str) -> FileRows:
    """Read one file of a roster, a workbook or CSV by its name; `file` is also the name that messages carry.

    Raises RosterFileError when no row can be read at all: not a table, no header, no column that names users, one
    column twice. Every other fault is a RowError, and nothing else is ever raised.
    """
    try:
        table = _table(data, file)
        columns = _columns(table.header, at(table.header_line, table.sheet))
    except UnreadableError as error:
        raise RosterFileError(file, str(error)) from None
    place = partial(replace, file=file, sheet=table.sheet)
    rows: list[RosterRow] = []
    errors: list[RowError] = []
    for record in table.records:
        if _is_nobodys(record, columns):
            continue
        try:
            rows.append(place(_row(record, columns)))
        except BadValueError as error:
            errors.append(place(_damaged(record, columns, error.reason)))
    found = RosterFile(
        file, sha256(data), data, table.header, table.encoding, table.delimiter, _nearly_known(table), table.remarks
    )
    return FileRows(found, tuple(rows), tuple(errors))


def _table(data: bytes, file: str) -> Table:
    if is_named_workbook(file):
        return read_workbook(data)
    return read_table(data, knows=lambda name: _folded(name) in _HEADERS)


def _nearly_known(table: Table) -> tuple[tuple[str, str], ...]:
    found = ((name, _nearest(name)) for name in table.header if _folded(name) not in _HEADERS)
    return tuple((name, known) for name, known in found if known)


def _damaged(record: Record, columns: _Columns, reason: Message) -> RowError:
    text, meant = excerpt(record.raw, _ROW_TEXT_MAX), _may_mean(record, columns)
    return RowError(
        "", record.line, text, reason, _named(record, columns, meant), meant, _is_protective(record, columns)
    )


def _may_mean(record: Record, columns: _Columns) -> tuple[str, ...]:
    """Return whom the cells for users may mean; where values may have shifted or name nobody, the whole row counts."""
    found = () if record.problem else candidates(_cell(record, columns, it) for it in ("user", "user_id"))
    return found or candidates([record.raw.replace("\t", ";")])


def _is_protective(record: Record, columns: _Columns) -> bool:
    guards = [it for it in ("voice", "legal_hold") if it in columns.known]
    if record.problem:
        return says_leave(record.raw) or (bool(guards) and holds_a_yes(record.raw))
    odd = [record.odd.get(columns.known[it]) for it in ("target", *guards) if it in columns.known]
    if any(one and one.kind is not OddKind.NUMBER for one in odd):  # it may say anything
        return True
    return says_leave(_cell(record, columns, "target")) or any(may_say_yes(_cell(record, columns, it)) for it in guards)


def _is_nobodys(record: Record, columns: _Columns) -> bool:
    """Whether this is a row of our own list of actions that is about a gate or a group: it names no user."""
    asked = (_cell(record, columns, c) for c in ("user", "user_id", "target", "backup_acknowledged_by"))
    return not record.problem and _is_actions(columns) and not any(asked)


def _is_actions(columns: _Columns) -> bool:
    """Whether this is our own list of actions, filled in or not."""
    return {"kind", "reason", "subject", "remedy"} <= columns.extra.keys()


def _target(record: Record, columns: _Columns) -> str:
    """Return the target as written; in our own list of actions an empty one leaves in place whom a wish has kept."""
    target = _cell(record, columns, "target")
    if target or not _is_actions(columns):
        return target
    return LEAVE if _text(record.values[columns.extra["reason"]]) in _KEPT else ""


def _folded(name: str) -> str:
    return _IGNORED_IN_HEADERS.sub("", name).casefold()


def _nearest(name: str) -> str:
    """Return the known column that a name nearly is, as a person writes it, or ""."""
    folded = _folded(name)
    known = [key for key in _HEADERS if len(key) >= _KNOWN_LENGTH_MIN]
    near = [key for key in known if len(key) > _KNOWN_LENGTH_MIN and folded.startswith(key)]
    near = near or get_close_matches(folded, known, 1, _LIKENESS_MIN)
    return _WRITTEN.get(_HEADERS[near[0]], _HEADERS[near[0]]) if near else ""


def _columns(header: Sequence[str], place: str) -> _Columns:
    """Return the position of every known column by its meaning and of every other one by its name.

    A name that comes again carries a number, so that both columns are kept.
    """
    header = [unguard(name) for name in header]
    columns = _Columns({}, {})
    taken = {_folded(name) for name in header}
    met: set[str] = set()
    for index, name in enumerate(header):
        meaning = _HEADERS.get(_folded(name))
        if meaning in columns.known:
            first = header[columns.known[meaning]]
            raise UnreadableError(
                f'{place}: the columns "{first}" and "{name}" mean the same; remove or rename one of them'
            )
        if meaning:
            columns.known[meaning] = index
        else:
            own = name if _folded(name) not in met else _numbered(name, taken)
            columns.extra[own] = index
            met |= {_folded(own)}
    if not columns.known.keys() & {"user", "user_id"}:
        raise UnreadableError(_no_users(header, place))
    return columns


def _numbered(name: str, taken: set[str]) -> str:
    """Return `name` with the first number from 2 on that makes it one of its own, and remember it in `taken`."""
    own = next(own for own in (f"{name} {number}" for number in count(2)) if _folded(own) not in taken)
    taken.add(_folded(own))
    return own


def _no_users(header: Sequence[str], place: str) -> str:
    reads = f" (it reads: {excerpt(', '.join(header))})"
    if any(_UPN.fullmatch(_text(name)) for name in header):
        return (
            f"{place} should name the columns and looks like a row of a user; put a line above it that names"
            f" them, such as user_principal_name,target{reads}"
        )
    near = next((name for name in header if _nearest(name) in _WRITTEN.values()), "")
    meant = f'; is "{excerpt(near)}" meant as {_nearest(near)}?' if near else ""
    return f"{place}: no column names the users; this line must name a column user_principal_name or id{meant}{reads}"


def _text(value: str) -> str:
    return strip(unguard(strip(value)))


def _cell(record: Record, columns: _Columns, meaning: str) -> str:
    index = columns.known.get(meaning, len(record.values))
    return _text(record.values[index]) if index < len(record.values) else ""


def _row(record: Record, columns: _Columns) -> RosterRow:
    """Return the wishes of one row; raises BadValueError for the first thing in it that cannot be used."""
    _refuse_odd(record, columns)
    if _is_comment(record, columns):
        raise BadValueError(Message("The row begins with #, but a roster has no comments; remove the line."))
    if record.problem:
        raise BadValueError(record.problem)
    _refuse_forced_text(record, columns)
    cell = partial(_cell, record, columns)
    user, user_id = cell("user"), guid(cell("user_id"))
    if not user and not user_id:
        raise BadValueError(Message("The row names no user; enter the UPN or the object ID."))
    if user and not _UPN.fullmatch(user):
        meant = [one for one in candidates([user]) if not is_guid(one)]
        remedy = write(meant[0]) if len(meant) == 1 else Message("write it like name@contoso.example")
        raise BadValueError(
            Message('"{user}" is not a user principal name; {remedy}.', user=excerpt(user), remedy=remedy)
        )
    return RosterRow(
        line=record.line,
        user=user,
        user_id=user_id,
        targets=targets(_target(record, columns)),
        target_text=_target(record, columns),
        usage_location=country(cell("usage_location")),
        wave=cell("wave"),
        disabled_plans=names(cell("disabled_plans"), "disabled_plans") or None,
        voice=yes_no(cell("voice"), "voice"),
        legal_hold=yes_no(cell("legal_hold"), "legal_hold"),
        backup_acknowledged_by=cell("backup_acknowledged_by"),
        note=cell("note"),
        extra={name: _text(record.values[index]) for name, index in columns.extra.items()},
        text=excerpt(record.raw, _ROW_TEXT_MAX),
    )


def _is_comment(record: Record, columns: _Columns) -> bool:
    """Whether the row begins with `#` where a user, or no user, is named; another first column may hold such a text."""
    if not strip(record.raw).lstrip('"').startswith("#"):
        return False
    starts = record.problem or 0 in (columns.known.get("user"), columns.known.get("user_id"))
    return bool(starts) or not (_cell(record, columns, "user") or _cell(record, columns, "user_id"))


def _refuse_odd(record: Record, columns: _Columns) -> None:
    """Refuse a cell of a workbook that does not show what was typed, where that matters.

    A number is what it shows, but for a user; a remark, or a column that means nothing here, may hold any value.
    """
    meanings = {index: meaning for meaning, index in columns.known.items()}
    for index, odd in record.odd.items():
        meaning = meanings.get(index, "note")
        is_text = odd.kind is OddKind.NUMBER and meaning not in {"user", "user_id"}
        is_free = meaning == "note" and odd.kind is not OddKind.FORMULA
        if not (is_text or is_free):
            raise BadValueError(odd.sentence)


def _refuse_forced_text(record: Record, columns: _Columns) -> None:
    """Refuse a value in the form that keeps Excel from changing it: a formula whose result is the text."""
    for meaning, index in columns.known.items():
        forced = _FORCED_TEXT.fullmatch(strip(record.values[index]))
        if forced and meaning != "note":
            raise BadValueError(
                Message(
                    "{value} is an Excel formula that protects text from conversion; write only {text}.",
                    value=excerpt(strip(record.values[index])),
                    text=excerpt(forced[1].replace('"', "")),
                )
            )


def _named(record: Record, columns: _Columns, meant: Sequence[str]) -> str:
    """Return whom a rejected row names: as written where a cell says it well, else the likeliest of the `meant`."""
    user, user_id = _cell(record, columns, "user"), _cell(record, columns, "user_id").lower()
    is_sound = not record.problem and not _is_comment(record, columns)
    if is_sound and _UPN.fullmatch(user):
        return user
    if is_sound and is_guid(user_id):
        return user_id
    found = next(iter(meant), "")
    at = record.raw.lower().find(found)
    return record.raw[at : at + len(found)] if "@" in found and at >= 0 else found
