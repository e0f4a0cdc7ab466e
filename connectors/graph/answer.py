"""One answer of Graph, whole, and what is wrong when it is not the one that was asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import orjson

from connectors.errors import Fatal, Malformed, PermissionMissing, Unauthorized
from connectors.graph.batch import error_of
from connectors.graph.redact import redact
from connectors.graph.stranger import blocked, stranger

IF_IT_STAYS = (
    "The same command continues; if it ends so again, look at Microsoft's service health, then report this sentence."
)

HOW_TO_GRANT = (
    "In the Microsoft Entra admin center open App registrations, the app, API permissions, add it as an application "
    "permission of Microsoft Graph and grant admin consent; a managed identity needs it as an app role assignment "
    "instead. A token issued before does not contain it."
)

WHY_MAX = 200
"""So much is told of what cannot be read."""

MORE_TO_GRANT = {"GroupMember.Read.All": " If it is there already, the licenses of groups need Group.Read.All."}


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers (looked up without case) and body of one answer, the id that we gave the request.

    `began` is the monotonic second at which the request left, `token` what it carried.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    client_request_id: str
    began: float
    token: str = field(repr=False)

    @property
    def error(self) -> tuple[str, str]:
        """Code and message of the error body, or two empty strings."""
        return error_of(self.json)

    @property
    def stranger(self) -> str:
        """What this is instead of an answer of Graph, "" when it can be one."""
        if self.status == 200 and self.body.startswith(b"{"):
            return ""
        body = self.json
        worded = isinstance(body, dict) and isinstance(body.get("error"), dict)
        return stranger(self.status, self.headers, self.body, worded=worded)

    @property
    def json(self) -> Any:
        """The body, None where it is no JSON."""
        with suppress(ValueError):
            return orjson.loads(self.body)
        return None


@dataclass(frozen=True, slots=True)
class Reading:
    """An answered read: status, parsed body (None where the status is no success), and the token that it carried."""

    status: int
    body: Any
    token: str = field(repr=False)


def not_allowed(status: int, error: tuple[str, str], what: str, permission: str) -> Fatal:
    """Return the error for an answer to `what` that repeating cannot change."""
    code, message = (redact(text) for text in error)
    if status == 401:
        return Unauthorized(
            f"Graph refuses a fresh token for {what} ({code}). Check that the app still exists in this tenant and that "
            "the cloud in the settings is the right one."
        )
    if status == 403:
        return PermissionMissing(permission, HOW_TO_GRANT + MORE_TO_GRANT.get(permission, ""))
    words = ": ".join(word for word in (code, message) if word) or "without a word of its own"
    return Malformed(f"Graph answered {status} to {what.partition('?')[0]}: {words}. {IF_IT_STAYS}")


def not_graph(what: str, came: str, host: str) -> Malformed:
    """Return the error for an answer to `what` that is not from Graph."""
    return Malformed(blocked(what, came, host))


@contextmanager
def documented(what: str) -> Iterator[None]:
    """Turn the errors of reading a body that is not as Microsoft documents it into Malformed."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise Malformed(
            f"Graph's answer to {what.partition('?')[0]} is not as documented ({redact(repr(error))[:WHY_MAX]}). "
            f"{IF_IT_STAYS}"
        ) from error
