"""The section on groups: each with its state, its members, whom it could not serve, and what to do; in every file."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from openpyxl import load_workbook
from report.static_page import StaticPage
from worlds.group_runs import FATES, many_fates
from worlds.report_cases import go

from jobs.license_reassignment.reconcile.reconciliation import Reconciliation
from jobs.license_reassignment.report.markdown import render_summary
from jobs.license_reassignment.report.page.html import render_html
from jobs.license_reassignment.report.page.payload import users_payload
from jobs.license_reassignment.report.pseudonyms import pseudonymised
from jobs.license_reassignment.report.words import ENGLISH
from jobs.license_reassignment.report.xlsx import GROUPS, render_xlsx

BREDA = "11ce0000-e4e4-4000-8000-000000000002"


@pytest.fixture
def found(tmp_path: Path) -> Reconciliation:
    """A run whose groups ended in many ways."""
    return many_fates(tmp_path).verify()


def rows(page: StaticPage) -> dict[str, list[str]]:
    """The rows of the section by the name of the group."""
    [table] = page.tables["groups"]
    return {row[0].partition(" 11ce")[0]: row for row in table[1:]}


def test_what_asks_for_somebody_comes_first_and_what_is_done_last(found: Reconciliation) -> None:
    """Between the gates and the lists of users; the word of the contents is the heading."""
    page = StaticPage(render_html(found))

    order = [name for name in page.sections if name in {"gates", "groups", "residual", "actions"}]
    assert order == ["gates", "groups", "residual", "actions"]
    assert "#groups" in page.attribute("a", "href")
    assert list(rows(page))[-1] == "Licensing Amsterdam"
    assert set(rows(page)) == set(FATES)
    assert rows(page)["Licensing Amsterdam"][1:] == ["settled", "14 moved", ""]


def test_a_group_that_could_not_serve_everybody_names_them_with_graphs_word(found: Reconciliation) -> None:
    """Counts of members, the failed ones by name, and what to do about them."""
    row = rows(StaticPage(render_html(found)))["Licensing Breda"]

    assert row[1] == "settled, with errors"
    assert row[2] == "6 3 moved 2 in error 1 left the group 1 joined during the run"
    assert "bre01@contoso.example Error CountViolation" in row[3]
    assert "bre02@contoso.example Error MutuallyExclusiveViolation" in row[3]
    assert "Nothing is to be changed on the group." in row[3]


def test_every_group_leads_to_its_page_in_the_admin_center(found: Reconciliation) -> None:
    """In the section and in the list of what is left to do."""
    links = StaticPage(render_html(found)).attribute("a", "href")

    assert 2 == sum("GroupDetailsMenuBlade" in link and link.endswith(BREDA) for link in links)


def test_a_user_moved_by_a_group_has_it_on_their_sheet(found: Reconciliation) -> None:
    """The page knows the ids of the column, and the names of these groups."""
    payload = users_payload(found, ENGLISH)
    [column] = [c for c in payload["columns"] if c["name"] == "via_groups"]

    assert BREDA in column["values"]
    assert payload["groups"][BREDA] == "Licensing Breda"


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_workbook_has_a_row_per_group_and_the_summary_a_line(found: Reconciliation, language: str) -> None:
    """Headers are words, with the names of the document as comments."""
    sheet = load_workbook(io.BytesIO(render_xlsx(found, language)))["Groups" if language == "en" else "Groepen"]
    summary = render_summary(found, language).splitlines()

    assert [cell.comment.text if cell.comment else cell.value for cell in sheet[1]] == list(GROUPS)
    assert [row[1] for row in sheet.iter_rows(min_row=2, values_only=True)] == [g.name for g in found.groups]
    assert len(summary) <= 60
    told = "2 of 4 groups that the plan changes are settled, with 17 members moved; 5 groups need attention."
    assert language != "en" or f"- Groups: {told}" in summary
    assert 1 == sum(line.startswith(("- Groups: ", "- Groepen: ")) for line in summary)


def test_the_set_without_names_has_neither_the_groups_nor_their_ids(found: Reconciliation) -> None:
    """In the section, in the gates, in the incidents and in the packed table of users."""
    nameless = pseudonymised(found, bytes(32))

    text = render_html(nameless) + str(users_payload(nameless, ENGLISH)) + render_summary(nameless)
    assert [name for name in (*FATES, "11ce0000-e4e4", "bre01") if name in text] == []
    assert "group-" in rows_of_nameless(nameless)


def rows_of_nameless(r: Reconciliation) -> str:
    """The names of the section."""
    return " ".join(row[0] for row in StaticPage(render_html(r)).tables["groups"][0][1:])


def test_a_run_without_groups_has_no_such_section() -> None:
    """Neither a heading nor a sheet of nothing."""
    assert "groups" not in StaticPage(render_html(go(3))).sections
    assert "Groups" not in load_workbook(io.BytesIO(render_xlsx(go(3)))).sheetnames
