"""The nouns of a Microsoft 365 tenant, as the job reads and writes it.

Ids are lower-case GUIDs everywhere, times are aware UTC datetimes, tuples are sorted unless a docstring says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, NewType

if TYPE_CHECKING:
    import pandas as pd

SkuId = NewType("SkuId", str)
PlanId = NewType("PlanId", str)
GroupId = NewType("GroupId", str)
UserId = NewType("UserId", str)

USER_COLUMNS = (
    "id",
    "user_principal_name",
    "display_name",
    "mail",
    "proxy_addresses",  # sorted, joined by "+"; a plus sign inside an address is written %2B
    "account_enabled",  # "yes" | "no" | "" when Graph gave no value
    "user_type",
    "usage_location",
    "department",
    "country",
    "company_name",
    "on_premises_sync_enabled",  # "yes" | "no" | ""
    "is_management_restricted",  # "yes" | "no" | ""
    "profile",  # index into TenantSnapshot.profiles
)


@dataclass(frozen=True, slots=True, order=True)
class LicenseAssignment:
    """One way in which a user holds a SKU: directly (`group_id` is ""), or through one group.

    `state` and `error` are Graph's words; `error` is "" where Graph says null or "None".
    `disabled_plans` are the service plans switched off in this assignment.
    """

    sku_id: SkuId
    group_id: str
    disabled_plans: tuple[PlanId, ...]
    state: str = "Active"
    error: str = ""

    @property
    def direct(self) -> bool:
        """Whether the license sits on the user object itself."""
        return self.group_id == ""

    @property
    def sound(self) -> bool:
        """Whether Graph reports the assignment as working: `Active` and no error."""
        return self.state.casefold() == "active" and not self.error

    @property
    def gives(self) -> bool:
        """Whether the user has anything of it: Graph lists assignments in `Error` and `Disabled` that give nothing."""
        return self.state.casefold() not in {"error", "disabled"}

    @property
    def seated(self) -> bool:
        """Whether it takes a seat: one in `Error` never came into being, and `assignedLicenses` does not name it."""
        return self.state.casefold() != "error"


@dataclass(frozen=True, slots=True, order=True)
class LicenseProfile:
    """Everything that decides about a user's licenses: all assignments, sorted. Many users share one profile."""

    assignments: tuple[LicenseAssignment, ...]

    @classmethod
    def of(cls, assignments: Iterable[LicenseAssignment]) -> LicenseProfile:
        """Sort the assignments so that equal sets compare equal."""
        return cls(tuple(sorted(assignments)))

    @property
    def skus(self) -> frozenset[SkuId]:
        """The SKUs held in any way."""
        return frozenset(a.sku_id for a in self.assignments)

    @property
    def seated(self) -> frozenset[SkuId]:
        """The SKUs of which the user takes a seat."""
        return frozenset(a.sku_id for a in self.assignments if a.seated)

    def direct(self, sku_id: SkuId) -> LicenseAssignment | None:
        """Return the direct assignment of the SKU, or None."""
        return next((a for a in self.assignments if a.sku_id == sku_id and a.direct), None)

    def inherited(self, sku_id: SkuId) -> tuple[LicenseAssignment, ...]:
        """Return the assignments of the SKU that come through groups."""
        return tuple(a for a in self.assignments if a.sku_id == sku_id and not a.direct)

    def of_sku(self, sku_id: SkuId) -> tuple[LicenseAssignment, ...]:
        """Return every assignment of the SKU."""
        return tuple(a for a in self.assignments if a.sku_id == sku_id)


NO_LICENSES = LicenseProfile(())


@dataclass(frozen=True, slots=True, order=True)
class ServicePlan:
    """One service inside a SKU, as this tenant lists it."""

    id: PlanId
    name: str
    applies_to: str = "User"
    provisioning_status: str = "Success"


@dataclass(frozen=True, slots=True)
class SubscribedSku:
    """A product of the tenant: the sum of all its subscriptions. Units are seats."""

    sku_id: SkuId
    part_number: str
    capability_status: str
    applies_to: str
    enabled: int
    warning: int
    suspended: int
    locked_out: int
    consumed: int
    plans: tuple[ServicePlan, ...]

    @property
    def plan_ids(self) -> frozenset[PlanId]:
        """The service plans that this tenant's SKU has."""
        return frozenset(p.id for p in self.plans)


