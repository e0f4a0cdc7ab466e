"""reconciliation.json has exactly the contract's keys, and its published schema fits it."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest
from pydantic import ValidationError
from worlds.report_cases import E4, GATE_IDS, HEAD, TENANT, go, no_go
from worlds.report_nasty import nasty

from jobs.license_reassignment.report.json import document, render_json
from jobs.license_reassignment.report.schema import document_type, schema

CONTRACT = {
    "plan_id", "tenant_id", "verdict", "exit_code", "gates", "totals", "ledger", "residual", "subscriptions", "advice",
    "incidents", "requests", "timing", "run",
}  # fmt: skip
ADDED = {
    "messages",
    "$schema", "format_version", "advice_reason", "tenant_name", "sources", "targets", "held_by_reason", "not_checked",
    "reads", "reads_before", "journal_head", "residual_holders", "notes", "undo",
    "ending", "witness", "since_last", "after_cancel", "pseudonymised", "accepted_losses", "groups",
}  # fmt: skip


def words(text: str) -> list[str]:
    return text.split()


def test_the_keys_are_those_of_the_contract_and_the_added_ones() -> None:
    assert set(document(no_go(20))) == CONTRACT | ADDED


def test_each_part_has_its_keys() -> None:
    """The parts carry the contract's names: scripts of users read them."""
    value = document(no_go(20))

    assert list(value["gates"][0]) == ["id", "status", "passed", "detail", "remedy"]
    assert words(
        "in_scope moved already_on_target moved_by_group held refused drifted gone in_doubt pending rejected_rows "
        "roster_rows"
    ) == list(value["totals"])
    assert words(
        "sku_id sku_part_number enabled consumed_before gained lost foreign consumed_after unexplained holders_before "
        "holders_after other_runs"
    ) == list(value["ledger"][0])
    assert words("users_direct users_inherited groups soft_deleted out_of_scope") == list(value["residual"])
    assert {"id", "sku_id", "status", "total_licenses", "next_lifecycle", "verdict"} <= set(value["subscriptions"][0])
    assert words("http batches writes throttled waited_seconds") == list(value["requests"])
    assert {"started_at", "finished_at", "apply_seconds", "users_per_second"} <= set(value["timing"])
    assert list(value["run"]) == [
        "tool_version",
        "planned_by",
        "applied_by",
        "verified_by",
        "operator",
        "host",
        "config_sha256",
        "roster_sha256",
        "declared",
    ]


def test_the_values_are_those_of_the_finding() -> None:
    value = document(no_go(200))

    assert tuple(value[key] for key in ("plan_id", "tenant_id", "verdict", "exit_code")) == (
        "p1f2e3d4c5b6a",
        TENANT,
        "NO-GO",
        3,
    )
    assert list(GATE_IDS) == [gate["id"] for gate in value["gates"]]
    assert sum(gate["passed"] for gate in value["gates"]) == 13
    assert value["journal_head"] == {"lines": 24, "hash": HEAD}
    assert value["run"]["declared"] == [
        ["purchase_channel", "direct", "CHG-1042"],
        ["billing_agreement", "mca", "CHG-1042"],
    ]
    assert value["held_by_reason"] == {"no_seat": 3, "left_by_choice": 4, "protected": 3}


def test_the_text_is_sorted_indented_and_without_byte_order_mark() -> None:
    """Two lines of the file stand for its form; the whole reads back as the same value."""
    content = render_json(no_go(20))

    assert content.startswith(
        b'{\n  "$schema": "reconciliation.schema.json",\n  "accepted_losses": [],\n  "advice": "reduce seats to 2",\n'
    )
    assert content.endswith(b"}\n")
    assert document(no_go(20)) == orjson.loads(content)
    assert sorted(orjson.loads(content)) == list(orjson.loads(content))


def test_further_keys_stand_beside_and_replace_nothing() -> None:
    """`extra` adds to the document, but cannot talk a NO-GO into a GO."""
    value = document(replace(no_go(20), extra={"translation": [{"kind": "same"}], "verdict": "GO"}))

    assert value["translation"] == [{"kind": "same"}]
    assert value["verdict"] == "NO-GO"


@pytest.mark.parametrize("finding", [go(0), go(1), no_go(200), nasty()], ids=["0", "1", "200", "nasty"])
def test_the_document_fits_its_published_schema(finding) -> None:
    document_type().validate_json(render_json(finding), strict=True)


def test_the_schema_notices_a_wrong_document() -> None:
    """A count that is a text is refused, at its place."""
    wrong = document(no_go(20))
    wrong["totals"]["moved"] = "12"

    with pytest.raises(ValidationError, match=r"totals.moved"):
        document_type().validate_json(orjson.dumps(wrong), strict=True)


def test_the_schema_names_every_key() -> None:
    value = orjson.loads(schema())

    assert set(value["properties"]) == CONTRACT | ADDED | {"cost"}
    assert "cost" not in value["required"]
    assert value["title"] == "reseat reconciliation.json"
    assert E4.encode() not in schema()
