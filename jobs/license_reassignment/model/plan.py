"""The plan as a value: a header that digests everything it rests on, the table of decisions, and their tasks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from connectors.changes import AddLicense, AssignGroupLicense, AssignLicense, SetUsageLocation
from connectors.ids import sha256
from connectors.message import Message, verbatim
from connectors.tenant import GroupId, PlanId, SkuId, SubscribedSku, TenantSnapshot, UserId
from jobs.license_reassignment.model.change import LicenseTask, LocationTask
from jobs.license_reassignment.model.group_change import GroupTask
from jobs.license_reassignment.model.plan_header import FrozenSettings, Kind, PlanHeader, PlannedGroup

if TYPE_CHECKING:
    import pandas as pd


def canonical(value: object) -> bytes:
    """Serialize for a digest: keys sorted, no white space, UTF-8."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def plan_id_of(
    *, tenant_id: str, frozen: object, roster_sha256: str, snapshot_sha256: str, decisions_sha256: str, again: int = 0
) -> str:
    """Name a plan by what it rests on: `p` and 12 hex digits. Times are not part of it.

    `again` counts the plans of the same content that were begun before this one: a tenant looks the same after an undo.
    """
    parts = [tenant_id, frozen, roster_sha256, snapshot_sha256, decisions_sha256, *([again] if again else [])]
    return "p" + sha256(canonical(parts))[:12]


def inputs_digest_of(*, tenant_id: str, frozen: Mapping[str, Any], roster_sha256: str) -> str:
    """Digest the inputs without the snapshot: `run` finds its own unfinished run by it.

    A name that is added to `protected` is looked at by every apply, and one that is taken out still protects.
    """
    return sha256(canonical([tenant_id, FrozenSettings(frozen).unprotected, roster_sha256]))


def header_digest(stored: Mapping[str, Any]) -> str:
    """Digest plan.json as it is stored, without its own `digest` key; the journal's first line hangs on it.

    What another version wrote into it counts too, whether this one has a name for it or not.
    """
    return sha256(canonical({k: v for k, v in stored.items() if k != "digest"}))


def plan_list_sha256(sku: SubscribedSku) -> str:
    """Digest which service plans a SKU has, so that a later change of the product is noticed."""
    return sha256(canonical(sorted(sku.plan_ids)))


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A roster row that is not used: where it is, what it says, why not, and who is on hold for it, by name."""

    file: str
    line: str
    row: str
    reason: Message
    held: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What `apply` carries out exactly.

    `decisions` has DECISION_COLUMNS, all text, a row per user; `groups` the same columns, a row per group that is named
    for a swap. `messages` are the sentences in them, in the header and of the rejected
    rows, by their text.
    """

    header: PlanHeader
    decisions: pd.DataFrame
    groups: pd.DataFrame
    messages: Mapping[str, Message] = field(default_factory=dict)
    rejected: tuple[RejectedRow, ...] = ()

    def said(self, text: str) -> Message:
        """Return what a text of the plan is made from; what no file says, as in older folders, is a text as it is."""
        return self.messages.get(text) or verbatim(text)

    @property
    def plan_id(self) -> str:
        """`p` and 12 hex digits."""
        return self.header.plan_id

    @property
    def digest(self) -> str:
        """SHA-256 of the header, which holds the SHA-256 of every other file of the plan."""
        return self.header.digest

    @property
    def kind(self) -> Kind:
        """`swap`; `undo` of another plan; `addons`, which removes what the targets of another plan cover."""
        return self.header.kind

    @property
    def asks_gates(self) -> bool:
        """Whether a verify asks the gates of a cancellation; every other plan has the verdict of its own aim."""
        return self.kind == "swap"

    @property
    def undo(self) -> bool:
        """Whether the plan takes another plan back."""
        return self.kind == "undo"

    @property
    def tenant_id(self) -> str:
        """The pinned tenant."""
        return self.header.tenant.id

    @property
    def sources(self) -> tuple[SkuId, ...]:
        """The SKUs that the plan removes."""
        return tuple(p.sku_id for p in self.header.sources)

    @property
    def targets(self) -> tuple[SkuId, ...]:
        """The SKUs that the plan adds."""
        return tuple(p.sku_id for p in self.header.targets)

    @property
    def wave_names(self) -> tuple[str, ...]:
        """The waves in the order they run."""
        return tuple(w.name for w in self.header.waves)


