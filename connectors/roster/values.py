"""What one cell of a roster may hold: each function returns the value or says what is wrong with it and what to do."""

from __future__ import annotations

from connectors.countries import MEANT, is_country
from connectors.ids import is_guid
from connectors.message import Message
from connectors.roster.formula import clean
from connectors.roster.letters import name_hidden
from connectors.roster.people import candidates
from connectors.roster.words import LEAVE, NO, YES


class BadValueError(ValueError):
    """A row cannot be used; `reason` is one sentence that says what is wrong and what to do."""

    def __init__(self, reason: Message) -> None:
        self.reason = reason
        super().__init__(reason)


def excerpt(text: str, length_max: int = 60) -> str:
    """Return `text` on one line, without control characters, cut to `length_max` characters.

    A character that shows nothing is named, since it may be the very thing that is wrong.
    """
    line = " ".join(name_hidden(clean(text)).split())
    return line if len(line) <= length_max else f"{line[: length_max - 1]}…"


def write(meant: str) -> Message:
    """Return the remedy that gives the value to write."""
    return Message("write {code}", code=meant)


def guid(text: str) -> str:
    """Return the GUID in lower case, or "" for no text."""
    if text and not is_guid(text):
        meant = [one for one in candidates([text]) if is_guid(one)]
        remedy = write(meant[0]) if meant else Message("enter the object ID, or leave it empty and enter the UPN")
        raise BadValueError(Message('The ID "{id}" is not a GUID; {remedy}.', id=excerpt(text), remedy=remedy))
    return text.lower()


def targets(text: str) -> tuple[str, ...]:
    """Return the parts of a target between its plus signs: names as written, GUIDs and `leave` in lower case."""
    parts = tuple(LEAVE if part.casefold() == LEAVE else part for part in names(text, "target"))
    if LEAVE in parts and len(parts) > 1:
        raise BadValueError(
            Message('The target "{target}" says leave and names a product; keep one of the two.', target=excerpt(text))
        )
    return parts


def names(text: str, column: str) -> tuple[str, ...]:
    """Return the parts of `text` between its plus signs, GUIDs in lower case; no text has no parts."""
    if not text:
        return ()
    parts = tuple(part.strip() for part in text.split("+"))
    if not all(parts):
        raise BadValueError(
            Message(
                '"{value}" in {column} has a plus sign with nothing beside it; remove it or add a name.',
                value=excerpt(text),
                column=column,
            )
        )
    return tuple(part.lower() if is_guid(part) else part for part in parts)


def country(text: str) -> str:
    """Return the ISO 3166-1 alpha-2 code in upper case, or "" for no text."""
    code = text.upper() if text.isascii() else text
    if code and not is_country(text):
        raise BadValueError(no_country(text))
    return code


def no_country(text: str) -> Message:
    """Return what is wrong with a usage location that is no country, with the code that is meant where it is known."""
    meant = MEANT.get(text.upper())
    remedy = write(meant) if meant else Message("write two letters such as NL or GB")
    return Message(
        'The usage location "{code}" is not an ISO 3166-1 country code; {remedy}.', code=excerpt(text), remedy=remedy
    )


def yes_no(text: str, column: str) -> bool | None:
    """Return the answer that `text` gives, or None for no text."""
    if not text:
        return None
    word = text.casefold()
    if word not in YES | NO:
        raise BadValueError(
            Message(
                'The column {column} says "{value}"; write yes or no, or leave it empty.',
                column=column,
                value=excerpt(text),
            )
        )
    return word in YES
