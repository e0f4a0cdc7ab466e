"""Which covered add-ons go from whom: a second plan about the users whom a first one moved, as was proven. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from connectors.catalog.products import Catalog
from connectors.message import Message, joined
from connectors.tenant import LicenseProfile, SkuId, SubscribedSku, TenantSnapshot
from jobs.license_reassignment.decide.coverage import AddonCover, Holding, broken_dependencies, data_at_risk, needed
from jobs.license_reassignment.decide.decide import Change, Decision, Hold, messages_of
from jobs.license_reassignment.decide.draft import Draft, Origin, describe
from jobs.license_reassignment.decide.remarks import addons_beside
from jobs.license_reassignment.decide.table import DECISION_COLUMNS, decision_columns, texts
from jobs.license_reassignment.decide.waves import ONLY_WAVE
from jobs.license_reassignment.gather.protected import NO_SHIELDS, Shields, told
from jobs.license_reassignment.model.change import relevant
from jobs.license_reassignment.model.plan import Plan, split


def draw_addons(
    plan: Plan,
    snapshot: TenantSnapshot,
    proven: Mapping[str, LicenseProfile],
    catalog: Catalog,
    origin: Origin,
    shields: Shields = NO_SHIELDS,
) -> Draft:
    """Decide every moved user on the fresh snapshot; nobody is added to, no base and nobody protected is touched.

    `proven` is what the verifying scan of the plan saw of each user whom it moved.
    """
    skus = {s.sku_id: s for s in snapshot.skus}
    targets = {
        str(u): split(t) for u, t in zip(plan.decisions["id"], plan.decisions["targets"].astype(str), strict=True)
    }
    users = snapshot.users[snapshot.users["id"].isin(list(proven))]
    known: dict[tuple[LicenseProfile, LicenseProfile, tuple[str, ...]], Decision | None] = {}
    found: list[Decision | None] = []
    for user_id, number in zip(users["id"], users["profile"], strict=True):
        key = (snapshot.profiles[number], proven[str(user_id)], targets[str(user_id)])
        if key not in known:
            known[key] = decide_addons(*key, plan.sources, skus, catalog)  # type: ignore[arg-type]  # ids
        guarded = known[key] is not None and user_id in shields.users
        found.append(Hold("protected", targets=key[2]) if guarded else known[key])  # type: ignore[arg-type]  # ids
    users = users[np.array([v is not None for v in found], dtype=bool)]
    decided = [v for v in found if v is not None]
    decisions = _table(plan, users, decided)
    header = describe(
        origin,
        snapshot,
        catalog,
        decisions,
        kind="addons",
        inputs_digest=f"addons {plan.digest}",
        sources=sorted({s for d in decided if isinstance(d, Change) for s in d.remove}),
        targets=(),
        waves=(ONLY_WAVE,),
    )
    header = replace(header, addons_of=plan.plan_id, protected=told(shields, users["id"]))
    return Draft(header, decisions, snapshot, messages_of(decided))


def decide_addons(
    now: LicenseProfile,
    proven: LicenseProfile,
    targets: tuple[SkuId, ...],
    sources: Sequence[SkuId],
    skus: Mapping[SkuId, SubscribedSku],
    catalog: Catalog,
) -> Decision | None:
    """Decide one user: covered add-ons go in one request; a base that changed since the proof keeps them all.

    Returns None for a user without a covered add-on, who is no part of the plan.
    """
    base = [a for a in now.assignments if a.sku_id in targets and a.sound]
    kept = [a for a in now.assignments if a.sku_id not in targets]
    covers = addons_beside(kept, base, skus, catalog.families)
    covered = tuple(sku for sku, cover in covers if cover is AddonCover.COVERED)
    if not covered:
        return None
    about = frozenset((*targets, *sources))
    if relevant(now, about) != relevant(proven, about) or len({a.sku_id for a in base}) < len(targets):
        return Hold("changed_by_others", targets=targets)
    before = Holding.of(((skus.get(a.sku_id), a) for a in now.assignments), catalog.families)
    left = [a for a in now.assignments if not (a.direct and a.sku_id in covered)]
    after = Holding.of(((skus.get(a.sku_id), a) for a in left), catalog.families)
    for plan, needs in broken_dependencies(before, after, catalog.families):
        return Hold("dependency", Message("{service} needs {other}", service=plan, other=needed(needs)), targets)
    if lost := data_at_risk(before, after):
        return Hold("lost_service", joined(loss.sentence for loss in lost), targets)
    stays = tuple((sku, cover) for sku, cover in covers if sku not in covered)
    return Change(targets=targets, add=(), remove=covered, needs=(), addons=stays)


def _table(plan: Plan, users: pd.DataFrame, decided: Sequence[Decision]) -> pd.DataFrame:
    table = decision_columns(decided)
    table["id"] = users["id"].to_numpy(dtype=object)
    table["name"] = users["user_principal_name"].to_numpy(dtype=object)
    table["rule"] = f"add-ons of {plan.plan_id}"
    table["wave"] = texts(ONLY_WAVE if isinstance(d, Change) else "" for d in decided)
    table["before"] = users["profile"].to_numpy()
    for column in ("roster_line", "usage_location", "acknowledged_by", "via_groups"):
        table[column] = ""
    return table.loc[:, list(DECISION_COLUMNS)].astype(str)
