"""Every connector error has one exit code, one message, and shows nothing but that message."""

# Assertions read expected == actual.

from __future__ import annotations

import pytest

from connectors import errors
from connectors.errors import ConnectorError, Fatal, LostReply, Malformed, NotYet, PermissionMissing, Retryable

CODES = {
    "ConnectorError": 1,
    "Fatal": 1,
    "LostReply": 4,
    "Malformed": 4,
    "NetworkAway": 4,
    "NoWay": 4,
    "NotYet": 4,
    "PermissionMissing": 7,
    "ProxyRefused": 4,
    "Retryable": 4,
    "Unauthorized": 7,
    "UntrustedCertificate": 4,
    "UnusableVariable": 2,
    "WaitBudgetSpent": 4,
    "WrongTenant": 10,
}


def family() -> dict[str, type[ConnectorError]]:
    return {
        name: value
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, ConnectorError)
    }


def test_every_class_has_the_exit_code_of_the_table() -> None:
    assert CODES == {name: value.exit_code for name, value in family().items()}


def test_every_class_is_drawn_in_the_tree_with_its_code() -> None:
    """The picture at the top of the module is the one that the classes make."""
    lines = [line.strip("│├└─ ").split() for line in (errors.__doc__ or "").splitlines() if "exit" in line]

    assert CODES == {words[0]: int(words[-1]) for words in lines}


def test_a_class_belongs_to_one_answer_to_what_the_caller_can_do() -> None:
    groups = (Retryable, Fatal, NotYet)

    assert {1} == {
        sum(issubclass(value, group) for group in groups)
        for name, value in family().items()
        if name != "ConnectorError"
    }


def test_an_error_shows_its_message_alone() -> None:
    """A cause that holds a token does not reach a log through str or repr."""
    error = Malformed("The page has no value list; try again or report it.")
    error.__cause__ = ValueError("Bearer secret")

    assert "The page has no value list; try again or report it." == str(error)
    assert "Malformed('The page has no value list; try again or report it.')" == repr(error)


def test_a_missing_permission_says_how_to_grant_it() -> None:
    error = PermissionMissing("User.Read.All", "Grant it to the app and consent as an administrator.")

    assert "The permission User.Read.All is missing. Grant it to the app and consent as an administrator." == str(error)
    assert ("User.Read.All", "Grant it to the app and consent as an administrator.") == (error.permission, error.how)


@pytest.mark.parametrize("kind", [Retryable, LostReply])
def test_a_retryable_error_may_carry_the_wait_that_was_asked_for(kind: type[Retryable]) -> None:
    assert kind("Busy.").retry_after_s is None
    assert kind("Busy.", retry_after_s=7.5).retry_after_s == 7.5
