"""The value that every renderer takes: what was found, what it adds up to, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from connectors.message import Message
from connectors.tenant import Names, ReadRecord
from jobs.license_reassignment.model.cost import Cost
from jobs.license_reassignment.model.plan import RejectedRow
from jobs.license_reassignment.reconcile.audit_log import AuditLogCheck
from jobs.license_reassignment.reconcile.ending.cancellation import EndOfSource
from jobs.license_reassignment.reconcile.findings import (
    AcceptedLoss,
    Action,
    Gate,
    GroupResult,
    Incident,
    LedgerRow,
    Requests,
    Residual,
    ResidualHolder,
    Run,
    SubscriptionRow,
    Timing,
    Totals,
)
from jobs.license_reassignment.reconcile.since_last import SinceLast

if TYPE_CHECKING:
    import pandas as pd

FORMAT_VERSION = "1.0"


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Everything a report says. `users` has USERS_COLUMNS (all text), then the roster's own further columns.

    `held_by_reason` maps a reason code to its count; `remedies` a reason code to its sentence; `not_checked` are
    sentences; `reads` is the evidence of the last reads, `reads_before` of the snapshot; `journal_head` is
    (lines, hash). `ending` says how the source subscriptions end, `witness` what Microsoft's own record says,
    `since_last` what is different from the verification before, and `after_cancel` holds the checks of a look after
    the cancellation, () for any other look. `messages` are the sentences in `users`, by their text.
    `cost` is None where the settings name no price, or where the plan is not about a cancellation.
    `domains` are the tenant's verified ones, which tell its cloud. `groups` are those that the plan names or that
    assign a source.
    """

    plan_id: str
    tenant_id: str
    tenant_name: str
    verdict: Literal["GO", "NO-GO"]
    exit_code: int
    gates: tuple[Gate, ...]
    totals: Totals
    ledger: tuple[LedgerRow, ...]
    residual: Residual
    residual_holders: tuple[ResidualHolder, ...]
    subscriptions: tuple[SubscriptionRow, ...]
    advice: str
    advice_reason: Message
    incidents: tuple[Incident, ...]
    requests: Requests
    timing: Timing
    run: Run
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    held_by_reason: Mapping[str, int]
    remedies: Mapping[str, Message]
    actions: tuple[Action, ...]
    not_checked: tuple[Message, ...]
    reads_before: tuple[ReadRecord, ...]
    reads: tuple[ReadRecord, ...]
    journal_head: tuple[int, str]
    names: Names
    users: pd.DataFrame
    messages: Mapping[str, Message] = field(default_factory=dict)
    rejected: tuple[RejectedRow, ...] = ()
    undo: bool = False
    kind: str = "swap"
    notes: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    ending: EndOfSource | None = None
    cost: Cost | None = None
    witness: AuditLogCheck | None = None
    since_last: SinceLast | None = None
    after_cancel: tuple[Gate, ...] = ()
    accepted_losses: tuple[AcceptedLoss, ...] = ()
    pseudonymised: bool = False
    domains: tuple[str, ...] = ()
    groups: tuple[GroupResult, ...] = ()

    @property
    def called(self) -> Names:
        """The names of products and services, also by the part numbers that this tenant has for the products."""
        rows: tuple[LedgerRow | SubscriptionRow, ...] = (*self.ledger, *self.subscriptions)
        own = {row.sku_part_number: row.sku_id for row in rows}
        named = {part: self.names.skus[sku_id] for part, sku_id in own.items() if sku_id in self.names.skus}
        return replace(self.names, products={**self.names.products, **named})
