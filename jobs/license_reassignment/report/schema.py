"""The published shape of reconciliation.json, written down from the same types that fill it."""

from __future__ import annotations

from typing import Any, Literal

import orjson
from pydantic import TypeAdapter
from typing_extensions import TypedDict

from connectors.tenant import ReadRecord
from jobs.license_reassignment.reconcile.audit_log import AuditLogCheck
from jobs.license_reassignment.reconcile.cancellation import EndOfSource
from jobs.license_reassignment.reconcile.findings import (
    AcceptedLoss,
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
        "witness": AuditLogCheck | None,
        "reads_before": list[ReadRecord],
        "reads": list[ReadRecord],
        "journal_head": JournalHead,
        "requests": Requests,
        "timing": Timing,
        "run": Run,
    },
)


def document_type() -> TypeAdapter[Any]:
    """Return the validator of the document; further keys are allowed, since versions only ever add."""
    return TypeAdapter(Document)


def schema() -> bytes:
    """Return the JSON Schema of reconciliation.json."""
    value = document_type().json_schema() | {"title": "reseat reconciliation.json"}
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)
