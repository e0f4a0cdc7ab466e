"""Letters that show nothing, blanks of every kind, and quotes of every kind: what people cannot see or tell apart."""

from __future__ import annotations

import re
from typing import Final

# Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt, 15.0): all that shows nothing where a program does
# not know it. Beside them the interlinear signs and the empty Braille pattern, which show nothing either.
_HIDDEN_RANGES: Final = (
    (0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F),
    (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x2800, 0x2800), (0x3164, 0x3164), (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFFB), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
)  # fmt: skip
HIDDEN_CLASS: Final = "".join(f"{chr(first)}-{chr(last)}" for first, last in _HIDDEN_RANGES)
"""What stands between the brackets of a regular expression for one letter that shows nothing."""

QUOTES_CLASS: Final = '"`\u00ab\u00bb\u201a\u201c-\u201f\u2033-\u2037\u2039\u203a\u2e42\u300c-\u300f\u301d-\u301f\uff02'
"""The same for every quote but those that may be an apostrophe: straight, smart, guillemets, corner brackets."""

APOSTROPHES_CLASS: Final = "'\u00b4\u02bc\u2018\u2019\u201b\u2032\uff07"
"""The same for what people and programs write for an apostrophe, or as a single quote."""

_HIDDEN: Final = re.compile(f"[{HIDDEN_CLASS}]")
_BLANK_RANGES: Final = (
    (0x09, 0x0D), (0x20, 0x20), (0x85, 0x85), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029),
    (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000),
)  # fmt: skip
_EDGES: Final = frozenset(
    chr(code) for first, last in (*_HIDDEN_RANGES, *_BLANK_RANGES) for code in range(first, last + 1)
)


def strip(text: str) -> str:
    """Return `text` without blanks and letters that show nothing around it."""
    if text.isascii():
        return text.strip(" \t\r\n\v\f")
    start, end = 0, len(text)
    while start < end and text[start] in _EDGES:
        start += 1
    while start < end and text[end - 1] in _EDGES:
        end -= 1
    return text[start:end]


def without_hidden(text: str) -> str:
    """Return `text` without the letters that show nothing."""
    return text if text.isascii() else _HIDDEN.sub("", text)


def name_hidden(text: str) -> str:
    """Return `text` with each letter that shows nothing named, as `<U+200B>`."""
    return text if text.isascii() else _HIDDEN.sub(lambda found: f"<U+{ord(found[0]):04X}>", text)
