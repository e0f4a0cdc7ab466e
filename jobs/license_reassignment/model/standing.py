"""What became of each user: the journal folded to a standing, and the standing judged against the last reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from connectors.changes import AssignLicense
from connectors.tenant import LicenseAssignment, LicenseProfile, SkuId
from jobs.license_reassignment.model.plan import change_of

State = Literal["pending", "in_doubt", "applied", "refused", "already", "drifted", "gone", "held"]
Seen = Literal["moved", "before", "other", "gone"]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the journal leaves one user. `sent` counts the requests that may have had an effect."""

    state: State = "pending"
    reason: str = ""
    message: str = ""
    sent: int = 0
    at: str = ""
    request_id: str = ""

    @property
    def answered(self) -> bool:
        """Whether nothing more is to be sent for this user."""
        return self.state not in {"pending", "in_doubt"}

    @property
    def ours(self) -> bool:
        """Whether what a read shows of the change may be our doing: it was applied, or a request of ours may have been.

        What Graph refused, and what was never sent, is not.
        """
        return self.sent > 0 and self.state in {"applied", "in_doubt", "drifted"}


NOT_SENT = Standing()

LICENSES, LOCATIONS = "licenses", "usage_location"
"""What a line of the journal is about; a line that does not say it is about licenses."""

