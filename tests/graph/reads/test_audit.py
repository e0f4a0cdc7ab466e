"""The directory's audit log: asked for in hours, page by page, five requests in ten seconds, and optional."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import httpx
import pytest
from graph.graph_double import Double, error, page, run
from worlds.virtual_time import START, JumpingClock

from connectors.audit_log import AuditEntry, AuditRecord, entry_of, from_lines, to_lines
from connectors.graph.client import PaceSettings, open_client
from connectors.graph.sign_in.token import FixedToken
from connectors.sandbox.app import create_app
from connectors.sandbox.sample.seed import generate
from connectors.sandbox.tenant.model import WriteRecord
from connectors.sandbox.trouble.quota import Quota

APP = "5a4d0b07-0000-4000-8000-000000000001"
OTHER = "99999999-0000-4000-8000-000000000009"
HOUR = timedelta(hours=1)


def record(number: int = 1, **more: object) -> dict[str, object]:
    """One directoryAudit as Microsoft documents it."""
    user = {"id": f"AAAAAAAA-0000-4000-8000-{number:012d}", "type": "User", "userPrincipalName": "ada@contoso.example"}
    return {
        "id": f"Directory_{number}",
        "activityDateTime": "2026-03-02T08:00:00Z",
        "activityDisplayName": "Change user license",
        "result": "success",
        "initiatedBy": {"app": {"appId": APP.upper()}, "user": None},
        "targetResources": [user],
        **more,
    }


def asked(double: Double) -> list[str]:
    """The filters of the requests."""
    return [parse_qs(r.url.query.decode())["$filter"][0] for r in double.requests]


def test_the_log_is_asked_for_one_activity_one_app_and_one_hour_at_a_time() -> None:
    """Operators are those that Microsoft documents for each property; two and a half hours are three requests."""
    double = Double([page()])
    run(double, lambda c: c.read_audit(APP, START, START + 2.5 * HOUR))

    of_ours = f"activityDisplayName eq 'Change user license' and initiatedBy/app/appId eq '{APP}'"
    assert [
        f"{of_ours} and activityDateTime ge 2026-03-02T08:00:00Z and activityDateTime le 2026-03-02T09:00:00Z",
        f"{of_ours} and activityDateTime ge 2026-03-02T09:00:00Z and activityDateTime le 2026-03-02T10:00:00Z",
        f"{of_ours} and activityDateTime ge 2026-03-02T10:00:00Z and activityDateTime le 2026-03-02T10:30:00Z",
    ] == asked(double)


def test_where_our_app_is_not_known_every_app_is_asked_for() -> None:
    double = Double([page()])
    run(double, lambda c: c.read_audit("", START, START + HOUR))

    assert "appId" not in asked(double)[0]


def test_a_record_on_the_border_of_two_hours_comes_once() -> None:
    double = Double([page(record(1), record(2)), page(record(2), record(3))])
    found = run(double, lambda c: c.read_audit(APP, START, START + 2 * HOUR))

    assert ["Directory_1", "Directory_2", "Directory_3"] == [r["id"] for r in found or ()]


@pytest.mark.parametrize(
    "answer", [error(403, "Authorization_RequestDenied"), error(404), error(400, "BadRequest", "filter")]
)
def test_without_the_permission_or_the_log_there_is_no_answer_and_no_error(answer: httpx.Response) -> None:
    assert run(Double([answer]), lambda c: c.read_audit(APP, START, START + HOUR)) is None


def test_secrets_are_taken_out_of_what_came_and_addresses_stay() -> None:
    """The record is evidence, but nothing in it may open a door."""
    details = [{"key": "User-Agent", "value": "Bearer abc.def client_secret=hunter2"}]
    (found,) = (
        run(Double([page(record(additionalDetails=details))]), lambda c: c.read_audit(APP, START, START + HOUR)) or ()
    )

    assert "<token> client_secret=<secret>" == found["additionalDetails"][0]["value"]
    assert "ada@contoso.example" == found["targetResources"][0]["userPrincipalName"]


def test_an_entry_holds_what_a_witness_needs() -> None:
    entry = AuditEntry(
        "Directory_1", "2026-03-02T08:00:00Z", "aaaaaaaa-0000-4000-8000-000000000001", "ada@contoso.example", APP, True
    )

    assert entry == entry_of(record())
    assert [entry] == from_lines(to_lines([record()]))


def test_a_record_of_a_person_or_without_a_user_is_read_as_well() -> None:
    """Nobody's app, nobody's target: empty, and no success that is none."""
    found = entry_of(record(initiatedBy={"user": {"id": "u"}, "app": None}, targetResources=[], result="failure"))

    assert ("", "", "", False) == (found.app_id, found.user_id, found.user_name, found.succeeded)


def test_lines_stand_in_the_order_of_time() -> None:
    """Whatever the order in which the pages came."""
    late, early = record(1, activityDateTime="2026-03-02T09:00:00Z"), record(2)

    assert ["Directory_2", "Directory_1"] == [e.id for e in from_lines(to_lines([late, early]))]


def _write(at: float, user: str, actor: str) -> WriteRecord:
    return WriteRecord(at, actor, "user", user, (), (), 200, "", None, None)


def test_many_pages_are_read_without_being_throttled_once() -> None:
    """With the documented limit in force: three pages in one hour, six hours, and other apps are left out."""
    tenant, clock, quota = generate(1, 7), JumpingClock(datetime(2026, 3, 3, tzinfo=UTC).timestamp()), Quota()
    began = START.timestamp()
    tenant.write_log = [_write(began + n / 2, f"user {n}", APP) for n in range(2500)]
    tenant.write_log += [_write(began + 60 * n, f"stranger {n}", OTHER) for n in range(300)]
    app = create_app(tenant, clock=lambda: clock.now().timestamp(), quota=quota)

    async def inside() -> tuple[AuditRecord, ...] | None:
        client = open_client(
            root="http://127.0.0.1:8080/v1.0",
            tokens=FixedToken(),
            clock=clock,
            pace=PaceSettings(3000, lambda: 0.9, 3600),
            on_wait=lambda _reason, _seconds: None,
            transport=httpx.ASGITransport(app),
        )
        async with client:
            found = await client.read_audit(APP, START, START + 6 * HOUR)
            assert 0 == client.traffic.throttled
            return found

    found = asyncio.run(inside()) or ()

    assert {f"user {n}" for n in range(2500)} == {entry_of(r).user_id for r in found}
    assert (0, []) == (quota.throttled, quota.violations)
    assert clock.elapsed < 60
