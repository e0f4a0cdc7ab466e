"""Who planned, applied and verified, with which list, and who accepted which loss: all of it is in the run folder."""

from __future__ import annotations

import csv
import getpass
import hashlib
import io
import os
import socket
import subprocess
from pathlib import Path

import pytest
from worlds.in_process import CommandLine
from worlds.machine import needs
from worlds.rehearsal import read_json
from worlds.several_runs import Runs
from worlds.small_tenant import EVERYONE, NEW, OLD, person, place

DECLARED = '\n[declare]\nby = "CHG-1"\npurchase_channel = "direct"\nbilling_agreement = "mca"\n'
SETTINGS = EVERYONE + DECLARED
SKUS = [{"skuPartNumber": part, "enabled": 50} for part in (OLD, NEW, "EXCHANGESTANDARD")]
HEADER = "user_principal_name,target,backup_acknowledged_by,note\n"
FORMULA = f'{HEADER}ada@contoso.example,{NEW},,"=1+1"\r\n'
MAILBOX_ONLY = f"{HEADER}ada@contoso.example,EXCHANGESTANDARD,M. de Vries,\nbo@contoso.example,EXCHANGESTANDARD,,\n"
NAMES = (
    "users.csv",
    "Liste März (2) [neu].csv",
    "-rf.csv",
    ".hidden.csv",
    "CON.csv",
    "a'b $(touch x) `y`; z.csv",
    "two  blanks .csv",
    "a:b|c<d>e?f*g.csv",
    "back\\slash.csv",
    "\u202efdp.csv",
    "e\u0301te\u0301.csv",
    "x" * 180 + ".csv",
)


def with_roster(folder: Path, reseat: CommandLine, text: str, *, name: str = "users.csv", more: str = "") -> Runs:
    """Two people and a list of this name."""
    quoted = name.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
    settings = f'{SETTINGS}{more}\n[scope]\nroster = "{quoted}"\n'
    made = Runs(place(folder, [person("ada"), person("bo")], settings, skus=SKUS), reseat)
    (folder / name).write_bytes(text.encode())
    return made


