"""The quick set and the rest are the whole, each value of a table is in the quick set, and a named file runs whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

Collected = Callable[..., set[str]]
MODULE = """
import pytest

@pytest.mark.thorough
def test_long(): pass

def test_short(): pass

@pytest.mark.table
@pytest.mark.parametrize("letter", "abcde")
@pytest.mark.parametrize("number", [1, 2, 3])
def test_table(letter, number): pass

@pytest.mark.table(2)
@pytest.mark.parametrize("letter", "abcde")
@pytest.mark.parametrize("number", [1, 2, 3])
def test_wide(letter, number): pass
"""


@pytest.fixture
def collected(pytester: pytest.Pytester) -> Collected:
    """Collect the module above under the rules of this house."""
    rules = Path(__file__).parents[1].joinpath("conftest.py").read_text(encoding="utf-8")
    pytester.makeini("[pytest]\nmarkers = table\n    thorough\n")
    pytester.path.joinpath("room").mkdir()
    pytester.path.joinpath("conftest.py").write_text(rules, encoding="utf-8")
    pytester.path.joinpath("room", "test_it.py").write_text(MODULE, encoding="utf-8")

    def collect(*args: str) -> set[str]:
        lines = pytester.runpytest_inprocess("--collect-only", "-q", "-p", "no:cacheprovider", *args).outlines
        return {line.rpartition("::")[2] for line in lines if "::" in line}

    return collect


def test_the_quick_set_and_the_rest_are_everything(collected: Collected) -> None:
    """Nothing is in both, and nothing is lost between them."""
    quick, rest, everything = collected("room"), collected("room", "--rest"), collected("room", "--all")

    assert quick | rest == everything
    assert set() == quick & rest
    assert len(everything) == 32
    assert {"test_short"} == {name for name in quick if "[" not in name}


def test_each_value_of_a_table_is_in_the_quick_set(collected: Collected) -> None:
    """As often as the table is wide for the longest parameter; the others come round again and again."""
    cases = [name.partition("[")[2].rstrip("]") for name in collected("room") if name.startswith("test_table")]
    wide = [name.partition("[")[2].rstrip("]") for name in collected("room") if name.startswith("test_wide")]

    assert sorted(cases) == ["1-a", "1-d", "2-b", "2-e", "3-c"]
    assert sorted(case[-1] for case in wide) == sorted("abcde" * 2)
    assert set(cases) < set(wide)


def test_a_file_that_is_named_runs_whole(collected: Collected) -> None:
    """Also where one test of it is named."""
    assert collected("room/test_it.py") == collected("room", "--all")
    assert {"test_long"} == collected("room/test_it.py::test_long")
