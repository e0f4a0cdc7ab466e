"""Adds everything up: plan, journal and two scans in, one Reconciliation with its verdict out. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from connectors.audit_log import AuditEntry
from connectors.catalog.products import Catalog
from connectors.message import Message, verbatim
from connectors.tenant import LicenseDetails, Names, SkuId, SubscribedSku, TenantSnapshot
from connectors.utc import utc_text
from jobs.license_reassignment.errors import ExitCode
from jobs.license_reassignment.gather import readiness
from jobs.license_reassignment.model.cost import Cost, Prices
from jobs.license_reassignment.model.plan import Plan
from jobs.license_reassignment.model.policy import Limits
from jobs.license_reassignment.model.reason_words import REASONS
from jobs.license_reassignment.model.reasons import remedy
from jobs.license_reassignment.model.standing import Entry, Standing, fold
from jobs.license_reassignment.reconcile import gates, incidents, run_record, tables
from jobs.license_reassignment.reconcile.audit_log import AuditLogCheck, check_audit_log
from jobs.license_reassignment.reconcile.ending.cancellation import (
    EndOfSource,
    advice_of,
    end_of_source,
    subscriptions_of,
)
from jobs.license_reassignment.reconcile.ending.cost import cost_of
from jobs.license_reassignment.reconcile.findings import (
    OUTCOMES,
    Action,
    Gate,
    GroupResult,
    Incident,
    LedgerRow,
    Residual,
    ResidualHolder,
    Totals,
)
from jobs.license_reassignment.reconcile.groups.results import group_results
from jobs.license_reassignment.reconcile.reconciliation import Reconciliation
from jobs.license_reassignment.reconcile.scans import (
    BothScans,
    Movement,
    User,
    group_swaps,
    holders,
    movements,
    outcome_counts,
    set_locations,
    users_of,
)
from jobs.license_reassignment.reconcile.services import Services
from jobs.license_reassignment.reconcile.since_last import LastVerification, after_cancel, since_last
from jobs.license_reassignment.reconcile.whose_change import NO_OTHER_RUNS, ChangesByOtherRuns

if TYPE_CHECKING:
    import pandas as pd

# Add-ons that Office 365 E4 could carry, after Microsoft's list; Graph does not say whether they hang on it.
ADDON_PART_NUMBERS = frozenset(
    {"MCOEV", "MCOMEETADV", "ATP_ENTERPRISE", "EQUIVIO_ANALYTICS", "SHAREPOINTSTORAGE", "LOCKBOX", "EXCHANGE_ANALYTICS"}
)

LEFT_WITHOUT = "left_without"
"""Key of the verification: by plan id, whom another run left without a license who still has none."""

PRICES = "prices"
"""Key of the verification: what the settings said that a seat costs, as `Prices.stored`; not there without prices."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that a reconciliation rests on; everything of it is in the run folder.

    `verification` is what the verify step knows besides its scan: identities, host, agreement of scans, traffic.
    `others` is what other runs did to these users. `details` are the license details of users whose target is in error,
    by user id; None where they were never asked for.
    """

    plan: Plan
    before: TenantSnapshot
    after: TenantSnapshot
    journal: Sequence[Entry]
    journal_head: tuple[int, str]
    verification: Mapping[str, Any]
    rejected_rows: int
    roster_rows: int
    catalog: Catalog
    audit_log: Sequence[AuditEntry] = ()
    last_verification: LastVerification | None = None
    others: ChangesByOtherRuns = NO_OTHER_RUNS
    details: Mapping[str, LicenseDetails] | None = None


def reconcile(evidence: Evidence) -> Reconciliation:
    """Judge every user, post the ledger, ask the gates, and give the verdict with its exit code."""
    plan, before, after = evidence.plan, evidence.before, evidence.after
    standings = fold(evidence.journal)
    compared = _compare(evidence, standings)
    users, counts = compared.users, outcome_counts(compared.users)
    ledger, totals = _ledger(plan, before, after, compared.moved), _totals(evidence, counts)
    residual, left = _residual(evidence, {u.id for u in users})
    found = (*incidents.all_incidents(compared), *incidents.left_without(evidence.verification.get(LEFT_WITHOUT, {})))
    facts = _facts(evidence, totals, residual, ledger, found, left, compared.groups)
    answers = gates.all_gates(facts) if plan.asks_gates else ()
    later = _after_cancel(evidence, users)
    verdict = _verdict(plan, totals, (*answers, *later))
    advice, why = advice_of(plan, verdict, totals, residual, cancelled=bool(later), counts_agree=_agree(plan, ledger))
    ending = _end_of_source(evidence) if plan.asks_gates else None
    broken = {u.id: incidents.broken_words(compared, u) for u in users if u.broken}
    users_table, messages = _users_table(compared, evidence.catalog.names, broken)
    names, recorded = evidence.catalog.names, _audit_log_check(evidence, standings, users)
    return Reconciliation(
        plan_id=plan.plan_id,
        tenant_id=plan.tenant_id,
        tenant_name=plan.header.tenant.name,
        verdict=verdict,
        exit_code=_exit_code(found, verdict),
        gates=answers,
        totals=totals,
        ledger=ledger,
        residual=residual,
        residual_holders=left,
        subscriptions=subscriptions_of(plan, after, verdict, advice),
        advice=advice,
        advice_reason=why,
        incidents=found,
        requests=run_record.requests_of(evidence.journal, evidence.verification),
        timing=run_record.timing_of(evidence.journal, evidence.verification, counts),
        run=run_record.run_of(plan, evidence.journal, evidence.verification),
        sources=tuple(_part(after, before, s) for s in plan.sources),
        targets=tuple(_part(after, before, t) for t in plan.targets),
        held_by_reason=Counter(u.judgement.reason for u in users if u.judgement.outcome == "held"),
        remedies=_remedies(users, undo=plan.undo),
        actions=_actions(compared, left, (*answers, *later), broken),
        not_checked=tables.not_checked(evidence.verification, after, recorded),
        reads_before=before.reads,
        reads=after.reads,
        journal_head=evidence.journal_head,
        names=names,
        users=users_table,
        messages={**plan.messages, **messages},
        undo=plan.undo,
        kind=plan.kind,
        ending=ending,
        cost=_cost(evidence, ledger, ending, advice, cancelled=bool(later)),
        witness=recorded,
        since_last=since_last(evidence.last_verification, (*answers, *later), users, left),
        after_cancel=later,
        accepted_losses=tables.accepted_losses(plan, users),
        domains=plan.header.tenant.verified_domains,
        groups=compared.groups,
        rejected=plan.rejected,
    )


def _verdict(plan: Plan, totals: Totals, gates: Sequence[Gate]) -> Literal["GO", "NO-GO"]:
    """Ask the gates; a plan that is not about a cancellation asks whether everybody is as it meant."""
    restored = totals.moved + totals.moved_by_group + totals.already_on_target == totals.in_scope
    return "GO" if (all(g.passed for g in gates) if plan.asks_gates else restored) else "NO-GO"


def _exit_code(found: Sequence[Incident], verdict: str) -> int:
    if any(incident.harm for incident in found):
        return int(ExitCode.HARM)
    return int(ExitCode.DONE if verdict == "GO" else ExitCode.PEOPLE_LEFT)


def _compare(evidence: Evidence, standings: Mapping[str, Standing]) -> incidents.Comparison:
    """Judge every user, and say of every difference between the scans whose it is."""
    plan, before, after, others = evidence.plan, evidence.before, evidence.after, evidence.others
    scans, services = BothScans(before, after), Services(before, after, evidence.catalog.families)
    agreed = bool(evidence.verification.get("scans_agreed"))
    groups, details = group_swaps(plan, after, evidence.journal), evidence.details or {}
    users = users_of(plan, scans, standings, groups, services, agree=agreed, details=details, others=others)
    return incidents.Comparison(
        plan=plan,
        users=users,
        moved=movements(scans, users, (*plan.sources, *plan.targets), others),
        before=before,
        after=after,
        journal=evidence.journal,
        located=set_locations(plan, evidence.journal),
        proven=evidence.last_verification.proven if evidence.last_verification else frozenset(),
        services=services,
        others=others,
        details_read=evidence.details is not None,
        groups=group_results(plan, before, after, users, groups),
    )


def _users_table(
    compared: incidents.Comparison, names: Names, broken: Mapping[str, Message]
) -> tuple[pd.DataFrame, dict[str, Message]]:
    plan = compared.plan
    accepted_by = _by_id(plan, "acknowledged_by")
    before, after, located = compared.before, compared.after, compared.located
    groups = {g.id: g.name for g in compared.groups}
    return tables.users_table(
        compared.users, before, after, names, located, accepted_by, _extra(plan), broken, groups, undo=plan.undo
    )


def _actions(
    compared: incidents.Comparison, left: Sequence[ResidualHolder], gates: Sequence[Gate], broken: Mapping[str, Message]
) -> tuple[Action, ...]:
    plan = compared.plan
    return tables.actions(compared.users, left, compared.groups, gates, plan.header.wished, broken, undo=plan.undo)


def _agree(plan: Plan, ledger: Sequence[LedgerRow]) -> bool:
    """Whether Graph counts no more seats of a source than there are holders that the scan has read."""
    return all(row.consumed_after <= row.holders_after for row in ledger if row.sku_id in plan.sources)


def _totals(evidence: Evidence, counts: Mapping[str, int]) -> Totals:
    totals = Totals(
        in_scope=sum(counts.values()),
        **{outcome: counts[outcome] for outcome in OUTCOMES},
        rejected_rows=evidence.rejected_rows,
        roster_rows=evidence.roster_rows,
    )
    assert set(counts) <= set(OUTCOMES), "every user in scope has exactly one outcome"
    return totals


def _audit_log_check(evidence: Evidence, standings: Mapping[str, Standing], users: Sequence[User]) -> AuditLogCheck:
    asked, names = evidence.verification.get("witness"), {u.id: u.name for u in users}
    return check_audit_log(asked, evidence.audit_log, evidence.journal, standings, names)


def _after_cancel(evidence: Evidence, users: Sequence[User]) -> tuple[Gate, ...]:
    if not evidence.plan.asks_gates or not evidence.verification.get("after_cancel"):
        return ()
    ready = readiness.not_ready(evidence.after, evidence.plan.targets, _limits(evidence))
    return after_cancel(evidence.after, evidence.plan.sources, ready, users, evidence.last_verification)


def _limits(evidence: Evidence) -> Limits:
    """Return the live limits that decide what a target is, as the verification wrote them down."""
    noted = evidence.verification
    return Limits(
        count_warning_units=bool(noted.get("count_warning_units")),
        accept_unprovisioned=frozenset(noted.get("accept_unprovisioned", ())),
    )


def _end_of_source(evidence: Evidence) -> EndOfSource:
    verified_at = str(evidence.verification.get("verified_at", "")) or utc_text(evidence.after.ended)
    declared = evidence.verification.get("declare", {})
    plan = evidence.plan
    before, after = evidence.before, evidence.after
    return end_of_source(
        before, after, plan.sources, plan.targets, declared, tenant_id=plan.tenant_id, verified_at=verified_at
    )


def _cost(
    evidence: Evidence, ledger: Sequence[LedgerRow], ending: EndOfSource | None, advice: str, *, cancelled: bool
) -> Cost | None:
    """Return what it costs by the prices that the verification wrote down; None where it wrote none."""
    noted = evidence.verification.get(PRICES)
    if noted is None or ending is None:
        return None
    plan, before, after = evidence.plan, evidence.before, evidence.after
    return cost_of(Prices.read(noted), plan, before, after, ledger, ending, advice, cancelled=cancelled)


def _part(after: TenantSnapshot, before: TenantSnapshot, sku_id: SkuId) -> str:
    sku = after.sku(sku_id) or before.sku(sku_id)
    return sku.part_number if sku else sku_id


def _remedies(users: Sequence[User], *, undo: bool) -> dict[str, Message]:
    """Return what a person does about each reason that any user has."""
    return {r: remedy(r, undo=undo) for r in sorted({u.judgement.reason for u in users if u.judgement.reason})}


def _extra(plan: Plan) -> dict[str, dict[str, str]]:
    """Return the roster's own further columns by user id."""
    return {column: _by_id(plan, column) for column in plan.header.roster_columns}


