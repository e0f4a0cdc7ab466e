"""Groups in the table of decisions and in the header of a plan: rows of members, rows of groups, what is told. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from connectors.message import Message, by_text
from connectors.tenant import Group, GroupId
from jobs.license_reassignment.decide.cases import Cases
from jobs.license_reassignment.decide.decide import Change, Context, Decision, Hold
from jobs.license_reassignment.decide.groups.group_swap import kinds_told
from jobs.license_reassignment.decide.groups.weigh import Fate, Unit, Weighed, told_inherited, without
from jobs.license_reassignment.decide.scope import NO_LOCATION
from jobs.license_reassignment.decide.table import DECISION_COLUMNS, decision_columns, hold, no_rows
from jobs.license_reassignment.model.plan_header import PlannedGroup
from jobs.license_reassignment.model.policy import Wave

WITH_THE_GROUP = Message("members of a group")
"""What decides about members of a swapped group whom neither a rule nor the scope names."""


def group_waves(fates: Mapping[GroupId, Fate], waves: Sequence[Wave], order: Sequence[str]) -> dict[GroupId, str]:
    """Return the wave of each group: the one that names it, else the last."""
    named = {g: wave.name for wave in waves for g in wave.groups}
    return {g: named.get(g, order[-1]) for g in fates}


def with_members(decided: Sequence[Decision], weighed: Weighed, cases: Cases) -> tuple[list[Decision], Cases]:
    """Add to what was decided what the swaps do to members, and give the rows that move the number of theirs."""
    extra = [verdict for verdict in weighed.verdicts if isinstance(verdict, Change)]
    moves = np.array([isinstance(verdict, Change) for verdict in weighed.verdicts], dtype=bool)
    numbers = np.cumsum(moves) - 1 + len(decided)
    code = np.where(weighed.moving, numbers[cases.code], cases.code)
    return [*decided, *extra], replace(cases, code=code)


def mark_members(
    table: pd.DataFrame, weighed: Weighed, cases: Cases, waves: Mapping[GroupId, str], order: Sequence[str]
) -> None:
    """Say of the rows that move, in place, by which groups and in which wave: that of the last of them."""
    through = weighed.members.through
    via = np.array(["+".join(groups) for groups in through], dtype=object)
    last = np.array(
        [max((waves[g] for g in groups if g in waves), key=order.index, default="") for groups in through], dtype=object
    )
    rows, of_case = np.flatnonzero(weighed.moving), cases.code[weighed.moving]
    table.loc[rows, "via_groups"], table.loc[rows, "wave"] = via[of_case], last[of_case]
    table.loc[rows[cases.outside[rows] & (table["rule"].to_numpy()[rows] == "")], "rule"] = WITH_THE_GROUP


def seated(table: pd.DataFrame, weighed: Weighed, units: Sequence[Unit]) -> Weighed:
    """Hold every unit whose rows were held when seats were given; a unit of nobody needs none."""
    for unit in units:
        if len(unit.rows) and table["kind"].iloc[unit.rows[0]] == "hold":
            reason, detail = (str(table[c].iloc[unit.rows[0]]) for c in ("reason", "detail"))
            weighed = without(weighed, unit, reason, Message("{sku}", sku=detail))
    return weighed


def tell_inherited(table: pd.DataFrame, weighed: Weighed, cases: Cases, context: Context) -> dict[str, Message]:
    """Hold as inherited, in place, whoever a group keeps; returns what the details are made from, by their text."""
    held = (table["kind"] == "hold").to_numpy() & table["reason"].isin(
        ["inherited", "no_seat", "business_cap"]
    ).to_numpy()
    by_group = (table["via_groups"] != "").to_numpy() | (table["reason"] == "inherited").to_numpy()
    rows = np.flatnonzero(held & by_group)
    keys = list(zip(cases.code[rows].tolist(), weighed.members.stray[rows].tolist(), strict=True))
    told = {key: told_inherited(weighed, key[0], stray=key[1], context=context) for key in set(keys)}
    hold(table, rows, "inherited", [told[key] for key in keys])
    table.loc[rows, "via_groups"] = ""
    return by_text(told.values())


def rows_of_groups(
    weighed: Weighed, done: Sequence[Group], waves: Mapping[GroupId, str]
) -> tuple[pd.DataFrame, dict[str, Message]]:
    """Return a row for each group that is named for a swap, and what the sentences in it are made from."""
    decided = [*map(_decision, weighed.fates.values()), *(_done(group) for group in done)]
    groups = [*(fate.swap.group for fate in weighed.fates.values()), *done]
    if not groups:
        return no_rows(), {}
    table = decision_columns(decided)
    table["id"] = [g.id for g in groups]
    table["name"] = [g.display_name for g in groups]
    table["wave"] = [waves[g.id] if isinstance(d, Change) else "" for g, d in zip(groups, decided, strict=True)]
    details = by_text(d.detail for d in decided if isinstance(d, Hold))
    return table.reindex(columns=list(DECISION_COLUMNS), fill_value="").astype(str), details


def _decision(fate: Fate) -> Decision:
    swap = fate.swap
    if fate.reason:
        return Hold(fate.reason, fate.detail, swap.targets)
    t = swap.translation
    return Change(swap.targets, t.add, swap.remove, (), t.kept_off, t.new_on, t.lost)


def _done(group: Group) -> Hold:
    return Hold("already_on_target", targets=tuple(g.sku_id for g in group.licenses))


def told_of_groups(
    groups: Sequence[Group],
    weighed: Weighed,
    done: Sequence[Group],
    waves: Mapping[GroupId, str],
    cases: Cases,
    context: Context,
) -> tuple[PlannedGroup, ...]:
    """Return what the header says of every group that carries a source or is named for a swap; held ones first."""
    sources = set(context.policy.sources)
    found = [_named(fate, weighed, waves, cases, context) for fate in weighed.fates.values()]
    found += [replace(_plain(g, "done"), reason="already_on_target", targets=_done(g).targets) for g in done]
    named = set(context.policy.groups.swap)
    found += [_plain(g, "left") for g in groups if g.id not in named and any(x.sku_id in sources for x in g.licenses)]
    order = ("hold", "swap", "done", "left")
    return tuple(sorted(found, key=lambda g: (order.index(g.fate), g.name.casefold(), g.id)))


def _plain(group: Group, fate: str) -> PlannedGroup:
    members = len(group.direct_members if group.direct_members is not None else group.members or ())
    return PlannedGroup(group.id, group.display_name, fate, "", (), "", members, 0, notes=kinds_told(group))  # type: ignore[arg-type]


def _named(fate: Fate, weighed: Weighed, waves: Mapping[GroupId, str], cases: Cases, context: Context) -> PlannedGroup:
    group, rows = fate.swap.group, weighed.members.inside[fate.swap.group.id]
    notes = (*kinds_told(group), *_unlocated(rows, cases, context))
    plain = replace(_plain(group, "hold" if fate.reason else "swap"), targets=fate.swap.targets, notes=notes)
    if fate.reason:
        return replace(plain, reason=fate.reason, hindrances=fate.hindrances)
    return replace(plain, wave=waves[group.id], changed=int(weighed.moving[rows].sum()))


def _unlocated(rows: np.ndarray, cases: Cases, context: Context) -> tuple[Message, ...]:
    """Say how many members take the usage location of the tenant, since they have none."""
    without_one = np.array([bool(c.traits.flags & NO_LOCATION) for c in cases.distinct], dtype=bool)
    n = int(without_one[cases.code[rows]].sum())
    if not n or not context.default_location:
        return ()
    return (
        Message(
            "{n} member has no usage location and gets the organization's: {country}.",
            "{n} members have no usage location and get the organization's: {country}.",
            n=n,
            country=context.default_location,
        ),
    )
