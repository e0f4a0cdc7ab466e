"""Which tests run, and the command line for all of them.

The quick set runs by default, everything with --all, only what the quick set leaves out with --rest.

A test marked `thorough` is left to --all. Of a test marked `table` the quick set takes the diagonal, so that each value
of each parameter occurs once; of one marked `table(2)` it takes two of them; --all takes every combination. A file or a
test that is named on the command line runs whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from worlds.in_process import CommandLine


@pytest.fixture
def reseat(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """The command line, in this process."""
    from worlds.in_process import CommandLine  # noqa: PLC0415 - many rooms need none of what it imports

    return CommandLine(monkeypatch, capsys)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the two options."""
    group = parser.getgroup("reseat")
    group.addoption("--all", action="store_true", help="thorough tests and whole tables too")
    group.addoption("--rest", action="store_true", help="only what the quick set leaves out")


def pytest_report_header(config: pytest.Config) -> str:
    """Say which set this is, and how to run the others."""
    option = config.option
    return (
        f"set: {'all' if option.all else 'rest' if option.rest else 'quick (--all has the rest too, --rest only it)'}"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep what belongs to the asked set."""
    if config.option.all:
        return
    rest = _rest(items)
    named = {Path(path).resolve() for arg in config.args if (path := arg.partition("::")[0]).endswith(".py")}
    keep = {i for i in items if (i in rest) == config.option.rest or (i.path in named and not config.option.rest)}
    config.hook.pytest_deselected(items=[item for item in items if item not in keep])
    items[:] = [item for item in items if item in keep]


def _rest(items: Iterable[pytest.Item]) -> set[pytest.Item]:
    """Return what the quick set leaves out: thorough tests, and of each table the cases off its diagonal."""
    rest, tables = set(), defaultdict(list)
    for item in items:
        if item.get_closest_marker("thorough"):
            rest.add(item)
        elif item.get_closest_marker("table"):
            assert isinstance(item, pytest.Function)
            tables[item.parent, item.originalname].append(item)
    for cases in tables.values():
        [width] = cases[0].get_closest_marker("table").args or (1,)
        rest.update(case for case, at in zip(cases, _places(cases), strict=True) if not _on_diagonal(at, width))
    return rest


def _places(cases: list[pytest.Function]) -> list[dict[str, tuple[int, int]]]:
    """Return for each case, by parameter, which of how many values it has; values are told apart by identity."""
    values: dict[str, dict[int, int]] = defaultdict(dict)
    for case in cases:
        for name, value in case.callspec.params.items():
            values[name].setdefault(id(value), len(values[name]))
    return [{n: (values[n][id(v)], len(values[n])) for n, v in case.callspec.params.items()} for case in cases]


def _on_diagonal(at: dict[str, tuple[int, int]], width: int) -> bool:
    """Whether a case is one of `width` for each value of the longest parameter."""
    place, _ = max(at.values(), key=lambda one: one[1])
    return all((place - index) % length < width for index, length in at.values())
