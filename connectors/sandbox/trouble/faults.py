"""What goes wrong on purpose: a seeded plan of faults, all off by default, each drawn or forced by name."""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Rates = Mapping[int, float]


@dataclass(slots=True)
class FaultPlan:
    """Rates are chances per request or per batch item, between 0 and 1; the same seed gives the same faults.

    - `drop_before`, `drop_after`: the connection breaks without an answer, before or after the work was done.
    - `errors`, `errors_after`: status -> rate; the request is answered so, without or with the work done.
    - `item_errors`, `item_errors_after`: the same for one item of a batch; `item_missing`: applied, but not answered.
    - `throttled`: 429 below the quota, nothing done; `throttled_applied`: 429 although it was applied;
      `throttled_header_share` of both carry Retry-After.
    - `unreadable`: the answer's JSON is cut off; `stale`: a read shows users as they were up to `stale_seconds` ago.
    - `duplicate_row`: a page starts with a user of the one before; `repeat_link`: a nextLink leads to its own page;
      `empty_page`: a page without rows but with a nextLink.
    - `meddle_every`: after every k-th write that was carried out, somebody else acts in one of the `meddle_kinds`.

    `faults_max` ends it all after so many; `where(method, path)` confines it; `shuffle` answers batches in any order.
    """

    seed: int = 0
    drop_before: float = 0.0
    drop_after: float = 0.0
    errors: Rates = field(default_factory=dict)
    errors_after: Rates = field(default_factory=dict)
    item_errors: Rates = field(default_factory=dict)
    item_errors_after: Rates = field(default_factory=dict)
    item_missing: float = 0.0
    throttled: float = 0.0
    throttled_applied: float = 0.0
    unreadable: float = 0.0
    stale: float = 0.0
    stale_seconds: float = 30.0
    duplicate_row: float = 0.0
    repeat_link: float = 0.0
    empty_page: float = 0.0
    meddle_every: int = 0
    meddle_kinds: tuple[str, ...] = ("licenses", "seats", "delete")
    retry_after_s: int = 2
    retry_after_share: float = 0.5
    throttled_header_share: float = 1.0
    faults_max: int | None = None
    shuffle: bool = True
    where: Callable[[str, str], bool] | None = None
    seen: Counter[str] = field(default_factory=Counter)
    rng: random.Random = field(init=False)
    _forced: dict[str, deque[int]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)

    def force(self, name: str, *, status: int = 503, times: int = 1) -> None:
        """The next `times` chances of this fault come true, whatever its rate; `status` is for the error faults."""
        self._forced.setdefault(name, deque()).extend([status] * times)

    def happens(self, name: str, rate: float, method: str = "", path: str = "") -> bool:
        """Draw one fault; it is counted in `seen` when it comes."""
        return self._draw(name, {1: rate}, method, path) is not None

    def status(self, name: str, rates: Rates, method: str = "", path: str = "") -> int | None:
        """Draw one of several error statuses; None when none comes."""
        return self._draw(name, rates, method, path)

    def throttle_wait(self) -> int | None:
        """The Retry-After of a 429 that a fault makes; None when it comes without."""
        return self.retry_after_s if self.rng.random() < self.throttled_header_share else None

    def retry_after(self) -> dict[str, str]:
        """Headers of a 503: some carry Retry-After, some do not."""
        return {"Retry-After": str(self.retry_after_s)} if self.rng.random() < self.retry_after_share else {}

    def _draw(self, name: str, rates: Rates, method: str, path: str) -> int | None:
        forced = self._forced.get(name)
        if not forced and not any(rates.values()):
            return None
        if self.where is not None and not self.where(method, path):
            return None
        if forced:
            self.seen[name] += 1
            return forced.popleft()
        if self.faults_max is not None and self.seen.total() >= self.faults_max:
            return None
        for value, rate in rates.items():
            if rate and self.rng.random() < rate:
                self.seen[name] += 1
                return value
        return None
