"""The line `Next:`, which can be pasted: it carries the options that the command itself was given."""

from __future__ import annotations

import re
from collections.abc import Sequence

from jobs.cli.terminal import command
from jobs.license_reassignment.model.text import quoted

_ORDER = re.compile("; (then|or first) ")

Given = Sequence[tuple[str, str]]
"""Options with their values, as this command was given them."""


def told_next(step: str, given: Given) -> None:
    """Print what makes sense now, and what may come after or before it, each on a line of its own."""
    if step:
        first, *others = _ORDER.split(step)
        for word, line in zip(("Next", *others[::2]), (first, *others[1::2]), strict=True):
            command(f"{word.capitalize()}: {as_given(line, given)}")


def as_given(line: str, given: Given) -> str:
    """Return a command with the options that this one was given: without them it would look elsewhere."""
    return " ".join([line, *(f"{name} {quoted(value)}" for name, value in given if _takes(line, name))])


def _takes(line: str, option: str) -> bool:
    return line.startswith("reseat ") and not (option == "--runs" and line.startswith("reseat check"))
