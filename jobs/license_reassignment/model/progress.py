"""How far an apply is, as a person who watches is told."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Progress:
    """What a person watching is told. Times in seconds; `reason` says why the run waits, "" when it does not.

    `in_flight` are on their way and may be answered at any moment, `in_doubt` had no answer and are looked at. `rate`
    is in users per second, of the time in which the run was not paused.
    """

    total: int
    done: int = 0
    refused: int = 0
    in_flight: int = 0
    in_doubt: int = 0
    drifted: int = 0
    wave: str = ""
    reason: str = ""
    elapsed_s: float = 0.0
    rate: float = 0.0
    eta_s: float | None = None
