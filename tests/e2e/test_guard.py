"""What `apply` refuses before the first write, and what is not there yet: nothing is sent, nothing is journalled."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from worlds.loopback.rig import E3, SETTINGS, TENANT, Rig, tenant, until

pytestmark = pytest.mark.socket


def refused(rig: Rig, plan_id: str, code: int, *words: str, as_tenant: str = TENANT) -> None:
    """`apply` ends so, and nothing was sent."""
    journal = rig.journal(plan_id)
    sent = rig.sent()
    rig.run("apply", plan_id, "--tenant", as_tenant).says(code, *words)
    assert (journal, sent) == (rig.journal(plan_id), rig.sent())


def test_another_tenant_than_the_plans_is_10(rig: Rig) -> None:
    """A domain that is not verified there is no consent."""
    rig.serve(tenant())
    plan_id = rig.plan()
    refused(rig, plan_id, 10, "Contoso", TENANT, as_tenant="fabrikam.example")


@pytest.mark.thorough
def test_an_altered_plan_is_10(rig: Rig) -> None:
    """One letter of a file that the plan rests on; put back, it is the plan again."""
    rig.serve(tenant())
    plan_id = rig.plan()
    for name in ("plan.json", "decisions.csv", "snapshot.csv"):
        path = rig.folder / "runs" / plan_id / name
        whole = path.read_bytes()
        path.write_bytes(whole.replace(b"everyone", b"everyonE").replace(b"User 1", b"User 7"))
        refused(rig, plan_id, 10, name)
        path.write_bytes(whole)
    assert 0 == rig.run("apply", plan_id, "--tenant", TENANT).code


@pytest.mark.thorough
def test_an_altered_journal_is_10(rig: Rig) -> None:
    """One character of an earlier line, in every command that reads it; `audit` calls it 5."""
    rig.serve(tenant())
    plan_id = rig.plan()
    assert 0 == rig.run("apply", plan_id, "--tenant", TENANT).code
    assert 0 == rig.run("verify", plan_id).code
    path = rig.folder / "runs" / plan_id / "journal.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"verdict":"applied"', b'"verdict":"refused"', 1))

    for command in (("apply", "--tenant", TENANT), ("verify",)):
        rig.run(command[0], plan_id, *command[1:]).says(10, "journal.jsonl", "line")
    audited = rig.run("audit", rig.folder / "runs" / plan_id, "--json")
    assert 5 == audited.code, audited.out


@pytest.mark.thorough
def test_a_snapshot_that_is_too_old_is_10(rig: Rig) -> None:
    """Asked at the first write only."""
    rig.serve(tenant())
    plan_id = rig.plan()
    rig.configure(f"{SETTINGS}\n[limits]\nsnapshot_age_minutes_max = 0\n")
    refused(rig, plan_id, 10, "snapshot_age_minutes_max")


@pytest.mark.thorough
def test_more_changes_than_the_limit_is_3_and_then_10(rig: Rig) -> None:
    """`plan` tells, `apply` refuses; a limit is read live."""
    rig.serve(tenant())
    rig.configure(f"{SETTINGS}\n[limits]\nusers_changed_max = 2\n")
    plan_id = rig.plan(code=3)
    refused(rig, plan_id, 10, "users_changed_max")
    rig.configure()
    assert 0 == rig.run("apply", plan_id, "--tenant", TENANT).code


@pytest.mark.thorough
def test_too_few_seats_at_apply_is_10(rig: Rig) -> None:
    """Somebody else took the seats since."""
    world = rig.serve(tenant())
    plan_id = rig.plan()
    world.tenant.skus[E3].enabled = 2
    refused(rig, plan_id, 10, "ENTERPRISEPACK", "3 seats")


@pytest.mark.thorough
def test_a_target_that_is_absent_is_6(rig: Rig) -> None:
    """Known to the world, not yet in the tenant: check, plan and apply say so."""
    world = rig.serve(tenant())
    plan_id = rig.plan()
    world.tenant.skus[E3].hidden = True

    checked = rig.run("check", "--json")
    assert (6, ["not_yet"]) == (checked.code, [f["level"] for f in checked.json["findings"] if f["level"] == "not_yet"])
    rig.run("plan").says(6, "Office 365 E3")
    refused(rig, plan_id, 6, "ENTERPRISEPACK")


@pytest.mark.thorough
def test_a_target_that_is_not_provisioned_is_6(rig: Rig) -> None:
    """One plan of the target still waits; the plan is written all the same, and told."""
    world = rig.serve(tenant())
    world.tenant.skus[E3].plans[0].status = "PendingProvisioning"
    assert 6 == rig.run("check").code
    plan_id = rig.plan(code=6)
    refused(rig, plan_id, 6, "PendingProvisioning")


@pytest.mark.thorough
def test_a_second_run_at_once_is_11(rig: Rig) -> None:
    """The lock is the tenant's; it is free again when its holder was killed."""
    rig.serve(tenant())
    plan_id = rig.plan()
    (rig.folder / "runs" / plan_id / "pause").touch()
    first = rig.start("apply", plan_id, "--tenant", TENANT)
    until(lambda: rig.journal(plan_id), "the journal")

    rig.run("apply", plan_id, "--tenant", TENANT).says(11, "reseat status")
    rig.run("run", "--approve", TENANT).says(11)
    assert 0 == rig.run("status", plan_id).code

    first.kill()
    assert 0 > rig.end(first).code
    (rig.folder / "runs" / plan_id / "pause").unlink()
    assert 0 == rig.run("apply", plan_id, "--tenant", TENANT).code


@pytest.mark.thorough
def test_the_head_of_a_plan_says_what_was_frozen(rig: Rig) -> None:
    """Settings that differ now are told, and the plan's own are used."""
    rig.serve(tenant())
    plan_id = rig.plan()
    rig.configure(SETTINGS.replace("ENTERPRISEPACK", "SPE_E3"))

    done = rig.run("apply", plan_id, "--tenant", TENANT, "--json")

    assert (0, 3) == (done.code, done.json["writes"]), done.err
    start = rig.journal(plan_id)[0]
    assert ("start", True) == (start["kind"], start["config_changed"])
    assert "settings file has changed since the plan was made" in done.err
    header = json.loads((rig.folder / "runs" / plan_id / "plan.json").read_bytes())
    assert ["ENTERPRISEPACK"] == [target["sku_part_number"] for target in header["targets"]]


def test_a_runs_folder_that_cannot_be_made_is_4(rig: Rig) -> None:
    """Something else stands in its place; nothing is lost."""
    rig.serve(tenant())
    (rig.folder / "taken").touch()
    rig.run("plan", "--runs", "taken").says(4, "taken")
    rig.run("run", "--runs", "taken", "--approve", TENANT).says(4, "taken")


@pytest.mark.thorough
def test_outside_the_hours_for_writes_is_4(rig: Rig) -> None:
    """Reading is allowed at any time."""
    world = rig.serve(tenant())
    hour = datetime.now(UTC).hour
    rig.configure(f'{SETTINGS}\n[pace]\nwindow = "{(hour + 2) % 24:02d}:00-{(hour + 3) % 24:02d}:00"\n')
    plan_id = rig.plan()
    done = rig.run("apply", plan_id, "--tenant", TENANT, "--json")
    assert (4, []) == (done.code, world.tenant.write_log), done.out
    assert "window" in done.json["reason"]
