"""Why a settings file is no TOML, in a sentence about the sign or the word that a person has to change; pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from connectors.roster.letters import APOSTROPHES_CLASS, HIDDEN_CLASS, QUOTES_CLASS

_PLACE: Final = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")
_STRINGS_AND_COMMENTS: Final = re.compile(r""""(?:\\.|[^"\\])*"|'[^']*'|\#.*""")
_QUOTE: Final = re.compile(rf"[{QUOTES_CLASS}{APOSTROPHES_CLASS}]")
_HIDDEN: Final = re.compile(f"[{HIDDEN_CLASS}]")
_STATEMENT: Final = re.compile(r"""\s*(?P<key>[\w."'-]+)\s*(?P<sign>[=:])\s*(?P<value>[^#]*)""")
_ADVICE: Final = (
    (re.compile(r"(?i:true|false)"), "write true or false in small letters, without quotes"),
    (re.compile(r"(?i:yes|no|on|off|y|n|ja|nee)"), "write true or false, or a string in quotes"),
    (re.compile(r"(?i:none|null|nil|n/a)?"), "give it a value, or take the line out"),
    (re.compile(r"-?\d+,\d+"), "write the number with a decimal point"),
    (re.compile(r"""["'][^"']*["']\s*[;,].*"""), "remove what follows the string in quotes"),
    (re.compile(r"[A-Za-z].*|\d+\s*%|\d+:\d+.*"), 'a string needs quotes, as in key = "text"'),
)


def explained(error: str, lines: Sequence[str]) -> tuple[int, str]:
    """Return the line, from 1, and what is wrong there; `error` is what tomllib says of the file with these lines.

    What stands in the file is not repeated, but for one sign and the key of a line, since a value may be a secret.
    """
    place = _PLACE.search(error)
    told = _PLACE.sub("", error)
    number = int(place[1]) if place and place[1] else max(len(lines), 1)
    suspects = [number] if place and place[1] else range(1, len(lines) + 1)
    for suspect in suspects:
        line = lines[suspect - 1] if suspect <= len(lines) else ""
        at = int(place[2]) - 1 if place and place[2] else -1
        if sign := _strange_sign(line, at):
            return suspect, sign
    line = lines[number - 1] if number <= len(lines) else ""
    if told.startswith(("Cannot overwrite", "Cannot declare")):
        return number, f"is not valid TOML: {told}. An earlier line already sets this; keep one of the two."
    return number, f"is not valid TOML: {told}.{_advice(line)}"


def _strange_sign(line: str, at: int) -> str:
    """Name the first sign of the line that TOML does not know, at the place of the error or outside all strings."""
    outside = _STRINGS_AND_COMMENTS.sub("", line)
    signs = [line[at] if 0 <= at < len(line) else "", *outside]
    found = next((sign for sign in signs if not sign.isascii()), "")
    if not found:
        return ""
    name = f"U+{ord(found):04X}, {unicodedata.name(found, 'a sign without a name').lower()}"
    if _QUOTE.match(found):
        return f'holds {found} ({name}), a quote of a word processor; write straight quotes, "like this".'
    if _HIDDEN.match(found) or found.isspace():
        return f"holds an invisible character or an unusual space ({name}); type the line again."
    return f"holds {found} ({name}) outside quotes; a string, or a key with such a letter, needs quotes."


def _advice(line: str) -> str:
    if "\\" in line:
        return " A Windows path goes in single quotes."
    if line.lstrip().startswith(("//", ";", "--")):
        return " A comment begins with #."
    statement = _STATEMENT.match(line)
    if statement is None:
        return ""
    if statement["sign"] == ":":
        return f" Write {statement['key']} = and the value."
    advice = next((advice for form, advice in _ADVICE if form.fullmatch(statement["value"].strip())), "")
    return f" {statement['key']}: {advice}." if advice else ""
