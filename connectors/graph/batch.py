"""Requests to and from the JSON of one `$batch`; pure.

Microsoft documents: at most 20 items, each with an `id`; the answers come in any order and carry the same ids; the
outer 200 says nothing about the items.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from connectors.changes import AddLicense, AssignLicense, SetUsageLocation, UserRequest
from connectors.limits import BATCH_SIZE_MAX
from connectors.tenant import SkuId, UserId

PRIORITY = {"x-ms-throttle-priority": "low"}
ITEM_HEADERS = {"Content-Type": "application/json", **PRIORITY}
_CAUSES_MAX = 20


@dataclass(frozen=True, slots=True)
class ItemAnswer:
    """The answer to one item: status, headers with lower-case names, and the parsed body."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None

    @property
    def error(self) -> tuple[str, str]:
        """Code and message of the error body, or two empty strings."""
        return error_of(self.body)

    @property
    def causes(self) -> tuple[str, ...]:
        """The codes below the error's own one, most general first: of its `details`, then of each `innerError`."""
        return causes_of(self.body)

    @property
    def request_id(self) -> str:
        """Graph's id of this request, from the header or from the error body."""
        if found := self.headers.get("request-id"):
            return found
        inner = self.body.get("error", {}) if isinstance(self.body, dict) else {}
        inner = inner.get("innerError") if isinstance(inner, dict) else None
        return str(inner.get("request-id", "")) if isinstance(inner, dict) else ""


def error_of(body: Any) -> tuple[str, str]:
    """Return code and message of a Graph error body, or two empty strings."""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return "", ""
    return str(error.get("code") or ""), str(error.get("message") or "")


def causes_of(body: Any) -> tuple[str, ...]:
    """Return the codes of `details` and of the nested `innerError` of a Graph error body; often there are none.

    Microsoft's error format allows both, and a violation of licensing may stand there alone, below a general code.
    """
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return ()
    details = error.get("details")
    entries: list[Mapping[str, Any]] = []
    if isinstance(details, list):
        entries += [d for d in details if isinstance(d, dict)]
    inner = _inner(error)
    while inner and len(entries) < _CAUSES_MAX:
        entries.append(inner)
        inner = _inner(inner)
    codes = [str(entry.get("code") or "") for entry in entries]
    return tuple(dict.fromkeys(code for code in codes if code and not code.isdigit()))


def _inner(error: Mapping[str, Any]) -> Mapping[str, Any] | None:
    found = error.get("innerError") or error.get("innererror")
    return found if isinstance(found, dict) else None


def writes(batch: Sequence[UserRequest]) -> bytes:
    """Return the envelope that carries these changes, one item each, with ids "0", "1", ….

    Both arrays are always present, for Graph refuses a body that lacks one. No user may occur twice, for the order
    inside a batch is undefined.
    """
    if len({change.user_id for change in batch}) != len(batch):
        raise ValueError("a user occurs twice in one batch")
    return _envelope([_write(change) for change in batch])


def _write(change: UserRequest) -> dict[str, object]:
    body: dict[str, object]
    match change:
        case AssignLicense(user_id, add, remove):
            method, url, body = "POST", f"/users/{user_id}/assignLicense", _licenses(add, remove)
        case SetUsageLocation(user_id, usage_location):
            method, url, body = "PATCH", f"/users/{user_id}", {"usageLocation": usage_location}
    return {"method": method, "url": url, "headers": ITEM_HEADERS, "body": body}


def licenses(add: Sequence[AddLicense], remove: Sequence[SkuId]) -> bytes:
    """Return the body of `assignLicense`, which Microsoft documents alike for users and groups."""
    return orjson.dumps(_licenses(add, remove))


def _licenses(add: Sequence[AddLicense], remove: Sequence[SkuId]) -> dict[str, object]:
    return {
        "addLicenses": [{"skuId": a.sku_id, "disabledPlans": list(a.disabled_plans)} for a in add],
        "removeLicenses": list(remove),
    }


def reprocesses(ids: Sequence[UserId]) -> bytes:
    """Return the envelope that has the group licenses of these users worked out again; that action has no body."""
    items = [{"method": "POST", "url": f"/users/{user_id}/reprocessLicenseAssignment"} for user_id in ids]
    return _envelope([{**item, "headers": PRIORITY} for item in items])


def gets(urls: Sequence[str]) -> bytes:
    """Return the envelope that reads these addresses (relative, without the version)."""
    return _envelope([{"method": "GET", "url": url, "headers": PRIORITY} for url in urls])


def _envelope(items: list[dict[str, object]]) -> bytes:
    if not 0 < len(items) <= BATCH_SIZE_MAX:
        raise ValueError(f"a batch carries 1 to {BATCH_SIZE_MAX} requests, not {len(items)}")
    return orjson.dumps({"requests": [{"id": str(i), **item} for i, item in enumerate(items)]})


def answers(parsed: Any, count: int) -> list[ItemAnswer | None]:
    """Return the answers in the order of the requests; None where there is none that can be read.

    `parsed` is the body of the envelope. Two different answers to one item count as none. Raises TypeError when the
    envelope itself cannot be read.
    """
    responses = parsed.get("responses") if isinstance(parsed, dict) else None
    if not isinstance(responses, list):
        raise TypeError("no list of responses")
    found: list[ItemAnswer | None] = [None] * count
    seen: set[int] = set()
    for raw in responses:
        index = _index(raw, count)
        if index is None:
            continue
        item = _item(raw)
        found[index] = item if index not in seen or found[index] == item else None
        seen.add(index)
    return found


def _index(raw: Any, count: int) -> int | None:
    number = str(raw.get("id", "")) if isinstance(raw, dict) else ""
    return int(number) if number.isascii() and number.isdigit() and int(number) < count else None


def _item(raw: dict[str, Any]) -> ItemAnswer | None:
    status, headers = raw.get("status"), raw.get("headers")
    if not isinstance(status, int):
        return None
    pairs = headers.items() if isinstance(headers, dict) else ()
    return ItemAnswer(status, {str(k).lower(): str(v) for k, v in pairs}, raw.get("body"))
