"""An identity provider of a few lines: discovery, and a token endpoint that can be told to refuse."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

HOST = "login.microsoftonline.com"
SECRET = "kQ38Q~Nobody-Should-Ever-Read-This.1234567"
APP_ID = "9b1c7a70-0000-4000-8000-00000000a991"
READS = ("GroupMember.Read.All", "LicenseAssignment.Read.All", "Organization.Read.All", "User.Read.All")
ALL_ROLES = (*READS, "LicenseAssignment.ReadWrite.All", "ServiceHealth.Read.All")


@dataclass
class Login:
    """What the provider knows. `refusals` are given first, one per request: (status, AADSTS code, headers).

    `issued` hears every token with its roles; `tokens` keeps them, to look for them in what the command leaves behind.
    """

    tenants: set[str] = field(default_factory=set)
    roles: tuple[str, ...] = ALL_ROLES
    refusals: list[tuple[int, int, dict[str, str]]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    issued: Callable[[str, tuple[str, ...]], None] = lambda _token, _roles: None
    hangs: bool = False
    lives_s: int = 3599
    asked: int = 0
    _serial: itertools.count[int] = field(default_factory=itertools.count)

    def app(self) -> Starlette:
        """The provider as an ASGI application."""
        return Starlette(
            routes=[
                Route("/common/discovery/instance", self._instance),
                Route("/{tenant}/v2.0/.well-known/openid-configuration", self._configuration),
                Route("/{tenant}/oauth2/v2.0/token", self._token, methods=["POST"]),
            ]
        )

    async def _instance(self, request: Request) -> Response:
        where = f"https://{HOST}/{request.query_params.get('authorization_endpoint', '').split('/')[3]}"
        hosts = [{"preferred_network": HOST, "preferred_cache": HOST, "aliases": [HOST]}]
        configuration = f"{where}/v2.0/.well-known/openid-configuration"
        return JSONResponse({"tenant_discovery_endpoint": configuration, "metadata": hosts})

    async def _configuration(self, request: Request) -> Response:
        tenant = request.path_params["tenant"]
        if tenant not in self.tenants:
            return refusal(400, 90002, f"Tenant '{tenant}' not found.", error="invalid_tenant")
        base = f"https://{HOST}/{tenant}"
        return JSONResponse(
            {
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "issuer": f"{base}/v2.0",
                "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
            }
        )

    async def _token(self, request: Request) -> Response:
        self.asked += 1
        if self.hangs:
            await asyncio.Event().wait()
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        if self.refusals:
            status, code, headers = self.refusals.pop(0)
            return refusal(status, code, "Not now.", headers=headers)
        if form.get("client_secret") != SECRET:
            said = f"Invalid client secret provided. Ensure the secret being sent is the secret value. App '{APP_ID}'."
            return refusal(401, 7000215, said, error="invalid_client")
        token = self._jwt(request.path_params["tenant"], form["client_id"])
        self.issued(token, self.roles)
        return JSONResponse({"token_type": "Bearer", "expires_in": self.lives_s, "access_token": token})

    def _jwt(self, tenant: str, client: str) -> str:
        claims = {
            "aud": "https://graph.microsoft.com", "tid": tenant, "appid": client, "roles": list(self.roles),
            "uti": f"number {next(self._serial)}",
        }  # fmt: skip
        token = ".".join((_part({"typ": "JWT", "alg": "RS256"}), _part(claims), "c2lnbmF0dXJlLW9mLW5vYm9keQ"))
        self.tokens.append(token)
        return token


def _part(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def refusal(
    status: int, code: int, said: str, *, error: str = "temporarily_unavailable", headers: dict[str, str] | None = None
) -> Response:
    """An error as Entra words it."""
    body = {
        "error": error,
        "error_description": f"AADSTS{code}: {said} Trace ID: 0f0f Correlation ID: 1e1e",
        "error_codes": [code],
    }
    return JSONResponse(body, status, headers=headers)
