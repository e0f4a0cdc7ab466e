"""Every ink of the page is readable on every ground it stands on, in each dress: 4.5 to 1, as WCAG 2.2 AA asks."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping

import pytest
from worlds.report_cases import go

from jobs.license_reassignment.report.page.html import render_html

CONTRAST_MIN = 4.5
INKS_BY_GROUND = {
    "page": ("ink", "soft", "link", "good", "bad", "warn"),
    "sunk": ("ink", "soft", "link", "good", "bad", "warn"),
    "good-ground": ("good",),
    "bad-ground": ("bad",),
    "warn-ground": ("warn",),
}


def dresses() -> dict[str, dict[str, str]]:
    """Return the color names of each `:root` rule of the page, in the order light, dark, print."""
    rules = re.findall(r":root \{(.*?)\}", render_html(go(1)), re.DOTALL)
    found = [dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6});", rule)) for rule in rules]
    return dict(zip(("light", "dark", "print"), found, strict=True))


def luminance(color: str) -> float:
    digits = color.lstrip("#")
    digits = "".join(2 * digit for digit in digits) if len(digits) == 3 else digits
    shares = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(("dress", "colors"), dresses().items(), ids=list(dresses()))
def test_every_ink_is_readable_on_its_grounds(dress: str, colors: Mapping[str, str]) -> None:
    pairs = itertools.chain.from_iterable(((ink, ground) for ink in inks) for ground, inks in INKS_BY_GROUND.items())
    pale = {
        (ink, ground): round(contrast(colors[ink], colors[ground]), 2)
        for ink, ground in pairs
        if contrast(colors[ink], colors[ground]) < CONTRAST_MIN
    }

    assert pale == {}


def test_the_arithmetic_is_that_of_wcag() -> None:
    assert round(contrast("#000", "#fff"), 2) == 21.0
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48
