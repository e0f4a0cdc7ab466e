"""The sentences of a language, read from its .po file and asked for through the standard library's gettext. Pure.

A .po file is read as it is: nothing is compiled, so that what a translator saves is what the next report says, in a
checkout as in an installed package.
"""

from __future__ import annotations

import io
import json
import re
import struct
from collections.abc import Iterator
from gettext import GNUTranslations

_LINE = re.compile(r'(?:(msgid|msgid_plural|msgstr(?:\[\d\])?) )?(".*")')
_MAGIC, _HEADER = 0x950412DE, struct.Struct("<7I")


def read_catalog(po: str) -> GNUTranslations:
    """Return the translations of a .po file: blocks between empty lines, one entry each, the first one its header."""
    return GNUTranslations(io.BytesIO(_machine_object(dict(entries(po)))))


def entries(po: str) -> Iterator[tuple[str, str]]:
    """Yield (English, translation) of each block, singular and plural forms with a NUL between them."""
    for block in re.split(r"\n[ \t]*\n", po):
        fields: dict[str, str] = {}
        name = ""
        for line in filter(None, map(_LINE.fullmatch, block.splitlines())):
            name = line[1] or name
            fields[name] = fields.get(name, "") + json.loads(line[2])
        english = [fields[key] for key in ("msgid", "msgid_plural") if key in fields]
        told = [text for key, text in fields.items() if key.startswith("msgstr")]
        if english and all(told):
            yield "\0".join(english), "\0".join(told)


def _machine_object(texts: dict[str, str]) -> bytes:
    """Lay the texts out as an .mo file (GNU gettext manual, 10.3): header, two tables of (length, offset), texts."""
    pairs = sorted((english.encode(), told.encode()) for english, told in texts.items())
    columns = ([pair[0] for pair in pairs], [pair[1] for pair in pairs])
    tables, at = [], _HEADER.size + 16 * len(pairs)
    for column in columns:
        for text in column:
            tables.append(struct.pack("<2I", len(text), at))
            at += len(text) + 1
    header = _HEADER.pack(_MAGIC, 0, len(pairs), _HEADER.size, _HEADER.size + 8 * len(pairs), 0, 0)
    return b"".join([header, *tables, *(text + b"\0" for column in columns for text in column)])
