"""The holders of some SKUs, read page by page into columns and again until the seat counts stand still."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

from connectors.graph import columns, wire
from connectors.graph.answer import documented, not_allowed
from connectors.graph.columns import Profiles
from connectors.graph.lookups import USERS
from connectors.graph.paging import Gone, Rows
from connectors.graph.reader import OnPage, Reader
from connectors.graph.session import Session
from connectors.tenant import DeletedUser, ReadScope, SkuId, SubscribedSku, TenantSnapshot

SCANS_MAX = 3
"""So often the users are read again while seat counts move meanwhile."""

READ_AGAIN_MAX = 1000
"""So many users with incomplete states are read singly; in a tenant where that is the rule it would not help."""

HIDDEN_ROWS_MIN = 10
"""From so many listed holders on, a page on which nobody shows a license means that licenses are hidden from us."""

Seats = dict[str, tuple[int, int]]


async def read_tenant(session: Session, scope: ReadScope, on_page: OnPage) -> TenantSnapshot:
    """Read what the scope asks for as one snapshot.

    `stable` is False when the seats of the scope's SKUs moved during each of the scans. Raises as Session.read does.
    """
    began = session.clock.now()
    reader, users = Reader(session, on_page), _Users(scope.sku_ids)
    organization = await reader.organization()
    subscriptions = await reader.subscriptions()
    after = await reader.skus()
    for _ in range(SCANS_MAX):
        before = after
        await users.scan(reader)
        after = await reader.skus()
        stable = _seats(before, scope) == _seats(after, scope)
        if stable:
            break
    not_found = await users.look_up(reader, scope.lookups)
    groups = await reader.groups(scope.group_sku_ids, scope.member_groups)
    deleted = await _recycle_bin(reader, scope)
    frame, profiles = columns.table(users.batches, users.profiles.distinct)
    return TenantSnapshot(
        organization=organization,
        skus=after,
        subscriptions=subscriptions,
        groups=groups,
        users=frame,
        profiles=profiles,
        deleted_users=deleted or (),
        reads=tuple(reader.records),
        began=began,
        ended=session.clock.now(),
        stable=stable,
        not_found=not_found,
        unread=("deleted_users",) if deleted is None else (),
    )


async def _recycle_bin(reader: Reader, scope: ReadScope) -> tuple[DeletedUser, ...] | None:
    """Read the deleted holders; None where the tenant has no such collection, so that nobody takes it for empty."""
    try:
        return await reader.deleted_users(frozenset(scope.sku_ids))
    except Gone:
        return None


def _seats(skus: Sequence[SubscribedSku], scope: ReadScope) -> Seats:
    return {sku.sku_id: (sku.consumed, sku.enabled) for sku in skus if sku.sku_id in scope.sku_ids}


class _Users:
    """The users read so far: `batches` are pages of columns in the order in which they were read."""

    def __init__(self, sku_ids: Sequence[SkuId]) -> None:
        self.batches: list[pa.RecordBatch] = []
        self.profiles = Profiles()
        self._sku_ids = sku_ids

    async def scan(self, reader: Reader) -> None:
        """Read all holders of each SKU; what an earlier scan read is dropped."""
        self.batches.clear()
        for sku_id in self._sku_ids:
            page = _Page(self.profiles, sku_id)
            self.batches += await reader.pages(reader.lookups.holders(sku_id), page.take)
            await self._read_again(reader, list(page.incomplete)[:READ_AGAIN_MAX])

    async def look_up(self, reader: Reader, names: Sequence[str]) -> tuple[str, ...]:
        """Read the users of these names or ids that no scan has met; returns the ones that do not exist."""
        met = self._met({name.lower() for name in names})
        wanted = [name for name in dict.fromkeys(names) if name.lower() not in met]
        possible = [name for name in wanted if "@" in name or _is_guid(name)]
        raws = await reader.each_user(possible, columns.SELECT) if possible else []
        with documented("/users/{id}"):
            found = [raw for raw in raws if raw is not None]
            self.batches.append(columns.page(found, [self.profiles.complete(raw) for raw in found]))
        existing = {name for name, raw in zip(possible, raws, strict=True) if raw is not None}
        return tuple(sorted(name for name in wanted if name not in existing))

    async def _read_again(self, reader: Reader, ids: Sequence[str]) -> None:
        """Read single users whose assignment states did not name the SKU they were listed for.

        Where they still do not, the bare assignment counts, in a state that nobody takes for sound.
        """
        if not ids:
            return
        raws = [raw for raw in await reader.each_user(ids, columns.SELECT) if raw is not None]
        with documented("/users/{id}"):
            self.batches.append(columns.page(raws, [self.profiles.complete(raw) for raw in raws]))

    def _met(self, names: set[str]) -> set[str]:
        """Return the names among these that are the id or the name of a user read so far."""
        wanted = pa.array(sorted(names), columns.TEXT)
        met: set[str] = set()
        for batch in self.batches if names else ():
            for column in ("id", "user_principal_name"):
                lower = pc.utf8_lower(batch.column(column))
                met.update(lower.filter(pc.is_in(lower, value_set=wanted)).to_pylist())
        return met


class _Page:
    """Turns the pages of one SKU's holders into columns; `incomplete` collects whose states do not name the SKU."""

    def __init__(self, profiles: Profiles, sku_id: str) -> None:
        self.incomplete: dict[str, None] = {}
        self._profiles = profiles
        self._sku_id = sku_id
        self._naming: dict[int, bool] = {}

    def take(self, rows: Rows) -> pa.RecordBatch:
        """Return the columns of one page."""
        if len(rows) >= HIDDEN_ROWS_MIN and not any(row.get("assignedLicenses") for row in rows):
            raise not_allowed(403, ("", ""), "the licenses of users", USERS)
        numbers = [self._profiles.number(row) for row in rows]
        for number in set(numbers) - self._naming.keys():
            self._naming[number] = any(
                a.sku_id == self._sku_id and a.state != wire.UNKNOWN_STATE
                for a in self._profiles.distinct[number].assignments
            )
        lacking = {number for number in set(numbers) if not self._naming[number]}
        if lacking:
            for place, row in enumerate(rows):
                if numbers[place] in lacking:
                    numbers[place] = self._profiles.complete(row)
                    self.incomplete[row["id"]] = None
        return columns.page(rows, numbers)


def _is_guid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
