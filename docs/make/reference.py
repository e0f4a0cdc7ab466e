"""Writes the parts of docs/*.md that say what the code says: commands, exit codes, settings, reasons, sign-in codes.

`make docs` writes them, and a test compares. A part stands between `<!-- begin: name -->` and `<!-- end: name -->`;
what is around it is written by hand.
"""

from __future__ import annotations

import inspect
import re
import sys
import typing
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import typer
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from connectors.graph.sign_in.errors import PASSING_CODES, REMEDIES
from jobs.cli.commands import app
from jobs.license_reassignment.errors import MEANING
from jobs.license_reassignment.model.reasons import (
    CHANGED_GROUP_REMEDIES,
    GROUP_REMEDIES,
    HOLD_REMEDIES,
    OTHER_REMEDIES,
    REFUSAL_REMEDIES,
)
from jobs.settings.model import Section, Settings

ROOT: Final = Path(__file__).resolve().parents[2]
SAMPLE: Final = ROOT / "sample_data" / "reseat.toml"
CHANGES: Final = {"apply": "**yes**", "run": "with `--approve`"}
"""The commands that write to the tenant; a test holds this to the commands themselves."""

_BLOCK: Final = re.compile(r"(?<=<!-- begin: )([\w-]+)( -->\n).*?(?=<!-- end: \1 -->)", re.DOTALL)


def _cell(text: str) -> str:
    """Return the text as one cell: on one line, its pipes escaped, without the markup of the terminal."""
    plain = re.sub(r"\[/?bold\]", "", text).replace("\\[", "[")
    return " ".join(plain.split()).replace("|", "\\|")


def _table(head: str, rows: Iterator[tuple[str, ...]]) -> str:
    columns = head.count("|") + 1
    lines = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join((f"| {head} |", "|---" * columns + "|", *lines)) + "\n"


def commands() -> Mapping[str, Any]:
    """Return the command objects in the order of `reseat --help`, without those that are not available yet."""
    listed: Mapping[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    return {name: command for name, command in listed.items() if not command.hidden}


def _summary() -> str:
    rows = (
        (f"[`reseat {name}`](#reseat-{name})", _cell(inspect.getdoc(command.callback) or ""), CHANGES.get(name, "no"))
        for name, command in commands().items()
    )
    return _table("command | what it does | changes the tenant", rows)


def _value(annotation: Any) -> str:
    """Return the word for what an option takes, by the type of the parameter that gets it."""
    plain = next((kind for kind in typing.get_args(annotation) if kind is not type(None)), annotation)
    return {bool: "", Path: " PATH", str: " TEXT", int: " NUMBER", float: " NUMBER"}[plain]


def _parameter(parameter: Any, annotation: Any) -> tuple[str, str, str]:
    """Return name, default and help of an option or argument; "" where nothing is assumed."""
    if parameter.param_type_name == "argument":
        name = parameter.metavar
    else:
        name = ", ".join(parameter.opts) + (f" {parameter.metavar}" if parameter.metavar else _value(annotation))
    assumed = "required" if parameter.required else ""
    if parameter.default is not None and str(parameter.default) not in {"", "False"}:
        assumed = f"`{parameter.default}`"
    return f"`{name}`", assumed, _cell(parameter.help or "")


def _options() -> str:
    parts = []
    for name, command in commands().items():
        types = typing.get_type_hints(command.callback)
        rows = (_parameter(each, types[each.name]) for each in command.params if each.name in types)
        parts.append(f"### reseat {name}\n\n{_cell(inspect.getdoc(command.callback) or '')}\n")
        parts.append(_table("option or argument | default | meaning", rows))
    return "\n" + "\n".join(parts) + "\n"


def _codes() -> str:
    return _table("code | meaning", ((str(int(code)), _cell(text)) for code, text in MEANING.items()))


def _said_in_the_sample() -> dict[str, str]:
    """Return what the commented example says of each `section` and each `section.key`."""
    said: dict[str, str] = {}
    section = ""
    above: list[str] = []
    for line in SAMPLE.read_text(encoding="utf-8").splitlines():
        if header := re.fullmatch(r"\[+(\w+)\]+", line):
            section = header[1]
            said.setdefault(section, " ".join(above))
        elif key := re.fullmatch(r"(\w+) = (?:\"[^\"]*\"|[^#\"]|\"[^\"]*\")*?\s+# (.*)", line):
            said.setdefault(f"{section}.{key[1]}", ". ".join((key[2], *above)))
        above = [*above, line[2:]] if line.startswith("# ") else []
    return said


def _toml(value: object) -> str:
    """Return a default as the file would say it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return "{}" if isinstance(value, Section | dict) else str(value)


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "required"
    return "not set" if field.default is None else f"`{_toml(field.default)}`"


def sections() -> Iterator[tuple[str, bool, type[Section]]]:
    """Yield the name of each section, whether it may stand several times, and its model."""
    for name, field in Settings.model_fields.items():
        inner = typing.get_args(field.annotation)
        yield name, bool(inner), inner[0] if inner else field.annotation  # type: ignore[misc]


def _settings() -> str:
    said, parts = _said_in_the_sample(), []
    for name, several, model in sections():
        intro = re.split(r"[;.]", (inspect.getdoc(model) or "").partition(": ")[2])[0]
        rows = (
            (f"`{key}`", _default(field), _cell(said[f"{name}.{key}"]))
            for attribute, field in model.model_fields.items()
            for key in [field.alias or attribute]
        )
        title = f"[[{name}]]" if several else f"[{name}]"
        parts.append(f"### {title}\n\n{intro[:1].upper()}{intro[1:]}.{f' {said[name]}' if said[name] else ''}\n")
        parts.append(_table("key | default | meaning", rows))
    return "\n" + "\n".join(parts) + "\n"


def _reasons(remedies: Mapping[str, str]) -> str:
    # A remedy holds no pipe; as it stands it can be compared with what a report says.
    return _table("reason | what to do", ((f"`{code}`", text) for code, text in remedies.items()))


def _sign_in() -> str:
    return _table("code | cause and remedy", ((f"`AADSTS{code}`", _cell(text)) for code, text in REMEDIES.items()))


def _passing() -> str:
    return ", ".join(f"`AADSTS{code}`" for code in sorted(PASSING_CODES)) + "\n"


BLOCKS: Final[Mapping[str, Callable[[], str]]] = {
    "commands": _summary,
    "options": _options,
    "exit-codes": _codes,
    "settings": _settings,
    "held": lambda: _reasons(HOLD_REMEDIES),
    "groups": lambda: _reasons(GROUP_REMEDIES),
    "changed-groups": lambda: _reasons(CHANGED_GROUP_REMEDIES),
    "refused": lambda: _reasons(REFUSAL_REMEDIES),
    "other-reasons": lambda: _reasons(OTHER_REMEDIES),
    "sign-in": _sign_in,
    "sign-in-passing": _passing,
}


def regenerated(page: str) -> str:
    """Return the page with each of its generated parts made anew; a name that nobody makes is a KeyError."""
    return _BLOCK.sub(lambda found: found[1] + found[2] + BLOCKS[found[1]](), page)


def main() -> None:
    """Write every page whose generated parts are not what the code says."""
    for path in sorted((ROOT / "docs").glob("*.md")):
        page = path.read_text(encoding="utf-8")
        if (made := regenerated(page)) != page:
            path.write_text(made, encoding="utf-8")
            sys.stdout.write(f"{path.relative_to(ROOT)} is written anew\n")


if __name__ == "__main__":
    main()
