"""Two scans and a journal side by side: per user what was, what is, and what of the difference is ours. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from connectors.changes import AssignGroupLicense, AssignLicense
from connectors.message import Message
from connectors.tenant import (
    NO_LICENSES,
    LicenseDetails,
    LicenseProfile,
    SkuId,
    TenantSnapshot,
    UserId,
)
from jobs.license_reassignment.model.plan import Plan, change_of, group_change_of, split
from jobs.license_reassignment.model.standing import GROUPS, LOCATIONS, NOT_SENT, Entry, Standing, fold
from jobs.license_reassignment.reconcile.findings import MOVED
from jobs.license_reassignment.reconcile.groups.members import (
    LEFT_GROUP,
    MEMBER_ERROR,
    Swap,
    changed,
    standing_of,
)
from jobs.license_reassignment.reconcile.judge import ACCEPTED_THEN_ERROR, Case, DecisionRow, Judgement, judge
from jobs.license_reassignment.reconcile.services import UNCHANGED, Difference, Services, effective
from jobs.license_reassignment.reconcile.whose_change import NOBODY, ChangesByOtherRuns


@dataclass(frozen=True, slots=True)
class User:
    """One user of the plan after the run. `after` is None when the user was not found or waits in deleted users.

    `has` is what the user has of it: without what is in error, and without services that could not be set up.
    `services` is what the two reads show of the service plans; `author` the other run of ours that explains what the
    user holds now, NOBODY where none does. `change` is the user's own request, `swaps` are the groups by which the user
    changes; `standing` is then that of all of them and of the own request together, and `own` that of the latter.
    """

    id: str
    name: str
    row: DecisionRow
    rule: str
    wave: str
    detail: str
    change: AssignLicense
    before: LicenseProfile
    after: LicenseProfile | None
    has: LicenseProfile
    standing: Standing
    judgement: Judgement
    services: Difference
    author: Message = NOBODY
    swaps: tuple[Swap, ...] = ()
    own: Standing = NOT_SENT

    @property
    def ours(self) -> bool:
        """Whether a write of ours took effect on this user, as far as anybody can tell."""
        reason = self.judgement.reason.partition(":")[0]
        if reason == LEFT_GROUP or (reason == MEMBER_ERROR and not self.removes.isdisjoint(self.has.skus)):
            return False  # the swap of the group has not reached this user
        return self.standing.state == "applied" or self.judgement.outcome in MOVED or self.broken

    @property
    def adds(self) -> frozenset[SkuId]:
        """The SKUs that the user's own request and the groups add."""
        of_groups = (a.sku_id for swap in self.swaps for a in swap.change.add)
        return frozenset((*(a.sku_id for a in self.change.add), *of_groups))

    @property
    def removes(self) -> frozenset[SkuId]:
        """The SKUs that the user's own request and the groups remove."""
        return frozenset((*self.change.remove, *(s for swap in self.swaps for s in swap.change.remove)))

    @property
    def booked(self) -> tuple[frozenset[SkuId], frozenset[SkuId]]:
        """The SKUs that requests of ours may have added to this user, and those that they may have removed.

        Of a group it is booked as soon as Graph has accepted the change, unless the user is not inside any more.
        """
        if not self.swaps:
            return (self.adds, self.removes) if self.ours else (frozenset(), frozenset())
        groups = (swap.change for swap in self.swaps if swap.standing.ours and swap.inside is not False)
        sent: list[AssignLicense | AssignGroupLicense] = [*groups, *([self.change] if self.own.ours else [])]
        return frozenset(a.sku_id for c in sent for a in c.add), frozenset(s for c in sent for s in c.remove)

    @property
    def broken(self) -> bool:
        """Whether Graph accepted our change and holds its license for faulty since."""
        return self.judgement.reason.startswith(ACCEPTED_THEN_ERROR)

    @property
    def asked(self) -> LicenseProfile:
        """What the user would have by our change alone, where it was made; what was there before, where not."""
        return changed(self.before, self.change, self.swaps) if self.ours else self.before


@dataclass(slots=True)
class Movement:
    """One SKU between the two scans, in distinct users.

    `other_runs` is the part of `foreign` that other runs of ours explain. `foreign_users` are (id, name, +1 or -1, the
    other run of ours or NOBODY).
    """

    gained: int = 0
    lost: int = 0
    foreign: int = 0
    other_runs: int = 0
    foreign_users: list[tuple[str, str, int, Message]] = field(default_factory=list)


