"""What somebody else does to a user after our change is told and shuts its gate, and is never a 5 of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from worlds.in_process import CommandLine
from worlds.rehearsal import read_json
from worlds.several_runs import Runs
from worlds.small_tenant import BETTER, EVERYONE, NEW, OLD, person, place


class Then(NamedTuple):
    """What Ada holds when everything is over, how her change ended, the code of verify, and the words about her."""

    holds: tuple[Any, ...]
    code: int
    words: str
    error: tuple[str, ...] = ()


OTHER_PLANS = {"sku": NEW, "off": ["EXCHANGE_S_ENTERPRISE"]}
IN_ERROR = {"sku": NEW, "state": "Error", "error": "CountViolation"}
CASES = {
    "nothing, and nobody knows by whom": Then((), 5, "has neither the old nor a new product"),
    "another product": Then((BETTER,), 3, "somebody else has assigned a different product since"),
    "two other products": Then((BETTER, "MCOEV"), 3, "somebody else has assigned a different product since"),
    "the target without mail": Then((OTHER_PLANS,), 3, "the plan did not ask for that"),
    "the old product": Then((OLD,), 3, "not by reseat"),
    "a target in error and another product": Then((IN_ERROR, BETTER), 3, "no service lost", ("Error", "Other")),
}


@pytest.fixture
def start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[Then], Runs]:
    """Ada and Bo are moved, and then somebody else gives Ada exactly these licenses."""

    def go(then: Then) -> Runs:
        ends = {"onAssign": {NEW: list(then.error)}} if then.error else {}
        skus = [{"skuPartNumber": part, "enabled": 50} for part in (OLD, NEW, BETTER, "MCOEV")]
        people = [person("ada", **ends), person("bo")]
        runs = Runs(place(tmp_path, people, EVERYONE, skus=skus), CommandLine(monkeypatch, capsys))
        runs.plan()
        assert 0 == runs.apply().code
        runs.somebody_gives("ada", *then.holds)
        return runs

    return go


@pytest.mark.parametrize("name", CASES)
def test_a_change_by_somebody_else_is_told_and_is_no_harm_of_ours(name: str, start: Callable[[Then], Runs]) -> None:
    """Both commands agree; 5 only where nothing shows that anybody but us was at work."""
    then = CASES[name]
    runs = start(then)

    codes = (runs.verify().code, runs.audit(runs.run).code)

    incidents = read_json(runs.folder / runs.run / "reconciliation.json")["incidents"]
    assert (then.code, then.code) == codes
    assert any(then.words in i["detail"] for i in incidents if i["subject"].startswith("ada"))
