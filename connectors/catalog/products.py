"""Names for products and service plans, and the reviewed families of plans: what is known before a tenant is read."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from typing import Any

import orjson

from connectors.catalog.families import Exclusion, Need, PlanFamilies, PlanLevel, Service, Severity
from connectors.ids import is_guid
from connectors.tenant import Names, PlanId, ServicePlan, SkuId, SubscribedSku

_GOVERNMENT = frozenset({"gov", "gcc", "gcch", "gcchigh", "usgov", "dod", "government"})
_EDUCATION = frozenset(
    {"edu", "education", "faculty", "fac", "student", "students", "stu", "stuusebnft", "alumni", "m365edu"}
)
_NEAREST_MAX = 3
_EDITION = re.compile(r"\b[A-Za-z][0-9]\s*$")
"""What people call a product by for short: E4, F3, G5."""


class Market(StrEnum):
    """The price list that a SKU belongs to; Microsoft does not move users between them."""

    COMMERCIAL = "commercial"
    GOVERNMENT = "government"
    EDUCATION = "education"


class UnknownProduct(LookupError):
    """No product is called `text`; `nearest` are names that look like it."""

    def __init__(self, text: str, nearest: tuple[str, ...]) -> None:
        hint = f" Did you mean {' or '.join(nearest)}?" if nearest else ""
        super().__init__(f"Nothing is called {text!r}.{hint}")
        self.text = text
        self.nearest = nearest


class AmbiguousProduct(LookupError):
    """Several products are called `text`; `candidates` tell them apart by part number and id."""

    def __init__(self, text: str, candidates: tuple[str, ...]) -> None:
        super().__init__(f"{text!r} may be {' or '.join(candidates)}; write the part number or the id.")
        self.text = text
        self.candidates = candidates


@dataclass(frozen=True, slots=True)
class Preset:
    """A usual target with its consequence for a user of Office 365 E4, in one sentence."""

    sku_id: SkuId
    part_number: str
    consequence: str


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Catalog:
    """Published names, for people, and reviewed lists. What a tenant really has is always its own subscribedSkus.

    `part_numbers` and `product_names` (current name first) are by SKU id; `by_part_number` and `by_product_name` find
    the ids again, by text in lower case without spaces. `unsupported` cannot be source or target,
    `business_capped` are limited to 300 users each.
    """

    names: Names
    part_numbers: Mapping[SkuId, str]
    product_names: Mapping[SkuId, tuple[str, ...]]
    plan_names: Mapping[PlanId, str]
    families: PlanFamilies
    presets: tuple[Preset, ...]
    unsupported: frozenset[SkuId]
    business_capped: frozenset[SkuId]
    relatives: tuple[tuple[str, frozenset[SkuId]], ...]
    published_plans: Mapping[SkuId, tuple[PlanId, ...]]
    by_part_number: Mapping[str, frozenset[SkuId]]
    by_product_name: Mapping[str, frozenset[SkuId]]

    def find_skus(self, text: str, tenant_skus: Sequence[SubscribedSku]) -> SkuId:
        """Return the SKU that a part number, a product name or a GUID means; case and spaces do not matter.

        The tenant's own SKUs win over the published list, and a part number over a product name. The end of a name,
        E4 for Office 365 E4, stands for it where no other published product ends so.

        Raises:
            UnknownProduct: nothing is called so.
            AmbiguousProduct: several are, and the tenant does not have exactly one of them.

        """
        wanted = _key(text)
        if is_guid(wanted):
            return SkuId(wanted)
        own = {s.sku_id for s in tenant_skus}
        by_own_number = {s.sku_id for s in tenant_skus if _key(s.part_number) == wanted}
        by_number = self.by_part_number.get(wanted, frozenset())
        by_name = self.by_product_name.get(wanted, frozenset())
        for found in (by_own_number, by_number & own, by_number, by_name & own, by_name):
            if len(found) == 1:
                return next(iter(found))
            if found:
                raise AmbiguousProduct(text, tuple(sorted(f"{self._number(s, tenant_skus)} ({s})" for s in found)))
        endings = self._ending_in(text)
        if len(endings) == 1 and _EDITION.search(text):
            return next(iter(endings))
        several = sorted((s not in own, self.product_names[s][0]) for s in endings)
        near = tuple(dict.fromkeys(name for _, name in several))[:_NEAREST_MAX]
        raise UnknownProduct(text, near or self._nearest(text, tenant_skus))

    def split_products(self, text: str, tenant_skus: Sequence[SubscribedSku]) -> tuple[SkuId, ...]:
        """Return the SKUs of a list joined by "+", each once, in the order written.

        The longest run of parts that is one product counts as one, so a name may itself contain a plus.

        Raises:
            UnknownProduct, AmbiguousProduct: as `find_skus`.

        """
        parts = text.split("+")
        found: list[SkuId] = []
        start = 0
        while start < len(parts):
            for end in range(len(parts), start, -1):
                try:
                    found.append(self.find_skus("+".join(parts[start:end]), tenant_skus))
                except UnknownProduct:
                    if end == start + 1:
                        raise
                else:
                    start = end
                    break
        return tuple(dict.fromkeys(found))

    def market(self, sku_id: SkuId, part_number: str = "") -> Market:
        """Return the price list that the words of the part number and the product name speak of."""
        texts = (part_number or self.part_numbers.get(sku_id, ""), *self.product_names.get(sku_id, ()))
        words = set(re.split(r"[^a-z0-9]+", " ".join(texts).casefold()))
        if words & _GOVERNMENT:
            return Market.GOVERNMENT
        return Market.EDUCATION if words & _EDUCATION else Market.COMMERCIAL

    def related(self, sku_id: SkuId, tenant_skus: Sequence[SubscribedSku]) -> tuple[SkuId, ...]:
        """Return the tenant's other SKUs that are editions of the same product, sorted."""
        own_number = self._number(sku_id, tenant_skus)
        found: set[SkuId] = set()
        for prefix, members in self.relatives:
            if sku_id in members or own_number.upper().startswith(prefix):
                found |= {s.sku_id for s in tenant_skus if s.sku_id in members or _starts(s.part_number, prefix)}
        return tuple(sorted(found - {sku_id}))

    def published(self, sku_id: SkuId) -> SubscribedSku:
        """Return a product as Microsoft's list shows it, without seats: for examples, never for a decision.

        Raises:
            KeyError: the catalog does not keep the plans of this product.

        """
        plans = tuple(ServicePlan(p, self.plan_names[p]) for p in self.published_plans[sku_id])
        return SubscribedSku(sku_id, self.part_numbers[sku_id], "Enabled", "User", 0, 0, 0, 0, 0, plans)

    def _ending_in(self, text: str) -> frozenset[SkuId]:
        """Return the products of which a name ends in these words."""
        end = f" {' '.join(text.split()).casefold()}"
        ends = {s for s, names in self.product_names.items() if any(n.casefold().endswith(end) for n in names)}
        return frozenset(ends) if end.strip() else frozenset()

    def _number(self, sku_id: SkuId, tenant_skus: Sequence[SubscribedSku]) -> str:
        own = next((s.part_number for s in tenant_skus if s.sku_id == sku_id), "")
        return own or self.part_numbers.get(sku_id, "")

    def _nearest(self, text: str, tenant_skus: Sequence[SubscribedSku]) -> tuple[str, ...]:
        listed = (*self.part_numbers.values(), *(n for names in self.product_names.values() for n in names))
        by_key = {_key(n): n for n in (*listed, *(s.part_number for s in tenant_skus))}
        return tuple(by_key[k] for k in get_close_matches(_key(text), by_key, _NEAREST_MAX))


