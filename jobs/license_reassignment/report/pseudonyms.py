"""A second set of reports without names: stable pseudonyms under a key that never lies in the folder."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import pandas as pd

from connectors.message import Message
from connectors.tenant import ReadRecord
from jobs.license_reassignment.model.columns import USERS_COLUMNS
from jobs.license_reassignment.reconcile.findings import ACCEPTING_POLICY, BySteps, Gate
from jobs.license_reassignment.reconcile.reconciliation import Reconciliation
from jobs.license_reassignment.report.bundle import render_all

FOLDER = "pseudonymised"
FILES = ("report.html", "users.csv", "actions.csv", "reconciliation.json", "summary.md")
PSEUDONYMISED = tuple(f"{FOLDER}/{name}" for name in FILES)
_ADDRESS = re.compile(r"[^\s,;:<>()\"'→]+@[^\s,;:<>()\"'→]+")
_GROUP = re.compile(r"(?<=/groups/)[0-9a-f-]{36}")
"""The id of a group in the query of a read."""
_NOT_PEOPLE = frozenset(USERS_COLUMNS) - {"display_name", "detail", "acknowledged_by", "entra_department"}


def render_pseudonymised(r: Reconciliation, key: bytes, language: str) -> dict[str, bytes]:
    """Return the second set by file name."""
    files = render_all(pseudonymised(r, key), language)
    return {f"{FOLDER}/{name}": files[name] for name in FILES}


class Pseudonyms:
    """Names things by a keyed digest: the same person has the same pseudonym in every run with the same key."""

    def __init__(self, key: bytes, people: Mapping[str, str], groups: Iterable[str] = ()) -> None:
        self._key = key
        self._groups = frozenset(groups)
        self._ids = {name.casefold(): user_id for name, user_id in people.items() if name}

    def of(self, kind: str, text: str) -> str:
        """Return the pseudonym of a text, "" for none."""
        if not text:
            return ""
        digest = hmac.new(self._key, f"{kind}:{text.casefold()}".encode(), hashlib.sha256)
        return f"{kind}-{digest.hexdigest()[:16]}"

    def person(self, name_or_id: str) -> str:
        """Return the pseudonym of a person or group; name and id of a known one give the same."""
        known = self._ids.get(name_or_id.casefold(), name_or_id)
        return self.of("group" if known in self._groups else "person", known)

    def text(self, text: str, names: Iterable[str] = ()) -> str:
        """Return a sentence with every address, and each of these names, replaced."""
        for name in sorted(filter(None, names), key=len, reverse=True):
            text = text.replace(name, self.person(name))
        return _ADDRESS.sub(lambda found: self.person(found.group()), text)

    def sentence(self, said: Message, names: Iterable[str] = ()) -> Message:
        """Return a sentence with every address, and each of these names, replaced where it is filled in."""
        return said.with_texts(partial(self.text, names=tuple(names)))


def pseudonymised(r: Reconciliation, key: bytes) -> Reconciliation:
    """Return the finding without names of people and groups, without their ids and without request ids.

    Free texts of a person (what Graph answered, columns of the roster) are left out, for nobody knows what is in them.
    """
    people = dict(zip(r.users["user_principal_name"], r.users["id"], strict=True))
    people |= {h.name: h.id for h in r.residual_holders} | {g.name: g.id for g in r.groups}
    known = {h.id: h.name for h in r.residual_holders if h.how == "group"} | {g.id: g.name for g in r.groups}
    p, groups = Pseudonyms(key, people, known), [*dict.fromkeys(known.values())]
    run = replace(
        r.run,
        operator=_by_steps(r.run.operator, p.person),
        host=_by_steps(r.run.host, partial(p.of, "host")),
        declared=tuple((fact, value, p.person(author)) for fact, value, author in r.run.declared),
    )
    users = _users(r.users, p)
    return replace(
        r,
        gates=_gates(r.gates, p, groups),
        after_cancel=_gates(r.after_cancel, p, groups),
        residual_holders=tuple(replace(h, id=p.person(h.id), name=p.person(h.name)) for h in r.residual_holders),
        incidents=tuple(
            replace(i, subject=p.person(i.subject), detail=p.sentence(i.said, groups)) for i in r.incidents
        ),
        actions=tuple(
            replace(
                a,
                subject=p.person(a.subject) if a.kind != "gate" else a.subject,
                user_principal_name=p.person(a.user_principal_name),
                id=p.person(a.id),
                reason=a.reason.partition(":")[0],
                detail="",
            )
            for a in r.actions
        ),
        accepted_losses=tuple(
            replace(x, id=p.person(x.id), name=p.person(x.id), accepted_by=_accepted_by(x.accepted_by, p))
            for x in r.accepted_losses
        ),
        run=run,
        users=users,
        messages={text: r.messages[text] for text in users["remedy"].unique() if text in r.messages},
        rejected=(),
        groups=tuple(
            replace(g, id=p.person(g.id), name=p.person(g.id), why=(), request_id=p.of("request", g.request_id))
            for g in r.groups
        ),
        reads_before=tuple(_read(read, p) for read in r.reads_before),
        reads=tuple(_read(read, p) for read in r.reads),
        pseudonymised=True,
        **_others(r, p),
    )


def _accepted_by(who: str, p: Pseudonyms) -> str:
    """Rename a person; a key of the settings is nobody's name."""
    return who if who == ACCEPTING_POLICY else p.person(who)


