"""Is everything in place? Each SKU, subscription and permission, judged before anything is written. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from connectors.changes import WRITE_PERMISSION
from connectors.message import Message, joined, verbatim
from connectors.tenant import CompanySubscription, Identity, ServiceHealth, SkuId, SubscribedSku, TenantSnapshot
from jobs.license_reassignment.model.policy import Limits

READ_PERMISSIONS = ("User.Read.All", "Organization.Read.All", "GroupMember.Read.All")
OPTIONAL_PERMISSIONS = {
    "ServiceHealth.Read.All": Message("service health is not checked"),
    "AuditLog.Read.All": Message("Microsoft's own audit log is not exported"),
}
LOCATION_PERMISSION = "User.ReadWrite.All"
REPROCESS_PERMISSION = "User.ReadWrite.All"
"""Microsoft's page "user: reprocessLicenseAssignment" asks for it."""

WIDER = {
    WRITE_PERMISSION: ("User.ReadWrite.All", "Directory.ReadWrite.All"),
    LOCATION_PERMISSION: ("Directory.ReadWrite.All",),
}

DEFAULTS = Limits()

GRANTED = Message("granted")
NO_REMEDY = Message("")

SEVERAL = Message(
    "Each of them ends on its own or has to be canceled separately. Do not cancel any of them before the verdict is GO."
)
PARTNER = Message(
    "Tell the partner that it will end once the verdict is GO: it cannot be canceled in the admin center. Do not have "
    "it canceled before that."
)

