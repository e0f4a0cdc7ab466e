"""A roster may name the plans to switch off; what cannot be switched off is never sent."""

from __future__ import annotations

from dataclasses import replace

import pytest
from decide.published_products import FAMILIES, ids, license_of, moved_from_e4, names, off, product

from connectors.tenant import SubscribedSku
from jobs.license_reassignment.decide.translate import translate

E4 = product("ENTERPRISEWITHSCAL")


def test_a_rosters_list_replaces_what_would_be_carried_over() -> None:
    """SWAY off today comes on, since the roster names other plans: a target's, by name and id, and a source's."""
    result = moved_from_e4(
        "SWAY", to=("ENTERPRISEPREMIUM",), wished_off=("MCOMEETADV", ids("TEAMS1")[0].upper(), " forms_plan_e3 ")
    )

    assert off(result, "ENTERPRISEPREMIUM") == ["FORMS_PLAN_E5", "MCOEV", "MCOMEETADV", "TEAMS1"]
    assert names(result.kept_off) == ["FORMS_PLAN_E5", "MCOMEETADV", "TEAMS1"]
    assert "SWAY" not in off(result, "ENTERPRISEPREMIUM")


@pytest.mark.parametrize("wish", ["EXCHANGE_S_DESKLESS", *ids("EXCHANGE_S_DESKLESS")])
def test_a_wish_for_one_targets_plan_does_not_spread_to_its_family(wish: str) -> None:
    """The kiosk mailbox of Teams Enterprise off leaves the real mailbox on."""
    result = moved_from_e4(to=("Office_365_E3_(no_Teams)", "Microsoft_Teams_Enterprise_New"), wished_off=(wish,))

    assert off(result, "Office_365_E3_(no_Teams)") == []
    assert off(result, "Microsoft_Teams_Enterprise_New") == ["EXCHANGE_S_DESKLESS"]


def test_an_id_of_a_plan_nobody_has_means_its_family() -> None:
    """Forms E1 stands neither in E4 nor in E5; its id still says what to switch off."""
    result = moved_from_e4(to=("ENTERPRISEPREMIUM",), wished_off=ids("FORMS_PLAN_E1"))

    assert (off(result, "ENTERPRISEPREMIUM"), result.unknown) == (["FORMS_PLAN_E5"], ())


def test_a_wish_that_no_plan_answers_is_returned() -> None:
    """An empty list is a wish too: everything on."""
    assert moved_from_e4("SWAY", to=("ENTERPRISEPACK",), wished_off=("NO_SUCH_PLAN",)).unknown == ("NO_SUCH_PLAN",)
    assert off(moved_from_e4("SWAY", to=("ENTERPRISEPACK",), wished_off=()), "ENTERPRISEPACK") == []


def test_tenant_wide_plans_and_fillers_are_never_switched_off_for_a_user() -> None:
    """Graph lets only user plans be disabled; a filler delivers nothing."""
    target = product("SPB")
    company = replace(
        target,
        plans=tuple(replace(p, applies_to="Company") if p.name == "INTUNE_O365" else p for p in target.plans),
    )

    result = translate([license_of(E4)], [], [company], carry_over=True, new_in_target="disable", families=FAMILIES)
    wish = translate(
        [license_of(E4)],
        [],
        [company],
        carry_over=True,
        new_in_target="enable",
        families=FAMILIES,
        wished_off=("INTUNE_O365",),
    )

    assert not set(result.add[0].disabled_plans) & set(ids("INTUNE_O365", "EXCHANGE_S_FOUNDATION"))
    assert (wish.add[0].disabled_plans, wish.unknown) == ((), ("INTUNE_O365",))


def test_tenant_wide_plans_and_fillers_are_never_lost_and_count_as_provided() -> None:
    """A filler delivers nothing to lose, and a plan of the whole tenant is there for everybody."""
    business, e3 = product("SPB"), product("ENTERPRISEPACK")
    company = replace(e3, plans=tuple(replace(p, applies_to="Company") for p in e3.plans if p.name == "INTUNE_O365"))

    def lost(source: SubscribedSku) -> list[str]:
        done = translate(
            [license_of(source)], [], [company], carry_over=True, new_in_target="enable", families=FAMILIES
        )
        return names(done.lost)

    assert "EXCHANGE_S_FOUNDATION" not in lost(business)
    assert "INTUNE_O365" not in lost(business)
    assert lost(replace(e3, plans=tuple(replace(p, applies_to="Company") for p in e3.plans))) == []
    assert "SWAY" in lost(e3)
