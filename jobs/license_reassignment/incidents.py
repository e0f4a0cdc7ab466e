"""What an auditor must see first: bare users, lost services, changes beyond the plan, changes by others. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.catalog import Catalog
from connectors.tenant import LicenseAssignment, LicenseProfile, SkuId, TenantSnapshot
from jobs.license_reassignment.comparison import Movement, User, changed_addresses, changed_locations
from jobs.license_reassignment.coverage import Holding, data_at_risk
from jobs.license_reassignment.outcome import LICENSES, LOCATIONS, Entry
from jobs.license_reassignment.plan import Plan
from jobs.license_reassignment.reconciliation import Incident

MAILBOX_DAYS = 30
"""Microsoft documents so many days in which an unlicensed mailbox can be connected again."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the incidents are found in.

    `located` are usage locations that we set, by user id; `proven` are users whom an earlier verification found moved.
    """

    plan: Plan
    users: Sequence[User]
    moved: Mapping[SkuId, Movement]
    before: TenantSnapshot
    after: TenantSnapshot
    journal: Sequence[Entry]
    located: Mapping[str, str]
    proven: frozenset[str]


def all_incidents(seen: Seen, catalog: Catalog) -> tuple[Incident, ...]:
    """Collect every incident; those that are harm of ours come first."""
    plan, users, before, after = seen.plan, seen.users, seen.before, seen.after
    found = [
        *_beyond_plan(plan, seen.journal),
        *_bare(plan, users, seen.proven),
        *_lost(plan, users, before, after, catalog),
        *_other_licenses(plan, users, after),
        *_foreign(seen.moved, before, after, {u.id for u in users if u.judgement.outcome == "drifted"}),
        *_addresses(before, after),
        *_locations(before, after, seen.located),
    ]
    return tuple(sorted(found, key=lambda i: not i.harm))


def _beyond_plan(plan: Plan, journal: Sequence[Entry]) -> list[Incident]:
    """Every intent must be a decision of the plan, to the letter."""
    changes = plan.decisions[plan.decisions["kind"] == "change"]
    planned: dict[tuple[str, str], object] = {}
    for d in changes.itertuples(index=False):
        planned[LICENSES, str(d.id)] = _words(str(d.add), str(d.remove), str(d.disabled_plans))
        planned[LOCATIONS, str(d.id)] = str(d.usage_location)
    found = []
    for entry in journal:
        for item in entry.body["items"] if entry.kind == "intent" else ():
            sent = _sent(item) if entry.writes == LICENSES else item["usage_location"] or None
            if planned.get((entry.writes, item["id"])) != sent:
                found.append(
                    Incident("beyond_plan", item["id"], "a request was sent that the plan does not hold", harm=True)
                )
    return found


def _words(add: str, remove: str, disabled: str) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    return (
        frozenset(filter(None, add.split("+"))),
        frozenset(filter(None, remove.split("+"))),
        frozenset(filter(None, disabled.split(";"))),
    )


def _sent(item: Mapping[str, Any]) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    return (
        frozenset(a["skuId"] for a in item["add"]),
        frozenset(item["remove"]),
        frozenset(f"{a['skuId']}:{'+'.join(a['disabledPlans'])}" for a in item["add"] if a["disabledPlans"]),
    )


def is_bare(user: User, sources: Sequence[SkuId]) -> bool:
    """Whether the user held a source, still exists, and now holds neither a source nor any of the targets."""
    if user.after is None:
        return False
    had = any(s in user.before.skus for s in sources)
    # An assignment in error gives no license: Graph lists it, and the user has nothing of it.
    has = {a.sku_id for a in user.after.assignments if a.state.casefold() not in {"error", "disabled"}}
    return had and has.isdisjoint((*sources, *user.row.targets))


def _bare(plan: Plan, users: Sequence[User], proven: frozenset[str]) -> list[Incident]:
    """Users with neither product.

    Harm of ours where our write may have done it: not when an earlier look found the move whole, nor when Graph itself
    took the target and put it into error.
    """
    found = []
    for u in users:
        if not is_bare(u, plan.sources):
            continue
        in_error = u.after is not None and not u.after.skus.isdisjoint(u.row.targets)
        why = "holds the target in error only and no source" if in_error else "holds neither the source nor a target"
        if u.id in proven:
            why += ", and was found moved before: somebody else took the license since"
        harm = u.standing.state in {"applied", "in_doubt"} and u.id not in proven and not in_error
        found.append(Incident("bare_user", u.name, f"{why}; {_kept_until(u)}", harm=harm))
    return found


def _kept_until(user: User) -> str:
    """Say until when the mailbox is kept: 30 days from the removal, of which only our own has a date here."""
    if not user.standing.sent:
        return "mailbox data is kept for 30 days; no request of ours was sent for this user"
    last = datetime.fromisoformat(user.standing.at) + timedelta(days=MAILBOX_DAYS)
    return f"mailbox data is kept for {MAILBOX_DAYS} days: until {last.date()} if our change took the license"


def _lost(
    plan: Plan, users: Sequence[User], before: TenantSnapshot, after: TenantSnapshot, catalog: Catalog
) -> list[Incident]:
    """Data services that users whom we moved have lost.

    By our own change it is harm. Else somebody took them since, or the target came with an error: told, and no GO.
    """
    accepted = plan.header["frozen"].get("plans", {}).get("lost_services") == "accept"
    acknowledged = set(plan.header.get("acknowledged", ()))
    losses = _Losses(before, after, catalog)
    found = []
    for user in users:
        if not user.ours or accepted or user.id in acknowledged:
            continue
        ours = losses.between(user.before, changed(user.before, user))
        theirs = "" if ours or user.after is None else losses.between(user.before, user.after)
        if ours or (theirs and not is_bare(user, plan.sources)):
            found.append(
                Incident("lost_service", user.name, ours or f"{theirs}; our change did not ask for it", harm=bool(ours))
            )
    return found


class _Losses:
    """Says what a change of profile takes away; equal changes are looked at once."""

    def __init__(self, before: TenantSnapshot, after: TenantSnapshot, catalog: Catalog) -> None:
        self._skus = {s.sku_id: s for s in (*after.skus, *before.skus)}
        self._families = catalog.families
        self._known: dict[tuple[LicenseProfile, LicenseProfile], str] = {}

    def between(self, was: LicenseProfile, now: LicenseProfile) -> str:
        """Return the lost or lowered services as sentences, "" for none."""
        pair = (was, now)
        if pair not in self._known:
            sides = [Holding.of(((self._skus.get(a.sku_id), a) for a in p.assignments), self._families) for p in pair]
            self._known[pair] = "; ".join(loss.sentence for loss in data_at_risk(*sides))
        return self._known[pair]


def changed(profile: LicenseProfile, user: User) -> LicenseProfile:
    """Return the profile with the user's own planned change made, and nothing else."""
    kept = [a for a in profile.assignments if not (a.direct and a.sku_id in user.change.remove)]
    return LicenseProfile.of([*kept, *(LicenseAssignment(a.sku_id, "", a.disabled_plans) for a in user.change.add)])


