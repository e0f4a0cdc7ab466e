"""Draws up the plan: snapshot, policy and roster in; header, decisions and whom to tell out. Pure, nothing is written.

`run_folder/plan_files.py` makes the files of it, and with them the digests that name the plan.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from connectors.catalog.products import Catalog
from connectors.catalog.user_words import UserWords
from connectors.catalog.voice_countries import VoiceCountries
from connectors.countries import COUNTRIES
from connectors.message import Message
from connectors.roster.rows import RosterFile, RowError
from connectors.tenant import SkuId, TenantSnapshot
from connectors.utc import utc_text
from jobs.license_reassignment.decide import waves, worth_knowing
from jobs.license_reassignment.decide.cases import cases_of
from jobs.license_reassignment.decide.decide import Context, decide
from jobs.license_reassignment.decide.groups import group_rows, weigh
from jobs.license_reassignment.decide.notices import NO_NOTICES, Notices, Vocabulary, notices_of
from jobs.license_reassignment.decide.scope import profiles_holding
from jobs.license_reassignment.decide.seats import seat_rows
from jobs.license_reassignment.decide.table import as_text, no_rows, roster_columns, tabulate
from jobs.license_reassignment.decide.translate import translation_table
from jobs.license_reassignment.gather.allotments import hint_in
from jobs.license_reassignment.gather.people import Bound
from jobs.license_reassignment.gather.plan_rules import plan_rules_of
from jobs.license_reassignment.gather.protected import NO_SHIELDS, Shields, told
from jobs.license_reassignment.gather.roster import Wishes, targets_of
from jobs.license_reassignment.model.plan import inputs_digest_of, plan_list_sha256
from jobs.license_reassignment.model.plan_header import (
    HoldUse,
    Kind,
    PlanHeader,
    PlannedProduct,
    PlannedTenant,
    PlanTotals,
    RosterUse,
    RuleUse,
    SeatRow,
    ServiceStep,
    SnapshotStamp,
    TranslationTable,
    WaveUse,
    Wished,
)
from jobs.license_reassignment.model.policy import Limits, Policy, Rule
from jobs.license_reassignment.model.reasons import remedy

ROSTER_ROWS = Message("roster rows")
"""What the rows of the roster are called among the rules."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Who makes a plan, when, and with what. `app_id` is of the token, `operator` who runs the command; "" if unknown.

    `frozen` is the frozen part of the settings as JSON data, `config_sha256` digests all of them.
    """

    tool_version: str
    created_at: str
    config_sha256: str
    frozen: Mapping[str, Any]
    app_id: str = ""
    operator: str = ""
    host: str = ""


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything that a plan rests on."""

    snapshot: TenantSnapshot
    policy: Policy
    limits: Limits
    wishes: Wishes
    bound: Bound
    catalog: Catalog
    words: UserWords
    voice_countries: VoiceCountries
    origin: Origin
    shields: Shields = NO_SHIELDS


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan that has no name and no files yet.

    `decisions` has DECISION_COLUMNS and the roster's own, all text; both it and the header rest on the `snapshot`.
    `groups` has DECISION_COLUMNS, a row per group that is named for a swap.
    `rosters` are the files as they were read; `rejected` are their rows that are not used, `held` the principal names
    of the users held for one, by file and line.
    `messages` are what the sentences in it are made from, by their text.
    """

    header: PlanHeader
    decisions: pd.DataFrame
    snapshot: TenantSnapshot
    messages: Mapping[str, Message] = field(default_factory=dict)
    notices: Notices = NO_NOTICES
    rosters: Sequence[RosterFile] = ()
    rejected: Sequence[RowError] = ()
    held: Mapping[tuple[str, int], Sequence[str]] = field(default_factory=dict)
    groups: pd.DataFrame = field(default_factory=no_rows)


def draw_up(inputs: Inputs) -> Draft:
    """Decide everybody, fill waves, give seats, and say what a person should know of it."""
    snapshot, policy, bound = inputs.snapshot, inputs.policy, inputs.bound
    context, order = _context(inputs), waves.wave_order(policy.waves)
    named = weigh.named_of(snapshot.groups, policy)
    cases = cases_of(snapshot, policy, bound.wishes, bound.rejected, weigh.members_of(named.swap))
    weighed = weigh.weigh(named.swap, cases, context)
    swapped_in = group_rows.group_waves(weighed.fates, policy.waves, order)
    decided = [decide(case.profile, case.traits, context) for case in cases.distinct]
    verdicts, moving = group_rows.with_members(decided, weighed, cases)
    table, messages = tabulate(moving, verdicts, bound.wishes, snapshot.users)
    group_rows.mark_members(table, weighed, cases, swapped_in, order)
    units = weigh.units_of(weighed, cases, swapped_in, order)
    waves.fill_waves(table, policy.waves)
    seats = waves.give_seats(table, verdicts, _seat_rows(inputs), policy.waves, capped=_capped(inputs), units=units)
    weighed = group_rows.seated(table, weighed, units)
    messages |= group_rows.tell_inherited(table, weighed, cases, context)
    table = table[~cases.outside | (table["kind"] == "change").to_numpy()].reset_index(drop=True)
    worth_knowing.add_user_remarks(table, verdicts, snapshot, inputs.voice_countries, policy.sources)
    extra = roster_columns(bound.wishes)
    decisions = as_text(table, extra)
    rows, details = group_rows.rows_of_groups(weighed, named.done, swapped_in)
    told_groups = group_rows.told_of_groups(snapshot.groups, weighed, named.done, swapped_in, cases, context)
    messages |= details
    return Draft(
        header=replace(_header(inputs, decisions, seats), roster_columns=tuple(extra), groups=told_groups or None),
        decisions=decisions,
        snapshot=snapshot,
        messages=messages,
        notices=notices_of(decisions, snapshot, order, Vocabulary(inputs.catalog, inputs.words, messages)),
        rosters=inputs.wishes.files,
        rejected=bound.errors,
        held=bound.held,
        groups=rows,
    )


def _context(inputs: Inputs) -> Context:
    skus = {s.sku_id: s for s in inputs.snapshot.skus}
    targets = targets_of(inputs.policy, inputs.wishes)
    names: dict[str, str] = {g.id: f"{g.display_name} ({g.id})" for g in inputs.snapshot.groups}
    unusable, place = _unusable(inputs, targets), inputs.snapshot.organization.default_usage_location
    default = place.upper() if place.upper() in COUNTRIES else ""
    return Context(inputs.policy, skus, inputs.catalog.families, unusable, names, default)


def _unusable(inputs: Inputs, targets: Sequence[SkuId]) -> dict[SkuId, str]:
    """Name the targets that nobody may get by this plan, with the reason code."""
    catalog, found = inputs.catalog, dict[SkuId, str]()
    part = {s.sku_id: s.part_number for s in inputs.snapshot.skus}
    markets = {catalog.market(s, part.get(s, "")) for s in inputs.policy.sources}
    for target in targets:
        sku = inputs.snapshot.sku(target)
        subscriptions = [s for s in inputs.snapshot.subscriptions if s.sku_id == target]
        if sku is not None and sku.applies_to.casefold() == "company":
            found[target] = "target_not_assignable"
        elif not inputs.limits.allow_cross_family and catalog.market(target, part.get(target, "")) not in markets:
            found[target] = "cross_family"
        elif not inputs.limits.allow_trial and subscriptions and all(s.is_trial for s in subscriptions):
            found[target] = "trial_target"
    return found


def _seat_rows(inputs: Inputs) -> list[SeatRow]:
    targets = targets_of(inputs.policy, inputs.wishes)
    return seat_rows(map(inputs.snapshot.sku, targets), inputs.snapshot.subscriptions, inputs.limits)


def _capped(inputs: Inputs) -> dict[SkuId, int]:
    """Count the present holders of every target that is limited to 300 users."""
    profile_numbers = inputs.snapshot.users["profile"].to_numpy()
    return {
        target: int(profiles_holding(inputs.snapshot.profiles, frozenset({target}))[profile_numbers].sum())
        for target in targets_of(inputs.policy, inputs.wishes)
        if target in inputs.catalog.business_capped
    }


def _header(inputs: Inputs, decisions: pd.DataFrame, seats: Sequence[SeatRow]) -> PlanHeader:
    snapshot, policy, wishes = inputs.snapshot, inputs.policy, inputs.bound.wishes
    targets = targets_of(policy, inputs.wishes)
    sets = (policy.sources, *_target_sets(inputs))
    old, *new = ([sku for sku in map(snapshot.sku, ids) if sku] for ids in sets)
    rules = plan_rules_of(snapshot.groups, old, new)
    header = describe(
        inputs.origin,
        snapshot,
        inputs.catalog,
        decisions,
        kind="swap",
        inputs_digest=inputs_digest_of(
            tenant_id=snapshot.organization.id, frozen=inputs.origin.frozen, roster_sha256=inputs.wishes.sha256
        ),
        sources=policy.sources,
        targets=targets,
        waves=waves.wave_order(policy.waves),
        stops={w.name for w in policy.waves if w.stop},
        seats=seats,
        rules=policy.rules,
    )
    return replace(
        header,
        roster=_roster_use(inputs),
        protected=told(inputs.shields, decisions["id"]),
        acknowledged=tuple(sorted(u for u, w in wishes.items() if w.backup_acknowledged_by)),
        wished=Wished(
            voice=tuple(sorted(u for u, w in wishes.items() if w.voice)),
            legal_hold=tuple(sorted(u for u, w in wishes.items() if w.legal_hold)),
        ),
        translation=_translation(inputs),
        remarks=worth_knowing.remarks_told(decisions),
        addons=worth_knowing.addon_counts(decisions, snapshot),
        company_wide=worth_knowing.company_wide(snapshot),
        plan_groups=tuple(r.name for r in rules),
        plan_rules=rules or None,
        allotments=hint_in(snapshot) or None,
        unexpected_holders=worth_knowing.unexpected_holders(decisions, snapshot, targets, policy.sources),
    )


def _roster_use(inputs: Inputs) -> RosterUse:
    rows_in, used = inputs.bound.rows_in, inputs.bound.rows_used
    file = ", ".join(one.name for one in inputs.wishes.files)
    return RosterUse(file, inputs.wishes.sha256, rows_in, used, rows_in - used, kept=())


def describe(
    origin: Origin,
    snapshot: TenantSnapshot,
    catalog: Catalog,
    decisions: pd.DataFrame,
    *,
    kind: Kind,
    inputs_digest: str,
    sources: Sequence[SkuId],
    targets: Sequence[SkuId],
    waves: Sequence[str],
    stops: Collection[str] = (),
    seats: Sequence[SeatRow] = (),
    rules: Sequence[Rule] = (),
) -> PlanHeader:
    """Return what the header of every kind of plan says; each kind adds what it alone has.

    `waves` are in the order they run, `stops` those that end in a stop.
    """
    organization = snapshot.organization
    return PlanHeader(
        kind=kind,
        tool_version=origin.tool_version,
        created_at=origin.created_at,
        planned_by=origin.app_id,
        operator=origin.operator,
        host=origin.host,
        tenant=PlannedTenant(organization.id, organization.display_name, tuple(organization.verified_domains)),
        snapshot=SnapshotStamp(utc_text(snapshot.began, "auto"), utc_text(snapshot.ended, "auto"), snapshot.stable),
        inputs_digest=inputs_digest,
        config_sha256=origin.config_sha256,
        frozen=origin.frozen,
        roster=RosterUse(),
        sources=tuple(_product(snapshot, catalog, s) for s in sources),
        targets=tuple(_product(snapshot, catalog, t) for t in targets),
        totals=_totals(decisions),
        source_holders=_source_holders(snapshot, decisions, sources) if kind == "swap" else len(decisions),
        rules=_rules(snapshot, decisions, rules),
        holds=_holds(decisions, undo=kind == "undo"),
        seats=tuple(seats),
        waves=_waves(decisions, waves, stops),
    )


def _product(snapshot: TenantSnapshot, catalog: Catalog, sku_id: SkuId) -> PlannedProduct:
    sku = snapshot.sku(sku_id)
    part, digest = (sku.part_number, plan_list_sha256(sku)) if sku else (sku_id, "")
    return PlannedProduct(sku_id, part, catalog.names.sku(sku_id), digest)


def _source_holders(snapshot: TenantSnapshot, decisions: pd.DataFrame, sources: Sequence[SkuId]) -> int:
    """Count the users in scope whom the limits are a share of; a plan of another kind has nobody else in scope."""
    holding = profiles_holding(snapshot.profiles, frozenset(sources))
    return int(holding[decisions["before"].astype("int64").to_numpy()].sum())


def _totals(decisions: pd.DataFrame) -> PlanTotals:
    on_target = int((decisions["reason"] == "already_on_target").sum())
    changes = int((decisions["kind"] == "change").sum())
    return PlanTotals(len(decisions), changes, on_target, len(decisions) - changes - on_target)


def _rules(snapshot: TenantSnapshot, decisions: pd.DataFrame, rules: Sequence[Rule]) -> tuple[RuleUse, ...]:
    """Count the users per rule and target: every rule of the settings in its order, with its 0 too, then the rest."""
    part = {str(s.sku_id): s.part_number for s in snapshot.skus}
    users = {(r.name, "+".join(r.targets)): {"change": 0, "hold": 0} for r in rules}
    for key, size in decisions.groupby(["rule", "targets", "kind"], sort=True).size().items():
        name, targets, kind = (str(part) for part in key)  # type: ignore[attr-defined]
        rule = ROSTER_ROWS if name.startswith("roster line") else name
        users.setdefault((rule, targets), {"change": 0, "hold": 0})[kind] += int(size)
    return tuple(
        RuleUse(rule, targets, n["change"], n["hold"], "+".join(part.get(s, s) for s in targets.split("+")))
        for (rule, targets), n in users.items()
    )


def _holds(decisions: pd.DataFrame, *, undo: bool) -> tuple[HoldUse, ...]:
    held = decisions[(decisions["kind"] == "hold") & (decisions["reason"] != "already_on_target")]
    return tuple(
        HoldUse(str(reason), len(rows), remedy(str(reason), undo=undo), tuple(str(n) for n in rows["name"].head(5)))
        for reason, rows in held.groupby("reason", sort=True)
    )


def _waves(decisions: pd.DataFrame, names: Sequence[str], stops: Collection[str]) -> tuple[WaveUse, ...]:
    chosen = decisions.loc[decisions["kind"] == "change", "wave"]
    return tuple(WaveUse(n, int((chosen == n).sum()), "stop" if n in stops else "continue") for n in names)


def _target_sets(inputs: Inputs) -> list[tuple[SkuId, ...]]:
    """Return every set of targets that a rule or a row gives, in order of first mention."""
    sets = [r.targets for r in inputs.policy.rules] + [w.targets or () for _, w in inputs.wishes.rows]
    return list(filter(None, dict.fromkeys(sets)))


def _translation(inputs: Inputs) -> tuple[TranslationTable, ...]:
    """One table per source and target set that the plan knows: what replaces what."""
    skus = {s.sku_id: s for s in inputs.snapshot.skus}
    tables = []
    for source in inputs.policy.sources:
        for targets in _target_sets(inputs):
            rows = translation_table(skus[source], [skus[t] for t in targets], inputs.catalog.families)
            steps = (
                ServiceStep(r.source.name if r.source else "", r.target.name if r.target else "", r.step.value)
                for r in rows
            )
            tables.append(TranslationTable(source, targets, tuple(steps)))
    return tuple(tables)
