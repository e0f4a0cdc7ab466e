"""`make soak`: ten minutes with all faults at once over a real socket, killed twenty times; then the tenant is asked.

    PYTHONPATH=tests .venv/bin/python -m soak.soak --seconds 600 --kills 20 --seed 7
    PYTHONPATH=tests .venv/bin/python -m soak.soak --judge FOLDER  # judge once more what an earlier soak left behind

Ends with 0 when every promise was kept, with 1 naming the first one that was not, with 2 when the soak itself did not
come to what it was to show. The seed decides tenant, faults and moments; the machine's own timing decides the rest, so
a seed does not repeat a soak to the letter: the folder is what to look at.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from soak.evidence import Evidence, load
from soak.judge import broken, busiest
from soak.rig import Soak, Tenant
from soak.story import Strange, Teller, Unfit
from soak.windows import judge

PLANNED_SHARE = 0.8
BUSY_SHARE = 0.3
"""Of the quota, so much is used while faults make the app wait and kills make it start again."""

USERS_MIN = 120


def main(arguments: list[str]) -> int:
    """Run or judge a soak."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=None, help="drawn where none is given, and printed")
    parser.add_argument("--users", type=int, default=0, help="as many as the time needs where none is given")
    parser.add_argument("--folder", type=Path, default=None, help="kept; one of its own is kept only after a failure")
    parser.add_argument("--judge", type=Path, default=None, metavar="FOLDER")
    told = parser.parse_args(arguments)
    if told.judge:
        return judged(told.judge)
    folder = told.folder or Path(tempfile.mkdtemp(prefix="reseat-soak-"))
    folder.mkdir(parents=True, exist_ok=True)
    seed = random.SystemRandom().randrange(1_000_000) if told.seed is None else told.seed
    code = run(Soak(folder.resolve(), told.seconds, told.kills, seed, told.users))
    if code == 0 and told.folder is None:
        shutil.rmtree(folder)
    else:
        _say(f"kept: {folder}")
    return code


def run(soak: Soak) -> int:
    """Live one soak and judge it."""
    users = soak.users or users_for(soak)
    _say(f"soak: {soak.seconds:g} s, {soak.kills} kills, seed {soak.seed}, {users:,} users, {soak.folder}")
    tenant = Tenant(soak, users)
    try:
        Teller(soak, tenant, _say).tell()
    except Unfit as unfit:
        _say(f"UNFIT: {unfit}")
        return 2
    except Strange as strange:
        _say(f"BROKEN: {strange}")
        return 1
    finally:
        tenant.close()
    return judged(soak.folder)


def users_for(soak: Soak) -> int:
    """Return how many users keep apply busy for the whole time."""
    changes = soak.seconds * soak.writes_per_150_s / 150 * BUSY_SHARE
    return max(USERS_MIN, round(changes / PLANNED_SHARE))


def judged(folder: Path) -> int:
    """Judge what a soak left behind, print it, and return the exit code."""
    evidence = load(folder)
    for line in figures(evidence):
        _say(line)
    complaints = list(broken(evidence))
    if not complaints:
        _say("KEPT: every promise")
        return 0
    for promise, complaint in complaints[:20]:
        _say(f"BROKEN: {promise}: {complaint}")
    _say(f"first broken promise of {len(complaints)} complaints: {complaints[0][0]}")
    return 1


def figures(evidence: Evidence) -> list[str]:
    """Return the summary in lines."""
    story, tenant, requests = evidence.story, evidence.tenant, evidence.requests
    windows = judge(requests, evidence.journal, story["processes"], tenant["lag_s"])
    writes = [r for r in requests if r.written]
    applies = [p for p in story["processes"] if p["command"][0] == "apply"]
    signals = Counter({9: "SIGKILL", 15: "SIGTERM", 2: "SIGINT"}[p["signal"]] for p in applies if p["signal"])
    waits = [(r, w) for r in requests for w in r.waits]
    outcomes = Counter(row["outcome"] for row in evidence.users)
    foreign = Counter(r["kind"] for r in tenant["log"] if r["actor"] != tenant["app"])
    told = {
        "time": f"{story['seconds']:.0f} s from the first apply to the end of the last, {len(applies)} applies",
        "ended by": f"{_list(signals)}; pauses {len(story['pauses'])}, speed files {story['speeds']}",
        "requests": f"{len(requests):,}, {len(writes):,} of them with {sum(len(r.written) for r in writes):,} writes",
        "quota": f"at most {busiest(evidence):,} writes in 150 s of {story['soak']['writes_per_150_s']:,}",
        "Retry-After": f"{len(waits):,} announced, {sum(w.seconds for _, w in waits):,.0f} s",
        "  binding": f"{_list(windows.windows)}; judged from {windows.slack_s:.2f} s after each proof",
        "statuses": _list(Counter(str(r.status or "none") for r in requests)),
        "faults": _list(Counter(tenant["faults"])),
        "others": f"{_list(foreign)}; seats bought {story['bought']}",
        "users": f"{_list(outcomes)}; in scope {evidence.reconciliation['totals']['in_scope']:,}",
        "books": f"unexplained {sum(abs(row['unexplained']) for row in evidence.reconciliation['ledger'])}",
        "verdict": f"{evidence.reconciliation['verdict']}, exit code {evidence.reconciliation['exit_code']}",
    }
    return [f"{name:12}{text}" for name, text in told.items()]


def _list(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {number:,}" for name, number in sorted(counts.items())) or "none"


def _say(line: str) -> None:
    sys.stdout.write(f"{time.strftime('%H:%M:%S')}  {line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
