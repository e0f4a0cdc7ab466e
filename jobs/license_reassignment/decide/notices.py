"""Whom to tell before a wave, and in which words: one `notice-<wave>.csv` per wave. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from connectors.catalog.products import Catalog
from connectors.catalog.user_words import UserWords
from connectors.roster.formula import guard
from connectors.tenant import PlanId, TenantSnapshot
from jobs.license_reassignment.decide.remarks import SEPARATOR
from jobs.license_reassignment.model.plan import split

NOTICE_COLUMNS = (
    "wave",
    "user_principal_name",
    "display_name",
    "services_new",
    "services_ended",
    "services_kept_off",
    "note",
)
_TOLD_BY = ["plans_new_on", "plans_lost", "plans_kept_off", "remarks"]
_NAME_LENGTH_MAX = 60
_PLAIN = re.compile(r"\w[\w .@'-]*")
"""Text that needs neither quotes nor the formula guard."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What the words are looked up in."""

    catalog: Catalog
    words: UserWords

    def word(self, plan_id: str) -> str:
        """Return what people call a service plan, or "" for one that works in the background."""
        families = self.catalog.families
        level = families.family_of(PlanId(plan_id))
        word = self.words.families.get(level.family, "") if level else ""
        return word or self.words.plans.get(self.catalog.plan_names.get(PlanId(plan_id), ""), "")

    def words_of(self, plans: Iterable[str], *, name_all: bool) -> list[str]:
        """Return the words, each once; `name_all` gives a plan without one its published name."""
        found = (self.word(p) or (self.catalog.names.plan(p) if name_all else "") for p in plans)
        return sorted({w.replace("+", "and") for w in found if w}, key=str.casefold)


def notice_files(
    decisions: pd.DataFrame, snapshot: TenantSnapshot, waves: Sequence[str], vocabulary: Vocabulary
) -> dict[str, bytes]:
    """Write per wave one row for every user who changes, sorted by name; a wave without any gets no file."""
    changes = decisions.loc[decisions["kind"] == "change", ["id", "name", "wave", *_TOLD_BY]]
    changes = changes.iloc[np.argsort(changes["name"].str.lower().to_numpy(dtype=object), kind="stable")]
    tails, number = _distinct_tails(changes, vocabulary)
    users = snapshot.users
    display = dict(zip(users["id"].to_list(), users["display_name"].to_list(), strict=True))
    title = _line(NOTICE_COLUMNS)
    written = {wave: io.BytesIO() for wave in waves}
    for file in written.values():
        file.write(title)
    columns = (changes[c].to_list() for c in ("id", "name", "wave"))
    for user_id, name, wave, code in zip(*columns, number.tolist(), strict=True):
        head = f"{_cell(wave)},{_cell(name)},{_cell(display.get(user_id, ''))},"
        written[wave].write(head.encode() + tails[code])
    return {name: written[w].getvalue() for w, name in file_names(waves).items() if written[w].tell() > len(title)}


def _distinct_tails(changes: pd.DataFrame, vocabulary: Vocabulary) -> tuple[list[bytes], np.ndarray]:
    """Return what users are told as the ends of CSV lines, each once, and which of them each row gets."""
    groups = changes.groupby(_TOLD_BY, sort=False, observed=True, dropna=False)
    number = groups.ngroup().to_numpy(dtype=np.int64)
    first = np.unique(number, return_index=True)[1]
    told_by = changes[_TOLD_BY].iloc[first].astype(str).to_numpy().tolist()
    return [_line(_texts(row, vocabulary)) for row in told_by], number


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


def _texts(told_by: Sequence[str], vocabulary: Vocabulary) -> tuple[str, str, str, str]:
    new, lost, kept_off, remarks = told_by
    silent = len([p for p in split(new) if not vocabulary.word(p)])
    return (
        " + ".join(vocabulary.words_of(split(new), name_all=False)),
        " + ".join(vocabulary.words_of(split(lost), name_all=True)),
        " + ".join(vocabulary.words_of(split(kept_off), name_all=True)),
        " ".join(_notes(silent, remarks.split(SEPARATOR), vocabulary.words)),
    )


def _notes(silent: int, remarks: Sequence[str], words: UserWords) -> list[str]:
    lowered = [r.removeprefix("lowered: ") for r in remarks if r.startswith("lowered: ")]
    found = [words.notes["lowered"].format(what=", ".join(lowered))] if lowered else []
    if any(text.startswith("SharePoint") and text.endswith("-> none") for text in lowered):
        found.append(words.notes["sharepoint_ends"])
    if "office_apps_end" in remarks:
        found.append(words.notes["office_apps_end"])
    if silent:
        found.append(words.notes["background"].format(n=silent))
    return found
