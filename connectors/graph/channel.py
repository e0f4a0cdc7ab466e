"""One conversation with Graph over the SDK's request adapter: answers come out whole, and nothing is sent elsewhere.

The SDK builds the requests, signs them and adds its telemetry. Its own retry and redirect handlers are left out, for
repeating and waiting happen in one layer of ours, and the body stays bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson
from kiota_abstractions.authentication import BaseBearerTokenAuthenticationProvider
from kiota_abstractions.method import Method
from kiota_abstractions.native_response_handler import NativeResponseHandler
from kiota_abstractions.request_information import RequestInformation
from kiota_http.middleware.options import ResponseHandlerOption
from kiota_http.observability_options import ObservabilityOptions
from msgraph import GraphRequestAdapter, GraphServiceClient

from connectors.changes import Traffic
from connectors.clock import Clock
from connectors.errors import LostReply, Malformed, ProxyRefused, Retryable, UntrustedCertificate
from connectors.graph import pace
from connectors.graph.answer import IF_IT_STAYS, Answer, Reading, not_allowed, not_graph
from connectors.graph.retry import persist
from connectors.graph.sign_in.bearer import Bearer
from connectors.graph.sign_in.token import TokenSource
from connectors.graph.stranger import PATIENCE, refusal_of_proxy
from connectors.graph.transport import BodyTooLarge, is_untrusted
from connectors.graph.turns import Kind, Turns

EXPIRED_PAGE = "Directory_ExpiredPageToken"
"""Code of the 400 that stands for a page token of yesterday; others answer 410."""

WAITABLE = PATIENCE

BATCH = "/$batch"

LOAD_HEADER = "x-ms-throttle-limit-percentage"

THROTTLED = 429
PACED = frozenset({THROTTLED, 503, 509})
"""Statuses that ask for patience of everybody, and not for this request alone."""


Request = RequestInformation
"""What the SDK's builders make; the rooms above hand it on."""


class Unsent(Retryable):
    """The request did not leave this machine."""


class TooMuch(Malformed):
    """The answer is longer than any of Graph's, and was not read to its end."""


