"""What lies in a run folder beside the evidence: whose it is, and whether the verdict still stands."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from filelock import FileLock
from worlds.in_process import CommandLine, Place
from worlds.rehearsal import START, Rehearsal, tenant_of
from worlds.small_tenant import DECLARED, EVERYONE, HEAD, NEW, OLD

from connectors.ids import sha256
from jobs.license_reassignment.run_folder import seal
from jobs.license_reassignment.run_folder.folder import RunDir

SETTINGS = HEAD + EVERYONE + DECLARED
LEFT_BESIDE = (
    "Thumbs.db",
    "thumbs.DB",
    "desktop.ini",
    "Desktop.ini",
    ".DS_Store",
    "~$report.xlsx",
    "history/Thumbs.db",
)


def opened(folder: Path) -> Place:
    """A tenant of two people, and the folder with the settings."""
    people = [
        {"upn": f"{name}@contoso.example", "name": name.title(), "location": "NL", "licenses": [OLD]}
        for name in ("ada", "bo")
    ]
    organization = {
        "id": "c0a70500-0000-4000-8000-000000000001",
        "name": "Contoso",
        "domains": ["contoso.example", "contoso.onmicrosoft.com"],
    }
    skus = [{"skuPartNumber": sku, "enabled": 10} for sku in (OLD, NEW)]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "reseat.toml").write_text(SETTINGS, encoding="utf-8")
    return Place(tenant_of({"organization": organization, "skus": skus, "users": people}), START, folder)


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A run that came to GO."""
    place = opened(tmp_path_factory.mktemp("sealed"))
    world = Rehearsal(place.tenant, place.config)
    place.run = world.plan().run.path.name
    world.apply()
    assert "GO" == world.verify().verdict
    place.seconds = world.clock.seconds
    return place


@pytest.fixture
def place(sealed: Place, tmp_path: Path) -> Place:
    """A copy of it."""
    return sealed.copied(tmp_path / "copy")


def run_of(place: Place) -> RunDir:
    """The run folder."""
    return RunDir(place.folder / "runs" / place.run)


def leave(run: RunDir, name: str, content: bytes = b"\x01\x02\x03") -> Path:
    """Put a file into the run folder, as a program does."""
    path = run.path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", LEFT_BESIDE)
def test_what_a_program_left_after_the_seal_is_named_and_no_alteration(
    place: Place, reseat: CommandLine, name: str
) -> None:
    """Somebody looked into the folder with Windows or a Mac, or has the workbook open."""
    leave(run_of(place), name)

    said = reseat(place, "audit", place.run)

    assert 0 == said.code, said.out
    assert f"note: {name} (3 bytes) lies beside the evidence" in said.out


@pytest.mark.table
@pytest.mark.parametrize("name", LEFT_BESIDE)
@pytest.mark.parametrize("command", ["verify", "report"])
def test_what_lay_there_before_is_not_sealed(place: Place, reseat: CommandLine, name: str, command: str) -> None:
    """Neither the manifest nor the journal names it; taken away later, nothing is missing."""
    left = leave(run_of(place), name)

    assert 0 == reseat(place, command, place.run).code
    assert 0 == reseat(place, "audit", place.run).code
    assert name.encode() not in run_of(place).read("manifest.json")
    assert name.encode() not in run_of(place).read("SHA256SUMS")
    assert name.encode() not in run_of(place).read("journal.jsonl")
    left.unlink()
    assert 0 == reseat(place, "audit", place.run).code


@pytest.mark.table
@pytest.mark.parametrize("name", ["Thumbs.db", "~$report.xlsx"])
@pytest.mark.parametrize("then", ["changed", "gone"])
def test_one_that_was_sealed_is_evidence(place: Place, reseat: CommandLine, name: str, then: str) -> None:
    """An older version took it for such; what a manifest names must be as it says."""
    run = run_of(place)
    left = leave(run, name)
    seal_as_of_old(run)

    assert 0 == reseat(place, "report", place.run).code
    assert name.encode() in run.read("manifest.json")
    assert "lies beside" not in reseat(place, "audit", place.run).out
    left.unlink() if then == "gone" else left.write_bytes(b"other")

    said = reseat(place, "audit", place.run)

    assert 5 == said.code
    assert f"ALTERED: {name} {'is missing' if then == 'gone' else 'was altered'}" in said.out


def seal_as_of_old(run: RunDir) -> None:
    """Write manifest, digest and sums with every file in them, as version 0.1.0 did."""
    manifest = orjson.loads(run.read(seal.MANIFEST))
    names = [p.relative_to(run.path).as_posix() for p in run.path.rglob("*") if p.is_file() and p.name[0] != "."]
    manifest["files"] = {name: sha256(run.read(name)) for name in names if name not in seal.SEALS}
    content = orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)
    run.write(seal.MANIFEST, content)
    run.write(seal.DIGEST, f"{sha256(content)}  manifest.json\n".encode())
    run.write(seal.SUMS, seal.sums(run, manifest["files"], sha256(content)))


