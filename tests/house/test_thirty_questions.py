"""docs/audit.md answers every question from a generated run: each command works there, and each answer is the truth."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import orjson
import pytest
from worlds import oracle
from worlds.evidence_world import Night
from worlds.machine import ROOT, needs
from worlds.oracle import holders

from connectors.sandbox.sample.seed import SOURCE
from connectors.sandbox.tenant.file import load
from connectors.sandbox.tenant.model import User, WriteRecord
from connectors.sandbox.tenant.state import SOMEBODY_ELSE
from jobs.license_reassignment.reconcile.reconciliation import Reconciliation
from jobs.license_reassignment.report.words import LANGUAGES

PAGE = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Question:
    """One question of the page: its number, what it says and its commands."""

    number: int
    text: str
    commands: str


def questions() -> dict[int, Question]:
    """Return the questions by number."""
    parts = re.split(r"^### (\d+)\. ", PAGE, flags=re.MULTILINE)[1:]
    found = (
        Question(int(n), body, "".join(re.findall(r"^```sh\n(.*?)^```", body, re.M | re.S)))
        for n, body in zip(parts[::2], parts[1::2], strict=True)
    )
    return {q.number: q for q in found}


QUESTIONS = questions()
FAMILIES = ("gate", "outcome", "due", "basis", "incident", "status", "reason")
# What the files use as values: gates, kinds, outcomes, dates and states; and one column that only a roster has.
_VALUES = {code for f in FAMILIES for code in LANGUAGES["en"].family(f)} | {"intent", "legal_hold"}


@dataclass(frozen=True)
class Evening:
    """The sample tenant after its run, with what everybody held before it, and the roster's rows."""

    night: Night
    found: Reconciliation
    before: oracle.Snapshot
    roster: list[dict[str, str]]

    @property
    def ours(self) -> list[WriteRecord]:
        """What the tenant itself has logged of our license changes."""
        log = self.night.tenant.write_log
        return [one for one in log if one.kind == "user" and one.actor != SOMEBODY_ELSE]

    def holders_before(self, part_number: str) -> int:
        """How many held a product before the run."""
        key = self.night.tenant.sku_named(part_number).id
        return sum(any(a.sku == key and a.holds for a in held) for held in self.before.values())

    def name(self, user_id: str) -> str:
        """A user's principal name, as the tenant has it."""
        found = self.night.tenant.user(user_id)
        assert found is not None
        return found.upn


_KEPT: dict[str, Evening] = {}


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Evening:
    """The sample tenant of the package, planned with its roster, moved and verified."""
    if "sample" not in _KEPT:
        folder = tmp_path_factory.mktemp("sample")
        sample = files("sample_data")
        (folder / "users.csv").write_bytes(sample.joinpath("users.csv").read_bytes())
        night = Night(folder, **tomllib.loads(sample.joinpath("demo.toml").read_text()))
        night.tenant = load(sample.joinpath("tenant.json").read_bytes())
        before = oracle.snapshot(night.tenant)
        rows = list(csv.DictReader(io.StringIO((folder / "users.csv").read_text(encoding="utf-8"), newline="")))
        night.moved().clock.seconds += 60
        _KEPT["sample"] = Evening(night, night.verify(), before, rows)
    return _KEPT["sample"]


def answer(evening: Evening, number: int) -> str:
    """Run the commands of one question inside the folder; each must work."""
    for command in ("jq", "sha256sum"):
        needs(command, {"sha256sum": "coreutils"}.get(command, command))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    said = ""
    for line in QUESTIONS[number].commands.splitlines():
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", line],
            cwd=evening.night.run.path, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        expected = evening.found.exit_code if line == "reseat audit ." else 0
        assert expected == done.returncode, f"question {number}: {line}: {done.stderr}"
        said += done.stdout
    return said


Truth = Callable[[Evening], list[str]]


def users(evening: Evening) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(evening.night.run.read("users.csv").decode(), newline="")))


def first_user(evening: Evening) -> list[str]:
    row = users(evening)[0]
    return [row["user_principal_name"], row["id"]]


