"""What people leave in a run folder, in the settings and on the command line: it is told, and never a trace."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from worlds.in_process import CommandLine, Place
from worlds.rehearsal import Rehearsal
from worlds.sets import few
from worlds.small_tenant import APPLY, EVERYONE, HEAD, NEW, OLD, person, place, say, written

DECLARED = '\n[declare]\nby = "CHG-7"\npurchase_channel = "direct"\nbilling_agreement = "mca"\n'
SEATS = [{"skuPartNumber": part, "enabled": 100} for part in (OLD, NEW)]
WRITTEN_BY_VERIFY = (
    "after.csv",
    "after-profiles.json",
    "after-tenant.json",
    "audit-log.jsonl",
    "other-runs.jsonl",
    "reconciliation.json",
    "users.csv",
)
DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "emptied": lambda _: b"",
    "cut in half": lambda data: data[: len(data) // 2],
    "zeros after a power cut": lambda data: b"\0" * len(data),
    "another JSON document": lambda _: b"{}",
    "a list": lambda _: b"[]",
    "saved as UTF-16": lambda data: data.decode().encode("utf-16"),
    "saved with a BOM": lambda data: b"\xef\xbb\xbf" + data,
}
READERS = (
    ("status", "RUN"),
    ("explain", "RUN", "ada@contoso.example"),
    ("report", "RUN"),
    ("verify", "RUN"),
    ("apply", "RUN", *APPLY),
    ("undo", "RUN"),
)
NUMBERS = (
    "limits.users_changed_max",
    "limits.snapshot_age_minutes_max",
    "limits.seats_reserve",
    "pace.writes_per_150_s",
    "pace.wait_minutes_max",
    "pace.batches_in_flight_max",
    "verify.scans_agree",
    "verify.seconds_between_scans",
    "verify.settle_minutes_max",
    "wait.deadline_business_days",
)


def people(folder: Path, settings: str = EVERYONE + DECLARED) -> Place:
    """A tenant of three people."""
    return place(folder, [person(name) for name in ("ada", "bo", "cas")], settings)


def planned(reseat: CommandLine, at: Place) -> Place:
    """The same place with a plan."""
    said = reseat(at, "plan", "--json")
    at.run = json.loads(said.out)["plan_id"]
    return at


@pytest.fixture(scope="module")
def went(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A run that was applied, and verified twice."""
    at = people(tmp_path_factory.mktemp("went"))
    world = Rehearsal(at.tenant, at.config)
    at.run = world.plan().run.path.name
    world.apply()
    world.verify()
    assert "GO" == world.verify().verdict
    at.seconds = world.clock.seconds
    return at


@pytest.fixture
def verified(went: Place, tmp_path: Path) -> Place:
    """A copy of it."""
    return went.copied(tmp_path / "copy")


@pytest.mark.table
@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("name", WRITTEN_BY_VERIFY)
def test_a_damaged_file_of_verify_is_named_by_whoever_reads_it(
    verified: Place, reseat: CommandLine, name: str, damage: str
) -> None:
    """Each command does its work, or names the file and what to do with it; with it put away, all of them work."""
    at = verified
    path = at.folder / "runs" / at.run / name
    damaged = DAMAGE[damage](path.read_bytes())
    for words in READERS:
        path.write_bytes(damaged)
        said = reseat(at, *(at.run if word == "RUN" else word for word in words), "--json")
        assert said.code in {0, 2}, (words, said.words)
        assert 0 == said.code or (name in said.words and "reseat verify" in said.words), (words, said.words)
        json.loads(said.out)
    path.unlink(missing_ok=True)
    assert 0 == reseat(at, "verify", at.run).code
    assert 0 == reseat(at, "report", at.run).code
    assert 0 == reseat(at, "status", at.run).code


@pytest.mark.parametrize("damage", ["emptied", "a list", "saved as UTF-16"])
@pytest.mark.parametrize("name", ["reconciliation.json", "users.csv"])
def test_a_damaged_file_of_the_history_is_named_too(
    verified: Place, reseat: CommandLine, name: str, damage: str
) -> None:
    """`report` compares with what an earlier `verify` said."""
    at = verified
    [path] = (at.folder / "runs" / at.run / "history").glob(f"*/{name}")
    path.write_bytes(DAMAGE[damage](path.read_bytes()))

    said = reseat(at, "report", at.run)

    assert 2 == said.code, said.words
    assert name in said.words


