"""Moments as text."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal


def utc_text(moment: datetime, to_the: Literal["seconds", "milliseconds", "auto"] = "milliseconds") -> str:
    """Write an aware moment as ISO 8601 in UTC with Z, "auto" so that reading it back loses nothing."""
    return moment.astimezone(UTC).isoformat(timespec=to_the).replace("+00:00", "Z")
