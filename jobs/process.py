"""How the process begins and ends: signals, streams that take any letter, and an error's last words with its code."""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import signal
import sys
import threading
import traceback
from io import TextIOWrapper

from jobs.license_reassignment.control import StopFlag
from jobs.license_reassignment.exits import ExitCode

PATIENCE_S = 9.5
"""So long after a signal the run may still wait for answers; Apply's own grace ends before."""

REPAIRABLE = frozenset({errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})
"""What the system says of a disk or a right that somebody can put in order."""


def prepare(flag: StopFlag) -> None:
    """Make ready before any command: signals set `flag`, libraries keep their own log lines to themselves."""
    for stream in (sys.stdout, sys.stderr):
        # A Windows code page has no arrow, and a letter that cannot be shown is no reason to fail.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    logging.basicConfig(handlers=[logging.NullHandler()])
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda number, _: _stop(flag, number))


def _stop(flag: StopFlag, number: int) -> None:
    """Ask the run to end cleanly; the second time, or when it hears nothing for too long, end at once."""
    if flag:
        os._exit(ExitCode.STOPPED)
    flag.set(f"signal {signal.Signals(number).name}")
    timer = threading.Timer(PATIENCE_S, _leave, [flag])
    timer.daemon = True
    timer.start()


def _leave(flag: StopFlag) -> None:
    say(ExitCode.STOPPED, f"Stopped: {flag.reason}, with no answer to what was asked last. The same command continues.")
    os._exit(ExitCode.STOPPED)


def fail(error: Exception) -> int:
    """Say what went wrong in one paragraph, and return the exit code; only a bug shows its trace."""
    code = getattr(error, "exit_code", None)
    if code is None and isinstance(error, BrokenPipeError):
        # Nobody reads the output any more; what is left of it goes nowhere, so that the interpreter can close it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(ExitCode.STOPPED)
    if code is None and isinstance(error, OSError) and error.errno in REPAIRABLE:
        where = error.filename or "the output"
        say(ExitCode.STOPPED, f"Cannot use {where}: {error.strerror}. Repair that, then run the same command again.")
        return int(ExitCode.STOPPED)
    if code is None:
        traceback.print_exc()
        say(ExitCode.BUG, "This is a bug of reseat. Nothing is lost: the same command continues.")
        return int(ExitCode.BUG)
    say(code, str(getattr(error, "format_message", error.__str__)()))
    return int(code)


def say(code: int, message: str) -> None:
    """Write the message to stderr, and with `--json` the one document that stdout owes."""
    if message:
        sys.stderr.write(f"reseat: {message}\n")
        sys.stderr.flush()
    if "--json" in sys.argv[1:]:
        with contextlib.suppress(OSError):
            sys.stdout.write(json.dumps({"exit_code": int(code), "error": message}) + "\n")
            sys.stdout.flush()
