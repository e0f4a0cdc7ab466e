"""What one request changes for one user, a license or the country that must come first, and what a read shows of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from connectors.changes import AssignLicense, SetUsageLocation, UserRequest
from connectors.tenant import GroupId, LicenseAssignment, LicenseProfile, SkuId, UserId, UserRead

Seen = Literal["moved", "before", "waiting", "other", "gone"]
"""`waiting` is of the direct half of a license that came both ways: the group has not yet given the target."""

LOCATIONS_WAVE = "usage locations"


class Task(Protocol):
    """One planned request for one user, as the engine sees it."""

    @property
    def user_id(self) -> UserId:
        """The user's object id."""
        ...

    @property
    def change(self) -> UserRequest:
        """What is sent."""
        ...

    @property
    def wave(self) -> str:
        """The wave that it belongs to."""
        ...

    @property
    def adds(self) -> tuple[SkuId, ...]:
        """The SKUs of which it may take a seat."""
        ...

    def seen(self, read: UserRead) -> Seen:
        """Say what one read shows of it: done, as it was before, or something else."""
        ...

    def intent(self) -> dict[str, Any]:
        """Return its item in the journal, written before it is sent."""
        ...


@dataclass(frozen=True, slots=True)
class LicenseTask:
    """One planned change of licenses with what its user looked like in the snapshot.

    `via` are the groups that give the targets: where there are any, the change only takes away the direct half of a
    license that came both ways.
    """

    change: AssignLicense
    targets: tuple[SkuId, ...]
    before: LicenseProfile
    before_number: int
    wave: str
    via: tuple[GroupId, ...] = ()

    @property
    def user_id(self) -> UserId:
        """The user's object id."""
        return self.change.user_id

    @property
    def adds(self) -> tuple[SkuId, ...]:
        """The SKUs of which it may take a seat."""
        return tuple(a.sku_id for a in self.change.add)

    def seen(self, read: UserRead) -> Seen:
        """Compare the licenses; a user who is not there is gone."""
        if not read.found:
            return "gone"
        if self.via:
            return look_at_half(read.profile, self.before, self.change, self.targets)
        return look(read.profile, self.before, self.change, self.targets)

    def intent(self) -> dict[str, Any]:
        """Return what is added and removed, and the number of the profile before."""
        return {
            "id": self.user_id,
            "add": [{"skuId": a.sku_id, "disabledPlans": list(a.disabled_plans)} for a in self.change.add],
            "remove": list(self.change.remove),
            "before": self.before_number,
        }


@dataclass(frozen=True, slots=True)
class LocationTask:
    """A usage location for a user who has none: Graph gives nobody a license without one."""

    change: SetUsageLocation
    before_number: int
    wave: str = LOCATIONS_WAVE

    @property
    def user_id(self) -> UserId:
        """The user's object id."""
        return self.change.user_id

    @property
    def adds(self) -> tuple[SkuId, ...]:
        """No seat."""
        return ()

    def seen(self, read: UserRead) -> Seen:
        """Compare the country; one that somebody else has set stands, and is never changed."""
        if not read.found:
            return "gone"
        if not read.usage_location:
            return "before"
        return "moved" if read.usage_location.upper() == self.change.usage_location else "other"

    def intent(self) -> dict[str, Any]:
        """Return the country, and that no license is touched."""
        return {
            "id": self.user_id,
            "add": [],
            "remove": [],
            "before": self.before_number,
            "usage_location": self.change.usage_location,
        }


def relevant(profile: LicenseProfile, skus: frozenset[SkuId]) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """Return what a drift is judged by: SKU, origin and disabled plans of the SKUs that the plan is about."""
    return tuple((a.sku_id, a.group_id, a.disabled_plans) for a in profile.assignments if a.sku_id in skus)


def concerned(change: AssignLicense, targets: Iterable[SkuId]) -> frozenset[SkuId]:
    """Return the SKUs whose assignments matter to one change."""
    return frozenset({a.sku_id for a in change.add} | set(change.remove) | set(targets))


def is_moved(profile: LicenseProfile, change: AssignLicense, targets: Iterable[SkuId]) -> bool:
    """Whether a read shows the change done: every target sound with the intended plans, nothing to remove left."""
    if not carried_out(profile, change) or not all(a.sound for a in _added(profile, change)):
        return False
    return all(any(a.sound for a in profile.of_sku(t)) for t in targets)


def is_broken(profile: LicenseProfile, change: AssignLicense) -> bool:
    """Whether a read shows the change carried out and a license of it in error: the old is gone, the new gives less."""
    return carried_out(profile, change) and not all(a.sound for a in _added(profile, change))


def carried_out(profile: LicenseProfile, change: AssignLicense) -> bool:
    """Whether a read shows everything added and removed as the change asks, in whatever state the licenses are."""
    if any(profile.of_sku(sku) for sku in change.remove):
        return False
    assigned = {a.sku_id: a.disabled_plans for a in _added(profile, change)}
    return assigned == {a.sku_id: tuple(sorted(a.disabled_plans)) for a in change.add}


def _added(profile: LicenseProfile, change: AssignLicense) -> list[LicenseAssignment]:
    found = (profile.direct(a.sku_id) for a in change.add)
    return [a for a in found if a is not None]


def look(profile: LicenseProfile, before: LicenseProfile, change: AssignLicense, targets: tuple[SkuId, ...]) -> Seen:
    """Say what one read shows of one change: done, as it was before, or something else."""
    if is_moved(profile, change, targets):
        return "moved"
    skus = concerned(change, targets)
    return "before" if relevant(profile, skus) == relevant(before, skus) else "other"


def look_at_half(
    profile: LicenseProfile, before: LicenseProfile, change: AssignLicense, targets: tuple[SkuId, ...]
) -> Seen:
    """Say what one read shows of the direct half of a license that came both ways.

    `before`: the direct half is as it was, every target is sound through a group, and no group gives the old license.
    """
    if is_moved(profile, change, targets):
        return "moved"
    if any(profile.direct(s) != before.direct(s) for s in change.remove):
        return "other"
    given = all(any(a.sound for a in profile.inherited(t)) for t in targets)
    taken = not any(profile.inherited(s) for s in change.remove)
    return "before" if given and taken else "waiting"