def _key(text: str) -> str:
    return "".join(text.split()).casefold()


def _starts(part_number: str, prefix: str) -> bool:
    return part_number.upper().startswith(prefix)


@lru_cache(maxsize=1)
def load_catalog() -> Catalog:
    """Read the catalog that is installed with the package, once per process."""
    skus, products = _read("skus.json"), _read("products.json")
    numbers = {SkuId(s): str(entry[0]) for s, entry in skus["skus"].items()}
    titles = {SkuId(s): tuple(entry[1:]) for s, entry in skus["skus"].items()}
    return Catalog(
        names=Names(
            skus={s: names[0] for s, names in titles.items()},
            plans={str(p): friendly for p, (_, friendly) in skus["service_plans"].items()},
            services=dict(skus["service_plans"].values()),
            products={number: titles[s][0] for s, number in numbers.items()},
        ),
        part_numbers=numbers,
        product_names=titles,
        plan_names={PlanId(p): name for p, (name, _) in skus["service_plans"].items()},
        families=read_families(_read("families.json")),
        presets=tuple(Preset(SkuId(s), number, text) for s, (number, text) in products["presets"]["skus"].items()),
        unsupported=frozenset(SkuId(s) for s in products["unsupported"]["skus"]),
        business_capped=frozenset(SkuId(s) for s in products["business_capped"]["skus"]),
        relatives=tuple(
            (entry["part_number_prefix"], frozenset(SkuId(s) for s in entry["skus"]))
            for entry in products["relatives"]["families"]
        ),
        published_plans={SkuId(s): tuple(PlanId(p) for p in plans) for s, plans in skus["plans_of"].items()},
        by_part_number=_index({s: (number,) for s, number in numbers.items()}),
        by_product_name=_index(titles),
    )


def _index(texts: Mapping[SkuId, tuple[str, ...]]) -> dict[str, frozenset[SkuId]]:
    found: dict[str, set[SkuId]] = {}
    for sku_id, entries in texts.items():
        for text in entries:
            found.setdefault(_key(text), set()).add(sku_id)
    return {key: frozenset(ids) for key, ids in found.items()}


def _read(name: str) -> Any:
    return orjson.loads(resources.files("connectors.catalog").joinpath("data", name).read_bytes())


def read_families(data: Mapping[str, Any]) -> PlanFamilies:
    """Turn the reviewed table into values; levels are numbered from 1 in the order written."""
    return PlanFamilies(
        levels={
            PlanId(plan): PlanLevel(
                family["family"], number, level["label"], Service(family["service"]), family["data_at_risk"]
            )
            for family in data["families"]
            for number, level in enumerate(family["levels"], start=1)
            for plan in level["plans"]
        },
        fillers=_ids(data["fillers"]["plans"]),
        needs=tuple(
            Need(plan, rule["wanted"], _ids(rule["any_of"]), Severity(rule["severity"]), rule["reason"])
            for rule in data["needs"]
            for plan in sorted(_ids(rule["plans"]))
        ),
        exclusions=tuple(
            Exclusion(_ids(rule["plans"]), Severity(rule["severity"]), rule["reason"]) for rule in data["excludes"]
        ),
        equivalents=_equivalents(data["equivalents"]),
    )


def _equivalents(entries: Iterable[Mapping[str, Collection[str]]]) -> dict[PlanId, frozenset[PlanId]]:
    found: dict[PlanId, frozenset[PlanId]] = {}
    for entry in entries:
        for plan in _ids(entry["plan"]):
            found[plan] = found.get(plan, frozenset()) | _ids(entry["by"])
    return found


def _ids(plans: Iterable[str]) -> frozenset[PlanId]:
    return frozenset(PlanId(p) for p in plans)
