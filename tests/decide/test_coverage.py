"""What licenses provide, and what a change would take away."""

from __future__ import annotations

import pytest
from decide.published_products import CATALOG, custom, holding, license_of, product

from connectors.tenant import LicenseAssignment, SkuId
from jobs.license_reassignment.decide.coverage import (
    NOT_PROVIDED,
    Holding,
    data_at_risk,
    service_losses,
    voice_at_risk,
    voice_evidence,
)

FIVE = tuple(p.part_number for p in CATALOG.presets)


def risks(before: Holding, after: Holding) -> list[str]:
    """The losses in words."""
    return [loss.sentence for loss in data_at_risk(before, after)]


@pytest.mark.parametrize("target", FIVE)
def test_no_data_is_at_risk_in_the_five_replacements(target: str) -> None:
    """Microsoft keeps mailbox and documents in all of them."""
    assert risks(holding("ENTERPRISEWITHSCAL"), holding(target)) == []


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("STANDARDPACK", ["Exchange: Plan 2 to Plan 1", "SharePoint/OneDrive: Plan 2 to Plan 1"]),
        ("SPE_F1", ["Exchange: Plan 2 to Kiosk", "SharePoint/OneDrive: Plan 2 to Kiosk"]),
        (
            "OFFICESUBSCRIPTION",
            [
                "Exchange: Plan 2 to none",
                "SharePoint/OneDrive: Plan 2 to OneDrive Plan 1",
                "Teams: Full to none",
                "Yammer: Enterprise to none",
            ],
        ),
        ("Office_365_E3_(no_Teams)", ["Teams: Full to none"]),
    ],
)
def test_a_lower_or_missing_data_service_is_at_risk(target: str, expected: list[str]) -> None:
    """Each of the four services is named with its level before and after."""
    assert risks(holding("ENTERPRISEWITHSCAL"), holding(target)) == expected


def test_a_disabled_service_is_not_there() -> None:
    """What is off in the target is lost, and what is off today cannot be."""
    e4, e5 = product("ENTERPRISEWITHSCAL"), product("ENTERPRISEPREMIUM")
    off = holding(license_of(e5, "EXCHANGE_S_ENTERPRISE"))

    assert risks(holding("ENTERPRISEWITHSCAL"), off) == ["Exchange: Plan 2 to none"]
    assert risks(holding(license_of(e4, "EXCHANGE_S_ENTERPRISE")), off) == []


def test_every_license_of_the_user_counts() -> None:
    """Exchange Plan 2 from a license that stays makes up for E1."""
    after = holding("STANDARDPACK", "EXCHANGEENTERPRISE")

    assert risks(holding("ENTERPRISEWITHSCAL", "EXCHANGEENTERPRISE"), after) == [
        "SharePoint/OneDrive: Plan 2 to Plan 1"
    ]


@pytest.mark.parametrize("state", ["Error", "Disabled"])
def test_a_failed_assignment_provides_nothing(state: str) -> None:
    """Neither before nor after."""
    failed = license_of(product("EXCHANGEENTERPRISE"), state=state, error="CountViolation")

    assert risks(holding("ENTERPRISEWITHSCAL"), holding("STANDARDPACK", failed))[0] == "Exchange: Plan 2 to Plan 1"
    assert risks(holding(failed), holding()) == []


def test_a_doubtful_assignment_can_be_lost_and_proves_nothing() -> None:
    """ActiveWithError, or a state from the future, may be in use today and may be gone tomorrow."""
    doubtful = license_of(product("EXCHANGEENTERPRISE"), state="ActiveWithError", error="Other")

    assert risks(holding(doubtful), holding()) == ["Exchange: Plan 2 to none"]
    assert risks(holding("EXCHANGEENTERPRISE"), holding(doubtful)) == ["Exchange: Plan 2 to none"]
    assert risks(holding(doubtful), holding(doubtful)) == []


