"""Dynamic groups whose rule asks for service plans: a change of product changes who is in them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from connectors.message import Message
from connectors.tenant import Group, SubscribedSku
from jobs.license_reassignment.model.plan_header import PlanRule

_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def plan_rules_of(
    groups: Iterable[Group], sources: Sequence[SubscribedSku], targets: Sequence[SubscribedSku]
) -> tuple[PlanRule, ...]:
    """Say of each of these groups which services of the old and the new products its rule names; sorted by name.

    A rule names service plans by id, as Microsoft's page on rules for dynamic groups shows; one that names services in
    another way, or those of other products, has none here.
    """
    old, new = ({str(p.id): p.name for s in skus for p in s.plans} for skus in (sources, targets))
    found = list[PlanRule]()
    for group in groups:
        if group.follows_service_plans:
            named = set(_GUID.findall(group.membership_rule.casefold()))
            found.append(
                PlanRule(
                    str(group.id),
                    group.display_name,
                    only_old=tuple(sorted(n for i, n in old.items() if i in named and i not in new)),
                    only_new=tuple(sorted(n for i, n in new.items() if i in named and i not in old)),
                    both=tuple(sorted(n for i, n in new.items() if i in named and i in old)),
                )
            )
    return tuple(sorted(found, key=lambda r: (r.name, r.id)))


def rule_text(rule: PlanRule) -> Message:
    """Say what a change of product may do to the members of a group."""
    parts = tuple(_parts(rule))
    return Message("{parts}", parts=parts) if parts else Message("its rule names no service of these products by id")


def _parts(rule: PlanRule) -> Iterator[Message]:
    if rule.only_old:
        yield Message("only the old product has {services}: members may leave", services=rule.only_old)
    if rule.only_new:
        yield Message("only the new product has {services}: users may join", services=rule.only_new)
    if rule.both:
        yield Message("both products have {services}: members stay", services=rule.both)
