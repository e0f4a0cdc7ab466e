"""Microsoft's own record of our writes: exported, matched one by one, and its absence said plainly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from worlds.evidence_world import APP, CATALOG, ROLES, Night, someone

from connectors.sandbox.tenant.model import WriteRecord
from jobs.license_reassignment.commands.audit import audit
from jobs.license_reassignment.reconcile.audit_log import writing_periods


@pytest.fixture
def night(tmp_path: Path) -> Night:
    """A tenant whose users were all moved."""
    return Night(tmp_path).moved()


def lines(night: Night) -> list[dict[str, object]]:
    return [orjson.loads(line) for line in night.run.read("audit-log.jsonl").splitlines()]


def test_every_write_has_its_record(night: Night) -> None:
    found = night.verify().witness

    assert found is not None
    assert ("exported", 8, 8, 8, (), ()) == (
        found.status, found.records, found.writes, found.matched, found.missing, found.foreign,
    )  # fmt: skip
    assert {"Change user license"} == {line["activityDisplayName"] for line in lines(night)}
    assert sorted(str(line["activityDateTime"]) for line in lines(night)) == [
        line["activityDateTime"] for line in lines(night)
    ]


def test_a_record_that_is_not_there_yet_is_missing_and_named(night: Night) -> None:
    """It is matched once the log has caught up: records appear some minutes late."""
    night.tenant.knobs.audit_lag_seconds = 1800.0
    first = night.verify()
    night.clock.seconds += 3600
    second = night.verify()

    assert (0, 8) == (first.witness.matched, len(first.witness.missing))  # type: ignore[union-attr]
    assert {u.upn for u in night.tenant.living()} == {m.name for m in first.witness.missing}  # type: ignore[union-attr]
    assert any("8 of 8 changes have no record" in sentence for sentence in first.not_checked)
    assert (8, ()) == (second.witness.matched, second.witness.missing)  # type: ignore[union-attr]
    assert not any("have no record" in sentence for sentence in second.not_checked)


def test_a_record_that_no_write_of_ours_explains_is_foreign(night: Night) -> None:
    """Somebody else used our app's name while we wrote."""
    log = night.tenant.write_log
    ours = next(r for r in log if r.kind == "user" and r.status < 300)
    log.append(replace(ours, target=someone(night.tenant).id, request_id="stranger"))
    found = night.verify()
    (record,) = found.witness.foreign  # type: ignore[union-attr]

    assert (someone(night.tenant).id, someone(night.tenant).upn) == (record.user_id, record.user_name)
    assert 9 == len(lines(night))


def test_refused_attempts_are_no_change_and_not_foreign(night: Night) -> None:
    log: list[WriteRecord] = night.tenant.write_log
    log.append(replace(log[0], status=400, message="refused"))
    found = night.verify().witness

    assert (9, 8, ()) == (found.records, found.matched, found.foreign)  # type: ignore[union-attr]


def test_the_records_add_up(night: Night) -> None:
    """Matched, further attempts and foreign ones are all there are, and the report says it so."""
    log: list[WriteRecord] = night.tenant.write_log
    log.append(replace(log[0], status=400, message="refused"))
    log.append(replace(log[0], target=someone(night.tenant).id, request_id="stranger"))
    found = night.verify().witness

    assert found is not None
    assert (10, 8, 1, 1) == (found.records, found.matched, found.further, len(found.foreign))
    assert 1 == orjson.loads(night.run.read("reconciliation.json"))["witness"]["further"]
    assert (
        "audit-log.jsonl holds 10 in all: 8 for these users, 1 for further attempts (refused, or sent again), and 1 "
        "under our app ID that are not changes of this run."
    ) in night.run.read("report.html").decode()


def test_records_that_microsoft_has_dropped_meanwhile_are_kept(night: Night) -> None:
    """They are kept for 7 or 30 days; the look a month later still has its witness."""
    night.verify()
    night.clock.seconds += 40 * 86_400
    night.tenant.write_log.clear()
    found = night.verify().witness

    assert (8, 8, ()) == (found.records, found.matched, found.missing)  # type: ignore[union-attr]


def test_without_the_permission_it_is_said_and_nothing_else_changes(night: Night) -> None:
    night.permissions = frozenset(ROLES)
    found = night.verify()

    assert ("GO", "not_permitted") == (found.verdict, found.witness.status)  # type: ignore[union-attr]
    assert not night.run.has("audit-log.jsonl")
    assert (
        "Microsoft's own audit log is not part of this evidence: reading it was refused. It takes the permission "
        "AuditLog.Read.All, and in some tenants Directory.Read.All beside it." in (found.not_checked)
    )
    assert "Not exported: reading it was refused" in night.run.read("report.html").decode()


def test_before_the_first_write_there_is_nothing_to_match(tmp_path: Path) -> None:
    night = Night(tmp_path)
    night.plan()

    assert "nothing_written" == night.verify().witness.status  # type: ignore[union-attr]
    assert not night.run.has("audit-log.jsonl")


def test_an_audit_matches_the_records_again(night: Night) -> None:
    """A record taken out of the file is noticed, though every digest was made to fit."""
    night.verify()
    said = orjson.loads(night.run.read("reconciliation.json"))["witness"]
    assert 8 == said["matched"]

    night.run.write("audit-log.jsonl", b"\n".join(night.run.read("audit-log.jsonl").splitlines()[1:]))

    assert any(d.startswith("reconciliation.json: witness.matched") for d in audit(night.run, CATALOG).differences)


def test_each_session_is_asked_for_with_the_app_that_wrote(tmp_path: Path) -> None:
    """Two nights are two windows, and the days between them are not asked for."""
    night = Night(tmp_path, wave=[{"name": "pilot", "users": 3, "then": "stop"}])
    planned = night.plan()
    night.apply()
    night.clock.seconds += 86_400
    night.apply(planned.plan.wave_names[-1])
    found = night.verify().witness

    assert found is not None
    assert ["2026-03-02", "2026-03-03"] == [w.since[:10] for w in found.windows]
    assert (8, 8) == (found.records, found.matched)
    assert {APP} == {w.app_id for w in found.windows}
    assert () == writing_periods(())
