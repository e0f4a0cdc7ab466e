"""The command line in this process: the real commands against an embedded tenant, on a clock that nobody waits for."""

from __future__ import annotations

import copy
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import httpx
import pytest
import typer.main
from starlette.types import ASGIApp

from connectors.graph import client
from connectors.sandbox.app import create_app
from connectors.sandbox.tenant.state import TenantState
from jobs import wiring
from jobs.cli import commands
from jobs.cli.running import flag
from worlds.virtual_time import JumpingClock


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended, and everything that it said."""

    code: int
    out: str
    err: str

    @property
    def words(self) -> str:
        """Both streams on one line."""
        return " ".join(f"{self.out} {self.err}".split())


@dataclass(slots=True)
class Place:
    """A tenant, the hour, and the folder with `reseat.toml` and its runs. `run` is the run that commands are about."""

    tenant: TenantState
    seconds: float
    folder: Path
    run: str = ""

    @property
    def config(self) -> Path:
        """The settings file."""
        return self.folder / "reseat.toml"

    def copied(self, folder: Path) -> Place:
        """The same place once more, so that nothing that happens there is seen here."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        shared = {id(one): one for one in self.tenant._profiles.values()}  # never changed, and not to be copied
        return Place(copy.deepcopy(self.tenant, shared), self.seconds, folder, self.run)


class CommandLine:
    """Calls `reseat` as a shell does, in this process; `between` may stand in front of the tenant's application."""

    between: Callable[[ASGIApp], ASGIApp] = staticmethod(lambda app: app)

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, place: Place, *argv: str, config: bool = True) -> Said:
        """Run one command; `--config` is added to those that take it."""
        clock = JumpingClock(place.seconds)
        app = create_app(place.tenant, clock=lambda: clock.seconds)
        patch = self._monkeypatch
        opened = partial(OPEN_CLIENT, transport=httpx.ASGITransport(self.between(app)))
        patch.setattr(client, "open_client", opened)
        patch.setattr(wiring, "SystemClock", lambda: clock)
        patch.setattr(commands, "prepare", lambda _flag: None)
        patch.setattr(os, "fsync", lambda _: None)  # nobody pulls the plug here; the simulation does
        patch.setattr(typer.main, "get_command", COMMAND_OF)
        for knob in ("RESEAT_WORLDS", "RESEAT_FIRST_WORLD"):  # of the simulation; a command refuses what is no setting
            patch.delenv(knob, raising=False)
        patch.setattr(sys, "argv", ["reseat", *argv, *(("--config", str(place.config)) if config else ())])
        patch.chdir(place.folder)
        flag.reason = ""
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            commands.main()
        place.seconds = clock.seconds
        said = self._capsys.readouterr()
        return Said(int(ended.value.code or 0), said.out, said.err)


OPEN_CLIENT = client.open_client
COMMAND_OF = cache(typer.main.get_command)
"""Built once: from one call to the next the command line is the same."""


def told(said: Said, fragments: Sequence[str]) -> list[str]:
    """Return the fragments that the command did not say."""
    return [fragment for fragment in fragments if fragment.casefold() not in said.words.casefold()]
