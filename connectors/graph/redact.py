"""Texts of the other side, made safe to show: no token, no secret, no mail address, and of bounded length."""

from __future__ import annotations

import re

TEXT_MAX = 500

_SHAPES = (
    (re.compile(r"(?i)\bbearer\s+[\w.~+/=-]+"), "<token>"),
    (re.compile(r"\beyJ[\w-]{5,}(?:\.[\w-]*){0,2}"), "<token>"),
    (
        re.compile(
            r"(?i)\b(client_secret|client_assertion|access_token|refresh_token|password|sig|secret)(\"?\s*[=:]\s*\"?)[^\s&\",;]+"
        ),
        r"\1\2<secret>",
    ),
    (re.compile(r"[\w~.-]{3,8}8?Q~[\w~.-]{20,}"), "<secret>"),
    (re.compile(r"[^\s@'\"<>()]+@[^\s@'\"<>()]+\.[^\s@'\"<>()]+"), "<address>"),
)


def redact(text: object) -> str:
    """Return the text without tokens, secrets and mail addresses, on one line of at most 500 characters."""
    line = " ".join(str(text).split())
    for shape, instead in _SHAPES:
        line = shape.sub(instead, line)
    return line if len(line) <= TEXT_MAX else line[: TEXT_MAX - 1] + "…"
