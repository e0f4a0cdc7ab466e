"""What scripts, mail and auditors rely on: the files of a run folder, their columns, their keys, their form."""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from worlds.rehearsal import Rehearsal, tenant_of

from connectors.catalog.products import load_catalog
from connectors.roster.read import read_roster
from jobs.license_reassignment.commands.report import report
from jobs.license_reassignment.reconcile.findings import OUTCOMES
from jobs.license_reassignment.reconcile.gates import GATE_IDS
from jobs.license_reassignment.run_folder.folder import RunDir

TENANT = {
    "organization": {
        "id": "c0a70500-0000-4000-8000-000000000001",
        "name": "Contoso",
        "domains": ["contoso.example", "contoso.onmicrosoft.com"],
    },
    "skus": [
        {"skuPartNumber": "ENTERPRISEWITHSCAL", "enabled": 9},
        {"skuPartNumber": "ENTERPRISEPACK", "enabled": 9},
        {"skuPartNumber": "MCOEV", "enabled": 9},
    ],
    "users": [
        {"upn": "ada@contoso.example", "name": "=Ada", "location": "NL", "licenses": ["ENTERPRISEWITHSCAL"]},
        {
            "upn": "bo@contoso.example",
            "name": "Bo, the second",
            "location": "NL",
            "licenses": [{"sku": "ENTERPRISEWITHSCAL", "off": ["SWAY", "Deskless"]}],
        },
        {"upn": "cy@contoso.example", "name": "Cy", "licenses": ["ENTERPRISEWITHSCAL"]},
        {"upn": "di@contoso.example", "name": "Di", "location": "NL", "licenses": ["ENTERPRISEWITHSCAL"]},
    ],
}
SETTINGS = """
[tenant]
id = "c0a70500-0000-4000-8000-000000000001"
credential = "sandbox"
graph_url = "http://127.0.0.1:8080/v1.0"
[source]
skus = ["ENTERPRISEWITHSCAL"]
[scope]
roster = "users.csv"
[[swap]]
name = "everyone"
to = ["ENTERPRISEPACK", "MCOEV"]
[declare]
by = "J. Doe"
purchase_channel = "direct"
"""
ROSTER = "UPN,target,Cost center\nada@contoso.example,,=4711\nnobody@contoso.example,ENTERPRISEPACK,\n"
GUIDS = re.compile(r"(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:[+;:]|$))*")
UTC_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)")


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Rehearsal:
    """A run from plan to report, verified twice."""
    folder = tmp_path_factory.mktemp("contract")
    (folder / "reseat.toml").write_text(SETTINGS, encoding="utf-8")
    (folder / "users.csv").write_text(ROSTER, encoding="utf-8")
    played = Rehearsal(tenant_of(TENANT), folder / "reseat.toml")
    played.plan(skip_bad_rows=True)
    played.apply()
    played.verify()
    played.verify()
    return played


@pytest.fixture(scope="module")
def run(rehearsal: Rehearsal) -> RunDir:
    """Its folder."""
    assert rehearsal.run is not None
    return rehearsal.run


def _table(run: RunDir, name: str) -> tuple[list[str], list[dict[str, str]]]:
    reader = csv.DictReader(io.StringIO(run.read(name).decode("utf-8-sig"), newline=""))
    rows = list(reader)
    return list(reader.fieldnames or ()), rows


def _reconciliation(run: RunDir) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(run.read("reconciliation.json"))
    return found


def test_the_folder_holds_what_is_promised(run: RunDir) -> None:
    """Plan, snapshots, journal, reports, seals; the former verification is kept."""
    names = {p.relative_to(run.path).as_posix() for p in run.files()}

    assert {
        "plan.json", "plan.html", "decisions.csv", "rejected.csv",
        "snapshot.csv", "snapshot-profiles.json", "snapshot-tenant.json",
        "after.csv", "after-profiles.json", "after-tenant.json",
        "journal.jsonl", "reconciliation.json", "actions.csv", "summary.md", "gates.junit.xml", "SHA256SUMS",
        "users.csv", "report.html", "report.xlsx", "manifest.json", "manifest.sha256",
    } <= names  # fmt: skip
    history = {name.split("/")[-1] for name in names if name.startswith("history/")}
    assert {"after.csv", "reconciliation.json", "users.csv", "report.html", "manifest.json"} <= history
    assert re.fullmatch(r"p[0-9a-f]{12}", run.path.name)


