"""The seal of a run folder: digests of every file, the digest of the digests, and a signature when a key is given."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from jobs.license_reassignment.errors import InputError
from jobs.license_reassignment.model.plan import sha256
from jobs.license_reassignment.reconcile.reconciliation import Reconciliation
from jobs.license_reassignment.run_folder.folder import RunDir
from jobs.license_reassignment.run_folder.manifest import manifest, sha256sums

MANIFEST = "manifest.json"
DIGEST = "manifest.sha256"
SUMS = "SHA256SUMS"
SIGNATURE = "manifest.sig"
SEALS = (MANIFEST, DIGEST, SUMS, SIGNATURE)


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


def sums(run: RunDir, files: Mapping[str, str], manifest_digest: str) -> bytes:
    """Return the lines for `sha256sum -c`: every evidence file, the manifest, and the signature where there is one."""
    sealed = {**files, MANIFEST: manifest_digest}
    if run.has(SIGNATURE):
        sealed[SIGNATURE] = sha256(run.read(SIGNATURE))
    return sha256sums(sealed).encode()


def load_signing_key(path: Path | None) -> Ed25519PrivateKey | None:
    """Read the private key. Raises InputError (2) for a file that is not an unencrypted Ed25519 PEM key.

    Every command of a run asks first, so that a key that is not there is not found by `verify` after the night.
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
