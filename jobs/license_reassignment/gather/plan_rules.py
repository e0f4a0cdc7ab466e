"""Dynamic groups whose rule asks for service plans: a change of product changes who is in them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from connectors.message import Message
from connectors.tenant import Group, SubscribedSku
from jobs.license_reassignment.model.plan_header import PlanRule

_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def plan_rules_of(
    groups: Iterable[Group], sources: Sequence[SubscribedSku], targets: Sequence[Sequence[SubscribedSku]]
) -> tuple[PlanRule, ...]:
    """Say of each of these groups which services of the old and the new products its rule names; sorted by name.

    `targets` are the sets of products that users may get. A rule names service plans by id, as Microsoft's page on
    rules for dynamic groups shows; one that names services in another way, or those of other products, has none here.
    """
    old = {str(p.id): p.name for sku in sources for p in sku.plans}
    new = [{str(p.id): p.name for sku in skus for p in sku.plans} for skus in targets]
    known = {**old, **{i: name for plans in new for i, name in plans.items()}}
    found = list[PlanRule]()
    for group in groups:
        if group.follows_service_plans:
            named = known.keys() & set(_GUID.findall(group.membership_rule.casefold()))
            leaving = {i for i in named if i in old and not all(i in plans for plans in new)}
            joining = named - old.keys()
            sets = (leaving, joining, named - leaving - joining)
            found.append(
                PlanRule(str(group.id), group.display_name, *(tuple(sorted(known[i] for i in s)) for s in sets))
            )
    return tuple(sorted(found, key=lambda r: (r.name, r.id)))


def rule_text(rule: PlanRule) -> Message:
    """Say what a change of product may do to the members of a group."""
    parts = tuple(_parts(rule))
    return Message("{parts}", parts=parts) if parts else Message("its rule names no service of these products by id")


def _parts(rule: PlanRule) -> Iterator[Message]:
    if rule.leaving:
        yield Message("members may leave: not every new product has {services}", services=rule.leaving)
    if rule.joining:
        yield Message("users may join: the old product has no {services}", services=rule.joining)
    if rule.staying:
        yield Message("members stay: every new product has {services}", services=rule.staying)
