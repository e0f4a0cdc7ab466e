"""A tenant as values, small enough to read: people, products, and the plan that settings and a roster make of them."""

from __future__ import annotations

import tomllib
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import pandas as pd

from connectors.catalog.products import load_catalog
from connectors.catalog.user_words import load_user_words
from connectors.catalog.voice_countries import load_voice_countries
from connectors.roster.read import read_roster
from connectors.tenant import (
    USER_COLUMNS,
    CompanySubscription,
    DeletedUser,
    Group,
    GroupId,
    GroupLicense,
    LicenseAssignment,
    LicenseDetails,
    LicenseProfile,
    Organization,
    PlanId,
    SkuId,
    SubscribedSku,
    TenantSnapshot,
    UserId,
)
from jobs.license_reassignment.decide.draft import Inputs, Origin, draw_up
from jobs.license_reassignment.gather.names import Products, limits_of, policy_of
from jobs.license_reassignment.gather.people import Bound, People, bind
from jobs.license_reassignment.gather.protected import Shield, Shields, key_of
from jobs.license_reassignment.gather.roster import Wishes, wishes_of, with_roster_waves
from jobs.license_reassignment.model.plan import Plan, change_of
from jobs.license_reassignment.model.policy import GroupPolicy, Policy
from jobs.license_reassignment.model.standing import Entry
from jobs.license_reassignment.reconcile.reconcile import Evidence, reconcile
from jobs.license_reassignment.reconcile.reconciliation import Reconciliation
from jobs.license_reassignment.reconcile.since_last import LastVerification
from jobs.license_reassignment.report.words import words_of
from jobs.license_reassignment.run_folder.plan_files import PlanFiles, plan_files
from jobs.settings.model import Settings

CATALOG = load_catalog()
TENANT = "11111111-2222-4333-8444-555555555555"
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SKU = {number: SkuId(sku_id) for sku_id, number in CATALOG.part_numbers.items() if sku_id in CATALOG.published_plans}
E4, E3, E5 = SKU["ENTERPRISEWITHSCAL"], SKU["ENTERPRISEPACK"], SKU["ENTERPRISEPREMIUM"]
MCOEV, VISIO = SKU["MCOEV"], SKU["VISIOCLIENT"]
TO_E3 = '[[swap]]\nname = "everyone"\nto = ["ENTERPRISEPACK"]\n'
PRODUCTS = ("ENTERPRISEWITHSCAL", "ENTERPRISEPACK", "ENTERPRISEPREMIUM", "MCOEV", "VISIOCLIENT")


def plan_id(part_number: str, name: str) -> PlanId:
    """Return the id of a service plan of a product."""
    return next(p.id for p in CATALOG.published(SKU[part_number]).plans if p.name == name)


def holding(part_number: str, *off: str, group: str = "", state: str = "Active", error: str = "") -> LicenseAssignment:
    """Make one assignment; `off` are names of service plans."""
    disabled = tuple(sorted(plan_id(part_number, name) for name in off))
    return LicenseAssignment(SKU[part_number], group, disabled, state, error)


