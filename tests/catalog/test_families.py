"""Which plan stands for another where the other is missing."""

from __future__ import annotations

import pytest

from connectors.catalog.families import PlanFamilies, PlanLevel
from connectors.tenant import PlanId

FAMILIES = PlanFamilies(
    levels={
        PlanId(name): PlanLevel("forms", level, name)
        for name, level in [("e1", 1), ("e1-gov", 1), ("e3", 2), ("e3-gov", 2), ("e5", 3), ("e5-gov", 3), ("e7", 4)]
    }
)


@pytest.mark.parametrize(
    ("among", "expected"),
    [
        ({"e1", "e3", "e5"}, "e3"),
        ({"e1", "e3-gov", "e5"}, "e3-gov"),
        ({"e1", "e5", "e5-gov", "e7"}, "e5"),
        ({"e1", "e1-gov"}, "e1"),
        ({"other"}, None),
        (set[str](), None),
    ],
)
def test_the_nearest_plan_that_is_no_step_down_succeeds(among: set[str], expected: str | None) -> None:
    """Itself first, then its own level, then the next above, and only then the highest below; ties by id."""
    assert expected == FAMILIES.successor(PlanId("e3"), {PlanId(p) for p in among})


def test_the_highest_plan_below_succeeds_where_none_is_above() -> None:
    """E7 alone gone: E5 is nearer than E1."""
    assert FAMILIES.successor(PlanId("e7"), {PlanId("e1"), PlanId("e5-gov"), PlanId("e5")}) == "e5"


def test_a_plan_that_no_family_names_is_a_family_of_its_own() -> None:
    """It succeeds itself and nobody else."""
    sway = PlanId("sway")

    assert FAMILIES.family_of(sway) is None
    assert FAMILIES.relatives(sway, {sway, PlanId("e1")}) == (sway,)
    assert (FAMILIES.successor(sway, {sway}), FAMILIES.successor(sway, {PlanId("e1")})) == (sway, None)