def folder_of_that_name(path: Path) -> None:
    path.mkdir()
    (path / "more.csv").write_bytes(b"id\n")


def link_of_that_name(path: Path) -> None:
    path.symlink_to(path.parent / "plan.json")


@pytest.mark.table
@pytest.mark.parametrize("name", ["Thumbs.db", "desktop.ini", "~$report.xlsx"])
@pytest.mark.parametrize("made", [folder_of_that_name, link_of_that_name])
def test_a_folder_or_a_link_of_such_a_name_is_not_passed_over(
    place: Place, reseat: CommandLine, name: str, made: Callable[[Path], None]
) -> None:
    """No program leaves that; whoever made it put something in."""
    made(run_of(place).path / name)

    said = reseat(place, "audit", place.run)

    assert 5 == said.code
    assert f"ALTERED: {name}" in said.out


@pytest.mark.parametrize("name", ["Thumbs.db.csv", "my desktop.ini", "$~report.xlsx", "thumbs", "users (1).csv"])
def test_what_only_looks_like_it_is_an_alteration(place: Place, reseat: CommandLine, name: str) -> None:
    """The names are exact but for capitals."""
    leave(run_of(place), name)

    said = reseat(place, "audit", place.run)

    assert (5, True) == (said.code, f"ALTERED: {name} was not there when the folder was sealed" in said.out)


@pytest.mark.parametrize("command", ["verify", "report"])
def test_what_a_killed_command_had_begun_to_write_goes_with_the_next_seal(
    place: Place, reseat: CommandLine, command: str
) -> None:
    """Killed between the first byte and the rename; until then `audit` shows it."""
    run = run_of(place)
    half = leave(run, ".report.html.x3_k9z1a", b"<html>")
    kept = leave(run, ".notes", b"of a person")

    said = reseat(place, "audit", place.run)
    assert 0 == said.code
    assert "note: .report.html.x3_k9z1a (6 bytes) lies beside the evidence" in said.out
    assert 0 == reseat(place, command, place.run).code
    assert (False, True) == (half.exists(), kept.exists())


def waiting(run: RunDir, seconds: float, hour: float) -> Path:
    """What a killed command left: its sign of life, with a wait that Graph had asked for."""
    until = datetime.fromtimestamp(hour, UTC) + timedelta(seconds=seconds)
    pause = {"kind": "write", "until": until.isoformat(timespec="milliseconds"), "reason": "throttled by Graph (429)"}
    sign = {"at": "2026-03-02T08:00:00.000Z", "wave": "all", "done": 1, "total": 2, "pauses": [pause]}
    leave(run, ".progress.json", b"{")
    return leave(run, "progress.json", orjson.dumps(sign))


@pytest.mark.parametrize(
    ("command", "seconds"),
    [("apply", -5.0), ("apply", 5e7), ("verify", -5.0), ("verify", 5.0), ("report", -5.0), ("report", 5e7)],
)
def test_a_sign_of_life_shrinks_to_the_waits_that_are_left(
    place: Place, reseat: CommandLine, command: str, seconds: float
) -> None:
    """Whoever was killed, the next command puts it in order; a wait that is over goes, and the file with it.

    The clock of `verify` goes on by more than five seconds.
    """
    run = run_of(place)
    sign = waiting(run, seconds, datetime.now(UTC).timestamp() if command == "report" else place.seconds)
    tenant = ("--tenant", "contoso.example") if command == "apply" else ()

    assert 0 == reseat(place, command, place.run, *tenant).code

    kept = orjson.loads(sign.read_bytes()) if sign.exists() else {}
    assert (["pauses"] if seconds > 5 else []) == list(kept)
    assert not (run.path / ".progress.json").exists()
    assert 0 == reseat(place, "audit", place.run).code
    assert b"progress" not in run.read("manifest.json")


@pytest.mark.parametrize("command", ["audit", "report", "status"])
def test_a_sign_of_life_is_never_evidence(place: Place, reseat: CommandLine, command: str) -> None:
    """A folder handed over with one has the same verdict."""
    waiting(run_of(place), -5.0, place.seconds)

    assert 0 == reseat(place, command, place.run).code
    assert "lies beside" not in reseat(place, "audit", place.run).out.replace(".progress.json (1 bytes) lies", "")


