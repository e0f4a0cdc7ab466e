"""The connections to Graph: each sender finds a lane that nobody else is on, and a lane is opened when there is none.

One pool for all of them would do, but httpcore looks through every connection of a pool for each of them whenever a
request begins or ends: with sixteen at work, that was a third of all CPU time of an apply.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass

import httpx
from kiota_abstractions.authentication import BaseBearerTokenAuthenticationProvider
from kiota_http.observability_options import ObservabilityOptions
from msgraph import GraphRequestAdapter

from connectors.graph.sign_in.bearer import Bearer
from connectors.graph.transport import with_sdk

LANES_MAX = 16


@dataclass(slots=True)
class _Lane:
    """One HTTP client under an adapter of the SDK. `busy` requests are on their way on it.

    `transport` is what the SDK hides behind one of its own, which does not close what it hides.
    """

    adapter: GraphRequestAdapter
    http: httpx.AsyncClient
    transport: httpx.AsyncBaseTransport
    busy: int = 0


class Lanes:
    """Up to LANES_MAX lanes to `root`, all with the same token; `open_http` opens what is under one."""

    def __init__(self, root: str, bearer: Bearer, open_http: Callable[[], httpx.AsyncClient]) -> None:
        self._root = root
        self._bearer = bearer
        self._open_http = open_http
        self._lanes = [self._open()]

    @property
    def first(self) -> GraphRequestAdapter:
        """The adapter with which requests are built."""
        return self._lanes[0].adapter

    @contextmanager
    def free(self) -> Iterator[GraphRequestAdapter]:
        """Give the adapter of the lane on which least is going on; it counts as busy meanwhile."""
        lane = min(self._lanes, key=lambda lane: lane.busy)
        if lane.busy and len(self._lanes) < LANES_MAX:
            lane = self._open()
            self._lanes.append(lane)
        lane.busy += 1
        try:
            yield lane.adapter
        finally:
            lane.busy -= 1

    async def close(self) -> None:
        """Close all connections."""
        async with AsyncExitStack() as closing:
            for lane in self._lanes:
                closing.push_async_callback(lane.http.aclose)
                closing.push_async_callback(lane.transport.aclose)

    def _open(self) -> _Lane:
        http = self._open_http()
        transport = http._transport
        adapter = GraphRequestAdapter(BaseBearerTokenAuthenticationProvider(self._bearer), with_sdk(http))
        adapter.base_url = self._root
        adapter.observability_options = ObservabilityOptions(include_euii_attributes=False)
        return _Lane(adapter, http, transport)