def _by_id(plan: Plan, column: str) -> dict[str, str]:
    return dict(zip(plan.decisions["id"], plan.decisions[column], strict=True))


def _ledger(
    plan: Plan, before: TenantSnapshot, after: TenantSnapshot, moved: Mapping[SkuId, Movement]
) -> tuple[LedgerRow, ...]:
    rows = []
    for sku_id in (*plan.sources, *plan.targets):
        was, now, m = before.sku(sku_id), after.sku(sku_id), moved[sku_id]
        consumed_before, consumed_after = was.consumed if was else 0, now.consumed if now else 0
        rows.append(
            LedgerRow(
                sku_id=sku_id,
                sku_part_number=_part(after, before, sku_id),
                enabled=now.enabled if now else 0,
                consumed_before=consumed_before,
                gained=m.gained,
                lost=m.lost,
                foreign=m.foreign,
                consumed_after=consumed_after,
                unexplained=consumed_after - (consumed_before + m.gained - m.lost + m.foreign),
                holders_before=holders(before, sku_id),
                holders_after=holders(after, sku_id),
                other_runs=m.other_runs,
            )
        )
    return tuple(rows)


def _residual(evidence: Evidence, planned: set[str]) -> tuple[Residual, tuple[ResidualHolder, ...]]:
    after, found = evidence.after, list[ResidualHolder]()
    in_the_bin = {u.id for u in after.deleted_users}
    direct = inherited = outside = 0
    for user_id, name, number in zip(
        after.users["id"], after.users["user_principal_name"], after.users["profile"], strict=True
    ):
        profile = after.profiles[number]
        assigned = [s for s in evidence.plan.sources if s in profile.skus]
        if not assigned or user_id in in_the_bin:
            continue
        if evidence.plan.kind == "addons" and user_id not in planned:
            continue  # who holds the add-on beside another base keeps it
        is_direct = any(profile.direct(s) for s in assigned)
        direct, inherited = direct + is_direct, inherited + (not is_direct)
        outside += user_id not in planned
        both = is_direct and any(profile.inherited(s) for s in assigned)
        how = "both" if both else "direct" if is_direct else "inherited"
        parts = "+".join(_part(after, evidence.before, s) for s in assigned)
        found.append(ResidualHolder(user_id, name, how, parts, user_id in planned))
    for group in _groups_with_source(evidence):
        found.append(ResidualHolder(group.id, group.display_name, "group", "", in_plan=False))
    deleted = [u for u in after.deleted_users if set(u.sku_ids) & set(evidence.plan.sources)]
    found.extend(ResidualHolder(u.id, u.user_principal_name, "soft_deleted", "", u.id in planned) for u in deleted)
    groups = len(_groups_with_source(evidence))
    return Residual(direct, inherited, groups, len(deleted), outside), tuple(found)


