"""Group licensing as Entra does it: accepted at once, carried out later, member by member, all of a group or none."""

from __future__ import annotations

from collections.abc import Iterable

from connectors.sandbox.licensing.rules import Change, check_product, find_violation
from connectors.sandbox.refusal import Refusal, bad_request, forbidden
from connectors.sandbox.tenant.model import Assignment, Group, Processing, User, WriteRecord
from connectors.sandbox.tenant.state import TenantState

GROUP_LICENSING = "0000000c-0000-4000-8000-00000000c0de"
"""The app id of the background process in the write log and in audit records."""


def change_group(tenant: TenantState, group: Group, change: Change, now: float) -> None:
    """Take a license change of a group: the group shows it at once, its members follow in the background.

    Whether a group that roles can be assigned to takes one is not documented: the tenant's knob decides.
    """
    if group.roles and tenant.knobs.role_groups_forbidden:
        raise forbidden()
    if not group.security:
        raise bad_request("Licenses can be assigned to security-enabled groups only.")
    for sku, off in change.add:
        check_product(tenant, sku, off)
    for sku in change.remove:
        if sku not in group.licenses:
            raise bad_request("Group does not have a corresponding license.")
    for sku in change.remove:
        del group.licenses[sku]
    group.licenses.update(dict(change.add))
    _queue(group, list(group.members), now)


def _queue(group: Group, members: list[str], now: float) -> None:
    group.processing = Processing(now, members, stuck=group.stuck)
    group.processed = True


def free(tenant: TenantState, group: Group, now: float) -> None:
    """Let the background work of a stuck group go on from where it stands."""
    group.stuck = False
    if group.processing is not None:
        done_for = group.processing.done / tenant.knobs.group_members_per_second
        group.processing.queued_at = now - tenant.knobs.group_queue_seconds - done_for
        group.processing.stuck = False


def advance(tenant: TenantState, now: float) -> None:
    """Carry the background work of every group as far as it is by now."""
    for group in tenant.groups.values():
        work_through(tenant, group, now)
        while group.pending and group.pending[0][0] <= now:
            user = tenant.user(group.pending.pop(0)[1])
            if user is not None:
                _apply(tenant, group, user, now)


def work_through(tenant: TenantState, group: Group, now: float, *, half: bool = False) -> bool:
    """Carry the work of one group as far as it is, or to its half at most; True when it has come so far.

    Who has left meanwhile is passed over: licensing learns of that by itself.
    """
    work = group.processing
    if work is None or work.stuck:
        return False
    began = work.queued_at + tenant.knobs.group_queue_seconds
    if now < began:
        return False
    aim = (len(work.members) + 1) // 2 if half else len(work.members)
    due = max(work.done, min(aim, int((now - began) * tenant.knobs.group_members_per_second)))
    for member in work.members[work.done : due]:
        user = tenant.user(member)
        if user is not None and user.id in group.members:
            _apply(tenant, group, user, now)
    work.done = due
    if due == len(work.members):
        group.processing = None
    return due >= aim


def _apply(tenant: TenantState, group: Group, user: User, now: float) -> tuple[str, str] | None:
    """Give one user what the group carries for it now; returns the violation when that is not possible."""
    before, inside = user.profile, user.id in group.members
    others = tuple(a for a in before.assignments if a.group != group.id)
    old = tuple(a for a in before.assignments if a.group == group.id)
    wanted = tuple(Assignment(sku, off, group.id) for sku, off in group.licenses.items()) if inside else ()
    after: tuple[Assignment, ...] = (*others, *wanted)
    told = _told(tenant, user, old, wanted)
    violation = told or _violation(tenant, user, after)
    if violation and not told and violation[0] == "DependencyViolation" and tenant.knobs.group_removal == "convert":
        after = (*after, *_converted(others, old, wanted))
        violation = _violation(tenant, user, after)
    if not inside and tenant.knobs.group_leave == "keep":
        after = (*others, *_failed(old, (), "DependencyViolation"))
    elif violation:
        after = (*others, *_failed(() if _loses(tenant, user, wanted) else old, wanted, violation[0]))
    tenant.set_assignments(user, after, now)
    if user.profile is not before:
        gained = tuple((a.sku, a.off) for a in wanted if a not in old)
        lost = tuple(a.sku for a in old if a.sku not in {b.sku for b in wanted})
        text = violation[1] if violation else ""
        tenant.write_log.append(
            WriteRecord(now, GROUP_LICENSING, "member", user.id, gained, lost, 200, text, before, user.profile)
        )
    return violation