def split(text: str) -> tuple[str, ...]:
    """Split a `+`-joined cell; an empty cell holds nothing."""
    return tuple(text.split("+")) if text else ()


def parse_disabled(text: str) -> dict[str, tuple[PlanId, ...]]:
    """Read a `disabled_plans` cell back: SKU -> plans that stay off."""
    pairs = (part.partition(":") for part in text.split(";") if part)
    return {sku: tuple(PlanId(p) for p in split(plans)) for sku, _, plans in pairs}


def change_of(user_id: str, add: str, remove: str, disabled_plans: str) -> AssignLicense:
    """Make the one request of a decision row."""
    return AssignLicense(UserId(user_id), _added(add, disabled_plans), _skus(remove))


def group_change_of(group_id: str, add: str, remove: str, disabled_plans: str) -> AssignGroupLicense:
    """Make the one request of a group's row."""
    return AssignGroupLicense(GroupId(group_id), _added(add, disabled_plans), _skus(remove))


def _added(add: str, disabled_plans: str) -> tuple[AddLicense, ...]:
    disabled = parse_disabled(disabled_plans)
    return tuple(AddLicense(SkuId(s), disabled.get(s, ())) for s in split(add))


def _skus(text: str) -> tuple[SkuId, ...]:
    return tuple(SkuId(s) for s in split(text))


def tasks_of(plan: Plan, before: TenantSnapshot) -> dict[UserId, LicenseTask]:
    """Return the requests of the plan by user id, in the order of the decisions.

    Whom a group moves has none, but for the direct half of a license that came both ways.
    """
    tasks: dict[UserId, LicenseTask] = {}
    columns = ("kind", "id", "add", "remove", "disabled_plans", "targets", "before", "wave", "via_groups")
    for kind, user_id, add, remove, disabled, targets, number, wave, via in _rows(plan.decisions, columns):
        if kind != "change" or not (add or remove):
            continue
        tasks[UserId(user_id)] = LicenseTask(
            change=change_of(user_id, add, remove, disabled),
            targets=_skus(targets),
            before=before.profiles[int(number)],
            before_number=int(number),
            wave=wave,
            via=tuple(GroupId(g) for g in split(via)),
        )
    return tasks


def locations_of(plan: Plan) -> dict[UserId, LocationTask]:
    """Return the usage locations that the plan sets before any license, by user id."""
    return {
        UserId(user_id): LocationTask(SetUsageLocation(UserId(user_id), country), int(number))
        for user_id, country, number in _rows(plan.decisions, ("id", "usage_location", "before"))
        if country
    }


def group_tasks_of(plan: Plan, before: TenantSnapshot) -> dict[GroupId, GroupTask]:
    """Return the swaps of the plan by group id, in the order of their rows; the members are rows of users."""
    carried = {g.id: g.licenses for g in before.groups}
    members = moved_by_groups(plan)
    columns = ("kind", "id", "name", "add", "remove", "disabled_plans", "targets", "wave")
    return {
        GroupId(group_id): GroupTask(
            change=group_change_of(group_id, add, remove, disabled),
            name=name,
            targets=_skus(targets),
            before=carried[GroupId(group_id)],
            members=frozenset(members.get(group_id, ())),
            wave=wave,
        )
        for kind, group_id, name, add, remove, disabled, targets, wave in _rows(plan.groups, columns)
        if kind == "change"
    }


def moved_by_groups(plan: Plan) -> dict[str, set[UserId]]:
    """Return by group id the users whom the plan moves through it."""
    members: dict[str, set[UserId]] = {}
    for kind, user_id, via in _rows(plan.decisions, ("kind", "id", "via_groups")):
        for group_id in split(via) if kind == "change" else ():
            members.setdefault(group_id, set()).add(UserId(user_id))
    return members


def hindrances_told(plan: Plan, group: PlannedGroup) -> tuple[Message, ...]:
    """Return why a group stays as it is, each with the first few members whom it concerns by name."""
    return tuple(
        Message("{sentence}, for example {names}", sentence=plan.said(h.sentence), names=h.sample[:3])
        for h in group.hindrances
    )


def _rows(table: pd.DataFrame, columns: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Return these columns row by row, as text; a column at a time is the quick way out of pandas."""
    return zip(*(map(str, table[column].to_list()) for column in columns), strict=True)
