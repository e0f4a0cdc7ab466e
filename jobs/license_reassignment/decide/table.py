"""The table of decisions: one row per user in scope, decided once per distinct profile and merged back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from connectors.countries import is_country
from connectors.message import Message, by_text, few, joined
from connectors.roster.values import no_country
from connectors.tenant import UserId
from jobs.license_reassignment.decide.cases import Cases
from jobs.license_reassignment.decide.decide import Change, Decision, Hold, messages_of
from jobs.license_reassignment.decide.remarks import SEPARATOR
from jobs.license_reassignment.decide.scope import owners_of_shared_addresses
from jobs.license_reassignment.model.columns import USERS_COLUMNS
from jobs.license_reassignment.model.policy import Wish

DECISION_COLUMNS = (
    "id",
    "name",
    "kind",
    "rule",
    "add",
    "remove",
    "disabled_plans",
    "reason",
    "wave",
    "before",
    "detail",
    "targets",
    "plans_kept_off",
    "plans_new_on",
    "plans_lost",
    "roster_line",
    "addons",
    "remarks",
    "usage_location",
    "acknowledged_by",
    "via_groups",
)

PLAN_LISTS = ("plans_kept_off", "plans_new_on", "plans_lost")
"""Lists of plan ids, up to some kilobytes each: written out per user they would be nine tenths of the file."""

NUMBER = "plans"
"""What the file has in place of the PLAN_LISTS: the number of a set of them."""

OBJECT_COLUMN = "object"
"""The last column: what a row is about."""

_LONG_COLUMNS = frozenset({"disabled_plans", *PLAN_LISTS})
"""Lists of plan ids: a text is kept once, however many users share it."""

_OF_CHANGES_ONLY = (
    *("add", "remove", "disabled_plans", "plans_kept_off", "plans_new_on"),
    *("addons", "remarks", "wave", "usage_location"),
)

ORDER_COLUMN = "roster_order"
"""The place of a user's row among all rows of the roster, while seats are given; the file has the line alone."""

_RESERVED_COLUMNS = ("decision", NUMBER, OBJECT_COLUMN, ORDER_COLUMN)
"""Names in the table of decisions, or in its file, beside DECISION_COLUMNS."""


def disabled_text(change: Change) -> str:
    """Render the switched-off plans per added SKU: `skuId:planId+planId;skuId:…`; SKUs without any are left out."""
    return ";".join(f"{a.sku_id}:{'+'.join(a.disabled_plans)}" for a in change.add if a.disabled_plans)


def addons_text(change: Change) -> str:
    """Render what is kept beside the targets: `skuId:covered;skuId:kept;…`."""
    return ";".join(f"{sku}:{cover}" for sku, cover in change.addons)


def tabulate(
    cases: Cases, decided: Sequence[Decision], wishes: Mapping[UserId, Wish], everybody: pd.DataFrame
) -> tuple[pd.DataFrame, dict[str, Message]]:
    """Make a row per user of what was decided about each case.

    Returns the table (DECISION_COLUMNS plus `decision`, an index into `decided`, and ORDER_COLUMN), and what the
    sentences in it are made from, by their text. A wave is filled in only where the roster names one. `everybody` are
    the users of the snapshot, in scope or not.
    """
    users = cases.users
    table = _columns(users, cases.rule, decided, cases.code)
    told = {**_tell_locations(table, users), **_tell_addresses(table, users, everybody)}
    messages = {**messages_of(decided), **told}
    table["wave"] = _from_wishes(users, wishes, "wave")
    table["roster_line"] = _from_wishes(users, wishes, "line")
    table[ORDER_COLUMN] = _from_wishes(users, wishes, "order")
    needing = np.array([isinstance(d, Change) and bool(d.needs) for d in decided], dtype=bool)[cases.code]
    table["usage_location"] = np.where(needing, cases.locations.to_numpy(dtype=object), "")
    table["acknowledged_by"] = _from_wishes(users, wishes, "backup_acknowledged_by")
    table["via_groups"] = ""
    for column, carried in _carried(wishes).items():
        values = {user_id: wish.extra.get(column, "") for user_id, wish in wishes.items()}
        table[carried] = texts(values.get(user_id, "") for user_id in users["id"])
    return table.reset_index(drop=True), messages


def _tell_locations(table: pd.DataFrame, users: pd.DataFrame) -> dict[str, Message]:
    """Name the wrong code, in place, where a user is held for a usage location that is no country."""
    wrong = (table["reason"] == "no_usage_location").to_numpy() & (users["usage_location"] != "").to_numpy()
    codes = users["usage_location"].to_numpy(dtype=object)
    told = {code: no_country(code) for code in set(codes[wrong].tolist()) if not is_country(code)}
    rows = wrong & np.isin(codes, list(told))
    table.loc[table.index[rows], "detail"] = [told[code] for code in codes[rows]]
    return by_text(told.values())


