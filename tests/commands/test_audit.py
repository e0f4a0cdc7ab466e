"""Whoever changes one byte of a run folder, takes a file away or adds one is found out, without any network."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from worlds.evidence_world import CATALOG, KEY
from worlds.forging import forge
from worlds.sets import few

from connectors.ids import sha256
from jobs.license_reassignment.commands.audit import Audited, audit
from jobs.license_reassignment.commands.report import report
from jobs.license_reassignment.errors import ExitCode, InputError
from jobs.license_reassignment.run_folder import seal
from jobs.license_reassignment.run_folder.folder import RunDir
from jobs.license_reassignment.run_folder.journal import Journal, line_hash
from jobs.license_reassignment.run_folder.load import load_journal, load_plan

pytest_plugins = ["worlds.sealed_runs"]

Copy = Callable[[RunDir], RunDir]


def audited(run: RunDir, **options: object) -> Audited:
    return audit(run, CATALOG, **options)  # type: ignore[arg-type]


@contextmanager
def one_byte_changed(path: Path, offset: int, step: int) -> Iterator[None]:
    whole = path.read_bytes()
    changed = bytearray(whole)
    changed[offset] = (changed[offset] + step) % 256
    path.write_bytes(changed)
    try:
        yield
    finally:
        path.write_bytes(whole)


def names(run: RunDir) -> list[str]:
    return [p.relative_to(run.path).as_posix() for p in run.files() if p.stat().st_size]


def test_an_untouched_folder_gives_its_own_verdict_again(signed_go, no_go, harm) -> None:
    assert [("GO", 0), ("NO-GO", 3), ("NO-GO", 5)] == [
        (found.verdict, int(found.code)) for found in map(audited, (signed_go, no_go, harm))
    ]
    assert [(), (), ()] == [audited(run).differences for run in (signed_go, no_go, harm)]


@pytest.mark.thorough
@pytest.mark.parametrize("place", few(["first", "middle", "last"], "middle"))
def test_one_byte_at_the_same_place_of_every_file_is_found(signed_go, copy_of: Copy, place: str) -> None:
    """The seals, the signature and the former reports in history are files as well."""
    run = copy_of(signed_go)
    missed = []
    for name in names(run):
        size = (run.path / name).stat().st_size
        with one_byte_changed(run.path / name, {"first": 0, "middle": size // 2, "last": size - 1}[place], 1):
            found = audited(run)
        if found.code is not ExitCode.HARM or found.verdict != "ALTERED" or not found.differences:
            missed.append(name)

    assert missed == []


@pytest.mark.thorough
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_byte_of_any_file_is_found(no_go, copy_of: Copy, tmp_path: Path, data: st.DataObject) -> None:
    """Whichever file, whichever byte, whatever it becomes: 5, and the first difference names a file."""
    run = RunDir(tmp_path / no_go.path.name)
    if not run.path.exists():
        copy_of(no_go)
    name = data.draw(st.sampled_from(names(run)))
    offset = data.draw(st.integers(0, (run.path / name).stat().st_size - 1))
    with one_byte_changed(run.path / name, offset, data.draw(st.integers(1, 255))):
        found = audited(run)

    assert (ExitCode.HARM, "ALTERED") == (found.code, found.verdict)
    assert any(name in found.differences[0] for name in [*names(run), "journal", "plan"]), found.differences[:3]


@pytest.mark.thorough
def test_every_missing_file_is_found(signed_go, copy_of: Copy) -> None:
    run = copy_of(signed_go)
    missed = []
    for name in names(run):
        whole = run.read(name)
        run.remove(name)
        found = audited(run)
        run.write(name, whole)
        if found.code is not ExitCode.HARM or f"{name} is missing" not in found.differences[0]:
            missed.append((name, found.differences[:1]))

    assert [name for name, _ in missed if name != "manifest.sig"] == []
    assert missed in ([], [("manifest.sig", ("SHA256SUMS does not fit manifest.json",))])


def test_a_file_that_came_later_is_found(no_go, copy_of: Copy) -> None:
    run = copy_of(no_go)
    run.write("extra.csv", b"id\n")

    assert ("extra.csv was not there when the folder was sealed",) == audited(run).differences


def test_control_files_are_no_evidence(no_go, copy_of: Copy) -> None:
    """Somebody may still ask for a pause after the folder was sealed."""
    run = copy_of(no_go)
    run.write("pause", b"")

    assert () == audited(run).differences


def test_a_verdict_talked_up_in_every_unsigned_file_does_not_stand(no_go, copy_of: Copy) -> None:
    """Digests made to fit do not help: the verdict is derived from what was read, not copied."""
    run = copy_of(no_go)
    said = orjson.loads(run.read("reconciliation.json"))
    run.write("reconciliation.json", orjson.dumps(said | {"verdict": "GO", "exit_code": 0}))
    forge(run)
    found = audited(run)

    assert ExitCode.HARM == found.code
    assert "reconciliation.json: exit_code says 0, the evidence gives 3" == found.differences[0]


def test_one_outcome_changed_in_users_csv_does_not_stand(no_go, copy_of: Copy) -> None:
    run = copy_of(no_go)
    run.write("users.csv", run.read("users.csv").replace(b",drifted,", b",moved,", 1))
    forge(run)

    assert audited(run).differences[0].startswith("users.csv is not what follows from the evidence: line ")


def forged_read(run: RunDir) -> RunDir:
    """Rewrite the last read and every report that follows from it; the chain stays as it was."""
    rest = orjson.loads(run.read("after-tenant.json"))
    rest["verification"]["operator"] = "somebody.else"
    run.write("after-tenant.json", orjson.dumps(rest))
    report(run, CATALOG)
    return run


def forged_history(run: RunDir) -> RunDir:
    """Rewrite the end of the chain too: whole in itself, and a lie."""
    forged_read(run)
    plan = load_plan(run)
    *kept, last = run.read("journal.jsonl").splitlines(keepends=True)
    note = orjson.loads(last)
    run.write("journal.jsonl", b"".join(kept))
    run.remove(seal.MANIFEST)
    body = {k: v for k, v in note.items() if k not in {"seq", "at", "prev", "kind", "sum"}}
    body["files"]["after-tenant.json"] = sha256(run.read("after-tenant.json"))
    Journal(load_journal(run, plan), lambda: datetime.fromisoformat(note["at"])).append("note", body)
    report(run, CATALOG)
    return run


def test_a_last_read_that_was_rewritten_does_not_fit_the_chain(signed_go, copy_of: Copy) -> None:
    """The verification wrote down what it had read, so no head is needed to tell."""
    found = audited(forged_read(copy_of(signed_go)))

    assert found.code is ExitCode.HARM
    [told] = found.differences
    assert told.startswith("after-tenant.json was altered: its SHA-256 is ")


@pytest.mark.parametrize("name", ["report.html", "report.xlsx", "summary.md", "gates.junit.xml"])
def test_a_report_that_was_rewritten_is_rendered_again_and_found(no_go, copy_of: Copy, name: str) -> None:
    """Digests made to fit do not help here either, with or without a head."""
    run = copy_of(no_go)
    content = run.read(name)
    run.write(name, content.replace(b"NO", b"no", 1) if name != "report.xlsx" else _other_book(content))
    forge(run)
    seq, head = audited(no_go).head

    for kept in ("", f"{no_go.path.name} {seq} {head}"):
        assert audited(run, head=kept).differences[0].startswith(f"{name} is not what follows from the evidence")


def _other_book(content: bytes) -> bytes:
    """Change one text of a workbook."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as book, zipfile.ZipFile(made, "w") as other:
        for one in book.infolist():
            other.writestr(one, book.read(one).replace(b"NO-GO", b"GO"))
    return made.getvalue()


