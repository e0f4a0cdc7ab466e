"""Run folders that the tests of this folder share; each test that changes one takes a copy."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from evidence_world import Night, give_source_back, licensed_group, someone

from jobs.license_reassignment.rundir import RunDir

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with key.pem and pub.pem."""
    folder = tmp_path_factory.mktemp("keys")
    (folder / "key.pem").write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / "pub.pem").write_bytes(public)
    return folder


@pytest.fixture(scope="session")
def signed_go(tmp_path_factory: pytest.TempPathFactory, keys: Path) -> RunDir:
    """A signed GO, looked at twice, so that it has a history."""
    night = Night(tmp_path_factory.mktemp("go"), run={"signing_key": str(keys / "key.pem")}).moved()
    assert night.verify().verdict == "GO"
    night.clock.seconds += 86_400
    night.verify()
    return night.run


@pytest.fixture(scope="session")
def no_go(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    """A NO-GO: one user got the old product back from a group."""
    night = Night(tmp_path_factory.mktemp("no-go")).moved()
    licensed_group(night, someone(night.tenant))
    assert night.verify().verdict == "NO-GO"
    return night.run


@pytest.fixture(scope="session")
def harm(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    """A NO-GO with harm: a user that we changed holds neither product."""
    night = Night(tmp_path_factory.mktemp("harm")).moved()
    night.tenant.set_assignments(someone(night.tenant), (), night.now)
    give_source_back(night, list(night.tenant.living())[1])
    assert night.verify().exit_code == 5
    return night.run


@pytest.fixture
def copy_of(tmp_path: Path) -> Callable[[RunDir], RunDir]:
    """Copy a run folder, to change it."""

    def copy(run: RunDir) -> RunDir:
        return RunDir(Path(shutil.copytree(run.path, tmp_path / run.path.name)))

    return copy
