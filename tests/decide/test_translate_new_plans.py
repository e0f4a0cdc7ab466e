"""Plans without a predecessor follow the policy, as far as plans need each other."""

from __future__ import annotations

from dataclasses import replace

import pytest
from decide.published_products import FAMILIES, ids, license_of, moved_from_e4, names, off, product

from jobs.license_reassignment.decide.translate import Translation, translate

E4 = product("ENTERPRISEWITHSCAL")


@pytest.mark.parametrize(("target", "new"), [("ENTERPRISEPACK", 21), ("SPE_E3", 35), ("ENTERPRISEPREMIUM", 40)])
def test_new_plans_follow_the_policy(target: str, new: int) -> None:
    """Level-ups are not new: they replace something that the user has."""
    enabled, disabled = moved_from_e4(to=(target,)), moved_from_e4(to=(target,), new="disable")

    assert (len(enabled.new_on), enabled.new_off) == (new, ())
    assert (disabled.new_on, len(disabled.new_off)) == ((), new)
    assert disabled.add[0].disabled_plans == disabled.new_off == enabled.new_on
    assert names(disabled.lost) == ["MCOVOICECONF"]


def test_a_list_switches_on_what_it_names_by_name_or_id() -> None:
    """Case does not matter; everything else that is new is off."""
    result = moved_from_e4(to=("ENTERPRISEPACK",), new=frozenset({"microsoftbookings", ids("VIVAENGAGE_CORE")[0]}))

    assert names(result.new_on) == ["MICROSOFTBOOKINGS", "VIVAENGAGE_CORE"]
    assert len(result.new_off) == 19


@pytest.mark.parametrize(("today", "expected"), [("MCOSTANDARD", ["TEAMS1"]), ("SWAY", [])])
def test_disabling_new_plans_spares_what_a_kept_license_needs(today: str, expected: list[str]) -> None:
    """Audio Conferencing works by Skype today and would need Teams; where it works by nothing, nothing is forced."""
    source = replace(E4, plans=tuple(p for p in E4.plans if p.name == today))
    teams = product("Microsoft_Teams_Enterprise_New")
    target = replace(teams, plans=tuple(p for p in teams.plans if p.name != "MCOIMP"))

    result = translate(
        [license_of(source)],
        [license_of(product("MCOMEETADV"))],
        [target],
        carry_over=True,
        new_in_target="disable",
        families=FAMILIES,
    )

    assert names(result.new_on) == expected
    assert ("TEAMS1" in off(result, "Microsoft_Teams_Enterprise_New")) is (not expected)


def test_a_wanted_plan_pulls_the_new_plan_that_it_needs() -> None:
    """A source without Teams, a target with Teams and Teams Phone, and only the phone wanted: Teams stays on too."""
    source = replace(E4, plans=tuple(p for p in E4.plans if p.name not in {"TEAMS1", "MCOVOICECONF"}))

    result = translate(
        [license_of(source)],
        [],
        [product("ENTERPRISEPREMIUM")],
        carry_over=True,
        new_in_target=frozenset({"MCOEV"}),
        families=FAMILIES,
    )

    assert names(result.new_on) == ["MCOEV", "TEAMS1"]


def test_a_new_plan_whose_need_the_user_has_off_stays_off() -> None:
    """Teams off today: Teams Phone could not work, and Graph refuses a request that asks for it."""
    result = moved_from_e4("TEAMS1", to=("ENTERPRISEPREMIUM",))

    assert names(result.forced_off) == ["MCOEV"]
    assert off(result, "ENTERPRISEPREMIUM") == ["MCOEV", "TEAMS1"]


def test_a_new_plan_is_on_when_a_kept_license_meets_its_need() -> None:
    """Exchange off in E4 but on in a license that stays: Defender for Office Plan 2 works."""
    kept = license_of(product("EXCHANGEENTERPRISE"))

    assert names(moved_from_e4("EXCHANGE_S_ENTERPRISE", to=("ENTERPRISEPREMIUM",)).forced_off) == [
        "THREAT_INTELLIGENCE"
    ]
    assert moved_from_e4("EXCHANGE_S_ENTERPRISE", to=("ENTERPRISEPREMIUM",), staying=(kept,)).forced_off == ()


def test_a_second_level_beside_the_plan_itself_is_new() -> None:
    """M365 E5 has Entra P1 and P2: P1 on today makes P2 a new plan, P1 off keeps both off."""
    e3, e5 = product("SPE_E3"), product("SPE_E5")

    def result(*disabled: str) -> Translation:
        return translate(
            [license_of(e3, *disabled)], [], [e5], carry_over=True, new_in_target="disable", families=FAMILIES
        )

    assert "AAD_PREMIUM_P2" in names(result().new_off)
    assert {"AAD_PREMIUM", "AAD_PREMIUM_P2"} <= set(names(result("AAD_PREMIUM").kept_off))
