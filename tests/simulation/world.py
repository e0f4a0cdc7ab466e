"""One seed, one world: the tenant, the settings, what goes wrong in it and when the process dies."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from simulation.disk import HOW_TO_DIE, Blow
from simulation.groups import COMES_TO_GROUPS, DAY_S, Groups, draw

from connectors.sandbox.sample.people import DEPARTMENTS
from connectors.sandbox.sample.seed import ADDONS, SOURCE, TARGETS, generate
from connectors.sandbox.tenant.model import Assignment
from connectors.sandbox.tenant.state import TenantState
from connectors.sandbox.trouble.faults import FaultPlan
from jobs.settings.load import Effective
from jobs.settings.model import Settings

AT_ODDS = "INTUNE_A_VL"
"""Its service plan is excluded by that of a target: given by somebody else meanwhile, it makes a move impossible."""

LOST_AND_STALE = ("drops", "stale")
"""Answers are lost, and the first look afterwards may show what was before: only a second look tells."""

WAYS_TO_GO_WRONG = ("drops", "errors", "items", "throttled", "stale", "meddling")


@dataclass(frozen=True, slots=True)
class Life:
    """What is in store for one process, in seconds: a blow at an append, sudden death, Ctrl-C, the pause after it."""

    blow: Blow | None = None
    killed_after: float | None = None
    stopped_after: float | None = None
    rest: float = 0.0


@dataclass(frozen=True, slots=True)
class World:
    """Everything that the seed decides. `wrong` are the ways in which this world goes wrong, () for a calm one."""

    seed: int
    wrong: tuple[str, ...]
    users: int
    mix: Mapping[str, float]
    spotless: bool
    settings: Mapping[str, Any]
    faults: Mapping[str, Any]
    quota_scale: float
    slow: float
    token_lives: tuple[float, ...]
    consumed_lag: float
    page_size: int
    lives: tuple[Life, ...]
    location_lag: float | None = None
    """Seconds until a country that was written reaches licensing; None where the roster brings no countries."""
    groups: Groups | None = None

    @property
    def settles(self) -> bool:
        """Whether two looks, a while apart, always tell what became of a change: no late work, no old reads."""
        stale = self.faults.get("stale_seconds", 0.0) if "stale" in self.wrong else 0.0
        late = self.slow > 0 or not {"drops", "items", "stale"}.issuperset(self.wrong)
        return not late and stale < (10.0 if self.lives else 20.0)

    @property
    def meddled(self) -> bool:
        """Whether somebody else changes the tenant meanwhile."""
        return "meddling" in self.wrong

    @property
    def undisturbed(self) -> bool:
        """Whether nobody else acts, and Entra can do for every member of a group what the plan asks of it."""
        return not self.meddled and (self.groups is None or self.groups.undisturbed)

    def tenant(self) -> TenantState:
        """Make the tenant."""
        tenant = generate(self.users, self.seed, **self.mix)
        _keep_few_products(tenant)
        if self.spotless:
            _take_groups_away(tenant)
        if self.faults.get("meddle_kinds") == ("seats",):
            _leave_few_seats(tenant)
        if self.groups is not None:
            self.groups.furnish(tenant)
        tenant.knobs.consumed_lag_seconds = self.consumed_lag
        tenant.knobs.location_lag_seconds = self.location_lag or 0.0
        return tenant

    def roster(self, tenant: TenantState) -> str:
        """Give the holders of the source who have no country one; with nobody of that kind, a row without effect."""
        source = tenant.sku_named(SOURCE).id
        nowhere = [u.upn for u in tenant.living() if u.location is None and source in u.profile.held]
        named = nowhere or [next(tenant.living()).upn]
        return "".join(f"{line}\n" for line in ("UPN,usage_location", *(f"{upn},NL" for upn in named)))

    def effective(self, folder: Path) -> Effective:
        """Make the settings, with runs under `folder`; the roster they may name is there already."""
        return Effective(Settings.model_validate(self.settings), {}, folder / "reseat.toml", "0" * 64)

    def fault_plan(self) -> FaultPlan:
        """Make the faults of the time in which the plan is carried out."""
        return FaultPlan(seed=self.seed, **self.faults)


def _keep_few_products(tenant: TenantState) -> None:
    """Leave out what nobody here holds or gets; each product makes every scan longer."""
    kept = {*TARGETS, *ADDONS, SOURCE, AT_ODDS}
    for sku in [s for s in tenant.skus.values() if s.part_number not in kept and not tenant.consumed(s.id)]:
        del tenant.skus[sku.id]
        for key in [k for k, s in tenant.subscriptions.items() if s.sku == sku.id]:
            del tenant.subscriptions[key]


def _leave_few_seats(tenant: TenantState) -> None:
    """Let whoever takes a seat take one of a target, or of the product that a target does not go with."""
    for sku in tenant.skus.values():
        if sku.part_number not in (*TARGETS, "MCOEV", AT_ODDS):
            sku.enabled = tenant.consumed(sku.id)


def _take_groups_away(tenant: TenantState) -> None:
    """Make a tenant that can reach GO: no group hands the source out."""
    for group in tenant.groups.values():
        group.licenses.clear()
    for user in tenant.users:
        direct = tuple(a for a in user.profile.assignments if not a.group)
        tenant.set_assignments(user, direct or (Assignment(tenant.sku_named(SOURCE).id),), 0.0)
        user.dates = None
    source = tenant.sku_named(SOURCE)
    source.enabled = max(source.enabled, tenant.consumed(source.id))
    for part in ("ENTERPRISEPACK", "ENTERPRISEPREMIUM", "SPE_E3", "SPE_E5", "MCOEV"):
        tenant.sku_named(part).enabled += 12


def world_of(seed: int) -> World:
    """Draw a world. The same seed gives the same world on every machine."""
    world, rng = _drawn(seed), random.Random(seed)
    world = _with_countries(world, rng) if not world.spotless and rng.random() < 0.2 else world
    return _with_groups(world) if seed % 5 in {1, 3} else world


def _with_groups(world: World) -> World:
    """Let groups hand the old product out and be swapped: it takes days, and so do the rests between processes."""
    rng = random.Random(f"with groups {world.seed}")
    groups = draw(world.seed, spotless=world.spotless, wrong=world.wrong)
    waves = [dict(wave) for wave in world.settings["wave"]]
    if groups.of_first_wave:
        waves = waves or [{"name": "pilot", "users": 3, "then": rng.choice(("stop", "continue"))}]
        waves[0]["groups"] = list(groups.of_first_wave)
        if "unkind" in groups.wrong:
            waves[0]["then"] = "continue"
    kinds = world.faults.get("meddle_kinds", ())
    return replace(
        world,
        users=max(world.users, 16),
        settings={
            **world.settings,
            "swap": world.settings["swap"][0 if groups.strange else -1 :],
            "wave": waves,
            "groups": groups.settings,
            "limits": {
                "refusals_percent_max": 100 if not groups.undisturbed or world.meddled else 5,
                "snapshot_age_minutes_max": 100_000,
            },
        },
        faults={**world.faults, **({"meddle_kinds": (*kinds, rng.choice(COMES_TO_GROUPS))} if kinds else {})},
        lives=tuple(replace(life, rest=rng.choice((life.rest, DAY_S))) for life in world.lives),
        groups=groups,
    )


def _with_countries(world: World, rng: random.Random) -> World:
    """Let many users have no country, and the roster bring it: a phase of its own before any license."""
    named = {
        "scope": {**world.settings["scope"], "roster": "roster.csv"},
        "usage_location": {"write_from_roster": True},
    }
    return replace(
        world,
        mix={**world.mix, "no_location": 0.3},
        settings={**world.settings, **named},
        location_lag=rng.choice((0.0, 20.0, 90.0)),
    )


def _drawn(seed: int) -> World:
    rng = random.Random(seed * 2_654_435_761 % 2**32)
    wrong = _wrong(rng)
    spotless = rng.random() < 0.25
    scale = rng.choice((1.0, 1.0, 1.0, 0.05, 0.02, 0.012))
    return World(
        seed=seed,
        wrong=wrong,
        users=rng.randint(8, 48),
        mix=_mix(rng, spotless=spotless),
        spotless=spotless,
        settings=_settings(rng, wrong, scale, spotless=spotless),
        faults=_faults(rng, wrong),
        quota_scale=scale,
        slow=rng.choice((0.0, 0.0, 0.0, 0.02, 0.1)),
        token_lives=_token_lives(rng),
        consumed_lag=rng.choice((0.0, 0.0, 20.0, 130.0)),
        page_size=rng.choice((999, 999, 999, 999, 20, 7)),
        lives=_lives(rng) if wrong != LOST_AND_STALE else (),
    )


def _wrong(rng: random.Random) -> tuple[str, ...]:
    draw = rng.random()
    if draw < 0.25:
        return ()
    if draw < 0.6:
        return (rng.choice(WAYS_TO_GO_WRONG),)
    if draw < 0.7:
        return LOST_AND_STALE
    return tuple(sorted(rng.sample(WAYS_TO_GO_WRONG, rng.randint(2, len(WAYS_TO_GO_WRONG)))))


def _mix(rng: random.Random, *, spotless: bool) -> dict[str, float]:
    if spotless:
        zero = ("inherited", "direct_and_group", "conflicts", "no_location", "guests", "restricted", "deleted")
        return dict.fromkeys(zero, 0.0) | {"disabled_plans": 0.5}
    return {
        "inherited": rng.choice((0.0, 0.05)),
        "both": rng.choice((0.01, 0.1)),
        "addons": rng.choice((0.15, 0.5)),
        "disabled_plans": rng.choice((0.2, 0.7)),
        "conflicts": rng.choice((0.01, 0.08)),
        "restricted": rng.choice((0.0, 0.05)),
        "deleted": rng.choice((0.0, 0.05)),
        "seats": rng.choice((1.0, 1.0, 1.0, 0.5)),
    }


def _settings(rng: random.Random, wrong: tuple[str, ...], scale: float, *, spotless: bool) -> dict[str, Any]:
    waves = rng.choice(
        (
            [],
            [],
            [{"name": "pilot", "users": rng.randint(1, 9), "then": "stop"}],
            [{"name": "pilot", "users": 3, "then": "continue"}, {"name": "half", "users": "50%", "then": "stop"}],
        )
    )
    declare = {
        "by": "the test",
        "purchase_channel": "direct",
        "addons": dict.fromkeys((*ADDONS, "SHAREPOINTSTORAGE"), "standalone"),
    }
    return {
        "tenant": {"id": "c0a70500-0000-4000-8000-000000000001", "credential": "sandbox"},
        "source": {"skus": [SOURCE]},
        "scope": {
            "disabled_accounts": rng.choice(("move", "hold")) if not spotless else "move",
            "guests": rng.choice(("move", "hold")),
        },
        "swap": _rules(rng, spotless=spotless),
        "plans": {
            "carry_over": rng.random() < 0.8,
            "new_in_target": rng.choice(("enable", "disable")),
            "lost_services": "accept" if spotless else rng.choice(("hold", "accept")),
        },
        "limits": {"refusals_percent_max": 100 if "meddling" in wrong else 5},
        "pace": {
            "writes_per_150_s": int(3000 * scale),
            "batches_in_flight_max": rng.choice((1, 2, 3, 4, 8)),
            "quota_share": 0.9,
        },
        "wave": waves,
        "declare": declare if spotless else {},
        "verify": {"seconds_between_scans": rng.choice((10, 60))},
    }


def _rules(rng: random.Random, *, spotless: bool) -> list[dict[str, Any]]:
    plain = [["ENTERPRISEPACK"], ["ENTERPRISEPREMIUM"], ["SPE_E3"], ["SPE_E5"]]
    if spotless:
        return [{"to": rng.choice(plain)}]
    targets = [*plain, ["SPE_E3", "MCOEV"], ["ENTERPRISEPACK", "MCOEV"]]
    everyone: dict[str, Any] = {"to": rng.choice(targets)}
    if rng.random() < 0.5:
        return [everyone]
    some = {"to": rng.choice([*targets, "leave"]), "where": {"department": rng.sample(sorted(DEPARTMENTS), 2)}}
    return [some, everyone]


def _faults(rng: random.Random, wrong: tuple[str, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {"retry_after_s": rng.choice((1, 2, 7, 30)), "retry_after_share": rng.random()}

    def some(most: float) -> float:
        return rng.uniform(0.01, most)

    if "drops" in wrong:
        found |= {"drop_before": some(0.15), "drop_after": some(0.25), "unreadable": some(0.1)}
    if "errors" in wrong:
        found |= {
            "errors": {429: some(0.05), 500: some(0.05), 502: some(0.05), 503: some(0.1), 504: some(0.05)},
            "errors_after": {500: some(0.05), 502: some(0.05), 503: some(0.05), 504: some(0.1)},
        }
    if "items" in wrong:
        found |= {
            "item_errors": {409: some(0.05), 500: some(0.05), 503: some(0.1), 504: some(0.05)},
            "item_errors_after": {500: some(0.05), 504: some(0.1)},
            "item_missing": some(0.1),
        }
    if "throttled" in wrong:
        found |= {
            "throttled": some(0.2),
            "throttled_applied": some(0.1),
            "throttled_header_share": rng.choice((1.0, 0.5)),
        }
    if "stale" in wrong:
        found |= {"stale": some(0.5), "stale_seconds": rng.choice((3.0, 8.0, 15.0, 30.0))}
    if wrong == LOST_AND_STALE:
        found |= {"drop_after": 0.3, "stale": 0.5, "stale_seconds": 15.0}
    if "meddling" in wrong:
        kinds = rng.choice((("licenses",), ("seats",), ("delete",), ("licenses", "seats", "delete")))
        found |= {"meddle_every": rng.randint(1, 8), "meddle_kinds": kinds}
    return found


def _token_lives(rng: random.Random) -> tuple[float, ...]:
    """Seconds after which the first tokens are refused, though they were given for longer."""
    return () if rng.random() < 0.7 else tuple(sorted(rng.uniform(0.0, 60.0) for _ in range(rng.randint(1, 3))))


def _lives(rng: random.Random) -> tuple[Life, ...]:
    """The processes that do not end by themselves; the one after them does."""
    draw = rng.random()
    if draw < 0.3:
        return ()
    if draw < 0.5:
        return tuple(Life(Blow(n, rng.choice(HOW_TO_DIE)), rest=_rest(rng)) for n in range(1, rng.randint(3, 9)))
    return tuple(_life(rng) for _ in range(rng.randint(1, 5)))


def _life(rng: random.Random) -> Life:
    kind = rng.choice(("blow", "blow", "blow", "kill", "stop", "full"))
    if kind == "kill":
        return Life(killed_after=rng.uniform(0.0, 20.0), rest=_rest(rng))
    if kind == "stop":
        return Life(stopped_after=rng.uniform(0.0, 20.0), rest=_rest(rng))
    how = "full" if kind == "full" else rng.choice(HOW_TO_DIE)
    return Life(Blow(rng.randint(1, 12), how), rest=_rest(rng))


def _rest(rng: random.Random) -> float:
    return rng.choice((0.0, 0.0, 1.0, 5.0, 20.0, 200.0))
