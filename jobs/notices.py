"""The notice at the end of a run: verdict and numbers to a webhook, never a name."""

from __future__ import annotations

import sys

from jobs.license_reassignment.pipeline import Steps
from jobs.settings import Effective


def send(effective: Effective, steps: Steps) -> None:
    """Send the notice when one is configured; a notice that fails is told and changes nothing."""
    url = effective.settings.run.notify_url
    if not url:
        return
    from connectors.notify import send_notice  # noqa: PLC0415 - needed only with a webhook

    found = steps.verified
    payload = {
        "plan_id": steps.run.path.name if steps.run else "",
        "exit_code": int(steps.code),
        "reason": steps.reason,
        "verdict": found.verdict if found else "",
        "moved": found.totals.moved if found else 0,
        "in_scope": found.totals.in_scope if found else 0,
        "still_on_source": found.residual.users_direct + found.residual.users_inherited if found else 0,
        "journal_head": list(found.journal_head) if found else [],
    }
    problem = send_notice(url, payload)
    if problem:
        sys.stderr.write(f"{problem}\n")
