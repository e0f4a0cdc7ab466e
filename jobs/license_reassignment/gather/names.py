"""Names to ids: what settings and roster call by name, found in the tenant or refused with the nearest name.

Each name is looked up once, for `check` and `plan` alike; what is wrong in the settings is told all at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import reduce
from typing import TypeVar

from connectors.catalog.products import AmbiguousProduct, Catalog, UnknownProduct
from connectors.message import Message, paragraph
from connectors.roster.values import excerpt
from connectors.roster.words import LEAVE
from connectors.tenant import ServicePlan, SkuId, SubscribedSku
from jobs.license_reassignment.errors import InputError, JobError, NotReady
from jobs.license_reassignment.model.policy import Limits, NewServices, Policy, Rule, Wave, Where
from jobs.settings.model import Settings, SwapSection

T = TypeVar("T")
_OTHER_SIGNS = re.compile(r"[,;|/&\n]")


@dataclass(frozen=True, slots=True)
class _NotFound:
    """Why a name means no one product, as a sentence."""

    why: Message


class Products:
    """What names mean among the tenant's own products; `key` says in each refusal where the name stands."""

    def __init__(self, catalog: Catalog, skus: Sequence[SubscribedSku]) -> None:
        self.catalog, self.skus = catalog, tuple(skus)
        self._own = frozenset(s.sku_id for s in skus)
        self._lists: dict[str, tuple[SkuId, ...] | _NotFound] = {}

    def one(self, text: str, *, key: str) -> SkuId:
        """Find one product by part number, name or id; it must be in the tenant.

        Raises InputError (2) for a name nobody knows, NotReady (6) for a product that the tenant does not have yet.
        """
        found = self._find(text)
        if isinstance(found, _NotFound):
            raise InputError(f"{key}: {found.why}")
        return self._there(found, text, key)

    def source(self, text: str, *, key: str) -> SkuId:
        """Find one that is to go: waiting does not bring it, so it is a 2 where the tenant does not have it."""
        found = self._find(text)
        if isinstance(found, _NotFound):
            raise InputError(f"{key}: {found.why}")
        self._supported((found,), key)
        if found not in self._own:
            raise InputError(
                f"{key}: the tenant has no `{text}`, so there is nothing to retire. `reseat skus` lists what it has."
            )
        return found

    def known(self, text: str, *, key: str) -> SkuId:
        """Find one product by part number, name or id, whether the tenant has it or not.

        Raises InputError (2) for a name or an id that nobody knows.
        """
        found = self._find(text)
        if isinstance(found, _NotFound):
            raise InputError(f"{key}: {found.why}")
        if found not in self._own and found not in self.catalog.part_numbers:
            raise InputError(f"{key}: no product has the id {found}. `reseat skus` lists the tenant's own.")
        return found

    def targets(self, text: str, *, key: str) -> tuple[SkuId, ...]:
        """Find those that are to come: a list joined by plus signs, of products whose own names may hold one.

        Raises as `one`; what can never be moved is a 2 although it is not there.
        """
        if text not in self._lists:
            try:
                self._lists[text] = self.catalog.split_products(text, self.skus)
            except (UnknownProduct, AmbiguousProduct):
                found = self._find(text)
                self._lists[text] = found if isinstance(found, _NotFound) else (found,)
        several = self._lists[text]
        if isinstance(several, _NotFound):
            raise InputError(Message("{key}: {why}", key=key, why=several.why))
        self._supported(several, key)
        return tuple(self._there(sku_id, sku_id, key) for sku_id in several)

    def _find(self, text: str) -> SkuId | _NotFound:
        try:
            return self.catalog.find_skus(text, self.skus)
        except UnknownProduct as error:
            hint = _list_hint(text, self._is_product) or _did_you_mean(error.nearest)
            unknown = Message("no product is called `{text}`.", text=text)
            return _NotFound(paragraph(unknown, hint, Message("`reseat skus` lists the tenant's own.")))
        except AmbiguousProduct as error:
            return _NotFound(
                Message(
                    "`{text}` is the name of several products: {names}. Give the part number or the SKU ID.",
                    text=text,
                    names=tuple(error.candidates),
                )
            )

    def _is_product(self, text: str) -> bool:
        try:
            self.catalog.find_skus(text, self.skus)
        except AmbiguousProduct:
            return True
        except UnknownProduct:
            return False
        return True

    def _supported(self, sku_ids: Iterable[SkuId], key: str) -> None:
        old = [sku_id for sku_id in sku_ids if sku_id in self.catalog.unsupported]
        if old:
            raise InputError(
                Message(
                    "{key}: Microsoft does not support moving users from or to {product}, or any other of the Small "
                    "and Midsize Business plans, by changing their licenses; remove it.",
                    key=key,
                    product=self.catalog.names.sku(old[0]),
                )
            )

    def _there(self, sku_id: SkuId, text: str, key: str) -> SkuId:
        if sku_id not in self._own:
            number = self.catalog.part_numbers.get(sku_id, text)
            raise NotReady(
                Message(
                    "{key}: the tenant has no {product} ({number}) yet. A purchase by invoice can take two business "
                    "days to appear; `reseat check --wait` checks again until then. After that, contact Microsoft "
                    "support.",
                    key=key,
                    product=self.catalog.names.sku(sku_id),
                    number=number,
                )
            )
        return sku_id


