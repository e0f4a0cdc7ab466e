"""The tests have the rooms of the product, and a room's helpers are no test modules."""

from __future__ import annotations

import ast
from pathlib import Path

from worlds.machine import ROOT, TESTS

KINDS = {"bench", "cases", "e2e", "house", "image", "property", "requirements", "simulation", "soak", "worlds"}
"""Folders of tests that are about the whole."""
UPPER = ("jobs", "jobs/license_reassignment", "connectors")
WITHOUT = {"license_reassignment"}


def rooms() -> set[str]:
    """The packages of the product, and the folder of the files that lie beside them in `connectors`."""
    found = {path.parent.name for upper in UPPER for path in (ROOT / upper).glob("*/__init__.py")}
    return found - WITHOUT | {"connectors"}


def modules() -> list[Path]:
    """Every test module."""
    return sorted(path for path in TESTS.rglob("test_*.py"))


def test_every_room_of_the_product_has_its_tests() -> None:
    """The name of the folder says which; no other folder lies there but the kinds that are about the whole."""
    tested = {path.relative_to(TESTS).parts[0] for path in modules() if path.parent != TESTS}

    assert set() == rooms() - tested
    assert set() == tested - rooms() - KINDS


def test_no_test_module_imports_another() -> None:
    """What two of them need lies in `worlds`."""
    names = [
        (str(path.relative_to(TESTS)), node.module)
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module
    ]

    assert len(names) > 500
    assert [] == [(path, name) for path, name in names if name.rpartition(".")[2].startswith("test_")]
