"""What `--help` shows beside the options: examples; and no type where an option takes no value."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand, TyperGroup


class HelpedCommand(TyperCommand):
    """A command in whose help only that has a type which takes a value of that type."""

    def get_params(self, ctx: Any) -> Any:
        """Return options and arguments as `--help` lists them."""
        return [_without_type(param) for param in super().get_params(ctx)]


class HelpedGroup(TyperGroup):
    """The same for the command line as a whole."""

    def get_params(self, ctx: Any) -> Any:
        """Return its options as `--help` lists them."""
        return [_without_type(param) for param in super().get_params(ctx)]


def _without_type(param: Any) -> Any:
    """Take the type from a flag, and from an argument, whose own name says what it takes."""
    if getattr(param, "is_flag", False) or param.param_type_name == "argument":
        param.display_type_rich = lambda ctx: None  # noqa: ARG005 - what typer calls it with
    return param


def examples(*lines: str) -> str:
    """Return what stands below the options of a command."""
    title = "Example" if len(lines) == 1 else "Examples"
    return "\n".join([f"[bold]{title}[/bold]", *(f"  {line}" for line in lines)])
