"""The tenant in memory: who exists and who holds what, with the indexes that keep a million users quick."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from copy import copy

from connectors.sandbox.tenant.model import (
    ASSIGNED_AT_DEFAULT,
    Assignment,
    Group,
    Json,
    Knobs,
    Organization,
    PlanRules,
    Profile,
    Sku,
    Subscription,
    User,
    WriteRecord,
)

SOMEBODY_ELSE = "0000000e-0000-4000-8000-00000000e15e"
"""The app id under which every change that the caller did not make is written down."""


class TenantState:
    """One tenant. Tests read and change it directly; programs under test meet it over HTTP only.

    The holders of a product are one byte per user row, so listing them is a search in memory.
    """

    def __init__(
        self,
        organization: Organization,
        skus: Iterable[Sku] = (),
        subscriptions: Iterable[Subscription] = (),
        *,
        rules: PlanRules | None = None,
        knobs: Knobs | None = None,
    ) -> None:
        self.organization = organization
        self.skus = {sku.id: sku for sku in skus}
        self.subscriptions = {one.id: one for one in subscriptions}
        self.rules = rules or PlanRules()
        self.knobs = knobs or Knobs()
        self.groups: dict[str, Group] = {}
        self.users: list[User] = []
        self.schedule: list[Json] = []
        self.notes: dict[str, str] = {}
        self.on_assign: dict[tuple[str, str], tuple[str, str]] = {}
        self.on_group: dict[tuple[str, str], tuple[str, bool]] = {}
        self.failing: dict[tuple[str, str], frozenset[str]] = {}
        self.mail_on_assign: dict[str, str] = {}
        self.service_errors: dict[str, list[Json]] = {}
        self.write_log: list[WriteRecord] = []
        self.strange_calls: list[tuple[str, str]] = []
        self.started_at: float | None = None
        self.remember_seconds = 0.0
        self.location_ready: dict[str, float] = {}
        self._by_id: dict[str, User] = {}
        self._by_upn: dict[str, User] = {}
        self._profiles: dict[tuple[Assignment, ...], Profile] = {}
        self._held: dict[str, bytearray] = {}
        self._consumed: dict[str, int] = {}
        self._counts: dict[str, deque[tuple[float, int]]] = {}
        self._before: dict[int, tuple[float, User]] = {}
        self._addresses: dict[str, int] = {}
        self.empty = self.profile(())

    # Profiles

    def profile(self, assignments: Iterable[Assignment]) -> Profile:
        """The shared profile with exactly these assignments, in any order."""
        key = tuple(sorted(assignments))
        found = self._profiles.get(key)
        if found is None:
            found = self._profiles[key] = Profile(key)
        return found

    # Users

    def add_user(self, user_id: str, upn: str, name: str, assignments: Iterable[Assignment] = ()) -> User:
        """A new account at the end of the tenant; the caller sets the remaining fields on the value returned."""
        lowered = upn.lower()
        if user_id in self._by_id or lowered in self._by_upn:
            raise ValueError(f"user {upn} ({user_id}) exists already")
        user = User(len(self.users), user_id, upn, name, self.empty)
        self.users.append(user)
        self._by_id[user_id] = user
        self._by_upn[upn if lowered == upn else lowered] = user
        self._hold(user, self.profile(assignments))
        return user

    def claim_addresses(self, user: User) -> None:
        """Count the explicit addresses of a user, so that duplicates can be found when a license is assigned."""
        self._count_addresses(user, 1)

    def _count_addresses(self, user: User, step: int) -> None:
        # A user's own address may stand there twice, as `SMTP:` and as `smtp:`; the claim is one.
        for address in {address.lower() for address in user.proxies or ()}:
            self._addresses[address] = self._addresses.get(address, 0) + step

    def has_duplicate_address(self, user: User) -> bool:
        """True when another object claims one of the user's explicit proxy addresses."""
        return any(self._addresses.get(address.lower(), 0) > 1 for address in user.proxies or ())

    def user(self, key: str) -> User | None:
        """The living user with this object id or user principal name (any case)."""
        return self._by_id.get(key) or self._by_upn.get(key.lower()) or self._by_id.get(key.lower())

    def living(self) -> Iterator[User]:
        """Every user that is not soft-deleted."""
        return (user for user in self.users if user.deleted_at is None)

    def deleted(self) -> list[User]:
        """Soft-deleted users, in row order."""
        return [user for user in self.users if user.deleted_at is not None]

    def rename_user(self, user: User, upn: str, now: float) -> None:
        """Give a user another principal name; the object id stays."""
        self.remember(user, now)
        del self._by_upn[user.upn.lower()]
        user.upn = upn
        self._by_upn[upn.lower()] = user

    def delete_user(self, user: User, now: float) -> None:
        """Soft-delete: seats and addresses are free at once, the object keeps showing the licenses it had."""
        self.remember(user, now)
        for sku in user.profile.held:
            self._count(sku, user.row, 0, now)
        user.deleted_at = now
        del self._by_id[user.id], self._by_upn[user.upn.lower()]
        self._count_addresses(user, -1)
        for group in self.groups.values():
            group.members.pop(user.id, None)

    def restore_user(self, user: User, now: float) -> None:
        """Undo a soft-delete; licenses and addresses come back with the object."""
        self.remember(user, now)
        user.deleted_at = None
        self._by_id[user.id] = self._by_upn[user.upn.lower()] = user
        self._count_addresses(user, 1)
        for sku in user.profile.held:
            self._count(sku, user.row, 1, now)

    # Licenses

    def set_assignments(self, user: User, assignments: Iterable[Assignment], now: float) -> None:
        """Put exactly these assignments on a user; entries that do not change keep their date."""
        profile = self.profile(assignments)
        if profile is user.profile:
            return
        self.remember(user, now)
        before = dict(zip(user.profile.assignments, user.dates or (), strict=False))
        known = set(user.profile.assignments)
        user.dates = tuple(before.get(a, ASSIGNED_AT_DEFAULT) if a in known else now for a in profile.assignments)
        self._hold(user, profile, now)

    def _hold(self, user: User, profile: Profile, now: float = 0.0) -> None:
        old, new = user.profile.held, profile.held
        user.profile = profile
        if old is not new:
            for sku in old - new:
                self._count(sku, user.row, 0, now)
            for sku in new - old:
                self._count(sku, user.row, 1, now)

    def _count(self, sku: str, row: int, holds: int, now: float) -> None:
        bits = self._held.setdefault(sku, bytearray())
        if len(bits) <= row:
            bits.extend(bytes(max(row + 1, len(self.users)) - len(bits)))
        if bits[row] != holds:
            bits[row] = holds
            total = self._consumed.get(sku, 0)
            if self.knobs.consumed_lag_seconds:
                self._counts.setdefault(sku, deque()).append((now + self.knobs.consumed_lag_seconds, total))
            self._consumed[sku] = total + (1 if holds else -1)

    def consumed(self, sku: str) -> int:
        """Distinct living users who hold the product: each takes one seat, however often it is assigned."""
        return self._consumed.get(sku, 0)

    def reported_units(self, sku: Sku, now: float) -> int:
        """`consumedUnits` as Graph shows it: late by the tenant's lag, and off by its unexplained offset."""
        queue = self._counts.get(sku.id)
        while queue and queue[0][0] <= now:
            queue.popleft()
        return (queue[0][1] if queue else self.consumed(sku.id)) + sku.consumed_offset

    def free_seats(self, sku: Sku) -> int:
        """Seats that a new holder could take; units in grace count only where the tenant says so."""
        if sku.status not in ("Enabled", "Warning"):
            return 0
        usable = sku.enabled + (sku.warning if self.knobs.count_warning_units else 0)
        return usable - self.consumed(sku.id) - sku.consumed_offset

    def held_bits(self, sku: str) -> bytearray:
        """One byte per user row, 1 where the user holds the product; not to be changed by the caller."""
        return self._held.get(sku, bytearray())

    # Reads that lag

    def remember(self, user: User, now: float) -> None:
        """Keep the user as it was, for as long as a stale read may still show it so."""
        if self.remember_seconds and (user.row not in self._before or self._before[user.row][0] < now):
            self._before[user.row] = (now + self.remember_seconds, copy(user))

    def before(self, now: float) -> dict[int, User]:
        """Row -> user as it was, for users written within the last `remember_seconds`."""
        for row in [row for row, (until, _) in self._before.items() if until < now]:
            del self._before[row]
        return {row: user for row, (_, user) in self._before.items()}

    # Names

    def sku_named(self, name: str) -> Sku:
        """The product with this id or part number; KeyError names it otherwise."""
        if name in self.skus:
            return self.skus[name]
        for sku in self.skus.values():
            if sku.part_number == name:
                return sku
        raise KeyError(name)