def rows(made: Runs, name: str) -> list[dict[str, str]]:
    """The rows of a file of the run."""
    text = (made.folder / made.run / name).read_text(encoding="utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[:30])
def test_the_list_is_kept_as_it_was_read(name: str, reseat: CommandLine, tmp_path: Path) -> None:
    """Byte for byte, for its owner alone, digested, under a name that every file system and `sha256sum -c` take."""
    made = with_roster(tmp_path, reseat, FORMULA, name=name)
    codes = [made.plan().code, made.apply().code, made.verify().code, made.audit(made.run).code]
    run = made.folder / made.run
    [kept] = (run / "roster").iterdir()
    sums = needs("sha256sum", "coreutils")

    assert codes == [0, 0, 0, 0]
    assert kept.read_bytes() == FORMULA.encode()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.name.startswith("01-")
    assert len(kept.name.encode()) <= 255
    assert not set(kept.name) & set('<>:"/\\|?*\n\u202e')
    assert not kept.name.endswith((".", " "))
    assert made.header()["files"][f"roster/{kept.name}"] == hashlib.sha256(FORMULA.encode()).hexdigest()
    assert made.header()["roster"]["kept"] == [f"roster/{kept.name}"]
    assert subprocess.run([sums, "--check", "--quiet", "SHA256SUMS"], cwd=run, check=False).returncode == 0


@pytest.mark.parametrize(("command", "code"), [("apply", 10), ("audit", 5)])
def test_a_list_that_was_changed_since_is_noticed(command: str, code: int, reseat: CommandLine, tmp_path: Path) -> None:
    """Neither does a plan begin with another list, nor is it evidence."""
    made = with_roster(tmp_path, reseat, FORMULA)
    made.plan()
    if command == "audit":
        made.apply()
        made.verify()
    kept = made.folder / made.run / "roster" / "01-users.csv"
    kept.write_bytes(kept.read_bytes().replace(b"=1+1", b"=1+2"))
    said = made.audit(made.run) if command == "audit" else made.apply()

    assert said.code == code
    assert "01-users.csv" in said.words


def test_a_plan_without_a_list_keeps_none(reseat: CommandLine, tmp_path: Path) -> None:
    made = Runs(place(tmp_path, [person("ada")], SETTINGS), reseat)
    made.plan()

    assert not (made.folder / made.run / "roster").exists()
    assert made.header()["roster"]["kept"] == []


def test_each_step_says_who_did_it_and_where(
    reseat: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three people at three machines: the files, the page and the summary tell them apart."""
    made = Runs(place(tmp_path, [person("ada")], SETTINGS), reseat)
    for step in ("plan", "apply", "verify"):
        monkeypatch.setenv("LOGNAME", f"{step}.person")
        monkeypatch.setattr(socket, "gethostname", lambda step=step: f"{step}-host")
        assert getattr(made, step)().code == 0
    run = made.folder / made.run
    said = read_json(run / "reconciliation.json")["run"]
    texts = [(run / name).read_text(encoding="utf-8") for name in ("report.html", "summary.md")]

    assert (made.header()["operator"], made.header()["host"]) == ("plan.person", "plan-host")
    assert said["operator"] == {step: f"{step}.person" for step in ("plan", "apply", "verify")}
    assert said["host"] == {step: f"{step}-host" for step in ("plan", "apply", "verify")}
    assert {"planned_by", "applied_by", "verified_by"} <= said.keys()
    assert "planned_by" in made.header()
    for text in texts:
        assert all(f"{step}.person on {step}-host" in text for step in ("plan", "apply", "verify"))


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="Windows has no numbers for users")
def test_a_user_without_a_name_is_told_by_number(
    reseat: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container, whose user is in no list of users."""

    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 10001")

    monkeypatch.setattr(getpass, "getuser", nobody)
    monkeypatch.setattr(os, "getuid", lambda: 10001)
    monkeypatch.delenv("USER", raising=False)
    made = Runs(place(tmp_path, [person("ada")], SETTINGS), reseat)
    made.plan()

    assert made.header()["operator"] == "uid 10001"


def test_an_undo_and_an_addons_plan_say_who_made_them(reseat: CommandLine, tmp_path: Path) -> None:
    """A plan made from a plan has its own author."""
    made = Runs(place(tmp_path, [person("ada")], SETTINGS), reseat)
    made.plan()
    made.apply()
    made.undo()

    assert made.header()["kind"] == "undo"
    assert made.header()["operator"] == getpass.getuser()
    assert made.header()["host"] == socket.gethostname()


def test_who_accepted_a_loss_is_named_with_what_was_lost(reseat: CommandLine, tmp_path: Path) -> None:
    """The roster's name beside the user whom it lets go; the other one is held, and nobody accepted anything."""
    made = with_roster(tmp_path, reseat, MAILBOX_ONLY)
    made.plan()
    made.apply()
    made.verify()
    planned = {one["name"].partition("@")[0]: one for one in rows(made, "decisions.csv")}
    proven = {one["user_principal_name"].partition("@")[0]: one for one in rows(made, "users.csv")}
    run = made.folder / made.run
    [loss] = read_json(run / "reconciliation.json")["accepted_losses"]

    assert (planned["ada"]["kind"], planned["ada"]["acknowledged_by"]) == ("change", "M. de Vries")
    assert (planned["bo"]["reason"], planned["bo"]["acknowledged_by"]) == ("lost_service", "")
    assert (proven["ada"]["outcome"], proven["ada"]["acknowledged_by"]) == ("moved", "M. de Vries")
    assert (loss["name"], loss["accepted_by"]) == ("ada@contoso.example", "M. de Vries")
    assert "SharePoint/OneDrive: Plan 2 to none" in loss["loss"]
    assert "M. de Vries" in (run / "report.html").read_text(encoding="utf-8")
    assert list(rows(made, "decisions.csv")[0])[-1] == "object"
    assert {one["object"] for one in rows(made, "decisions.csv")} == {"user"}


def test_a_policy_that_accepts_is_named_by_its_key(reseat: CommandLine, tmp_path: Path) -> None:
    """Where no person did, the settings did, and that is said."""
    made = with_roster(tmp_path, reseat, MAILBOX_ONLY, more='\n[plans]\nlost_services = "accept"\n')
    made.plan()
    made.apply()
    made.verify()
    found = read_json(made.folder / made.run / "reconciliation.json")["accepted_losses"]
    by = {one["name"].partition("@")[0]: one["accepted_by"] for one in found}

    assert by == {"ada": "M. de Vries", "bo": '[plans] lost_services = "accept"'}


def test_the_set_without_names_has_neither_the_list_nor_the_names_in_it(reseat: CommandLine, tmp_path: Path) -> None:
    """Who accepted, who ran it, and the machine: none of them stands in the pseudonymised files."""
    made = with_roster(tmp_path, reseat, MAILBOX_ONLY, more="\n[run]\npseudonymise = true\n")
    made.plan()
    made.apply()
    made.verify()
    files = [path for path in (made.folder / made.run / "pseudonymised").rglob("*") if path.is_file()]
    text = b"".join(path.read_bytes() for path in files)

    assert files
    assert not any("roster" in path.name for path in files)
    for name in ("M. de Vries", "ada@contoso.example", f'"{getpass.getuser()}"', f'"{socket.gethostname()}"'):
        assert name.encode() not in text
