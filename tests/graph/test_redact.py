"""What may be shown of other people's texts."""

from __future__ import annotations

import pytest

from connectors.graph.redact import SHOWN_MAX, redact

TEXTS = [
    ("a plain sentence", "a plain sentence"),
    ("two\n  lines", "two lines"),
    ("Bearer abc.def-ghi rest", "<token> rest"),
    ("token eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJ4In0.c2ln!", "token <token>!"),
    ("client_secret=hunter2&scope=x", "client_secret=<secret>&scope=x"),
    ('{"access_token": "abc"}', '{"access_token": "<secret>"}'),
    ("secret abc8Q~aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa end", "secret <secret> end"),
    ("Resource 'jan.jansen@contoso.example' does not exist", "Resource '<address>' does not exist"),
    ("SKU 1392051d-0cb9-4b7a-88d5-621fee5e8711", "SKU 1392051d-0cb9-4b7a-88d5-621fee5e8711"),
]


@pytest.mark.parametrize(("text", "shown"), TEXTS)
def test_secrets_and_addresses_are_taken_out(text: str, shown: str) -> None:
    """Ids stay, for an operator needs them."""
    assert shown == redact(text)


def test_a_long_text_is_cut() -> None:
    """A page of HTML does not flood a log."""
    assert SHOWN_MAX == len(redact("x" * 5000))
