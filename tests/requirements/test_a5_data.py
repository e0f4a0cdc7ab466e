"""Functions and data at risk, user by user."""

from __future__ import annotations

from pathlib import Path

import pytest
from requirements.requirement_world import (
    CATALOG,
    E4,
    PRESETS,
    SKU,
    draw,
    holding,
    kept_and_lost,
    person,
    plan_id,
    product,
    products,
    rehearse,
    snapshot,
    to,
)

from connectors.tenant import PlanId
from jobs.license_reassignment.decide.translate import Step, translation_table
from jobs.license_reassignment.model.plan import parse_disabled, split
from jobs.license_reassignment.model.reasons import REFUSAL_REMEDIES

ADA = person("ada", E4)
E3, E5 = "ENTERPRISEPACK", "ENTERPRISEPREMIUM"
RENAMED = {"BPOS_S_TODO_2", "FLOW_O365_P2", "FORMS_PLAN_E3", "POWERAPPS_O365_P2", "STREAM_O365_E3"}


def _remarks(one_row: dict[str, str]) -> list[str]:
    return one_row["remarks"].split("; ") if one_row["remarks"] else []


def test_a5_01_the_five_replacements_say_what_they_mean() -> None:
    """Each preset has its consequence in one sentence."""
    assert list(PRESETS) == [p.part_number for p in CATALOG.presets]
    assert all(p.consequence.endswith(".") for p in CATALOG.presets)


@pytest.mark.parametrize("target", PRESETS)
def test_a5_02_seventeen_plans_and_their_successors(target: str) -> None:
    """To an E3 sixteen plans keep their id; to an E5 eleven do and five rise a level; enterprise voice has none."""
    rows = translation_table(CATALOG.published(SKU[E4]), [CATALOG.published(SKU[target])], CATALOG.families)
    source = [r for r in rows if r.source]
    ups = {r.source.name for r in source if r.step is Step.LEVEL_UP and r.source}
    none = {r.source.name for r in source if r.step is Step.NONE and r.source}

    assert (17, {"MCOVOICECONF"}) == (len(source), none)
    assert ups == (RENAMED if "E5" in target or target == E5 else set())


def test_a5_03_what_is_off_stays_off_under_its_new_name() -> None:
    """SharePoint and Forms off in E4: the same SharePoint and the Forms of E5 off, and nothing else."""
    ada = person("ada", holding(E4, "SHAREPOINTENTERPRISE", "SHAREPOINTWAC", "FORMS_PLAN_E3"))
    row = draw(snapshot(ada), to(E5)).row(ada)

    off = {CATALOG.plan_names[p] for p in parse_disabled(row["disabled_plans"])[SKU[E5]]}
    assert {"SHAREPOINTENTERPRISE", "SHAREPOINTWAC", "FORMS_PLAN_E5"} == off


def test_a5_04_only_ids_of_the_tenants_own_product_are_sent() -> None:
    """The tenant's E5 has no Forms: nothing is said about it."""
    ada = person("ada", holding(E4, "FORMS_PLAN_E3", "SWAY"))
    sku = product(E5)
    plans = tuple(p for p in sku.plans if not p.name.startswith("FORMS"))
    row = draw(snapshot(ada, skus=[product(E4), product(E5, plans=plans)]), to(E5)).row(ada)

    assert {plan_id(E4, "SWAY")} == set(parse_disabled(row["disabled_plans"])[SKU[E5]])


@pytest.mark.parametrize(("policy", "on"), [('"enable"', True), ('"disable"', False), ('["BI_AZURE_P2"]', True)])
def test_a5_05_new_plans_follow_the_policy(policy: str, on: bool) -> None:
    """All on, all off, or those that are named; the plan lists what comes on."""
    row = draw(snapshot(ADA), to(E5, more=f"[plans]\nnew_in_target = {policy}\n")).row(ADA)
    new = {CATALOG.plan_names[PlanId(p)] for p in split(row["plans_new_on"])}

    assert on == ("BI_AZURE_P2" in new)
    assert (len(new) > 30) == (policy == '"enable"')


def test_a5_06_the_end_of_enterprise_voice_is_counted() -> None:
    """A warning for those who go without Teams Phone, none with it, and none where the roster says no."""
    no_voice = person("bo", E4)
    drawn = draw(snapshot(ADA, no_voice), to(E3), roster=f"UPN,voice\n{no_voice.upn},no\n")

    assert (["voice_ends"], []) == (_remarks(drawn.row(ADA)), _remarks(drawn.row(no_voice)))
    assert [("voice_ends", 1)] == [(r.remark, r.users) for r in drawn.plan.header.remarks]
    assert [] == _remarks(draw(snapshot(ADA), to(E3, "MCOEV")).row(ADA))


def test_a5_07_telephony_outside_its_countries_is_told_and_never_held() -> None:
    """A calling plan in a country without them, conferencing where it is not offered."""
    caller = person("caller", E4, "MCOPSTN1", usage_location="TR")
    dialer = person("dialer", E4, usage_location="CN")
    world = snapshot(caller, dialer, ADA, skus=products(E5, "MCOPSTN1"))
    drawn = draw(world, to(E5))

    assert {"change"} == set(drawn.column("kind").values())
    assert {"caller": "calling_country", "dialer": "conferencing_country", "ada": ""} == drawn.column("remarks")