class BothScans:
    """Looks a user up in both scans; a user outside a scan holds none of the scanned SKUs."""

    def __init__(self, before: TenantSnapshot, after: TenantSnapshot) -> None:
        self._before = dict(zip(before.users["id"], before.users["profile"], strict=True))
        self._after = dict(zip(after.users["id"], after.users["profile"], strict=True))
        self._profiles = before.profiles, after.profiles
        self.deleted = frozenset(u.id for u in after.deleted_users)
        self._names = dict(zip(before.users["id"], before.users["user_principal_name"], strict=True))
        self._names.update(zip(after.users["id"], after.users["user_principal_name"], strict=True))

    def profile(self, number: int) -> LicenseProfile:
        """Return a profile of the first scan by its number."""
        return self._profiles[0][number]

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


@dataclass(frozen=True, slots=True)
class GroupSwaps:
    """What the plan does with groups: each change by group id, where the journal leaves it, and who is inside now."""

    changes: Mapping[str, AssignGroupLicense] = field(default_factory=dict)
    standings: Mapping[str, Standing] = field(default_factory=dict)
    inside: Mapping[str, frozenset[UserId] | None] = field(default_factory=dict)

    def of(self, user_id: str, via: str) -> tuple[Swap, ...]:
        """Return the swaps of the groups that a row names."""
        return tuple(
            Swap(
                self.changes[group_id],
                _plain(self.standings.get(group_id, NOT_SENT)),
                None if (members := self.inside.get(group_id)) is None else user_id in members,
            )
            for group_id in split(via)
        )


def group_swaps(plan: Plan, after: TenantSnapshot, journal: Iterable[Entry]) -> GroupSwaps:
    """Collect what the plan, the journal and the last read say of the groups that are swapped."""
    rows = plan.groups[plan.groups["kind"] == "change"]
    changes = {
        str(r.id): group_change_of(*map(str, (r.id, r.add, r.remove, r.disabled_plans))) for r in rows.itertuples()
    }
    return GroupSwaps(changes, fold(journal, GROUPS), {g.id: g.direct_members for g in after.groups})


def users_of(
    plan: Plan,
    scans: BothScans,
    standings: Mapping[str, Standing],
    groups: GroupSwaps,
    services: Services,
    *,
    agree: bool,
    details: Mapping[str, LicenseDetails],
    others: ChangesByOtherRuns,
) -> list[User]:
    """Judge every user of the plan, in the order of the decisions; equal cases are judged once, equal rows kept."""
    judged: dict[Case, Judgement] = {}
    decided: dict[tuple[str, ...], tuple[DecisionRow, AssignLicense]] = {}
    users: list[User] = []
    for d in plan.decisions.itertuples(index=False):
        key = (str(d.kind), str(d.reason), str(d.add), str(d.remove), str(d.disabled_plans), str(d.targets))
        if key not in decided:
            decided[key] = DecisionRow(*key[:5], _skus(d.targets)), change_of("", *key[2:5])
        row, change = decided[key]
        user_id = str(d.id)
        swaps = groups.of(user_id, str(d.via_groups)) if row.kind == "change" else ()
        standing = _standing(user_id, change, swaps, standings, groups, str(d.via_groups))
        before, after = scans.profile(int(str(d.before))), scans.after(str(d.id))
        leaving = plan.sources if plan.asks_gates or row.kind != "change" else change.remove
        if swaps:
            leaving = (*dict.fromkeys((*leaving, *(s for swap in swaps for s in swap.change.remove))),)
        wanted = changed(before, change, swaps) if standing.state == "applied" else before
        author = _author(user_id, wanted, after, frozenset((*leaving, *row.targets)), others)
        case = Case(row, before, after, _plain(standing), leaving, agree, author, swaps)
        if case not in judged:
            judged[case] = judge(case)
        has = effective(after or NO_LICENSES, details.get(user_id))
        users.append(
            User(
                id=user_id,
                name=scans.name(user_id),
                row=row,
                rule=str(d.rule),
                wave=str(d.wave),
                detail=str(d.detail),
                change=replace(change, user_id=UserId(user_id)),
                before=before,
                after=after,
                has=has,
                standing=standing,
                judgement=judged[case],
                services=UNCHANGED if after is None else services.between(effective(before, None), has),
                author=author,
                swaps=swaps,
                own=standings.get(user_id, NOT_SENT),
            )
        )
    return users


