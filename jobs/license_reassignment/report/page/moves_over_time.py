"""How many users had been moved at which time: at most sixty steps, and where each wave was complete."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

STEPS_MAX = 60


@dataclass(frozen=True, slots=True)
class Stretch:
    """The users moved in one stretch of time. `at` is when the last of them was moved.

    The line rises from `begins` to (`x`, `y`), all in per cent. `waves` are those of which no user was moved later.
    """

    at: str
    users: int
    total: int
    begins: float
    x: float
    y: float
    waves: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MovesOverTime:
    """The moves of a run in the order of time; `first` is when the first user was moved."""

    first: str
    steps: tuple[Stretch, ...]

    @property
    def last(self) -> str:
        """When the last user was moved."""
        return self.steps[-1].at

    @property
    def total(self) -> int:
        """How many users were moved."""
        return self.steps[-1].total

    @property
    def path(self) -> str:
        """The line of the chart: it rises where users were moved and is flat where none were."""
        return "M0 100" + "".join(f"H{step.begins:g}L{step.x:g} {step.y:g}" for step in self.steps) + "H100"

    @property
    def wave_ends(self) -> tuple[Stretch, ...]:
        """The steps at which a wave was complete, the end of the whole left out."""
        return tuple(step for step in self.steps[:-1] if step.waves)


def moves_over_time(users: pd.DataFrame) -> MovesOverTime | None:
    """Add the moves up over time; None where no user was moved."""
    moved = users.loc[(users["outcome"] == "moved") & (users["applied_at"] != ""), ["applied_at", "wave"]].astype(str)
    times = pd.to_datetime(moved["applied_at"], utc=True, format="ISO8601")
    if times.empty:
        return None
    first, span = times.min(), (times.max() - times.min()).total_seconds()
    shares = (times - first).dt.total_seconds() / (span or 1.0)
    number = (shares * STEPS_MAX).astype(int).clip(upper=STEPS_MAX - 1)
    table = pd.DataFrame({"at": moved["applied_at"], "time": times, "share": shares, "wave": moved["wave"]})
    table = table.assign(number=number).sort_values("time", kind="stable")
    ends = table.drop_duplicates("wave", keep="last").groupby("number")["wave"].apply(tuple)
    steps, total = [], 0
    for key, part in table.groupby("number", sort=True):
        total += len(part)
        waves = tuple(wave for wave in ends.get(key, ()) if wave)
        y = round(100 - 100 * total / len(table), 2)
        begins, x = (round(100 * part["share"].iloc[end], 2) for end in (0, -1))
        steps.append(Stretch(part["at"].iloc[-1], len(part), total, begins, x, y, waves))
    return MovesOverTime(table.iloc[0]["at"], tuple(steps))