@pytest.mark.parametrize("target", ["STANDARDPACK", "SPE_F1"])
def test_a5_08_fewer_data_services_need_a_backup_first(target: str) -> None:
    """Held, until the roster says who made the back-up; a mailbox that is off today is no loss."""
    world = snapshot(ADA, skus=products(target))
    roster = f"UPN,backup_acknowledged_by\n{ADA.upn},J. Doe\n"

    assert "lost_service" == draw(world, to(target)).reason(ADA)
    row = draw(world, to(target), roster=roster).row(ADA)
    assert "change" == row["kind"]
    assert any(r.startswith("lowered: Exchange: Plan 2 to ") for r in _remarks(row))
    off = person("off", holding(E4, "EXCHANGE_S_ENTERPRISE"))
    assert "change" == draw(snapshot(off), to(E5)).reason(off)


def test_a5_09_a_user_with_neither_product_is_an_incident(tmp_path: Path) -> None:
    """At the top of the report, with the days that are left for the data."""
    run = rehearse(tmp_path, {"ada": [E4]}, to(E3))
    run.plan()
    run.somebody_else_licenses("ada@contoso.example", [])

    found = run.verify()

    bare = [i for i in found.incidents if i.kind == "bare_user"]
    assert [("ada@contoso.example", False)] == [(i.subject, i.harm) for i in bare]
    assert "30 days" in bare[0].detail
    assert "failed" == {g.id: g.status for g in found.gates}["nobody_bare"]


def test_a5_10_accounts_that_need_no_seat_are_told() -> None:
    """A disabled account is moved and named; held accounts take no seat."""
    gone = person("gone", E4, account_enabled="no")
    moved, held = draw(snapshot(gone)), draw(snapshot(gone), to(E3, more='[scope]\ndisabled_accounts = "hold"\n'))

    assert [("disabled_account_moves", 1)] == [
        (r.remark, r.users) for r in moved.plan.header.remarks if r.remark.startswith("disabled")
    ]
    assert ("disabled_account", 0) == (held.reason(gone), held.plan.header.seats[0].needed)


def test_a5_11_the_notice_says_that_sites_stay_reachable() -> None:
    """Where SharePoint ends: the tile goes, the address works."""
    toml = to("EXCHANGEENTERPRISE", more='[plans]\nlost_services = "accept"\n')
    drawn = draw(snapshot(ADA, skus=products("EXCHANGEENTERPRISE")), toml)
    notice = drawn.files["notice-all.csv"].decode()

    assert "The SharePoint tile disappears; team sites stay reachable" in notice
    assert "The SharePoint tile" not in draw(snapshot(ADA)).files["notice-all.csv"].decode()


def test_a5_12_the_end_of_the_desktop_apps_is_told() -> None:
    """E1 has none: a remark in the plan and a sentence in the notice."""
    toml = to("STANDARDPACK", more='[plans]\nlost_services = "accept"\n')
    drawn = draw(snapshot(ADA, skus=products("STANDARDPACK")), toml)

    assert "office_apps_end" in _remarks(drawn.row(ADA))
    assert "unlicensed" in drawn.files["notice-all.csv"].decode()
    assert "OFFICESUBSCRIPTION" in kept_and_lost(drawn, ADA)[1]


def test_a5_13_addresses_are_compared_and_duplicates_held(tmp_path: Path) -> None:
    """Two users with one address are held; an address that changes with the license is told afterwards."""
    one = person("one", E4, proxy_addresses="smtp:info@contoso.example")
    two = person("two", E4, proxy_addresses="SMTP:INFO@contoso.example")
    drawn = draw(snapshot(one, two))
    assert ("duplicate_address", "duplicate_address") == (drawn.reason(one), drawn.reason(two))
    assert "info@contoso.example is also an address of two@contoso.example" == drawn.row(one)["detail"]

    run = rehearse(tmp_path, {"ada": [E4]}, to(E3))
    user = run.tenant.user("ada@contoso.example")
    assert user is not None
    run.tenant.mail_on_assign[user.id] = "other@contoso.example"
    run.plan()
    run.apply()
    assert ["address_changed"] == [i.kind for i in run.verify().incidents]


@pytest.mark.parametrize(("location", "kind"), [("", "hold"), ("N", "hold"), ("UK1", "hold"), ("nl", "change")])
def test_a5_14_a_missing_country_is_predicted(location: str, kind: str) -> None:
    """No country is ever guessed."""
    ada = person("ada", E4, usage_location=location)

    assert kind == draw(snapshot(ada)).row(ada)["kind"]


def test_a5_15_every_kind_of_refusal_has_its_remedy() -> None:
    """Seats, conflicts, dependencies, country, duplicates, and what nobody knows."""
    kinds = {"no_seat", "conflict", "dependency", "no_usage_location", "duplicate_address", "review"}

    assert kinds == kinds & set(REFUSAL_REMEDIES)
    assert [] == [code for code in kinds if not REFUSAL_REMEDIES[code].endswith((".", "it."))]


def test_a5_16_a_service_that_comes_by_itself_is_no_change() -> None:
    """Sway is in both: neither new, nor lost, nor told."""
    drawn = draw(snapshot(ADA), to(E3))
    row = drawn.row(ADA)

    assert plan_id(E4, "SWAY") not in split(row["plans_new_on"]) + split(row["plans_lost"])
    assert "Sway" not in drawn.files["notice-all.csv"].decode()
