"""axe-core, put into a page over the debugging pipe: what it finds against WCAG 2.2, levels A and AA."""

from __future__ import annotations

import importlib.util
import json
from functools import cache
from pathlib import Path
from typing import Any

from report.opened.chromium_pipe import Page

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
# Where axe leaves contrast to people: an ornament beside its word, a lone digit, a text within a drawing. Their colors
# are the same few that test_report_colors.py measures.
LEFT_TO_PEOPLE = {"nonBmp", "pseudoContent", "shortTextContent", "imgNode"}
_OPTIONS = {
    "runOnly": {"type": "tag", "values": TAGS},
    "resultTypes": ["violations", "incomplete"],
}
_RUN = """
axe.run(document, %s).then(({ violations, incomplete }) => {
  const found = (rules) => rules.flatMap(({ id, help, nodes }) => nodes.map((node) => ({
    rule: id, help, where: node.target.flat().join(" "), markup: node.html.slice(0, 200),
    why: [...node.any, ...node.all, ...node.none].map((check) => check.message).join("; "),
    key: node.any[0]?.data?.messageKey ?? "",
  })));
  return { violations: found(violations), undecided: found(incomplete) };
})
"""


@cache
def _source() -> str:
    package = importlib.util.find_spec("axe_playwright_python")  # found, never imported: Playwright is not installed
    assert package, "axe-core is missing: `make .venv/.dev` installs it"
    assert package.submodule_search_locations
    return (Path(package.submodule_search_locations[0]) / "axe.min.js").read_text("utf-8")


def violations(page: Page, *, undecided: bool = True) -> list[str]:
    """Return one sentence per element that breaks a rule, or of which axe could not tell where `undecided` asks so."""
    if not page.run("'axe' in window"):
        page.run(f"{_source()};0")
    found: dict[str, list[dict[str, Any]]] = page.run(_RUN % json.dumps(_OPTIONS))
    doubts = [each for each in found["undecided"] if undecided and each["key"] not in LEFT_TO_PEOPLE]
    return [
        f"{each['rule']} ({each['help']}): {each['where']}: {each['why']}: {each['markup']}"
        for each in (*found["violations"], *doubts)
    ]
