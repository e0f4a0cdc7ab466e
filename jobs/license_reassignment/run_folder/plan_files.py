"""The files of a plan, out and in: plan.json, and the decisions, whose rows name their long lists by number.

pydantic reads and writes the header from its fields, in place of a reader and a writer by hand: 20 ms each way for a
million acknowledged users, and 6 ms to prepare. The rows of the decisions never pass through it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pandas as pd
from pydantic import TypeAdapter

from connectors.ids import sha256
from connectors.message import Message, by_text, verbatim
from connectors.roster.rows import RowError
from jobs.license_reassignment.decide.table import NUMBER, OBJECT_COLUMN, PLAN_LISTS, shared
from jobs.license_reassignment.model import message_json
from jobs.license_reassignment.model.plan import Plan, RejectedRow, canonical, header_digest, plan_id_of, split
from jobs.license_reassignment.model.plan_header import PlanHeader
from jobs.license_reassignment.run_folder import snapshot_files
from jobs.license_reassignment.run_folder.notice_files import notice_files

if TYPE_CHECKING:  # who only reads a plan needs nothing of what draws one up
    from jobs.license_reassignment.decide.draft import Draft
from jobs.license_reassignment.run_folder.snapshot_files import csv_bytes, json_bytes, read_csv

HEADER, TABLE, LISTS, REJECTED = "plan.json", "decisions.csv", "decisions-plans.json", "rejected.csv"
MESSAGES = "plan-messages.json"
"""What the sentences in plan.json, decisions.csv and rejected.csv are made from; older versions write none."""
REJECTED_COLUMNS = ("file", "line", "row", "reason", "user", "held")
_NAME_LENGTH_MAX = 80

LATER = {"acknowledged_by": "", "via_groups": "", OBJECT_COLUMN: "user"}
"""The columns that folders of earlier versions do not have, with what they mean there."""

_FREE_TEXT = ("name", "rule", "detail", "wave", "acknowledged_by")


@dataclass(frozen=True, slots=True)
class PlanFiles:
    """A plan with its name, and the files that it consists of, plan.html excepted."""

    plan: Plan
    files: Mapping[str, bytes]


def plan_files(draft: Draft, say: Callable[[str], str] = str) -> PlanFiles:
    """Make the files of a plan, plan.json last, which digests all others; the plan has its name from them.

    `say` turns English into the language of what people are told.
    """
    header = draft.header
    kept = {kept_name(number, one.name): one.content for number, one in enumerate(draft.rosters, 1)}
    if kept:
        header = replace(header, roster=replace(header.roster, kept=tuple(kept)))
    messages = {**draft.messages, **by_text(_said_in(header)), **by_text(e.reason for e in draft.rejected)}
    files = {
        **snapshot_files.snapshot_files(draft.snapshot, "snapshot"),
        **decision_files(draft.decisions, draft.groups, header.roster_columns),
        **notice_files(draft.notices, say),
        **kept,
        REJECTED: (rejected := rejected_csv(draft.rejected, draft.held)),
        MESSAGES: json_bytes(message_json.stored(messages.values())),
    }
    content = sha256(canonical(snapshot_files.content_sha256_parts(files, "snapshot")))
    header = replace(
        header,
        snapshot=replace(header.snapshot, content_sha256=content),
        files={name: sha256(data) for name, data in sorted(files.items())},
    )
    plan = Plan(header, draft.decisions, draft.groups, messages, read_rejected(rejected, messages))
    return numbered(PlanFiles(plan, files), 0)


def _said_in(header: PlanHeader) -> Iterator[str]:
    yield from (rule.rule for rule in header.rules)
    yield from (hold.remedy for hold in header.holds)
    yield from (remark.sentence for remark in header.remarks or ())
    for group in header.groups or ():
        yield from group.notes
        yield from (hindrance.sentence for hindrance in group.hindrances)


def read_messages(data: bytes) -> dict[str, Message]:
    """Read what the sentences of a plan are made from, by their text."""
    return message_json.loaded(orjson.loads(data))


def numbered(made: PlanFiles, again: int) -> PlanFiles:
    """Name a plan and digest it. `again` counts the begun plans of the same content before it; 0 for the first."""
    header = made.plan.header
    plan_id = plan_id_of(
        tenant_id=header.tenant.id,
        frozen=[header.kind, header.frozen],
        roster_sha256=header.roster.sha256,
        snapshot_sha256=header.snapshot.content_sha256,
        decisions_sha256=sha256(made.files[TABLE] + made.files[LISTS]),
        again=again,
    )
    header = replace(header, plan_id=plan_id, again=again or None)
    header = replace(header, digest=header_digest(stored(header)))
    files = {**made.files, HEADER: json_bytes(stored(header))}
    return PlanFiles(replace(made.plan, header=header), files)


def kept_name(number: int, file: str) -> str:
    """Return where a file of the roster is kept: `roster/01-<name>`, a name that every file system takes.

    The number tells files of one name apart, and no device of Windows begins with one.
    """
    safe = re.sub(r"[^\w.() -]+", "_", unicodedata.normalize("NFC", file.rpartition("/")[2]))
    return f"roster/{number:02}-{safe[-_NAME_LENGTH_MAX:].strip(' .') or 'roster'}"


def rejected_csv(errors: Sequence[RowError], held: Mapping[tuple[str, int], Sequence[str]]) -> bytes:
    """Write the roster rows that are not used, each with the principal names of the users held for it."""
    rows = [(e.file, str(e.line), e.row, e.reason, e.user, "+".join(held.get((e.file, e.line), ()))) for e in errors]
    return csv_bytes(pd.DataFrame(rows, columns=list(REJECTED_COLUMNS)).astype(str), free_text=REJECTED_COLUMNS)


def read_rejected(data: bytes, messages: Mapping[str, Message]) -> tuple[RejectedRow, ...]:
    """Return what `rejected_csv` wrote; a reason that no message tells of is a text as it is."""
    table = read_csv(data, free_text=REJECTED_COLUMNS)
    return tuple(
        RejectedRow(
            file=row["file"],
            line=row["line"],
            row=row["row"],
            reason=messages.get(row["reason"]) or verbatim(row["reason"]),
            held=split(row.get("held", "")),
        )
        for row in table.to_dict("records")
    )


@cache
def _shape() -> TypeAdapter[PlanHeader]:
    return TypeAdapter(PlanHeader)


def stored(header: PlanHeader) -> dict[str, Any]:
    """Return a header as plan.json holds it: a key that the plan has no value for is left out."""
    found: dict[str, Any] = _shape().dump_python(header, exclude_none=True)
    return found


def header_of(stored: Mapping[str, Any]) -> PlanHeader:
    """Name what plan.json holds; keys that this version has no name for are passed over.

    Raises ValueError where one is missing that every version writes, or is of another kind.
    """
    return _shape().validate_python(stored)


def decision_files(decisions: pd.DataFrame, groups: pd.DataFrame, roster_columns: Sequence[str]) -> dict[str, bytes]:
    """Return one table, users first, with a number in place of the PLAN_LISTS, and the distinct lists by number."""
    table = decisions.assign(**{OBJECT_COLUMN: "user"})
    if len(groups):
        below = groups.assign(**dict.fromkeys(roster_columns, ""), **{OBJECT_COLUMN: "group"})
        table = pd.concat([table.astype(str), below.loc[:, list(table.columns)].astype(str)], ignore_index=True)
    same = table.groupby(list(PLAN_LISTS), sort=True, observed=True)
    distinct = [dict(zip(PLAN_LISTS, key, strict=True)) for key in same.size().index]
    at = list(table.columns).index(PLAN_LISTS[0])
    shown = table.drop(columns=list(PLAN_LISTS))
    shown.insert(at, NUMBER, same.ngroup().to_numpy())
    return {
        TABLE: csv_bytes(shown, free_text=(*_FREE_TEXT, *roster_columns)),
        LISTS: json_bytes(distinct),
    }


def read_decisions(read: Callable[[str], bytes], roster_columns: Sequence[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return what `decision_files` was given, users and groups, all text; the long lists are categories."""
    table = read_csv(read(TABLE), free_text=(*_FREE_TEXT, *roster_columns))
    distinct: list[Mapping[str, str]] = orjson.loads(read(LISTS))
    for name, meant in LATER.items():
        if name not in table:
            table[name] = pd.array([meant] * len(table), dtype="string[pyarrow]")
    at = list(table.columns).index(NUMBER)
    number = table.pop(NUMBER).astype(np.int64).to_numpy()
    for place, name in enumerate(PLAN_LISTS):
        table.insert(at + place, name, shared(np.array([lists[name] for lists in distinct], dtype=object), number))
    of_groups = (table.pop(OBJECT_COLUMN) == "group").to_numpy(dtype=bool)
    groups = table.loc[of_groups].drop(columns=list(roster_columns)).reset_index(drop=True)
    return table.loc[~of_groups].reset_index(drop=True) if len(groups) else table, groups
