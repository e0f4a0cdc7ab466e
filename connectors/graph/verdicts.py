"""What an answer to a change of licenses means: one table from status, code and message to a verdict and its reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from connectors.changes import Verdict


class Meaning(NamedTuple):
    """A verdict and the stable code of its reason ("" when applied)."""

    verdict: Verdict
    reason: str


APPLIED = Meaning(Verdict.APPLIED, "")
CONCURRENT_WRITE = "Directory_ConcurrencyViolation"

RESTRICTED = "restricted_management"
NO_PERMISSION = "permission"

NOT_THERE = Meaning(Verdict.REFUSED, "not_in_location")
NOWHERE = Meaning(Verdict.REFUSED, "no_usage_location")

MESSAGES: tuple[tuple[str, Meaning], ...] = (
    ("not allowed in the user's usage location", NOT_THERE),
    ("prohibited in usage location", NOT_THERE),
    ("prohibitedinusagelocation", NOT_THERE),
    ("invalid usage location", NOWHERE),
    ("without a usage location", NOWHERE),
    ("property usagelocation is invalid", NOWHERE),
    ("does not have any available licenses", Meaning(Verdict.REFUSED, "no_seat")),
    ("not enough licenses are available", Meaning(Verdict.REFUSED, "no_seat")),
    ("there are no available licenses", Meaning(Verdict.REFUSED, "no_seat")),
    ("are mutually exclusive", Meaning(Verdict.REFUSED, "conflict")),
    ("conflicts with service plan", Meaning(Verdict.REFUSED, "conflict")),
    ("depends on the service plan", Meaning(Verdict.REFUSED, "dependency")),
    ("license is inherited from a group", Meaning(Verdict.REFUSED, "inherited")),
    # An earlier send of ours may have removed it, so the user is read before anybody believes the refusal.
    ("does not have a corresponding license", Meaning(Verdict.IN_DOUBT, "already_gone")),
    ("not correspond to a valid company license", Meaning(Verdict.REFUSED, "unknown_sku")),
    ("cannot be assigned to a user", Meaning(Verdict.REFUSED, "company_sku")),
    ("service plan … does not belong to", Meaning(Verdict.REFUSED, "unknown_plan")),
    ("same value for property proxyaddresses already exists", Meaning(Verdict.REFUSED, "duplicate_address")),
    ("proxy address is already being used", Meaning(Verdict.REFUSED, "duplicate_address")),
    ("missing from the request payload", Meaning(Verdict.STOP, "wrong_body")),
)
"""Fragments of the message of a 400, in lower case; the first that occurs decides, and "…" stands for ids.

Each is as much of a sentence as tells its cause from every other one: a remedy for the wrong cause does harm, and what
fits nothing here is shown to a person in its own words. Every business refusal of `assignLicense` is 400
`Request_BadRequest`; Microsoft documents the sentences in its pages on resolving license problems, and they alone tell
the refusals apart.
"""

CODES: Mapping[str, Meaning] = MappingProxyType(
    {
        "countviolation": Meaning(Verdict.REFUSED, "no_seat"),
        "mutuallyexclusiveviolation": Meaning(Verdict.REFUSED, "conflict"),
        "dependencyviolation": Meaning(Verdict.REFUSED, "dependency"),
        "prohibitedinusagelocationviolation": NOT_THERE,
        "uniquenessviolation": Meaning(Verdict.REFUSED, "duplicate_address"),
        "noavailablelicenses": Meaning(Verdict.REFUSED, "no_seat"),
        "mutuallyexclusiveserviceplans": Meaning(Verdict.REFUSED, "conflict"),
        "proxyaddressconflict": Meaning(Verdict.REFUSED, "duplicate_address"),
        "invalidusagelocation": NOWHERE,
    }
)
"""Codes in `details` or `innerError` of a 400 whose sentence fits nothing above, in lower case.

The first five are the names that Microsoft gives to errors of group licenses (`licenseAssignmentState.error`), seen in
direct refusals too; the others are those of Microsoft Cloud Licensing, where a tenant is on allotments.
"""

STATUSES: Mapping[int, Meaning] = MappingProxyType(
    {
        400: Meaning(Verdict.REFUSED, "review"),
        401: Meaning(Verdict.STOP, "unauthorized"),
        403: Meaning(Verdict.REFUSED, RESTRICTED),
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
        403: Meaning(Verdict.STOP, NO_PERMISSION),
        **{s: STATUSES[s] for s in (408, 429, 500, 502, 503, 504, 509)},
    }
)
"""Statuses of the `$batch` as a whole; 200 is not among them, for it says nothing about the items."""


def meaning(
    status: int,
    code: str = "",
    message: str = "",
    retry_after_s: float | None = None,
    *,
    causes: Sequence[str] = (),
    success: int = 200,
    forbidden: str = RESTRICTED,
) -> Meaning:
    """Judge the answer to one item; `success` is the status that Microsoft documents for what was asked.

    `causes` are the codes below the error's own one (`batch.causes_of`): they decide where the sentence does not.

    `forbidden` is the reason of a 403: a user under restricted management is the one that Microsoft documents, and for
    all that is asked of groups there is the permission alone.

    A 503 with `Retry-After` was shed before any work; without it the work may have been done.
    """
    if CONCURRENT_WRITE in {code, *causes} and status in {400, 409, 503}:
        return Meaning(Verdict.RETRY, "concurrent_write")
    if status == 400:
        text = " ".join(message.casefold().split())
        told = (found for fragment, found in MESSAGES if _occurs(fragment, text))
        named = (CODES[c.casefold()] for c in (*causes, code) if c.casefold() in CODES)
        return next(told, None) or next(named, STATUSES[400])
    if status == 503 and retry_after_s is not None:
        return Meaning(Verdict.RETRY, "unavailable")
    if status == success:
        return APPLIED
    if 200 <= status < 300:
        return Meaning(Verdict.IN_DOUBT, "unexpected_success")
    if status == 403:
        return Meaning(Verdict.REFUSED, forbidden)
    return STATUSES.get(status, UNKNOWN_STATUS)


def _occurs(fragment: str, text: str) -> bool:
    """Say whether the pieces of a fragment occur in the text one after the other."""
    place = 0
    for piece in fragment.split("…"):
        if (at := text.find(piece.strip(), place)) < 0:
            return False
        place = at + len(piece.strip())
    return True


def envelope_meaning(status: int, retry_after_s: float | None = None) -> Meaning:
    """Judge a `$batch` that was not answered with 200, for all of its items."""
    if status == 503 and retry_after_s is not None:
        return Meaning(Verdict.RETRY, "unavailable")
    if 200 < status < 300:
        return Meaning(Verdict.IN_DOUBT, "unexpected_success")
    return ENVELOPES.get(status, UNKNOWN_STATUS)
