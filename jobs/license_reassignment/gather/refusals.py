"""Names that settings and roster may not use, refused with exit 2 before anything is decided."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches

from connectors.catalog.products import AmbiguousProduct, Catalog, UnknownProduct
from connectors.roster.values import excerpt
from connectors.tenant import ServicePlan, SkuId, SubscribedSku
from jobs.license_reassignment.errors import InputError
from jobs.license_reassignment.model.policy import NewServices

_OTHER_SIGNS = re.compile(r"[,;|/&\n]")


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


def refuse_unknown_plans(new_in_target: NewServices, targets: Collection[SkuId], skus: Sequence[SubscribedSku]) -> None:
    """Raise InputError for a name in `[plans] new_in_target` that no product of the tenant has: a typo is no policy.

    A plan that only other products have is no mistake, for one list may serve several targets; the nearest name is one
    of the targets' own.
    """
    if isinstance(new_in_target, str) or not targets:
        return
    anywhere = {text.casefold() for sku in skus for p in sku.plans for text in (p.id, p.name)}
    if told := _unknown(new_in_target, anywhere, _plan_names(targets, skus)):
        raise InputError(
            f"[plans] new_in_target: no product of the tenant has a service plan called {', '.join(told)}. "
            "`reseat translate FROM TO` lists the plans of a product."
        )


def refuse_unknown_accepted(names: Collection[str], targets: Collection[SkuId], skus: Sequence[SubscribedSku]) -> None:
    """Raise InputError for a name in `[limits] accept_unprovisioned` that no target has: a typo accepts nothing.

    Where a target is not in the tenant yet, nobody knows its plans, and nothing is refused.
    """
    if not names or not targets or not set(targets) <= {s.sku_id for s in skus}:
        return
    known = _plan_names(targets, skus)
    if told := _unknown(names, known, known):
        raise InputError(
            f"[limits] accept_unprovisioned: no target has a service plan called {', '.join(told)}. `reseat translate "
            "FROM TO` lists the plans of a product."
        )


def refuse_unknown_addons(names: Collection[str], catalog: Catalog, skus: Sequence[SubscribedSku]) -> None:
    """Raise InputError for a key of `[declare] addons` that is no product's part number: it would declare nothing."""
    known = {*catalog.part_numbers.values(), *(sku.part_number for sku in skus)}
    near = {text.casefold(): text for text in sorted(known)}
    if told := _unknown(set(names) - known, (), near):
        raise InputError(
            f"[declare] addons: no product has the part number {', '.join(told)}. `reseat skus` lists the tenant's own."
        )


def _plan_names(targets: Collection[SkuId], skus: Sequence[SubscribedSku]) -> dict[str, str]:
    """Return the names and ids of the targets' service plans as they are written, by what they are compared with."""
    plans = [p for sku in skus if sku.sku_id in targets for p in sku.plans]
    return {text.casefold(): text for p in plans for text in (p.id, p.name)}


def _unknown(names: Iterable[str], known: Collection[str], near: Mapping[str, str]) -> list[str]:
    """Return the names that are not known, each with the nearest one."""
    told = []
    for text in sorted(names):
        wanted = text.strip().casefold()
        if wanted not in known:
            close = get_close_matches(wanted, sorted(near), 1)
            told.append(f"`{text}`" + (f" (did you mean {near[close[0]]}?)" if close else ""))
    return told


def list_hint(text: str, is_known: Callable[[str], bool]) -> str:
    """Return the sentence that names the plus sign when `text`, which nothing is called, is a list joined otherwise."""
    by_sign = [part.strip() for part in _OTHER_SIGNS.split(text) if part.strip()]
    parts = by_sign if len(by_sign) > 1 else text.split()
    if len(parts) < 2 or not (all(map(is_known, parts)) or re.search(r"[,;|]", text)):
        return ""
    return f" Several names are joined by +: {excerpt('+'.join(parts), 120)}."


def wished_plans(names: Iterable[str], catalog: Catalog, skus: Sequence[SubscribedSku]) -> tuple[str, ...]:
    """Return the service plans that a row wants off, by part name or id; a published name becomes its plan's id.

    Raises InputError for a name that no product of the tenant has a plan for, or several under this published name.
    """
    plans = {p.id: p for sku in skus for p in sku.plans}
    return tuple(_wished(text, catalog, plans.values()) for text in names)


def _wished(text: str, catalog: Catalog, plans: Collection[ServicePlan]) -> str:
    known = {name.casefold() for p in plans for name in (p.id, p.name)} | set(catalog.families.levels)
    if text.casefold() in known:
        return text
    published = {p: " ".join(catalog.names.plan(p.id).split()).casefold() for p in plans}
    found = [p for p, name in published.items() if name == " ".join(text.split()).casefold()]
    if len(found) == 1:
        return found[0].id
    if found:
        names = ", ".join(sorted(p.name for p in found))
        raise InputError(f"disabled_plans: `{excerpt(text)}` names several service plans: {names}. Name one of these.")
    listed = {name.casefold(): name for p in plans for name in (p.name, catalog.names.plan(p.id))}
    near = get_close_matches(text.casefold(), listed, 1)
    hint = list_hint(text, lambda part: part.casefold() in known | set(published.values()))
    raise InputError(
        f"disabled_plans: no product of the tenant has a service plan called `{excerpt(text)}`."
        + (hint or (f" Did you mean {listed[near[0]]}?" if near else ""))
        + " `reseat translate FROM TO` lists the plans of a product."
    )
