"""Text that a spreadsheet could run as a formula goes out with one `'` in front, and comes back without it."""

from __future__ import annotations

import re

# TAB, CR and LF stay, because a quoted CSV value may hold them; lone surrogates go, because UTF-8 cannot write them.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?")
_SIGILS = frozenset("=-+*!")
_STARTERS = frozenset(
    "=+-@\t\r\n\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}"
)


def clean(text: str) -> str:
    """Return `text` without control characters other than TAB, CR and LF."""
    return _CONTROL.sub("", text)


def guard(text: str) -> str:
    """Return `text` cleaned, with one `'` in front when a spreadsheet would run it.

    The signs are those of OWASP's page on CSV injection with their full-width forms. A lone sigil (`= - + * !`) and a
    number stay as they are. Cleaning comes first, since a control character removed later would bare a sign behind it.
    """
    cleaned = clean(text)
    return f"'{cleaned}" if _is_guarded(cleaned) else cleaned


def unguard(text: str) -> str:
    """Return what `guard` was given, cleaned: for every text, `unguard(guard(text)) == clean(text)`.

    A `'` that `guard` did not put there stays.
    """
    return text[1:] if text.startswith("'") and _is_guarded(text[1:]) else text


def _is_guarded(cleaned: str) -> bool:
    # Quotes already in front do not count: text that looks guarded gets one more, or the way back would be lost.
    bare = cleaned.lstrip("'")
    # A blank in front stops no spreadsheet that trims what it reads.
    sign = bare.lstrip(" \N{NO-BREAK SPACE}")[:1]
    return sign in _STARTERS and bare not in _SIGILS and not _NUMBER.fullmatch(bare)