def _tell_addresses(table: pd.DataFrame, users: pd.DataFrame, everybody: pd.DataFrame) -> dict[str, Message]:
    """Name the address, in place, where a user is held for one that is another user's too, and whose it is."""
    rows = (table["reason"] == "duplicate_address").to_numpy()
    if not rows.any():
        return {}
    shared = owners_of_shared_addresses(everybody)
    who = everybody.loc[shared["user"], ["id", "user_principal_name"]].assign(address=shared["address"].to_numpy())
    owners = {
        address: list(zip(of["id"], of["user_principal_name"], strict=True)) for address, of in who.groupby("address")
    }
    mine = who.groupby("id")["address"].agg(sorted).to_dict()
    told = [
        joined(
            Message(
                "{address} is also an address of {names}",
                address=address.partition(":")[2],
                names=few([name for owner, name in owners[address] if owner != user]),
            )
            for address in mine[user]
        )
        for user in users["id"].to_numpy()[rows]
    ]
    table.loc[table.index[rows], "detail"] = told
    return by_text(told)


def no_rows() -> pd.DataFrame:
    """Return a table of decisions about nothing: it has all columns, each of text."""
    return pd.DataFrame({column: pd.array([], dtype="string[pyarrow]") for column in DECISION_COLUMNS})


def roster_columns(wishes: Mapping[UserId, Wish]) -> list[str]:
    """Name the roster's own further columns as they are carried, in the order of the file."""
    return list(_carried(wishes).values())


def _carried(wishes: Mapping[UserId, Wish]) -> dict[str, str]:
    """Return the name under which each further column of the roster is carried.

    One that is called like a column of ours says where it is from: also where only the case differs, since PowerShell
    and spreadsheets take both for one.
    """
    taken = {name.casefold() for name in (*DECISION_COLUMNS, *USERS_COLUMNS, *_RESERVED_COLUMNS)}
    carried: dict[str, str] = {}
    for name in dict.fromkeys(name for wish in wishes.values() for name in wish.extra):
        forms = (name, f"{name} (roster)", *(f"{name} (roster {number})" for number in range(2, len(taken))))
        carried[name] = next(form for form in forms if form.casefold() not in taken)
        taken.add(carried[name].casefold())
    return carried


def _from_wishes(users: pd.DataFrame, wishes: Mapping[UserId, Wish], name: str) -> np.ndarray:
    values = {user_id: str(getattr(wish, name)) for user_id, wish in wishes.items()}
    return texts(values.get(user_id, "") for user_id in users["id"])


def texts(values: Iterable[str]) -> np.ndarray:
    """Return a column of text; it stays one where there is no row at all, which pandas takes for numbers."""
    return np.array(list(values), dtype=object)


def decision_columns(decided: Sequence[Decision]) -> pd.DataFrame:
    """Return what of a decision row follows from the decision alone, one row per decision."""
    return pd.DataFrame([_row(d) for d in decided], columns=list(_DECIDED_COLUMNS)).astype(object)


def _columns(users: pd.DataFrame, rules: pd.Series[str], decided: Sequence[Decision], code: np.ndarray) -> pd.DataFrame:
    per_decision = decision_columns(decided)
    table = pd.DataFrame(
        {
            "id": users["id"].array,
            "name": users["user_principal_name"].array,
            "rule": rules.array,
            "before": users["profile"].array,
        }
    )
    for column in _DECIDED_COLUMNS:
        texts = per_decision[column].to_numpy(dtype=object)
        table[column] = shared(texts, code) if column in _LONG_COLUMNS else texts[code]
    table["decision"] = code
    return table


def shared(texts: np.ndarray, code: np.ndarray) -> pd.Series[str]:
    """Give each row the text with its code, as a category: kept once, however many share it; "" is always one."""
    distinct, number = np.unique(np.append(texts, ""), return_inverse=True)
    return pd.Series(pd.Categorical.from_codes(number[code].astype(np.int32), pd.Index(distinct)))


def as_text(table: pd.DataFrame, extra: Sequence[str] = ()) -> pd.DataFrame:
    """Return the DECISION_COLUMNS and the extra ones as text; the long ones stay categories."""
    shown = table.loc[:, [*DECISION_COLUMNS, *extra]]
    return shown.astype({column: str for column in shown if column not in _LONG_COLUMNS})


_DECIDED_COLUMNS = (
    "kind",
    "add",
    "remove",
    "disabled_plans",
    "reason",
    "detail",
    "targets",
    "plans_kept_off",
    "plans_new_on",
    "plans_lost",
    "addons",
    "remarks",
)


def _row(decision: Decision) -> tuple[str, ...]:
    match decision:
        case Change():
            return (
                "change",
                "+".join(a.sku_id for a in decision.add),
                "+".join(decision.remove),
                disabled_text(decision),
                "",
                "",
                "+".join(decision.targets),
                "+".join(decision.kept_off),
                "+".join(decision.new_on),
                "+".join(decision.lost),
                addons_text(decision),
                SEPARATOR.join(decision.remarks),
            )
        case Hold():
            targets = "+".join(decision.targets)
            lost, remarks = "+".join(decision.lost), SEPARATOR.join(decision.remarks)
            return ("hold", "", "", "", decision.reason, decision.detail, targets, "", "", lost, "", remarks)


def hold(table: pd.DataFrame, rows: np.ndarray, reason: str, detail: Sequence[str]) -> None:
    """Turn changes into holds, in place: the rows keep their rule and targets, and send nothing."""
    table.loc[rows, list(_OF_CHANGES_ONLY)] = ""
    table.loc[rows, "kind"] = "hold"
    table.loc[rows, "reason"] = reason
    table.loc[rows, "detail"] = list(detail)
