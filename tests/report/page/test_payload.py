"""The page's copy of the users stays small: ids go first, then fine rows, and the page says so."""

from __future__ import annotations

import base64
import gzip
from dataclasses import replace

import orjson
from worlds.report_cases import finding, no_go, user

from connectors.message import Message
from jobs.license_reassignment.report.page import payload
from jobs.license_reassignment.report.page.html import render_html
from jobs.license_reassignment.report.page.payload import pack, users_payload
from jobs.license_reassignment.report.words import ENGLISH, words_of


def column(value, name: str) -> list[str]:
    found = next(column for column in value["columns"] if column["name"] == name)
    return [found["values"][code] for code in found["codes"]] if "codes" in found else found["values"]


def test_packing_is_undone_by_gzip_and_base64() -> None:
    """The compressed bytes carry no time stamp, so they are the same tomorrow."""
    packed = pack({"name": "Zoë </script>"})

    assert orjson.loads(gzip.decompress(base64.b64decode(packed))) == {"name": "Zoë </script>"}
    assert base64.b64decode(packed)[4:8] == bytes(4)


def test_a_column_that_repeats_itself_is_a_dictionary() -> None:
    value = users_payload(no_go(200), ENGLISH)
    outcome = next(column for column in value["columns"] if column["name"] == "outcome")

    assert len(outcome["values"]) == len(set(outcome["values"])) == 8
    assert len(outcome["codes"]) == 200


def test_above_the_first_limit_only_people_in_need_of_attention_keep_their_ids(monkeypatch) -> None:
    monkeypatch.setattr(payload, "ALL_IDS_MAX", 100)
    r = no_go(200)
    value = users_payload(r, ENGLISH)
    fine = r.users["outcome"].isin({"moved", "already_on_target"}).tolist()

    assert ["" if good else kept for good, kept in zip(fine, r.users["id"], strict=True)] == column(value, "id")
    assert value["left_out"] == 0


def test_above_the_second_limit_the_page_says_how_many_are_left_out(monkeypatch) -> None:
    """Everybody in need of attention stays, of the fine rows a sample."""
    monkeypatch.setattr(payload, "ALL_ROWS_MAX", 100)
    monkeypatch.setattr(payload, "SAMPLE_FINE_ROWS", 30)
    r = no_go(200)
    value = users_payload(r, ENGLISH)

    assert (value["rows"], value["left_out"]) == (50, 150)
    assert sum(outcome not in {"moved", "already_on_target"} for outcome in column(value, "outcome")) == 20
    assert "150 completed users are not listed here" in render_html(r)


def test_remedies_and_our_details_are_translated_and_microsofts_words_are_not() -> None:
    """The finding itself keeps its English."""
    english = Message("{service} needs {other}", service="MCOEV", other=Message("an Exchange plan"))
    dutch, remedy = "MCOEV heeft een Exchange-plan nodig", "Nothing to do."
    rows = [user(n, outcome, detail=english, remedy=remedy) for n, outcome in enumerate(("held", "refused", "held"))]
    r = replace(finding(rows), messages={english: english})
    value = users_payload(r, words_of("nl"))

    assert column(value, "detail") == [dutch, english, dutch]
    assert column(value, "remedy") == ["Niets te doen."] * 3
    assert column(users_payload(r, ENGLISH), "detail") == [english] * 3 == r.users["detail"].tolist()
