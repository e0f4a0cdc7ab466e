"""The measurements run: tiny sizes, every section, and not a word about time."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
from bench import bench, measures
from bench.rig import EVERYBODY_PLAIN, Measured, Tenant, measure
from bench.sizes import SIZES
from worlds.sets import few

pytestmark = pytest.mark.socket


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run what a child process would run in this one: starting an interpreter for each takes longer than the task."""

    def run(task: str, **arguments: Any) -> Measured:
        module, _, function = task.partition(":")
        return Measured(getattr(importlib.import_module(f"bench.{module}"), function)(**arguments), 1.0)

    monkeypatch.setattr(measures, "measure", run)


@pytest.mark.usefixtures("in_this_process")
@pytest.mark.parametrize("section", few(sorted(bench.SECTIONS), "plan"))
def test_a_section_yields_its_lines(section: str) -> None:
    """Every line says what it measured or what it compares with, and every figure is there."""
    rows = list(bench.run(SIZES["tiny"], [section]))

    assert [] == [row for row in rows if not (row.what or row.beside) or not (row.value or row.ratio)]
    assert len(rows) == bench.table(rows, "tiny").row_count
    lines = {"plan": 4, "command": 1, "apply": 8, "quota": 20, "memory": 2, "verify": 3, "groups": 4}
    assert len(rows) == lines[section]


def test_a_child_process_tells_its_result_and_its_memory(tmp_path: Path) -> None:
    """The tenant counts exactly the requests of the child: the figures are about nothing else."""
    with Tenant(30, mix=EVERYBODY_PLAIN) as tenant:
        config = measures.settings_file(tmp_path, url=tenant.url, tenant_id=tenant.tenant_id)
        done = measure("planning:plan", config=str(config))

        assert (30, 30) == (done["in_scope"], done["changes"])
        assert done["requests"] == tenant.counts()["requests"]
        assert done.peak_mb > 30


def test_an_unknown_section_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """The message names the sections that there are."""
    with pytest.raises(SystemExit) as ended:
        bench.main(["--size", "tiny", "speed"])

    assert 2 == ended.value.code
    assert "plan, command, apply, quota, memory, verify, groups" in capsys.readouterr().err