def _other_licenses(plan: Plan, users: Sequence[User], after: TenantSnapshot) -> list[Incident]:
    """Licenses that the plan is not about must be the same before and after; our requests never name them."""
    part = {s.sku_id: s.part_number for s in after.skus}
    known: dict[tuple[LicenseProfile, LicenseProfile, frozenset[SkuId]], str] = {}
    found = []
    for user in users:
        if user.after is None or user.after == user.before:
            continue
        ours = frozenset({*plan.sources, *plan.targets, *(a.sku_id for a in user.change.add), *user.change.remove})
        key = (user.before, user.after, ours)
        if key not in known:
            known[key] = _difference(*key, part)
        if known[key]:
            found.append(Incident("other_license_changed", user.name, f"{known[key]}, not by us"))
    return found


def _difference(
    before: LicenseProfile, after: LicenseProfile, ours: frozenset[SkuId], part: Mapping[SkuId, str]
) -> str:
    def plain(profile: LicenseProfile) -> set[tuple[SkuId, str, tuple[str, ...]]]:
        return {(a.sku_id, a.group_id, a.disabled_plans) for a in profile.assignments if a.sku_id not in ours}

    was, now = plain(before), plain(after)
    gone = sorted({part.get(s, s) for s, _, _ in was - now} - {part.get(s, s) for s, _, _ in now - was})
    came = sorted({part.get(s, s) for s, _, _ in now - was} - {part.get(s, s) for s, _, _ in was - now})
    both = sorted({part.get(s, s) for s, _, _ in was - now} & {part.get(s, s) for s, _, _ in now - was})
    words = [
        f"{w} {'+'.join(names)}" for w, names in (("lost", gone), ("got", came), ("plans changed in", both)) if names
    ]
    return ", ".join(words)


def _foreign(
    moved: Mapping[SkuId, Movement], before: TenantSnapshot, after: TenantSnapshot, drifted: set[str]
) -> list[Incident]:
    found = []
    for sku_id, movement in moved.items():
        sku = after.sku(sku_id) or before.sku(sku_id)
        for user_id, name, step in movement.foreign_users:
            word = "got" if step > 0 else "lost"
            note = " (drifted)" if user_id in drifted else ""
            found.append(
                Incident("foreign_change", name, f"{word} {sku.part_number if sku else sku_id}, not by us{note}")
            )
    return found


def _addresses(before: TenantSnapshot, after: TenantSnapshot) -> list[Incident]:
    return [
        Incident("address_changed", name, f"mail {was or 'none'} → {now or 'none'}; proxy addresses compared too")
        for name, was, now in changed_addresses(before, after)[["user_principal_name", "mail", "mail_after"]]
        .astype(str)
        .to_numpy()
        .tolist()
    ]


def _locations(before: TenantSnapshot, after: TenantSnapshot, located: Mapping[str, str]) -> list[Incident]:
    return [
        Incident("usage_location_changed", name, f"usage location {was or 'none'} → {now or 'none'}, not by us")
        for name, was, now in changed_locations(before, after, located)
        .loc[:, ["user_principal_name", "usage_location", "usage_location_after"]]
        .astype(str)
        .to_numpy()
        .tolist()
    ]
