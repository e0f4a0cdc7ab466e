"""A demo never mixes its runs with those of another one."""

from __future__ import annotations

from pathlib import Path

from jobs.cli.demo import fresh_runs


def test_every_demo_has_a_folder_of_runs_of_its_own(tmp_path: Path) -> None:
    """Each demo serves a fresh tenant, so a plan that an earlier one carried out must not be taken for its own."""
    first = fresh_runs(tmp_path)
    first.mkdir()
    second = fresh_runs(tmp_path)
    second.mkdir()

    assert ["runs", "runs-2", "runs-3"] == [first.name, second.name, fresh_runs(tmp_path).name]
