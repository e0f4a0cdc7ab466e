"""What a person does after a verification: a command to paste, or what is done outside reseat. Pure."""

from __future__ import annotations

from jobs.license_reassignment.model.command_lines import (
    NextStep,
    apply_line,
    next_step,
    plan_again_line,
    verify_line,
)
from jobs.license_reassignment.model.plan_header import PlanHeader
from jobs.license_reassignment.reconcile.reconciliation import Reconciliation

_ASK_FOR_A_PLAN = frozenset({"held", "refused", "drifted", "gone"})

_GROUP_IS_OVER = frozenset({"group_drifted", "group_gone"})
"""Reasons of pending members for whom the same apply does nothing any more."""

_BY_CHOICE = {"left_by_choice"}
"""The only reason for which anybody still has the old product, where nothing is left to decide."""


def after_verification(found: Reconciliation, header: PlanHeader) -> NextStep:
    """Return the next step, and what comes after it."""
    if _goes_on(found):
        return next_step(apply_line(found.plan_id, found.tenant_id, _wave(found, header)))
    if found.verdict == "GO":
        return _after_go(found)
    after_cancel = bool(found.after_cancel)
    reduced = found.advice.startswith("reduce") and not after_cancel
    if reduced and {action.reason for action in found.actions if action.kind != "gate"} == _BY_CHOICE:
        return next_step(f"{found.advice} in the old subscription, which its users keep by choice")
    if not after_cancel and any(action.kind in _ASK_FOR_A_PLAN for action in found.actions):
        return next_step("work through actions.csv", then=plan_again_line(header))
    return next_step("do what is asked for above", then=verify_line(found.plan_id, after_cancel=after_cancel))


def _goes_on(found: Reconciliation) -> bool:
    """Whether the same apply has anything left to do: nothing is sent any more to a group that is not as planned."""
    pending = found.users.loc[found.users["outcome"] == "pending", "reason"]
    at_work = any(group.at_work for group in found.groups)
    return bool(found.totals.in_doubt) or at_work or not pending.isin(_GROUP_IS_OVER).all()


def _after_go(found: Reconciliation) -> NextStep:
    if found.kind != "swap" or found.after_cancel:
        return next_step("keep the run folder as evidence; nothing is left to do")
    verify = verify_line(found.plan_id, after_cancel=True)
    return next_step("cancel the old subscription as report.html describes, and keep the run folder", then=verify)


def _wave(found: Reconciliation, header: PlanHeader) -> str:
    """Return the wave to name: the first with somebody left to change, where an earlier one ended in a stop."""
    left = set(found.users.loc[found.users["outcome"] == "pending", "wave"])
    left |= {group.wave for group in found.groups if group.state == "not_sent"}
    names = [wave.name for wave in header.waves]
    first = next((name for name in names if name in left), "")
    return first if any(map(header.stops_after, names[: names.index(first)] if first else ())) else ""
