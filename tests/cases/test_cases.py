"""One folder per situation: a small tenant, its settings, the commands in order, and everything that must come of it.

`cases/<name>/` holds `tenant.json` (a tenant file; products it names by part number alone come from the sandbox's
catalog), `reseat.toml`, perhaps `roster.csv` and `steps.toml`, and `expected/`: `steps.json`, `decisions.csv` and
`users.csv`, with names in place of ids. `PYTHONPATH=tests python -m cases.test_cases NAME…` writes `expected/`
anew, to be reviewed.
"""

from __future__ import annotations

import csv
import io
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest
from worlds import oracle
from worlds.rehearsal import Rehearsal, ending, read_json, tenant_of

from connectors.errors import ConnectorError
from connectors.sandbox.tenant.state import SOMEBODY_ELSE, TenantState
from jobs.license_reassignment.errors import ExitCode, JobError
from jobs.license_reassignment.reconcile.findings import LedgerRow
from jobs.license_reassignment.reconcile.reconciliation import Reconciliation

CASES = Path(__file__).parent
NAMES = sorted(p.parent.name for p in CASES.glob("*/tenant.json"))
SOURCE = "ENTERPRISEWITHSCAL"
HEAD = """
[tenant]
id = "c0a70500-0000-4000-8000-000000000001"
credential = "sandbox"
graph_url = "http://127.0.0.1:8080/v1.0"
"""
Step = Mapping[str, Any]


class Played:
    """A case after its last step: what each step said, the run's folder, and the tenant as it is then."""

    def __init__(self, name: str, folder: Path) -> None:
        self.case = CASES / name
        shutil.copytree(self.case, folder, dirs_exist_ok=True)
        settings = (folder / "reseat.toml").read_text(encoding="utf-8")
        (folder / "reseat.toml").write_text(HEAD + settings, encoding="utf-8")
        self.tenant: TenantState = tenant_of({"organization": ORGANIZATION, **read_json(folder / "tenant.json")})
        self.before = oracle.snapshot(self.tenant)
        self.rehearsal = Rehearsal(self.tenant, folder / "reseat.toml")
        self.steps = [{"step": _title(step), **self._take(step)} for step in _steps(self.case)]

    def _take(self, step: Step) -> Mapping[str, Any]:
        try:
            return self._taken(step)
        except (JobError, ConnectorError) as error:
            return ending(error)

    def _taken(self, step: Step) -> Mapping[str, Any]:
        match step["do"]:
            case "check":
                found = self.rehearsal.check()
                told = [f"{f.subject}: {f.text}" for f in found.findings if f.level in ("not_yet", "person")]
                return {"exit_code": int(found.code), "found": told}
            case "plan":
                planned = self.rehearsal.plan(skip_bad_rows=step.get("skip_bad_rows", False))
                return {"exit_code": int(planned.code), "totals": asdict(planned.plan.header.totals)}
            case "apply":
                applied = self.rehearsal.apply(wave=step.get("wave", ""))
                counts = {k: v for k, v in sorted(applied.counts.items()) if v}
                return {"exit_code": int(applied.code), "counts": counts, "writes": applied.writes}
            case "verify":
                return _verified(self.rehearsal.verify())
            case "somebody else licenses":
                self.rehearsal.somebody_else_licenses(step["user"], step["licenses"])
            case "somebody else deletes":
                self.rehearsal.somebody_else_deletes(step["user"])
            case "wait":
                self.rehearsal.clock.seconds += step["seconds"]
        return {}

    def file(self, name: str) -> Path | None:
        """A file of the run, if there is one."""
        path = self.rehearsal.run.path / name if self.rehearsal.run else None
        return path if path and path.is_file() else None

    def rows(self, name: str) -> list[dict[str, str]]:
        """The rows of a CSV file of the run."""
        path = self.file(name)
        return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline=""))) if path else []

    def named(self, text: str) -> str:
        """A list of ids as the names of the tenant's products and services."""
        return " ".join(self._name(part) for part in text.replace(";", "+").replace(":", "+").split("+") if part)

    def _name(self, key: str) -> str:
        if key in self.tenant.skus:
            return self.tenant.skus[key].part_number
        names = {plan.id: plan.name for sku in self.tenant.skus.values() for plan in sku.plans}
        return names.get(key, key)


ORGANIZATION = {
    "id": "c0a70500-0000-4000-8000-000000000001",
    "name": "Contoso",
    "domains": ["contoso.example", "contoso.onmicrosoft.com"],
}


def _steps(case: Path) -> Sequence[Step]:
    path = case / "steps.toml"
    if not path.is_file():
        return [{"do": "plan"}, {"do": "apply"}, {"do": "verify"}]
    steps: list[Step] = tomllib.loads(path.read_text(encoding="utf-8"))["step"]
    return steps


def _title(step: Step) -> str:
    return " ".join(str(step[key]) for key in ("do", "wave", "user") if key in step)


def _verified(found: Reconciliation) -> Mapping[str, Any]:
    totals = {k: getattr(found.totals, k) for k in found.totals.__slots__ if getattr(found.totals, k)}
    residual = {k: getattr(found.residual, k) for k in found.residual.__slots__ if getattr(found.residual, k)}
    return {
        "exit_code": found.exit_code,
        "verdict": found.verdict,
        "advice": found.advice,
        "totals": totals,
        "residual": residual,
        "not_passed": {g.id: g.status for g in found.gates if not g.passed},
        "ledger": {r.sku_part_number: _in_words(r) for r in found.ledger},
        "incidents": sorted(f"{'harm: ' * i.harm}{i.kind} {i.subject.partition('@')[0]}" for i in found.incidents),
    }