TABLES = ("decisions.csv", "rejected.csv", "snapshot.csv", "after.csv", "users.csv", "actions.csv")


@pytest.mark.parametrize("name", TABLES)
def test_csv_is_utf8_with_commas_and_crlf(name: str, run: RunDir) -> None:
    """RFC 4180: every row as wide as its header. What people open in Excel begins with a byte order mark."""
    data = run.read(name)
    header, rows = _table(run, name)

    assert (name == "actions.csv") == data.startswith(codecs.BOM_UTF8)
    assert data.endswith(b"\r\n")
    assert data.count(b"\n") == data.count(b"\r\n")
    assert all(None not in row and None not in row.values() for row in rows)
    assert len(header) == len(set(header))


def test_decisions_have_their_columns_in_their_order(run: RunDir) -> None:
    """New columns only come at the end, the roster's own before what the row is about."""
    header, rows = _table(run, "decisions.csv")

    assert header[:10] == [
        "id", "name", "kind", "rule", "add", "remove", "disabled_plans", "reason", "wave", "before",
    ]  # fmt: skip
    assert header[-2:] == ["Cost center", "object"]
    assert {row["object"] for row in rows} == {"user"}
    assert {row["kind"] for row in rows} == {"change", "hold"}
    assert all(row["reason"] if row["kind"] == "hold" else row["add"] and row["remove"] for row in rows)


def test_what_apply_reads_are_ids_only(run: RunDir) -> None:
    """Escaping of names can never reach a request."""
    _, rows = _table(run, "decisions.csv")

    for row in rows:
        for column in ("id", "add", "remove", "disabled_plans"):
            assert GUIDS.fullmatch(row[column]), row[column]
    [bo] = [row for row in rows if row["name"].startswith("bo@")]
    sku, _, plans = bo["disabled_plans"].partition(":")
    assert (sku in bo["add"].split("+"), len(plans.split("+"))) == (True, 2)


def test_rejected_rows_say_file_line_row_and_reason(run: RunDir) -> None:
    """One row per roster row that is not used."""
    header, rows = _table(run, "rejected.csv")

    assert header[:4] == ["file", "line", "row", "reason"]
    assert [(r["file"], r["line"]) for r in rows] == [("users.csv", "3")]


def test_users_have_their_columns_in_their_order(run: RunDir) -> None:
    """One row per user in scope, groups never; further columns after them, guarded against spreadsheets."""
    header, rows = _table(run, "users.csv")

    assert header[:15] == [
        "id", "user_principal_name", "outcome", "reason", "rule", "before_skus", "target_skus", "after_skus",
        "plans_kept_off", "plans_new_on", "plans_lost", "sigil", "applied_at", "request_id", "wave",
    ]  # fmt: skip
    assert {row["outcome"] for row in rows} <= set(OUTCOMES)
    assert {row["sigil"] for row in rows} <= set("=-+*!")
    by_name = {row["user_principal_name"].partition("@")[0]: row for row in rows}
    assert sorted(by_name) == ["ada", "bo", "cy", "di"]
    assert (by_name["ada"]["Cost center"], by_name["ada"]["display_name"]) == ("'=4711", "'=Ada")
    assert by_name["bo"]["target_skus"] == "ENTERPRISEPACK+MCOEV"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", by_name["bo"]["applied_at"])
    assert by_name["cy"]["applied_at"] == ""


