"""What an answer to `assignLicense` means: one table from status, code and message to a verdict and its reason."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from connectors.tenant import Verdict


class Meaning(NamedTuple):
    """A verdict and the stable code of its reason ("" when applied)."""

    verdict: Verdict
    reason: str


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
        200: Meaning(Verdict.APPLIED, ""),
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

REMEDIES: Mapping[str, str] = MappingProxyType(
    {
        "no_usage_location": "Set the user's usage location (two letters, GB and not UK), then plan again.",
        "no_seat": "Buy or free seats of the target product, then run apply again.",
        "conflict": "Another license of this user excludes a plan of the target: remove it or switch the plan off.",
        "dependency": "Another license of this user needs a plan that would go: settle that license first.",
        "inherited": "The license comes from a group: change it on the group, or take the user out of it.",
        "already_gone": "The license to remove was not there any more: the user is read again to see what is true.",
        "unknown_sku": "The tenant does not own this product: correct the target or buy it.",
        "company_sku": "This product belongs to the organization and cannot be given to a user: choose another target.",
        "unknown_plan": "A plan to switch off is not part of this tenant's product: plan again on a fresh snapshot.",
        "duplicate_address": "Another object has one of the user's mail addresses: resolve that, then plan again.",
        "wrong_body": "The request was not understood: report this as a defect, with the run folder.",
        "review": "Graph refused for a reason that is not known here: read the message and decide by hand.",
        "unauthorized": "Sign in again: the token was refused although it was fresh.",
        "permission": "Grant the application permission LicenseAssignment.ReadWrite.All with admin consent.",
        "restricted_management": "This user is restricted: give it a role for the restricted unit.",
        "gone": "The user does not exist any more: nothing to do, unless it is restored.",
        "concurrent_write": "Somebody else changed the same object: it is sent again shortly.",
        "conflicting_state": "The object is in a state that does not allow the change now: the user is read again.",
        "locked": "The object is locked at the moment: it is sent again later.",
        "failed_dependency": "Graph did not carry out the request for want of another one: the user is read again.",
        "throttled": "Graph asked us to wait: it is sent again later.",
        "unavailable": "The service was not available: the user is read before anything is sent again.",
        "server_error": "The service failed while answering: the user is read before anything is sent again.",
        "unexpected_success": "Graph said yes in an undocumented way: the user is read to see what is true.",
        "unknown_status": "Graph answered with a status that is not documented here: report it, with the run folder.",
        "not_sent": "The request did not leave: it is sent later.",
        "lost_reply": "No answer came back: the user is read before anything is sent again.",
        "missing_answer": "The batch was answered without this item: the user is read before anything is sent again.",
        "unreadable": "The answer could not be read: the user is read before anything is sent again.",
    }
)  # fmt: skip
"""One sentence for people per reason."""


def meaning(status: int, code: str = "", message: str = "", retry_after_s: float | None = None) -> Meaning:
    """Judge the answer to one item.

    A 503 with `Retry-After` was shed before any work; without it the work may have been done.
    """
    if code == CONCURRENT_WRITE and status in {400, 409, 503}:
        return Meaning(Verdict.RETRY, "concurrent_write")
    if status == 400:
        text = " ".join(message.casefold().split())
        return next((found for fragment, found in MESSAGES if fragment in text), STATUSES[400])
    if status == 503 and retry_after_s is not None:
        return Meaning(Verdict.RETRY, "unavailable")
    if 200 < status < 300:
        return Meaning(Verdict.IN_DOUBT, "unexpected_success")
    return STATUSES.get(status, UNKNOWN_STATUS)


def envelope_meaning(status: int, retry_after_s: float | None = None) -> Meaning:
    """Judge a `$batch` that was not answered with 200, for all of its items."""
    if status == 503 and retry_after_s is not None:
        return Meaning(Verdict.RETRY, "unavailable")
    if 200 < status < 300:
        return Meaning(Verdict.IN_DOUBT, "unexpected_success")
    return ENVELOPES.get(status, UNKNOWN_STATUS)
