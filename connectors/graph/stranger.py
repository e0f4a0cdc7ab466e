"""Whether an answer can be the service's at all, or is that of a proxy, a firewall or a portal on the way; pure.

Graph and the identity provider answer in JSON, errors included, and never redirect. What their own gateways say when
they are in trouble may be a page of HTML all the same, so statuses that ask for patience prove nothing here.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

import orjson

PATIENCE = frozenset({408, 409, 423, 424, 429, 500, 502, 503, 504, 509})
"""Statuses after which the same question may be asked again."""

LOCATION = "x-location"
"""Under this name an answer keeps where a redirect leads to, so that nothing above the wire can follow it."""

BLANKS = b"\xef\xbb\xbf \t\r\n"


def stranger(status: int, headers: Mapping[str, str], body: bytes, *, worded: bool) -> str:
    """Say what came instead of an answer of the service, "" when it can be one.

    `headers` are looked up without case, `worded` says whether the body is an error in the service's own form. A body
    that begins like a JSON object and breaks off is no stranger's.
    """
    if 300 <= status < 400:
        return f"a redirect ({status}){_host(headers)}"
    if status == 407:
        return "a proxy that requires a sign-in (407)"
    if status == 511:
        return "a network that requires a sign-in (511)"
    if status in PATIENCE or worded:
        return ""
    text = body.lstrip(BLANKS)
    if text.startswith(b"<") or ("html" in headers.get("content-type", "").lower() and not text.startswith(b"{")):
        return f"a web page (status {status})"
    if status >= 400:
        # Graph's gateways answer a missing or broken token without a word, too.
        return "" if status == 401 and not text else f"status {status} without the service's own words"
    return "" if not text or text.startswith(b"{") or _is_json(text) else f"a text that is not JSON (status {status})"


def blocked(path: str, came: str, host: str) -> str:
    """Return the sentences for an answer to `path` (shown without its query) that is not from `host`."""
    return (
        f"Something between this machine and {host} answered {path.partition('?')[0]} in its place: {came}. That is a "
        "proxy, a firewall or the sign-in page of a network: sign in there, or have the host allowed without a log-in. "
        "If there is none of these, look at Microsoft's service health. Nothing of the answer was used; the same "
        "command continues."
    )


def _host(headers: Mapping[str, str]) -> str:
    """Name the host alone: the rest of such an address often is a session."""
    try:
        host = urlsplit(headers.get(LOCATION) or headers.get("location", "")).hostname
    except ValueError:
        host = None
    return f" to {host}" if host else ""


def _is_json(text: bytes) -> bool:
    try:
        orjson.loads(text)
    except ValueError:
        return False
    return True


def refusal_of_proxy(status_line: str, host: str) -> str:
    """Return what to do about a proxy that answers CONNECT so ("407 Proxy Authentication Required"), "" for waiting.

    A proxy in trouble of its own (5xx, 408, 429) may lead on later; any other refusal stands until somebody acts.
    """
    number = status_line.split(" ", 1)[0]
    status = int(number) if number.isascii() and number.isdigit() else 0
    if status == 407:
        return (
            f"The proxy on the way to {host} requires a sign-in (407). Put user name and password into "
            "HTTPS_PROXY (http://user:password@proxy:port), or have this machine allowed without; the same command "
            "continues."
        )
    if status < 300 or status in PATIENCE or 500 <= status != 511:
        return ""
    return (
        f"The proxy refuses to connect to {host} ({status}). Have the host allowed there, or list it in NO_PROXY if no "
        "proxy is needed; the same command continues."
    )
