"""The one retry layer: an attempt is made again when its kind opens, until the wait budget is spent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from connectors.errors import Retryable
from connectors.graph.turns import Kind, Turns

T = TypeVar("T")


async def persist(turns: Turns, kind: Kind, attempt: Callable[[], Awaitable[T]]) -> T:
    """Repeat `attempt` while it raises Retryable, and return what it returns.

    The attempt has told `turns` of its failure, so the next one waits as long as the kind is closed. Raises
    WaitBudgetSpent or NetworkAway when that would take too long, and every other error at once.

    How long to wait, when to stop and what to say meanwhile is shared by all senders and known to `turns` alone, which
    leaves nothing for a retry library to decide.
    """
    while True:
        try:
            return await attempt()
        except Retryable as error:
            if spent := turns.given_up(kind, turns.closed_for(kind)):
                raise spent from error
        await turns.wait_open(kind)
