"""The holders of some SKUs, read page by page into columns and again until the seat counts stand still."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from connectors.graph import wire
from connectors.graph.answer import documented, not_allowed
from connectors.graph.channel import Channel
from connectors.graph.reads import columns
from connectors.graph.reads.columns import Profiles
from connectors.graph.reads.groups import Inside, each_group, members, read_groups
from connectors.graph.reads.lookups import USERS
from connectors.graph.reads.paging import Gone, Rows
from connectors.graph.reads.reader import OnPage, Reader
from connectors.ids import is_guid
from connectors.tenant import DeletedUser, GroupId, ReadScope, SkuId, SubscribedSku, TenantSnapshot, UserId

SCANS_MAX = 3
"""So often the users are read again while seat counts move meanwhile."""

READ_AGAIN_MAX = 1000
"""So many users with incomplete states are read singly; in a tenant where that is the rule it would not help."""

HIDDEN_ROWS_MIN = 10
"""From so many listed holders on, a page on which nobody shows a license means that licenses are hidden from us."""

Seats = dict[str, tuple[int, int]]


async def read_tenant(channel: Channel, scope: ReadScope, on_page: OnPage) -> TenantSnapshot:
    """Read what the scope asks for as one snapshot.

    `stable` is False when the seats of the scope's SKUs moved during each of the scans. Raises as Channel.read does.
    """
    began = channel.clock.now()
    reader, users = Reader(channel, on_page), _Users(scope.sku_ids)
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
    swaps = await _swaps(reader, users, scope.swap_groups)
    looked_up = await users.look_up(reader, scope.lookups)
    groups = await read_groups(reader, scope, swaps)
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
        ended=channel.clock.now(),
        stable=stable,
        not_found=looked_up.not_found,
        resolved=looked_up.resolved,
        refused=looked_up.refused,
        unread=("deleted_users",) if deleted is None else (),
    )


async def _swaps(reader: Reader, users: _Users, group_ids: Sequence[GroupId]) -> dict[GroupId, Inside]:
    """Read who is right inside each of these groups, with all columns; a group that does not exist is left out.

    A page brings 999 of them for 2 resource units; one by one they would cost one each.
    """
    reads = await each_group(group_ids, lambda group_id: members(reader, group_id, columns.SELECT, users.page))
    await users.join(reader, [page for read in reads.values() for page, _ in read])
    return {
        group_id: Inside(
            frozenset(UserId(user_id) for page, _ in read for user_id in page.column("id").to_pylist()),
            sum(groups for _, groups in read),
        )
        for group_id, read in reads.items()
    }


async def _recycle_bin(reader: Reader, scope: ReadScope) -> tuple[DeletedUser, ...] | None:
    """Read the deleted holders; None where the tenant has no such collection, so that nobody takes it for empty."""
    try:
        return await reader.deleted_users(frozenset(scope.sku_ids))
    except Gone:
        return None


def _seats(skus: Sequence[SubscribedSku], scope: ReadScope) -> Seats:
    return {sku.sku_id: (sku.consumed, sku.enabled) for sku in skus if sku.sku_id in scope.sku_ids}


@dataclass(frozen=True, slots=True)
class _LookedUp:
    """What became of the looked-up names: the id of each, those that no user has, those that Graph takes for none."""

    resolved: Mapping[str, UserId]
    not_found: tuple[str, ...]
    refused: tuple[str, ...]


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

    def page(self, rows: Rows) -> pa.RecordBatch:
        """Return the columns of users that no filter has chosen."""
        return columns.page(rows, [self.profiles.complete(row) for row in rows])

    async def join(self, reader: Reader, pages: Sequence[pa.RecordBatch]) -> None:
        """Take in the users of these pages whom no scan has met; who came without a name is read singly."""
        if not pages:
            return
        rows, none = pa.Table.from_batches(pages), pa.array([], columns.TEXT)
        met = pa.concat_arrays([batch.column("id") for batch in self.batches] or [none])
        rows = rows.filter(pc.invert(pc.is_in(rows.column("id"), value_set=met)))
        named = pc.not_equal(rows.column("user_principal_name"), "")
        self.batches += rows.filter(named).to_batches()
        if bare := list(dict.fromkeys(rows.filter(pc.invert(named)).column("id").to_pylist())):
            self._take([raw for raw in await reader.each_user(bare, columns.SELECT) if raw is not None])

    async def look_up(self, reader: Reader, wanted: Sequence[str]) -> _LookedUp:
        """Read the users of these names and ids that no scan has met; ids first, for they bring names along."""
        ids = [text for text in dict.fromkeys(wanted) if is_guid(text)]
        unmet = self._unmet(ids)
        raws = await reader.each_user(unmet, columns.SELECT) if unmet else []
        self._take([raw for raw in raws if raw is not None])
        absent = [user_id for user_id, raw in zip(unmet, raws, strict=True) if raw is None]
        names = [text for text in dict.fromkeys(wanted) if not is_guid(text)]
        resolved = self._named(names)
        asked = [name for name in names if name not in resolved and "@" in name]
        items = await reader.each_name(asked, columns.SELECT) if asked else []
        with documented("/users/{id}"):
            found = {name: item.body for name, item in zip(asked, items, strict=True) if item.status == 200}
            resolved |= {name: UserId(wire.key_of(raw)) for name, raw in found.items()}
        self._take(list(found.values()))
        return _LookedUp(
            resolved,
            tuple(sorted([*absent, *(name for name in names if name not in resolved)])),
            tuple(sorted(name for name, item in zip(asked, items, strict=True) if item.status == 400)),
        )

    def _take(self, raws: Rows) -> None:
        with documented("/users/{id}"):
            self.batches.append(self.page(raws))

    async def _read_again(self, reader: Reader, ids: Sequence[str]) -> None:
        """Read single users whose assignment states did not name the SKU they were listed for.

        Where they still do not, the bare assignment counts, in a state that nobody takes for sound.
        """
        if not ids:
            return
        self._take([raw for raw in await reader.each_user(ids, columns.SELECT) if raw is not None])

    def _unmet(self, ids: Sequence[str]) -> list[str]:
        """Return the ids among these of which no user was read so far."""
        wanted, met = pa.array(sorted(text.lower() for text in ids), columns.TEXT), set[str]()
        for batch in self.batches if ids else ():
            met.update(batch.column("id").filter(pc.is_in(batch.column("id"), value_set=wanted)).to_pylist())
        return [text for text in ids if text.lower() not in met]

    def _named(self, names: Sequence[str]) -> dict[str, UserId]:
        """Return the ids of the users read so far that have one of these names.

        Only ASCII is compared here: how Graph folds any other letter is for Graph to say.
        """
        plain = {name: name.lower() for name in names if name.isascii()}
        wanted, met = pa.array(sorted(set(plain.values())), columns.TEXT), dict[str, UserId]()
        for batch in self.batches if plain else ():
            lower = pc.utf8_lower(batch.column("user_principal_name"))
            hits = pc.is_in(lower, value_set=wanted)
            met.update(zip(lower.filter(hits).to_pylist(), batch.column("id").filter(hits).to_pylist(), strict=True))
        return {name: met[lower] for name, lower in plain.items() if lower in met}


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
