"""Who we are towards Microsoft Entra: a credential of azure-identity in, a valid token or an error with its remedy out.

azure-identity speaks synchronously, so it is called in a thread, by one caller at a time. It reads its own `AZURE_*`
variables; no secret passes through here.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

import orjson
from azure.core.exceptions import AzureError

from connectors.clock import Clock
from connectors.errors import ConnectorError, Unauthorized, UnusableVariable
from connectors.graph.pace import retry_after_seconds
from connectors.graph.sign_in.clouds import CLOUDS, Cloud
from connectors.graph.sign_in.credentials import CREDENTIALS, make_credential, refuse_a_person
from connectors.graph.sign_in.errors import TokenAnswer, explained
from connectors.graph.stranger import stranger
from connectors.proxy import proxy_for
from connectors.tenant import Identity

REFRESH_EARLY_S = 300.0
REFRESH_AGAIN_S = 30.0
"""So long a token that is near its end is used before another refresh is tried."""

CONNECT_TIMEOUT_S, READ_TIMEOUT_S = 10.0, 30.0
"""Of the sign-in service; azure-core's own five minutes would hold up a run that has to be told why it waits."""

NOT_AS_DOCUMENTED = (AzureError, OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError)
"""What azure-identity and MSAL raise, also where an answer has another shape than they expect."""


class TokenSource(Protocol):
    """Gives tokens; `credential` is the name of what it signs in with."""

    credential: str

    async def token(self, *, fresh: bool = False) -> str:
        """Return a token valid for some minutes; `fresh` when the last one was refused.

        Raises Unauthorized for good, Retryable or NetworkAway for now.
        """
        ...

    def in_hand(self) -> str:
        """Return a token that is good for a while without asking anybody, "" where there is none."""
        ...

    async def close(self) -> None:
        """Close the connections of the credential."""
        ...


class FixedToken:
    """A token that never changes, for the embedded tenant; needs no thread."""

    def __init__(self, token: str = "sandbox-token", credential: str = "sandbox") -> None:  # noqa: S107 - opens nothing
        self.credential = credential
        self._token = token

    async def token(self, *, fresh: bool = False) -> str:
        """Return the token, whether a fresh one is wanted or not."""
        del fresh
        return self._token

    def in_hand(self) -> str:
        """Return the token."""
        return self._token

    async def close(self) -> None:
        """Do nothing."""


_Hook = Callable[[Any], None]


class _AzureCredential(Protocol):
    def get_token(self, *scopes: str) -> Any: ...

    def close(self) -> None: ...


class AzureTokens:
    """Tokens of one azure-identity credential, fetched by one caller at a time and renewed five minutes early.

    The credential is made anew for each fetch, because azure-identity and MSAL keep tokens and even failures for a
    while. One that asks a person (device code) is kept. `authority` is the host that signs in.
    """

    def __init__(
        self, make: Callable[[_Hook], _AzureCredential], scope: str, clock: Clock, credential: str, authority: str
    ) -> None:
        self.credential = credential
        self._make = make
        self._scope = scope
        self._authority = authority
        self._clock = clock
        self._lock = asyncio.Lock()
        self._made: _AzureCredential | None = None
        self._token = ""
        self._renew_at = self._ends_at = -1.0
        self._fetches = self._failures = 0
        self._error: ConnectorError | None = None
        self._refusal = TokenAnswer()

    async def token(self, *, fresh: bool = False) -> str:
        """Return a valid token; see TokenSource."""
        if not fresh and self._clock.monotonic() < self._renew_at:
            return self._token
        fetches, failures = self._fetches, self._failures
        async with self._lock:
            # Whoever stood in line while the one before was refused has the same answer, and asks nobody.
            if self._failures != failures and self._error is not None:
                raise self._error
            # So has who finds that a renewal in good time failed.
            if self._fetches == fetches and (fresh or self._clock.monotonic() >= self._renew_at):
                await self._fetch(anew=fresh)
        return self._token

    def in_hand(self) -> str:
        """Return the last token while it is good for a while; see TokenSource."""
        return self._token if self._clock.monotonic() + REFRESH_AGAIN_S < self._ends_at else ""

    async def close(self) -> None:
        """Close the credential."""
        made, self._made = self._made, None
        if made is not None:
            await asyncio.to_thread(made.close)

    async def _fetch(self, *, anew: bool) -> None:
        if self.credential != "device-code":
            await self.close()
        try:
            token, expires_on = await asyncio.to_thread(self._ask)
        except NOT_AS_DOCUMENTED as error:
            self._failed(error, anew=anew)
            return
        now = self._clock.monotonic()
        self._token = token
        self._ends_at = now + expires_on - self._clock.now().timestamp()
        self._renew_at = max(self._ends_at - REFRESH_EARLY_S, min(now + REFRESH_AGAIN_S, self._ends_at))
        self._fetches += 1

    def _failed(self, error: Exception, *, anew: bool) -> None:
        """Raise what the error means, unless the token in hand is good for a while."""
        now = self._clock.monotonic()
        if anew or now + REFRESH_AGAIN_S >= self._ends_at:
            self._failures += 1
            self._error = explained(error, self.credential, self._refusal, self._authority)
            raise self._error from error
        self._renew_at = now + REFRESH_AGAIN_S

    def _ask(self) -> tuple[str, float]:
        self._refusal = TokenAnswer()
        if self._made is None:
            self._made = self._make(self._saw)
        answer = self._made.get_token(self._scope)
        token, expires_on = answer.token, float(answer.expires_on)
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise TypeError("the token is no text")
        return token, expires_on

    def _saw(self, answer: Any) -> None:
        """Keep of an answer what the libraries in between lose: status, `Retry-After`, and whose it can be."""
        response = answer.http_response
        headers, status = response.headers, response.status_code
        after = retry_after_seconds(headers.get("Retry-After"), date=headers.get("Date"), now=self._clock.now())
        host = urlsplit(response.request.url).hostname or ""
        came = ""
        if host == self._authority:
            body = response.body()
            came = stranger(status, headers, body, worded=status >= 400 and _names_an_error(body))
        if status < 400 and not came and (host != self._authority or self._refusal.status >= 400):
            return  # MSAL may ask about its surroundings after a refusal, and that answer is no better news
        self._refusal = TokenAnswer(status, after, host=host, came=came)


