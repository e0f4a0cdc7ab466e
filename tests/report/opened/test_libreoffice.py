"""The workbook and the tables opened in LibreOffice itself: every value arrives, and nothing becomes a formula."""

from __future__ import annotations

import csv
import io
import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from openpyxl import load_workbook
from worlds.machine import needs
from worlds.report_cases import finding, no_go, user
from worlds.report_nasty import nasty

from connectors.roster.formula import clean, guard
from jobs.license_reassignment.model.columns import ACTION_COLUMNS, USERS_COLUMNS
from jobs.license_reassignment.reconcile.findings import Action
from jobs.license_reassignment.reconcile.reconciliation import Reconciliation
from jobs.license_reassignment.report.csv import render_actions_csv, render_users_csv
from jobs.license_reassignment.report.xlsx import render_xlsx

pytestmark = pytest.mark.thorough

OFFICE, TABLE, TEXT = (f"{{urn:oasis:names:tc:opendocument:xmlns:{n}:1.0}}" for n in ("office", "table", "text"))
SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")
DANGEROUS = tuple(
    text
    for sign in SIGNS
    for text in (f"{sign}1+1", f"{sign}SUM(A1:A9)", f" {sign}1+1", f"'{sign}1+1", f"{sign}=1+1", f'{sign}"a","b"')
)
SIGILS = ("=", "-", "+", "*", "!")
CONTROL = "name,value\r\nsum,=1+1\r\n"
ROWS_MAX = 400
# Comma, double quote, UTF-8, from the first line on, and everything else as LibreOffice likes it: formulas are run.
CSV_AS_UTF8 = "Text - txt - csv (StarCalc):44,34,76,1"


def tables(folder: Path, **files: bytes) -> dict[str, dict[str, list[list[ET.Element]]]]:
    """Open the files in LibreOffice as a person does; returns file -> sheet -> rows of cells, blank ends cut."""
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_bytes(content)
    names = [name.replace("_", ".") for name in files]
    command = [needs("soffice", "libreoffice-calc"), f"-env:UserInstallation={(folder / 'profile').as_uri()}"]
    command += ["--headless", "--convert-to", "fods", "--outdir", str(folder / "out")]
    for kind, options in ((".xlsx", []), (".csv", [f"--infilter={CSV_AS_UTF8}"])):
        of_kind = [name for name in names if name.endswith(kind)]
        subprocess.run([*command, *options, *of_kind], cwd=folder, capture_output=True, check=True, timeout=300)
    opened = {name: folder / "out" / f"{Path(name).stem}.fods" for name in names}
    return {
        name: dict(_sheets(ET.parse(path)))  # noqa: S314 - LibreOffice wrote it just now
        for name, path in opened.items()
    }


def _sheets(document: ET.ElementTree[ET.Element]) -> Iterator[tuple[str, list[list[ET.Element]]]]:
    for sheet in document.iter(f"{TABLE}table"):
        rows: list[list[ET.Element]] = []
        for row in sheet.iter(f"{TABLE}table-row"):
            cells = [cell for cell in row if cell.tag == f"{TABLE}table-cell"]
            spread = [
                c for c in cells for _ in range(min(int(c.get(f"{TABLE}number-columns-repeated", "1")), ROWS_MAX))
            ]
            rows += [spread] * min(int(row.get(f"{TABLE}number-rows-repeated", "1")), ROWS_MAX)
        yield str(sheet.get(f"{TABLE}name")), rows


def shown(cell: ET.Element) -> str | float:
    """What a cell holds: a number, a date with its time, or its text with line ends."""
    kind = cell.get(f"{OFFICE}value-type", "")
    if kind == "float":
        return float(cell.get(f"{OFFICE}value", "nan"))
    if kind == "date":
        return datetime.fromisoformat(cell.get(f"{OFFICE}date-value", "")).isoformat()
    return "\n".join(_text(p) for p in cell.findall(f"{TEXT}p"))


def _text(paragraph: ET.Element) -> str:
    parts = [paragraph.text or ""]
    for child in paragraph:
        blanks = int(child.get(f"{TEXT}c", "1")) if child.tag == f"{TEXT}s" else 0
        parts.append(" " * blanks if blanks else "\t" if child.tag == f"{TEXT}tab" else "".join(child.itertext()))
        parts.append(child.tail or "")
    return "".join(parts)


def formulas(rows: list[list[ET.Element]]) -> list[str]:
    return [str(cell.get(f"{TABLE}formula")) for row in rows for cell in row if cell.get(f"{TABLE}formula")]


