"""What went wrong for somebody: told as an incident, and as harm (exit 5) only where a request of ours did it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from worlds.job_world import (
    E5,
    TO_E3,
    after,
    answered,
    draw,
    failed,
    holding,
    incidents,
    moved,
    moving,
    person,
    product,
    reconciled,
    sent,
    snapshot,
)

from jobs.license_reassignment.model.standing import Entry
from jobs.license_reassignment.reconcile.since_last import LastVerification

ADA, BO = (person(n, "ENTERPRISEWITHSCAL") for n in ("ada", "bo"))
PLAN = draw(snapshot(ADA, BO))
E3_USER = replace(ADA, licenses=(holding("ENTERPRISEPACK"),))
TO_E5 = replace(ADA, licenses=(holding("ENTERPRISEPREMIUM"),))
BARE = replace(ADA, licenses=())


def test_a_user_left_bare_by_our_write_is_harm() -> None:
    """Exit 5, first among the incidents, and the gate is shut."""
    found = reconciled(PLAN, after(BARE, moved(PLAN, BO)), moving(PLAN, ADA, BO))

    assert incidents(found)[0] == ("bare_user", "ada", True)
    assert (found.exit_code, found.verdict) == (5, "NO-GO")
    assert "nobody_bare" in failed(found)


def test_a_user_left_bare_by_others_is_told_and_is_no_harm_of_ours() -> None:
    """No request of ours was sent: exit 3, and the gate is shut all the same."""
    found = reconciled(PLAN, after(BARE, moved(PLAN, BO)), moving(PLAN, BO))

    assert ("bare_user", "ada", False) in incidents(found)
    assert (found.exit_code, "nobody_bare" in failed(found)) == (3, True)


@pytest.mark.parametrize("asked", [True, False])
@pytest.mark.parametrize(("state", "bare"), [("Error", True), ("Disabled", True), ("ActiveWithError", False)])
def test_a_target_in_error_is_nothing_to_live_on(state: str, bare: bool, asked: bool) -> None:
    """Graph accepted our change and gives no license: harm, except in evidence of before it was asked what still works.

    Where it was not read what still works of a license in error, nothing is proven, and the gate is shut all the same.
    """
    then = replace(ADA, licenses=(holding("ENTERPRISEPACK", state=state, error="CountViolation"),))

    found = reconciled(PLAN, after(then, BO), moving(PLAN, ADA), details={} if asked else None)

    gate, kind = ("nobody_bare", "bare_user") if bare else ("nothing_lost_unaccepted", "lost_service")
    assert (kind, "ada", bare and asked) in incidents(found)
    assert (gate in failed(found), found.exit_code) == (True, 5 if bare and asked else 3)


def test_a_request_that_the_plan_does_not_hold_is_harm() -> None:
    """Another target than decided, whatever became of it: exit 5."""
    intent = sent(PLAN, ADA)
    item = {**intent.body["items"][0], "add": [{"skuId": E5, "disabledPlans": []}]}
    journal = [Entry("intent", intent.at, {"batch": 1, "items": [item]}), answered(ADA)]

    found = reconciled(PLAN, after(TO_E5, BO), journal)

    assert ("beyond_plan", ADA.id, True) in incidents(found)
    assert found.exit_code == 5


def test_a_service_that_our_change_took_without_consent_is_harm() -> None:
    """Judged on what the user held before and what we sent, should a plan ever have let it through."""
    skus = [product("ENTERPRISEWITHSCAL"), product("STANDARDPACK"), product("ENTERPRISEPACK")]
    toml = TO_E3.replace("ENTERPRISEPACK", "STANDARDPACK")
    accepted = draw(snapshot(ADA, skus=skus), toml + '[plans]\nlost_services = "accept"\n')
    journal, then = moving(accepted, ADA), after(moved(accepted, ADA), skus=skus)
    frozen = {**accepted.plan.header.frozen, "plans": {"lost_services": "hold"}}
    held = replace(accepted.plan, header=replace(accepted.plan.header, frozen=frozen))
    unaccepted = replace(accepted, made=replace(accepted.made, plan=held))

    fine, harm = reconciled(accepted, then, journal), reconciled(unaccepted, then, journal)

    assert "nothing_lost_unaccepted" not in failed(fine)
    assert incidents(harm) == [("lost_service", "ada", True)]
    assert (harm.exit_code, "nothing_lost_unaccepted" in failed(harm)) == (5, True)


def test_other_licenses_of_a_user_are_compared() -> None:
    """Lost, got, and other plans switched off: each is told, none is ours."""
    ada = person("ada", "ENTERPRISEWITHSCAL", "VISIOCLIENT")
    drawn = draw(snapshot(ada))
    target = moved(drawn, ada)

    def change(*licenses: Any) -> list[str]:
        then = replace(target, licenses=(holding("ENTERPRISEPACK"), *licenses))
        return [i.detail for i in reconciled(drawn, after(then), moving(drawn, ada)).incidents]

    assert change(holding("VISIOCLIENT")) == []
    assert change() == ["lost VISIOCLIENT, not by reseat"]
    assert change(holding("VISIOCLIENT"), holding("MCOEV")) == ["gained MCOEV, not by reseat"]
    assert change(holding("VISIOCLIENT", "VISIOONLINE")) == ["services changed in VISIOCLIENT, not by reseat"]


def test_an_address_that_changed_is_told() -> None:
    """A license change can bring another primary address; mail would go elsewhere."""
    then = replace(E3_USER, columns={"mail": "ada@contoso.onmicrosoft.com"})

    found = reconciled(PLAN, after(then, BO), moving(PLAN, ADA))

    assert [(i.kind, i.subject, i.harm) for i in found.incidents] == [("address_changed", ADA.upn, False)]


def test_a_user_who_was_found_moved_before_is_bare_by_somebody_else() -> None:
    """An earlier verification proved the move, so what took the license since was not our request: exit 3."""
    proven = LastVerification("2026-03-02T13:00:00Z", "GO", {}, {}, {}, frozenset({ADA.id}))

    found = reconciled(PLAN, after(BARE, moved(PLAN, BO)), moving(PLAN, ADA, BO), last=proven)

    assert ("bare_user", "ada", False) in incidents(found)
    assert (found.exit_code, "nobody_bare" in failed(found)) == (3, True)
    assert any(
        "an earlier verification found the user moved" in i.detail for i in found.incidents if i.kind == "bare_user"
    )
