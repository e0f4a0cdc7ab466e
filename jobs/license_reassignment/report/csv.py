"""users.csv and actions.csv: for machines, and safe to open in a spreadsheet."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from connectors.roster.formula import guard
from jobs.license_reassignment.model.columns import ACTION_COLUMNS, USERS_COLUMNS
from jobs.license_reassignment.reconcile.reconciliation import Reconciliation
from jobs.license_reassignment.report.words import without_marks, words_of

if TYPE_CHECKING:
    import pandas as pd


def render_users_csv(r: Reconciliation) -> bytes:
    """Return one row per user: USERS_COLUMNS in their order, then the roster's own further columns.

    UTF-8 without byte order mark, comma, RFC 4180 quoting and line ends, every cell through the formula guard.
    """
    columns = users_columns(r.users)
    return _csv(columns, zip(*(_guarded(r.users[column]) for column in columns), strict=True))


def render_actions_csv(r: Reconciliation, language: str = "en") -> bytes:
    """Return one row per thing left to do, with empty columns to fill in; the filled file is a roster for `plan`.

    Remedies and details are in the language, the name of a product or service before its code; codes and columns are
    the same in each. It begins with a byte order mark, for people open it in Excel.
    """
    t = words_of(language).naming(r.called, with_codes=True).showing(without_marks)
    actions = (replace(a, remedy=t(a.remedy), detail=t(r.messages.get(a.detail, a.detail))) for a in r.actions)
    rows = (tuple(guard(str(getattr(action, column, ""))) for column in ACTION_COLUMNS) for action in actions)
    return codecs.BOM_UTF8 + _csv(ACTION_COLUMNS, rows)


def users_columns(users: pd.DataFrame) -> tuple[str, ...]:
    """Return the fixed columns first and in their order, then the others as they came."""
    return (*USERS_COLUMNS, *(str(column) for column in users.columns if column not in USERS_COLUMNS))


def _guarded(column: pd.Series[str]) -> list[str]:
    """Guard each distinct text once: most columns hold few."""
    codes, texts = column.factorize(use_na_sentinel=False)
    safe = [guard(str(text)) for text in texts]
    return [safe[code] for code in codes]


def _csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([guard(name) for name in header])
    writer.writerows(rows)
    return text.getvalue().encode("utf-8")
