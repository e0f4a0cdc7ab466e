"""A plan as its approver sees it: names instead of ids, made from the header alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jobs.license_reassignment.model.plan import Plan, split
from jobs.license_reassignment.report.plan_view import (
    HoldReason,
    PlanTranslation,
    PlanView,
    ProtectedEntry,
    RuleCount,
    SeatNeed,
    WaveLine,
)


def plan_view(plan: Plan, warnings: Sequence[str]) -> PlanView:
    """Fill the page of one plan."""
    h = plan.header
    name = {p["sku_id"]: p["name"] for p in (*h["sources"], *h["targets"])}
    return PlanView(
        plan_id=plan.plan_id,
        digest=plan.digest,
        tenant_id=plan.tenant_id,
        tenant_name=h["tenant"]["name"],
        created_at=h["created_at"],
        tool_version=h["tool_version"],
        sources=tuple(p["name"] for p in h["sources"]),
        targets=tuple(p["name"] for p in h["targets"]),
        in_scope=h["totals"]["in_scope"],
        changes=h["totals"]["changes"],
        held=h["totals"]["held"],
        already_on_target=h["totals"]["already_on_target"],
        rejected_rows=h["roster"]["rejected"],
        by_rule=tuple(
            RuleCount(
                r["rule"] or "no rule",
                " + ".join(name.get(t, t) for t in split(r["targets"])),
                r["change"],
                r["hold"],
            )
            for r in h["rules"]
        ),
        protected=tuple(
            ProtectedEntry(p["entry"], p["kind"], p["name"], p["users"], p["in_scope"]) for p in h.get("protected", ())
        ),
        holds=tuple(HoldReason(x["reason"], x["users"], x["remedy"], tuple(x["sample"])) for x in h["holds"]),
        seats=tuple(
            SeatNeed(
                name.get(s["sku_id"], s["part_number"]),
                s["enabled"],
                s["consumed"],
                s["reserve"],
                s["needed"],
                s["left"],
            )
            for s in h["seats"]
        ),
        waves=tuple(WaveLine(w["name"], w["users"], w["then"]) for w in h["waves"]),
        translation=tuple(
            PlanTranslation(
                row["source_plan"],
                " + ".join(name.get(t, t) for t in table["targets"]),
                row["target_plan"],
                row["kind"],
            )
            for table in h["translation"]
            for row in table["rows"]
        ),
        warnings=tuple(warnings),
        settings=tuple(_flat("", h["frozen"])),
    )


def _flat(prefix: str, value: Any) -> list[tuple[str, str]]:
    if isinstance(value, Mapping):
        return [pair for k, v in value.items() for pair in _flat(f"{prefix}.{k}" if prefix else str(k), v)]
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return [pair for n, v in enumerate(value, 1) for pair in _flat(f"{prefix}[{n}]", v)]
    return [(prefix, ", ".join(map(str, value)) if isinstance(value, list) else str(value))]
