"""What a verification finds, piece by piece: outcomes, totals, ledger, gates, incidents, what is left to do. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from connectors.message import Message, as_message

OUTCOMES = (
    "moved",
    "already_on_target",
    "moved_by_group",
    "held",
    "refused",
    "drifted",
    "gone",
    "in_doubt",
    "pending",
)
MOVED = ("moved", "moved_by_group")
FINE = frozenset({"moved", "already_on_target", "moved_by_group"})

NO_REMEDY = Message("")
ACCEPTING_POLICY = '[plans] lost_services = "accept"'


@dataclass(frozen=True, slots=True)
class Gate:
    """One question that must be answered with yes before the old subscription may be cancelled."""

    id: str
    status: Literal["passed", "failed", "not_checkable"]
    detail: Message
    remedy: Message = NO_REMEDY

    @property
    def passed(self) -> bool:
        """Whether the gate is open; what could not be checked is not."""
        return self.status == "passed"


@dataclass(frozen=True, slots=True)
class Totals:
    """How many users ended in which outcome; the outcomes add up to `in_scope`."""

    in_scope: int
    moved: int
    already_on_target: int
    moved_by_group: int
    held: int
    refused: int
    drifted: int
    gone: int
    in_doubt: int
    pending: int
    rejected_rows: int
    roster_rows: int


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One SKU's seats: what Graph counted, what our journal explains, what others did, what nobody explains.

    `other_runs` is the part of `foreign` that other runs of ours made.
    """

    sku_id: str
    sku_part_number: str
    enabled: int
    consumed_before: int
    gained: int
    lost: int
    foreign: int
    consumed_after: int
    unexplained: int
    holders_before: int
    holders_after: int
    other_runs: int = 0


@dataclass(frozen=True, slots=True)
class Residual:
    """Who still holds a source SKU, counted as distinct users (or groups)."""

    users_direct: int
    users_inherited: int
    groups: int
    soft_deleted: int
    out_of_scope: int


@dataclass(frozen=True, slots=True)
class ResidualHolder:
    """One holder of a source SKU at the last read. `how` is direct, inherited, both, group or soft_deleted."""

    id: str
    name: str
    how: str
    sku_part_number: str
    in_plan: bool


@dataclass(frozen=True, slots=True)
class GroupMembers:
    """The users right inside a group, by what the last read shows of its change.

    Of a group that the plan swaps `total` are the members of the plan, and the sum of `moved`, `in_error`, `left`,
    `gone`, `turned_direct`, `still_old` and `other`; of any other group it is who was inside when the plan was made,
    and the rest is 0. `errors` counts the members in error by Graph's word for it. `left` are no longer inside, `gone`
    have been deleted, `turned_direct` have the old product directly since, `other` have half of the change. `joined`
    are inside without being in the plan: they are none of ours.
    """

    total: int = 0
    moved: int = 0
    in_error: int = 0
    left: int = 0
    gone: int = 0
    turned_direct: int = 0
    still_old: int = 0
    other: int = 0
    joined: int = 0
    errors: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GroupResult:
    """One group that the plan names, or that assigned a source product before or after the run.

    `decision`: swap, done, hold or left, as in the plan; `later`: it assigns the old product since the plan was made.
    `state` is where the change stands: not_sent, accepted (Entra says that it is done, the members are not settled
    yet), processing, settled, in_doubt, refused, drifted, gone, undone (it carries again what it carried before),
    already (somebody else made the change) or held; "" where the plan changes nothing. `reason` is a code for what
    keeps it from being settled, "" for nothing; `why` are sentences about that. `request_id` and `at` are those of our
    last request or of what came of it. `processing_state` is Graph's word at the last read, "" where the group was not
    read. `carries_source` says whether it still assigned a source product then.
    """

    id: str
    name: str
    decision: Literal["swap", "done", "hold", "left", "later"]
    state: str
    reason: str
    why: tuple[str, ...]
    targets: tuple[str, ...]
    wave: str
    at: str
    request_id: str
    processing_state: str
    carries_source: bool
    members: GroupMembers

    @property
    def at_work(self) -> bool:
        """Whether the same apply has something left to do for it."""
        return self.state in {"not_sent", "accepted", "processing", "in_doubt"}


@dataclass(frozen=True, slots=True)
class SubscriptionRow:
    """One purchase, with the verdict for it: `cancel`, `keep` or `not a source`."""

    id: str
    sku_id: str
    sku_part_number: str
    status: str
    total_licenses: int
    next_lifecycle: str
    verdict: str


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that an auditor must see first: a bare user, a foreign change, an address that changed.

    `kind` is a stable code, `detail` a Message, `harm` says whether it makes the exit code 5.
    """

    kind: str
    subject: str
    detail: str
    harm: bool = False

    @property
    def said(self) -> Message:
        """The detail as what it is made from."""
        return as_message(self.detail)


@dataclass(frozen=True, slots=True)
class AcceptedLoss:
    """A user whom we moved and who lost a data service with consent: what (a Message), and who gave it.

    `accepted_by` is the name in the roster's row, or the key of the settings that accepts every such loss.
    """

    id: str
    name: str
    loss: str
    accepted_by: str


@dataclass(frozen=True, slots=True)
class Requests:
    """Traffic of all sessions of the plan."""

    http: int
    batches: int
    writes: int
    throttled: int
    waited_seconds: float


@dataclass(frozen=True, slots=True)
class Timing:
    """When the work began and ended (UTC, ISO 8601 with Z, "" when nothing was applied) and how fast it was."""

    started_at: str
    finished_at: str
    apply_seconds: float
    users_per_second: float
    verified_at: str = ""


@dataclass(frozen=True, slots=True)
class BySteps:
    """One fact for each step of a run; "" for a step that was not made, or of which nobody wrote it down."""

    plan: str = ""
    apply: str = ""
    verify: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """Who ran what, where, with which inputs. Apps are app ids; `declared` are [fact, value, author]."""

    tool_version: str
    planned_by: str
    applied_by: str
    verified_by: str
    operator: BySteps
    host: BySteps
    config_sha256: str
    roster_sha256: str
    declared: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Action:
    """One thing left for a person to do. `kind` is residual, held, refused, drifted, gone, pending, in_doubt or gate.

    `voice` and `legal_hold` are "yes" where the roster says so: the filled-in list, as the next roster, says it again.
    `detail` is what the reason is about (the group, the service, Graph's own words), "" where there is nothing to add.
    `group_id` is set where it is about a group: then no user is named, so that no roster takes it for one.
    """

    kind: str
    reason: str
    subject: str
    remedy: str
    user_principal_name: str = ""
    id: str = ""
    voice: str = ""
    legal_hold: str = ""
    detail: str = ""
    group_id: str = ""
