"""plan.html tells an approver without a shell what would happen, to how many, and what to say yes to."""

from __future__ import annotations

from dataclasses import replace

from report.static_page import StaticPage
from worlds.plan_cases import plan

from jobs.license_reassignment.report.html import render_plan_html

SECTIONS = ["verdict", "warnings", "rules", "holds", "seats", "waves", "translation", "settings", "approve"]


def test_every_part_of_the_plan_is_on_the_page() -> None:
    page = StaticPage(render_plan_html(plan()))

    assert page.whole
    assert list(page.sections) == SECTIONS
    assert page.headings[0] == "Office 365 E4 → Office 365 E5, Microsoft 365 E3"


def test_the_figures_are_those_of_the_plan() -> None:
    """Each table reads back as the plan's own rows, a shortage with its sign."""
    page = StaticPage(render_plan_html(plan()))

    assert "would be changed\n1,180\n" in page.sections["verdict"]
    assert "would stay on hold\n70\n" in page.sections["verdict"]
    assert page.tables["rules"][0][1:] == [
        ["voice users", "Office 365 E5", "240", "0"],
        ["everyone else", "Microsoft 365 E3", "940", "0"],
    ]
    assert page.tables["holds"][0][1] == [
        "43",
        "no usage location no_usage_location",
        "Set it.",
        "ada@contoso.example , <b>björn</b>@contoso.example",
    ]
    assert page.tables["seats"][0][1:] == [
        ["Office 365 E5", "260", "12", "0", "240", "8"],
        ["Microsoft 365 E3", "900", "0", "0", "940", "−40"],
    ]
    assert page.tables["waves"][0][1:] == [["pilot", "50", "stop"], ["all", "1,130", "continue"]]
    assert page.tables["translation"][0][1] == [
        "Office 365 Cloud App Security ADALLOM_S_O365",
        "Microsoft 365 E3",
        "none",
        "no successor",
    ]


def test_the_yes_names_plan_and_tenant() -> None:
    text = StaticPage(render_plan_html(plan())).sections["approve"]

    assert "reseat apply p1f2e3d4c5b6a --tenant 11111111-2222-4333-8444-555555555555" in text


def test_a_plan_that_changes_nobody_says_so() -> None:
    """Empty parts are said in words or left out, never an empty table."""
    empty = replace(plan(), changes=0, held=0, in_scope=0, by_rule=(), holds=(), seats=(), waves=(), translation=(),
                    warnings=())  # fmt: skip
    page = StaticPage(render_plan_html(empty))

    assert [name for name in SECTIONS if name not in {"warnings", "waves"}] == list(page.sections)
    assert "The plan changes nobody." in page.sections["rules"]
    assert "Nobody." in page.sections["holds"]


def test_the_same_plan_gives_the_same_page_in_each_language() -> None:
    assert render_plan_html(plan()) == render_plan_html(plan())
    assert "Wie wat krijgt" in render_plan_html(plan(), "nl")
