"""Whom the rows of a roster mean: each is bound to one user of the tenant, or rejected and its user held. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connectors.message import Message, paragraph
from connectors.roster.letters import strip
from connectors.roster.rows import RosterRow, RowError, places, reject
from connectors.tenant import Named, TenantSnapshot, UserId
from jobs.license_reassignment.gather.roster import Wishes
from jobs.license_reassignment.model.policy import Wish

if TYPE_CHECKING:
    import pandas as pd

HELD_MAX = 10
"""A damaged row that fits more people than this means nobody in particular."""

ASKED_MAX = 400
"""So many addresses of damaged rows are looked up in the tenant; among the users read, everybody is found."""

SIEVE_MAX = 200
"""So many addresses are sought by one pattern; for more of them every user's are looked through."""

_SMTP = "smtp:"


@dataclass(frozen=True, slots=True)
class Bound:
    """Wishes by user id, and every rejected row.

    `rejected` are the users who are held for a rejected row, `held` their principal names by file and line of the row.
    `unheld` are the rows with a protective wish for which nobody could be held.
    """

    wishes: Mapping[UserId, Wish]
    rejected: frozenset[UserId]
    errors: tuple[RowError, ...]
    rows_in: int
    rows_used: int
    held: Mapping[tuple[str, int], tuple[str, ...]] = field(default_factory=dict)
    unheld: tuple[RowError, ...] = ()


_NOBODY: frozenset[UserId] = frozenset()


class People:
    """The users of a snapshot by id, principal name and address; `found` is what Graph said of further names.

    Of a name that was looked up counts what Graph made of it; else names are compared without the case of letters.
    """

    def __init__(self, snapshot: TenantSnapshot, found: Iterable[Named] = ()) -> None:
        known = tuple(found)
        self._users = snapshot.users
        self._resolved = snapshot.resolved
        self._absent = frozenset(snapshot.not_found)
        self._asked = {one.name: frozenset(user_id for user_id, _ in one.users) for one in known}
        self._names: dict[UserId, str] = {user_id: name for one in known for user_id, name in one.users}
        self._named: set[str] = set()
        self._addressed: set[str] = set()
        self._by_key: dict[str, UserId] = {}
        self._by_address: dict[str, set[UserId]] = {}

    def learn_names(self, texts: Collection[str]) -> None:
        """Look these ids and principal names up at once, which is far quicker than one after the other."""
        resolved = {str(self._resolved[text]) for text in texts if text in self._resolved}
        new = ({_folded(text) for text in texts} | resolved) - self._named - {""}
        if not new:
            return
        self._named |= new
        for keys in (self._users["user_principal_name"].str.lower(), self._users["id"]):
            hits = keys.isin(list(new))
            rows = self._users[hits]
            self._remember(rows)
            self._by_key |= dict(zip(keys[hits], map(UserId, rows["id"]), strict=True))

    def learn_addresses(self, texts: Collection[str]) -> None:
        """Look these mail addresses and aliases up at once, as names too."""
        self.learn_names(texts)
        new = {_folded(text) for text in texts} - self._addressed - {""}
        if not new:
            return
        self._addressed |= new
        for column, listed in (("mail", False), ("proxy_addresses", True)):
            lower = self._users[column].str.lower()
            hits = _may_hold(lower, new) if listed else lower.isin(list(new))
            rows = self._users[hits]
            self._remember(rows)
            for user_id, text in zip(rows["id"], lower[hits], strict=True):
                for address in new.intersection(_addresses(text) if listed else (text,)):
                    self._by_address.setdefault(address, set()).add(UserId(user_id))

    def _remember(self, rows: pd.DataFrame) -> None:
        self._names |= dict(zip(map(UserId, rows["id"]), rows["user_principal_name"], strict=True))

    def name_of(self, user_id: UserId) -> str:
        """Return the principal name of a user that was found, the id where it was not."""
        return self._names.get(user_id, user_id)

    def named(self, text: str) -> UserId | None:
        """Return the user with this id or principal name."""
        self.learn_names([text])
        if found := self._resolved.get(text):
            return found
        return None if text in self._absent else self._by_key.get(_folded(text))

    def answering(self, text: str) -> frozenset[UserId]:
        """Return every user with this id, principal name or address; one whom only Graph knows is among them."""
        self.learn_addresses([text])
        key, one = _folded(text), self.named(text)
        return frozenset({*((one,) if one else ()), *self._by_address.get(key, ()), *self._asked.get(key, ())})


def _may_hold(lists: pd.Series[str], keys: Collection[str]) -> pd.Series[bool]:
    """Say which lists of addresses may hold one of the keys: a quick sieve, to be looked through afterwards."""
    if len(keys) > SIEVE_MAX:
        return lists != ""
    return lists.str.contains("|".join(re.escape(key.replace("+", "%2b")) for key in sorted(keys)), regex=True)


def _folded(text: str) -> str:
    return strip(text).lower()


def _addresses(joined: str) -> list[str]:
    """Return the SMTP addresses of a cell in lower case; a plus sign inside an address is written %2B."""
    return [one.removeprefix(_SMTP).replace("%2b", "+") for one in joined.split("+") if one.startswith(_SMTP)]


