"""Whom a damaged row of a roster may mean, read with tolerance: addresses and object ids, however they are dressed."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import unquote

from connectors.roster.formula import clean
from connectors.roster.letters import APOSTROPHES_CLASS, QUOTES_CLASS, without_hidden
from connectors.roster.words import LEAVE, NO, YES

CANDIDATES_MAX: Final = 100
"""A row that may mean more than this many people means nobody in particular."""

_HYPHENS: Final = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
_APOSTROPHES: Final = re.compile(f"[{APOSTROPHES_CLASS}]")
_AROUND: Final = re.compile(rf"[{QUOTES_CLASS}<>()\[\]{{}},;|?=\\/&*]")
_PREFIX: Final = re.compile(r"^(?:mailto|smtp|sip|upn|user|e-?mail|mail):+", re.IGNORECASE)
_LOOSE_ENDS: Final = ".,;:#'!^~-_+*"
_ADDRESS: Final = re.compile(r"[^\s@]+@[^\s@]+")
_GAPS_IN_NAMES: Final = re.compile(r"\s*([@._-])\s*")
_HEX: Final = r"[0-9a-f]"
_GUID: Final = re.compile(
    rf"(?<!{_HEX})({_HEX}{{8}})-?({_HEX}{{4}})-?({_HEX}{{4}})-?({_HEX}{{4}})-?({_HEX}{{12}})(?!{_HEX})"
)
_WORDS_JOINED_MAX: Final = 3
_WORD_SIGNS: Final = re.compile(r"[^\w]|_")
_NO: Final = NO | {"", "n", "none", "na", "nvt"}
_YES: Final = YES | {"y", "j"}


def candidates(texts: Iterable[str]) -> tuple[str, ...]:
    """Return every address and GUID that `texts` may mean, lower case and without doubles, the likeliest first.

    Looks through quotes of every kind, brackets, blanks around and inside, letters that show nothing, `mailto:`,
    `Name <mail>`, `Name (mail)`, Excel's `="…"`, loose punctuation, and GUIDs in braces or as 32 bare digits. More than
    CANDIDATES_MAX are none.
    """
    pieces = [piece.strip() for text in texts for piece in _AROUND.split(_undressed(text))]
    found = dict.fromkeys(
        one for reading in (_addresses, _guids, _joined) for piece in pieces for one in reading(piece)
    )
    return tuple(found) if len(found) <= CANDIDATES_MAX else ()


def _undressed(text: str) -> str:
    """Return the text in lower case, without what cannot be seen and without what mail programs and Word make of it."""
    plain = unquote(html.unescape(without_hidden(clean(text))))
    # Before the normal form, which makes a blank and an accent of the acute.
    plain = _HYPHENS.sub("-", _APOSTROPHES.sub("'", plain))
    return without_hidden(unicodedata.normalize("NFKC", plain)).lower()


def _guids(piece: str) -> Iterator[str]:
    for found in _GUID.finditer(re.sub(r"\s", "", piece)):
        yield "-".join(found.groups())


def _addresses(piece: str) -> Iterator[str]:
    for word in piece.split():
        # A plus sign belongs to a name, or joins several of them.
        for one in word.split("+") if word.count("@") > 1 else (word,):
            yield from _address(one)


def _joined(piece: str) -> Iterator[str]:
    """Yield the addresses that come about when blanks inside a name are taken out."""
    yield from _addresses(_GAPS_IN_NAMES.sub(r"\1", piece))
    words = piece.split()
    for at in (n for n, word in enumerate(words) if "@" in word):
        for first in range(max(0, at - _WORDS_JOINED_MAX), at + 1):
            for last in range(at, min(len(words), at + _WORDS_JOINED_MAX)):
                yield from _address("".join(words[first : last + 1]))


def _address(word: str) -> Iterator[str]:
    """Yield the word when it is an address, without its prefix and loose ends first."""
    bare = _PREFIX.sub("", word)
    local, _, domain = bare.strip(_LOOSE_ENDS).partition("@")
    for form in (f"{local}@{domain}", f"{local.strip(_LOOSE_ENDS)}@{domain}", bare.rstrip(_LOOSE_ENDS), bare):
        if _ADDRESS.fullmatch(form):
            yield form


def says_leave(text: str) -> bool:
    """Whether one of the words of `text` is `leave`, however it is dressed."""
    return LEAVE in {_bare(word) for word in re.split(rf"[\s+,;|{QUOTES_CLASS}]", _undressed(text))}


def may_say_yes(text: str) -> bool:
    """Whether `text`, in a column for yes or no, says anything but a clear no."""
    return _bare(_undressed(text)) not in _NO


def holds_a_yes(text: str) -> bool:
    """Whether one of the values in `text`, a row whose columns are unknown, is a yes."""
    return not _YES.isdisjoint({_bare(word) for word in re.split(r"[\s,;|]", _undressed(text))})


def _bare(word: str) -> str:
    return _WORD_SIGNS.sub("", word)
