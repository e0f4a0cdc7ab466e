"""Which target each user is meant to have, and by which rule: columns in, columns out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from connectors.tenant import SkuId, TenantSnapshot, UserId
from jobs.license_reassignment.decide.scope import profiles_holding
from jobs.license_reassignment.model.policy import Policy, Where, Wish

NO_RULE = -1
LEFT_BY_CHOICE = -2

_TEXT_CONDITIONS = {
    "department": "department",
    "usage_location": "usage_location",
    "country": "country",
    "company": "company_name",
    "account_enabled": "account_enabled",
}


def matches(snapshot: TenantSnapshot, where: Where) -> pd.Series[bool]:
    """Say per user whether every condition of a rule holds."""
    users = snapshot.users
    hit = pd.Series(data=True, index=users.index)
    for key, column in _TEXT_CONDITIONS.items():
        wanted: frozenset[str] = getattr(where, key)
        if wanted:
            hit &= users[column].str.strip().str.lower().isin({w.strip().lower() for w in wanted})
    if where.member_of:
        hit &= users["id"].isin(_members(snapshot, where.member_of))
    if where.holds:
        hit &= profiles_holding(snapshot.profiles, where.holds)[users["profile"].to_numpy()]
    return hit


def _members(snapshot: TenantSnapshot, group_ids: frozenset[str]) -> set[str]:
    found: set[str] = set()
    for group in snapshot.groups:
        if group.id in group_ids and group.members is not None:
            found |= group.members
    return found


def choose(
    snapshot: TenantSnapshot,
    policy: Policy,
    wishes: Mapping[UserId, Wish],
) -> tuple[pd.DataFrame, list[tuple[SkuId, ...]]]:
    """Give every user the first rule that matches; a roster row's own target beats every rule.

    Returns columns `rule` (name of what decided, "" where nothing did) and `choice` (index into the returned list
    of target tuples, NO_RULE or LEFT_BY_CHOICE), with the index of `snapshot.users`.
    """
    users = snapshot.users
    rule = np.full(len(users), "", dtype=object)
    choice = np.full(len(users), NO_RULE, dtype=np.int64)
    targets: list[tuple[SkuId, ...]] = []
    for entry in reversed(policy.rules):  # the first match wins, so it is written last
        hit = matches(snapshot, entry.where).to_numpy(dtype=bool)
        rule[hit] = entry.name
        choice[hit] = _index(targets, entry.targets)
    wished = users["id"].isin([user_id for user_id, wish in wishes.items() if wish.targets is not None])
    named = np.flatnonzero(wished.to_numpy(dtype=bool))
    for at, user_id in zip(named.tolist(), users["id"].iloc[named], strict=True):
        wish = wishes[UserId(user_id)]
        rule[at] = f"roster line {wish.line}{f' of {wish.file}' if wish.file else ''}"
        choice[at] = _index(targets, wish.targets or ())
    return pd.DataFrame({"rule": rule, "choice": choice}, index=users.index), targets


def _index(targets: list[tuple[SkuId, ...]], wanted: tuple[SkuId, ...]) -> int:
    if not wanted:
        return LEFT_BY_CHOICE
    if wanted not in targets:
        targets.append(wanted)
    return targets.index(wanted)
