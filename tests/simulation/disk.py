"""The disk under the journal: it tells the witness what is durable, fills up, and lets the process die at an append."""

from __future__ import annotations

import errno
import os
import random
from dataclasses import dataclass
from typing import Any

from simulation.server import Witness
from worlds.virtual_time import ProcessDied

HOW_TO_DIE = ("before", "torn", "unsynced", "after")


@dataclass(frozen=True, slots=True)
class Blow:
    """What happens at one append of a process: one of HOW_TO_DIE, or "full" for a disk that takes no more."""

    at: int
    how: str


class Disk:
    """Stands in for the `os` module inside the journal. Counts appends; lines are durable once fsync returns."""

    def __init__(self, witness: Witness, rng: random.Random, blow: Blow | None = None) -> None:
        self.appends = 0
        self.dead = False
        self._witness = witness
        self._rng = rng
        self._blow = blow
        self._files: set[int] = set()
        self._written = b""

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def open(self, path: Any, flags: int, mode: int = 0o777) -> int:
        """Open a file for this process."""
        file = os.open(path, flags, mode)
        self._files.add(file)
        return file

    def close(self, file: int) -> None:
        """Close a file; a dead process has closed it already."""
        if file in self._files:
            self._files.discard(file)
            os.close(file)

    def kill(self) -> None:
        """The process is dead: nothing of it reaches the disk any more."""
        self.dead = True
        for file in list(self._files):
            self.close(file)

    def write(self, file: int, data: bytes) -> int:
        """Write; the process may die before, in the middle of it, or get an error."""
        if self.dead:
            raise ProcessDied
        self.appends += 1
        how = self._how()
        if how == "before":
            self._die()
        if how in {"torn", "full"}:
            os.write(file, data[: self._rng.randint(0, len(data) - 1)])
            if how == "torn":
                self._die()
            self._blow = None
            raise OSError(errno.ENOSPC, "No space left on device")
        self._written += data
        return os.write(file, data)

    def fsync(self, file: int) -> None:
        """Make durable what was written; tmpfs needs no flushing."""
        if self.dead:
            raise ProcessDied
        del file
        if self._how() == "unsynced":
            self._die()
        written, self._written = self._written, b""
        for line in written.splitlines():
            self._witness.intend(line)
        if self._how() == "after":
            self._die()

    def _how(self) -> str:
        return self._blow.how if self._blow and self._blow.at == self.appends else ""

    def _die(self) -> None:
        self.kill()
        raise ProcessDied
