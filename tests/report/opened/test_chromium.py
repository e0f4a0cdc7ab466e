"""A real browser opens the report: the table works, nothing is asked of a network, and nothing in a name runs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from report.opened.chromium_pipe import Page, chromium, executable
from worlds.plan_cases import plan
from worlds.report_cases import finding, no_go, user, with_groups
from worlds.report_nasty import NASTY, nasty

from connectors.message import Message, joined
from jobs.license_reassignment.reconcile.findings import ACCEPTING_POLICY as POLICY
from jobs.license_reassignment.reconcile.findings import AcceptedLoss
from jobs.license_reassignment.report.page.html import render_html, render_plan_html

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.skipif(
        executable() is None and os.environ.get("CI") != "true",
        reason="chromium is not installed: apt-get install chromium",
    ),
]

TABLE_IS_THERE = "!document.getElementById('users-live').hidden"
ROWS = "[...document.querySelectorAll('#users-table tbody tr')].map(row => [...row.cells].map(cell => cell.innerText))"
COUNT = "document.getElementById('users-count').textContent"
SORTED = "[...document.querySelectorAll('#users-table thead th')].map(head => head.getAttribute('aria-sort'))"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> str:
    """A folder with the report of 200 users, of nasty texts, and one with a handler smuggled into its markup."""
    place = tmp_path_factory.mktemp("pages")
    report = render_html(no_go(200))
    injected = report.replace("</main>", "<img src=x onerror=\"document.title='owned'\"></main>")
    pages = {
        "report": report,
        "nasty": render_html(nasty()),
        "injected": injected,
        "dutch": render_html(no_go(200), "nl"),
        "plan": render_plan_html(plan()),
        "groups": render_html(with_groups()),
    }
    for name, markup in pages.items():
        (place / f"{name}.html").write_text(markup)
    policy = '<meta http-equiv="Content-Security-Policy"[^>]*>'
    (place / "without.html").write_text(re.sub(policy, "", injected))
    return place.as_uri()


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Iterator[Page]:
    with chromium(tmp_path_factory.mktemp("profile")) as tab:
        yield tab


def opened(page: Page, address: str) -> Page:
    page.open(address)
    page.wait_for(TABLE_IS_THERE)
    return page


def press(page: Page, key: str, text: str = "") -> None:
    code = {"Enter": 13, "Escape": 27}[key]
    page.send("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, text=text)
    page.send("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)


def test_attention_comes_first_and_the_rest_is_one_click_away(page, folder) -> None:
    """20 of 200 rows are shown, the button says how many are hidden and shows them, a hundred a page."""
    opened(page, f"{folder}/report.html")

    assert page.run(COUNT) == "Users: 20 of 200"
    assert page.run("document.getElementById('users-fine').textContent") == "Show 180 completed users"
    page.run("document.getElementById('users-fine').click()")
    assert page.run(COUNT) == "Users: 200 of 200"
    assert page.run("document.getElementById('users-page').textContent") == "Page 1 of 2"
    assert len(page.run(ROWS)) == 100
    assert page.complaints() == []
    assert page.requests() == []


@pytest.mark.thorough
def test_a_report_of_fifty_thousand_users_opens_and_finds_one_of_them(page, tmp_path) -> None:
    """Five thousand want attention and stand on fifty pages; the last of them is found by name, and nothing breaks."""
    (tmp_path / "large.html").write_text(render_html(no_go(50_000)))
    opened(page, f"{tmp_path.as_uri()}/large.html")

    assert page.run(COUNT) == "Users: 5,000 of 50,000"
    assert page.run("document.getElementById('users-page').textContent") == "Page 1 of 50"
    opened(page, f"{tmp_path.as_uri()}/large.html#users?q=user49993")
    assert page.run(COUNT) == "Users: 1 of 50,000"
    assert [len(page.run(ROWS)), page.complaints(), page.requests()] == [1, [], []]


def test_search_filter_sort_and_page_live_in_the_address(page, folder) -> None:
    """What somebody pastes into a ticket opens the same rows in the same order."""
    opened(page, f"{folder}/report.html")
    page.run(
        "{ const q = document.getElementById('users-q'); q.value = 'jansen'; q.dispatchEvent(new Event('input')) }"
    )
    page.run(
        "{ const o = document.getElementById('users-outcome'); o.value = '=held'; "
        "o.dispatchEvent(new Event('change')) }"
    )
    page.run("document.querySelector('#users-table thead button').click()")
    page.run("document.querySelector('#users-table thead button').click()")
    rows, address = page.run(ROWS), page.run("location.hash")

    assert address == "#users?outcome=held&q=jansen&sort=user&dir=desc"
    assert [row[0].split("\n")[0] for row in rows] == ["Łukasz Jansen", "Björn Jansen"]
    assert page.run(SORTED) == ["descending", *[None] * 7]
    opened(page, f"{folder}/report.html{address}")
    assert page.run(ROWS) == rows
    assert page.run("document.getElementById('users-q').value") == "jansen"


def test_a_reason_opens_all_its_rows_whatever_their_detail(page, folder) -> None:
    """The link of a reason's count leads to exactly so many rows."""
    opened(page, f"{folder}/report.html")
    links = page.run(
        "[...document.querySelectorAll('#holds tbody td a')].map(a => [a.getAttribute('href'), +a.textContent])"
    )

    assert links
    for address, users in links:
        page.run(
            f"location.hash = {address!r}; new Promise(done => addEventListener('hashchange', done, {{once: true}}))"
        )
        assert len(page.run(ROWS)) == users