def dangerous() -> Reconciliation:
    """A finding whose free texts are all cases of the corpus."""
    rows = [user(n, "held", display_name=text, detail=text, note=text) for n, text in enumerate(DANGEROUS)]
    actions = tuple(Action("held", "no_seat", text, text) for text in DANGEROUS)
    return replace(finding(rows), actions=actions)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, list[list[ET.Element]]]]:
    """One start of LibreOffice for all files: that is what takes the time."""
    sigils = [user(n, "moved", sigil=sigil) for n, sigil in enumerate(SIGILS)]
    return tables(
        tmp_path_factory.mktemp("office"),
        control_csv=CONTROL.encode(),
        users_csv=render_users_csv(dangerous()),
        actions_csv=render_actions_csv(dangerous()),
        sigils_csv=render_users_csv(finding(sigils)),
        plain_xlsx=render_xlsx(no_go(200)),
        nasty_xlsx=render_xlsx(nasty()),
        formulas_xlsx=render_xlsx(dangerous()),
    )


def only(sheets: dict[str, list[list[ET.Element]]]) -> list[list[ET.Element]]:
    (rows,) = sheets.values()
    return rows


def test_libreoffice_does_run_what_nobody_guarded(opened) -> None:
    """So the tests below can fail: `=1+1` in a CSV of somebody else is a formula there."""
    assert ["of:=1+1"] == formulas(only(opened["control.csv"]))


@pytest.mark.parametrize("name", ["users.csv", "actions.csv", "sigils.csv"])
def test_nothing_in_our_tables_is_a_formula(opened, name: str) -> None:
    assert [] == formulas(only(opened[name]))


@pytest.mark.parametrize("name", ["plain.xlsx", "nasty.xlsx", "formulas.xlsx"])
def test_nothing_in_our_workbook_is_a_formula(opened, name: str) -> None:
    assert [] == [formula for rows in opened[name].values() for formula in formulas(rows)]


def test_a_guarded_text_arrives_as_it_was_written(opened) -> None:
    """The guarding quote stays visible, which is its price; the roster reader takes it off again."""
    rows, column = only(opened["users.csv"]), USERS_COLUMNS.index("display_name")
    expected = [_as_lines(guard(text)) for text in DANGEROUS]

    assert expected == [_as_lines(str(shown(row[column]))) for row in rows[1 : len(DANGEROUS) + 1]]


def _as_lines(text: str) -> str:
    """Decode what a workbook writes for a control character, and take such characters for nothing, as a cell does."""
    text = re.sub("_x([0-9A-F]{4})_", lambda code: chr(int(code[1], 16)), text)
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]", "", text.replace("\r\n", "\n").replace("\r", "\n"))


def test_a_sigil_stays_a_sigil(opened) -> None:
    """A lone sign is harmless, and no quote makes it ugly."""
    rows, column = only(opened["sigils.csv"]), USERS_COLUMNS.index("sigil")

    assert list(SIGILS) == [shown(row[column]) for row in rows[1 : len(SIGILS) + 1]]


def test_the_table_of_actions_has_its_columns(opened) -> None:
    assert list(ACTION_COLUMNS) == [shown(cell) for cell in only(opened["actions.csv"])[0]][: len(ACTION_COLUMNS)]


@pytest.mark.parametrize("r", [no_go(200), nasty(), dangerous()], ids=["plain", "nasty", "formulas"])
def test_every_value_of_the_workbook_arrives(opened, r, request: pytest.FixtureRequest) -> None:
    """Sheet by sheet and cell by cell, what LibreOffice shows is what was written."""
    sheets = opened[f"{request.node.callspec.id}.xlsx"]
    book = load_workbook(io.BytesIO(render_xlsx(r)))

    assert book.sheetnames == list(sheets)
    for sheet in book:
        for number, row in enumerate(sheet.iter_rows(values_only=True)):
            there = [_comparable(shown(cell)) for cell in sheets[sheet.title][number][: len(row)]]
            assert [_comparable(value) for value in row] == there, f"{sheet.title} row {number + 1}"


def _comparable(value: object) -> object:
    match value:
        case None:
            return ""
        case str():
            return _as_lines(value)
        case int() | float():
            return float(value)
        case _:
            return value.isoformat()  # type: ignore[attr-defined]


def test_the_corpus_is_read_back_by_a_plain_reader_too() -> None:
    """Cleaning takes control characters away, and nothing else is lost."""
    rows = csv.DictReader(io.StringIO(render_users_csv(dangerous()).decode(), newline=""))

    assert [guard(clean(text)) for text in DANGEROUS] == [row["display_name"] for row in rows]
