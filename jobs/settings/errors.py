"""What is wrong in the settings, in sentences that name the place, the key and the nearest valid one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, ClassVar, Final, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

Loc = tuple[str | int, ...]

_SECRET: Final = re.compile(r"secret|passw|pwd|token|api_?key|private_?key|certificate|assertion|connection_?string")
_BARE: Final = re.compile(r"true|false|-?\d+(\.\d+)?")
# A secret may have slipped into these, so what stands there is never repeated.
_NEVER_SHOWN: Final = frozenset({"credential", "notify_url", "graph_url"})

# What the settings of a later version can say: refused in words of its own, so that nobody looks for a typing error.
_LATER: Final = frozenset(
    {
        ("plans", "lost_security"),
        ("plans", "retry_pairs"),
        ("run", "notify_format"),
        ("run", "approval"),
        ("run", "log_format"),
    }
)

_WHAT_IT_MUST_BE: Final = {
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a number",
    "bool_type": "must be true or false",
    "string_type": "must be a string in quotes",
    "tuple_type": 'must be a list such as ["one", "two"]',
    "dict_type": 'must be a table such as {{ NAME = "value" }}',
    "model_type": "must be a table",
    "literal_error": "must be one of {expected}",
    "greater_than": "must be more than {gt:g}",
    "greater_than_equal": "must be {ge:g} or more",
    "less_than_equal": "must be {le:,.10g} or less",
    "string_too_short": "must not be empty",
    "too_short": "must not be empty",
    "missing": "is missing",
    "value_error": "{error}",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: `origin` is its place (`reseat.toml line 3`, a variable, a flag), `sentence` says what to change."""

    origin: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.origin}: {self.sentence}"


class SettingsError(Exception):
    """The settings cannot be used; the message has one line for each mistake."""

    exit_code: ClassVar[int] = 2

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        self.message = "\n".join(str(problem) for problem in self.problems)
        super().__init__(self.message)


def problems_of(error: ValidationError, model: type[BaseModel], origin_of: Callable[[Loc], str]) -> list[Problem]:
    """Return one problem per mistake that pydantic found; `origin_of` tells where the key at a location was written."""
    details = error.errors(include_url=False)
    return [Problem(origin_of(detail["loc"]), _sentence(detail, model)) for detail in details]


def key_name(loc: Loc) -> str:
    """Return a location as a person finds it in the file: `[limits] seats_reserve`, `[[swap]] no. 2: to`."""
    match loc:
        case (str(section),):
            return f"[{section}]"
        case (str(section), int(index)):
            return f"[[{section}]] no. {index + 1}"
        case (str(section), int(index), *keys):
            return f"[[{section}]] no. {index + 1}: {_dotted(keys)}"
        case (section, *keys):
            return f"[{section}] {_dotted(keys)}"
    return "the file"


def shown(value: object) -> str:
    """Return a value as it stands in the file, shortened."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _dotted(keys: Iterable[object]) -> str:
    return "".join(f", item {key + 1}" if isinstance(key, int) else f".{key}" for key in keys).removeprefix(".")


def _sentence(detail: ErrorDetails, model: type[BaseModel]) -> str:
    loc, kind, value = detail["loc"], detail["type"], detail["input"]
    if later := _not_yet(loc, kind):
        return f"{later} is not available yet; remove it."
    if kind == "extra_forbidden":
        return _unknown(loc, value, model)
    if len(loc) == 1 and kind == "tuple_type":
        return f"[{loc[0]}] must be written [[{loc[0]}]], with double brackets, once for each."
    if len(loc) == 1 and kind == "model_type":
        return f"[{loc[0]}] must be a section of its own, written once as [{loc[0]}]."
    context = detail.get("ctx", {})
    if "expected" in context:
        context = {**context, "expected": context["expected"].replace("'", '"')}
    must = _WHAT_IT_MUST_BE.get(kind, detail["msg"]).format(**context)
    return f"{key_name(loc)}{_value_after(loc, kind, value)} {must}{_hint(kind, value, context)}"


def _not_yet(loc: Loc, kind: str) -> str:
    """Return what a later version understands and this one does not, as a person finds it; "" for anything else."""
    if kind == "extra_forbidden" and loc in _LATER:
        return key_name(loc[:2])
    return ""


def _value_after(loc: Loc, kind: str, value: object) -> str:
    if kind == "missing" or not isinstance(value, str | int | float) or not _NEVER_SHOWN.isdisjoint(loc):
        return ""
    return f" = {shown(value)}"


def _hint(kind: str, value: object, context: dict[str, Any]) -> str:
    if kind in {"int_type", "float_type", "bool_type"} and isinstance(value, str) and _BARE.fullmatch(value):
        return "; remove the quotes."
    if kind == "literal_error" and isinstance(value, str):
        return _did_you_mean(value, re.findall(r'"([^"]*)"', context["expected"]), '"{}"') or "."
    return "."


def _did_you_mean(word: str, valid: Iterable[str], form: str = "{}") -> str:
    near = get_close_matches(word.lower(), list(valid), n=1, cutoff=0.55)
    return f"; did you mean {form.format(near[0])}?" if near else ""


def _unknown(loc: Loc, value: object, model: type[BaseModel]) -> str:
    key, place, is_section = str(loc[-1]), loc[:-1], isinstance(value, dict)
    name = key_name(loc) if place or is_section else key
    if any(_SECRET.search(word.lower()) for word in (key, *(value if isinstance(value, dict) else ()))):
        return (
            f"{name} is never a setting: secrets come only through the environment, such as "
            "AZURE_CLIENT_SECRET. Remove it, and renew it if others could read it."
        )
    valid = keys_of(_model_at(model, place))
    home = next((name for name in keys_of(model) if key in keys_of(_model_at(model, (name,)))), "")
    if home and len(place) < 2:
        advice = f"; it belongs to [{home}]."
    else:
        advice = _did_you_mean(key, valid, "{}" if place else "[{}]") or f"; valid are {', '.join(valid)}."
    if place:
        return f"{key_name(place)} has no key {key}{advice}"
    return f"there is no section {name}{advice}" if is_section else f"{key} is outside any section{advice}"


def keys_of(model: type[BaseModel]) -> list[str]:
    """Return the keys of a section, or the sections of the file, as they are written there."""
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_at(model: type[BaseModel], place: Loc) -> type[BaseModel]:
    for part in place:
        for name, field in model.model_fields.items():
            if part == (field.alias or name):
                kinds = (field.annotation, *get_args(field.annotation))
                model = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), model)
                break
    return model
