"""Tells a web address that a command has ended; whatever goes wrong here is told and changes nothing else."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import nullcontext
from urllib.parse import urlsplit

import orjson
import requests
from urllib3.exceptions import HTTPError

from connectors.errors import UnusableVariable
from connectors.proxy import is_loopback, proxy_for


def send_notice(
    url: str, payload: Mapping[str, object], *, session: requests.Session | None = None, timeout_s: float = 10
) -> str | None:
    """POST `payload` as plain JSON to `url`; return None when it was taken, else a sentence that says why not.

    The caller keeps personal data out of `payload`: totals, ids of plans and digests only. The address must be https,
    or lead to this machine. Redirects are not followed, since they could lead elsewhere. The sentence names the host
    alone, because the rest of such an address often is its password.
    """
    host = _host(url)
    if not host:
        return "The notice was not sent: its address must begin with https:// unless it leads to this machine."
    try:
        body = orjson.dumps(dict(payload))
        with nullcontext(session) if session else _own_session(host) as post:
            headers = {"Content-Type": "application/json"}
            answer = post.post(url, data=body, headers=headers, timeout=timeout_s, allow_redirects=False, stream=True)
            with answer:
                status = answer.status_code
    except UnusableVariable as error:
        return f"The notice to {host} was not sent: {error}"
    except orjson.JSONEncodeError as error:
        return f"The notice to {host} was not sent: it cannot be written as JSON ({error})."
    except (requests.RequestException, HTTPError, ValueError, OSError) as error:
        return f"The notice to {host} was not accepted: {_reason(error, timeout_s)}."
    return None if 200 <= status < 300 else f"The notice to {host} was not accepted: it answered {status}."


def _own_session(host: str) -> requests.Session:
    """Return a session that goes by the proxy for this host, and trusts what requests trusts.

    requests itself reads no environment: what it cannot use there it raises in the midst of sending.
    """
    session = requests.Session()
    session.trust_env = False
    proxy = proxy_for(host)
    session.proxies = {"https": proxy} if proxy else {}
    session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE") or True
    return session


def _host(url: str) -> str:
    """Return the host of an address that a notice may be sent to, else an empty text."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    host = parts.hostname or ""
    return host if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)) else ""


def _reason(error: Exception, timeout_s: float) -> str:
    """Return the kind of failure; the text of the error itself holds the whole address and is not repeated."""
    if isinstance(error, requests.Timeout):
        return f"no answer within {timeout_s:g} seconds"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not trusted"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy does not lead there"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return f"the request failed ({type(error).__name__})"
