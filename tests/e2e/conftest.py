"""The rig as fixtures: the servers once per worker, a rig for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from worlds.loopback.login import SECRET
from worlds.loopback.rig import Internet, Rig


@pytest.fixture(scope="session")
def internet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Internet]:
    """The servers, started once per worker."""
    running = Internet(tmp_path_factory.mktemp("internet"))
    yield running
    running.stop()


@pytest.fixture
def rig(internet: Internet, tmp_path: Path) -> Iterator[Rig]:
    """A fresh rig; whatever the test did, neither the secret nor a token was left in a file or said."""
    made = Rig(internet, tmp_path)
    yield made
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    left = [*files, *(text.encode() for text in made.spoken)]
    for secret in (SECRET, *made.login.tokens):
        assert not any(secret.encode() in content for content in left)
