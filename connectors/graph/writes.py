"""Changes of users in one `$batch`, or of one group, sent at most once and each answered; no waiting in here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote

import orjson

from connectors.changes import AssignGroupLicense, Reply, SetUsageLocation, UserRequest, Verdict
from connectors.errors import LostReply, NetworkAway, NoWay, Retryable, Unauthorized
from connectors.graph import batch as wire_batch
from connectors.graph.answer import Answer
from connectors.graph.batch import ItemAnswer
from connectors.graph.channel import BATCH, LOAD_HEADER, PACED, THROTTLED, Channel, TooMuch, Unsent
from connectors.graph.pace import load_of
from connectors.graph.redact import redact
from connectors.graph.stranger import blocked
from connectors.graph.turns import Kind
from connectors.graph.verdicts import ENVELOPES, NO_PERMISSION, RESTRICTED, Meaning, envelope_meaning, meaning
from connectors.tenant import GroupId, UserId

NOT_GRAPH = Meaning(Verdict.IN_DOUBT, "not_graph")
"""Whoever answered, it was not Graph: whether the changes went through has to be read."""


class Ask(NamedTuple):
    """Whom one change is for, the status that Microsoft documents for its success, and what its 403 stands for."""

    id: UserId | GroupId
    success: int = 200
    forbidden: str = RESTRICTED


async def assign(channel: Channel, batch: Sequence[UserRequest]) -> tuple[Reply, ...]:
    """Send the changes in one `$batch` and return one reply each, in the same order.

    Nothing is sent while writes are closed. A 401 for the whole batch proves that nothing was carried out, so a
    fresh token is tried once; whatever else happens is told in the replies. A sign-in that is refused for good counts
    as a 401.
    """
    # PATCH answers without a body.
    asks = [Ask(c.user_id, 204 if isinstance(c, SetUsageLocation) else 200) for c in batch]
    return await _batch(channel, asks, wire_batch.writes(batch)) if batch else ()


async def reprocess(channel: Channel, ids: Sequence[UserId]) -> tuple[Reply, ...]:
    """Have the group licenses of these users worked out again, all in one `$batch`; as `assign`."""
    asks = [Ask(user_id, forbidden=NO_PERMISSION) for user_id in ids]
    return await _batch(channel, asks, wire_batch.reprocesses(ids)) if ids else ()


async def assign_group(channel: Channel, change: AssignGroupLicense) -> Reply:
    """Send the change of one group in a request of its own; 202 says that it was accepted. As `assign`."""
    path, ask = f"/groups/{quote(change.group_id, safe='')}/assignLicense", Ask(change.group_id, 202, NO_PERMISSION)
    answer = await _exchange(channel, [ask], path, wire_batch.licenses(change.add, change.remove))
    if not isinstance(answer, Answer):
        return answer[0]
    item = ItemAnswer(answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.json)
    reply = _reply(channel, ask, item, answer, None)
    channel.turns.let_through(answer.status not in PACED)
    if reply.verdict in {Verdict.APPLIED, Verdict.REFUSED}:
        channel.turns.helped(Kind.WRITE)
    elif reply.verdict in {Verdict.RETRY, Verdict.IN_DOUBT} and reply.status in ENVELOPES:
        channel.back_off(Kind.WRITE, answer.status, answer.headers, answer.began, reply.retry_after_s)
    if answer.status == THROTTLED:
        channel.turns.throttled(answer.began)
    return reply


async def _batch(channel: Channel, asks: Sequence[Ask], body: bytes) -> tuple[Reply, ...]:
    answer = await _exchange(channel, asks, BATCH, body)
    if not isinstance(answer, Answer):
        return answer
    if answer.status != 200:
        return _refused_whole(channel, asks, answer)
    return _answered(channel, asks, answer)


async def _exchange(channel: Channel, asks: Sequence[Ask], path: str, body: bytes) -> Answer | tuple[Reply, ...]:
    """Send once, and once more after a 401; return Graph's answer, or what it means that there is none."""
    try:
        await channel.bearer.sign_in_once()
        answer = await _send(channel, asks, path, body)
        if answer.status == 401 and not answer.stranger:
            channel.turns.charge(len(asks))
            await channel.bearer.renew_once(answer.token)
            answer = await _send(channel, asks, path, body)
    except Unauthorized as error:
        return _all(asks, Meaning(Verdict.STOP, "unauthorized"), status=401, message=str(error))
    except LostReply as error:
        return _all(asks, Meaning(Verdict.IN_DOUBT, "lost_reply"), message=str(error))
    except TooMuch as error:
        return _all(asks, NOT_GRAPH, message=str(error))
    except (Retryable, NetworkAway) as error:
        if isinstance(error, NoWay):
            raise
        return _unsent(channel, asks, str(error))
    if came := answer.stranger:
        return _all(asks, NOT_GRAPH, answer=answer, message=blocked(path, came, channel.host))
    return answer


