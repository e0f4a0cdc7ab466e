"""The tenant's products with their seats, and plan by plan what becomes of one in others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest
from worlds.job_world import CATALOG
from worlds.rehearsal import Rehearsal, tenant_of

from jobs.license_reassignment.commands.shared.parts import Parts
from jobs.license_reassignment.commands.skus import published_table, tenant_products, tenant_table
from jobs.license_reassignment.errors import InputError, NotReady

T = TypeVar("T")
SETTINGS = """
[tenant]
id = "c0a70500-0000-4000-8000-000000000001"
credential = "sandbox"
graph_url = "http://127.0.0.1:8080/v1.0"
[source]
skus = ["ENTERPRISEWITHSCAL"]
"""


def _ask(folder: Path, work: Callable[[Parts], Awaitable[T]]) -> T:
    (folder / "reseat.toml").write_text(SETTINGS, encoding="utf-8")
    organization = {
        "id": "c0a70500-0000-4000-8000-000000000001",
        "name": "Contoso",
        "domains": ["contoso.example"],
    }
    skus = [
        {"skuPartNumber": "ENTERPRISEWITHSCAL", "enabled": 1, "warning": 2, "suspended": 3, "lockedOut": 4},
        {"skuPartNumber": "ENTERPRISEPREMIUM", "enabled": 7, "plans": "SWAY FORMS_PLAN_E5 EXCHANGE_S_ENTERPRISE"},
    ]
    users = [
        {"upn": f"{n}@contoso.example", "name": n, "location": "NL", "licenses": ["ENTERPRISEWITHSCAL"]} for n in "ab"
    ]
    tenant = tenant_of({"organization": organization, "skus": skus, "users": users})

    async def go() -> T:
        async with Rehearsal(tenant, folder / "reseat.toml").parts() as parts:
            return await work(parts)

    return asyncio.run(go())


def test_products_are_listed_by_name_with_all_their_units(tmp_path: Path) -> None:
    """Free is enabled less consumed, and may be negative."""
    found = _ask(tmp_path, tenant_products)

    assert [(p.name, p.sku_part_number, p.consumed, p.free) for p in found] == [
        ("Office 365 E4", "ENTERPRISEWITHSCAL", 2, -1),
        ("Office 365 E5", "ENTERPRISEPREMIUM", 0, 7),
    ]
    assert (found[0].enabled, found[0].warning, found[0].suspended, found[0].locked_out) == (1, 2, 3, 4)


def test_the_tenant_s_own_plan_lists_are_the_authority(tmp_path: Path) -> None:
    """Its E5 has three plans: what E4 has beyond them has no successor, whatever Microsoft publishes."""
    table = _ask(tmp_path, lambda parts: tenant_table(parts, "Office 365 E4", ["ENTERPRISEPREMIUM"]))

    rows = {r.source_plan: (r.target_plan, r.kind) for r in table.rows if r.source_plan}
    assert table.origin == "the SKUs of Contoso"
    assert (rows["SWAY"][0], rows["FORMS_PLAN_E3"][0], rows["YAMMER_ENTERPRISE"][0]) == ("SWAY", "FORMS_PLAN_E5", "")


def test_what_the_tenant_has_not_bought_yet_is_shown_as_published(tmp_path: Path) -> None:
    """One wants the table before the purchase; it says for which product it does not rest on the tenant."""
    table = _ask(tmp_path, lambda parts: tenant_table(parts, "ENTERPRISEWITHSCAL", ["SPE_E3", "ENTERPRISEPREMIUM"]))

    assert table.targets == ("Microsoft 365 E3", "Office 365 E5")
    assert table.origin == (
        "the SKUs of Contoso; it does not have Microsoft 365 E3 yet, "
        "shown by the published plan lists, which may differ"
    )
    assert "INTUNE_A" in {r.target_plan for r in table.rows if r.kind == "new"}


def test_a_product_whose_plans_nobody_published_has_to_be_bought_first(tmp_path: Path) -> None:
    """There is nothing to show."""
    unknown = next(s for s in CATALOG.part_numbers if s not in CATALOG.published_plans)

    with pytest.raises(NotReady):
        _ask(tmp_path, lambda parts: tenant_table(parts, "ENTERPRISEWITHSCAL", [unknown]))


def test_without_a_tenant_the_published_lists_serve() -> None:
    """And the table says so."""
    table = published_table(CATALOG, "ENTERPRISEWITHSCAL", ["Office 365 E3"])

    assert (table.source, table.targets) == ("Office 365 E4", ("Office 365 E3",))
    assert table.origin == "the published plan lists; a tenant's own SKUs may differ"
    assert [r.source_plan for r in table.rows if r.source_plan and not r.target_plan] == ["MCOVOICECONF"]


def test_an_unknown_product_is_refused_with_its_nearest_name() -> None:
    """As everywhere else."""
    with pytest.raises(InputError, match=r"no product is called `ENTERPRISEPAK`\. Did you mean ENTERPRISEPACK"):
        published_table(CATALOG, "ENTERPRISEWITHSCAL", ["ENTERPRISEPAK"])


def test_every_published_product_can_be_compared_before_anything_is_bought() -> None:
    """Each once as the old product and once as the new one; each service of the old one has a line of its own."""
    listed = sorted(CATALOG.published_plans)

    for old, new in zip(listed, [*listed[1:], listed[0]], strict=True):
        table = published_table(CATALOG, old, [new])
        named = {CATALOG.plan_names[p] for p in CATALOG.published_plans[old]}
        assert named - {r.source_plan for r in table.rows} == set()
