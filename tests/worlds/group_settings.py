"""Settings that name groups: a fixture that lets them through, while a released version still refuses them."""

from __future__ import annotations

import pytest

from jobs.settings import checks


@pytest.fixture
def groups_available(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `[groups]` say everything."""
    monkeypatch.setattr(checks, "_NOT_AVAILABLE", ())
