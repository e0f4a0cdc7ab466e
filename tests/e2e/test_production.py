"""The installed command against Graph and Entra under their real names: every command, and the way to a GO."""

from __future__ import annotations

import os
import sys

import pytest
from worlds.loopback.rig import E3, SETTINGS, TENANT, Rig, tenant

pytestmark = pytest.mark.socket


@pytest.mark.thorough
def test_every_command_of_a_move_that_ends_with_go(rig: Rig) -> None:
    """Each ends with 0 and prints one JSON document; a second apply sends nothing."""
    world = rig.serve(tenant(3))

    checked = rig.run("check", "--json")
    assert (0, TENANT) == (checked.code, checked.json["tenant_id"]), checked.out
    plan_id = rig.plan()
    applied = rig.run("apply", plan_id, "--tenant", TENANT, "--json")
    assert (0, 3, {"applied": 3}) == (applied.code, applied.json["writes"], applied.json["counts"]), applied.out
    verified = rig.run("verify", plan_id, "--json")
    assert (0, "GO") == (verified.code, verified.json["verdict"]), verified.out
    again = rig.run("apply", plan_id[:6], "--tenant", "contoso.example", "--json")
    assert (0, 0) == (again.code, again.json["writes"])
    assert 3 == len(rig.sent()) == len(set(rig.sent()))
    for command in (
        ("status", plan_id), ("explain", plan_id, "user0001@contoso.example"), ("skus",), ("report", plan_id),
        ("translate", "ENTERPRISEWITHSCAL", "ENTERPRISEPACK"), ("audit", rig.folder / "runs" / plan_id),
    ):  # fmt: skip
        done = rig.run(*command, "--json")
        assert (0, True) == (done.code, bool(done.json)), (command, done.err)
    assert "user0001" in rig.run("explain", plan_id, "user0001@contoso.example").out
    assert [] == world.tenant.strange_calls


@pytest.mark.thorough
def test_run_stops_for_approval_and_then_goes_to_the_end(rig: Rig) -> None:
    """Without `--approve` 4 and a plan; with it the same plan is carried out, verified and 0."""
    world = rig.serve(tenant(3))

    waiting = rig.run("run", "--json")
    assert (4, []) == (waiting.code, world.tenant.write_log), waiting.out
    assert "--approve" in waiting.json["reason"]
    done = rig.run("run", "--approve", "contoso.example", "--json")

    assert (0, "GO") == (done.code, done.json["reconciliation"]["verdict"]), done.out + done.err
    assert waiting.json["plan_id"] == done.json["plan_id"]
    assert (3, 1) == (world.tenant.consumed(E3), len(list(rig.folder.glob("runs/p*"))))


def test_run_does_not_take_another_tenants_name_for_approval(rig: Rig) -> None:
    """The consent names the tenant."""
    world = rig.serve(tenant(3))
    rig.run("run", "--approve", "fabrikam.example").says(10, "fabrikam.example")
    assert [] == world.tenant.write_log


@pytest.mark.thorough
def test_people_left_are_3_at_every_step(rig: Rig) -> None:
    """Two seats for three users: one is held, and the verdict is NO-GO."""
    rig.serve(tenant(3, seats=2))
    assert 3 == rig.run("check").code
    done = rig.run("run", "--approve", TENANT, "--json")
    totals = done.json["reconciliation"]["totals"]
    assert (3, 2, 1, "NO-GO") == (done.code, totals["moved"], totals["held"], done.json["reconciliation"]["verdict"])


@pytest.mark.thorough
def test_undo_gives_back_what_was_taken(rig: Rig) -> None:
    """Another plan, applied and verified by the ordinary commands."""
    world = rig.serve(tenant(3))
    plan_id = rig.plan()
    assert 0 == rig.run("apply", plan_id, "--tenant", TENANT).code

    made = rig.run("undo", plan_id, "--json")
    assert 0 == made.code, made.out + made.err
    assert 0 == rig.run("apply", made.json["plan_id"], "--tenant", TENANT).code
    assert 0 == rig.run("verify", made.json["plan_id"]).code

    assert 0 == world.tenant.consumed(E3)


@pytest.mark.thorough
@pytest.mark.parametrize("runs", ["Läufe für später", ".\\like windows"])
def test_folders_may_have_any_name(rig: Rig, runs: str) -> None:
    """Spaces, letters that are not ASCII, and backslashes in the runs folder, in the settings and as a flag."""
    rig.serve(tenant(1))
    settings = rig.folder / "Einstellungen für uns"
    settings.mkdir()
    path = settings / "re seat.toml"
    path.write_text(SETTINGS + f"\n[run]\ndirectory = '{runs}'\n", encoding="utf-8")

    done = rig.run("run", "--approve", TENANT, "--json", "-c", path)
    assert 0 == done.code, done.out + done.err
    folder = next((settings / runs).glob("p*"))
    assert 0 == rig.run("verify", folder.name, "--runs", settings / runs, "-c", path).code


@pytest.mark.thorough
@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_output_fits_any_code_page(rig: Rig, encoding: str) -> None:
    """What a console cannot show is replaced; the command does not fail for a letter."""
    rig.serve(tenant(1))
    environ = {"PYTHONIOENCODING": encoding}
    for command in (("plan",), ("--help",)):
        done = rig.run(*command, environ=environ)
        assert 0 == done.code, done.err


@pytest.mark.skipif(os.name == "nt", reason="a pipe that is closed says so on POSIX")
def test_a_reader_that_leaves_early_is_no_bug(rig: Rig) -> None:
    """As in `reseat translate … | head -1`: the work was done, and its code stands."""
    for more in ((), ("--json",)):
        started = rig.start("translate", "ENTERPRISEWITHSCAL", "SPE_E5", *more, cwd=rig.folder.parent)
        assert started.stdout is not None
        started.stdout.close()
        assert started.stderr is not None
        said = started.stderr.read()
        started.stderr.close()
        assert (0, b"") == (started.wait(60), said)


def test_ctrl_c_while_the_command_line_is_loaded_is_4(rig: Rig) -> None:
    """The handler comes before anything that takes time to import."""
    (rig.folder / "typer.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    started = rig.start(environ={"PYTHONPATH": str(rig.folder)}, program=(sys.executable, "-m", "jobs"))
    assert (4, "", "") == ((done := rig.end(started)).code, done.out, done.err)
