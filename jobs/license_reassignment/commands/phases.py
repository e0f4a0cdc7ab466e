"""The two phases of an apply: countries that are missing first, then licenses; one engine carries out both."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from connectors.changes import WRITE_PERMISSION, Traffic
from connectors.tenant import UserId
from jobs.license_reassignment.apply.engine import apply, close
from jobs.license_reassignment.apply.queue import Board
from jobs.license_reassignment.apply.replies import Answers
from jobs.license_reassignment.apply.session import Ending, Session
from jobs.license_reassignment.commands.shared.parts import Parts
from jobs.license_reassignment.gather.readiness import LOCATION_PERMISSION
from jobs.license_reassignment.model.change import LOCATIONS_WAVE, LocationTask
from jobs.license_reassignment.model.progress import Progress
from jobs.license_reassignment.model.standing import LOCATIONS, NOT_SENT, Entry, Standing, fold
from jobs.license_reassignment.run_folder.journal import Journal


async def both_phases(
    parts: Parts,
    journal: Journal,
    board: Board,
    locations: Mapping[UserId, LocationTask],
    known: Sequence[Entry],
    protected_now: Sequence[UserId],
    traffic: Callable[[], Traffic],
) -> Ending:
    """Set what countries are missing, then change licenses. Raises as `apply` does.

    A user whose country Graph refused gets no license request, for Graph would refuse that too; nor does one who is
    protected now. Whom the board only looks at gets neither.
    """
    batches = max((int(e.body["batch"]) for e in known if e.kind == "intent"), default=0)
    placed = Board(locations, fold(known, LOCATIONS), (LOCATIONS_WAVE,), LOCATIONS, look_only=board.look_only)
    if unlocated(locations, known):
        answers = _answers(parts, placed.standings, LOCATION_PERMISSION)
        session = _session(parts, journal, placed, answers, batches, traffic)
        ending = await apply(session)
        batches = session.batches
        if placed.counts["in_doubt"]:
            return ending
    answers = _answers(parts, board.standings, WRITE_PERMISSION, placed.standings)
    session = _session(parts, journal, board, answers, batches, traffic)
    refused = {UserId(u): s.message for u, s in placed.standings.items() if s.state == "refused"}
    open_still = {u: m for u, m in refused.items() if board.standings.get(u, NOT_SENT).state == "pending"}
    close(session, open_still, "refused", "no_usage_location")
    close(session, dict.fromkeys(protected_now, ""), "held", "protected")
    return await apply(session)


def unlocated(locations: Mapping[UserId, LocationTask], known: Sequence[Entry]) -> bool:
    """Whether a country of the plan still waits for its answer."""
    standings = fold(known, LOCATIONS)
    return any(not standings.get(u, NOT_SENT).answered for u in locations)


def located_in_doubt(known: Sequence[Entry]) -> frozenset[str]:
    """Return the users whose usage location was sent and has no answer."""
    return frozenset(u for u, s in fold(known, LOCATIONS).items() if s.state == "in_doubt")


def _told(parts: Parts, progress: Progress) -> None:
    parts.watcher.progress(progress)
    parts.beacon.progress(progress)


def _answers(
    parts: Parts,
    standings: Mapping[str, Standing],
    permission: str,
    placed: Mapping[str, Standing] | None = None,
) -> Answers:
    return Answers(
        parts.effective.settings.limits.refusals_percent_max,
        applied=sum(s.state == "applied" for s in standings.values()),
        permission=permission,
        located={UserId(u): datetime.fromisoformat(s.at) for u, s in (placed or {}).items() if s.state == "applied"},
    )


def _session(
    parts: Parts, journal: Journal, board: Board, answers: Answers, batches: int, traffic: Callable[[], Traffic]
) -> Session:
    pace = parts.effective.settings.pace
    return Session(
        tenant=parts.tenant,
        journal=journal,
        board=board,
        control=parts.control,
        clock=parts.clock,
        answers=answers,
        patience_s=pace.wait_minutes_max * 60,
        in_flight=pace.batches_in_flight_max,
        on_progress=lambda progress: _told(parts, progress),
        traffic=traffic,
        batches=batches,
        product=parts.catalog.names.sku,
    )
