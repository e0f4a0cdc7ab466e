"""The run folder and the lock: written whole, found by name, held by one."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from jobs.license_reassignment.errors import ExitCode, InputError, Locked, Unfinished
from jobs.license_reassignment.run_folder import folder
from jobs.license_reassignment.run_folder.folder import RunDir, all_runs, find, tenant_lock

TENANT = "11111111-2222-4333-8444-555555555555"


def _plan(runs: Path, name: str, at: int = 0) -> RunDir:
    run = RunDir(runs / name).create()
    run.write("plan.json", b"{}")
    os.utime(run.path / "plan.json", (at, at))
    return run


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps rights in access lists")
def test_only_the_owner_reads_a_run(tmp_path: Path) -> None:
    """Names and licenses of people: 0700 for the folder, 0600 for each file, whatever the umask."""
    old = os.umask(0)
    try:
        run = _plan(tmp_path / "runs", "p1")
        with tenant_lock(tmp_path / "runs", TENANT):
            lock = _mode(tmp_path / "runs" / f".lock-{TENANT}")
    finally:
        os.umask(old)

    assert (_mode(run.path), _mode(run.path / "plan.json"), lock) == (0o700, 0o600, 0o600)


def test_a_file_is_replaced_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    """The second version is there, no temporary file is."""
    run = RunDir(tmp_path)
    run.write("a.csv", b"first and longer")
    run.write("a.csv", b"second")

    assert (run.read("a.csv"), sorted(p.name for p in tmp_path.iterdir())) == (b"second", ["a.csv"])


def test_a_full_disk_leaves_the_former_file_and_ends_with_4(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was there stays whole; the message says that the same command continues."""
    run = RunDir(tmp_path)
    run.write("a.csv", b"former")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(folder.os, "fsync", full)
    with pytest.raises(Unfinished) as stopped:
        run.write("a.csv", b"newer")

    assert stopped.value.exit_code == ExitCode.STOPPED
    assert str(stopped.value).startswith(
        f"Cannot write {tmp_path / 'a.csv'}: No space left on device. Nothing is lost:"
    )
    assert (run.read("a.csv"), sorted(p.name for p in tmp_path.iterdir())) == (b"former", ["a.csv"])


def test_a_folder_that_cannot_be_made_ends_with_4(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "runs").write_bytes(b"")

    with pytest.raises(Unfinished, match="Cannot write"):
        RunDir(tmp_path / "runs" / "p1").create()


def test_former_evidence_moves_to_history_and_is_never_overwritten(tmp_path: Path) -> None:
    """Only what is there moves; a second verification has a folder of its own."""
    run = RunDir(tmp_path)
    run.write("after.csv", b"1")
    run.move_to_history(("after.csv", "users.csv"), "one")
    run.write("after.csv", b"2")
    run.move_to_history(("after.csv", "users.csv"), "two")
    run.move_to_history(("after.csv", "users.csv"), "three")

    kept = {p.relative_to(tmp_path).as_posix(): p.read_bytes() for p in run.files()}
    assert kept == {"history/one/after.csv": b"1", "history/two/after.csv": b"2"}


