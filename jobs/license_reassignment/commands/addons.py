"""`reseat plan --addons-of`: a second plan that removes covered add-ons from users whom the first one moved."""

from __future__ import annotations

from connectors.message import Message
from connectors.tenant import LicenseProfile, ReadScope, UserId
from jobs.license_reassignment.commands.shared.new_plan import Planned, origin_of, warnings_of, write_plan
from jobs.license_reassignment.commands.shared.parts import Parts
from jobs.license_reassignment.commands.shared.protected import protected_for_plan
from jobs.license_reassignment.commands.shared.sign_in import sign_in
from jobs.license_reassignment.decide.addons import draw_addons
from jobs.license_reassignment.errors import InputError
from jobs.license_reassignment.gather.protected import with_groups
from jobs.license_reassignment.guard import check_tenant
from jobs.license_reassignment.model.plan import Plan
from jobs.license_reassignment.reconcile.findings import MOVED
from jobs.license_reassignment.reconcile.reconcile import reconcile
from jobs.license_reassignment.run_folder.folder import RunDir
from jobs.license_reassignment.run_folder.load import load_evidence, load_plan
from jobs.license_reassignment.run_folder.seal import load_signing_key


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
    draft = draw_addons(plan, snapshot, proven, parts.catalog, origin_of(parts, identity), shields)
    return write_plan(parts, draft, warnings_of(draft, _nobody(plan, len(proven))), ())


def _nobody(plan: Plan, moved: int) -> Message:
    """Say why an add-ons plan changes nobody."""
    if not moved:
        return Message(
            "Plan {plan} moved nobody, as its verification showed, so there is no add-on to remove.", plan=plan.plan_id
        )
    return Message(
        "The plan changes nobody: the {n} user moved by plan {plan} has no directly assigned add-on that the "
        "target covers and that nothing else depends on.",
        "The plan changes nobody: none of the {n} users moved by plan {plan} has a directly assigned add-on "
        "that the target covers and that nothing else depends on.",
        n=moved,
        plan=plan.plan_id,
    )


def _proven(parts: Parts, run: RunDir, plan: Plan) -> dict[str, LicenseProfile]:
    """Return the moved users with what the verifying scan saw of them, derived again from the files."""
    if parts.effective.settings.addons.included_in_target != "remove":
        raise InputError('[addons] included_in_target is "keep"; set it to "remove" to have covered add-ons removed.')
    if plan.kind != "swap":
        raise InputError(
            f"Plan {plan.plan_id} is no swap (its kind is {plan.kind}); name the plan that moved the users."
        )
    if not run.has("reconciliation.json"):
        raise InputError(
            f"It is not verified yet whom plan {plan.plan_id} moved: run `reseat verify {plan.plan_id}` first."
        )
    evidence = load_evidence(run, parts.catalog)
    found = reconcile(evidence)
    late: list[str] = [g.detail for g in found.gates if g.id == "verified_after_last_write" and not g.passed]
    if not evidence.verification.get("scans_agreed"):
        late.append("its scans did not agree")
    if late:
        raise InputError(f"The last verify does not count ({late[0]}): run `reseat verify {plan.plan_id}` again.")
    moved = set(found.users.loc[found.users["outcome"].isin(list(MOVED)), "id"].astype(str))
    after = evidence.after
    pairs = zip(after.users["id"], after.users["profile"], strict=True)
    return {str(u): after.profiles[number] for u, number in pairs if str(u) in moved}
