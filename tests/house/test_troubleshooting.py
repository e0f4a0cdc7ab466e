"""docs/troubleshooting.md says of each error what the code makes of it: sign-in codes, Graph's sentences, statuses."""

from __future__ import annotations

import ast
import re

import pytest
from worlds.machine import ROOT

from connectors.graph.sign_in.errors import PASSING_CODES, REMEDIES
from connectors.graph.verdicts import CONCURRENT_WRITE, ENVELOPES, MESSAGES, STATUSES, UNKNOWN_STATUS, meaning
from jobs.license_reassignment.model.reasons import HOLD_REMEDIES, OTHER_REMEDIES, REFUSAL_REMEDIES

PAGE = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
ID = "6fd2c87f-b296-42f0-b197-1e91e994b900"


def rows(title: str) -> list[list[str]]:
    """Return the cells of the table under a heading, without its head."""
    section = PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]
    found = [line.strip("| ").split(" | ") for line in section.replace("| |", "|  |").splitlines() if line[:1] == "|"]
    assert len(found) > 2, f"there is no table under {title}"
    return [[cell.strip() for cell in row] for row in found[2:]]


def codes(text: str) -> list[str]:
    """Return what stands between backticks and looks like a reason."""
    return re.findall(r"`([a-z]+(?:_[a-z]+)*)`", text)


SENTENCES = [
    (sentence.replace("…", ID), codes(line)[0])
    for line in PAGE.partition("## License changes: Graph's errors\n")[2].partition("\n## ")[0].splitlines()
    for sentence in re.findall(r"^\|[^|]*\| \*([^*|]+)\* \|", line)
]
STATUS_ROWS = rows("License changes: statuses")


def test_every_sign_in_code_of_the_page_is_known_and_every_known_one_is_there() -> None:
    """Whoever searches the page for a code finds what reseat makes of it."""
    assert {*REMEDIES, *PASSING_CODES} == set(re.findall(r"AADSTS(\d+)", PAGE))


@pytest.mark.parametrize(("sentence", "reason"), SENTENCES)
def test_each_sentence_of_graph_has_the_reason_of_its_row(sentence: str, reason: str) -> None:
    """The product reads the sentence as the page does."""
    assert reason == meaning(400, "Request_BadRequest", sentence).reason


def test_each_reason_that_a_sentence_can_have_is_on_the_page() -> None:
    """No refusal is left out, and the last row is what no other one fits."""
    told = [reason for _, reason in SENTENCES]
    assert len(told) > 10
    assert {each.reason for _, each in MESSAGES} | {"review"} == {*told, "wrong_body"}
    assert "review" == told[-1]


@pytest.mark.parametrize("row", STATUS_ROWS, ids=lambda row: row[0])
def test_each_status_has_the_reason_of_its_row(row: list[str]) -> None:
    """For a single change or for a batch, as the row says."""
    batch = "whole batch" in row[0]
    code = CONCURRENT_WRITE if CONCURRENT_WRITE in row[0] else ""
    wait = 1.0 if "with `Retry-After`" in row[0] else None
    for status in map(int, re.findall(r"\b[45]\d\d\b", row[0])):
        said = ENVELOPES[status] if batch else meaning(status, code, retry_after_s=wait)
        assert [said.reason] == codes(row[1])


def test_every_status_that_is_judged_is_on_the_page() -> None:
    """400 and 403 have tables of their own."""
    told = {int(status) for row in STATUS_ROWS for status in re.findall(r"\b[45]\d\d\b", row[0])}
    assert set(STATUSES) == told
    assert {UNKNOWN_STATUS.reason} <= {code for row in STATUS_ROWS for code in codes(row[1])}


def test_every_reason_of_the_page_is_one_of_the_job() -> None:
    """A reason that is looked up here is found in a report too."""
    told = {code for row in STATUS_ROWS for code in codes(row[1])} | {reason for _, reason in SENTENCES}
    told |= {code for row in rows("Permissions: 401 and 403") for code in re.findall(r"reason `(\w+)`", " ".join(row))}
    assert {"permission", "unauthorized", "restricted_management"} <= told
    assert set() == told - {*HOLD_REMEDIES, *REFUSAL_REMEDIES, *OTHER_REMEDIES}


def _said() -> str:
    """Return every text of the product, one a line; what an f-string fills in ends a text."""
    paths = (path for room in ("connectors", "jobs") for path in (ROOT / room).rglob("*.py"))
    nodes = (node for path in paths for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    return "\n".join(node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))


def _waits() -> list[str]:
    """Return the messages of the table of docs/operating.md about waiting, without what is filled in."""
    page = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    table = page.partition("## Why it waits\n")[2].partition("\n## ")[0]
    told = (told for line in table.splitlines() if line[:3] == "| `" for told in line.split(" | ")[0].split("`")[1::2])
    return [re.split(r" ?[(…]", each)[0] for each in told]


def test_messages_that_pages_quote_are_those_of_the_product() -> None:
    """A message can be looked up in the words in which it was read."""
    quoted = [*re.findall(r"(?<!\*)\*([A-Z][^*|]+)\*(?!\*)", PAGE.partition("## Network, proxy")[2]), *_waits()]
    assert len(quoted) > 12
    said = _said().replace("`", "")
    pieces = [(text, piece.strip(" .")) for text in quoted for piece in text.split("…") if piece.strip(" .")]
    assert [] == [text for text, piece in pieces if piece not in said and text != "Incidents"]
