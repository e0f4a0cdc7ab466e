"""The verdict table, line by line."""

# ruff: noqa: E501 - the table has one answer to a line

from __future__ import annotations

import pytest

from connectors.changes import Verdict
from connectors.graph.batch import causes_of
from connectors.graph.verdicts import ENVELOPES, MESSAGES, STATUSES, envelope_meaning, meaning
from jobs.license_reassignment.model.reasons import remedy

BAD = "Request_BadRequest"
PLAN = "41781fb2-bc02-4b7c-bd55-b576c07bb09d"

TABLE = [
    (200, "", "", None, Verdict.APPLIED, ""),
    (202, "", "", None, Verdict.IN_DOUBT, "unexpected_success"),
    (400, BAD, "License assignment cannot be done for user with invalid usage location.", None, Verdict.REFUSED, "no_usage_location"),
    (400, BAD, "Property usageLocation is invalid.", None, Verdict.REFUSED, "no_usage_location"),
    (400, BAD, "Subscription with SKU X does not have any available licenses.", None, Verdict.REFUSED, "no_seat"),
    (400, BAD, f"License assignment failed because service plans {PLAN}, {PLAN} are mutually exclusive.", None, Verdict.REFUSED, "conflict"),
    (400, BAD, f"License assignment failed because service plan {PLAN} conflicts with service plan {PLAN}.", None, Verdict.REFUSED, "conflict"),
    (400, BAD, f"License assignment failed because service plan {PLAN} depends on the service plan(s) {PLAN}", None, Verdict.REFUSED, "dependency"),
    (400, BAD, "User license is inherited from a group membership and it cannot be removed directly from the user.", None, Verdict.REFUSED, "inherited"),
    (400, BAD, "User does not have a corresponding license.", None, Verdict.IN_DOUBT, "already_gone"),
    (400, BAD, "License X does not correspond to a valid company License.", None, Verdict.REFUSED, "unknown_sku"),
    (400, BAD, "License X cannot be assigned to a user.", None, Verdict.REFUSED, "company_sku"),
    (400, BAD, "The service plan does not belong to the subscription.", None, Verdict.REFUSED, "unknown_plan"),
    (400, BAD, "Another object with the same value for property proxyAddresses already exists.", None, Verdict.REFUSED, "duplicate_address"),
    (400, BAD, "One or more parameters of the operation 'assignLicense' are missing from the request payload.", None, Verdict.STOP, "wrong_body"),
    (400, BAD, "SUBSCRIPTION  DOES NOT HAVE ANY\nAVAILABLE LICENSES", None, Verdict.REFUSED, "no_seat"),
    (400, BAD, "A sentence that nobody has seen before.", None, Verdict.REFUSED, "review"),
    (400, "", "", None, Verdict.REFUSED, "review"),
    (400, "Directory_ConcurrencyViolation", "", None, Verdict.RETRY, "concurrent_write"),
    (401, "InvalidAuthenticationToken", "", None, Verdict.STOP, "unauthorized"),
    (403, "Authorization_RequestDenied", "", None, Verdict.REFUSED, "restricted_management"),
    (404, "Request_ResourceNotFound", "", None, Verdict.REFUSED, "gone"),
    (408, "", "", None, Verdict.IN_DOUBT, "server_error"),
    (409, "Directory_ConcurrencyViolation", "", None, Verdict.RETRY, "concurrent_write"),
    (409, "Conflict", "", None, Verdict.IN_DOUBT, "conflicting_state"),
    (418, "", "", None, Verdict.STOP, "unknown_status"),
    (302, "", "", None, Verdict.STOP, "unknown_status"),
    (423, "", "", None, Verdict.RETRY, "locked"),
    (424, "", "", None, Verdict.IN_DOUBT, "failed_dependency"),
    (429, "TooManyRequests", "", None, Verdict.RETRY, "throttled"),
    (429, "TooManyRequests", "", 5.0, Verdict.RETRY, "throttled"),
    (500, "", "", 5.0, Verdict.IN_DOUBT, "server_error"),
    (502, "", "", None, Verdict.IN_DOUBT, "server_error"),
    (503, "", "", 5.0, Verdict.RETRY, "unavailable"),
    (503, "", "", None, Verdict.IN_DOUBT, "unavailable"),
    (503, "Directory_ConcurrencyViolation", "", None, Verdict.RETRY, "concurrent_write"),
    (504, "", "", 5.0, Verdict.IN_DOUBT, "server_error"),
    (509, "", "", None, Verdict.RETRY, "throttled"),
]  # fmt: skip

