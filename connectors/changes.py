"""The nouns of a change: what is asked for one user or group, what came back, and what it cost on the wire."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from connectors.tenant import GroupId, PlanId, SkuId, UserId

WRITE_PERMISSION = "LicenseAssignment.ReadWrite.All"
"""The least permission that Microsoft documents for assignLicense."""


@dataclass(frozen=True, slots=True)
class AddLicense:
    """A SKU to assign, with the plans that stay switched off in it."""

    sku_id: SkuId
    disabled_plans: tuple[PlanId, ...] = ()


@dataclass(frozen=True, slots=True)
class AssignLicense:
    """One request for one user: add and remove travel together."""

    user_id: UserId
    add: tuple[AddLicense, ...]
    remove: tuple[SkuId, ...]


@dataclass(frozen=True, slots=True)
class SetUsageLocation:
    """One request for one user: a country of two letters where there was none."""

    user_id: UserId
    usage_location: str


@dataclass(frozen=True, slots=True)
class AssignGroupLicense:
    """One request for one group: add and remove travel together; its members follow in the background."""

    group_id: GroupId
    add: tuple[AddLicense, ...]
    remove: tuple[SkuId, ...]


UserRequest = AssignLicense | SetUsageLocation
"""Everything that is ever sent to change a user."""


class Verdict(StrEnum):
    """What an answer to a write means for the one who asked."""

    APPLIED = "applied"
    REFUSED = "refused"
    RETRY = "retry"  # proven not applied; may be sent again after `retry_after_s`
    IN_DOUBT = "in_doubt"  # read the user before anything else
    STOP = "stop"  # the run as a whole cannot go on


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back for one change; `reason` is our stable code for a refusal, a doubt or a stop.

    `id` is the user or the group that it was for. `status` is 0 when no answer came. `retry_after_s` is None
    where Graph named no time.
    """

    id: UserId | GroupId
    verdict: Verdict
    status: int
    code: str = ""
    message: str = ""
    reason: str = ""
    retry_after_s: float | None = None
    request_id: str = ""
    client_request_id: str = ""


@dataclass(frozen=True, slots=True)
class Pause:
    """Until when the other side wants no request of one kind (`read`, `write` or `token`), and why."""

    kind: str
    until: datetime
    reason: str


@dataclass(slots=True)
class Traffic:
    """Counts of what went over the wire since the client was opened."""

    http: int = 0
    batches: int = 0
    writes: int = 0
    throttled: int = 0
    waited_seconds: float = 0.0

    def since(self, earlier: Traffic) -> Traffic:
        """Return what came on top of an earlier count."""
        return Traffic(
            self.http - earlier.http,
            self.batches - earlier.batches,
            self.writes - earlier.writes,
            self.throttled - earlier.throttled,
            self.waited_seconds - earlier.waited_seconds,
        )
