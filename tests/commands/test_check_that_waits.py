"""`check --wait`: how long business days are, how often it looks, and what it says at the end."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from worlds.rehearsal import Rehearsal, tenant_of

from jobs.license_reassignment.commands.check import Checked, check_until_ready, deadline, interval
from jobs.license_reassignment.errors import ExitCode

AMSTERDAM, UTC_ZONE = ZoneInfo("Europe/Amsterdam"), ZoneInfo("UTC")


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("start", "days", "expected"),
    [
        ("2026-03-02T08:00Z", 2, "2026-03-04T08:00Z"),  # Monday to Wednesday
        ("2026-03-05T08:00Z", 2, "2026-03-09T08:00Z"),  # Thursday: Friday counts, then Monday
        ("2026-03-06T18:00Z", 2, "2026-03-10T18:00Z"),  # Friday to Tuesday
        ("2026-03-07T08:00Z", 2, "2026-03-10T08:00Z"),  # Saturday: Monday and Tuesday
        ("2026-03-08T08:00Z", 1, "2026-03-09T08:00Z"),  # Sunday
        ("2026-03-06T18:00Z", 0, "2026-03-06T18:00Z"),
        ("2026-03-02T08:00Z", 10, "2026-03-16T08:00Z"),
    ],
)
def test_saturday_and_sunday_do_not_count(start: str, days: int, expected: str) -> None:
    """The same hour, so many business days later."""
    assert deadline(_at(start), days, (), UTC_ZONE) == _at(expected)


def test_a_holiday_does_not_count() -> None:
    """Christmas Eve, two days off, then a weekend: two business days end on Tuesday."""
    holidays = (date(2026, 12, 25), date(2026, 12, 28))

    assert deadline(_at("2026-12-23T09:00Z"), 2, holidays, UTC_ZONE) == _at("2026-12-29T09:00Z")


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("2026-03-27T09:00+01:00", "2026-03-30T09:00+02:00"),  # the clock goes forward on Sunday
        ("2026-10-23T09:00+02:00", "2026-10-26T09:00+01:00"),  # and back in October
    ],
)
def test_the_hour_is_that_of_the_wall_clock(start: str, expected: str) -> None:
    """Across a change of daylight saving the deadline keeps the hour, so it is 71 or 73 hours away, not 72."""
    found = deadline(_at(start), 1, (), AMSTERDAM)

    assert found == _at(expected)
    assert found.tzinfo == UTC


def test_whose_day_it_is_depends_on_the_zone() -> None:
    """Sunday 23:30 in UTC is Monday in Amsterdam: the next business day there is Tuesday."""
    start = _at("2026-03-08T23:30Z")

    assert deadline(start, 1, (), UTC_ZONE) == _at("2026-03-09T23:30Z")
    assert deadline(start, 1, (), AMSTERDAM) == _at("2026-03-10T00:30+01:00")


@pytest.mark.parametrize(
    ("waited", "minutes"),
    [(0, 5), (59, 5), (60, 15), (359, 15), (360, 60), (60 * 24 * 30, 60)],
)
def test_it_looks_ever_more_rarely(waited: int, minutes: int) -> None:
    """Every five minutes in the first hour, every quarter until the sixth, then hourly."""
    assert interval(timedelta(minutes=waited)) == timedelta(minutes=minutes)


CONTOSO = {"id": "c0a70500-0000-4000-8000-000000000001", "name": "Contoso", "domains": ["contoso.example"]}
SETTINGS = f"""
[tenant]
id = "{CONTOSO["id"]}"
credential = "sandbox"
graph_url = "http://127.0.0.1:8080/v1.0"
[source]
skus = ["ENTERPRISEWITHSCAL"]
[[swap]]
to = ["ENTERPRISEPACK"]
[declare]
purchase_channel = "direct"
"""


def _wait(folder: Path, start: str, appears_after_hours: float | None) -> tuple[Checked, Rehearsal]:
    """Run `check --wait` from this hour on in a tenant whose target appears so much later, or never."""
    (folder / "reseat.toml").write_text(SETTINGS, encoding="utf-8")
    seconds = 10_000 * 3600 if appears_after_hours is None else appears_after_hours * 3600
    event = {"after": seconds, "sku": "ENTERPRISEPACK", "set": {"hidden": False}}
    skus = [
        {"skuPartNumber": "ENTERPRISEWITHSCAL", "enabled": 5},
        {"skuPartNumber": "ENTERPRISEPACK", "enabled": 5, "hidden": True},
    ]
    tenant = tenant_of({"organization": CONTOSO, "skus": skus, "users": [], "schedule": [event]})
    rehearsal = Rehearsal(tenant, folder / "reseat.toml")
    rehearsal.clock.seconds = tenant.started_at = _at(start).timestamp()

    async def go() -> Checked:
        async with rehearsal.parts() as parts:
            return await check_until_ready(parts)

    return asyncio.run(go()), rehearsal


def test_a_target_that_appears_over_a_weekend_is_waited_for(tmp_path: Path) -> None:
    """Ordered on Friday afternoon, there 71 hours later: two business days are not over."""
    checked, rehearsal = _wait(tmp_path, "2026-03-06T16:00Z", 71)

    assert checked.code == ExitCode.DONE
    assert rehearsal.clock.now() == _at("2026-03-09T15:00Z")
    assert all("the tenant has no Office 365 E3" in reason for reason in rehearsal.listener.waits)


def test_after_two_business_days_the_advice_is_support(tmp_path: Path) -> None:
    """Not there on Tuesday at the same hour: exit 6 stays, and the person is told whom to ask."""
    checked, rehearsal = _wait(tmp_path, "2026-03-06T16:00Z", None)

    assert checked.code == ExitCode.NOT_YET
    assert rehearsal.clock.now() == _at("2026-03-10T16:00Z")
    assert rehearsal.listener.sentences == [
        "Not there after 2 business days: ask Microsoft support about the order and its credit check."
    ]


def test_a_target_that_is_there_is_not_waited_for(tmp_path: Path) -> None:
    """One look, no waiting."""
    checked, rehearsal = _wait(tmp_path, "2026-03-06T16:00Z", 0)

    assert (checked.code, rehearsal.listener.waits) == (ExitCode.DONE, [])
