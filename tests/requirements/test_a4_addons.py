"""Add-ons and what service plans need from each other, known before the first request."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from requirements.requirement_world import (
    CATALOG,
    E4,
    PRESETS,
    SKU,
    Rehearsal,
    draw,
    holding,
    person,
    product,
    products,
    read_json,
    rehearse,
    snapshot,
    to,
)

from connectors.tenant import ServicePlan
from jobs.license_reassignment.commands.addons import make_addons_plan
from jobs.license_reassignment.commands.shared.new_plan import Planned
from jobs.license_reassignment.decide.coverage import AddonCover, addon_coverage
from jobs.license_reassignment.errors import ExitCode, InputError
from jobs.license_reassignment.model.plan import split
from jobs.license_reassignment.run_folder.folder import RunDir

E5 = "ENTERPRISEPREMIUM"
E5S = {"ENTERPRISEPREMIUM", "SPE_E5", "SPE_E5_NOPSTNCONF"}
WITH_CONFERENCING = {"ENTERPRISEPREMIUM", "SPE_E5"}
COVERED_BY = {
    "ATP_ENTERPRISE": set(PRESETS),
    "EQUIVIO_ANALYTICS": E5S,
    "MCOEV": E5S,
    "MCOMEETADV": WITH_CONFERENCING,
    "SHAREPOINTSTORAGE": set[str](),
    # Sold without a product of their own today: the service plan is what is compared.
    "LOCKBOX_ENTERPRISE": E5S,
    "EXCHANGE_ANALYTICS": E5S,
}
REMOVE = '[addons]\nincluded_in_target = "remove"\n[declare]\npurchase_channel = "direct"\n'


def _addons_plan(run: Rehearsal, of: RunDir) -> Planned:
    async def go() -> Planned:
        async with run.parts() as parts:
            return await make_addons_plan(parts, of)

    planned = asyncio.run(go())
    run.run = planned.run
    return planned


def _plan(name: str) -> ServicePlan:
    return ServicePlan(next(p for p, known in CATALOG.plan_names.items() if known == name), name)


def _held(run: Rehearsal, name: str) -> set[str]:
    user = run.tenant.user(f"{name}@contoso.example")
    assert user is not None
    return set(user.profile.held)


def test_a4_01_covered_add_ons_are_kept_until_the_move_is_proved(tmp_path: Path) -> None:
    """The plan tells what is covered; removing needs a wish, a second plan and a verify in between."""
    held = {"ada": [E4, "MCOMEETADV"], "bo": [E4, "VISIOCLIENT"]}
    skus = {E5: {"enabled": 5}, "MCOMEETADV": {"enabled": 5}, "VISIOCLIENT": {"enabled": 5}}
    run = rehearse(tmp_path, held, to(E5, more=REMOVE), skus=skus)
    first = run.plan().run
    told = {a["sku_part_number"]: a["covered"] for a in read_json(first.path / "plan.json")["addons"]}
    run.apply()
    with pytest.raises(InputError, match="run `reseat verify"):
        _addons_plan(run, first)
    run.verify()

    second = _addons_plan(run, first)
    run.apply()
    found = run.verify()

    assert {"MCOMEETADV": 1, "VISIOCLIENT": 0} == told
    assert [(SKU["MCOMEETADV"], "")] == [(row.remove, row.add) for row in second.plan.decisions.itertuples(index=False)]
    assert ("GO", ExitCode.DONE, ()) == (found.verdict, found.exit_code, found.gates)
    assert ({SKU[E5]}, {SKU[E5], SKU["VISIOCLIENT"]}) == (_held(run, "ada"), _held(run, "bo"))


def test_a4_02_fillers_do_not_count_and_an_unknown_plan_keeps_the_add_on() -> None:
    """Power BI Pro is covered by E5 though it carries a marker that E5 lacks; the archive add-on is kept."""
    provided = CATALOG.published(SKU[E5]).plan_ids
    power_bi = product("POWER_BI_PRO")
    assert {"EXCHANGE_S_FOUNDATION"} <= {p.name for p in power_bi.plans}
    archive = replace(power_bi, plans=(_plan("EXCHANGE_S_ARCHIVE_ADDON"),))

    assert AddonCover.COVERED is addon_coverage(power_bi, provided, CATALOG.families)
    assert AddonCover.KEPT is addon_coverage(archive, provided, CATALOG.families)


@pytest.mark.parametrize("target", PRESETS)
@pytest.mark.parametrize("addon", sorted(COVERED_BY))
def test_a4_03_each_add_on_of_e4_beside_each_target(addon: str, target: str) -> None:
    """The add-ons that E4 could carry, against the five targets."""
    plans = CATALOG.published(SKU[addon]).plans if addon in SKU else (_plan(addon),)
    sku = replace(product("VISIOCLIENT"), plans=plans)
    cover = addon_coverage(sku, CATALOG.published(SKU[target]).plan_ids, CATALOG.families)

    assert (target in COVERED_BY[addon]) == (cover is AddonCover.COVERED)


def test_a4_04_an_add_on_that_may_go_down_with_the_base_shuts_a_gate(tmp_path: Path) -> None:
    """Undeclared it cannot be judged, declared traditional it fails, declared standalone it passes."""
    answers = {}
    for word in ("", "traditional", "standalone"):
        folder = tmp_path / (word or "none")
        folder.mkdir()
        said = f'addons = {{ SHAREPOINTSTORAGE = "{word}" }}\n' if word else ""
        toml = to("ENTERPRISEPACK", more=f'[declare]\npurchase_channel = "direct"\n{said}')
        skus = {"SHAREPOINTSTORAGE": {"enabled": 5, "appliesTo": "Company"}}
        run = rehearse(folder, {"ada": [E4]}, toml, skus=skus)
        run.plan()
        run.apply()
        answers[word] = {g.id: g.status for g in run.verify().gates}["addons_declared"]

    assert {"": "not_checkable", "traditional": "failed", "standalone": "passed"} == answers


def test_a4_05_what_is_for_the_whole_company_is_nobodys() -> None:
    """Named apart, never a target of a user, never removed."""
    ada = person("ada", E4)
    storage = product("SHAREPOINTSTORAGE", applies_to="Company")
    drawn = draw(snapshot(ada, skus=[*products("ENTERPRISEPACK"), storage]))

    assert ("SHAREPOINTSTORAGE",) == drawn.plan.header.company_wide
    world = snapshot(ada, skus=[product(E4), storage])
    assert "target_not_assignable" == draw(world, to("SHAREPOINTSTORAGE")).reason(ada)


@pytest.mark.parametrize(
    ("kept", "off", "needs"),
    [
        ("WORKPLACE_ANALYTICS", "EXCHANGE_S_ENTERPRISE", ""),
        ("PROJECTPROFESSIONAL", "", "SHAREPOINT_PROJECT needs SharePoint Plan 2"),
    ],
)
def test_a4_06_dependency_is_predicted(kept: str, off: str, needs: str) -> None:
    """What a kept license needs must be on after the change; a service that is off today is not our doing."""
    ada = person("ada", holding(E4, off) if off else E4, kept)
    target = "ENTERPRISEPACK" if off else "STANDARDPACK"
    toml = to(target, more='[plans]\nlost_services = "accept"\n')
    held = product(kept)
    without = tuple(p for p in held.plans if p.name != "SHAREPOINTENTERPRISE")
    row = draw(snapshot(ada, skus=[*products(target), replace(held, plans=without)]), toml).row(ada)

    expected = ("hold", "dependency", needs) if needs else ("change", "", "")
    assert expected == (row["kind"], row["reason"], row["detail"])


def test_a4_07_plans_that_exclude_each_other_are_a_named_pair() -> None:
    """Held with both names, and nothing is removed to make room."""
    ada = person("ada", E4, "VISIOCLIENT")
    other = replace(product("VISIOCLIENT"), plans=(_plan("INTUNE_A_VL"),))
    row = draw(snapshot(ada, skus=[*products("SPE_E3"), other]), to("SPE_E3")).row(ada)

    assert ("conflict", "INTUNE_A conflicts with INTUNE_A_VL", "") == (row["reason"], row["detail"], row["remove"])


def test_a4_08_a_direct_license_that_appears_later_is_found(tmp_path: Path) -> None:
    """A group that lets go may leave a direct license behind: the last scan counts every holder, planned or not."""
    run = rehearse(tmp_path, {"ada": [E4], "late": []}, to("ENTERPRISEPACK"))
    run.plan()
    run.apply()
    run.somebody_else_licenses("late@contoso.example", [E4])

    found = run.verify()

    assert (1, 1) == (found.residual.users_direct, found.residual.out_of_scope)
    assert "failed" == {g.id: g.status for g in found.gates}["no_direct_holders"]


def test_a4_09_a_calling_plan_stays_and_needs_teams_phone() -> None:
    """Without Teams Phone in the target the user is held, also where lost services are accepted; with it, moved."""
    ada = person("ada", E4, "MCOPSTN1")
    world = snapshot(ada, skus=products("ENTERPRISEPACK", "MCOEV", "MCOPSTN1"))
    accept = '[plans]\nlost_services = "accept"\n'

    assert "lost_voice" == draw(world, to("ENTERPRISEPACK")).reason(ada)
    assert "dependency" == draw(world, to("ENTERPRISEPACK", more=accept)).reason(ada)
    row = draw(world, to("ENTERPRISEPACK", "MCOEV")).row(ada)
    assert ("change", True) == (row["kind"], SKU["MCOPSTN1"] not in split(row["remove"]))
