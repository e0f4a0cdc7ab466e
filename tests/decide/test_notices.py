"""Whom to tell before a wave, and in which words."""

from __future__ import annotations

import csv
import io

import pytest
from worlds.job_world import CATALOG, TO_E3, draw, holding, person, product, snapshot

from connectors.catalog.user_words import load_user_words
from jobs.license_reassignment.decide.notices import Vocabulary
from jobs.license_reassignment.run_folder.notice_files import NOTICE_COLUMNS, file_names

E4 = "ENTERPRISEWITHSCAL"
TO_E5 = TO_E3.replace("ENTERPRISEPACK", "ENTERPRISEPREMIUM")


def _rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


def test_one_file_per_wave_names_those_who_change() -> None:
    """Sorted by name; a held user is told nothing, and a wave without changes has no file."""
    people = [person(n, E4) for n in ("bo", "Ada", "cy")]
    held = person("held", E4, usage_location="")
    toml = TO_E3 + '[[wave]]\nname = "pilot"\nusers = 1\n[[wave]]\nname = "nobody"\n'
    drawn = draw(snapshot(*people, held), toml)

    notices = {name: _rows(data) for name, data in drawn.files.items() if name.startswith("notice")}

    assert {"notice-pilot.csv": ["Ada"], "notice-rest.csv": ["bo", "cy"]} == {
        name: [r["user_principal_name"].partition("@")[0] for r in rows] for name, rows in notices.items()
    }
    assert list(NOTICE_COLUMNS) == list(notices["notice-pilot.csv"][0])
    assert {"pilot"} == {r["wave"] for r in notices["notice-pilot.csv"]}


def test_services_are_told_in_words_of_users() -> None:
    """What comes, what ends and what stays off, each in words; what works in the background is counted."""
    ada = person("ada", holding(E4, "FORMS_PLAN_E3", "SWAY"))

    [row] = _rows(draw(snapshot(ada), TO_E5).files["notice-all.csv"])

    assert "Teams Phone: calls with a number of your own" in row["services_new"].split(" + ")
    assert "telephony of Skype for Business" == row["services_ended"]
    assert "Forms + Sway" == row["services_kept_off"]
    assert "more services are added in the background" in row["note"]


def test_a_plan_of_this_one_user_does_not_change_the_words_of_others() -> None:
    """Texts are shared only by those who are told the same."""
    ada, bo = person("ada", E4), person("bo", holding(E4, "SWAY"))

    rows = {r["user_principal_name"]: r for r in _rows(draw(snapshot(ada, bo)).files["notice-all.csv"])}

    assert ("", "Sway") == (rows[ada.upn]["services_kept_off"], rows[bo.upn]["services_kept_off"])


def test_a_display_name_is_no_formula() -> None:
    """A spreadsheet shows it as text."""
    ada = person("ada", E4, display_name='=HYPERLINK("http://x.example")')

    [row] = _rows(draw(snapshot(ada)).files["notice-all.csv"])

    assert '\'=HYPERLINK("http://x.example")' == row["display_name"]


def test_a_plan_that_changes_nobody_tells_nobody() -> None:
    """No file at all."""
    files = draw(snapshot(person("ada", E4, usage_location=""))).files

    assert [] == [name for name in files if name.startswith("notice")]


def test_the_notices_are_part_of_the_plan() -> None:
    """Their digests stand in the header, so that nobody is told anything else than what was approved."""
    drawn = draw(snapshot(person("ada", E4)))

    assert "notice-all.csv" in drawn.plan.header.files


@pytest.mark.parametrize(
    ("waves", "expected"),
    [
        (["pilot"], ["notice-pilot.csv"]),
        (["week 1/2", "week 1:2"], ["notice-week-1-2.csv", "notice-week-1-2-2.csv"]),
        (["Pilot", "pilot"], ["notice-Pilot.csv", "notice-pilot-2.csv"]),
        (["../../etc", "Größe"], ["notice-etc.csv", "notice-Gr-e.csv"]),
        (["::"], ["notice-wave.csv"]),
        (["x" * 300], [f"notice-{'x' * 60}.csv"]),
    ],
)
def test_a_wave_gives_a_name_that_every_file_system_takes(waves: list[str], expected: list[str]) -> None:
    """Letters and figures only, and no two alike where capitals do not count."""
    assert expected == list(file_names(waves).values())


def test_every_service_of_the_source_has_a_word() -> None:
    """Whatever a user of Office 365 E4 loses can be named."""
    vocabulary = Vocabulary(CATALOG, load_user_words())

    assert [] == [p.name for p in product(E4).plans if not vocabulary.word(p.id)]
    assert [] == [w for w in vocabulary.words_of((p.id for p in product(E4).plans), name_all=True) if "+" in w]


def test_people_are_told_in_the_language_of_the_run() -> None:
    """Services by their name in that language, sorted there, and each sentence of the note; columns stay."""
    ada = person("ada", holding(E4, "FORMS_PLAN_E3", "SWAY"))

    [row] = _rows(draw(snapshot(ada), TO_E5, language="nl").files["notice-all.csv"])

    assert list(NOTICE_COLUMNS) == list(row)
    assert "Teams Phone: bellen met een eigen nummer" in row["services_new"].split(" + ")
    assert "telefonie van Skype voor Bedrijven" == row["services_ended"]
    assert "op de achtergrond" in row["note"]