ENVELOPE_TABLE = [
    (202, None, Verdict.IN_DOUBT, "unexpected_success"),
    (400, None, Verdict.STOP, "wrong_body"),
    (401, None, Verdict.STOP, "unauthorized"),
    (403, None, Verdict.STOP, "permission"),
    (404, None, Verdict.STOP, "unknown_status"),
    (413, None, Verdict.STOP, "unknown_status"),
    (429, None, Verdict.RETRY, "throttled"),
    (500, None, Verdict.IN_DOUBT, "server_error"),
    (502, 3.0, Verdict.IN_DOUBT, "server_error"),
    (503, 3.0, Verdict.RETRY, "unavailable"),
    (503, None, Verdict.IN_DOUBT, "unavailable"),
    (504, None, Verdict.IN_DOUBT, "server_error"),
]


@pytest.mark.parametrize(("status", "code", "message", "after", "verdict", "reason"), TABLE)
def test_an_answer_has_one_meaning(
    status: int, code: str, message: str, after: float | None, verdict: Verdict, reason: str
) -> None:
    """Status, code, message and Retry-After decide together."""
    assert (verdict, reason) == meaning(status, code, message, after)


CAUSES = [
    ("A sentence that nobody has seen before.", ("MutuallyExclusiveViolation",), "conflict"),
    ("A sentence that nobody has seen before.", ("CountViolation",), "no_seat"),
    ("A sentence that nobody has seen before.", ("DependencyViolation",), "dependency"),
    ("A sentence that nobody has seen before.", ("ProhibitedInUsageLocationViolation",), "not_in_location"),
    ("A sentence that nobody has seen before.", ("UniquenessViolation",), "duplicate_address"),
    ("There are no available licenses for the specified allotment.", ("noAvailableLicenses",), "no_seat"),
    ("Cannot process request.", ("noAvailableLicenses",), "no_seat"),
    ("Cannot process request.", ("mutuallyExclusiveServicePlans",), "conflict"),
    ("Cannot process request.", ("proxyAddressConflict",), "duplicate_address"),
    ("Cannot process request because a referenced item has an invalid usage location", (), "no_usage_location"),
    ("Cannot process request.", ("invalidUsageLocation",), "no_usage_location"),
    ("Cannot process request.", ("somethingNew", "noAvailableLicenses"), "no_seat"),
    ("Cannot process request.", ("somethingNew",), "review"),
    # The sentence is about this user; a code below it never makes another cause of it.
    ("License assignment failed because service plan A depends on the service plan(s) B", ("CountViolation",), "dependency"),
]  # fmt: skip


@pytest.mark.parametrize(("message", "causes", "reason"), CAUSES)
def test_a_code_below_the_error_tells_the_cause_where_the_sentence_does_not(
    message: str, causes: tuple[str, ...], reason: str
) -> None:
    """Allotment tenants, and newer answers, name the violation in `details` or `innerError` alone."""
    assert meaning(400, BAD, message, causes=causes) == (Verdict.REFUSED, reason)


def test_a_concurrent_write_is_known_by_a_code_below_too() -> None:
    """It is sent again, whichever code carries it."""
    assert meaning(409, "Conflict", "", causes=("Directory_ConcurrencyViolation",)).verdict is Verdict.RETRY


@pytest.mark.parametrize(
    ("error", "causes"),
    [
        ({"code": BAD, "innerError": {"code": "429", "request-id": "x"}}, ()),
        ({"code": BAD, "details": [{"code": "A"}, {"code": "B", "message": "m"}, "rubbish", {}]}, ("A", "B")),
        ({"code": BAD, "innerError": {"code": "A", "innererror": {"code": "B"}}}, ("A", "B")),
        ({"code": BAD, "details": "rubbish", "innerError": ["rubbish"]}, ()),
        ("rubbish", ()),
    ],
)
def test_codes_below_an_error_are_found_wherever_the_format_allows_them(error: object, causes: tuple[str, ...]) -> None:
    """Numbers repeat the status and tell nothing."""
    assert causes_of({"error": error}) == causes


@pytest.mark.parametrize(("status", "after", "verdict", "reason"), ENVELOPE_TABLE)
def test_a_batch_that_was_refused_as_a_whole_has_one_meaning(
    status: int, after: float | None, verdict: Verdict, reason: str
) -> None:
    """What holds for the envelope holds for each of its items."""
    assert (verdict, reason) == envelope_meaning(status, after)


def test_every_refusal_has_a_remedy() -> None:
    """No refusal reaches a report without a sentence that says what to do."""
    tables = [m for _, m in MESSAGES] + list(STATUSES.values()) + list(ENVELOPES.values())
    refusals = {m.reason for m in tables if m.verdict is Verdict.REFUSED}

    assert [] == [reason for reason in sorted(refusals) if not remedy(reason)]
