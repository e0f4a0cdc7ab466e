"""Rows that are sound one by one and cannot stand beside each other: two for one user, in one file or in several."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from connectors.message import Message
from connectors.roster.letters import strip
from connectors.roster.rows import RosterRow, places


def normal_user(text: str) -> str:
    """Return the form in which two spellings of one UPN or id are equal."""
    return strip(text).casefold()


def clashes(rows: Sequence[RosterRow]) -> Mapping[int, Message]:
    """Return, by its number in `rows`, why a row that is sound in itself cannot stand beside the others of its user."""
    reasons: dict[int, Message] = {}
    for numbers in _by_user(rows):
        group = [rows[number] for number in numbers]
        if len({_wishes(row) for row in group}) == 1 and _one_person(group):
            reasons |= {n: _repetition(rows[n], group[0]) for n in numbers[1:]}
        else:
            reasons |= {n: _contradiction(rows[n], [it for it in group if it is not rows[n]]) for n in numbers}
    return reasons


def _by_user(rows: Sequence[RosterRow]) -> Iterable[list[int]]:
    """Return the rows of each user together: rows that share a UPN or an id, directly or through another row."""
    home: dict[str, list[int]] = {}
    for number, row in enumerate(rows):
        found = {id(home[key]): home[key] for key in _keys(row) if key in home}
        large, *small = sorted(found.values(), key=len, reverse=True) or [[]]
        for group in small:
            large.extend(group)
            home.update((key, large) for member in group for key in _keys(rows[member]))
        large.append(number)
        home.update((key, large) for key in _keys(row))
    groups = {id(group): group for group in home.values()}
    return [sorted(group) for group in groups.values()]


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


def _repetition(row: RosterRow, first: RosterRow) -> Message:
    return Message("The row repeats {place}; remove one of the two.", place=places([first], seen_from=row))


def _contradiction(row: RosterRow, others: Sequence[RosterRow]) -> Message:
    others_named = places(others, seen_from=row)
    return Message("The row contradicts {places} about the same user; keep the one that is right.", places=others_named)
