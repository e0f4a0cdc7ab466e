"""`make catalog` brings names and service plans up to an edition of Microsoft's list, with a diff that can be read."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import orjson
import pytest
from worlds.machine import ROOT

SCRIPT = ROOT / "docs" / "make" / "catalog.py"
HEAD = "Product_Display_Name,String_Id,GUID,Service_Plan_Name,Service_Plan_Id,Service_Plans_Included_Friendly_Names\r\n"
SKU, OTHER, PLAN, NEW = (f"{d * 8}-0000-4000-8000-000000000000" for d in "abcd")
BEFORE = {
    "source": {},
    "skus": {SKU: ["SUITE_ONE", "Suite One"], OTHER: ["GONE", "No longer sold"]},
    "service_plans": {PLAN: ["MAIL", "Mail"]},
    "plans_of": {SKU: [PLAN], OTHER: [PLAN]},
}


def _script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("catalog_edition", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


EDITION = _script()


def test_cells_are_cleaned_of_tabs_edge_spaces_and_non_breaking_spaces() -> None:
    """Part numbers in the list carry all three; Graph sends ordinary ones."""
    line = f"Suite\u00a0One ,SUITE_w/o\u00a0Teams\t,{SKU.upper()},MAIL ,{PLAN.upper()},Mail\r\n"

    assert EDITION.rows_of((HEAD + line).encode("utf-8-sig")) == [
        ("Suite One", "SUITE_w/o Teams", SKU, "MAIL", PLAN, "Mail")
    ]


def test_a_list_in_windows_own_encoding_is_read() -> None:
    """Microsoft has published both."""
    line = f"Suite – One,SUITE,{SKU},MAIL,{PLAN},Mail\r\n"

    assert EDITION.rows_of((HEAD + line).encode("cp1252"))[0][0] == "Suite – One"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("a,b\n1,2\n", "no column Product_Display_Name"),
        (HEAD, "no rows"),
        (HEAD + f"Suite,SUITE,{SKU},MAIL,12345,Mail\n", "Line 2: .* 12345 must be GUIDs"),
        (HEAD + f"Suite,SUITE,{SKU}\n", "Line 2: .* nothing must be GUIDs"),
    ],
)
def test_a_file_that_is_not_the_list_is_refused(content: str, says: str) -> None:
    """Nothing is written of it."""
    with pytest.raises(EDITION.UnusableList, match=says):
        EDITION.rows_of(content.encode())


def test_new_products_come_in_and_what_the_list_leaves_out_stays() -> None:
    """Tenants hold products that are no longer sold."""
    rows = [
        ("Suite One", "SUITE_ONE", SKU, "MAIL", PLAN, "Mail"),
        ("Suite One", "SUITE_ONE", SKU, "CHAT", NEW, "CHAT"),
        ("Suite One", "SUITE_ONE", SKU, "CHAT", NEW, "Team Chat"),
    ]
    after = EDITION.brought_up_to(rows, BEFORE, {})

    assert after["skus"] == BEFORE["skus"]
    assert after["service_plans"][NEW] == ["CHAT", "Team Chat"]
    assert after["plans_of"] == {SKU: [PLAN, NEW], OTHER: [PLAN]}
    assert EDITION.what_changed(BEFORE, after, {SKU}) == [
        "service plans of SUITE_ONE: +CHAT",
        "not in this list, kept: GONE",
    ]


def test_a_new_name_stands_before_the_old_one() -> None:
    """The list names a renamed product twice for a while; the name that was reviewed is the old one."""
    rows = [(name, "SUITE_ONE", SKU, "MAIL", PLAN, "Mail") for name in ("Suite One", "Suite Prime")]
    after = EDITION.brought_up_to(rows, BEFORE, {})

    assert after["skus"][SKU] == ["SUITE_ONE", "Suite Prime", "Suite One"]
    assert "renamed: SUITE_ONE / Suite One -> SUITE_ONE / Suite Prime / Suite One" in EDITION.what_changed(
        BEFORE, after, {SKU}
    )


def test_the_same_list_again_changes_no_byte() -> None:
    """So a diff shows what Microsoft changed and nothing else."""
    installed = orjson.loads(EDITION.DATA.read_bytes())

    assert EDITION.written(installed) == EDITION.DATA.read_bytes()
    rows = [
        (names[-1], number, sku, *installed["service_plans"][plan][:1], plan, installed["service_plans"][plan][1])
        for sku, (number, *names) in installed["skus"].items()
        for plan in installed["plans_of"].get(sku, ())
    ]
    again = EDITION.brought_up_to(rows, installed, installed["source"])
    assert again["plans_of"] == installed["plans_of"]
    assert again["service_plans"] == installed["service_plans"]


def test_a_file_that_is_not_there_is_told_by_name(tmp_path: Path) -> None:
    """And the data is left as it was."""
    missing = tmp_path / "list.csv"
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(missing)], capture_output=True, text=True, cwd=ROOT, check=False
    )

    assert done.returncode == 1
    assert done.stderr.startswith(f"{missing}: ")
    assert "Traceback" not in done.stderr
