"""What one read sees: the tenant as it is, or as it was before the writes of the last seconds."""

from __future__ import annotations

from connectors.sandbox.tenant.model import User
from connectors.sandbox.tenant.state import TenantState


class Replica:
    """A reading of the tenant. A stale one shows users as they were before their most recent writes."""

    def __init__(self, tenant: TenantState, now: float, *, stale: bool) -> None:
        self._tenant = tenant
        self._before = tenant.before(now) if stale else {}

    def shown(self, user: User) -> User:
        """The user as this reading shows it."""
        return self._before.get(user.row, user) if self._before else user

    def find(self, key: str) -> User | None:
        """The living user with this object id or principal name."""
        user = self._tenant.user(key)
        if user is None and self._before:
            user = next((u for u in self._before.values() if key.lower() in (u.id, u.upn.lower())), None)
        if user is None:
            return None
        seen = self.shown(user)
        return seen if seen.deleted_at is None else None

    def users(self, position: int, count: int) -> tuple[list[User], int | None]:
        """Up to `count` living users from a row on, and the row where the next page starts (None at the end)."""
        rows = self._tenant.users
        found: list[User] = []
        row = position
        while row < len(rows):
            user = self.shown(rows[row])
            if user.deleted_at is None:
                if len(found) == count:
                    return found, row
                found.append(user)
            row += 1
        return found, None

    def holders(self, sku: str, position: int, count: int) -> tuple[list[User], int | None]:
        """As `users`, for those who hold a product."""
        bits = self._bits(sku)
        rows = self._tenant.users
        found: list[User] = []
        row = bits.find(1, position)
        while row >= 0:
            if len(found) == count:
                return found, row
            found.append(self.shown(rows[row]))
            row = bits.find(1, row + 1)
        return found, None

    def holder_count(self, sku: str) -> int:
        """How many users `holders` would list."""
        return self._bits(sku).count(1)

    def _bits(self, sku: str) -> bytearray:
        bits = self._tenant.held_bits(sku)
        if not self._before:
            return bits
        patched = bytearray(len(self._tenant.users))
        patched[: len(bits)] = bits
        for row, user in self._before.items():
            patched[row] = sku in user.profile.held and user.deleted_at is None
        return patched
