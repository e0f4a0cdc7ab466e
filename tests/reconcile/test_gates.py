"""The sixteen questions before a cancellation: each open, shut, or not answerable."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from worlds.gate_facts import NOT_CHECKABLE, OPEN, SHUT

from jobs.license_reassignment.reconcile.gates import GATE_IDS, all_gates

DOCUMENTED = [
    "no_direct_holders", "no_inherited_holders", "no_group_carries_source", "no_soft_deleted_holders",
    "source_family_clear", "consumed_is_zero", "no_in_doubt", "nothing_pending", "targets_ready", "nobody_bare",
    "nothing_lost_unaccepted", "books_balance", "addons_declared", "not_last_data_subscription",
    "purchase_channel_declared", "verified_after_last_write",
]  # fmt: skip


def _statuses(**facts: Any) -> dict[str, str]:
    return {g.id: g.status for g in all_gates(replace(OPEN, **facts))}


def test_the_ids_and_their_order_are_fixed() -> None:
    """Scripts rely on them."""
    assert list(GATE_IDS) == DOCUMENTED
    assert [g.id for g in all_gates(OPEN)] == DOCUMENTED
    assert sorted(SHUT) == sorted(DOCUMENTED)


def test_with_nothing_in_the_way_every_gate_is_open() -> None:
    """Sixteen times passed, each with its evidence and without a remedy."""
    gates = all_gates(OPEN)

    assert {g.status for g in gates} == {"passed"}
    assert all(g.passed and g.detail and not g.remedy for g in gates)


@pytest.mark.parametrize("gate_id", DOCUMENTED)
def test_each_gate_is_shut_by_its_own_fact_and_by_no_other(gate_id: str) -> None:
    """One fact, one gate; it tells the remedy."""
    gates = all_gates(replace(OPEN, **SHUT[gate_id]))

    assert [(g.id, g.status) for g in gates if not g.passed] == [(gate_id, "failed")]
    assert all(g.remedy.endswith(".") for g in gates if not g.passed)


@pytest.mark.parametrize("gate_id", sorted(NOT_CHECKABLE))
def test_what_could_not_be_read_is_not_passed(gate_id: str) -> None:
    """Neither yes nor no: the gate stays shut, and says so in its own word."""
    gates = all_gates(replace(OPEN, **NOT_CHECKABLE[gate_id]))

    assert [(g.id, g.status, g.passed) for g in gates if not g.passed] == [(gate_id, "not_checkable", False)]


def test_scans_that_do_not_agree_prove_no_zero() -> None:
    """Graph's own count may lag: a zero that two scans do not agree on is no zero."""
    assert _statuses(scans_agreed=False)["consumed_is_zero"] == "failed"


def test_a_partner_s_subscription_declared_as_such_is_no_contradiction() -> None:
    """The declaration and the tenant agree that the partner cancels."""
    assert _statuses(partner_owned=True, purchase_channel="partner")["purchase_channel_declared"] == "passed"


def test_without_any_write_any_read_is_after_the_last_one() -> None:
    """A tenant that had nothing to do may be GO."""
    assert _statuses(last_write_at="")["verified_after_last_write"] == "passed"


def test_a_read_that_began_with_the_last_write_is_too_early() -> None:
    """Later means later, and a read without a time is no read."""
    same = {"read_began": OPEN.last_write_at}

    assert _statuses(**same)["verified_after_last_write"] == "failed"
    assert _statuses(read_began="")["verified_after_last_write"] == "failed"


def test_an_undeclared_add_on_outweighs_a_declared_one() -> None:
    """As long as one is unknown there is no answer; the names of the unknown ones are told."""
    gates = {
        g.id: g
        for g in all_gates(replace(OPEN, addons=["MCOEV", "MCOMEETADV"], declared_addons={"MCOEV": "traditional"}))
    }

    assert (gates["addons_declared"].status, gates["addons_declared"].detail) == (
        "not_checkable",
        "not declared as standalone or traditional: MCOMEETADV",
    )


def test_a_gate_tells_times_as_people_write_them() -> None:
    """Date, time and UTC; the files keep the exact moments elsewhere."""
    gates = {g.id: g for g in all_gates(OPEN)}

    told = "last change at 2026-03-02 12:00:00 UTC; this check began at 2026-03-02 12:05:00 UTC"
    assert told == gates["verified_after_last_write"].detail


def test_long_lists_of_names_are_cut() -> None:
    """Five names and the number of the others: a gate is one sentence."""
    gates = {g.id: g for g in all_gates(replace(OPEN, unlicensed=[f"u{n}" for n in range(8)]))}

    assert (
        gates["nobody_bare"].detail == "8 users have neither the old nor the new product: u0, u1, u2, u3, u4 and 3 more"
    )
