"""Two scans and a journal side by side: per user what was, what is, and what of the difference is ours. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from connectors.changes import AssignLicense
from connectors.tenant import NO_LICENSES, LicenseProfile, SkuId, TenantSnapshot, UserId
from jobs.license_reassignment.outcome import LOCATIONS, NOT_SENT, Case, Entry, Judgement, Row, Standing, fold, judge
from jobs.license_reassignment.plan import Plan, change_of, split


@dataclass(frozen=True, slots=True)
class User:
    """One user of the plan after the run. `after` is None when the user was not found or waits in deleted users."""

    id: str
    name: str
    row: Row
    rule: str
    wave: str
    detail: str
    change: AssignLicense
    before: LicenseProfile
    after: LicenseProfile | None
    standing: Standing
    judgement: Judgement
    plans_kept_off: str
    plans_new_on: str
    plans_lost: str

    @property
    def ours(self) -> bool:
        """Whether a write of ours took effect on this user, as far as anybody can tell."""
        return self.standing.state == "applied" or self.judgement.outcome in {"moved", "moved_by_group"}


@dataclass(slots=True)
class Movement:
    """One SKU between the two scans, in distinct users. `foreign_users` are (id, name, +1 or -1)."""

    gained: int = 0
    lost: int = 0
    foreign: int = 0
    foreign_users: list[tuple[str, str, int]] = field(default_factory=list)


class Sides:
    """Looks a user up in both scans; a user outside a scan holds none of the scanned SKUs."""

    def __init__(self, before: TenantSnapshot, after: TenantSnapshot) -> None:
        self._before = dict(zip(before.users["id"], before.users["profile"], strict=True))
        self._after = dict(zip(after.users["id"], after.users["profile"], strict=True))
        self._profiles = before.profiles, after.profiles
        self.deleted = frozenset(u.id for u in after.deleted_users)
        self._names = dict(zip(before.users["id"], before.users["user_principal_name"], strict=True))
        self._names.update(zip(after.users["id"], after.users["user_principal_name"], strict=True))

    def before(self, user_id: str) -> LicenseProfile:
        """Return the profile of the first scan."""
        number = self._before.get(user_id)
        return NO_LICENSES if number is None else self._profiles[0][number]

    def after(self, user_id: str) -> LicenseProfile | None:
        """Return the profile of the last scan; None when the user was not found."""
        number = self._after.get(user_id)
        return None if number is None or user_id in self.deleted else self._profiles[1][number]

    def name(self, user_id: str) -> str:
        """Return the UPN, the newer one where it changed."""
        return str(self._names.get(user_id, user_id))

    def ids(self) -> Iterator[str]:
        """Every user of either scan, sorted."""
        yield from sorted(self._before.keys() | self._after.keys())


def users_of(
    plan: Plan, sides: Sides, standings: Mapping[str, Standing], profiles: Sequence[LicenseProfile], *, agree: bool
) -> list[User]:
    """Judge every user of the plan, in the order of the decisions; equal cases are judged once, equal rows kept."""
    judged: dict[Case, Judgement] = {}
    decided: dict[tuple[str, ...], tuple[Row, AssignLicense]] = {}
    users: list[User] = []
    for d in plan.decisions.itertuples(index=False):
        key = (str(d.kind), str(d.reason), str(d.add), str(d.remove), str(d.disabled_plans), str(d.targets))
        if key not in decided:
            decided[key] = Row(*key[:5], _skus(d.targets)), change_of("", *key[2:5])
        row, change = decided[key]
        standing = standings.get(str(d.id), NOT_SENT)
        before = profiles[int(str(d.before))]
        leaving = plan.sources if plan.asks_gates or row.kind != "change" else change.remove
        case = Case(row, before, sides.after(str(d.id)), _plain(standing), leaving, agree)
        if case not in judged:
            judged[case] = judge(case)
        users.append(
            User(
                id=str(d.id),
                name=sides.name(str(d.id)),
                row=row,
                rule=str(d.rule),
                wave=str(d.wave),
                detail=str(d.detail),
                change=replace(change, user_id=UserId(str(d.id))),
                before=before,
                after=case.after,
                standing=standing,
                judgement=judged[case],
                plans_kept_off=str(d.plans_kept_off),
                plans_new_on=str(d.plans_new_on),
                plans_lost=str(d.plans_lost),
            )
        )
    return users


def _skus(text: object) -> tuple[SkuId, ...]:
    return tuple(SkuId(s) for s in split(str(text)))


def _plain(standing: Standing) -> Standing:
    """Drop what differs per user and decides nothing, so that equal cases are one."""
    return Standing(standing.state, standing.reason, sent=min(standing.sent, 1))


def movements(sides: Sides, users: Sequence[User], skus: Sequence[SkuId]) -> dict[SkuId, Movement]:
    """Count per SKU which changes of holders our journal explains; every other difference is foreign."""
    ours = {u.id: u for u in users if u.ours}
    moved = {sku: Movement() for sku in skus}
    for user_id in sides.ids():
        before, after = sides.before(user_id), sides.after(user_id) or NO_LICENSES
        user = ours.get(user_id)
        if before == after and user is None:
            continue
        for sku in skus:
            was, now = sku in before.skus, sku in after.skus
            explained_gain = user is not None and not was and any(a.sku_id == sku for a in user.change.add)
            explained_loss = user is not None and was and sku in user.change.remove
            _post(moved[sku], user_id, sides.name(user_id), was=was, now=now, gain=explained_gain, loss=explained_loss)
    return moved


def _post(movement: Movement, user_id: str, name: str, *, was: bool, now: bool, gain: bool, loss: bool) -> None:
    """Book our change first, then what others made of it."""
    holds = was
    if gain:
        movement.gained += 1
        holds = True
    if loss:
        movement.lost += 1
        holds = False
    if now != holds:
        step = 1 if now else -1
        movement.foreign += step
        movement.foreign_users.append((user_id, name, step))


def holders(snapshot: TenantSnapshot, sku: SkuId) -> int:
    """Count the distinct holders of a SKU in a scan."""
    counts = snapshot.users["profile"].value_counts()
    return int(sum(n for number, n in counts.items() if sku in snapshot.profiles[int(str(number))].skus))


def outcome_counts(users: Sequence[User]) -> Counter[str]:
    """Count the users by outcome."""
    return Counter(u.judgement.outcome for u in users)


def set_locations(plan: Plan, journal: Iterable[Entry]) -> dict[str, str]:
    """Return the usage locations that the journal says we set, by user id."""
    placed = fold(journal, LOCATIONS)
    planned = dict(zip(plan.decisions["id"], plan.decisions["usage_location"], strict=True))
    return {u: str(planned.get(u, "")) for u, standing in placed.items() if standing.state == "applied"}


def changed_locations(before: TenantSnapshot, after: TenantSnapshot, ours: Mapping[str, str]) -> pd.DataFrame:
    """Return users whose usage location differs between the scans and was not set by us: id, name, before, after."""
    columns = ["id", "user_principal_name", "usage_location"]
    both = before.users[columns].merge(after.users[columns], on="id", suffixes=("", "_after"))
    differs = both[both["usage_location"].str.upper() != both["usage_location_after"].str.upper()]
    now = differs["usage_location_after"].str.upper()
    foreign = [place != ours.get(user_id) for user_id, place in zip(differs["id"], now, strict=True)]
    return differs[np.array(foreign, dtype=bool)]


def changed_addresses(before: TenantSnapshot, after: TenantSnapshot) -> pd.DataFrame:
    """Return users whose mail or proxy addresses differ between the scans: id, name, before, after."""
    columns = ["id", "user_principal_name", "mail", "proxy_addresses"]
    both = before.users[columns].merge(after.users[columns], on="id", suffixes=("", "_after"))
    differs = (both["mail"] != both["mail_after"]) | (both["proxy_addresses"] != both["proxy_addresses_after"])
    return both[differs]
