"""Puts changes into waves and gives them seats; who does not fit is held, whole."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import chain, count

import numpy as np
import pandas as pd

from connectors.tenant import SkuId
from jobs.license_reassignment.decide.decide import Change, Decision
from jobs.license_reassignment.decide.groups.weigh import Unit
from jobs.license_reassignment.decide.seats import BUSINESS_CAP, demand, fit
from jobs.license_reassignment.decide.table import ORDER_COLUMN, hold
from jobs.license_reassignment.model.plan_header import SeatRow
from jobs.license_reassignment.model.policy import Wave

ONLY_WAVE = "all"
LAST_WAVE = "rest"


def wave_order(waves: Sequence[Wave]) -> list[str]:
    """Name the waves in the order they run; users whom no configured wave takes form the last one."""
    names = [w.name for w in waves]
    if not names:
        return [ONLY_WAVE]
    free = (f"{LAST_WAVE} {n}" for n in count(2))  # somebody may have called a wave of their own `rest`
    taken = {name.casefold() for name in names}
    return [*names, next(name for name in chain([LAST_WAVE], free) if name not in taken)]


def fill_waves(table: pd.DataFrame, waves: Sequence[Wave]) -> None:
    """Give every change a wave, in place: the roster's own first, then numbers and per cents in order of UPN.

    Whom groups change has the wave of the groups, takes no place in it, and is not among those that a share is of.
    """
    changes = ((table["kind"] == "change") & (table["via_groups"] == "")).to_numpy()
    table.loc[(table["kind"] != "change").to_numpy(), "wave"] = ""
    names = {w.name for w in waves}
    free = changes & ~table["wave"].isin(names).to_numpy(dtype=bool)
    order = table.index[free][np.argsort(table.loc[free, "name"].str.lower().to_numpy(dtype=object), kind="stable")]
    total, start = int(changes.sum()), 0
    for wave in waves:
        size = wave.users if wave.users is not None else share_of(total, wave.percent or 0)
        named = int((table.loc[changes, "wave"] == wave.name).sum())
        taken = order[start : start + max(0, size - named)]
        table.loc[taken, "wave"] = wave.name
        start += len(taken)
    table.loc[order[start:], "wave"] = wave_order(waves)[-1]


def share_of(total: int, percent: float) -> int:
    """Return so many per cent of the changes, rounded up: a share of somebody is never nobody."""
    return math.ceil(Decimal(str(percent)) * total / 100)


def give_seats(
    table: pd.DataFrame,
    decided: Sequence[Decision],
    seats: Sequence[SeatRow],
    waves: Sequence[Wave],
    *,
    capped: Mapping[SkuId, int],
    units: Sequence[Unit] = (),
) -> list[SeatRow]:
    """Hold exactly the changes that do not fit, in the order wave, roster row, UPN; return the ledger with the demand.

    `capped` maps a Business SKU to its present number of holders. The rows of a unit follow the users of its wave, all
    of them or none.
    """
    ordered = _in_order(table, waves, units)
    room = {s.sku_id: BUSINESS_CAP - capped[s.sku_id] if s.sku_id in capped else len(table) for s in seats}
    _hold_misfits(table, ordered, decided, room, "business_cap", seats)
    ordered = ordered[(table.loc[ordered.index, "kind"] == "change").to_numpy()]
    wanted = demand(_needs(table, ordered.index, decided))
    _hold_misfits(table, ordered, decided, {s.sku_id: s.free for s in seats}, "no_seat", seats)
    ordered = ordered[(table.loc[ordered.index, "kind"] == "change").to_numpy()]
    got = demand(_needs(table, ordered.index, decided))
    return [
        replace(
            row,
            needed=got[row.sku_id],
            left=row.free - got[row.sku_id],
            short=max(0, wanted[row.sku_id] - max(0, row.free)),
        )
        for row in seats
    ]


def _in_order(table: pd.DataFrame, waves: Sequence[Wave], units: Sequence[Unit]) -> pd.Series[int]:
    """Return by row, in the order in which seats are given, with whom it is served: those of one number together."""
    changes = table[table["kind"] == "change"]
    rank = {name: n for n, name in enumerate(wave_order(waves))}
    unit, wave = np.full(len(table), -1, dtype=np.int64), table["wave"].map(rank).to_numpy(dtype=float, copy=True)
    for number, several in enumerate(units):
        unit[several.rows], wave[several.rows] = number, rank[several.wave]
    keys = pd.DataFrame(
        {
            "wave": wave[changes.index],
            "unit": unit[changes.index],
            "line": pd.to_numeric(changes[ORDER_COLUMN], errors="coerce").fillna(np.inf),
            "name": changes["name"].str.lower(),
        },
        index=changes.index,
    ).sort_values(["wave", "unit", "line", "name"], kind="stable")
    alone = len(units) + np.arange(len(keys))
    return pd.Series(np.where(keys["unit"] < 0, alone, keys["unit"]), index=keys.index).astype("int64")


def _needs(table: pd.DataFrame, rows: pd.Index[int], decided: Sequence[Decision]) -> list[tuple[SkuId, ...]]:
    needs = [d.needs if isinstance(d, Change) else () for d in decided]
    return [needs[code] for code in table.loc[rows, "decision"]]


def _hold_misfits(
    table: pd.DataFrame,
    ordered: pd.Series[int],
    decided: Sequence[Decision],
    free: Mapping[SkuId, int],
    reason: str,
    seats: Sequence[SeatRow],
) -> None:
    rows = ordered.index
    short = fit(_needs(table, rows, decided), free, ordered.to_list())
    misfits = np.array([sku is not None for sku in short], dtype=bool)
    if misfits.any():
        name = {row.sku_id: row.part_number for row in seats}
        hold(table, rows[misfits].to_numpy(), reason, [name[sku] for sku in short if sku is not None])
