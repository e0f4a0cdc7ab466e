"""Whether the new subscription is ready, and whether there are seats for everybody."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from requirements.requirement_world import (
    CATALOG,
    E4,
    SKU,
    TENANT,
    draw,
    holding,
    person,
    product,
    rehearse,
    settings,
    snapshot,
    subscription,
    to,
)

from connectors.tenant import ServicePlan
from jobs.license_reassignment import guard
from jobs.license_reassignment.commands.check import TIERS, deadline
from jobs.license_reassignment.decide.seats import fit, seat_row
from jobs.license_reassignment.errors import ExitCode, GuardRefused, NotReady
from jobs.license_reassignment.gather import readiness, subscriptions
from jobs.license_reassignment.gather.names import Products, policy_of

ADA, BO = person("ada", E4), person("bo", E4)
E3 = "ENTERPRISEPACK"
GROUP = "aaaaaaaa-0000-4000-8000-000000000001"


def test_a2_01_a_target_that_is_not_active_is_told_in_graphs_word() -> None:
    """Not there, and each of the four states: five different answers."""
    absent = readiness.target_problem(None, SKU[E3], ())
    states = ("Warning", "Suspended", "LockedOut", "Deleted")
    told = [readiness.target_problem(product(E3, capability_status=s), SKU[E3], ()) for s in states]

    assert 5 == len({absent, *told})
    assert all(state in text for state, text in zip(states, told, strict=True))
    off = [subscription(E3, status="Suspended")]
    assert "ENTERPRISEPACK: subscription status Suspended" == readiness.target_problem(product(E3), SKU[E3], off)


def test_a2_02_not_yet_is_no_failure(tmp_path: Path) -> None:
    """A target that has not appeared gives "try again later"; two business days do not count a weekend."""
    run = rehearse(tmp_path, {"ada": [E4]}, to(E3, more='[declare]\npurchase_channel = "direct"\n'))
    run.tenant.skus[SKU[E3]].hidden = True

    assert ExitCode.NOT_YET == run.check().code
    friday = datetime(2026, 3, 6, 10, tzinfo=UTC)
    assert datetime(2026, 3, 10, 10, tzinfo=UTC) == deadline(friday, 2, (), ZoneInfo("UTC"))
    assert datetime(2026, 3, 11, 10, tzinfo=UTC) == deadline(friday, 2, (date(2026, 3, 9),), ZoneInfo("UTC"))


@pytest.mark.parametrize("status", ["PendingProvisioning", "PendingInput", "Error", "Disabled", "NewWord"])
def test_a2_03_every_service_must_be_set_up(status: str) -> None:
    """The plan is named; one that waits for an admin's activation, such as INTUNE_O365, does not block."""
    one = product(E3).plans[0]
    waiting = product(E3, plans=(replace(one, provisioning_status=status),))
    activation = product(E3, plans=(replace(one, provisioning_status="PendingActivation"),))

    assert [f"{one.name} {status}"] == readiness.plan_problems(waiting)
    assert [] == readiness.plan_problems(activation)


@pytest.mark.parametrize(("seats", "verdict"), [((999,), "1 fewer"), ((1000,), "equal"), ((1001,), "1 more")])
def test_a2_04_as_many_seats_as_there_were(seats: tuple[int, ...], verdict: str) -> None:
    """Told as a pair with its verdict; two targets count together."""
    old = [product(E4, enabled=1000)]
    found = subscriptions.seats_pair(old, [product(E3, enabled=n) for n in seats])
    split = subscriptions.seats_pair(old, [product(E3, enabled=600), product("SPE_E3", enabled=400)])

    assert f"1000 of the old product, {seats[0]} of the targets: {verdict}" == found.text
    assert ("warn" if verdict.endswith("fewer") else "ok", "ok") == (found.level, split.level)


def test_a2_05_only_new_holders_need_a_seat() -> None:
    """Who holds the target directly, through a group or both ways, takes none; one seat per user."""
    both = person("both", E4, holding(E3, group=GROUP), E3)
    via_group = person("group", E4, holding(E3, group=GROUP))
    drawn = draw(snapshot(ADA, both, via_group))

    assert 1 == drawn.plan.header.seats[0].needed
    assert {"ada": "change", "both": "change", "group": "change"} == drawn.column("kind")


def test_a2_06_free_is_counted_without_grace_unless_asked() -> None:
    """All raw units are shown; grace counts by flag only, and a shortage shows as a negative number."""
    grace = product(E3, enabled=0, warning=1000, consumed=900)
    plain = seat_row(grace, (), reserve=0, count_warning_units=False, allow_trial=False)
    with_grace = seat_row(grace, (), reserve=0, count_warning_units=True, allow_trial=False)

    assert (-900, 100) == (plain.free, with_grace.free)
    assert (0, 1000, 900) == (plain.enabled, plain.warning, plain.consumed)
    assert [SKU[E3]] == fit([(SKU[E3],)], {SKU[E3]: plain.free})


