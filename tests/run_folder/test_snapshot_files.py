"""A snapshot as files is the snapshot: nothing is lost on the way to the auditor and back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds.job_world import NOON, PRODUCTS, group, holding, person, product, snapshot, subscription

from connectors.roster.formula import clean
from connectors.tenant import USER_COLUMNS, DeletedUser, Group, GroupId, ReadRecord, SkuId, TenantSnapshot, UserId
from jobs.license_reassignment.run_folder import snapshot_files

DANGEROUS = re.compile("[ \xa0]*[=+@\t\r\n-]")
NUMBER = re.compile(r"[ \xa0]*[+-]?[0-9.,]+(?:[eE][+-]?[0-9]+)?")
SIGILS = ("=", "-", "+", "*", "!")
NASTY = (
    "comma, separated",
    "quoted \"twice\" and 'once'",
    "two\nlines",
    "carriage\r\nreturn",
    "lone\rreturn",
    "=1+1",
    "+31 20 123",
    "-1",
    "@here",
    "'=1+1",
    "''quoted",
    "'plain",
    " blank around ",
    "\ttab",
    "NA",
    "null",
    "1e5",
    "007",
    "Ünïcödé İıŞ 漢字 🎉",
    "",
)


def _columns(snapshot_: TenantSnapshot) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = snapshot_.users.to_dict("list")
    return found


def _round_trip(world: TenantSnapshot) -> TenantSnapshot:
    return snapshot_files.load_snapshot(snapshot_files.snapshot_files(world, "snapshot"), "snapshot")


def _assert_same(read: TenantSnapshot, written: TenantSnapshot) -> None:
    assert _columns(read) == _columns(written)
    assert list(read.users.columns) == list(USER_COLUMNS)
    assert replace(read, users=written.users) == written


def test_a_full_snapshot_comes_back_equal() -> None:
    """Every noun with every optional part filled in and left out."""
    ada = person(
        "ada", holding("ENTERPRISEWITHSCAL", "SWAY"), holding("VISIOCLIENT", group="g", state="Error", error="X")
    )
    skus = [product(p) for p in PRODUCTS]
    world = snapshot(
        ada,
        person("bo"),
        skus=skus,
        subscriptions=[
            subscription("ENTERPRISEPACK", is_trial=True, next_lifecycle="2027-01-01T00:00:00Z", owner_tenant_id="t")
        ],
        groups=[
            group("aaaaaaaa-0000-4000-8000-000000000001", ada, licenses=["ENTERPRISEWITHSCAL"]),
            Group(GroupId("unread"), 'nobody "read" it', membership_rule="user.x -eq 1", on_premises_sync_enabled=True),
        ],
        deleted=[DeletedUser(UserId("d"), "gone@contoso.example", (SkuId("a"), SkuId("b")), "2026-01-01T00:00:00Z")],
        stable=False,
        not_found=("x@contoso.example",),
        unread=("groups",),
    )
    world = replace(world, reads=(ReadRecord("GET /users", "b", "e", 2),), ended=NOON + timedelta(seconds=3.25))

    _assert_same(_round_trip(world), world)


def test_a_tenant_without_users_comes_back_empty() -> None:
    """No holder of anything is a snapshot too."""
    world = snapshot()

    _assert_same(_round_trip(world), world)


@pytest.mark.parametrize("text", NASTY)
def test_texts_that_csv_and_spreadsheets_dislike_come_back(text: str) -> None:
    """In every free-text column of a user."""
    world = snapshot(
        person(
            "ada", display_name=text, department=text, company_name=text, country=text, mail=text, proxy_addresses=text
        )
    )

    _assert_same(_round_trip(world), world)


TEXTS = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(NASTY)
ROWS = st.fixed_dictionaries({"display_name": TEXTS, "department": TEXTS, "company_name": TEXTS, "mail": TEXTS})


@given(st.lists(ROWS, max_size=4))
@settings(deadline=None, max_examples=40)
def test_any_text_comes_back_without_its_control_characters(rows: list[Mapping[str, str]]) -> None:
    """Control characters other than tab and line ends are the only thing that a file does not keep."""
    world = snapshot(*(person(f"user{n}", **row) for n, row in enumerate(rows)))
    cleaned = snapshot(*(person(f"user{n}", **{k: clean(v) for k, v in row.items()}) for n, row in enumerate(rows)))

    assert _columns(_round_trip(world)) == _columns(cleaned)


@given(st.lists(TEXTS, min_size=1, max_size=5), st.lists(TEXTS, min_size=1, max_size=5))
@settings(deadline=None, max_examples=40)
def test_no_cell_that_a_spreadsheet_would_run_is_written(first: list[str], second: list[str]) -> None:
    """Guarded columns read back as they were; a column of ids is written as it is."""
    rows = list(zip(first, second, strict=False))
    table = pd.DataFrame(rows, columns=["name", "other"], dtype="string[pyarrow]")

    data = snapshot_files.csv_bytes(table, free_text=("name", "other"))
    raw = snapshot_files.read_csv(data)
    back = snapshot_files.read_csv(data, free_text=("name", "other"))

    assert back.to_dict("list") == {"name": [clean(a) for a, _ in rows], "other": [clean(b) for _, b in rows]}
    for cell in [*raw["name"], *raw["other"]]:
        assert not DANGEROUS.match(cell) or NUMBER.fullmatch(cell) or cell in SIGILS


def test_files_are_plain_csv_that_an_auditor_opens() -> None:
    """UTF-8 without byte order mark, commas, CRLF, one header."""
    data = snapshot_files.snapshot_files(snapshot(person("ada")), "after")["after.csv"]

    assert data.startswith(b"id,user_principal_name,display_name,mail,")
    assert data.count(b"\r\n") == 2


def test_the_time_of_reading_is_not_content() -> None:
    """Two scans of one state have equal content digests; a changed state has another."""
    files = [
        snapshot_files.snapshot_files(world, "snapshot")
        for world in (
            snapshot(person("ada")),
            snapshot(person("ada"), at=NOON + timedelta(days=1)),
            snapshot(person("ada", department="IT")),
        )
    ]

    first, again, other = (snapshot_files.content_sha256_parts(f, "snapshot") for f in files)

    assert first == again
    assert first != other


def test_json_is_written_the_same_every_time() -> None:
    """Keys sorted, two blanks, a newline at the end: a diff shows what changed."""
    assert snapshot_files.json_bytes({"b": 1, "a": [1]}) == b'{\n  "a": [\n    1\n  ],\n  "b": 1\n}\n'
    assert orjson.loads(snapshot_files.json_bytes({"ü": "é"})) == {"ü": "é"}
