"""The small values that the templates draw: a number with its rows, a summand, the bars of a product."""

from __future__ import annotations

from dataclasses import dataclass

from jobs.license_reassignment.report.charts import Mark


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
