"""The HTTP client under the SDK: one host, honest timeouts, the operator's proxy and certificates, and no resending."""

from __future__ import annotations

import ssl
from ipaddress import ip_address
from urllib.parse import urlsplit

import httpx
from kiota_http.middleware import ParametersNameDecodingHandler, UserAgentHandler
from msgraph.graph_request_adapter import options as sdk_options
from msgraph_core import GraphClientFactory
from msgraph_core.middleware import GraphTelemetryHandler
from msgraph_core.middleware.options import GraphTelemetryHandlerOption

from connectors.graph.retry import UntrustedCertificate

CONNECT_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 100.0
"""A full `$batch` takes Graph some seconds, and its own gateway gives up earlier than this."""

CONNECTIONS_MAX = 4
"""Of one client; a sender that finds none waits for it, and then has provably sent nothing."""


def open_http(
    root: str, *, transport: httpx.AsyncBaseTransport | None, verify: ssl.SSLContext | bool
) -> httpx.AsyncClient:
    """Return the client for this root; proxies come from the environment, but never for this machine itself.

    HTTP/1.1, because parallel batches want several connections and a lost connection should cost one of them.
    """
    return httpx.AsyncClient(
        verify=verify,
        timeout=httpx.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
        limits=httpx.Limits(max_connections=CONNECTIONS_MAX, max_keepalive_connections=CONNECTIONS_MAX),
        transport=transport,
        trust_env=not is_loopback(urlsplit(root).hostname or ""),
        event_hooks={"response": [_without_challenge]},
    )


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


def with_sdk(http: httpx.AsyncClient) -> httpx.AsyncClient:
    """Put the SDK's naming and telemetry in front of the client's transports, and nothing that sends again."""
    telemetry = GraphTelemetryHandler(options=sdk_options[GraphTelemetryHandlerOption.get_key()])
    middleware = [ParametersNameDecodingHandler(), UserAgentHandler(), telemetry]
    GraphClientFactory.create_with_custom_middleware(middleware, client=http)
    return http


def is_loopback(host: str) -> bool:
    """Say whether the host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_untrusted(error: BaseException) -> bool:
    """Say whether a certificate that is not trusted is at the bottom of this error."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


async def _without_challenge(response: httpx.Response) -> None:
    """Hide the challenge of a 401 from the SDK, which would send the request again on its own, uncounted."""
    if response.status_code == 401:
        response.headers.pop("www-authenticate", None)