@pytest.mark.parametrize("figure", ["1000000000001", "9999999999999999999999"])
@pytest.mark.parametrize("key", NUMBERS)
def test_a_number_that_nobody_means_is_refused_with_its_line(
    tmp_path: Path, reseat: CommandLine, key: str, figure: str
) -> None:
    """A figure beyond what a date or a file can hold never gets as far as a run."""
    section, name = key.split(".")
    at = people(tmp_path)
    head = "\n".join(line for line in HEAD.splitlines() if not line.startswith(f"{name} "))
    section_there = f"[{section}]\n" in head
    line = f"{name} = {figure}\n"
    head = head.replace(f"[{section}]\n", f"[{section}]\n{line}") if section_there else f"{head}\n[{section}]\n{line}"
    at.config.write_text(f"{head}\n{EVERYONE}", encoding="utf-8")

    for command in (("check",), ("plan",)):
        said = reseat(at, *command)
        assert 2 == said.code, said.words
        assert "reseat.toml line" in said.words
        assert f"[{section}] {name}" in said.words


@pytest.mark.parametrize(
    "more", ['[pace]\nstop_after = "99999999999h"', "[[wave]]\nname = 'p'\nusers = 10000000000000"]
)
def test_a_duration_or_a_wave_beyond_all_bounds_is_refused(tmp_path: Path, reseat: CommandLine, more: str) -> None:
    """With its line as well."""
    at = people(tmp_path)
    say(at, f"{EVERYONE}\n{more}\n")
    said = reseat(at, "plan")
    assert 2 == said.code, said.words
    assert "or less" in said.words


def test_the_largest_numbers_work(tmp_path: Path, reseat: CommandLine) -> None:
    """What the settings accept is carried out."""
    at = people(tmp_path)
    most = {"limits": ("users_changed_max", "snapshot_age_minutes_max"), "pace": ("wait_minutes_max",)}
    more = "".join(f"\n[{s}]\n" + "".join(f"{k} = 1_000_000_000\n" for k in keys) for s, keys in most.items())
    say(at, f"{EVERYONE}{more}\n[wait]\ndeadline_business_days = 10_000\n")
    planned(reseat, at)
    assert 0 == reseat(at, "apply", at.run, *APPLY).code
    assert 3 == reseat(at, "check", "--wait").code


@pytest.mark.parametrize("given", ["", "   "])
@pytest.mark.parametrize(
    "command", [("plan", "--addons-of"), ("apply", "RUN", *APPLY, "--wave"), ("audit", "RUN", "--head")]
)
def test_an_option_without_a_value_is_not_the_same_as_no_option(
    tmp_path: Path, verified: Place, reseat: CommandLine, command: tuple[str, ...], given: str
) -> None:
    """A shell variable that is not set makes no other plan, sends nothing and proves nothing."""
    at = verified if command[0] == "audit" else planned(reseat, people(tmp_path))
    runs, sent = sorted((at.folder / "runs").iterdir()), written(at)

    said = reseat(at, *(at.run if word == "RUN" else word for word in command), given)

    assert 2 == said.code, said.words
    assert command[-1] in said.words
    assert "empty" in said.words
    assert (runs, sent) == (sorted((at.folder / "runs").iterdir()), written(at))


@pytest.mark.parametrize(
    "name", ["R&D", "$HOME", "a'b", 'say "hi"', "a;b", "a*b", "(x)", "two words", "#1", "ümläut", "-x"]
)
@pytest.mark.skipif(sys.platform == "win32", reason="the line is read by sh")
def test_the_next_line_names_the_wave_as_a_shell_reads_it(tmp_path: Path, reseat: CommandLine, name: str) -> None:
    """Copied into a shell, the command goes on up to that very wave."""
    waves = "".join(f"\n[[wave]]\nname = {json.dumps(one)}\nusers = 1\n" for one in ("first", name))
    at = planned(reseat, people(tmp_path, EVERYONE + waves))

    said = reseat(at, "apply", at.run, *APPLY, config=False)

    [line] = [one for one in said.out.splitlines() if one.startswith("Next: ")]
    command = line.removeprefix("Next: reseat ")
    script = f"printf '%s\\n' {command}"
    seen = subprocess.run(["sh", "-c", script], capture_output=True, check=True, text=True, cwd=tmp_path).stdout
    assert name == seen.splitlines()[-1]
    assert 4 == reseat(at, *shlex.split(command), config=False).code
    assert 2 == len(written(at))


