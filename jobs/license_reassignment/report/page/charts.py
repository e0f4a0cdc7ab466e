"""What the templates draw: numbers with their rows, summands, and where the marks of a chart go in per cent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SHARE_MIN = 0.6  # per cent: one user of 50,000 stays visible


@dataclass(frozen=True, slots=True)
class Mark:
    """One bar: what it stands for, how many, where it begins and how wide it is in per cent."""

    key: str
    count: int
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its label, the breakdown under it, and where its rows are."""

    label: str
    value: int
    detail: str
    href: str
    where: str
    alarm: bool = False


@dataclass(frozen=True, slots=True)
class Term:
    """One summand of an equation, with its sign and the rows behind it."""

    label: str
    value: int
    sign: str = "+"
    href: str = ""
    where: str = ""
    swatch: str = ""


@dataclass(frozen=True, slots=True)
class SeatMarks:
    """One SKU's three bars: bought, used before, used after."""

    label: str
    enabled: Mark
    before: Mark
    after: Mark


def stacked(counts: Iterable[tuple[str, int]]) -> tuple[Mark, ...]:
    """Lay the counts end to end over the whole width, in their order and without the zeros."""
    present = [(key, count) for key, count in counts if count > 0]
    total = sum(count for _, count in present)
    shares = [max(100 * count / total, SHARE_MIN) for _, count in present]
    scale = 100 / sum(shares) if shares else 0.0
    marks, x = [], 0.0
    for (key, count), share in zip(present, shares, strict=True):
        width = share * scale
        marks.append(Mark(key, count, round(x, 3), round(width, 3)))
        x += width
    return tuple(marks)


def bars(counts: Sequence[tuple[str, int]], longest: int = 0) -> tuple[Mark, ...]:
    """Draw each count from the left, the longest (or `longest`, where that is more) over the whole width."""
    most = max([longest, *(count for _, count in counts), 1])
    return tuple(Mark(key, count, 0.0, round(100 * max(count, 0) / most, 3)) for key, count in counts)
