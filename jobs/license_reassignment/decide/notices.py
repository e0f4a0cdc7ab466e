"""Whom to tell before a wave, and in which words. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from connectors.catalog.products import Catalog
from connectors.catalog.user_words import UserWords
from connectors.message import Message
from connectors.tenant import PlanId, TenantSnapshot
from jobs.license_reassignment.decide.remarks import SEPARATOR
from jobs.license_reassignment.model.plan import split

_TOLD_BY = ["plans_new_on", "plans_lost", "plans_kept_off", "remarks"]

Told = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[Message, ...]]
"""Services that are new, end, and stay off, and a note of several sentences: what one user reads, in English."""


@dataclass(frozen=True, slots=True)
class Notices:
    """Whom to tell, by wave in the order they run. `texts` are the distinct texts.

    `columns` are, row by row, the wave, the principal name, the display name, and the number of the text.
    """

    waves: tuple[str, ...] = ()
    texts: tuple[Told, ...] = ()
    columns: tuple[Sequence[str], Sequence[str], Sequence[str], Sequence[int]] = ((), (), (), ())


NO_NOTICES = Notices()


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What the words are looked up in; `messages` are the sentences of the plan by their text."""

    catalog: Catalog
    words: UserWords
    messages: Mapping[str, Message] = field(default_factory=dict)

    def word(self, plan_id: str) -> str:
        """Return what people call a service plan, or "" for one that works in the background."""
        families = self.catalog.families
        level = families.family_of(PlanId(plan_id))
        word = self.words.families.get(level.family, "") if level else ""
        return word or self.words.plans.get(self.catalog.plan_names.get(PlanId(plan_id), ""), "")

    def words_of(self, plans: Iterable[str], *, name_all: bool) -> tuple[str, ...]:
        """Return the words, each once; `name_all` gives a plan without one its published name."""
        found = (self.word(p) or (self.catalog.names.plan(p) if name_all else "") for p in plans)
        return tuple(sorted({w.replace("+", "and") for w in found if w}, key=str.casefold))


def notices_of(
    decisions: pd.DataFrame, snapshot: TenantSnapshot, waves: Sequence[str], vocabulary: Vocabulary
) -> Notices:
    """Say who is told what: every user who changes, sorted by name."""
    changes = decisions.loc[decisions["kind"] == "change", ["id", "name", "wave", *_TOLD_BY]]
    changes = changes.iloc[np.argsort(changes["name"].str.lower().to_numpy(dtype=object), kind="stable")]
    texts, number = _distinct_texts(changes, vocabulary)
    users = snapshot.users
    display = dict(zip(users["id"].to_list(), users["display_name"].to_list(), strict=True))
    shown = [display.get(user_id, "") for user_id in changes["id"]]
    columns = (changes["wave"].to_list(), changes["name"].to_list(), shown, number.tolist())
    return Notices(tuple(waves), tuple(texts), columns)


def _distinct_texts(changes: pd.DataFrame, vocabulary: Vocabulary) -> tuple[list[Told], np.ndarray]:
    """Return what users are told, each once, and which of it each row gets."""
    groups = changes.groupby(_TOLD_BY, sort=False, observed=True, dropna=False)
    number = groups.ngroup().to_numpy(dtype=np.int64)
    first = np.unique(number, return_index=True)[1]
    told_by = changes[_TOLD_BY].iloc[first].astype(str).to_numpy().tolist()
    return [_texts(row, vocabulary) for row in told_by], number


def _texts(told_by: Sequence[str], vocabulary: Vocabulary) -> Told:
    new, lost, kept_off, remarks = told_by
    silent = len([p for p in split(new) if not vocabulary.word(p)])
    return (
        vocabulary.words_of(split(new), name_all=False),
        vocabulary.words_of(split(lost), name_all=True),
        vocabulary.words_of(split(kept_off), name_all=True),
        tuple(_notes(silent, remarks.split(SEPARATOR), vocabulary.messages)),
    )


def _notes(silent: int, remarks: Sequence[str], messages: Mapping[str, Message]) -> Iterator[Message]:
    lowered = tuple(r.removeprefix("lowered: ") for r in remarks if r.startswith("lowered: "))
    if lowered:
        what = tuple(messages.get(text, text) for text in lowered)
        yield Message("Comes in a smaller edition or ends: {what}. Save what you need before that day.", what=what)
    if any(text.startswith("SharePoint") and text.endswith(" to none") for text in lowered):
        yield Message(
            "The SharePoint tile disappears; team sites stay reachable at their address within the organization."
        )
    if "office_apps_end" in remarks:
        yield Message("The installed Office apps will show that they are unlicensed.")
    if silent:
        yield Message(
            "{n} more service is added in the background. You do not need to do anything.",
            "{n} more services are added in the background. You do not need to do anything.",
            n=silent,
        )