def test_actions_filled_in_are_a_roster(run: RunDir) -> None:
    """Empty columns for a person; the reader takes the file as it is, users named and gates apart."""
    header, rows = _table(run, "actions.csv")

    assert {"owner", "due", "justification", "backup_acknowledged_by", "target"} <= set(header)
    assert all(row["reason"] and row["remedy"] and row["owner"] == row["target"] == "" for row in rows)
    roster = read_roster(run.read("actions.csv"), file="actions.csv")
    assert [row.user for row in roster.rows] == ["cy@contoso.example"]
    kinds = [row["kind"] for row in rows]
    assert kinds.count("held") == 1
    assert {row["subject"] for row in rows if row["kind"] == "gate"} == {
        g["id"] for g in _reconciliation(run)["gates"] if not g["passed"]
    }


KEYS = {
    "": "plan_id tenant_id verdict exit_code gates totals ledger residual subscriptions advice incidents requests "
    "timing run",
    "gates": "id status passed detail remedy",
    "totals": "in_scope moved already_on_target moved_by_group held refused drifted gone in_doubt pending "
    "rejected_rows roster_rows",
    "ledger": "sku_id sku_part_number enabled consumed_before gained lost foreign consumed_after unexplained "
    "holders_before holders_after",
    "residual": "users_direct users_inherited groups soft_deleted out_of_scope",
    "subscriptions": "id sku_id status total_licenses next_lifecycle verdict",
    "requests": "http batches writes throttled waited_seconds",
    "timing": "started_at finished_at apply_seconds users_per_second",
    "run": "tool_version planned_by applied_by verified_by operator host config_sha256 roster_sha256 declared",
}


@pytest.mark.parametrize("part", sorted(KEYS))
def test_the_reconciliation_has_its_keys(part: str, run: RunDir) -> None:
    """Versions only ever add; a list has them in each of its entries."""
    document = _reconciliation(run)
    found = document if not part else document[part]
    for entry in found if isinstance(found, list) else [found]:
        assert set(KEYS[part].split()) <= entry.keys()


def test_the_reconciliation_adds_up(run: RunDir) -> None:
    """Outcomes to the scope, rows to the roster, seats to Graph's count; passed is status passed."""
    found = _reconciliation(run)
    totals = found["totals"]

    assert totals["in_scope"] == sum(totals[o] for o in OUTCOMES) == 4
    assert (totals["roster_rows"], totals["rejected_rows"], totals["moved"], totals["held"]) == (2, 1, 3, 1)
    for row in found["ledger"]:
        explained = row["consumed_before"] + row["gained"] - row["lost"] + row["foreign"]
        assert row["unexplained"] == row["consumed_after"] - explained == 0
    assert list(GATE_IDS) == [g["id"] for g in found["gates"]]
    assert all(g["passed"] == (g["status"] == "passed") for g in found["gates"])
    assert {g["status"] for g in found["gates"]} <= {"passed", "failed", "not_checkable"}
    assert (found["verdict"], found["exit_code"], found["advice"]) == ("NO-GO", 3, "reduce seats to 1")
    assert found["requests"]["writes"] == 3
    assert ["purchase_channel", "direct", "J. Doe"] in [list(d) for d in found["run"]["declared"]]


