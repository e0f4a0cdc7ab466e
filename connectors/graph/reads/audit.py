"""The directory's own audit log, read in slices of an hour so that no walk through its pages is long."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from connectors.audit_log import AuditRecord, entry_of
from connectors.graph.answer import documented
from connectors.graph.reads.reader import Reader
from connectors.graph.redact import without_secrets

SLICE = timedelta(hours=1)


def slices(since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Cut a span into hours; neighbors share a moment, since Microsoft documents `ge` and `le` for this property."""
    while since < until:
        end = min(since + SLICE, until)
        yield since, end
        since = end


async def read_audit(reader: Reader, app_id: str, since: datetime, until: datetime) -> tuple[AuditRecord, ...]:
    """Read the license changes of one app (of all, when `app_id` is "") between two moments, each record once."""
    found: dict[str, AuditRecord] = {}
    for first, last in slices(since, until):
        for page in await reader.pages(reader.lookups.license_changes(app_id, first, last), list):
            with documented("/auditLogs/directoryAudits"):
                found.update((entry_of(record).id, _clean(record)) for record in page)
    return tuple(found.values())


def _clean(value: Any) -> Any:
    """Return the same JSON with every secret shape in its texts made unreadable."""
    match value:
        case str():
            return without_secrets(value)
        case dict():
            return {key: _clean(one) for key, one in value.items()}
        case list():
            return [_clean(one) for one in value]
        case _:
            return value
