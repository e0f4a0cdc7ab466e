"""How the old subscription ends: the route from seats and declarations, the dates from Graph first, never a guess."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from worlds.job_world import E3, E4, TENANT, holding, person, product, snapshot, subscription

from jobs.license_reassignment.reconcile.ending.cancellation import Due, EndOfSource, EndOfSubscription, end_of_source

TODAY = "2026-03-02T12:00:00.000Z"
CREATED, NEXT = "2019-06-01T00:00:00Z", "2026-06-30T00:00:00Z"
BEFORE = tuple(person(name, "ENTERPRISEWITHSCAL") for name in ("ada", "bo", "cy"))
PEOPLE = (person("ada", "ENTERPRISEPACK"), person("bo", "ENTERPRISEPACK", account_enabled="no"))


def ended(
    *subscriptions: Any, channel: str = "direct", agreement: str = "mosa", at: str = TODAY, **more: Any
) -> EndOfSource:
    declared = {"purchase_channel": channel, "billing_agreement": agreement, "nonprofit": more.pop("nonprofit", False)}
    world = snapshot(*more.pop("people", PEOPLE), subscriptions=subscriptions, **more)
    before = snapshot(*BEFORE, at=datetime(2026, 2, 25, 12, tzinfo=UTC))
    return end_of_source(before, world, [E4], [E3], declared, tenant_id=TENANT, verified_at=at)


def route(
    seats: int = 26, *, channel: str = "direct", agreement: str = "mosa", at: str = TODAY, **fields: Any
) -> EndOfSubscription:
    given = {"created": CREATED, "next_lifecycle": NEXT, **fields}
    return ended(
        subscription("ENTERPRISEWITHSCAL", seats, **given), channel=channel, agreement=agreement, at=at
    ).routes[0]


@pytest.mark.parametrize(
    ("seats", "agreement", "expected"),
    [
        (25, "mosa", "online"),
        (26, "mosa", "reduce_first"),
        (50_000, "mosa", "reduce_first"),
        (25, "mca", "end_of_term"),
        (26, "mca", "end_of_term"),
        (50_000, "mca", "end_of_term"),
        (25, "", "agreement_undeclared"),
        (50_000, "", "agreement_undeclared"),
    ],
)
def test_the_route_follows_from_seats_and_agreement(seats: int, agreement: str, expected: str) -> None:
    assert expected == route(seats, agreement=agreement).route
    assert "support" in route(seats, agreement=agreement).otherwise


@pytest.mark.parametrize(("channel", "expected"), [("partner", "partner"), ("volume", "volume"), ("", "undeclared")])
def test_another_channel_has_another_route(channel: str, expected: str) -> None:
    """What nobody declared stays open; every way is named, and none is guessed."""
    found = route(channel=channel, agreement="")

    assert expected == found.route
    assert (
        ("reduce_first", "end_of_term", "partner", "volume", "support") if not channel else ("support",)
    ) == found.otherwise


def test_a_subscription_that_a_partner_owns_is_cancelled_by_the_partner() -> None:
    """Whatever was declared, and however small it is."""
    assert "partner" == route(5, owner_tenant_id="99999999-0000-4000-8000-000000000000").route
    assert "online" == route(5, owner_tenant_id=TENANT).route


@pytest.mark.parametrize(("day", "expected"), [("2026-03-08", "within_window"), ("2026-03-09", "end_of_term")])
def test_under_a_customer_agreement_a_purchase_can_be_cancelled_for_seven_days(day: str, expected: str) -> None:
    assert expected == route(agreement="mca", created="2026-03-01T09:00:00Z", at=f"{day}T23:00:00Z").route


def test_dates_that_follow_from_a_cancellation_are_marked_as_typical() -> None:
    """Graph's own date comes first and is marked as Graph's."""
    assert (
        Due("next_state", "2026-06-30", "graph"),
        Due("disabled", "2026-03-02", "typical"),
        Due("data_at_risk", "2026-04-01", "typical", 30),
        Due("last_reactivation", "2026-05-31", "typical", 90),
        Due("data_gone", "2026-08-29", "typical", 180),
    ) == route().dates


@pytest.mark.parametrize(("channel", "agreement"), [("direct", "mca"), ("partner", ""), ("partner", "mca")])
def test_under_a_customer_agreement_the_term_ends_without_grace_and_data_stays_90_days(
    channel: str, agreement: str
) -> None:
    """From the day that Graph names; the thirty days of grace that there were until 2026 are not promised."""
    assert (
        Due("next_state", "2026-06-30", "graph"),
        Due("disabled", "2026-06-30", "graph"),
        Due("last_reactivation", "2026-09-28", "typical", 90),
        Due("data_gone", "2026-09-28", "typical", 90),
    ) == route(channel=channel, agreement=agreement).dates


@pytest.mark.parametrize(
    ("channel", "agreement", "fields", "expected"),
    [
        ("direct", "mca", {}, ("may_extend",)),
        ("partner", "", {}, ("may_extend",)),
        ("direct", "mca", {"created": "2026-03-01T09:00:00Z"}, ()),
        ("direct", "mca", {"status": "Suspended"}, ()),
        ("direct", "mosa", {}, ()),
        ("volume", "", {}, ()),
        ("direct", "", {}, ()),
    ],
)
def test_where_a_term_may_be_extended_by_itself_it_is_told(
    channel: str, agreement: str, fields: dict[str, str], expected: tuple[str, ...]
) -> None:
    """Month by month, dearer, and with seats that cannot be reduced."""
    assert expected == route(channel=channel, agreement=agreement, **fields).notes


@pytest.mark.parametrize("channel", ["direct", "partner", ""])
def test_a_nonprofit_grant_ends_at_its_renewal(channel: str) -> None:
    """There is nothing to cancel, and nothing to extend."""
    old = subscription("ENTERPRISEWITHSCAL", 10, created=CREATED, next_lifecycle=NEXT)
    found = ended(old, channel=channel, agreement="", nonprofit=True).routes[0]

    assert ("grant", ("support",), ()) == (found.route, found.otherwise, found.notes)
    assert Due("disabled", "2026-06-30", "graph") in found.dates


def test_where_graph_names_no_day_none_is_made_up() -> None:
    assert () == route(agreement="mca", next_lifecycle="").dates
    assert "" == route(agreement="mca", next_lifecycle="").day("last_reactivation")


def test_volume_licensing_warns_at_the_shortest_period_that_is_named() -> None:
    assert Due("last_reactivation", "2026-07-30", "typical", 30) in route(channel="volume").dates


@pytest.mark.parametrize("status", ["Suspended", "LockedOut"])
def test_what_is_over_has_a_last_day_to_bring_it_back(status: str) -> None:
    """The date is Graph's: from then on it is deleted."""
    found = route(status=status)

    assert ("ended", ()) == (found.route, found.otherwise)
    assert (Due("deleted", NEXT[:10], "graph"), Due("last_reactivation", NEXT[:10], "graph")) == found.dates