class Channel:
    """Sends requests, reads with patience, writes once.

    `clock_offset_s` is our clock minus Graph's, in seconds, from the last `Date` header.
    """

    def __init__(
        self,
        *,
        root: str,
        tokens: TokenSource,
        clock: Clock,
        turns: Turns,
        traffic: Traffic,
        new_id: Callable[[], object],
        http: httpx.AsyncClient,
    ) -> None:
        self._origin = _origin(root)
        self.clock = clock
        self.turns = turns
        self.traffic = traffic
        self.clock_offset_s: float | None = None
        self._new_id = new_id
        self._root = root
        self.host = urlsplit(root).hostname or ""
        self.bearer = Bearer(self.host, tokens, turns, clock)
        self._http = http
        self._adapter = GraphRequestAdapter(BaseBearerTokenAuthenticationProvider(self.bearer), http)
        self._adapter.base_url = root
        self._adapter.observability_options = ObservabilityOptions(include_euii_attributes=False)
        self.graph = GraphServiceClient(request_adapter=self._adapter)

    async def close(self) -> None:
        """Close the connections and the credential."""
        async with AsyncExitStack() as closing:
            closing.push_async_callback(self.bearer.close)
            await self._http.aclose()

    async def read(self, request: Request, *, what: str, cost: int, permission: str) -> Reading:
        """Return the 2xx answer to a GET or `$batch` of GETs, asking again while that helps.

        Statuses 404 and 410 are returned too, for they are answers. `cost` is in resource units. Raises
        PermissionMissing (naming `permission`), Unauthorized, Malformed, WaitBudgetSpent or NetworkAway.
        """
        return await persist(self.turns, Kind.READ, lambda: self._read_once(request, what, cost, permission))

    async def _read_once(self, request: Request, what: str, cost: int, permission: str) -> Reading:
        answer = self._own(await self._ask(request, cost), what)
        if answer.status == 401:
            await self.bearer.renew(answer.token)
            answer = self._own(await self._ask(request, cost), what)
        if 200 <= answer.status < 300 or answer.status in {404, 410}:
            return Reading(answer.status, self._parsed(request, answer, what), answer.token)
        if answer.error[0] == EXPIRED_PAGE:
            return Reading(410, None, answer.token)
        if answer.status in WAITABLE:
            after = self.retry_after(answer.headers)
            self.back_off(Kind.READ, answer.status, answer.headers, answer.began, after)
            raise Retryable(f"Graph answered {answer.status} to {what}.", retry_after_s=after)
        raise not_allowed(answer.status, answer.error, what, permission)

    def _own(self, answer: Answer, what: str) -> Answer:
        """Return the answer; raises Malformed when something on the way has given it."""
        if came := answer.stranger:
            raise not_graph(what, came, self.host)
        return answer

    def _parsed(self, request: Request, answer: Answer, what: str) -> Any:
        """Parse the body; half an answer is asked for again. The items of a batch decide themselves what has helped."""
        try:
            body = orjson.loads(answer.body) if answer.status < 300 else None
        except ValueError as error:
            self.turns.refused([Kind.READ], began=answer.began, retry_after_s=None, reason="unreadable answer")
            raise Retryable(f"The answer to {what} cannot be read.") from error
        if request.http_method is not Method.POST:
            self.turns.helped(Kind.READ)
        return body

    async def _ask(self, request: Request, cost: int) -> Answer:
        """Send at its turn, which may be waited for longer than a token lives."""
        await self.turns.take(Kind.READ, cost)
        await self.bearer.sign_in()
        while self.turns.closed_for(Kind.READ) > 0:
            await self.turns.wait_open(Kind.READ)
            await self.bearer.sign_in()
        return await self.send(request, [Kind.READ])

    async def send(self, request: Request, kinds: Sequence[Kind], *, writes: int = 0) -> Answer:
        """Send once and return whatever answer comes; `writes` is what to count it as.

        Counted is what is handed to the wire, also when nobody waits for the answer any more.
        Raises Unsent when the request provably did not leave, LostReply when no readable answer came, Malformed when
        the address is not ours. A failure closes `kinds`.
        """
        self._adapter.set_base_url_for_request_information(request)
        self.require_own(request.url)
        ours = self._prepare(request)
        began, token = self.clock.monotonic(), self.bearer.token
        self._count(request, writes)
        try:
            response: httpx.Response = await self._adapter.send_primitive_async(request, "bytes", {})
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
            self._count(request, writes, times=-1)
            if is_untrusted(error):
                raise UntrustedCertificate(
                    "The certificate of the Graph endpoint is not trusted. "
                    "Set SSL_CERT_FILE to a bundle that contains the authority of your proxy."
                ) from error
            if isinstance(error, httpx.ProxyError) and (why := refusal_of_proxy(str(error), self.host)):
                raise ProxyRefused(why) from error
            self._failed(kinds, began, error)
            raise Unsent(f"No connection: {_trouble(error, self.host)}.") from error
        except httpx.InvalidURL as error:
            self._count(request, writes, times=-1)
            raise Malformed(f"Graph returned an invalid address for the next page. {IF_IT_STAYS}") from error
        except BodyTooLarge as error:
            raise TooMuch(
                f"The answer to {urlsplit(request.url).path} is longer than {error.limit / 2**20:g} MiB, as no answer "
                "of Graph is; the rest was not read. Check whether a proxy answers in its place; the same command "
                "continues."
            ) from error
        except httpx.RequestError as error:
            self._failed(kinds, began, error)
            raise LostReply(f"The answer of Graph was lost: {_trouble(error, self.host)}.") from error
        self.note_load(kinds[0], response.headers)
        self._check_clock(response.headers)
        self.traffic.throttled += response.status_code == 429
        return Answer(response.status_code, response.headers, response.content, ours, began, token)

    def batch_request(self, body: bytes) -> Request:
        """Return the POST of a `$batch`."""
        return self.post(BATCH, body)

    def post(self, path: str, body: bytes) -> Request:
        """Return the POST of this JSON to a path below the root."""
        request = Request(Method.POST)
        request.url = f"{self._root}{path}"
        request.headers.try_add("Accept", "application/json")
        request.set_stream_content(body, "application/json")
        return request

    @staticmethod
    def next_page(link: str) -> Request:
        """Return the request for a next link, which is used as it came."""
        request = Request(Method.GET)
        request.url = link
        request.headers.try_add("Accept", "application/json")
        return request

    def require_own(self, url: str) -> None:
        """Raise Malformed unless the address has the scheme, host and port of our cloud and no user part."""
        if _origin(url) != self._origin:
            raise Malformed(
                "Graph returned an address outside its own host for the next page; nothing was sent there. Check "
                f"whether a proxy rewrites its answers. {IF_IT_STAYS}"
            )

    def retry_after(self, headers: Mapping[str, str], *, date: str | None = None) -> float | None:
        """Return the seconds of `Retry-After`, or None; `date` stands in where the headers have no `Date`."""
        return pace.retry_after_seconds(
            headers.get("retry-after"), date=headers.get("date", date), now=self.clock.now()
        )

    def back_off(self, kind: Kind, status: int, headers: Mapping[str, str], began: float, after: float | None) -> None:
        """Close what the refusal is about: its own kind, both where the whole app or tenant is throttled.

        A throttle that does not say what it is about is taken to be about everything.
        """
        scope = headers.get("x-ms-throttle-scope", "")
        name, _, rest = scope.partition("/")
        wide = name in {"Tenant", "Application"} or rest.startswith("ReadWrite") or (not scope and status in PACED)
        who = "throttled by Graph" if status == 429 else "Graph asked to wait"
        reason = f"{who} ({status} {name or 'no scope'})"
        self.turns.refused([kind], began=began, retry_after_s=after, reason=reason)
        if wide:
            self.turns.close_beside(kind)

    def note_load(self, kind: Kind, headers: Mapping[str, str]) -> None:
        """Remember `x-ms-throttle-limit-percentage`, which Graph sends from 0.8 on."""
        self.turns.loaded(kind, pace.load_of(headers.get(LOAD_HEADER)))

    def _prepare(self, request: Request) -> str:
        """Make the request ready for this one sending: token, ids, and an answer that is handed over whole."""
        ours = str(self._new_id())
        for name, value in (("client-request-id", ours), ("x-ms-throttle-priority", "low")):
            request.headers.remove(name)
            request.headers.add(name, value)
        request.headers.remove("Authorization")
        request.add_request_options([ResponseHandlerOption(NativeResponseHandler())])
        return ours

    def _count(self, request: Request, writes: int, *, times: int = 1) -> None:
        self.traffic.http += times
        self.traffic.batches += times * request.url.endswith(BATCH)
        self.traffic.writes += times * writes

    def _failed(self, kinds: Sequence[Kind], began: float, error: Exception) -> None:
        reason = _trouble(error, self.host)
        self.turns.refused(kinds, began=began, retry_after_s=None, reason=reason, network=True)

    def _check_clock(self, headers: Mapping[str, str]) -> None:
        date = pace.http_date(headers.get("date"))
        if date is not None:
            self.clock_offset_s = (self.clock.now() - date).total_seconds()


def _trouble(error: Exception, host: str) -> str:
    """Say what is wrong on the way to the host."""
    match error:
        case httpx.ProxyError():
            return f"the proxy does not connect to {host}"
        case httpx.PoolTimeout():
            return f"no connection to {host} became free"
        case httpx.ConnectError() | httpx.ConnectTimeout():
            return f"{host} cannot be reached"
        case httpx.TimeoutException():
            return f"{host} did not answer in time"
    return f"the connection to {host} broke off"


def _origin(url: str) -> tuple[str, str, int] | None:
    """Return scheme, host and port of an address; None when it has a user part or is no address at all."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}[parts.scheme]
    except (ValueError, KeyError):
        return None
    return (parts.scheme, parts.hostname or "", port) if parts.username is None else None