def _times(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in {"started_at", "finished_at", "verified_at", "began", "ended", "next_lifecycle"}:
                yield inner
            else:
                yield from _times(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _times(inner)


def test_times_are_utc_with_z(run: RunDir) -> None:
    """ISO 8601; an empty text where there is none."""
    found = list(_times(_reconciliation(run)))

    assert len(found) >= 6
    for text in filter(None, found):
        assert text.endswith("Z"), text
        assert datetime.fromisoformat(text).utcoffset() is not None


def test_the_journal_has_its_keys_line_by_line(run: RunDir) -> None:
    """start, intents and outcomes in pairs, end; the first line hangs on the plan, each other on the line before."""
    raw = run.read("journal.jsonl").splitlines()
    lines = [orjson.loads(line) for line in raw]
    header = orjson.loads(run.read("plan.json"))

    assert [line["kind"] for line in lines if line["kind"] != "note"] == ["start", "intent", "outcome", "end"]
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    hashes = [hashlib.sha256(line).hexdigest() for line in raw]
    assert [line["prev"] for line in lines] == [header["digest"], *hashes[:-1]]
    by_kind = {line["kind"]: line for line in lines}
    assert {"batch", "items"} <= by_kind["intent"].keys()
    assert all({"id", "add", "remove", "before"} <= item.keys() for item in by_kind["intent"]["items"])
    assert {"batch", "items", "request_id", "client_request_id", "retry_after"} <= by_kind["outcome"].keys()
    assert all({"id", "verdict", "status", "code", "message"} <= i.keys() for i in by_kind["outcome"]["items"])


def test_the_plan_header_has_its_parts(run: RunDir) -> None:
    """Digests, totals, seat ledger, waves, translation tables, tool version."""
    header = orjson.loads(run.read("plan.json"))

    assert {"plan_id", "digest", "files", "totals", "seats", "waves", "translation", "tool_version"} <= header.keys()
    assert header["plan_id"] == run.path.name
    frozen = ["addons", "groups", "plans", "scope", "source", "swap", "usage_location", "wave"]
    assert sorted(header["frozen"]) == frozen


def test_the_seals_name_every_file(run: RunDir) -> None:
    """manifest.json lists all evidence with its digest, SHA256SUMS is for sha256sum, manifest.sha256 seals the seal."""
    manifest = orjson.loads(run.read("manifest.json"))
    sums = dict(reversed(line.split("  ", 1)) for line in run.read("SHA256SUMS").decode().splitlines())
    seals = {"manifest.json", "manifest.sha256", "SHA256SUMS"}
    there = {p.relative_to(run.path).as_posix() for p in run.files()} - seals

    assert set(manifest["files"]) == there
    assert all(hashlib.sha256(run.read(name)).hexdigest() == digest for name, digest in manifest["files"].items())
    assert {name: digest for name, digest in sums.items() if name not in seals} == manifest["files"]
    assert run.read("manifest.sha256").decode().split()[0] == hashlib.sha256(run.read("manifest.json")).hexdigest()
    assert (manifest["verdict"], manifest["tool_version"]) == ("NO-GO", "0.1.0")
    assert sorted(manifest["journal"]) == ["hash", "seq"]


def test_pipelines_and_mail_have_their_files(run: RunDir) -> None:
    """One test case per gate, and a summary that fits a mail."""
    suite = ET.fromstring(run.read("gates.junit.xml"))  # noqa: S314 - our own file
    cases = [case.get("name") for case in suite.iter("testcase")]

    assert sorted(filter(None, cases)) == sorted(g["id"] for g in _reconciliation(run)["gates"])
    assert len(run.read("summary.md").decode().splitlines()) <= 60


def test_a_report_made_again_is_the_same_to_the_byte(run: RunDir) -> None:
    """No clock, no random ids: from the files alone."""
    before = {p.relative_to(run.path): p.read_bytes() for p in run.files()}

    report(run, load_catalog())

    assert {p.relative_to(run.path): p.read_bytes() for p in run.files()} == before


def test_planning_again_never_touches_a_plan_that_was_begun(tmp_path: Path) -> None:
    """The same tenant gives the same content: the folder with the journal is left as it is, the new plan is another."""
    (tmp_path / "reseat.toml").write_text(SETTINGS, encoding="utf-8")
    (tmp_path / "users.csv").write_text("UPN\nada@contoso.example\n", encoding="utf-8")
    tenant = tenant_of({**TENANT, "users": [TENANT["users"][2]]})  # type: ignore[index]
    tenant.users[0].location = "NL"
    played = Rehearsal(tenant, tmp_path / "reseat.toml")
    first = played.plan(skip_bad_rows=True)
    (first.run.path / "journal.jsonl").write_bytes(b"")
    before = {p.name: p.stat().st_mtime_ns for p in first.run.path.iterdir()}

    again = played.plan(skip_bad_rows=True)

    assert first.plan.plan_id != again.plan.plan_id
    assert (again.run.path / "plan.json").is_file()
    assert {p.name: p.stat().st_mtime_ns for p in first.run.path.iterdir()} == before
    assert (1, again.plan.plan_id) == (again.plan.header.again, played.plan(skip_bad_rows=True).plan.plan_id)
