"""The tenant's side of the wire: it goes on working on what it was sent, also when the sender is dead."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Collection, Generator
from contextlib import suppress
from typing import Any

import httpx
import orjson
from starlette.applications import Starlette
from worlds.virtual_time import Hour, VirtualLoop

from connectors.sandbox.trouble.quota import Quota


class _Pause:
    """What the server awaits while it is at work; the driver below hears for how long."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __await__(self) -> Generator[float, None, None]:
        yield self._seconds


class Latency:
    """How long the tenant takes, drawn from its own seed: mostly quick, now and then very slow."""

    def __init__(self, rng: random.Random, slow: float) -> None:
        self._rng = rng
        self._slow = slow

    async def __call__(self, _path: str, calls: int) -> None:
        """Take some time over a request."""
        if self._rng.random() < self._slow:
            await _Pause(self._rng.uniform(5.0, 90.0))
        else:
            await _Pause(self._rng.uniform(0.02, 0.1) * (1 + calls))


class _Job:
    """One request under way in the tenant."""

    def __init__(self, hour: Hour, coroutine: Any) -> None:
        self.due = hour.now
        self.done = False
        self.error: Exception | None = None
        self.waiter: asyncio.Future[None] | None = None
        self.orphan = False
        self._hour = hour
        self._coroutine = coroutine

    def step(self) -> None:
        """Work until the next pause, or to the end."""
        try:
            self.due = self._hour.now + self._coroutine.send(None)
        except StopIteration:
            pass
        except Exception as error:
            self.error = error
        else:
            return
        self.done = True
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)


class Server:
    """Carries requests to the application. `witness` sees every write at its arrival, and every read answered."""

    def __init__(self, app: Starlette, hour: Hour, witness: Witness) -> None:
        self._app = app
        self._quota: Quota = app.state.world.quota
        self._hour = hour
        self._witness = witness
        self._open: list[_Job] = []

    def attach(self, loop: VirtualLoop) -> None:
        """Go on with what former processes sent."""
        for job in self._open:
            loop.call_at(job.due, self._go_on, job, loop)

    def detach(self) -> None:
        """Nobody waits for an answer any more."""
        for job in self._open:
            job.waiter, job.orphan = None, True

    def settle(self) -> None:
        """Let everything under way come to its end; time passes."""
        while self._open:
            job = min(self._open, key=lambda j: j.due)
            self._hour.now = max(self._hour.now, job.due)
            self._step(job)

    def pass_time(self, seconds: float) -> None:
        """Let time pass between two processes; what is due meanwhile happens."""
        end = self._hour.now + seconds
        while self._open and (job := min(self._open, key=lambda j: j.due)).due <= end:
            self._hour.now = max(self._hour.now, job.due)
            self._step(job)
        self._hour.now = end

    def _step(self, job: _Job) -> None:
        told = dict(self._quota._announced)
        job.step()
        if job.orphan:  # nobody hears the Retry-After of this answer
            self._quota._announced = told
        if job.done:
            self._open.remove(job)

    def _go_on(self, job: _Job, loop: VirtualLoop) -> None:
        if not job.done:
            self._step(job)
        if not job.done:
            loop.call_at(job.due, self._go_on, job, loop)

    async def ask(self, request: httpx.Request, body: bytes) -> httpx.Response:
        """Answer one request of a process; the application works on even when the process stops waiting."""
        sent: dict[str, Any] = {"body": []}

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                sent["status"], sent["headers"] = message["status"], message["headers"]
            else:
                sent["body"].append(message.get("body", b""))

        arrival = self._witness.arrives(request, body)
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        job = _Job(self._hour, self._app(_scope(request), receive, send))
        self._open.append(job)
        self._step(job)
        if not job.done:
            job.waiter = loop.create_future()
            loop.call_at(job.due, self._go_on, job, loop)
            await job.waiter
        if job.error is not None:
            raise job.error
        content = b"".join(sent["body"])
        self._witness.answered(arrival, sent["status"], content)
        return httpx.Response(sent["status"], headers=sent["headers"], content=content, request=request)


def _scope(request: httpx.Request) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "headers": [(k.lower(), v) for k, v in request.headers.raw],
        "scheme": request.url.scheme,
        "path": request.url.path,
        "raw_path": request.url.raw_path.split(b"?")[0],
        "query_string": request.url.query,
        "server": (request.url.host, request.url.port),
        "client": ("127.0.0.1", 123),
        "root_path": "",
    }


class Wire(httpx.AsyncBaseTransport):
    """What one process holds of the connection."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one request over."""
        return await self._server.ask(request, await request.aread())


Calls = list[tuple[str, str, Any]]
_READ = ("/users/", "/groups/")


class Flood(AssertionError):
    """One change is sent again and again."""


