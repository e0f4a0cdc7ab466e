"""What a sentence is made from survives a file, to the last name in it."""

from __future__ import annotations

import orjson
import pytest

from connectors.message import Message, by_text, few, joined, verbatim
from jobs.license_reassignment.model.message_json import loaded, stored

HELD = Message(
    "{n} user holds {sku}: {names}",
    "{n} users hold {sku}: {names}",
    n=7,
    sku="E4",
    names=few([f"u{n}" for n in range(7)]),
)
BOTH = joined([HELD, Message("{percent} % of {whole}", percent=12.5, whole=verbatim("all"))])


@pytest.mark.parametrize("said", [HELD, BOTH, Message("{ MCOEV = 1 }"), Message("")])
def test_a_message_comes_back_with_what_it_was_made_from(said: Message) -> None:
    """Lists, numbers and the messages within a message too."""
    kept = loaded(orjson.loads(orjson.dumps(stored([said]))))[said]

    assert (said, said.template, said.plural) == (kept, kept.template, kept.plural)
    assert said.values == kept.values
    assert [part.template for part in said.within()] == [part.template for part in kept.within()]


def test_a_text_is_found_again_by_what_the_file_says_it_is() -> None:
    """A later version may write the same figures otherwise; the cell of decisions.csv stays as it was."""
    data = stored([HELD])
    data[0]["text"] = "as it was written then"

    assert HELD == loaded(data)["as it was written then"]


@pytest.mark.parametrize("template", ["{n.__class__}", "{n!r}", "{n:>999999999}", "{0}"])
def test_a_template_of_a_file_can_fill_in_values_and_nothing_else(template: str) -> None:
    with pytest.raises(ValueError, match="no name"):
        loaded([{"text": "x", "template": template, "plural": "", "values": {"n": 1}}])


def test_messages_are_listed_once_with_those_within_and_without_plain_names() -> None:
    """A part is looked up alone where a cell holds several, and a name needs no entry."""
    listed = by_text([HELD, HELD, BOTH, "a plain text", verbatim("E5"), Message("")])

    assert {HELD, BOTH, "12.5 % of all"} < set(listed)
    assert {"a plain text", "E5", "all", ""}.isdisjoint(listed)
