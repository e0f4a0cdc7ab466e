"""The one retry layer: tenacity drives, the gates say how long, the wait budget says when to stop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NoReturn, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from connectors.errors import NetworkAway, Retryable
from connectors.graph.turns import Kind, Turns

T = TypeVar("T")


class NoWay(NetworkAway):
    """Somebody has to clear the way before it helps to ask again; nothing was sent."""


class UntrustedCertificate(NoWay):
    """The other side's certificate is not signed by an authority that we trust."""


class ProxyRefused(NoWay):
    """The proxy does not lead there: it wants to be signed in to, or has its orders."""


async def persist(turns: Turns, kind: Kind, attempt: Callable[[], Awaitable[T]]) -> T:
    """Repeat `attempt` while it raises Retryable, and return what it returns.

    The attempt has told `turns` of its failure, so the next one waits as long as the gate is closed. Raises
    WaitBudgetSpent or NetworkAway when that would take too long, and every other error at once.
    """
    # Nearly every attempt succeeds at once and needs nothing of what follows.
    try:
        return await attempt()
    except Retryable as error:
        failed = [error]

    def gate(_: RetryCallState) -> float:
        return turns.closed_for(kind)

    def stop(state: RetryCallState) -> bool:
        return turns.given_up(kind, state.upcoming_sleep) is not None

    def give_up(state: RetryCallState) -> NoReturn:
        cause = state.outcome.exception() if state.outcome else None
        raise turns.given_up(kind, state.upcoming_sleep) or NetworkAway("The service is away.") from cause

    async def once() -> T:
        if failed:
            raise failed.pop()
        return await attempt()

    async def sleep(_: float) -> None:
        await turns.wait_open(kind)

    retrying = AsyncRetrying(
        retry=retry_if_exception_type(Retryable), wait=gate, stop=stop, sleep=sleep, retry_error_callback=give_up
    )
    return await retrying(once)