async def _send(channel: Channel, asks: Sequence[Ask], path: str, body: bytes) -> Answer:
    """Send once. Raises Unsent when writes are closed or nothing left, LostReply when the answer is lost."""
    if channel.turns.closed_for(Kind.WRITE) > 0:
        raise Unsent("Graph asked to wait meanwhile.")
    channel.turns.leaving(len(asks))
    return await channel.send(channel.post(path, body), [Kind.WRITE], writes=len(asks))


def _unsent(channel: Channel, asks: Sequence[Ask], message: str) -> tuple[Reply, ...]:
    channel.turns.give_back(len(asks))
    closed = max(channel.turns.closed_for(kind) for kind in (Kind.WRITE, Kind.TOKEN))
    return _all(asks, Meaning(Verdict.RETRY, "not_sent"), message=message, after=closed or None)


def _refused_whole(channel: Channel, asks: Sequence[Ask], answer: Answer) -> tuple[Reply, ...]:
    """Answer for all changes of a `$batch` that was not carried out as such."""
    after = channel.retry_after(answer.headers)
    found = envelope_meaning(answer.status, after)
    if found.verdict in {Verdict.RETRY, Verdict.IN_DOUBT}:
        channel.back_off(Kind.WRITE, answer.status, answer.headers, answer.began, after)
    if answer.status == THROTTLED:
        channel.turns.throttled(answer.began)
    code, message = answer.error
    return _all(asks, found, answer=answer, code=code, message=message, after=after)


def _answered(channel: Channel, asks: Sequence[Ask], answer: Answer) -> tuple[Reply, ...]:
    try:
        items = wire_batch.answers(orjson.loads(answer.body), len(asks))
    except (ValueError, TypeError):
        channel.turns.refused([Kind.WRITE], began=answer.began, retry_after_s=None, reason="unreadable answer")
        return _all(asks, Meaning(Verdict.IN_DOUBT, "unreadable"), answer=answer)
    date = answer.headers.get("date")
    replies = tuple(_reply(channel, ask, item, answer, date) for ask, item in zip(asks, items, strict=True))
    if any(reply.verdict in {Verdict.APPLIED, Verdict.REFUSED} for reply in replies):
        channel.turns.helped(Kind.WRITE)
    _slow_down(channel, answer, [item for item in items if item is not None], replies)
    return replies


def _reply(channel: Channel, ask: Ask, item: ItemAnswer | None, answer: Answer, date: str | None) -> Reply:
    ours, theirs = answer.client_request_id, answer.headers.get("request-id", "")
    if item is None:
        doubt = Verdict.IN_DOUBT
        return Reply(ask.id, doubt, 0, reason="missing_answer", request_id=theirs, client_request_id=ours)
    after = channel.retry_after(item.headers, date=date)
    code, message = item.error
    verdict, reason = meaning(
        item.status, code, message, after, causes=item.causes, success=ask.success, forbidden=ask.forbidden
    )
    return Reply(
        id=ask.id,
        verdict=verdict,
        status=item.status,
        code=redact(code) if code else "",
        message=redact(_with_causes(message, item.causes)),
        reason=reason,
        retry_after_s=after,
        request_id=item.request_id or theirs,
        client_request_id=ours,
    )


def _with_causes(message: str, causes: Sequence[str]) -> str:
    """Return the sentence with the codes below it, for they are what an administrator searches for."""
    return f"{message} ({', '.join(causes)})".strip() if causes else message


def _slow_down(channel: Channel, answer: Answer, items: Sequence[ItemAnswer], replies: Sequence[Reply]) -> None:
    """Back off for the longest wait that an item asks for, and note how near the limit we are, and what it is."""
    afters = [r.retry_after_s for r in replies if r.status in PACED and r.retry_after_s is not None]
    for item in items:
        channel.traffic.throttled += item.status == THROTTLED
        if item.status in PACED:
            longest = max(afters) if afters else None
            channel.back_off(Kind.WRITE, item.status, item.headers, answer.began, longest)
    channel.turns.let_through(sum(item.status not in PACED for item in items))
    if any(item.status == THROTTLED for item in items):
        channel.turns.throttled(answer.began)
    loads = [load for item in items if (load := load_of(item.headers.get(LOAD_HEADER))) is not None]
    if loads:
        channel.turns.loaded(Kind.WRITE, max(loads))


def _all(
    asks: Sequence[Ask],
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
            id=ask.id,
            verdict=found.verdict,
            status=answer.status if answer else status,
            code=redact(code),
            message=redact(message),
            reason=found.reason,
            retry_after_s=after,
            request_id=answer.headers.get("request-id", "") if answer else "",
            client_request_id=answer.client_request_id if answer else "",
        )
        for ask in asks
    )
