"""Whether two renderings say the same: compressed parts are compared unpacked, for packers differ between machines."""

from __future__ import annotations

import base64
import binascii
import csv
import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Collection

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
