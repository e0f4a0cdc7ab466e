"""The judge of Retry-After windows: what is on its way is no violation, what is known binds, also across a restart."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from soak.evidence import Line, Request, Wait
from soak.windows import RECEIVED_S, judge

WRITE, READ = ("write",), ("read",)


def request(number: int, arrived: float, **more: Any) -> Request:
    """A write of the first process, answered at once with 200, on a connection of its own."""
    given = {
        "left": arrived, "generation": 1, "tunnel": number, "path": "/v1.0/$batch", "status": 200, "kinds": WRITE,
        "client_request_id": f"id {number}",
    }  # fmt: skip
    return Request(number, arrived, **{**given, **more})


def throttled(seconds: float = 10.0, **more: Any) -> Request:
    """The request whose answer leaves at 100.0 and asks for patience."""
    return request(1, 99.0, **{"left": 100.0, "waits": (Wait(WRITE, seconds),), **more})


def process(generation: int, started: float, ended: float, *kept: tuple[str, float]) -> dict[str, Any]:
    """A process, and what it left in its sign of life."""
    pauses = [{"kind": kind, "until": datetime.fromtimestamp(until, UTC).isoformat()} for kind, until in kept]
    return {"generation": generation, "started": started, "ended": ended, "kept": pauses}


def outcome(seq: int, at: float, number: int = 1) -> Line:
    """The journal's line of the answer that asks for patience."""
    return Line(seq, at, "outcome", {"client_request_id": f"id {number}", "retry_after": 10.0})


ALONE = [process(1, 90.0, 200.0)]


def violations(*requests: Request, journal: tuple[Line, ...] = (), processes: list[dict[str, Any]] = ALONE) -> int:
    """How many of these requests came in inside a window, with a tenant that is never late."""
    return len(judge(requests, journal, processes, 0.0).violations)


def test_what_was_on_its_way_is_no_violation() -> None:
    """Nothing proves that the process had read the answer when it sent this."""
    assert 0 == violations(throttled(), request(2, 100.5))
    assert 0 == violations(throttled(), request(2, 100.0 + RECEIVED_S))


def test_a_process_that_goes_on_sending_has_read_the_answer_after_a_while() -> None:
    """Two seconds after it left, nobody can say that the answer was not there."""
    assert 1 == violations(throttled(), request(2, 100.0 + RECEIVED_S + 0.2))


def test_the_next_request_on_a_connection_proves_that_the_answer_was_read() -> None:
    """It came in itself at that moment; what comes later on any connection is a violation."""
    same = request(2, 100.2, tunnel=1, kinds=READ)

    assert 0 == violations(throttled(), same, request(3, 100.25))
    assert 1 == violations(throttled(), same, request(3, 100.4))


def test_a_line_in_the_journal_proves_that_the_answer_was_read() -> None:
    """The line of another answer proves nothing."""
    assert 1 == violations(throttled(), request(2, 100.3), journal=(outcome(5, 100.01),))
    assert 0 == violations(throttled(), request(2, 100.3), journal=(outcome(5, 100.01, number=7),))


def test_a_sign_in_that_begins_after_a_refused_one_has_to_wait() -> None:
    """A process signs in one at a time: it had read the refusal when it opened its next connection for the purpose."""
    said = {"kinds": ("token",), "path": "/tenant/oauth2/v2.0/token"}
    refused = throttled(waits=(Wait(("token",), 10.0),), **said)
    looked_up = request(2, 100.1, tunnel=2, kinds=(), path="/tenant/v2.0/.well-known/openid-configuration")

    assert 1 == violations(refused, looked_up, request(3, 100.15, tunnel=2, **said))
    assert 0 == violations(refused, looked_up, request(3, 110.0, tunnel=2, **said))


def test_a_window_ends_when_it_was_said_to_end() -> None:
    """To the millisecond."""
    assert 1 == violations(throttled(), request(2, 109.999))
    assert 0 == violations(throttled(), request(2, 110.0))


def test_a_window_is_about_its_own_kinds() -> None:
    """A wait for writes leaves reads alone; that of an envelope is about both."""
    assert 0 == violations(throttled(), request(2, 105.0, kinds=READ))
    assert 1 == violations(throttled(waits=(Wait(("read", "write"), 10.0),)), request(2, 105.0, kinds=READ))


def test_what_was_journaled_binds_the_next_process_from_its_first_request() -> None:
    """A killed process that came to its line hands the wait on, one that did not cannot."""
    both = [process(1, 90.0, 101.0), process(2, 101.1, 200.0)]
    start = Line(6, 102.0, "start", {})
    early = request(2, 102.5, generation=2)

    assert 1 == violations(throttled(), early, journal=(outcome(5, 100.01), start), processes=both)
    assert 0 == violations(throttled(), early, journal=(start,), processes=both)


def test_a_sign_of_life_binds_the_next_process() -> None:
    """Also for reads, which the journal does not have; an older or shorter wait in it binds nobody to this one."""
    answer = throttled(waits=(Wait(READ, 10.0),))
    early = request(2, 102.5, generation=2, kinds=READ)
    later = process(2, 101.1, 200.0)

    assert 1 == violations(answer, early, processes=[process(1, 90.0, 101.0, ("read", 110.0)), later])
    assert 0 == violations(answer, early, processes=[process(1, 90.0, 101.0, ("read", 105.0)), later])
    assert 0 == violations(answer, early, processes=[process(1, 90.0, 101.0, ("write", 110.0)), later])


def test_an_answer_to_a_process_that_is_dead_binds_nobody() -> None:
    """It left after the kill, and no proof can be there."""
    both = [process(1, 90.0, 99.5), process(2, 99.6, 200.0)]

    assert 0 == violations(throttled(), request(2, 103.0, generation=2), processes=both)


def test_an_answer_whose_connection_broke_on_its_way_binds_only_who_wrote_it_down() -> None:
    """Broken before it left or soon after: nobody can say that it arrived, unless the journal does."""
    later = request(2, 105.0)

    for cut in (99.5, 100.5):
        assert 0 == violations(throttled(cut=cut), later)
        assert 1 == violations(throttled(cut=cut), later, journal=(outcome(5, 100.01),))
    assert 1 == violations(throttled(cut=100.0 + RECEIVED_S + 0.1), later)


def test_a_sign_in_after_a_broken_one_proves_nothing() -> None:
    """The process signs in once more because its connection broke, and knows of no refusal."""
    said = {"kinds": ("token",), "path": "/tenant/oauth2/v2.0/token"}
    refused = throttled(waits=(Wait(("token",), 10.0),), cut=99.9, **said)

    assert 0 == violations(refused, request(2, 100.3, tunnel=2, **said), request(3, 105.0, tunnel=2, **said))


def test_the_lateness_of_the_tenant_is_given_to_the_client() -> None:
    """A tenant whose loop was busy for a second may see a request a second after it was sent."""
    requests, journal = (throttled(), request(2, 101.0)), (outcome(5, 100.01),)

    assert 1 == len(judge(requests, journal, ALONE, 0.0).violations)
    assert [] == judge(requests, journal, ALONE, 1.0).violations
