"""Findings for the renderers' tests: values only, each made the same way every time."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pandas as pd

from connectors.catalog.products import load_catalog
from connectors.tenant import Names, ReadRecord
from jobs.license_reassignment.model.columns import USERS_COLUMNS
from jobs.license_reassignment.reconcile.findings import (
    OUTCOMES,
    Action,
    BySteps,
    Gate,
    GroupMembers,
    GroupResult,
    Incident,
    LedgerRow,
    Requests,
    Residual,
    ResidualHolder,
    Run,
    SubscriptionRow,
    Timing,
    Totals,
)
from jobs.license_reassignment.reconcile.reconciliation import Reconciliation

E4, E5, M3 = (f"{digit * 8}-0000-4000-8000-000000000000" for digit in "456")
TENANT = "11111111-2222-4333-8444-555555555555"
HEAD = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
GATE_IDS = (
    "no_direct_holders",
    "no_inherited_holders",
    "no_group_carries_source",
    "no_soft_deleted_holders",
    "source_family_clear",
    "consumed_is_zero",
    "no_in_doubt",
    "nothing_pending",
    "targets_ready",
    "nobody_bare",
    "nothing_lost_unaccepted",
    "books_balance",
    "addons_declared",
    "not_last_data_subscription",
    "purchase_channel_declared",
    "verified_after_last_write",
)
HOLD_REASONS = (
    "no_usage_location",
    "protected",
    "lost_service",
    "no_seat",
    "inherited",
    "left_by_choice",
)
REMEDIES = {
    "no_usage_location": "Set the usage location of the user, or give it in the roster with write_from_roster = true.",
    "protected": "Take the name out of [scope] protected, or move the account by hand.",
    "lost_service": "Choose a target that keeps the service, or accept the loss with lost_services = accept.",
    "no_seat": "Buy seats of the target product, then plan again.",
    "inherited": "Swap the license on the group, or take the user out of it.",
    "left_by_choice": "Keep a subscription of the old product with a seat for each of them.",
    "conflict": "Two service plans exclude each other: remove the add-on that carries the other one.",
}
DEPARTMENTS = ("", *(f"Afdeling {letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUV"))
COUNTRIES = ("NL", "NL", "NL", "BE", "DE", "US", "")
FIRST = ("Ada", "Björn", "Chloé", "Daan", "Élise", "Fatima", "Grzegorz", "Hanneke", "İpek", "Jürgen", "Karin", "Łukasz")
LAST = ("de Vries", "Jansen", "van den Berg", "Kowalska", "Dubois", "Öztürk", "Müller", "Bakker", "O'Neill", "Smit")


def user(number: int, outcome: str = "moved", **cells: str) -> dict[str, str]:
    """Return one row of users.csv."""
    first, last = FIRST[number % len(FIRST)], LAST[number // len(FIRST) % len(LAST)]
    fine = outcome in {"moved", "moved_by_group", "already_on_target"}
    held = HOLD_REASONS[number % len(HOLD_REASONS)] if outcome == "held" else ""
    reason = held or ("conflict" if outcome == "refused" else "")
    target = "ENTERPRISEPREMIUM" if number % 5 == 0 else "SPE_E3+MCOEV" if number % 5 == 1 else "SPE_E3"
    row = dict.fromkeys(USERS_COLUMNS, "") | {
        "id": f"{number:08x}-1111-4222-8333-{number * 2654435761 % 2**48:012x}",
        "user_principal_name": f"user{number:05d}@contoso.example",
        "outcome": outcome,
        "reason": reason,
        "rule": "voice users" if number % 5 == 0 else "everyone else",
        "before_skus": "ENTERPRISEWITHSCAL" if outcome != "already_on_target" else target,
        "target_skus": target,
        "after_skus": target if fine else "ENTERPRISEWITHSCAL" if outcome != "gone" else "",
        "plans_kept_off": "YAMMER_ENTERPRISE" if number % 7 == 0 else "",
        "plans_new_on": "INTUNE_A+AAD_PREMIUM" if fine else "",
        "sigil": "=" if fine else "-",
        "applied_at": f"2026-11-21T{20 + number // 3600 % 4:02d}:{number // 60 % 60:02d}:{number % 60:02d}Z"
        if outcome in {"moved", "refused"}
        else "",
        "request_id": f"{number * 40503 % 2**32:08x}-aaaa-4bbb-8ccc-{number:012x}" if outcome == "moved" else "",
        "wave": "pilot" if number < 50 else "all",
        "display_name": f"{first} {last}",
        "detail": "Licensing NL" if reason == "inherited" else "",
        "remedy": REMEDIES.get(reason, ""),
        "entra_department": DEPARTMENTS[number * number % 23],
        "entra_usage_location": COUNTRIES[number % 7],
    }
    return row | cells


def _outcome(number: int) -> str:
    if number % 10 != 3:
        return "moved" if number % 10 else "already_on_target"
    return ("held", "held", "held", "refused", "drifted", "gone", "in_doubt", "pending", "held")[number // 10 % 9]


def finding(rows: list[dict[str, str]], **changes: Any) -> Reconciliation:
    """Return a finding whose totals are counted from its rows; NO-GO as soon as one row is not fine."""
    count = {outcome: sum(row["outcome"] == outcome for row in rows) for outcome in OUTCOMES}
    left = [row for row in rows if row["outcome"] not in {"moved", "moved_by_group", "already_on_target", "gone"}]
    held = Counter(row["reason"] for row in rows if row["outcome"] == "held")
    go = not left
    gone_from_e4 = count["moved"] + count["moved_by_group"]
    value = Reconciliation(
        plan_id="p1f2e3d4c5b6a",
        tenant_id=TENANT,
        tenant_name="Contoso Nederland B.V.",
        verdict="GO" if go else "NO-GO",
        exit_code=0 if go else 3,
        gates=_gates(len(left)),
        totals=Totals(in_scope=len(rows), rejected_rows=0 if go else 2, roster_rows=len(rows), **count),
        ledger=(
            LedgerRow(
                E4,
                "ENTERPRISEWITHSCAL",
                len(rows),
                len(rows),
                0,
                gone_from_e4,
                0,
                len(rows) - gone_from_e4,
                0,
                len(rows),
                len(left),
            ),
            LedgerRow(
                E5, "ENTERPRISEPREMIUM", len(rows) // 4, 12, len(rows) // 6, 0, 1, 13 + len(rows) // 6, 0, 12, 13
            ),
            LedgerRow(M3, "SPE_E3", len(rows), 0, gone_from_e4, 0, 2, gone_from_e4 + 2, 0, 0, gone_from_e4 + 2),
        ),
        residual=Residual(max(len(left) - 1, 0), min(len(left), 1), 0, 0, 0),
        residual_holders=tuple(
            ResidualHolder(
                row["id"], row["user_principal_name"], "direct" if at else "inherited", "ENTERPRISEWITHSCAL", True
            )
            for at, row in enumerate(left)
        ),
        subscriptions=(
            SubscriptionRow(
                "a1b2c3d4-0000-4000-8000-0000000000e4",
                E4,
                "ENTERPRISEWITHSCAL",
                "Enabled",
                len(rows),
                "2026-12-31T00:00:00Z",
                "cancel" if go else "keep",
            ),
            SubscriptionRow(
                "a1b2c3d4-0000-4000-8000-0000000000e5",
                E5,
                "ENTERPRISEPREMIUM",
                "Enabled",
                len(rows) // 4,
                "2027-06-30T00:00:00Z",
                "not a source",
            ),
        ),
        advice="cancel" if go else f"reduce seats to {len(left)}",
        advice_reason="Nobody holds it." if go else f"{len(left)} seats of it are in use.",
        incidents=()
        if go
        else (
            Incident(
                "foreign_change",
                "user00042@contoso.example",
                "Office 365 E5 was added by somebody else during the run.",
            ),
        ),
        requests=Requests(len(rows) // 7 + 12, len(rows) // 20 + 1, gone_from_e4, 3, 41.5),
        timing=Timing("2026-11-21T20:00:04Z", "2026-11-21T20:58:12Z", 3488.0, 14.3, "2026-11-22T06:01:00Z"),
        run=Run(
            "0.1.0",
            "0c0c0c0c-1111-4222-8333-444444444444",
            "0d0d0d0d-1111-4222-8333-444444444444",
            "0e0e0e0e-1111-4222-8333-444444444444",
            BySteps("p.devries", "j.smit", "j.smit"),
            BySteps("laptop-3", "ops-07", "ops-07"),
            "c" * 64,
            "d" * 64,
            (("purchase_channel", "direct", "CHG-1042"), ("billing_agreement", "mca", "CHG-1042")),
        ),
        sources=("ENTERPRISEWITHSCAL",),
        targets=("ENTERPRISEPREMIUM", "SPE_E3"),
        held_by_reason=held,
        remedies=REMEDIES,
        actions=tuple(
            Action(
                row["outcome"],
                row["reason"] or row["outcome"],
                row["user_principal_name"],
                row["remedy"],
                row["user_principal_name"],
                row["id"],
                detail=row["detail"],
            )
            for row in left
        ),
        not_checked=(
            "Whether voice works for the moved users: make test calls with three of them.",
            "Microsoft's audit log was not exported: the optional permission AuditLog.Read.All is not granted.",
        ),
        reads_before=(ReadRecord("GET /subscribedSkus", "2026-11-21T19:40:00Z", "2026-11-21T19:40:01Z", 3),),
        reads=(
            ReadRecord(
                f"GET /users?$filter=assignedLicenses/any(l:l/skuId eq {E4})&$select=id,licenseAssignmentStates",
                "2026-11-22T06:00:00Z",
                "2026-11-22T06:00:31Z",
                len(left),
            ),
            ReadRecord("GET /subscribedSkus", "2026-11-22T06:00:31Z", "2026-11-22T06:00:32Z", 3),
        ),
        journal_head=(2 * (len(rows) // 20 + 1) + 2, HEAD),
        names=Names(
            skus={
                E4: "Office 365 E4",
                E5: "Office 365 E5",
                M3: "Microsoft 365 E3",
                "MCOEV": "Microsoft Teams Phone Standard",
            },
            plans={
                "YAMMER_ENTERPRISE": "Viva Engage Core",
                "INTUNE_A": "Microsoft Intune",
                "AAD_PREMIUM": "Microsoft Entra ID P1",
            },
            services=load_catalog().names.services,
        ),
        users=pd.DataFrame(rows, columns=[*USERS_COLUMNS, *_extra_columns(rows)], dtype="string[pyarrow]"),
        notes=("The scan began 60 s after the last write.",),
    )
    return replace(value, **changes)


def _extra_columns(rows: list[dict[str, str]]) -> list[str]:
    return [name for name in (rows[0] if rows else {}) if name not in USERS_COLUMNS]


def _gates(left: int) -> tuple[Gate, ...]:
    failing = {
        "no_direct_holders": Gate(
            "no_direct_holders",
            "failed",
            f"{left} users hold Office 365 E4 directly.",
            "Settle the rows of actions.csv, then plan again.",
        ),
        "consumed_is_zero": Gate(
            "consumed_is_zero", "failed", f"Graph counts {left} used seats.", "Follows from the holders above."
        ),
        "addons_declared": Gate(
            "addons_declared",
            "not_checkable",
            "Graph does not tell whether SHAREPOINTSTORAGE is bound.",
            "Declare it in [declare] addons.",
        ),
    }
    passed = {gate: Gate(gate, "passed", "As it should be.") for gate in GATE_IDS}
    return tuple((passed | failing if left else passed)[gate] for gate in GATE_IDS)


def go(users: int = 3) -> Reconciliation:
    """Return a GO over so many users, all moved."""
    return finding([user(number) for number in range(users)])


def no_go(users: int = 200) -> Reconciliation:
    """Return a NO-GO with every outcome among its users, where there are enough of them."""
    return finding([user(number, _outcome(number)) for number in range(users)])


def group_result(number: int, **changes: Any) -> GroupResult:
    """Return a group that was swapped, and settled with all of its members."""
    plain = GroupResult(
        id=f"11ce0000-e4e4-4000-8000-{number:012d}",
        name=f"Licensing {LAST[number % len(LAST)]}",
        decision="swap",
        state="settled",
        reason="",
        why=(),
        targets=("SPE_E3",),
        wave="all",
        at="2026-11-21T20:40:00Z",
        request_id="62a32b78-4d6f-478b-8784-9171b01f5957",
        processing_state="ProcessingComplete",
        carries_source=False,
        members=GroupMembers(12, moved=12),
    )
    return replace(plain, **changes)


def with_groups() -> Reconciliation:
    """Return a NO-GO of sixty users and its groups: settled, in part, at work, changed by others, held, not named."""
    moved = group_result(0)
    failing = {"reason": "member_error", "via_groups": moved.id, "detail": "CountViolation"}
    rows = [*(user(n, "refused", **failing) for n in range(3)), *(user(n) for n in range(3, 60))]
    rows[4] |= {"outcome": "moved_by_group", "via_groups": moved.id}
    found = finding(rows)
    in_part = GroupMembers(6, moved=3, in_error=3, errors={"CountViolation": 3})
    groups = (
        replace(moved, reason="member_error", members=in_part),
        group_result(1, state="processing", reason="group_processing", members=GroupMembers(4, still_old=4)),
        group_result(2, state="drifted", reason="group_drifted", why=("Eve: in the group, and not in the plan",)),
        group_result(3, decision="hold", state="", reason="member_held", carries_source=True, members=GroupMembers(9)),
        group_result(4, decision="left", state="", carries_source=True, targets=(), members=GroupMembers(2)),
        *(group_result(number) for number in range(5, 16)),
    )
    errors = tuple(replace(a, reason="member_error: Error CountViolation") for a in found.actions if a.kind != "gate")
    return replace(found, groups=groups, actions=errors)
