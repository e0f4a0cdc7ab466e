"""manifest.json and SHA256SUMS name every file by its digest, in forms that stock tools read."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from worlds.report_cases import go

from connectors.ids import sha256
from jobs.license_reassignment.report.bundle import render_all
from jobs.license_reassignment.run_folder.seal import manifest, sha256sums

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_the_sums_are_lines_in_order_of_name() -> None:
    assert f"{EMPTY}  a.csv\nab  b.csv\n".encode() == sha256sums({"b.csv": "ab", "a.csv": EMPTY})


def test_the_manifest_is_written_letter_by_letter() -> None:
    assert (
        f"""{{
  "files": {{
    "a.csv": "{EMPTY}"
  }},
  "format_version": "1.0",
  "journal": {{
    "hash": "ff",
    "seq": 12
  }},
  "plan_id": "p1f2e3d4c5b6a",
  "tool_version": "0.1.0",
  "verdict": "GO"
}}
"""
    ).encode() == manifest(
        {"a.csv": EMPTY}, plan_id="p1f2e3d4c5b6a", verdict="GO", tool_version="0.1.0", journal_head=(12, "ff")
    )


@pytest.mark.skipif(not shutil.which("sha256sum"), reason="sha256sum is not installed: apt-get install coreutils")
def test_sha256sum_agrees_and_notices_a_change(tmp_path) -> None:
    """The report's own line passes on the files as written and fails on one changed letter."""
    files = render_all(go(2))
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "SHA256SUMS").write_bytes(sha256sums({name: sha256(content) for name, content in files.items()}))
    check = ["sha256sum", "-c", "--quiet", "SHA256SUMS"]

    assert subprocess.run(check, cwd=tmp_path, check=False).returncode == 0
    (tmp_path / "users.csv").write_bytes(files["users.csv"].replace(b"moved", b"movee"))
    assert subprocess.run(check, cwd=tmp_path, check=False, capture_output=True).returncode == 1
