"""Published products and their plans by name, and a user of Office 365 E4 who moves, for tests of real SKUs."""

from __future__ import annotations

from connectors.catalog.products import load_catalog
from connectors.tenant import LicenseAssignment, PlanId, ServicePlan, SkuId, SubscribedSku
from jobs.license_reassignment.decide.coverage import Holding
from jobs.license_reassignment.decide.translate import Translation, translate
from jobs.license_reassignment.model.policy import NewServices

CATALOG = load_catalog()
FAMILIES = CATALOG.families
PLAN_IDS = {p.name: p.id for s in CATALOG.published_plans for p in CATALOG.published(s).plans}


def product(part_number: str) -> SubscribedSku:
    """A published product, as a tenant would list it."""
    return CATALOG.published(CATALOG.find_skus(part_number, []))


def custom(*plans: str) -> SubscribedSku:
    """A product that no list sells on its own; a plan that no list has gets its name as id."""
    made = tuple(ServicePlan(PLAN_IDS.get(n, PlanId(n.lower())), n) for n in plans)
    return SubscribedSku(SkuId("custom"), "CUSTOM", "Enabled", "User", 0, 0, 0, 0, 0, made)


def ids(*names: str) -> tuple[PlanId, ...]:
    """Plan ids by name, sorted."""
    return tuple(sorted(PLAN_IDS[n] for n in names))


def names(plans: tuple[PlanId, ...]) -> list[str]:
    """Plan names by id, sorted."""
    return sorted(CATALOG.plan_names[p] for p in plans)


def license_of(
    sku: SubscribedSku, *disabled: str, group: str = "", state: str = "Active", error: str = ""
) -> tuple[SubscribedSku, LicenseAssignment]:
    """One assignment of a SKU with the named plans switched off."""
    return sku, LicenseAssignment(sku.sku_id, group, ids(*disabled), state, error)


def moved_from_e4(
    *disabled: str,
    to: tuple[str, ...],
    staying: tuple[tuple[SubscribedSku, LicenseAssignment], ...] = (),
    carry_over: bool = True,
    new: NewServices = "enable",
    wished_off: tuple[str, ...] | None = None,
) -> Translation:
    """Translate a user of Office 365 E4 with the named plans off."""
    return translate(
        [license_of(product("ENTERPRISEWITHSCAL"), *disabled)],
        staying,
        [product(t) for t in to],
        carry_over=carry_over,
        new_in_target=new,
        families=FAMILIES,
        wished_off=wished_off,
    )


def off(translation: Translation, part_number: str) -> list[str]:
    """Names of the plans that are off in one target."""
    sku_id = product(part_number).sku_id
    return names(next(a.disabled_plans for a in translation.add if a.sku_id == sku_id))


def holding(*licenses: tuple[SubscribedSku | None, LicenseAssignment] | str) -> Holding:
    """A user's licenses; a part number stands for the product with everything on."""
    return Holding.of((license_of(product(x)) if isinstance(x, str) else x for x in licenses), FAMILIES)
