"""What can only be a mistake of the settings is a 2 at once: not tomorrow, not after the night, not never."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from worlds.job_world import CATALOG, PRODUCTS, product, settings
from worlds.rehearsal import Rehearsal, tenant_of

from connectors.roster.read import read_roster
from jobs.license_reassignment.commands.addons import make_addons_plan
from jobs.license_reassignment.commands.apply import apply_plan
from jobs.license_reassignment.commands.check import check
from jobs.license_reassignment.commands.plan import make_plan
from jobs.license_reassignment.commands.run import run_all
from jobs.license_reassignment.commands.shared.parts import Parts
from jobs.license_reassignment.commands.undo import make_undo
from jobs.license_reassignment.errors import ExitCode, InputError
from jobs.license_reassignment.gather.names import Products, policy_of
from jobs.license_reassignment.gather.roster import wishes_of
from jobs.license_reassignment.run_folder.folder import RunDir

SKUS = tuple(product(p) for p in PRODUCTS)
CONTOSO = "c0a70500-0000-4000-8000-000000000001"
HEAD = f"""
[tenant]
id = "{CONTOSO}"
credential = "sandbox"
graph_url = "http://127.0.0.1:8080/v1.0"
[source]
skus = ["ENTERPRISEWITHSCAL"]
"""
TO_E3 = '[[swap]]\nname = "everyone"\nto = ["ENTERPRISEPACK"]\n'


def rehearsal(folder: Path, toml: str) -> Rehearsal:
    """A tenant with one holder of the source, and these settings."""
    (folder / "reseat.toml").write_text(HEAD + toml, encoding="utf-8")
    organization = {"id": CONTOSO, "name": "Contoso", "domains": ["contoso.example"]}
    skus = [{"skuPartNumber": p, "enabled": 5} for p in ("ENTERPRISEWITHSCAL", "ENTERPRISEPACK", "MCOEV")]
    users = [{"upn": "ada@contoso.example", "name": "Ada", "location": "NL", "licenses": ["ENTERPRISEWITHSCAL"]}]
    return Rehearsal(tenant_of({"organization": organization, "skus": skus, "users": users}), folder / "reseat.toml")


def refused(place: Rehearsal, work: Callable[[Parts], Awaitable[Any]]) -> tuple[str, int]:
    """The words of the refusal, and the requests that were made before it."""

    async def go() -> tuple[str, int]:
        async with place.parts() as parts:
            with pytest.raises(InputError) as error:
                await work(parts)
            assert error.value.exit_code == ExitCode.USAGE
            return str(error.value), parts.tenant.traffic.http

    return asyncio.run(go())


def plan(parts: Parts) -> Awaitable[Any]:
    """Make the plan."""
    return make_plan(parts, skip_bad_rows=False)


@pytest.mark.parametrize("work", [check, plan], ids=["check", "plan"])
@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("SWAYY", "`SWAYY` (did you mean SWAY?)"),
        ("forms_plan_e", "`forms_plan_e` (did you mean FORMS_PLAN_E"),
        ("%", "`%`. "),
    ],
)
def test_a_service_plan_that_no_target_has_is_refused(
    tmp_path: Path, word: str, said: str, work: Callable[[Parts], Awaitable[Any]]
) -> None:
    """It would switch off everything new; the nearest name is what was probably meant."""
    place = rehearsal(tmp_path, f'{TO_E3}[plans]\nnew_in_target = ["sway", "{word}"]\n')

    message, _ = refused(place, work)

    assert message.startswith(f"[plans] new_in_target: no product of the tenant has a service plan called {said}")
    assert not place.effective.runs_path.exists()


def test_a_service_plan_of_any_target_will_do(tmp_path: Path) -> None:
    """Also of one that only a row of the roster names, and by its id too."""
    sway = next(p.id for p in product("ENTERPRISEPACK").plans if p.name == "SWAY")
    (tmp_path / "users.csv").write_text("UPN,target\nada@contoso.example,ENTERPRISEPACK+MCOEV\n", encoding="utf-8")
    more = f'[scope]\nroster = "users.csv"\n[plans]\nnew_in_target = ["{sway.upper()}", "mcoev"]\n'
    place = rehearsal(tmp_path, TO_E3 + more)

    assert place.check().code in {ExitCode.DONE, ExitCode.PEOPLE_LEFT}
    assert 1 == place.plan().plan.header.totals.changes


@pytest.mark.parametrize("part_number", ["LITEPACK", "LITEPACK_P2", "MIDSIZEPACK"])
def test_small_business_plans_are_refused_whether_the_tenant_has_them_or_not(part_number: str) -> None:
    """Nobody waits for a purchase that could not be used; another target that is not there yet does not hide it."""
    chosen = settings(f'[[swap]]\nto = ["SPE_E5"]\n[[swap]]\nto = ["ENTERPRISEPACK + {part_number}"]\n')
    with pytest.raises(InputError, match=r"^\[\[swap\]\] 2 to: .* Small and Midsize Business"):
        policy_of(chosen, Products(CATALOG, SKUS))
    chosen = settings(f'source.skus = ["{part_number}"]\n{TO_E3}')
    with pytest.raises(InputError, match=r"^\[source\] skus\[1\]: .* Small and Midsize Business"):
        policy_of(chosen, Products(CATALOG, SKUS))


def test_a_roster_row_that_wants_a_small_business_plan_is_rejected_for_that() -> None:
    """Its reason is not that the product has yet to arrive."""
    roster = read_roster(b"UPN,target\nada@contoso.example,LITEPACK\n", file="users.csv")

    found = wishes_of(roster, Products(CATALOG, SKUS), policy_of(settings(), Products(CATALOG, SKUS)))

    assert 1 == len(found.errors)
    assert found.errors[0].reason.startswith("target: Microsoft does not support moving users from or to ")


COMMANDS: dict[str, Callable[[Parts, RunDir], Awaitable[Any]]] = {
    "check": lambda parts, _: check(parts),
    "plan": lambda parts, _: plan(parts),
    "plan --addons-of": make_addons_plan,
    "apply": lambda parts, run: apply_plan(parts, run, tenant="contoso.example"),
    "undo": make_undo,
    "run": lambda parts, _: run_all(parts, approve="contoso.example", skip_bad_rows=False, told=lambda *_: None),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_signing_key_that_is_not_there_ends_every_command_before_its_first_request(tmp_path: Path, name: str) -> None:
    """And not `verify`, when the night is over."""
    planned = rehearsal(tmp_path, TO_E3).plan()
    place = rehearsal(tmp_path, f'{TO_E3}[run]\nsigning_key = "absent.pem"\n')

    message, requests = refused(place, lambda parts: COMMANDS[name](parts, planned.run))

    assert (message, requests) == (
        f"Cannot read [run] signing_key {tmp_path / 'absent.pem'}: No such file or directory.",
        0,
    )
