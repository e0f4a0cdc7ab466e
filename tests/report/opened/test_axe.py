"""axe-core finds nothing to say about either page: WCAG 2.2, levels A and AA, contrast included."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from report.opened.axe_core import violations
from report.opened.chromium_pipe import Page, chromium, executable
from worlds.plan_cases import plan
from worlds.report_cases import go, no_go, with_groups

from jobs.license_reassignment.report.page.html import render_html, render_plan_html

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.skipif(
        executable() is None and os.environ.get("CI") != "true",
        reason="chromium is not installed: apt-get install chromium",
    ),
]

DESKTOP, PHONE = (1280, 800), (390, 844)
# Each state of a page is seen in both languages, and so in all four dresses.
WORN = {"en": (("light", DESKTOP), ("dark", PHONE)), "nl": (("dark", DESKTOP), ("light", PHONE))}
TABLE_IS_THERE = "document.getElementById('users-live') === null || !document.getElementById('users-live').hidden"
STATES = (
    ("report-0", ""),
    ("report-1", ""),
    ("report-200", ""),
    ("report-200", "#users?outcome=moved&q=jansen&sort=user&dir=desc"),
    ("report-200", "#users?q=nobody+is+called+so"),
    ("report-200", "#user=user00033@contoso.example"),
    ("go", ""),
    ("plan", ""),
    ("groups", "#groups"),
    ("groups", "#user=user00004@contoso.example"),
)
# The page's policy refuses a style attribute, so the faults are made by script.
PLANTED = """
const pale = Object.assign(document.createElement("p"), { textContent: "too pale to read" });
Object.assign(pale.style, { color: "#999", background: "#fff" });
const crowd = document.createElement("div");
for (const name of "ab") {
  const button = Object.assign(document.createElement("button"), { textContent: name });
  Object.assign(button.style, { width: "9px", height: "9px", minHeight: "0", padding: "0", border: "0" });
  crowd.append(button);
}
crowd.style.display = "flex";
document.querySelector("main").append(pale, crowd, document.createElement("input"), new Image(9, 9));
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Both pages in both languages, with nobody, one user and two hundred, and with groups."""
    place = tmp_path_factory.mktemp("axe")
    for language in ("en", "nl"):
        for users in (0, 1, 200):
            (place / f"report-{users}-{language}.html").write_text(render_html(no_go(users), language))
        (place / f"go-{language}.html").write_text(render_html(go(200), language))
        (place / f"groups-{language}.html").write_text(render_html(with_groups(), language))
        (place / f"plan-{language}.html").write_text(render_plan_html(plan(), language))
    return place


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Iterator[Page]:
    with chromium(tmp_path_factory.mktemp("profile")) as tab:
        yield tab


def wear(page: Page, scheme: str, size: tuple[int, int]) -> None:
    page.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    page.send("Emulation.setDeviceMetricsOverride", width=size[0], height=size[1], deviceScaleFactor=1, mobile=False)


@pytest.mark.table
@pytest.mark.parametrize("language", WORN)
@pytest.mark.parametrize(("name", "fragment"), STATES)
def test_nothing_on_the_page_breaks_a_rule(page, folder, name, fragment, language) -> None:
    """On a desk and on a phone, light and dark, with a filter used and with a user's sheet open."""
    found = []
    for scheme, size in WORN[language]:
        wear(page, scheme, size)
        page.open(f"{folder.as_uri()}/{name}-{language}.html{fragment}")
        page.wait_for(TABLE_IS_THERE)
        # What is scrolled or covered out of sight has no color that axe could tell.
        broken = violations(page, undecided=size is DESKTOP and "user=" not in fragment)
        found += [f"{name}-{language}.html{fragment}, {scheme}, {size[0]} px wide: {each}" for each in broken]

    assert found == []


def test_a_planted_fault_is_found(page, folder) -> None:
    """The check of the check: pale text, a nameless field and picture, and buttons too small are each named."""
    wear(page, "light", DESKTOP)
    page.open(f"{folder.as_uri()}/report-1-en.html")
    page.wait_for(TABLE_IS_THERE)
    page.run(f"(() => {{ {PLANTED} }})()")
    found = violations(page)

    assert {"color-contrast", "image-alt", "label", "target-size"} == {each.split(" ")[0] for each in found}
    assert any("too pale to read" in each for each in found)
