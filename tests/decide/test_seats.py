"""Waves and seats: who goes when, and exactly who does not fit."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds.job_world import E3, E4, MCOEV, TO_E3, Drawn, Person, draw, holding, person, product, snapshot, subscription

from connectors.tenant import SkuId, TenantSnapshot
from jobs.license_reassignment.decide.seats import demand, fit, not_counted_seats, seat_row
from jobs.license_reassignment.model.plan_header import WaveUse

NAMES = ("ada", "bo", "cy", "di", "ed", "flo", "gil", "hal", "ivo", "jo")


def _crowd(count: int = 10, *licenses: str) -> list[Person]:
    return [person(name, *(licenses or ("ENTERPRISEWITHSCAL",))) for name in NAMES[:count]]


def _world(count: int, e3_seats: int, **e3: object) -> TenantSnapshot:
    return snapshot(
        *_crowd(count),
        skus=[product("ENTERPRISEWITHSCAL"), product("ENTERPRISEPACK", enabled=e3_seats, **e3), product("MCOEV")],
    )


def _waves(drawn: Drawn) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for name, wave in drawn.column("wave").items():
        found.setdefault(wave, []).append(name)
    return {wave: " ".join(sorted(names)) for wave, names in found.items()}


def test_without_waves_everybody_is_in_one() -> None:
    """The whole plan is one wave, and it does not stop."""
    drawn = draw(_world(2, 10))

    assert (_waves(drawn), drawn.plan.header.waves) == (
        {"all": "ada bo"},
        (WaveUse("all", 2, "continue"),),
    )


def test_numbers_and_shares_fill_in_the_order_of_names() -> None:
    """Two, then 30 % of all ten changes, then the rest."""
    toml = TO_E3 + '[[wave]]\nname = "pilot"\nusers = 2\n[[wave]]\nname = "early"\nusers = "30%"\nthen = "continue"\n'

    drawn = draw(_world(10, 10), toml)

    assert _waves(drawn) == {"pilot": "ada bo", "early": "cy di ed", "rest": "flo gil hal ivo jo"}
    assert drawn.plan.header.waves == (
        WaveUse("pilot", 2, "stop"),
        WaveUse("early", 3, "continue"),
        WaveUse("rest", 5, "continue"),
    )
    assert (drawn.plan.header.stops_after("pilot"), drawn.plan.header.stops_after("early")) == (True, False)


def test_a_row_that_names_a_wave_goes_there_and_counts_towards_its_number() -> None:
    """Jo asked for the pilot of two: one other is taken with her."""
    toml = TO_E3 + '[[wave]]\nname = "pilot"\nusers = 2\n'
    roster = "UPN,wave\njo@contoso.example,pilot\n"

    assert _waves(draw(_world(10, 10), toml, roster))["pilot"] == "ada jo"


def test_a_wave_without_a_number_takes_those_whom_the_roster_names() -> None:
    """Nobody is drawn into it."""
    toml = TO_E3 + '[[wave]]\nname = "friends"\n'
    roster = "UPN,wave\ncy@contoso.example,friends\nad@contoso.example,\n"

    assert _waves(draw(_world(4, 10), toml, roster)) == {"friends": "cy", "rest": "ada bo di"}


def test_a_roster_alone_makes_waves_in_the_order_of_its_rows() -> None:
    """Without [[wave]] the names in the column are the waves; users without one come last."""
    roster = "UPN,wave\ncy@contoso.example,second\nbo@contoso.example,first\n"

    drawn = draw(_world(4, 10), TO_E3, roster)

    assert _waves(drawn) == {"second": "cy", "first": "bo", "rest": "ada di"}
    assert drawn.plan.wave_names == ("second", "first", "rest")


def test_a_wave_that_nobody_configured_makes_the_row_rejected() -> None:
    """A typing error in the column must not move somebody to another night."""
    toml = TO_E3 + '[[wave]]\nname = "pilot"\nusers = 1\n'

    drawn = draw(_world(2, 10), toml, "UPN,wave\nbo@contoso.example,pilto\n")

    assert [e.reason for e in drawn.bound.errors] == ["No [[wave]] is called `pilto`; there are: pilot."]
    assert drawn.column("reason") == {"ada": "", "bo": "roster_row_rejected"}


def test_a_wave_of_ones_own_called_rest_is_not_the_last_one() -> None:
    """The users whom no wave takes need a name that is still free."""
    toml = TO_E3 + '[[wave]]\nname = "rest"\nusers = 1\n[[wave]]\nname = "rest 2"\nusers = 1\n'

    assert _waves(draw(_world(4, 10), toml)) == {"rest": "ada", "rest 2": "bo", "rest 3": "cy di"}
    assert _waves(draw(_world(2, 10), TO_E3, "UPN,wave\nbo@contoso.example,rest\n")) == {"rest": "bo", "rest 2": "ada"}


def test_held_users_are_in_no_wave_and_take_no_place() -> None:
    """The pilot of two holds two changes, not one change and one held user."""
    crowd = [person("ada", "ENTERPRISEWITHSCAL", user_type="Guest"), *_crowd(4)[1:]]

    assert _waves(draw(snapshot(*crowd), TO_E3 + '[[wave]]\nname = "pilot"\nusers = 2\n')) == {
        "": "ada",
        "pilot": "bo cy",
        "rest": "di",
    }


def test_exactly_the_users_that_do_not_fit_are_held_last_names_first() -> None:
    """Three seats for five: the two last in the order of names wait, and the shortage is told."""
    drawn = draw(_world(5, 3))

    assert drawn.column("reason") == {"ada": "", "bo": "", "cy": "", "di": "no_seat", "ed": "no_seat"}
    assert drawn.row(person("ed"))["detail"] == "ENTERPRISEPACK"
    [seats] = drawn.plan.header.seats
    assert (seats.free, seats.needed, seats.short, seats.left) == (3, 3, 2, 0)


def test_the_order_of_seats_is_wave_then_roster_line_then_name() -> None:
    """The pilot is served first, then those with a row, in the order of the rows, then the others by name."""
    toml = TO_E3 + '[[wave]]\nname = "pilot"\n'
    roster = "UPN,wave\ned@contoso.example,pilot\ndi@contoso.example,\ncy@contoso.example,\n"

    def served(seats: int) -> str:
        reasons = draw(_world(5, seats), toml, roster).column("reason")
        return " ".join(sorted(n for n, reason in reasons.items() if not reason))

    assert [served(n) for n in range(6)] == ["", "ed", "di ed", "cy di ed", "ada cy di ed", "ada bo cy di ed"]


def test_several_targets_are_given_whole_or_not_at_all() -> None:
    """A base without its add-on would be a half move: the user is held, and its base seat serves the next."""
    toml = '[[swap]]\nto = ["ENTERPRISEPACK", "MCOEV"]\nwhere = { department = "Voice" }\n' + TO_E3
    crowd = [person(n, "ENTERPRISEWITHSCAL", department="Voice" if n in ("ada", "bo") else "") for n in NAMES[:3]]
    skus = [product("ENTERPRISEWITHSCAL"), product("ENTERPRISEPACK", enabled=2), product("MCOEV", enabled=1)]

    drawn = draw(snapshot(*crowd, skus=skus), toml)

    assert drawn.column("reason") == {"ada": "", "bo": "no_seat", "cy": ""}
    assert drawn.row(person("bo"))["detail"] == "MCOEV"
    assert [(s.part_number, s.needed, s.short) for s in drawn.plan.header.seats] == [
        ("ENTERPRISEPACK", 2, 1),
        ("MCOEV", 1, 1),
    ]


def test_who_holds_the_target_in_any_way_needs_no_seat() -> None:
    """One seat per user and product, however often it is assigned."""
    direct = person("ada", "ENTERPRISEWITHSCAL", "ENTERPRISEPACK")
    grouped = person(
        "bo", "ENTERPRISEWITHSCAL", holding("ENTERPRISEPACK", group="11111111-0000-4000-8000-000000000000")
    )
    skus = [product("ENTERPRISEWITHSCAL"), product("ENTERPRISEPACK", enabled=2)]

    drawn = draw(snapshot(direct, grouped, skus=skus))

    assert drawn.column("reason") == {"ada": "", "bo": ""}
    assert [(s.free, s.needed) for s in drawn.plan.header.seats] == [(0, 0)]


def test_seats_that_the_plan_frees_are_not_spent() -> None:
    """Freed source seats are of no use to a target, and a plan never counts on what it frees itself."""
    one, two = person("ada", "ENTERPRISEWITHSCAL"), person("bo", "ENTERPRISEWITHSCAL", "VISIOCLIENT")
    skus = [product("ENTERPRISEWITHSCAL", enabled=2), product("ENTERPRISEPACK", enabled=1), product("VISIOCLIENT")]

    assert draw(snapshot(one, two, skus=skus)).column("reason") == {"ada": "", "bo": "no_seat"}


@pytest.mark.parametrize(
    ("limits", "free"),
    [
        ("", 4),
        ("seats_reserve = 3", 1),
        ("seats_reserve = 6", -2),
        ("count_warning_units = true", 104),
        ("count_warning_units = true\nseats_reserve = 4", 100),
    ],
)
def test_free_is_enabled_less_consumed_and_reserve_and_may_be_negative(limits: str, free: int) -> None:
    """Units in grace count only where [limits] says so; nothing is clipped."""
    world = snapshot(
        person("ada", "ENTERPRISEPACK"),
        *_crowd(3)[1:],
        skus=[product("ENTERPRISEWITHSCAL"), product("ENTERPRISEPACK", enabled=5, warning=100)],
    )

    [seats] = draw(world, f"{TO_E3}[limits]\n{limits}\n").plan.header.seats

    assert (seats.enabled, seats.warning, seats.consumed, seats.free) == (5, 100, 1, free)


@pytest.mark.parametrize(
    ("fields", "allow_trial", "expected"),
    [
        ({}, False, 0),
        ({"is_trial": True}, False, 25),
        ({"is_trial": True}, True, 0),
        ({"owner_type": "User"}, True, 25),
        ({"is_trial": True, "status": "Suspended"}, False, 0),
    ],
)
def test_trial_and_self_service_seats_are_not_counted(
    fields: dict[str, object], allow_trial: bool, expected: int
) -> None:
    """A seat that ends in 30 days, or that a user bought, is not ours to give; one that is off does not count."""
    mine = subscription("ENTERPRISEPACK", 25, **fields)
    other = subscription("MCOEV", 99, is_trial=True)

    assert not_counted_seats([mine, other], E3, allow_trial=allow_trial) == expected


def test_seats_not_counted_are_never_more_than_there_are() -> None:
    """A trial of 25 beside 10 enabled units leaves nothing, not minus 15."""
    row = seat_row(
        product("ENTERPRISEPACK", enabled=10, consumed=2),
        [subscription("ENTERPRISEPACK", 25, is_trial=True)],
        reserve=0,
        count_warning_units=False,
        allow_trial=False,
    )

    assert (row.not_counted, row.free, row.left) == (10, -2, -2)


def test_a_business_plan_takes_300_users_and_no_more() -> None:
    """298 are there; of four who would come the last two are held, although seats are free."""
    there = [person(f"b{n:03}", "SPB") for n in range(298)]
    skus = [product("ENTERPRISEWITHSCAL"), product("SPB", enabled=400)]
    toml = TO_E3.replace("ENTERPRISEPACK", "SPB") + '[plans]\nlost_services = "accept"\n'

    drawn = draw(snapshot(*there, *_crowd(4), skus=skus), toml)

    assert drawn.column("reason") == {"ada": "", "bo": "", "cy": "business_cap", "di": "business_cap"}


SKUS = st.sampled_from([SkuId("a"), SkuId("b"), SkuId("c")])


@given(
    st.lists(st.lists(SKUS, unique=True, max_size=3).map(tuple), max_size=12),
    st.dictionaries(SKUS, st.integers(-2, 6)),
)
def test_nobody_is_served_beyond_the_seats_and_nobody_waits_who_would_fit(
    needs: list[tuple[SkuId, ...]], free: dict[SkuId, int]
) -> None:
    """In the order given, whole or not at all: what is left after those before decides."""
    verdicts = fit(needs, free)

    served: Counter[SkuId] = Counter()
    for need, short in zip(needs, verdicts, strict=True):
        lacking = [s for s in need if free.get(s, 0) - served[s] <= 0]
        assert short == (lacking[0] if lacking else None)
        if short is None:
            served.update(need)
    assert demand(n for n, s in zip(needs, verdicts, strict=True) if s is None) == served


def test_the_ledger_names_source_and_targets_by_id() -> None:
    """What apply checks again is found by id, not by name."""
    drawn = draw(_world(1, 1))

    assert [s.sku_id for s in drawn.plan.header.seats] == [E3]
    assert (drawn.plan.sources, drawn.plan.targets) == ((E4,), (E3,))
    assert MCOEV not in drawn.plan.targets
