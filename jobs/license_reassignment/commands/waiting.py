"""`reseat check --wait`: looks again, ever more rarely, until the targets are there or the business days are over."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from jobs.license_reassignment.commands.check import Checked, check
from jobs.license_reassignment.commands.shared.parts import Parts
from jobs.license_reassignment.errors import ExitCode

# Microsoft's own words: a temporary issue takes about an hour, provisioning a few hours, a credit check business days.
TIERS = (
    (timedelta(hours=1), timedelta(minutes=5)),
    (timedelta(hours=6), timedelta(minutes=15)),
    (timedelta.max, timedelta(hours=1)),
)


def deadline(start: datetime, business_days: int, holidays: Collection[date], zone: ZoneInfo) -> datetime:
    """Return the same hour so many business days later; Saturday, Sunday and holidays do not count."""
    local, left = start.astimezone(zone), business_days
    while left > 0:
        local += timedelta(days=1)
        if local.weekday() < 5 and local.date() not in holidays:
            left -= 1
    return local.astimezone(start.tzinfo)


def interval(waited: timedelta) -> timedelta:
    """Return how long to wait before the next look."""
    return next(pause for until, pause in TIERS if waited < until)


async def check_until_ready(parts: Parts) -> Checked:
    """Check again while the only answer is "not yet"; at the deadline give the last answer."""
    settings = parts.effective.settings
    start = parts.clock.now()
    end = deadline(
        start, settings.wait.deadline_business_days, settings.wait.holidays, ZoneInfo(settings.pace.time_zone)
    )
    while True:
        checked = await check(parts)
        now = parts.clock.now()
        if checked.code != ExitCode.NOT_YET:
            return checked
        if now >= end:
            parts.watcher.said(
                f"Not there after {settings.wait.deadline_business_days} business days: ask Microsoft support about "
                "the order and its credit check."
            )
            return checked
        pause = interval(now - start)
        missing = "; ".join(f.text for f in checked.findings if f.level == "not_yet")
        parts.watcher.waiting(missing, pause.total_seconds())
        await parts.clock.sleep(pause.total_seconds())
