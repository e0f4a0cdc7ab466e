"""The chain and the files: each verification writes into the journal what it rests on, so that the head covers it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jobs.license_reassignment.model.standing import Entry
from jobs.license_reassignment.ports import Parts
from jobs.license_reassignment.run_folder.folder import RunDir
from jobs.license_reassignment.run_folder.journal import Head, Journal, is_segment, line_hash, segments
from jobs.license_reassignment.run_folder.seal import digests_of

VERIFIED = "verified"


def bind(parts: Parts, run: RunDir, head: Head, app_id: str) -> None:
    """Append a note with the digest of every file that is there but the journal's own and those rendered later."""
    journal = Journal(head, parts.clock.now)
    torn = journal.cut_torn_tail()
    files = {name: digest for name, digest in digests_of(run).items() if not is_segment(name)}
    facts = {"app_id": app_id, "operator": parts.operator, "host": parts.host, "tool_version": parts.tool_version}
    text = f"the tenant was read afresh; {len(files)} files are as their digests here say"
    journal.append("note", {"event": VERIFIED, "text": text, **facts, "torn_bytes_cut": torn, "files": files})
    journal.close()


def bound(journal: Sequence[Entry]) -> Mapping[str, str]:
    """Return the digests that the last verification wrote down, by file name; empty where none did."""
    notes: list[Mapping[str, Any]] = [e.body for e in journal if e.kind == "note" and e.body.get("event") == VERIFIED]
    return notes[-1]["files"] if notes else {}


def unlike(run: RunDir, journal: Sequence[Entry], rendered: set[str]) -> Iterator[tuple[str, str]]:
    """Return name and sentence of every file that is not as the chain says.

    `rendered` ones follow from the others and are compared elsewhere.
    """
    expected = bound(journal)
    if not expected:
        yield "journal", "the journal does not hold any verification, and the folder has one"
        return
    actual = digests_of(run)
    for name, digest in expected.items():
        if name not in actual:
            yield name, f"{name} is missing: the journal says that it was there at the last verification"
        elif actual[name] != digest:
            yield name, f"{name} was altered: its SHA-256 is {actual[name]}, the journal says {digest}"
    for name in sorted(actual.keys() - expected.keys() - rendered):
        if not is_segment(name):
            yield name, f"{name} was not there at the last verification, as the journal says"


def line_of(run: RunDir, kept: str) -> int | None:
    """Return the number of the journal's line with this hash, None where it has none."""
    raws = (raw for path in segments(run.path) for raw in path.read_bytes().splitlines())
    return next((number for number, raw in enumerate(raws, start=1) if line_hash(raw) == kept), None)