@dataclass(frozen=True, slots=True)
class CompanySubscription:
    """One purchase: Graph's `companySubscription`. `next_lifecycle` and `created` are ISO 8601 UTC or ""."""

    id: str
    sku_id: SkuId
    part_number: str
    status: str
    total_licenses: int
    is_trial: bool
    created: str = ""
    next_lifecycle: str = ""
    owner_tenant_id: str = ""
    owner_type: str = ""


@dataclass(frozen=True, slots=True)
class GroupLicense:
    """A SKU that a group hands to its members, with the plans it leaves switched off."""

    sku_id: SkuId
    disabled_plans: tuple[PlanId, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """A group that carries licenses, or one that a rule or a protection names.

    `members` are the ids of all users below it (transitive), `direct_members` those of the users right inside, who
    alone get its licenses; None where they were not read. `nested_groups` counts the groups right inside.
    `visibility` and `group_types` are Graph's words.
    """

    id: GroupId
    display_name: str
    licenses: tuple[GroupLicense, ...] = ()
    processing_state: str = ""
    membership_rule: str = ""
    on_premises_sync_enabled: bool = False
    members: frozenset[UserId] | None = None
    visibility: str = ""
    direct_members: frozenset[UserId] | None = None
    nested_groups: int = 0
    group_types: tuple[str, ...] = ()
    mail_enabled: bool = False
    security_enabled: bool = True
    role_assignable: bool = False

    @property
    def dynamic(self) -> bool:
        """Whether a rule of the directory decides who is a member."""
        return "dynamicmembership" in (t.casefold() for t in self.group_types) or bool(self.membership_rule)

    @property
    def follows_service_plans(self) -> bool:
        """Whether its rule asks which service plans a user has."""
        return "assignedplans" in self.membership_rule.casefold()

    @property
    def processed(self) -> bool:
        """Whether Graph says that its license changes have reached the members; it may say so too early."""
        return self.processing_state.casefold() in {"", "processingcomplete"}

    @property
    def hidden(self) -> bool:
        """Whether Graph keeps the members from an app without the permission Member.Read.Hidden."""
        return self.visibility.casefold() == "hiddenmembership"


@dataclass(frozen=True, slots=True)
class Named:
    """All that one name stands for: users with this id, UPN or address, groups with this id or display name.

    A group has all users below it, unless several have the name, or its members are hidden from us. `refused` says that
    Graph would not look the name up.
    """

    name: str
    users: tuple[tuple[UserId, str], ...] = ()
    groups: tuple[Group, ...] = ()
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Organization:
    """Who the tenant is."""

    id: str
    display_name: str
    verified_domains: tuple[str, ...]
    default_usage_location: str = ""


@dataclass(frozen=True, slots=True)
class DeletedUser:
    """A soft-deleted user that still names the SKUs it would bring back when restored."""

    id: UserId
    user_principal_name: str
    sku_ids: tuple[SkuId, ...]
    deleted_at: str = ""


@dataclass(frozen=True, slots=True)
class ReadRecord:
    """Evidence of one read: what was asked, when it began and ended (UTC, ISO 8601), and how many rows came."""

    query: str
    began: str
    ended: str
    rows: int


@dataclass(frozen=True, slots=True)
class TenantSnapshot:
    """A complete read of what concerns the plan, at one time.

    `users` has USER_COLUMNS, one row per user, sorted by id, all text (Arrow-backed strings) but `profile` (integer).
    `profiles` are the distinct license profiles, sorted. `skus` is `subscribedSkus` as read after the scan; `stable`
    says whether it agreed with the read before it. `resolved` maps each looked-up name to the id that Graph gave for
    it, `not_found` are the looked-up names and ids that no user has, `refused` those that Graph would not look up.
    `unread` names what could not be read for want of an optional permission, or because the tenant has no such thing.
    """

    organization: Organization
    skus: tuple[SubscribedSku, ...]
    subscriptions: tuple[CompanySubscription, ...]
    groups: tuple[Group, ...]
    users: pd.DataFrame
    profiles: tuple[LicenseProfile, ...]
    deleted_users: tuple[DeletedUser, ...]
    reads: tuple[ReadRecord, ...]
    began: datetime
    ended: datetime
    stable: bool = True
    not_found: tuple[str, ...] = ()
    resolved: Mapping[str, UserId] = field(default_factory=dict)
    refused: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    def sku(self, sku_id: str) -> SubscribedSku | None:
        """Return the tenant's own record of the SKU, or None where it has none."""
        return next((s for s in self.skus if s.sku_id == sku_id), None)


@dataclass(frozen=True, slots=True)
class UserRead:
    """One user as just read: what the last look before a write, or after a doubt, needs.

    `found` is False when Graph answers 404. `read_at` is when the answer came.
    """

    id: UserId
    found: bool
    read_at: datetime
    profile: LicenseProfile = NO_LICENSES
    user_principal_name: str = ""
    usage_location: str = ""


@dataclass(frozen=True, slots=True)
class GroupRead:
    """One group as just read: what the last look before a write, and the wait after it, need.

    `found` is False when Graph answers 404. `read_at` is when the answer came.
    """

    id: GroupId
    found: bool
    read_at: datetime
    licenses: tuple[GroupLicense, ...] = ()
    processing_state: str = ""


@dataclass(frozen=True, slots=True)
class LicenseGroups:
    """A look at the groups that have to do with licenses, for which not everybody inside is read.

    `carriers` assign one of the SKUs asked for; `inside` has the first users right inside some of them, `more` are
    those with further members. `plan_rules` are the dynamic groups whose rule is about service plans, None where Graph
    does not tell them.
    """

    carriers: tuple[Group, ...] = ()
    inside: Mapping[GroupId, tuple[UserRead, ...]] = field(default_factory=dict)
    more: frozenset[GroupId] = frozenset()
    plan_rules: tuple[Group, ...] | None = None


LicenseDetails = Mapping[SkuId, Mapping[PlanId, str]]
"""What Graph's `licenseDetails` says of one user: the provisioningStatus of each service plan, by product."""


@dataclass(frozen=True, slots=True)
class ReadScope:
    """What a snapshot has to contain besides organization, SKUs, subscriptions and deleted users.

    Every holder of `sku_ids` is scanned; `lookups` are UPNs or ids of further users; groups carrying one of
    `group_sku_ids` are read; members of `member_groups` are read transitively. The `swap_groups` are read whatever they
    carry, and every user right inside one is read like a holder. With `plan_rules` the dynamic groups whose rule is
    about service plans are read too, without their members.
    """

    sku_ids: tuple[SkuId, ...]
    group_sku_ids: tuple[SkuId, ...]
    lookups: tuple[str, ...] = ()
    member_groups: tuple[GroupId, ...] = ()
    swap_groups: tuple[GroupId, ...] = ()
    plan_rules: bool = False


@dataclass(frozen=True, slots=True)
class Identity:
    """Who signed in, as far as the token can be decoded; `roles` is None when it cannot."""

    app_id: str = ""
    tenant_id: str = ""
    roles: tuple[str, ...] | None = None
    credential: str = ""


@dataclass(frozen=True, slots=True)
class ServiceHealth:
    """One service's state in the tenant's health overview."""

    service: str
    status: str


@dataclass(frozen=True, slots=True)
class Names:
    """Display names of SKUs and service plans, by id: for people only, never for a decision.

    `services` has the display names of service plans by the name that Graph gives a plan, `products` those of SKUs by
    their part number.
    """

    skus: Mapping[str, str] = field(default_factory=dict)
    plans: Mapping[str, str] = field(default_factory=dict)
    services: Mapping[str, str] = field(default_factory=dict)
    products: Mapping[str, str] = field(default_factory=dict)

    def product(self, sku_id: str, part_number: str = "") -> str:
        """Return the name of a SKU by its id or part number, or what it is known by."""
        known = (self.skus.get(c) or self.products.get(c) for c in (sku_id, part_number))
        return next(filter(None, known), part_number or sku_id)

    def service(self, code: str) -> str:
        """Return the name of a service plan by its id or the name that Graph gives it, or the code."""
        return self.plans.get(code) or self.services.get(code) or code

    def sku(self, sku_id: str) -> str:
        """Return the product's name, or the id where none is known."""
        return self.skus.get(sku_id, sku_id)

    def plan(self, plan_id: str) -> str:
        """Return the service plan's name, or the id where none is known."""
        return self.plans.get(plan_id, plan_id)

    def sku_list(self, sku_ids: Sequence[str]) -> str:
        """Return the products' names joined by a plus sign."""
        return " + ".join(self.sku(s) for s in sku_ids)
