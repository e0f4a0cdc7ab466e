"""Every sentence exists in every language, with the same blanks to fill in."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Message as Entry
from report.messages import LOCALES, SPEAKING, catalog, said, written

import jobs
from connectors.catalog.products import load_catalog
from connectors.message import Message, few, joined, verbatim
from jobs.license_reassignment import report
from jobs.license_reassignment.model.reasons import (
    CHANGED_GROUP_REMEDIES,
    GROUP_REMEDIES,
    HOLD_REMEDIES,
    OTHER_REMEDIES,
    REFUSAL_REMEDIES,
)
from jobs.license_reassignment.reconcile.gates import GATE_IDS
from jobs.license_reassignment.report.codes import FAMILIES
from jobs.license_reassignment.report.words import (
    ENGLISH,
    between_signs,
    in_backticks,
    without_marks,
    words_of,
)

EN, NL = ENGLISH, words_of("nl")
LANGUAGES = sorted(folder.name for folder in LOCALES.iterdir())


def forms(texts: str | Iterable[str]) -> tuple[str, ...]:
    return (texts,) if isinstance(texts, str) else tuple(texts)


def blanks(texts: str | Iterable[str]) -> set[str | None]:
    return {name for text in forms(texts) for _, name, _, _ in Formatter().parse(text) if name is not None}


def sentences(language: str) -> list[Entry]:
    return [entry for entry in catalog(language) if entry.id]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalog_has_what_the_product_says_and_nothing_else(language: str) -> None:
    """`make messages` mends it, and leaves the translation to a person."""
    here, there = {forms(e.id) for e in sentences(language)}, {forms(e.id) for e in said() if e.id}

    assert sorted(there - here) == []
    assert sorted(here - there) == []
    assert list(catalog(language).obsolete) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_translated_with_the_same_blanks(language: str) -> None:
    assert [e.id for e in sentences(language) if not all(forms(e.string))] == []
    assert [e.id for e in sentences(language) if blanks(e.id) != blanks(e.string)] == []
    assert [e.id for e in sentences(language) if e.fuzzy] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalog_is_sorted_so_that_two_people_can_add_to_it(language: str) -> None:
    assert (LOCALES / language / "reseat.po").read_text() == written(language)


def test_every_sentence_is_written_out_where_it_is_said() -> None:
    """So that it can be found; what makes messages of messages stands in three files."""
    top = Path(jobs.__file__).parent.parent
    files = [path for room in SPEAKING for path in (top / room).rglob("*.py")]
    files = [path for path in files if path.name not in {"message.py", "message_json.py", "words.py"}]
    calls = [(path.name, node) for path in files for node in ast.walk(ast.parse(path.read_text()))]
    made = [(name, node) for name, node in calls if isinstance(node, ast.Call) and ast.unparse(node.func) == "Message"]

    assert len(made) > 500
    assert [f"{name}:{n.lineno}" for name, n in made if not all(isinstance(arg, ast.Constant) for arg in n.args)] == []


def test_every_word_of_the_table_of_users_is_used() -> None:
    """The page's script asks for its words by their code."""
    script = (Path(report.__file__).parent / "templates" / "report.js").read_text()

    assert [code for code in FAMILIES["js"] if not re.search(rf'["`]{code.partition("_")[0]}', script)] == []


def test_every_gate_and_reason_has_a_word() -> None:
    """What the job can say as a code, the report can say in words."""
    reasons = {*HOLD_REMEDIES, *GROUP_REMEDIES, *CHANGED_GROUP_REMEDIES, *REFUSAL_REMEDIES, *OTHER_REMEDIES}

    assert set(GATE_IDS) == set(FAMILIES["gate"]) == set(FAMILIES["gate_not"])
    assert reasons - set(FAMILIES["reason"]) == set()


