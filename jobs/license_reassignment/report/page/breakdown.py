"""How many users of each department, country, rule and wave had which outcome; the long tail is one row. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

import pandas as pd

from jobs.license_reassignment.decide.draft import ROSTER_ROWS
from jobs.license_reassignment.reconcile.findings import OUTCOMES
from jobs.license_reassignment.report.page.plan_people import ROSTER_LINE

COLUMNS = ("entra_department", "entra_usage_location", "rule", "wave")
"""The columns of users.csv by which users are counted."""

VALUES_MAX = 15
"""Values of a column with a row of their own; the others are added up."""


@dataclass(frozen=True, slots=True)
class Part:
    """The users with one value of a column, by outcome; `href` opens the table of users on them, "" for several."""

    value: str
    users: int
    by_outcome: tuple[int, ...]
    href: str = ""


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The users by one column, most users first. `others` adds up the values without a row, of which there are `left`.

    `outcomes` are those that any user has; the counts of each part are in their order.
    """

    column: str
    outcomes: tuple[str, ...]
    parts: tuple[Part, ...]
    others: Part | None = None
    left: int = 0


def breakdowns(users: pd.DataFrame) -> tuple[Breakdown, ...]:
    """Count the users by each of COLUMNS, those left out that tell nobody apart."""
    found = (_breakdown(users, column) for column in COLUMNS)
    return tuple(one for one in found if len(one.parts) > 1)


def _breakdown(users: pd.DataFrame, column: str) -> Breakdown:
    values = users[column].astype(str)
    if column == "rule":
        values = values.mask(values.str.startswith(ROSTER_LINE), str(ROSTER_ROWS))
    present = frozenset(users["outcome"].unique())
    outcomes = tuple(outcome for outcome in OUTCOMES if outcome in present)
    counts = pd.crosstab(values.to_numpy(dtype=object), users["outcome"].to_numpy(dtype=object))
    rows = zip(counts.index, counts.reindex(columns=list(outcomes)).to_numpy().tolist(), strict=True)
    parts = [_part(column, str(value), by_outcome) for value, by_outcome in rows]
    parts.sort(key=lambda part: (-part.users, part.value.casefold(), part.value))
    first, rest = parts[:VALUES_MAX], parts[VALUES_MAX:]
    return Breakdown(column, outcomes, tuple(first), _together(rest) if rest else None, len(rest))


def _part(column: str, value: str, by_outcome: Sequence[int]) -> Part:
    return Part(value, sum(by_outcome), tuple(by_outcome), "#users?" + urlencode({column: value, "all": 1}))


def _together(parts: Sequence[Part]) -> Part:
    counts = zip(*(part.by_outcome for part in parts), strict=True)
    return Part("", sum(part.users for part in parts), tuple(map(sum, counts)))
