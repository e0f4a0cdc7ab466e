"""Plans switched off today follow the user into the targets, by family."""

from __future__ import annotations

from dataclasses import replace

import pytest
from decide.published_products import CATALOG, FAMILIES, ids, license_of, moved_from_e4, names, off, product

from connectors.tenant import LicenseAssignment
from jobs.license_reassignment.decide.translate import translate

E4 = product("ENTERPRISEWITHSCAL")


def test_mcovoiceconf_alone_is_lost_in_every_replacement() -> None:
    """Enterprise voice has no automatic successor, not even where Teams Phone is in the target."""
    lost = {p.part_number: names(moved_from_e4(to=(p.part_number,)).lost) for p in CATALOG.presets}

    assert lost == {p.part_number: ["MCOVOICECONF"] for p in CATALOG.presets}


def test_a_plan_switched_off_stays_off_under_its_new_name() -> None:
    """Forms E3 off in E4 is Forms E5 off in E5, SharePoint keeps its id, and nothing else is off."""
    result = moved_from_e4("SHAREPOINTENTERPRISE", "FORMS_PLAN_E3", to=("ENTERPRISEPREMIUM",))

    assert off(result, "ENTERPRISEPREMIUM") == ["FORMS_PLAN_E5", "SHAREPOINTENTERPRISE"]
    assert names(result.kept_off) == ["FORMS_PLAN_E5", "SHAREPOINTENTERPRISE"]


@pytest.mark.parametrize("preset", [p.part_number for p in CATALOG.presets])
@pytest.mark.parametrize("plan", [p.name for p in E4.plans if p.name != "MCOVOICECONF"])
def test_any_single_plan_switched_off_stays_off_and_no_other_carried_plan_does(plan: str, preset: str) -> None:
    """Exactly the successor is kept off; only a new plan that cannot work without it may be off as well."""
    result = moved_from_e4(plan, to=(preset,))
    successor = FAMILIES.successor(ids(plan)[0], product(preset).plan_ids)

    assert successor is not None
    assert result.kept_off == (successor,)
    assert set(off(result, preset)) == set(names((successor, *result.forced_off)))


def test_a_plan_without_successor_is_dropped_and_never_sent() -> None:
    """MCOVOICECONF off in E4 exists in no target: sending its id would make Graph refuse the whole request."""
    result = moved_from_e4("MCOVOICECONF", to=("ENTERPRISEPREMIUM",))

    assert off(result, "ENTERPRISEPREMIUM") == []
    assert result.kept_off == ()
    assert result.lost == ()


def test_a_plan_that_the_tenants_target_lacks_is_never_sent() -> None:
    """The tenant's own SKU decides, whatever the published list says."""
    target = product("ENTERPRISEPREMIUM")
    forms = ids("FORMS_PLAN_E5")[0]
    lacking = replace(target, plans=tuple(p for p in target.plans if p.id != forms))

    result = translate(
        [license_of(E4, "FORMS_PLAN_E3")], [], [lacking], carry_over=True, new_in_target="disable", families=FAMILIES
    )

    assert set(result.add[0].disabled_plans) <= lacking.plan_ids
    assert result.kept_off == ()


def test_a_family_switched_off_is_off_in_every_target() -> None:
    """Teams Enterprise brings a kiosk mailbox, Forms and OneDrive of its own: they stay off like their elders."""
    result = moved_from_e4(
        "EXCHANGE_S_ENTERPRISE",
        "FORMS_PLAN_E3",
        "SHAREPOINTENTERPRISE",
        "TEAMS1",
        to=("Office_365_E3_(no_Teams)", "Microsoft_Teams_Enterprise_New"),
    )

    assert off(result, "Office_365_E3_(no_Teams)") == ["EXCHANGE_S_ENTERPRISE", "FORMS_PLAN_E3", "SHAREPOINTENTERPRISE"]
    assert off(result, "Microsoft_Teams_Enterprise_New") == [
        "EXCHANGE_S_DESKLESS",
        "FORMS_PLAN_E1",
        "ONEDRIVE_BASIC_P2",
        "TEAMS1",
    ]


def test_the_same_plan_in_two_targets_is_off_in_both() -> None:
    """A plan off in one license and on in the other would be on for the user."""
    result = moved_from_e4("TEAMS1", "SWAY", to=("ENTERPRISEPACK", "SPE_E3"))

    assert off(result, "ENTERPRISEPACK") == off(result, "SPE_E3") == ["SWAY", "TEAMS1"]


