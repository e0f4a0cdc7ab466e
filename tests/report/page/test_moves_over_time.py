"""The chart of the run over time: every move is in it, in at most sixty steps, and the page is whole without one."""

from __future__ import annotations

import re

import pytest
from report.static_page import StaticPage
from worlds.report_cases import finding, go, user

from jobs.license_reassignment.report.page.html import render_html
from jobs.license_reassignment.report.page.moves_over_time import STEPS_MAX, moves_over_time


def at(minute: int) -> str:
    """Return a time of the run; a day has as many minutes as it takes."""
    return f"2026-11-{21 + minute // 1440:02d}T{minute // 60 % 24:02d}:{minute % 60:02d}:00.000Z"


def moved(*minutes: int, wave: str = "all") -> list[dict[str, str]]:
    return [user(n, applied_at=at(minute), wave=wave) for n, minute in enumerate(minutes)]


def test_every_move_is_counted_once_and_none_is_lost() -> None:
    """Fifty thousand users in sixty steps that rise to the whole."""
    rows = [user(n, applied_at=at(n // 40)) for n in range(50_000)]
    found = moves_over_time(finding(rows).users)

    assert found is not None
    assert len(found.steps) == STEPS_MAX
    assert sum(step.users for step in found.steps) == found.total == 50_000
    assert [step.total for step in found.steps] == sorted(step.total for step in found.steps)
    assert (found.first, found.last) == (at(0), at(1249))
    assert (found.steps[0].begins, found.steps[-1].x, found.steps[-1].y) == (0, 100, 0)


def test_where_nobody_was_moved_the_line_is_flat() -> None:
    """Two nights: it rises, waits for a day, and rises again."""
    found = moves_over_time(finding(moved(0, 6, 990, 1000)).users)

    assert found is not None
    assert found.path == "M0 100H0L0.6 50H99L100 0H100"


def test_only_those_who_were_moved_by_us_are_in_the_chart() -> None:
    """Who was refused has a time as well, and who was there already has none."""
    rows = [*moved(0, 5), user(3, "refused", applied_at=at(9)), user(4, "already_on_target", applied_at="")]
    found = moves_over_time(finding(rows).users)

    assert found is not None
    assert (found.total, found.last) == (2, at(5))


def test_a_wave_is_complete_with_its_last_user() -> None:
    """The end of the whole needs no mark of its own."""
    found = moves_over_time(finding([*moved(0, 10, wave="pilot"), *moved(5, 100)]).users)

    assert found is not None
    assert [(step.at, step.waves) for step in found.wave_ends] == [(at(10), ("pilot",))]
    assert found.steps[-1].waves == ("all",)


@pytest.mark.parametrize("rows", [[], [user(1, "held")], [user(1, applied_at="")]], ids=["nobody", "held", "no time"])
def test_without_a_move_there_is_no_chart(rows: list[dict[str, str]]) -> None:
    page = StaticPage(render_html(finding(rows)))

    assert page.whole
    assert "progress" not in page.sections


@pytest.mark.parametrize(
    ("minutes", "english", "dutch"),
    [
        ((0,), "1 user was moved, at 2026-11-21 00:00:00 UTC.", "1 gebruiker is overgezet, op "),
        ((3, 3), "2 users were moved, all at 2026-11-21 00:03:00 UTC.", "2 gebruikers zijn overgezet, alle op "),
        ((0, 61), "2 users were moved, the first at 2026-11-21 00:00:00 UTC, the last at ", "de eerste op "),
    ],
    ids=["one", "at once", "over time"],
)
def test_the_chart_says_in_words_what_it_shows(minutes: tuple[int, ...], english: str, dutch: str) -> None:
    """The sentence is the picture's name for a screen reader, and its caption."""
    rows = moved(*minutes)
    markup = render_html(finding(rows))

    assert f'<title id="chart-progress-name">Progress over time. {english}' in markup
    assert english in StaticPage(markup).sections["progress"]
    assert dutch in StaticPage(render_html(finding(rows), "nl")).sections["progress"]


def test_the_table_has_the_numbers_of_the_chart() -> None:
    page = StaticPage(render_html(finding([*moved(0, 10, wave="<i>pilot"), *moved(100)])))

    assert page.tables["progress"] == [
        [
            ["Until (UTC)", "Users", "Total", "Wave complete"],
            ["2026-11-21 00:00:00", "1", "1", ""],
            ["2026-11-21 00:10:00", "1", "2", "<i>pilot"],
            ["2026-11-21 01:40:00", "1", "3", "all"],
        ]
    ]


def test_the_same_users_make_the_same_chart() -> None:
    """Whatever the order of the rows."""
    rows = moved(*range(0, 600, 7))
    charts = {
        re.search(r'<section id="progress".*?</section>', render_html(finding(some)), re.S)[0]
        for some in (rows, rows, rows[::-1])
    }

    assert len(charts) == 1
    assert "progress" in StaticPage(render_html(go(1))).sections