Level = Literal["ok", "warn", "person", "not_yet", "not_checked"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of `reseat check`. `person`: somebody must settle it (exit 3); `not_yet`: try again later (exit 6)."""

    level: Level
    subject: str
    text: Message
    remedy: Message = NO_REMEDY


WAITING = frozenset({"pendingprovisioning", "pendinginput"})
"""States of a service plan that [limits] accept_unprovisioned may accept; any other is a fault or unknown."""


def usable_units(sku: SubscribedSku, *, count_warning_units: bool) -> int:
    """Return the seats that users can be given, taken ones included: enabled, and those in grace where they count.

    Readiness and the seat ledger both ask this, so that a plan never promises what `apply` then refuses.
    """
    return sku.enabled + (sku.warning if count_warning_units else 0)


def plan_problems(sku: SubscribedSku, accepted: Collection[str] = ()) -> list[str]:
    """Name the service plans that are not set up; a plan that waits for an admin's activation does not block.

    Nor does one of the `accepted` names or ids, as long as it only waits: PendingProvisioning or PendingInput.
    """
    fine = {"success", "pendingactivation"}
    known = {name.strip().casefold() for name in accepted}
    return [
        f"{p.name} {p.provisioning_status}"
        for p in sorted(sku.plans, key=lambda p: p.name)
        if (status := p.provisioning_status.casefold()) not in fine
        and p.applies_to.casefold() != "company"
        and not (status in WAITING and known & {p.name.casefold(), p.id.casefold()})
    ]


def target_problem(
    sku: SubscribedSku | None,
    sku_id: str,
    subscriptions: Iterable[CompanySubscription],
    limits: Limits = DEFAULTS,
) -> Message:
    """Say why a target cannot take users now; nothing when it can. Unknown words of Graph are never taken for good.

    Graph calls a product whose seats are all in grace `Warning`: that is good where [limits] count_warning_units is on.
    """
    if sku is None:
        return Message("{sku}: not in the tenant", sku=sku_id)
    good = {"enabled", "warning"} if limits.count_warning_units else {"enabled"}
    if sku.capability_status.casefold() not in good or _units(sku, limits) <= 0:
        return _unusable(sku)
    states = [s.status for s in subscriptions if s.sku_id == sku_id]
    if states and good.isdisjoint(s.casefold() for s in states):
        return Message("{sku}: subscription status {states}", sku=sku.part_number, states=tuple(sorted(set(states))))
    problems = plan_problems(sku, limits.accept_unprovisioned)
    if not problems:
        return Message("")
    return Message("{sku}: not provisioned: {services}", sku=sku.part_number, services=tuple(problems))


def _unusable(sku: SubscribedSku) -> Message:
    facts = {"sku": sku.part_number, "state": sku.capability_status, "n": sku.enabled}
    if not sku.warning:
        return Message(
            "{sku}: status {state} (capabilityStatus), {n} active seat",
            "{sku}: status {state} (capabilityStatus), {n} active seats",
            **facts,
        )
    return Message(
        "{sku}: status {state} (capabilityStatus), {n} active seat and {grace} in the grace period",
        "{sku}: status {state} (capabilityStatus), {n} active seats and {grace} in the grace period",
        grace=sku.warning,
        **facts,
    )


def _units(sku: SubscribedSku, limits: Limits) -> int:
    return usable_units(sku, count_warning_units=limits.count_warning_units)


def has_units(sku: SubscribedSku | None, limits: Limits) -> bool:
    """Whether the tenant has any seat of the product that users may take."""
    return sku is not None and _units(sku, limits) > 0


def not_ready(snapshot: TenantSnapshot, targets: Sequence[SkuId], limits: Limits = DEFAULTS) -> list[Message]:
    """Return a sentence for every target that is not ready."""
    problems = (target_problem(snapshot.sku(t), t, snapshot.subscriptions, limits) for t in targets)
    return [p for p in problems if p]


def check_permissions(identity: Identity, *, locations: bool, reprocess: bool = False) -> list[Finding]:
    """Look the permissions up in the token's roles, as far as it can be decoded.

    `locations` are to be written too, or members in error to be processed again (`reprocess`).
    """
    if identity.roles is None:
        return [
            Finding(
                "not_checked",
                WRITE_PERMISSION,
                Message("cannot be checked before the first change: the token cannot be decoded"),
            )
        ]
    roles, found = set(identity.roles), []
    granting = Message("Add it to the app as an application permission of Microsoft Graph, and grant admin consent.")
    if may(identity, WRITE_PERMISSION):
        found.append(Finding("ok", WRITE_PERMISSION, GRANTED))
    else:
        needed = Message("not granted: enough for check, plan and verify; apply needs it")
        found.append(Finding("warn", WRITE_PERMISSION, needed, granting))
    asked = (("usage_location", "write_from_roster", locations), ("groups", "reprocess_errors", reprocess))
    if keys := tuple(f"[{section}] {key}" for section, key, wanted in asked if wanted):
        if may(identity, LOCATION_PERMISSION):
            found.append(Finding("ok", LOCATION_PERMISSION, GRANTED))
        else:
            needed = Message("not granted: `apply` needs it, and only for {keys}", keys=keys)
            found.append(Finding("warn", LOCATION_PERMISSION, needed, granting))
    for permission, without in OPTIONAL_PERMISSIONS.items():
        granted = permission in roles
        found.append(Finding("ok" if granted else "not_checked", permission, GRANTED if granted else without))
    return found


def may(identity: Identity, permission: str) -> bool | None:
    """Whether the token has a permission that WIDER knows, or a wider one; None when it cannot be decoded."""
    if identity.roles is None:
        return None
    return bool({permission, *WIDER[permission]} & set(identity.roles))


def check_source(sku: SubscribedSku, subscriptions: Sequence[CompanySubscription], tenant_id: str) -> list[Finding]:
    """Describe a source SKU: its units, its subscriptions, and what makes it special."""
    mine = [s for s in subscriptions if s.sku_id == sku.sku_id]
    found = [Finding("ok", sku.part_number, _units_of_source(sku))]
    if sku.consumed > sku.enabled:
        found.append(
            Finding(
                "warn",
                sku.part_number,
                Message(
                    "over-assigned: {users} on {seats}",
                    users=Message("{n} user", "{n} users", n=sku.consumed),
                    seats=Message("{n} active seat", "{n} active seats", n=sku.enabled),
                ),
                Message(
                    "Seats become free as users move, and where a shared or room mailbox of up to 50 GB, which needs "
                    "no license, has one. No more seats of a retired product are sold."
                ),
            )
        )
    if len(mine) > 1:
        several = Message("several subscriptions of one product: {all}", all=joined(map(_subscription, mine)))
        found.append(Finding("warn", sku.part_number, several, SEVERAL))
    if any(s.owner_tenant_id and s.owner_tenant_id != tenant_id for s in mine):
        found.append(Finding("person", sku.part_number, Message("bought through a partner"), PARTNER))
    if problems := plan_problems(sku):
        unfinished = Message("not every service is provisioned: {services}", services=tuple(problems))
        found.append(Finding("warn", sku.part_number, unfinished))
    return found


def _units_of_source(sku: SubscribedSku) -> Message:
    return Message(
        "{state}; seats: {enabled} enabled, {grace} in the grace period, {suspended} suspended, {locked} locked out; "
        "{used} in use",
        state=sku.capability_status,
        enabled=sku.enabled,
        grace=sku.warning,
        suspended=sku.suspended,
        locked=sku.locked_out,
        used=sku.consumed,
    )


def _subscription(one: CompanySubscription) -> Message:
    return Message(
        "{id} ({state}, {seats})",
        id=one.id,
        state=one.status,
        seats=Message("{n} seat", "{n} seats", n=one.total_licenses),
    )


def check_target(
    sku: SubscribedSku | None, sku_id: str, subscriptions: Sequence[CompanySubscription], limits: Limits
) -> list[Finding]:
    """Judge a target: there, enabled, provisioned, not a trial."""
    problem = target_problem(sku, sku_id, subscriptions, limits)
    if problem or sku is None:
        later = Message("Try again later: `reseat check --wait`.")
        return [Finding("not_yet", sku.part_number if sku else sku_id, problem, later)]
    units = Message(
        "{state}, provisioned; seats: {enabled} enabled, {grace} in the grace period, {used} in use, {free} free",
        state=sku.capability_status,
        enabled=sku.enabled,
        grace=sku.warning,
        used=sku.consumed,
        free=_units(sku, limits) - sku.consumed,
    )
    found = [Finding("ok", sku.part_number, units)]
    mine = [s for s in subscriptions if s.sku_id == sku_id]
    if not limits.allow_trial and mine and all(s.is_trial for s in mine):
        remedy = Message("Buy the product, or set [limits] allow_trial.")
        found.append(Finding("person", sku.part_number, Message("trial subscription only"), remedy))
    return found


def check_health(services: Sequence[ServiceHealth] | None) -> list[Finding]:
    """Tell unhealthy services; a plan change waits better for a quiet hour."""
    if services is None:
        ungranted = Message("the permission ServiceHealth.Read.All is not granted")
        return [Finding("not_checked", "service health", ungranted)]
    bad = [s for s in services if s.status.casefold() != "serviceoperational"]
    if not bad:
        well = Message("{n} service operational", "{n} services operational", n=len(services))
        return [Finding("ok", "service health", well)]
    later = Message("Wait a few hours: changes may take longer now.")
    return [Finding("warn", s.service, verbatim(s.status), later) for s in bad]


SETTLE_BEFORE = (
    Finding(
        "not_checked",
        "Exchange delicensing resiliency",
        Message("Graph does not show it"),
        Message(
            "If the tenant supports it, run Set-OrganizationConfig -DelayedDelicensingEnabled:$true some days before."
        ),
    ),
    Finding(
        "not_checked",
        "provisioning sources",
        Message("Entra Connect, HR scripts, Okta and onboarding flows may assign the old product again"),
        Message("Change what they assign before the run."),
    ),
    Finding(
        "not_checked",
        "nonprofit prices",
        Message(
            "Graph does not show whether the organization buys as a nonprofit; Microsoft's verification takes about 30 "
            "days"
        ),
        Message("Have it verified before you buy the new product."),
    ),
)
