"""One `$batch` of changes, sent at most once and answered for each change; no waiting in here."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from connectors.changes import Reply, SetUsageLocation, UserRequest, Verdict
from connectors.errors import LostReply, NetworkAway, NoWay, Retryable, Unauthorized
from connectors.graph import batch as wire_batch
from connectors.graph.answer import Answer
from connectors.graph.batch import ItemAnswer
from connectors.graph.channel import LOAD_HEADER, PACED, Channel, TooMuch, Unsent
from connectors.graph.pace import load_of
from connectors.graph.redact import redact
from connectors.graph.stranger import blocked
from connectors.graph.turns import Kind
from connectors.graph.verdicts import Meaning, envelope_meaning, meaning

NOT_GRAPH = Meaning(Verdict.IN_DOUBT, "not_graph")
"""Whoever answered, it was not Graph: whether the changes went through has to be read."""


async def assign(channel: Channel, batch: Sequence[UserRequest]) -> tuple[Reply, ...]:
    """Send the changes in one `$batch` and return one reply each, in the same order.

    Nothing is sent while writes are closed. A 401 for the whole batch proves that nothing was carried out, so a
    fresh token is tried once; whatever else happens is told in the replies. A sign-in that is refused for good counts
    as a 401.
    """
    if not batch:
        return ()
    try:
        await channel.bearer.sign_in_once()
        answer = await _send(channel, batch)
        if answer.status == 401 and not answer.stranger:
            channel.turns.charge(len(batch))
            await channel.bearer.renew_once(answer.token)
            answer = await _send(channel, batch)
    except Unauthorized as error:
        return _all(batch, Meaning(Verdict.STOP, "unauthorized"), status=401, message=str(error))
    except LostReply as error:
        return _all(batch, Meaning(Verdict.IN_DOUBT, "lost_reply"), message=str(error))
    except TooMuch as error:
        return _all(batch, NOT_GRAPH, message=str(error))
    except (Retryable, NetworkAway) as error:
        if isinstance(error, NoWay):
            raise
        return _unsent(channel, batch, str(error))
    if came := answer.stranger:
        return _all(batch, NOT_GRAPH, answer=answer, message=blocked("/$batch", came, channel.host))
    if answer.status != 200:
        return _refused_whole(channel, batch, answer)
    return _answered(channel, batch, answer)


async def _send(channel: Channel, batch: Sequence[UserRequest]) -> Answer:
    """Send once. Raises Unsent when writes are closed or nothing left, LostReply when the answer is lost."""
    if channel.turns.closed_for(Kind.WRITE) > 0:
        raise Unsent("Graph asked to wait meanwhile.")
    channel.turns.leaving(len(batch))
    request = channel.batch_request(wire_batch.writes(batch))
    return await channel.send(request, [Kind.WRITE], writes=len(batch))


def _unsent(channel: Channel, batch: Sequence[UserRequest], message: str) -> tuple[Reply, ...]:
    channel.turns.give_back(len(batch))
    closed = max(channel.turns.closed_for(kind) for kind in (Kind.WRITE, Kind.TOKEN))
    return _all(batch, Meaning(Verdict.RETRY, "not_sent"), message=message, after=closed or None)


def _refused_whole(channel: Channel, batch: Sequence[UserRequest], answer: Answer) -> tuple[Reply, ...]:
    """Answer for all changes of a `$batch` that was not carried out as such."""
    after = channel.retry_after(answer.headers)
    found = envelope_meaning(answer.status, after)
    if found.verdict in {Verdict.RETRY, Verdict.IN_DOUBT}:
        channel.back_off(Kind.WRITE, answer.status, answer.headers, answer.began, after)
    code, message = answer.error
    return _all(batch, found, answer=answer, code=code, message=message, after=after)


def _answered(channel: Channel, batch: Sequence[UserRequest], answer: Answer) -> tuple[Reply, ...]:
    try:
        items = wire_batch.answers(orjson.loads(answer.body), len(batch))
    except (ValueError, TypeError):
        channel.turns.refused([Kind.WRITE], began=answer.began, retry_after_s=None, reason="unreadable answer")
        return _all(batch, Meaning(Verdict.IN_DOUBT, "unreadable"), answer=answer)
    date = answer.headers.get("date")
    replies = tuple(_reply(channel, c, item, answer, date) for c, item in zip(batch, items, strict=True))
    if any(reply.verdict in {Verdict.APPLIED, Verdict.REFUSED} for reply in replies):
        channel.turns.helped(Kind.WRITE)
    _slow_down(channel, answer, [item for item in items if item is not None], replies)
    return replies


def _reply(channel: Channel, change: UserRequest, item: ItemAnswer | None, answer: Answer, date: str | None) -> Reply:
    ours, theirs = answer.client_request_id, answer.headers.get("request-id", "")
    if item is None:
        doubt = Verdict.IN_DOUBT
        return Reply(change.user_id, doubt, 0, reason="missing_answer", request_id=theirs, client_request_id=ours)
    after = channel.retry_after(item.headers, date=date)
    code, message = item.error
    verdict, reason = meaning(item.status, code, message, after, success=_success(change))
    return Reply(
        id=change.user_id,
        verdict=verdict,
        status=item.status,
        code=redact(code) if code else "",
        message=redact(message) if message else "",
        reason=reason,
        retry_after_s=after,
        request_id=item.request_id or theirs,
        client_request_id=ours,
    )


def _success(change: UserRequest) -> int:
    """Return the status that Microsoft documents for this kind of change: PATCH answers without a body."""
    return 204 if isinstance(change, SetUsageLocation) else 200


def _slow_down(channel: Channel, answer: Answer, items: Sequence[ItemAnswer], replies: Sequence[Reply]) -> None:
    """Back off for the longest wait that an item asks for, and note how near the limit we are."""
    afters = [r.retry_after_s for r in replies if r.status in PACED and r.retry_after_s is not None]
    for item in items:
        channel.traffic.throttled += item.status == 429
        if item.status in PACED:
            longest = max(afters) if afters else None
            channel.back_off(Kind.WRITE, item.status, item.headers, answer.began, longest)
    loads = [load for item in items if (load := load_of(item.headers.get(LOAD_HEADER))) is not None]
    if loads:
        channel.turns.loaded(Kind.WRITE, max(loads))


def _all(
    batch: Sequence[UserRequest],
    found: Meaning,
    *,
    answer: Answer | None = None,
    status: int = 0,
    code: str = "",
    message: str = "",
    after: float | None = None,
) -> tuple[Reply, ...]:
    """Return the same reply for every change."""
    return tuple(
        Reply(
            id=change.user_id,
            verdict=found.verdict,
            status=answer.status if answer else status,
            code=redact(code),
            message=redact(message),
            reason=found.reason,
            retry_after_s=after,
            request_id=answer.headers.get("request-id", "") if answer else "",
            client_request_id=answer.client_request_id if answer else "",
        )
        for change in batch
    )
