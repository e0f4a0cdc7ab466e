"""Where each setting comes from: a line of the file, a RESEAT_ variable or a flag; pure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import UnionType
from typing import Any, Final, Literal, get_args, get_origin

from jobs.settings.errors import Loc, Problem, SettingsError, keys_of
from jobs.settings.model import Settings

LISTS: Final = ("swap", "wave")
FLAG_NAMES: Final = {"run.directory": "--runs"}

# Kubernetes and Docker set these by themselves for a service or a container that is called reseat.
_LINK: Final = re.compile(r"RESEAT_(SERVICE_(HOST|PORT)|PORT)(_.*)?|RESEAT_(NAME|ENV_.*)")
_VARIABLE: Final = re.compile(r"RESEAT_([A-Z0-9_]+?)__([A-Z0-9_]+)")
_PART: Final = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_PATH: Final = rf"{_PART}(?:\s*\.\s*{_PART})*"
_TABLE: Final = re.compile(rf"\s*(\[\[?)\s*({_PATH})\s*\]")
_KEY: Final = re.compile(rf"\s*({_PATH})\s*=")
_TEXT_OR_COMMENT: Final = re.compile(r""""(?:\\.|[^"\\])*"|'[^']*'|\#.*""")


@dataclass(frozen=True, slots=True)
class Layers:
    """The merged values of file, variables and flags, with the origin of each key."""

    file_name: str
    values: Mapping[str, Any]
    named: Mapping[Loc, str]
    lines: Mapping[Loc, int]

    def origin(self, loc: Loc) -> str:
        """Return the flag, the variable or the line that set the key at `loc`, or the nearest line around it."""
        places = [loc[:end] for end in range(len(loc), 0, -1)]
        for place in places:
            if place in self.named:
                return self.named[place]
        for place in places:
            if place in self.lines:
                return f"{self.file_name} line {self.lines[place]}"
        made_the_section = (name for place, name in self.named.items() if place[:1] == loc)
        return next(made_the_section, self.file_name)

    def origin_or_default(self, loc: Loc) -> str:
        """Return the origin of a key or of a table of a list, or `default` when nothing sets it."""
        section, *keys = loc
        value = self.values.get(str(section))
        is_set = keys[0] in value if isinstance(value, Mapping) else bool(value)
        return self.origin(loc) if is_set else "default"


def merge(
    file_name: str, text: str, values: Mapping[str, Any], environ: Mapping[str, str], flags: Mapping[str, object]
) -> Layers:
    """Lay variables over the file's `values` and flags over both; `text` is the file, scanned for line numbers.

    `flags` maps `section.key` to a value, None meaning that the flag was not given. A key that does not exist
    is laid in like any other, so that it is refused like any other. Raises SettingsError for a key of a list, and for
    variables of ours that set nothing.
    """
    if idle := [Problem(name, _instead(name)) for name in sorted(environ) if _sets_nothing(name)]:
        raise SettingsError(idle)
    merged = {name: dict(value) if isinstance(value, Mapping) else value for name, value in values.items()}
    named: dict[Loc, str] = {}
    for loc, name, value in (*_variables(environ), *_flags(flags)):
        section, *keys = (str(part) for part in loc)
        if keys and section in LISTS:
            raise SettingsError(
                [Problem(name, f"[[{section}]] can only be set as a whole, in RESEAT_{section.upper()}.")]
            )
        if not keys:
            merged[section] = value
        elif isinstance(table := merged.setdefault(section, {}), dict):
            keys = [_key_in(table, section, keys[0])]
            table[keys[0]] = value
        named[section, *keys] = name
    return Layers(file_name, merged, named, key_lines(text))


def _key_in(table: Mapping[str, Any], section: str, key: str) -> str:
    """Return the key that a variable sets; a product keeps its letters in the file, and has capitals elsewhere."""
    if section != "prices" or key == "currency":
        return key
    return next((written for written in table if written.casefold() == key), key.upper())


def _flags(flags: Mapping[str, object]) -> Iterator[tuple[Loc, str, object]]:
    for path, value in flags.items():
        if value is not None:
            section, key = path.split(".")
            name = FLAG_NAMES.get(path, "--" + key.replace("_", "-"))
            yield (section, key), f"flag {name}", value


