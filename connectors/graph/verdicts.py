"""What an answer to `assignLicense` means: one table from status, code and message to a verdict and its reason."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from connectors.changes import Verdict


class Meaning(NamedTuple):
    """A verdict and the stable code of its reason ("" when applied)."""

    verdict: Verdict
    reason: str


APPLIED = Meaning(Verdict.APPLIED, "")
CONCURRENT_WRITE = "Directory_ConcurrencyViolation"

MESSAGES: tuple[tuple[str, Meaning], ...] = (
    ("usage location", Meaning(Verdict.REFUSED, "no_usage_location")),
    ("usagelocation", Meaning(Verdict.REFUSED, "no_usage_location")),
    ("available licenses", Meaning(Verdict.REFUSED, "no_seat")),
    ("mutually exclusive", Meaning(Verdict.REFUSED, "conflict")),
    ("conflicts with", Meaning(Verdict.REFUSED, "conflict")),
    ("depends on", Meaning(Verdict.REFUSED, "dependency")),
    ("inherited", Meaning(Verdict.REFUSED, "inherited")),
    # An earlier send of ours may have removed it, so the user is read before anybody believes the refusal.
    ("does not have a corresponding license", Meaning(Verdict.IN_DOUBT, "already_gone")),
    ("not correspond to a valid company license", Meaning(Verdict.REFUSED, "unknown_sku")),
    ("cannot be assigned to a user", Meaning(Verdict.REFUSED, "company_sku")),
    ("does not belong to", Meaning(Verdict.REFUSED, "unknown_plan")),
    ("proxyaddresses", Meaning(Verdict.REFUSED, "duplicate_address")),
    ("missing from the request payload", Meaning(Verdict.STOP, "wrong_body")),
)
"""Fragments of the message of a 400, in lower case; the first that occurs decides.

Every business refusal of `assignLicense` is 400 `Request_BadRequest`; Microsoft documents the sentences in its pages on
resolving license problems, and they alone tell the refusals apart.
"""

STATUSES: Mapping[int, Meaning] = MappingProxyType(
    {
        400: Meaning(Verdict.REFUSED, "review"),
        401: Meaning(Verdict.STOP, "unauthorized"),
        403: Meaning(Verdict.REFUSED, "restricted_management"),
        404: Meaning(Verdict.REFUSED, "gone"),
        408: Meaning(Verdict.IN_DOUBT, "server_error"),
        409: Meaning(Verdict.IN_DOUBT, "conflicting_state"),
        423: Meaning(Verdict.RETRY, "locked"),
        424: Meaning(Verdict.IN_DOUBT, "failed_dependency"),
        429: Meaning(Verdict.RETRY, "throttled"),
        500: Meaning(Verdict.IN_DOUBT, "server_error"),
        502: Meaning(Verdict.IN_DOUBT, "server_error"),
        503: Meaning(Verdict.IN_DOUBT, "unavailable"),
        504: Meaning(Verdict.IN_DOUBT, "server_error"),
        509: Meaning(Verdict.RETRY, "throttled"),
    }
)
"""Statuses of one item; a status that is missing here stops the run and is never sent again."""

UNKNOWN_STATUS = Meaning(Verdict.STOP, "unknown_status")

ENVELOPES: Mapping[int, Meaning] = MappingProxyType(
    {
        400: Meaning(Verdict.STOP, "wrong_body"),
        401: Meaning(Verdict.STOP, "unauthorized"),
        403: Meaning(Verdict.STOP, "permission"),
        **{s: STATUSES[s] for s in (408, 429, 500, 502, 503, 504, 509)},
    }
)
"""Statuses of the `$batch` as a whole; 200 is not among them, for it says nothing about the items."""


def meaning(
    status: int, code: str = "", message: str = "", retry_after_s: float | None = None, *, success: int = 200
) -> Meaning:
    """Judge the answer to one item; `success` is the status that Microsoft documents for what was asked.

    A 503 with `Retry-After` was shed before any work; without it the work may have been done.
    """
    if code == CONCURRENT_WRITE and status in {400, 409, 503}:
        return Meaning(Verdict.RETRY, "concurrent_write")
    if status == 400:
        text = " ".join(message.casefold().split())
        return next((found for fragment, found in MESSAGES if fragment in text), STATUSES[400])
    if status == 503 and retry_after_s is not None:
        return Meaning(Verdict.RETRY, "unavailable")
    if status == success:
        return APPLIED
    if 200 <= status < 300:
        return Meaning(Verdict.IN_DOUBT, "unexpected_success")
    return STATUSES.get(status, UNKNOWN_STATUS)


def envelope_meaning(status: int, retry_after_s: float | None = None) -> Meaning:
    """Judge a `$batch` that was not answered with 200, for all of its items."""
    if status == 503 and retry_after_s is not None:
        return Meaning(Verdict.RETRY, "unavailable")
    if 200 < status < 300:
        return Meaning(Verdict.IN_DOUBT, "unexpected_success")
    return ENVELOPES.get(status, UNKNOWN_STATUS)
