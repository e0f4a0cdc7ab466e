"""Messages as JSON data and back: what evidence files keep, so that any language can be made from them later. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from string import Formatter
from typing import Any

from connectors.message import Message


def stored(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """Return `text`, `template`, `plural` and `values` of each message, sorted by text; a message may hold others."""
    return [_one(message) for message in sorted(messages)]


def _one(message: Message) -> dict[str, Any]:
    values = {name: _value(value) for name, value in message.values.items()}
    return {"text": str(message), "template": message.template, "plural": message.plural, "values": values}


def _value(value: Any) -> Any:
    match value:
        case Message():
            return _one(value)
        case tuple():
            return [_value(part) for part in value]
    return value


def loaded(data: Iterable[Mapping[str, Any]]) -> dict[str, Message]:
    """Return the messages by their text; raises ValueError or LookupError for data that `stored` did not write."""
    return {str(one["text"]): _message(one) for one in data}


def _message(one: Mapping[str, Any]) -> Message:
    for template in (one["template"], one["plural"]):
        for _, name, how, conversion in Formatter().parse(template) if one["values"] else ():
            if name is not None and not (name.isidentifier() and not how and not conversion):
                raise ValueError(f"{template!r} has a blank that is no name")
    return Message(one["template"], one["plural"], **{name: _part(value) for name, value in one["values"].items()})


def _part(value: Any) -> Any:
    match value:
        case dict():
            return _message(value)
        case list():
            return tuple(map(_part, value))
    return value