def policy_of(settings: Settings, products: Products) -> Policy:
    """Resolve the frozen part of the settings against the tenant's own SKUs; `protected` needs a look at the people.

    Raises InputError (2) that tells of every name that is wrong, else NotReady (6) of every product that is not there.
    """
    problems: list[JobError] = []
    sources = [
        sku_id
        for n, text in enumerate(settings.source.skus, 1)
        for sku_id in _found(products.source, text, f"[source] skus[{n}]", problems)
    ]
    rules = [_rule(swap, n, products, problems) for n, swap in enumerate(settings.swap, 1)]
    _raise_all(problems)
    both = set(sources) & {t for r in rules for t in r.targets}
    if both:
        names = products.catalog.names.sku_list(sorted(both))
        raise InputError(f"{names} is a source and a target; name another target.")
    plans = settings.plans
    new = plans.new_in_target
    return Policy(
        sources=tuple(sources),
        rules=tuple(rules),
        scope=settings.scope.from_,
        hold_disabled_accounts=settings.scope.disabled_accounts == "hold",
        hold_guests=settings.scope.guests == "hold",
        carry_over=plans.carry_over,
        new_in_target=new if new in ("enable", "disable") else frozenset(new),  # type: ignore[arg-type]
        accept_lost_services=plans.lost_services == "accept",
        write_locations=settings.usage_location.write_from_roster,
        waves=tuple(_wave(w.name, w.users, w.then) for w in settings.wave),
    )


def _found(look: Callable[..., T], text: str, key: str, problems: list[JobError]) -> tuple[T, ...]:
    """Return what `text` means, or nothing and one problem more."""
    try:
        return (look(text, key=key),)
    except (InputError, NotReady) as error:
        problems.append(error)
        return ()


def _raise_all(problems: Sequence[JobError]) -> None:
    """Raise what is wrong, which no waiting mends, before what is not there yet."""
    for kind in (InputError, NotReady):
        if told := [str(one) for one in problems if isinstance(one, kind)]:
            raise kind(" ".join(dict.fromkeys(told)))


def _rule(swap: SwapSection, number: int, products: Products, problems: list[JobError]) -> Rule:
    key, where = f"[[swap]] {number}", swap.where
    texts = () if swap.to == (LEAVE,) else swap.to
    targets = (
        t for text in texts for several in _found(products.targets, text, f"{key} to", problems) for t in several
    )
    return Rule(
        name=swap.name or f"swap[{number}]",
        targets=tuple(dict.fromkeys(targets)),
        where=Where(
            department=frozenset(where.department),
            usage_location=frozenset(where.usage_location),
            country=frozenset(where.country),
            company=frozenset(where.company),
            account_enabled=frozenset(where.account_enabled),
            member_of=frozenset(where.member_of),
            holds=frozenset(s for t in where.holds for s in _found(products.one, t, f"{key} where.holds", problems)),
        ),
    )