def test_each_subscription_of_a_product_has_its_own_route() -> None:
    """Cancelling one of several does not touch the others."""
    big = subscription("ENTERPRISEWITHSCAL", 700, id="big", created=CREATED)
    over = subscription("ENTERPRISEWITHSCAL", 300, id="over", status="Suspended", next_lifecycle=NEXT)

    assert [("big", "reduce_first"), ("over", "ended")] == [
        (r.subscription_id, r.route) for r in ended(big, over).routes
    ]


def test_an_unknown_state_is_not_taken_for_active() -> None:
    assert "ended" == route(status="Archived").route


def test_what_was_bought_long_ago_is_paid_twice_only_for_those_who_came() -> None:
    """It served others before: from the day of the plan, two users who held the old product and hold this one now."""
    old = subscription("ENTERPRISEWITHSCAL", 100, created=CREATED)
    (found,) = ended(old, subscription("ENTERPRISEPACK", 80, created="2019-09-01T00:00:00Z")).overlap

    assert (found.since, found.days, found.seats, found.seat_days) == ("2026-02-25", 5, 2, 10)


def test_what_was_bought_for_the_move_is_paid_twice_since_its_purchase() -> None:
    old = subscription("ENTERPRISEWITHSCAL", 100, created=CREATED)
    new = subscription("ENTERPRISEPACK", 80, created="2026-02-20T10:00:00Z")
    (found,) = ended(old, new).overlap

    assert ("2026-02-20", "2026-03-02", 10, 80, 800) == (
        found.since,
        found.until,
        found.days,
        found.seats,
        found.seat_days,
    )
    assert () == ended(new).overlap


@pytest.mark.parametrize(("day", "still_open"), [("2026-02-26", True), ("2026-02-27", True), ("2026-02-28", False)])
def test_unused_seats_go_back_for_seven_days(day: str, *, still_open: bool) -> None:
    new = subscription("ENTERPRISEPACK", 80, created="2026-02-20T10:00:00Z")
    (found,) = ended(new, at=f"{day}T00:00:00Z").seats_back

    assert (8, "2026-02-27", still_open) == (found.unused, found.until, found.still_open)


def test_domains_are_named_with_their_users() -> None:
    assert [("contoso.example", 2), ("contoso.onmicrosoft.com", 0)] == [(d.name, d.users) for d in ended().domains]


def test_a_blocked_account_may_need_no_seat() -> None:
    assert [("bo@contoso.example", "ENTERPRISEPACK")] == [(a.name, a.skus) for a in ended().idle_accounts]


def test_more_holders_than_seats_are_told() -> None:
    """Seen after seats were reduced too far; a product without any seat is another matter."""
    people = (person("ada", holding("ENTERPRISEWITHSCAL")), person("bo", holding("ENTERPRISEWITHSCAL")))
    few = (replace(product("ENTERPRISEWITHSCAL"), enabled=1),)

    assert ("ENTERPRISEWITHSCAL",) == ended(people=people, skus=few).over_assigned
    assert () == ended().over_assigned
