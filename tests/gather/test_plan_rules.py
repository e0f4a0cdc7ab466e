"""Which services of the old and the new products the rule of a dynamic group names, and what that may do to it."""

from __future__ import annotations

import pytest
from worlds.job_world import product

from connectors.tenant import Group, GroupId, PlanId, ServicePlan
from jobs.license_reassignment.gather.plan_rules import plan_rules_of, rule_text

A, B, C, D = (PlanId(f"{letter * 8}-0000-4000-8000-000000000000") for letter in "abcd")
NAMES = {A: "TO_DO_2", B: "TEAMS", C: "YAMMER", D: "TO_DO_3"}
OLD = [product("ENTERPRISEWITHSCAL", plans=tuple(ServicePlan(i, NAMES[i]) for i in (A, B)))]
ONE = [product("ENTERPRISEPACK", plans=tuple(ServicePlan(i, NAMES[i]) for i in (A, B, C)))]
OTHER = [product("ENTERPRISEPREMIUM", plans=tuple(ServicePlan(i, NAMES[i]) for i in (B, D)))]


def _group(rule: str) -> Group:
    return Group(GroupId("g"), "DYN", membership_rule=rule)


def _rule(*ids: str) -> str:
    return " or ".join(f'user.assignedPlans -any (assignedPlan.servicePlanId -eq "{i.upper()}")' for i in ids)


@pytest.mark.parametrize(
    ("ids", "text"),
    [
        ([A], "members may leave: not every new product has TO_DO_2"),
        ([B], "members stay: every new product has TEAMS"),
        ([C], "users may join: the old product has no YAMMER"),
        (
            [A, D],
            "members may leave: not every new product has TO_DO_2; users may join: the old product has no TO_DO_3",
        ),
        (["e" * 8 + A[8:]], "its rule names no service of these products by id"),
    ],
)
def test_what_a_rule_names_says_who_may_come_and_go(ids: list[str], text: str) -> None:
    """Ids count in whatever case they are written; each new product that users may get is asked."""
    [found] = plan_rules_of([_group(_rule(*ids))], OLD, [ONE, OTHER])

    assert (found.name, rule_text(found)) == ("DYN", text)


def test_a_rule_about_something_else_is_none_of_these() -> None:
    """Departments do not change with a product."""
    assert plan_rules_of([_group('user.department -eq "Sales"'), _group("")], OLD, [ONE]) == ()


def test_a_rule_that_names_a_service_by_its_family_is_told_all_the_same() -> None:
    """`assignedPlan.service` has no id."""
    rule = 'user.assignedPlans -any (assignedPlan.service -eq "SCO")'

    assert [r.name for r in plan_rules_of([_group(rule)], OLD, [ONE])] == ["DYN"]
