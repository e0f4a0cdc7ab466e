"""What a plan tells beside its decisions: remarks with their users, covered add-ons, unexpected holders. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pandas as pd

from connectors.catalog.voice_countries import VoiceCountries
from connectors.tenant import SkuId, TenantSnapshot
from jobs.license_reassignment.decide.coverage import AddonCover
from jobs.license_reassignment.decide.decide import Change, Decision
from jobs.license_reassignment.decide.remarks import SEPARATOR, sentence_of
from jobs.license_reassignment.decide.scope import profiles_holding
from jobs.license_reassignment.model.plan_header import AddonUse, PlanHeader, RemarkUse, UnexpectedHolders
from jobs.license_reassignment.model.text import counted

SAMPLE = 5


def add_user_remarks(
    table: pd.DataFrame,
    decided: Sequence[Decision],
    snapshot: TenantSnapshot,
    countries: VoiceCountries,
    sources: Iterable[SkuId],
) -> None:
    """Add, in place, the remarks that need more than the license profile: country, account state, resource account."""
    users = snapshot.users.set_index("id").loc[table["id"], ["usage_location", "account_enabled"]]
    coming = table["usage_location"].to_numpy(dtype=object)
    place = np.where(coming == "", users["usage_location"].str.upper().to_numpy(dtype=object), coming)
    change = (table["kind"] == "change").to_numpy(dtype=bool)
    national = [d.national if isinstance(d, Change) else () for d in decided]
    code = table["decision"].to_numpy(dtype=np.int64)

    def concerned(remark: str) -> np.ndarray:
        matches = np.array([remark in codes for codes in national], dtype=bool)
        return np.asarray(matches[code] & change, dtype=bool)

    _append(table, concerned("calling_country") & ~np.isin(place, list(countries.calling_plan)), "calling_country")
    conferencing = concerned("conferencing_country") & np.isin(place, list(countries.no_audio_conferencing))
    _append(table, conferencing, "conferencing_country")
    _append(table, coming != "", "usage_location_written")
    disabled = (users["account_enabled"] == "no").to_numpy(dtype=bool)
    _append(table, disabled & change, "disabled_account_moves")
    _append(table, _resource_accounts(table, snapshot, frozenset(sources)), "resource_account")


def _resource_accounts(table: pd.DataFrame, snapshot: TenantSnapshot, sources: frozenset[SkuId]) -> np.ndarray:
    """Say per row whether the user holds a source and the free license that only resource accounts of Teams have."""
    virtual = frozenset(s.sku_id for s in snapshot.skus if "VIRTUALUSER" in s.part_number.upper())
    both = profiles_holding(snapshot.profiles, virtual) & profiles_holding(snapshot.profiles, sources)
    return np.take(both, table["before"].to_numpy(dtype=np.int64))


def _append(table: pd.DataFrame, rows: np.ndarray, remark: str) -> None:
    if rows.any():
        former = table.loc[rows, "remarks"]
        table.loc[rows, "remarks"] = former.where(former == "", former + SEPARATOR) + remark


def remarks_told(decisions: pd.DataFrame) -> tuple[RemarkUse, ...]:
    """Count the users of every remark; sorted by remark."""
    names: dict[str, list[str]] = {}
    counts: dict[str, int] = {}
    for text, rows in decisions[decisions["remarks"] != ""].groupby("remarks", sort=True):
        for remark in str(text).split(SEPARATOR):
            counts[remark] = counts.get(remark, 0) + len(rows)
            names.setdefault(remark, []).extend(str(n) for n in rows["name"].head(SAMPLE))
    return tuple(RemarkUse(r, counts[r], sentence_of(r), tuple(sorted(names[r])[:SAMPLE])) for r in sorted(counts))


def addon_counts(decisions: pd.DataFrame, snapshot: TenantSnapshot) -> tuple[AddonUse, ...]:
    """Count per add-on the users whose targets cover it, cover it partly, or do not."""
    part = {str(s.sku_id): s.part_number for s in snapshot.skus}
    counts: dict[str, dict[str, int]] = {}
    for text, users in decisions.loc[decisions["addons"] != "", "addons"].value_counts().items():
        for pair in str(text).split(";"):
            sku, _, cover = pair.partition(":")
            row = counts.setdefault(sku, dict.fromkeys(map(str, AddonCover), 0))
            row[cover] += int(users)
    return tuple(
        AddonUse(SkuId(sku), part.get(sku, sku), **row)
        for sku, row in sorted(counts.items(), key=lambda item: part.get(item[0], item[0]))
    )


def company_wide(snapshot: TenantSnapshot) -> tuple[str, ...]:
    """Name the SKUs of the whole company that have seats: no user has them, so no plan assigns or removes them."""
    return tuple(sorted(s.part_number for s in snapshot.skus if s.applies_to.casefold() == "company" and s.enabled > 0))


def plan_groups(snapshot: TenantSnapshot) -> tuple[str, ...]:
    """Name the groups, of those that were read, whose members follow from service plans."""
    return tuple(sorted(g.display_name for g in snapshot.groups if "assignedplans" in g.membership_rule.casefold()))


def unexpected_holders(
    decisions: pd.DataFrame, snapshot: TenantSnapshot, targets: Iterable[SkuId], sources: Iterable[SkuId]
) -> tuple[UnexpectedHolders, ...]:
    """List per target who holds it, never held a source as far as the snapshot shows, and is not in the plan."""
    users = snapshot.users
    numbers = users["profile"].to_numpy()
    outside = ~profiles_holding(snapshot.profiles, frozenset(sources))[numbers]
    outside &= ~users["id"].isin(decisions["id"]).to_numpy(dtype=bool)
    found = []
    for target in targets:
        mine = outside & profiles_holding(snapshot.profiles, frozenset({target}))[numbers]
        sku = snapshot.sku(target)
        if mine.any():
            names = users.loc[mine, "user_principal_name"].sort_values()
            sample = tuple(str(n) for n in names.head(SAMPLE))
            found.append(UnexpectedHolders(target, sku.part_number if sku else target, int(mine.sum()), sample))
    return tuple(found)


def sentences(header: PlanHeader) -> list[str]:
    """Say all of it in sentences, for the screen and for the page of the plan."""
    found = []
    for r in header.remarks or ():
        pair = r.remark.partition(": ")[2]
        who = ", ".join(r.sample[:3])
        about = r.sentence + (f" ({pair})" if pair else "")
        found.append(f"{counted(r.users, 'user')}: {about}; for example {who}.")
    for a in header.addons or ():
        found.append(
            f"{a.sku_part_number} stays with everybody who has it; the targets cover it for "
            f"{counted(a.covered, 'user')}, partly for {a.partly}, not for {a.kept}."
        )
    if names := header.company_wide:
        found.append(f"For the whole company, never assigned or removed: {', '.join(names)}.")
    if names := header.plan_groups:
        found.append(f"Their members follow from service plans, which this plan changes: {', '.join(names)}.")
    found.extend(_rules_of_nobody(header))
    if header.settings.removes_addons and any(a.covered for a in header.addons or ()):
        found.append(
            "Covered add-ons go in a second plan, once `reseat verify` has proved this one: `plan --addons-of`."
        )
    found.extend(
        f"{h.sku_part_number} is held by {counted(h.users, 'user')} without a source license who "
        f"{'is' if h.users == 1 else 'are'} not in this plan, for example {', '.join(h.sample[:3])}. "
        "The plan leaves that as it is."
        for h in header.unexpected_holders or ()
    )
    return found


def _rules_of_nobody(header: PlanHeader) -> Iterator[str]:
    """Say of each rule that decides about nobody what it asks for: most often a value is spelled otherwise."""
    asked = header.settings.conditions
    for row in header.rules:
        if row.rule in asked and not row.change and not row.hold:
            where = " and ".join(f"{key} = {' or '.join(values)}" for key, values in asked[row.rule].items())
            about = f"no user in scope has {where}" if where else "nobody is left for it"
            yield (
                f"Rule `{row.rule}` catches nobody: {about}, or earlier rules and roster rows decide about them. "
                "Check how the values are spelled in the tenant; the users whom it is meant for fall to the next rule."
            )