def test_a_plan_on_in_one_of_two_leaving_assignments_is_on() -> None:
    """Direct off and group on is on for the user today, whatever the state of the group's half."""
    leaving = [license_of(E4, "SWAY"), license_of(E4, group="g", state="Error")]

    result = translate(
        leaving, [], [product("ENTERPRISEPACK")], carry_over=True, new_in_target="enable", families=FAMILIES
    )

    assert off(result, "ENTERPRISEPACK") == []


def test_without_carry_over_everything_is_on() -> None:
    """That is what Microsoft's own upgrade does."""
    result = moved_from_e4("SWAY", "FORMS_PLAN_E3", to=("ENTERPRISEPREMIUM",), carry_over=False)

    assert (off(result, "ENTERPRISEPREMIUM"), result.kept_off) == ([], ())


def test_without_carry_over_a_plan_off_today_is_still_no_new_plan() -> None:
    """The policy for new plans does not reach what the user's license had, on or off."""
    result = moved_from_e4("SWAY", "FORMS_PLAN_E3", to=("ENTERPRISEPREMIUM",), carry_over=False, new="disable")

    assert not {"SWAY", "FORMS_PLAN_E5"} & set(off(result, "ENTERPRISEPREMIUM"))


def test_a_kept_license_provides_what_the_targets_lack() -> None:
    """Teams in a license that stays is not lost in a target without Teams."""
    target = ("Office_365_E3_(no_Teams)",)
    teams = product("Microsoft_Teams_Enterprise_New")

    assert names(moved_from_e4(to=target).lost) == ["MCOVOICECONF", "TEAMS1"]
    assert names(moved_from_e4(to=target, staying=(license_of(teams),)).lost) == ["MCOVOICECONF"]
    assert names(moved_from_e4(to=target, staying=(license_of(teams, state="Error"),)).lost) == [
        "MCOVOICECONF",
        "TEAMS1",
    ]


def test_a_family_half_off_is_carried_plan_by_plan() -> None:
    """Each id follows itself; only where the whole family is off does a new id stay off."""
    e5 = product("SPE_E5")
    result = translate(
        [license_of(e5, "AAD_PREMIUM_P2")],
        [],
        [product("SPE_E3")],
        carry_over=True,
        new_in_target="enable",
        families=FAMILIES,
    )

    assert result.kept_off == ()


def test_a_leaving_sku_that_the_tenant_no_longer_lists_still_carries_its_disabled_plans() -> None:
    """Only its ids are known then, and ids are enough."""
    assignment = LicenseAssignment(E4.sku_id, "", ids("FORMS_PLAN_E3", "SWAY"))

    result = translate(
        [(None, assignment)],
        [],
        [product("ENTERPRISEPREMIUM")],
        carry_over=True,
        new_in_target="enable",
        families=FAMILIES,
    )

    assert off(result, "ENTERPRISEPREMIUM") == ["FORMS_PLAN_E5", "SWAY"]


@pytest.mark.parametrize(
    ("source", "target", "disabled", "expected"),
    [
        ("ENTERPRISEPACK_GOV", "ENTERPRISEPREMIUM_GOV", "FORMS_GOV_E3", "FORMS_GOV_E5"),
        ("ENTERPRISEPACK_GOV", "ENTERPRISEPREMIUM_GOV", "FLOW_O365_P2_GOV", "FLOW_O365_P3_GOV"),
        ("ENTERPRISEPACKPLUS_FACULTY", "ENTERPRISEPREMIUM_FACULTY", "OFFICE_FORMS_PLAN_2", "OFFICE_FORMS_PLAN_3"),
        ("STANDARDPACK", "ENTERPRISEPACK", "EXCHANGE_S_STANDARD", "EXCHANGE_S_ENTERPRISE"),
        ("SPE_E5", "SPE_E3", "WINDEFATP", "MDE_LITE"),
        ("ENTERPRISEWITHSCAL", "ENTERPRISEPREMIUM_GOV", "TEAMS1", "TEAMS_GOV"),
    ],
)
def test_families_hold_in_other_editions_too(source: str, target: str, disabled: str, expected: str) -> None:
    """Government and education ids, upgrades and downgrades: off under the other name as well."""
    result = translate(
        [license_of(product(source), disabled)],
        [],
        [product(target)],
        carry_over=True,
        new_in_target="enable",
        families=FAMILIES,
    )

    assert names(result.kept_off) == [expected]
