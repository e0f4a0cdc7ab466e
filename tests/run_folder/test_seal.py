"""The signature of a folder is checked with a stock openssl, and its sums with a stock sha256sum: no reseat needed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from worlds.machine import needs

from jobs.license_reassignment.errors import InputError
from jobs.license_reassignment.run_folder.seal import load_public_key, load_signing_key

pytest_plugins = ["worlds.sealed_runs"]


def openssl_says(folder: Path, public_key: Path) -> tuple[int, str]:
    done = subprocess.run(
        [needs("openssl", "openssl"), "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", str(public_key),
         "-in", "manifest.json", "-sigfile", "manifest.sig"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, (done.stdout + done.stderr).strip()


def test_openssl_verifies_the_signature(signed_go, keys) -> None:
    assert (0, "Signature Verified Successfully") == openssl_says(signed_go.path, keys / "pub.pem")


def test_openssl_notices_a_changed_manifest(signed_go, keys, copy_of) -> None:
    run = copy_of(signed_go)
    run.write("manifest.json", run.read("manifest.json").replace(b'"GO"', b'"NO'))
    code, said = openssl_says(run.path, keys / "pub.pem")

    assert (1, "Signature Verification Failure") == (code, said.splitlines()[0])


def test_sha256sum_agrees_with_every_line(signed_go, copy_of) -> None:
    """Every file of the folder has a line, and a changed one is named."""
    run = copy_of(signed_go)
    command = [needs("sha256sum", "coreutils"), "--check", "--strict", "SHA256SUMS"]
    whole = subprocess.run(command, cwd=run.path, capture_output=True, text=True, check=False)
    run.write("users.csv", run.read("users.csv") + b" ")
    changed = subprocess.run([*command, "--quiet"], cwd=run.path, capture_output=True, text=True, check=False)

    assert 0 == whole.returncode
    assert {p.relative_to(run.path).as_posix() for p in run.files()} - {"SHA256SUMS", "manifest.sha256"} == {
        line.removesuffix(": OK") for line in whole.stdout.splitlines()
    }
    assert (1, "users.csv: FAILED") == (changed.returncode, changed.stdout.strip())


def test_keys_of_another_kind_are_refused_with_the_line_that_makes_one(tmp_path, keys) -> None:
    (tmp_path / "text.pem").write_text("not a key")

    with pytest.raises(InputError, match="openssl genpkey -algorithm ed25519"):
        load_signing_key(tmp_path / "text.pem")
    with pytest.raises(InputError, match=r"openssl pkey -in key\.pem -pubout"):
        load_public_key(tmp_path / "text.pem")
    with pytest.raises(InputError, match="is not an Ed25519 public key"):
        load_public_key(keys / "key.pem")
    with pytest.raises(InputError, match="Cannot read"):
        load_signing_key(tmp_path / "absent.pem")
    assert load_signing_key(None) is None
