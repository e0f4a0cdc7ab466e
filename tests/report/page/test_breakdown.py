"""The users by department, country, rule and wave: every user once, the largest groups first, nobody forgotten."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs

from report.static_page import StaticPage
from worlds.report_cases import finding, no_go, user

from jobs.license_reassignment.report.page.breakdown import VALUES_MAX, Part, breakdowns
from jobs.license_reassignment.report.page.html import render_html


def test_every_user_is_counted_once_in_each_column() -> None:
    """By every outcome that any user has, the small groups too."""
    r = no_go(3000)

    for one in breakdowns(r.users):
        rows = [*one.parts, *([one.others] if one.others else [])]
        assert sum(part.users for part in rows) == 3000
        assert [sum(part.by_outcome) for part in rows] == [part.users for part in rows]
        totals = [sum(counts) for counts in zip(*(part.by_outcome for part in rows), strict=True)]
        assert totals == [getattr(r.totals, outcome) for outcome in one.outcomes]


def test_the_largest_come_first_then_the_alphabet_and_the_rest_is_one_row() -> None:
    """So many have a row of their own as the page says; the rest says how many groups it is."""
    names = [f"d{n:02}" for n in range(VALUES_MAX + 3) for _ in range(3 if n == 9 else 1)]
    users = finding([user(n, entra_department=name) for n, name in enumerate(names)]).users
    (department, *_) = breakdowns(users)

    assert [part.value for part in department.parts[:3]] == ["d09", "d00", "d01"]
    assert (len(department.parts), department.left) == (VALUES_MAX, 3)
    assert department.others == Part("", 3, (3,))
    page = StaticPage(render_html(finding([user(n, entra_department=name) for n, name in enumerate(names)])))
    assert page.tables["breakdown"][0][-1] == ["3 others", "3", "3"]
    assert f"the {VALUES_MAX} largest groups" in page.sections["breakdown"]


def test_an_empty_value_is_told_as_that_and_a_column_of_one_value_is_left_out() -> None:
    """Whoever is in no department is found under a name for it; everybody in one wave needs no table."""
    rows = [
        user(n, "held", entra_department="" if n else "Legal", entra_usage_location="NL", rule="all") for n in range(3)
    ]
    (table,) = StaticPage(render_html(finding(rows))).tables["breakdown"]

    assert table == [["Department", "Users", "on hold"], ["(no department)", "2", "2"], ["Legal", "1", "1"]]
    assert breakdowns(finding([user(1)]).users) == ()


def test_a_name_leads_to_its_users_and_rows_of_the_roster_are_one_rule() -> None:
    """All of them, the completed ones too."""
    rules = ("roster line 2", "roster line 9 of b.csv", "R & D = all")
    users = finding([user(n, entra_department="x", rule=rule) for n, rule in enumerate(rules)]).users
    (rule,) = (one for one in breakdowns(users) if one.column == "rule")

    assert [(part.value, part.users) for part in rule.parts] == [("roster rows", 2), ("R & D = all", 1)]
    assert [parse_qs(part.href.removeprefix("#users?")) for part in rule.parts] == [
        {"rule": ["roster rows"], "all": ["1"]},
        {"rule": ["R & D = all"], "all": ["1"]},
    ]
    markup = render_html(replace(finding([user(0), user(1, rule="roster line 2")])), "nl")
    assert "rijen" in StaticPage(markup).sections["breakdown"]
