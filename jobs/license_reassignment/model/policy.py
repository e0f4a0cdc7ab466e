"""What the organization wants, with every name resolved to an id: the part of the settings that decisions read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from connectors.tenant import GroupId, SkuId, UserId

NewServices = Literal["enable", "disable"] | frozenset[str]


@dataclass(frozen=True, slots=True)
class Where:
    """Conditions of a rule: keys are joined by and, the values of a key by or; text is compared without case.

    `member_of` are group ids, `holds` SKUs; an empty set asks nothing.
    """

    department: frozenset[str] = frozenset()
    usage_location: frozenset[str] = frozenset()
    country: frozenset[str] = frozenset()
    company: frozenset[str] = frozenset()
    account_enabled: frozenset[str] = frozenset()
    member_of: frozenset[str] = frozenset()
    holds: frozenset[SkuId] = frozenset()

    @property
    def asks(self) -> bool:
        """Whether it asks anything of a user; one that does not matches everybody."""
        return self != Where()


@dataclass(frozen=True, slots=True)
class Rule:
    """Who gets which targets; no targets means `leave`."""

    name: str
    targets: tuple[SkuId, ...]
    where: Where = Where()


@dataclass(frozen=True, slots=True)
class Wish:
    """What one roster row asks for its user, with names resolved. `targets` None: a rule decides; (): leave.

    `order` is the row's place among all; `file` names the file of the line, where the roster is more than one.
    """

    line: int
    targets: tuple[SkuId, ...] | None = None
    usage_location: str = ""
    wave: str = ""
    disabled_plans: tuple[str, ...] | None = None
    voice: bool | None = None
    legal_hold: bool = False
    backup_acknowledged_by: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)
    order: int = 0
    file: str = ""


@dataclass(frozen=True, slots=True)
class Wave:
    """One step of the roll-out: a number of users, a per cent of the changes, or the roster rows that name it.

    `groups` are swapped in it, after its users.
    """

    name: str
    users: int | None = None
    percent: float | None = None
    stop: bool = False
    groups: tuple[GroupId, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupPolicy:
    """Which groups may be swapped, and what of their members does not hinder it.

    `accept_member_losses`: members may lose a service that holds data. `include_outside`: members outside the scope
    become rows of the plan.
    """

    swap: tuple[GroupId, ...] = ()
    accept_member_losses: bool = False
    include_outside: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """The frozen wishes of one plan. `protected` are the ids of the users whom its names resolved to."""

    sources: tuple[SkuId, ...]
    rules: tuple[Rule, ...]
    scope: Literal["graph", "csv"] = "graph"
    protected: frozenset[UserId] = frozenset()
    hold_disabled_accounts: bool = False
    hold_guests: bool = True
    carry_over: bool = True
    new_in_target: NewServices = "enable"
    accept_lost_services: bool = False
    write_locations: bool = False
    waves: tuple[Wave, ...] = ()
    groups: GroupPolicy = GroupPolicy()


@dataclass(frozen=True, slots=True)
class Limits:
    """How far one plan may reach; read live, checked by the guard.

    `accept_unprovisioned` are names or ids of service plans that a target may still be waiting for.
    """

    users_changed_max: int = 1000
    users_changed_percent_max: float = 100
    refusals_percent_max: float = 5
    snapshot_age_minutes_max: int = 1440
    seats_reserve: int = 0
    count_warning_units: bool = False
    allow_trial: bool = False
    allow_cross_family: bool = False
    accept_unprovisioned: frozenset[str] = frozenset()
