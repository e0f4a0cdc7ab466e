"""Sentences of the evidence in another language: the English sentence is the key, as with gettext.

A key may have blanks, `{name}`, which are found again in the text and filled into the translation. What a blank takes
follows from its name without trailing digits: `n` a number, `sku` one word, `names` a list of names, `pair` a text that
is translated itself, anything else a text without "; ".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cached_property

_BLANK = re.compile(r"\{([a-z]+)(\d*)\}")
_MORE = re.compile(r" and (\d+) more$")
_TEXT = r"(?:(?!; ).)+?"
_TAKES = {"n": r"[+-]?\d[\d,]*(?:\.\d+)?", "sku": r"\S+"}
_SEPARATOR = "; "


class Prose:
    """Translates whole sentences, and lists of them piece by piece; what it does not know stays as it is."""

    def __init__(self, sentences: Mapping[str, str], more: str = "") -> None:
        """Take translations by English sentence; `more` is what follows a list of names that is cut off."""
        self.sentences = sentences
        self._more = more

    def __call__(self, text: str, number: Callable[[str], str]) -> str:
        """Return the translation, numbers written by `number`; the text itself where there is none."""
        if not self.sentences or not text:
            return text
        whole = self._one(text, number)
        if whole is not None:
            return whole
        pieces = text.split(_SEPARATOR)
        return _SEPARATOR.join(self._one(piece, number) or piece for piece in pieces)

    @cached_property
    def _templates(self) -> tuple[tuple[re.Pattern[str], str], ...]:
        """The sentences with blanks, those with the most letters of their own first."""
        blanks = [key for key in self.sentences if _BLANK.search(key)]
        blanks.sort(key=lambda key: -len(_BLANK.sub("", key)))
        return tuple((_pattern(key), self.sentences[key]) for key in blanks)

    def _one(self, text: str, number: Callable[[str], str]) -> str | None:
        if text in self.sentences:
            return self.sentences[text]
        for pattern, translation in self._templates:
            if found := pattern.fullmatch(text):
                return translation.format(**{n: self._value(n, v, number) for n, v in found.groupdict().items()})
        return None

    def _value(self, name: str, value: str, number: Callable[[str], str]) -> str:
        kind = name.rstrip("0123456789")
        if kind == "n":
            return number(value)
        if kind == "names":
            return _MORE.sub(lambda found: self._more.format(n=number(found[1])), value)
        return self(value, number) if kind == "pair" else value


def _pattern(key: str) -> re.Pattern[str]:
    """Compile a key: its blanks become groups, everything else stands for itself."""
    parts, at = [], 0
    for blank in _BLANK.finditer(key):
        parts.append(re.escape(key[at : blank.start()]))
        parts.append(f"(?P<{blank[1]}{blank[2]}>{_TAKES.get(blank[1], _TEXT)})")
        at = blank.end()
    return re.compile("".join([*parts, re.escape(key[at:])]), re.DOTALL)
