"""What the verdict means for the old subscription and for each purchase behind it. Pure."""

from __future__ import annotations

from connectors.tenant import SkuId, TenantSnapshot
from jobs.license_reassignment.model.plan import Plan
from jobs.license_reassignment.model.text import counted
from jobs.license_reassignment.reconcile.reconciliation import Residual, SubscriptionRow, Totals


def advice_of(
    plan: Plan, verdict: str, totals: Totals, residual: Residual, *, cancelled: bool, counts_agree: bool = True
) -> tuple[str, str]:
    """Return what to do with the old subscription, and why.

    Seats are given back down to the holders that were read only where Graph counts no more than those.
    """
    if not plan.asks_gates:
        done = totals.moved + totals.already_on_target
        of = f"{done} of {counted(totals.in_scope, 'user')}"
        if plan.undo:
            return "keep", f"an undo plan asks no cancel gates: {of} {'is' if done == 1 else 'are'} restored"
        return "keep", f"an add-ons plan asks no cancel gates: {of} lost covered add-ons, their base untouched"
    left = residual.users_direct + residual.users_inherited
    if verdict == "GO":
        return "cancel", "it is cancelled, and everybody is fine" if cancelled else "every gate is open"
    open_work = totals.pending + totals.in_doubt + totals.refused + totals.drifted
    if left and not open_work and counts_agree:
        return (
            f"reduce seats to {left}",
            f"{counted(left, 'user still holds', 'users still hold')} the source SKU, and nothing planned is open",
        )
    return "keep", "not every gate is open; the failed ones say what to do"


def subscriptions_of(plan: Plan, after: TenantSnapshot, verdict: str, advice: str) -> tuple[SubscriptionRow, ...]:
    """List every subscription, the sources first, each with its own verdict."""

    def word(sku_id: SkuId) -> str:
        if sku_id not in plan.sources or not plan.asks_gates:
            return "not a source"
        return "cancel" if verdict == "GO" else "reduce" if advice.startswith("reduce") else "keep"

    return tuple(
        SubscriptionRow(s.id, s.sku_id, s.part_number, s.status, s.total_licenses, s.next_lifecycle, word(s.sku_id))
        for s in sorted(after.subscriptions, key=lambda s: (s.sku_id not in plan.sources, s.part_number, s.id))
    )
