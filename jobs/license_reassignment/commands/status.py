"""`reseat status`: where a run stands, from the files of its folder alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from jobs.license_reassignment.model.plan import group_tasks_of, locations_of, tasks_of
from jobs.license_reassignment.model.standing import GROUPS, LOCATIONS, NOT_SENT, Entry, fold
from jobs.license_reassignment.reconcile.run_record import seconds_at_work
from jobs.license_reassignment.run_folder.folder import RunDir
from jobs.license_reassignment.run_folder.load import entries, load_journal, load_plan, load_snapshot
from jobs.license_reassignment.run_folder.progress_file import Heartbeat, last_heartbeat


@dataclass(frozen=True, slots=True)
class RunStanding:
    """Where a run stands. `counts` are changes by standing; `last` is the newest line of the journal in words.

    `verdict` is that of the last verification, and `outdated` says that a change was sent since.

    `locations` are usage locations by standing, `groups` the groups to swap; `now` is the last heartbeat of a session
    that has not ended.
    """

    plan_id: str
    folder: str
    tenant: str
    in_scope: int
    changes: int
    held: int
    counts: Mapping[str, int]
    sessions: int
    last: str
    last_at: str
    ended: str
    users_per_second: float
    verdict: str
    outdated: bool
    paused: bool
    refusals: Mapping[str, int]
    locations: Mapping[str, int]
    now: Heartbeat | None
    groups: Mapping[str, int] = field(default_factory=dict)


def standing_of(run: RunDir) -> RunStanding:
    """Fold the journal of a run."""
    plan = load_plan(run)
    head = load_journal(run, plan)
    known = entries(head.lines)
    standings = fold(known)
    before = load_snapshot(run)
    tasks = tasks_of(plan, before)
    swaps = fold(known, GROUPS)
    swapped = Counter(str(swaps.get(g, NOT_SENT).state) for g in group_tasks_of(plan, before))
    counts = Counter(standings.get(u, NOT_SENT).state for u in tasks)
    refused = Counter(standings[u].reason for u in tasks if u in standings and standings[u].state == "refused")
    where = fold(known, LOCATIONS)
    placed = Counter(where.get(u, NOT_SENT).state for u in locations_of(plan))
    ends = [e for e in known if e.kind == "end"]
    starts = [e for e in known if e.kind == "start"]
    open_session = [e.kind for e in known if e.kind in {"start", "end"}][-1:] == ["start"]
    done = sum(n for state, n in counts.items() if state == "applied")
    seconds = seconds_at_work(known)
    totals = plan.header.totals
    verdict, outdated = _verdict(run, known)
    return RunStanding(
        plan_id=plan.plan_id,
        folder=str(run.path),
        tenant=plan.header.tenant.name,
        in_scope=totals.in_scope,
        changes=totals.changes,
        held=totals.held,
        counts=dict(sorted(counts.items())),
        sessions=len(starts),
        last=_in_words(known[-1]) if known else "",
        last_at=known[-1].at if known else "",
        ended="" if open_session or not ends else str(ends[-1].body.get("reason", "")),
        users_per_second=round(done / seconds, 2) if seconds > 0 else 0.0,
        verdict=verdict,
        outdated=outdated,
        paused=run.has("pause"),
        refusals=dict(sorted(refused.items())),
        locations=dict(sorted(placed.items())),
        now=last_heartbeat(run) if open_session else None,
        groups=dict(sorted(swapped.items())),
    )


def _verdict(run: RunDir, known: Sequence[Entry]) -> tuple[str, bool]:
    """Return the verdict of the last verification, "" without one, and whether a change was sent since."""
    if not run.has("reconciliation.json"):
        return "", False
    with run.reading("reconciliation.json"):
        found = orjson.loads(run.read("reconciliation.json"))
        return str(found["verdict"]), any(e.kind == "intent" for e in known[found["journal_head"]["lines"] :])


def _in_words(entry: Entry) -> str:
    """Put one line of the journal in words: its own, else the batch and how many users fared how."""
    body = entry.body
    if words := body.get("reason") or body.get("text"):
        return f"{entry.kind}: {words}"
    if entry.kind == "start":
        return f"start: by {body.get('operator') or 'somebody'}, waves {', '.join(body.get('waves', ()))}"
    verdicts = Counter(str(item.get("verdict", "sent")) for item in body.get("items", ()))
    counted = [f"{verdict} {n}" for verdict, n in sorted(verdicts.items())]
    batch = [f"batch {body['batch']}"] if "batch" in body else []
    return f"{entry.kind}: {', '.join([*batch, *counted])}"
