"""A command, an option or a file that a later version understands is told as that: no typing error, never ignored."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from worlds.in_process import CommandLine, told
from worlds.machine import ROOT
from worlds.small_tenant import EVERYONE, person, place

LATER = {
    "init": ("init",),
    "init with options": ("init", "--tenant", "contoso.example", "--yes"),
    "init, its help": ("init", "--help"),
    "runs": ("runs",),
    "runs as JSON": ("runs", "--json"),
    "pack": ("pack", "p0123456789ab"),
    "pack without names": ("pack", "p0123456789ab", "out.zip", "--without-names"),
    "a second person, apply": ("apply", "p0123456789ab", "--tenant", "contoso.example", "--approved-by", "kim"),
    "a second person, run": ("run", "--approve", "contoso.example", "--approved-by=kim"),
    "a ticket, plan": ("plan", "--ticket", "CHG-1042"),
    "a ticket, apply": ("apply", "p0123456789ab", "--ticket=CHG-1042", "--tenant", "contoso.example"),
    "a ticket, run": ("run", "--ticket", "CHG-1042"),
    "a zip": ("audit", "run.zip"),
}


@pytest.mark.parametrize("name", LATER)
def test_what_a_later_version_can_do_is_not_available_yet(name: str, tmp_path: Path, reseat: CommandLine) -> None:
    """Exit 2, in these words, and nothing is written anywhere."""
    here = place(tmp_path, [person("ada")], EVERYONE)
    with zipfile.ZipFile(tmp_path / "run.zip", "w") as packed:
        packed.writestr("plan.json", "{}")

    said = reseat(here, *LATER[name], config=False)

    assert (2, []) == (said.code, told(said, ["not available yet"]))
    assert "No such" not in said.words
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("argv", [("-h",), ("plan", "-h"), ("apply", "-h"), ("run", "--help")])
def test_both_forms_ask_for_help(argv: tuple[str, ...]) -> None:
    """`-h` stands beside `--help`, for every command."""
    done = subprocess.run([sys.executable, "-m", "jobs", *argv], cwd=ROOT, capture_output=True, check=False)

    assert (0, True, b"") == (done.returncode, b"Usage:" in done.stdout, done.stderr)