def _groups_with_source(evidence: Evidence) -> list[Any]:
    sources = set(evidence.plan.sources)
    return [g for g in evidence.after.groups if any(x.sku_id in sources for x in g.licenses)]


def _facts(
    evidence: Evidence,
    totals: Totals,
    residual: Residual,
    ledger: Sequence[LedgerRow],
    found: Sequence[Any],
    left: Sequence[ResidualHolder],
    groups: Sequence[GroupResult],
) -> gates.Facts:
    plan, after = evidence.plan, evidence.after
    declared = evidence.verification.get("declare", {})
    related = {s for source in plan.sources for s in evidence.catalog.related(source, after.skus)} - set(plan.sources)
    source_rows = [r for r in ledger if r.sku_id in plan.sources]
    by_choice = set(plan.decisions.loc[plan.decisions["reason"] == "left_by_choice", "id"])
    return gates.Facts(
        residual=residual,
        groups=[_told_of(g) for g in groups if g.carries_source],
        inherited_through=_inherited_through(evidence, groups),
        groups_at_work=any(g.at_work for g in groups),
        soft_deleted=None if "deleted_users" in after.unread else [h.name for h in left if h.how == "soft_deleted"],
        relatives=[s for s in after.skus if s.sku_id in related and (s.consumed or s.enabled)],
        consumed={r.sku_part_number: r.consumed_after for r in source_rows},
        totals=totals,
        targets_not_ready=readiness.not_ready(after, plan.targets, _limits(evidence)),
        unlicensed=[i.subject for i in found if i.kind == "bare_user"],
        lost_unaccepted=[i.subject for i in found if i.kind == "lost_service"],
        ledger=ledger,
        addons=_addons(plan, after),
        declared_addons=declared.get("addons", {}),
        other_data_skus=_other_data(plan, after, evidence.catalog),
        purchase_channel=declared.get("purchase_channel", ""),
        partner_owned=any(
            s.owner_tenant_id and s.owner_tenant_id != plan.tenant_id
            for s in after.subscriptions
            if s.sku_id in plan.sources
        ),
        last_write_at=max((e.at for e in evidence.journal if e.kind == "intent"), default=""),
        read_began=utc_text(after.began),
        scans_agreed=bool(evidence.verification.get("scans_agreed")),
        left_by_choice=sum(h.id in by_choice and h.how in {"direct", "both"} for h in left),
    )