class Witness:
    """Notes what the application asks, in its own words: no write without a durable intent and a fresh read.

    `grounds` has for each write its time, its user and the products that the user held by the tenant's last answer,
    which may have been stale when it was given. A group is written to when it and its members have been read.
    `strangers` are (group, user) of whom a read showed that they are inside, and who are not in the plan, when their
    group was written to; `begun_in_spite` are (group, member) where the member then had no license by the last read.
    """

    READ_AGE_MAX_S = 60.0
    SENDS_MAX = 100

    def __init__(self, hour: Hour, token_taken: Callable[[str], bool]) -> None:
        self.sent: Counter[str] = Counter()
        self.intents: Counter[str] = Counter()
        self.complaints: list[str] = []
        self.write_times: list[float] = []
        self.worked_out_again = 0
        self.grounds: list[tuple[float, str, frozenset[str]]] = []
        self.begun_in_spite: list[tuple[str, str]] = []
        self.strangers: list[tuple[str, str]] = []
        self._inside: dict[str, set[str]] = {}
        self._told: dict[str, frozenset[str]] = {}
        self._works: dict[str, frozenset[str]] = {}
        self._pages: dict[str, dict[str, frozenset[str]]] = {}
        self._members: Collection[str] = ()
        self._sources = self._targets = frozenset[str]()
        self._read_at: dict[str, float] = {}
        self._hour = hour
        self._token_taken = token_taken

    def watch(self, members: Collection[str], sources: frozenset[str], targets: frozenset[str]) -> None:
        """Look after the members of groups that are to be swapped."""
        self._members, self._sources, self._targets = members, sources, targets

    def intend(self, line: bytes) -> None:
        """Hear of a journal line that is on disk now."""
        fields = orjson.loads(line)
        if fields["kind"] == "intent":
            self.intents.update(item["id"] for item in fields["items"])

    def reload(self, lines: list[bytes]) -> None:
        """Forget what was heard, and take what a new process finds on disk."""
        self.intents.clear()
        for line in lines:
            with suppress(ValueError):
                self.intend(line)

    def arrives(self, request: httpx.Request, body: bytes) -> Calls:
        """See a request arrive; returns its calls."""
        calls = _calls(request, body)
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not self._token_taken(token):
            return calls
        for method, url, _ in calls:
            if method != "GET":
                what, key, action = url.split("/")[1:4] if url.count("/") > 2 else (*url.split("/")[1:3], "")
                again = action == "reprocessLicenseAssignment"
                self._write(key, fresh=not again)
                self.worked_out_again += again
                if what == "groups":
                    self._begin(key)
        return calls

    def _begin(self, group: str) -> None:
        age = self._hour.now - self._read_at.get(f"{group}/members", float("-inf"))
        if age > self.READ_AGE_MAX_S:
            self.complaints.append(f"write of group {group} came {age:.1f} s after its members were last read")
        self.strangers += [(group, u) for u in sorted(self._inside.pop(group, set())) if u not in self._members]
        lost = [u for u in self._members if u in self._works and self._works[u].isdisjoint(self._keys)]
        self.begun_in_spite += [(group, user) for user in lost]

    @property
    def _keys(self) -> frozenset[str]:
        return self._sources | self._targets

    def _write(self, user: str, *, fresh: bool) -> None:
        self.write_times.append(self._hour.now)
        self.grounds.append((self._hour.now, user, self._told.get(user, frozenset())))
        self.sent[user] += 1
        if self.sent[user] > self.SENDS_MAX:
            raise Flood(f"{user} was sent {self.sent[user]} times")
        if self.sent[user] > self.intents[user]:
            self.complaints.append(
                f"write no. {self.sent[user]} of {user} arrived with {self.intents[user]} intents on disk"
            )
        age = self._hour.now - self._read_at.get(user, float("-inf"))
        if fresh and age > self.READ_AGE_MAX_S:
            self.complaints.append(f"write of {user} came {age:.1f} s after it was last read")

    def busiest(self, seconds: float) -> int:
        """The most writes that arrived within any span of that many seconds."""
        times = self.write_times
        return max((sum(at - seconds < t <= at for t in times) for at in times), default=0)

    def answered(self, calls: Calls, status: int, content: bytes) -> None:
        """See the answer leave: users and groups in it have been read now."""
        if status not in {200, 404} or not any(m == "GET" and u.startswith(_READ) for m, u, _ in calls):
            return
        try:
            body = orjson.loads(content)
        except ValueError:
            return
        if len(calls) == 1 and not calls[0][2]:
            self._shown(calls[0][1], body)
            return
        by_id = {key: url for method, url, key in calls if method == "GET"}
        for item in body.get("responses", []):
            if item["status"] in {200, 404} and item["id"] in by_id:
                self._shown(by_id[item["id"]], item["body"])

    def _shown(self, url: str, body: Any) -> None:
        if not url.startswith(_READ):
            return
        key, _, below = url.partition("?")[0].split("/", 2)[2].partition("/")
        if not below:
            self._read_at[key] = self._hour.now
            self._user(key, body, self._works)
        elif below.startswith("members"):
            self._read_at[f"{key}/members"] = self._hour.now
            users = [one for one in body.get("value", ()) if one["@odata.type"].endswith(".user")]
            self._inside.setdefault(key, set()).update(user["id"] for user in users)
            for user in users:
                self._read_at[user["id"]] = self._hour.now
                self._user(user["id"], user, self._pages.setdefault(key, {}))
            if "@odata.nextLink" not in body:
                self._works |= self._pages.pop(key, {})

    def _user(self, key: str, body: Any, works: dict[str, frozenset[str]]) -> None:
        """Note what one read shows of a user; of a list what works is known when its last page is there."""
        states = body.get("licenseAssignmentStates", ())
        self._told[key] = frozenset(a["skuId"] for a in states)
        if states:
            works[key] = frozenset(a["skuId"] for a in states if a["state"] != "Error")


def _calls(request: httpx.Request, body: bytes) -> Calls:
    if request.url.path.endswith("/$batch"):
        return [(r["method"], r["url"], r["id"]) for r in orjson.loads(body)["requests"]]
    return [(request.method, request.url.path.removeprefix("/v1.0"), "")]
