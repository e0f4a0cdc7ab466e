"""Many single objects read in batches of twenty, each answered for good."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.errors import Malformed, Retryable
from connectors.graph import batch
from connectors.graph.answer import IF_IT_STAYS, documented, not_allowed
from connectors.graph.batch import ItemAnswer
from connectors.graph.channel import WAITABLE, Channel
from connectors.graph.retry import persist
from connectors.graph.turns import Kind
from connectors.limits import BATCH_SIZE_MAX


async def read_each(
    channel: Channel, urls: Sequence[str], *, what: str, permission: str, by_name: bool = False, units: int = 1
) -> list[ItemAnswer]:
    """Return one answer per address (relative, without the version), in order; its status is 200 or 404.

    Where people wrote what stands in the addresses (`by_name`), a 400 is an answer too: Graph takes this name for none.
    Each question costs `units` resource units.

    Items that were throttled or lost are asked again. Raises as Channel.read does.
    """
    found: dict[int, ItemAnswer] = {}
    for start in range(0, len(urls), BATCH_SIZE_MAX):
        if start:
            await channel.clock.sleep(0)  # whoever was asked to stop does so here, and sends nothing more
        asked = _Asked(channel, urls, range(start, min(start + BATCH_SIZE_MAX, len(urls))), what, permission, units)
        asked.answers |= {400} if by_name else set()
        await persist(channel.turns, Kind.READ, asked.ask)
        found.update(asked.found)
    return [found[i] for i in range(len(urls))]


class _Asked:
    """One batch of questions; each time it is asked, only the open ones travel."""

    def __init__(
        self, channel: Channel, urls: Sequence[str], places: range, what: str, permission: str, units: int
    ) -> None:
        self.found: dict[int, ItemAnswer] = {}
        self._channel = channel
        self._urls = urls
        self._places = places
        self._what = what
        self._permission = permission
        self.answers = {200, 404}
        self._units = units
        self._renewed = False

    async def ask(self) -> None:
        """Ask what is open; raises Retryable while something stays open."""
        channel, places = self._channel, [i for i in self._places if i not in self.found]
        began = channel.clock.monotonic()
        envelope = batch.gets([self._urls[i] for i in places])
        reading = await channel.read(
            channel.batch_request(envelope),
            what=self._what,
            cost=len(places) * self._units,
            permission=self._permission,
        )
        with documented(self._what):
            items = batch.answers(reading.body, len(places))
        answered = len(self.found)
        for place, item in zip(places, items, strict=True):
            self._judge(place, item, began)
        if len(self.found) > answered:
            channel.turns.helped(Kind.READ)
        if len(self.found) == len(self._places):
            return
        if any(item is not None and item.status == 401 for item in items):
            self._renewed = True
            await channel.bearer.renew(reading.token)
        raise Retryable(f"{len(self._places) - len(self.found)} items of {self._what} are open.")

    def _judge(self, place: int, item: ItemAnswer | None, began: float) -> None:
        """Keep the item when it is an answer, back off when it asks for patience, raise when it is a refusal."""
        turns = self._channel.turns
        if item is None:
            turns.refused([Kind.READ], began=began, retry_after_s=None, reason="missing answer")
        elif item.status == 200 and not isinstance(item.body, dict):
            raise Malformed(f"Graph answered {self._what} with something that is no object. {IF_IT_STAYS}")
        elif item.status in self.answers:
            self.found[place] = item
        elif item.status in WAITABLE:
            self._channel.traffic.throttled += item.status == 429
            after = self._channel.retry_after(item.headers)
            self._channel.back_off(Kind.READ, item.status, item.headers, began, after)
        elif item.status != 401 or self._renewed:
            raise not_allowed(item.status, item.error, self._what, self._permission)
