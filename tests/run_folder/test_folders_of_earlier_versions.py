"""Folders that version 0.2.0 made give the same verdict, code and figures today: report, audit, and verify once more.

Words may be others: those that a later version says are compared by what they are about.

`runs-of-0.2.0.zip` holds two places: `finished` has a NO-GO with somebody held for each of several reasons, one change
that ended in error, and two waves; `undone` has a swap and its undo, in Dutch. Beside its runs each has the tenant
before them, what the tenant logged of them, and what version 0.2.0 said: the codes, and under `again` the files that
one more verify wrote at the second `seconds`.
"""

from __future__ import annotations

import csv
import hashlib
import json
import operator
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from worlds.in_process import CommandLine, Place
from worlds.rehearsal import read_json, tenant_of
from worlds.sandbox_client import Caller

from connectors.sandbox.tenant.state import TenantState
from jobs.license_reassignment.commands.shared.reports import REPORTS
from jobs.license_reassignment.report.likeness import WORDED, same_cells, unworded
from jobs.license_reassignment.run_folder.seal import DIGEST, MANIFEST, SUMS

ARCHIVE = Path(__file__).parent / "runs-of-0.2.0.zip"
PLANS = [
    ("finished", "pf1fb3fd66231"),
    ("undone", "pb7690290b7a6"),
    ("undone", "pff2adfe8c1dc"),
]


def lived_again(before: Any, log: list[Any]) -> TenantState:
    """Send the tenant what it was sent then, each change at its second and under the request id that it had."""
    tenant = tenant_of(before)
    caller = Caller(tenant)
    for one in log:
        caller.clock[0] = one["at"]
        given = [{"skuId": sku, "disabledPlans": plans} for sku, plans in one["add"]]
        assert one["status"] == caller.assign(one["target"], given, one["remove"])[0]
        tenant.write_log[-1] = replace(tenant.write_log[-1], request_id=one["request_id"])
    return tenant


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """One of the two places of the archive, as version 0.2.0 left it."""
    with zipfile.ZipFile(ARCHIVE) as packed:
        packed.extractall(tmp_path)
    folder = tmp_path / request.param
    tenant = lived_again(read_json(folder / "tenant.json"), read_json(folder / "writes.json"))
    return Place(tenant, said(folder)["seconds"], folder)


def said(folder: Path) -> Any:
    """What version 0.2.0 said."""
    return json.loads((folder / "said.json").read_text(encoding="utf-8"))


def asked(actions: Path) -> list[list[str]]:
    """What an actions.csv of any version asks: kind, reason, subject and id of each row."""
    with actions.open(encoding="utf-8-sig", newline="") as file:
        return [[row[column] for column in ("kind", "reason", "subject", "id")] for row in csv.DictReader(file)]


def files(run: Path) -> dict[str, str]:
    """The digest of every file of a run folder but those of its history."""
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(run.iterdir()) if p.is_file()}


def test_the_archive_holds_what_is_asked_for() -> None:
    """No run of it is passed over."""
    with zipfile.ZipFile(ARCHIVE) as packed:
        plans = [name.split("/") for name in packed.namelist() if name.endswith("/plan.json")]

    assert sorted((parts[0], parts[2]) for parts in plans) == sorted(PLANS)


@pytest.mark.parametrize(("place", "plan"), PLANS, indirect=["place"])
def test_an_audit_gives_the_same_verdict(place: Place, plan: str, reseat: CommandLine) -> None:
    """Every outcome, total, gate and figure is derived again from what the older version read, and is the same."""
    heard = reseat(place, "audit", str(place.folder / "runs" / plan), config=False)

    assert said(place.folder)["audit"][plan] == heard.code, heard.words
    assert "the evidence is intact and gives the same verdict again" in heard.words


def figures(run: Path) -> tuple[object, object]:
    """What a reader counts in a run folder: the document without its words, and who ended how."""
    return read_json(run / "reconciliation.json"), (run / "users.csv").read_bytes()


def unsaid(document: Any) -> Any:
    """The document without what names the machine, and without the head of a journal that tells of it."""
    run = {key: value for key, value in document["run"].items() if key not in {"operator", "host", "tool_version"}}
    return {**document, "run": run, "journal_head": document["journal_head"]["lines"]}


@pytest.mark.parametrize(("place", "plan"), PLANS, indirect=["place"])
def test_a_report_has_the_same_figures(place: Place, plan: str, reseat: CommandLine) -> None:
    """Every number and code, and every file that is evidence to the byte."""
    run = place.folder / "runs" / plan
    before, (document, users) = files(run), figures(run)

    heard = reseat(place, "report", plan)

    assert said(place.folder)["report"][plan] == heard.code, heard.words
    after, (again, users_again) = files(run), figures(run)
    drawn = {*REPORTS, MANIFEST, DIGEST, SUMS}
    assert before.keys() == after.keys()
    assert [] == [name for name in sorted(before) if name not in drawn and before[name] != after[name]]
    assert operator.eq(*unworded(document, again))
    assert same_cells(users, users_again, but=WORDED)


@pytest.mark.parametrize(("place", "plan"), PLANS, indirect=["place"])
def test_one_more_verify_finds_what_the_older_version_found(place: Place, plan: str, reseat: CommandLine) -> None:
    """Of the same tenant at the same second: the same code, reads, totals, gates, tables and exported audit log."""
    plans = said(place.folder)["plans"]
    codes = {one: reseat(place, "verify", one).code for one in plans[: plans.index(plan) + 1]}
    old, new = (place.folder / kind / plan for kind in ("again", "runs"))

    assert codes[plan] == said(place.folder)["verify"][plan]
    for name in ("after.csv", "audit-log.jsonl"):
        assert (old / name).read_bytes() == (new / name).read_bytes()
    assert same_cells((old / "users.csv").read_bytes(), (new / "users.csv").read_bytes(), but=WORDED)
    assert operator.eq(*(sorted(asked(folder / "actions.csv")) for folder in (old, new)))
    assert operator.eq(*unworded(*(unsaid(read_json(folder / "reconciliation.json")) for folder in (old, new))))
