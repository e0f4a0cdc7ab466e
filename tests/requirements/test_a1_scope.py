"""Scope and entry conditions: who may be moved at all, from what, and by which way of buying."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from requirements.requirement_world import (
    CATALOG,
    E4,
    NOON,
    SKU,
    TENANT,
    draw,
    person,
    product,
    products,
    rehearse,
    settings,
    snapshot,
    subscription,
    to,
)

from connectors.errors import WrongTenant
from connectors.tenant import SkuId
from jobs.license_reassignment import guard
from jobs.license_reassignment.decide.seats import seat_row
from jobs.license_reassignment.errors import GuardRefused, InputError, NotReady
from jobs.license_reassignment.gather import readiness, subscriptions
from jobs.license_reassignment.gather.names import Products, policy_of
from jobs.license_reassignment.model.policy import Limits

ADA = person("ada", E4)
GOV = "ENTERPRISEPACK_GOV"


def test_a1_01_purchase_channel_is_checked_or_declared(tmp_path: Path) -> None:
    """A partner's subscription is found in Graph; what Graph does not show must be declared."""
    partner = [subscription(E4, owner_tenant_id="99999999-0000-4000-8000-000000000000")]
    found = readiness.check_source(product(E4), partner, TENANT)

    assert ("person", "bought through a partner") in [(f.level, f.text) for f in found]
    undeclared = rehearse(tmp_path, {"ada": [E4]}, to("ENTERPRISEPACK")).check()
    assert ["purchase channel"] == [f.subject for f in undeclared.findings if f.level == "person"]


def test_a1_02_only_the_pinned_tenant_and_its_domains(tmp_path: Path) -> None:
    """Another tenant is refused, and so is a roster row of another domain."""
    other = rehearse(tmp_path, {"ada": [E4]}, to("ENTERPRISEPACK"))
    other.tenant.organization.id = "99999999-0000-4000-8000-000000000000"
    with pytest.raises(WrongTenant):
        other.check()

    drawn = draw(snapshot(ADA), roster="UPN,target\nx@other.example,ENTERPRISEPACK\n")
    assert [
        "The domain other.example is not a verified domain of this tenant; correct the name, or remove the row."
    ] == [e.reason for e in drawn.bound.errors]


def test_a1_03_steps_come_in_their_order() -> None:
    """A plan that is too old, for another tenant, or whose target is not there is refused, each in its own way."""
    drawn = draw(snapshot(ADA))

    with pytest.raises(GuardRefused, match="snapshot_age_minutes_max"):
        guard.check_age(drawn.plan, Limits(), NOON + timedelta(days=2))
    with pytest.raises(GuardRefused, match="is not the tenant of plan"):
        guard.check_tenant(drawn.plan, "other.example")
    with pytest.raises(NotReady, match="not in the tenant"):
        guard.check_products(drawn.plan, [product(E4)], ())


def test_a1_04_nothing_that_buys_or_cancels_is_asked_for() -> None:
    """No permission to write billing, domains or the directory; the one that writes assigns licenses."""
    asked = {*readiness.READ_PERMISSIONS, readiness.WRITE_PERMISSION, *readiness.OPTIONAL_PERMISSIONS}

    assert ["LicenseAssignment.ReadWrite.All"] == sorted(p for p in asked if "Write" in p)
    assert [] == [p for p in asked if "Billing" in p or "Domain" in p]


def test_a1_05_users_go_to_different_products() -> None:
    """Three rules, three targets, and whoever no rule names is held."""
    toml = "".join(
        f'[[swap]]\nname = "{n}"\nto = ["{p}"]\nwhere = {{ department = ["{n}"] }}\n'
        for n, p in (("a", "ENTERPRISEPACK"), ("b", "ENTERPRISEPREMIUM"), ("c", "SPE_E3"))
    )
    people = [person(f"u{n}", E4, department=n) for n in "abcd"]
    drawn = draw(snapshot(*people, skus=products("ENTERPRISEPACK", "ENTERPRISEPREMIUM", "SPE_E3")), toml)

    assert [("a", 1), ("b", 1), ("c", 1), ("", 0)] == [(r.rule, r.change) for r in drawn.plan.header.rules]
    assert "no_rule" == drawn.reason(people[3])