def test_another_packer_is_no_forgery(no_go, copy_of: Copy) -> None:
    """Machines compress differently; what is packed is compared unpacked."""
    run = copy_of(no_go)
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(run.read("report.xlsx"))) as book, zipfile.ZipFile(made, "w") as other:
        for one in book.infolist():
            other.writestr(one, book.read(one), compress_type=zipfile.ZIP_STORED)
    run.write("report.xlsx", made.getvalue())
    forge(run)

    assert () == audited(run).differences


def test_the_head_of_an_earlier_line_proves_what_came_before_it(no_go) -> None:
    """Somebody may have kept what `apply` printed; the note says that the verification is not covered."""
    earlier = line_hash(no_go.read("journal.jsonl").splitlines()[-2])
    found = audited(no_go, head=earlier)

    assert () == found.differences
    assert "it proves what came before" in found.notes[0]


def test_a_forgery_that_fits_in_itself_is_found_by_the_head_kept_elsewhere(signed_go, copy_of: Copy) -> None:
    """The manifest's digest was printed when the folder was sealed; whoever kept it can tell."""
    first = audited(signed_go)
    run = forged_history(copy_of(signed_go))

    assert () == audited(run).differences
    for kept in (first.manifest_sha256, first.head[1]):
        assert f"the head kept elsewhere ({kept}) is neither" in audited(run, head=kept).differences[0]
    kept = first.manifest_sha256
    assert () == audited(signed_go, head=kept).differences


def test_the_line_printed_at_the_end_of_a_run_is_a_head(signed_go) -> None:
    """Plan, lines and hash as printed, or the hash alone, with blanks around it."""
    found = audited(signed_go)
    seq, head = found.head

    assert () == audited(signed_go, head=f" {found.plan_id} {seq} {head}\n").differences
    assert () == audited(signed_go, head=head.upper()).differences
    assert audited(signed_go, head="0" * 64).code is ExitCode.HARM


def test_a_forgery_that_fits_in_itself_is_found_by_the_signature(signed_go, copy_of: Copy) -> None:
    key = KEY.public_key()
    run = forged_history(copy_of(signed_go))

    assert () == audited(signed_go, key=key).differences
    assert ("manifest.json is not signed by the given key",) == audited(run, key=key).differences


def test_without_head_and_signature_the_audit_says_what_it_cannot_prove(no_go) -> None:
    assert "integrity, not authorship" in audited(no_go).notes[0]
    assert () == audited(no_go, head=audited(no_go).manifest_sha256).notes


def test_a_folder_that_was_never_verified_is_no_evidence(tmp_path) -> None:
    with pytest.raises(InputError, match="is not a run folder: neither a plan nor a verification is in it"):
        audited(RunDir(tmp_path))


def test_the_command_needs_neither_network_nor_credentials(no_go, tmp_path) -> None:
    """In an empty folder, with no variable of a credential and every socket refused, it answers with the verdict."""
    (tmp_path / "sitecustomize.py").write_text(
        "import socket\ndef refuse(*_, **__):\n    raise OSError('no network here')\nsocket.socket.connect = refuse\n"
    )
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "jobs", "audit", str(no_go.path), "--json"],
        cwd=tmp_path, env=environ, capture_output=True, check=False,
    )  # fmt: skip

    assert (3, "NO-GO") == (done.returncode, orjson.loads(done.stdout)["verdict"]), done.stderr
