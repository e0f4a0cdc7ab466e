"""Plan, journal and two scans added up: outcomes, ledger, residual, incidents, verdict, advice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from worlds.job_world import (
    E3,
    E4,
    PRODUCTS,
    SKU,
    TO_E3,
    Drawn,
    Person,
    after,
    answered,
    draw,
    failed,
    group,
    holding,
    incidents,
    moved,
    moving,
    person,
    product,
    reconciled,
    sent,
    settled,
    snapshot,
    subscription,
)

from connectors.tenant import DeletedUser
from jobs.license_reassignment.commands.shared.after_verification import after_verification
from jobs.license_reassignment.model.standing import Entry
from jobs.license_reassignment.reconcile.findings import OUTCOMES, BySteps
from jobs.license_reassignment.reconcile.reconciliation import Reconciliation

GROUP = "aaaaaaaa-0000-4000-8000-000000000001"
ADA, BO, CY = (person(n, "ENTERPRISEWITHSCAL") for n in ("ada", "bo", "cy"))
PLAN = draw(snapshot(ADA, BO))


def _outcomes(found: Reconciliation) -> dict[str, tuple[str, str, str]]:
    users = found.users
    rows = zip(users["user_principal_name"], users["outcome"], users["reason"], users["sigil"], strict=True)
    return {name.partition("@")[0]: (outcome, reason, sigil) for name, outcome, reason, sigil in rows}


def _ledger(found: Reconciliation, sku: str) -> dict[str, int]:
    [row] = [r for r in found.ledger if r.sku_id == sku]
    return {
        k: getattr(row, k) for k in ("consumed_before", "gained", "lost", "foreign", "consumed_after", "unexplained")
    }


def test_everybody_moved_and_declared_is_go() -> None:
    """All gates open, the ledger explains every seat, and the advice is to cancel."""
    found = reconciled(PLAN, after(moved(PLAN, ADA), moved(PLAN, BO)), moving(PLAN, ADA, BO), declare=_declared())

    assert (found.verdict, found.exit_code, found.advice, failed(found)) == ("GO", 0, "cancel", set())
    assert _outcomes(found) == {"ada": ("moved", "", "="), "bo": ("moved", "", "=")}
    assert _ledger(found, E4) == _row(2, 0, 2, 0, 0)
    assert _ledger(found, E3) == _row(0, 2, 0, 0, 2)
    assert [(r.holders_before, r.holders_after) for r in found.ledger] == [(2, 0), (0, 2)]
    assert found.incidents == ()


def _declared(channel: str = "direct") -> dict[str, Any]:
    return {"by": "J. Doe", "purchase_channel": channel, "billing_agreement": "mca", "addons": {"MCOEV": "standalone"}}


def _row(before: int, gained: int, lost: int, foreign: int, now: int, unexplained: int = 0) -> dict[str, int]:
    return {
        "consumed_before": before,
        "gained": gained,
        "lost": lost,
        "foreign": foreign,
        "consumed_after": now,
        "unexplained": unexplained,
    }


E3_USER = replace(ADA, licenses=(holding("ENTERPRISEPACK"),))
BROKEN = replace(ADA, licenses=(holding("ENTERPRISEPACK", state="Error", error="CountViolation"),))
TO_E5 = replace(ADA, licenses=(holding("ENTERPRISEPREMIUM"),))
BOTH = replace(ADA, licenses=(holding("ENTERPRISEWITHSCAL"), holding("ENTERPRISEPACK")))
BARE = replace(ADA, licenses=())

# What the journal says of Ada, what the last read shows, and what is true of her then.
CASES: dict[str, tuple[list[Entry], Person | None, tuple[str, str, str]]] = {
    "moved": (moving(PLAN, ADA), E3_USER, ("moved", "", "=")),
    "moved though the answer was lost": ([sent(PLAN, ADA)], E3_USER, ("moved", "", "=")),
    "done by somebody else": ([], E3_USER, ("already_on_target", "", "=")),
    "found done before the write": ([settled(ADA, "already")], E3_USER, ("already_on_target", "", "=")),
    "not sent": ([], ADA, ("pending", "not_sent", "-")),
    "sent without effect": (
        [sent(PLAN, ADA), settled(ADA, "pending", "no_effect")],
        ADA,
        ("pending", "no_effect", "-"),
    ),
    "sent, and another state": ([sent(PLAN, ADA)], TO_E5, ("in_doubt", "unproven", "!")),
    "refused": (
        [sent(PLAN, ADA), answered(ADA, "refused", reason="conflict", message="they exclude each other")],
        ADA,
        ("refused", "conflict", "-"),
    ),
    "accepted and then in error": (moving(PLAN, ADA), BROKEN, ("refused", "accepted_then_error", "-")),
    "moved and taken back": (moving(PLAN, ADA), ADA, ("drifted", "move_undone", "-")),
    "moved and given back too": (moving(PLAN, ADA), BOTH, ("drifted", "move_undone", "+")),
    "changed by others": ([settled(ADA, "drifted", "changed_by_others")], TO_E5, ("drifted", "changed_by_others", "-")),
    "made bare by others": ([], BARE, ("drifted", "changed_by_others", "-")),
    "gone": (moving(PLAN, ADA), None, ("gone", "user_not_found", "!")),
}


@pytest.mark.parametrize("case", sorted(CASES))
def test_each_user_has_the_first_outcome_that_fits(case: str) -> None:
    """Judged on the last reads; the totals add up to the users in scope."""
    journal, then, expected = CASES[case]

    found = reconciled(PLAN, after(*filter(None, (then, BO))), journal)

    assert _outcomes(found)["ada"] == expected
    counted = [outcome for outcome, _, _ in _outcomes(found).values()]
    assert {o: getattr(found.totals, o) for o in OUTCOMES} == {o: counted.count(o) for o in OUTCOMES}
    assert found.totals.in_scope == sum(getattr(found.totals, o) for o in OUTCOMES) == 2


def test_the_cases_cover_every_outcome_but_those_of_holds_and_groups() -> None:
    """A held user and a group swap have tests of their own."""
    assert {outcome for _, _, (outcome, _, _) in CASES.values()} == set(OUTCOMES) - {"held", "moved_by_group"}


def test_a_held_user_is_held_as_long_as_nobody_changes_it() -> None:
    """A change by others is told as drift, a move by others as already on target."""
    guest = person("guest", "ENTERPRISEWITHSCAL", user_type="Guest")
    drawn = draw(snapshot(guest))

    assert _outcomes(reconciled(drawn, after(guest)))["guest"] == ("held", "guest", "=")
    assert _outcomes(reconciled(drawn, after(replace(guest, licenses=()))))["guest"] == (
        "drifted",
        "changed_by_others",
        "*",
    )
    assert _outcomes(reconciled(drawn, after(replace(guest, licenses=(holding("ENTERPRISEPACK"),)))))["guest"] == (
        "already_on_target",
        "",
        "=",
    )


def test_other_disabled_plans_than_intended_are_no_move() -> None:
    """The target is there, but a service that stays off is on: somebody changed it after us."""
    ada = person("ada", holding("ENTERPRISEWITHSCAL", "SWAY"))
    drawn = draw(snapshot(ada))

    found = reconciled(drawn, after(replace(ada, licenses=(holding("ENTERPRISEPACK"),))), moving(drawn, ada))

    assert _outcomes(found)["ada"] == ("drifted", "move_undone", "*")


def test_a_user_in_deleted_items_is_gone_and_holds_nothing() -> None:
    """Soft deletion frees the seat; the licenses it names come back with a restore, so the gate is shut."""
    deleted = [DeletedUser(ADA.id, ADA.upn, (E4,), "2026-03-02T12:30:00Z")]

    found = reconciled(PLAN, after(moved(PLAN, BO), deleted=deleted), moving(PLAN, BO))

    assert _outcomes(found)["ada"] == ("gone", "user_not_found", "!")
    assert (found.residual.soft_deleted, found.residual.users_direct) == (1, 0)
    assert "no_soft_deleted_holders" in failed(found)
    assert _ledger(found, E4) == _row(2, 0, 1, -1, 0)


@pytest.mark.parametrize(
    ("then", "foreign"),
    [
        ((BO, person("eve", "ENTERPRISEPACK")), 1),
        ((BO, person("eve", "ENTERPRISEPACK"), person("fay", "ENTERPRISEPACK")), 2),
    ],
)
def test_seats_that_others_took_are_foreign_and_named(then: Sequence[Person], foreign: int) -> None:
    """Counted from the scans, not as what is left over; they do not spoil the books."""
    found = reconciled(PLAN, after(E3_USER, *then), moving(PLAN, ADA))

    assert _ledger(found, E3) == _row(0, 1, 0, foreign, 1 + foreign)
    assert ("foreign_change", "eve", False) in incidents(found)
    assert "books_balance" not in failed(found)


def test_seats_that_others_freed_are_foreign_too() -> None:
    """A user of the target who was not ours left: minus one, by name."""
    eve = person("eve", "ENTERPRISEPACK")
    drawn = draw(snapshot(ADA, eve))

    found = reconciled(drawn, after(E3_USER), moving(drawn, ADA))

    assert _ledger(found, E3) == _row(1, 1, 0, -1, 1)
    assert [(i.subject, i.detail) for i in found.incidents] == [(eve.upn, "lost ENTERPRISEPACK, not by reseat")]


def test_foreign_changes_both_ways_cancel_in_the_sum_and_not_in_the_names() -> None:
    """Net 0 is still two incidents."""
    eve, fay = person("eve", "ENTERPRISEPACK"), person("fay", "ENTERPRISEPACK")
    drawn = draw(snapshot(ADA, eve))

    found = reconciled(drawn, after(E3_USER, fay), moving(drawn, ADA))

    assert _ledger(found, E3) == _row(1, 1, 0, 0, 2)
    assert incidents(found) == [("foreign_change", "eve", False), ("foreign_change", "fay", False)]


def test_a_move_that_others_undid_is_ours_and_theirs() -> None:
    """We gained and lost; they gained and lost the other way round; nothing is unexplained."""
    found = reconciled(PLAN, after(ADA, moved(PLAN, BO)), moving(PLAN, ADA, BO))

    assert _ledger(found, E3) == _row(0, 2, 0, -1, 1)
    assert _ledger(found, E4) == _row(2, 0, 2, 1, 1)
    assert incidents(found) == [("foreign_change", "ada", False), ("foreign_change", "ada", False)]
    assert {i.detail for i in found.incidents} == {
        "gained ENTERPRISEWITHSCAL, not by reseat (outcome: changed outside this run)",
        "lost ENTERPRISEPACK, not by reseat (outcome: changed outside this run)",
    }


def test_one_seat_that_nobody_explains_shuts_the_books() -> None:
    """Graph counts one more than the scans show; it is never folded into `foreign`."""
    then = after(moved(PLAN, ADA), moved(PLAN, BO), offset={E3: 1})

    found = reconciled(PLAN, then, moving(PLAN, ADA, BO), declare=_declared())

    assert _ledger(found, E3) == _row(0, 2, 0, 0, 3, unexplained=1)
    assert (failed(found), found.verdict, found.exit_code) == ({"books_balance"}, "NO-GO", 3)


def test_who_still_holds_the_source_is_counted_once_each() -> None:
    """Direct (also when inherited as well), only through groups, outside the plan; groups and deleted users apart."""
    both = person("both", "ENTERPRISEWITHSCAL", holding("ENTERPRISEWITHSCAL", group=GROUP))
    grouped = person("grouped", holding("ENTERPRISEWITHSCAL", group=GROUP))
    late = person("late", "ENTERPRISEWITHSCAL")
    drawn = draw(snapshot(ADA, both, grouped))
    then = after(
        E3_USER,
        both,
        grouped,
        late,
        groups=[group(GROUP, both, grouped, licenses=["ENTERPRISEWITHSCAL"]), group("b" * 8, licenses=["VISIOCLIENT"])],
        deleted=[DeletedUser(BO.id, BO.upn, (E4,)), DeletedUser(CY.id, CY.upn, (E3,))],
    )

    found = reconciled(drawn, then, moving(drawn, ADA))

    assert {f"group ID {'a' * 8}"} == {a.detail[:17] for a in found.actions if a.reason == "group_carries_source"}
    left = found.residual
    assert (left.users_direct, left.users_inherited, left.groups, left.soft_deleted, left.out_of_scope) == (
        2,
        1,
        1,
        1,
        1,
    )
    assert {(h.name.partition("@")[0], h.how, h.in_plan) for h in found.residual_holders} == {
        ("both", "both", True),
        ("grouped", "inherited", True),
        ("late", "direct", False),
        ("group aaaa", "group", False),
        ("bo", "soft_deleted", False),
    }


def test_people_left_by_choice_make_it_a_reduction() -> None:
    """NO-GO for the cancellation, and the number of seats that stay."""
    toml = '[[swap]]\nto = "leave"\nwhere = { department = ["Plant"] }\n' + TO_E3
    plant = person("bo", "ENTERPRISEWITHSCAL", department="Plant")
    drawn = draw(snapshot(ADA, plant), toml)

    found = reconciled(drawn, after(E3_USER, plant), moving(drawn, ADA), declare=_declared())

    assert (found.verdict, found.exit_code, found.advice) == ("NO-GO", 3, "reduce seats to 1")
    assert failed(found) == {"no_direct_holders", "consumed_is_zero"}
    assert found.held_by_reason == {"left_by_choice": 1}
    assert "reduce it to as many seats as it has users" in {g.id: g for g in found.gates}["no_direct_holders"].remedy
    assert after_verification(found, drawn.plan.header) == (
        ("Next", "reduce seats to 1 in the old subscription, which its users keep by choice"),
    )


def test_with_anybody_else_left_the_gate_asks_for_a_new_plan() -> None:
    """One stays by choice, and another is held for a reason that can be mended."""
    toml = '[[swap]]\nto = "leave"\nwhere = { department = ["Plant"] }\n' + TO_E3
    plant, homeless = (
        person("bo", "ENTERPRISEWITHSCAL", department="Plant"),
        person("cy", "ENTERPRISEWITHSCAL", usage_location=""),
    )
    drawn = draw(snapshot(plant, homeless), toml)

    found = reconciled(drawn, after(plant, homeless), [], declare=_declared())

    assert "do what actions.csv says" in {g.id: g for g in found.gates}["no_direct_holders"].remedy
    assert after_verification(found, drawn.plan.header)[0] == ("Next", "work through actions.csv")


def test_what_is_left_to_do_stands_by_reason_and_name_with_its_detail() -> None:
    """Who is held through a group has the group beside the name; the gates come last, with what was found."""
    grouped = [person(n, holding("ENTERPRISEWITHSCAL", group=GROUP)) for n in ("cy", "al")]
    drawn = draw(snapshot(ADA, *grouped))
    found = reconciled(drawn, after(ADA, *grouped), [], declare=_declared())
    people = [a for a in found.actions if a.kind != "gate"]

    assert [(a.reason.partition(":")[0], a.subject.partition("@")[0], GROUP[:8] in a.detail) for a in people] == [
        ("inherited", "al", True),
        ("inherited", "cy", True),
        ("not_sent", "ada", False),
    ]
    gates = found.actions[len(people) :]
    assert {a.reason for a in gates} == failed(found)
    assert all(a.detail for a in gates)


def test_with_work_left_to_do_everything_is_kept() -> None:
    """A pending change may still go through: no seat is given away."""
    found = reconciled(PLAN, after(E3_USER, BO), moving(PLAN, ADA), declare=_declared())

    assert (found.advice, found.totals.pending) == ("keep", 1)
    assert failed(found) == {"no_direct_holders", "consumed_is_zero", "nothing_pending"}


def test_each_purchase_of_the_source_has_its_own_verdict() -> None:
    """Sources first; what is no source says so."""
    subscriptions = [subscription("ENTERPRISEPACK"), subscription("ENTERPRISEWITHSCAL", 5, status="Suspended")]
    then = after(moved(PLAN, ADA), moved(PLAN, BO), subscriptions=subscriptions)

    found = reconciled(PLAN, then, moving(PLAN, ADA, BO), declare=_declared())

    assert [(s.sku_part_number, s.status, s.total_licenses, s.verdict) for s in found.subscriptions] == [
        ("ENTERPRISEWITHSCAL", "Suspended", 5, "cancel"),
        ("ENTERPRISEPACK", "Enabled", 10, "not a source"),
    ]


def test_another_edition_of_the_source_with_seats_shuts_its_gate() -> None:
    """`E4 is gone` would be untrue while E4 without Teams has holders."""
    catalogue = [product(p) for p in PRODUCTS]
    cousin = replace(
        product("ENTERPRISEWITHSCAL"), sku_id=SKU["POWER_BI_PRO"], part_number="ENTERPRISEWITHSCAL_FACULTY"
    )
    unused = replace(cousin, enabled=0)

    def shut(*more: Any) -> bool:
        then = after(moved(PLAN, ADA), moved(PLAN, BO), skus=[*catalogue, *more])
        return "source_family_clear" in failed(reconciled(PLAN, then, moving(PLAN, ADA, BO)))

    assert (shut(), shut(unused), shut(cousin)) == (False, False, True)


def test_the_last_subscription_with_data_is_not_for_cancelling() -> None:
    """Nothing else in the tenant carries Exchange or SharePoint."""
    skus = [product("ENTERPRISEWITHSCAL"), product("ENTERPRISEPACK", capability_status="Suspended"), product("MCOEV")]

    found = reconciled(PLAN, after(moved(PLAN, ADA), moved(PLAN, BO), skus=skus), moving(PLAN, ADA, BO))

    assert "not_last_data_subscription" in failed(found)


def test_a_target_that_is_no_longer_ready_shuts_its_gate() -> None:
    """Enabled when the plan was made, suspended since."""
    skus = [product("ENTERPRISEWITHSCAL"), product("ENTERPRISEPACK", capability_status="Warning")]

    found = reconciled(PLAN, after(moved(PLAN, ADA), moved(PLAN, BO), skus=skus), moving(PLAN, ADA, BO))

    assert "targets_ready" in failed(found)


def test_what_could_not_be_read_is_told_twice() -> None:
    """As a gate without an answer, and among what was not checked."""
    found = reconciled(PLAN, after(moved(PLAN, ADA), moved(PLAN, BO), unread=("deleted_users",)), moving(PLAN, ADA, BO))

    assert [g.status for g in found.gates if g.id == "no_soft_deleted_holders"] == ["not_checkable"]
    assert "deleted_users: could not be read." in found.not_checked


def test_a_verification_that_says_nothing_about_its_scans_proves_nothing() -> None:
    """Evidence from which the agreement was taken out opens no gate."""
    then = after(moved(PLAN, ADA), moved(PLAN, BO))

    found = reconciled(PLAN, then, moving(PLAN, ADA, BO), declare=_declared(), scans_agreed=None)

    assert (failed(found), found.verdict) == ({"consumed_is_zero"}, "NO-GO")


def test_traffic_and_times_are_summed_over_the_sessions() -> None:
    """Two sessions of apply and one verification."""
    journal = [
        Entry("start", "2026-03-02T12:00:00.000Z", {"app_id": "app", "operator": "jo", "host": "here"}),
        *moving(PLAN, ADA),
        Entry("end", "2026-03-02T12:10:30.000Z", {"traffic": _traffic(10)}),
        Entry("start", "2026-03-02T12:20:00.000Z", {"app_id": "app 2", "operator": "di", "host": "there"}),
        Entry("end", "2026-03-02T12:20:30.000Z", {"traffic": _traffic(5)}),
    ]

    seen = {"app_id": "verifier", "verified_at": "2026-03-02T13:00:00.000Z", "traffic": _traffic(1)}
    found = reconciled(PLAN, after(E3_USER, BO), journal, **seen)

    assert (found.requests.http, found.requests.writes, found.requests.waited_seconds) == (16, 1, 16.0)
    assert (found.timing.started_at, found.timing.finished_at) == (journal[0].at, journal[-1].at)
    assert (found.timing.apply_seconds, found.timing.users_per_second) == (660.0, round(1 / 660, 3))
    assert (found.run.planned_by, found.run.applied_by, found.run.verified_by) == ("", "app 2", "verifier")
    assert (found.run.operator, found.run.host) == (BySteps("", "di", ""), BySteps("", "there", ""))
    assert ("purchase_channel", "direct", "J. Doe") in found.run.declared


def _traffic(count: int) -> dict[str, float]:
    return {"http": count, "batches": count, "writes": count, "throttled": count, "waited_seconds": count}


def test_without_any_write_there_is_no_time_of_applying() -> None:
    """Empty texts and zeros, not an invented hour."""
    found = reconciled(PLAN, after(ADA, BO))

    assert (found.timing.started_at, found.timing.finished_at, found.timing.apply_seconds) == ("", "", 0.0)


def _drawn_with_roster() -> Drawn:
    return draw(snapshot(ADA, BO), TO_E3, f"UPN,Cost center,target\n{ADA.upn},=1+1,\nnobody@contoso.example,x,\n")


def test_roster_rows_are_used_or_rejected() -> None:
    """A rejected row is no user: it is counted apart."""
    drawn = _drawn_with_roster()

    found = reconciled(drawn, after(E3_USER, BO), moving(drawn, ADA))

    assert (found.totals.roster_rows, found.totals.rejected_rows, found.totals.in_scope) == (2, 1, 2)


def test_users_are_told_with_their_department_and_country_of_the_snapshot() -> None:
    """As the rules saw them; a usage location that the plan set counts, and a roster's own column has its own name."""
    ada = replace(ADA, columns={"department": "Legal", "usage_location": "be"})
    drawn = draw(snapshot(ada, BO), TO_E3, f"UPN,Department\n{ada.upn},wished\n")
    now = replace(E3_USER, columns={"department": "moved on", "usage_location": "DE"})

    users = reconciled(drawn, after(now, BO), moving(drawn, ada)).users.set_index("user_principal_name")

    columns = ["entra_department", "entra_usage_location", "Department"]
    assert users.loc[ada.upn, columns].tolist() == ["Legal", "BE", "wished"]


def test_the_roster_s_own_columns_stand_after_ours() -> None:
    """Kept and carried into the per-user table, as they were written."""
    drawn = _drawn_with_roster()

    users = reconciled(drawn, after(E3_USER, BO), moving(drawn, ADA)).users

    assert list(users.columns)[-1] == "Cost center"
    assert dict(zip(users["user_principal_name"], users["Cost center"], strict=True)) == {ADA.upn: "=1+1", BO.upn: ""}
