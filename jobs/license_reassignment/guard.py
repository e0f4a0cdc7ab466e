"""May this plan begin? Limits, tenant, age, later runs, product definitions and seats, before the first write. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence, Set
from datetime import datetime, timedelta

from connectors.message import Message
from connectors.tenant import CompanySubscription, Organization, SkuId, SubscribedSku
from jobs.license_reassignment.decide.seats import seat_rows
from jobs.license_reassignment.errors import GuardRefused, NotReady
from jobs.license_reassignment.gather.readiness import DEFAULTS, target_problem
from jobs.license_reassignment.model.other_runs import OtherRun, OtherRuns
from jobs.license_reassignment.model.plan import Plan, plan_list_sha256
from jobs.license_reassignment.model.policy import Limits


def over_limits(plan: Plan, limits: Limits) -> list[Message]:
    """Return a sentence for each limit that the plan exceeds; `plan` tells them, `apply` refuses."""
    changes, scope = plan.header.totals.changes, plan.header.limit_base
    found = []
    if changes > limits.users_changed_max:
        found.append(
            Message(
                "Limit exceeded: the plan changes {n} user, and [limits] users_changed_max is {most}. Raise "
                "it if that is intended; until then `apply` refuses.",
                "Limit exceeded: the plan changes {n} users, and [limits] users_changed_max is {most}. Raise "
                "it if that is intended; until then `apply` refuses.",
                n=changes,
                most=limits.users_changed_max,
            )
        )
    percent, most = 100 * changes / scope if scope else 0.0, float(limits.users_changed_percent_max)
    if percent > most:
        found.append(
            Message(
                "Limit exceeded: the plan changes {percent} % of the users in scope who have the old product,"
                " and [limits] users_changed_percent_max is {most}. Raise it if that is intended; until then "
                "`apply` refuses.",
                percent=round(percent, 1),
                most=int(most) if most.is_integer() else most,
            )
        )
    return found


def limits_needed(plan: Plan, limits: Limits) -> dict[str, int]:
    """Return for each limit that the plan exceeds, by its key, the least value that lets it pass."""
    changes, scope = plan.header.totals.changes, plan.header.limit_base
    percent = 100 * changes / scope if scope else 0.0
    found = {}
    if changes > limits.users_changed_max:
        found["users_changed_max"] = changes
    if percent > limits.users_changed_percent_max:
        found["users_changed_percent_max"] = math.ceil(percent)
    return found


def check_limits(plan: Plan, limits: Limits) -> None:
    """Raise GuardRefused when the plan exceeds a limit."""
    found = over_limits(plan, limits)
    if found:
        raise GuardRefused(" ".join(found))


def check_swaps(plan: Plan) -> None:
    """Raise GuardRefused when the plan names groups to swap, and the tenant may be on allotments."""
    if hindered := plan.header.swaps_hindered:
        names = ", ".join(g.name for g in hindered)
        raise GuardRefused(
            f"Plan {plan.plan_id} names groups under [groups] swap ({names}), and when it was made the tenant looked "
            "like one on allotments (Microsoft Cloud Licensing), where the change of a group may take second seats. "
            "Nothing was sent. Take the groups out of [groups] swap and make a new plan, which changes users alone."
        )


def check_tenant(plan: Plan, named: str, organization: Organization | None = None) -> None:
    """Raise GuardRefused unless the name on the command line, and the tenant that answers, are the plan's."""
    if not plan.header.is_tenant(named):
        tenant = plan.header.tenant
        given = f"--tenant {named} is not" if named.strip() else "--tenant is empty, and has to name"
        raise GuardRefused(
            f"{given} the tenant of plan {plan.plan_id}: that is {tenant.name} ({tenant.id}, "
            f"{', '.join(tenant.verified_domains)}). Nothing was sent."
        )
    if organization is not None and organization.id.lower() != plan.tenant_id:
        raise GuardRefused(
            f"Signed in to {organization.display_name} ({organization.id}), but plan {plan.plan_id} is for tenant "
            f"{plan.tenant_id}. Nothing was sent."
        )


def check_pin(plan: Plan, pinned: str) -> None:
    """Raise GuardRefused unless the settings pin the plan's tenant: a sign-in may lead to another one unasked."""
    if pinned.lower() != plan.tenant_id:
        raise GuardRefused(
            f"[tenant] id pins {pinned}, but plan {plan.plan_id} is for tenant {plan.tenant_id}. Nothing was sent. "
            "Name the settings file of that tenant with -c, or a plan of the pinned one."
        )


