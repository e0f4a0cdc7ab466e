"""The container image: built from nothing but Debian and this checkout, and run as a platform would run it."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from image.buildah import Buildah, base_tarball, pip_mounts
from worlds.machine import ROOT, lacking

from jobs import __version__

pytestmark = pytest.mark.thorough

COMPILED = """
import importlib.util, pathlib, sys
import jobs.license_reassignment.commands.run, msgraph, pandas
used = [m.__file__ for m in sys.modules.values() if (getattr(m, "__file__", None) or "").startswith("/opt/reseat")]
sources = [f for f in used if f.endswith(".py")]
bare = [f for f in sources if not pathlib.Path(importlib.util.cache_from_source(f)).is_file()]
assert len(sources) > 500, len(sources)
assert not bare, bare[:5]
"""

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_the_base_comes_without_the_address_of_a_store() -> None:
    """Whoever builds the image says where images come from; the default is a plain name."""
    default = re.search(r"^ARG BASE_IMAGE=(\S+)$", DOCKERFILE, re.MULTILINE)
    assert default is not None
    assert re.fullmatch(r"[a-z]+:[\w.-]+", default[1]), default[1]
    assert ["${BASE_IMAGE} AS build", "${BASE_IMAGE}"] == re.findall(r"^FROM (.+)$", DOCKERFILE, re.MULTILINE)


def test_the_build_sees_the_package_and_nothing_else() -> None:
    """What is not named in .dockerignore stays out: no run folder, no settings, no history."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    let_in = {rule[1:] for rule in rules if rule.startswith("!")}
    files = {"constraints.txt", "LICENSE", "pyproject.toml", "README.md"}
    assert {"connectors", "jobs", "sample_data", *files} == let_in


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Path]:
    """Give a folder that is gone afterwards, with the gigabytes in it."""
    yield tmp_path
    shutil.rmtree(tmp_path, ignore_errors=True)


@pytest.mark.image
def test_the_image_works_for_any_user_and_carries_no_tools(scratch: Path) -> None:
    """The demo runs to its honest end as 10001 and as a platform's own user; pip and the sources stay behind."""
    if os.geteuid() != 0:
        lacking("building an image here needs root, for debootstrap and chroot")
    buildah = Buildah(scratch)
    buildah.import_base(base_tarball(scratch))
    buildah.build(*pip_mounts(scratch), "--build-arg=VERSION=9.8.7")

    described = buildah.configuration()
    assert described["User"] == "10001:10001"
    assert described["Entrypoint"] == ["reseat"]
    assert described["WorkingDir"] == "/runs"
    assert described["Volumes"] == {"/runs": {}}
    assert described["Labels"]["org.opencontainers.image.version"] == "9.8.7"
    assert described["Labels"]["org.opencontainers.image.title"] == "reseat"

    with buildah.container() as container:
        code, said = buildah.execute(container, "10001", "reseat", "--help")
        assert code == 0, said
        assert "Exit codes" in said

        code, said = buildah.execute(container, "10001", "reseat", "demo", "--directory", "/runs/demo")
        assert code == 3, said
        assert "NO-GO" in said

        # Platforms that choose a user id of their own run it with group 0, and that group may write to the volume.
        code, said = buildah.execute(container, "1234567:0", "sh", "-c", "mkdir /runs/other && reseat --version")
        assert (code, said) == (0, f"reseat {__version__}\n")

        code, said = buildah.execute(container, "10001", "python3", "-c", COMPILED)
        assert (code, said) == (0, "")
        left = "ls -d /source /opt/reseat/bin/pip /tmp/demo /root/.cache 2>/dev/null; true"
        assert (0, "") == buildah.execute(container, "0", "sh", "-c", left)
