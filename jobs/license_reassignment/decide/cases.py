"""Users as rows, and each distinct combination of what decides about one of them as a case: decided once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from connectors.tenant import LicenseProfile, TenantSnapshot, UserId
from jobs.license_reassignment.decide import scope
from jobs.license_reassignment.decide.decide import Traits
from jobs.license_reassignment.decide.targets import LEFT_BY_CHOICE, NO_RULE, choose
from jobs.license_reassignment.model.policy import Policy, Wish

NO_WISH = Wish(line=0)


@dataclass(frozen=True, slots=True)
class LicenseCase:
    """One combination. `outside`: not in scope, and here only as a member of a group that is named for a swap."""

    profile: LicenseProfile
    traits: Traits
    outside: bool


@dataclass(frozen=True, slots=True)
class Cases:
    """The users whom a plan looks at, row by row: `code` is the number of a row's case in `distinct`.

    `rule` is what named the target, `locations` the usage location that is to be written.
    """

    users: pd.DataFrame
    rule: pd.Series[str]
    locations: pd.Series[str]
    code: np.ndarray
    distinct: Sequence[LicenseCase]

    @property
    def outside(self) -> np.ndarray:
        """Say per row whether it is not in scope."""
        return np.asarray(np.array([case.outside for case in self.distinct], dtype=bool)[self.code], dtype=bool)

    def rows_by_case(self) -> list[np.ndarray]:
        """Return the rows of each case."""
        order = np.argsort(self.code, kind="stable")
        return np.split(order, np.cumsum(np.bincount(self.code, minlength=len(self.distinct)))[:-1])


def cases_of(
    snapshot: TenantSnapshot,
    policy: Policy,
    wishes: Mapping[UserId, Wish],
    rejected: frozenset[UserId],
    members: frozenset[UserId] = frozenset(),
) -> Cases:
    """Return everybody in scope, and the `members` of groups besides."""
    users = snapshot.users
    chosen, targets = choose(snapshot, policy, wishes)
    numbers, distinct_wishes = _wish_codes(users, wishes)
    locations = scope.locations(users, policy, wishes)
    inside = scope.in_scope(snapshot, policy, frozenset(wishes) | rejected).to_numpy(dtype=bool)
    keys = pd.DataFrame(
        {
            "profile": users["profile"].to_numpy(dtype=np.int64),
            "choice": chosen["choice"].to_numpy(),
            "flags": scope.flags(snapshot, policy, rejected, locations != "").to_numpy(),
            "wish": numbers,
            "outside": (~inside).astype(np.int64),
        },
        index=users.index,
    )
    selected = inside | users["id"].isin(members).to_numpy(dtype=bool) if members else inside
    code, distinct = _distinct(keys[selected])
    cases = [
        LicenseCase(
            snapshot.profiles[profile],
            _traits(choice, bits, distinct_wishes[wish], targets),
            bool(outside),
        )
        for profile, choice, bits, wish, outside in distinct.to_numpy().tolist()
    ]
    return Cases(users[selected], chosen["rule"][selected], locations[selected], code, cases)


def _distinct(keys: pd.DataFrame) -> tuple[np.ndarray, pd.DataFrame]:
    """Number the distinct key rows in sorted order, so that equal inputs give equal numbers."""
    distinct = keys.drop_duplicates().sort_values(list(keys.columns)).reset_index(drop=True)
    numbered = distinct.assign(code=np.arange(len(distinct)))
    return keys.merge(numbered, on=list(keys.columns), how="left")["code"].to_numpy(dtype=np.int64), distinct


def _traits(choice: int, flags: int, wish: Wish, targets: Sequence[tuple[str, ...]]) -> Traits:
    wanted = None if choice == NO_RULE else () if choice == LEFT_BY_CHOICE else targets[choice]
    return Traits(
        targets=wanted,  # type: ignore[arg-type]  # choose() hands back SkuIds
        flags=flags,
        disabled_plans=wish.disabled_plans,
        voice=wish.voice,
        legal_hold=wish.legal_hold,
        backup_acknowledged=bool(wish.backup_acknowledged_by),
    )


def _wish_codes(users: pd.DataFrame, wishes: Mapping[UserId, Wish]) -> tuple[np.ndarray, list[Wish]]:
    """Number the distinct sets of personal wishes that matter to a decision; 0 is none."""
    distinct = [NO_WISH]
    numbers: dict[tuple[object, ...], int] = {_personal(NO_WISH): 0}
    codes = np.zeros(len(users), dtype=np.int64)
    named = np.flatnonzero(users["id"].isin(list(wishes)).to_numpy(dtype=bool))
    for at, user_id in zip(named.tolist(), users["id"].iloc[named], strict=True):
        wish = wishes[UserId(user_id)]
        key = _personal(wish)
        if key not in numbers:
            numbers[key] = len(distinct)
            distinct.append(wish)
        codes[at] = numbers[key]
    return codes, distinct


def _personal(wish: Wish) -> tuple[object, ...]:
    return (wish.disabled_plans, wish.voice, wish.legal_hold, bool(wish.backup_acknowledged_by))