def check_age(plan: Plan, limits: Limits, now: datetime) -> None:
    """Raise GuardRefused when the snapshot is too old for the first write."""
    age = now - plan.header.snapshot_ended
    if age > timedelta(minutes=limits.snapshot_age_minutes_max):
        raise GuardRefused(
            f"The snapshot of plan {plan.plan_id} is {age.total_seconds() / 60:.0f} minutes old, more than [limits] "
            f"snapshot_age_minutes_max = {limits.snapshot_age_minutes_max}. Make a new plan; nothing was sent."
        )


def overtaken(plan: Plan, users: Iterable[str], others: OtherRuns) -> list[str]:
    """Return a clause for each run that has overtaken the plan for one of these users, or as a whole; [] for none.

    A run on a later snapshot has, for every user of its intents; an undo of the plan has for all, once it has begun;
    and so has a run folder that cannot be read.
    """
    wanted = frozenset(users)
    if not wanted:
        return []
    found = [f"{u.folder} cannot be read ({u.why})" for u in others.unreadable]
    for other in others.runs:
        if other.undo_of == plan.plan_id and other.begun:
            found.append(f"plan {other.plan_id} undoes it, or has undone it")
        elif hit := _later_intents(other, plan.header.snapshot_ended, wanted):
            users_told = _users_told(hit & frozenset(u for line in other.lines for u in line.user_ids))
            found.append(f"plan {other.plan_id}, made later, has written to {users_told} since")
    return found


def _users_told(users: Set[str]) -> str:
    """Say how many users it is; none where it is a group without members."""
    if not users:
        return "one of its groups"
    return "one of its users" if len(users) == 1 else f"{len(users)} of its users"


def _later_intents(other: OtherRun, moment: datetime, wanted: Set[str]) -> Set[str]:
    """Return whom and which groups a run on a snapshot as late or later has written to since this plan's snapshot."""
    if other.snapshot_ended < moment:
        return frozenset()
    tie = other.snapshot_ended == moment
    intents = [n for n in other.lines if n.kind == "intent" and (not tie or datetime.fromisoformat(n.at) > moment)]
    return wanted & frozenset(u for n in intents for u in (*n.user_ids, *n.group_ids))


def check_products(
    plan: Plan,
    skus: Iterable[SubscribedSku],
    subscriptions: Sequence[CompanySubscription],
    limits: Limits = DEFAULTS,
) -> None:
    """Raise NotReady when a target cannot take users now, GuardRefused when its plan list changed since."""
    by_id = {s.sku_id: s for s in skus}
    for target in plan.header.targets:
        sku = by_id.get(target.sku_id)
        absent = f"{target.sku_part_number}: not in the tenant"
        problem = target_problem(sku, target.sku_id, subscriptions, limits) if sku else absent
        if problem or sku is None:
            raise NotReady(
                f"{problem}. Nothing was sent; try again later, `reseat check --wait` looks until it is there."
            )
        if plan_list_sha256(sku) != target.plans_sha256:
            raise GuardRefused(
                f"{sku.part_number} has other service plans than when plan {plan.plan_id} was made (Microsoft changes "
                "products). Make a new plan; nothing was sent."
            )


def check_seats(
    skus: Sequence[SubscribedSku],
    subscriptions: Sequence[CompanySubscription],
    needed: Counter[SkuId],
    limits: Limits,
) -> dict[SkuId, int]:
    """Return the free seats per needed SKU; raise GuardRefused when there are fewer than the changes still to send."""
    by_id = {s.sku_id: s for s in skus}
    free: dict[SkuId, int] = {}
    for row in seat_rows((by_id[sku_id] for sku_id in sorted(needed)), subscriptions, limits):
        wanted = needed[row.sku_id]
        free[row.sku_id] = row.free
        if row.free < wanted:
            raise GuardRefused(
                f"{row.part_number}: {wanted} seats are needed and {row.free} are free (enabled {row.enabled}, "
                f"consumed {row.consumed}, reserve {row.reserve}, not counted {row.not_counted}). Nothing was sent. "
                f"Buy {wanted - row.free} more, or make a new plan, which holds exactly the users that do not fit."
            )
    return free
