"""Which cases of a test the quick set has: a few by name; the others are left to --all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def few(cases: Iterable[Any], *quick: object) -> list[Any]:
    """Return the cases as parameters, all but these marked as thorough; a case that is not among them is an error."""
    listed = list(cases)
    assert [] == [case for case in quick if case not in listed]
    return [case if case in quick else pytest.param(case, marks=pytest.mark.thorough) for case in listed]
