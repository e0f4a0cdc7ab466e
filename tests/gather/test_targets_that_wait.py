"""A service plan of the target that stays pending for good: who names it goes on, and nobody else does."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest
from worlds.in_process import CommandLine
from worlds.several_runs import Runs
from worlds.small_tenant import BETTER, EVERYONE, NEW, OLD, person, place, say

DECLARED = '\n[declare]\nby = "CHG-1"\npurchase_channel = "direct"\nbilling_agreement = "mca"\n'


class Wait(NamedTuple):
    """How one plan of the target stands, what is accepted, and whether the target then is ready."""

    status: str
    accepted: str
    ready: bool


WAITS = {
    "pending, nothing accepted": Wait("PendingProvisioning", "", ready=False),
    "pending, accepted": Wait("PendingProvisioning", '"SWAY"', ready=True),
    "pending, accepted in small letters": Wait("PendingProvisioning", '"sway"', ready=True),
    "pending, accepted by id": Wait("PendingProvisioning", '"a23b959c-7ce8-4e57-9140-b90eb88a9e97"', ready=True),
    "pending, accepted among others": Wait("PendingProvisioning", '"Deskless", "SWAY"', ready=True),
    "pending, another accepted": Wait("PendingProvisioning", '"Deskless"', ready=False),
    "waiting for input, accepted": Wait("PendingInput", '"SWAY"', ready=True),
    "waiting for input, nothing accepted": Wait("PendingInput", "", ready=False),
    "in error, accepted": Wait("Error", '"SWAY"', ready=False),
    "disabled, accepted": Wait("Disabled", '"SWAY"', ready=False),
    "a word that nobody knows, accepted": Wait("PendingMoonrise", '"SWAY"', ready=False),
    "set up, accepted": Wait("Success", '"SWAY"', ready=True),
}


def tenant(folder: Path, reseat: CommandLine, accepted: str, status: str = "PendingProvisioning") -> Runs:
    target = {"skuPartNumber": NEW, "enabled": 10, "planStatus": {"SWAY": status}}
    skus = [{"skuPartNumber": OLD, "enabled": 10}, target, {"skuPartNumber": BETTER, "enabled": 10}]
    return Runs(place(folder, [person("ada")], settings(accepted), skus=skus), reseat)


def settings(accepted: str) -> str:
    return f"{EVERYONE}{DECLARED}\n[limits]\naccept_unprovisioned = [{accepted}]\n"


@pytest.mark.parametrize("name", WAITS)
def test_check_plan_and_apply_answer_alike(name: str, tmp_path: Path, reseat: CommandLine) -> None:
    """6 from each of them, or from none; only where the target is ready anybody is moved."""
    status, accepted, ready = WAITS[name]
    runs = tenant(tmp_path, reseat, accepted, status)

    codes = [reseat(runs.here, "check").code, runs.plan().code, runs.apply().code]

    assert ([0, 0, 0] if ready else [6, 6, 6], NEW if ready else OLD) == (codes, runs.holds()["ada"])


def test_what_verify_used_stands_in_the_folder_and_audit_derives_the_same(tmp_path: Path, reseat: CommandLine) -> None:
    """GO by an acceptance stays GO offline, whatever the settings say later; without it the gate is shut."""
    runs = tenant(tmp_path, reseat, '"SWAY"')
    runs.plan()
    runs.apply()

    assert 0 == runs.verify().code
    say(runs.here, settings(""))
    assert 0 == runs.audit(runs.run).code
    verified = runs.verify()
    assert (3, True) == (verified.code, "SWAY PendingProvisioning" in verified.words)
    assert 3 == runs.audit(runs.run).code


@pytest.mark.parametrize("name", ["SWYA", " sway ish", "EXCHANGE_S_ENTERPRIZE", "FLOW_O365_P9"])
def test_a_name_that_no_target_has_stops_every_command_that_would_use_it(
    name: str, tmp_path: Path, reseat: CommandLine
) -> None:
    """2 with the name, also at an apply whose plan was made before the name was written."""
    runs = tenant(tmp_path, reseat, "", "Success")
    runs.plan()
    say(runs.here, settings(f'"{name}"'))

    said = [reseat(runs.here, "check"), runs.apply(), reseat(runs.here, "plan"), reseat(runs.here, "run")]

    assert [2, 2, 2, 2] == [s.code for s in said]
    assert all(f"accept_unprovisioned: no target has a service plan called `{name}`" in s.words for s in said[1:3])
    assert OLD == runs.holds()["ada"]


def test_the_nearest_name_is_told(tmp_path: Path, reseat: CommandLine) -> None:
    """One of the target's own."""
    runs = tenant(tmp_path, reseat, '"SWYA"')

    assert "did you mean SWAY?" in runs.plan().words


def test_a_roster_may_name_the_target_that_has_it(tmp_path: Path, reseat: CommandLine) -> None:
    """`check` does not read the roster, so it does not refuse what only a row of it explains."""
    runs = tenant(tmp_path, reseat, '"MCOEV"', "Success")
    (tmp_path / "users.csv").write_text(f"UPN,target\nada@contoso.example,{BETTER}\n", encoding="utf-8")
    say(runs.here, settings('"MCOEV"') + '\n[scope]\nroster = "users.csv"\n')

    assert [0, 0, 0] == [reseat(runs.here, "check").code, runs.plan().code, runs.apply().code]
    assert BETTER == runs.holds()["ada"]


def test_an_undo_goes_back_though_the_old_product_has_no_such_plan(tmp_path: Path, reseat: CommandLine) -> None:
    """The name is about the way there."""
    runs = tenant(tmp_path, reseat, '"SWAY"')
    runs.plan()
    runs.apply()

    assert [0, 0, 0] == [runs.undo().code, runs.apply().code, runs.verify().code]
    assert OLD == runs.holds()["ada"]
