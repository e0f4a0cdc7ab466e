"""The facts under which every gate is open, and what shuts each of them or leaves it without an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from connectors.message import Message
from jobs.license_reassignment.reconcile.findings import LedgerRow, Residual, Totals
from jobs.license_reassignment.reconcile.gates import Facts
from worlds.job_world import product

TOTALS = Totals(1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
CLEAR = Residual(0, 0, 0, 0, 0)
BALANCED = LedgerRow("e4", "E4", 10, 1, 0, 1, 0, 0, 0, 1, 0)
OPEN = Facts(
    residual=CLEAR,
    groups=[],
    soft_deleted=[],
    relatives=[],
    consumed={"E4": 0},
    totals=TOTALS,
    targets_not_ready=[],
    unlicensed=[],
    lost_unaccepted=[],
    ledger=[BALANCED],
    addons=["MCOEV"],
    declared_addons={"MCOEV": "standalone"},
    other_data_skus=["ENTERPRISEPACK"],
    purchase_channel="direct",
    partner_owned=False,
    last_write_at="2026-03-02T12:00:00.000Z",
    read_began="2026-03-02T12:05:00.000Z",
    scans_agreed=True,
)

SHUT: Mapping[str, Mapping[str, Any]] = {
    "no_direct_holders": {"residual": replace(CLEAR, users_direct=1)},
    "no_inherited_holders": {"residual": replace(CLEAR, users_inherited=1)},
    "no_group_carries_source": {"groups": ["LIC-E4"]},
    "no_soft_deleted_holders": {"soft_deleted": ["gone@contoso.example"]},
    "source_family_clear": {"relatives": [product("ENTERPRISEWITHSCAL")]},
    "consumed_is_zero": {"consumed": {"E4": 0, "E4 without": 3}},
    "no_in_doubt": {"totals": replace(TOTALS, in_doubt=1)},
    "nothing_pending": {"totals": replace(TOTALS, pending=1)},
    "targets_ready": {"targets_not_ready": [Message("{sku}: not in the tenant", sku="E3")]},
    "nobody_bare": {"unlicensed": ["ada@contoso.example"]},
    "nothing_lost_unaccepted": {"lost_unaccepted": ["ada@contoso.example"]},
    "books_balance": {"ledger": [BALANCED, replace(BALANCED, sku_part_number="E3", unexplained=-1)]},
    "addons_declared": {"declared_addons": {"MCOEV": "traditional"}},
    "not_last_data_subscription": {"other_data_skus": []},
    "purchase_channel_declared": {"partner_owned": True},
    "verified_after_last_write": {"read_began": "2026-03-02T11:59:59.999Z"},
}
"""What shuts each gate."""

NOT_CHECKABLE: Mapping[str, Mapping[str, Any]] = {
    "no_soft_deleted_holders": {"soft_deleted": None},
    "addons_declared": {"declared_addons": {}},
    "purchase_channel_declared": {"purchase_channel": ""},
}
"""What leaves a gate without an answer."""
