"""What an approver without a shell must see of a plan before saying yes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How many users one rule sends to one target; `target` is a display name, several joined by " + ".

    `not_changed` are those about whom the rule decides and who stay as they are.
    """

    rule: str
    target: str
    users: int
    not_changed: int = 0


@dataclass(frozen=True, slots=True)
class ProtectedEntry:
    """Whom one entry of [scope] protected protects; `kind` is user or group, `in_scope` how many are in the plan."""

    entry: str
    kind: str
    name: str
    users: int
    in_scope: int


@dataclass(frozen=True, slots=True)
class HoldReason:
    """Why users are held, how many, what a person does about it, and the first few of them by name."""

    reason: str
    users: int
    remedy: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SeatNeed:
    """One target SKU's seats: `left` = enabled - consumed - reserve - needed, negative when seats are missing."""

    sku: str
    enabled: int
    consumed: int
    reserve: int
    needed: int
    left: int


@dataclass(frozen=True, slots=True)
class WaveLine:
    """One wave in its order; `then` is stop or continue."""

    name: str
    users: int
    then: str


@dataclass(frozen=True, slots=True)
class PlanTranslation:
    """What becomes of one service plan of a source in one target.

    `kind` is a code such as same, renamed, level_up, level_down, none or new; `target_plan` is "" where there is none.
    """

    source_plan: str
    target_sku: str
    target_plan: str
    kind: str


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan as it is shown for approval; all names are for people, all times UTC in ISO 8601.

    `in_scope` = `changes` + `held` + `already_on_target`. `settings` are (key, value) as frozen in the plan, `warnings`
    whole sentences.
    """

    plan_id: str
    digest: str
    tenant_id: str
    tenant_name: str
    created_at: str
    tool_version: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    in_scope: int
    changes: int
    held: int
    rejected_rows: int
    by_rule: tuple[RuleCount, ...]
    holds: tuple[HoldReason, ...]
    seats: tuple[SeatNeed, ...]
    waves: tuple[WaveLine, ...]
    translation: tuple[PlanTranslation, ...]
    warnings: tuple[str, ...]
    settings: tuple[tuple[str, str], ...]
    groups: tuple[str, ...] = ()
    already_on_target: int = 0
    protected: tuple[ProtectedEntry, ...] = ()
