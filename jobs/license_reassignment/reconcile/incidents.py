"""What an auditor must see first: licenses and services lost, changes beyond the plan, changes by others. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, reduce
from typing import Any

from connectors.message import Message, joined
from connectors.tenant import LicenseProfile, SkuId, TenantSnapshot
from jobs.license_reassignment.model.other_runs import by_run
from jobs.license_reassignment.model.plan import Plan, split
from jobs.license_reassignment.model.standing import GROUPS, LICENSES, LOCATIONS, REPROCESSED, Entry
from jobs.license_reassignment.reconcile.findings import GroupResult, Incident
from jobs.license_reassignment.reconcile.groups.members import LEFT_GROUP
from jobs.license_reassignment.reconcile.scans import Movement, User, changed_addresses, changed_locations
from jobs.license_reassignment.reconcile.services import Services, effective
from jobs.license_reassignment.reconcile.whose_change import NOBODY, ChangesByOtherRuns

MAILBOX_DAYS = 30
"""Microsoft documents so many days in which an unlicensed mailbox can be connected again."""

NONE = Message("none")
NOT_BY_RESEAT = Message("not by reseat")
BEYOND_PLAN = Message("a request was sent that is not in the plan")


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two reads, plan and journal side by side, in which the incidents are found.

    `located` are usage locations that we set, by user id; `proven` are users whom an earlier verification found moved;
    `details_read` says whether the license details were asked for, as a verification of an earlier version did not.
    `groups` say where each group stands.
    """

    plan: Plan
    users: Sequence[User]
    moved: Mapping[SkuId, Movement]
    before: TenantSnapshot
    after: TenantSnapshot
    journal: Sequence[Entry]
    located: Mapping[str, str]
    proven: frozenset[str]
    services: Services
    others: ChangesByOtherRuns
    details_read: bool
    groups: tuple[GroupResult, ...] = ()


def all_incidents(compared: Comparison) -> tuple[Incident, ...]:
    """Collect every incident; those that are harm of ours come first."""
    plan, users, before, after = compared.plan, compared.users, compared.before, compared.after
    found = [
        *_beyond_plan(plan, compared.journal),
        *_unlicensed(compared),
        *_lost(compared),
        *_other_licenses(plan, users, after, compared.others),
        *_foreign(compared, {u.id for u in users if u.judgement.outcome == "drifted"}),
        *_addresses(before, after),
        *_locations(before, after, compared),
    ]
    return tuple(sorted(found, key=lambda i: not i.harm))


def _beyond_plan(plan: Plan, journal: Sequence[Entry]) -> list[Incident]:
    """Every intent must be a decision of the plan, to the letter."""
    changes = plan.decisions[plan.decisions["kind"] == "change"]
    planned: dict[tuple[str, str], object] = {}
    for d in changes.itertuples(index=False):
        planned[LICENSES, str(d.id)] = _words(str(d.add), str(d.remove), str(d.disabled_plans))
        planned[LOCATIONS, str(d.id)] = str(d.usage_location)
    for g in plan.groups[plan.groups["kind"] == "change"].itertuples(index=False):
        planned[GROUPS, str(g.id)] = _words(str(g.add), str(g.remove), str(g.disabled_plans))
    members = frozenset(changes.loc[changes["via_groups"] != "", "id"].astype(str))
    found = []
    for entry in journal:
        for item in entry.body["items"] if entry.kind == "intent" else ():
            sent = _sent(item) if entry.writes in {LICENSES, GROUPS} else item.get("usage_location") or None
            if entry.writes == REPROCESSED and item["id"] in members:
                continue
            if planned.get((entry.writes, item["id"])) != sent:
                found.append(Incident("beyond_plan", item["id"], BEYOND_PLAN, harm=True))
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


def named_targets(plan: Plan) -> frozenset[SkuId]:
    """Return every SKU that the plan names as a target, by a rule or by a row."""
    rows = {sku for cell in plan.decisions["targets"].astype(str).unique() for sku in split(cell)}
    return frozenset(plan.targets) | frozenset(map(SkuId, rows))


def is_unlicensed(user: User, sources: Sequence[SkuId], targets: frozenset[SkuId]) -> bool:
    """Whether the user had a source, still exists, and now has neither a source nor any target of the plan."""
    if user.after is None:
        return False
    had = any(s in effective(user.before, None).skus for s in sources)
    return had and user.has.skus.isdisjoint((*sources, *targets))


def _unlicensed(compared: Comparison) -> list[Incident]:
    """Users with neither product.

    Harm of ours where our write may have done it: not when an earlier look found the move whole, nor when another run
    or somebody else has written since. A target that Graph accepted and then put into error is our write's doing.
    """
    found, targets = [], named_targets(compared.plan)
    for u in compared.users:
        if not is_unlicensed(u, compared.plan.sources, targets):
            continue
        if u.broken:
            harm = _proven(compared, u) and not _given(u)
            found.append(Incident("bare_user", u.name, broken_words(compared, u), harm=harm))
            continue
        may_be_ours = u.standing.state in {"applied", "in_doubt", "processing"} and u.id not in compared.proven
        may_be_ours = may_be_ours and u.judgement.reason != LEFT_GROUP
        harm = may_be_ours and not (u.author or _given(u))
        found.append(Incident("bare_user", u.name, joined((_how_left(compared, u), *_kept_until(u))), harm=harm))
    return found


