"""Single texts of the settings mean what they say, and nothing else is accepted."""

# Assertions read expected == actual.

from __future__ import annotations

from datetime import time

import pytest

from jobs.settings.values import parse_duration, parse_percent, parse_window, url_host


def test_a_window_is_its_two_ends() -> None:
    assert (time(20), time(5, 30)) == parse_window("20:00-05:30")


@pytest.mark.parametrize("text", ["", "20-05", "20:00", "24:00-05:00", "20:60-05:00", "20:00-20:00", " 20:00-05:00"])
def test_another_text_is_no_window(text: str) -> None:
    with pytest.raises(ValueError, match="time"):
        parse_window(text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("50m", 3000), ("3h", 10800), ("1h30m", 5400), ("1h0m5s", 3605)]
)
def test_a_duration_is_its_seconds(text: str, seconds: int) -> None:
    assert seconds == parse_duration(text)


@pytest.mark.parametrize("text", ["", "0m", "5", "1.5h", "30m1h", "-5m", "5 m", "1d", "٣h"])
def test_another_text_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="must be a duration"):
        parse_duration(text)


def test_a_percentage_is_more_than_nothing_and_at_most_everything() -> None:
    """A wave of nobody and one of more than everybody are both mistakes."""
    assert [0.5, 10.0, 100.0] == [parse_percent(text) for text in ("0.5%", "10%", "100%")]
    for text in ("0%", "100.1%", "10", "ten%", "-1%"):
        with pytest.raises(ValueError, match="share"):
            parse_percent(text)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://host.example",
        "https://",
        "host.example/path",
        "https://user:hush@host.example",
        "http://127.0.0.1\\@host.example",
        "http://[::1",
        "http://host.example:99999",
        "https://host.example/a b",
    ],
)
def test_an_address_that_two_readers_could_read_differently_is_refused(url: str) -> None:
    """Its host decides where a token may go."""
    with pytest.raises(ValueError, match="must be an address"):
        url_host(url)


def test_the_host_of_an_address_is_found() -> None:
    assert ["host.example", "::1"] == [url_host("https://Host.example:8443/x?y=z"), url_host("http://[::1]:80/v1.0")]
