"""What two reads show of one user's services: which ones work, which stayed off, what came and what went. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from connectors.catalog.families import PlanFamilies
from connectors.message import Message, few, joined
from connectors.tenant import (
    LicenseAssignment,
    LicenseDetails,
    LicenseProfile,
    PlanId,
    SkuId,
    SubscribedSku,
    TenantSnapshot,
)
from jobs.license_reassignment.decide.coverage import Holding, data_at_risk

PENDING = "pending"
"""Graph's words for a service that is still to come: PendingInput, PendingActivation, PendingProvisioning."""

NAMES_MAX = 5


def effective(profile: LicenseProfile, details: LicenseDetails | None) -> LicenseProfile:
    """Return what the user has of these assignments.

    What is in Error or Disabled gives nothing. Where `licenseDetails` was read, a license that Graph holds for faulty
    counts as sound but for the services that are neither there nor on their way; a product that it does not name
    gives nothing.
    """
    if all(a.sound for a in profile.assignments):
        return profile
    return LicenseProfile.of(a for one in profile.assignments if (a := _given(one, details)) is not None)


def _given(assignment: LicenseAssignment, details: LicenseDetails | None) -> LicenseAssignment | None:
    if not assignment.gives:
        return None
    if assignment.sound or details is None:
        return assignment
    services = details.get(assignment.sku_id)
    if services is None:
        return None
    failed = {service for service, status in services.items() if not _works(status)}
    off = tuple(sorted({*assignment.disabled_plans, *failed}))
    return replace(assignment, disabled_plans=off, state="Active", error="")


def _works(status: str) -> bool:
    return status.casefold() == "success" or status.casefold().startswith(PENDING)


@dataclass(frozen=True, slots=True)
class Difference:
    """What two reads show of the service plans: tuples of ids, sorted."""

    kept_off: tuple[PlanId, ...] = ()
    new_on: tuple[PlanId, ...] = ()
    lost: tuple[PlanId, ...] = ()


UNCHANGED = Difference()


class Services:
    """Compares profiles by what their service plans give; equal pairs are compared once.

    Each read is judged by the products as the tenant listed them then.
    """

    def __init__(self, before: TenantSnapshot, after: TenantSnapshot, families: PlanFamilies) -> None:
        self._was = {s.sku_id: s for s in (*after.skus, *before.skus)}
        self._now = {s.sku_id: s for s in (*before.skus, *after.skus)}
        self._families = families
        self._seen: dict[tuple[LicenseProfile, LicenseProfile], Difference] = {}
        self._risks: dict[tuple[LicenseProfile, LicenseProfile], Message] = {}

    def between(self, was: LicenseProfile, now: LicenseProfile) -> Difference:
        """Return which services stayed off, are newly on, and are provided by nothing any more."""
        if was == now:
            return UNCHANGED
        if (was, now) not in self._seen:
            self._seen[was, now] = self._compared(was, now)
        return self._seen[was, now]

    def _compared(self, was: LicenseProfile, now: LicenseProfile) -> Difference:
        on, off = self._on_and_off(was.assignments, self._was)
        on_now, off_now = self._on_and_off(now.assignments, self._now)
        coming_on, coming_off = self._on_and_off(set(now.assignments) - set(was.assignments), self._now)
        provided, worked = {self._key(p) for p in on_now}, {self._key(p) for p in on}
        families_off = {self._key(p) for p in off} - worked
        followed = {s for p in on | off if (s := self._families.successor(p, coming_on | coming_off)) is not None}
        return Difference(
            kept_off=tuple(sorted(p for p in coming_off & off_now if p in off or self._key(p) in families_off)),
            new_on=tuple(sorted(p for p in on_now - on if p not in followed or self._key(p) not in worked)),
            lost=tuple(sorted(p for p in on - on_now if self._key(p) not in provided)),
        )

    def _key(self, service: PlanId) -> str:
        return self._families.key(service)

    def _on_and_off(
        self, assignments: Iterable[LicenseAssignment], skus: Mapping[SkuId, SubscribedSku]
    ) -> tuple[frozenset[PlanId], frozenset[PlanId]]:
        """Return the services that are on, and those that every assignment with them has off; markers are left out."""
        on: set[PlanId] = set()
        offered: set[PlanId] = set()
        for a in assignments:
            if a.gives and a.sku_id in skus:
                mine = {p.id for p in skus[a.sku_id].plans if p.applies_to.casefold() != "company"}
                mine -= self._families.fillers
                offered |= mine
                on |= mine - set(a.disabled_plans)
        return frozenset(on), frozenset(offered - on)

    def at_risk(self, was: LicenseProfile, now: LicenseProfile) -> Message:
        """Return the data services lost or lowered as sentences, which are false for none."""
        if (was, now) not in self._risks:
            sides = [
                Holding.of(((skus.get(a.sku_id), a) for a in p.assignments), self._families)
                for p, skus in ((was, self._was), (now, self._now))
            ]
            self._risks[was, now] = joined(loss.sentence for loss in data_at_risk(*sides))
        return self._risks[was, now]

    def beyond(self, was: LicenseProfile, asked: LicenseProfile, now: LicenseProfile) -> Message:
        """Return what the user lost that the change itself would not have taken, in words; false for nothing."""
        named = set(self.between(was, asked).lost)
        gone = [p for p in self.between(was, now).lost if p not in named]
        risks = self.at_risk(was, now) if self.at_risk(was, now) != self.at_risk(was, asked) else Message("")
        plain = sorted(self._name(p) for p in gone if not self._data(p))
        others = Message("services lost: {services}", services=few(plain, NAMES_MAX)) if plain else Message("")
        return joined(filter(None, (risks, others)))

    def _data(self, service: PlanId) -> bool:
        level = self._families.family_of(service)
        return level is not None and level.data_at_risk

    def _name(self, service: PlanId) -> str:
        skus = (*self._was.values(), *self._now.values())
        return next((p.name for s in skus for p in s.plans if p.id == service), service)
