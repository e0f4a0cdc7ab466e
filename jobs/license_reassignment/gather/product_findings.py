"""What a check says of the products: sources, targets, their purchases and seats, and what must be declared. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connectors.catalog.products import Catalog
from connectors.message import Message
from connectors.tenant import CompanySubscription, Organization, SubscribedSku
from jobs.license_reassignment.gather import readiness
from jobs.license_reassignment.gather import subscriptions as lifecycle
from jobs.license_reassignment.gather.names import limits_of
from jobs.license_reassignment.gather.readiness import Finding
from jobs.license_reassignment.model.policy import Policy
from jobs.settings.model import Settings


def product_findings(
    policy: Policy,
    skus: Sequence[SubscribedSku],
    subscriptions: Sequence[CompanySubscription],
    organization: Organization,
    settings: Settings,
    catalog: Catalog,
    now: datetime,
) -> list[Finding]:
    """Return what is to be said of sources, targets and their purchases, in that order, and whether seats suffice."""
    by_id = {s.sku_id: s for s in skus}
    found: list[Finding] = []
    for source in policy.sources:
        found += readiness.check_source(by_id[source], subscriptions, organization.id)
        found += lifecycle.life_of(by_id[source], subscriptions, customer_agreement=customer_agreement(settings))
        found += lifecycle.subscriptions_add_up(by_id[source], subscriptions)
        found += lifecycle.source_facts(by_id[source], subscriptions, catalog)
    found += lifecycle.forgotten_editions(policy.sources, skus, catalog)
    targets = dict.fromkeys(t for r in policy.rules for t in r.targets)
    for target in targets:
        found += readiness.check_target(by_id.get(target), target, subscriptions, limits_of(settings))
    found += _purchases(policy, [by_id[t] for t in targets if t in by_id], skus, subscriptions, settings, catalog, now)
    if not targets:
        nowhere = Message("no [[swap]] rule names a target; only roster rows can move users")
        found.append(Finding("warn", "targets", nowhere))
    wanted = sum(by_id[s].consumed for s in policy.sources)
    free = sum(max(0, by_id[t].enabled - by_id[t].consumed) for t in targets if t in by_id)
    if targets and free < wanted:
        found.append(
            Finding(
                "person",
                "seats",
                Message(
                    "{users}, and {seats}: {n} too few",
                    users=Message("{n} user has the old product", "{n} users have the old product", n=wanted),
                    seats=Message("{n} seat of the targets is free", "{n} seats of the targets are free", n=free),
                    n=wanted - free,
                ),
                Message("Buy seats, or move only some of the users: `reseat plan` shows exactly who fits."),
            )
        )
    return found


def _purchases(
    policy: Policy,
    targets: Sequence[SubscribedSku],
    skus: Sequence[SubscribedSku],
    subscriptions: Sequence[CompanySubscription],
    settings: Settings,
    catalog: Catalog,
    now: datetime,
) -> list[Finding]:
    sources = [s for s in skus if s.sku_id in policy.sources]
    allowed = settings.limits.allow_cross_family
    found = lifecycle.family_mismatch(sources, targets, catalog, allowed=allowed)
    for target in targets:
        agreement, by_customer_agreement = settings.declare.billing_agreement, customer_agreement(settings)
        found += lifecycle.life_of(target, subscriptions, customer_agreement=by_customer_agreement)
        found += lifecycle.subscriptions_add_up(target, subscriptions)
        found += lifecycle.purchase_facts(target, subscriptions, now=now, agreement=agreement)
    return [*found, lifecycle.seats_pair(sources, targets)] if targets else found


def customer_agreement(settings: Settings) -> bool:
    """Whether a Microsoft Customer Agreement is declared: as such, or by the partner, who sells under one."""
    declared = settings.declare
    return declared.billing_agreement == "mca" or declared.purchase_channel == "partner"


def declaration_findings(settings: Settings) -> list[Finding]:
    """Return whether is declared what Graph cannot know."""
    declared = settings.declare
    if declared.purchase_channel:
        found = [Finding("ok", "purchase channel", Message("declared: {channel}", channel=declared.purchase_channel))]
        if declared.purchase_channel == "direct" and not (declared.billing_agreement or declared.nonprofit):
            found.append(
                Finding(
                    "warn",
                    "billing agreement",
                    Message("not declared: the report cannot say how the old subscription is ended, or when"),
                    Message(
                        'Set [declare] billing_agreement to "mca" (Microsoft Customer Agreement) or "mosa" (a legacy '
                        "one): the admin center shows it under Billing > Billing accounts."
                    ),
                )
            )
        return found
    return [
        Finding(
            "person",
            "purchase channel",
            Message("not declared, and Graph does not show it"),
            Message("Set [declare] purchase_channel; without it the verdict is never GO."),
        )
    ]
