"""`reseat plan --addons-of`: a second plan that removes covered add-ons from users whom the first one moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from connectors.catalog.products import Catalog
from connectors.tenant import LicenseProfile, ReadScope, SkuId, SubscribedSku, TenantSnapshot, UserId
from jobs.license_reassignment.commands.plan import Planned, origin_of, warnings_of, write_plan
from jobs.license_reassignment.commands.shared.parts import Parts
from jobs.license_reassignment.commands.shared.protected import protected_for_plan
from jobs.license_reassignment.commands.shared.sign_in import sign_in
from jobs.license_reassignment.decide.coverage import AddonCover, Holding, broken_dependencies, data_at_risk
from jobs.license_reassignment.decide.decide import Change, Decision, Hold
from jobs.license_reassignment.decide.draft import Draft, Origin, describe
from jobs.license_reassignment.decide.remarks import addons_beside
from jobs.license_reassignment.decide.table import DECISION_COLUMNS, decision_columns, texts
from jobs.license_reassignment.decide.waves import ONLY_WAVE
from jobs.license_reassignment.errors import InputError
from jobs.license_reassignment.gather.protected import NO_SHIELDS, Shields, told, with_groups
from jobs.license_reassignment.guard import check_tenant
from jobs.license_reassignment.model.change import relevant
from jobs.license_reassignment.model.plan import Plan, split
from jobs.license_reassignment.model.text import counted
from jobs.license_reassignment.reconcile.reconcile import reconcile
from jobs.license_reassignment.run_folder.folder import RunDir
from jobs.license_reassignment.run_folder.load import load_evidence, load_plan
from jobs.license_reassignment.run_folder.seal import load_signing_key

PROVEN = frozenset({"moved", "moved_by_group"})


async def make_addons_plan(parts: Parts, run: RunDir) -> Planned:
    """Read the tenant, and plan to remove what the targets cover from the users whom a verify proved to be moved.

    Raises InputError (2) unless [addons] included_in_target says `remove`, PLAN is a swap, and it was verified since
    its last write.
    """
    load_signing_key(parts.effective.signing_key_path)
    plan = load_plan(run)
    proven = _proven(parts, run, plan)
    identity, organization = await sign_in(parts)
    check_tenant(plan, organization.id)
    about = {*plan.sources, *plan.targets, *(a.sku_id for p in proven.values() for a in p.assignments if a.direct)}
    lookups = tuple(UserId(u) for u in proven)
    scope = ReadScope(sku_ids=tuple(sorted(about)), group_sku_ids=plan.sources, lookups=lookups)
    snapshot = await parts.tenant.read_tenant(scope, on_page=parts.watcher.reading)
    shields = await protected_for_plan(parts, identity, snapshot)
    snapshot = with_groups(snapshot, shields.groups)
    draft = draw_addons(parts, plan, snapshot, proven, origin_of(parts, identity), shields)
    return write_plan(parts, draft, warnings_of(draft, _nobody(plan, len(proven))), ())


def _nobody(plan: Plan, moved: int) -> str:
    """Say why an add-ons plan changes nobody."""
    if not moved:
        return f"Plan {plan.plan_id} moved nobody, as its verify proved, so no add-on is removed from anybody."
    return (
        f"The plan changes nobody: of the {counted(moved, 'user')} whom plan {plan.plan_id} moved, none holds an "
        "add-on of their own that the target covers and that nothing else hangs on."
    )


def _proven(parts: Parts, run: RunDir, plan: Plan) -> dict[str, LicenseProfile]:
    """Return the moved users with what the verifying scan saw of them, derived again from the files."""
    if parts.effective.settings.addons.included_in_target != "remove":
        raise InputError('[addons] included_in_target is "keep"; set it to "remove" to have covered add-ons removed.')
    if plan.kind != "swap":
        raise InputError(f"Plan {plan.plan_id} is no swap (its kind is {plan.kind}); name the plan that moved.")
    if not run.has("reconciliation.json"):
        raise InputError(
            f"Nothing proves yet whom plan {plan.plan_id} moved: run `reseat verify {plan.plan_id}` first."
        )
    evidence = load_evidence(run, parts.catalog)
    found = reconcile(evidence)
    late = [g.detail for g in found.gates if g.id == "verified_after_last_write" and not g.passed]
    if not evidence.verification.get("scans_agreed"):
        late.append("its scans did not agree")
    if late:
        raise InputError(f"The last verify does not count ({late[0]}): run `reseat verify {plan.plan_id}` again.")
    moved = set(found.users.loc[found.users["outcome"].isin(list(PROVEN)), "id"].astype(str))
    after = evidence.after
    pairs = zip(after.users["id"], after.users["profile"], strict=True)
    return {str(u): after.profiles[number] for u, number in pairs if str(u) in moved}


def draw_addons(
    parts: Parts,
    plan: Plan,
    snapshot: TenantSnapshot,
    proven: Mapping[str, LicenseProfile],
    origin: Origin,
    shields: Shields = NO_SHIELDS,
) -> Draft:
    """Decide every moved user on the fresh snapshot; nobody is added to, no base and nobody protected is touched."""
    skus = {s.sku_id: s for s in snapshot.skus}
    targets = {
        str(u): split(t) for u, t in zip(plan.decisions["id"], plan.decisions["targets"].astype(str), strict=True)
    }
    users = snapshot.users[snapshot.users["id"].isin(list(proven))]
    known: dict[tuple[LicenseProfile, LicenseProfile, tuple[str, ...]], Decision | None] = {}
    found: list[Decision | None] = []
    for user_id, number in zip(users["id"], users["profile"], strict=True):
        key = (snapshot.profiles[number], proven[str(user_id)], targets[str(user_id)])
        if key not in known:
            known[key] = decide_addons(*key, plan.sources, skus, parts.catalog)  # type: ignore[arg-type]  # ids
        guarded = known[key] is not None and user_id in shields.users
        found.append(Hold("protected", targets=key[2]) if guarded else known[key])  # type: ignore[arg-type]  # ids
    users = users[np.array([v is not None for v in found], dtype=bool)]
    decided = [v for v in found if v is not None]
    decisions = _table(plan, users, decided)
    header = describe(
        origin,
        snapshot,
        parts.catalog,
        decisions,
        kind="addons",
        inputs_digest=f"addons {plan.digest}",
        sources=sorted({s for d in decided if isinstance(d, Change) for s in d.remove}),
        targets=(),
        waves=(ONLY_WAVE,),
    )
    header = replace(header, addons_of=plan.plan_id, protected=told(shields, users["id"]))
    return Draft(header, decisions, snapshot)


def decide_addons(
    now: LicenseProfile,
    proven: LicenseProfile,
    targets: tuple[SkuId, ...],
    sources: Sequence[SkuId],
    skus: Mapping[SkuId, SubscribedSku],
    catalog: Catalog,
) -> Decision | None:
    """Decide one user: covered add-ons go in one request; a base that changed since the proof keeps them all.

    Returns None for a user without a covered add-on, who is no part of the plan.
    """
    base = [a for a in now.assignments if a.sku_id in targets and a.sound]
    kept = [a for a in now.assignments if a.sku_id not in targets]
    covers = addons_beside(kept, base, skus, catalog.families)
    covered = tuple(sku for sku, cover in covers if cover is AddonCover.COVERED)
    if not covered:
        return None
    about = frozenset((*targets, *sources))
    if relevant(now, about) != relevant(proven, about) or len({a.sku_id for a in base}) < len(targets):
        return Hold("changed_by_others", targets=targets)
    before = Holding.of(((skus.get(a.sku_id), a) for a in now.assignments), catalog.families)
    left = [a for a in now.assignments if not (a.direct and a.sku_id in covered)]
    after = Holding.of(((skus.get(a.sku_id), a) for a in left), catalog.families)
    for plan, needs in broken_dependencies(before, after, catalog.families):
        return Hold("dependency", f"{plan} needs {needs}", targets)
    if lost := data_at_risk(before, after):
        return Hold("lost_service", "; ".join(loss.sentence for loss in lost), targets)
    stays = tuple((sku, cover) for sku, cover in covers if sku not in covered)
    return Change(targets=targets, add=(), remove=covered, needs=(), addons=stays)


def _table(plan: Plan, users: pd.DataFrame, decided: Sequence[Decision]) -> pd.DataFrame:
    table = decision_columns(decided)
    table["id"] = users["id"].to_numpy(dtype=object)
    table["name"] = users["user_principal_name"].to_numpy(dtype=object)
    table["rule"] = f"add-ons of {plan.plan_id}"
    table["wave"] = texts(ONLY_WAVE if isinstance(d, Change) else "" for d in decided)
    table["before"] = users["profile"].to_numpy()
    table["roster_line"] = table["usage_location"] = table["acknowledged_by"] = ""
    return table.loc[:, list(DECISION_COLUMNS)].astype(str)
