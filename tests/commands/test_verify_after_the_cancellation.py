"""After the cancellation: is it over, are the targets and everybody fine, and what is different from the last look."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from worlds.evidence_world import CATALOG, Night, give_source_back, someone, source_of

from jobs.license_reassignment.commands.audit import audit
from jobs.license_reassignment.reconcile.reconciliation import Reconciliation


@pytest.fixture
def night(tmp_path: Path) -> Night:
    """A tenant at GO."""
    night = Night(tmp_path).moved()
    assert night.verify().verdict == "GO"
    night.clock.seconds += 86_400
    return night


def cancel(night: Night, status: str = "Suspended") -> None:
    """Let the source subscription be in this state; after Deleted nothing of it is left."""
    source = night.tenant.skus[source_of(night.tenant)]
    source.status, source.enabled = status, 0
    for one in night.tenant.subscriptions.values():
        if one.sku == source.id:
            one.status = status
    if status == "Deleted":
        del night.tenant.skus[source.id]
        night.tenant.subscriptions = {k: s for k, s in night.tenant.subscriptions.items() if s.sku != source.id}


def failed(found: Reconciliation) -> list[str]:
    return [check.id for check in found.after_cancel if not check.passed]


@pytest.mark.parametrize("status", ["Suspended", "LockedOut", "Deleted"])
def test_all_is_well_when_the_source_is_over(night: Night, status: str) -> None:
    """In each of the states that follow a cancellation, also when nothing of it is left."""
    cancel(night, status)
    found = night.verify(after_cancel=True)

    assert ("GO", 0, []) == (found.verdict, found.exit_code, failed(found))
    assert "it has been canceled, and everyone is correctly licensed" == found.advice_reason
    assert (0, ()) == (audit(night.run, CATALOG).code, audit(night.run, CATALOG).differences)


def test_a_source_that_still_runs_is_told_with_its_date(night: Night) -> None:
    """Recurring billing may only be switched off: it runs until the day that Graph names."""
    found = night.verify(after_cancel=True)

    assert (["source_ended"], "NO-GO", 3) == (failed(found), found.verdict, found.exit_code)
    assert "Enabled, next date 2027-06-30" in found.after_cancel[0].detail


def test_a_target_in_trouble_is_told(night: Night) -> None:
    cancel(night)
    night.tenant.sku_named("ENTERPRISEPREMIUM").status = "Warning"

    assert ["targets_fine"] == failed(night.verify(after_cancel=True))


def test_who_was_fine_and_is_not_any_more_is_named(night: Night) -> None:
    """Somebody took a license back since the last look; an account that was deleted is nobody's loss."""
    cancel(night)
    lost, deleted = list(night.tenant.living())[:2]
    night.tenant.set_assignments(lost, (), night.now)
    night.tenant.delete_user(deleted, night.now)
    found = night.verify(after_cancel=True)

    assert ["nobody_lost"] == failed(found)
    assert f"1 user is no longer correctly licensed: {lost.upn}" == found.after_cancel[2].detail


def test_without_a_former_look_the_journal_says_who_was_fine(tmp_path: Path) -> None:
    night = Night(tmp_path).moved()
    cancel(night)
    night.tenant.set_assignments(someone(night.tenant), (), night.now)

    assert ["nobody_lost"] == failed(night.verify(after_cancel=True))


def test_a_plain_look_asks_none_of_these_questions(night: Night) -> None:
    cancel(night)

    assert () == night.verify().after_cancel


def test_the_report_says_so(night: Night) -> None:
    """Page, summary and JSON hold the three questions, and the page asks another one at the top."""
    cancel(night)
    night.verify(after_cancel=True)
    page, summary = (night.run.read(name).decode() for name in ("report.html", "summary.md"))
    said = orjson.loads(night.run.read("reconciliation.json"))["after_cancel"]

    assert ["source_ended", "targets_fine", "nobody_lost"] == [check["id"] for check in said]
    assert "Is everything in order after the end of Office 365 E4?" in page
    assert "No user has lost service" in page
    assert "- ✓ The old subscription has ended: Office 365 E4: Suspended" in summary


def test_an_empty_difference_is_said_in_words(night: Night) -> None:
    found = night.verify()

    assert found.since_last is not None
    assert found.since_last.same
    assert found.since_last.sentence.endswith("(GO): nothing has changed")
    assert "Nothing has changed: no gate, no user and no holder" in night.run.read("report.html").decode()


def test_a_difference_names_gates_users_and_holders(night: Night) -> None:
    user = someone(night.tenant)
    give_source_back(night, user)
    found = night.verify()
    night.tenant.set_assignments(
        user, [a for a in user.profile.assignments if a.sku != source_of(night.tenant)], night.now
    )
    later = night.verify()

    assert found.since_last is not None
    assert later.since_last is not None
    assert [("no_direct_holders", "passed", "failed"), ("consumed_is_zero", "passed", "failed")] == [
        (t.id, t.before, t.now) for t in found.since_last.gates
    ]
    assert [(user.upn, "moved", "drifted")] == [(t.name, t.before, t.now) for t in found.since_last.users]
    assert ((user.upn,), ()) == (found.since_last.appeared, found.since_last.vanished)
    assert ((), (user.upn,)) == (later.since_last.appeared, later.since_last.vanished)
    assert "1 former holder of the old product" in later.since_last.sentence


def test_the_first_look_has_nothing_to_compare_with(tmp_path: Path) -> None:
    assert Night(tmp_path).moved().verify().since_last is None
