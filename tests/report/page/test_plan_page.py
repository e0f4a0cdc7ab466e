"""plan.html tells an approver without a shell what would happen, to how many, and what to say yes to."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
from report.static_page import StaticPage
from worlds.job_world import E3, E5, draw, person, snapshot
from worlds.plan_cases import plan

from connectors.catalog.products import load_catalog
from connectors.message import Message
from jobs.license_reassignment.decide.worth_knowing import WorthKnowing
from jobs.license_reassignment.report.page.html import render_plan_html
from jobs.license_reassignment.report.page.plan_people import caught_by, changing, holding
from jobs.license_reassignment.report.page.plan_view import RuleCount, plan_view

SECTIONS = [
    "verdict",
    "warnings",
    "rules",
    "people",
    "holds",
    "rejected",
    "seats",
    "waves",
    "translation",
    "settings",
    "approve",
]


def test_every_part_of_the_plan_is_on_the_page() -> None:
    page = StaticPage(render_plan_html(plan()))

    assert page.whole
    assert list(page.sections) == SECTIONS
    assert page.headings[0] == "Office 365 E4 → Office 365 E5, Microsoft 365 E3"


def test_a_rule_is_named_once_however_many_targets_it_has() -> None:
    rows = (
        RuleCount("roster rows", "Office 365 E5", 1, of_rule=2),
        RuleCount("roster rows", "Office 365 E3", 2, of_rule=0),
        RuleCount("everyone else", "Microsoft 365 E3", 3),
    )
    page = StaticPage(render_plan_html(replace(plan(), by_rule=rows)))

    assert page.tables["rules"][0][1:] == [
        ["roster rows", "Office 365 E5", "1", "0"],
        ["Office 365 E3", "2", "0"],
        ["everyone else", "Microsoft 365 E3", "3", "0"],
    ]
    assert page.attribute("th", "rowspan") == ["2", "1"]


def test_who_changes_with_a_group_is_counted_beside_the_request_of_each() -> None:
    """An approver reads of the requests on groups where the requests on users are told."""
    alone, together = (StaticPage(render_plan_html(replace(plan(), with_groups=n))) for n in (0, 5))

    assert "on each group" not in alone.sections["verdict"]
    assert "5 of them change with their groups, in one request on each group." in together.sections["verdict"]


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
        "ada@contoso.example <b>björn</b>@contoso.example",
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


def test_the_page_names_who_changes_and_who_does_not() -> None:
    """Exceptions first, ten in sight, the others in a fold, and a pointer to those beyond the page."""
    page = StaticPage(render_plan_html(plan()))
    change, more, hold = page.tables["people"]

    assert "Exactly these users change, and nobody else." in page.sections["people"]
    assert change[:2] == [
        ["Who", "Rule", "Target", "Wave"],
        ["zoe@contoso.example", "roster line 7", "Microsoft 365 E3", "pilot"],
    ]
    assert (len(change) - 1, len(more) - 1) == (10, 2)
    assert "And 1,168 more: decisions.csv" in page.sections["people"]
    assert hold == [["Who", "Reason", "Detail"], ["ada@contoso.example", "assigned through a group", "Licensing NL"]]


def test_the_first_users_of_a_plan_are_its_exceptions() -> None:
    """Rows of the roster before a rule of many, by name within each; who is there already is in neither list."""
    rows = [(f"u{n}@c.example", "change", "everyone else", "", E3) for n in (3, 1, 2)]
    rows += [("Z@c.example", "change", "roster line 2", "", E5), ("a@c.example", "change", "roster line 9", "", E5)]
    rows += [("h@c.example", "hold", "everyone else", "no_seat", E3)]
    rows += [("done@c.example", "hold", "everyone else", "already_on_target", E3)]
    columns = ["name", "kind", "rule", "reason", "targets"]
    decisions = pd.DataFrame(rows, columns=columns, dtype=object).assign(wave="all", detail="")
    drawn = replace(draw(snapshot(person("ada", "ENTERPRISEWITHSCAL"))).plan, decisions=decisions)
    names = {E3: "Office 365 E3", E5: "Office 365 E5"}

    assert [(one.name, one.target) for one in changing(drawn, names)] == [
        ("a@c.example", "Office 365 E5"),
        ("Z@c.example", "Office 365 E5"),
        *((f"u{n}@c.example", "Office 365 E3") for n in (1, 2, 3)),
    ]
    assert [(one.name, one.why) for one in holding(drawn, names)] == [("h@c.example", "no_seat")]


def test_sentences_have_names_where_graph_has_codes() -> None:
    """What to know first, and why a user is held: product and service as their vendor calls them."""
    told = Message("{sku} stays; {plan} is off.", sku="VISIOCLIENT", plan="INTUNE_A")
    drawn = draw(snapshot(person("ada", "ENTERPRISEWITHSCAL"))).plan
    page = StaticPage(render_plan_html(plan_view(drawn, (told,), names=load_catalog().names)))

    assert "Visio Plan 2 stays; Microsoft Intune Plan 1 is off." in page.sections["warnings"]


def test_what_to_know_first_is_a_line_for_each_kind_and_a_table_of_add_ons() -> None:
    """With how many users it concerns; who they are is in the fold below, and where the others are."""
    remarks, addons = StaticPage(render_plan_html(plan())).tables["warnings"]

    assert [row[0] for row in remarks] == ["Users", "1", "700"]
    assert remarks[2][1].startswith("A service with data ends or is downgraded, as the settings or the roster accepted")
    assert "Teams: Full to none (690 users) Show the users u00@contoso.example" in " ".join(remarks[2][1].split())
    assert "And 689 more: decisions.csv" in remarks[2][1]
    assert addons[1:] == [
        ["Microsoft Teams Phone Standard", "1,005", "kept", "3", "2", "1,000"],
        ["Visio Plan 2", "4", "kept", "0", "0", "4"],
    ]


def test_an_add_on_that_a_second_plan_removes_is_told_as_that() -> None:
    """Only where it is covered: the others keep theirs."""
    worth = replace(plan().worth, removes_addons=True)
    addons = StaticPage(render_plan_html(replace(plan(), worth=worth))).tables["warnings"][1]

    assert [row[2] for row in addons[1:]] == ["kept; removed by a second plan where covered", "kept"]


def test_settings_are_written_as_in_their_file() -> None:
    """A yes is `true`, as somebody would type it."""
    made = draw(snapshot(person("ada", "ENTERPRISEWITHSCAL"))).plan
    frozen = {"addons": {"remove_covered": True}, "plans": {"off": [False, 2]}}
    view = plan_view(replace(made, header=replace(made.header, frozen=frozen)), ())

    assert (("addons.remove_covered", "true"), ("plans.off", "false, 2")) == view.settings


def test_a_rule_says_whom_it_catches() -> None:
    frozen = {"swap": [{"name": "office", "where": {"department": ["Legal", "Finance"], "country": ["NL"]}},
                       {"name": "everyone else", "where": {}}]}  # fmt: skip

    assert caught_by(frozen) == {"office": "department = Legal, Finance; country = NL", "everyone else": ""}


def test_the_yes_names_plan_and_tenant() -> None:
    text = StaticPage(render_plan_html(plan())).sections["approve"]

    assert "reseat apply p1f2e3d4c5b6a --tenant 11111111-2222-4333-8444-555555555555" in text


def test_a_plan_that_changes_nobody_says_so() -> None:
    """Empty parts are said in words or left out, never an empty table."""
    empty = replace(plan(), changes=0, held=0, in_scope=0, by_rule=(), holds=(), seats=(), waves=(), translation=(),
                    warnings=(), worth=WorthKnowing(), changing=(), holding=(), rejected=())  # fmt: skip
    page = StaticPage(render_plan_html(empty))

    assert [name for name in SECTIONS if name not in {"warnings", "waves", "people", "rejected"}] == list(page.sections)
    assert "The plan changes nobody." in page.sections["rules"]
    assert "Nobody." in page.sections["holds"]


def test_rejected_rows_are_shown_with_why_and_who_is_on_hold() -> None:
    page = StaticPage(render_plan_html(plan()))

    assert ["Where", "Row", "Reason", "On hold for it"] == page.tables["rejected"][0][0]
    assert page.tables["rejected"][0][1][2].endswith("is not an ISO 3166-1 country code; write GB.")
    assert "ada@contoso.example" == page.tables["rejected"][0][1][3].replace(" ", "")


def test_the_same_plan_gives_the_same_page_in_each_language() -> None:
    assert render_plan_html(plan()) == render_plan_html(plan())
    assert "Wie wat krijgt" in render_plan_html(plan(), "nl")
