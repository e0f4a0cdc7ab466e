"""How the English sentences of the evidence count."""

from __future__ import annotations


def counted(n: int, one: str, many: str = "") -> str:
    """Return the number with the words for one or for many, by default with an `s`: `1 user`, `2 users`."""
    return f"{n} {one if n == 1 else many or f'{one}s'}"


def quoted(word: str) -> str:
    """Return a name as it is typed on a command line: in quotes where it has a blank."""
    return f'"{word}"' if " " in word else word
