"""What became of one user: where the journal leaves the change, judged against the last reads. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.changes import AssignLicense
from connectors.message import Message
from connectors.tenant import LicenseAssignment, LicenseProfile, SkuId
from jobs.license_reassignment.model.change import carried_out, is_moved, relevant
from jobs.license_reassignment.model.other_runs import by_run
from jobs.license_reassignment.model.plan import change_of
from jobs.license_reassignment.model.standing import Standing
from jobs.license_reassignment.reconcile.groups.members import (
    GROUP_PROCESSING,
    MEMBER_ERROR,
    Swap,
    all_moved,
    reached,
    settled_reason,
)
from jobs.license_reassignment.reconcile.whose_change import NOBODY


@dataclass(frozen=True, slots=True)
class Judgement:
    """One user's outcome with its reason code and the sigil of the comparison."""

    outcome: str
    reason: str
    sigil: str


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """What the plan said of one user: the part of a decision that a judgement needs."""

    kind: str
    reason: str
    add: str
    remove: str
    disabled_plans: str
    targets: tuple[SkuId, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One user to judge. `after` is None when the user was not found (or waits in deleted users).

    `swaps` are the groups by which the user changes; `standing` then is that of all of them and of the user's own
    request. `author` is the other run of ours that explains what the user holds now, in words; NOBODY where none does.
    """

    row: DecisionRow
    before: LicenseProfile
    after: LicenseProfile | None
    standing: Standing
    sources: tuple[SkuId, ...]
    reads_agree: bool = True
    author: Message = NOBODY
    swaps: tuple[Swap, ...] = ()


ACCEPTED_THEN_ERROR, CHANGED_BY_RUN = "accepted_then_error", "changed_by_run"


def judge(case: Case) -> Judgement:
    """Give the first outcome that fits, in the order of the contract."""
    if case.after is None:
        return Judgement("gone", "user_not_found", "!")
    row, standing = case.row, case.standing
    change = change_of("", row.add, row.remove, row.disabled_plans)
    skus = frozenset({*case.sources, *row.targets, *(a.sku_id for a in change.add)})
    same = relevant(case.after, skus) in {relevant(p, skus) for p in (case.before, reached(case.swaps, case.before))}
    done = bool(row.targets) and _on_target(case.after, case, change)
    broken = _broken(case.after, case, change)
    swapped = standing.ours or any(swap.standing.ours for swap in case.swaps)
    by_group = settled_reason(case.swaps, case.before, case.after) if swapped else ""
    if standing.state == "processing" and not done:
        return Judgement("in_doubt", GROUP_PROCESSING, "!")
    if standing.state == "in_doubt" and not done and not ((same or broken) and case.reads_agree):
        return Judgement("in_doubt", standing.reason or "unproven", "!")
    if done:
        return Judgement(_done_by(case), "", "=")
    if by_group.startswith(MEMBER_ERROR):
        return Judgement("refused", by_group, "-")
    if standing.state == "refused" or broken:
        return Judgement("refused", broken or standing.reason, "-")
    if standing.state == "applied":
        reason = _by(case, by_group or "move_undone")
        return Judgement("drifted", reason, _sigil(case.after, case, change))
    if not same or standing.state in {"drifted", "gone"}:
        sigil = "*" if row.kind == "hold" else _sigil(case.after, case, change)
        return Judgement("drifted", _by(case, "changed_by_others"), sigil)
    if row.kind == "hold" or standing.state == "held":
        return Judgement("held", row.reason or standing.reason, "=")
    return Judgement("pending", standing.reason or ("no_effect" if standing.sent else "not_sent"), "-")


def _done_by(case: Case) -> str:
    """Say by whose write a user is on the target.

    A change that others overlaid while it was in doubt, and that stands now after all, was ours too; and so is the swap
    of a group that somebody has changed since.
    """
    assert case.after is not None
    if not case.swaps:
        return "moved" if case.standing.ours else "already_on_target"
    ours = case.standing.ours or any(swap.standing.ours for swap in case.swaps)
    return "moved_by_group" if ours and all_moved(case.swaps, case.after) else "already_on_target"


def _by(case: Case, reason: str) -> str:
    return f"{CHANGED_BY_RUN}: {by_run(case.author)}" if case.author else reason


def _on_target(after: LicenseProfile, case: Case, change: AssignLicense) -> bool:
    no_source = not any(after.of_sku(s) for s in case.sources)
    return (
        no_source
        and is_moved(after, change, case.row.targets)
        and (not case.standing.ours or all_moved(case.swaps, after))
    )


def _broken(after: LicenseProfile, case: Case, change: AssignLicense) -> str:
    """Return the reason when Graph accepted our change and does not report a target sound since; "" otherwise.

    A target that was there before in the same state is none of our doing. A change whose answer was lost counts as
    accepted when everything is as it asked.
    """
    standing = case.standing
    if not standing.ours or (standing.state != "applied" and not carried_out(after, change)):
        return ""
    targets = dict.fromkeys((*case.row.targets, *(a.sku_id for a in change.add)))
    unsound = [a for t in targets for a in after.of_sku(t) if not a.sound and a not in case.before.assignments]
    if not (unsound := [a for a in unsound if not _other_sound(a, after)]):
        return ""
    return f"{ACCEPTED_THEN_ERROR}: {unsound[0].state} {unsound[0].error}".strip()


def _other_sound(assignment: LicenseAssignment, profile: LicenseProfile) -> bool:
    return any(a.sound for a in profile.of_sku(assignment.sku_id))


def _sigil(after: LicenseProfile, case: Case, change: AssignLicense) -> str:
    if any(not after.of_sku(t) for t in case.row.targets):
        return "-"
    if any(after.of_sku(s) for s in (*change.remove, *(s for swap in case.swaps for s in swap.change.remove))):
        return "+"
    return "*"
