"""A collection read to its end: every page once, in order, from one walk, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from connectors.errors import Malformed
from connectors.graph.answer import IF_IT_STAYS, Reading, documented
from connectors.graph.channel import Channel, Request

PAGES_MAX = 10_000
WALKS_MAX = 4
"""So often one collection is begun before it counts as endless."""

STEPS_TO_WIRE = 4
"""So many turns of the event loop take a request through the client onto its connection."""

T = TypeVar("T")
Rows = list[Mapping[str, Any]]


class Gone(Malformed):
    """What was listed does not exist."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A collection: its name in evidence and messages, its first request, the cost of a page and the permission."""

    what: str
    first: Callable[[], Request]
    cost: int
    permission: str

    @property
    def path(self) -> str:
        """The name without its filter."""
        return self.what.partition("?")[0]


async def read_pages(
    channel: Channel, listing: Listing, take: Callable[[Rows], T], seen: Callable[[int], None]
) -> list[T]:
    """Return what `take` made of each page; `seen` hears the rows of each page as it comes.

    A walk whose page token has expired, or whose next links run in a circle, is begun again and what it gave is
    dropped. Raises Gone when the collection itself does not exist, Malformed when it has no end, else as Channel.read
    does.
    """
    for _ in range(WALKS_MAX):
        pages = await _walk(channel, listing, take, seen)
        if pages is not None:
            return pages
    raise Malformed(
        f"Reading {listing.path} did not come to its end in {WALKS_MAX} walks, for its pages lead in a circle. "
        f"{IF_IT_STAYS}"
    )


async def read_first_page(channel: Channel, listing: Listing) -> tuple[Rows, bool]:
    """Return the rows of the first page, and whether there is another one. Raises as `read_pages` does."""
    page = await channel.read(listing.first(), what=listing.what, cost=listing.cost, permission=listing.permission)
    if page.status >= 400:
        raise Gone(f"{listing.path} does not exist in this tenant. {IF_IT_STAYS}")
    with documented(listing.what):
        link, rows = _read(page.body)
    return rows, bool(link)


async def _walk(
    channel: Channel, listing: Listing, take: Callable[[Rows], T], seen: Callable[[int], None]
) -> list[T] | None:
    """One walk from the first page on; None when it cannot be ended. A page is taken in while the next one comes."""

    def ask(request: Request) -> asyncio.Task[Reading]:
        reading = channel.read(request, what=listing.what, cost=listing.cost, permission=listing.permission)
        return asyncio.create_task(reading)

    coming, pages, links = ask(listing.first()), list[T](), set[str]()
    try:
        for _ in range(PAGES_MAX):
            page = await coming
            if page.status >= 400:
                if not links:
                    raise Gone(f"{listing.path} does not exist in this tenant. {IF_IT_STAYS}")
                return None
            with documented(listing.what):
                link, rows = _read(page.body)
                if link in links:
                    return None
                if link:
                    links.add(link)
                    coming = ask(channel.next_page(link))
                    await _on_its_way(coming)
                pages.append(take(rows))
            seen(len(rows))
            if not link:
                return pages
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)
    raise Malformed(f"Reading {listing.path} did not end after {PAGES_MAX} pages. {IF_IT_STAYS}")


def _read(body: Any) -> tuple[str, Rows]:
    """Return the link to the next page ("" on the last one) and the rows of a page."""
    link, rows = body.get("@odata.nextLink"), body["value"]
    if not isinstance(rows, list):
        raise TypeError("value is no list")
    if link is not None and (not isinstance(link, str) or not link):
        raise TypeError("@odata.nextLink is no address")
    return link or "", rows


async def _on_its_way(coming: asyncio.Task[Reading]) -> None:
    """Let a request that was just asked for reach the wire; it goes there by itself, only later, without this."""
    for _ in range(STEPS_TO_WIRE):
        await asyncio.wait({coming}, timeout=0)
