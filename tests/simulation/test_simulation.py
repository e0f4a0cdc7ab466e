"""Seeded worlds: the real job against the embedded tenant, on a clock that jumps, with everything that goes wrong.

The quick set lives through the first 200. `RESEAT_WORLDS` says how many worlds are lived through instead,
`RESEAT_FIRST_WORLD` with which seed to begin.
"""

from __future__ import annotations

import gc
import os
from collections import Counter
from collections.abc import Iterator

import pytest
from simulation.groups import DAY_S, TROUBLES
from simulation.oracle import complaints
from simulation.run import live
from simulation.world import WAYS_TO_GO_WRONG, world_of
from worlds.sets import few

WORLDS = int(os.environ.get("RESEAT_WORLDS", "2000"))
FIRST = int(os.environ.get("RESEAT_FIRST_WORLD", "0"))
CHUNK = 20
QUICK = 200 if (WORLDS, FIRST) == (2000, 0) else FIRST + WORLDS
RERUN = "RESEAT_FIRST_WORLD={seed} RESEAT_WORLDS=1 python -m pytest tests/simulation"

# A sandbox that drops a connection raises through the application; a dead process leaves coroutines behind.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
]


@pytest.fixture(autouse=True, scope="module")
def _no_old_garbage() -> Iterator[None]:
    """Spare the collector what the libraries brought with them; it would look through all of it a thousand times."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def _lived(seed: int) -> list[str]:
    """Live one world; a crash of ours is a complaint like any other."""
    try:
        return complaints(live(world_of(seed)))
    except Exception as error:
        error.add_note(f"in world {seed} ({world_of(seed).wrong}); again with: {RERUN.format(seed=seed)}")
        raise


FIRSTS = range(FIRST, FIRST + WORLDS, CHUNK)


@pytest.mark.parametrize("first", few(FIRSTS, *(first for first in FIRSTS if first < QUICK)))
def test_every_promise_holds_in_these_worlds(first: int) -> None:
    """The tenant's own state and write log bear out what apply and verify say, whatever goes wrong meanwhile."""
    seeds = range(first, min(first + CHUNK, FIRST + WORLDS))
    broken = {seed: found for seed in seeds if (found := _lived(seed))}
    told = [f"world {s}: {text}\n  again with: {RERUN.format(seed=s)}" for s, found in broken.items() for text in found]
    assert told == [], "\n".join(["", *told])


def test_the_worlds_hold_everything_that_can_go_wrong() -> None:
    """The draw leaves nothing out: each fault, calm worlds, deaths at every point, shortages, small quotas, waves."""
    worlds = [world_of(seed) for seed in range(400)]
    wrong = Counter(way for world in worlds for way in world.wrong)
    blows = {life.blow.how for world in worlds for life in world.lives if life.blow}
    assert set(wrong) == set(WAYS_TO_GO_WRONG)
    assert min(wrong.values()) >= 50
    assert blows == {"before", "torn", "unsynced", "after", "full"}
    assert any(life.killed_after is not None for world in worlds for life in world.lives)
    assert any(life.stopped_after is not None for world in worlds for life in world.lives)
    assert {world.quota_scale < 1 for world in worlds} == {True, False}
    assert {bool(world.settings["wave"]) for world in worlds} == {True, False}
    assert {world.location_lag for world in worlds} == {None, 0.0, 20.0, 90.0}
    assert sum(not world.wrong for world in worlds) >= 60
    assert sum(world.spotless for world in worlds) >= 60


def test_a_quarter_of_the_worlds_have_groups_that_are_swapped() -> None:
    """Each kind of group and everything that befalls groups is drawn, also where nothing else goes wrong."""
    worlds = [world_of(seed) for seed in range(400)]
    groups = [world.groups for world in worlds if world.groups is not None]
    assert len(groups) >= 100
    assert {way for one in groups for way in one.wrong} == set(TROUBLES)
    assert sum(world.undisturbed for world in worlds if world.groups is not None) >= 20
    assert {bool(one.of_first_wave) for one in groups} == {True, False}
    assert any(life.rest >= DAY_S for world in worlds for life in world.lives)


def test_the_same_seed_is_the_same_world() -> None:
    """A failing seed can be lived through again: the write log is the same to the second and the letter."""
    logs = []
    for _ in range(2):
        story = live(world_of(9))
        logs.append([(r.at, r.actor, r.kind, r.target, r.status) for r in story.tenant.write_log])
    assert logs[0] == logs[1]
