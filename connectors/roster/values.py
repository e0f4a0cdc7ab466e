"""What one cell of a roster may hold: each function returns the value or says what is wrong with it and what to do."""

from __future__ import annotations

import re

from connectors.roster.formula import clean
from connectors.roster.letters import name_hidden
from connectors.roster.people import candidates

LEAVE = "leave"

_GUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_YES = frozenset({"yes", "true", "1", "ja"})
_NO = frozenset({"no", "false", "0", "nee"})
MEANT = {"UK": "GB", "EL": "GR"}
"""What people write for a country, and its code."""

# ISO 3166-1 alpha-2, the officially assigned codes.
COUNTRIES = frozenset(
    """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
    CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR
    GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP
    KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT
    MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW
    SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ
    UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
    """.split()  # noqa: SIM905 - a block of codes can be compared with the standard by eye
)


class BadValueError(ValueError):
    """A row cannot be used; the message is one sentence that says what is wrong and what to do."""


def excerpt(text: str, length_max: int = 60) -> str:
    """Return `text` on one line, without control characters, cut to `length_max` characters.

    A character that shows nothing is named, since it may be the very thing that is wrong.
    """
    line = " ".join(name_hidden(clean(text)).split())
    return line if len(line) <= length_max else f"{line[: length_max - 1]}…"


def is_guid(text: str) -> bool:
    """Whether `text` is a GUID in the form of 8-4-4-4-12 hexadecimal digits."""
    return _GUID.fullmatch(text) is not None


def guid(text: str) -> str:
    """Return the GUID in lower case, or "" for no text."""
    if text and not is_guid(text):
        meant = [one for one in candidates([text]) if is_guid(one)]
        remedy = f"write {meant[0]}" if meant else "give the object id, or leave it empty and give the UPN"
        raise BadValueError(f'The id "{excerpt(text)}" is not a GUID; {remedy}.')
    return text.lower()


def targets(text: str) -> tuple[str, ...]:
    """Return the parts of a target between its plus signs: names as written, GUIDs and `leave` in lower case."""
    parts = tuple(LEAVE if part.casefold() == LEAVE else part for part in names(text, "target"))
    if LEAVE in parts and len(parts) > 1:
        raise BadValueError(f'The target "{excerpt(text)}" says leave and names a product; keep one of the two.')
    return parts


def names(text: str, column: str) -> tuple[str, ...]:
    """Return the parts of `text` between its plus signs, GUIDs in lower case; no text has no parts."""
    if not text:
        return ()
    parts = tuple(part.strip() for part in text.split("+"))
    if not all(parts):
        raise BadValueError(
            f'"{excerpt(text)}" in {column} has a plus sign with nothing beside it; remove it or add a name.'
        )
    return tuple(part.lower() if is_guid(part) else part for part in parts)


def is_country(text: str) -> bool:
    """Whether `text` is an ISO 3166-1 alpha-2 code, in any case."""
    return text.isascii() and text.upper() in COUNTRIES


def country(text: str) -> str:
    """Return the ISO 3166-1 alpha-2 code in upper case, or "" for no text."""
    code = text.upper() if text.isascii() else text
    if code and not is_country(text):
        remedy = f"write {MEANT[code]}" if code in MEANT else "write two letters such as NL or GB"
        raise BadValueError(f'The usage location "{excerpt(text)}" is not an ISO 3166-1 country code; {remedy}.')
    return code


def yes_no(text: str, column: str) -> bool | None:
    """Return the answer that `text` gives, or None for no text."""
    if not text:
        return None
    word = text.casefold()
    if word not in _YES | _NO:
        raise BadValueError(f'The column {column} says "{excerpt(text)}"; write yes or no, or leave it empty.')
    return word in _YES
