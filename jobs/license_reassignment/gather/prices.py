"""Prices by product: each key of `[prices]` is found in the tenant or the catalog, or refused with its line. Pure."""

from __future__ import annotations

from connectors.tenant import SkuId
from jobs.license_reassignment.errors import InputError
from jobs.license_reassignment.gather.names import Products
from jobs.license_reassignment.model.cost import Prices
from jobs.settings.load import Effective


def prices_of(effective: Effective, products: Products) -> Prices | None:
    """Return what the settings say that a seat costs each month; None where they name no price.

    Raises InputError (2) with a line for every key that is no product, or the same product as an earlier one.
    """
    section, problems, first = effective.settings.prices, list[str](), dict[SkuId, str]()
    for name in section.by_name:
        place = f"{effective.origins.get(f'prices.{name}', effective.path.name)}: [prices] {name}"
        try:
            sku_id = products.known(name, key=place)
        except InputError as error:
            problems.append(str(error))
            continue
        if sku_id in first:
            problems.append(f"{place}: is the same product as {first[sku_id]}; take one of the two out.")
        first.setdefault(sku_id, name)
    if problems:
        raise InputError("\n".join(problems))
    return Prices(section.currency, {s: section.by_name[name] for s, name in first.items()}) if first else None
