"""What one answer means in the light of all the others: permission, seats, and how many refusals are too many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.changes import WRITE_PERMISSION, Reply, Verdict
from connectors.errors import PermissionMissing, Unauthorized
from connectors.tenant import SkuId, UserId
from jobs.license_reassignment.errors import Unfinished

NOT_GRAPH = "not_graph"
"""Reason of a doubt: a proxy, a firewall or a portal has answered in the place of Graph."""

REFUSALS_AFTER = 20
DENIALS_IN_A_ROW_MAX = 3
REPLICATION_MAX = timedelta(minutes=10)
"""So long licensing may not know of a usage location that was set a moment ago."""

_NEVER = datetime.min.replace(tzinfo=UTC)


class StrangeAnswer(Unfinished):
    """Graph says that our request is malformed, or somebody on the way has answered for Graph."""


@dataclass(slots=True)
class ReplyJudge:
    """Judges replies in the order they come. `applied` counts successes of the whole plan, former sessions included.

    `located` says when a usage location of ours was answered; `permission` is what a 403 would be about.
    """

    refusals_percent_max: float
    applied: int = 0
    permission: str = WRITE_PERMISSION
    located: Mapping[UserId, datetime] = field(default_factory=dict)
    refused: int = 0
    answered: int = 0
    denied_in_a_row: int = 0

    def judge(self, replies: Sequence[Reply], now: datetime) -> list[Reply]:
        """Return the replies with what only the whole run can know.

        A 403 is the user's own refusal among writes that work, and a missing permission when none ever worked or
        three users in a row get it. A lack of seats leaves the change pending, and so does a usage location of
        ours that licensing does not know yet.
        """
        self.applied += sum(r.verdict is Verdict.APPLIED for r in replies)
        judged = [self._one(r, now) for r in replies]
        self.refused += sum(r.verdict is Verdict.REFUSED for r in judged)
        self.answered += sum(r.verdict in {Verdict.REFUSED, Verdict.APPLIED} for r in judged)
        return judged

    def _one(self, reply: Reply, now: datetime) -> Reply:
        if reply.verdict is Verdict.APPLIED:
            self.denied_in_a_row = 0
        if reply.status == 403 and reply.verdict is Verdict.REFUSED:
            self.denied_in_a_row += 1
            if not self.applied or self.denied_in_a_row >= DENIALS_IN_A_ROW_MAX:
                return replace(reply, verdict=Verdict.STOP, reason="permission")
        if reply.verdict is Verdict.REFUSED and reply.reason == "no_seat":
            return replace(reply, verdict=Verdict.RETRY, reason="seats_taken")
        fresh = now - self.located.get(UserId(reply.id), _NEVER) < REPLICATION_MAX
        if reply.verdict is Verdict.REFUSED and reply.reason == "no_usage_location" and fresh:
            return replace(reply, verdict=Verdict.RETRY, reason="location_replicating")
        return reply

    def short_skus(self, adds: Sequence[SkuId], reply: Reply) -> set[SkuId]:
        """Say which SKU ran out: the one that the message names, else all that the change would add."""
        return {s for s in adds if s in reply.message.lower()} or set(adds)

    def raise_if_hopeless(self, replies: Sequence[Reply]) -> None:
        """End the run when an answer says that the next one will be the same.

        Raises Unauthorized or PermissionMissing (7), StrangeAnswer (4) for a request of ours that is malformed and for
        an answer that is not Graph's, Unfinished (4) for a status that nobody knows or beyond the refusal limit.
        """
        if foreign := next((r for r in replies if r.reason == NOT_GRAPH), None):
            raise StrangeAnswer(f"Stopped: {foreign.message} It reads the users of these changes before it sends any.")
        stop = next((r for r in replies if r.verdict is Verdict.STOP), None)
        if stop is None:
            self._check_refusals()
            return
        if stop.reason == "permission":
            raise PermissionMissing(
                self.permission,
                f"Graph refuses every change with 403 ({stop.message}). Grant the application permission "
                f"{self.permission} with admin consent, sign in again, and run the same apply: it continues.",
            )
        if stop.status == 401:
            raise Unauthorized(
                "Graph does not accept the sign-in any more (401 after a fresh token). Check the credential, then run "
                "the same apply: it continues."
            )
        told = f"Graph answered a change with {stop.status} {stop.code}: {stop.message}."
        if stop.reason == "wrong_body":
            raise StrangeAnswer(f"{told} Nothing more is sent: please report that answer; the same apply continues.")
        raise Unfinished(
            f"Stopped: {told} This version does not know that answer, so nothing more is sent. The journal has it; the "
            "same apply continues once it is understood."
        )

    def _check_refusals(self) -> None:
        if self.answered < REFUSALS_AFTER:
            return
        percent = 100 * self.refused / self.answered
        if percent > self.refusals_percent_max:
            raise Unfinished(
                f"Stopped: {self.refused} of {self.answered} changes were refused ({percent:.1f} %), more than "
                f"[limits] refusals_percent_max = {self.refusals_percent_max:g}. `reseat status` shows why; the same "
                "apply continues."
            )


def outcome_body(batch: int, replies: Sequence[Reply]) -> dict[str, Any]:
    """Return the line that the journal keeps of the answers to one batch."""
    waits = [r.retry_after_s for r in replies if r.retry_after_s is not None]
    return {
        "batch": batch,
        "items": [
            {
                "id": r.id,
                "verdict": r.verdict.value,
                "status": r.status,
                "code": r.code,
                "message": r.message,
                "reason": r.reason,
            }
            for r in replies
        ],
        "request_id": next((r.request_id for r in replies if r.request_id), ""),
        "client_request_id": next((r.client_request_id for r in replies if r.client_request_id), ""),
        "retry_after": max(waits, default=None),
    }