def _how_left(compared: Comparison, user: User) -> Message:
    if user.author:
        return Message("has neither the old nor a new product; removed by {run}", run=user.author)
    if user.id in compared.proven:
        return Message(
            "has neither the old nor a new product, although an earlier verification found the user moved: "
            "somebody else has removed the license since"
        )
    if user.judgement.reason == LEFT_GROUP:
        return Message("has neither the old nor a new product; left the group during the run")
    if _given(user):
        return Message("has neither the old nor a new product; somebody else has assigned a different product since")
    return Message("has neither the old nor a new product")


def left_without(by_run: Mapping[str, Sequence[str]]) -> list[Incident]:
    """Tell of everybody whom another run left without a license and who still has none: its harm, not this run's."""
    return [
        Incident(
            "bare_user",
            name,
            Message(
                "has no license at all; run {run} of reseat changed this user earlier, and the report of that"
                " run says how",
                run=run,
            ),
        )
        for run, names in by_run.items()
        for name in names
    ]


def _given(user: User) -> frozenset[SkuId]:
    """Return what the user has got that no request of ours names, so that somebody else was at work."""
    return user.has.skus - user.before.skus - user.adds


def _kept_until(user: User) -> tuple[Message, ...]:
    """Say until when the mailbox is kept: 30 days from the removal, of which only our own has a date here."""
    if user.judgement.reason == LEFT_GROUP:
        return (Message("mailbox data is kept for {days} days", days=MAILBOX_DAYS),)
    if not user.standing.sent:
        return (
            Message("mailbox data is kept for {days} days", days=MAILBOX_DAYS),
            Message("reseat sent no request for this user"),
        )
    last = datetime.fromisoformat(user.standing.at) + timedelta(days=MAILBOX_DAYS)
    return (
        Message(
            "mailbox data is kept for {days} days: until {day} if the change by reseat removed the license",
            days=MAILBOX_DAYS,
            day=str(last.date()),
        ),
    )


def _lost(compared: Comparison) -> list[Incident]:
    """Services that users whom we moved have lost.

    By our own change, or because Graph put the license that it had accepted into error, it is harm. Else somebody took
    them since: told, and no GO. An acceptance covers what the plan named as lost, and nothing else.
    """
    accepted = compared.plan.header.settings.accepts_lost_services
    acknowledged = set(compared.plan.header.acknowledged)
    targets = named_targets(compared.plan)
    found = []
    for user in compared.users:
        if not user.ours or user.after is None or is_unlicensed(user, compared.plan.sources, targets):
            continue
        of_group = bool(user.swaps) and compared.plan.header.settings.accepts_member_losses
        agreed = accepted or of_group or user.id in acknowledged
        ours = None if agreed else compared.services.at_risk(user.before, user.asked)
        if user.broken and _gone(compared, user):
            found.append(
                Incident("lost_service", user.name, broken_words(compared, user), harm=_proven(compared, user))
            )
        elif ours:
            found.append(Incident("lost_service", user.name, ours, harm=True))
        elif not agreed and (theirs := compared.services.at_risk(user.before, user.has)):
            by = _by(user.author) if user.author else Message("the plan did not ask for that")
            found.append(Incident("lost_service", user.name, joined((theirs, by))))
    return found


def _gone(compared: Comparison, user: User) -> Message:
    return compared.services.beyond(user.before, user.asked, user.has)


def _proven(compared: Comparison, user: User) -> bool:
    """Whether it was read what still works: a license in error that nobody looked into proves no harm."""
    return compared.details_read and all(a.sound for a in user.has.assignments)


def broken_words(compared: Comparison, user: User) -> Message:
    """Say of a change that Graph accepted and then reported in error what the user lost since when, and what to do."""
    unlicensed = is_unlicensed(user, compared.plan.sources, named_targets(compared.plan)) and not _given(user)
    gone = Message("no license left") if unlicensed else _gone(compared, user)
    return Message(
        "{lost}, since {at}: Graph accepted the change, and then the assignment had an error ({state}). "
        "Resolve the error in the admin center, or assign the old product there again; `reseat undo {plan}` "
        "gives it back to everyone whom the plan changed, these users first",
        lost=gone or Message("no service lost"),
        at=user.standing.at,
        state=user.judgement.reason.partition(":")[2].strip(),
        plan=compared.plan.plan_id,
    )


