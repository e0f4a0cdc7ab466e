"""The reason codes that the job can produce, collected from the sources that produce them.

Those are where a user is held, where Graph's answers are judged, where a doubt is settled, and where an outcome is
given.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from worlds.machine import ROOT

JOB = ROOT / "jobs" / "license_reassignment"
SPEAKERS = (
    *("decide", "table", "waves", "draft", "addons", "undo", "standing", "judge"),
    *("engine", "groups", "apply", "phases", "session", "replies", "tables", "verdicts", "writes"),
)
SOURCES = [
    path
    for folder in (JOB, ROOT / "connectors" / "graph")
    for path in sorted(folder.rglob("*.py"))
    if path.stem in SPEAKERS
]
PLACES = {
    "Hold": 0,
    "_by_flag": 2,
    "_hold_misfits": 4,
    "hold": 2,
    "Judgement": 1,
    "Standing": 1,
    "Meaning": 1,
    "close": 3,
    "_by": 1,
    "_settle": 3,
}
"""Calls that are given a reason, and at which place."""

CODE = re.compile(r"[a-z]+(?:_[a-z]+)*")


def texts(node: ast.AST) -> Iterator[str]:
    """The codes that an expression may be; of a text with a detail behind a colon, what stands before it."""
    match node:
        case ast.Constant(value=str(text)):
            head = text.partition(":")[0]
            yield from [head] if CODE.fullmatch(head) else []
        case ast.IfExp(body=one, orelse=other):
            yield from (*texts(one), *texts(other))
        case ast.BoolOp(values=parts) | ast.JoinedStr(values=parts):
            yield from (code for part in parts for code in texts(part))


def spoken(node: ast.AST) -> Iterator[str]:
    """The reasons that one piece of source may give."""
    match node:
        case ast.Call(func=ast.Name(id=name), args=args) if name in PLACES and len(args) > PLACES[name]:
            yield from texts(args[PLACES[name]])
        case ast.keyword(arg="reason", value=value) | ast.Assign([ast.Name("reason")], ast.IfExp() as value):
            yield from texts(value)
        case ast.Dict(keys=keys, values=values):
            for key, value in zip(keys, values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "reason":
                    yield from texts(value)
        case ast.Call(func=ast.Attribute(value=ast.Dict(values=values), attr="get"), args=args):
            yield from (code for value in (*values, *args[1:]) for code in texts(value))
        case ast.Assign(targets=[ast.Subscript(value=ast.Name(id="found"))], value=ast.Constant() as value):
            yield from texts(value)
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(code))) if code.upper() == name:
            yield from texts(node.value)
        case ast.FunctionDef(name="_in_error"):
            yield from (t for one in ast.walk(node) if isinstance(one, ast.JoinedStr) for t in texts(one))


def produced() -> dict[str, str]:
    """Return each reason with the file that produces it."""
    found: dict[str, str] = {}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            found.update((code, path.name) for code in spoken(node) if code)
    return found


PRODUCED = produced()

FOLLOWED_IN_THE_DEMO = {
    *("conflict", "disabled_account", "duplicate_address", "inherited", "left_by_choice", "legal_hold", "lost_service"),
    *("lost_voice", "members_differ", "no_usage_location", "protected", "restricted_management", "trial_target"),
}
"""Reasons whose remedy is followed in the tenant of the demo."""
