"""`reseat plan`: reads the tenant, draws the plan up, and writes its folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from connectors.catalog.user_words import load_user_words
from connectors.catalog.voice_countries import load_voice_countries
from connectors.message import Message
from connectors.roster.read import RosterFileError, read_file, together
from connectors.roster.rows import FileRows, Roster
from connectors.tenant import TenantSnapshot
from jobs.license_reassignment.commands.shared.named_groups import named_groups
from jobs.license_reassignment.commands.shared.new_plan import Planned, origin_of, warnings_of, write_plan
from jobs.license_reassignment.commands.shared.parts import Parts
from jobs.license_reassignment.commands.shared.protected import protected_for_plan
from jobs.license_reassignment.commands.shared.sign_in import sign_in
from jobs.license_reassignment.decide.draft import Inputs, draw_up
from jobs.license_reassignment.errors import InputError
from jobs.license_reassignment.gather import readiness
from jobs.license_reassignment.gather.groups import refuse_groups_beside, with_groups_of, without_hidden_members
from jobs.license_reassignment.gather.names import Products, limits_of, policy_of, refuse_unknown
from jobs.license_reassignment.gather.people import Bound, bind, to_ask
from jobs.license_reassignment.gather.prices import prices_of
from jobs.license_reassignment.gather.protected import check_rule_groups, with_groups
from jobs.license_reassignment.gather.roster import Wishes, read_scope, targets_of, wishes_of, with_roster_waves
from jobs.license_reassignment.model.text import counted
from jobs.license_reassignment.run_folder.seal import load_signing_key
from jobs.settings.load import Effective


def load_roster(effective: Effective) -> Roster | None:
    """Read the roster of the settings, all files as one.

    Raises InputError (2) that names every file which cannot be used at all, has no rows, or is given twice.
    """
    parts: list[FileRows] = []
    problems: list[str] = []
    paths = effective.roster_paths
    for number, (path, name) in enumerate(zip(paths, _names(effective.settings.scope.rosters), strict=True)):
        try:
            _refuse_twice(path, paths[:number])
            parts.append(_file_rows(path, name))
        except InputError as error:
            problems.append(str(error))
    if problems:
        raise InputError("\n".join(problems))
    return together(parts) if parts else None


def _names(written: Sequence[str]) -> list[str]:
    """Return what messages call each file: its name, and the path as written where several have the same name."""
    names = [Path(path).name for path in written]
    count = Counter(name.casefold() for name in names)
    return [
        name if count[name.casefold()] == 1 else Path(path).as_posix()
        for path, name in zip(written, names, strict=True)
    ]


def _refuse_twice(path: Path, before: Sequence[Path]) -> None:
    same = next((other for other in before if path.exists() and other.exists() and path.samefile(other)), None)
    if same:
        raise InputError(f"{path} is the same file as {same}. Take one of the two out of [scope] roster.")


def _file_rows(path: Path, name: str) -> FileRows:
    try:
        found = read_file(path.read_bytes(), file=name)
    except OSError as error:
        raise InputError(f"Cannot read the roster {path}: {error.strerror}. Correct [scope] roster.") from error
    except RosterFileError as error:
        raise InputError(str(error)) from error
    if not (found.rows or found.errors):
        raise InputError(
            f"{name}: the roster lists nobody: it has a header but no user rows, as after an export that "
            "failed has. Export it again, or take [scope] roster out of the settings if nobody has a wish of their own."
        )
    return found


async def make_plan(parts: Parts, *, skip_bad_rows: bool) -> Planned:
    """Read, decide, write. Raises InputError (2) when roster rows are rejected, unless they are to be skipped."""
    return await plan_with(parts, load_roster(parts.effective), skip_bad_rows=skip_bad_rows)


async def plan_with(parts: Parts, roster: Roster | None, *, skip_bad_rows: bool) -> Planned:
    """As `make_plan`, with the roster as it was read already."""
    load_signing_key(parts.effective.signing_key_path)
    settings = parts.effective.settings
    identity, _ = await sign_in(parts)
    products = Products(parts.catalog, await parts.tenant.read_skus())
    prices_of(parts.effective, products)
    policy = policy_of(settings, products)
    wishes = wishes_of(roster, products, policy)
    refuse_unknown(settings, policy, targets_of(policy, wishes), products)
    named = await named_groups(parts)
    refuse_groups_beside(named, policy, targets_of(policy, wishes))
    policy = with_roster_waves(with_groups_of(policy, settings, named), wishes)
    snapshot = await parts.tenant.read_tenant(read_scope(policy, wishes), on_page=parts.watcher.reading)
    snapshot = without_hidden_members(snapshot, identity)
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
    return write_plan(parts, draft, [*_remarks(roster), *warnings_of(draft)], not_ready)


def _remarks(roster: Roster | None) -> list[Message]:
    """Return what a person should know of the files: what nobody sees in them, and names that are nearly known."""
    files = roster.files if roster else ()
    return [
        *(Message("{file}: {remark}", file=file.name, remark=remark) for file in files for remark in file.remarks),
        *(
            Message(
                '{file}: reseat does not know the column "{column}" and only carries it along. If {known} is '
                "meant, correct the name and make a new plan: nothing in this column was used.",
                file=file.name,
                column=name,
                known=known,
            )
            for file in files
            for name, known in file.nearly_known
        ),
    ]


async def _bound(parts: Parts, wishes: Wishes, snapshot: TenantSnapshot, *, skip_bad_rows: bool) -> Bound:
    """Bind every row to its user; a damaged row is skipped only with whom it may mean held."""
    bound = bind(wishes, snapshot)
    if (skip_bad_rows or bound.unheld) and (names := to_ask(bound)):
        found = await parts.tenant.find(names, groups=False, hidden=False, on_page=parts.watcher.reading)
        bound = bind(wishes, snapshot, found)
    if bound.errors and not skip_bad_rows:
        raise InputError(_rejected_text(bound))
    if bound.unheld:
        raise InputError(_unheld_text(bound))
    return bound


def _unheld_text(bound: Bound) -> str:
    lines = [f"{e.place}: {e.reason} The row reads: {e.row}" for e in bound.unheld]
    lines.append(
        f"{counted(len(lines), 'row')} that cannot be used would keep somebody from being changed or from losing a "
        "service (leave, legal_hold or voice), and whom cannot be found, so that nobody can be held for it. Correct "
        "the row, or take it out if the person is gone; --skip-bad-rows does not skip it."
    )
    return "\n".join(lines)


def _rejected_text(bound: Bound) -> str:
    lines = [f"{e.place}: {e.reason}" for e in bound.errors[:20]]
    more = len(bound.errors) - len(lines)
    if more > 0:
        lines.append(f"… and {more} more.")
    lines.append(f"{len(bound.errors)} of {bound.rows_in} roster rows cannot be used. {_what_helps(bound)}")
    return "\n".join(lines)


def _what_helps(bound: Bound) -> str:
    if bound.unheld:
        kept = ", ".join(e.place for e in bound.unheld[:20])
        return (
            f"Correct them: --skip-bad-rows does not skip {kept}, where nobody can be found to be left alone (leave, "
            "legal_hold or voice)."
        )
    return (
        "Correct them, or continue without them with --skip-bad-rows: the users they name are then on hold, as far as "
        "they can be found."
    )
