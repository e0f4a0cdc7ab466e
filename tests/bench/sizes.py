"""How large a measurement is, and what a line of its table holds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """Numbers of users: in the tenant that is planned, to apply, to try with slow clients, to apply at a quota.

    `groups` is how many groups are swapped, and how many members each has. `memory_at` are the two numbers of users
    done whose memory is compared; `latency_ms` is per request.
    """

    plan: int
    command: int
    apply: int
    sample: int
    quota: int
    memory_at: tuple[int, int]
    verify: int
    groups: tuple[int, int]
    repeat: int = 2
    latency_ms: float = 150.0


SIZES = {
    "tiny": Size(400, 200, 200, 20, 200, (40, 160), 200, (3, 5), repeat=1, latency_ms=5.0),
    "quick": Size(50_000, 10_000, 4_000, 400, 6_000, (500, 4_000), 10_000, (100, 100)),
    "full": Size(1_000_000, 10_000, 20_000, 2_000, 12_000, (2_000, 20_000), 50_000, (1_000, 200)),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line: what was measured, the figure with its unit, what it is compared with, the ratio, and the aim."""

    what: str
    value: str
    beside: str = ""
    ratio: str = ""
    aim: str = ""