def _variables(environ: Mapping[str, str]) -> Iterator[tuple[Loc, str, object]]:
    for name, text in sorted(environ.items()):
        if match := _VARIABLE.fullmatch(name):
            section, key = match[1].lower(), match[2].lower()
            yield (section, key), name, text if _is_text(section, key, text) else _toml_value(text)
        elif name.removeprefix("RESEAT_").lower() in LISTS and name.isupper():
            yield (name.removeprefix("RESEAT_").lower(),), name, _toml_value(text)


def _sets_nothing(name: str) -> bool:
    """Whether a variable has our prefix, in whatever case, and is none that `_variables` reads."""
    is_ours = name.upper().startswith("RESEAT_") and not _LINK.fullmatch(name)
    return is_ours and not (_VARIABLE.fullmatch(name) or name in {f"RESEAT_{section.upper()}" for section in LISTS})


def _instead(name: str) -> str:
    names = [f"RESEAT_{section.upper()}" for section in LISTS]
    for section, field in Settings.model_fields.items():
        keys = keys_of(field.annotation) if section not in LISTS else ()  # type: ignore[arg-type]  # a Section
        names += [f"RESEAT_{section.upper()}__{key.upper()}" for key in keys]
    bare = {valid.rpartition("__")[2]: valid for valid in names if "__" in valid}
    bare |= {re.sub("_+", "_", valid.removeprefix("RESEAT_")): valid for valid in names}
    near = get_close_matches(re.sub("_+", "_", name.upper()).removeprefix("RESEAT_"), bare, n=1, cutoff=0.75)
    meant = f"; did you mean {bare[near[0]]}?" if near else "; remove it."
    return f"sets nothing: a variable is RESEAT_, the section, two underscores and the key, in capitals{meant}"


def _toml_value(text: str) -> object:
    """Return the number, truth value, list or table that the text spells in TOML, else the text."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):  # no TOML, or a number of thousands of digits, or lists too deep
        return text


def _is_text(section: str, key: str, text: str) -> bool:
    """Whether `text` stays one, `12345` too, for a key that takes texts; one that takes lists as well may get TOML."""
    kind = Settings.model_fields[section].annotation if section in Settings.model_fields else None
    for name, field in getattr(kind, "model_fields", {}).items():
        if key == (field.alias or name):
            if isinstance(field.annotation, UnionType) and str in get_args(field.annotation):
                return text.lstrip()[:1] not in {"[", '"', "'"}
            return field.annotation is str or get_origin(field.annotation) is Literal
    return False


def key_lines(text: str) -> dict[Loc, int]:
    """Return the line, from 1, of every table and key of a TOML text, as far as a scan of its lines can tell.

    Tables of an array are counted from 0: `[[swap]]` twice gives `("swap", 0)` and `("swap", 1)`. A key inside
    an inline table has no line of its own.
    """
    lines: dict[Loc, int] = {}
    table: Loc = ()
    tables_of: dict[str, int] = {}
    depth = 0
    for number, line in enumerate(text.splitlines(), start=1):
        if depth == 0 and (header := _TABLE.match(line)):
            table = _table_loc(header[1] == "[[", _parts(header[2]), tables_of)
            _note(lines, (), table, number)
            continue
        if key := _KEY.match(line):
            _note(lines, table, _parts(key[1]), number)
        bare = _TEXT_OR_COMMENT.sub("", line)
        depth += sum(bare.count(sign) for sign in "[{") - sum(bare.count(sign) for sign in "]}")
    return lines


def _note(lines: dict[Loc, int], table: Loc, parts: Loc, number: int) -> None:
    for end in range(1, len(parts) + 1):
        lines.setdefault(table + parts[:end], number)


def _parts(path: str) -> Loc:
    return tuple(part.strip("\"'") for part in re.findall(_PART, path))


def _table_loc(in_array: bool, parts: Loc, tables_of: dict[str, int]) -> Loc:
    name = str(parts[0])
    if in_array and len(parts) == 1:
        tables_of[name] = tables_of.get(name, -1) + 1
    return (name, tables_of[name], *parts[1:]) if name in tables_of else parts