def test_a_user_has_a_sheet_with_an_address_of_its_own(page, folder) -> None:
    """Before, intended and after by name; closing it gives the focus and the address back."""
    opened(page, f"{folder}/report.html#user=user00033@contoso.example")
    dialog = "document.getElementById('user-dialog')"

    assert page.run(f"{dialog}.open")
    assert page.run(f"{dialog}.querySelector('h2').textContent") == "Jürgen van den Berg"
    assert page.run(f"[...{dialog}.querySelectorAll('.sheet div')].map(part => part.innerText)") == [
        "Before\nOffice 365 E4\nENTERPRISEWITHSCAL",
        "Planned\nMicrosoft 365 E3\nSPE_E3",
        "After\nOffice 365 E4\nENTERPRISEWITHSCAL",
    ]
    assert "Result\n- planned but missing" in page.run(f"{dialog}.innerText")
    page.run(f"{dialog}.querySelector('button').click()")
    page.wait_for("location.hash === '#users'")
    assert not page.run(f"{dialog}.open")


def test_the_sheet_of_whom_a_group_moved_names_the_group(page, folder) -> None:
    """By its name, not by its id."""
    opened(page, f"{folder}/groups.html#user=user00004@contoso.example")
    page.wait_for("document.getElementById('user-dialog').open")

    assert "Through group\nLicensing de Vries" in page.run("document.getElementById('user-dialog').innerText")
    opened(page, f"{folder}/groups.html#users?outcome=moved_by_group")
    assert [row[1] for row in page.run(ROWS)] == ["moved through a group\nLicensing de Vries"]


def test_a_sheet_says_where_somebody_works_and_who_accepted_which_loss(page, tmp_path) -> None:
    """Department and country, and each lost service with the name that stands behind it."""
    lost = joined([Message("{service}: {before} to {after}", service="Teams", before="Full", after=Message("none"))])
    rows = [user(n, entra_department="Legal", entra_usage_location="NL", plans_lost="TEAMS1+MCOEV") for n in range(3)]
    who = ("J. Doe", POLICY)
    losses = tuple(AcceptedLoss(row["id"], "x", lost, by) for row, by in zip(rows[:2], who, strict=True))
    (tmp_path / "losses.html").write_text(render_html(replace(finding(rows), accepted_losses=losses)))
    facts = "[...document.querySelectorAll('#user-dialog dl div')].map(part => part.innerText.replace(/\\n+/g, ' | '))"

    said = []
    for n in range(3):
        opened(page, f"{tmp_path.as_uri()}/losses.html?{n}#user=user{n:05d}@contoso.example")
        said.append(page.run(facts))
    assert {"Department | Legal", "Country | NL", "Lost with consent | Teams: Full to none"} <= {*said[0]}
    assert "Accepted by | J. Doe" in said[0]
    assert f"Accepted by | the settings, for everybody: {POLICY}" in said[1]
    assert [fact for fact in said[2] if "onsent" in fact or "ccepted" in fact] == []
    assert "Lost | Microsoft Teams | TEAMS1 | Microsoft 365 Phone System | MCOEV" in said[2]


def test_a_name_of_the_breakdown_opens_the_table_on_its_users(page, folder) -> None:
    """As many rows as its number says, the completed ones with the others."""
    opened(page, f"{folder}/report.html")
    rows = page.run(
        "[...document.querySelectorAll('#breakdown tbody tr')].filter(row => row.querySelector('a'))"
        ".map(row => [row.querySelector('a').getAttribute('href'), +row.cells[1].textContent])"
    )

    assert len(rows) > 10
    for address, users in rows:
        page.run(
            f"location.hash = {address!r}; new Promise(done => addEventListener('hashchange', done, {{once: true}}))"
        )
        assert page.run(COUNT) == f"Users: {users} of 200"


