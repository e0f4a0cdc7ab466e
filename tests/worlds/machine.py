"""The machine under the tests: whether a program is there, and the folder that the product lives in."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"
"""Whence a test's own processes start: `python -m soak.tenant` and the like find their room there."""


def lacking(reason: str) -> NoReturn:
    """Skip the test for this reason; where CI is "true" nothing may be lacking, and the test fails instead."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason} (CI is true, so nothing is skipped)", pytrace=False)
    pytest.skip(reason)


def needs(command: str, package: str) -> str:
    """Return where the program is; without it the test is skipped, with the line that installs it."""
    found = shutil.which(command)
    if found is None:
        lacking(f"{command} is not installed: apt-get install {package}")
    return found
