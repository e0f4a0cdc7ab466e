"""In a tenant that nobody else touches nothing is refused, and nobody is held who could have been moved."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import pytest
from property.undisturbed import Lived, complaints, live

FEW_SEEDS = range(12)
USERS = 60


@cache
def _lived(seed: int) -> Lived:
    with tempfile.TemporaryDirectory(prefix="reseat-property-") as folder:
        return live(seed, USERS, Path(folder))


@pytest.mark.parametrize("seed", FEW_SEEDS)
def test_the_plan_knew_what_the_tenant_would_say(seed: int) -> None:
    """Every planned change is made without one refusal, and the tenant itself refuses what the plan held."""
    assert [] == complaints(_lived(seed))


def test_the_few_seeds_meet_the_situations_that_matter() -> None:
    """A property that only ever sees plain users would prove nothing: these seeds have moves and every kind of hold."""
    met = {reason for seed in FEW_SEEDS for reason in _lived(seed).plan.decisions["reason"]}

    holds = {"no_seat", "inherited", "duplicate_address", "conflict", "no_usage_location", "restricted_management"}
    assert {"", *holds} == {"", *holds} & met