def _standing(
    user_id: str,
    change: AssignLicense,
    swaps: Sequence[Swap],
    standings: Mapping[str, Standing],
    groups: GroupSwaps,
    via: str,
) -> Standing:
    """Return where the journal leaves a user: by their own request, and by those of the groups that they are in."""
    own = standings.get(user_id, NOT_SENT)
    if not swaps:
        return own
    full = [
        replace(swap, standing=groups.standings.get(g, NOT_SENT)) for swap, g in zip(swaps, split(via), strict=True)
    ]
    return standing_of(full, own if change.remove or user_id in standings else None)


def _author(
    user_id: str,
    wanted: LicenseProfile,
    after: LicenseProfile | None,
    skus: frozenset[SkuId],
    others: ChangesByOtherRuns,
) -> Message:
    """Return the other run that explains why a user is not as `wanted`: as our change left it, or as it was."""
    if after is None or user_id not in others.changes:
        return NOBODY
    return others.author(user_id, wanted, after, skus)


def _skus(text: object) -> tuple[SkuId, ...]:
    return tuple(SkuId(s) for s in split(str(text)))


def _plain(standing: Standing) -> Standing:
    """Drop what differs per user and decides nothing, so that equal cases are one."""
    return Standing(standing.state, standing.reason, sent=min(standing.sent, 1))


def movements(
    scans: BothScans, users: Sequence[User], skus: Sequence[SkuId], others: ChangesByOtherRuns
) -> dict[SkuId, Movement]:
    """Count per SKU which changes of holders our journal explains; every other difference is foreign.

    A license that Graph accepted and then put into Error takes no seat, so it is no gain.
    """
    ours = {u.id: u for u in users if u.ours or u.swaps}
    moved = {sku: Movement() for sku in skus}
    for user_id in scans.ids():
        before, after = scans.before(user_id), scans.after(user_id) or NO_LICENSES
        user = ours.get(user_id)
        if before == after and user is None:
            continue
        adds, removes = user.booked if user is not None else (frozenset(), frozenset())
        for sku in skus:
            was, now = sku in before.seated, sku in after.seated
            failed = sku in after.skus and not now
            gain = not (was or failed) and sku in adds
            loss = was and sku in removes
            if user is not None and user.swaps:  # the background has done what a read shows, and nothing else
                gain, loss = gain and now, loss and not now
            step = _post(moved[sku], was=was, now=now, gain=gain, loss=loss)
            if step:
                author = others.author_of_step(user_id, sku, step, scans.after(user_id))
                moved[sku].other_runs += step if author else 0
                moved[sku].foreign_users.append((user_id, scans.name(user_id), step, author))
    return moved


def _post(movement: Movement, *, was: bool, now: bool, gain: bool, loss: bool) -> int:
    """Book our change first, then what others made of it; returns the latter."""
    holds = was
    if gain:
        movement.gained += 1
        holds = True
    if loss:
        movement.lost += 1
        holds = False
    step = int(now) - int(holds)
    movement.foreign += step
    return step


def holders(snapshot: TenantSnapshot, sku: SkuId) -> int:
    """Count the distinct users in a scan who take a seat of a SKU."""
    counts = snapshot.users["profile"].value_counts()
    return int(sum(n for number, n in counts.items() if sku in snapshot.profiles[int(str(number))].seated))


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


def content(snapshot: TenantSnapshot) -> tuple[object, ...]:
    """Return who holds what, in a form in which two scans can be compared."""
    users = snapshot.users
    pairs = list(zip(users["id"], users["profile"], strict=True))
    groups = tuple((g.id, g.licenses) for g in snapshot.groups)
    return (pairs, snapshot.profiles, groups, snapshot.deleted_users, snapshot.not_found)


def counts_fit(plan: Plan, before: TenantSnapshot, after: TenantSnapshot) -> bool:
    """Whether `consumedUnits` moved as the scans' own holders did, and no count of a source lags behind zero."""
    for sku_id in (*plan.sources, *plan.targets):
        was, now = before.sku(sku_id), after.sku(sku_id)
        held = holders(after, sku_id)
        offset = (was.consumed - holders(before, sku_id)) if was else 0
        consumed = now.consumed if now else 0
        lagging = sku_id in plan.sources and held == 0 and consumed != 0
        if now is None and held == 0:
            continue  # a subscription that is over takes its product and all of its counts with it
        if consumed - held != offset or lagging:
            return False
    return True
