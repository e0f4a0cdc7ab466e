"""Exit codes: one table, one precedence, and every error of the job carries its own."""

from __future__ import annotations

import inspect
from itertools import combinations

import pytest

from connectors import errors
from jobs.license_reassignment import errors as exits
from jobs.license_reassignment.errors import MEANING, ExitCode, JobError, first_of

# As documented: the first of these wins when several apply.
PRECEDENCE = (1, 5, 7, 2, 11, 10, 6, 4, 3, 0)


def test_the_table_is_the_documented_one() -> None:
    """Ten codes with a meaning each."""
    assert sorted(ExitCode) == [0, 1, 2, 3, 4, 5, 6, 7, 10, 11]
    assert set(MEANING) == set(ExitCode)


@pytest.mark.parametrize(("first", "second"), list(combinations(PRECEDENCE, 2)))
def test_of_two_codes_the_documented_one_wins(first: int, second: int) -> None:
    """In whatever order they are found."""
    assert (first_of([first, second]), first_of([second, first])) == (first, first)


def test_without_any_code_the_work_is_done() -> None:
    """Nothing in the way is 0, and one code is itself."""
    assert (first_of([]), first_of([4]), first_of(iter([0, 3, 3]))) == (0, 4, 3)


@pytest.mark.parametrize(
    ("name", "code"),
    [("InputError", 2), ("GuardRefused", 10), ("NotReady", 6), ("Unfinished", 4), ("Locked", 11)],
)
def test_an_error_of_the_job_carries_its_code(name: str, code: int) -> None:
    """What the command ends with when nobody handles it."""
    error = getattr(exits, name)("because")

    assert (int(error.exit_code), str(error)) == (code, "because")


def test_every_error_that_the_job_may_meet_has_a_code_of_the_table() -> None:
    """Ours and the connectors' alike."""
    classes = [
        c
        for module in (exits, errors)
        for _, c in inspect.getmembers(module, inspect.isclass)
        if issubclass(c, JobError | errors.ConnectorError)
    ]

    assert len(classes) >= 15
    assert {int(c.exit_code) for c in classes} <= set(ExitCode)