def test_a1_06_a_part_is_moved_and_the_advice_is_fewer_seats(tmp_path: Path) -> None:
    """Somebody stays by choice: nothing is cancelled, the seats go down to those who stay."""
    run = rehearse(tmp_path, {"ada": [E4], "bo": [E4]}, to("ENTERPRISEPACK"))
    run.tenant.user("ada@contoso.example").department = "Sales"  # type: ignore[union-attr]  # just made
    path = tmp_path / "reseat.toml"
    rules = '[[swap]]\nto = "leave"\nwhere = { department = ["Sales"] }\n'
    path.write_text(path.read_text().replace("[[swap]]", f"{rules}[[swap]]", 1), encoding="utf-8")
    run = type(run)(run.tenant, path)
    run.plan()
    run.apply()

    found = run.verify()

    assert ("NO-GO", "reduce seats to 1") == (found.verdict, found.advice)


def test_a1_07_a_forgotten_edition_of_the_source_is_named() -> None:
    """The product is found by its id; another edition that is out of scope is told."""
    bare = replace(product("ENTERPRISEPACK", consumed=3), part_number="ENTERPRISEWITHSCAL_GOV")

    assert SKU[E4] == CATALOG.find_skus("1392051D-0CB9-4B7A-88D5-621FEE5E8711", ())
    [found] = subscriptions.forgotten_editions([SKU[E4]], [product(E4), bare], CATALOG)
    assert ("warn", "ENTERPRISEWITHSCAL_GOV") == (found.level, found.subject)


def test_a1_08_government_and_commercial_are_not_mixed() -> None:
    """Told by the check, held by the plan, let through only when the settings say so."""
    found = subscriptions.family_mismatch([product(E4)], [product(GOV)], CATALOG, allowed=False)
    world = snapshot(ADA, skus=products(GOV))

    assert [("person", GOV)] == [(f.level, f.subject) for f in found]
    assert "cross_family" == draw(world, to(GOV)).reason(ADA)
    assert "cross_family" != draw(world, to(GOV, more="[limits]\nallow_cross_family = true\n")).reason(ADA)


@pytest.mark.parametrize("part_number", ["LITEPACK", "MIDSIZEPACK"])
def test_a1_09_small_business_plans_are_refused(part_number: str) -> None:
    """They are neither source nor target: a fault of the settings."""
    old = replace(product("ENTERPRISEPACK"), sku_id=_id(part_number), part_number=part_number)

    with pytest.raises(InputError, match="Small and Midsize Business"):
        policy_of(settings(to(part_number)), Products(CATALOG, [product(E4), old]))


def _id(part_number: str) -> SkuId:
    return next(s for s, number in CATALOG.part_numbers.items() if number == part_number)


def test_a1_10_seats_that_a_user_bought_are_not_counted() -> None:
    """No admin can assign them, so they are told and no plan uses them."""
    bought = [subscription("ENTERPRISEPACK", 4, owner_type="User"), subscription("ENTERPRISEPACK", 6, id="ours")]
    row = seat_row(product("ENTERPRISEPACK"), bought, reserve=0, count_warning_units=False, allow_trial=False)
    found = subscriptions.purchase_facts(product("ENTERPRISEPACK"), bought, now=NOON, agreement="mosa")

    assert (4, 6) == (row.not_counted, row.free)
    assert ["Admins cannot assign these seats. Buy seats of your own."] == [f.remedy for f in found]


def test_a1_11_a_trial_is_no_target() -> None:
    """Unless the settings allow it."""
    trial = [subscription("ENTERPRISEPACK", is_trial=True)]

    assert "trial_target" == draw(snapshot(ADA, subscriptions=trial)).reason(ADA)
    allowed = to("ENTERPRISEPACK", more="[limits]\nallow_trial = true\n")
    assert "change" == draw(snapshot(ADA, subscriptions=trial), allowed).reason(ADA)


def test_a1_12_the_plan_says_how_long_it_takes(tmp_path: Path) -> None:
    """One write per user, at the pace that is set; at 3,000 per 150 s and nine tenths that is 1,080 a minute."""
    planned = rehearse(tmp_path, {"ada": [E4]}, to("ENTERPRISEPACK")).plan()

    assert "Applying it takes about 1 min, at 1080 users per minute." in planned.warnings
