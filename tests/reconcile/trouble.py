"""What can be wrong in a tenant on the morning after, one thing at a time, and which gates must say so."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from worlds.evidence_world import Night, give_source_back, licensed_group, newcomer, source_of

from connectors.sandbox.sample.seed import ADDONS
from connectors.sandbox.tenant.model import Sku, User
from jobs.license_reassignment.decide import decide

HELD = frozenset({"no_direct_holders", "consumed_is_zero"})
SEATS = frozenset({"books_balance", "consumed_is_zero"})


@dataclass(frozen=True)
class Trouble:
    """One thing that is wrong. `gates` must fail, these and no others; `audit` is a fault in the folder instead.

    `settings` hold from the plan on, `declare` from the verification on, and `planner` is in force while planning.
    """

    name: str
    gates: frozenset[str]
    inject: Callable[[Night, random.Random], None] = lambda _night, _rng: None
    settings: dict[str, Any] = field(default_factory=dict)
    declare: dict[str, Any] = field(default_factory=dict)
    planner: Callable[[], AbstractContextManager[Any]] = nullcontext
    code: int = 3
    audit: bool = False


def any_user(night: Night, rng: random.Random) -> User:
    """Return one of the users that were moved."""
    return rng.choice(list(night.tenant.living()))


def _holder(**fields: Any) -> Callable[[Night, random.Random], None]:
    def inject(night: Night, _rng: random.Random) -> None:
        give_source_back(night, newcomer(night, **fields))

    return inject


def _given_back(night: Night, rng: random.Random) -> None:
    give_source_back(night, any_user(night, rng))


def _through_group(night: Night, rng: random.Random) -> None:
    licensed_group(night, any_user(night, rng))


def _left_of_a_group(night: Night, rng: random.Random) -> None:
    give_source_back(night, any_user(night, rng), "88888888-0000-4000-8000-000000000008")


def _empty_group(night: Night, _rng: random.Random) -> None:
    licensed_group(night)


def _soft_deleted(night: Night, _rng: random.Random) -> None:
    user = newcomer(night)
    give_source_back(night, user)
    night.tenant.delete_user(user, night.now)


def _unexplained(sku: str, units: int) -> Callable[[Night, random.Random], None]:
    def inject(night: Night, _rng: random.Random) -> None:
        night.tenant.sku_named(sku).consumed_offset += units

    return inject


def _bare(night: Night, rng: random.Random) -> None:
    night.tenant.set_assignments(any_user(night, rng), (), night.now)


def _mail_switched_off(night: Night, rng: random.Random) -> None:
    user, target = any_user(night, rng), night.tenant.sku_named("ENTERPRISEPREMIUM")
    off = target.plan_by_name["EXCHANGE_S_ENTERPRISE"].id
    held = [a._replace(off=tuple(sorted({*a.off, off}))) if a.sku == target.id else a for a in user.profile.assignments]
    night.tenant.set_assignments(user, held, night.now)


def _another_edition(night: Night, _rng: random.Random) -> None:
    source = night.tenant.skus[source_of(night.tenant)]
    other = Sku("77777777-0000-4000-8000-000000000007", f"{source.part_number}_STUDENT", source.plans, enabled=5)
    night.tenant.skus[other.id] = other


def _target_in_grace(night: Night, _rng: random.Random) -> None:
    night.tenant.sku_named("ENTERPRISEPREMIUM").status = "Warning"


def _target_waits(night: Night, rng: random.Random) -> None:
    rng.choice(
        [p for p in night.tenant.sku_named("ENTERPRISEPREMIUM").plans if p.applies_to == "User"]
    ).status = "Error"


def _last_with_data(night: Night, _rng: random.Random) -> None:
    for sku in night.tenant.skus.values():
        if sku.id != source_of(night.tenant):
            sku.status = "Suspended"


def _planner_that_forgets() -> AbstractContextManager[Any]:
    return patch.object(decide, "data_at_risk", lambda *_: ())


TROUBLES = (
    Trouble("a newcomer holds it", HELD, _holder()),
    Trouble("a moved user got it back", HELD, _given_back),
    Trouble("a disabled account holds it", HELD, _holder(enabled=False)),
    Trouble("a guest holds it", HELD, _holder(kind="Guest")),
    Trouble(
        "a group gives it to one member",
        frozenset({"no_inherited_holders", "no_group_carries_source", "consumed_is_zero"}),
        _through_group,
    ),
    Trouble("a group left it behind", frozenset({"no_inherited_holders", "consumed_is_zero"}), _left_of_a_group),
    Trouble("an empty group carries it", frozenset({"no_group_carries_source"}), _empty_group),
    Trouble("a deleted user would bring it back", frozenset({"no_soft_deleted_holders"}), _soft_deleted),
    Trouble("one unit of the source is unexplained", SEATS, _unexplained("ENTERPRISEWITHSCAL", 1)),
    Trouble("one unit of the target is unexplained", SEATS, _unexplained("ENTERPRISEPREMIUM", 1)),
    Trouble("one unit of the target is missing", SEATS, _unexplained("ENTERPRISEPREMIUM", -1)),
    Trouble(
        "the planner forgot a service",
        frozenset({"nothing_lost_unaccepted"}),
        settings={"swap": [{"name": "everyone", "to": ["STANDARDPACK"]}]},
        planner=_planner_that_forgets,
        code=5,
    ),
    Trouble("mail was switched off later", frozenset({"nothing_lost_unaccepted"}), _mail_switched_off),
    Trouble("a moved user holds nothing", frozenset({"nobody_bare"}), _bare, code=5),
    Trouble("another edition has seats", frozenset({"source_family_clear"}), _another_edition),
    Trouble("the target is in grace", frozenset({"targets_ready"}), _target_in_grace),
    Trouble("a service of the target is not set up", frozenset({"targets_ready"}), _target_waits),
    Trouble("nothing else carries data", frozenset({"targets_ready", "not_last_data_subscription"}), _last_with_data),
    Trouble(
        "nobody said how it was bought",
        frozenset({"purchase_channel_declared"}),
        declare={"purchase_channel": ""},
    ),
    Trouble(
        "nobody said what the add-ons hang on",
        frozenset({"addons_declared"}),
        declare={"addons": dict.fromkeys(ADDONS, "standalone")},
    ),
    Trouble(
        "an add-on goes with the source",
        frozenset({"addons_declared"}),
        declare={"addons": dict.fromkeys((*ADDONS, "SHAREPOINTSTORAGE"), "traditional")},
    ),
    Trouble(
        "half of the plan was not carried out",
        HELD | {"nothing_pending"},
        settings={"wave": [{"name": "pilot", "users": 1, "then": "stop"}]},
    ),
    Trouble("one byte was edited", frozenset(), audit=True),
    Trouble("nothing", frozenset(), code=0),
)
