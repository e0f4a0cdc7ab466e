"""Whom a plan changes and whom it leaves, by name: exceptions first, so many that a page stays small. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connectors.message import Message
from jobs.license_reassignment.decide.worth_knowing import NAMED_MAX
from jobs.license_reassignment.model.plan import Plan, split

if TYPE_CHECKING:
    import pandas as pd

PEOPLE_MAX = NAMED_MAX
"""Users of a list in the page; decisions.csv has everybody."""

ROSTER_LINE = "roster line"
"""What the rule of a user begins with whom a row of the roster names."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One user of a plan; `why` is the rule for a change and the reason code for a hold, `target` a product's name."""

    name: str
    why: Message | str
    target: str
    wave: str
    detail: Message


def changing(plan: Plan, product: Mapping[str, str]) -> tuple[Listed, ...]:
    """Return the first users who change: of the rule with the fewest users first, by name within it."""
    return _listed(plan, "change", "rule", product)


def holding(plan: Plan, product: Mapping[str, str]) -> tuple[Listed, ...]:
    """Return the first users who are held: of the rarest reason first, by name within it."""
    return _listed(plan, "hold", "reason", product)


def _listed(plan: Plan, kind: str, column: str, product: Mapping[str, str]) -> tuple[Listed, ...]:
    rows = plan.decisions[plan.decisions["kind"] == kind]
    if kind == "hold":
        rows = rows[rows["reason"] != "already_on_target"]
    why = rows[column].astype(str)
    kinds = why.where(~why.str.startswith(ROSTER_LINE), ROSTER_LINE).str.split(":", n=1).str[0]
    found: list[Listed] = []
    for _, each in sorted(rows.groupby(kinds, sort=False), key=lambda group: (len(group[1]), str(group[0]))):
        if len(found) < PEOPLE_MAX:
            found += _by_name(each, PEOPLE_MAX - len(found), lambda row: _one(plan, row, column, product))
    return tuple(found)


def _by_name(rows: pd.DataFrame, most: int, make: Callable[[Any], Listed]) -> list[Listed]:
    names = zip(rows["name"].astype(str).str.casefold(), range(len(rows)), strict=True)
    first = [at for _, at in heapq.nsmallest(most, names)]
    return [make(row) for row in rows.iloc[first].itertuples(index=False)]


def _one(plan: Plan, row: Any, column: str, product: Mapping[str, str]) -> Listed:
    targets = " + ".join(product.get(sku, sku) for sku in split(row.targets))
    why = _rule(plan, row.rule) if column == "rule" else row.reason.partition(":")[0]
    return Listed(row.name, why, targets, row.wave, plan.said(row.detail))


def _rule(plan: Plan, name: str) -> Message:
    if not name.startswith(ROSTER_LINE):
        return plan.said(name)
    line, _, file = name.removeprefix(ROSTER_LINE).strip().partition(" of ")
    if file:
        return Message("roster line {line} of {file}", line=line, file=file)
    return Message("roster line {line}", line=line)


def caught_by(frozen: Mapping[str, Any]) -> Mapping[str, str]:
    """Return by the name of a rule what it asks of a user, "" where it asks nothing: `department = Finance, Legal`."""
    return {
        str(rule.get("name", "")): "; ".join(f"{key} = {_value(value)}" for key, value in rule.get("where", {}).items())
        for rule in frozen.get("swap", ())
    }


def _value(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, Sequence) and not isinstance(value, str) else str(value)
