"""`reseat audit`: checks a run folder offline and derives its verdict again from the evidence, copying nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from connectors.catalog.products import Catalog
from connectors.ids import sha256
from jobs.license_reassignment.commands.shared.reports import renderers
from jobs.license_reassignment.errors import ExitCode, GuardRefused, InputError
from jobs.license_reassignment.reconcile.reconcile import reconcile
from jobs.license_reassignment.report.bundle import render_all
from jobs.license_reassignment.report.json import document
from jobs.license_reassignment.report.likeness import (
    PLANNED_THEN,
    WORDED,
    alike,
    differences,
    line_that_differs,
    same_cells,
    unworded,
)
from jobs.license_reassignment.report.pseudonyms import PSEUDONYMISED
from jobs.license_reassignment.run_folder.folder import RunDir
from jobs.license_reassignment.run_folder.load import UnknownFormat, load_evidence
from jobs.license_reassignment.run_folder.seal import (
    DIGEST,
    MANIFEST,
    SUMS,
    digests_of,
    line_of,
    sealed_names,
    signed,
    sums,
    unlike_journal,
)

NEEDED = (MANIFEST, DIGEST, SUMS, "after-tenant.json", "reconciliation.json", "users.csv", "actions.csv")
PLAIN = frozenset({"users.csv", "actions.csv"})
OTHER_TOOLS = (
    "The reports were made by another version of what draws them, so their bytes were not compared, except users.csv, "
    "actions.csv and every value of reconciliation.json."
)
OTHER_VERSION = (
    "The reports were made by version {version} of reseat: every outcome, total, gate and figure that they hold was "
    "derived again and compared; their words, and how they are drawn, were not."
)
UNSIGNED = (
    "Without a signature or a head kept elsewhere this proves integrity, not authorship: whoever can write all files "
    "can write them anew. Give --public-key or --head."
)


@dataclass(frozen=True, slots=True)
class Audited:
    """What an audit found. `differences` is empty when nothing was altered; the first one decides the message."""

    plan_id: str
    verdict: str
    code: ExitCode
    differences: tuple[str, ...]
    checked: tuple[str, ...]
    notes: tuple[str, ...]
    head: tuple[int, str]
    manifest_sha256: str


def audit(run: RunDir, catalog: Catalog, *, key: Ed25519PublicKey | None = None, head: str = "") -> Audited:
    """Check digests and chain, derive every total, outcome and gate again, compare with what the folder says.

    Exit code 5 when anything differs, else that of the verdict. `head` is a journal hash or manifest digest that was
    kept elsewhere. Raises InputError (2) for a folder that was never verified, UnknownFormat (10) for an unaltered one
    of another version.
    """
    if not any(run.has(name) for name in (MANIFEST, "after-tenant.json", "reconciliation.json")):
        if not run.has("plan.json"):
            raise InputError(f"{run.path} is not a run folder: neither a plan nor a verification is in it.")
        raise InputError(f"{run.path} was never verified, so there is nothing to audit; `reseat verify` comes first.")
    missing = [f"{name} is missing" for name in NEEDED if not run.has(name)]
    if missing:
        return _altered(run, missing)
    actual = digests_of(run)
    found = [*_sums(run, actual), *_signature(run, key), *_kept_elsewhere(run, head)]
    try:
        evidence = load_evidence(run, catalog, as_sealed=False)
        again = reconcile(evidence)
    except UnknownFormat as error:
        if not found:  # every file is as it was sealed: it is of another version, and nobody altered it
            raise
        return _altered(run, [*found, str(error)])
    except (GuardRefused, InputError) as error:
        return _altered(run, [*found, str(error)])
    except (ValueError, LookupError, TypeError, AttributeError, AssertionError) as error:
        return _altered(run, [*found, f"the evidence cannot be read: {type(error).__name__}: {error}"])
    said, derived = _parsed(run, "reconciliation.json"), orjson.loads(orjson.dumps(document(again)))
    made_by = _Makers.of(evidence.verification)
    found += differences("reconciliation.json", *((said, derived) if made_by.us else unworded(said, derived)))
    renderings = render_all(again, str(evidence.verification.get("language", "en")))
    found += _renderings(run, renderings, made_by)
    told = {difference.partition(" ")[0] for difference in found}
    chained = unlike_journal(actual, evidence.journal, {*renderings, *PSEUDONYMISED})
    found += [sentence for name, sentence in chained if name not in told]
    return Audited(
        plan_id=again.plan_id,
        verdict=again.verdict if not found else "ALTERED",
        code=ExitCode.HARM if found else ExitCode(again.exit_code),
        differences=tuple(found),
        checked=_what_was_checked(len(actual), signed=key is not None, head=bool(head)),
        notes=tuple(_notes(run, key, head, made_by)),
        head=again.journal_head,
        manifest_sha256=sha256(run.read(MANIFEST)),
    )


def _altered(run: RunDir, found: list[str]) -> Audited:
    return Audited(
        plan_id=run.path.name,
        verdict="ALTERED",
        code=ExitCode.HARM,
        differences=tuple(found),
        checked=(),
        notes=(),
        head=(0, ""),
        manifest_sha256=sha256(run.read(MANIFEST)) if run.has(MANIFEST) else "",
    )


def _parsed(run: RunDir, name: str) -> Any:
    try:
        return orjson.loads(run.read(name))
    except ValueError:
        return None


def _sums(run: RunDir, actual: Mapping[str, str]) -> Iterator[str]:
    """Compare the digests of all files with manifest and sums, and those with each other."""
    manifest = _parsed(run, MANIFEST)
    expected: Mapping[str, str] = manifest.get("files", {}) if isinstance(manifest, dict) else {}
    if not expected or not isinstance(expected, dict):
        yield f"{MANIFEST} is not a manifest"
        return
    digest = sha256(run.read(MANIFEST))
    if run.read(DIGEST) != f"{digest}  {MANIFEST}\n".encode():
        yield f"{DIGEST} does not fit {MANIFEST}"
    for name in sorted(expected.keys() | actual.keys()):
        if name not in actual:
            yield f"{name} is missing"
        elif name not in expected:
            yield f"{name} was not there when the folder was sealed"
        elif actual[name] != expected[name]:
            yield f"{name} was altered: its SHA-256 is {actual[name]}, the manifest says {expected[name]}"
    if run.read(SUMS) != sums(run, expected, digest):
        yield f"{SUMS} does not fit {MANIFEST}"


def _signature(run: RunDir, key: Ed25519PublicKey | None) -> Iterator[str]:
    if key is not None and not signed(run, key):
        yield f"{MANIFEST} is not signed by the given key"


def _kept_elsewhere(run: RunDir, head: str) -> Iterator[str]:
    """Compare with a head that somebody kept: the manifest's digest, or the hash of a line of the journal."""
    kept = _kept(head)
    if kept and kept != sha256(run.read(MANIFEST)) and line_of(run, kept) is None:
        yield f"the head kept elsewhere ({kept}) is neither this manifest's digest nor a line's hash in this journal"