@pytest.mark.parametrize("name", [" pilot ", "two\nlines", "\x1b[31mred", "tab\there"])
def test_a_wave_that_cannot_be_typed_is_refused(tmp_path: Path, reseat: CommandLine, name: str) -> None:
    """A blank that nobody sees, or a control character, would have to be typed after `--wave`."""
    at = people(tmp_path, f"{EVERYONE}\n[[wave]]\nname = {json.dumps(name)}\nusers = 1\n")
    said = reseat(at, "plan")
    assert 2 == said.code, said.words
    assert "[[wave]] no. 1: name" in said.words


@pytest.mark.parametrize("data", [b"fast", b"0", b"-1", b"nan", b"1e400", b"\x00\x00", b"30", b"\xff\xfe0"])
def test_a_speed_that_cannot_be_read_is_told(tmp_path: Path, reseat: CommandLine, data: bytes) -> None:
    """Whoever wanted the run slower hears that it is not."""
    at = planned(reseat, people(tmp_path))
    (at.folder / "runs" / at.run / "speed").write_bytes(data)
    said = reseat(at, "apply", at.run, *APPLY)
    assert 0 == said.code
    assert 1 == said.words.count("holds no number above 0 and up to 1")


SLOWER = (b"0.3\n", b"0,3\r\n", b"30%", b"\xef\xbb\xbf0.3", "0.3\r\n".encode("utf-16"), "\ufeff0,3".encode("utf-16-be"))


@pytest.mark.parametrize("data", few(SLOWER, b"0.3\n"))
def test_a_speed_as_shells_and_editors_write_it_is_heard(tmp_path: Path, reseat: CommandLine, data: bytes) -> None:
    """`echo 0.3 > speed` in Windows PowerShell 5.1 writes UTF-16; a Dutch hand writes 0,3. It takes as long as 0.3."""
    assert seconds_at(reseat, tmp_path / "plain", b"0.3") == seconds_at(reseat, tmp_path / "other", data)


def slow(reseat: CommandLine, folder: Path, more: str = "") -> Place:
    """A plan of sixty people under a quota of thirty in 150 seconds."""
    settings = f"{EVERYONE}\n[pace]\nwrites_per_150_s = 30\nquota_share = 1.0\n{more}"
    return planned(reseat, place(folder, [person(f"user{n:02}") for n in range(60)], settings, skus=SEATS))


def seconds_at(reseat: CommandLine, folder: Path, speed: bytes) -> float:
    """Apply with this file `speed`, and return how long it took."""
    at = slow(reseat, folder)
    (at.folder / "runs" / at.run / "speed").write_bytes(speed)
    began = at.seconds
    assert 0 == reseat(at, "apply", at.run, *APPLY).code
    return at.seconds - began


def test_the_speed_of_a_run_counts_the_time_at_work(tmp_path: Path, reseat: CommandLine) -> None:
    """Not the hours between two nights, nor those before `verify`."""
    at = slow(reseat, tmp_path, '\n[[wave]]\nname = "pilot"\nusers = 30\n')
    reseat(at, "apply", at.run, *APPLY)
    first = json.loads(reseat(at, "status", at.run, "--json").out)["users_per_second"]
    at.seconds += 36_000
    reseat(at, "apply", at.run, *APPLY, "--wave", "rest")
    at.seconds += 36_000
    reseat(at, "verify", at.run)

    whole = json.loads(reseat(at, "status", at.run, "--json").out)["users_per_second"]

    assert 0 < first
    assert first / 4 < whole < first * 4


@pytest.mark.skipif(sys.platform == "win32", reason="the line is read as sh reads it")
@pytest.mark.parametrize("runs", ["elsewhere", "my runs", "R&D"])
def test_the_next_line_finds_the_same_settings_and_the_same_runs(
    tmp_path: Path, reseat: CommandLine, runs: str
) -> None:
    """Copied into a shell, it works for a settings file and a folder of runs that had to be named."""
    at = people(tmp_path)
    at.config.rename(tmp_path / "other settings.toml")
    given = ("-c", "other settings.toml", "--runs", runs)
    for command in ("run", "plan"):
        said = reseat(at, command, *given, config=False)
        [line] = [one for one in said.out.splitlines() if one.startswith("Next: reseat apply")]
    said = reseat(at, *shlex.split(line.removeprefix("Next: reseat ")), config=False)
    assert 0 == said.code, said.words
    [line] = [one for one in said.out.splitlines() if one.startswith("Next: reseat verify")]
    assert 3 >= reseat(at, *shlex.split(line.removeprefix("Next: reseat ")), config=False).code
    assert 3 == len(written(at))