def gate(gate_id: str) -> Truth:
    return lambda e: [next(f"{g.status}\t{g.detail}" for g in e.found.gates if g.id == gate_id)]


def total(e: Evening) -> list[str]:
    t = e.found.totals
    parts = (
        t.moved
        + t.moved_by_group
        + t.already_on_target
        + t.refused
        + t.drifted
        + t.gone
        + t.in_doubt
        + t.held
        + t.pending
    )
    return [f'"in_scope": {t.in_scope}', f'"sum": {parts}']


def steps(who: str) -> list[str]:
    """One name for each step."""
    return [f'"{step}": "{who}"' for step in ("plan", "apply", "verify")]


def apps(e: Evening) -> list[str]:
    """The app that the tenant has logged with our changes did all three."""
    [app] = {one.actor for one in e.ours}
    return [f'"{key}": "{app}"' for key in ("planned_by", "applied_by", "verified_by")]


def has(user: User) -> bool:
    """Whether a deleted user would bring a license of Office 365 E4 back."""
    return any(a.sku.startswith("1392051d") for a in user.profile.assignments)


def accepted(e: Evening) -> list[str]:
    """The roster's acknowledged rows that no legal hold keeps, with what their target takes."""
    rows = [r for r in e.roster if r["backup_acknowledged_by"] and not r["legal_hold"]]
    assert rows
    lost = "Exchange: Plan 2 -> Plan 1; SharePoint/OneDrive: Plan 2 -> none"
    return [f"{r['user_principal_name']}\t{lost}" for r in rows] + [r["backup_acknowledged_by"] for r in rows]


def kept_by_law(e: Evening) -> list[str]:
    """The roster's rows on legal hold whose target is a mailbox alone."""
    rows = [r for r in e.roster if r["legal_hold"] == "yes"]
    return [r["user_principal_name"] for r in rows if r["target"] == "EXCHANGESTANDARD"]


def answers(e: Evening) -> list[str]:
    """How often the tenant took a change of ours, and how often it refused one."""
    taken = Counter((one.status, "applied" if one.status == 200 else "refused") for one in e.ours)
    return [f"{n} {verdict}\t{status}" for (status, verdict), n in taken.items()]


def digest_of_roster() -> str:
    """The digest of the roster in the package."""
    return hashlib.sha256(files("sample_data").joinpath("users.csv").read_bytes()).hexdigest()


TRUTHS: dict[int, Truth] = {
    1: lambda e: [f'"tenant_id": "{e.night.tenant.organization.id}"', *steps("a.jansen"), *steps("ops-07"), *apps(e)],
    2: lambda e: [*e.night.tenant.subscriptions, "purchase_channel\tdirect\tCHG-2026-0412, A. Jansen"],
    3: lambda _: ["ENTERPRISEPACK\tEnabled", "needed", "2026-03-02T08:00:0"],
    4: lambda e: [f"ENTERPRISEWITHSCAL\t{e.night.tenant.sku_named(SOURCE).enabled}"],
    5: lambda e: [f'"in_scope": {e.found.totals.in_scope}', f'"holders_before": {e.holders_before(SOURCE)}'],
    6: first_user,
    7: total,
    8: lambda e: [*map(e.name, holders(e.night.tenant, SOURCE)), *(u.upn for u in e.night.tenant.deleted() if has(u))],
    9: lambda e: [*gate("nobody_bare")(e), *(e.name(one.target) for one in e.ours if not one.add)],
    10: lambda e: ["[]", e.night.tenant.sku_named(SOURCE).id],
    11: lambda _: ["level_up\tFORMS_PLAN_E3\tFORMS_PLAN_E5", "plans_kept_off"],
    12: lambda _: ['"new_in_target": "enable"', "plans_new_on"],
    13: lambda e: [*accepted(e), '"kept":["roster/01-users.csv"]'],
    14: lambda e: [f'"held_for_legal_hold": {len(kept_by_law(e))}', *kept_by_law(e), '"file": "users.csv"'],
    15: lambda e: [i.subject for i in e.found.incidents if i.kind == "address_changed"],
    16: answers,
    17: lambda e: [f'"writes": {len(e.ours)}', '"throttled": 0'],
    18: lambda e: ["LIC-Office365-E4-onboarding", f"{e.found.totals.in_scope} user"],
    19: lambda _: ["ENTERPRISEWITHSCAL\t0\t0"],
    20: gate("addons_declared"),
    21: lambda e: [*gate("not_last_data_subscription")(e), "contoso.example\t"],
    22: lambda e: [e.found.verdict, e.found.advice_reason, *(f"{g.status}\t{g.id}" for g in e.found.gates)],
    23: lambda e: [*(f"{r.subscription_id}\t{r.seats}\t{r.route}" for r in e.found.ending.routes), "last_reactivation"],  # type: ignore[union-attr]
    24: lambda e: [f"\t{o.seat_days}" for o in e.found.ending.overlap],  # type: ignore[union-attr]
    25: lambda e: [r.day("last_reactivation") for r in e.found.ending.routes],  # type: ignore[union-attr]
    26: lambda e: ["unaltered", "NO-GO: the evidence is whole", e.found.journal_head[1]],
    27: lambda e: ['"two_apps": false', '"status": "exported"', *apps(e), *steps("a.jansen")],
    28: lambda e: list(e.found.not_checked),
    29: lambda _: ["user_principal_name", "false"],
    30: lambda e: [f'"roster_rows": {len(e.roster)}', f"{digest_of_roster()}  roster/01-users.csv", "file,line,row"],
}  # fmt: skip


