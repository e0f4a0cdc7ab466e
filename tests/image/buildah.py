"""A container image made and run on this machine alone: Debian by debootstrap, everything else by buildah."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from worlds.machine import ROOT, lacking, needs

RELEASE = "bookworm"
PACKAGES = "python3,python3-venv,python3-pip,ca-certificates"
BASE = "localhost/reseat-test-base"
IMAGE = "localhost/reseat-test"
SECONDS_MAX = 420


def cache_folder() -> Path:
    """Return where this machine keeps what a second run need not make again."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = base / "reseat-tests"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def mirror() -> str:
    """Return the Debian mirror that this machine itself uses for the release."""
    apt = needs("apt-get", "apt")
    asked = [apt, "indextargets", "--format", "$(CODENAME) $(COMPONENT) $(REPO_URI)", "Created-By: Packages"]
    listed = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    for line in listed.splitlines():
        codename, component, uri = line.split(" ", 2)
        if (codename, component) == (RELEASE, "main") and uri.startswith(("http://", "https://")):
            return uri
    return lacking(f"apt on this machine has no mirror of Debian {RELEASE} that debootstrap could read")


def base_tarball(scratch: Path) -> Path:
    """Return a small Debian with Python as one file, made once per machine."""
    kept = cache_folder() / f"debian-{RELEASE}-python.tar"
    if not kept.is_file():
        root = scratch / "debian"
        debootstrap = needs("debootstrap", "debootstrap")
        run([debootstrap, "--variant=minbase", f"--include={PACKAGES}", RELEASE, str(root), mirror()])
        shutil.rmtree(root / "var" / "cache" / "apt")
        shutil.rmtree(root / "var" / "lib" / "apt" / "lists")
        made = kept.with_suffix(f".{os.getpid()}")
        run(["tar", "--create", "--numeric-owner", f"--file={made}", f"--directory={root}", "--exclude=./dev/*", "."])
        made.replace(kept)
        shutil.rmtree(root)
    return kept


def pip_mounts(scratch: Path) -> list[str]:
    """Return --volume arguments that let pip in a build reach packages as pip of this machine does.

    The settings come from `pip config list`, so from its files and its PIP_ variables; what they name on this disk is
    mounted where it is named. Nothing of it stays in the image.
    """
    listed = run([sys.executable, "-m", "pip", "config", "list"])
    settings = re.findall(r"^(?:global|install|:env:)\.([\w-]+)=(.+)$", listed, re.MULTILINE)
    values = {key: str(ast.literal_eval(value)) for key, value in settings}
    values.pop("constraint", None)  # which versions go into the image is the Dockerfile's own affair
    certificate = values.pop("cert", "") or os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE", "")
    mounts: set[str] = set()
    if certificate and Path(certificate).is_file():
        shutil.copy(certificate, scratch / "pip-cert.pem")
        mounts.add(f"{scratch / 'pip-cert.pem'}:/etc/pip-cert.pem:ro")
        values["cert"] = "/etc/pip-cert.pem"
    named = [word for value in values.values() for word in value.split()]
    # The files of an index on this disk lie beside it, so the folder above it is mounted.
    folders = [Path(word.removeprefix("file://")).parent for word in named if word.startswith("file://")]
    folders += [Path(word) for word in named if word.startswith("/")]
    mounts |= {f"{path}:{path}:ro" for path in folders if path.is_dir()}
    lines = (f"{key} = {value}".replace("\n", "\n    ") for key, value in sorted(values.items()))
    (scratch / "pip.conf").write_text("\n".join(["[global]", *lines, ""]), encoding="utf-8")
    mounts.add(f"{scratch / 'pip.conf'}:/etc/pip.conf:ro")
    return [f"--volume={mount}" for mount in sorted(mounts)]


def run(command: Sequence[str]) -> str:
    """Run a command that has to work and return its stdout; a failure shows the end of what it said."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
    assert done.returncode == 0, f"{' '.join(command[:3])} …: {done.returncode}\n{(done.stdout + done.stderr)[-3000:]}"
    return done.stdout


def _with_storage(program: str, scratch: Path, driver: str) -> list[str]:
    """Return the beginning of a command line whose images and containers live in `scratch`."""
    folder = scratch / driver
    return [program, f"--storage-driver={driver}", f"--root={folder / 'root'}", f"--runroot={folder / 'run'}"]


def _works(start: Sequence[str]) -> bool:
    """Say whether this machine has the driver: overlay often not within a container, vfs always, copying every file."""
    return subprocess.run([*start, "info"], capture_output=True, check=False).returncode == 0


class Buildah:
    """buildah with a storage of its own, which goes away with the test."""

    def __init__(self, scratch: Path) -> None:
        program = needs("buildah", "buildah")
        fast, plain = (_with_storage(program, scratch, driver) for driver in ("overlay", "vfs"))
        self._start = fast if _works(fast) else plain

    def __call__(self, verb: str, *arguments: str) -> str:
        """Run one verb that has to work; returns its stdout."""
        return run([*self._start, verb, *arguments]).strip()

    def import_base(self, tarball: Path) -> None:
        """Make an image of a root file system."""
        container = self("from", "scratch")
        self("add", container, str(tarball), "/")
        self("commit", "--quiet", container, BASE)
        self("rm", container)

    def build(self, *options: str) -> None:
        """Build the Dockerfile of this checkout on the imported base."""
        base = f"--build-arg=BASE_IMAGE={BASE}"
        self("bud", "--isolation=chroot", "--pull-never", base, *options, f"--tag={IMAGE}", str(ROOT))

    def configuration(self) -> dict[str, Any]:
        """Return what the built image says about itself, in the words of the OCI."""
        described = json.loads(self("inspect", "--type=image", IMAGE))
        return dict(described["OCIv1"]["config"])

    @contextmanager
    def container(self) -> Iterator[str]:
        """Give a container of the built image."""
        name = self("from", "--pull-never", IMAGE)
        try:
            yield name
        finally:
            self("rm", name)

    def execute(self, container: str, user: str, *command: str) -> tuple[int, str]:
        """Run a command in the container as `user`; returns its exit code and everything it said."""
        start = [*self._start, "run", "--isolation=chroot", f"--user={user}", container, "--", *command]
        done = subprocess.run(start, capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
        return done.returncode, done.stdout + done.stderr
