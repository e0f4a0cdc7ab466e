"""May a plan begin: every guard with its sentence and its exit code."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from worlds.job_world import E3, MCOEV, NOON, PRODUCTS, TENANT, TO_E3, draw, person, product, snapshot, subscription

from connectors.tenant import Organization, ServicePlan
from jobs.license_reassignment.errors import ExitCode, GuardRefused, NotReady
from jobs.license_reassignment.guard import (
    check_age,
    check_limits,
    check_products,
    check_seats,
    check_tenant,
    over_limits,
)
from jobs.license_reassignment.model.policy import Limits

CROWD = [person(n, "ENTERPRISEWITHSCAL") for n in ("ada", "bo", "cy")]
GUEST = person("guest", "ENTERPRISEWITHSCAL", user_type="Guest")
PLAN = draw(snapshot(*CROWD, GUEST)).plan
SKUS = tuple(product(p) for p in PRODUCTS)


def test_a_plan_within_its_limits_passes() -> None:
    """Exactly the limit is within it."""
    assert over_limits(PLAN, Limits(users_changed_max=3, users_changed_percent_max=75)) == []


def test_too_many_users_are_refused_with_both_numbers() -> None:
    """`plan` tells the same sentence that `apply` refuses with."""
    limits = Limits(users_changed_max=2)

    with pytest.raises(GuardRefused) as refused:
        check_limits(PLAN, limits)

    assert refused.value.exit_code == ExitCode.GUARD
    assert [str(refused.value)] == over_limits(PLAN, limits)
    assert str(refused.value) == (
        "Limit exceeded: the plan changes 3 users, and [limits] users_changed_max is 2. Raise it if that is intended; "
        "until then `apply` refuses."
    )


def test_too_large_a_share_is_refused() -> None:
    """Three of four users in scope are 75 per cent."""
    [told] = over_limits(PLAN, Limits(users_changed_percent_max=74))

    assert told == (
        "Limit exceeded: the plan changes 75.0 % of the users in scope who have the old product, and [limits] "
        "users_changed_percent_max is 74. Raise it if that is intended; until then `apply` refuses."
    )


def test_both_limits_are_told_together() -> None:
    """Nobody should have to raise one limit to hear of the other."""
    assert len(over_limits(PLAN, Limits(users_changed_max=0, users_changed_percent_max=0))) == 2


def test_an_empty_plan_exceeds_nothing() -> None:
    """No user in scope is no share of anything."""
    empty = draw(snapshot(person("di", "ENTERPRISEPACK"))).plan

    assert over_limits(empty, Limits(users_changed_max=0, users_changed_percent_max=0)) == []


@pytest.mark.parametrize("name", [TENANT, "contoso.example"])
def test_the_plan_s_own_tenant_may_be_named_by_id_or_domain(name: str) -> None:
    """Nothing is raised when it is also the one that answers."""
    check_tenant(PLAN, name, Organization(TENANT.upper(), "Contoso", ()))


def test_another_name_is_refused_and_the_right_one_told() -> None:
    """The message says which tenant the plan is for."""
    with pytest.raises(GuardRefused) as refused:
        check_tenant(PLAN, "fabrikam.example")

    assert str(refused.value) == (
        f"--tenant fabrikam.example is not the tenant of plan {PLAN.plan_id}: that is Contoso ({TENANT}, "
        "contoso.example, contoso.onmicrosoft.com). Nothing was sent."
    )


@pytest.mark.parametrize("nothing", ["", " "])
def test_an_empty_name_is_told_as_one(nothing: str) -> None:
    """A variable of the shell that is not set."""
    with pytest.raises(GuardRefused) as refused:
        check_tenant(PLAN, nothing)

    assert str(refused.value).startswith(f"--tenant is empty, and has to name the tenant of plan {PLAN.plan_id}: ")


def test_another_tenant_that_answers_is_refused() -> None:
    """The right name on the command line, the credential of somewhere else."""
    with pytest.raises(GuardRefused, match=r"^Signed in to Fabrikam .* Nothing was sent\.$"):
        check_tenant(PLAN, TENANT, Organization("99999999-0000-4000-8000-000000000000", "Fabrikam", ()))


@pytest.mark.parametrize(("minutes", "refused"), [(1440, False), (1441, True)])
def test_a_snapshot_grows_old(minutes: int, refused: bool) -> None:
    """Up to and including the limit it may be used."""
    now = NOON + timedelta(minutes=minutes)
    if not refused:
        check_age(PLAN, Limits(), now)
        return
    with pytest.raises(
        GuardRefused, match=r"is 1441 minutes old, more than \[limits\] snapshot_age_minutes_max = 1440"
    ):
        check_age(PLAN, Limits(), now)


def test_products_as_planned_pass() -> None:
    """Enabled, provisioned and the same service plans."""
    check_products(PLAN, SKUS, [subscription("ENTERPRISEPACK")])


WAITING = ServicePlan(product("ENTERPRISEPACK").plans[0].id, "SWAY", "User", "PendingProvisioning")


@pytest.mark.parametrize(
    ("sku", "status", "words"),
    [
        (None, "Enabled", "ENTERPRISEPACK: not in the tenant"),
        (
            product("ENTERPRISEPACK", enabled=0),
            "Enabled",
            "ENTERPRISEPACK: status Enabled (capabilityStatus), 0 active seats",
        ),
        (
            product("ENTERPRISEPACK", capability_status="Suspended"),
            "Enabled",
            "ENTERPRISEPACK: status Suspended (capabilityStatus), 10 active seats",
        ),
        (product("ENTERPRISEPACK"), "LockedOut", "ENTERPRISEPACK: subscription status LockedOut"),
        (
            product("ENTERPRISEPACK", plans=(WAITING,)),
            "Enabled",
            "ENTERPRISEPACK: not provisioned: SWAY PendingProvisioning",
        ),
    ],
)
def test_a_target_that_is_not_ready_is_a_matter_of_time(sku: object, status: str, words: str) -> None:
    """Exit 6: the same command works later."""
    skus = [s for s in (*SKUS[:1], sku) if s is not None]

    with pytest.raises(NotReady) as waiting:
        check_products(PLAN, skus, [subscription("ENTERPRISEPACK", status=status)])  # type: ignore[arg-type]

    assert waiting.value.exit_code == ExitCode.NOT_YET
    assert str(waiting.value).startswith(f"{words}. Nothing was sent; try again later")


def test_a_product_with_other_plans_than_when_planned_is_refused() -> None:
    """Microsoft added a service: the translation of the plan is out of date."""
    sku = product("ENTERPRISEPACK")
    changed = replace(sku, plans=(*sku.plans, ServicePlan("ffffffff-0000-4000-8000-000000000000", "NEW")))  # type: ignore[arg-type]

    with pytest.raises(GuardRefused, match=r"^ENTERPRISEPACK has other service plans than when plan p\w+ was made"):
        check_products(PLAN, [*SKUS[:1], changed], [])


def test_enough_seats_are_returned_per_product() -> None:
    """Free seats as the journal notes them."""
    skus = [product("ENTERPRISEPACK", consumed=4), product("MCOEV", consumed=10)]

    assert check_seats(skus, [], Counter({E3: 6, MCOEV: 0}), Limits()) == {E3: 6, MCOEV: 0}


def test_too_few_seats_now_are_refused_with_the_sum() -> None:
    """The message shows what was counted, how many are short and both ways out."""
    skus = [product("ENTERPRISEPACK", consumed=4)]

    with pytest.raises(GuardRefused) as refused:
        check_seats(skus, [subscription("ENTERPRISEPACK", 3, is_trial=True)], Counter({E3: 5}), Limits(seats_reserve=1))

    assert str(refused.value) == (
        "ENTERPRISEPACK: 5 seats are needed and 2 are free (enabled 10, consumed 4, reserve 1, not counted 3). Nothing "
        "was sent. Buy 3 more, or make a new plan, which holds exactly the users that do not fit."
    )


def test_the_limits_of_the_settings_are_those_of_the_guard() -> None:
    """A plan drawn under a limit it exceeds is a plan all the same: `apply` refuses it."""
    drawn = draw(snapshot(*CROWD), TO_E3 + "[limits]\nusers_changed_max = 2\n")

    assert drawn.plan.header.totals.changes == 3
