"""Which service plans replace each other, what they need and what they exclude: values only, no file, no tenant."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from connectors.tenant import PlanId


class Service(StrEnum):
    """What a person would call the thing that a plan family delivers."""

    EXCHANGE = "exchange"
    SHAREPOINT = "sharepoint"
    TEAMS = "teams"
    YAMMER = "yammer"
    OFFICE_APPS = "office_apps"
    VOICE = "voice"
    AUDIO_CONFERENCING = "audio_conferencing"
    OTHER = "other"


class Severity(StrEnum):
    """Whether a rule between plans keeps a change from being made, or is only told."""

    HOLD = "hold"
    WARN = "warn"


PHONE_SYSTEM = "phone_system"
CALLING_PLAN = "calling_plan"


@dataclass(frozen=True, slots=True, order=True)
class PlanLevel:
    """Where a service plan stands: `level` counts from 1, the least, within `family`; `label` names it for people."""

    family: str
    level: int
    label: str
    service: Service = Service.OTHER
    data_at_risk: bool = False


@dataclass(frozen=True, slots=True)
class Need:
    """A plan that works only while one of `any_of`, in words `wanted`, is enabled for the same user."""

    plan: PlanId
    wanted: str
    any_of: frozenset[PlanId]
    severity: Severity
    reason: str


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Plans of which one user can hold at most one."""

    plans: frozenset[PlanId]
    severity: Severity
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class PlanFamilies:
    """The reviewed knowledge about service plans; a plan that it does not name is a family of its own.

    `fillers` are markers that deliver nothing; `equivalents` maps a plan to those that contain it entirely.
    """

    levels: Mapping[PlanId, PlanLevel] = field(default_factory=dict)
    fillers: frozenset[PlanId] = frozenset()
    needs: tuple[Need, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    equivalents: Mapping[PlanId, frozenset[PlanId]] = field(default_factory=dict)

    def family_of(self, plan_id: PlanId) -> PlanLevel | None:
        """Return where the plan stands, or None where no family names it."""
        return self.levels.get(plan_id)

    def key(self, plan_id: PlanId) -> str:
        """Return the family's name, or the plan's own id where no family names it: equal keys are one family."""
        level = self.levels.get(plan_id)
        return level.family if level else plan_id

    def relatives(self, plan_id: PlanId, among: Collection[PlanId]) -> tuple[PlanId, ...]:
        """Return the plans of `among` in the same family, itself included, sorted by id."""
        key = self.key(plan_id)
        return tuple(sorted(p for p in among if self.key(p) == key))

    def successor(self, plan_id: PlanId, among: Collection[PlanId]) -> PlanId | None:
        """Return what stands for the plan in `among`, or None.

        The plan itself where it is there; else the lowest relative that is no step down; else the highest one below.
        """
        if plan_id in among:
            return plan_id
        level = self.levels.get(plan_id)
        relatives = self.relatives(plan_id, among)
        if level is None or not relatives:
            return None
        rank = {p: self.levels[p].level for p in relatives}
        enough = [p for p in relatives if rank[p] >= level.level]
        return min(enough, key=lambda p: (rank[p], p)) if enough else min(relatives, key=lambda p: (-rank[p], p))
