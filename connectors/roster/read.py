"""A roster (CSV bytes) becomes rows of wishes and, for every row that cannot be used, a file, a line and a reason."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import partial
from itertools import count
from typing import NamedTuple

from connectors.ids import is_guid, sha256
from connectors.roster.csv_text import Record, UnreadableError, read_table
from connectors.roster.formula import unguard
from connectors.roster.letters import APOSTROPHES_CLASS, HIDDEN_CLASS, QUOTES_CLASS, strip
from connectors.roster.people import candidates, holds_a_yes, may_say_yes, says_leave
from connectors.roster.values import BadValueError, country, excerpt, guid, names, targets, yes_no
from connectors.roster.words import LEAVE

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
_NAMED_LETTER = re.compile(r"<U\+[0-9A-F]{4,6}>")
_KEPT = frozenset({"left_by_choice", "roster_row_rejected"})
"""Reasons in our own list of actions whose users a wish has kept, or may have: with no other word it stands."""
_ROW_TEXT_MAX = 200
_LINES_NAMED_MAX = 5


class RosterFileError(ValueError):
    """The roster as a whole cannot be read; `message` says why and what to do, `file` which one it is."""

    def __init__(self, file: str, message: str) -> None:
        self.file = file
        self.message = message
        super().__init__(f"{file}: {message}")


@dataclass(frozen=True, slots=True)
class RosterRow:
    """What one row wishes for one user; "" and None mean that the row says nothing about it.

    `line` is the 1-based physical line on which the row starts. `user` is the UPN as written and `user_id` a lower-case
    GUID; at least one is there. `targets` is `target_text` split at "+"; since a product's name may itself hold a "+",
    the text stays beside it. `extra` holds the columns that mean nothing here, in the order of the file.
    `text` is the row as the file has it, on one line and shortened, with each letter that shows nothing named.
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
    reason: str
    user: str
    candidates: tuple[str, ...] = ()
    protective: bool = False


@dataclass(frozen=True, slots=True)
class Roster:
    """Everything one file says, in the order of its lines; `sha256` is the digest of `content` in lower-case hex."""

    file: str
    sha256: str
    rows: tuple[RosterRow, ...]
    errors: tuple[RowError, ...]
    columns: tuple[str, ...]
    encoding: str
    delimiter: str
    content: bytes = b""

    @property
    def nearly_known(self) -> tuple[tuple[str, str], ...]:
        """Return (column, known column) for each one whose name may be a slip of the pen: it says nothing to us."""
        found = ((name, _nearest(name)) for name in self.columns if _folded(name) not in _HEADERS)
        return tuple((name, known) for name, known in found if known)

    @property
    def rows_in(self) -> int:
        """How many rows the file has: every one is either used or rejected."""
        return len(self.rows) + len(self.errors)


def normal_user(text: str) -> str:
    """Return the form in which two spellings of one UPN or id are equal."""
    return strip(text).casefold()


class _Columns(NamedTuple):
    known: dict[str, int]
    extra: dict[str, int]


def read_roster(data: bytes, *, file: str) -> Roster:
    """Read the roster `data`; `file` is only the name that messages carry.

    Raises RosterFileError when no row can be read at all: not a table, no header, no column that names users, one
    column twice. Every other fault is a RowError, and nothing else is ever raised.
    """
    try:
        table = read_table(data, knows=lambda name: _folded(name) in _HEADERS)
        columns = _columns(table.header, table.header_line)
    except UnreadableError as error:
        raise RosterFileError(file, str(error)) from None
    rows: list[RosterRow] = []
    errors: list[RowError] = []
    for record in table.records:
        if _is_nobodys(record, columns):
            continue
        try:
            rows.append(_row(record, columns))
        except BadValueError as error:
            errors.append(_damaged(record, columns, str(error), file=file))
    clashes = _clashes(rows)
    errors += [reject(row, clashes[row.line], file=file) for row in rows if row.line in clashes]
    return Roster(
        file,
        sha256(data),
        tuple(row for row in rows if row.line not in clashes),
        tuple(sorted(errors, key=lambda error: error.line)),
        table.header,
        table.encoding,
        table.delimiter,
        data,
    )


def reject(row: RosterRow, reason: str, *, file: str) -> RowError:
    """Return the error of a row that is sound in itself and cannot be used; what cannot be seen in it is named."""
    user, text = row.user or row.user_id, row.text
    if _NAMED_LETTER.search(text):
        reason = f"{reason} Letters in the row show nothing: {text}"
    protective = row.targets == (LEAVE,) or bool(row.legal_hold) or bool(row.voice)
    return RowError(file, row.line, text or user, reason, user, candidates((row.user, row.user_id)), protective)


def _damaged(record: Record, columns: _Columns, reason: str, *, file: str) -> RowError:
    text, meant = excerpt(record.raw, _ROW_TEXT_MAX), _may_mean(record, columns)
    protective = _is_protective(record, columns)
    return RowError(file, record.line, text, reason, _named(record, columns, meant), meant, protective)


def _may_mean(record: Record, columns: _Columns) -> tuple[str, ...]:
    """Return whom the cells for users may mean; where values may have shifted or name nobody, the whole row counts."""
    found = () if record.problem else candidates(_cell(record, columns, it) for it in ("user", "user_id"))
    return found or candidates([record.raw.replace("\t", ";")])


def _is_protective(record: Record, columns: _Columns) -> bool:
    guards = [it for it in ("voice", "legal_hold") if it in columns.known]
    if record.problem:
        return says_leave(record.raw) or (bool(guards) and holds_a_yes(record.raw))
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


