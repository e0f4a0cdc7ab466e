"""Whether two renderings say the same, and where they differ; what is packed in them is compared unpacked."""

from __future__ import annotations

import base64
import binascii
import csv
import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Collection, Iterator

WORDED = frozenset(
    {
        "$schema",
        "format_version",
        "detail",
        "remedy",
        "advice_reason",
        "not_checked",
        "notes",
        "loss",
        "why",
        "operator",
        "host",
    }
)
"""Keys of reconciliation.json, and columns, in which another version of reseat may say the same in other words."""

PLANNED_THEN = frozenset({"plans_kept_off", "plans_new_on", "plans_lost"})
"""Columns in which version 0.1 wrote what was planned; since then they hold what the two reads show."""

COUNTED_THEN = frozenset({"overlap", "routes"})
"""Keys of reconciliation.json that versions up to 0.2 counted otherwise: overlap since both subscriptions existed, and
routes with the grace period and the renewal that customer agreements had before 2026."""

_PACKED = re.compile(rb"[A-Za-z0-9+/]{64,}={0,2}")


def alike(name: str, one: bytes, other: bytes) -> bool:
    """Compare two renderings of the file `name` byte for byte, with what is packed in them unpacked."""
    return one == other or _unpacked(name, one) == _unpacked(name, other)


def same_cells(one: bytes, other: bytes, *, but: Collection[str]) -> bool:
    """Compare two CSV files row by row in the columns that both have, `but` those named."""
    try:
        tables = [
            list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))) for content in (one, other)
        ]
    except (UnicodeDecodeError, csv.Error):
        return False
    columns = set.intersection(*(set(table[0]) if table else set() for table in tables)) - set(but)
    rows = [[{column: row[column] for column in columns} for row in table] for table in tables]
    return rows[0] == rows[1]


def _unpacked(name: str, content: bytes) -> object:
    if name.endswith(".xlsx"):
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as book:
                return [(i.filename, i.date_time, book.read(i)) for i in book.infolist()]
        except (zipfile.BadZipFile, zlib.error, EOFError):
            return content
    return _PACKED.sub(_plain, content) if name.endswith(".html") else content


def _plain(found: re.Match[bytes]) -> bytes:
    try:
        return gzip.decompress(base64.b64decode(found.group(), validate=True))
    except (binascii.Error, OSError, EOFError, zlib.error):
        return found.group()


def unworded(said: object, derived: object) -> tuple[object, object]:
    """Leave out of both what another version may have worded otherwise, and keys that one of the two does not know."""
    if isinstance(said, dict) and isinstance(derived, dict):
        keys = sorted((said.keys() & derived.keys()) - WORDED - COUNTED_THEN)
        pairs = {key: unworded(said[key], derived[key]) for key in keys}
        return {key: one for key, (one, _) in pairs.items()}, {key: other for key, (_, other) in pairs.items()}
    if isinstance(said, list) and isinstance(derived, list) and len(said) == len(derived):
        both = [unworded(one, other) for one, other in zip(said, derived, strict=True)]
        return [one for one, _ in both], [other for _, other in both]
    return said, derived


def differences(name: str, said: object, derived: object, path: str = "") -> Iterator[str]:
    """Name every leaf in which a document differs from what the evidence gives."""
    if isinstance(said, dict) and isinstance(derived, dict):
        for key in sorted(said.keys() | derived.keys()):
            yield from differences(name, said.get(key), derived.get(key), f"{path}.{key}" if path else key)
    elif isinstance(said, list) and isinstance(derived, list) and len(said) == len(derived):
        for n, (a, b) in enumerate(zip(said, derived, strict=True)):
            yield from differences(name, a, b, f"{path}[{n}]")
    elif said != derived:
        yield f"{name}: {path or 'the document'} says {said!r}, the evidence gives {derived!r}"


def line_that_differs(said: bytes, derived: bytes) -> str:
    """Say which line is the first that differs."""
    for number, (a, b) in enumerate(zip(said.splitlines(), derived.splitlines(), strict=False), start=1):
        if a != b:
            return f"line {number} differs"
    return "the number of lines differs"
