"""Add-ons that a target makes superfluous, and plans that need or exclude each other."""

from __future__ import annotations

from dataclasses import replace

import pytest
from decide.published_products import CATALOG, FAMILIES, PLAN_IDS, custom, holding, license_of, product

from connectors.catalog.families import Severity
from jobs.license_reassignment.decide.coverage import AddonCover, addon_coverage, broken_dependencies, conflicts

FIVE = tuple(p.part_number for p in CATALOG.presets)
ADDONS = {
    "Customer Lockbox": custom("LOCKBOX_ENTERPRISE"),
    "Advanced Threat Protection": product("ATP_ENTERPRISE"),
    "MyAnalytics": custom("EXCHANGE_ANALYTICS"),
    "Advanced Compliance": product("EQUIVIO_ANALYTICS"),
    "Extra File Storage": product("SHAREPOINTSTORAGE"),
    "Phone System": product("MCOEV"),
    "Audio Conferencing": product("MCOMEETADV"),
}
E5S = {"ENTERPRISEPREMIUM", "SPE_E5", "SPE_E5_NOPSTNCONF"}
COVERED_BY = {
    "Customer Lockbox": E5S,
    "Advanced Threat Protection": set(FIVE),
    "MyAnalytics": E5S,
    "Advanced Compliance": E5S,
    "Extra File Storage": set[str](),
    "Phone System": E5S,
    "Audio Conferencing": {"ENTERPRISEPREMIUM", "SPE_E5"},
}


@pytest.mark.parametrize("target", FIVE)
@pytest.mark.parametrize("addon", ADDONS)
def test_each_addon_of_e4_beside_each_replacement(addon: str, target: str) -> None:
    """Seven add-ons that Microsoft names for E4, five targets."""
    expected = AddonCover.COVERED if target in COVERED_BY[addon] else AddonCover.KEPT

    assert addon_coverage(ADDONS[addon], product(target).plan_ids, FAMILIES) is expected


@pytest.mark.parametrize(
    ("addon", "target", "expected"),
    [
        ("POWER_BI_PRO", "ENTERPRISEPREMIUM", AddonCover.COVERED),  # its filler is not asked for
        ("POWER_BI_PRO", "ENTERPRISEPACK", AddonCover.KEPT),
        ("EXCHANGEARCHIVE_ADDON", "ENTERPRISEPREMIUM", AddonCover.KEPT),  # an archive is data: no equivalence listed
        ("VISIOCLIENT", "SPE_E5", AddonCover.KEPT),
        ("PROJECTPROFESSIONAL", "SPE_E5", AddonCover.PARTLY),
        ("EMS", "SPE_E3", AddonCover.COVERED),
        ("EMS", "SPE_E5", AddonCover.COVERED),  # discovery is part of the full Defender for Cloud Apps
        ("EMSPREMIUM", "SPE_E3", AddonCover.PARTLY),
    ],
)
def test_coverage_ignores_fillers_and_knows_reviewed_equivalents(addon: str, target: str, expected: AddonCover) -> None:
    """What no list says is kept."""
    assert addon_coverage(product(addon), product(target).plan_ids, FAMILIES) is expected


def test_an_addon_is_compared_with_what_is_enabled() -> None:
    """Audio conferencing off in E5 covers no audio conferencing add-on."""
    e5 = product("ENTERPRISEPREMIUM")

    assert addon_coverage(product("MCOMEETADV"), e5.plan_ids - {PLAN_IDS["MCOMEETADV"]}, FAMILIES) is AddonCover.KEPT
    assert addon_coverage(custom("EXCHANGE_S_FOUNDATION"), e5.plan_ids, FAMILIES) is AddonCover.KEPT


