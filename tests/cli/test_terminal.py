"""What a person reads on a terminal fits it: lines break at words, tables too, and color is for those who see it."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest
from rich.cells import cell_len
from worlds.in_process import CommandLine, Place, Said
from worlds.real_command import COMMAND
from worlds.rehearsal import START
from worlds.small_tenant import EVERYONE, NEW, OLD, group, person, place

from connectors.sandbox.trouble import meddle
from jobs.cli import terminal
from jobs.cli.demo import sample_tenant
from jobs.cli.next_step import told_next
from jobs.license_reassignment.model.command_lines import apply_line, next_step

WIDTHS = [60, 80, 120]
SENTENCE = "Graph counts 12 used seats of ENTERPRISEWITHSCAL and lists nobody who holds it: look in the admin center."
PASTED = ("Next: ", "Then: ", "Or first: ")
"""How lines begin that are to be pasted; they are never broken."""
SETTINGS = ("users.csv", "demo.toml")


@pytest.fixture
def reseat(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """The command line."""
    return CommandLine(monkeypatch, capsys)


def sample(folder: Path) -> Place:
    """The sample tenant with its settings and its roster, as somebody rehearses with `reseat sandbox`."""
    for name in SETTINGS:
        (folder / name).write_bytes(files("sample_data").joinpath(name).read_bytes())
    here = Place(sample_tenant(), START, folder)
    text = (folder / "demo.toml").read_text(encoding="utf-8")
    with_url = text.replace(
        'credential = "sandbox"', 'credential = "sandbox"\ngraph_url = "http://127.0.0.1:8080/v1.0"', 1
    )
    here.config.write_text(with_url, encoding="utf-8")
    return here


def too_long(text: str, width: int) -> list[str]:
    """Return the lines that are wider than the terminal although they could have been broken at a blank."""
    lines = [line for line in text.splitlines() if not line.startswith(PASTED)]
    return [line for line in lines if cell_len(line) > width and " " in line.strip()]


def terminal_of(width: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take what is printed for a terminal of this width, one that shows no color."""
    for name, value in {"COLUMNS": width, "TTY_COMPATIBLE": "1", "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)


def words_of(text: str) -> list[str]:
    """Return the words of a text, however its lines are broken."""
    return text.split()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("level", ["", "WARNING"])
def test_a_sentence_breaks_at_its_blanks(
    width: int, level: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No line is longer than the terminal, no word is cut, and what goes on stands below the sentence."""
    terminal_of(str(width), monkeypatch)

    terminal.text(SENTENCE, level=level, indent=13)

    out = capsys.readouterr().out
    assert [] == too_long(out, width)
    assert words_of(f"{level} {SENTENCE}") == words_of(out)
    assert all(line.startswith(" " * 13) for line in out.splitlines()[1:])


@pytest.mark.parametrize("width", WIDTHS)
def test_a_table_fits(width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Its cells wrap at words; figures keep their columns."""
    terminal_of(str(width), monkeypatch)

    terminal.grid("Seats", ("product", "free", "what it is for"), [("Office 365 E3 without Teams", 1234, SENTENCE)] * 2)

    out = capsys.readouterr().out
    assert [] == too_long(out, width)
    assert all(word in words_of(out) for word in (*SENTENCE.split(), "1,234"))


def test_a_pipe_has_no_width(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A sentence in a log is one line, whatever its length and whatever the shell exports: it can be looked for."""
    monkeypatch.setenv("COLUMNS", "80")

    terminal.text(SENTENCE * 3, level="WARNING", indent=13)

    assert 1 == len(capsys.readouterr().out.splitlines())


@pytest.mark.parametrize(
    ("is_terminal", "no_color", "colored"), [(True, "", True), (True, "1", False), (False, "", False)]
)
def test_color_is_for_a_terminal_without_no_color(
    is_terminal: bool, no_color: str, colored: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever pipes the output, or wants none, gets plain text."""
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: is_terminal)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", no_color)

    terminal.text("cancel", level="NO-GO:", indent=7, file=stream)

    assert colored == ("\x1b[" in stream.getvalue())
    assert "NO-GO: cancel" == re.sub(r"\x1b\[[0-9;]*m", "", stream.getvalue()).strip()


def test_what_is_to_be_pasted_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """It carries the options that were given, in quotes where a shell needs them, and each command has a line."""
    terminal_of("60", monkeypatch)

    step = next_step("reseat check --wait", then="reseat apply p1 --tenant t")
    told_next(step, [("-c", "my settings.toml"), ("--runs", "r")])

    first, second = capsys.readouterr().out.splitlines()
    assert 'Next: reseat check --wait -c "my settings.toml"' == first
    assert ["Then:", "reseat", "apply", "p1", "--tenant", "t", "-c", "my settings.toml", "--runs", "r"] == shlex.split(
        second
    )


@pytest.mark.parametrize("wave", ["pilot; then reseat undo p1", "pilot; or first rest", 'it\'s; then "all"'])
def test_no_name_of_a_wave_makes_two_lines_of_one(wave: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever a wave is called, what is pasted is one command that names it."""
    told_next(next_step(apply_line("p1", "t", wave)), [])

    (line,) = capsys.readouterr().out.splitlines()
    assert ["Next:", "reseat", "apply", "p1", "--tenant", "t", "--wave", wave] == shlex.split(line)


def test_seats_that_a_plan_must_not_use_are_named(tmp_path: Path, reseat: CommandLine) -> None:
    """Enabled 50, in use 0, free 0: without a word nobody could say where they are."""
    trial = {"id": "5b5", "sku": NEW, "totalLicenses": 50, "status": "Enabled", "isTrial": True}
    said = reseat(place(tmp_path, [person("ada")], subscriptions=[trial]), "plan")

    assert "Office 365 E3 * 50 0 0 0 0" in said.words
    assert "* 50 seats not planned with: of a trial, or bought by users themselves" in said.words


@pytest.mark.parametrize("width", WIDTHS)
def test_every_command_fits_the_terminal(
    width: int, tmp_path: Path, reseat: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the check to the audit of the sample tenant."""
    here = sample(tmp_path)
    terminal_of(str(width), monkeypatch)
    said = {name: reseat(here, *name.split()) for name in ("check", "check --settings", "skus", "plan")}
    run = next((tmp_path / "runs").glob("p*")).name
    said["apply"] = reseat(here, "apply", run, "--tenant", "contoso.example")
    said |= {name: reseat(here, name, run) for name in ("verify", "status", "report", "audit")}
    said["explain"] = reseat(here, "explain", run, "breakglass@contoso.example")
    said["translate"] = reseat(here, "translate", "E4", "Office 365 E5")

    assert {name: [] for name in said} == {name: too_long(one.out, width) for name, one in said.items()}


def test_a_plan_of_the_sample_takes_two_screens_and_names_nobody(
    tmp_path: Path, reseat: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two screens of 80 by 40, with every rule and every reason on them."""
    terminal_of("80", monkeypatch)

    said = reseat(sample(tmp_path), "plan")

    assert 80 >= len(said.out.splitlines())
    assert "@" not in said.out
    assert "Applying it takes about 1 min, at 1,080 users per minute." in said.out
    for word in ("voice users", "everyone else", "inherited", "Seats of", "pilot", "Next: reseat apply p"):
        assert word in said.out


def test_a_log_keeps_what_becomes_of_each_service(tmp_path: Path, reseat: CommandLine) -> None:
    """A pipe has room for it: Forms goes from E3's to E5's level, and Audio Conferencing has no place in E3."""
    lines = [line.split() for line in reseat(sample(tmp_path), "plan").out.splitlines()]

    assert ["FORMS_PLAN_E3", "FORMS_PLAN_E5", "higher", "level"] in lines
    assert ["MCOVOICECONF", "-", "no", "successor"] in lines


def test_a_line_that_is_broken_keeps_its_margin(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A long entry of a list begins where the short ones do."""
    terminal_of("60", monkeypatch)

    terminal.text(f"  {SENTENCE}", indent=6)

    first, *others = capsys.readouterr().out.splitlines()
    assert first.startswith("  Graph")
    assert others
    assert all(line.startswith(" " * 6) for line in others)


def test_no_name_of_the_tenant_commands_the_terminal(tmp_path: Path, reseat: CommandLine) -> None:
    """A group may be called anything: what a terminal would obey is shown, and so is what turns letters around."""
    name = "\x1b]0;owned\x07\u202eE4 \x9b31m"
    here = place(tmp_path, [person("ada")], EVERYONE, groups=[group(1, name, licenses=[OLD])])

    reseat(here, "plan")
    run = next((tmp_path / "runs").glob("p*"))
    said = reseat(here, "verify", run.name)

    assert "1 group assigns the old product: <U+001B>]0;owned<U+0007><U+202E>E4 <U+009B>31m" in said.words
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", said.out + said.err)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", (run / "summary.md").read_text(encoding="utf-8"))


def test_the_title_of_a_table_wraps_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Four products joined by + are wider than any narrow terminal."""
    terminal_of("60", monkeypatch)

    terminal.grid(SENTENCE, ("service", "becomes"), [("a", "b")])

    assert [] == too_long(capsys.readouterr().out, 60)


def test_a_rule_of_nobody_is_shown_with_its_zero(tmp_path: Path, reseat: CommandLine) -> None:
    """Most often a value is spelled otherwise than in the tenant, and the note says so."""
    nobody = '\n[[swap]]\nname = "lawyers"\nto = ["ENTERPRISEPACK"]\nwhere = { department = "Lgal" }\n'

    said = reseat(place(tmp_path, [person("ada")], nobody + EVERYONE), "plan")

    assert re.search(r"lawyers +Office 365 E3 +0 +0", said.out), said.out
    assert "Rule `lawyers` applies to nobody" in said.words
    assert "handled by the next rule" in said.words


def test_no_next_rule_is_promised_where_there_is_none(tmp_path: Path, reseat: CommandLine) -> None:
    """Those whom the last rule misses are on hold; a rule without a condition has no values to be spelled."""
    last = f'{EVERYONE}where = {{ department = "Lgal" }}\n'

    missed = reseat(place(tmp_path / "missed", [person("ada")], last), "plan")
    empty = reseat(place(tmp_path / "empty", [person("ada", "")]), "plan")

    assert "Rule `everyone` applies to nobody: no user in scope has department = Lgal" in missed.words
    assert "are on hold (no_rule)" in missed.words
    assert "Rule `everyone` applies to nobody: no user in scope is left for it." in empty.words
    assert "next rule" not in missed.words + empty.words
    assert "spelled" not in empty.words


def test_an_exceeded_limit_comes_first_and_is_what_to_do_next(tmp_path: Path, reseat: CommandLine) -> None:
    """Nothing can be applied before it is raised."""
    limit = "\n[limits]\nusers_changed_max = 1\n"

    said = reseat(place(tmp_path, [person("ada"), person("bo")], EVERYONE + limit), "plan")

    assert "LIMIT" in said.out.partition("Rule")[0]
    assert "Next: if so many users are meant, set [limits] users_changed_max = 2" in said.out
    assert "Next: reseat apply" not in said.out


@pytest.mark.parametrize(("argv", "shown"), [((), False), (("--settings",), True)])
def test_check_ends_with_its_findings(argv: tuple[str, ...], shown: bool, tmp_path: Path, reseat: CommandLine) -> None:
    """Settings that are the default are shown on request; the last line says what the findings add up to."""
    declared = '\n[declare]\nby = "CHG-1042"\npurchase_channel = "direct"\nbilling_agreement = "mca"\n'

    said = reseat(place(tmp_path, [person("ada")], EVERYONE + declared), "check", *argv)

    assert shown == ("refusals_percent_max" in said.out)
    assert "source.skus" in said.out
    assert re.fullmatch(r"Ready: \d+ warnings?, \d+ not checked \(exit 0\)", said.out.splitlines()[-1]), said.out


def test_check_shows_a_rule_as_one_may_type_it(tmp_path: Path, reseat: CommandLine) -> None:
    """In TOML as in the settings file, without the keys that are empty; a document keeps its JSON."""
    said, as_json = (reseat(sample(tmp_path), "check", *argv) for argv in ((), ("--json",)))

    assert 'swap[4] = { name = "everyone else", to = ["ENTERPRISEPACK"] } (line' in said.words
    assert 'wave[1] = { name = "pilot", users = 20, then = "continue" } (line' in said.words
    values = {row["key"]: row["value"] for row in json.loads(as_json.out)["settings"]}
    assert {"name": "pilot", "users": 20, "groups": [], "then": "continue"} == json.loads(values["wave[1]"])


def test_apply_and_verify_name_whom_somebody_has_to_look_after(tmp_path: Path, reseat: CommandLine) -> None:
    """Up to ten people by name, how many more, and each failed gate with its remedy."""
    here = place(tmp_path, [*(person(f"u{n:02}", location="") for n in range(12)), person("ada")], EVERYONE)
    reseat(here, "plan")
    run = next((tmp_path / "runs").glob("p*")).name
    reseat(here, "apply", run, "--tenant", "contoso.example")

    said = reseat(here, "verify", run)

    named = re.findall(r"^  (u\d\d)@contoso", said.out, flags=re.MULTILINE)
    assert (10, "12 users need attention:" in said.out, "and 2 more" in said.out) == (len(named), True, True), said.out
    failed = [line for line in said.out.splitlines() if line.startswith(("FAILED", "NOT CHECKABLE"))]
    assert len(failed) == said.out.count("→"), said.out


def test_what_happened_to_somebody_is_told_in_words_and_not_in_codes(tmp_path: Path, reseat: CommandLine) -> None:
    """Both commands say the same of somebody whom another admin has changed, as the report does."""
    here = place(tmp_path, [person("ada"), person("bo")], EVERYONE)
    reseat(here, "plan")
    run = next((tmp_path / "runs").glob("p*")).name
    ada = here.tenant.user("ada@contoso.example")
    assert ada is not None
    meddle.put_licenses(here.tenant, ada, (), here.seconds)

    applied = reseat(here, "apply", run, "--tenant", "contoso.example")
    verified = reseat(here, "verify", run)

    assert "ada@contoso.example: changed outside this run, changed by somebody else" in applied.words
    assert "ada@contoso.example: changed outside this run, changed by somebody else" in verified.words
    assert "User left unlicensed: ada@contoso.example" in verified.words
    assert "Changed outside this run: ada@contoso.example: lost ENTERPRISEWITHSCAL, not by reseat" in verified.words


def _fixed(said: Said) -> list[str]:
    return [line for line in said.out.splitlines() if line.startswith("Next: ")]


def test_a_value_that_is_broken_keeps_the_distance_to_its_place(tmp_path: Path, reseat: CommandLine) -> None:
    """A table of the settings is long; behind it stands its line of the file, as behind a short value."""
    line = "  swap[1] = {'name': 'everyone else', 'to': ['ENTERPRISEPACK'], 'where': {}}  (line 12)"

    assert [line] == terminal.wrapped(line, len(line), 6)
    first, second = terminal.wrapped(line, 70, 6)
    assert line == f"{first} {second.lstrip()}"
    assert "}  (line 12)" in second


def test_a_stopped_roll_out_continues_with_its_next_wave(tmp_path: Path, reseat: CommandLine) -> None:
    """Whatever the case in which the wave is typed."""
    wave = (
        '\n[[wave]]\nname = "Pilot"\nusers = 1\nthen = "stop"\n\n[[wave]]\nname = "Others"\nusers = 9\nthen = "stop"\n'
    )
    here = place(tmp_path, [person("ada"), person("bo"), person("cy")], EVERYONE + wave)
    reseat(here, "plan")
    run = next((tmp_path / "runs").glob("p*")).name

    stopped = reseat(here, "apply", run, "--tenant", "contoso.example")
    done = reseat(here, "apply", run, "--tenant", "contoso.example", "--wave", "otherS")

    [line] = _fixed(stopped)
    assert line.startswith(f"Next: reseat apply {run} --tenant ")
    assert "--wave Others" in line
    assert 0 == done.code, done


def test_a_verification_leads_on(tmp_path: Path, reseat: CommandLine) -> None:
    """Before the change to the same apply, with somebody on hold to the list; `report` says the same."""
    here = place(tmp_path, [person("ada"), person("bo", location="")], EVERYONE)
    reseat(here, "plan")
    run = next((tmp_path / "runs").glob("p*")).name

    before = reseat(here, "verify", run)
    reseat(here, "apply", run, "--tenant", "contoso.example")
    after, again = reseat(here, "verify", run), reseat(here, "report", run)

    assert _fixed(before)[0].startswith(f"Next: reseat apply {run} --tenant "), before.out
    assert _fixed(after)[0].startswith("Next: work through actions.csv"), after.out
    assert [line for line in after.out.splitlines() if line.startswith("Then: reseat plan")], after.out
    assert _fixed(after) == _fixed(again)


def test_a_run_of_a_plan_that_changes_nobody_waits_for_no_approval(tmp_path: Path, reseat: CommandLine) -> None:
    """There is nothing to approve; what is left is to verify."""
    said = reseat(place(tmp_path, [person("ada", "ENTERPRISEPACK")], EVERYONE), "run")

    assert 4 == said.code
    assert "waits for approval" not in said.words
    assert [f"Next: reseat verify {next((tmp_path / 'runs').glob('p*')).name}"] == [
        line.partition(" -c ")[0] for line in _fixed(said)
    ]


def test_an_undo_that_was_undone_leads_to_the_verification(tmp_path: Path, reseat: CommandLine) -> None:
    """Everybody is where the first plan moved them; no undo is due."""
    here = place(tmp_path, [person("ada")], EVERYONE)
    made: list[str] = []
    for command in ("plan", "undo", "undo"):
        reseat(here, command, *made[-1:])
        made += [run.name for run in (tmp_path / "runs").glob("p*") if run.name not in made]
        reseat(here, "apply", made[-1], "--tenant", "contoso.example")

    said = reseat(here, "apply", made[1], "--tenant", "contoso.example")

    assert f"Next: reseat verify {made[0]}" in said.out, said


def test_the_help_of_every_command_has_an_example_and_no_type_of_a_flag(
    tmp_path: Path, reseat: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And it fits."""
    terminal_of("80", monkeypatch)
    here = place(tmp_path, [], EVERYONE)
    names = ("demo", "check", "plan", "apply", "verify", "report", "audit", "undo", "run", "status", "explain")
    for name in (*names, "skus", "translate", "sandbox"):
        said = reseat(here, name, "-h", config=False)
        text = re.sub(r"\x1b\[[0-9;]*m", "", said.out)
        assert re.search(rf"Examples?\s+reseat {name}", text), text
        assert "<bool>" not in text
        assert [] == too_long(text, 80)


def test_shells_can_complete_what_is_typed() -> None:
    """By the script that --show-completion prints."""
    asked = {"_RESEAT_COMPLETE": "complete_bash", "COMP_WORDS": "reseat ver", "COMP_CWORD": "1"}

    done = subprocess.run([COMMAND], env={**os.environ, **asked}, capture_output=True, text=True, check=False)

    assert ["verify"] == done.stdout.split(), done
