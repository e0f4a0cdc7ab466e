"""What became of a user whom a group moves: the group's standing, the user's own, and the last read. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from connectors.changes import AssignGroupLicense, AssignLicense
from connectors.tenant import LicenseAssignment, LicenseProfile, SkuId, UserId
from jobs.license_reassignment.model.group_change import member_seen
from jobs.license_reassignment.model.standing import NOT_SENT, Standing

GROUP_PROCESSING, MEMBER_ERROR = "group_processing", "member_error"
TURNED_DIRECT, LEFT_GROUP = "turned_direct", "left_group"

NO_REQUEST = AssignLicense(UserId(""), (), ())
_GROUP_REASONS = {"drifted": "group_drifted", "gone": "group_gone", "pending": "group_not_sent", "already": ""}


@dataclass(frozen=True, slots=True)
class Swap:
    """One group by which a user changes: its change, where the journal leaves it, and whether the user is still inside.

    `inside` is None where the members were not read again.
    """

    change: AssignGroupLicense
    standing: Standing
    inside: bool | None = None


def standing_of(swaps: Sequence[Swap], own: Standing | None) -> Standing:
    """Return one standing for a user of several groups and of a request of their own; the least settled one counts.

    `own` is None for whom no request of their own was planned.
    """
    parts = [_of_group(swap.standing) for swap in swaps]
    if own is not None:
        parts.append(own)
    return min(parts, key=lambda s: _ORDER.index(s.state), default=NOT_SENT)


_ORDER = ("in_doubt", "processing", "pending", "refused", "held", "gone", "drifted", "already", "applied")


def _of_group(standing: Standing) -> Standing:
    """Say what a group's standing means for its members: where the group was not changed, they were not either."""
    if standing.state in {"drifted", "gone", "already"} or (standing.state == "pending" and not standing.reason):
        return Standing("pending", _GROUP_REASONS[standing.state], sent=standing.sent, at=standing.at)
    return standing


def settled_reason(swaps: Sequence[Swap], before: LicenseProfile, after: LicenseProfile) -> str:
    """Return why a user is not where accepted swaps should have led, "" where nothing of the groups explains it."""
    if any(swap.inside is False for swap in swaps):
        return LEFT_GROUP
    removed = {sku for swap in swaps for sku in swap.change.remove}
    if any(after.direct(s) is not None and before.direct(s) is None for s in removed):
        return TURNED_DIRECT
    if errors := [e for swap in swaps if (e := _error(swap, after, removed))]:
        return f"{MEMBER_ERROR}: {errors[0]}"
    return ""


def _error(swap: Swap, after: LicenseProfile, removed: set[SkuId]) -> str:
    """Return the state and error of what the group could not give, where the user has the old or the new all the same.

    The old one is still there, or the new one comes in another way.
    """
    keeps = any(a.gives for s in removed for a in after.of_sku(s))
    has = all(any(a.sound for a in after.of_sku(x.sku_id)) for x in swap.change.add)
    if member_seen(after, swap.change) != "error" or not (keeps or has):
        return ""
    of_group = [a for a in after.assignments if a.group_id == swap.change.group_id and not a.sound]
    skus = (*(a.sku_id for a in swap.change.add), *swap.change.remove)
    wrong = [a for sku in skus for a in of_group if a.sku_id == sku]
    return f"{wrong[0].state} {wrong[0].error}".strip() if wrong else ""


def all_moved(swaps: Sequence[Swap], after: LicenseProfile) -> bool:
    """Whether a read shows every group's swap carried out on a user."""
    return all(member_seen(after, swap.change) == "moved" for swap in swaps)


def changed(profile: LicenseProfile, change: AssignLicense, swaps: Iterable[Swap] = ()) -> LicenseProfile:
    """Return the profile with one change and the swaps of groups made, and nothing else."""
    swaps = tuple(swaps)
    removed = {("", s) for s in change.remove} | {(w.change.group_id, s) for w in swaps for s in w.change.remove}
    added = [LicenseAssignment(a.sku_id, "", a.disabled_plans) for a in change.add]
    added += [
        LicenseAssignment(a.sku_id, w.change.group_id, tuple(sorted(a.disabled_plans)))
        for w in swaps
        for a in w.change.add
    ]
    replaced = {(a.group_id, a.sku_id) for a in added if a.group_id}
    kept = [a for a in profile.assignments if (a.group_id, a.sku_id) not in removed | replaced]
    return LicenseProfile.of([*kept, *added])


def reached(swaps: Sequence[Swap], before: LicenseProfile) -> LicenseProfile:
    """Return what a user has when the groups whose change Graph accepted are done, and nothing else has happened."""
    return changed(before, NO_REQUEST, (s for s in swaps if s.standing.state in {"processing", "applied"}))