def test_a2_07_holders_whom_nobody_expected_are_listed() -> None:
    """Who holds the target and never held the source takes seats that the plan needs."""
    drawn = draw(snapshot(ADA, person("guest.of.a.purchase", E3)))

    [found] = drawn.plan.header.unexpected_holders
    assert (E3, 1) == (found.sku_part_number, found.users)
    assert ("guest.of.a.purchase@contoso.example",) == found.sample


def test_a2_08_a_shortage_holds_exactly_those_who_do_not_fit() -> None:
    """Both remedies are named, and fewer seats are never part of the move."""
    drawn = draw(snapshot(ADA, BO, skus=[product(E4), product(E3, enabled=1)]))

    assert ("change", "no_seat") == (drawn.reason(ADA), drawn.reason(BO))
    [held] = drawn.plan.header.holds
    assert ("no_seat", 1) == (held.reason, held.users)
    assert "Buy" in held.remedy
    assert "free" in held.remedy
    assert "keeps the old license" in held.remedy


@pytest.mark.parametrize(("days", "word"), [(6, "can be returned until"), (8, "ended on")])
def test_a2_09_the_seven_days_for_returning_seats(days: int, word: str) -> None:
    """Day six and day eight give different words; without a declaration it says on which terms that rests."""
    bought = [subscription(E3, created="2026-03-02T00:00:00Z")]
    now = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(days=days)
    [found] = subscriptions.purchase_facts(product(E3), bought, now=now, agreement="mca")
    [unsaid] = subscriptions.purchase_facts(product(E3), bought, now=now, agreement="")

    assert word in found.text
    assert "2026-03-09" in found.text
    assert "which [declare] does not say" in unsaid.text
    assert [] == subscriptions.purchase_facts(product(E3), bought, now=now, agreement="mosa")


def test_a2_10_no_seats_of_the_retired_product_are_sold() -> None:
    """Nothing about the source ever says buy, and an undo has only the seats that are there."""
    full = product(E4, enabled=10, consumed=20)
    found = [*readiness.check_source(full, (), TENANT), *subscriptions.source_facts(full, (), CATALOG)]

    assert [] == [f for f in found if "buy" in f"{f.text} {f.remedy}".lower()]
    assert any("an undo has only the seats that are there" in f.text for f in found)


def test_a2_11_every_subscription_behind_a_product_is_told() -> None:
    """Two purchases of one product, one of them over: each with its id, and the sum against the SKU."""
    two = [subscription(E4, 700, id="first"), subscription(E4, 300, id="second", status="Suspended")]
    sku = product(E4, enabled=1000)

    texts = [f.text for f in readiness.check_source(sku, two, TENANT)]
    assert any("first (Enabled, 700 seats); second (Suspended, 300 seats)" in t for t in texts)
    [sums] = subscriptions.subscriptions_add_up(sku, two)
    assert "the subscriptions add up to 700 seats, and the product has 1000" == sums.text
    assert [] == subscriptions.subscriptions_add_up(product(E4, enabled=700), two)


def test_a2_12_a_base_and_its_companion_come_together() -> None:
    """One request for both; where the companion is short the user is held whole."""
    world = snapshot(ADA, BO, skus=[product(E4), product(E3), product("MCOEV", enabled=1)])
    drawn = draw(world, to(E3, "MCOEV"))

    assert {SKU[E3], SKU["MCOEV"]} == set(drawn.row(ADA)["add"].split("+"))
    assert ("no_seat", "MCOEV", "") == tuple(drawn.row(BO)[c] for c in ("reason", "detail", "add"))


def test_a2_13_a_product_that_changed_since_the_plan_is_noticed() -> None:
    """Microsoft adds a service: the plan is out of date, and nothing is sent."""
    drawn = draw(snapshot(ADA))
    more = replace(product(E3), plans=(*product(E3).plans, ServicePlan("ffff", "NEW_SERVICE")))  # type: ignore[arg-type]

    guard.check_products(drawn.plan, [product(E4), product(E3)], ())
    with pytest.raises(GuardRefused, match="other service plans"):
        guard.check_products(drawn.plan, [product(E4), more], ())


def test_a2_14_a_missing_target_may_wait_for_a_credit_check() -> None:
    """The message says how long a purchase by invoice may take, and whom to ask afterwards."""
    with pytest.raises(NotReady, match=r"two business days to appear.*contact Microsoft support"):
        policy_of(settings(to(E3)), Products(CATALOG, [product(E4)]))
    assert [timedelta(hours=1), timedelta(hours=6), timedelta.max] == [until for until, _ in TIERS]
