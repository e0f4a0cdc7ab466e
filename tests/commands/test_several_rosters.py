"""A roster of several files, CSV and Excel, from the plan to the audit: one list, and each file is kept."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import subprocess
from pathlib import Path

import pytest
from worlds.in_process import CommandLine, told
from worlds.machine import needs
from worlds.rehearsal import read_json
from worlds.several_runs import Runs
from worlds.small_tenant import BETTER, DECLARED, EVERYONE, NEW, person, place
from worlds.workbooks import workbook

PEOPLE = ("ada", "bo", "cy", "di")
NORTH = f"UPN,target,Room\nada@contoso.example,{NEW},1\n".encode()
SOUTH = workbook(("Naam", "UPN", "target"), ("Bo", "bo@contoso.example", BETTER), ("Cy", "cy@contoso.example", NEW))
BOTH = ("north.csv", "south.xlsx")


@pytest.fixture
def reseat(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """The command line."""
    return CommandLine(monkeypatch, capsys)


def with_rosters(
    folder: Path, reseat: CommandLine, files: dict[str, bytes], *, source: str = "graph", rules: str = EVERYONE
) -> Runs:
    """Four people and these files beside the settings, in their order."""
    settings = f'{rules}{DECLARED}\n[scope]\nfrom = "{source}"\nroster = {json.dumps(list(files))}\n'
    made = Runs(place(folder, [person(name) for name in PEOPLE], settings), reseat)
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return made


def rejected(made: Runs) -> list[tuple[str, str, str, str]]:
    """File, line, user and who is held of each row that was not used."""
    text = (made.folder / made.run / "rejected.csv").read_text(encoding="utf-8-sig")
    rows = csv.DictReader(io.StringIO(text, newline=""))
    return [(row["file"], row["line"], row["user"].partition("@")[0], row["held"].partition("@")[0]) for row in rows]


def test_a_list_in_csv_and_one_in_excel_move_their_users_and_are_kept(reseat: CommandLine, tmp_path: Path) -> None:
    """Byte for byte, in their order, digested; the counts are sums, and an auditor finds everything again."""
    made = with_rosters(tmp_path, reseat, {"north.csv": NORTH, "south.xlsx": SOUTH})
    codes = [made.plan().code, made.apply().code, made.verify().code, made.audit(made.run).code]
    run, header = made.folder / made.run, made.header()
    digests = [hashlib.sha256(data).hexdigest() for data in (NORTH, SOUTH)]
    whole = hashlib.sha256("".join(f"{one}\n" for one in digests).encode()).hexdigest()
    kept = ["roster/01-north.csv", "roster/02-south.xlsx"]
    found = read_json(run / "reconciliation.json")

    assert codes == [0, 0, 0, 0]
    assert header["roster"] == {
        "file": "north.csv, south.xlsx", "sha256": whole, "rows": 3, "used": 3, "rejected": 0, "kept": kept,
    }  # fmt: skip
    assert [(run / name).read_bytes() for name in kept] == [NORTH, SOUTH]
    assert [header["files"][name] for name in kept] == digests
    assert header["frozen"]["scope"]["roster"] == list(BOTH)
    assert found["run"]["roster_sha256"] == whole
    assert (found["totals"]["roster_rows"], found["totals"]["rejected_rows"]) == (3, 0)
    assert made.holds() == {"ada": NEW, "bo": BETTER, "cy": NEW, "di": NEW}
    rows = made.rows()
    assert [(rows[name]["rule"], rows[name]["roster_line"]) for name in PEOPLE] == [
        ("roster line 2 of north.csv", "2"),
        ("roster line 2 of south.xlsx", "2"),
        ("roster line 3 of south.xlsx", "3"),
        ("everyone", ""),
    ]
    assert [(rows[name]["Room"], rows[name]["Naam"]) for name in ("ada", "bo")] == [("1", ""), ("", "Bo")]
    shell = needs("sh", "dash")
    line = "sha256sum roster/* | cut -c1-64 | sha256sum | cut -c1-64"
    assert (
        subprocess.run([shell, "-c", line], cwd=run, capture_output=True, text=True, check=True).stdout == f"{whole}\n"
    )


def test_a_kept_list_that_was_changed_since_is_noticed(reseat: CommandLine, tmp_path: Path) -> None:
    """The second one as well as the first."""
    made = with_rosters(tmp_path, reseat, {"north.csv": NORTH, "south.xlsx": SOUTH})
    assert [made.plan().code, made.apply().code, made.verify().code] == [0, 0, 0]
    kept = made.folder / made.run / "roster" / "02-south.xlsx"
    kept.write_bytes(kept.read_bytes() + b"\0")
    said = made.audit(made.run)

    assert (said.code, told(said, ["02-south.xlsx"])) == (5, [])


def test_a_contradiction_between_two_files_stops_the_plan_and_names_both_places(
    reseat: CommandLine, tmp_path: Path
) -> None:
    south = workbook(("UPN", "target"), (), ("ada@contoso.example", BETTER))
    made = with_rosters(tmp_path, reseat, {"north.csv": NORTH, "south.xlsx": south})
    said = made.plan()
    places = [
        "north.csv, line 2: The row contradicts south.xlsx, Staff row 3 about the same user",
        "south.xlsx, Staff row 3: The row contradicts north.csv, line 2 about the same user",
        "2 of 2 roster rows cannot be used",
    ]

    assert (said.code, told(said, places), made.made) == (2, [], [])
    skipped = made.plan("--skip-bad-rows")
    assert skipped.code == 3
    assert rejected(made) == [("north.csv", "2", "ada", "ada"), ("south.xlsx", "3", "ada", "ada")]
    assert made.rows()["ada"]["reason"] == "roster_row_rejected"


def test_two_names_that_are_one_person_in_two_files_are_found_in_the_tenant(
    reseat: CommandLine, tmp_path: Path
) -> None:
    """One file has the id and the other the name: only the tenant knows that they are the same."""
    made = with_rosters(tmp_path, reseat, {"north.csv": NORTH, "south.csv": b""})
    ada = made.here.tenant.user("ada@contoso.example")
    assert ada is not None
    (tmp_path / "south.csv").write_text(f"id\n{ada.id}\n", encoding="utf-8")
    said = made.plan()

    assert said.code == 2
    assert told(said, ["south.csv, line 2: The row names the same user as north.csv, line 2; keep one of them."]) == []


def test_a_wish_to_be_left_alone_in_the_second_file_is_never_skipped(reseat: CommandLine, tmp_path: Path) -> None:
    """Whom it may mean is held; where it can mean nobody, the plan stops and names sheet and row."""
    south = workbook(("UPN", "target", "legal hold"), ("bo @contoso.example", "leave"), ("cy@contoso.example", "=A1"))
    made = with_rosters(tmp_path, reseat, {"north.csv": NORTH, "south.xlsx": south})

    assert made.plan("--skip-bad-rows").code == 3
    assert rejected(made) == [
        ("south.xlsx", "2", "bo", "bo"),
        ("south.xlsx", "3", "cy", "cy"),
    ]
    (tmp_path / "south.xlsx").write_bytes(workbook(("UPN", "target"), ("Bo of the south", "leave")))
    said = made.plan("--skip-bad-rows")
    assert (said.code, told(said, ["south.xlsx, Staff row 2:", "--skip-bad-rows does not skip it"])) == (2, [])


def test_hidden_rows_are_told_by_the_plan(reseat: CommandLine, tmp_path: Path) -> None:
    rows = [("UPN", "target"), ("bo@contoso.example", "leave")]
    hidden = workbook(*rows, more=lambda sheet: setattr(sheet.row_dimensions[2], "hidden", True))
    made = with_rosters(tmp_path, reseat, {"north.csv": NORTH, "south.xlsx": hidden})
    said = made.plan()

    assert told(said, ["south.xlsx: Staff: row 2 is hidden, by hand or by a filter, and used like the others."]) == []
    assert made.rows()["bo"]["reason"] == "left_by_choice"


def test_run_resumes_its_plan_and_another_list_makes_another(reseat: CommandLine, tmp_path: Path) -> None:
    """The inputs are all files in their order: one byte in the second, or the other order, is another run."""
    made = with_rosters(tmp_path, reseat, {"north.csv": NORTH, "south.xlsx": SOUTH})
    made.plan()
    made.killed_while_sending("ada")
    said = made.night()

    assert (said.code, len(made.made), made.holds()["ada"]) == (0, 1, NEW)
    assert told(said, ["continuing the unfinished run"]) == []
    inputs = made.header()["inputs_digest"]
    for change in (
        lambda: (tmp_path / "south.xlsx").write_bytes(SOUTH + b"\0"),
        lambda: made.here.config.write_text(
            made.here.config.read_text().replace('["north.csv", "south.xlsx"]', '["south.xlsx", "north.csv"]')
        ),
    ):
        change()
        made.plan()
        assert made.header()["inputs_digest"] != inputs
        inputs = made.header()["inputs_digest"]


def test_seats_go_to_the_rows_in_the_order_of_the_files(reseat: CommandLine, tmp_path: Path) -> None:
    """The fourth line of the first file comes before the second line of the second."""
    files = {
        "north.csv": f"UPN,target\n\n\ndi@contoso.example,{BETTER}\n".encode(),
        "south.csv": f"UPN,target\nada@contoso.example,{BETTER}\n".encode(),
    }
    made = with_rosters(tmp_path, reseat, files, source="csv", rules="")
    better = next(sku for sku in made.here.tenant.skus.values() if sku.part_number == BETTER)
    better.enabled = 1
    made.plan()

    assert {name: row["reason"] for name, row in made.rows().items()} == {"di": "", "ada": "no_seat"}


def test_files_of_one_name_in_two_folders_are_told_apart(reseat: CommandLine, tmp_path: Path) -> None:
    """By the path as it is written, in messages and tables; the kept ones by their numbers."""
    files = {"north/users.csv": NORTH, "south/Users.csv": b"UPN,voice\nbo@contoso.example,perhaps\n"}
    made = with_rosters(tmp_path, reseat, files)
    said = made.plan("--skip-bad-rows")

    assert said.code == 3
    assert rejected(made) == [("south/Users.csv", "2", "bo", "bo")]
    assert made.header()["roster"]["file"] == "north/users.csv, south/Users.csv"
    assert made.header()["roster"]["kept"] == ["roster/01-users.csv", "roster/02-Users.csv"]
    assert made.rows()["ada"]["rule"] == "roster line 2 of north/users.csv"


def test_every_file_that_cannot_be_used_is_named_at_once(reseat: CommandLine, tmp_path: Path) -> None:
    """Missing, empty, no workbook, or the same one by another path: nobody corrects them one by one."""
    files = {"north.csv": NORTH, "none.csv": b"UPN,target\n", "text.xlsx": NORTH, "old.xls": b"\xd0\xcf\x11\xe0"}
    made = with_rosters(tmp_path, reseat, files)
    text = made.here.config.read_text(encoding="utf-8")
    made.here.config.write_text(
        text.replace('"old.xls"]', '"old.xls", "./north.csv", "gone.csv", "lost.xlsx"]'), "utf-8"
    )
    said = made.plan()
    fragments = [
        "none.csv: the roster lists nobody",
        "text.xlsx: this is text and no workbook; give it a name that ends in .csv",
        "old.xls: this is an old Excel workbook (.xls)",
        "north.csv is the same file as",
        "gone.csv: No such file or directory",
        "lost.xlsx: No such file or directory",
    ]

    assert (said.code, told(said, fragments), made.made) == (2, [], [])


@pytest.mark.parametrize("source", ["graph", "csv"])
def test_a_workbook_without_a_row_of_a_user_is_an_error(source: str, reseat: CommandLine, tmp_path: Path) -> None:
    """As a CSV file without one is, whatever the scope is: an export that failed looks so."""
    files = {"north.csv": NORTH, "south.xlsx": workbook(("UPN", "target"))}
    said = with_rosters(tmp_path, reseat, files, source=source).plan()

    assert (said.code, told(said, ["south.xlsx: the roster lists nobody"])) == (2, [])


def test_the_files_may_come_from_a_variable(
    reseat: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list as JSON, or one path without quotes."""
    made = with_rosters(tmp_path, reseat, {"north.csv": NORTH, "south.xlsx": SOUTH})
    for value, names in ((json.dumps(list(BOTH)), "north.csv, south.xlsx"), ("south.xlsx", "south.xlsx")):
        monkeypatch.setenv("RESEAT_SCOPE__ROSTER", value)
        assert made.plan().code == 0
        assert made.header()["roster"]["file"] == names


def test_a_list_of_one_file_is_resumed_as_that_file(reseat: CommandLine, tmp_path: Path) -> None:
    """Brackets around the name are not another input, and the rule is called as ever."""
    made = with_rosters(tmp_path, reseat, {"north.csv": NORTH})
    made.plan()
    inputs, rule = made.header()["inputs_digest"], made.rows()["ada"]["rule"]
    text = made.here.config.read_text(encoding="utf-8")
    made.here.config.write_text(text.replace('["north.csv"]', '"north.csv"'), encoding="utf-8")
    made.plan()

    assert made.header()["inputs_digest"] == inputs
    assert rule == "roster line 2"
    assert made.header()["roster"]["sha256"] == hashlib.sha256(NORTH).hexdigest()
