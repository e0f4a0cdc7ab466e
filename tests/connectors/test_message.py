"""A sentence as a value keeps its English text and everything that another language needs."""

from __future__ import annotations

import copy
from dataclasses import asdict, dataclass

import orjson
import pytest

from connectors.message import Message, few, joined, verbatim


def test_a_message_is_its_english_text_and_keeps_what_it_was_made_from() -> None:
    """Evidence files write the text; a catalog finds the template and fills in the values."""
    said = Message("{n} user holds {sku}", "{n} users hold {sku}", n=2, sku="E4")

    assert "2 users hold E4" == said
    assert ("{n} user holds {sku}", "{n} users hold {sku}") == (said.template, said.plural)
    assert {"n": 2, "sku": "E4"} == dict(said.values)
    assert b'"2 users hold E4"' == orjson.dumps(said)


@pytest.mark.parametrize(("n", "text"), [(0, "0 users"), (1, "1 user"), (2, "2 users"), (1_000, "1000 users")])
def test_one_is_told_in_the_singular_and_every_other_number_in_the_plural(n: int, text: str) -> None:
    """Zero is a plural in English."""
    assert text == Message("{n} user", "{n} users", n=n)


def test_a_message_without_values_may_have_braces() -> None:
    """What stands in braces is no blank where nothing is filled in."""
    assert "the reply {not json" == Message("the reply {not json")


def test_a_blank_without_a_value_is_a_mistake_of_ours() -> None:
    """A sentence with a hole in it reaches nobody."""
    with pytest.raises(KeyError):
        Message("{n} of {of}", n=1)


def test_names_and_sentences_are_joined_each_in_their_way() -> None:
    """Names by a comma, sentences by a semicolon; a long list says how many more there are."""
    assert "a, b and 3 more" == few(["a", "b", "c", "d", "e"], most=2)
    assert "a, b" == few(["a", "b"])
    assert "1 user; E5" == joined([Message("{n} user", "{n} users", n=1), verbatim("E5")])
    assert "groups: a, b" == Message("groups: {names}", names=few(["a", "b"]))


@dataclass(frozen=True)
class _Row:
    detail: str


def test_copies_keep_what_the_message_was_made_from() -> None:
    """A row that is copied or taken apart has the message still, not its text alone."""
    said = Message("{n} user", "{n} users", n=3)

    for kept in (copy.copy(said), copy.deepcopy(said), asdict(_Row(said))["detail"]):
        assert (said, said.template, said.plural, {"n": 3}) == (kept, kept.template, kept.plural, dict(kept.values))
