"""A second plan that removes what the targets cover: from whom, when, and what keeps it from being made."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from worlds.job_world import CATALOG, SKU, holding, product
from worlds.rehearsal import Rehearsal, tenant_of

from connectors.tenant import LicenseAssignment, LicenseProfile
from jobs.license_reassignment.commands.addons import make_addons_plan
from jobs.license_reassignment.commands.shared.new_plan import Planned
from jobs.license_reassignment.decide.addons import decide_addons
from jobs.license_reassignment.decide.decide import Change, Hold
from jobs.license_reassignment.errors import ExitCode, InputError
from jobs.license_reassignment.run_folder.folder import RunDir

E4, E5 = "ENTERPRISEWITHSCAL", "ENTERPRISEPREMIUM"
CONTOSO = "c0a70500-0000-4000-8000-000000000001"
SETTINGS = f"""
[tenant]
id = "{CONTOSO}"
credential = "sandbox"
graph_url = "http://127.0.0.1:8080/v1.0"
[source]
skus = ["{E4}"]
[[swap]]
to = ["{E5}"]
[verify]
seconds_between_scans = 1
"""
REMOVE = '[addons]\nincluded_in_target = "remove"\n'


def _moved(folder: Path, more: str = REMOVE, *, verify: bool = True) -> tuple[Rehearsal, RunDir]:
    """Move three users, two of them with Audio Conferencing, which E5 covers."""
    held = {"ada": [E4, "MCOMEETADV"], "bo": [E4, "MCOMEETADV", "VISIOCLIENT"], "cy": [E4]}
    document = {
        "organization": {"id": CONTOSO, "name": "Contoso", "domains": ["contoso.example"]},
        "skus": [{"skuPartNumber": p, "enabled": 9} for p in (E4, E5, "MCOMEETADV", "VISIOCLIENT")],
        "users": [{"upn": f"{n}@contoso.example", "name": n, "location": "NL", "licenses": h} for n, h in held.items()],
    }
    (folder / "reseat.toml").write_text(SETTINGS + more, encoding="utf-8")
    run = Rehearsal(tenant_of(document), folder / "reseat.toml")
    first = run.plan().run
    run.apply()
    if verify:
        run.verify()
    return run, first


def _plan(run: Rehearsal, of: RunDir) -> Planned:
    async def go() -> Planned:
        async with run.parts() as parts:
            return await make_addons_plan(parts, of)

    planned = asyncio.run(go())
    run.run = planned.run
    return planned


def test_covered_add_ons_go_and_the_base_stays(tmp_path: Path) -> None:
    """Only those who have one are in the plan; removing is all that it does, and its verify has its own aim."""
    run, first = _moved(tmp_path)

    planned = _plan(run, first)
    rows = planned.plan.decisions.set_index("name")
    applied, found = run.apply(), run.verify()

    assert ["ada@contoso.example", "bo@contoso.example"] == sorted(rows.index)
    assert {("change", "", SKU["MCOMEETADV"])} == set(
        rows[["kind", "add", "remove"]].itertuples(index=False, name=None)
    )
    assert (ExitCode.DONE, "GO", (), ()) == (applied.code, found.verdict, found.gates, found.incidents)
    assert (2, 0) == (found.totals.moved, found.residual.users_direct)
    assert "covered add-ons were removed from 2 of 2 users" in found.advice_reason


def test_the_settings_must_ask_for_it(tmp_path: Path) -> None:
    """Keeping is the default."""
    run, first = _moved(tmp_path, more="")

    with pytest.raises(InputError, match="included_in_target"):
        _plan(run, first)


def test_nothing_is_removed_before_a_verify(tmp_path: Path) -> None:
    """An answer of Graph is no proof."""
    run, first = _moved(tmp_path, verify=False)

    with pytest.raises(InputError, match="run `reseat verify"):
        _plan(run, first)


def test_an_add_ons_plan_has_no_add_ons_plan(tmp_path: Path) -> None:
    """Only a plan that moves can be followed by one."""
    run, first = _moved(tmp_path)
    second = _plan(run, first).run

    with pytest.raises(InputError, match="is no swap"):
        _plan(run, second)


def test_who_was_changed_since_the_proof_keeps_everything(tmp_path: Path) -> None:
    """Somebody switched a service off in the new license: a person looks at that first."""
    run, first = _moved(tmp_path)
    run.somebody_else_licenses("ada@contoso.example", [{"sku": E5, "off": ["SWAY"]}, "MCOMEETADV"])

    rows = _plan(run, first).plan.decisions.set_index("name")

    assert ("hold", "changed_by_others") == tuple(rows.loc["ada@contoso.example", ["kind", "reason"]])
    assert "change" == rows.loc["bo@contoso.example", "kind"]


def _decide(*held: LicenseAssignment, proven: tuple[LicenseAssignment, ...] | None = None) -> Change | Hold | None:
    skus = {SKU[p]: product(p) for p in (E5, E4, "MCOMEETADV", "VISIOCLIENT", "MCOEV", "MCOPSTN1")}
    now = LicenseProfile.of(held)
    return decide_addons(now, LicenseProfile.of(proven or held), (SKU[E5],), (SKU[E4],), skus, CATALOG)


GROUP = "aaaaaaaa-0000-4000-8000-000000000001"
BASE, CONFERENCING = holding(E5), holding("MCOMEETADV")
CASES = {
    "covered": ((BASE, CONFERENCING), (SKU["MCOMEETADV"],)),
    "two covered": ((BASE, CONFERENCING, holding("MCOEV")), tuple(sorted((SKU["MCOMEETADV"], SKU["MCOEV"])))),
    "covered beside what needs it": ((BASE, holding("MCOEV"), holding("MCOPSTN1")), (SKU["MCOEV"],)),
    "through a group": ((BASE, holding("MCOMEETADV", group=GROUP)), None),
    "never covered": ((BASE, holding("VISIOCLIENT")), None),
    "off in the base": ((holding(E5, "MCOMEETADV"), CONFERENCING), None),
    "base in error": ((holding(E5, state="Error", error="CountViolation"), CONFERENCING), None),
}


@pytest.mark.parametrize("case", sorted(CASES))
def test_only_what_is_direct_and_covered_by_what_is_on_goes(case: str) -> None:
    """A service that is off in the base, or a base in error, covers nothing."""
    held, expected = CASES[case]

    found = _decide(*held)

    assert expected == (found.remove if isinstance(found, Change) else found)
    assert not isinstance(found, Change) or found.add == ()


def test_a_source_that_is_back_keeps_the_add_ons() -> None:
    """The move does not stand any more."""
    found = _decide(BASE, CONFERENCING, holding(E4), proven=(BASE, CONFERENCING))

    assert isinstance(found, Hold)
    assert "changed_by_others" == found.reason


def test_who_is_protected_since_keeps_the_add_ons(tmp_path: Path) -> None:
    """The settings protect at this moment; a name that is nobody is no plan either."""
    run, first = _moved(tmp_path)
    run.settings(f'{SETTINGS}{REMOVE}[scope]\nprotected = ["BO@contoso.example"]\n')

    planned = _plan(run, first)
    reasons = dict(zip(planned.plan.decisions["name"], planned.plan.decisions["reason"], strict=True))
    [shown] = planned.plan.header.protected

    assert reasons == {"ada@contoso.example": "", "bo@contoso.example": "protected"}
    assert (shown.entry, shown.users, shown.in_scope) == ("BO@contoso.example", 1, 1)
    run.settings(f'{SETTINGS}{REMOVE}[scope]\nprotected = ["boo@contoso.example"]\n')
    with pytest.raises(InputError, match=r"`boo@contoso\.example` is no user's.*Did you mean bo@contoso\.example"):
        _plan(run, first)
