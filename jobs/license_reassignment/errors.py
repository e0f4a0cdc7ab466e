"""The exit codes of the command line, and the errors of the job that carry one."""

from __future__ import annotations

import errno
from collections.abc import Iterable
from enum import IntEnum
from typing import ClassVar

from connectors.message import Message, as_message


class ExitCode(IntEnum):
    """One table for every command; `--help`, the README and a test list it too."""

    DONE = 0
    BUG = 1
    USAGE = 2
    PEOPLE_LEFT = 3
    STOPPED = 4
    HARM = 5
    NOT_YET = 6
    SIGN_IN = 7
    GUARD = 10
    LOCKED = 11


MEANING = {
    ExitCode.DONE: "verify, run, audit: GO. Other commands: done, nothing in the way",
    ExitCode.BUG: "an error in reseat itself (the trace is printed)",
    ExitCode.USAGE: "a wrong option, setting or input file: the message names file, line and key",
    ExitCode.PEOPLE_LEFT: "completed; some users still need attention: NO-GO, users on hold, refused changes",
    ExitCode.STOPPED: "stopped early; run the same command again to continue",
    ExitCode.HARM: "damage: a user left unlicensed, a service lost or changed beyond the plan, or evidence altered",
    ExitCode.NOT_YET: "not ready yet: the new product is absent or not provisioned; try again later",
    ExitCode.SIGN_IN: "sign-in refused, or a required permission is missing",
    ExitCode.GUARD: "refused before the first change: a limit, wrong tenant, outdated or altered plan, too few seats",
    ExitCode.LOCKED: "another run is changing this tenant",
}

_PRECEDENCE = (1, 5, 7, 2, 11, 10, 6, 4, 3, 0)


def first_of(codes: Iterable[int]) -> ExitCode:
    """Return the code that wins when several apply; no code at all is 0."""
    found = set(codes)
    return ExitCode(next((c for c in _PRECEDENCE if c in found), 0))


REPAIRABLE = frozenset({errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG})
"""What the system says of a disk or a right that somebody can put in order, also where it names no file."""


def code_of(error: BaseException) -> ExitCode:
    """Return the code that a command ends with which this error ended; one that nobody foresaw is a bug."""
    if (code := getattr(error, "exit_code", None)) is not None:
        return ExitCode(code)
    if isinstance(error, OSError) and (error.filename is not None or error.errno in REPAIRABLE):
        return ExitCode.STOPPED
    return ExitCode.STOPPED if isinstance(error, KeyboardInterrupt) else ExitCode.BUG


class JobError(Exception):
    """A message for a person, in one paragraph that ends with the remedy; never a traceback."""

    exit_code: ClassVar[ExitCode] = ExitCode.BUG

    @property
    def said(self) -> Message:
        """The message as a value, where it may stand in a report too."""
        return as_message(self.args[0])


class InputError(JobError):
    """A configuration or input file is at fault."""

    exit_code = ExitCode.USAGE


class GuardRefused(JobError):
    """Refused before the first write of this call; nothing was sent."""

    exit_code = ExitCode.GUARD


class NotReady(JobError):
    """The target is absent or not provisioned; the same command works later."""

    exit_code = ExitCode.NOT_YET


class Unfinished(JobError):
    """Stopped early; the same command continues."""

    exit_code = ExitCode.STOPPED


class Locked(JobError):
    """Another run works on the same tenant."""

    exit_code = ExitCode.LOCKED
