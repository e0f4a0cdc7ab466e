"""Settings that name groups need no help to be let through."""

from __future__ import annotations

import pytest


@pytest.fixture
def groups_available() -> None:
    """Do nothing: `[groups]` may say everything."""
