"""Where a run stands, and what happened to one user: told from the files of the run alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from worlds.rehearsal import Rehearsal, tenant_of

from connectors.catalog.products import load_catalog
from jobs.license_reassignment.commands import apply
from jobs.license_reassignment.commands.explain.explanation import explanation_of
from jobs.license_reassignment.commands.status import standing_of
from jobs.license_reassignment.errors import GuardRefused, InputError
from jobs.license_reassignment.model.reasons import HOLD_REMEDIES
from jobs.license_reassignment.run_folder.folder import RunDir

ORGANIZATION = {"id": "c0a70500-0000-4000-8000-000000000001", "name": "Contoso", "domains": ["contoso.example"]}
SETTINGS = """
[tenant]
id = "c0a70500-0000-4000-8000-000000000001"
credential = "sandbox"
graph_url = "http://127.0.0.1:8080/v1.0"
[source]
skus = ["ENTERPRISEWITHSCAL"]
[[swap]]
name = "everyone"
to = ["ENTERPRISEPACK"]
[[wave]]
name = "pilot"
users = 1
"""


def _rehearsal(folder: Path) -> Rehearsal:
    (folder / "reseat.toml").write_text(SETTINGS, encoding="utf-8")
    off = {"sku": "ENTERPRISEWITHSCAL", "off": ["SWAY", "Deskless"]}
    users = [
        {"upn": "ada@contoso.example", "name": "Ada", "location": "NL", "licenses": [off]},
        {"upn": "bo@contoso.example", "name": "Bo", "location": "NL", "licenses": [{**off, "off": ["SWAY"]}]},
        {"upn": "cy@contoso.example", "name": "Cy", "licenses": ["ENTERPRISEWITHSCAL"]},
    ]
    skus = [{"skuPartNumber": "ENTERPRISEWITHSCAL", "enabled": 5}, {"skuPartNumber": "ENTERPRISEPACK", "enabled": 5}]
    return Rehearsal(tenant_of({"organization": ORGANIZATION, "skus": skus, "users": users}), folder / "reseat.toml")


def _run(rehearsal: Rehearsal) -> RunDir:
    assert rehearsal.run is not None
    return rehearsal.run


def test_a_plan_that_nobody_began_stands_at_its_beginning(tmp_path: Path) -> None:
    """No session, everything pending, no verdict."""
    rehearsal = _rehearsal(tmp_path)
    rehearsal.plan()

    found = standing_of(_run(rehearsal))

    assert (found.tenant, found.in_scope, found.changes, found.held) == ("Contoso", 3, 2, 1)
    assert (dict(found.counts), found.sessions) == ({"pending": 2}, 0)
    assert (found.last, found.verdict, found.paused) == ("", "", False)


def test_a_run_between_two_waves_says_so(tmp_path: Path) -> None:
    """What was done, how the last session ended, and whether somebody paused it."""
    rehearsal = _rehearsal(tmp_path)
    rehearsal.plan()
    rehearsal.apply()
    rehearsal.verify()
    (_run(rehearsal).path / "pause").touch()

    found = standing_of(_run(rehearsal))

    assert (dict(found.counts), found.sessions, found.verdict, found.paused) == (
        {"applied": 1, "pending": 1},
        1,
        "NO-GO",
        True,
    )
    assert found.ended == "wave pilot is complete; `--wave rest` continues, up to and including that wave"
    assert found.last.startswith("note: the tenant was read afresh; ")


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("start", "start: by tester, waves pilot"),
        ("intent", "intent: batch 1, sent 1"),
        ("outcome", "outcome: batch 1, applied 1"),
        ("end", "end: wave pilot is complete; `--wave rest` continues, up to and including that wave"),
    ],
)
def test_the_newest_line_is_told_in_words(tmp_path: Path, kind: str, said: str) -> None:
    """Also where the process died, and whatever line it wrote last."""
    rehearsal = _rehearsal(tmp_path)
    rehearsal.plan()
    rehearsal.apply()
    journal = _run(rehearsal).path / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    last = next(n for n, line in enumerate(lines) if f'"kind":"{kind}"'.encode() in line)
    journal.write_bytes(b"".join(lines[: last + 1]))

    assert standing_of(_run(rehearsal)).last == said


def test_an_altered_journal_has_no_standing(tmp_path: Path) -> None:
    """A story is told from evidence that holds, or not at all."""
    rehearsal = _rehearsal(tmp_path)
    rehearsal.plan()
    rehearsal.apply()
    journal = _run(rehearsal).path / "journal.jsonl"
    journal.write_bytes(journal.read_bytes().replace(b"applied", b"refused", 1))

    with pytest.raises(GuardRefused):
        standing_of(_run(rehearsal))


@pytest.mark.parametrize("by_id", [False, True])
def test_a_moved_user_has_a_story_from_decision_to_proof(by_id: bool, tmp_path: Path) -> None:
    """By name in any case or by id: what was held, decided, sent, answered and read."""
    rehearsal = _rehearsal(tmp_path)
    rehearsal.plan()
    rehearsal.apply()
    rehearsal.verify()
    user = rehearsal.tenant.user("ada@contoso.example")
    assert user is not None

    story = explanation_of(_run(rehearsal), user.id if by_id else " ADA@contoso.example ", load_catalog())

    assert story.user == "ada@contoso.example"
    told = list(story.sentences)
    assert (
        told[0]
        == f"ada@contoso.example ({user.id}) had when the plan was made: Office 365 E4 (direct, 2 services disabled)."
    )
    assert told[1] == (
        "Rule: everyone. In one request, in wave pilot: "
        "add Office 365 E3 with 2 services disabled, remove Office 365 E4."
    )
    assert told[2].startswith("Stays disabled: ")
    assert [t.split(": ", 1)[1].split(" (")[0].split(",")[0] for t in told if t[:5] == "2026-"] == [
        "the request was written down and sent",
        "answer 200",
    ]
    assert told[-1] == "Last read: moved; holds Office 365 E3."


def test_a_held_user_is_told_why_and_what_to_do(tmp_path: Path) -> None:
    """And that nothing was sent."""
    rehearsal = _rehearsal(tmp_path)
    rehearsal.plan()

    _, decided, happened, proven = explanation_of(_run(rehearsal), "cy@contoso.example", load_catalog()).sentences

    wanted = "Rule: everyone. The target would be Office 365 E3."
    assert decided == f"{wanted} On hold: no usage location. {HOLD_REMEDIES['no_usage_location']}"
    assert happened == "No request was sent for this user."
    assert proven == "The tenant was not read again yet: `reseat verify` confirms the outcome."


def test_a_user_outside_the_plan_is_told_so(tmp_path: Path) -> None:
    """Exit 2 with where to look."""
    rehearsal = _rehearsal(tmp_path)
    rehearsal.plan()

    with pytest.raises(InputError, match=r"has no user di@contoso\.example: not in scope when it was made"):
        explanation_of(_run(rehearsal), "di@contoso.example", load_catalog())


def test_what_became_of_a_user_who_stays_is_told_in_words(tmp_path: Path) -> None:
    """The product by its name, the reason as a person says it; the facts beside it keep the codes."""
    rehearsal = _rehearsal(tmp_path)
    rehearsal.plan()
    rehearsal.verify()

    story = explanation_of(_run(rehearsal), "cy@contoso.example", load_catalog())

    assert story.sentences[-1] == "Last read: on hold (no usage location); holds Office 365 E4."
    assert (story.facts["after"]["reason"], story.facts["after"]["outcome"]) == ("no_usage_location", "held")


@pytest.mark.parametrize("nobody", ["", " "])
def test_an_empty_name_is_told_as_one(nobody: str, tmp_path: Path) -> None:
    """A variable of the shell that is not set is nobody outside the plan."""
    rehearsal = _rehearsal(tmp_path)
    rehearsal.plan()

    with pytest.raises(InputError, match=r"^No user is named\. Give the UPN"):
        explanation_of(_run(rehearsal), nobody, load_catalog())


def test_one_disabled_service_is_one(tmp_path: Path) -> None:
    """Neither what the user had nor what the user gets has `1 services`."""
    rehearsal = _rehearsal(tmp_path)
    rehearsal.plan()

    had, gets, *_ = explanation_of(_run(rehearsal), "bo@contoso.example", load_catalog()).sentences

    assert had.endswith("Office 365 E4 (direct, 1 service disabled).")
    assert "add Office 365 E3 with 1 service disabled, remove" in gets


def test_a_session_that_died_does_not_keep_the_run_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one ended; what counts is whether the last one did."""
    rehearsal = _rehearsal(tmp_path)
    rehearsal.plan()
    with monkeypatch.context() as dying:
        dying.setattr(apply, "_close", lambda _parts, journal, *_: journal.close())
        rehearsal.apply()
    assert standing_of(_run(rehearsal)).ended == ""
    (_run(rehearsal).path / "journal.jsonl").write_bytes(
        b"".join(_run(rehearsal).read("journal.jsonl").splitlines(keepends=True)[:1])
    )

    rehearsal.apply()

    found = standing_of(_run(rehearsal))
    assert (found.sessions, found.ended.partition(";")[0], found.now) == (2, "wave pilot is complete", None)
