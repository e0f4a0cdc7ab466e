"""The things a tenant is made of: users, products, subscriptions, groups, and what was written to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

ASSIGNED_AT_DEFAULT = 1_682_899_200.0
"""2023-05-01T00:00:00Z: the date of every assignment that nobody has changed since the tenant was loaded."""

Json = dict[str, Any]


class Assignment(NamedTuple):
    """One license on one user: directly (`group` is "") or through a group.

    `off` holds the disabled plan ids, sorted. `state` and `error` take Microsoft Graph's values; success is "None".
    """

    sku: str
    off: tuple[str, ...] = ()
    group: str = ""
    state: str = "Active"
    error: str = "None"

    @property
    def holds(self) -> bool:
        """An assignment in state Error gives no license and takes no seat."""
        return self.state != "Error"


class Profile:
    """All assignments of a user, made once per distinct combination and shared by everybody who has it."""

    __slots__ = ("assigned_json", "assignments", "held", "states_json")

    def __init__(self, assignments: tuple[Assignment, ...]) -> None:
        self.assignments = assignments
        self.held = frozenset(a.sku for a in assignments if a.holds)
        self.assigned_json = orjson.Fragment(orjson.dumps(_assigned(assignments)))
        self.states_json = orjson.Fragment(orjson.dumps(states(assignments, None)))

    def direct(self, sku: str) -> Assignment | None:
        """The direct assignment of a product, if there is one."""
        return next((a for a in self.assignments if a.sku == sku and not a.group), None)

    def inherited(self, sku: str) -> bool:
        """True when at least one group gives the product, successfully or not."""
        return any(a.sku == sku and a.group for a in self.assignments)

    def plans_on(self, skus: Mapping[str, Sku]) -> frozenset[str]:
        """Service plan ids enabled by any assignment that holds."""
        return plans_on(self.assignments, skus)


def plans_on(assignments: tuple[Assignment, ...], skus: Mapping[str, Sku]) -> frozenset[str]:
    """Service plan ids that at least one of the assignments enables."""
    on: set[str] = set()
    for a in assignments:
        if a.holds and a.sku in skus:
            on.update(skus[a.sku].plan_ids.difference(a.off))
    return frozenset(on)


def _assigned(assignments: tuple[Assignment, ...]) -> list[Json]:
    """`assignedLicenses`: each product once; a plan is disabled only if every assignment of the product disables it."""
    off: dict[str, set[str]] = {}
    for a in assignments:
        if a.holds:
            off[a.sku] = off[a.sku].intersection(a.off) if a.sku in off else set(a.off)
    return [{"disabledPlans": sorted(plans), "skuId": sku} for sku, plans in off.items()]


def states(assignments: tuple[Assignment, ...], dates: tuple[float, ...] | None) -> list[Json]:
    """`licenseAssignmentStates`: one entry per assignment; direct ones have no `assignedByGroup`."""
    return [
        {
            "skuId": a.sku,
            "disabledPlans": a.off,
            "assignedByGroup": a.group or None,
            "state": a.state,
            "error": a.error,
            "lastUpdatedDateTime": stamp(dates[i] if dates else ASSIGNED_AT_DEFAULT),
        }
        for i, a in enumerate(assignments)
    ]


def stamp(at: float) -> str:
    """Epoch seconds -> `2026-03-02T08:00:00Z`."""
    return datetime.fromtimestamp(int(at), UTC).isoformat()[:19] + "Z"


def instant(text: str) -> float:
    """`2026-03-02T08:00:00Z` -> epoch seconds; ValueError for anything that is no date with a time zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return moment.timestamp()


@dataclass(slots=True)
class Plan:
    """A service plan as the tenant's product lists it; `status` is its provisioningStatus."""

    id: str
    name: str
    applies_to: str = "User"
    status: str = "Success"


@dataclass(slots=True)
class Sku:
    """A product of the tenant: its seats by state and its service plans."""

    id: str
    part_number: str
    plans: tuple[Plan, ...]
    applies_to: str = "User"
    status: str = "Enabled"
    enabled: int = 0
    warning: int = 0
    suspended: int = 0
    locked_out: int = 0
    hidden: bool = False
    self_service: bool = False
    consumed_offset: int = 0
    plan_ids: frozenset[str] = field(init=False)
    plan_by_name: dict[str, Plan] = field(init=False)

    def __post_init__(self) -> None:
        self.plan_ids = frozenset(plan.id for plan in self.plans)
        self.plan_by_name = {plan.name: plan for plan in self.plans}

    def add_plan(self, plan_id: str, name: str) -> None:
        """Microsoft adds a service to the product; it is on for everybody who holds it."""
        self.plans = (*self.plans, Plan(plan_id, name))
        self.__post_init__()


