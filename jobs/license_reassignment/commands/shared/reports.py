"""Adds up what a run folder holds, writes every report of it, and seals the folder."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from jobs import __version__
from jobs.license_reassignment.reconcile.reconcile import Evidence, reconcile
from jobs.license_reassignment.reconcile.reconciliation import Reconciliation
from jobs.license_reassignment.report.bundle import RENDERERS, render_all
from jobs.license_reassignment.report.pseudonyms import PSEUDONYMISED, render_pseudonymised
from jobs.license_reassignment.run_folder.folder import RunDir
from jobs.license_reassignment.run_folder.pseudonym_key import key_path, load_key
from jobs.license_reassignment.run_folder.seal import seal

REPORTS = (*RENDERERS, *PSEUDONYMISED)
"""Every report that may lie in a run folder."""


def renderers() -> dict[str, str]:
    """Return what decides the bytes of a rendering besides its value: the versions of ours and of what draws."""
    return {"reseat": __version__, "jinja2": version("jinja2"), "xlsxwriter": version("xlsxwriter")}


def write_reports(run: RunDir, evidence: Evidence, key: Ed25519PrivateKey | None = None) -> Reconciliation:
    """Add up and render from the files alone; the same files give the same bytes. `key` signs the manifest."""
    found = reconcile(evidence)
    language = str(evidence.verification.get("language", "en"))
    _write(run, render_all(found, language))
    if evidence.verification.get("pseudonymise"):
        _write(run, render_pseudonymised(found, load_key(key_path(run)), language))
    seal(run, found, key)
    return found


def _write(run: RunDir, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        run.write(name, data)
