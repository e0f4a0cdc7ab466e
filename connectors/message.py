"""A sentence as a value: its English text, and what any other language is made from. Pure.

Rooms that decide say `Message("{n} user holds {sku}", "{n} users hold {sku}", n=2, sku="E4")`. The English template is
the key of every catalog, as with gettext; only an edge turns a message into another language. Nothing parses a finished
sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from types import MappingProxyType
from typing import Any, Self

_VERBATIM = "{text}"


class Message(str):
    """The English text, which is what the evidence files keep; `template`, `plural` and `values` give the others.

    `plural` is the template for any `n` but 1. A value is a text or a number as it is, a Message that is translated
    itself, or a tuple of these, which is joined by "; " where they are messages and by ", " where they are names.
    A message without values is its template, braces and all.
    """

    template: str
    plural: str
    values: Mapping[str, Any]

    def __new__(cls, template: str, plural: str = "", /, **values: Any) -> Self:
        """Make the message; raises KeyError where a blank has no value."""
        chosen = plural if plural and values["n"] != 1 else template
        text = chosen.format_map({k: _english(v) for k, v in values.items()}) if values else chosen
        made = super().__new__(cls, text)
        made.template, made.plural, made.values = template, plural, MappingProxyType(values)
        return made

    def with_texts(self, change: Callable[[str], str]) -> Message:
        """Return the message with every text among its values changed, also of the messages within."""
        return Message(self.template, self.plural, **{k: _changed(v, change) for k, v in self.values.items()})

    def within(self) -> Iterator[Message]:
        """Yield the message, and those among its values."""
        yield self
        for value in self.values.values():
            for part in value if isinstance(value, tuple) else (value,):
                if isinstance(part, Message):
                    yield from part.within()

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __copy__(self) -> Self:
        return self


def _changed(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, tuple):
        return tuple(_changed(part, change) for part in value)
    if isinstance(value, Message):
        return value.with_texts(change)
    return change(value) if isinstance(value, str) else value


def _english(value: Any) -> Any:
    return separator(value).join(value) if isinstance(value, tuple) else value


def separator(parts: Sequence[str]) -> str:
    """Return what stands between the parts of a value: sentences are set apart more than names."""
    return "; " if any(isinstance(part, Message) for part in parts) else ", "


def joined(parts: Iterable[str]) -> Message:
    """Return the sentences as one, with "; " between them; none is an empty message."""
    return Message("{parts}", parts=tuple(map(as_message, parts)))


def paragraph(first: Message, *others: Message | None) -> Message:
    """Return whole sentences as one text, a blank between them; None is left out."""
    return reduce(lambda told, then: Message("{told} {then}", told=told, then=then), filter(None, others), first)


def verbatim(text: str) -> Message:
    """Return a text that no language translates: a name, an id, what Graph said."""
    return Message(_VERBATIM, text=text)


def as_message(text: str) -> Message:
    """Return a text as what it is made from; a plain one stands for itself."""
    return text if isinstance(text, Message) else verbatim(text)


def by_text(said: Iterable[str]) -> dict[str, Message]:
    """Return the messages among these texts, and those within them, by their text; names and ids are left out."""
    distinct = {text: text for text in said if isinstance(text, Message) and text}
    found = (message for text in distinct for message in text.within())
    return {message: message for message in found if message and message.template != _VERBATIM}


def few(names: Sequence[str], most: int = 5) -> Message:
    """Return the first names, and how many more there are."""
    if len(names) <= most:
        return Message("{names}", names=tuple(names))
    return Message("{names} and {n} more", names=tuple(names[:most]), n=len(names) - most)