def _kept(head: str) -> str:
    """Return the last word of `<plan_id> <lines> <hash>`, or the hash alone."""
    return head.strip().rpartition(" ")[2].lower()


@dataclass(frozen=True, slots=True)
class _Makers:
    """What made the reports: whether this version of reseat did (`us`), and whether all that draws is the same too."""

    version: str
    us: bool
    same_tools: bool

    @classmethod
    def of(cls, verification: Mapping[str, Any]) -> _Makers:
        """Look it up in the note of the verify step."""
        then, now = verification.get("renderers") or {}, renderers()
        version = str(then.get("reseat", "unknown"))
        return cls(version, version == now["reseat"], then == now)


def _renderings(run: RunDir, renderings: Mapping[str, bytes], made_by: _Makers) -> Iterator[str]:
    """Render everything again and compare; what other versions drew is compared in the plain formats alone."""
    for name, content in renderings.items():
        said = run.read(name) if run.has(name) else b""
        if made_by.same_tools or (made_by.us and name in PLAIN):
            same = alike(name, said, content)
        else:
            same = name != "users.csv" or same_cells(said, content, but=WORDED | PLANNED_THEN)
        if not same:
            yield f"{name} is not what follows from the evidence: {line_that_differs(said, content)}"


def _what_was_checked(files: int, *, signed: bool, head: bool) -> tuple[str, ...]:
    checked = [
        f"SHA-256 of {files} files against manifest and sums",
        "plan digest and the digest of every file that the plan rests on",
        "the journal's chain, line by line",
        "every outcome, total, ledger row and gate, derived again from snapshot, journal and last read",
        "every report, rendered again from that",
        "the files that the last verification rests on, against what it wrote into the chain",
    ]
    if signed:
        checked.append("the Ed25519 signature of the manifest")
    if head:
        checked.append("the head that was kept elsewhere")
    return tuple(checked)


def _notes(run: RunDir, key: Ed25519PublicKey | None, head: str, made_by: _Makers) -> Iterator[str]:
    line = line_of(run, _kept(head))
    last = line_of(run, str((_parsed(run, MANIFEST) or {}).get("journal", {}).get("hash", "")))
    if key is None and not head.strip():
        yield UNSIGNED
    elif key is None and line is not None and line != last:
        yield (
            f"The head kept elsewhere is that of line {line} of {last}: it proves what came before, not what came "
            "after, such as a later verification. Keep the head that the last `verify` printed."
        )
    if not made_by.us:
        yield OTHER_VERSION.format(version=made_by.version)
    elif not made_by.same_tools:
        yield OTHER_TOOLS
    if run.has(PSEUDONYMISED[0]):
        yield "The set without names was not derived again: its key is not in the folder."
    for name, size in run.beside(sealed_names(run)):
        yield f"{name} ({size:,} bytes) lies beside the evidence: a program left it there, and nothing rests on it."