def _read(read: ReadRecord, p: Pseudonyms) -> ReadRecord:
    return replace(read, query=_GROUP.sub(lambda found: p.of("group", found.group()), read.query))


def _by_steps(said: BySteps, renamed: Callable[[str], str]) -> BySteps:
    return BySteps(renamed(said.plan), renamed(said.apply), renamed(said.verify))


def _gates(gates: Iterable[Gate], p: Pseudonyms, groups: Iterable[str]) -> tuple[Gate, ...]:
    return tuple(replace(g, detail=p.sentence(g.detail, groups)) for g in gates)


def _users(users: pd.DataFrame, p: Pseudonyms) -> pd.DataFrame:
    """Keep the columns that are about licenses, and rename who they are about."""
    table = users[[c for c in USERS_COLUMNS if c in users]].copy()
    for column in USERS_COLUMNS:
        if column not in _NOT_PEOPLE:
            table[column] = ""
    table["id"] = [p.person(i) for i in users["id"]]
    table["user_principal_name"] = table["id"]
    table["via_groups"] = ["+".join(map(p.person, text.split("+"))) for text in users["via_groups"]]
    table["request_id"] = [p.of("request", i) for i in users["request_id"]]
    return table.astype("string[pyarrow]")


def _others(r: Reconciliation, p: Pseudonyms) -> dict[str, Any]:
    """Rename people in the parts that not every finding has."""
    found: dict[str, Any] = {}
    if r.ending:
        idle = tuple(replace(a, id=p.person(a.id), name=p.person(a.id)) for a in r.ending.idle_accounts)
        found["ending"] = replace(r.ending, idle_accounts=idle)
    if r.witness:
        missing = tuple(replace(m, id=p.person(m.id), name=p.person(m.id)) for m in r.witness.missing)
        foreign = tuple(
            replace(f, id=p.of("record", f.id), user_id=p.person(f.user_id), user_name=p.person(f.user_id))
            for f in r.witness.foreign
        )
        found["witness"] = replace(r.witness, missing=missing, foreign=foreign)
    if r.since_last:
        s = r.since_last
        found["since_last"] = replace(
            s,
            users=tuple(replace(t, id=p.person(t.id), name=p.person(t.id)) for t in s.users),
            appeared=tuple(map(p.person, s.appeared)),
            vanished=tuple(map(p.person, s.vanished)),
        )
    return found
