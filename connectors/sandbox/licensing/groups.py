"""Group licensing as Entra does it: accepted at once, carried out later, member by member, all of a group or none."""

from __future__ import annotations

from collections.abc import Iterable

from connectors.sandbox.licensing.rules import Change, check_product, find_violation
from connectors.sandbox.refusal import Refusal, bad_request
from connectors.sandbox.tenant.model import Assignment, Group, Processing, User, WriteRecord
from connectors.sandbox.tenant.state import TenantState

GROUP_LICENSING = "0000000c-0000-4000-8000-00000000c0de"
"""The app id of the background process in the write log and in audit records."""


def change_group(tenant: TenantState, group: Group, change: Change, now: float) -> None:
    """Take a license change of a group: the group shows it at once, its members follow in the background."""
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


def advance(tenant: TenantState, now: float) -> None:
    """Carry the background work of every group as far as it is by now."""
    for group in tenant.groups.values():
        work = group.processing
        if work is None or work.stuck:
            continue
        began = work.queued_at + tenant.knobs.group_queue_seconds
        if now < began:
            continue
        due = min(len(work.members), int((now - began) * tenant.knobs.group_members_per_second))
        for member in work.members[work.done : due]:
            user = tenant.user(member)
            if user is not None:
                _apply(tenant, group, user, now)
        work.done = due
        if due == len(work.members):
            group.processing = None


def _apply(tenant: TenantState, group: Group, user: User, now: float) -> tuple[str, str] | None:
    """Give one member what its group carries now; returns the violation when that is not possible."""
    before = user.profile
    others = tuple(a for a in before.assignments if a.group != group.id)
    old = tuple(a for a in before.assignments if a.group == group.id)
    wanted = tuple(Assignment(sku, off, group.id) for sku, off in group.licenses.items())
    after: tuple[Assignment, ...] = (*others, *wanted)
    violation = _violation(tenant, user, after)
    if violation and violation[0] == "DependencyViolation" and tenant.knobs.group_removal == "convert":
        after = (*after, *_converted(others, old, wanted))
        violation = _violation(tenant, user, after)
    if violation:
        after = (*others, *_failed(old, wanted, violation[0]))
    tenant.set_assignments(user, after, now)
    if user.profile is not before:
        gained = tuple((a.sku, a.off) for a in wanted if a not in old)
        lost = tuple(a.sku for a in old if a.sku not in group.licenses)
        text = violation[1] if violation else ""
        tenant.write_log.append(
            WriteRecord(now, GROUP_LICENSING, "member", user.id, gained, lost, 200, text, before, user.profile)
        )
    return violation


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
