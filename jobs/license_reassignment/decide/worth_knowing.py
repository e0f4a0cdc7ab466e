"""What a plan tells beside its decisions: remarks with their users, covered add-ons, unexpected holders. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pandas as pd

from connectors.catalog.voice_countries import VoiceCountries
from connectors.message import Message, verbatim
from connectors.tenant import SkuId, TenantSnapshot
from jobs.license_reassignment.decide.coverage import AddonCover
from jobs.license_reassignment.decide.decide import Change, Decision
from jobs.license_reassignment.decide.remarks import SEPARATOR, sentence_of
from jobs.license_reassignment.decide.scope import profiles_holding
from jobs.license_reassignment.gather.plan_rules import rule_text
from jobs.license_reassignment.model.plan import Plan
from jobs.license_reassignment.model.plan_header import AddonUse, PlanHeader, RemarkUse, UnexpectedHolders

SAMPLE = 5
NAMED_MAX = 500
"""Users of one kind of remark who are named in the page of a plan; its files name everybody."""


@dataclass(frozen=True, slots=True)
class Remarked:
    """One kind of remark: how many users it is about, the first of them by name, and what it says of how many.

    `file` is the file of the run folder that names the others.
    """

    sentence: Message
    users: int
    names: tuple[str, ...]
    about: tuple[tuple[Message, int], ...] = ()
    file: str = "decisions.csv"

    @property
    def line(self) -> Message:
        """All of it in one line, and nobody by name."""
        what = Message("{sentence}", sentence=self.sentence)
        if self.about:
            about = tuple(what if users == self.users else _counted(what, users) for what, users in self.about)
            what = Message("{sentence}: {about}", sentence=self.sentence, about=about)
        return Message("{n} user: {remark}", "{n} users: {remark}", n=self.users, remark=what)


@dataclass(frozen=True, slots=True)
class WorthKnowing:
    """What a plan tells beside its decisions: remarks by their kind, add-ons that users keep, and single sentences.

    `removes_addons` says that a second plan removes those that the new product covers.
    """

    remarks: tuple[Remarked, ...] = ()
    addons: tuple[AddonUse, ...] = ()
    removes_addons: bool = False
    sentences: tuple[Message, ...] = ()

    @property
    def lines(self) -> tuple[Message, ...]:
        """A line for each kind of remark, then the sentences; the add-ons are a table."""
        return (*(remarked.line for remarked in self.remarks), *self.sentences)


def _counted(what: Message, users: int) -> Message:
    return Message("{what} ({n} user)", "{what} ({n} users)", what=what, n=users)


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


def worth_knowing(plan: Plan) -> WorthKnowing:
    """Group what a plan tells beside its decisions, for the screen and for its page."""
    header = plan.header
    return WorthKnowing(
        remarks=(*_remarked(plan), *map(_unexpected, header.unexpected_holders or ())),
        addons=header.addons or (),
        removes_addons=header.settings.removes_addons,
        sentences=tuple(_sentences(header)),
    )


def _remarked(plan: Plan) -> Iterator[Remarked]:
    """Yield each kind of remark once; one that names what it is about has it behind a colon."""
    kinds: dict[str, list[RemarkUse]] = {}
    for use in plan.header.remarks or ():
        kinds.setdefault(use.remark.partition(":")[0], []).append(use)
    names = _names_by_kind(plan.decisions) if kinds else {}
    for kind, uses in kinds.items():
        about = ((plan.said(what), use.users) for use in uses if (what := use.remark.partition(": ")[2]))
        users = names[kind]
        yield Remarked(sentence_of(kind), len(users), tuple(sorted(users)[:NAMED_MAX]), tuple(about))


def _names_by_kind(decisions: pd.DataFrame) -> dict[str, list[str]]:
    """Return whom each kind of remark is about, each user once."""
    found: dict[str, list[str]] = {}
    for text, names in decisions[decisions["remarks"] != ""].groupby("remarks", sort=True)["name"]:
        for kind in sorted({remark.partition(":")[0] for remark in str(text).split(SEPARATOR)}):
            found.setdefault(kind, []).extend(map(str, names))
    return found


def _unexpected(found: UnexpectedHolders) -> Remarked:
    sentence = Message(
        "has {sku} without the old product: not changed",
        "have {sku} without the old product: not changed",
        n=found.users,
        sku=found.sku_part_number,
    )
    return Remarked(sentence, found.users, found.sample, file="snapshot.csv")


def _sentences(header: PlanHeader) -> Iterator[Message]:
    if products := header.company_wide:
        yield Message("For the whole organization, not changed: {products}.", products=products)
    if rules := header.plan_rules:
        yield Message(
            "Dynamic groups that follow services: {groups}.",
            groups=tuple(Message("{group} ({effect})", group=rule.name, effect=rule_text(rule)) for rule in rules),
        )
    if header.groups_with("swap"):
        yield Message(
            "Groups are changed by this plan: group-based licensing needs Microsoft Entra ID P1, or an Office 365 E3 "
            "license or higher, for each of their members."
        )
    yield from _rules_of_nobody(header)
    if header.settings.removes_addons and any(a.covered for a in header.addons or ()):
        yield Message(
            "Covered add-ons are removed by a second plan, after `reseat verify` of this one: `plan --addons-of`."
        )


def _rules_of_nobody(header: PlanHeader) -> Iterator[Message]:
    """Say of each rule that decides about nobody what it asks for: most often a value is spelled otherwise."""
    asked = header.settings.conditions
    for row in header.rules:
        if row.rule in asked and not row.change and not row.hold:
            yield _of_nobody(row.rule, asked[row.rule], last=row.rule == list(asked)[-1])


def _of_nobody(rule: str, conditions: Mapping[str, Sequence[str]], *, last: bool) -> Message:
    if not conditions:
        return Message("Rule `{rule}` applies to nobody: no user in scope is left for it.", rule=rule)
    where = [_condition(key, values) for key, values in conditions.items()]
    both = reduce(lambda one, other: Message("{one} and {other}", one=one, other=other), where)
    if last:
        return Message(
            "Rule `{rule}` applies to nobody: no user in scope has {where}, or earlier rules and roster rows decide "
            "about these users. Check how the values are spelled in the tenant; the users it is meant for are on hold "
            "(no_rule) if nothing else decides about them.",
            rule=rule,
            where=both,
        )
    return Message(
        "Rule `{rule}` applies to nobody: no user in scope has {where}, or earlier rules and roster rows decide about "
        "these users. Check how the values are spelled in the tenant; the users it is meant for are handled by the "
        "next rule.",
        rule=rule,
        where=both,
    )


def _condition(key: str, values: Sequence[str]) -> Message:
    either = reduce(lambda one, other: Message("{one} or {other}", one=one, other=other), map(verbatim, values))
    return Message("{key} = {value}", key=key, value=either)
