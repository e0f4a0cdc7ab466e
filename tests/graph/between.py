"""What stands between the client and the tenant: an answer is taken, and another one is handed on in its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HTML = {"content-type": "text/html; charset=utf-8"}
LOGIN = b"<!DOCTYPE html><html><head><title>Sign in to the guest network</title></head><body>error</body></html>"


@dataclass(frozen=True)
class Answer:
    """One answer: status, headers with names in lower case, and body."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "application/json"})
    body: bytes = b""

    @property
    def json(self) -> Any:
        """The parsed body."""
        return orjson.loads(self.body)

    def saying(self, value: object) -> Answer:
        """The same with this value as its body."""
        return replace(self, body=orjson.dumps(value))

    def with_headers(self, **more: str) -> Answer:
        """The same with these headers; an underscore stands for a hyphen."""
        return replace(self, headers={**self.headers, **{k.replace("_", "-").lower(): v for k, v in more.items()}})


Change = Callable[[Answer], Answer]
Concerns = Callable[[str, str, bytes], bool]


def page_of_html(status: int = 200) -> Change:
    """Put a page of a proxy or a portal in the place of any answer."""
    return lambda _: Answer(status, HTML, LOGIN)


def redirect(status: int = 302, to: str = "https://login.portal.example/?back=secret") -> Change:
    """Lead elsewhere."""
    return lambda _: Answer(status, {"location": to})


def saying(value: object) -> Change:
    """Answer with this JSON."""
    return lambda answer: answer.saying(value)


@dataclass
class Between:
    """Changes the answers to the requests that `concerns` (method, path without the version, body), and counts them.

    A request that is not `reached` never comes to the tenant: its place is taken by an empty answer.
    """

    concerns: Concerns
    change: Change
    reached: bool = True
    changed: int = 0

    def __call__(self, app: ASGIApp) -> ASGIApp:
        """Return the application with this in front of it."""

        async def stand(scope: Scope, receive: Receive, send: Send) -> None:
            body = await _read(receive)
            if not self.concerns(scope["method"], unquote(scope["path"]).removeprefix("/v1.0"), body):
                await app(scope, _again(body), send)
                return
            found = self.change(await _answer(app, scope, body) if self.reached else Answer())
            self.changed += 1
            given = {**found.headers, "content-length": str(len(found.body))}
            pairs = [(k.encode(), v.encode()) for k, v in given.items()]
            await send({"type": "http.response.start", "status": found.status, "headers": pairs})
            await send({"type": "http.response.body", "body": found.body})

        return stand


def at(path: str, method: str = "GET") -> Concerns:
    """Concern one address."""
    return lambda asked_method, asked_path, _: (asked_method, asked_path) == (method, path)


def writes(_method: str, _path: str, body: bytes) -> bool:
    """Concern every batch that changes somebody."""
    return b"assignLicense" in body


def everything(_method: str, _path: str, _body: bytes) -> bool:
    """Concern every request."""
    return True


async def _read(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    return body


def _again(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _answer(app: ASGIApp, scope: Scope, body: bytes) -> Answer:
    sent: list[Message] = []

    async def keep(message: Message) -> None:
        sent.append(message)

    await app(scope, _again(body), keep)
    headers = {k.decode().lower(): v.decode() for k, v in sent[0]["headers"]}
    return Answer(sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent[1:]))