def test_a_message_is_said_with_all_that_is_in_it() -> None:
    """Figures are grouped, sentences in a sentence are translated, and a name stays as it is."""
    inner = Message("{n} user is on hold.", "{n} users are on hold.", n=1200)
    outer = joined([inner, Message("Nobody."), verbatim("Nobody.")])

    assert EN(outer) == "1,200 users are on hold.; Nobody.; Nobody."
    assert NL(outer) == "1.200 gebruikers staan in de wacht.; Niemand.; Nobody."
    assert NL(few(["a", "b", "c"], 2)) == "a, b en nog 1"
    assert NL("nothing of ours") == "nothing of ours"
    assert NL("") == ""


def test_numbers_are_grouped_as_the_language_groups_them() -> None:
    assert (EN.number(1234567), EN.number(-1000), EN.number(3.5)) == ("1,234,567", "−1,000", "3.5")
    assert (NL.number(1234567), NL.number(-1000), NL.number(3.5)) == ("1.234.567", "−1.000", "3,5")
    assert tuple(EN.signed(n) for n in (5, 0, -5)) == ("+5", "0", "−5")


def test_one_is_not_many() -> None:
    """In a language with as many forms as its catalog says."""
    said = [Message("{n} service is new", "{n} services are new", n=n) for n in (1, 0)]

    assert [EN(text) for text in said] == ["1 service is new", "0 services are new"]
    assert [NL(text) for text in said] == ["1 service is nieuw", "0 services zijn nieuw"]


def test_times_are_written_for_people() -> None:
    """UTC is said; a date, an empty text or anything else stays as it is."""
    assert EN.when("2026-11-21T20:00:04.123Z") == "2026-11-21 20:00:04 UTC"
    assert [EN.when(text) for text in ("2026-11-21", "", "soon")] == ["2026-11-21", "", "soon"]


def test_a_code_without_a_word_is_shown_as_it_is() -> None:
    """A detail after a colon is kept, whatever the language."""
    assert EN.name("reason", "brand_new: with detail") == "brand new: with detail"
    assert NL.name("reason", "no_seat: SPE_E3") == "geen licentie beschikbaar: SPE_E3"


def test_a_sentence_has_names_where_graph_has_codes() -> None:
    """A service is no product of the same code; what people search for keeps its code; a group is called as it is."""
    t = EN.naming(load_catalog().names)

    assert t(Message("{sku} and {services}", sku="MCOEV", services=("MCOEV", "KEEPS"))) == (
        "Microsoft Teams Phone Standard and Microsoft 365 Phone System, KEEPS"
    )
    assert t(Message("{service} needs {other}", service="TEAMS1", other=Message("an Exchange plan"))) == (
        "Microsoft Teams (TEAMS1) needs an Exchange plan"
    )
    assert t(Message("lost {sku}", sku="SPE_E3+X")) == "lost Microsoft 365 E3 + X"
    assert t(Message("in {products}", products=few(["SPE_E3"] * 6))).startswith("in Microsoft 365 E3, Microsoft")
    assert t(Message("{groups}", groups=("SPE_E3",))) == "SPE_E3"
    searched = EN.naming(load_catalog().names, with_codes=True)
    assert searched(Message("{sku}", sku="SPE_E3")) == "Microsoft 365 E3 (SPE_E3)"


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        (in_backticks, "`a`<b> and o`x`p: see `reseat verify` & <i>"),
        (without_marks, "`a`<b> and o`x`p: see reseat verify & <i>"),
        (between_signs, "`a`<b> and o`x`p: see \x0ereseat verify\x0e & <i>"),
    ],
)
def test_only_the_code_of_a_sentence_is_shown_as_code(code: Callable[[str], str], shown: str) -> None:
    """A backtick in the name of a person or a group stays one, wherever the name stands."""
    said = Message("{told}: see `reseat verify` & <i>", told=few(["`a`<b>", "o`x`p"], most=5))
    with_and = Message("{one} and {two}: see `reseat verify` & <i>", one=verbatim("`a`<b>"), two="o`x`p")

    assert EN.showing(code)(with_and) == shown
    assert EN.showing(code)(said) == shown.replace(" and", ",")


def test_a_text_that_is_no_message_stays_as_it_is() -> None:
    """A finished text of an earlier version may hold a name with backticks."""
    assert EN.showing(between_signs)("held for `<b>`") == "held for `<b>`"
