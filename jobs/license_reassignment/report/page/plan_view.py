"""What an approver without a shell must see of a plan before saying yes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from connectors.message import Message, as_message
from connectors.tenant import Names
from jobs.license_reassignment.decide.worth_knowing import WorthKnowing
from jobs.license_reassignment.model.plan import Plan, RejectedRow, split
from jobs.license_reassignment.model.plan_header import ProtectedEntry, RuleUse, TranslationTable, WaveUse
from jobs.license_reassignment.report.page.plan_groups import ListedGroup, listed_groups
from jobs.license_reassignment.report.page.plan_people import Listed, caught_by, changing, holding
from jobs.license_reassignment.report.words import NAMELESS

NOTHING = WorthKnowing()


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How many users one rule sends to one target; `target` is a display name, several joined by " + ".

    `not_changed` are those about whom the rule decides and who stay as they are, `catches` what it asks of a user.
    `of_rule` is on the first row of a rule, and says how many rows it has; 0 on the others.
    """

    rule: Message
    target: str
    users: int
    not_changed: int = 0
    catches: str = ""
    of_rule: int = 1


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
    whole sentences, `worth` what else to know before a yes, `names` those of products and services. `changing` and
    `holding` are the first users of each kind, exceptions before the many.
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
    waves: tuple[WaveUse, ...]
    translation: tuple[PlanTranslation, ...]
    warnings: tuple[Message, ...]
    settings: tuple[tuple[str, str], ...]
    groups: tuple[ListedGroup, ...] = ()
    with_groups: int = 0
    already_on_target: int = 0
    protected: tuple[ProtectedEntry, ...] = ()
    worth: WorthKnowing = NOTHING
    names: Names = NAMELESS
    changing: tuple[Listed, ...] = ()
    holding: tuple[Listed, ...] = ()
    rejected: tuple[RejectedRow, ...] = ()


def plan_view(
    plan: Plan, warnings: Sequence[Message], worth: WorthKnowing = NOTHING, names: Names = NAMELESS
) -> PlanView:
    """Show a plan for approval: its header and its first users; `names` are what its page has in place of codes."""
    h = plan.header
    name: dict[str, str] = {p.sku_id: p.name for p in (*h.sources, *h.targets)}
    return PlanView(
        plan_id=plan.plan_id,
        digest=plan.digest,
        tenant_id=plan.tenant_id,
        tenant_name=h.tenant.name,
        created_at=h.created_at,
        tool_version=h.tool_version,
        sources=tuple(p.name for p in h.sources),
        targets=tuple(p.name for p in h.targets),
        in_scope=h.totals.in_scope,
        changes=h.totals.changes,
        held=h.totals.held,
        already_on_target=h.totals.already_on_target,
        rejected_rows=h.roster.rejected,
        by_rule=_rules(h.rules, name, caught_by(h.frozen)),
        protected=h.protected or (),
        holds=tuple(HoldReason(x.reason, x.users, x.remedy, x.sample) for x in h.holds),
        seats=tuple(
            SeatNeed(
                name.get(s.sku_id, s.part_number),
                s.enabled,
                s.consumed,
                s.reserve,
                s.needed,
                s.left,
            )
            for s in h.seats
        ),
        waves=h.waves,
        translation=_services(h.translation, name),
        warnings=tuple(warnings),
        settings=tuple(_flat("", h.frozen)),
        worth=worth,
        names=names,
        changing=changing(plan, name),
        holding=holding(plan, name),
        groups=listed_groups(plan, name),
        with_groups=int((plan.decisions["via_groups"] != "").sum()),
        rejected=plan.rejected,
    )


def _services(tables: Sequence[TranslationTable], name: Mapping[str, str]) -> tuple[PlanTranslation, ...]:
    return tuple(
        PlanTranslation(row.source_plan, " + ".join(name.get(t, t) for t in table.targets), row.target_plan, row.kind)
        for table in tables
        for row in table.rows
    )


def _rules(rules: Sequence[RuleUse], name: Mapping[str, str], caught: Mapping[str, str]) -> tuple[RuleCount, ...]:
    """Count by rule, what is no rule of the settings first: rows of the roster decide before any of them."""
    ordered = sorted(rules, key=lambda r: r.rule in caught)
    return tuple(
        RuleCount(
            as_message(r.rule) if r.rule else Message("no rule"),
            " + ".join(name.get(t, t) for t in split(r.targets)),
            r.change,
            r.hold,
            caught.get(r.rule, ""),
            len(rows) if at == 0 else 0,
        )
        for _, group in groupby(ordered, lambda r: r.rule)
        for rows in [tuple(group)]
        for at, r in enumerate(rows)
    )


def _flat(prefix: str, value: Any) -> list[tuple[str, str]]:
    if isinstance(value, Mapping):
        return [pair for k, v in value.items() for pair in _flat(f"{prefix}.{k}" if prefix else str(k), v)]
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return [pair for n, v in enumerate(value, 1) for pair in _flat(f"{prefix}[{n}]", v)]
    return [(prefix, ", ".join(map(_written, value)) if isinstance(value, list) else _written(value))]


def _written(value: Any) -> str:
    """Write a value as the settings file does."""
    return str(value).lower() if isinstance(value, bool) else str(value)
