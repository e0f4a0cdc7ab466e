"""The plan-by-plan table agrees with a sheet reviewed by hand and with Microsoft's counts."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest
from decide.published_products import FAMILIES, product

from jobs.license_reassignment.decide.translate import Step, TranslationRow, translation_table

E4 = product("ENTERPRISEWITHSCAL")
GOLDEN = Path(__file__).parent / "translation_golden" / "office_365_e4.csv"
SIGNS = {Step.SAME: "=", Step.LEVEL_UP: ">", Step.LEVEL_DOWN: "<", Step.EQUAL: "~", Step.NONE: "-"}


def test_the_table_of_every_e4_plan_agrees_with_the_reviewed_one() -> None:
    """One reviewed sheet says for 17 plans and 17 targets what replaces what."""
    with GOLDEN.open(encoding="utf-8", newline="") as file:
        expected = list(csv.DictReader(file))

    targets = [t for t in expected[0] if t != "plan"]
    tables = {t: translation_table(E4, [product(t)], FAMILIES) for t in targets}
    actual = [
        {"plan": row["plan"], **{t: cell(next(r for r in tables[t] if source_name(r) == row["plan"])) for t in targets}}
        for row in expected
    ]
    assert expected == actual


def source_name(row: TranslationRow) -> str:
    """The name of the plan that a row starts from, or nothing."""
    return row.source.name if row.source else ""


def cell(row: TranslationRow) -> str:
    """One cell of the reviewed sheet: the step, and the other plan where there is one."""
    other = row.target.name if row.target and row.step is not Step.SAME else ""
    return f"{SIGNS[row.step]} {other}".strip()


@pytest.mark.parametrize(
    ("target", "plans", "same", "level_up", "none", "new_ids"),
    [
        ("ENTERPRISEPACK", 37, 16, 0, 1, 21),
        ("SPE_E3", 51, 16, 0, 1, 35),
        ("ENTERPRISEPREMIUM", 56, 11, 5, 1, 45),
        ("SPE_E5", 86, 11, 5, 1, 75),
        ("SPE_E5_NOPSTNCONF", 83, 11, 5, 1, 72),
    ],
)
def test_the_counts_for_the_five_replacements_are_microsofts(
    target: str, plans: int, same: int, level_up: int, none: int, new_ids: int
) -> None:
    """What stays, what rises, what ends and what is new, against the published list of July 2026."""
    sku = product(target)
    steps = Counter(row.step for row in translation_table(E4, [sku], FAMILIES))

    assert (plans, same, level_up, none, new_ids) == (
        len(sku.plans),
        steps[Step.SAME],
        steps[Step.LEVEL_UP],
        steps[Step.NONE],
        steps[Step.NEW] + steps[Step.LEVEL_UP],
    )
