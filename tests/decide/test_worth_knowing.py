"""What a plan tells beside its decisions: nothing of it holds anybody."""

from __future__ import annotations

from dataclasses import replace

from worlds.job_world import TO_E3, draw, group, holding, person, plan_id, product, snapshot

from jobs.license_reassignment.decide.remarks import SENTENCES, sentence_of
from jobs.license_reassignment.decide.worth_knowing import worth_knowing
from jobs.license_reassignment.model.plan_header import PlanHeader

E4 = "ENTERPRISEWITHSCAL"
TO_E5 = TO_E3.replace("ENTERPRISEPACK", "ENTERPRISEPREMIUM")
ADA = person("ada", E4)


def _remarks(header: PlanHeader) -> dict[str, int]:
    return {r.remark: r.users for r in header.remarks or ()}


RULE = 'user.assignedPlans -any (assignedPlan.servicePlanId -eq "{}" -and assignedPlan.capabilityStatus -eq "Enabled")'


def test_a_resource_account_is_named_whether_it_moves_or_not() -> None:
    """It holds the free license that only call queues and auto attendants have."""
    virtual = replace(product("VISIOCLIENT"), part_number="PHONESYSTEM_VIRTUALUSER")
    queue = person("queue", E4, "VISIOCLIENT")
    held = person("attendant", E4, "VISIOCLIENT", usage_location="")
    skus = [product(E4), product("ENTERPRISEPACK"), virtual]

    drawn = draw(snapshot(queue, held, ADA, skus=skus))

    assert 2 == _remarks(drawn.plan.header)["resource_account"]
    assert ("hold", "resource_account") == (drawn.row(held)["kind"], drawn.row(held)["remarks"])


def test_a_user_with_several_remarks_counts_for_each() -> None:
    """They stand in one cell, in the order in which they were found."""
    off = person("off", E4, account_enabled="no")

    drawn = draw(snapshot(ADA, off))

    assert "voice_ends; disabled_account_moves" == drawn.row(off)["remarks"]
    assert {"voice_ends": 2, "disabled_account_moves": 1} == _remarks(drawn.plan.header)


def test_what_is_kept_beside_the_target_is_counted_by_its_cover() -> None:
    """Covered by E5, never covered, and covered only while it is on there: without Teams, E5's Teams Phone is off."""
    people = [
        person("a", E4, "MCOEV"),
        person("b", holding(E4, "TEAMS1"), "MCOEV"),
        person("c", E4, "VISIOCLIENT"),
    ]

    drawn = draw(snapshot(*people), TO_E5)
    found = {a.sku_part_number: (a.covered, a.partly, a.kept) for a in drawn.plan.header.addons}

    assert {"MCOEV": (1, 0, 1), "VISIOCLIENT": (0, 0, 1)} == found


def test_a_held_user_adds_nothing_to_the_counts() -> None:
    """Whoever finds no seat keeps everything, so no cover is told."""
    people = [person("a", E4, "MCOEV"), person("b", E4, "MCOEV")]
    skus = [product(E4), product("ENTERPRISEPREMIUM", enabled=1), product("MCOEV")]

    drawn = draw(snapshot(*people, skus=skus), TO_E5)

    assert [1] == [a.covered for a in drawn.plan.header.addons]
    assert ("no_seat", "", "") == tuple(drawn.row(people[1])[c] for c in ("reason", "addons", "remarks"))


def test_groups_that_follow_service_plans_are_named() -> None:
    """With what the rule names of the old product and of the new one, whatever they assign."""
    to_do, unknown = plan_id("ENTERPRISEWITHSCAL", "BPOS_S_TODO_2"), "0" * 8 + "-0000-4000-8000-" + "0" * 12
    dynamic = replace(group("aaaaaaaa", ADA), membership_rule=RULE.format(to_do))
    other = replace(group("bbbbbbbb", ADA), membership_rule=RULE.format(unknown))
    plain = group("cccccccc", ADA, licenses=["VISIOCLIENT"])

    drawn = draw(snapshot(ADA, groups=[dynamic, other, plain]), TO_E5)

    assert ("group aaaa", "group bbbb") == drawn.plan.header.plan_groups
    [told] = [s for s in worth_knowing(drawn.plan).sentences if s.startswith("Dynamic groups")]
    assert told.endswith(
        "group aaaa (members may leave: not every new product has BPOS_S_TODO_2); "
        "group bbbb (its rule names no service of these products by id)."
    )


def test_the_wish_to_remove_add_ons_is_answered_with_the_next_step() -> None:
    """The swap itself removes none; without the wish, or without a covered one, nothing is said."""
    wish = '[addons]\nincluded_in_target = "remove"\n'

    def told(toml: str, *held: str) -> bool:
        told = worth_knowing(draw(snapshot(person("a", E4, *held)), toml).plan)
        return any("--addons-of" in s for s in told.sentences)

    assert [True, False, False] == [told(TO_E5 + wish, "MCOEV"), told(TO_E5 + wish), told(TO_E5, "MCOEV")]


def test_every_remark_has_its_sentence() -> None:
    """Those of a plan are all in the table; a code that nobody knows says nothing."""
    drawn = draw(snapshot(ADA, person("off", E4, account_enabled="no")))

    assert set(_remarks(drawn.plan.header)) <= set(SENTENCES)
    assert ("", SENTENCES["may_need"]) == (sentence_of("nobody_knows"), sentence_of("may_need: A needs B"))
