"""The published shape of reconciliation.json, written down from the same types that fill it."""

from __future__ import annotations

from typing import Any, Literal, NotRequired

import orjson
from pydantic import TypeAdapter
from typing_extensions import TypedDict

from connectors.tenant import ReadRecord
from jobs.license_reassignment.model.cost import Cost
from jobs.license_reassignment.reconcile.audit_log import AuditLogCheck
from jobs.license_reassignment.reconcile.ending.cancellation import EndOfSource
from jobs.license_reassignment.reconcile.findings import (
    AcceptedLoss,
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


class GateDocument(TypedDict):
    """One gate; `passed` says the same as `status` for those who only ask yes or no."""

    id: str
    status: Literal["passed", "failed", "not_checkable"]
    passed: bool
    detail: str
    remedy: str


class JournalHead(TypedDict):
    """Where the journal ended: how many lines, and the hash of the last."""

    lines: int
    hash: str


class MessageDocument(TypedDict):
    """One sentence of the document: its English text, and the template and values that any language is made from.

    `plural` is the template for any `n` but 1; a value is a text, a number, a sentence again, or a list of these.
    """

    text: str
    template: str
    plural: str
    values: dict[str, Any]


Document = TypedDict(
    "Document",
    {
        "$schema": str,
        "format_version": str,
        "plan_id": str,
        "tenant_id": str,
        "tenant_name": str,
        "verdict": Literal["GO", "NO-GO"],
        "exit_code": int,
        "undo": bool,
        "gates": list[GateDocument],
        "totals": Totals,
        "held_by_reason": dict[str, int],
        "ledger": list[LedgerRow],
        "residual": Residual,
        "residual_holders": list[ResidualHolder],
        "subscriptions": list[SubscriptionRow],
        "sources": list[str],
        "targets": list[str],
        "advice": str,
        "advice_reason": str,
        "incidents": list[Incident],
        "accepted_losses": list[AcceptedLoss],
        "notes": list[str],
        "not_checked": list[str],
        "after_cancel": list[GateDocument],
        "since_last": SinceLast | None,
        "pseudonymised": bool,
        "ending": EndOfSource | None,
        "groups": NotRequired[list[GroupResult]],
        "cost": NotRequired[Cost],
        "witness": AuditLogCheck | None,
        "reads_before": list[ReadRecord],
        "reads": list[ReadRecord],
        "journal_head": JournalHead,
        "requests": Requests,
        "timing": Timing,
        "run": Run,
        "messages": list[MessageDocument],
    },
)


def document_type() -> TypeAdapter[Any]:
    """Return the validator of the document; further keys are allowed, since versions only ever add."""
    return TypeAdapter(Document)


def schema() -> bytes:
    """Return the JSON Schema of reconciliation.json."""
    value = document_type().json_schema() | {"title": "reseat reconciliation.json"}
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)
