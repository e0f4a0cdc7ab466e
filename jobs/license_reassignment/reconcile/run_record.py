"""What a run's own record says of itself: traffic, times, who ran it with which inputs. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from jobs.license_reassignment.model.plan import Plan
from jobs.license_reassignment.model.standing import Entry
from jobs.license_reassignment.reconcile.findings import MOVED, BySteps, Requests, Run, Timing


def requests_of(journal: Sequence[Entry], verification: Mapping[str, Any]) -> Requests:
    """Add up the traffic of all sessions and of the verification; a session that died told it with each answer.

    Writes are counted from what was written down before sending, so that no unanswered one is forgotten.
    """
    sessions: list[Mapping[str, Any]] = [{}]
    for entry in journal:
        if entry.kind == "start":
            sessions.append({})
        elif entry.kind in {"outcome", "end"}:
            sessions[-1] = entry.body.get("traffic", sessions[-1])
    sessions.append(verification.get("traffic", {}))

    def total(key: str) -> float:
        return sum(float(t.get(key, 0)) for t in sessions)

    return Requests(
        http=int(total("http")),
        batches=int(total("batches")),
        writes=_writes(journal),
        throttled=int(total("throttled")),
        waited_seconds=round(total("waited_seconds"), 3),
    )


def _writes(journal: Sequence[Entry]) -> int:
    """Count the changes of all intents but those of which the answer says that they never left."""
    written = sum(len(e.body["items"]) for e in journal if e.kind == "intent")
    kept = [
        item for e in journal if e.kind == "outcome" for item in e.body["items"] if item.get("reason") == "not_sent"
    ]
    return written - len(kept)


def timing_of(journal: Sequence[Entry], verification: Mapping[str, Any], counts: Mapping[str, int]) -> Timing:
    """Say when the sessions began and ended and how fast they were."""
    sessions = _sessions(journal)
    seconds = seconds_at_work(journal)
    moved = sum(counts[outcome] for outcome in MOVED)
    return Timing(
        started_at=sessions[0][0] if sessions else "",
        finished_at=sessions[-1][1] if sessions else "",
        apply_seconds=round(seconds, 3),
        users_per_second=round(moved / seconds, 3) if seconds else 0.0,
        verified_at=str(verification.get("verified_at", "")),
    )


def _sessions(journal: Sequence[Entry]) -> list[tuple[str, str]]:
    sessions: list[tuple[str, str]] = []
    for entry in journal:
        if entry.kind == "start":
            sessions.append((entry.at, entry.at))
        elif sessions and entry.kind in {"outcome", "settled", "end"}:
            sessions[-1] = (sessions[-1][0], entry.at)
    return sessions


def seconds_at_work(journal: Sequence[Entry]) -> float:
    """Return the seconds of all sessions from their start to their last answer.

    What lies between them is no work, nor is the time for which somebody paused one of them.
    """
    sessions = [(_time(first), _time(last)) for first, last in _sessions(journal)]
    pauses = [_pause_of(entry) for entry in journal if entry.kind == "note" and entry.body.get("event") == "pause"]
    paused = sum(
        max(0.0, (min(last, ended) - max(first, began)).total_seconds())
        for first, last in sessions
        for began, ended in pauses
    )
    return sum((last - first).total_seconds() for first, last in sessions) - paused


def _pause_of(entry: Entry) -> tuple[datetime, datetime]:
    """Return when a pause began and ended; its line is written at its end."""
    ended = _time(entry.at)
    return ended - timedelta(seconds=float(entry.body["seconds"])), ended


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def run_of(plan: Plan, journal: Sequence[Entry], verification: Mapping[str, Any]) -> Run:
    """Say who ran what, where and with which inputs."""
    starts = [e.body for e in journal if e.kind == "start"]
    last, seen = (starts[-1] if starts else {}), verification
    declare = seen.get("declare", {})
    author = str(declare.get("by", ""))
    facts = {
        "purchase_channel": declare.get("purchase_channel", ""),
        "billing_agreement": declare.get("billing_agreement", ""),
    }
    facts |= {"nonprofit": "true"} if declare.get("nonprofit") else {}
    facts.update({f"addons.{k}": v for k, v in declare.get("addons", {}).items()})
    return Run(
        tool_version=str(seen.get("tool_version", "")),
        planned_by=plan.header.planned_by,
        applied_by=str(last.get("app_id", "")),
        verified_by=str(seen.get("app_id", "")),
        operator=_by_steps("operator", plan.header.operator, last, seen),
        host=_by_steps("host", plan.header.host, last, seen),
        config_sha256=plan.header.config_sha256,
        roster_sha256=plan.header.roster.sha256,
        declared=tuple((k, str(v), author) for k, v in facts.items() if v),
    )


def _by_steps(key: str, planned: str, applied: Mapping[str, Any], verified: Mapping[str, Any]) -> BySteps:
    """Put beside what the plan says what the last apply and the verification say; older folders say less."""
    return BySteps(planned, *(str(said.get(key, "")) for said in (applied, verified)))
