"""What `check` says of groups: which assign the old product, and the rules of which follow service plans. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from connectors.message import Message, few
from connectors.tenant import Group, GroupId, LicenseGroups, LicenseProfile, SubscribedSku
from jobs.license_reassignment.gather.allotments import HINT_REMEDY, hint_of, hint_text
from jobs.license_reassignment.gather.plan_rules import plan_rules_of, rule_text
from jobs.license_reassignment.gather.readiness import Finding

LOOKED_INTO = 10
"""Into so many groups `check` looks, one request each; a plan reads them all."""

NOT_NAMED = Message(
    "Name it under [groups] swap to have it changed in one request, or have its owner do that. Until then its members "
    "are on hold (inherited)."
)
RULES = "dynamic groups whose rules use licenses"


RULES_UNREAD = Finding(
    "not_checked",
    RULES,
    Message("a change of product changes their members, and Graph does not list them here"),
    Message(
        "In the Microsoft Entra admin center, open Dynamic membership rules of each dynamic group, and look for "
        "`assignedPlans`."
    ),
)


def license_group_findings(
    found: LicenseGroups | None,
    named: Collection[GroupId],
    sources: Sequence[SubscribedSku],
    targets: Sequence[Sequence[SubscribedSku]],
) -> list[Finding]:
    """Return what a person should know of these groups before a run; `named` are those of `[groups] swap`."""
    if found is None:
        unread = Message("groups could not be read: GroupMember.Read.All may not be granted")
        return [Finding("not_checked", "groups that assign the old product", unread), RULES_UNREAD]
    return [*_not_named(found, named), *_allotments(found), *_rules(found.plan_rules, sources, targets)]


def _not_named(found: LicenseGroups, named: Collection[GroupId]) -> Iterator[Finding]:
    others = [g for g in found.carriers if g.id not in named]
    for group in others:
        if group.id in found.inside:
            yield Finding("warn", group.display_name, _members(group, found), NOT_NAMED)
    if rest := sorted(g.display_name for g in others if g.id not in found.inside):
        text = Message(
            "{n} group that assigns the old product is not named under [groups] swap",
            "{n} further groups that assign the old product are not named under [groups] swap",
            n=len(rest),
        )
        yield Finding("warn", few(rest), text, NOT_NAMED)


def _members(group: Group, found: LicenseGroups) -> Message:
    inside = len(found.inside[group.id])
    if group.id in found.more:
        return Message("assigns the old product to more than {n} members", n=inside)
    return Message("assigns the old product to {n} member", "assigns the old product to {n} members", n=inside)


def _allotments(found: LicenseGroups) -> Iterator[Finding]:
    def inside(group_id: GroupId) -> list[LicenseProfile]:
        return [read.profile for read in found.inside.get(group_id, ())]

    if names := hint_of(found.carriers, inside):
        yield Finding("person", "allotments", hint_text(names), HINT_REMEDY)


def _rules(
    groups: Sequence[Group] | None, sources: Sequence[SubscribedSku], targets: Sequence[Sequence[SubscribedSku]]
) -> Iterator[Finding]:
    if groups is None:
        yield RULES_UNREAD
        return
    rules = plan_rules_of(groups, sources, targets)
    remedy = Message("Before the run, have the rule name what the new product has too, or accept that members change.")
    for rule in rules:
        text = Message("dynamic group whose rule uses service plans: {effect}", effect=rule_text(rule))
        yield Finding("warn", rule.name, text, remedy)
    if not rules:
        yield Finding("ok", RULES, Message("no dynamic group follows service plans"))
