"""How things are named: objects by GUID, bytes by their SHA-256."""

from __future__ import annotations

import hashlib
import re

GUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
"""8-4-4-4-12 hexadecimal digits, in either case."""


def is_guid(text: str) -> bool:
    """Whether `text` is a GUID, and nothing else."""
    return GUID.fullmatch(text) is not None


def sha256(data: bytes) -> str:
    """Return the digest in lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()