def test_a_sku_that_the_tenant_does_not_list_provides_nothing() -> None:
    """Its plans are unknown."""
    assert holding((None, LicenseAssignment(SkuId("x"), "", ()))).plans == frozenset()


def test_a_filler_is_no_mailbox() -> None:
    """EXCHANGE_S_FOUNDATION stands in many SKUs and holds no mail."""
    assert risks(holding("ENTERPRISEWITHSCAL"), holding("POWER_BI_PRO"))[0] == "Exchange: Plan 2 to none"


def test_what_is_lost_or_lowered_is_a_loss_and_nothing_else() -> None:
    """E4 to E1 plus audio conferencing keeps Teams, raises the apps, brings conferencing, lowers Exchange."""
    before = holding("STANDARDPACK", license_of(custom("OFFICE_BUSINESS", "MCOVOICECONF", "EXCHANGE_S_ENTERPRISE")))
    after = holding(license_of(custom("OFFICESUBSCRIPTION", "MCOMEETADV", "EXCHANGE_S_STANDARD", "TEAMS1")))
    lost = {loss.family for loss in service_losses(before.services, after.services)}

    assert {"exchange", "enterprise_voice", "sharepoint", "yammer"} <= lost
    assert not lost & {"teams", "office_apps", "audio_conferencing"}


def test_lost_office_apps_are_told_and_no_data() -> None:
    """E1 has the apps on phones only: the desktop apps are lost, and no document with them."""
    lost = service_losses(holding("ENTERPRISEWITHSCAL").services, holding("STANDARDPACK").services)

    assert [c.sentence for c in lost if c.family == "office_apps"] == ["Office apps: Enterprise to none"]
    assert [c for c in lost if c.data_at_risk and c.after == NOT_PROVIDED] == []


def test_enterprise_voice_alone_is_no_evidence_of_telephoning() -> None:
    """Every user of E4 has MCOVOICECONF."""
    assert voice_evidence(holding("ENTERPRISEWITHSCAL")) == ""
    assert voice_at_risk(holding("ENTERPRISEWITHSCAL"), holding("ENTERPRISEPACK")) == ""


def test_a_calling_plan_without_teams_phone_is_at_risk() -> None:
    """E4 with a calling plan to E3 is held; to E5, or to E3 with Teams Phone, it is not."""
    before = holding("ENTERPRISEWITHSCAL", "MCOPSTN1")

    assert "MCOPSTN1" in voice_at_risk(before, holding("ENTERPRISEPACK", "MCOPSTN1"))
    assert voice_at_risk(before, holding("ENTERPRISEPREMIUM", "MCOPSTN1")) == ""
    assert voice_at_risk(before, holding("ENTERPRISEPACK", "MCOEV", "MCOPSTN1")) == ""


@pytest.mark.parametrize(("plan", "known"), [("MCOPSTN99", True), ("MCOPSTNC", False), ("MCOSMS5", False)])
def test_a_calling_plan_is_known_by_its_name(plan: str, known: bool) -> None:
    """New ids appear faster than lists; Communications Credits and text messages are no calling plan."""
    assert bool(voice_evidence(holding(license_of(custom(plan))))) is known


@pytest.mark.parametrize(
    ("licenses", "declared", "expected"),
    [
        (("ENTERPRISEWITHSCAL",), True, "roster"),
        (("ENTERPRISEWITHSCAL",), False, ""),
        (("ENTERPRISEWITHSCAL", "MCOEV"), None, "Teams Phone"),
        (("ENTERPRISEWITHSCAL", "MCOEV"), False, ""),
        (("ENTERPRISEWITHSCAL", "MCOPSTN2"), False, "calling plan"),
    ],
)
def test_the_roster_adds_evidence_and_outweighs_teams_phone_only(
    licenses: tuple[str, ...], declared: bool | None, expected: str
) -> None:
    """A calling plan is paid for: nobody's `no` makes it work without Teams Phone."""
    told = voice_at_risk(holding(*licenses), holding("ENTERPRISEPACK"), declared)

    assert expected in told
    assert bool(told) is bool(expected)
