"""Every command of a page runs as it stands there: those of ```sh blocks against the sample tenant, over a socket.

docs/audit.md has a test of its own, `test_thirty_questions.py`. A block that cannot run here says so in its fence.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

import pytest
from worlds.machine import ROOT, needs
from worlds.real_command import Shop, shop, until

from connectors.sandbox.tenant.file import load

PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted((*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")))
}
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SAMPLE = files("sample_data")

NOT_RUN: Mapping[str, str] = {
    "sh development": "what runs this test; `make` would install into the environment it runs in",
    "sh install": "fetches packages; tests/image and .ci/run install from nothing",
    "sh docker": "tests/image builds the image and runs it",
    "sh azure": "needs a tenant of Microsoft's",
    "powershell": "needs Windows or a tenant of Microsoft's; those of docs/audit.md are tested there",
    "toml": "test_docs.py loads each as settings",
    "": "a drawing",
}
"""What a fence may say besides `sh`, and why its block does not run here."""

ENVIRONMENT = {
    "RESEAT_TENANT__ID": "c0a70500-0000-4000-8000-000000000001",
    "RESEAT_TENANT__CREDENTIAL": "sandbox",
    "RESEAT_PACE__WRITES_PER_150_S": "100000",
    "RESEAT_VERIFY__SECONDS_BETWEEN_SCANS": "0",
}
"""What a rehearsal has and the pages leave to the reader, beside the address of the tenant."""

SETTINGS = {
    "README.md": ("README.md", 0),
    "docs/first-run.md": ("docs/first-run.md", 1),
    "docs/groups.md": ("docs/groups.md", 0),
}
"""Whose block of settings is `reseat.toml` of a page, and which; every other page has the first one's."""

BEFORE = {
    ("docs/operating.md", 0): "reseat plan\n",
    ("docs/run-folder.md", 1): "export RESEAT_RUN__SIGNING_KEY=key.pem\n"
    "reseat plan\nreseat apply p1f0 --tenant contoso.example --wave rest\nreseat verify p1f0\n",
}
"""What has been done before a block of a page is read, as its text says."""

ENDS = {"check": {0, 3}, "plan": {0, 3}, "apply": {0, 3, 4}, "verify": {0, 3}, "audit": {0, 3}, "reseat": {0}}
"""The codes with which a command of reseat may end in the sample tenant; with 4 where its wave says `stop`."""


def blocks(page: str, language: str) -> list[str]:
    """Return the blocks of a page whose fence says exactly this."""
    return [body for said, body in FENCE.findall(PAGES[page]) if said == language]


RUN = sorted(page for page in PAGES if blocks(page, "sh") and page != "docs/audit.md")


@dataclass
class Reader:
    """Somebody with a shell in a folder, who types what a page says."""

    place: Shop
    doors: ExitStack
    port: int
    exported: dict[str, str] = field(default_factory=dict)

    def typed(self, line: str) -> None:
        """Carry out one line: keep what it exports, leave what serves running, and wait for everything else."""
        line = self._filled(line)
        if found := re.match(r"export (\w+)=(\S+)", line):
            self.exported[found[1]] = found[2]
        elif line.startswith("reseat sandbox "):
            self.doors.callback(_ended, self._started(line))
            until(self._served, line)
        else:
            process = self._started(line)
            said = process.communicate(timeout=120)[0].decode()
            words = line.split()
            allowed = ENDS.get(words[1], ENDS["reseat"]) if words[0] == "reseat" else {0}
            assert process.returncode in allowed, f"{line} ended with {process.returncode}\n{said}"

    def _filled(self, line: str) -> str:
        """Put in what is this run's own: the plan id, and a port that is free."""
        if re.search(r"\bp1f0", line):
            newest = max((self.place.folder / "runs").glob("p*"), key=lambda path: path.stat().st_mtime)
            line = re.sub(r"\bp1f0\w*", newest.name, line)
        return line.replace("8080", str(self.port))

    def _started(self, line: str) -> subprocess.Popen[bytes]:
        environ = {**self.place.environ, **self.exported}
        return subprocess.Popen(
            ["bash", "-o", "pipefail", "-c", line],
            cwd=self.place.folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def _served(self) -> bool:
        with socket.socket() as knock:
            return knock.connect_ex(("127.0.0.1", self.port)) == 0


def _ended(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.communicate(timeout=30)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    """A folder with the sample data, before a sample tenant that is served for real."""
    with ExitStack() as doors:
        place = doors.enter_context(shop(tmp_path / "home", load(SAMPLE.joinpath("tenant.json").read_bytes())))
        place.environ |= {**ENVIRONMENT, "RESEAT_TENANT__GRAPH_URL": place.server.url}
        place.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        shutil.copytree(str(SAMPLE), place.folder / "sample_data")
        shutil.copy(str(SAMPLE / "users.csv"), place.folder)
        yield Reader(place, doors, _free_port())


@pytest.mark.thorough
@pytest.mark.parametrize("page", RUN)
def test_every_command_of_a_page_runs_as_it_stands(reader: Reader, page: str) -> None:
    """From the first block to the last, in one folder, as somebody would who reads the page."""
    needs("openssl", "openssl")
    needs("jq", "jq")
    needs("curl", "curl")
    whose, which = SETTINGS.get(page, ("docs/first-run.md", 1))
    (reader.place.folder / "reseat.toml").write_text(blocks(whose, "toml")[which], encoding="utf-8")
    for number, block in enumerate(blocks(page, "sh")):
        for line in (BEFORE.get((page, number), "") + block).replace("\\\n", " ").splitlines():
            reader.typed(line)


POWERSHELL = [(page, block) for page in PAGES for block in blocks(page, "powershell")]
PARSED = (
    "$e = $null; [void][Management.Automation.Language.Parser]::ParseInput('%s', [ref]$null, [ref]$e); exit $e.Count"
)


@pytest.mark.parametrize(("page", "block"), POWERSHELL, ids=[page for page, _ in POWERSHELL])
def test_a_powershell_block_is_whole(page: str, block: str) -> None:
    """Each quote and bracket is closed, no line needs bash; where there is a real PowerShell, it reads the block."""
    bare = re.sub(r"'(?:[^']|'')*'|\"[^\"\n]*\"|#.*", "", block)
    while bare != (less := re.sub(r"\([^(){}\[\]]*\)|\{[^(){}\[\]]*\}|\[[^(){}\[\]]*\]", "", bare)):
        bare = less
    assert not re.search(r"['\"(){}\[\]]|&&|\\$|\bexport\b", bare, re.MULTILINE), f"{page}: {bare}"
    if pwsh := shutil.which("pwsh"):
        script = PARSED % block.replace("'", "''")
        subprocess.run([pwsh, "-NoProfile", "-NonInteractive", "-Command", script], check=True)


def test_a_block_that_does_not_run_says_so() -> None:
    """Whoever writes a page sees in its fence whether a test keeps the block."""
    said = {fence for text in PAGES.values() for fence, _ in FENCE.findall(text)}
    assert {"sh", *NOT_RUN} >= said
    assert set(NOT_RUN) - said <= {""}


def test_pages_that_are_run_are_those_with_commands() -> None:
    """A page does not drop out because its fences are written otherwise."""
    assert ["README.md", "docs/first-run.md", "docs/groups.md", "docs/operating.md", "docs/run-folder.md"] == RUN
