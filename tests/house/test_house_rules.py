"""The rules of this house, read from the source itself: each breach is named with file, line and what to do instead."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from worlds.machine import ROOT

ROOMS = ("connectors", "jobs", "sample_data")
FUNCTION_LINES_MAX = 60
FOLDER_MODULES_MAX = 15

# The tenant that we own is a world of its own: it imports no noun of ours, and has users, groups and plans itself.
OTHER_WORLDS = ("connectors/sandbox/",)

# Where time may enter: the clock itself, the watcher whose pace of lines is no part of any result, and the demo, which
# gives the embedded tenant the time of this machine as wiring gives it to the client.
CLOCK_ROOMS = {"connectors/clock.py", "jobs/cli/progress_line.py", "jobs/cli/demo.py", "jobs/wiring.py"}
# Where chance may enter without a seed: the jitter that the client's opener hands in.
CHANCE_ROOMS = {"connectors/graph/client.py"}
PRINTING_ROOMS = {"jobs/cli/commands.py", "jobs/cli/output.py"}
CATCH_ALL_ROOMS = {"jobs/cli/commands.py"}

TIME_CALLS = {
    "time.time", "time.time_ns", "time.sleep", "time.monotonic", "time.monotonic_ns", "time.perf_counter",
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "asyncio.sleep",
}  # fmt: skip
SEEDED = {"random.Random"}
MARKUP = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\|\s*safe\b|\bMarkup\(")
# Written with brackets, so that these lines do not break the rules they state.
UNFINISHED = re.compile(r"\b(?:TO[D]O|FIX[M]E|X[X]X)\b")
STORES = (
    "docker[.]io", "ghcr[.]io", "quay[.]io", "gcr[.]io", "mcr[.]microsoft", "ecr[.]aws", "registry[.](?:npm|k8s|acc)",
    "debian[.]org", "pypi[.]org", "pythonhosted[.]",
)  # fmt: skip
OUTSIDE = re.compile("|".join((*STORES, r"(?<!apply)[/]work\b", r"(?<!commands/)\bshared[/]")))


@cache
def _sources() -> tuple[Path, ...]:
    return tuple(sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py")))


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def _tracked() -> tuple[Path, ...]:
    """Return the files of the product: what git tracks, or, where there is no git, all but what make leaves behind."""
    git = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    listed = subprocess.run(git, cwd=ROOT, capture_output=True, check=False) if shutil.which("git") else None
    if listed is not None and listed.returncode == 0:
        paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    else:
        ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
        left_behind = {".git", *(name.rstrip("/") for name in ignored)}
        paths = [path for path in ROOT.rglob("*") if not left_behind.intersection(path.relative_to(ROOT).parts)]
    return tuple(sorted(path for path in paths if path.is_file() and path.suffix != ".pyc"))


def _text_lines(paths: Iterable[Path]) -> Iterator[tuple[str, int, str]]:
    for path in paths:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), start=1):
            yield _name(path), number, line


def _dotted(node: ast.expr) -> str:
    """Return `a.b` of an attribute of a name, following nothing."""
    if isinstance(node, ast.Attribute):
        parent = _dotted(node.value)
        return f"{parent}.{node.attr}" if parent else ""
    return node.id if isinstance(node, ast.Name) else ""


def _uses(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, dotted name) of every attribute that is read, and of every name that is imported from a module."""
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Attribute) and (name := _dotted(node)):
            yield node.lineno, name
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def _assert_none(breaches: Iterable[str]) -> None:
    found = sorted(breaches)
    assert found == [], "\n" + "\n".join(found)


def test_no_function_is_longer_than_can_be_read_at_once() -> None:
    """At most 60 lines, from `def` to its last line."""
    _assert_none(
        f"{_name(path)}:{node.lineno}: {node.name} has {node.end_lineno - node.lineno + 1} lines, "
        f"{FUNCTION_LINES_MAX} is the most; give a part of it a name"
        for path in _sources()
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > FUNCTION_LINES_MAX
    )