def test_a_finished_run_leaves_no_sign_of_life(tmp_path: Path, reseat: CommandLine) -> None:
    """Neither apply nor verify nor the whole run."""
    place = opened(tmp_path)

    assert 0 == reseat(place, "run", "--approve", "contoso.example").code
    assert [] == [p.name for p in tmp_path.rglob("*progress*")]


PATHS = {
    "nowhere": (2, "There is no run `nowhere` in"),
    "runs/p000000000000": (2, "There is no such folder: runs/p000000000000"),
    "runs": (2, "runs is not a run folder"),
    "reseat.toml": (2, "reseat.toml is a file"),
    "reseat.toml/x": (2, "There is no such folder: reseat.toml/x"),
    "empty": (2, "empty is not a run folder"),
    "loop": (2, "There is no run `loop` in"),
    "n" * 300: (2, "There is no run `nnn"),
    "planned": (2, "was never verified"),
    "half": (5, "ALTERED: plan.json is missing"),
    "PLAN": (0, "GO: the evidence is intact"),
    "PREFIX": (0, "GO: the evidence is intact"),
    "runs/PLAN": (0, "GO: the evidence is intact"),
    "./runs/../runs/PLAN/": (0, "GO: the evidence is intact"),
    "p": (2, "fits several runs"),
    "q": (2, "runs: p-another, PLAN. `--runs DIR` says"),
    "": (2, "No run is named"),
}


@pytest.mark.parametrize("path", PATHS)
def test_audit_says_of_every_path_what_it_is(place: Place, reseat: CommandLine, path: str) -> None:
    """A folder, a plan id, the beginning of one, a file, nothing at all: each has a sentence of its own."""
    runs = place.folder / "runs"
    (place.folder / "empty").mkdir()
    (place.folder / "loop").symlink_to("loop")
    for name in ("planned", "half"):
        shutil.copytree(runs / place.run, place.folder / name)
    for name in ("manifest.json", "after-tenant.json", "reconciliation.json"):
        (place.folder / "planned" / name).unlink()
    (place.folder / "half" / "plan.json").unlink()
    shutil.copytree(runs / place.run, runs / "p-another")

    named = path.replace("PLAN", place.run).replace("PREFIX", place.run[:5])
    said = reseat(place, "audit", named)

    code, sentence = PATHS[path]
    assert (code, True) == (said.code, sentence.replace("PLAN", place.run) in said.out + said.err), said


@pytest.mark.parametrize("command", ["audit", "report", "status", "explain"])
def test_a_folder_that_is_named_needs_no_settings(place: Place, reseat: CommandLine, command: str) -> None:
    """Nor does a settings file beside it hinder that nobody can read."""
    user = ("ada@contoso.example",) if command == "explain" else ()
    for content in (None, b"[tenant\n", b"\xff\xfe"):
        place.config.unlink(missing_ok=True)
        if content is not None:
            place.config.write_bytes(content)
        assert 0 == reseat(place, command, f"runs/{place.run}", *user, config=False).code


def test_the_runs_directory_of_the_settings_is_where_a_plan_id_is_looked_for(place: Place, reseat: CommandLine) -> None:
    """By the settings, and by the option that beats them."""
    (place.folder / "runs").rename(place.folder / "elsewhere")
    assert 2 == reseat(place, "audit", place.run).code
    assert 0 == reseat(place, "audit", place.run, "--runs", "elsewhere").code
    place.config.write_text(SETTINGS + '\n[run]\ndirectory = "elsewhere"\n', encoding="utf-8")
    assert 0 == reseat(place, "audit", place.run).code


@pytest.mark.parametrize("command", ["report", "verify", "apply"])
def test_whoever_writes_into_the_folder_waits_for_the_lock(place: Place, reseat: CommandLine, command: str) -> None:
    """While a run is at work nobody renders what it has not finished: 11."""
    tenant = ("--tenant", "contoso.example") if command == "apply" else ()
    before = run_of(place).read("manifest.json")
    with FileLock(place.folder / "runs" / ".lock-c0a70500-0000-4000-8000-000000000001"):
        said = reseat(place, command, place.run, *tenant)
        assert (11, True) == (said.code, "Another run works on tenant" in said.err)
        assert 0 == reseat(place, "audit", place.run).code
        assert 0 == reseat(place, "status", place.run).code
    assert before == run_of(place).read("manifest.json")
    assert 0 == reseat(place, command, place.run, *tenant).code


def test_a_report_keeps_the_modes_of_the_folder(place: Place, reseat: CommandLine) -> None:
    """Its owner alone reads what it wrote."""
    assert 0 == reseat(place, "report", place.run).code
    modes = {stat.S_IMODE(p.stat().st_mode) & 0o077 for p in run_of(place).files() if "report" in p.name}
    assert {0} == modes