def _told_of(group: GroupResult) -> Message:
    """Name a group, and say why it is as it is."""
    match group.decision:
        case "left":
            why: str = Message("not named under [groups] swap")
        case "later":
            why = Message("since the plan was made")
        case _:
            why = REASONS.get(group.reason.partition(":")[0], group.reason)
    return Message("{group} ({why})", group=group.name, why=why) if why else verbatim(group.name)


def _inherited_through(evidence: Evidence, groups: Sequence[GroupResult]) -> list[Message]:
    """Name the groups through which anybody still has a source."""
    after, sources = evidence.after, set(evidence.plan.sources)
    used = {after.profiles[int(str(number))] for number in after.users["profile"].unique()}
    through = {a.group_id for p in used for a in p.assignments if a.sku_id in sources and a.group_id}
    told = {g.id: _told_of(g) for g in groups}
    return [told.get(group_id) or verbatim(group_id) for group_id in sorted(through)]


def _addons(plan: Plan, after: TenantSnapshot) -> list[str]:
    return sorted(
        s.part_number
        for s in after.skus
        if s.part_number.upper() in ADDON_PART_NUMBERS and s.sku_id not in plan.targets and (s.enabled or s.consumed)
    )


def _other_data(plan: Plan, after: TenantSnapshot, catalog: Catalog) -> list[str]:
    def carries_data(sku: SubscribedSku) -> bool:
        levels = [catalog.families.family_of(p.id) for p in sku.plans]
        return any(level is not None and level.data_at_risk for level in levels)

    return sorted(
        s.part_number
        for s in after.skus
        if s.sku_id not in plan.sources
        and s.enabled > 0
        and s.capability_status.casefold() == "enabled"
        and carries_data(s)
    )
