"""The parts of an apply with groups, in their order: users of a wave, its groups, the direct halves that are left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from connectors.tenant import SkuId
from jobs.license_reassignment.apply.engine import apply
from jobs.license_reassignment.apply.groups import GroupSession, still_lost, swap_groups
from jobs.license_reassignment.apply.session import Ending, Session, waiting_for_seats
from jobs.license_reassignment.apply.work import Leg, Met, Work, call_ending, lost_members
from jobs.license_reassignment.commands.shared.parts import Parts
from jobs.license_reassignment.decide.seats import seat_rows
from jobs.license_reassignment.errors import ExitCode
from jobs.license_reassignment.gather.names import limits_of
from jobs.license_reassignment.model.standing import GROUPS, NOT_SENT, Entry, fold
from jobs.license_reassignment.run_folder.folder import RunDir
from jobs.license_reassignment.run_folder.journal import read_journal
from jobs.license_reassignment.run_folder.load import entries

SEATS_OLD_AFTER_S = 30.0
GIVES_TARGET = frozenset({"applied", "already"})


def journal_of(run: RunDir, work: Work) -> list[Entry]:
    """Return the journal as it is on disk now."""
    return entries(read_journal(run.path, work.plan.digest).lines)


@dataclass(slots=True)
class FreeSeats:
    """How many seats are free, read again when the last read is old."""

    parts: Parts
    work: Work
    read_at: float | None = None
    known: Mapping[SkuId, int] | None = None

    async def __call__(self) -> Mapping[SkuId, int]:
        """Return the free seats of each target, less the reserve."""
        now = self.parts.clock.monotonic()
        if self.known is None or self.read_at is None or now - self.read_at > SEATS_OLD_AFTER_S:
            targets = set(self.work.plan.targets)
            skus = [s for s in await self.parts.tenant.read_skus() if s.sku_id in targets]
            subscriptions = await self.parts.tenant.read_subscriptions()
            rows = seat_rows(skus, subscriptions, limits_of(self.parts.effective.settings))
            self.known, self.read_at = {r.sku_id: r.free for r in rows}, now
        return self.known


async def with_groups(parts: Parts, run: RunDir, work: Work, session: Session) -> Ending:
    """Carry out the parts of this call one after the other. Raises as `apply` and `swap_groups` do.

    A part of which something stays in doubt, or that Entra still works on, ends the call; seats that others took, and
    groups that cannot be swapped, do not.
    """
    whole = session.queue
    if work.groups_protected_now:
        held = [{"id": g, "verdict": "held", "reason": "protected", "message": ""} for g in work.groups_protected_now]
        session.journal.append("settled", {"writes": GROUPS, "items": held})
    met = Met()
    for step in work.steps():
        if step.what == "groups":
            met = await _groups(parts, run, work, session, step, met)
        else:
            met = await _users(run, work, session, step, met)
        whole.count()
        if met.at_work or whole.counts["in_doubt"]:
            break
    session.queue = whole
    return call_ending(work, whole, journal_of(run, work), met)


async def _users(run: RunDir, work: Work, session: Session, step: Leg, met: Met) -> Met:
    """Change the users of one part; a direct half goes only where every group of its user gives the target.

    Whatever is in doubt, of this part or another, is looked at first.
    """
    whole = session.queue
    queue = work.license_queue(whole.standings, step)
    groups = fold(journal_of(run, work), GROUPS) if step.what == "halves" else {}
    ready = [
        t
        for t in work.tasks_in(step)
        if whole.standings.get(t.user_id, NOT_SENT).state in {"pending", "in_doubt"}
        and all(groups.get(g, NOT_SENT).state in GIVES_TARGET for g in t.via)
    ]
    if not ready and not whole.counts["in_doubt"]:
        return met
    sent = {t.user_id for t in ready}
    queue.look_only = {**{u: "" for u in work.tasks if u not in sent}, **work.look_only}
    session.queue, session.ended, session.failure = queue, None, None
    try:
        await apply(session)
    finally:
        session.queue = whole
        whole.count()
    short = waiting_for_seats(session, step.waves) if queue.short else ""
    return met if not short else Met(met.at_work, short, met.lost)


async def _groups(parts: Parts, run: RunDir, work: Work, session: Session, step: Leg, met: Met) -> Met:
    """Swap the groups of one wave, and look at all that were sent before."""
    known = journal_of(run, work)
    frozen = work.plan.header.settings
    queue = work.group_queue(step.waves[0], known, hours_max=0.0 if work.settling else frozen.processing_hours_max)
    open_states = {"pending", "in_doubt", "processing"}
    if not queue.again and not any(queue.standing(g).state in open_states for g in queue.tasks):
        return met
    session.queue.stand_at(step.waves[0])
    queue.lost = await still_lost(parts.tenant, work.groups, lost_members(known))
    groups = GroupSession(
        tenant=parts.tenant,
        session=session,
        queue=queue,
        free_seats=FreeSeats(parts, work),
        role_assignable=work.role_assignable,
        look_only=work.groups_look_only,
        reprocessed=work.not_to_reprocess(known),
        began=_first_accepted(known),
    )
    ending = await swap_groups(groups)
    assert ending.code == ExitCode.DONE, "what hinders a group is told by its standing"
    at_work = groups.told() if queue.overdue else ""
    names = ", ".join(sorted(queue.tasks[g].name for g in queue.overdue))
    short = ", ".join(sorted(f"group {queue.tasks[g].name}" for g in queue.short))
    return Met(f"{at_work} ({names})" if at_work else "", short or met.short, len(queue.lost))


def _first_accepted(journal: Sequence[Entry]) -> datetime | None:
    """Return when Graph accepted the first change of a group."""
    accepted = (
        e.at
        for e in journal
        if e.kind == "outcome" and e.writes == GROUPS and any(i["verdict"] == "accepted" for i in e.body["items"])
    )
    first = next(accepted, None)
    return None if first is None else datetime.fromisoformat(first)
