"""Cells that a spreadsheet would run leave with a guard in front, and come back without it."""

# Assertions read expected == actual.

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.roster.formula import clean, guard, unguard


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+A1",
        "-A1",
        "@SUM(A1)",
        "\tx",
        "\rx",
        "\nx",
        "＝1+1",
        "＋A1",
        "－A1",
        "＠x",
        "--1",
        "+31 20 555",
        " =1",
        "==",
    ],
)
def test_text_that_would_run_gets_one_quote(text: str) -> None:
    assert f"'{text}" == guard(text)


@pytest.mark.parametrize(
    "text", ["=", "-", "+", "*", "!", "-5", "+5", "-1,5", "1E5", "-1e-5", "", "a=b", "O'Brien", "'", "' x"]
)
def test_sigils_numbers_and_plain_text_stay(text: str) -> None:
    assert text == guard(text)


def test_cleaning_comes_before_the_guard() -> None:
    """A NUL in front of a sign is removed first, so that the sign is seen."""
    assert "'=1" == guard("\0=1")
    assert "'=1" == guard("\x1b\x00=1\x7f")


def test_text_that_looks_guarded_survives_the_way_out_and_back() -> None:
    assert "''=1" == guard("'=1")
    assert "'=1" == unguard("''=1")


@pytest.mark.parametrize("text", ["'quoted'", "'", "'=", "'-5", "plain", ""])
def test_a_quote_that_is_no_guard_stays(text: str) -> None:
    assert text == unguard(text)


@given(st.text(alphabet=st.one_of(st.sampled_from("'=+-@\t\r\n\0 *!＝19"), st.characters())))
@example("\ud800=1")
def test_unguard_undoes_guard(text: str) -> None:
    """For every text, what comes back is the cleaned text, and what goes out starts with no sign that runs."""
    out = guard(text)

    assert clean(text) == unguard(out)
    assert clean(text) == out.removeprefix("'") or clean(text) == out
    assert out in set("=-+") or out[:1] not in set("=@\t\r\n＝＋－＠")
    out.encode("utf-8")


@given(st.text())
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(text) == clean(clean(text))