def test_names_are_shown_as_they_are_and_run_nowhere(page, folder) -> None:
    """Every nasty name stands in the table letter by letter, and the page's title is untouched."""
    opened(page, f"{folder}/nasty.html")
    names = page.run("[...document.querySelectorAll('#users-table tbody th button')].map(button => button.textContent)")

    assert names == list(NASTY)
    page.run("document.querySelectorAll('#users-table tbody th button')[1].click()")
    page.wait_for("document.getElementById('user-dialog').open")
    assert page.run("document.title").startswith("NO-GO")
    assert page.run("document.images.length") == 0
    assert page.complaints() == []


def test_the_policy_stops_a_handler_that_got_in(page, folder) -> None:
    """The same page without its policy runs it: the test sees the difference that the policy makes."""
    for name, title in (("without", "owned"), ("injected", "NO-GO")):
        page.open(f"{folder}/{name}.html")
        page.wait_for("document.images.length && document.images[0].complete")
        page.wait_for(TABLE_IS_THERE)

        assert page.run("document.title").startswith(title)
    assert any("Content Security Policy" in complaint for complaint in page.complaints())


def test_without_script_the_page_says_where_the_rows_are(page, folder) -> None:
    """The verdict is on the first screen, and the user section names users.csv."""
    page.send("Emulation.setScriptExecutionDisabled", value=True)
    page.open(f"{folder}/report.html")
    page.send("Emulation.setScriptExecutionDisabled", value=False)

    assert page.run("document.getElementById('users-live').offsetHeight") == 0
    assert page.run("document.getElementById('users-static').offsetHeight") > 0
    assert page.run("document.querySelector('h1').getBoundingClientRect().bottom < innerHeight")


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_nothing_runs_out_of_the_screen(page, folder, width) -> None:
    """From the narrowest phone to a desk the page is as wide as the screen; tables scroll inside themselves."""
    page.send("Emulation.setDeviceMetricsOverride", width=width, height=844, deviceScaleFactor=1, mobile=False)
    for name in ("report", "nasty", "dutch", "plan", "groups"):
        page.open(f"{folder}/{name}.html#users?all=1")
        page.wait_for(f"!document.getElementById('users-live') || {TABLE_IS_THERE}")
        assert page.run("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0, name
    page.send("Emulation.clearDeviceMetricsOverride")


def test_a_sheet_is_opened_and_left_by_keyboard(page, folder) -> None:
    """Enter opens the sheet of the focused user, Escape closes it, and the focus is where it was."""
    opened(page, f"{folder}/report.html")
    page.run("document.querySelector('#users-table tbody button').focus()")
    press(page, "Enter", "\r")
    page.wait_for("document.getElementById('user-dialog').open")
    press(page, "Escape")
    page.wait_for("!document.getElementById('user-dialog').open")

    assert page.run("document.activeElement === document.querySelector('#users-table tbody button')")
    page.run("document.querySelector('#users-table thead button').focus()")
    press(page, "Enter", "\r")
    assert page.run(SORTED) == ["ascending", *[None] * 7]
    assert page.run("document.activeElement === document.querySelector('#users-table thead button')")


def test_the_print_is_bounded(page, tmp_path_factory) -> None:
    """5,000 users print as a report of a few pages, not as a list of 5,000."""
    place = tmp_path_factory.mktemp("print") / "report.html"
    place.write_text(render_html(no_go(5000)))
    opened(page, place.as_uri())
    pages = len(re.findall(rb"/Type\s*/Page\b", page.pdf()))

    assert 5 <= pages <= 20


def test_the_users_of_a_plan_can_be_searched(page, folder) -> None:
    """A word leaves the rows that have it, those in the fold too; without one the fold is closed again."""
    page.open(f"{folder}/plan.html")
    seen = "[...document.querySelectorAll('#people tbody tr')].filter((row) => row.checkVisibility()).length"

    def look_for(text: str) -> None:
        page.run(f"document.getElementById('people-q').value = '{text}'")
        page.run("document.getElementById('people-q').dispatchEvent(new Event('input'))")

    assert page.run(seen) == 11
    look_for("u10")
    assert page.run(seen) == 1
    look_for("")
    assert page.run(seen) == 11


def test_the_print_has_the_list_of_what_is_left_to_do(page, tmp_path_factory) -> None:
    """Every row of it, those in a fold too: nobody can open a fold on paper."""
    place = tmp_path_factory.mktemp("print") / "report.html"
    place.write_text(render_html(no_go(1500)))
    opened(page, place.as_uri())
    rows = "[...document.querySelectorAll('#actions tbody tr')]"
    folded = f"{rows}.filter((row) => !row.checkVisibility()).length"

    assert page.run(folded) > 0
    page.send("Emulation.setEmulatedMedia", media="print")
    assert page.run(folded) == 0
    page.send("Emulation.setEmulatedMedia", media="")
