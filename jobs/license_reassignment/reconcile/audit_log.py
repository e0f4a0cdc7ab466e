"""Microsoft's record beside ours: each write of ours matched with what Entra itself wrote down of it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.audit_log import AuditEntry
from connectors.utc import utc_text
from jobs.license_reassignment.model.other_runs import OtherRuns
from jobs.license_reassignment.model.standing import ABOUT_USERS, LICENSES, Entry, Standing

CLOCKS_DIFFER = timedelta(minutes=5)
"""How far the directory's clock and its record may be from ours on either side."""

MINUTES_LATE = 15
"""Records appear some minutes after the change; earlier than this a missing one says nothing."""

RETENTION_DAYS = (7, 30)
"""Microsoft documents how long the records are kept: without and with a premium license of Entra ID."""


@dataclass(frozen=True, slots=True)
class WritingPeriod:
    """A time in which an app of ours wrote, as the audit log is asked for it. ISO 8601 UTC."""

    app_id: str
    since: str
    until: str


@dataclass(frozen=True, slots=True)
class Unrecorded:
    """A change of ours that has no record (yet)."""

    id: str
    name: str
    applied_at: str


@dataclass(frozen=True, slots=True)
class ForeignRecord:
    """A record under our app id, in our time, that no write of ours explains."""

    id: str
    at: str
    user_id: str
    user_name: str


@dataclass(frozen=True, slots=True)
class AuditLogCheck:
    """What Entra's audit log says of the run. `status` is exported, not_permitted, nothing_written or not_asked.

    `writes` are the users whose change is proven on our side; they are either `matched` or listed in `missing`.
    `records` = `matched` + `further` + `other_runs` + the `foreign` ones; `further` are of attempts refused or sent
    again, `other_runs` those that other runs of ours explain.
    """

    status: str
    asked_at: str = ""
    windows: tuple[WritingPeriod, ...] = ()
    records: int = 0
    writes: int = 0
    matched: int = 0
    further: int = 0
    missing: tuple[Unrecorded, ...] = ()
    foreign: tuple[ForeignRecord, ...] = ()
    other_runs: int = 0


def writing_periods(journal: Iterable[Entry]) -> tuple[WritingPeriod, ...]:
    """Return when which app wrote: one period per session that sent something, wide enough for clocks that differ."""
    sessions: list[tuple[str, list[str]]] = []
    for entry in journal:
        if entry.kind == "start":
            sessions.append((str(entry.body.get("app_id", "")), []))
        elif sessions and entry.kind in ABOUT_USERS:
            sessions[-1][1].append(entry.at)
    return tuple(
        WritingPeriod(app_id, _shifted(min(times), -CLOCKS_DIFFER), _shifted(max(times), CLOCKS_DIFFER))
        for app_id, times in sessions
        if times
    )


def _shifted(at: str, by: timedelta) -> str:
    return utc_text(datetime.fromisoformat(at) + by, "seconds")


def sent_by_other_runs(periods: Sequence[WritingPeriod], others: OtherRuns) -> dict[str, int]:
    """Count by user id how often other runs of ours wrote under the same app in these times: not only to our users."""
    sent = Counter[str]()
    for run in others.runs:
        for line in run.lines:
            if line.kind == "intent" and line.entry.writes == LICENSES and _within(line.at, run.app_ids, periods):
                sent.update(str(item["id"]) for item in line.body["items"])
    return dict(sorted(sent.items()))


def _within(at: str, app_ids: Sequence[str], periods: Sequence[WritingPeriod]) -> bool:
    """Whether a moment may fall into a period of one of these apps; a run that names no app may be any."""
    moment = datetime.fromisoformat(at)
    return any(
        datetime.fromisoformat(w.since) - CLOCKS_DIFFER <= moment <= datetime.fromisoformat(w.until) + CLOCKS_DIFFER
        and (not w.app_id or not app_ids or w.app_id in app_ids)
        for w in periods
    )


def check_audit_log(
    asked: Mapping[str, Any] | None,
    records: Sequence[AuditEntry],
    journal: Sequence[Entry],
    standings: Mapping[str, Standing],
    names: Mapping[str, str],
) -> AuditLogCheck:
    """Match what the directory recorded with what the journal says. `asked` is the note of the verify step.

    Its `other_runs` counts by user what other runs of ours sent in the same time.
    """
    if asked is None:
        return AuditLogCheck("not_asked")
    periods = tuple(WritingPeriod(**p) for p in asked["windows"])
    applied = [user for user, standing in standings.items() if standing.state == "applied" and standing.sent]
    status = "not_permitted" if not asked["granted"] else "exported" if periods else "nothing_written"
    if status != "exported":
        return AuditLogCheck(status, str(asked["asked_at"]), periods, writes=len(applied))
    recorded = {r.user_id for r in records if r.succeeded}
    missing = [u for u in applied if u not in recorded]
    others = Counter[str](asked.get("other_runs", {}))
    matched, left_over = len(applied) - len(missing), list(_left_over(records, journal))
    foreign = tuple(r for r in left_over if not _taken(others, r.user_id))
    by_others = len(left_over) - len(foreign)
    return AuditLogCheck(
        status=status,
        asked_at=str(asked["asked_at"]),
        windows=periods,
        records=len(records),
        writes=len(applied),
        matched=matched,
        further=len(records) - matched - len(left_over),
        missing=tuple(Unrecorded(u, names.get(u, u), standings[u].at) for u in missing),
        foreign=foreign,
        other_runs=by_others,
    )


def _taken(sent: Counter[str], user_id: str) -> bool:
    """Take one of the user's attempts, where one is left."""
    sent[user_id] -= 1
    return sent[user_id] >= 0


def _left_over(records: Sequence[AuditEntry], journal: Iterable[Entry]) -> Iterable[ForeignRecord]:
    """Every attempt of this run explains one record of its user; a success that is left over is not of this run."""
    sent = Counter(
        item["id"]
        for entry in journal
        if entry.kind == "intent" and entry.writes == LICENSES
        for item in entry.body["items"]
    )
    for record in sorted(records, key=lambda r: (not r.succeeded, r.at, r.id)):
        if not _taken(sent, record.user_id) and record.succeeded:
            yield ForeignRecord(record.id, record.at, record.user_id, record.user_name)
