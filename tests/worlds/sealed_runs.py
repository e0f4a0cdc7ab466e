"""Run folders that the tests of this folder share, each made once; a test that changes one takes a copy."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from jobs.license_reassignment.run_folder.folder import RunDir
from worlds.evidence_world import KEY, Night, give_source_back, licensed_group, someone

_MADE: dict[str, Path] = {}


def _once(name: str, factory: pytest.TempPathFactory, make: Callable[[Path], Path]) -> Path:
    """Make the folder unless a test of another module has it already."""
    if name not in _MADE:
        _MADE[name] = make(factory.mktemp(name))
    return _MADE[name]


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with key.pem and pub.pem."""

    def make(folder: Path) -> Path:
        (folder / "key.pem").write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        public = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (folder / "pub.pem").write_bytes(public)
        return folder

    return _once("keys", tmp_path_factory, make)


@pytest.fixture(scope="session")
def signed_go(tmp_path_factory: pytest.TempPathFactory, keys: Path) -> RunDir:
    """A signed GO, looked at twice, so that it has a history."""

    def make(folder: Path) -> Path:
        night = Night(folder, run={"signing_key": str(keys / "key.pem")}).moved()
        assert night.verify().verdict == "GO"
        night.clock.seconds += 86_400
        night.verify()
        return night.run.path

    return RunDir(_once("go", tmp_path_factory, make))


@pytest.fixture(scope="session")
def no_go(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    """A NO-GO: one user got the old product back from a group."""

    def make(folder: Path) -> Path:
        night = Night(folder).moved()
        licensed_group(night, someone(night.tenant))
        assert night.verify().verdict == "NO-GO"
        return night.run.path

    return RunDir(_once("no-go", tmp_path_factory, make))


@pytest.fixture(scope="session")
def harm(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    """A NO-GO with harm: a user that we changed holds neither product."""

    def make(folder: Path) -> Path:
        night = Night(folder).moved()
        night.tenant.set_assignments(someone(night.tenant), (), night.now)
        give_source_back(night, list(night.tenant.living())[1])
        assert night.verify().exit_code == 5
        return night.run.path

    return RunDir(_once("harm", tmp_path_factory, make))


@pytest.fixture
def copy_of(tmp_path: Path) -> Callable[[RunDir], RunDir]:
    """Copy a run folder, to change it."""

    def copy(run: RunDir) -> RunDir:
        return RunDir(Path(shutil.copytree(run.path, tmp_path / run.path.name)))

    return copy
