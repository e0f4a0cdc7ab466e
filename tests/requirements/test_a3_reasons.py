"""Every reason that Microsoft gives for a change of product that cannot be made, asked before the change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from requirements.requirement_world import (
    CATALOG,
    E4,
    TENANT,
    draw,
    person,
    product,
    products,
    snapshot,
    subscription,
    to,
)

from connectors.tenant import ServiceHealth
from jobs.license_reassignment.errors import Locked
from jobs.license_reassignment.gather import readiness, subscriptions
from jobs.license_reassignment.run_folder.folder import tenant_lock

ADA = person("ada", E4)


def test_a3_01_more_users_than_licenses_and_whom_to_free() -> None:
    """Over-assigned by five: told with the kinds of account that need no seat."""
    found = readiness.check_source(product(E4, enabled=1000, consumed=1005), (), TENANT)

    [over] = [f for f in found if f.level == "warn"]
    assert "over-assigned: 1005 users on 1000 active seats" == over.text
    assert "a shared or room mailbox of up to 50 GB, which needs no license" in over.remedy


def test_a3_02_services_of_the_source_that_are_not_set_up_are_a_warning() -> None:
    """The source goes away, so it blocks nothing."""
    plans = tuple(replace(p, provisioning_status="Error") for p in product(E4).plans[:1])
    found = readiness.check_source(product(E4, plans=plans), (), TENANT)

    assert ["ok", "warn"] == [f.level for f in found]
    assert f"{plans[0].name} Error" in found[1].text


def test_a3_03_an_unhealthy_service_is_told() -> None:
    """Waiting a few hours is the advice."""
    [found] = readiness.check_health([ServiceHealth("Exchange Online", "serviceDegradation")])

    assert ("warn", "Exchange Online", "serviceDegradation") == (found.level, found.subject, found.text)
    assert "few hours" in found.remedy


def test_a3_04_two_runs_on_one_tenant_refuse_each_other(tmp_path: Path) -> None:
    """The second finds the lock of the first, and may start when the first has ended."""
    with tenant_lock(tmp_path, TENANT), pytest.raises(Locked), tenant_lock(tmp_path, TENANT):
        pass
    with tenant_lock(tmp_path, TENANT):
        assert (tmp_path / f".lock-{TENANT}").exists()


def test_a3_06_several_purchases_do_not_block_and_each_is_named_for_its_own_end() -> None:
    """They are listed with id and state; `check` runs before anything has moved, so nobody is told to end one."""
    two = [subscription(E4, 7, id="first"), subscription(E4, 3, id="second")]
    found = readiness.check_source(product(E4), two, TENANT)

    assert ["ok", "warn"] == [f.level for f in found]
    assert all(name in found[1].text for name in ("first", "second"))
    assert "Do not cancel any of them before the verdict is GO" in found[1].remedy


def test_a3_07_the_end_of_a_prepaid_term_is_told() -> None:
    """Without a date nothing is said; with one, that unused time gives nothing back."""
    dated = [subscription(E4, next_lifecycle="2026-09-30T00:00:00Z")]
    texts = [f.text for f in subscriptions.source_facts(product(E4), dated, CATALOG)]

    assert "the term runs until 2026-09-30; unused time of a prepaid term is not refunded" in texts
    assert not any("term" in f.text for f in subscriptions.source_facts(product(E4), (), CATALOG))


def test_a3_08_price_lists_are_compared() -> None:
    """A government product is no target of a commercial one; whether somebody is a non-profit is not in Graph."""
    found = subscriptions.family_mismatch([product(E4)], [product("ENTERPRISEPACK_GOV")], CATALOG, allowed=False)

    assert ["government product, while the old one is commercial"] == [f.text for f in found]
    assert "nonprofit prices" in {f.subject for f in readiness.SETTLE_BEFORE}


@pytest.mark.parametrize(("assigned", "told"), [(2999, False), (3000, True)])
def test_a3_09_a_large_tenant_has_no_automatic_switch(assigned: int, told: bool) -> None:
    """From 3,000 assigned licenses on."""
    found = subscriptions.source_facts(product(E4, enabled=9000, consumed=assigned), (), CATALOG)

    assert told == any("no automatic change" in f.text for f in found)


@pytest.mark.parametrize("target", ["STANDARDPACK", "OFFICESUBSCRIPTION"])
def test_a3_11_a_target_with_fewer_data_services_is_held(target: str) -> None:
    """Less mailbox, or none at all: held, and the service is named."""
    row = draw(snapshot(ADA, skus=products(target)), to(target)).row(ADA)

    assert "lost_service" == row["reason"]
    assert row["detail"].startswith("Exchange: Plan 2 to ")


def test_a3_12_add_ons_are_looked_at() -> None:
    """Each is told with how many users' targets cover it."""
    with_addon = person("bo", E4, "VISIOCLIENT")
    drawn = draw(snapshot(with_addon))

    [addon] = drawn.plan.header.addons
    assert ("VISIOCLIENT", 0, 0, 1) == (addon.sku_part_number, addon.covered, addon.partly, addon.kept)
    assert "change" == drawn.reason(with_addon)


def test_a3_13_a_subscription_in_grace_is_a_hint_of_an_unpaid_bill() -> None:
    """Graph shows no bill; it shows the state that follows from one."""
    [found] = subscriptions.life_of(
        product(E4), [subscription(E4, status="Warning", next_lifecycle="2026-04-01T00:00:00Z")]
    )

    assert "subscription of ENTERPRISEWITHSCAL is Warning (Expired, in grace): users can still work" in found.text
    assert "next change on 2026-04-01" in found.text


def test_a3_14_who_has_the_target_already_is_left_alone() -> None:
    """A roster row for such a user is no error and no change."""
    there = person("there", "ENTERPRISEPACK")
    drawn = draw(snapshot(there), roster=f"UPN,target\n{there.upn},ENTERPRISEPACK\n")

    assert "already_on_target" == drawn.reason(there)
    assert 0 == drawn.plan.header.totals.held


def test_a3_15_verification_as_a_non_profit_takes_time() -> None:
    """A line to settle beforehand: nothing in Graph tells it."""
    [line] = [f for f in readiness.SETTLE_BEFORE if f.subject == "nonprofit prices"]

    assert ("not_checked", True) == (line.level, "30 days" in line.text)
