"""The two kinds of work that a plan has for a user: the change of licenses, and the country that must come first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from connectors.changes import AssignLicense, SetUsageLocation, UserRequest
from connectors.tenant import LicenseProfile, SkuId, UserId, UserRead
from jobs.license_reassignment.model.standing import Seen, look

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
    """One planned change of licenses with what its user looked like in the snapshot."""

    change: AssignLicense
    targets: tuple[SkuId, ...]
    before: LicenseProfile
    before_number: int
    wave: str

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
        return look(read.profile, self.before, self.change, self.targets) if read.found else "gone"

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
