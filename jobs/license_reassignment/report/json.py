"""reconciliation.json: the whole finding as one JSON document with stable keys, for machines and for later audits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import orjson

from connectors.message import by_text
from jobs.license_reassignment.model import message_json
from jobs.license_reassignment.reconcile.findings import Gate
from jobs.license_reassignment.reconcile.reconciliation import FORMAT_VERSION, Reconciliation

SCHEMA_FILE = "reconciliation.schema.json"


def document(r: Reconciliation) -> dict[str, Any]:
    """Return the finding as plain dicts, lists, texts and numbers; keys of `r.extra` stand beside the fixed ones."""
    return {
        **r.extra,
        "$schema": SCHEMA_FILE,
        "format_version": FORMAT_VERSION,
        **_verdict(r),
        **_counts(r),
        **_evidence(r),
        **({"cost": asdict(r.cost)} if r.cost else {}),
        "messages": message_json.stored(by_text(_said_in(r)).values()),
    }


def render_json(r: Reconciliation) -> bytes:
    """Return `document(r)` as UTF-8 JSON: sorted keys, two spaces of indent, no byte order mark, one final newline."""
    return orjson.dumps(document(r), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def _said_in(r: Reconciliation) -> Iterator[str]:
    """Yield every sentence of the finding; one that the users' table says stands there as a text."""
    for gate in (*r.gates, *r.after_cancel):
        yield from (gate.detail, gate.remedy)
    yield r.advice_reason
    yield from (incident.detail for incident in r.incidents)
    yield from (loss.loss for loss in r.accepted_losses)
    yield from (sentence for group in r.groups for sentence in group.why)
    yield from (*r.not_checked, *r.notes)
    yield from r.remedies.values()
    yield from (action.remedy for action in r.actions)
    told = {text for column in ("remedy", "detail") for text in r.users[column].unique()}
    yield from (r.messages[text] for text in told & r.messages.keys())


def _verdict(r: Reconciliation) -> dict[str, Any]:
    return {
        "plan_id": r.plan_id,
        "tenant_id": r.tenant_id,
        "tenant_name": r.tenant_name,
        "verdict": r.verdict,
        "exit_code": r.exit_code,
        "undo": r.undo,
        "gates": [_gate(gate) for gate in r.gates],
        "advice": r.advice,
        "advice_reason": r.advice_reason,
        "incidents": [asdict(incident) for incident in r.incidents],
        "notes": list(r.notes),
        "not_checked": list(r.not_checked),
        "accepted_losses": [asdict(loss) for loss in r.accepted_losses],
        "after_cancel": [_gate(check) for check in r.after_cancel],
        "since_last": asdict(r.since_last) if r.since_last else None,
        "pseudonymised": r.pseudonymised,
    }


def _gate(gate: Gate) -> dict[str, Any]:
    return {
        "id": gate.id,
        "status": gate.status,
        "passed": gate.passed,
        "detail": gate.detail,
        "remedy": gate.remedy,
    }


def _counts(r: Reconciliation) -> dict[str, Any]:
    return {
        "sources": list(r.sources),
        "targets": list(r.targets),
        "totals": asdict(r.totals),
        "held_by_reason": dict(r.held_by_reason),
        "ledger": [asdict(row) for row in r.ledger],
        "residual": asdict(r.residual),
        "residual_holders": [asdict(holder) for holder in r.residual_holders],
        "subscriptions": [asdict(row) for row in r.subscriptions],
        "ending": asdict(r.ending) if r.ending else None,
        "groups": [asdict(group) for group in r.groups],
    }


def _evidence(r: Reconciliation) -> dict[str, Any]:
    lines, head = r.journal_head
    return {
        "reads_before": [asdict(read) for read in r.reads_before],
        "reads": [asdict(read) for read in r.reads],
        "journal_head": {"lines": lines, "hash": head},
        "witness": asdict(r.witness) if r.witness else None,
        "requests": asdict(r.requests),
        "timing": asdict(r.timing),
        "run": {**asdict(r.run), "declared": [list(fact) for fact in r.run.declared]},
    }
