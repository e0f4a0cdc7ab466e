"""Many single objects read in batches of twenty, each answered for good."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.errors import Malformed, Retryable
from connectors.graph import batch
from connectors.graph.answer import IF_IT_STAYS, documented, not_allowed
from connectors.graph.batch import Item
from connectors.graph.pace import BATCH_SIZE_MAX
from connectors.graph.retry import persist
from connectors.graph.session import WAITABLE, Session
from connectors.graph.turns import Kind


async def read_each(
    session: Session, urls: Sequence[str], *, what: str, permission: str, by_name: bool = False, units: int = 1
) -> list[Item]:
    """Return one answer per address (relative, without the version), in order; its status is 200 or 404.

    Where people wrote what stands in the addresses (`by_name`), a 400 is an answer too: Graph takes this name for none.
    Each question costs `units` resource units.

    Items that were throttled or lost are asked again. Raises as Session.read does.
    """
    found: dict[int, Item] = {}
    for start in range(0, len(urls), BATCH_SIZE_MAX):
        if start:
            await session.clock.sleep(0)  # whoever was asked to stop does so here, and sends nothing more
        asked = _Asked(session, urls, range(start, min(start + BATCH_SIZE_MAX, len(urls))), what, permission, units)
        asked.answers |= {400} if by_name else set()
        await persist(session.turns, Kind.READ, asked.ask)
        found.update(asked.found)
    return [found[i] for i in range(len(urls))]


class _Asked:
    """One batch of questions; each time it is asked, only the open ones travel."""

    def __init__(
        self, session: Session, urls: Sequence[str], places: range, what: str, permission: str, units: int
    ) -> None:
        self.found: dict[int, Item] = {}
        self._session = session
        self._urls = urls
        self._places = places
        self._what = what
        self._permission = permission
        self.answers = {200, 404}
        self._units = units
        self._renewed = False

    async def ask(self) -> None:
        """Ask what is open; raises Retryable while something stays open."""
        session, places = self._session, [i for i in self._places if i not in self.found]
        began = session.clock.monotonic()
        envelope = batch.gets([self._urls[i] for i in places])
        reading = await session.read(
            session.batch_request(envelope),
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
            session.turns.helped(Kind.READ)
        if len(self.found) == len(self._places):
            return
        if any(item is not None and item.status == 401 for item in items):
            self._renewed = True
            await session.bearer.renew(reading.token)
        raise Retryable(f"{len(self._places) - len(self.found)} items of {self._what} are open.")

    def _judge(self, place: int, item: Item | None, began: float) -> None:
        """Keep the item when it is an answer, close the gate when it asks for patience, raise when it is a refusal."""
        turns = self._session.turns
        if item is None:
            turns.refused([Kind.READ], began=began, retry_after_s=None, reason="missing answer")
        elif item.status == 200 and not isinstance(item.body, dict):
            raise Malformed(f"Graph answered {self._what} with something that is no object. {IF_IT_STAYS}")
        elif item.status in self.answers:
            self.found[place] = item
        elif item.status in WAITABLE:
            self._session.traffic.throttled += item.status == 429
            after = self._session.retry_after(item.headers)
            self._session.close_gates(Kind.READ, item.status, item.headers, began, after)
        elif item.status != 401 or self._renewed:
            raise not_allowed(item.status, item.error, self._what, self._permission)
