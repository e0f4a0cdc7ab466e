"""The words of the reports: one language at a time, with its way of writing numbers and times."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from gettext import NullTranslations
from typing import Any

from connectors.message import Message, separator
from connectors.tenant import Names
from jobs.license_reassignment.model.text import moment
from jobs.license_reassignment.report.catalog import read_catalog
from jobs.license_reassignment.report.codes import FAMILIES

_CODE = re.compile("`([^`]*)`")
CODE_SIGN = "\x0e"
"""Stands before and after code in what becomes a page or Markdown; no blank, or it would be lost with those."""

_FIGURE = Message("1,234.5")
"""A catalog writes this number as its language does: the sign that groups and the sign before a fraction."""


NAMELESS = Names()

_PRODUCTS = frozenset({"sku", "products", "product_codes"})
_SERVICES = frozenset({"service", "other", "services", "plan"})
"""The blanks of sentences that hold codes of Graph; a name of a person or a group may look like one."""

_SEARCHED = frozenset({"product_codes", "service", "other"})
"""The blanks whose codes somebody searches for, or writes into the settings: they stand behind their names."""


def in_backticks(template: str) -> str:
    """Leave code in its backticks, as Markdown and a terminal show it."""
    return template


def without_marks(template: str) -> str:
    """Take the backticks from code, for a cell of a table."""
    return _CODE.sub(r"\1", template)


def between_signs(template: str) -> str:
    """Put code between signs that no name has, for an edge that escapes the text around it."""
    return _CODE.sub(rf"{CODE_SIGN}\1{CODE_SIGN}", template)


@dataclass(frozen=True, slots=True)
class Words:
    """One language: its sentences, its figures and its dates. English is what no catalog translates.

    `names` are those of products and services; without any a code of Graph stays as it is. `with_codes` leaves every
    code behind its name. `code` makes of a template's backticks what the edge shows; it sees the template before a
    value stands in it, so that a backtick in the name of a person stays one.
    """

    language: str
    catalog: NullTranslations
    names: Names = NAMELESS
    with_codes: bool = False
    code: Callable[[str], str] = in_backticks

    def naming(self, names: Names, *, with_codes: bool = False) -> Words:
        """Return words that put a name in place of a code, or both where people search for the code."""
        return replace(self, names=names, with_codes=with_codes)

    def showing(self, code: Callable[[str], str]) -> Words:
        """Return words whose code is shown in this way."""
        return replace(self, code=code)

    def __call__(self, template: str, plural: str = "", /, **values: Any) -> str:
        """Say a message, or a template with its values, in this language.

        Numbers are grouped as the language groups them. A text that no catalog has stays as it is, and in one that is
        no message a backtick may be part of a name.
        """
        if values:
            return self._said(Message(template, plural, **values))
        if isinstance(template, Message):
            return self._said(template) if template else ""
        return self.catalog.gettext(template) if template else ""

    def _said(self, said: Message, within: str = "") -> str:
        if said.plural:
            told = self.catalog.ngettext(said.template, said.plural, said.values["n"])
        else:
            told = self.catalog.gettext(said.template)
        filled = {k: self._value(v, within or k) for k, v in said.values.items()}
        told = self.code(told)
        return told.format_map(filled) if filled else told

    def _value(self, value: Any, blank: str) -> str:
        match value:
            case Message():
                return self._said(value, blank if blank in _PRODUCTS | _SERVICES else "")
            case str() if blank in _PRODUCTS | _SERVICES:
                return " + ".join(self._called(code, blank) for code in value.split("+"))
            case bool() | str():
                return str(value)
            case int() | float():
                return self.number(value)
            case tuple():
                return self.code(separator(value)).join(self._value(part, blank) for part in value)
        return str(value)

    def _called(self, code: str, blank: str) -> str:
        name = self.names.product(code) if blank in _PRODUCTS else self.names.service(code)
        return f"{name} ({code})" if name != code and (self.with_codes or blank in _SEARCHED) else name

    def name(self, family: str, code: str) -> str:
        """Return the word for a code, or the code with blanks where its family has no word for it.

        A detail after a colon stays as it is.
        """
        bare, colon, detail = code.partition(":")
        word = FAMILIES[family].get(bare)
        plain = bare if " " in bare else bare.replace("_", " ")
        return (self(word) if word else plain) + colon + detail

    def products(self, codes: str) -> str:
        """Return the names of products whose part numbers a plus joins, each with its part number."""
        return " + ".join(self._called(code, "product_codes") for code in codes.split("+")) if codes else ""

    def family(self, name: str) -> dict[str, str]:
        """Return the words of a family of codes."""
        return {code: self(word) for code, word in FAMILIES[name].items()}

    def sentence(self, text: str) -> str:
        """Return the text in this language with a capital, unless it begins with a name of a product or a person."""
        told = self(text)
        return told[:1].upper() + told[1:] if _WORD.match(told) else told

    def number(self, value: float) -> str:
        """Group thousands; a fraction keeps one digit, and a minus is a real minus sign."""
        return self._in_signs(f"{value:,}" if isinstance(value, int) else f"{value:,.1f}")

    def money(self, amount: str, currency: str) -> str:
        """Write an exact amount after the code of its currency, with two decimals or as many as it has."""
        value = Decimal(amount)
        text = f"{value:,.2f}" if value == round(value, 2) else f"{value:,f}"
        return f"{currency}\N{NO-BREAK SPACE}{self._in_signs(text)}"

    def _in_signs(self, text: str) -> str:
        like = self.catalog.gettext(_FIGURE)
        signs = {",": like[1], ".": like[-2], "-": "\N{MINUS SIGN}"}
        return "".join(signs.get(sign, sign) for sign in text)

    def signed(self, value: int) -> str:
        """Write a number with its sign, zero without."""
        return f"+{self.number(value)}" if value > 0 else self.number(value)

    def day(self, text: str) -> str:
        """Return the date of an ISO 8601 time; other text stays as it is."""
        return text.partition("T")[0]

    def when(self, text: str) -> str:
        """Write an ISO 8601 UTC time for people: date, blank, time, UTC; other text and dates stay as they are."""
        return moment(text)


_WORD = re.compile(r"(?:e-)?[a-z]+[ ,:]")
ENGLISH = Words("en", NullTranslations())


@cache
def words_of(language: str) -> Words:
    """Return the words of a language; raises FileNotFoundError where it has no catalog."""
    return ENGLISH if language == ENGLISH.language else Words(language, read_catalog(_po(language)))


def _po(language: str) -> str:
    return (pkgutil.get_data("jobs.license_reassignment.report", f"locale/{language}/reseat.po") or b"").decode()
