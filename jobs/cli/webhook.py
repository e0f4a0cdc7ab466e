"""The notice of a run: verdict and numbers to a webhook, however the run ends, and never a name."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from connectors.ids import GUID
from jobs.license_reassignment.commands.run import Steps
from jobs.license_reassignment.errors import MEANING, ExitCode, code_of
from jobs.settings.load import Effective

NOTICE_S_MAX: Final = 15.0
"""So long a notice may take in all: an address that takes a byte now and then is given up."""

_TOLD_ELSEWHERE: Final = {
    ExitCode.USAGE: "an input file or a setting is at fault; what the command printed names the file, line and key",
    ExitCode.BUG: "an error in reseat itself; the command printed its trace",
}
"""Codes whose own sentence repeats what people wrote, or what nobody foresaw."""

_ADDRESS: Final = re.compile(r"[^\s<>\"'`(),;]+@[^\s<>\"'`(),;:]+")
_QUOTED: Final = re.compile(r"(?<!\w)(?:`(?!reseat |--|\[)[^`]*`|'[^']*'(?!\w)|\"[^\"]*\"|“[^”]*”|‘[^’]*’(?!\w))")
_FOLDERS: Final = re.compile(r"(?<![\w:/\\])(?:[A-Za-z]:)?[/\\](?:[^\s/\\]+[/\\])+")
_ID: Final = re.compile(rf"\b{GUID.pattern}\b")


@contextmanager
def noticed(effective: Effective, steps: Steps) -> Iterator[None]:
    """Send one notice when the block ends, with the code that the command ends with, and let every error go on."""
    try:
        yield
    except BaseException as error:
        steps.code, steps.reason = ExitCode(code_of(error)), str(error)
        send(effective, steps)
        raise
    send(effective, steps)


def send(effective: Effective, steps: Steps) -> None:
    """Send the notice when one is configured; a notice that fails, or takes too long, is told and changes nothing."""
    url = effective.settings.run.notify_url
    if not url:
        return
    from connectors.notify import send_notice  # noqa: PLC0415 - needed only with a webhook

    problems = ["The notice was not sent: its address kept the connection open without an answer."]
    payload = payload_of(steps)
    sender = threading.Thread(target=lambda: problems.append(send_notice(url, payload) or ""), daemon=True)
    sender.start()
    sender.join(NOTICE_S_MAX)
    if problems[-1]:
        sys.stderr.write(f"{problems[-1]}\n")


def payload_of(steps: Steps) -> dict[str, object]:
    """Return what is sent: code, reason, verdict and counts; no person's name, address or id."""
    found = steps.verified
    return {
        "plan_id": steps.run.path.name if steps.run else "",
        "exit_code": int(steps.code),
        "reason": _TOLD_ELSEWHERE.get(steps.code) or without_names(steps.reason) or MEANING[steps.code],
        "verdict": found.verdict if found else "",
        "moved": found.totals.moved if found else 0,
        "in_scope": found.totals.in_scope if found else 0,
        "still_on_source": found.residual.users_direct + found.residual.users_inherited if found else 0,
        "journal_head": list(found.journal_head) if found else [],
    }


def without_names(text: str) -> str:
    """Take out of a sentence what may name a person: addresses, ids, words quoted from files, and folders."""
    text = _QUOTED.sub("…", text)
    text = _FOLDERS.sub("…/", text)
    text = _ADDRESS.sub("…", text)
    return _ID.sub("…", text)
