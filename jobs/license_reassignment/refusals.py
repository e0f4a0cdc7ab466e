"""Names that settings and roster may not use, refused with exit 2 before anything is decided."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from difflib import get_close_matches

from connectors.catalog import AmbiguousProduct, Catalog, UnknownProduct
from connectors.tenant import SkuId, SubscribedSku
from jobs.license_reassignment.exits import InputError
from jobs.license_reassignment.translate import NewPlans


def refuse_unsupported(named: Iterable[tuple[str, str]], catalog: Catalog, skus: Sequence[SubscribedSku]) -> None:
    """Raise InputError for a product that Microsoft moves nobody from or to by hand, whether the tenant has it or not.

    `named` are keys with the text beside them; a text that is no product is told where it is resolved.
    """
    for key, text in named:
        try:
            found = catalog.split_products(text, skus)
        except (UnknownProduct, AmbiguousProduct):
            continue
        old = [sku_id for sku_id in found if sku_id in catalog.unsupported]
        if old:
            raise InputError(
                f"{key}: Microsoft does not support moving from or to {catalog.names.sku(old[0])} by hand, nor any "
                "other of the Small and Midsize Business plans; take it out."
            )


def refuse_unknown_plans(new_in_target: NewPlans, targets: Collection[SkuId], skus: Sequence[SubscribedSku]) -> None:
    """Raise InputError for a name in `[plans] new_in_target` that no product of the tenant has: a typo is no policy.

    A plan that only other products have is no mistake, for one list may serve several targets; the nearest name is one
    of the targets' own.
    """
    if isinstance(new_in_target, str) or not targets:
        return
    anywhere = {text.casefold() for sku in skus for p in sku.plans for text in (p.id, p.name)}
    plans = [p for sku in skus if sku.sku_id in targets for p in sku.plans]
    known = {text.casefold(): text for p in plans for text in (p.id, p.name)}
    told = []
    for text in sorted(new_in_target):
        wanted = text.strip().casefold()
        if wanted not in anywhere:
            near = get_close_matches(wanted, sorted(known), 1)
            told.append(f"`{text}`" + (f" (did you mean {known[near[0]]}?)" if near else ""))
    if told:
        raise InputError(
            f"[plans] new_in_target: no product of the tenant has a service plan called {', '.join(told)}. "
            "`reseat translate FROM TO` lists the plans of a product."
        )
