"""The users of the report's table: columns with dictionaries, packed so that 50,000 people fit into one page."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Callable, Container, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from jobs.license_reassignment.model.columns import USERS_COLUMNS
from jobs.license_reassignment.model.reasons import QUIET
from jobs.license_reassignment.reconcile.findings import FINE
from jobs.license_reassignment.reconcile.reconciliation import Reconciliation
from jobs.license_reassignment.report.csv import users_columns
from jobs.license_reassignment.report.page.view import ReportView
from jobs.license_reassignment.report.words import Words, between_signs

if TYPE_CHECKING:
    import pandas as pd

ALL_IDS_MAX = 50_000  # users up to which every row carries its ids: they are four fifths of the bytes
ALL_ROWS_MAX = 250_000  # users up to which every row is in the page
SAMPLE_FINE_ROWS = 10_000  # fine rows that stay in the page above that
ID_COLUMNS = ("id", "request_id")
PRODUCT_COLUMNS = ("before_skus", "target_skus", "after_skus")
SERVICE_COLUMNS = ("plans_kept_off", "plans_new_on", "plans_lost")
FACETS = ("outcome", "reason", "entra_department", "entra_usage_location", "rule", "wave", "target_skus")


def pack(value: Mapping[str, Any]) -> str:
    """Return the value as JSON, compressed (gzip without a time stamp) and in base64."""
    return base64.b64encode(gzip.compress(orjson.dumps(value), 6, mtime=0)).decode("ascii")


def users_payload(r: Reconciliation, words: Words) -> dict[str, Any]:
    """Return what the page's script reads: columns, the names of products and services, and what was left out.

    A column is {name, values} or, where values repeat, {name, values, codes}. Above ALL_IDS_MAX users the ids of fine
    rows are left out, above ALL_ROWS_MAX fine rows beyond a sample; `left_out` says how many.
    """
    told = words.showing(between_signs)
    shown = _told(_rows_shown(r.users), lambda text: told(r.messages.get(text, text)))
    blank_ids = len(r.users) > ALL_IDS_MAX
    columns = [_column(shown, name, blank_fine=blank_ids and name in ID_COLUMNS) for name in users_columns(shown)]
    return {
        "rows": len(shown),
        "left_out": len(r.users) - len(shown),
        "columns": columns,
        "roster": [name for name in users_columns(shown) if name not in USERS_COLUMNS],
        "products": _names(columns, PRODUCT_COLUMNS, words.names.product),
        "services": _names(columns, SERVICE_COLUMNS, words.names.service),
        "groups": {g.id: g.name for g in r.groups if g.decision == "swap"},
        "accepted": _accepted(shown, r, words),
        "fine": sorted(FINE),
        "quiet": sorted(QUIET),
    }


def _rows_shown(users: pd.DataFrame) -> pd.DataFrame:
    if len(users) <= ALL_ROWS_MAX:
        return users
    fine = users["outcome"].isin(FINE) | users["reason"].isin(QUIET)
    return users[~fine | (fine.cumsum() <= SAMPLE_FINE_ROWS)]


def _told(users: pd.DataFrame, say: Callable[[str], str]) -> pd.DataFrame:
    """Translate each text once; the detail of a refusal is Microsoft's own and stays, unless it also names a group."""
    ours = (users["outcome"] != "refused") | (users["via_groups"] != "")
    detail = _each(users["detail"], say).where(ours, users["detail"])
    return users.assign(remedy=_each(users["remedy"], say), detail=detail)


def _each(texts: pd.Series[str], change: Callable[[str], str]) -> pd.Series[str]:
    """Change each distinct text once; a column of nobody stays text, which `map` with a dict would make numbers."""
    changed = {text: change(text) for text in texts.unique()}
    return texts.__class__([changed[text] for text in texts], index=texts.index, dtype=texts.dtype)


def _column(users: pd.DataFrame, name: str, *, blank_fine: bool) -> dict[str, Any]:
    texts = users[name]
    if blank_fine:
        texts = texts.mask(users["outcome"].isin(FINE), "")
    codes, values = texts.factorize(use_na_sentinel=False)
    if 2 * len(values) > len(texts):
        return {"name": name, "values": [str(text) for text in texts]}
    return {"name": name, "values": [str(text) for text in values], "codes": codes.tolist()}


def _accepted(users: pd.DataFrame, r: Reconciliation, words: Words) -> dict[str, tuple[list[str], str]]:
    """Return by row what a user lost with consent, service by service, and who gave it."""
    view, losses = ReportView(r, words), {loss.id: loss for loss in r.accepted_losses}
    rows = ((at, losses[user_id]) for at, user_id in enumerate(users["id"] if losses else ()) if user_id in losses)
    return {str(at): (view.services_of(loss), view.consent(loss)) for at, loss in rows}


def _names(columns: Iterable[Mapping[str, Any]], among: Container[str], name: Callable[[str], str]) -> dict[str, str]:
    texts = {text for column in columns if column["name"] in among for text in column["values"]}
    codes = sorted({code for text in texts for code in text.split("+")})
    return {code: name(code) for code in codes if name(code) != code}