def _wave(name: str, users: int | str | None, then: str) -> Wave:
    percent = float(users.rstrip("% ")) if isinstance(users, str) else None
    return Wave(name, users if isinstance(users, int) else None, percent, stop=then == "stop")


def limits_of(settings: Settings) -> Limits:
    """Return the live limits."""
    given = settings.limits.model_dump()
    return Limits(**{**given, "accept_unprovisioned": frozenset(given["accept_unprovisioned"])})


def refuse_unknown(settings: Settings, policy: Policy, targets: Collection[SkuId], products: Products) -> None:
    """Raise InputError for an add-on or a service plan that the settings name and that nothing is called.

    Without `targets` nothing can be said of the service plans.
    """
    _refuse_unknown_addons(settings.declare.addons, products.catalog, products.skus)
    _refuse_unknown_plans(policy.new_in_target, targets, products.skus)
    refuse_unknown_accepted(settings.limits.accept_unprovisioned, targets, products.skus)


def _refuse_unknown_plans(
    new_in_target: NewServices, targets: Collection[SkuId], skus: Sequence[SubscribedSku]
) -> None:
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


def _refuse_unknown_addons(names: Collection[str], catalog: Catalog, skus: Sequence[SubscribedSku]) -> None:
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


def _did_you_mean(nearest: Sequence[str]) -> Message | None:
    if not nearest:
        return None
    names = reduce(lambda first, then: Message("{first} or {then}", first=first, then=then), nearest)
    return Message("Did you mean {names}?", names=names)


def _list_hint(text: str, is_known: Callable[[str], bool]) -> Message | None:
    """Return the sentence that names the plus sign when `text`, which nothing is called, is a list joined otherwise."""
    by_sign = [part.strip() for part in _OTHER_SIGNS.split(text) if part.strip()]
    parts = by_sign if len(by_sign) > 1 else text.split()
    if len(parts) < 2 or not (all(map(is_known, parts)) or re.search(r"[,;|]", text)):
        return None
    return Message("Several names are joined by +: {names}.", names=excerpt("+".join(parts), 120))


def wished_plans(names: Iterable[str], products: Products) -> tuple[str, ...]:
    """Return the service plans that a row wants off, by part name or id; a published name becomes its plan's id.

    Raises InputError for a name that no product of the tenant has a plan for, or several under this published name.
    """
    plans = {p.id: p for sku in products.skus for p in sku.plans}
    return tuple(_wished(text, products.catalog, plans.values()) for text in names)


def _wished(text: str, catalog: Catalog, plans: Collection[ServicePlan]) -> str:
    known = {name.casefold() for p in plans for name in (p.id, p.name)} | set(catalog.families.levels)
    if text.casefold() in known:
        return text
    published = {p: " ".join(catalog.names.plan(p.id).split()).casefold() for p in plans}
    found = [p for p, name in published.items() if name == " ".join(text.split()).casefold()]
    if len(found) == 1:
        return found[0].id
    if found:
        raise InputError(
            Message(
                "disabled_plans: `{text}` is the name of several service plans: {names}. Name one of these.",
                text=excerpt(text),
                names=tuple(sorted(p.name for p in found)),
            )
        )
    listed = {name.casefold(): name for p in plans for name in (p.name, catalog.names.plan(p.id))}
    near = get_close_matches(text.casefold(), listed, 1)
    hint = _list_hint(text, lambda part: part.casefold() in known | set(published.values()))
    unknown = Message(
        "disabled_plans: no product of the tenant has a service plan called `{text}`.", text=excerpt(text)
    )
    near_names = _did_you_mean([listed[name] for name in near])
    raise InputError(
        paragraph(unknown, hint or near_names, Message("`reseat translate FROM TO` lists the plans of a product."))
    )
