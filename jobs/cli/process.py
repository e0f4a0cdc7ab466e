"""How the process begins and ends: signals, streams that never fail, and an error's last words with its code."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
import traceback
from dataclasses import dataclass

from jobs.cli import streams
from jobs.cli.terminal import text
from jobs.license_reassignment.apply.control import StopFlag
from jobs.license_reassignment.errors import ExitCode, code_of

SHUTDOWN_S_MAX = 9.5
"""So long after a signal the run may still wait for answers; Apply's own grace ends before."""

work_is_over = threading.Event()
"""Set when nothing is asked of a tenant any more; what comes after that is short and has limits of its own."""


@dataclass(slots=True)
class Interruption:
    """How often somebody asked for the end, and the timer that ends a run which does not hear it."""

    flag: StopFlag
    asked: int = 0
    timer: threading.Timer | None = None

    def on_signal(self, number: int, _frame: object) -> None:
        """Ask the run to end cleanly; the second time, or when it hears nothing for too long, end at once.

        A terminal that closes may say so more than once, and says nothing about haste.
        """
        if number != getattr(signal, "SIGHUP", None):
            self.asked += 1
        if self.asked > 1:
            os._exit(ExitCode.STOPPED)
        self.flag.set(f"signal {signal.Signals(number).name}")
        if self.timer is None:
            self.timer = threading.Timer(SHUTDOWN_S_MAX, self._leave)
            self.timer.daemon = True
            self.timer.start()

    def _leave(self) -> None:
        if work_is_over.is_set():
            return
        reason = self.flag.reason
        say(
            ExitCode.STOPPED,
            f"Stopped: {reason}. The last request was not answered in time; run the same command again to continue.",
        )
        os._exit(ExitCode.STOPPED)


def prepare(flag: StopFlag) -> None:
    """Make ready before any command: a signal or a lost stream sets `flag`, libraries keep their log lines.

    The closing of the terminal is a signal as well, unless it was to be ignored from the start, as `nohup` wants it.
    """
    streams.guard(flag.set)
    logging.basicConfig(handlers=[logging.NullHandler()])
    interruption = Interruption(flag)
    for name in ("SIGINT", "SIGTERM", "SIGBREAK", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and not (name == "SIGHUP" and signal.getsignal(number) is signal.SIG_IGN):
            signal.signal(number, interruption.on_signal)


def fail(error: Exception) -> int:
    """Say what went wrong in one paragraph, and return the exit code; only a bug shows its trace."""
    code = code_of(error)
    if code is ExitCode.BUG:
        traceback.print_exc()
        say(code, "This is an error in reseat itself. Nothing is lost: run the same command again to continue.")
    elif isinstance(error, OSError) and not hasattr(error, "exit_code"):
        where = error.filename or "a file"
        say(code, f"Cannot use {where}: {error.strerror}. Correct that, then run the same command again.")
    else:
        say(code, str(getattr(error, "format_message", error.__str__)()))
    return int(code)


def say(code: int, message: str) -> None:
    """Write the message to stderr, and with `--json` the one document that stdout owes."""
    if message:
        for line in f"reseat: {message}".splitlines():
            text(line, indent=2, file=sys.stderr)
        sys.stderr.flush()
    if "--json" in sys.argv[1:]:
        sys.stdout.write(json.dumps({"exit_code": int(code), "error": message}) + "\n")
        sys.stdout.flush()


def leave(code: int) -> None:
    """Write what is still held back, and end with the code of the work, whatever became of the words about it."""
    lost = streams.losses().get("stdout")
    if lost is not None and not streams.left(lost):
        sys.stderr.write(
            f"reseat: Not everything could be printed (stdout: {lost.strerror or lost}). "
            f"The command itself ended with {int(code)}.\n"
        )
    sys.exit(code)
