"""Every file of `corpus` says exactly what its entry in `expected.toml` says."""

from __future__ import annotations

import dataclasses
import hashlib
import tomllib
from pathlib import Path
from typing import Any

import pytest

from connectors.roster.read import RosterFileError, read_roster
from connectors.roster.rows import Roster, RosterRow

CORPUS = Path(__file__).parent / "corpus"
EXPECTED: dict[str, dict[str, Any]] = tomllib.loads((CORPUS / "expected.toml").read_text("utf-8"))
READABLE = sorted(name for name, entry in EXPECTED.items() if "refused" not in entry)
REFUSED = sorted(EXPECTED.keys() - set(READABLE))


def read(name: str) -> Roster:
    return read_roster((CORPUS / f"{name}.csv").read_bytes(), file=f"{name}.csv")


def expected_row(entry: dict[str, Any], file: str) -> RosterRow:
    text = entry.get("target_text", "")
    nothing: dict[str, Any] = {field.name: "" for field in dataclasses.fields(RosterRow)} | {"file": file}
    nothing |= {"targets": text.split("+") if text else (), "extra": {}}
    nothing |= {"disabled_plans": None, "voice": None, "legal_hold": None}
    values = nothing | entry
    values["targets"] = tuple(values["targets"])
    if values["disabled_plans"] is not None:
        values["disabled_plans"] = tuple(values["disabled_plans"])
    return RosterRow(**values)


def test_every_file_has_an_entry_and_every_entry_a_file() -> None:
    assert sorted(EXPECTED) == sorted(path.stem for path in CORPUS.glob("*.csv"))
    assert len(EXPECTED) >= 60


@pytest.mark.parametrize("name", READABLE)
def test_a_readable_file_gives_these_rows(name: str) -> None:
    """Rows carry their line and every value; the order of other columns is the order of the file."""
    expected = [expected_row(entry, f"{name}.csv") for entry in EXPECTED[name]["rows"]]
    actual = list(read(name).rows)

    assert expected == actual
    assert [list(row.extra) for row in expected] == [list(row.extra) for row in actual]


@pytest.mark.parametrize("name", READABLE)
def test_a_readable_file_gives_these_row_errors(name: str) -> None:
    """Every rejected row names its file, its line, the user and a remedy."""
    expected = EXPECTED[name]["errors"]
    actual = read(name).errors

    assert [(f"{name}.csv", entry["line"], entry["user"], entry["reason"]) for entry in expected] == [
        (error.file, error.line, error.user, error.reason) for error in actual
    ]
    assert [entry["row"] for entry in expected if "row" in entry] == [
        error.row for entry, error in zip(expected, actual, strict=True) if "row" in entry
    ]


@pytest.mark.parametrize("name", READABLE)
def test_a_readable_file_tells_its_form(name: str) -> None:
    """Encoding, delimiter, columns, digest and the number of rows are those of the file."""
    entry = EXPECTED[name]
    roster = read(name)
    (file,) = roster.files

    assert (entry["encoding"], entry["delimiter"]) == (file.encoding, file.delimiter)
    assert entry.get("columns", list(file.columns)) == list(file.columns)
    assert hashlib.sha256((CORPUS / f"{name}.csv").read_bytes()).hexdigest() == roster.sha256
    assert len(entry["rows"]) + len(entry["errors"]) == roster.rows_in


@pytest.mark.parametrize("name", REFUSED)
def test_an_unreadable_file_is_refused_with_the_reason(name: str) -> None:
    """The error names the file, what is wrong and what to do."""
    with pytest.raises(RosterFileError) as caught:
        read(name)

    assert (f"{name}.csv", EXPECTED[name]["refused"]) == (caught.value.file, caught.value.message)
    assert f"{name}.csv: {EXPECTED[name]['refused']}" == str(caught.value)
