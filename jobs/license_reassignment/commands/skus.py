"""The tenant's products, and plan by plan what becomes of one in others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connectors.catalog.products import Catalog
from connectors.tenant import SubscribedSku
from jobs.license_reassignment.commands.shared.parts import Parts
from jobs.license_reassignment.commands.shared.sign_in import sign_in
from jobs.license_reassignment.decide.translate import translation_table
from jobs.license_reassignment.errors import NotReady
from jobs.license_reassignment.gather.names import Products


@dataclass(frozen=True, slots=True)
class ProductRow:
    """One product of the tenant. Units are seats; `free` may be negative."""

    name: str
    sku_part_number: str
    sku_id: str
    capability_status: str
    applies_to: str
    enabled: int
    warning: int
    suspended: int
    locked_out: int
    consumed: int
    free: int


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """What becomes of one service plan; `target_plan` is "" where there is none, `source_plan` where it is new."""

    source_plan: str
    target_plan: str
    kind: str
    source_name: str
    target_name: str


@dataclass(frozen=True, slots=True)
class ProductTranslation:
    """The translation of one product; `origin` says whose plan lists it rests on."""

    source: str
    targets: tuple[str, ...]
    origin: str
    rows: tuple[ServiceRow, ...]


async def tenant_products(parts: Parts) -> tuple[ProductRow, ...]:
    """List the tenant's SKUs by name."""
    await sign_in(parts)
    names = parts.catalog.names
    rows = [
        ProductRow(
            name=names.sku(s.sku_id),
            sku_part_number=s.part_number,
            sku_id=s.sku_id,
            capability_status=s.capability_status,
            applies_to=s.applies_to,
            enabled=s.enabled,
            warning=s.warning,
            suspended=s.suspended,
            locked_out=s.locked_out,
            consumed=s.consumed,
            free=s.enabled - s.consumed,
        )
        for s in await parts.tenant.read_skus()
    ]
    return tuple(sorted(rows, key=lambda r: r.name.casefold()))


async def tenant_table(parts: Parts, source: str, targets: Sequence[str]) -> ProductTranslation:
    """Translate with the plan lists of the tenant's own SKUs, which are the authority.

    What the tenant has not bought yet is shown as published, and `origin` says so.
    """
    _, organization = await sign_in(parts)
    skus = await parts.tenant.read_skus()
    found = [_owned_or_published(text, parts.catalog, skus) for text in (source, *targets)]
    origin = f"the SKUs of {organization.display_name}"
    missing = [s.sku_id for s in found if s not in skus]
    if missing:
        names = parts.catalog.names.sku_list(missing)
        origin += f"; it does not have {names} yet, shown by the published plan lists, which may differ"
    return _table(found, parts.catalog, origin)


def _owned_or_published(text: str, catalog: Catalog, skus: Sequence[SubscribedSku]) -> SubscribedSku:
    """Find a product by the tenant's own plan list, else by the published one. Raises NotReady where neither has it."""
    try:
        sku_id = Products(catalog, skus).one(text, key="translate")
    except NotReady:
        sku_id = catalog.find_skus(text, skus)
        if sku_id not in catalog.published_plans:
            raise
        return catalog.published(sku_id)
    return next(s for s in skus if s.sku_id == sku_id)


def published_table(catalog: Catalog, source: str, targets: Sequence[str]) -> ProductTranslation:
    """Translate with the published plan lists, for people without a tenant at hand."""
    known = [catalog.published(sku_id) for sku_id in catalog.published_plans]
    by_id = {s.sku_id: s for s in known}
    found = [by_id[Products(catalog, known).one(text, key="translate")] for text in (source, *targets)]
    return _table(found, catalog, "the published plan lists; a tenant's own SKUs may differ")


def _table(skus: Sequence[SubscribedSku], catalog: Catalog, origin: str) -> ProductTranslation:
    source, *targets = skus
    names = catalog.names
    rows = translation_table(source, targets, catalog.families)
    return ProductTranslation(
        source=names.sku(source.sku_id),
        targets=tuple(names.sku(t.sku_id) for t in targets),
        origin=origin,
        rows=tuple(
            ServiceRow(
                source_plan=r.source.name if r.source else "",
                target_plan=r.target.name if r.target else "",
                kind=r.step.value,
                source_name=names.plan(r.source.id) if r.source else "",
                target_name=names.plan(r.target.id) if r.target else "",
            )
            for r in rows
        ),
    )