def test_control_files_and_hidden_ones_are_no_evidence(tmp_path: Path) -> None:
    """`pause` and `speed` may change at any time without spoiling a digest."""
    run = RunDir(tmp_path)
    for name in ("plan.json", "pause", "speed", ".lock-x"):
        (tmp_path / name).write_bytes(b"")

    assert [p.name for p in run.files()] == ["plan.json"]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The folder is not a complete run."""
    with pytest.raises(InputError, match=r"plan\.json is missing: this is not a complete run folder\."):
        RunDir(tmp_path).read("plan.json")


@pytest.mark.parametrize("name", ["pabc123", "pabc1", "pabc12"])
def test_a_run_is_found_by_id_or_unique_prefix(name: str, tmp_path: Path) -> None:
    """Enough of the id to be sure."""
    _plan(tmp_path, "pabc123")
    _plan(tmp_path, "pabd456")

    assert find(tmp_path, name).path == tmp_path / "pabc123"


def test_a_run_is_found_by_its_folder(tmp_path: Path) -> None:
    """Wherever it lies: an auditor gets a copy."""
    run = _plan(tmp_path / "elsewhere", "copy")

    assert find(tmp_path / "runs", str(run.path)).path == run.path


def test_a_prefix_of_several_runs_is_refused_with_their_names(tmp_path: Path) -> None:
    """Exit 2, and nothing is guessed."""
    _plan(tmp_path, "pabc123")
    _plan(tmp_path, "pabd456")

    with pytest.raises(
        InputError, match=r"^`pab` fits several runs in .*: pabc123, pabd456\. Give more of the plan id\.$"
    ):
        find(tmp_path, "pab")


@pytest.mark.parametrize("name", ["px", ""])
def test_an_unknown_run_is_refused_with_those_there_are(name: str, tmp_path: Path) -> None:
    """An empty name is no prefix of everything."""
    _plan(tmp_path, "pabc123")

    with pytest.raises(InputError, match=r"\. The runs of .*: pabc123\. `--runs DIR` says where runs live\.$"):
        find(tmp_path, name)


def test_where_no_run_is_the_way_to_one_is_told(tmp_path: Path) -> None:
    """A folder without runs, or none at all."""
    told = r"^There is no run `p1` in .*nowhere, and no folder of that name\. .* make one with `reseat plan`\."
    with pytest.raises(InputError, match=told):
        find(tmp_path / "nowhere", "p1")


def test_the_newest_plan_comes_first(tmp_path: Path) -> None:
    """By the time its header was written, then by name; a folder without a plan is no run."""
    for name, at in (("p1", 100), ("p3", 200), ("p2", 200)):
        _plan(tmp_path, name, at)
    (tmp_path / "p4").mkdir()

    assert [r.path.name for r in all_runs(tmp_path)] == ["p3", "p2", "p1"]
    assert all_runs(tmp_path / "nowhere") == []


def test_a_second_run_on_one_tenant_is_refused(tmp_path: Path) -> None:
    """Exit 11 for the same tenant, nothing for another; afterwards the lock is free again."""
    with tenant_lock(tmp_path, TENANT):
        with pytest.raises(Locked) as refused, tenant_lock(tmp_path, TENANT):
            pass
        with tenant_lock(tmp_path, TENANT.replace("1", "9")):
            pass
    with tenant_lock(tmp_path, TENANT):
        pass

    assert refused.value.exit_code == ExitCode.LOCKED
    assert str(refused.value).startswith(f"Another run works on tenant {TENANT} (lock ")


def test_whoever_is_kept_out_is_told_which_plan_is_at_work(tmp_path: Path) -> None:
    """Not the newest plan, and not that of another tenant: the one whose sign of life is the newest."""
    signs = (("p1", TENANT, "T10"), ("p2", TENANT, "T09"), ("p3", TENANT.replace("1", "9"), "T11"), ("p4", TENANT, ""))
    for name, tenant, at in signs:
        (tmp_path / name).mkdir()
        (tmp_path / name / "plan.json").write_text(f'{{"tenant": {{"id": "{tenant}"}}}}', encoding="utf-8")
        sign = f'{{"at": "2026-11-28{at}:00:00Z"}}' if at else '{"pauses": []}'
        (tmp_path / name / "progress.json").write_text(sign, encoding="utf-8")

    with tenant_lock(tmp_path, TENANT), pytest.raises(Locked) as refused, tenant_lock(tmp_path, TENANT):
        pass

    assert str(refused.value).endswith(f"Wait for it: `reseat status {tmp_path / 'p1'}` shows how far it is.")


def test_whoever_is_kept_out_by_a_command_without_a_plan_waits(tmp_path: Path) -> None:
    """Nothing tells how far it is; an odd file in a run folder is passed over."""
    (tmp_path / "p1").mkdir()
    (tmp_path / "p1" / "progress.json").write_bytes(b"[")

    with tenant_lock(tmp_path, TENANT), pytest.raises(Locked) as refused, tenant_lock(tmp_path, TENANT):
        pass

    assert str(refused.value).endswith("). Wait for it.")


def test_the_lock_is_freed_when_a_run_fails(tmp_path: Path) -> None:
    """An error inside does not keep the next run out."""
    with pytest.raises(ZeroDivisionError), tenant_lock(tmp_path, TENANT):
        raise ZeroDivisionError

    with tenant_lock(tmp_path, TENANT):
        pass


def test_a_lock_that_cannot_be_written_ends_with_4(tmp_path: Path) -> None:
    """The folder of the runs is a file."""
    (tmp_path / "runs").write_bytes(b"")

    with pytest.raises(Unfinished, match="Correct that; nothing was done"), tenant_lock(tmp_path / "runs", TENANT):
        pass
