"""What holds for every translation, whatever the SKUs."""

from __future__ import annotations

from itertools import permutations

from decide.published_products import FAMILIES, license_of, product
from hypothesis import given
from hypothesis import strategies as st

from connectors.catalog.families import Need, PlanFamilies, PlanLevel, Service, Severity
from connectors.changes import AddLicense
from connectors.tenant import LicenseAssignment, PlanId, ServicePlan, SkuId, SubscribedSku
from jobs.license_reassignment.decide.translate import translate
from jobs.license_reassignment.model.policy import NewServices

E4 = product("ENTERPRISEWITHSCAL")
NUMBERS = st.sets(st.integers(0, 11), max_size=12)


def small(name: str, numbers: set[int]) -> SubscribedSku:
    """A SKU of numbered plans; three consecutive numbers are one family."""
    plans = tuple(ServicePlan(PlanId(f"p{n:02}"), f"P{n}") for n in sorted(numbers))
    return SubscribedSku(SkuId(name), name, "Enabled", "User", 0, 0, 0, 0, 0, plans)


SMALL = PlanFamilies(
    levels={PlanId(f"p{n:02}"): PlanLevel(f"f{n // 3}", n % 3 + 1, str(n % 3 + 1), Service.OTHER) for n in range(12)},
    needs=(
        Need(PlanId("p00"), "P3", frozenset({PlanId("p03")}), Severity.HOLD, "made up"),
        Need(PlanId("p03"), "P6 or P7", frozenset({PlanId("p06"), PlanId("p07")}), Severity.HOLD, "made up"),
    ),
)


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS, st.sampled_from(["enable", "disable", frozenset({"P0", "p05"})]))
def test_any_translation_is_sendable_and_complete(
    source: set[int], disabled: set[int], one: set[int], two: set[int], policy: NewServices
) -> None:
    """Sent ids exist in their SKU, each plan has one fate, off stays off, and lost is exactly what is gone."""
    leaving = small("source", source)
    targets = [small("one", one), small("two", two)]
    gone = tuple(PlanId(f"p{n:02}") for n in sorted(disabled & source))
    result = translate(
        [(leaving, LicenseAssignment(leaving.sku_id, "", gone))],
        [],
        targets,
        carry_over=True,
        new_in_target=policy,
        families=SMALL,
    )

    offered = targets[0].plan_ids | targets[1].plan_ids
    sent = {p for add in result.add for p in add.disabled_plans}
    on = offered - sent
    assert result.add == tuple(
        AddLicense(t.sku_id, tuple(sorted(sent & t.plan_ids))) for t in sorted(targets, key=lambda t: t.sku_id)
    )
    assert sent == set(result.kept_off) | set(result.new_off)
    assert not set(result.kept_off) & {*result.new_on, *result.new_off}
    assert not on & set(gone)
    families_on = {SMALL.key(p) for p in leaving.plan_ids - set(gone)}
    stay_off = {SMALL.key(p) for p in gone} - families_on
    assert stay_off & {SMALL.key(p) for p in offered} <= {SMALL.key(p) for p in result.kept_off}
    assert {SMALL.key(p) for p in result.lost} == families_on - {SMALL.key(p) for p in on}
    assert set(result.forced_off) <= set(result.new_off)
    for need in SMALL.needs:
        assert need.plan not in result.new_on or need.any_of & on


def test_nothing_depends_on_the_order_of_targets_or_assignments() -> None:
    """Every order gives the same value, down to the tuples."""
    leaving = [
        license_of(E4, "FORMS_PLAN_E3", "SWAY"),
        license_of(E4, "SWAY", group="g"),
        license_of(product("EMS"), "INTUNE_A"),
    ]
    targets = [product(t) for t in ("SPE_E5", "MCOEV", "Microsoft_Teams_Enterprise_New")]

    results = {
        translate(before, [], after, carry_over=True, new_in_target="disable", families=FAMILIES)
        for before in permutations(leaving)
        for after in permutations(targets)
    }

    assert len(results) == 1
    assert [a.sku_id for a in results.pop().add] == sorted(t.sku_id for t in targets)
