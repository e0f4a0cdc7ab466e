"""manifest.json and SHA256SUMS: the digests by which anybody can tell whether a file of the run was altered."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import orjson

MANIFEST_VERSION = "1.0"


def sha256(content: bytes) -> str:
    """Return the SHA-256 of the content as 64 hex digits."""
    return hashlib.sha256(content).hexdigest()


def digests(files: Mapping[str, bytes | str]) -> dict[str, str]:
    """Return file name -> SHA-256, by name; a text value is a digest already, bytes are digested here."""
    return {name: content if isinstance(content, str) else sha256(content) for name, content in sorted(files.items())}


def sha256sums(digest_of: Mapping[str, str]) -> str:
    """Return file name -> digest as the lines that `sha256sum -c` reads."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(digest_of.items()))


def manifest(
    files: Mapping[str, bytes | str],
    *,
    plan_id: str,
    verdict: str,
    tool_version: str,
    journal_head: tuple[int, str],
) -> bytes:
    """Return manifest.json for the files (content, or its digest as text); `journal_head` is (last seq, hash)."""
    seq, head = journal_head
    value = {
        "format_version": MANIFEST_VERSION,
        "plan_id": plan_id,
        "verdict": verdict,
        "tool_version": tool_version,
        "journal": {"seq": seq, "hash": head},
        "files": digests(files),
    }
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)
