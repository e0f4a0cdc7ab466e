"""How the tenant says no: Microsoft Graph's status, code and sentence, and nothing else."""

from __future__ import annotations


class Refusal(Exception):
    """An answer other than success. `code` and `message` go into Graph's error body, `headers` onto the answer."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}


def bad_request(message: str, *, code: str = "Request_BadRequest") -> Refusal:
    """A 400; with the usual code the one that carries every business refusal of licensing."""
    return Refusal(400, code, message)


def unsupported(message: str) -> Refusal:
    """A query option or filter that the resource does not take."""
    return Refusal(400, "Request_UnsupportedQuery", message)


def not_found(key: str) -> Refusal:
    """No such object, or it is soft-deleted."""
    message = f"Resource '{key}' does not exist or one of its queried reference-property objects are not present."
    return Refusal(404, "Request_ResourceNotFound", message)


def no_route(path: str) -> Refusal:
    """A path or method that the embedded tenant does not have."""
    return Refusal(404, "ResourceNotFound", f"Resource not found for the segment '{path}'.")


def forbidden() -> Refusal:
    """A permission is missing, or the object is under restricted management."""
    return Refusal(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


def unauthorized() -> Refusal:
    """No token, an unknown one, or one that has expired."""
    return Refusal(401, "InvalidAuthenticationToken", "Access token is empty, invalid or has expired.")


def overlapping() -> Refusal:
    """Two writes to one object at the same time."""
    message = "Error due to concurrent requests being made to the tenant. Please wait briefly and retry."
    return Refusal(409, "Directory_ConcurrencyViolation", message)
