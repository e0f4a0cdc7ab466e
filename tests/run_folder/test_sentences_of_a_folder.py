"""A report in any language follows from the folder alone: what a text was made from lies beside it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from worlds.job_world import Drawn, after, draw, person, reconciled, snapshot

from jobs.license_reassignment.model.message_json import loaded
from jobs.license_reassignment.report.json import document
from jobs.license_reassignment.report.page.payload import users_payload
from jobs.license_reassignment.report.words import words_of
from jobs.license_reassignment.run_folder.folder import RunDir
from jobs.license_reassignment.run_folder.load import load_plan
from jobs.license_reassignment.run_folder.plan_files import MESSAGES

NL = words_of("nl")
UK = person("uk", "ENTERPRISEWITHSCAL", usage_location="UK")
ENGLISH = 'The usage location "UK" is not an ISO 3166-1 country code; write GB.'
DUTCH = 'De gebruikslocatie "UK" is geen landcode volgens ISO 3166-1; schrijf GB.'


@pytest.fixture
def drawn(tmp_path: Path) -> Drawn:
    """A plan that holds one user for a wrong usage location, as its folder gives it back."""
    made = draw(snapshot(UK))
    run = RunDir(tmp_path / "run").create()
    for name, data in made.made.files.items():
        run.write(name, data)
    return replace(made, made=replace(made.made, plan=load_plan(run)))


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
