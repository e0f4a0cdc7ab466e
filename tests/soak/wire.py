"""Every request that reaches the tenant, written down as it came and as it was answered: the evidence of a soak."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from worlds.loopback.wires import Tunnel

PATIENCE = frozenset({429, 503, 509})
"""Statuses whose Retry-After asks for patience."""

BOTH = ("read", "write")


class Recorder:
    """An ASGI application around another: one line of JSON per request in `log`, written when it is over.

    `arrived` is when the request's head was there, `left` when the last byte of its answer was handed to the socket
    (null: no answer). `waits` are the Retry-Afters in it, each with the kinds of requests that it is about.
    `write_wait_until` is the end of the last wait that was announced for writes.
    """

    numbers = itertools.count(1)

    def __init__(self, app: ASGIApp, log: BinaryIO, whose: Callable[[int], Tunnel], *, signs_in: bool = False) -> None:
        self._app = app
        self._log = log
        self._whose = whose
        self._signs_in = signs_in
        self.write_wait_until = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, and write down what was said on both sides."""
        tunnel = self._whose(scope["client"][1])
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        line: dict[str, Any] = {
            "n": next(self.numbers), "arrived": time.time(), "left": None, "generation": _generation(tunnel.user),
            "tunnel": tunnel.number, "method": scope["method"], "path": scope["path"], "status": None,
            "client_request_id": headers.get("client-request-id", ""),
        }  # fmt: skip
        heard, said, answered = bytearray(), bytearray(), {}

        async def hear() -> Message:
            message = await receive()
            heard.extend(message.get("body", b""))
            return message

        async def say(message: Message) -> None:
            if message["type"] == "http.response.start":
                line["status"] = message["status"]
                answered.update({k.decode("latin-1").lower(): v.decode("latin-1") for k, v in message["headers"]})
            else:
                said.extend(message.get("body", b""))
                line["left"] = time.time()
            await send(message)

        try:
            await self._app(scope, hear, say)
        finally:
            self._write(line, bytes(heard), bytes(said), answered)

    def _write(self, line: dict[str, Any], heard: bytes, said: bytes, headers: Mapping[str, str]) -> None:
        line["calls"] = [] if self._signs_in else calls(line["method"], line["path"], heard)
        kinds = ("token",) if self._signs_in else tuple(sorted({c["kind"] for c in line["calls"]}))
        line["kinds"] = [] if self._signs_in and not line["path"].endswith("/token") else kinds
        line["waits"] = list(waits(line, said, headers)) if line["left"] else []
        for wait in line["waits"]:
            if "write" in wait["kinds"]:
                self.write_wait_until = max(self.write_wait_until, line["left"] + wait["seconds"])
        self._log.write(orjson.dumps(line) + b"\n")


def _generation(user: str) -> int:
    """Return the number of the process that told the proxy the user name `gen<number>`; it may be dead by now."""
    return int(user.removeprefix("gen") or 0)


def calls(method: str, path: str, body: bytes) -> list[dict[str, str]]:
    """Return the calls of one request: what kind, of which user (empty for other resources), under which id."""
    if not path.endswith("/$batch"):
        return [_call(method, path.removeprefix("/v1.0"), "")]
    try:
        return [_call(item["method"], item["url"], item["id"]) for item in orjson.loads(body)["requests"]]
    except (ValueError, KeyError):
        return []


def _call(method: str, url: str, key: str) -> dict[str, str]:
    parts = url.partition("?")[0].split("/")
    user = parts[2] if len(parts) > 2 and parts[1] == "users" else ""
    return {"id": key, "kind": "read" if method == "GET" else "write", "user": user}


def waits(line: Mapping[str, Any], body: bytes, headers: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield what the answer asks for: one entry per Retry-After, of the envelope or of a single item.

    The envelope of a `$batch` speaks for reads and writes, for it says nothing about its items. An item speaks for its
    own kind. Both kinds are meant where `x-ms-throttle-scope` names the tenant, the application or both limits.
    """
    seconds = _seconds(headers)
    if line["status"] in PATIENCE and seconds:
        kinds = BOTH if line["path"].endswith("/$batch") else _meant(line["kinds"], headers)
        yield {"kinds": kinds, "seconds": seconds, "item": ""}
    if line["status"] != 200 or not line["path"].endswith("/$batch"):
        return
    kind_of = {call["id"]: call["kind"] for call in line["calls"]}
    try:
        responses = orjson.loads(body)["responses"]
    except (ValueError, KeyError):
        return  # half an answer: nobody can read a wait out of it
    for item in responses:
        own = {name.lower(): str(value) for name, value in item.get("headers", {}).items()}
        if item["status"] in PATIENCE and (seconds := _seconds(own)):
            yield {"kinds": _meant((kind_of[item["id"]],), own), "seconds": seconds, "item": item["id"]}


def _seconds(headers: Mapping[str, str]) -> float:
    return float(headers.get("retry-after", 0))


def _meant(kinds: tuple[str, ...], headers: Mapping[str, str]) -> tuple[str, ...]:
    name, _, rest = headers.get("x-ms-throttle-scope", "").partition("/")
    return BOTH if name in {"Tenant", "Application"} or rest.startswith("ReadWrite") else kinds
