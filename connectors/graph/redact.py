"""Texts of the other side, made safe to show: no token, no secret, no mail address, and of bounded length."""

from __future__ import annotations

import re

SHOWN_MAX = 500

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
)
_ADDRESS = re.compile(r"[^\s@'\"<>()]+@[^\s@'\"<>()]+\.[^\s@'\"<>()]+")


def redact(text: object) -> str:
    """Return the text without tokens, secrets and mail addresses, on one line of at most 500 characters."""
    line = _ADDRESS.sub("<address>", without_secrets(" ".join(str(text).split())))
    return line if len(line) <= SHOWN_MAX else line[: SHOWN_MAX - 1] + "…"


def without_secrets(text: str) -> str:
    """Return the text, whole and with its addresses, but without tokens and secrets."""
    for shape, instead in _SHAPES:
        text = shape.sub(instead, text)
    return text
