"""A notice is one POST of plain JSON, and its failure is a sentence, never an exception."""

# Assertions read expected == actual.

from __future__ import annotations

import pytest
import requests
import responses

from connectors.notify import send_notice

URL = "https://hooks.example/services/hush"
PAYLOAD = {"plan_id": "p0123456789ab", "verdict": "GO", "moved": 12}


@responses.activate
def test_a_notice_that_is_taken_says_nothing() -> None:
    """The payload arrives as it is, and as JSON."""
    sent = responses.post(
        URL,
        status=204,
        match=[
            responses.matchers.json_params_matcher(PAYLOAD),
            responses.matchers.header_matcher({"Content-Type": "application/json"}),
        ],
    )

    assert None is send_notice(URL, PAYLOAD)
    assert 1 == sent.call_count


@responses.activate
def test_a_session_of_the_caller_is_used() -> None:
    """What the caller set on it, such as a certificate bundle, holds for the notice."""
    responses.post(URL, match=[responses.matchers.header_matcher({"X-Origin": "ours"})])
    with requests.Session() as session:
        session.headers["X-Origin"] = "ours"

        assert None is send_notice(URL, PAYLOAD, session=session)


@responses.activate
@pytest.mark.parametrize("status", [302, 404, 500])
def test_another_answer_is_told_with_its_status(status: int) -> None:
    """A redirect is such an answer: it is not followed."""
    responses.post(URL, status=status, headers={"Location": "http://elsewhere.example/"})

    assert f"The notice to hooks.example was not accepted: it answered {status}." == send_notice(URL, PAYLOAD)
    assert 1 == len(responses.calls)


@responses.activate
@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (requests.ReadTimeout(URL), "no answer within 2.5 seconds"),
        (requests.ConnectTimeout(URL), "no answer within 2.5 seconds"),
        (requests.exceptions.SSLError(URL), "its certificate is not trusted"),
        (requests.ConnectionError(URL), "no connection"),
        (requests.exceptions.ChunkedEncodingError(URL), "the request failed (ChunkedEncodingError)"),
    ],
)
def test_a_failure_is_told_without_the_address(error: Exception, reason: str) -> None:
    """The path of the address often is its password, so only the host is named."""
    responses.post(URL, body=error)

    assert f"The notice to hooks.example was not accepted: {reason}." == send_notice(URL, PAYLOAD, timeout_s=2.5)


@responses.activate
@pytest.mark.parametrize("url", ["http://hooks.example/x", "ftp://hooks.example", "hooks.example", "", "https://[::1"])
def test_nothing_leaves_this_machine_unencrypted(url: str) -> None:
    """Such an address is refused before anything is sent."""
    expected = "The notice was not sent: its address must begin with https:// unless it leads to this machine."

    assert expected == send_notice(url, PAYLOAD)
    assert 0 == len(responses.calls)


@responses.activate
@pytest.mark.parametrize("url", ["http://localhost:9000/x", "http://127.0.0.1:9000/x"])
def test_this_machine_may_be_told_without_encryption(url: str) -> None:
    """That is how a rehearsal listens."""
    responses.post(url)

    assert None is send_notice(url, PAYLOAD)


@responses.activate
def test_a_payload_that_is_no_json_is_told() -> None:
    """Even a mistake of ours does not end a run that has done its work."""
    reason = "it cannot be written as JSON (Type is not JSON serializable: object)"

    assert f"The notice to hooks.example was not sent: {reason}." == send_notice(URL, {"x": object()})