@pytest.mark.parametrize("value", ["9" * 5000, "[" * 5000])
def test_a_value_too_long_to_be_read_is_refused_with_its_place(
    tmp_path: Path, reseat: CommandLine, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    """In the file by its line, in a variable by its name."""
    at = people(tmp_path)
    said = reseat(at, "plan", config=False)
    assert 0 == said.code
    monkeypatch.setenv("RESEAT_LIMITS__USERS_CHANGED_MAX", value)
    said = reseat(at, "plan")
    assert 2 == said.code, said.words
    assert "RESEAT_LIMITS__USERS_CHANGED_MAX: [limits] users_changed_max" in said.words
    monkeypatch.delenv("RESEAT_LIMITS__USERS_CHANGED_MAX")
    say(at, f"{EVERYONE}\n[limits]\nusers_changed_max = {value}\n")
    said = reseat(at, "plan")
    assert 2 == said.code, said.words
    assert "reseat.toml line 19" in said.words


@pytest.mark.parametrize("text", ["[]", "3", '"x"', "null", '{"organization": []}', '{"organization": {}}', "[" * 5000])
def test_a_tenant_file_that_is_none_is_refused(tmp_path: Path, reseat: CommandLine, text: str) -> None:
    """`sandbox` says so."""
    at = people(tmp_path)
    (tmp_path / "tenant.json").write_text(text, encoding="utf-8")
    said = reseat(at, "sandbox", "--tenant", "tenant.json", "--port", "0", config=False)
    assert 2 == said.code, said.words
    assert "tenant.json is not a tenant file" in said.words


@pytest.mark.parametrize(
    "command", [("apply", *APPLY), ("verify",), ("undo",), ("run", "--approve", "contoso.example")]
)
def test_settings_that_pin_another_tenant_send_nothing(
    tmp_path: Path, reseat: CommandLine, command: tuple[str, ...]
) -> None:
    """Whatever tenant the sign-in leads to: the pin, the plan and the name on the command line are one."""
    at = planned(reseat, people(tmp_path))
    at.config.write_text(at.config.read_text().replace('id = "c0a70500', 'id = "c0a70501'), encoding="utf-8")

    said = reseat(at, command[0], *([] if command[0] == "run" else [at.run]), *command[1:])

    assert 10 == said.code, said.words
    assert "[tenant] id pins" in said.words
    assert [] == written(at)


LOSSES: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "lost": lambda _: [],
    "without its last line": lambda lines: lines[:-1],
    "without its last three lines": lambda lines: lines[:-3],
}


@pytest.mark.table
@pytest.mark.parametrize("argv", READERS, ids=lambda argv: argv[0])
@pytest.mark.parametrize("loss", LOSSES)
def test_a_journal_only_grows(argv: tuple[str, ...], loss: str, reseat: CommandLine, tmp_path: Path) -> None:
    """What `verify` sealed as the end of the journal must still be in it: nobody is told that nothing was ever sent."""
    at = planned(reseat, people(tmp_path / "place"))
    for command in (("apply", at.run, *APPLY), ("verify", at.run)):
        assert reseat(at, *command).code == 0
    sent, journal = written(at), at.folder / "runs" / at.run / "journal.jsonl"
    left = LOSSES[loss](journal.read_bytes().splitlines(keepends=True))
    journal.write_bytes(b"".join(left)) if left else journal.unlink()
    said = reseat(at, *(at.run if a == "RUN" else a for a in argv))

    assert said.code == 10, said
    assert "evidence was removed" in said.words, said
    assert written(at) == sent


@pytest.mark.parametrize("command", [("plan",), ("status",), ("run",), ("verify", "p123"), ("audit", "p123")])
def test_a_runs_directory_that_is_a_file(command: tuple[str, ...], reseat: CommandLine, tmp_path: Path) -> None:
    """It is told before anything is read."""
    at = people(tmp_path / "place")
    (at.folder / "runs.txt").write_text("", encoding="utf-8")
    said = reseat(at, *command, "--runs", str(at.folder / "runs.txt"))

    assert said.code == 4, said
    assert "runs.txt is a file" in said.words, said
