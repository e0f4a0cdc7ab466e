"""The HTTP client under the SDK: one host, honest timeouts, the operator's proxy and certificates, and no resending."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx
from kiota_http.kiota_client_factory import KiotaClientFactory
from kiota_http.middleware import ParametersNameDecodingHandler, UserAgentHandler
from msgraph.graph_request_adapter import options as sdk_options
from msgraph_core.middleware import AsyncGraphTransport, GraphTelemetryHandler
from msgraph_core.middleware.options import GraphTelemetryHandlerOption

from connectors.errors import UntrustedCertificate
from connectors.graph.stranger import LOCATION
from connectors.proxy import proxy_for

CONNECT_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 100.0
"""A full `$batch` takes Graph some seconds, and its own gateway gives up earlier than this."""

CONNECTIONS_MAX = 64
"""A sender that finds none of them free waits for it, and then has provably sent nothing."""

BODY_BYTES_MAX = 256 * 2**20
"""So long an answer is read, counted as it is when unpacked; a page of 999 users is some megabytes."""

BODY_S_MAX = 600.0
"""So long one answer may take to come whole: a byte now and then would keep READ_TIMEOUT_S from ever ending it."""

ENCODINGS = frozenset({"", "identity", "gzip", "deflate"})
"""What is asked for. One of these unpacks a piece from the wire to some 64 MiB at most; others know no bound."""


class BodyTooLarge(Exception):
    """An answer is longer than `limit` bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit


def open_http(
    root: str,
    *,
    transport: httpx.AsyncBaseTransport | None,
    verify: ssl.SSLContext | bool,
    body_bytes_max: int = BODY_BYTES_MAX,
) -> httpx.AsyncClient:
    """Return the client for this root, by way of the proxy that the environment names for its host, if any.

    HTTP/1.1, because parallel batches want several connections and a lost connection should cost one of them. httpx
    itself reads no environment: it would read every entry of NO_PROXY as an address, whatever host it is about. Of the
    SDK's own handlers there are naming and telemetry, and none that sends again. Raises UnusableVariable.
    """
    limits = httpx.Limits(max_connections=CONNECTIONS_MAX, max_keepalive_connections=CONNECTIONS_MAX)
    if transport is None:
        proxy = proxy_for(urlsplit(root).hostname or "")
        transport = httpx.AsyncHTTPTransport(verify=verify, limits=limits, proxy=proxy, trust_env=False)
    return httpx.AsyncClient(
        timeout=httpx.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
        headers={"Accept-Encoding": "gzip, deflate"},
        transport=_WithSdk(_Bounded(transport, body_bytes_max)),
        trust_env=False,
    )


class _WithSdk(httpx.AsyncBaseTransport):
    """Puts the SDK's naming and telemetry in front of a transport, and closes that: the SDK does not."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        telemetry = GraphTelemetryHandler(options=sdk_options[GraphTelemetryHandlerOption.get_key()])
        handlers = [ParametersNameDecodingHandler(), UserAgentHandler(), telemetry]
        self._inner = inner
        self._sdk = AsyncGraphTransport(inner, KiotaClientFactory.create_middleware_pipeline(handlers, inner))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request by way of the SDK's handlers."""
        response: httpx.Response = await self._sdk.handle_async_request(request)
        return response

    async def aclose(self) -> None:
        """Close what is below."""
        await self._inner.aclose()


class _Bounded(httpx.AsyncBaseTransport):
    """Hands on each answer unpacked and counted, without what would make a layer above send the request again."""

    def __init__(self, inner: httpx.AsyncBaseTransport, limit: int) -> None:
        self._inner = inner
        self._limit = limit

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request and return its answer, whose body is still to come."""
        came = await self._inner.handle_async_request(request)
        headers = came.headers.copy()
        for name in ("content-encoding", "content-length"):
            headers.pop(name, None)
        if came.status_code == 401:
            headers.pop("www-authenticate", None)  # the SDK would send the request again on its own, uncounted
        if (location := headers.pop("location", None)) is not None:
            headers[LOCATION] = location
        return httpx.Response(
            came.status_code, headers=headers, stream=_Counted(came, self._limit), extensions=came.extensions
        )

    async def aclose(self) -> None:
        """Close what is below."""
        await self._inner.aclose()


class _Counted(httpx.AsyncByteStream):
    """The body of an answer in one piece; BodyTooLarge as soon as it is longer than the limit."""

    def __init__(self, came: httpx.Response, limit: int) -> None:
        self._came = came
        self._limit = limit

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Read the body to its end; raises httpx.DecodingError for a packing that was not asked for."""
        if self._came.headers.get("content-encoding", "").strip().lower() not in ENCODINGS:
            raise httpx.DecodingError("a content encoding that was not asked for", request=None)
        # Pieces may be as short as a byte: each of its own would cost forty times its length.
        body = bytearray()
        try:
            async with asyncio.timeout(BODY_S_MAX):
                async for piece in self._came.aiter_bytes():
                    body += piece
                    if len(body) > self._limit:
                        raise BodyTooLarge(self._limit)
        except TimeoutError as error:
            raise httpx.ReadTimeout("the answer did not end") from error
        yield bytes(body)

    async def aclose(self) -> None:
        """Let the connection go."""
        await self._came.aclose()


def trust(ca_bundle: str | None) -> ssl.SSLContext:
    """Return the authorities to trust: the operator's bundle or SSL_CERT_DIR, else those that httpx and requests ship.

    Reading them takes a while, so all clients share them. Raises UntrustedCertificate for a bundle that cannot be read.
    """
    if ca_bundle is None:
        return httpx.create_ssl_context()
    try:
        return ssl.create_default_context(cafile=ca_bundle)
    except OSError as error:
        raise UntrustedCertificate(
            "The certificate bundle that SSL_CERT_FILE or REQUESTS_CA_BUNDLE names cannot be read. Correct it."
        ) from error


def is_untrusted(error: BaseException) -> bool:
    """Say whether a certificate that is not trusted is at the bottom of this error."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
