"""stdout and stderr that never fail whoever writes: the first loss is told once, and what follows goes nowhere."""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

STREAMS = {"stdout": "output", "stderr": "messages"}
"""The two streams, and what a person reads there."""


class Guarded(io.RawIOBase):
    """The raw side of a stream. `loss` is the error of the first write that failed, None while all is well."""

    def __init__(self, raw: io.RawIOBase, lost: Callable[[OSError], None]) -> None:
        self._raw = raw
        self._lost = lost
        self.loss: OSError | None = None

    def writable(self) -> bool:
        """It is there to be written to."""
        return True

    def fileno(self) -> int:
        """Return the descriptor, by which others learn what kind of place it leads to."""
        return self._raw.fileno()

    def isatty(self) -> bool:
        """Whether a person sits before it."""
        return self._raw.isatty()

    def write(self, data: ReadableBuffer, /) -> int:
        """Write as much as goes; after a loss everything is taken and nothing written."""
        if self.loss is None:
            try:
                return self._written(data)
            except OSError as error:
                self.loss = error
                self._lost(error)
        return memoryview(data).nbytes

    def _written(self, data: ReadableBuffer) -> int:
        """Wait where the reader is slow and the stream does not wait by itself, as one shared with a shell may not."""
        while (count := self._raw.write(data)) is None:
            select.select([], [self._raw], [])
        return count


def guard(tell: Callable[[str], None]) -> None:
    """Put both streams behind a guard; `tell` hears, once per stream, that nobody can read it any more.

    A stream that was closed before the process began fails at its first write, as one on a full disk does.
    """
    for name, what in STREAMS.items():
        stream = getattr(sys, name)
        if stream is None or isinstance(stream, io.TextIOWrapper):
            setattr(sys, name, _guarded(name, what, stream, tell))


def _guarded(name: str, what: str, stream: io.TextIOWrapper | None, tell: Callable[[str], None]) -> io.TextIOWrapper:
    def lost(error: OSError) -> None:
        tell(f"nobody can read the {what} any more ({name}: {error.strerror or error})")

    encoding = stream.encoding if stream is not None else "utf-8"
    at_once = stream is not None and (stream.line_buffering or stream.write_through)
    below = stream.detach() if stream is not None else _unreadable()
    raw = Guarded(cast(io.RawIOBase, below.detach() if isinstance(below, io.BufferedWriter) else below), lost)
    # A Windows code page has no arrow, and a letter that cannot be shown is no reason to fail.
    return io.TextIOWrapper(
        io.BufferedWriter(cast(io.RawIOBase, raw)), encoding=encoding, errors="replace", line_buffering=at_once
    )


def _unreadable() -> io.RawIOBase:
    """Open what takes no write; the lowest free descriptor is that of the closed stream, which no file shall get."""
    return io.FileIO(os.open(os.devnull, os.O_RDONLY), "w")


def losses() -> dict[str, OSError]:
    """Return the stream's name -> error of every stream that was lost, after writing what was still held back."""
    found: dict[str, OSError] = {}
    for name in STREAMS:
        stream = getattr(sys, name)
        stream.flush()
        raw = getattr(getattr(stream, "buffer", None), "raw", None)
        if isinstance(raw, Guarded) and raw.loss is not None:
            found[name] = raw.loss
    return found


def left(error: OSError) -> bool:
    """Whether the reader went away by itself, as `head` does; then there is nobody to be told."""
    return error.errno in {errno.EPIPE, errno.EINVAL}