def _in_words(r: LedgerRow) -> str:
    explained = f"{r.consumed_before} +{r.gained} -{r.lost} foreign {r.foreign:+d}"
    return f"{explained} = {r.consumed_after}, unexplained {r.unexplained}"


def _decisions(played: Played) -> str:
    columns = ("user", "kind", "rule", "add", "remove", "off", "reason", "detail", "wave")
    return _csv(
        columns,
        (
            (
                row["name"].partition("@")[0],
                row["kind"],
                row["rule"],
                played.named(row["add"]),
                played.named(row["remove"]),
                played.named(row["disabled_plans"]),
                row["reason"],
                row["detail"],
                row["wave"],
            )
            for row in played.rows("decisions.csv")
        ),
    )


def _users(played: Played) -> str:
    columns = ("user", "outcome", "reason", "before", "target", "after", "kept_off", "lost", "sigil")
    keys = ("outcome", "reason", "before_skus", "target_skus", "after_skus", "plans_kept_off", "plans_lost", "sigil")
    rows = played.rows("users.csv")
    return _csv(columns, ((r["user_principal_name"].partition("@")[0], *(r[k] for k in keys)) for r in rows))


def _csv(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(sorted(rows))
    return text.getvalue()


def _expectations(played: Played) -> dict[str, str]:
    found = {"steps.json": orjson.dumps(played.steps, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()}
    if played.file("decisions.csv"):
        found["decisions.csv"] = _decisions(played)
    if played.file("users.csv"):
        found["users.csv"] = _users(played)
    return found


Play = Callable[[str], Played]


@pytest.fixture(scope="session")
def play(tmp_path_factory: pytest.TempPathFactory) -> Play:
    """Play each case once: its tests only look at it."""
    return cache(lambda name: Played(name, tmp_path_factory.mktemp(name)))


@pytest.mark.parametrize("name", NAMES)
def test_a_case_ends_as_expected(name: str, play: Play) -> None:
    """Exit code, totals and messages of each step, every decision and every outcome, to the letter."""
    expected = {p.name: p.read_text(encoding="utf-8") for p in (CASES / name / "expected").iterdir()}

    assert _expectations(play(name)) == expected


@pytest.mark.parametrize("name", NAMES)
def test_no_case_breaks_a_promise(name: str, play: Play) -> None:
    """Whatever happens: nobody is ever bare by us, nothing else is touched, and nothing is sent twice."""
    played = play(name)
    tenant, ours = played.tenant, played.rehearsal.app.state.world
    source = tenant.sku_named(SOURCE).id
    planned = {row["id"]: row for row in played.rows("decisions.csv") if row["kind"] == "change"}
    written = [w for w in tenant.write_log if w.actor != SOMEBODY_ELSE]
    moved = [w for w in written if w.status == 200]

    assert {w.kind for w in written} <= {"user"}
    assert {w.target for w in written} <= planned.keys()
    assert all(source in w.remove for w in written)
    assert len({w.target for w in moved}) == len(moved)
    assert ours.tenant.strange_calls == []
    assert oracle.overdrawn(tenant) == []
    targets = {sku for row in planned.values() for sku in row["targets"].split("+")}
    for record in moved:
        assert record.after is not None
        assert set(planned[record.target]["targets"].split("+")) <= record.after.held
    untouched = [w.target for w in tenant.write_log if w.actor == SOMEBODY_ELSE]
    assert set(oracle.changed_beside(tenant, played.before, [source, *targets])) <= set(untouched)


@pytest.mark.parametrize("name", NAMES)
def test_go_is_said_only_with_every_gate_open(name: str, play: Play) -> None:
    """And exit 0 of a verification means GO and nothing else."""
    played = play(name)
    for step in played.steps:
        if "verdict" in step:
            assert (step["verdict"] == "GO") == (step["not_passed"] == {}) == (step["exit_code"] == ExitCode.DONE)


@pytest.mark.parametrize("name", NAMES)
def test_a_finished_plan_applied_again_sends_nothing(name: str, play: Play) -> None:
    """The same command once more: no write, and the journal stays as it is."""
    played = play(name)
    journal = played.file("journal.jsonl")
    if journal is None or b'"kind":"start"' not in journal.read_bytes():
        assert all("verdict" not in s or "moved" not in s["totals"] for s in played.steps)
        return
    wave = next((s["wave"] for s in reversed(_steps(played.case)) if "wave" in s), "")
    before, writes = journal.read_bytes(), len(played.tenant.write_log)

    applied = played.rehearsal.apply(wave=wave)

    assert (applied.writes, len(played.tenant.write_log), journal.read_bytes()) == (0, writes, before)


def main(names: Sequence[str]) -> None:
    """Write the expectations of these cases (of all without a name) from what happens now, for a person to review."""
    for name in names or NAMES:
        with tempfile.TemporaryDirectory() as folder:
            found = _expectations(Played(name, Path(folder)))
        target = CASES / name / "expected"
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        for file, text in found.items():
            (target / file).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