def _other_licenses(
    plan: Plan, users: Sequence[User], after: TenantSnapshot, others: ChangesByOtherRuns
) -> list[Incident]:
    """Licenses that the plan is not about must be the same before and after; our requests never name them."""
    part = {s.sku_id: s.part_number for s in after.skus}
    known: dict[tuple[LicenseProfile, LicenseProfile, frozenset[SkuId]], Message] = {}
    found = []
    for user in users:
        if user.after is None or user.after == user.before:
            continue
        ours = frozenset({*plan.sources, *plan.targets}) | user.adds | user.removes
        key = (user.before, user.after, ours)
        if key not in known:
            known[key] = _difference(*key, part)
        if known[key]:
            touched = (user.before.skus | user.after.skus) - ours
            by = others.author(user.id, user.before, user.after, touched)
            detail = Message("{changes}, {by}", changes=known[key], by=_by(by))
            found.append(Incident("other_license_changed", user.name, detail))
    return found


def _by(author: Message) -> Message:
    return by_run(author) if author else NOT_BY_RESEAT


def _difference(
    before: LicenseProfile, after: LicenseProfile, ours: frozenset[SkuId], part: Mapping[SkuId, str]
) -> Message:
    def plain(profile: LicenseProfile) -> set[tuple[SkuId, str, tuple[str, ...]]]:
        return {(a.sku_id, a.group_id, a.disabled_plans) for a in profile.assignments if a.sku_id not in ours}

    was, now = plain(before), plain(after)
    gone = sorted({part.get(s, s) for s, _, _ in was - now} - {part.get(s, s) for s, _, _ in now - was})
    came = sorted({part.get(s, s) for s, _, _ in now - was} - {part.get(s, s) for s, _, _ in was - now})
    both = sorted({part.get(s, s) for s, _, _ in was - now} & {part.get(s, s) for s, _, _ in now - was})
    changes = (
        (Message("lost {sku}", sku="+".join(gone)), gone),
        (Message("gained {sku}", sku="+".join(came)), came),
        (Message("services changed in {sku}", sku="+".join(both)), both),
    )
    told = [change for change, names in changes if names]
    return reduce(lambda one, other: Message("{one}, {other}", one=one, other=other), told) if told else Message("")


def _foreign(compared: Comparison, drifted: set[str]) -> list[Incident]:
    found, through = [], _through_groups(compared)
    say = cache(_foreign_change)
    for sku_id, movement in compared.moved.items():
        sku = compared.after.sku(sku_id) or compared.before.sku(sku_id)
        part = sku.part_number if sku else sku_id
        for user_id, name, step, author in movement.foreign_users:
            by = _by(author) if author else through.get((user_id, step), NOT_BY_RESEAT)
            found.append(Incident("foreign_change", name, say(part, step, by, user_id in drifted and not author)))
    return found


def _through_groups(compared: Comparison) -> dict[tuple[str, int], Message]:
    """Say of whoever came into a swapped group since the plan, or left one, why they have a license more or fewer."""
    names = {g.id: g.name for g in compared.groups if g.decision == "swap"}
    members: dict[str, set[str]] = {}
    found: dict[tuple[str, int], Message] = {}
    for user in compared.users:
        for swap in user.swaps:
            group_id = swap.change.group_id
            members.setdefault(group_id, set()).add(user.id)
            if swap.inside is False:
                found[user.id, -1] = Message("because the user left group {group}", group=names.get(group_id, group_id))
    for group in compared.after.groups:
        for user_id in (group.direct_members or frozenset()) - members.get(group.id, set()):
            if group.id in names:
                found[user_id, +1] = Message("because the user joined group {group}", group=group.display_name)
    return found


def _foreign_change(sku: str, step: int, by: Message, drifted: bool) -> Message:
    change = Message("gained {sku}", sku=sku) if step > 0 else Message("lost {sku}", sku=sku)
    if drifted:
        return Message("{change}, {by} (outcome: changed outside this run)", change=change, by=by)
    return Message("{change}, {by}", change=change, by=by)


def _addresses(before: TenantSnapshot, after: TenantSnapshot) -> list[Incident]:
    return [
        Incident(
            "address_changed",
            name,
            joined(
                (
                    Message("email address {was} → {now}", was=was or NONE, now=now or NONE),
                    Message("proxy addresses were compared too"),
                )
            ),
        )
        for name, was, now in changed_addresses(before, after)[["user_principal_name", "mail", "mail_after"]]
        .astype(str)
        .to_numpy()
        .tolist()
    ]


def _locations(before: TenantSnapshot, after: TenantSnapshot, compared: Comparison) -> list[Incident]:
    return [
        Incident(
            "usage_location_changed",
            name,
            Message(
                "usage location {was} → {now}, {by}",
                was=was or NONE,
                now=now or NONE,
                by=_by(compared.others.located.get(user_id, NOBODY)),
            ),
        )
        for user_id, name, was, now in changed_locations(before, after, compared.located)
        .loc[:, ["id", "user_principal_name", "usage_location", "usage_location_after"]]
        .astype(str)
        .to_numpy()
        .tolist()
    ]