@dataclass(slots=True)
class Subscription:
    """One purchase; several may stand behind one product. Dates are ISO 8601 in UTC."""

    id: str
    sku: str
    total: int
    status: str = "Enabled"
    trial: bool = False
    created: str = "2019-06-01T00:00:00Z"
    next_lifecycle: str | None = None
    owner_id: str | None = None
    owner_tenant_id: str | None = None
    owner_type: str | None = None


@dataclass(slots=True)
class User:
    """One account. `row` is its fixed place in the tenant; `dates` runs beside the profile's assignments."""

    row: int
    id: str
    upn: str
    name: str
    profile: Profile
    given: str | None = None
    surname: str | None = None
    department: str | None = None
    title: str | None = None
    location: str | None = None
    mail: str | None = None
    proxies: tuple[str, ...] | None = None
    kind: str = "Member"
    enabled: bool = True
    synced: bool = False
    restricted: bool = False
    dates: tuple[float, ...] | None = None
    deleted_at: float | None = None

    @property
    def addresses(self) -> tuple[str, ...]:
        """`proxyAddresses`: what the file says, else the primary address alone."""
        if self.proxies is not None:
            return self.proxies
        return (f"SMTP:{self.mail}",) if self.mail else ()


@dataclass(slots=True)
class Processing:
    """Background work of one group: the members still to do, from when, and how far it is."""

    queued_at: float
    members: list[str]
    done: int = 0
    stuck: bool = False


@dataclass(slots=True)
class Group:
    """A group; `members` keeps their order, `nested` are groups inside it (never followed for licensing).

    `security`, `unified` (a Microsoft 365 group), `mail` and `roles` say what kind it is; with a `rule` it is dynamic.
    `pending` are users whose membership has changed, each with the time at which licensing learns of it. `midway` are
    events that come when half of its next change is worked through.
    """

    id: str
    name: str
    members: dict[str, None] = field(default_factory=dict)
    nested: tuple[str, ...] = ()
    licenses: dict[str, tuple[str, ...]] = field(default_factory=dict)
    security: bool = True
    unified: bool = False
    mail: bool = False
    roles: bool = False
    synced: bool = False
    rule: str | None = None
    visibility: str | None = None
    stuck: bool = False
    processing: Processing | None = None
    processed: bool = False
    pending: list[tuple[float, str]] = field(default_factory=list)
    midway: list[Json] = field(default_factory=list)


@dataclass(slots=True, frozen=True)
class WriteRecord:
    """One attempted write as the directory saw it. `after` is the user's profile when the answer was made.

    `kind` is `user` (license change), `location`, `group`, `reprocess`, `member` (a group change reaching a member),
    `join` and `leave` (of a group), `group_deleted` or `delete`. A refused write is here too, with its status and
    message, and the same profile before and after.
    """

    at: float
    actor: str
    kind: str
    target: str
    add: tuple[tuple[str, tuple[str, ...]], ...]
    remove: tuple[str, ...]
    status: int
    message: str
    before: Profile | None
    after: Profile | None
    request_id: str = ""


@dataclass(slots=True)
class Knobs:
    """Behaviours that differ between real tenants or that Microsoft does not document; each has a safe default.

    - `group_stale_seconds`: so long after a 202 the group still shows the state from before it.
    - `group_removal`: what another license of a member needs becomes direct (`convert`) or stays in error (`error`).
    - `group_failure`: a member that cannot be served keeps what it had (`keep`), or loses it all the same (`lose`).
    - `group_leave`: who leaves a group loses its licenses (`take`), or keeps them in error (`keep`).
    - `role_groups_forbidden`: a group that roles can be assigned to takes licenses from nobody of ours.
    - `allotments`: licenses lie in Microsoft Cloud Licensing; nobody sees which group gave one.
    """

    count_warning_units: bool = False
    consumed_lag_seconds: float = 0.0
    location_lag_seconds: float = 0.0
    audit_lag_seconds: float = 0.0
    overlap_conflicts: bool = True
    group_queue_seconds: float = 30.0
    group_members_per_second: float = 20.0
    group_removal: str = "convert"
    group_stale_seconds: float = 0.0
    group_failure: str = "keep"
    group_leave: str = "take"
    role_groups_forbidden: bool = False
    allotments: bool = False


@dataclass(slots=True)
class PlanRules:
    """Which service plans exclude each other, and which need one of several others."""

    exclusive: tuple[tuple[str, str], ...] = ()
    requires: dict[str, tuple[str, ...]] = field(default_factory=dict)
    prohibited: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(slots=True)
class Organization:
    """The directory itself."""

    id: str
    name: str
    domains: tuple[str, ...]
    location: str | None = "NL"
    synced: bool = False
    health: dict[str, str] = field(default_factory=dict)
