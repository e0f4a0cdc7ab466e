"""How the English sentences of the evidence count, and how a name is typed on a command line."""

from __future__ import annotations

import re
import shlex

_TYPED_AS_IT_IS = re.compile(r"[\w./][\w./:+-]*")
_SPECIAL_IN_DOUBLE_QUOTES = frozenset('"$`\\!%')


def counted(n: int, one: str, many: str = "") -> str:
    """Return the number with the words for one or for many, by default with an `s`: `1 user`, `1,080 users`."""
    return f"{n:,} {one if n == 1 else many or f'{one}s'}"


def moment(text: str) -> str:
    """Write an ISO 8601 UTC time for people: date, blank, time, UTC; other text and dates stay as they are."""
    day, sign, time = text.partition("T")
    return f"{day} {time.removesuffix('Z').partition('.')[0]} UTC" if sign and time.endswith("Z") else text


def quoted(word: str) -> str:
    """Return a name as it is typed on a command line: in quotes where a shell would take it for anything else.

    Double quotes serve sh, PowerShell and the command prompt alike; what means something inside them needs single ones.
    """
    if _TYPED_AS_IT_IS.fullmatch(word):
        return word
    return shlex.quote(word) if _SPECIAL_IN_DOUBLE_QUOTES & set(word) else f'"{word}"'
