"""Whether a target can take users, and how many seats it has: `check`, `plan`, `apply` and `verify` say the same."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest
from worlds.in_process import CommandLine
from worlds.small_tenant import APPLY, EVERYONE, NEW, OLD, header, person, place, say, written

from jobs.license_reassignment.errors import ExitCode


class Units(NamedTuple):
    """The seats of the target and whether Graph gives those in grace."""

    enabled: int
    warning: int
    status: str
    counted: bool
    usable: bool


UNITS = {
    "all in grace, counted": Units(0, 100, "Warning", counted=True, usable=True),
    "all in grace, not counted": Units(0, 100, "Warning", counted=False, usable=False),
    "all in grace, said to be enabled, counted": Units(0, 100, "Enabled", counted=True, usable=True),
    "all in grace, said to be enabled, not counted": Units(0, 100, "Enabled", counted=False, usable=False),
    "some of each, counted": Units(1, 100, "Enabled", counted=True, usable=True),
    "some of each, not counted": Units(100, 5, "Enabled", counted=False, usable=True),
    "nothing at all, counted": Units(0, 0, "Enabled", counted=True, usable=False),
    "suspended, counted": Units(0, 0, "Suspended", counted=True, usable=False),
}


@pytest.mark.parametrize("name", UNITS)
def test_plan_apply_and_check_answer_alike(name: str, tmp_path: Path, reseat: CommandLine) -> None:
    """What the plan changes, apply sends; where check says "not yet", nobody is sent anything."""
    units = UNITS[name]
    target = {
        "skuPartNumber": NEW,
        "enabled": units.enabled,
        "warning": units.warning,
        "capabilityStatus": units.status,
    }
    here = place(
        tmp_path,
        [person("ada"), person("bo")],
        f"{EVERYONE}[limits]\ncount_warning_units = {str(units.counted).lower()}\n",
        skus=[{"skuPartNumber": OLD, "enabled": 10}, target],
        subscriptions=[{"id": "5b5", "sku": NEW, "totalLicenses": 100, "status": units.status}],
        knobs={"count_warning_units": True},
    )

    checked, planned = reseat(here, "check"), reseat(here, "plan")
    changes = header(here)["totals"]["changes"]
    applied = reseat(here, "apply", here.run, *APPLY)

    assert (checked.code == ExitCode.NOT_YET) == (not units.usable)
    assert (planned.code == ExitCode.NOT_YET) == (not units.usable)
    assert (changes, written(here)) == ((2, ["ada", "bo"]) if units.usable else (0, []))
    assert applied.code == ExitCode.DONE


def test_verify_and_audit_judge_the_target_by_the_limits_of_the_verification(
    tmp_path: Path, reseat: CommandLine
) -> None:
    """Seats in grace that count are a target that is ready, also when the folder alone is read afterwards."""
    target = {"skuPartNumber": NEW, "enabled": 0, "warning": 100, "capabilityStatus": "Warning"}
    here = place(
        tmp_path,
        [person("ada")],
        f"{EVERYONE}[limits]\ncount_warning_units = true\n",
        skus=[{"skuPartNumber": OLD, "enabled": 10}, target],
        subscriptions=[{"id": "5b5", "sku": NEW, "totalLicenses": 100, "status": "Warning"}],
        knobs={"count_warning_units": True},
    )
    reseat(here, "plan")
    header(here)
    reseat(here, "apply", here.run, *APPLY)

    verified = reseat(here, "verify", here.run)
    say(here, EVERYONE)
    audited = reseat(here, "audit", str(here.folder / "runs" / here.run), config=False)

    assert "targets_ready" in verified.words.partition(" passed ")[2]
    assert verified.code == audited.code == ExitCode.PEOPLE_LEFT
    assert "ALTERED" not in audited.words