def ca_bundle(environ: Mapping[str, str]) -> str | None:
    """Return the certificate bundle that the environment names: the first of SSL_CERT_FILE and REQUESTS_CA_BUNDLE."""
    return environ.get("SSL_CERT_FILE") or environ.get("REQUESTS_CA_BUNDLE") or None


def token_source(
    credential: str,
    cloud: Cloud,
    *,
    tenant_id: str,
    clock: Clock,
    ca_bundle: str | None,
    environ: Mapping[str, str] = os.environ,
    prompt: Callable[[str], object] = sys.stderr.write,
) -> TokenSource:
    """Return the tokens of the named credential; nothing is asked before the first token is wanted.

    `prompt` shows the code of a device-code sign-in. Raises Unauthorized for a name that is not in CREDENTIALS, and
    UnusableVariable where the environment names a proxy, a person or an authority that cannot be used.
    """
    if credential not in CREDENTIALS:
        raise Unauthorized(f"There is no credential {credential!r}. Choose one of {', '.join(CREDENTIALS)}.")

    refuse_a_person(credential, environ)
    authority = _authority(cloud, environ.get("AZURE_AUTHORITY_HOST", ""))
    proxies = _proxies(authority, environ.get("SYSTEM_OIDCREQUESTURI", ""))

    def make(hook: _Hook) -> _AzureCredential:
        common: dict[str, Any] = {
            "authority": authority,
            "retry_total": 0,
            "connection_timeout": CONNECT_TIMEOUT_S,
            "read_timeout": READ_TIMEOUT_S,
            "use_env_settings": False,  # requests would read the variables by rules of its own, and ~/.netrc as well
            "proxies": proxies,
            "raw_response_hook": hook,
            **({"connection_verify": ca_bundle} if ca_bundle else {}),
        }
        return make_credential(credential, tenant_id, environ, prompt, common)  # type: ignore[no-any-return]

    return AzureTokens(make, cloud.scope, clock, credential, urlsplit(authority).hostname or "")


def _authority(cloud: Cloud, wanted: str) -> str:
    """Return where to sign in: where AZURE_AUTHORITY_HOST wants it, else at the usual place of the cloud.

    Raises UnusableVariable for a host of another cloud, whose tokens this cloud's Graph refuses.
    """
    if not wanted:
        return cloud.authority
    url = wanted if "://" in wanted else f"https://{wanted}"
    host, usual = urlsplit(url).hostname or "", urlsplit(cloud.authority).hostname
    if not cloud.signs_in_at(host):
        theirs = next((c.name for c in CLOUDS.values() if c.signs_in_at(host)), "")
        whose = f'the sign-in of cloud = "{theirs}"' if theirs else "no sign-in of a cloud that reseat knows"
        raise UnusableVariable(
            f'AZURE_AUTHORITY_HOST names {host or "no host"}, {whose}, but [tenant] cloud = "{cloud.name}" signs in at '
            f"{usual}. Remove the variable, or set [tenant] cloud to the cloud of your tenant."
        )
    return url


def _names_an_error(body: bytes) -> bool:
    """Say whether this is an error as OAuth has it: a JSON object that names one."""
    try:
        found = orjson.loads(body)
    except ValueError:
        return False
    return isinstance(found, dict) and isinstance(found.get("error"), str)


def _proxies(*urls: str) -> dict[str, str]:
    """Return, as requests takes them, the proxies for the hosts of these addresses; what is local has none."""
    hosts = {urlsplit(url).hostname or "" for url in urls} - {""}
    found = {host: proxy_for(host) for host in sorted(hosts)}
    return {f"https://{host}": proxy for host, proxy in found.items() if proxy}


def identity(token: str, credential: str = "") -> Identity:
    """Return who the token speaks for. A token that is not a JWT says nothing, and `roles` is then None.

    Microsoft calls tokens for Graph opaque to clients: this serves the operator's eyes and is no security check.
    """
    try:
        payload = token.split(".")[1]
        claims = orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError, binascii.Error):
        return Identity(credential=credential)
    if not isinstance(claims, dict):
        return Identity(credential=credential)
    roles = claims.get("roles", str(claims.get("scp", "")).split())  # a person's sign-in has scopes of the same names
    return Identity(
        app_id=str(claims.get("appid") or claims.get("azp") or "").lower(),
        tenant_id=str(claims.get("tid") or "").lower(),
        roles=tuple(sorted(str(r) for r in roles)) if isinstance(roles, list) else (),
        credential=credential,
    )
