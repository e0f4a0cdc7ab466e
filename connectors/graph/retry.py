"""The one retry layer: tenacity repeats an attempt; what all senders share says how long to wait and when to stop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NoReturn, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from connectors.errors import NetworkAway, Retryable
from connectors.graph.turns import Kind, Turns

T = TypeVar("T")


async def persist(turns: Turns, kind: Kind, attempt: Callable[[], Awaitable[T]]) -> T:
    """Repeat `attempt` while it raises Retryable, and return what it returns.

    The attempt has told `turns` of its failure, so the next one waits as long as the kind is closed. Raises
    WaitBudgetSpent or NetworkAway when that would take too long, and every other error at once.
    """

    async def once() -> T:
        return await attempt()

    async def sleep(_: float) -> None:
        await turns.wait_open(kind)

    def give_up(state: RetryCallState) -> NoReturn:
        cause = state.outcome.exception() if state.outcome else None
        raise turns.given_up(kind, state.upcoming_sleep) or NetworkAway("The service is away.") from cause

    retrying = AsyncRetrying(
        retry=retry_if_exception_type(Retryable),
        wait=lambda _: turns.closed_for(kind),
        stop=lambda state: turns.given_up(kind, state.upcoming_sleep) is not None,
        sleep=sleep,
        retry_error_callback=give_up,
    )
    return await retrying(once)
