"""`reseat plan`: reads the tenant, draws the plan up, and writes its folder."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from connectors.catalog.user_words import load_user_words
from connectors.catalog.voice_countries import load_voice_countries
from connectors.roster.read import Roster, RosterFileError, read_roster
from connectors.tenant import Identity, TenantSnapshot
from connectors.utc import utc_text
from jobs.license_reassignment.commands.shared.parts import Parts
from jobs.license_reassignment.commands.shared.protected import protected_for_plan
from jobs.license_reassignment.commands.shared.sign_in import sign_in
from jobs.license_reassignment.decide.draft import Draft, Inputs, Origin, draw_up
from jobs.license_reassignment.decide.worth_knowing import sentences
from jobs.license_reassignment.errors import ExitCode, InputError, first_of
from jobs.license_reassignment.gather import readiness
from jobs.license_reassignment.gather.names import (
    Wishes,
    limits_of,
    policy_of,
    read_scope,
    targets_of,
    wishes_of,
    with_roster_waves,
)
from jobs.license_reassignment.gather.people import Bound, bind, to_ask
from jobs.license_reassignment.gather.protected import check_rule_groups, with_groups
from jobs.license_reassignment.gather.refusals import (
    refuse_unknown_accepted,
    refuse_unknown_addons,
    refuse_unknown_plans,
)
from jobs.license_reassignment.guard import over_limits
from jobs.license_reassignment.model.plan import Plan
from jobs.license_reassignment.model.text import counted
from jobs.license_reassignment.reconcile.scans import holders
from jobs.license_reassignment.report.html import render_plan_html
from jobs.license_reassignment.report.plan_view import plan_view
from jobs.license_reassignment.run_folder.folder import RunDir
from jobs.license_reassignment.run_folder.journal import segments
from jobs.license_reassignment.run_folder.plan_files import PlanFiles, numbered, plan_files
from jobs.license_reassignment.run_folder.seal import MANIFEST, load_signing_key
from jobs.settings.model import Settings

SAME_PLANS_MAX = 1_000
"""So many folders of one and the same content are looked through before a person is asked to tidy up."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan on disk, with what a person should know of it; `next_step` is the command that makes sense now."""

    run: RunDir
    plan: Plan
    code: ExitCode
    warnings: tuple[str, ...]
    next_step: str = ""


def load_roster(path: Path | None) -> Roster | None:
    """Read the roster of the settings. Raises InputError (2) for a file that cannot be used at all, or has no rows."""
    if path is None:
        return None
    try:
        roster = read_roster(path.read_bytes(), file=path.name)
    except OSError as error:
        raise InputError(f"Cannot read the roster {path}: {error.strerror}. Correct [scope] roster.") from error
    except RosterFileError as error:
        raise InputError(str(error)) from error
    if not roster.rows_in:
        raise InputError(
            f"{path.name}: the roster names nobody: it has a header and no row of a user, as an export that "
            "failed has. Export it again, or take [scope] roster out of the settings if nobody has a wish of their own."
        )
    return roster


async def make_plan(parts: Parts, *, skip_bad_rows: bool) -> Planned:
    """Read, decide, write. Raises InputError (2) when roster rows are rejected, unless they are to be skipped."""
    load_signing_key(parts.effective.signing_key_path)
    settings = parts.effective.settings
    roster = load_roster(parts.effective.roster_path)
    identity, _ = await sign_in(parts)
    skus = await parts.tenant.read_skus()
    policy = policy_of(settings, parts.catalog, skus)
    refuse_unknown_addons(settings.declare.addons, parts.catalog, skus)
    wishes = wishes_of(roster, parts.catalog, skus, policy)
    refuse_unknown_plans(policy.new_in_target, targets_of(policy, wishes), skus)
    refuse_unknown_accepted(settings.limits.accept_unprovisioned, targets_of(policy, wishes), skus)
    policy = with_roster_waves(policy, wishes)
    snapshot = await parts.tenant.read_tenant(read_scope(policy, wishes), on_page=parts.watcher.reading)
    check_rule_groups(policy, snapshot, identity)
    shields = await protected_for_plan(parts, identity, snapshot)
    snapshot, policy = with_groups(snapshot, shields.groups), replace(policy, protected=shields.users)
    bound = await _bound(parts, wishes, snapshot, skip_bad_rows=skip_bad_rows)
    draft = draw_up(
        Inputs(
            snapshot=snapshot,
            policy=policy,
            limits=limits_of(settings),
            wishes=wishes,
            bound=bound,
            catalog=parts.catalog,
            shields=shields,
            words=load_user_words(),
            voice_countries=load_voice_countries(),
            origin=origin_of(parts, identity),
        )
    )
    not_ready = readiness.not_ready(snapshot, targets_of(policy, wishes), limits_of(settings))
    return write_plan(parts, draft, [*_nearly_known(roster), *warnings_of(draft)], not_ready)


def _nearly_known(roster: Roster | None) -> list[str]:
    if roster is None:
        return []
    return [
        f'{roster.file}: the column "{name}" means nothing to reseat and is only carried along. If it is meant as '
        f"{known}, correct its name and make a new plan: nothing of what it says was heeded."
        for name, known in roster.nearly_known
    ]


def origin_of(parts: Parts, identity: Identity) -> Origin:
    """Say who makes a plan with these parts, when, and with which settings."""
    return Origin(
        tool_version=parts.tool_version,
        created_at=utc_text(parts.clock.now(), "seconds"),
        config_sha256=parts.effective.sha256,
        frozen=parts.effective.settings.frozen_part(),
        app_id=identity.app_id,
        operator=parts.operator,
        host=parts.host,
    )