def test_a_kept_license_loses_what_it_needs() -> None:
    """Project Online needs SharePoint Plan 2, which E1 does not have and which is off in E3 here."""
    project = product("PROJECTPROFESSIONAL")
    lean = replace(project, plans=tuple(p for p in project.plans if p.name != "SHAREPOINTENTERPRISE"))
    before = holding("ENTERPRISEWITHSCAL", license_of(lean))
    off = holding(license_of(product("ENTERPRISEPACK"), "SHAREPOINTENTERPRISE"), license_of(lean))

    broken = (("SHAREPOINT_PROJECT", "SharePoint Plan 2"),)
    assert broken_dependencies(before, holding("STANDARDPACK", license_of(lean)), FAMILIES) == broken
    assert broken_dependencies(before, off, FAMILIES) == broken
    assert broken_dependencies(before, holding("ENTERPRISEPACK", license_of(lean)), FAMILIES) == ()


def test_a_need_that_is_unmet_today_is_not_the_changes_doing() -> None:
    """Teams Phone beside E4 with Teams off stays as it is."""
    e4, e3 = product("ENTERPRISEWITHSCAL"), product("ENTERPRISEPACK")
    before = holding(license_of(e4, "TEAMS1"), "MCOEV")

    assert broken_dependencies(before, holding(license_of(e3, "TEAMS1"), "MCOEV"), FAMILIES) == ()
    assert broken_dependencies(
        holding("ENTERPRISEWITHSCAL", "MCOEV"), holding(license_of(e3, "TEAMS1"), "MCOEV"), FAMILIES
    ) == (("MCOEV", "Teams"),)


def test_a_need_may_rest_on_a_doubtful_assignment_that_stays() -> None:
    """Nothing gets worse by keeping it; it only fails to make up for a sound one that leaves."""
    doubtful = license_of(custom("TEAMS1"), state="ActiveWithError", error="Other")

    assert broken_dependencies(holding(doubtful, "MCOEV"), holding(doubtful, "MCOEV"), FAMILIES) == ()
    assert broken_dependencies(
        holding("ENTERPRISEWITHSCAL", doubtful, "MCOEV"), holding(doubtful, "MCOEV"), FAMILIES
    ) == (("MCOEV", "Teams"),)
    assert broken_dependencies(holding(doubtful, "MCOEV"), holding("MCOEV"), FAMILIES) == (("MCOEV", "Teams"),)


def test_office_for_the_web_without_sharepoint_is_only_told() -> None:
    """The admin center objects; no refusal by Graph is known."""
    after = holding(license_of(product("ENTERPRISEPACK"), "SHAREPOINTENTERPRISE"))
    before = holding("ENTERPRISEWITHSCAL")

    assert broken_dependencies(before, after, FAMILIES) == ()
    assert broken_dependencies(before, after, FAMILIES, Severity.WARN) == (("SHAREPOINTWAC", "a SharePoint plan"),)


def test_a_pair_that_excludes_each_other_is_named_once() -> None:
    """Two calling plans cannot stand together; the same pair today is Graph's business."""
    one, both = holding("MCOPSTN1"), holding("MCOPSTN1", "MCOPSTN2")

    assert conflicts(one, both, FAMILIES) == (("MCOPSTN1", "MCOPSTN2"),)
    assert conflicts(both, both, FAMILIES) == ()


def test_plans_that_may_stand_together_in_practice_are_only_told() -> None:
    """The published sets still list them; Microsoft sells E3 without Teams with Teams Enterprise for one user."""
    before = holding("ENTERPRISEWITHSCAL")
    after = holding("Office_365_E3_(no_Teams)", "Microsoft_Teams_Enterprise_New")
    project = holding("STANDARDPACK", "PROJECTPROFESSIONAL")

    assert conflicts(before, after, FAMILIES) == ()
    assert conflicts(before, after, FAMILIES, Severity.WARN) == (("MCOIMP", "MCOSTANDARD"),)
    assert ("SHAREPOINTENTERPRISE", "SHAREPOINTSTANDARD") in conflicts(before, project, FAMILIES, Severity.WARN)