def test_a_room_is_seen_at_one_glance() -> None:
    """At most fifteen modules lie in one folder, its `__init__` aside."""
    folders = Counter(_name(path.parent) for path in _sources() if path.name != "__init__.py")
    _assert_none(
        f"{folder}: {modules} modules, {FOLDER_MODULES_MAX} are the most; give a part of it a room of its own"
        for folder, modules in folders.items()
        if modules > FOLDER_MODULES_MAX
    )


def test_one_name_means_one_thing() -> None:
    """No two public classes share a name, so that a name leads to one place."""
    classes = [
        (node.name, f"{_name(path)}:{node.lineno}")
        for path in _sources()
        if not _name(path).startswith(OTHER_WORLDS)
        for node in _tree(path).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]
    often = Counter(name for name, _ in classes)
    _assert_none(
        f"{place}: another class is called {name}; call this one by what it is"
        for name, place in classes
        if often[name] > 1
    )


def test_every_module_says_what_it_promises() -> None:
    """The first thing in a module is its docstring."""
    _assert_none(
        f"{_name(path)}:1: no docstring; begin with one sentence that says what the module promises"
        for path in _sources()
        if not ast.get_docstring(_tree(path))
    )


def test_time_enters_through_the_clock_only() -> None:
    """Nobody else asks what the hour is, or sleeps: a test hands in a clock of its own."""
    _assert_none(
        f"{_name(path)}:{line}: {name}; take a connectors.clock.Clock as a parameter instead"
        for path in _sources()
        if _name(path) not in CLOCK_ROOMS
        for line, name in _uses(path)
        if any(name == call or name.endswith(f".{call}") for call in TIME_CALLS)
    )


def test_chance_comes_from_a_seed_or_through_a_parameter() -> None:
    """The functions of the random module share one hidden state; a seeded random.Random has its own."""
    _assert_none(
        f"{_name(path)}:{line}: {name}; take a random.Random(seed), or a function that throws the dice, as a parameter"
        for path in _sources()
        if _name(path) not in CHANCE_ROOMS
        for line, name in _uses(path)
        if name.startswith("random.") and name not in SEEDED
    )


def test_only_the_command_line_prints() -> None:
    """Everybody else returns what there is to say."""
    _assert_none(
        f"{_name(path)}:{node.lineno}: print; return the text, or tell the watcher"
        for path in _sources()
        if _name(path) not in PRINTING_ROOMS
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    )


def _catches_everything(handler: ast.ExceptHandler) -> bool:
    caught = handler.type
    kinds = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    names = {_dotted(kind) if kind is not None else "" for kind in kinds}
    raises_again = any(isinstance(node, ast.Raise) and node.exc is None for node in ast.walk(handler))
    return bool(names & {"", "Exception"}) or ("BaseException" in names and not raises_again)


def test_only_the_outermost_frame_catches_everything() -> None:
    """A broad except hides the bug it should have shown; one that cleans up and raises again does not."""
    _assert_none(
        f"{_name(path)}:{node.lineno}: a catch-all; name the errors that are expected here"
        for path in _sources()
        if _name(path) not in CATCH_ALL_ROOMS
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.ExceptHandler) and _catches_everything(node)
    )


def test_nothing_is_left_for_later() -> None:
    """A note to oneself in the source is work that nobody sees."""
    _assert_none(
        f"{name}:{number}: {line.strip()[:80]}; do it, or take it out"
        for name, number, line in _text_lines(_tracked())
        if UNFINISHED.search(line)
    )


def test_the_report_never_trusts_a_text() -> None:
    """A display name may hold markup: templates escape everything, and the script writes text only."""
    report = ROOT / "jobs" / "license_reassignment" / "report"
    files = (path for path in report.rglob("*") if path.suffix in {".py", ".j2", ".js", ".html"})
    _assert_none(
        f"{name}:{number}: {line.strip()[:80]}; let the template escape it, or set textContent"
        for name, number, line in _text_lines(sorted(files))
        if MARKUP.search(line)
    )


def test_the_product_names_no_place_it_was_made_in() -> None:
    """No address of a package or image store and no path of one machine: whoever builds it brings their own."""
    _assert_none(
        f"{name}:{number}: {line.strip()[:80]}; take it from the environment, or leave it out"
        for name, number, line in _text_lines(_tracked())
        if OUTSIDE.search(line)
    )