_OUTCOME_STATES: Mapping[str, State] = {
    "applied": "applied",
    "refused": "refused",
    "retry": "pending",
    "in_doubt": "in_doubt",
    "stop": "pending",
}
# Answers that prove that the request changed nothing; a 429 does not.
_WITHOUT_EFFECT = frozenset({"not_sent", "concurrent_write", "seats_taken", "location_replicating"})
_SETTLED_STATES: Mapping[str, State] = {
    "moved": "applied",
    "already": "already",
    "pending": "pending",
    "drifted": "drifted",
    "gone": "gone",
    "refused": "refused",
    "in_doubt": "in_doubt",
    "held": "held",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One journal line as this room needs it."""

    kind: str
    at: str
    body: Mapping[str, Any]

    @property
    def writes(self) -> str:
        """What the line is about: LICENSES or LOCATIONS."""
        return str(self.body.get("writes", LICENSES))


def fold(entries: Iterable[Entry], writes: str = LICENSES) -> dict[str, Standing]:
    """Fold the journal lines of one kind into a standing per user id; an intent without an outcome is in doubt."""
    standings: dict[str, Standing] = {}
    for entry in entries:
        for _ in advance(standings, entry, writes):
            pass
    return standings


def advance(
    standings: dict[str, Standing], entry: Entry, writes: str = LICENSES
) -> Iterator[tuple[str, Standing, Standing]]:
    """Fold one line into the standings, in place; yields (user id, old, new) for each user it speaks of."""
    if entry.kind not in {"intent", "outcome", "settled"} or entry.writes != writes:
        return
    for item in entry.body["items"]:
        old = standings.get(item["id"], NOT_SENT)
        new = standings[item["id"]] = _step(old, entry, item)
        yield item["id"], old, new


def _step(old: Standing, entry: Entry, item: Mapping[str, Any]) -> Standing:
    if entry.kind == "intent":
        return replace(old, state="in_doubt", reason="unproven", sent=old.sent + 1, at=entry.at)
    if entry.kind == "outcome":
        state = _OUTCOME_STATES[item["verdict"]]
        return replace(
            old,
            state=state,
            sent=old.sent - (item.get("reason", "") in _WITHOUT_EFFECT),
            reason=item.get("reason", ""),
            message=item.get("message", ""),
            at=entry.at,
            request_id=entry.body.get("request_id", "") or old.request_id,
        )
    return replace(
        old,
        state=_SETTLED_STATES[item["verdict"]],
        reason=item.get("reason", ""),
        message=item.get("message", old.message),
        at=entry.at,
    )


def relevant(profile: LicenseProfile, skus: frozenset[SkuId]) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """Return what a drift is judged by: SKU, origin and disabled plans of the SKUs that the plan is about."""
    return tuple((a.sku_id, a.group_id, a.disabled_plans) for a in profile.assignments if a.sku_id in skus)


def concerned(change: AssignLicense, targets: Iterable[SkuId]) -> frozenset[SkuId]:
    """Return the SKUs whose assignments matter to one change."""
    return frozenset({a.sku_id for a in change.add} | set(change.remove) | set(targets))


def is_moved(profile: LicenseProfile, change: AssignLicense, targets: Iterable[SkuId]) -> bool:
    """Whether a read shows the change done: every target sound with the intended plans, nothing to remove left."""
    if not _carried_out(profile, change) or not all(a.sound for a in _added(profile, change)):
        return False
    return all(any(a.sound for a in profile.of_sku(t)) for t in targets)


def is_broken(profile: LicenseProfile, change: AssignLicense) -> bool:
    """Whether a read shows the change carried out and a license of it in error: the old is gone, the new gives less."""
    return _carried_out(profile, change) and not all(a.sound for a in _added(profile, change))


def _carried_out(profile: LicenseProfile, change: AssignLicense) -> bool:
    if any(profile.of_sku(sku) for sku in change.remove):
        return False
    held = {a.sku_id: a.disabled_plans for a in _added(profile, change)}
    return held == {a.sku_id: tuple(sorted(a.disabled_plans)) for a in change.add}


def _added(profile: LicenseProfile, change: AssignLicense) -> list[LicenseAssignment]:
    found = (profile.direct(a.sku_id) for a in change.add)
    return [a for a in found if a is not None]


def look(profile: LicenseProfile, before: LicenseProfile, change: AssignLicense, targets: tuple[SkuId, ...]) -> Seen:
    """Say what one read shows of one change: done, as it was before, or something else."""
    if is_moved(profile, change, targets):
        return "moved"
    skus = concerned(change, targets)
    return "before" if relevant(profile, skus) == relevant(before, skus) else "other"


@dataclass(frozen=True, slots=True)
class Judgement:
    """One user's outcome with its reason code and the sigil of the comparison."""

    outcome: str
    reason: str
    sigil: str


@dataclass(frozen=True, slots=True)
class Row:
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

    `author` is the other run of ours that explains what the user holds now, in words; "" where none does.
    """

    row: Row
    before: LicenseProfile
    after: LicenseProfile | None
    standing: Standing
    sources: tuple[SkuId, ...]
    reads_agree: bool = True
    author: str = ""


ACCEPTED_THEN_ERROR = "accepted_then_error"


def judge(case: Case) -> Judgement:
    """Give the first outcome that fits, in the order of the contract."""
    if case.after is None:
        return Judgement("gone", "user_not_found", "!")
    row, standing = case.row, case.standing
    change = change_of("", row.add, row.remove, row.disabled_plans)
    skus = frozenset({*case.sources, *row.targets, *(a.sku_id for a in change.add)})
    same = relevant(case.after, skus) == relevant(case.before, skus)
    done = bool(row.targets) and _on_target(case.after, case, change)
    broken = _broken(case.after, case, change)
    if standing.state == "in_doubt" and not done and not ((same or broken) and case.reads_agree):
        return Judgement("in_doubt", standing.reason or "unproven", "!")
    if done:
        # A change that others overlaid while it was in doubt, and that stands now after all, was ours too.
        return Judgement("moved" if standing.ours else "already_on_target", "", "=")
    if standing.state == "refused" or broken:
        return Judgement("refused", broken or standing.reason, "-")
    if standing.state == "applied":
        reason = _by(case, "move_undone")
        return Judgement("drifted", reason, _sigil(case.after, case, change))
    if not same or standing.state in {"drifted", "gone"}:
        sigil = "*" if row.kind == "hold" else _sigil(case.after, case, change)
        return Judgement("drifted", _by(case, "changed_by_others"), sigil)
    if row.kind == "hold" or standing.state == "held":
        return Judgement("held", row.reason or standing.reason, "=")
    return Judgement("pending", standing.reason or ("no_effect" if standing.sent else "not_sent"), "-")


def _by(case: Case, reason: str) -> str:
    return f"changed_by_run: by {case.author}" if case.author else reason


def _on_target(after: LicenseProfile, case: Case, change: AssignLicense) -> bool:
    no_source = not any(after.of_sku(s) for s in case.sources)
    return no_source and is_moved(after, change, case.row.targets)


def _broken(after: LicenseProfile, case: Case, change: AssignLicense) -> str:
    """Return the reason when Graph accepted our change and does not report a target sound since; "" otherwise.

    A target that was there before in the same state is none of our doing. A change whose answer was lost counts as
    accepted when everything is as it asked.
    """
    standing = case.standing
    if not standing.ours or (standing.state != "applied" and not _carried_out(after, change)):
        return ""
    targets = dict.fromkeys((*case.row.targets, *(a.sku_id for a in change.add)))
    unsound = [a for t in targets for a in after.of_sku(t) if not a.sound and a not in case.before.assignments]
    if not unsound or any(_other_sound(a, after) for a in unsound):
        return ""
    return f"{ACCEPTED_THEN_ERROR}: {unsound[0].state} {unsound[0].error}".strip()


def _other_sound(assignment: LicenseAssignment, profile: LicenseProfile) -> bool:
    return any(a.sound for a in profile.of_sku(assignment.sku_id))


def _sigil(after: LicenseProfile, case: Case, change: AssignLicense) -> str:
    if any(not after.of_sku(t) for t in case.row.targets):
        return "-"
    if any(after.of_sku(s) for s in change.remove):
        return "+"
    return "*"