def bind(wishes: Wishes, snapshot: TenantSnapshot, found: Iterable[Named] = ()) -> Bound:
    """Find the user of every row; what cannot be bound to exactly one user becomes a rejected row.

    `found` is what Graph says of further names that `to_ask` named after a first binding.
    """
    people = People(snapshot, found)
    people.learn_names([text for row, _ in wishes.rows for text in (row.user_id, row.user)])
    people.learn_addresses([r.user for r, _ in wishes.rows if r.user_id and r.user and not people.named(r.user)])
    bound: dict[UserId, list[tuple[RosterRow, Wish]]] = {}
    errors = list(wishes.errors)
    for row, wish in wishes.rows:
        user_id = people.named(row.user_id or row.user)
        why = _why_not(row, user_id, people, snapshot)
        if why:
            errors.append(reject(row, why))
        elif user_id:
            bound.setdefault(user_id, []).append((row, wish))
    for rows in (rows for rows in bound.values() if len(rows) > 1):
        errors.extend(_same_user([row for row, _ in rows]))
    order = {file.name: number for number, file in enumerate(wishes.files)}
    errors.sort(key=lambda e: (order[e.file], e.line))
    people.learn_addresses([text for e in errors for text in (e.user, *e.candidates)])
    meant = [(error, meant_by(error, people)) for error in errors]
    rejected = frozenset(user_id for _, ids in meant for user_id in ids)
    return Bound(
        wishes={u: rows[0][1] for u, rows in bound.items() if len(rows) == 1 and u not in rejected},
        rejected=rejected,
        errors=tuple(errors),
        rows_in=wishes.rows_in,
        rows_used=wishes.rows_in - len(errors),
        held={(e.file, e.line): tuple(sorted(people.name_of(u) for u in ids)) for e, ids in meant if ids},
        unheld=tuple(error for error, ids in meant if error.protective and not ids),
    )


def _same_user(rows: Sequence[RosterRow]) -> Iterator[RowError]:
    for row in rows:
        others = places([it for it in rows if it is not row], seen_from=row)
        yield reject(row, Message("The row names the same user as {places}; keep one of them.", places=others))


def _why_not(row: RosterRow, user_id: UserId | None, people: People, snapshot: TenantSnapshot) -> Message | None:
    """Say why the row cannot be used; None when its id and its name are those of one user."""
    if user_id is None:
        return _why_unknown(row, snapshot)
    if not row.user_id or not row.user:
        return None
    by_name = people.named(row.user)
    if by_name == user_id or user_id in people.answering(row.user):
        return None
    if by_name:
        return Message(
            "The ID and the name belong to two different users; correct one of them. Both users are on hold."
        )
    owner = people.name_of(user_id)
    return Message(
        "The ID belongs to {owner}, and no user is called {user}; correct one of the two, or leave the name out. "
        "{owner} is on hold.",
        owner=owner,
        user=row.user,
    )


def _why_unknown(row: RosterRow, snapshot: TenantSnapshot) -> Message:
    if row.user_id:
        unknown = Message(
            "No user of the tenant has the ID {id}: the account was deleted, or the ID is from another tenant. "
            "Correct the ID, or leave it out and give only the name.",
            id=row.user_id,
        )
        return paragraph(unknown, Message("The user of the name beside it is on hold.") if row.user else None)
    if row.user in snapshot.refused:
        return Message(
            "Microsoft Graph does not accept {user} as the name of a user; correct it, or give the object ID.",
            user=row.user,
        )
    domain = row.user.rpartition("@")[2].lower()
    if domain not in {d.lower() for d in snapshot.organization.verified_domains}:
        return Message(
            "The domain {domain} is not a verified domain of this tenant; correct the name, or remove the row.",
            domain=domain,
        )
    return Message(
        "No user of the tenant is called {user}; correct the name (the user may have been renamed since the export), "
        "or remove the row.",
        user=row.user,
    )


def meant_by(error: RowError, people: People) -> frozenset[UserId]:
    """Return whom a rejected row may mean, at most HELD_MAX users: whom it names, and whomever else it may name.

    Where there is somebody with exactly this name, nobody is sought whose name differs in loose signs alone.
    """
    exact = people.named(error.user) if error.user else None
    bare = _bare(error.user) if exact else ""
    first = {exact} if exact else people.answering(error.user)
    found = first.union(*(people.answering(text) for text in error.candidates if _bare(text) != bare))
    return frozenset(found) if len(found) <= HELD_MAX else _NOBODY


def _bare(text: str) -> str:
    local, at, domain = text.lower().rpartition("@")
    return local.strip("._-+'~^!*#,;:") + at + domain


def to_ask(bound: Bound) -> Sequence[str]:
    """Return the names that Graph should be asked for: of rejected rows for which nobody is held, protective first."""
    open_rows = [e for e in bound.errors if (e.file, e.line) not in bound.held]
    ordered = sorted(open_rows, key=lambda e: not e.protective)
    names = dict.fromkeys(text.lower() for e in ordered for text in (e.user, *e.candidates) if "@" in text)
    return list(names)[:ASKED_MAX]
