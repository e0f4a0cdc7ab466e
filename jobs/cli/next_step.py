"""The line `Next:`, which can be pasted: it carries the options that the command itself was given."""

from __future__ import annotations

from collections.abc import Sequence

from jobs.cli.terminal import command
from jobs.license_reassignment.model.command_lines import NextStep
from jobs.license_reassignment.model.text import quoted

Given = Sequence[tuple[str, str]]
"""Options with their values, as this command was given them."""


def told_next(step: NextStep, given: Given) -> None:
    """Print what makes sense now, and what may come after or before it, each on a line of its own."""
    for word, line in step:
        command(f"{word}: {as_given(line, given)}")


def as_given(line: str, given: Given) -> str:
    """Return a command with the options that this one was given: without them it would look elsewhere."""
    return " ".join([line, *(f"{name} {quoted(value)}" for name, value in given if _takes(line, name))])


def _takes(line: str, option: str) -> bool:
    return line.startswith("reseat ") and not (option == "--runs" and line.startswith("reseat check"))