def test_every_question_stands_once_and_has_a_truth() -> None:
    assert list(range(1, 31)) == list(QUESTIONS) == sorted(TRUTHS)
    assert all(q.commands and q.text.splitlines()[0].endswith("?") for q in QUESTIONS.values())


@pytest.mark.parametrize("number", range(1, 31))
def test_the_commands_give_the_answer(evening: Evening, number: int) -> None:
    """What the folder says is what is so in the tenant and in the finding."""
    said = answer(evening, number)
    expected = TRUTHS[number](evening)

    assert expected
    assert [] == [truth for truth in expected if truth not in said], said


def test_what_the_answers_rest_on_is_so_in_the_tenant(evening: Evening) -> None:
    """Who still holds the old product is counted in the tenant itself."""
    there = holders(evening.night.tenant, SOURCE)

    assert {h.id for h in evening.found.residual_holders if h.how in {"direct", "inherited", "both"}} == there


@pytest.mark.parametrize("number", range(1, 31))
def test_every_file_key_and_column_that_is_named_is_there(evening: Evening, number: int) -> None:
    """A file of the folder, a path of its JSON, or a column of its table."""
    run = evening.night.run
    prose = QUESTIONS[number].text.partition("```")[0]
    named = re.findall(r"`([\w.-]+\.(?:json|jsonl|csv|html|xlsx|md|xml|sha256))`", prose)
    columns = {
        row
        for name in ("users.csv", "decisions.csv", "snapshot.csv", "actions.csv")
        for row in run.read(name).decode().partition("\r\n")[0].split(",")
    }
    keys = {
        key
        for name in ("reconciliation.json", "plan.json", "after-tenant.json")
        for key in _keys(orjson.loads(run.read(name)))
    }
    journal = {key for line in run.read("journal.jsonl").splitlines() for key in _keys(orjson.loads(line))}
    said = set(re.findall(r"`([a-z_]+(?:\.[a-z_]+)*)`", prose)) - set(named)

    assert [] == [name for name in named if not run.has(name)]
    assert set() == said - columns - keys - journal - _VALUES - {"reseat", "audit", "manifest.sig", "desktop.ini"}


def _keys(value: object, path: str = "") -> set[str]:
    """Every path of a document, whole and by its last part."""
    found: set[str] = set()
    if isinstance(value, dict):
        for key, one in value.items():
            whole = f"{path}.{key}" if path else key
            found |= {key, whole} | _keys(one, whole)
    elif isinstance(value, list):
        for one in value:
            found |= _keys(one, path)
    return found