@dataclass(frozen=True)
class Person:
    """One account and what it holds: part numbers, or assignments."""

    upn: str
    licenses: tuple[LicenseAssignment, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> UserId:
        """The object id, always the same for the same name."""
        return UserId(str(uuid.uuid5(uuid.NAMESPACE_DNS, self.upn)))

    @property
    def profile(self) -> LicenseProfile:
        """Everything it holds."""
        return LicenseProfile.of(self.licenses)


def person(name: str, *licenses: str | LicenseAssignment, **columns: str) -> Person:
    """Make an account `name@contoso.example` in the Netherlands."""
    upn = name if "@" in name else f"{name}@contoso.example"
    held = tuple(holding(one) if isinstance(one, str) else one for one in licenses)
    return Person(upn, held, columns)


def product(part_number: str, **fields: Any) -> SubscribedSku:
    """Make a product as published, with 10 enabled seats."""
    return replace(CATALOG.published(SKU[part_number]), **{"enabled": 10, **fields})


def users_frame(people: Iterable[Person], profiles: Sequence[LicenseProfile]) -> pd.DataFrame:
    """Make the table of users as a client reads it."""
    rows = [_row(one, profiles) for one in sorted(people, key=lambda one: one.id)]
    frame = pd.DataFrame(rows, columns=list(USER_COLUMNS))
    texts = [c for c in USER_COLUMNS if c != "profile"]
    return frame.astype({**dict.fromkeys(texts, "string[pyarrow]"), "profile": "int64"})


def _row(one: Person, profiles: Sequence[LicenseProfile]) -> dict[str, object]:
    fixed = {
        "id": one.id,
        "user_principal_name": one.upn,
        "display_name": one.upn.partition("@")[0].title(),
        "mail": one.upn,
        "account_enabled": "yes",
        "user_type": "Member",
        "usage_location": "NL",
        "profile": profiles.index(one.profile),
    }
    return {**dict.fromkeys(USER_COLUMNS, ""), **fixed, **one.columns}


def snapshot(
    *people: Person,
    skus: Sequence[SubscribedSku] = tuple(product(p) for p in PRODUCTS),
    subscriptions: Sequence[CompanySubscription] = (),
    groups: Sequence[Group] = (),
    deleted: Sequence[DeletedUser] = (),
    offset: Mapping[str, int] = MappingProxyType({}),
    at: datetime = NOON,
    **more: Any,
) -> TenantSnapshot:
    """Make a snapshot whose seat counts are what the people hold, plus `offset` by SKU id."""
    held = Counter(s for one in people for s in one.profile.skus)
    profiles = tuple(sorted({one.profile for one in people}))
    return TenantSnapshot(
        organization=Organization(TENANT, "Contoso", ("contoso.example", "contoso.onmicrosoft.com")),
        skus=tuple(sorted((_counted(s, held, offset) for s in skus), key=lambda s: s.sku_id)),
        subscriptions=tuple(subscriptions),
        groups=tuple(groups),
        users=users_frame(people, profiles),
        profiles=profiles,
        deleted_users=tuple(deleted),
        reads=(),
        began=at,
        ended=at,
        **more,
    )


def _counted(sku: SubscribedSku, held: Mapping[str, int], offset: Mapping[str, int]) -> SubscribedSku:
    return replace(sku, consumed=sku.consumed + held.get(sku.sku_id, 0) + offset.get(sku.sku_id, 0))


def group(key: str, *members: Person, licenses: Sequence[str] = ()) -> Group:
    """Make a group whose members were read."""
    given = tuple(GroupLicense(SKU[one], ()) for one in licenses)
    return Group(GroupId(key), f"group {key[:4]}", given, members=frozenset(one.id for one in members))


def subscription(part_number: str, seats: int = 10, **fields: Any) -> CompanySubscription:
    """Make one purchase."""
    given = {"id": f"subscription of {part_number}", "status": "Enabled", "is_trial": False, **fields}
    return CompanySubscription(sku_id=SKU[part_number], part_number=part_number, total_licenses=seats, **given)


def settings(toml: str = TO_E3) -> Settings:
    """Make settings that retire Office 365 E4; `toml` adds sections."""
    given = tomllib.loads(toml)
    return Settings.model_validate({"tenant": {"id": TENANT}, "source": {"skus": ["ENTERPRISEWITHSCAL"]}, **given})


@dataclass(frozen=True)
class Drawn:
    """A plan with what it was made of."""

    made: PlanFiles
    policy: Policy
    wishes: Wishes
    bound: Bound
    snapshot: TenantSnapshot

    @property
    def plan(self) -> Plan:
        """The plan."""
        return self.made.plan

    @property
    def files(self) -> Mapping[str, bytes]:
        """The files that it consists of."""
        return self.made.files

    def row(self, one: Person) -> dict[str, str]:
        """Return one user's decision."""
        rows = self.plan.decisions[self.plan.decisions["id"] == one.id]
        assert len(rows) == 1
        return {str(k): str(v) for k, v in rows.iloc[0].to_dict().items()}

    def reason(self, one: Person) -> str:
        """Return `change`, or why the user is held."""
        row = self.row(one)
        return row["reason"] if row["kind"] == "hold" else row["kind"]

    def column(self, name: str) -> dict[str, str]:
        """Return one column by the name before the @."""
        names = self.plan.decisions["name"].str.partition("@")[0]
        return dict(zip(names, self.plan.decisions[name], strict=True))


def shields_of(chosen: Settings, world: TenantSnapshot) -> Shields:
    """Resolve `protected` among the people and groups of a world, as a plan does."""
    people, made = People(world), []
    groups = {g.id: g for g in world.groups}
    for entry in chosen.scope.protected:
        users = people.answering(entry)
        group = groups.get(GroupId(key_of(entry)))
        if users or not group:
            made.append(Shield(entry, "user", "+".join(sorted(users)), entry, users))
        else:
            made.append(Shield(entry, "group", group.id, group.display_name, group.members or frozenset()))
    return Shields(tuple(made))


def draw(
    world: TenantSnapshot,
    toml: str = TO_E3,
    roster: str = "",
    *,
    created_at: str = "2026-03-02T12:00:00Z",
    language: str = "en",
    groups: GroupPolicy | None = None,
    wave_groups: Mapping[str, tuple[GroupId, ...]] = MappingProxyType({}),
) -> Drawn:
    """Make the plan of a world with these settings and this roster (CSV text).

    `groups` and `wave_groups`, by the name of the wave, are those of the settings.
    """
    chosen = settings(toml)
    policy = policy_of(chosen, Products(CATALOG, world.skus))
    rows = read_roster(roster.encode(), file="users.csv") if roster else None
    wishes = wishes_of(rows, Products(CATALOG, world.skus), policy)
    policy = with_roster_waves(policy, wishes)
    bound = bind(wishes, world)
    shields = shields_of(chosen, world)
    policy = replace(policy, protected=shields.users, groups=groups or policy.groups)
    policy = replace(policy, waves=tuple(replace(w, groups=wave_groups.get(w.name, ())) for w in policy.waves))
    draft = draw_up(
        Inputs(
            snapshot=world,
            policy=policy,
            limits=limits_of(chosen),
            wishes=wishes,
            bound=bound,
            catalog=CATALOG,
            words=load_user_words(),
            voice_countries=load_voice_countries(),
            origin=Origin("0.1.0", created_at, "0" * 64, chosen.frozen_part()),
            shields=shields,
        )
    )
    return Drawn(plan_files(draft, words_of(language)), policy, wishes, bound, world)


WROTE_AT = "2026-03-02T12:10:00.000Z"


def sent(drawn: Drawn, one: Person, *, at: str = WROTE_AT) -> Entry:
    """Make the journal's intent for one planned change."""
    row = drawn.row(one)
    change = change_of(one.id, row["add"], row["remove"], row["disabled_plans"])
    added = [{"skuId": a.sku_id, "disabledPlans": list(a.disabled_plans)} for a in change.add]
    item = {"id": one.id, "add": added, "remove": list(change.remove), "before": int(row["before"])}
    return Entry("intent", at, {"batch": 1, "items": [item]})


def answered(one: Person, verdict: str = "applied", *, reason: str = "", message: str = "") -> Entry:
    """Make the journal's outcome for one change."""
    item = {"id": one.id, "verdict": verdict, "status": 200, "code": "", "message": message, "reason": reason}
    return Entry("outcome", WROTE_AT, {"batch": 1, "items": [item], "request_id": "request-1"})


def settled(one: Person, verdict: str, reason: str = "") -> Entry:
    """Make the journal's line for a user that reading settled."""
    return Entry("settled", WROTE_AT, {"items": [{"id": one.id, "verdict": verdict, "reason": reason}]})


def moving(drawn: Drawn, *people: Person) -> list[Entry]:
    """Make the journal of changes that Graph answered with yes."""
    return [entry for one in people for entry in (sent(drawn, one), answered(one))]


def moved(drawn: Drawn, one: Person) -> Person:
    """Return the account as the plan wants it."""
    row = drawn.row(one)
    change = change_of(one.id, row["add"], row["remove"], row["disabled_plans"])
    kept = [a for a in one.licenses if a.sku_id not in change.remove]
    return replace(one, licenses=(*kept, *(LicenseAssignment(a.sku_id, "", a.disabled_plans) for a in change.add)))


_VERIFIED = {"scans_agreed": True, "declare": {"purchase_channel": "direct", "by": "J. Doe"}}
LATER = datetime(2026, 3, 2, 13, 0, tzinfo=UTC)


def after(*people: Person, **world: Any) -> TenantSnapshot:
    """Make the scan of a verification, an hour after the writes."""
    return snapshot(*people, **{"at": LATER, **world})


def reconciled(
    drawn: Drawn,
    then: TenantSnapshot,
    journal: Sequence[Entry] = (),
    *,
    last: LastVerification | None = None,
    details: Mapping[str, LicenseDetails] | None = None,
    **verification: Any,
) -> Reconciliation:
    """Add up a plan, a journal and the last scan; a `verification` of None takes that fact out."""
    roster = drawn.plan.header.roster
    return reconcile(
        Evidence(
            plan=drawn.plan,
            before=drawn.snapshot,
            after=then,
            journal=journal,
            journal_head=(len(journal), "0" * 64),
            verification={k: v for k, v in {**_VERIFIED, **verification}.items() if v is not None},
            rejected_rows=roster.rejected,
            roster_rows=roster.rows,
            catalog=CATALOG,
            last_verification=last,
            details=details,
        )
    )


def failed(found: Reconciliation) -> set[str]:
    """Return the ids of the gates that are shut."""
    return {g.id for g in found.gates if not g.passed}


def incidents(found: Reconciliation) -> list[tuple[str, str, bool]]:
    """Return kind, name without domain, and whether it is harm, of every incident."""
    return [(i.kind, i.subject.partition("@")[0], i.harm) for i in found.incidents]