async def _bound(parts: Parts, wishes: Wishes, snapshot: TenantSnapshot, *, skip_bad_rows: bool) -> Bound:
    """Bind every row to its user; a damaged row is skipped only with whom it may mean held."""
    bound = bind(wishes, snapshot)
    if bound.errors and not skip_bad_rows:
        raise InputError(_rejected_text(bound))
    if names := to_ask(bound):
        found = await parts.tenant.find(names, groups=False, hidden=False, on_page=parts.watcher.reading)
        bound = bind(wishes, snapshot, found)
    if bound.unheld:
        raise InputError(_unheld_text(bound))
    return bound


def _unheld_text(bound: Bound) -> str:
    lines = [f"{e.file}, line {e.line}: {e.reason} The row reads: {e.row}" for e in bound.unheld]
    lines.append(
        f"{counted(len(lines), 'row')} that cannot be used would keep somebody from being changed or from losing a "
        "service (leave, legal_hold or voice), and whom cannot be found, so that nobody can be held for it. Correct "
        "the row, or take it out if the person is gone; --skip-bad-rows does not skip it."
    )
    return "\n".join(lines)


def _rejected_text(bound: Bound) -> str:
    lines = [f"{e.file}, line {e.line}: {e.reason}" for e in bound.errors[:20]]
    more = len(bound.errors) - len(lines)
    if more > 0:
        lines.append(f"… and {more} more.")
    lines.append(
        f"{len(bound.errors)} of {bound.rows_in} roster rows cannot be used. Correct them, or go on without them with "
        "--skip-bad-rows: the users they name are then held."
    )
    return "\n".join(lines)


def write_plan(parts: Parts, draft: Draft, warnings: Sequence[str], not_ready: Sequence[str]) -> Planned:
    """Write the plan into a folder of its own; nothing that was begun or verified is ever written over."""
    made = _fresh(parts.effective.runs_path, plan_files(draft))
    plan, run = made.plan, RunDir(parts.effective.runs_path / made.plan.plan_id)
    limits = over_limits(plan, limits_of(parts.effective.settings))
    told = (*not_ready, *warnings, *limits, *_duration(plan, parts.effective.settings))
    run.create()
    files: Mapping[str, bytes] = {
        **made.files,
        "plan.html": render_plan_html(
            plan_view(plan, told, parts.catalog.names.services), parts.effective.settings.run.language
        ).encode(),
    }
    # The header comes last: without it there is no plan.
    for name in sorted(files, key=lambda n: n == "plan.json"):
        run.write(name, files[name])
    return Planned(run, plan, _code(plan, not_ready, limits), told, _next_step(plan, not_ready, limits))


def _fresh(runs: Path, made: PlanFiles) -> PlanFiles:
    """Number the plan past every folder of the same content that was begun or verified."""
    for again in range(SAME_PLANS_MAX):
        named = numbered(made, again)
        if not _kept(runs / named.plan.plan_id):
            return named
    raise InputError(
        f"{runs} holds {SAME_PLANS_MAX} runs of this very plan. Move finished run folders elsewhere, or give another "
        "directory with `--runs DIR`."
    )


def _kept(folder: Path) -> bool:
    """Whether a folder holds what must stay as it is: a journal, a sealed report, or what we may not even look at."""
    try:
        return folder.is_dir() and (bool(segments(folder)) or (folder / MANIFEST).is_file())
    except OSError:
        return True


def _next_step(plan: Plan, not_ready: Sequence[str], limits: Sequence[str]) -> str:
    apply = f"reseat apply {plan.plan_id} --tenant {plan.tenant_id}"
    if not plan.header.totals.changes:
        return f"reseat verify {plan.plan_id}" if plan.kind == "swap" else ""
    if not_ready:
        return f"reseat check --wait; then {apply}"
    return f"raise the limit in reseat.toml if that is meant; then {apply}" if limits else apply


NOBODY = "The plan changes nobody."


def warnings_of(draft: Draft, nobody: str = NOBODY) -> list[str]:
    """Say what a person should know before approving; `nobody` is what is said of a plan that changes nobody."""
    found, snapshot = [], draft.snapshot
    if not snapshot.stable:
        found.append("Seat counts moved during every scan: somebody else is changing licenses now.")
    found.extend(
        f"Graph counts {counted(sku.consumed, 'used seat')} of {sku.part_number} and lists nobody who holds it: look "
        "in the admin center who does, and make a new plan when the two agree."
        for source in draft.header.sources
        if (sku := snapshot.sku(source.sku_id)) is not None and sku.consumed > 0 and not holders(snapshot, sku.sku_id)
    )
    found.extend(
        f"{s.part_number}: {counted(s.short, 'seat')} short; buy more, or name another target in the "
        "roster. Exactly the users that do not fit are held (no_seat)."
        for s in draft.header.seats
        if s.short
    )
    if not draft.decisions["kind"].eq("change").any():
        found.append(nobody)
    return [*found, *sentences(draft.header)]


def _duration(plan: Plan, settings: Settings) -> list[str]:
    """Say how long the writing takes at the pace that is set; each user costs one write."""
    per_minute = settings.pace.writes_per_150_s * settings.pace.quota_share / 2.5
    minutes = math.ceil(plan.header.totals.changes / per_minute)
    sentence = f"Applying it takes about {minutes} min of writing, at {per_minute:,.0f} users a minute."
    return [sentence] if minutes else []


def _code(plan: Plan, not_ready: Sequence[str], limits: Sequence[str]) -> ExitCode:
    codes = [ExitCode.NOT_YET] if not_ready else []
    if plan.header.held_for_somebody or plan.header.roster.rejected or limits:
        codes.append(ExitCode.PEOPLE_LEFT)
    return first_of(codes)
