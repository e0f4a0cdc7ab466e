"""The seal of a run folder: the digest of every file in the manifest and in the journal, and a signature."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from connectors.ids import sha256
from jobs.license_reassignment.errors import InputError
from jobs.license_reassignment.model.standing import Entry
from jobs.license_reassignment.reconcile.reconciliation import Reconciliation
from jobs.license_reassignment.run_folder.folder import RunDir
from jobs.license_reassignment.run_folder.journal import Head, Journal, is_segment, line_hash, segments

MANIFEST = "manifest.json"
DIGEST = "manifest.sha256"
SUMS = "SHA256SUMS"
SIGNATURE = "manifest.sig"
SEALS = (MANIFEST, DIGEST, SUMS, SIGNATURE)
MANIFEST_VERSION = "1.0"
VERIFIED = "verified"
"""The event of the journal's note that a verification ends with."""


def digests_of(run: RunDir) -> dict[str, str]:
    """Return file name -> SHA-256 of every evidence file, the seals themselves left out."""
    return {
        path.relative_to(run.path).as_posix(): sha256(path.read_bytes())
        for path in run.files(sealed_names(run))
        if path.relative_to(run.path).as_posix() not in SEALS
    }


def sealed_names(run: RunDir) -> frozenset[str]:
    """Return the names in the manifest of the folder; none where there is no manifest that can be read."""
    try:
        return frozenset(orjson.loads(run.read(MANIFEST))["files"]) if run.has(MANIFEST) else frozenset()
    except (ValueError, LookupError, TypeError):
        return frozenset()


def seal(run: RunDir, found: Reconciliation, key: Ed25519PrivateKey | None) -> str:
    """Write manifest, its digest, the sums for `sha256sum -c`, and the signature; returns the manifest's digest.

    Without a key an earlier signature stays only when it signs these very bytes.
    """
    run.sweep()
    files = digests_of(run)
    content = manifest(
        files,
        plan_id=found.plan_id,
        verdict=found.verdict,
        tool_version=found.run.tool_version,
        journal_head=found.journal_head,
    )
    same = run.has(MANIFEST) and run.read(MANIFEST) == content
    if key is not None:
        run.write(SIGNATURE, key.sign(content))
    elif not same:
        run.remove(SIGNATURE)
    run.write(MANIFEST, content)
    run.write(SUMS, sums(run, files, sha256(content)))
    run.write(DIGEST, f"{sha256(content)}  {MANIFEST}\n".encode())
    return sha256(content)


def manifest(
    files: Mapping[str, str], *, plan_id: str, verdict: str, tool_version: str, journal_head: tuple[int, str]
) -> bytes:
    """Return manifest.json for the digests by file name; `journal_head` is (last seq, hash)."""
    seq, head = journal_head
    value = {
        "format_version": MANIFEST_VERSION,
        "plan_id": plan_id,
        "verdict": verdict,
        "tool_version": tool_version,
        "journal": {"seq": seq, "hash": head},
        "files": files,
    }
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def sums(run: RunDir, files: Mapping[str, str], manifest_digest: str) -> bytes:
    """Return the lines for `sha256sum -c`: every evidence file, the manifest, and the signature where there is one."""
    sealed = {**files, MANIFEST: manifest_digest}
    if run.has(SIGNATURE):
        sealed[SIGNATURE] = sha256(run.read(SIGNATURE))
    return sha256sums(sealed)


def sha256sums(digest_of: Mapping[str, str]) -> bytes:
    """Return file name -> digest as the lines that `sha256sum -c` reads."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(digest_of.items())).encode()


def load_signing_key(path: Path | None) -> Ed25519PrivateKey | None:
    """Read the private key. Raises InputError (2) for a file that is not an unencrypted Ed25519 PEM key.

    Every command of a run asks first, so that a key that is not there is not found by `verify` after the run.
    """
    if path is None:
        return None
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise InputError(f"Cannot read [run] signing_key {path}: {error.strerror}.") from error
    except (ValueError, TypeError) as error:
        raise InputError(_not_a_key(path, "private", "openssl genpkey -algorithm ed25519 -out key.pem")) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError(_not_a_key(path, "private", "openssl genpkey -algorithm ed25519 -out key.pem"))
    return key


def load_public_key(path: Path) -> Ed25519PublicKey:
    """Read the public key. Raises InputError (2) for a file that is not an Ed25519 PEM key."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise InputError(f"Cannot read the public key {path}: {error.strerror}.") from error
    except ValueError as error:
        raise InputError(_not_a_key(path, "public", "openssl pkey -in key.pem -pubout -out pub.pem")) from error
    if not isinstance(key, Ed25519PublicKey):
        raise InputError(_not_a_key(path, "public", "openssl pkey -in key.pem -pubout -out pub.pem"))
    return key


def _not_a_key(path: Path, kind: str, how: str) -> str:
    return f"{path} is not an Ed25519 {kind} key in PEM form without a password; make one with `{how}`."


def signed(run: RunDir, key: Ed25519PublicKey) -> bool:
    """Whether the signature in the folder is this key's signature of the manifest."""
    if not run.has(SIGNATURE):
        return False
    try:
        key.verify(run.read(SIGNATURE), run.read(MANIFEST))
    except InvalidSignature:
        return False
    return True


def write_into_journal(
    run: RunDir, head: Head, now: Callable[[], datetime], *, app_id: str, operator: str, host: str, tool_version: str
) -> None:
    """Append a note with the digest of every file that is there but the journal's own and those rendered later.

    So the head of the chain covers what a verification rests on. The names say who verified, where, and with what.
    """
    journal = Journal(head, now)
    torn = journal.cut_torn_tail()
    files = {name: digest for name, digest in digests_of(run).items() if not is_segment(name)}
    facts = {"app_id": app_id, "operator": operator, "host": host, "tool_version": tool_version}
    text = f"the tenant was read afresh; {len(files)} files are as their digests here say"
    journal.append("note", {"event": VERIFIED, "text": text, **facts, "torn_bytes_cut": torn, "files": files})
    journal.close()


def in_journal(journal: Sequence[Entry]) -> Mapping[str, str]:
    """Return the digests that the last verification wrote down, by file name; empty where none did."""
    notes: list[Mapping[str, Any]] = [e.body for e in journal if e.kind == "note" and e.body.get("event") == VERIFIED]
    return notes[-1]["files"] if notes else {}


def unlike_journal(
    actual: Mapping[str, str], journal: Sequence[Entry], rendered: set[str]
) -> Iterator[tuple[str, str]]:
    """Return name and sentence of every file that is not as the chain says; `actual` are the digests by name.

    `rendered` ones follow from the others and are compared elsewhere.
    """
    expected = in_journal(journal)
    if not expected:
        yield "journal", "the journal does not hold any verification, and the folder has one"
        return
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