def _columns(header: Sequence[str], line: int) -> _Columns:
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
                f'line {line}: the columns "{first}" and "{name}" mean the same; remove or rename one of them'
            )
        if meaning:
            columns.known[meaning] = index
        else:
            own = name if _folded(name) not in met else _numbered(name, taken)
            columns.extra[own] = index
            met |= {_folded(own)}
    if not columns.known.keys() & {"user", "user_id"}:
        raise UnreadableError(_no_users(header, line))
    return columns


def _numbered(name: str, taken: set[str]) -> str:
    """Return `name` with the first number from 2 on that makes it one of its own, and remember it in `taken`."""
    own = next(own for own in (f"{name} {number}" for number in count(2)) if _folded(own) not in taken)
    taken.add(_folded(own))
    return own


def _no_users(header: Sequence[str], line: int) -> str:
    reads = f" (it reads: {excerpt(', '.join(header))})"
    if any(_UPN.fullmatch(_text(name)) for name in header):
        return (
            f"line {line} should name the columns and looks like a row of a user; put a line above it that names"
            f" them, such as user_principal_name,target{reads}"
        )
    near = next((name for name in header if _nearest(name) in _WRITTEN.values()), "")
    meant = f'; is "{excerpt(near)}" meant as {_nearest(near)}?' if near else ""
    return (
        f"line {line}: no column names the users; this line must name a column user_principal_name or id{meant}{reads}"
    )


def _text(value: str) -> str:
    return strip(unguard(strip(value)))


def _cell(record: Record, columns: _Columns, meaning: str) -> str:
    index = columns.known.get(meaning, len(record.values))
    return _text(record.values[index]) if index < len(record.values) else ""


def _row(record: Record, columns: _Columns) -> RosterRow:
    """Return the wishes of one row; raises BadValueError for the first thing in it that cannot be used."""
    if _is_comment(record, columns):
        raise BadValueError("The row begins with #, and a roster has no comments; take the line out.")
    if record.problem:
        raise BadValueError(record.problem)
    _refuse_forced_text(record, columns)
    cell = partial(_cell, record, columns)
    user, user_id = cell("user"), guid(cell("user_id"))
    if not user and not user_id:
        raise BadValueError("The row names no user; fill in the UPN or the object id.")
    if user and not _UPN.fullmatch(user):
        meant = [one for one in candidates([user]) if not is_guid(one)]
        remedy = f"write {meant[0]}" if len(meant) == 1 else "write it like name@contoso.example"
        raise BadValueError(f'"{excerpt(user)}" is not a user principal name; {remedy}.')
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


def _refuse_forced_text(record: Record, columns: _Columns) -> None:
    """Refuse a value in the form that keeps Excel from changing it: a formula whose result is the text."""
    for meaning, index in columns.known.items():
        forced = _FORCED_TEXT.fullmatch(strip(record.values[index]))
        if forced and meaning != "note":
            raise BadValueError(
                f"{excerpt(strip(record.values[index]))} is Excel's formula for a text that it must leave alone; "
                f"write only {excerpt(forced[1].replace(chr(34), ''))}."
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


def _clashes(rows: Iterable[RosterRow]) -> dict[int, str]:
    """Return, by line, why a row that is sound in itself cannot stand beside the other rows of its user."""
    reasons: dict[int, str] = {}
    for group in _by_user(rows):
        first, *others = sorted(group, key=lambda row: row.line)
        if len({_wishes(row) for row in group}) == 1 and _one_person(group):
            reasons |= {row.line: f"The row repeats line {first.line}; remove one of the two." for row in others}
        else:
            lines = [row.line for row in (first, *others)]
            reasons |= {line: _contradiction(line, lines) for line in lines}
    return reasons


def _by_user(rows: Iterable[RosterRow]) -> Iterable[list[RosterRow]]:
    """Return the rows of each user together: rows that share a UPN or an id, directly or through another row."""
    home: dict[str, list[RosterRow]] = {}
    for row in rows:
        found = {id(home[key]): home[key] for key in _keys(row) if key in home}
        large, *small = sorted(found.values(), key=len, reverse=True) or [[]]
        for group in small:
            large.extend(group)
            home.update((key, large) for member in group for key in _keys(member))
        large.append(row)
        home.update((key, large) for key in _keys(row))
    return {id(group): group for group in home.values()}.values()


def _keys(row: RosterRow) -> list[str]:
    return [key for key in (normal_user(row.user), row.user_id) if key]


def _wishes(row: RosterRow) -> tuple[object, ...]:
    """Return what the row asks for, in a form in which equal wishes are equal; a remark is no wish."""
    return (
        frozenset(map(str.casefold, row.targets)),
        row.usage_location,
        row.wave.casefold(),
        frozenset(map(str.casefold, row.disabled_plans or ())),
        row.voice,
        row.legal_hold,
        row.backup_acknowledged_by,
    )


def _one_person(group: Iterable[RosterRow]) -> bool:
    users = {normal_user(row.user) for row in group if row.user}
    return len(users) <= 1 and len({row.user_id for row in group if row.user_id}) <= 1


def _contradiction(line: int, lines: Sequence[int]) -> str:
    others = [str(other) for other in lines if other != line]
    shown = ", ".join(others[:_LINES_NAMED_MAX])
    more = f" and {len(others) - _LINES_NAMED_MAX} more" if len(others) > _LINES_NAMED_MAX else ""
    return f"The row contradicts line {shown}{more} about the same user; keep the one that is right."
