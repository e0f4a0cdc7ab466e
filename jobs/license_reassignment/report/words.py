"""The words of the reports: one language at a time, with its way of writing numbers and times."""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from jobs.license_reassignment.report import (
    prose_nl,
    prose_nl_plan,
    prose_nl_remedies,
    words_codes,
    words_ending,
    words_gates,
    words_plan,
    words_progress,
)
from jobs.license_reassignment.report.prose import Prose
from jobs.license_reassignment.report.words_en import EN
from jobs.license_reassignment.report.words_nl import NL


@dataclass(frozen=True, slots=True)
class Words:
    """Sentences by key; calling it fills a sentence in, whole numbers grouped as the language groups them."""

    language: str
    thousands: str
    decimal: str
    sentences: Mapping[str, str]
    book: Prose = field(default_factory=lambda: Prose({}))

    def __call__(self, key: str, **values: str | int) -> str:
        """Return the sentence, filled in; an unknown key is a mistake of ours and raises KeyError."""
        shown = {name: self.number(value) if isinstance(value, int) else value for name, value in values.items()}
        return self.sentences[key].format(**shown)

    def count(self, key: str, n: int) -> str:
        """Return the sentence of `key.one` for 1, else of `key.many`, with the number in it."""
        return self(f"{key}.one" if n == 1 else f"{key}.many", n=n)

    def name(self, family: str, code: str) -> str:
        """Return the word for a code, or the code with blanks where this language has no word for it.

        A detail after a colon stays as it is.
        """
        bare, colon, detail = code.partition(":")
        return self.sentences.get(f"{family}.{bare}", bare.replace("_", " ")) + colon + detail

    def prose(self, text: str) -> str:
        """Return a sentence of the evidence, which is English, in this language; one that nobody knows stays."""
        return self.book(text, self._figure)

    def sentence(self, text: str) -> str:
        """Return `prose(text)` with a capital, unless it begins with a name of a product or a person."""
        told = self.prose(text)
        return told[:1].upper() + told[1:] if _WORD.match(told) else told

    def _figure(self, text: str) -> str:
        """Write a number of an English sentence as this language does."""
        plain = text.replace(",", "")
        value = float(plain) if "." in plain else int(plain)
        return f"+{self.number(value)}" if plain.startswith("+") else self.number(value)

    def family(self, prefix: str) -> dict[str, str]:
        """Return every sentence of a family, by the rest of its key."""
        head = f"{prefix}."
        return {key.removeprefix(head): text for key, text in self.sentences.items() if key.startswith(head)}

    def number(self, value: float) -> str:
        """Group thousands; a fraction keeps one digit, and a minus is a real minus sign."""
        text = f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
        signs = {",": self.thousands, ".": self.decimal, "-": "\N{MINUS SIGN}"}
        return "".join(signs.get(sign, sign) for sign in text)

    def signed(self, value: int) -> str:
        """Write a number with its sign, zero without."""
        return f"+{self.number(value)}" if value > 0 else self.number(value)

    def day(self, text: str) -> str:
        """Return the date of an ISO 8601 time; other text stays as it is."""
        return text.partition("T")[0]

    def when(self, text: str) -> str:
        """Write an ISO 8601 UTC time for people: date, blank, time, UTC; other text and dates stay as they are."""
        day, sign, time = text.partition("T")
        return f"{day} {time.removesuffix('Z').partition('.')[0]} UTC" if sign and time.endswith("Z") else text


_WORD = re.compile(r"(?:e-)?[a-z]+[ ,:]")
_PROSE_NL = Prose(
    {
        **prose_nl.GATES,
        **prose_nl.TARGETS,
        **prose_nl.INCIDENTS,
        **prose_nl.AFTER_CANCEL,
        **prose_nl.ADVICE,
        **prose_nl.NOT_CHECKED,
        **prose_nl.DETAILS,
        **prose_nl_remedies.GATE_REMEDIES,
        **prose_nl_remedies.HOLDS,
        **prose_nl_remedies.REFUSALS,
        **prose_nl_remedies.OTHERS,
        **prose_nl_plan.TOLD,
        **prose_nl_plan.WARNINGS,
        **prose_nl_plan.RULES,
    },
    more=" en nog {n}",
)
_ROOMS = (words_codes, words_gates, words_plan, words_ending, words_progress)
LANGUAGES: Mapping[str, Words] = MappingProxyType(
    {
        "en": Words("en", ",", ".", dict(ChainMap(EN, *(room.EN for room in _ROOMS)))),
        "nl": Words("nl", ".", ",", dict(ChainMap(NL, *(room.NL for room in _ROOMS))), _PROSE_NL),
    }
)
