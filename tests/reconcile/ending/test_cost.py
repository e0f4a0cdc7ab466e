"""What the move costs, by declared prices: every expected figure is worked out by hand in the test that expects it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from worlds.job_world import (
    E3,
    E4,
    E5,
    MCOEV,
    TO_E3,
    Drawn,
    after,
    draw,
    moved,
    moving,
    person,
    product,
    reconciled,
    snapshot,
    subscription,
)

from connectors.tenant import SubscribedSku
from jobs.license_reassignment.model.cost import Cost, PaidTwice, SeatCost, Sum

OLD, NEW = "ENTERPRISEWITHSCAL", "ENTERPRISEPACK"
ADA, BO, CY = (person(name, OLD) for name in ("ada", "bo", "cy"))
LONG_AGO = "2019-06-01T00:00:00Z"
BOUGHT = "2026-02-20T09:00:00Z"
"""Ten days before the plan and the verification, which are on 2 March 2026."""


def seats(**enabled: int) -> tuple[SubscribedSku, ...]:
    """Return the products of the tenant, with so many seats of those that are named."""
    numbers = (OLD, NEW, "ENTERPRISEPREMIUM", *(["MCOEV"] if "MCOEV" in enabled else []))
    return tuple(replace(product(n), enabled=enabled.get(n, 500), consumed=0) for n in numbers)


WITH_ADDON = seats(ENTERPRISEWITHSCAL=100, MCOEV=500)


def old(count: int, end: str = "2026-04-01T00:00:00Z", **fields: Any) -> Any:
    return subscription(OLD, count, **{"id": f"old {count}", "created": LONG_AGO, "next_lifecycle": end, **fields})


def new(count: int, part: str = NEW, created: str = BOUGHT) -> Any:
    return subscription(part, count, created=created, next_lifecycle="2027-02-20T00:00:00Z")


def euro(**prices: str) -> dict[str, Any]:
    sku = {"E4": E4, "E3": E3, "E5": E5, "MCOEV": MCOEV}
    return {"currency": "EUR", "seat_month": {sku[name]: price for name, price in prices.items()}}


def cost(
    *subscriptions: Any,
    prices: Mapping[str, Any],
    toml: str = TO_E3,
    skus: tuple[SubscribedSku, ...] = (),
    **verification: Any,
) -> Cost:
    """Move Ada, Bo and Cy, all of them, and say what it costs; the first subscriptions are the old ones."""
    products = skus or seats(ENTERPRISEWITHSCAL=100)
    drawn = draw(snapshot(ADA, BO, CY, skus=products, subscriptions=subscriptions), toml)
    then = after(*(moved(drawn, one) for one in (ADA, BO, CY)), skus=products, subscriptions=subscriptions)
    found = reconciled(drawn, then, moving(drawn, ADA, BO, CY), prices=prices, **verification)
    assert found.cost is not None
    return found.cost


def test_two_subscriptions_with_different_ends_are_paid_twice_each_until_its_own() -> None:
    """60 seats until 1 April, 40 until 1 May, 100 new ones since 20 February; EUR 22 and EUR 19.90."""
    found = cost(old(60), old(40, "2026-05-01T00:00:00Z"), new(100), prices=euro(E4="22", E3="19.9"))

    assert Sum("2200.00") == found.old_per_month  # 100 x 22
    assert Sum("1990.00") == found.new_per_month  # 100 x 19.90
    assert [("2026-04-01", 30, "1301.92"), ("2026-05-01", 60, "1735.89")] == [
        (row.until, row.days, row.amount) for row in found.until_end
    ]  # 60 x 22 x 12 / 365 x 30 = 1301.9178; 40 x 22 x 12 / 365 x 60 = 1735.8904
    assert Sum("3037.81") == found.old_until_end  # 3037.8082
    assert (
        PaidTwice("2026-02-20", "2026-04-01", 40, 100, "2893.15"),  # 100 x 22 x 12 / 365 x 40 = 2893.1507
        PaidTwice("2026-04-01", "2026-05-01", 30, 40, "867.95"),  # 40 x 22 x 12 / 365 x 30 = 867.9452
    ) == found.paid_twice
    assert Sum("3761.10") == found.paid_twice_in_all  # 3761.0959: rounded once, from the exact sum


def test_an_end_that_graph_does_not_give_is_said_and_not_guessed() -> None:
    """What is paid twice is then known until the day of the verification: 10 days."""
    found = cost(old(100, ""), new(100), prices=euro(E4="22", E3="19.90"))

    assert ("old 100",) == found.no_end
    assert ("", "") == (found.until_end[0].until, found.until_end[0].amount)
    assert Sum("") == found.old_until_end
    assert (PaidTwice("2026-02-20", "2026-03-02", 10, 100, "723.29"),) == found.paid_twice  # 2200 x 12 / 365 x 10


def test_one_known_end_beside_an_unknown_one_is_summed_alone() -> None:
    found = cost(old(60), old(40, ""), new(100), prices=euro(E4="22", E3="19.90"))

    assert (Sum("1301.92"), ("old 40",)) == (found.old_until_end, found.no_end)


def test_a_product_without_a_price_is_named_and_never_a_zero() -> None:
    found = cost(old(100), new(100), prices=euro(E4="22"))

    assert ("ENTERPRISEPACK",) == found.no_price
    assert (SeatCost(E3, "ENTERPRISEPACK", 100, "", ""),) == found.new
    assert Sum("", ("ENTERPRISEPACK",)) == found.new_per_month
    assert Sum("2200.00") == found.old_per_month


def test_a_sum_says_which_product_it_leaves_out() -> None:
    """The add-on has no price."""
    both = TO_E3.replace('["ENTERPRISEPACK"]', '["ENTERPRISEPACK", "MCOEV"]')
    found = cost(old(100), new(100), new(100, "MCOEV"), prices=euro(E4="22", E3="19.90"), toml=both, skus=WITH_ADDON)

    assert Sum("1990.00", ("MCOEV",)) == found.new_per_month


def test_without_a_price_of_the_old_product_nothing_is_known_of_it() -> None:
    found = cost(old(100), new(100), prices=euro(E3="19.90"))
    left_out = Sum("", ("ENTERPRISEWITHSCAL",))

    assert (left_out, left_out, left_out, left_out) == (
        found.old_per_month,
        found.old_until_end,
        found.paid_twice_in_all,
        found.saved_per_month,
    )


def test_a_price_of_nothing_is_a_price() -> None:
    found = cost(old(100), new(100), prices=euro(E4="0", E3="19.90"))

    assert (Sum("0.00"), ()) == (found.old_per_month, found.no_price)


def test_an_addon_that_comes_with_a_base_license_replaces_no_second_seat() -> None:
    """50 of each were bought for 100 old ones: 50 old seats are paid twice, not 100."""
    both = TO_E3.replace('["ENTERPRISEPACK"]', '["ENTERPRISEPACK", "MCOEV"]')
    found = cost(
        old(100), new(50), new(50, "MCOEV"), prices=euro(E4="22", E3="19.90", MCOEV="7"), toml=both, skus=WITH_ADDON
    )

    assert (PaidTwice("2026-02-20", "2026-04-01", 40, 50, "1446.58"),) == found.paid_twice
    # 50 x 22 x 12 / 365 x 40 = 1446.5753
    assert Sum("1345.00") == found.new_per_month  # 50 x 19.90 + 50 x 7


def test_new_seats_are_spread_over_the_old_subscriptions_by_their_seats() -> None:
    """30 new seats for 60 and 40 old ones: 30 of them, each with the price that it has."""
    found = cost(old(60), old(40), new(30), prices=euro(E4="22", E3="19.90"))

    assert (PaidTwice("2026-02-20", "2026-04-01", 40, 30, "867.95"),) == found.paid_twice  # 30 x 22 x 12 / 365 x 40


def test_where_only_some_have_moved_the_subscription_that_ends_first_is_replaced_first() -> None:
    """70 new seats for 60 old ones until 1 April and 40 until 1 May: then 10 of the 40 are still paid twice."""
    found = cost(old(60), old(40, "2026-05-01T00:00:00Z"), new(70), prices=euro(E4="22", E3="19.90"))

    assert (
        PaidTwice("2026-02-20", "2026-04-01", 40, 70, "2025.21"),  # 70 x 22 x 12 / 365 x 40 = 2025.2055
        PaidTwice("2026-04-01", "2026-05-01", 30, 10, "216.99"),  # 10 x 22 x 12 / 365 x 30 = 216.9863
    ) == found.paid_twice


def test_a_target_of_which_nobody_has_a_seat_needs_no_price() -> None:
    """A rule names it, and no user came by it."""
    some = TO_E3.replace('"everyone"', '"everyone else"')
    nobody = '[[swap]]\nname = "x"\nto = ["ENTERPRISEPREMIUM"]\nwhere = { department = ["X"] }\n'
    found = cost(old(100), new(100), prices=euro(E4="22", E3="19.90"), toml=nobody + some)

    assert (Sum("1990.00"), ()) == (found.new_per_month, found.no_price)


def test_a_product_that_served_others_before_counts_those_who_came_since_the_plan() -> None:
    """3 of its 500 seats, from 2 March on."""
    found = cost(old(100), new(500, created=LONG_AGO), prices=euro(E4="22", E3="19.90"))

    assert (SeatCost(E3, "ENTERPRISEPACK", 3, "19.90", "59.70"),) == found.new
    assert (PaidTwice("2026-03-02", "2026-04-01", 30, 3, "65.10"),) == found.paid_twice  # 3 x 22 x 12 / 365 x 30


def test_users_who_fit_on_seats_bought_for_the_move_take_no_older_seat() -> None:
    """Two purchases of the new product: 2 seats for the move, 500 from before; 3 users came, so 1 takes an old one."""
    older = new(500, created=LONG_AGO)
    found = cost(old(100), new(2), replace(older, id="older"), prices=euro(E4="22", E3="19.90"))

    assert [("2026-02-20", 2), ("2026-03-02", 3)] == [(row.since, row.seats) for row in found.paid_twice]


def test_go_saves_every_old_seat() -> None:
    found = cost(old(100), new(100), prices=euro(E4="22", E3="19.90"))

    assert (SeatCost(E4, "ENTERPRISEWITHSCAL", 100, "22", "2200.00"),) == found.saved
    assert Sum("2200.00") == found.saved_per_month


def test_after_the_cancellation_the_seats_of_the_plan_are_what_is_saved() -> None:
    """The tenant has no seat any more, and nothing is paid any more."""
    drawn = draw(snapshot(ADA, skus=seats(ENTERPRISEWITHSCAL=100), subscriptions=(old(100), new(100))))
    over = (old(100, status="Suspended"), new(100))
    then = after(moved(drawn, ADA), skus=seats(ENTERPRISEWITHSCAL=0), subscriptions=over)
    found = reconciled(drawn, then, moving(drawn, ADA), prices=euro(E4="22"), after_cancel=True).cost

    assert found is not None
    assert (Sum("2200.00"), Sum("0.00"), ()) == (found.saved_per_month, found.old_per_month, found.until_end)


def left_by_choice() -> Drawn:
    """Cy keeps what she has, on purpose."""
    world = snapshot(ADA, BO, CY, skus=seats(ENTERPRISEWITHSCAL=100), subscriptions=(old(100), new(100)))
    return draw(world, roster="userPrincipalName,target\ncy@contoso.example,leave\n")


def test_reduced_seats_save_the_difference() -> None:
    """One of 100 seats is still in use."""
    drawn = left_by_choice()
    then = after(
        *(moved(drawn, one) for one in (ADA, BO)),
        CY,
        skus=seats(ENTERPRISEWITHSCAL=100),
        subscriptions=(old(100), new(100)),
    )
    found = reconciled(drawn, then, moving(drawn, ADA, BO), prices=euro(E4="22", E3="19.90"))

    assert found.advice == "reduce seats to 1"
    assert found.cost is not None
    assert (SeatCost(E4, "ENTERPRISEWITHSCAL", 99, "22", "2178.00"),) == found.cost.saved  # 99 x 22


def test_while_the_advice_is_to_keep_it_nothing_is_saved() -> None:
    """Nothing has been sent yet: old and new cost what they cost."""
    drawn = draw(snapshot(ADA, skus=seats(ENTERPRISEWITHSCAL=100), subscriptions=(old(100), new(100))))
    then = after(ADA, skus=seats(ENTERPRISEWITHSCAL=100), subscriptions=(old(100), new(100)))
    found = reconciled(drawn, then, prices=euro(E4="22", E3="19.90"))

    assert ("keep", "NO-GO") == (found.advice, found.verdict)
    assert found.cost is not None
    assert ((), Sum("0.00"), Sum("2200.00")) == (found.cost.saved, found.cost.saved_per_month, found.cost.old_per_month)


def test_without_prices_there_is_no_cost() -> None:
    drawn = draw(snapshot(ADA))

    assert reconciled(drawn, after(ADA)).cost is None


def test_a_subscription_that_is_over_costs_nothing_more() -> None:
    found = cost(old(60, status="Suspended"), old(40), new(100), prices=euro(E4="22", E3="19.90"))

    assert ["old 40"] == [row.subscription_id for row in found.until_end]


def test_days_count_from_the_day_of_the_verification() -> None:
    """A verification on 22 March leaves 10 days until 1 April; the overlap is the same."""
    on = datetime(2026, 3, 22, 23, 59, tzinfo=UTC)
    found = cost(old(100), new(100), prices=euro(E4="22", E3="19.90"), verified_at=f"{on:%Y-%m-%dT%H:%M:%SZ}")

    assert (10, "723.29") == (found.until_end[0].days, found.until_end[0].amount)  # 2200 x 12 / 365 x 10
    assert 40 == found.paid_twice[0].days


@settings(max_examples=25, deadline=None)
@example(cents=(10, 20), bought=(1, 1))
@given(
    cents=st.tuples(st.integers(0, 9_999), st.integers(0, 9_999)),
    bought=st.tuples(st.integers(1, 99_999), st.integers(1, 99_999)),
)
def test_no_float_is_ever_added(cents: tuple[int, int], bought: tuple[int, int]) -> None:
    """Two new products, 0.10 and 0.20 among their prices: the sum is that of whole cents."""
    first, second = (f"{c // 100}.{c % 100:02}" for c in cents)
    drawn = draw(WORLD, BOTH)
    subscriptions = (old(100), new(bought[0]), new(bought[1], "ENTERPRISEPREMIUM"))
    then = after(ADA, skus=WORLD.skus, subscriptions=subscriptions)
    found = reconciled(drawn, then, prices=euro(E3=first, E5=second)).cost
    exact = cents[0] * bought[0] + cents[1] * bought[1]

    assert found is not None
    assert Sum(f"{exact // 100}.{exact % 100:02}") == found.new_per_month


BOTH = TO_E3.replace('"everyone"', '"some"\nwhere = { department = ["IT"] }') + (
    '[[swap]]\nname = "rest"\nto = ["ENTERPRISEPREMIUM"]\n'
)
WORLD = snapshot(ADA, skus=seats(ENTERPRISEWITHSCAL=100), subscriptions=(old(100),))
