"""Where a plan swaps groups, the tenant's rules give every member the target; where it holds one, nobody changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from property.swapped_groups import complaints_of, swap

FEW_SEEDS, USERS = range(12), 60


@pytest.mark.parametrize("seed", FEW_SEEDS)
def test_every_member_of_a_swapped_group_ends_on_the_target_and_nobody_else_changes(seed: int, tmp_path: Path) -> None:
    """The swaps are made by the embedded tenant's licensing rules, from the plan's rows alone."""
    assert [] == complaints_of(swap(seed, USERS, tmp_path))


def test_the_few_seeds_have_swaps_and_several_reasons_to_hold(tmp_path: Path) -> None:
    """A property that never saw a swap would prove nothing."""
    plans = [swap(seed, USERS, tmp_path / str(seed)).plan for seed in FEW_SEEDS]
    fates = [(g.fate, g.reason) for plan in plans for g in plan.header.groups or ()]

    assert {("swap", ""), ("hold", "member_held")} <= set(fates)
    assert 20 < sum(fate == "swap" for fate, _ in fates)
    assert any((plan.decisions["via_groups"].str.contains("+", regex=False)).any() for plan in plans)