def orphan(tenant: TenantState, group: Group, user: User, now: float) -> None:
    """Leave on a user what a group gave that is gone: as direct licenses, or in error."""
    before = user.profile
    others = tuple(a for a in before.assignments if a.group != group.id)
    old = tuple(a for a in before.assignments if a.group == group.id)
    convert = tenant.knobs.group_removal == "convert"
    left = _converted(others, old, ()) if convert else _failed(old, (), "Other")
    tenant.set_assignments(user, (*others, *left), now)
    lost = tuple(a.sku for a in old)
    tenant.write_log.append(
        WriteRecord(now, GROUP_LICENSING, "member", user.id, (), lost, 200, "", before, user.profile)
    )


SENTENCES = {
    "CountViolation": "Subscription with SKU {} does not have any available licenses.",
    "MutuallyExclusiveViolation": "License assignment failed because service plans {0}, {0} are mutually exclusive.",
    "DependencyViolation": "License assignment failed because service plan {0} depends on the service plan(s) {0}",
    "ProhibitedInUsageLocationViolation": "Service plan {} is not allowed in the user's usage location.",
    "UniquenessViolation": "Another object with the same value for property proxyAddresses already exists.",
}


def _told(
    tenant: TenantState, user: User, old: tuple[Assignment, ...], wanted: tuple[Assignment, ...]
) -> tuple[str, str] | None:
    """The error that the tenant was told for this user and a license that is new to it."""
    had = {a.sku for a in old if a.holds}
    for a in wanted:
        if a.sku not in had and (user.id, a.sku) in tenant.on_group:
            error = tenant.on_group[user.id, a.sku][0]
            return error, SENTENCES.get(error, "License assignment failed.").format(a.sku)
    return None


def _loses(tenant: TenantState, user: User, wanted: tuple[Assignment, ...]) -> bool:
    """Whether a failure leaves the user without what the group gave before."""
    told = any(tenant.on_group.get((user.id, a.sku), ("", False))[1] for a in wanted)
    return told or tenant.knobs.group_failure == "lose"


def _violation(tenant: TenantState, user: User, after: tuple[Assignment, ...]) -> tuple[str, str] | None:
    """Why the member cannot have all of it, as (kind, sentence). A missing location falls back on the tenant's."""
    for a in after:
        if a.holds and a.sku not in user.profile.held and tenant.free_seats(tenant.skus[a.sku]) < 1:
            return "CountViolation", f"Subscription with SKU {a.sku} does not have any available licenses."
    return find_violation(tenant, user.profile.assignments, after, user.location or tenant.organization.location)


def _converted(
    others: tuple[Assignment, ...], old: tuple[Assignment, ...], wanted: tuple[Assignment, ...]
) -> Iterable[Assignment]:
    """What a group takes away, as direct licenses.

    Where another license of the member depends on what the group withdraws, Microsoft describes two outcomes: the
    license becomes a direct one, or it stays in error. The tenant's `group_removal` (`convert`, `error`) chooses.
    """
    spared = {a.sku for a in wanted} | {a.sku for a in others if not a.group}
    return (Assignment(a.sku, a.off) for a in old if a.holds and a.sku not in spared)


def _failed(old: tuple[Assignment, ...], wanted: tuple[Assignment, ...], error: str) -> Iterable[Assignment]:
    """What a group leaves on a member whom it could not serve: nothing new, and what was there stays, in error."""
    kept, had = {a.sku for a in wanted}, {a.sku for a in old}
    for a in old:
        if not a.holds:
            yield a._replace(error=error)
        elif a.sku in kept:
            yield a
        else:
            yield a._replace(state="ActiveWithError", error=error)
    for a in wanted:
        if a.sku not in had:
            yield a._replace(state="Error", error=error)


def reprocess(tenant: TenantState, user: User, now: float) -> None:
    """Run all group licenses of one user again; Refusal with the true reason when one of them still fails."""
    for group in tenant.groups.values():
        held_from = any(a.group == group.id for a in user.profile.assignments)
        if user.id in group.members and group.licenses:
            violation = _apply(tenant, group, user, now)
            if violation:
                raise Refusal(400, "Request_BadRequest", violation[1])
        elif held_from:
            rest = [a for a in user.profile.assignments if a.group != group.id]
            tenant.set_assignments(user, rest, now)


def members_in_error(tenant: TenantState, group: Group) -> list[User]:
    """Users on whom a license of this group is in error; some may have left the group since."""
    return [
        user
        for user in tenant.living()
        if any(a.group == group.id and a.error != "None" for a in user.profile.assignments)
    ]


def transitive_members(tenant: TenantState, group: Group) -> tuple[list[str], list[str]]:
    """(user ids, group ids) of everybody inside, each once, however deep and even if the nesting goes round."""
    users: dict[str, None] = {}
    seen = {group.id: None}
    todo = [group]
    while todo:
        one = todo.pop()
        users.update(dict.fromkeys(one.members))
        for nested in one.nested:
            if nested not in seen and nested in tenant.groups:
                seen[nested] = None
                todo.append(tenant.groups[nested])
    return list(users), [key for key in seen if key != group.id]
