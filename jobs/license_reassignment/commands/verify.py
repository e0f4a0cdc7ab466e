"""`reseat verify`: scan again until the scans agree, keep them as evidence, add up, render."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

import orjson

from connectors.audit_log import AuditRecord, to_lines
from connectors.changes import Traffic
from connectors.errors import WrongTenant
from connectors.tenant import (
    GroupId,
    Identity,
    LicenseDetails,
    LicenseProfile,
    ReadScope,
    SkuId,
    TenantSnapshot,
    UserId,
)
from connectors.utc import utc_text
from jobs.license_reassignment.commands.shared.parts import Parts
from jobs.license_reassignment.commands.shared.reports import REPORTS, renderers, write_reports
from jobs.license_reassignment.gather.names import Products
from jobs.license_reassignment.gather.prices import prices_of
from jobs.license_reassignment.guard import check_pin
from jobs.license_reassignment.model.cost import Prices
from jobs.license_reassignment.model.other_runs import (
    OTHER_RUNS,
    OtherRuns,
    lines_about,
    to_jsonl,
)
from jobs.license_reassignment.model.plan import Plan, group_tasks_of, tasks_of
from jobs.license_reassignment.model.standing import GROUPS, NOT_SENT, fold
from jobs.license_reassignment.reconcile.audit_log import sent_by_other_runs, writing_periods
from jobs.license_reassignment.reconcile.reconcile import LEFT_WITHOUT, PRICES
from jobs.license_reassignment.reconcile.reconciliation import Reconciliation
from jobs.license_reassignment.reconcile.scans import BothScans, content, counts_fit
from jobs.license_reassignment.run_folder import snapshot_files
from jobs.license_reassignment.run_folder.folder import RunDir
from jobs.license_reassignment.run_folder.journal import Head
from jobs.license_reassignment.run_folder.load import (
    AUDIT_LOG,
    DETAILS,
    check_last_verification,
    entries,
    exported_records,
    load_evidence,
    load_journal,
    load_other_runs,
    load_plan,
    load_snapshot,
    perhaps_harmed,
)
from jobs.license_reassignment.run_folder.progress_file import pauses_left
from jobs.license_reassignment.run_folder.seal import SEALS, load_signing_key, write_into_journal

AFTER = ("after.csv", "after-profiles.json", "after-tenant.json", AUDIT_LOG, OTHER_RUNS)


async def verify(parts: Parts, run: RunDir, *, after_cancel: bool = False) -> Reconciliation:
    """Read the tenant afresh, keep what was read, and write the report. The former one moves to history.

    `after_cancel` asks besides whether the source is over and everybody who was fine still is.
    """
    key = load_signing_key(parts.effective.signing_key_path)
    parts.progress_file.start(run, parts.clock.now, parts.tenant.pauses)
    plan = load_plan(run)
    check_pin(plan, parts.effective.settings.tenant.id)
    head = load_journal(run, plan)
    check_last_verification(run)
    traffic = replace(parts.tenant.traffic)
    parts.tenant.keep(pauses_left(run, entries(head.lines)))
    identity = await parts.tenant.sign_in()
    organization = await parts.tenant.read_organization()
    if organization.id.lower() != plan.tenant_id:
        raise WrongTenant(
            f"Signed in to {organization.display_name} ({organization.id}), but plan {plan.plan_id} is for tenant "
            f"{plan.tenant_id}. Nothing was read further; use the credential of that tenant."
        )
    prices = await _prices(parts)
    before = load_snapshot(run)
    last_write = max((line.at for line in head.lines if line.kind in {"intent", "outcome"}), default="")
    after, agreed, scans = await _scan(parts, plan, before, last_write)
    details = await _details(parts, plan, before, after, head)
    health = await parts.tenant.read_health()
    others = load_other_runs(run, plan)
    asked, records = await _audit_log(parts, run, head, others)
    verification = {
        **_verification(parts, identity, agreed=agreed, scans=scans, health=health, since=traffic),
        "witness": asked,
        "after_cancel": after_cancel,
        **({PRICES: prices.stored()} if prices else {}),
        LEFT_WITHOUT: await _left_without(parts, plan, after, others),
    }
    files = snapshot_files.snapshot_files(after, "after")
    rest = orjson.loads(files["after-tenant.json"])
    files["after-tenant.json"] = snapshot_files.json_bytes({**rest, DETAILS: details, "verification": verification})
    read = frozenset(before.users["id"]) | frozenset(after.users["id"])
    files[OTHER_RUNS] = to_jsonl(lines_about(plan, read, others))
    if records is not None:
        files[AUDIT_LOG] = records
    run.move_to_history((*AFTER, *REPORTS, *SEALS), _stamp(parts.clock.now()))
    for name, data in files.items():
        run.write(name, data)
    who = {"operator": parts.operator, "host": parts.host, "tool_version": parts.tool_version}
    write_into_journal(run, head, parts.clock.now, app_id=identity.app_id, **who)
    return write_reports(run, load_evidence(run, parts.catalog), key)


async def _prices(parts: Parts) -> Prices | None:
    """Find the products of `[prices]`, before anything is read that takes long; nothing is asked without prices."""
    if not parts.effective.settings.prices.by_name:
        return None
    return prices_of(parts.effective, Products(parts.catalog, await parts.tenant.read_skus()))


async def _details(
    parts: Parts, plan: Plan, before: TenantSnapshot, after: TenantSnapshot, head: Head
) -> dict[str, LicenseDetails]:
    """Read what still works for users whom a change of ours concerned and whose target Graph holds for faulty since."""
    known = entries(head.lines)
    sent = {user_id for user_id, standing in fold(known).items() if standing.sent}
    swapped = [t for g, t in group_tasks_of(plan, before).items() if fold(known, GROUPS).get(g, NOT_SENT).sent]
    concerned = {u: {*t.targets, *t.adds} for u, t in tasks_of(plan, before).items() if u in sent}
    concerned.update((u, set(t.targets)) for t in swapped for u in t.members)
    scans = BothScans(before, after)
    ids = [u for u, targets in concerned.items() if _faulty(scans.after(u), targets)]
    found = await parts.tenant.read_license_details(ids) if ids else ()
    return {u: one for u, one in zip(ids, found, strict=True) if one is not None}


def _faulty(profile: LicenseProfile | None, targets: Set[SkuId]) -> bool:
    return profile is not None and any(a.sku_id in targets and a.gives and not a.sound for a in profile.assignments)


async def _left_without(parts: Parts, plan: Plan, after: TenantSnapshot, others: OtherRuns) -> dict[str, list[str]]:
    """Read again whom other runs may have left without a license; by run, who has none at all.

    A new plan has none of them in scope, for they hold nothing that it is about.
    """
    if not plan.asks_gates:
        return {}
    seen, found = {*plan.decisions["id"].astype(str), *after.users["id"].astype(str)}, dict[str, list[str]]()
    for other in others.runs:
        if others.undone_by(other.plan_id):
            continue
        ids = [UserId(u) for u in perhaps_harmed(other) if u not in seen]
        reads = await parts.tenant.read_users(ids) if ids else ()
        unlicensed = [r for r in reads if r.found and not any(a.gives for a in r.profile.assignments)]
        if unlicensed:
            found[other.plan_id] = sorted(r.user_principal_name for r in unlicensed)
    return found


async def _audit_log(parts: Parts, run: RunDir, head: Head, others: OtherRuns) -> tuple[dict[str, Any], bytes | None]:
    """Export what Entra recorded of our sessions; None where that is not permitted, or where nothing was written.

    What an earlier verification exported is kept: Microsoft drops its records after 7 or 30 days.
    """
    windows = writing_periods(entries(head.lines))
    asked = {
        "asked_at": utc_text(parts.clock.now()),
        "windows": [asdict(w) for w in windows],
        "granted": True,
        "other_runs": sent_by_other_runs(windows, others),
    }
    records: dict[str, AuditRecord] = {str(r["id"]): r for r in exported_records(run)}
    for window in windows:
        since, until = datetime.fromisoformat(window.since), datetime.fromisoformat(window.until)
        found = await parts.tenant.read_audit(window.app_id, since, until)
        if found is None:
            return {**asked, "granted": False}, None
        records.update((str(r["id"]), r) for r in found)
    return asked, to_lines(records.values()) if windows else None


def _verification(
    parts: Parts, identity: Identity, *, agreed: bool, scans: int, health: object, since: Traffic
) -> dict[str, Any]:
    return {
        "verified_at": utc_text(parts.clock.now()),
        "app_id": identity.app_id,
        "operator": parts.operator,
        "host": parts.host,
        "tool_version": parts.tool_version,
        "renderers": renderers(),
        "language": parts.effective.settings.run.language,
        "scans": scans,
        "scans_agreed": agreed,
        "declare": parts.effective.settings.declare.model_dump(mode="json"),
        "count_warning_units": parts.effective.settings.limits.count_warning_units,
        "accept_unprovisioned": list(parts.effective.settings.limits.accept_unprovisioned),
        "pseudonymise": parts.effective.settings.run.pseudonymise,
        "health": None if health is None else [asdict(h) for h in health],  # type: ignore[attr-defined]
        "traffic": asdict(parts.tenant.traffic.since(since)),
    }


def _stamp(now: datetime) -> str:
    return now.strftime("%Y-%m-%dT%H%M%S.%fZ")


async def _scan(parts: Parts, plan: Plan, before: TenantSnapshot, last_write: str) -> tuple[TenantSnapshot, bool, int]:
    """Scan until enough scans in a row agree with each other and with Graph's own count, or time is up."""
    settings = parts.effective.settings.verify
    pause = float(settings.seconds_between_scans)
    deadline = parts.clock.now() + timedelta(minutes=settings.settle_minutes_max)
    if last_write:
        due = datetime.fromisoformat(last_write) + timedelta(seconds=pause)
        await _pause(parts, (due - parts.clock.now()).total_seconds(), "giving the last change time to become visible")
    scope = ReadScope(
        sku_ids=(*plan.sources, *plan.targets),
        group_sku_ids=plan.sources,
        lookups=tuple(plan.decisions["id"].astype(str)),
        swap_groups=tuple(GroupId(g) for g in plan.groups.loc[plan.groups["kind"] == "change", "id"].astype(str)),
    )
    agreeing, scans = 0, 0
    former: tuple[object, ...] | None = None
    while True:
        after = await parts.tenant.read_tenant(scope, on_page=parts.watcher.reading)
        scans += 1
        seen = content(after)
        settled = after.stable and counts_fit(plan, before, after)
        agreeing = (agreeing + 1 if seen == former else 1) if settled else 0
        former = seen
        if agreeing >= settings.scans_agree:
            return after, True, scans
        if scans >= settings.scans_agree and parts.clock.now() + timedelta(seconds=pause) > deadline:
            return after, False, scans
        await _pause(parts, pause, "a second read must agree with this one")


async def _pause(parts: Parts, seconds: float, reason: str) -> None:
    if seconds > 0:
        parts.watcher.waiting(reason, seconds)
        await parts.clock.sleep(seconds)
