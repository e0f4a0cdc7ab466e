"""JSON batching: up to twenty calls in one request, each answered and throttled on its own, in any order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import orjson

from connectors.sandbox.api.routes import call
from connectors.sandbox.api.world import Reply, Request, World, ok, refused
from connectors.sandbox.refusal import Refusal

ITEMS_MAX = 20

_METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")


def _malformed(message: str) -> Refusal:
    return Refusal(400, "BadRequest", message)


class Item:
    """One call of a batch: its id, what it waits for, and the request it stands for."""

    __slots__ = ("after", "id", "request")

    def __init__(self, item_id: str, after: str | None, request: Request) -> None:
        self.id = item_id
        self.after = after
        self.request = request


def read_items(outer: Request) -> list[Item]:
    """The items of a batch; Refusal for the whole batch when its form is wrong."""
    body = outer.json()
    given = body.get("requests") if isinstance(body, dict) else None
    if not isinstance(given, list) or not given:
        raise _malformed("Invalid batch payload format.")
    if len(given) > ITEMS_MAX:
        raise _malformed(f"Number of batch request steps exceeds the maximum value of {ITEMS_MAX}.")
    items: dict[str, Item] = {}
    for fields in given:
        item = _item(outer, fields)
        if item.id.lower() in items:
            raise _malformed(f"Request Id '{item.id}' is not unique within the batch.")
        items[item.id.lower()] = item
    for item in items.values():
        if item.after is not None and item.after.lower() not in items:
            raise _malformed(f"Request Id '{item.id}' depends on an unknown request '{item.after}'.")
    return list(items.values())


def _item(outer: Request, fields: Any) -> Item:
    if not isinstance(fields, dict):
        raise _malformed("Invalid batch payload format.")
    item_id, method, url = fields.get("id"), fields.get("method"), fields.get("url")
    if not (isinstance(item_id, str) and item_id and isinstance(url, str) and method in _METHODS):
        raise _malformed("Invalid batch payload format.")
    headers = {str(name).lower(): str(value) for name, value in (fields.get("headers") or {}).items()}
    body = fields.get("body")
    if body is not None and "content-type" not in headers:
        raise _malformed(f"Write request id : {item_id} does not contain Content-Type header or body.")
    after = fields.get("dependsOn") or []
    if len(after) > 1:
        raise _malformed(f"Request Id '{item_id}' depends on more than one request.")
    path, _, query = url.partition("?")
    segments = tuple(unquote(part) for part in path.split("/") if part)
    request = replace(
        outer, method=method, segments=segments, query=query, headers=headers,
        body=orjson.dumps(body) if body is not None else b"",
    )  # fmt: skip
    return Item(item_id, after[0] if after else None, request)


def run_batch(world: World, items: list[Item]) -> Reply:
    """Carry out the items; `Reply.waits` of the answer gathers every Retry-After that the client will see."""
    answers: dict[str, Reply] = {}
    for item in _order(world, items):
        if item.after is not None and answers.get(item.after.lower(), _NOT_DONE).status >= 400:
            answers[item.id.lower()] = refused(item.request, _FAILED_DEPENDENCY)
        else:
            answers[item.id.lower()] = _run(world, item)
    shown = [(item.id, answers[item.id.lower()]) for item in items]
    if world.faults.shuffle:
        world.faults.rng.shuffle(shown)
    faults = world.faults
    kept = [pair for pair in shown if not faults.happens("item_missing", faults.item_missing, "POST", "$batch")]
    outer = ok({"responses": [_envelope(item_id, reply) for item_id, reply in kept]})
    outer.waits = tuple(wait for _, reply in kept for wait in reply.waits)
    percentages = [reply.headers.get("x-ms-throttle-limit-percentage", "") for reply in answers.values()]
    if any(percentages):
        outer.headers["x-ms-throttle-limit-percentage"] = max(percentages)
    return outer


_FAILED_DEPENDENCY = Refusal(424, "FailedDependency", "A request that this one depends on has failed.")
_NOT_DONE = Reply(424)


def _order(world: World, items: list[Item]) -> list[Item]:
    """Independent items run in no particular order; dependent ones in the order given."""
    if world.faults.shuffle and all(item.after is None for item in items):
        return world.faults.rng.sample(items, len(items))
    return items


def _run(world: World, item: Item) -> Reply:
    faults, request = world.faults, item.request
    where = (request.method, request.path)
    status = faults.status("item_errors", faults.item_errors, *where)
    if status is None:
        reply = call(world, request)
        status = faults.status("item_errors_after", faults.item_errors_after, *where)
        if status is None:
            return reply
    return failed(world, request, status)


def failed(world: World, request: Request, status: int) -> Reply:
    """A server-side failure as Graph words it; some 503s carry Retry-After."""
    code = {
        500: "InternalServerError",
        502: "BadGateway",
        503: "ServiceUnavailable",
        504: "GatewayTimeout",
        429: "TooManyRequests",
        409: "Directory_ConcurrencyViolation",
    }.get(status, "UnknownError")
    headers = world.faults.retry_after() if status in (429, 503) else {}
    reply = refused(request, Refusal(status, code, "The service could not process the request.", headers))
    if status == 429 and headers:
        reply.waits = (("Read" if request.method == "GET" else "Write", world.faults.retry_after_s),)
    return reply


def _envelope(item_id: str, reply: Reply) -> dict[str, object]:
    headers = dict(reply.headers)
    if reply.body:
        headers.setdefault("Content-Type", "application/json")
    answer: dict[str, object] = {"id": item_id, "status": reply.status, "headers": headers}
    if reply.body:
        answer["body"] = orjson.Fragment(reply.body)
    return answer
