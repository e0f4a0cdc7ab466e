"""The decisions as files and back: a row names its lists of service plans by number, and each set of lists once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import orjson
import pandas as pd

from jobs.license_reassignment.run_folder.snapshot_files import csv_bytes, json_bytes, read_csv

TABLE, LISTS = "decisions.csv", "decisions-plans.json"
NUMBER = "plans"
PLAN_LISTS = ("plans_kept_off", "plans_new_on", "plans_lost")
"""Lists of plan ids, up to some kilobytes each: written out per user they would be nine tenths of the file."""

OBJECT, LATER = "object", {"acknowledged_by": "", "object": "user"}
"""The last column, and the columns that folders of version 0.1 do not have, with what they mean there."""

_FREE_TEXT = ("name", "rule", "detail", "wave", "acknowledged_by")


def decision_files(decisions: pd.DataFrame, roster_columns: Sequence[str]) -> dict[str, bytes]:
    """Return the table with a number in place of the PLAN_LISTS, and the distinct lists in the order of the numbers."""
    groups = decisions.groupby(list(PLAN_LISTS), sort=True, observed=True)
    distinct = [dict(zip(PLAN_LISTS, key, strict=True)) for key in groups.size().index]
    at = list(decisions.columns).index(PLAN_LISTS[0])
    shown = decisions.drop(columns=list(PLAN_LISTS))
    shown.insert(at, NUMBER, groups.ngroup().to_numpy())
    return {
        TABLE: csv_bytes(shown, free_text=(*_FREE_TEXT, *roster_columns)),
        LISTS: json_bytes(distinct),
    }


def read_decisions(read: Callable[[str], bytes], roster_columns: Sequence[str]) -> pd.DataFrame:
    """Return what `decision_files` was given, all text; the long lists are categories."""
    table = read_csv(read(TABLE), free_text=(*_FREE_TEXT, *roster_columns))
    distinct: list[Mapping[str, str]] = orjson.loads(read(LISTS))
    for name, meant in LATER.items():
        if name not in table:
            table[name] = pd.array([meant] * len(table), dtype="string[pyarrow]")
    at = list(table.columns).index(NUMBER)
    number = table.pop(NUMBER).astype(np.int64).to_numpy()
    for place, name in enumerate(PLAN_LISTS):
        table.insert(at + place, name, shared(np.array([lists[name] for lists in distinct], dtype=object), number))
    return table


def shared(texts: np.ndarray, code: np.ndarray) -> pd.Series[str]:
    """Give each row the text with its code, as a category: kept once, however many share it; "" is always one."""
    distinct, number = np.unique(np.append(texts, ""), return_inverse=True)
    return pd.Series(pd.Categorical.from_codes(number[code].astype(np.int32), pd.Index(distinct)))
