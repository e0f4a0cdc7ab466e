"""The soak runs: some seconds, two kills, every fault; and its judge names what a doctored folder breaks."""

from __future__ import annotations

import copy
import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from soak import soak
from soak.evidence import Evidence, Request, Wait, load
from soak.judge import PAUSING_S, PROMISES, broken

pytestmark = [
    pytest.mark.socket,
    pytest.mark.skipif(os.name == "nt", reason="signals of other processes are for POSIX"),
]
SECONDS, KILLS, SEED, USERS = 8, 2, 3, 60


def _outcome(evidence: Evidence) -> None:
    next(row for row in evidence.users if row["outcome"] == "moved")["outcome"] = "held"


def _state(evidence: Evidence) -> None:
    row = next(row for row in evidence.users if row["outcome"] == "moved")
    row["after_skus"] = row["before_skus"]


def _ledger(evidence: Evidence) -> None:
    evidence.reconciliation["ledger"][0]["unexplained"] = 1


def _last_write(evidence: Evidence) -> Request:
    return [r for r in evidence.requests if r.written][-1]


def _harm(evidence: Evidence) -> None:
    moved = next(row for row in evidence.users if row["outcome"] == "moved")
    evidence.reconciliation["incidents"].append({"subject": moved["user_principal_name"], "harm": True})


def _write_again(evidence: Evidence) -> None:
    again = evidence.story["second_apply"]
    evidence.requests.append(dataclasses.replace(_last_write(evidence), generation=again))


def _write_a_stranger(evidence: Evidence) -> None:
    evidence.requests.append(dataclasses.replace(_last_write(evidence), written=("somebody",)))


def _many_writes(evidence: Evidence) -> None:
    evidence.requests.extend([_last_write(evidence)] * evidence.story["soak"]["writes_per_150_s"])


def _bare(evidence: Evidence) -> None:
    next(r for r in reversed(evidence.tenant["log"]) if r["actor"] == evidence.tenant["app"])["after"] = []


def _audit(evidence: Evidence) -> None:
    evidence.story["audited"]["differences"] = ["users.csv is not what follows from the evidence"]


def _signal(evidence: Evidence) -> None:
    evidence.story["processes"][1] |= {"signal": 15, "code": 1}


def _pause(evidence: Evidence) -> None:
    at = _last_write(evidence).arrived
    evidence.story["pauses"].append([at - PAUSING_S - 1.0, at + 1.0])


def _strange(evidence: Evidence) -> None:
    evidence.tenant["strange"].append(["GET", "me"])


def _early(evidence: Evidence) -> None:
    """An answer that asks for a minute, and another write of the same process five seconds later."""
    last = _last_write(evidence)
    at = last.arrived + 1000.0
    evidence.requests.append(
        dataclasses.replace(last, number=10**6, arrived=at, left=at, waits=(Wait(("write",), 60.0),))
    )
    evidence.requests.append(dataclasses.replace(last, number=10**6 + 1, arrived=at + 5.0, left=at + 5.0, waits=()))


DOCTORED: dict[str, Callable[[Evidence], None]] = {
    "no request inside a Retry-After window": _early,
    "the quota is never exceeded in any 150 s": _many_writes,
    "nobody is bare by a write of ours": _bare,
    "other licenses and disabled plans are unchanged": _bare,
    "nobody outside the plan is written, and nothing but the plan": _write_a_stranger,
    "every user has exactly one outcome, and totals add up": _outcome,
    "the books balance": _ledger,
    "users.csv is what the tenant has": _state,
    "harm is told only where there is some": _harm,
    "a second apply sends no write": _write_again,
    "audit agrees": _audit,
    "a signal ends a run with 4": _signal,
    "nothing is sent while paused": _pause,
    "only calls that Graph has": _strange,
}


@pytest.mark.thorough
def test_a_short_soak_keeps_every_promise_and_each_of_them_can_fail(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Killed twice, it ends with books that balance; with one thing changed in the evidence the judge names it."""
    told = {"--seconds": SECONDS, "--kills": KILLS, "--seed": SEED, "--users": USERS, "--folder": tmp_path}
    code = soak.main([str(part) for pair in told.items() for part in pair])
    evidence = load(tmp_path)
    ended = [process["signal"] for process in evidence.story["processes"] if process["signal"]]

    assert (0, 0) == (code, soak.judged(tmp_path)), capsys.readouterr().out
    assert KILLS == len(ended)
    assert sum(evidence.tenant["faults"].values()) > KILLS
    assert list(PROMISES) == list(DOCTORED)
    for promise, doctor in DOCTORED.items():
        doctored = copy.deepcopy(evidence)
        doctor(doctored)
        assert promise in {named for named, _ in broken(doctored)}
