"""Everything of the tenant but the mass of its users, as nouns, with a record of each read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

from connectors.errors import Malformed
from connectors.graph import wire
from connectors.graph.answer import IF_IT_STAYS, documented
from connectors.graph.batch import ItemAnswer
from connectors.graph.channel import Channel
from connectors.graph.reads.lookups import SKUS, USERS, Lookups
from connectors.graph.reads.paging import Listing, Rows, read_first_page, read_pages
from connectors.graph.reads.singles import read_each
from connectors.tenant import (
    CompanySubscription,
    DeletedUser,
    LicenseDetails,
    Organization,
    ReadRecord,
    ServiceHealth,
    SkuId,
    SubscribedSku,
    UserId,
    UserRead,
)
from connectors.utc import utc_text

READ_SELECT = ("id", "userPrincipalName", "usageLocation", "assignedLicenses", "licenseAssignmentStates")

DETAILS_UNITS = 2
"""Microsoft documents so many resource units for the license details of one user."""

T = TypeVar("T")
OnPage = Callable[[str, int], None]


def user_url(name: str, select: Sequence[str]) -> str:
    """Return the address of a user by id or principal name; whatever the name holds, it stays one part of it.

    Microsoft's page "Get user": `/users/$x@y.com` is a 400, and `/users('$x@y.com')` is the form that works.
    """
    path = f"/users{in_quotes(name, '(', ')')}" if name.startswith("$") else f"/users/{quote(name, safe='')}"
    return f"{path}?$select={','.join(select)}"


def in_quotes(text: str, before: str = "", after: str = "") -> str:
    """Return a text as OData writes it in an address: in quotes, a quote in it doubled, percent-encoded."""
    doubled = text.replace("'", "''")
    return f"{before}'{quote(doubled, safe='')}'{after}"


def _quiet(_what: str, _rows: int) -> None:
    """Tell nobody."""


class Reader:
    """Reads with one channel; `records` is the evidence of what was asked.

    `on_page` hears the name of a collection and the rows read of it so far.
    """

    def __init__(self, channel: Channel, on_page: OnPage = _quiet) -> None:
        self.records: list[ReadRecord] = []
        self.lookups = Lookups(channel.graph)
        self._channel = channel
        self._on_page = on_page

    async def organization(self) -> Organization:
        """Read the organization."""
        found = await self.nouns(self.lookups.organization(), wire.organization)
        if len(found) != 1:
            raise Malformed(f"The tenant has {len(found)} organizations instead of one. {IF_IT_STAYS}")
        return found[0]

    async def skus(self) -> tuple[SubscribedSku, ...]:
        """Read all products, sorted by id."""
        return tuple(sorted(await self.nouns(self.lookups.skus(), wire.sku), key=lambda sku: sku.sku_id))

    async def subscriptions(self) -> tuple[CompanySubscription, ...]:
        """Read all purchases, sorted by id."""
        return tuple(sorted(await self.nouns(self.lookups.subscriptions(), wire.subscription), key=lambda s: s.id))

    async def health(self) -> tuple[ServiceHealth, ...]:
        """Read the state of the services, sorted by name."""
        return tuple(sorted(await self.nouns(self.lookups.health(), wire.health), key=lambda s: s.service))

    async def deleted_users(self, sku_ids: frozenset[SkuId]) -> tuple[DeletedUser, ...]:
        """Read the users in the recycle bin that name one of the SKUs; Graph cannot filter there."""
        found = await self.nouns(self.lookups.deleted_users(), wire.deleted_user)
        return tuple(sorted((u for u in found if sku_ids.intersection(u.sku_ids)), key=lambda u: u.id))

    async def users(self, ids: Sequence[UserId]) -> tuple[UserRead, ...]:
        """Read single users, in the order asked."""
        raws = await self.each_user(ids, READ_SELECT)
        now = self.now()
        with documented("/users/{id}"):
            return tuple(
                UserRead(user_id, False, now) if raw is None else wire.user_read(raw, now, asked=user_id)
                for user_id, raw in zip(ids, raws, strict=True)
            )

    async def each_user(self, ids: Sequence[str], select: Sequence[str]) -> list[Mapping[str, Any] | None]:
        """Read users by id, in the order asked; None for one that does not exist."""
        return await self.each("/users/{id}", ids, select, USERS)

    async def each_name(self, names: Sequence[str], select: Sequence[str]) -> list[ItemAnswer]:
        """Read users by principal name, in the order asked: status 404 for nobody, 400 for what is no name to Graph."""
        return await self.asked([user_url(name, select) for name in names], what="/users/{name}", permission=USERS)

    async def asked(self, urls: Sequence[str], *, what: str, permission: str) -> list[ItemAnswer]:
        """Return the answers to single questions that hold names of people: status 200, 404 or 400."""
        began = self.now()
        items = await read_each(self._channel, urls, what=what, permission=permission, by_name=True)
        self._note(f"{what} of {len(urls)}", began, sum(item.status == 200 for item in items))
        return items

    async def license_details(self, ids: Sequence[UserId]) -> tuple[LicenseDetails | None, ...]:
        """Read how each service plan of these users is provisioned, in the order asked; None for one not found."""
        what = "/users/{id}/licenseDetails"
        raws = await self.each(what, ids, (), SKUS, units=DETAILS_UNITS)
        with documented(what):
            return tuple(None if raw is None else wire.license_details(raw) for raw in raws)

    async def pages(self, listing: Listing, take: Callable[[Rows], T]) -> list[T]:
        """Read a collection to its end, note the read, and return what `take` made of each page."""
        began, so_far = self.now(), 0

        def seen(rows: int) -> None:
            nonlocal so_far
            so_far += rows
            self._on_page(listing.what, so_far)

        pages = await read_pages(self._channel, listing, lambda rows: (len(rows), take(rows)), seen)
        self._note(listing.what, began, sum(count for count, _ in pages))
        return [taken for _, taken in pages]

    async def first_page(self, listing: Listing) -> tuple[Rows, bool]:
        """Read the first page of a collection, and whether there is another one. Raises Gone."""
        began = self.now()
        rows, more = await read_first_page(self._channel, listing)
        self._note(listing.what, began, len(rows))
        return rows, more

    async def nouns(self, listing: Listing, read: Callable[[Mapping[str, Any]], T]) -> list[T]:
        """Read a collection to its end, and return what `read` made of each row."""
        pages = await self.pages(listing, lambda rows: [read(row) for row in rows])
        return [noun for page in pages for noun in page]

    async def each(
        self, what: str, keys: Sequence[str], select: Sequence[str], permission: str, *, units: int = 1
    ) -> list[Mapping[str, Any] | None]:
        """Read what has these keys in the place of `{id}`, in the order asked; None for what is not there."""
        began, query = self.now(), "?$select=" + ",".join(select) if select else ""
        urls = [what.replace("{id}", quote(key, safe="")) + query for key in keys]
        items = await read_each(self._channel, urls, what=what, permission=permission, units=units)
        found = [item.body if item.status == 200 else None for item in items]
        self._note(f"{what} of {len(keys)}", began, len(found) - found.count(None))
        return found

    def now(self) -> datetime:
        """Return the time, in UTC."""
        return self._channel.clock.now()

    def _note(self, query: str, began: datetime, rows: int) -> None:
        self.records.append(ReadRecord(query, utc_text(began), utc_text(self.now()), rows))
