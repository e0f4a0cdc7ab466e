"""A report in any language follows from the folder alone: what a text was made from lies beside it."""

from __future__ import annotations

from dataclasses import replace
from html import unescape
from pathlib import Path

import orjson
import pytest
from worlds.job_world import Drawn, after, draw, person, reconciled, snapshot

from jobs.license_reassignment.model.message_json import loaded
from jobs.license_reassignment.report.json import document
from jobs.license_reassignment.report.page.html import render_html, render_plan_html
from jobs.license_reassignment.report.page.payload import users_payload
from jobs.license_reassignment.report.page.plan_view import plan_view
from jobs.license_reassignment.report.words import words_of
from jobs.license_reassignment.run_folder.folder import RunDir
from jobs.license_reassignment.run_folder.load import load_plan
from jobs.license_reassignment.run_folder.plan_files import MESSAGES, read_rejected

NL = words_of("nl")
UK = person("uk", "ENTERPRISEWITHSCAL", usage_location="UK")
ENGLISH = 'The usage location "UK" is not an ISO 3166-1 country code; write GB.'
DUTCH = 'De gebruikslocatie "UK" is geen landcode volgens ISO 3166-1; schrijf GB.'


def kept(made: Drawn, folder: Path) -> Drawn:
    """Give the plan as its folder gives it back."""
    run = RunDir(folder).create()
    for name, data in made.made.files.items():
        run.write(name, data)
    return replace(made, made=replace(made.made, plan=load_plan(run)))


@pytest.fixture
def drawn(tmp_path: Path) -> Drawn:
    """A plan that holds one user for a wrong usage location, as its folder gives it back."""
    return kept(draw(snapshot(UK)), tmp_path / "run")


def test_the_table_keeps_its_english_text_and_the_report_speaks_dutch(drawn: Drawn) -> None:
    """The cell is found again as it stands; nothing is read out of a sentence."""
    found = reconciled(drawn, after(UK))

    assert [ENGLISH] == drawn.plan.decisions["detail"].tolist() == found.users["detail"].tolist()
    (detail,) = [c["values"] for c in users_payload(found, NL)["columns"] if c["name"] == "detail"]
    assert [DUTCH] == detail


def test_what_the_header_says_is_found_too(drawn: Drawn) -> None:
    """The remedy of a hold stands in plan.json as a text."""
    (hold,) = drawn.plan.header.holds

    assert hold.remedy != NL(drawn.plan.said(hold.remedy))


ROSTER = "UPN,target\n#uk@contoso.example,leave\nbo@elsewhere.example,leave\n<b>uk</b>@contoso.example,leave\n"
REJECTED = [
    "De rij begint met #, maar een lijst kent geen opmerkingen; verwijder de regel.",
    "Het domein elsewhere.example is geen geverifieerd domein van deze tenant; verbeter de naam of verwijder de rij.",
    '"<b>uk</b>@contoso.example" is geen user principal name; schrijf hem als naam@contoso.example.',
]


def test_rejected_rows_are_english_in_their_file_and_dutch_on_both_pages(tmp_path: Path) -> None:
    """What somebody typed into a cell stands as it was typed, escaped."""
    made = kept(draw(snapshot(UK), roster=ROSTER), tmp_path / "run")
    pages = [
        render_plan_html(plan_view(made.plan, ()), "nl"),
        render_html(reconciled(made, after(UK)), "nl"),
    ]

    assert REJECTED == [NL(row.reason) for row in made.plan.rejected]
    assert b"The row begins with #" in made.files["rejected.csv"]
    assert [] == [told for page in pages for told in REJECTED if told not in unescape(page)]
    assert [False, False] == ["<b>uk</b>" in page for page in pages]


def test_reconciliation_json_alone_is_enough_for_another_language(drawn: Drawn) -> None:
    """Whoever has nothing but the file renders gate, incident and detail from the key `messages`."""
    kept = orjson.loads(orjson.dumps(document(reconciled(drawn, after(UK)))))
    messages = loaded(kept["messages"])

    assert DUTCH == NL(messages[ENGLISH])
    said = [text for gate in kept["gates"] for text in (gate["detail"], gate["remedy"]) if text]
    said += [kept["advice_reason"], *kept["not_checked"], *(i["detail"] for i in kept["incidents"])]
    assert [] == [text for text in said if NL(messages[text]) == text]


def test_a_folder_of_an_earlier_version_stays_english(drawn: Drawn) -> None:
    """It says what a text was made from nowhere, and nothing guesses."""
    header = replace(drawn.plan.header, files={n: d for n, d in drawn.plan.header.files.items() if n != MESSAGES})
    older = replace(drawn.plan, header=header, messages={})
    found = reconciled(replace(drawn, made=replace(drawn.made, plan=older)), after(UK))

    (detail,) = [c["values"] for c in users_payload(found, NL)["columns"] if c["name"] == "detail"]
    assert [ENGLISH] == detail


def test_a_rejected_row_of_an_earlier_version_is_told_in_english(tmp_path: Path) -> None:
    """Its reason is what stands in rejected.csv."""
    made = draw(snapshot(UK), roster=ROSTER)

    (row, *_) = read_rejected(made.files["rejected.csv"], {})
    assert ("users.csv", "2", ("uk@contoso.example",)) == (row.file, row.line, row.held)
    assert "The row begins with #, but a roster has no comments; remove the line." == NL(row.reason)
