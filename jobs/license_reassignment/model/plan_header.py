"""What a plan says of itself: on what it rests, how many users it concerns, and the digests of its files.

`run_folder/plan_files.py` reads and writes it as plan.json.

A field that may be None stands for a key that plans of this kind, or of an older version, do not have: it is not
written. Times are texts in UTC with `Z`; SKUs are ids unless a name says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from connectors.tenant import SkuId
from jobs.license_reassignment.model.reasons import QUIET

FORMAT_VERSION = "1.0"
"""A version with the same number before the point only has keys more."""

Kind = Literal["swap", "undo", "addons"]


@dataclass(frozen=True, slots=True)
class PlannedTenant:
    """The pinned tenant, as it called itself when the plan was made."""

    id: str
    name: str
    verified_domains: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SnapshotStamp:
    """When the snapshot was read, and what digests it; `stable` says that nobody changed licenses meanwhile."""

    began: str
    ended: str
    stable: bool
    content_sha256: str = ""


@dataclass(frozen=True, slots=True)
class RosterUse:
    """The roster and what came of its rows: `file` are the names of its files, `, ` between them.

    `sha256` is the digest of the one file; of several, that of their digests in their order, each on a line of its own.
    `kept` are the copies of the files in the run folder, in the same order.
    """

    file: str = ""
    sha256: str = ""
    rows: int = 0
    used: int = 0
    rejected: int = 0
    kept: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class PlannedProduct:
    """A SKU that the plan removes or adds; `plans_sha256` digests its service plans, "" where the tenant has it not."""

    sku_id: SkuId
    sku_part_number: str
    name: str
    plans_sha256: str


@dataclass(frozen=True, slots=True)
class PlanTotals:
    """Users by what the plan says of them: `in_scope` is the sum of the others."""

    in_scope: int
    changes: int
    already_on_target: int
    held: int


@dataclass(frozen=True, slots=True)
class RuleUse:
    """How many users a rule sends to a target, and about how many it decides who stay; targets are joined by `+`."""

    rule: str
    targets: str
    change: int
    hold: int
    target_skus: str


@dataclass(frozen=True, slots=True)
class HoldUse:
    """How many users are held for a reason, the remedy in words, and the first few of them by name."""

    reason: str
    users: int
    remedy: str
    sample: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SeatRow:
    """One target SKU: Graph's raw units, what of it counts as free, and what the plan takes.

    `free` may be negative; `left` = free - needed.
    """

    sku_id: SkuId
    part_number: str
    enabled: int
    warning: int
    suspended: int
    locked_out: int
    consumed: int
    reserve: int
    not_counted: int
    free: int
    left: int
    needed: int = 0
    short: int = 0


@dataclass(frozen=True, slots=True)
class WaveUse:
    """One wave, how many users change in it, and whether the roll-out stops after it."""

    name: str
    users: int
    then: Literal["stop", "continue"]


@dataclass(frozen=True, slots=True)
class ServiceStep:
    """What becomes of one service plan, by name; `kind` is a step of `decide.translate`."""

    source_plan: str
    target_plan: str
    kind: str


@dataclass(frozen=True, slots=True)
class TranslationTable:
    """What replaces what between one source and one set of targets."""

    source: SkuId
    targets: tuple[SkuId, ...]
    rows: tuple[ServiceStep, ...]


@dataclass(frozen=True, slots=True)
class ProtectedEntry:
    """An entry of `[scope] protected`, whom it was, how many users it protects, and how many of these are in scope.

    Several users of one address are joined by `+`.
    """

    entry: str
    kind: Literal["user", "group"]
    id: str
    name: str
    users: int
    in_scope: int


@dataclass(frozen=True, slots=True)
class RemarkUse:
    """One remark, how many users have it, its sentence, and the first few of them by name."""

    remark: str
    users: int
    sentence: str
    sample: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AddonUse:
    """An add-on that is kept, and for how many users the targets cover it, cover it partly, or do not."""

    sku_id: SkuId
    sku_part_number: str
    covered: int
    partly: int
    kept: int


@dataclass(frozen=True, slots=True)
class GroupHindrance:
    """Why a group may not be swapped as it is: a code, how many members it concerns, and the first few by name."""

    reason: str
    members: int
    sample: tuple[str, ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class PlannedGroup:
    """A group that carries a source or is named for a swap, and what the plan does with it.

    `fate`: `swap`, `done` (it carries the targets and no source), `hold` (named, and not swapped: `reason` is why), or
    `left` (not named). `members` are the users right inside, `changed` those whom the swap concerns. `notes` are what a
    person should know of this kind of group.
    """

    id: str
    name: str
    fate: Literal["swap", "done", "hold", "left"]
    reason: str
    targets: tuple[SkuId, ...]
    wave: str
    members: int
    changed: int
    hindrances: tuple[GroupHindrance, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanRule:
    """A dynamic group whose rule asks for service plans, and which of the old and the new products it names, by name.

    `leaving` are services of the old products that not every target has, `joining` those that only targets have, and
    `staying` those that a change of product keeps, to whatever target.
    """

    id: str
    name: str
    leaving: tuple[str, ...] = ()
    joining: tuple[str, ...] = ()
    staying: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UnexpectedHolders:
    """How many users outside the plan hold a target and no source, and the first few of them by name."""

    sku_id: SkuId
    sku_part_number: str
    users: int
    sample: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wished:
    """The ids of the users for whom the roster says yes in a column that Graph knows nothing of."""

    voice: tuple[str, ...] = ()
    legal_hold: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FrozenSettings:
    """The settings that the plan was made with, as JSON data: of this version, or of an older one that said less."""

    stored: Mapping[str, Any]

    def _section(self, name: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.stored.get(name, {})
        return found

    @property
    def accepts_lost_services(self) -> bool:
        """Whether `[plans] lost_services` accepts that a data service ends or is lowered."""
        return self._section("plans").get("lost_services") == "accept"

    @property
    def accepts_member_losses(self) -> bool:
        """Whether `[groups] members_with_losses` accepts that members of a swapped group lose a data service."""
        return self._section("groups").get("members_with_losses") == "accept"

    @property
    def removes_addons(self) -> bool:
        """Whether `[addons] included_in_target` has covered add-ons removed by a second plan."""
        return self._section("addons").get("included_in_target") == "remove"

    @property
    def processing_hours_max(self) -> float:
        """How long Entra may take for a group before `apply` ends with 4, in hours."""
        return float(self._section("groups").get("processing_hours_max", 24))

    @property
    def reprocesses_errors(self) -> bool:
        """Whether the licenses of members in error are to be worked out again."""
        return bool(self._section("groups").get("reprocess_errors", False))

    @property
    def protected(self) -> tuple[str, ...]:
        """The entries of `[scope] protected` as they were written."""
        return tuple(self._section("scope").get("protected", ()))

    @property
    def conditions(self) -> dict[str, Mapping[str, list[str]]]:
        """The `where` of each `[[swap]]` by the name of the rule; {} where it matches everybody."""
        return {rule["name"]: rule.get("where", {}) for rule in self.stored.get("swap", ())}

    @property
    def unprotected(self) -> dict[str, Any]:
        """All of it without `[scope] protected`, the one key that is read live."""
        return {**self.stored, "scope": {k: v for k, v in self._section("scope").items() if k != "protected"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanHeader:
    """Everything that plan.json holds. The names, digests and files stay empty until the plan's files are made.

    `again` counts the begun plans of the same content before this one. `source_holders` are the users in scope who
    hold a source, of whom the limits are a share. `acknowledged` are ids of users whose loss somebody answers for.
    `allotments` are groups that hint at a tenant on allotments, None for no hint.
    """

    plan_id: str = ""
    digest: str = ""
    again: int | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    format_version: str = FORMAT_VERSION

    kind: Kind
    undo_of: str | None = None
    addons_of: str | None = None
    tool_version: str
    created_at: str
    planned_by: str = ""
    operator: str = ""
    host: str = ""

    tenant: PlannedTenant
    snapshot: SnapshotStamp
    inputs_digest: str
    config_sha256: str
    frozen: Mapping[str, Any]
    roster: RosterUse
    roster_columns: tuple[str, ...] = ()

    sources: tuple[PlannedProduct, ...]
    targets: tuple[PlannedProduct, ...]
    totals: PlanTotals
    source_holders: int | None = None
    rules: tuple[RuleUse, ...] = ()
    holds: tuple[HoldUse, ...] = ()
    seats: tuple[SeatRow, ...] = ()
    waves: tuple[WaveUse, ...]
    translation: tuple[TranslationTable, ...] = ()
    groups: tuple[PlannedGroup, ...] | None = None
    protected: tuple[ProtectedEntry, ...] | None = None
    acknowledged: tuple[str, ...] = ()
    wished: Wished | None = None

    remarks: tuple[RemarkUse, ...] | None = None
    addons: tuple[AddonUse, ...] | None = None
    company_wide: tuple[str, ...] | None = None
    plan_groups: tuple[str, ...] | None = None
    plan_rules: tuple[PlanRule, ...] | None = None
    allotments: tuple[str, ...] | None = None
    unexpected_holders: tuple[UnexpectedHolders, ...] | None = None

    @property
    def settings(self) -> FrozenSettings:
        """The frozen settings, by name."""
        return FrozenSettings(self.frozen)

    @property
    def snapshot_ended(self) -> datetime:
        """When the snapshot was complete."""
        return datetime.fromisoformat(self.snapshot.ended)

    @property
    def limit_base(self) -> int:
        """Of how many users `users_changed_percent_max` is a share; a plan of version 0.1 knows all in scope only."""
        return self.totals.in_scope if self.source_holders is None else self.source_holders

    @property
    def held_for_somebody(self) -> int:
        """How many users are held for a reason that asks something of somebody."""
        return self.totals.held - sum(h.users for h in self.holds if h.reason in QUIET)

    def groups_with(self, fate: str) -> tuple[PlannedGroup, ...]:
        """Return the groups with which the plan does this."""
        return tuple(g for g in self.groups or () if g.fate == fate)

    @property
    def swaps_hindered(self) -> tuple[PlannedGroup, ...]:
        """The groups named for a swap, in a tenant that may be on allotments: there no group is changed."""
        return (*self.groups_with("swap"), *self.groups_with("hold")) if self.allotments else ()

    @property
    def changes_anything(self) -> bool:
        """Whether there is something to apply: a user changes, or a group, which may have no members."""
        return bool(self.totals.changes or self.groups_with("swap"))

    def stops_after(self, wave: str) -> bool:
        """Whether the wave ends in a stop."""
        return any(w.name == wave and w.then == "stop" for w in self.waves)

    def is_tenant(self, name: str) -> bool:
        """Whether the text names the plan's tenant: its id, or one of its verified domains."""
        wanted = name.strip().casefold()
        return wanted == self.tenant.id or wanted in {d.casefold() for d in self.tenant.verified_domains}
