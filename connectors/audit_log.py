"""Entra's own record of license changes, as far as a witness needs it; the record itself is kept as it came."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

LICENSE_CHANGE = "Change user license"
"""The activity under which Microsoft documents every license change of a user."""

AuditRecord = Mapping[str, Any]
"""One `directoryAudit` as Graph gives it."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One license change that the directory recorded. `at` is ISO 8601 UTC, `user_id` in lower case."""

    id: str
    at: str
    user_id: str
    user_name: str
    app_id: str
    succeeded: bool


def entry_of(record: AuditRecord) -> AuditEntry:
    """Read one record. Raises KeyError, TypeError or ValueError for one that is not as Microsoft documents it."""
    users: list[AuditRecord] = [t for t in record["targetResources"] if t.get("type") == "User"]
    target: AuditRecord = users[0] if users else {}
    app = (record.get("initiatedBy") or {}).get("app") or {}
    return AuditEntry(
        id=str(record["id"]),
        at=str(record["activityDateTime"]),
        user_id=str(target.get("id") or "").lower(),
        user_name=str(target.get("userPrincipalName") or target.get("displayName") or ""),
        app_id=str(app.get("appId") or "").lower(),
        succeeded=record.get("result") == "success",
    )


def to_lines(records: Iterable[AuditRecord]) -> bytes:
    """Return one JSON document per line, oldest first: the content of audit-log.jsonl."""
    ordered = sorted(records, key=lambda r: (str(r["activityDateTime"]), str(r["id"])))
    return b"".join(orjson.dumps(r, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE) for r in ordered)


def from_lines(data: bytes) -> list[AuditEntry]:
    """Read audit-log.jsonl back; raises as `entry_of` does."""
    return [entry_of(orjson.loads(line)) for line in data.splitlines() if line.strip()]
