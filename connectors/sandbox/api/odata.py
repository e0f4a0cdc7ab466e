"""Query options as Microsoft Graph reads them: `$select`, `$filter`, `$top`, `$count` and opaque page tokens."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote

from connectors.sandbox.refusal import Refusal, bad_request, unsupported

PAGE_DEFAULT, PAGE_MAX = 100, 999
IN_VALUES_MAX = 15

_HOLDS = re.compile(r"assignedLicenses/any\((\w+)\s*:\s*\1/skuId\s+eq\s+([0-9a-fA-F-]{36})\)")
_HOLDS_ANY = re.compile(r"assignedLicenses/\$count\s+(eq|ne)\s+0")
_ANY = re.compile(r"(\w+)/any\((\w+)\s*:\s*\2\s+eq\s+'((?:[^']|'')*)'\)")
_EQUALS = re.compile(r"(\w+(?:/\w+)*)\s+eq\s+(?:'((?:[^']|'')*)'|(null|true|false))")
_IN = re.compile(r"(\w+)\s+in\s*\(\s*('(?:[^']|'')*'(?:\s*,\s*'(?:[^']|'')*')*)\s*\)")
_COMPARED = re.compile(r"(\w+)\s+(ge|le|lt|gt)\s+([0-9T:.Z+-]+)")
_QUOTED = re.compile(r"'((?:[^']|'')*)'")
_AND = re.compile(r"\s+and\s+(?=(?:[^']*'[^']*')*[^']*$)")


@dataclass(frozen=True, slots=True)
class Clause:
    """One comparison.

    `op` is `holds`, `holds_none`, `holds_some`, `any` (of a list of texts), `eq`, `in`, `ge`, `le`, `lt` or `gt`.
    `values` are texts without quotes; the literals null, true and false stand as None, "true" and "false".
    """

    op: str
    name: str
    values: tuple[str | None, ...]


def read_filter(text: str) -> tuple[Clause, ...]:
    """A `$filter` as clauses that must all hold; Refusal for anything else that OData allows."""
    return tuple(_clause(part.strip()) for part in _AND.split(text.strip()))


def _clause(text: str) -> Clause:
    if match := _HOLDS.fullmatch(text):
        return Clause("holds", "assignedLicenses", (match[2].lower(),))
    if match := _HOLDS_ANY.fullmatch(text):
        return Clause("holds_none" if match[1] == "eq" else "holds_some", "assignedLicenses", ())
    if match := _ANY.fullmatch(text):
        return Clause("any", match[1], (match[3].replace("''", "'"),))
    if match := _EQUALS.fullmatch(text):
        literal = None if match[3] == "null" else match[3]
        return Clause("eq", match[1], (match[2].replace("''", "'") if match[2] is not None else literal,))
    if match := _IN.fullmatch(text):
        values = tuple(value.replace("''", "'") for value in _QUOTED.findall(match[2]))
        if len(values) > IN_VALUES_MAX:
            raise unsupported(f"Too many values in an 'in' expression: {len(values)}. The maximum is {IN_VALUES_MAX}.")
        return Clause("in", match[1], values)
    if match := _COMPARED.fullmatch(text):
        return Clause(match[2], match[1], (match[3],))
    raise unsupported("Unsupported or invalid query filter clause specified for this resource.")


@dataclass(frozen=True, slots=True)
class Query:
    """The options of one request. `position` is where the page starts: 0, or what the page token says."""

    select: tuple[str, ...] | None = None
    clauses: tuple[Clause, ...] = ()
    top: int | None = None
    count: bool = False
    position: int = 0
    options: tuple[tuple[str, str], ...] = field(default=())

    @property
    def page_size(self) -> int:
        """Rows per page."""
        return self.top or PAGE_DEFAULT

    def next_link(self, url: str, position: int) -> str:
        """The absolute URL of the page that starts at `position`; it carries every option and an opaque token."""
        token = base64.urlsafe_b64encode(f"p{position}".encode()).decode()
        kept = [(name, value) for name, value in self.options if name != "$skiptoken"]
        pairs = [*kept, ("$skiptoken", token)]
        return url + "?" + "&".join(f"{name}={quote(value, safe='$(),:/')}" for name, value in pairs)


_ALLOWED = frozenset({"$select", "$filter", "$top", "$count", "$skiptoken"})


def read_query(text: str, allowed: frozenset[str] = _ALLOWED) -> Query:
    """A query string as a Query; Refusal names an option that the resource does not take."""
    options = tuple(parse_qsl(text, keep_blank_values=True))
    given: dict[str, str] = {}
    for name, value in options:
        key = name if name.startswith("$") else f"${name}"
        if key not in allowed:
            raise unsupported(f"The query option '{name}' is not supported on this resource.")
        given[key] = value
    select = tuple(dict.fromkeys(part.strip() for part in given.get("$select", "").split(",") if part.strip()))
    return Query(
        select or None,
        read_filter(given["$filter"]) if given.get("$filter") else (),
        _page_size(given.get("$top")),
        given.get("$count") == "true",
        _position(given.get("$skiptoken")),
        options,
    )


def _page_size(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isdecimal() or not 1 <= int(text) <= PAGE_MAX:
        raise unsupported(f"Invalid page size specified: '{text}'. Must be between 1 and {PAGE_MAX} inclusive.")
    return int(text)


def _position(token: str | None) -> int:
    if token is None:
        return 0
    try:
        decoded = base64.b64decode(token.encode(), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, UnicodeError) as wrong:
        raise _bad_token() from wrong
    if not decoded.startswith("p") or not decoded[1:].isdecimal():
        raise _bad_token()
    return int(decoded[1:])


def _bad_token() -> Refusal:
    return Refusal(
        400, "Directory_ExpiredPageToken", "The specified page token value has expired and can no longer be used."
    )


def require_selectable(select: tuple[str, ...] | None, known: frozenset[str], kind: str) -> None:
    """Refuse a property that the type does not have."""
    for name in select or ():
        if name not in known:
            raise Refusal(
                400,
                "BadRequest",
                f"Parsing OData Select and Expand failed: Could not find a property named '{name}' "
                f"on type 'microsoft.graph.{kind}'.",
            )


def require_advanced(*, consistent: bool, count: bool) -> None:
    """Refuse a query that needs `ConsistencyLevel: eventual` and `$count=true` when either is missing."""
    if not (consistent and count):
        raise unsupported(
            "Unsupported or invalid query filter clause specified for this resource. "
            "Add the header ConsistencyLevel: eventual and $count=true."
        )


def reject_filter(clause: Clause) -> Refusal:
    """A filter on a property that cannot be filtered."""
    return unsupported(f"Unsupported Query. Property '{clause.name}' cannot be used in a filter on this resource.")


def bad_body() -> Refusal:
    """A body that is no JSON object."""
    return bad_request(
        "Unable to read JSON request payload. "
        "Please ensure Content-Type header is set and payload is of valid JSON format."
    )
