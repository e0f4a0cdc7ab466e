"""Every sentence exists in every language, with the same blanks to fill in."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

from jobs.license_reassignment import report
from jobs.license_reassignment.model.reasons import HOLD_REMEDIES, OTHER_REMEDIES, REFUSAL_REMEDIES
from jobs.license_reassignment.reconcile.gates import GATE_IDS
from jobs.license_reassignment.report.words import LANGUAGES

EN, NL = LANGUAGES["en"], LANGUAGES["nl"]
BY_CODE = {
    "gate", "gate_not", "status", "reason", "outcome", "incident", "action", "how", "advice", "subscription", "then",
    "translation", "residual",
    "route", "due", "basis", "protected", "check", "check_not", "testimony", "step",
}  # fmt: skip


def blanks(text: str) -> set[str | None]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_the_languages_have_the_same_sentences() -> None:
    assert set(EN.sentences) == set(NL.sentences)
    assert [key for key in EN.sentences if blanks(EN.sentences[key]) != blanks(NL.sentences[key])] == []


def test_no_sentence_is_left_over() -> None:
    """A key is used by name in a template or a renderer, or belongs to a family that is asked for by its code."""
    folder = Path(report.__file__).parent
    code = "\n".join(
        p.read_text()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and not p.name.startswith("words_") and p.suffix in {".py", ".j2", ".js", ".css"}
    )
    left = [
        key
        for key in EN.sentences
        if key.split(".")[0] not in BY_CODE
        and f'"{key.removesuffix(".one").removesuffix(".many")}"' not in code.replace("'", '"')
        and not (key.startswith("js.") and re.search(rf'["`]{key[3:].partition("_")[0]}', code))
    ]

    assert left == []


@pytest.mark.parametrize("words", [EN, NL], ids=["en", "nl"])
def test_every_gate_and_reason_has_a_word(words) -> None:
    """What the job can say as a code, the report can say in words."""
    reasons = {*HOLD_REMEDIES, *REFUSAL_REMEDIES, *OTHER_REMEDIES}

    assert set(GATE_IDS) == set(words.family("gate")) == set(words.family("gate_not"))
    assert reasons - set(words.family("reason")) == set()


def test_numbers_are_grouped_as_the_language_groups_them() -> None:
    assert (EN.number(1234567), EN.number(-1000), EN.number(3.5)) == ("1,234,567", "−1,000", "3.5")
    assert (NL.number(1234567), NL.number(-1000), NL.number(3.5)) == ("1.234.567", "−1.000", "3,5")
    assert tuple(EN.signed(n) for n in (5, 0, -5)) == ("+5", "0", "−5")


def test_one_is_not_many() -> None:
    assert EN.count("holds.finding", 1) == "1 user is held back."
    assert EN.count("holds.finding", 0) == "0 users are held back."


def test_times_are_written_for_people() -> None:
    """UTC is said; a date, an empty text or anything else stays as it is."""
    assert EN.when("2026-11-21T20:00:04.123Z") == "2026-11-21 20:00:04 UTC"
    assert [EN.when(text) for text in ("2026-11-21", "", "soon")] == ["2026-11-21", "", "soon"]


def test_a_code_without_a_word_is_shown_as_it_is() -> None:
    """A detail after a colon is kept, whatever the language."""
    assert EN.name("reason", "brand_new: with detail") == "brand new: with detail"
    assert NL.name("reason", "no_seat: SPE_E3") == "geen plaats vrij: SPE_E3"
