"""The per-user table and the list of what is left to do, as the renderers take them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from connectors.tenant import LicenseProfile, Names, SkuId, TenantSnapshot
from jobs.license_reassignment.comparison import User
from jobs.license_reassignment.plan import split
from jobs.license_reassignment.reasons import remedy
from jobs.license_reassignment.reconciliation import FINE, USERS_COLUMNS, Action, Gate, ResidualHolder


def users_table(
    users: Sequence[User],
    before: TenantSnapshot,
    after: TenantSnapshot,
    names: Names,
    extra: Mapping[str, Mapping[str, str]],
) -> pd.DataFrame:
    """One row per user in scope with USERS_COLUMNS, then the roster's own further columns."""
    skus = {s.sku_id: s.part_number for s in (*before.skus, *after.skus)}
    plans = {p.id: p.name for s in (*before.skus, *after.skus) for p in s.plans}
    shown = dict(zip(before.users["id"], before.users["display_name"], strict=True))
    texts: dict[LicenseProfile | None, str] = {None: ""}

    def profile(value: LicenseProfile | None) -> str:
        if value not in texts:
            texts[value] = _parts(value.skus if value else (), skus)
        return texts[value]

    def plan_names(ids: str) -> str:
        return "+".join(plans.get(p, names.plan(p)) for p in split(ids))  # type: ignore[call-overload]

    known: dict[str, str] = {}
    rows = []
    for u in users:
        for ids in (u.plans_kept_off, u.plans_new_on, u.plans_lost):
            if ids not in known:
                known[ids] = plan_names(ids)
        reason = u.judgement.reason
        if u.detail and reason == u.row.reason:
            reason = f"{reason}: {u.detail}"
        if u.standing.message and u.judgement.outcome == "refused":
            reason = f"{reason}: {u.standing.message}"
        written = u.standing.sent > 0 and u.judgement.outcome in {"moved", "drifted", "refused"}
        rows.append(
            (
                u.id,
                u.name,
                u.judgement.outcome,
                reason,
                u.rule,
                profile(u.before),
                _parts(u.row.targets, skus),
                profile(u.after),
                known[u.plans_kept_off],
                known[u.plans_new_on],
                known[u.plans_lost],
                u.judgement.sigil,
                u.standing.at if written else "",
                u.standing.request_id,
                u.wave,
                shown.get(u.id, ""),
                "" if u.judgement.outcome in FINE else remedy(u.judgement.reason),
            )
        )
    table = pd.DataFrame(rows, columns=list(USERS_COLUMNS)).astype("string[pyarrow]")
    for column, values in extra.items():
        if column not in table:
            table[column] = pd.array([values.get(u.id, "") for u in users], dtype="string[pyarrow]")
    return table


def _parts(sku_ids: Iterable[SkuId], skus: Mapping[SkuId, str]) -> str:
    return "+".join(sorted(skus.get(s, s) for s in sku_ids))


def actions(users: Sequence[User], left: Sequence[ResidualHolder], gates: Sequence[Gate]) -> tuple[Action, ...]:
    """Everything a person has to do: users that are not fine, other holders of the source, gates that are not open."""
    found = [
        Action(
            kind=u.judgement.outcome,
            reason=u.judgement.reason,
            subject=u.name,
            remedy=remedy(u.judgement.reason),
            user_principal_name=u.name,
            id=u.id,
        )
        for u in users
        if u.judgement.outcome not in FINE
    ]
    named = {u.id for u in users}
    for holder in left:
        if holder.id in named:
            continue
        reason = {"group": "group_carries_source", "soft_deleted": "soft_deleted_holder"}.get(
            holder.how, "residual_holder"
        )
        is_user = holder.how not in {"group", "soft_deleted"}
        found.append(
            Action(
                kind="residual",
                reason=reason,
                subject=holder.name,
                remedy=remedy(reason),
                user_principal_name=holder.name if is_user else "",
                id=holder.id if is_user else "",
            )
        )
    found.extend(Action("gate", g.id, g.id, g.remedy) for g in gates if not g.passed)
    return tuple(found)


def not_checked(verification: Mapping[str, Any], after: TenantSnapshot) -> tuple[str, ...]:
    """Say plainly what this run did not look at."""
    sentences = [
        "Whether each service is provisioned behind the license (mailboxes, sites): the license level is verified.",
        "Billing: prices, credits, unpaid balance and terms are not in Microsoft Graph.",
        "Whether somebody really used voice: only licenses and the roster's declaration are known.",
        "Provisioning sources outside Graph (Entra Connect, HR, Okta) that could assign the old SKU again.",
        "Microsoft's own audit log is not part of this evidence.",
    ]
    if verification.get("health") is None:
        sentences.append("Service health: the permission ServiceHealth.Read.All is not granted.")
    sentences.extend(f"{name}: could not be read." for name in after.unread)
    return tuple(sentences)
