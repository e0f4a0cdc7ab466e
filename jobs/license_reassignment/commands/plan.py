"""`reseat plan`: reads the tenant, draws the plan up, and writes its folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from connectors.catalog.user_words import load_user_words
from connectors.catalog.voice_countries import load_voice_countries
from connectors.roster.read import Roster, RosterFileError, read_roster
from connectors.tenant import TenantSnapshot
from jobs.license_reassignment.commands.shared.new_plan import Planned, origin_of, warnings_of, write_plan
from jobs.license_reassignment.commands.shared.parts import Parts
from jobs.license_reassignment.commands.shared.protected import protected_for_plan
from jobs.license_reassignment.commands.shared.sign_in import sign_in
from jobs.license_reassignment.decide.draft import Inputs, draw_up
from jobs.license_reassignment.errors import InputError
from jobs.license_reassignment.gather import readiness
from jobs.license_reassignment.gather.names import Products, limits_of, policy_of, refuse_unknown
from jobs.license_reassignment.gather.people import Bound, bind, to_ask
from jobs.license_reassignment.gather.protected import check_rule_groups, with_groups
from jobs.license_reassignment.gather.roster import Wishes, read_scope, targets_of, wishes_of, with_roster_waves
from jobs.license_reassignment.model.text import counted
from jobs.license_reassignment.run_folder.seal import load_signing_key


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
    products = Products(parts.catalog, await parts.tenant.read_skus())
    policy = policy_of(settings, products)
    wishes = wishes_of(roster, products, policy)
    refuse_unknown(settings, policy, targets_of(policy, wishes), products)
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
