"""The table of requirements and the tests named after them are the same list."""

from __future__ import annotations

import ast
import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent.parent / "docs" / "requirements.md"
ROW = re.compile(r"^\| (A\d+-\d+) \| (.+) \| `(test_\w+)` \|$", re.MULTILINE)
NAMED = re.compile(r"test_(a\d+)_(\d+)_\w+")


def _tests() -> dict[str, list[str]]:
    """Return the names of the tests by the id that they carry."""
    found: dict[str, list[str]] = {}
    for path in sorted(HERE.glob("test_a*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and (match := NAMED.fullmatch(node.name)):
                found.setdefault(f"{match[1].upper()}-{match[2]}", []).append(node.name)
    return found


def test_the_table_names_every_test_and_no_other() -> None:
    """One row per id, with the one test that carries it."""
    rows = ROW.findall(PAGE.read_text(encoding="utf-8"))

    assert {row_id: [name] for row_id, _, name in rows} == _tests()
    assert len(rows) == len({row_id for row_id, _, _ in rows})


def test_every_row_says_what_is_true_in_a_sentence() -> None:
    """A row that says nothing would be a promise that nobody can check."""
    texts = [text for _, text, _ in ROW.findall(PAGE.read_text(encoding="utf-8"))]

    assert [] == [text for text in texts if not text.endswith(".") or len(text) < 20]
    assert len(texts) >= 60
