"""The journal: an append-only, hash-chained record; a line is on disk before what it announces is done."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from connectors.ids import sha256
from connectors.utc import utc_text
from jobs.license_reassignment.errors import GuardRefused, Unfinished

SEGMENT_LINES_MAX = 20_000
_SEGMENT = re.compile(r"journal(?:-(\d{4}))?\.jsonl")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the journal. `body` holds what its kind adds to seq, at, prev and kind; `hash` names it elsewhere."""

    seq: int
    at: str
    kind: str
    body: Mapping[str, Any]
    hash: str = field(default="", compare=False)


@dataclass(slots=True)
class Head:
    """Where the chain stands: how many lines, the hash of the last one, and where the next one goes."""

    seq: int
    hash: str
    segment: Path
    lines_in_segment: int
    torn: bytes = b""
    lines: list[Line] = field(default_factory=list)


def line_hash(line: bytes) -> str:
    """Return the hash that the next line carries as `prev`: SHA-256 of the line without its newline."""
    return sha256(line)


def segments(folder: Path) -> list[Path]:
    """Return the journal's files in order."""
    found = [(int(m.group(1) or 1), p) for p in folder.iterdir() if (m := _SEGMENT.fullmatch(p.name))]
    return [p for _, p in sorted(found)]


def is_segment(name: str) -> bool:
    """Whether a file of the run folder is a part of the journal."""
    return _SEGMENT.fullmatch(name) is not None


def segment_name(number: int) -> str:
    """Name the n-th segment; the first has no number."""
    return "journal.jsonl" if number == 1 else f"journal-{number:04d}.jsonl"


def read_journal(folder: Path, plan_digest: str) -> Head:
    """Read and check the whole chain.

    A last line that was not written to its end is left out (`torn` holds it). Anything else that does not fit
    the chain raises GuardRefused naming file and line.
    """
    head = Head(0, plan_digest, folder / segment_name(1), 0)
    files = segments(folder)
    for number, path in enumerate(files, start=1):
        if path.name != segment_name(number):
            raise GuardRefused(f"{folder / segment_name(number)} is missing from the journal: evidence was removed.")
        head.segment, head.lines_in_segment = path, 0
        data = path.read_bytes()
        for raw, last in _raw_lines(data):
            at_end = last and number == len(files)
            line = _parse(raw, head, path, torn_allowed=at_end)
            if line is None:
                head.torn = raw
                break
            head.lines.append(line)
            head.seq, head.hash = line.seq, line.hash
            head.lines_in_segment += 1
    return head


def _raw_lines(data: bytes) -> Iterator[tuple[bytes, bool]]:
    *whole, rest = data.split(b"\n")
    lines = [line + b"\n" for line in whole] + ([rest] if rest else [])
    for number, raw in enumerate(lines, start=1):
        yield raw, number == len(lines)


def _parse(raw: bytes, head: Head, path: Path, *, torn_allowed: bool) -> Line | None:
    number = head.lines_in_segment + 1
    try:
        if not raw.endswith(b"\n"):
            raise ValueError("no newline")
        fields = orjson.loads(raw)
        own = fields.pop("sum")
        seq, at, prev, kind = (fields.pop(k) for k in ("seq", "at", "prev", "kind"))
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        if torn_allowed and not raw.endswith(b"\n"):
            return None
        raise _altered(path, number, "is not a journal line") from error
    if prev != head.hash or seq != head.seq + 1:
        raise _altered(path, number, "does not follow from the line before it")
    if own != _own_sum(seq, at, prev, kind, fields):
        raise _altered(path, number, "does not fit its own checksum")
    return Line(seq, at, kind, fields, line_hash(raw.rstrip(b"\n")))


def _altered(path: Path, number: int, what: str) -> GuardRefused:
    return GuardRefused(
        f"{path}, line {number} {what}: the journal was altered or damaged. Nothing was sent. Restore the file from "
        "a copy; without it make a new plan, which reads the tenant as it is."
    )


def _own_sum(seq: int, at: str, prev: str, kind: str, body: Mapping[str, Any]) -> str:
    content = orjson.dumps([seq, at, prev, kind, body], option=orjson.OPT_SORT_KEYS)
    return sha256(content)[:16]


class Journal:
    """The only writer of one run's journal. `append` returns when the line is on disk.

    Raises Unfinished (exit 4) when the disk does not take the line; the chain on disk stays whole.
    """

    def __init__(self, head: Head, now: Callable[[], datetime]) -> None:
        self._head = head
        self._now = now
        self._file: int | None = None

    @property
    def head(self) -> tuple[int, str]:
        """Number of lines and hash of the last one."""
        return self._head.seq, self._head.hash

    def cut_torn_tail(self) -> int:
        """Cut a line that was never written to its end; returns how many bytes went."""
        torn = len(self._head.torn)
        if torn:
            os.truncate(self._head.segment, self._head.segment.stat().st_size - torn)
            self._head.torn = b""
        return torn

    def append(self, kind: str, body: Mapping[str, Any], *, durable: bool = True) -> Line:
        """Add one line, flushed to disk with all before it.

        A line that is not `durable` outlasts the death of this process, and a power cut once a later line is flushed:
        enough for an outcome, for a change without one is in doubt and is read.
        """
        seq, at = self._head.seq + 1, utc_text(self._now())
        fields = {"seq": seq, "at": at, "prev": self._head.hash, "kind": kind, **body}
        fields["sum"] = _own_sum(seq, at, self._head.hash, kind, dict(body))
        raw = orjson.dumps(fields)
        self._write(raw + b"\n", durable=durable)
        self._head.seq, self._head.hash = seq, line_hash(raw)
        self._head.lines_in_segment += 1
        return Line(seq, at, kind, body, self._head.hash)

    def _write(self, data: bytes, *, durable: bool) -> None:
        path = self._head.segment
        try:
            if self._head.lines_in_segment >= SEGMENT_LINES_MAX:
                if self._file is not None:
                    os.fsync(self._file)  # the next segment must not be there without the end of this one
                self.close()
                number = len(segments(path.parent)) + 1
                path = self._head.segment = path.parent / segment_name(number)
                self._head.lines_in_segment = 0
            if self._file is None:
                self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            size = os.fstat(self._file).st_size
            try:
                _write_all(self._file, data)
                if durable:
                    os.fsync(self._file)
            except OSError:
                os.ftruncate(self._file, size)
                raise
        except OSError as error:
            raise Unfinished(
                f"Cannot write {path}: {error.strerror or error}. No request was sent without its journal line; "
                "free disk space or correct the folder, then run the same command again."
            ) from error

    def close(self) -> None:
        """Close the file; appending opens it again."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _write_all(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]
