"""What the documents say is what the code does: commands, options, codes, reasons, permissions, settings and links."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import orjson
import pytest
import typer
from worlds.machine import ROOT

from jobs.cli.commands import app
from jobs.license_reassignment.errors import MEANING, ExitCode
from jobs.license_reassignment.gather.readiness import (
    LOCATION_PERMISSION,
    OPTIONAL_PERMISSIONS,
    READ_PERMISSIONS,
    WRITE_PERMISSION,
)
from jobs.license_reassignment.model.reasons import HOLD_REMEDIES, OTHER_REMEDIES, REFUSAL_REMEDIES
from jobs.settings import checks
from jobs.settings.errors import SettingsError
from jobs.settings.load import load_settings

README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("docs/*.md"))}
PAGES["README.md"] = README
_ALL = typer.main.get_command(app).commands  # type: ignore[attr-defined]
COMMANDS = {name: command for name, command in _ALL.items() if not command.hidden}
"""Without those that only say that they are not available yet."""
ALL_PERMISSIONS = {*READ_PERMISSIONS, WRITE_PERMISSION, LOCATION_PERMISSION, *OPTIONAL_PERMISSIONS}

# The least reseat.toml, to which a test adds one line.
LEAST = '[tenant]\nid = "00000000-0000-0000-0000-000000000000"\n[source]\nskus = ["ENTERPRISEWITHSCAL"]\n'


def _rows(text: str) -> list[list[str]]:
    """Return the cells of every row of every table, headers and rules included."""
    lines = (line.strip() for line in text.splitlines())
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if line.startswith("| ")]


def _section(text: str, title: str) -> str:
    """Return what stands under a heading, up to the next one of its level."""
    level, _, _ = title.partition(" ")
    found = re.search(rf"^{re.escape(title)}\n(.*?)(?=^{level} |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"there is no heading {title}"
    return found[1]


def _blocks(language: str) -> Iterator[tuple[str, str]]:
    for page, text in PAGES.items():
        for block in re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            yield page, block


def _help_of(name: str) -> str:
    return " ".join((inspect.getdoc(COMMANDS[name].callback) or "").split())


def test_every_command_is_in_the_readme_with_its_help() -> None:
    """The table of commands is the list of commands, in the same order and words."""
    rows = [row[:2] for row in _rows(_section(README, "## Commands")) if row[0].startswith("`reseat ")]
    assert [[f"`reseat {name}`", _help_of(name)] for name in COMMANDS] == rows


def test_only_what_writes_is_said_to_write() -> None:
    """`apply` changes the tenant, `run` does when it is approved, nothing else does."""
    rows = _rows(_section(README, "## Commands"))
    writing = {row[0].strip("`"): row[2] for row in rows if row[0].startswith("`reseat ") and row[2] != "no"}
    assert {"reseat apply": "**yes**", "reseat run": "with `--approve`"} == writing


def test_every_exit_code_is_in_the_readme() -> None:
    """One table, every code once, in order."""
    codes = [row[0] for row in _rows(_section(README, "## Exit codes"))]
    assert ["code", *(str(int(code)) for code in ExitCode)] == codes


@pytest.mark.parametrize(
    ("page", "title"), [("README.md", "## Under a scheduler"), ("docs/operating.md", "## How it ended")]
)
def test_every_exit_code_has_its_consequence(page: str, title: str) -> None:
    """Neither a scheduler nor a person is left alone with a code."""
    cells = [row[0] for row in _rows(_section(PAGES[page], title))]
    told = sorted(int(code) for cell in cells for code in re.findall(r"\d+", cell))
    assert sorted(map(int, ExitCode)) == told


def test_help_lists_every_command_and_every_exit_code() -> None:
    """`reseat --help` is enough to wire it into a scheduler."""
    environ = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}
    done = subprocess.run(
        [sys.executable, "-m", "jobs", "--help"], cwd=ROOT, env=environ, capture_output=True, check=True
    )
    lines = [" ".join(line.split()) for line in done.stdout.decode().splitlines()]
    assert [] == [f"{int(code)} {text}" for code, text in MEANING.items() if f"{int(code)} {text}" not in lines]
    first_words = {line.strip("│| ").partition(" ")[0] for line in lines}
    assert set() == set(COMMANDS) - first_words


def _table(text: str) -> Mapping[str, str]:
    return {row[0].strip("`"): row[1] for row in _rows(text) if row[0].startswith("`")}


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("## Held: the plan leaves the user alone", HOLD_REMEDIES),
        ("## Refused: Graph said no", REFUSAL_REMEDIES),
        ("## Everything else", OTHER_REMEDIES),
    ],
)
def test_every_reason_is_documented_in_the_words_of_the_code(title: str, expected: Mapping[str, str]) -> None:
    """A code in a report can be looked up, and the page says what the report says."""
    assert dict(expected) == dict(_table(_section(PAGES["docs/reasons.md"], title)))


@pytest.mark.parametrize("page", ["README.md", "docs/permissions.md"])
def test_every_permission_is_documented_with_its_role(page: str) -> None:
    """What `check` looks for is what the pages ask for, each with an id to grant, optional ones marked."""
    rows = [row for row in _rows(PAGES[page]) if row[0].strip("`").split("`")[0] in ALL_PERMISSIONS]
    assert sorted(ALL_PERMISSIONS) == sorted(row[0].strip("`").split("`")[0] for row in rows)
    assert set(OPTIONAL_PERMISSIONS) == {row[0].split("`")[1] for row in rows if "(optional)" in row[0]}
    assert [] == [row for row in rows if not re.fullmatch(r"`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`", row[1])]


def test_a_role_has_one_id_everywhere() -> None:
    """Tables and scripts name the same id for the same permission."""
    ids: dict[str, set[str]] = {}
    pattern = re.compile(r"`?([A-Z]\w+\.\w+\.All)`?(?: \(optional\))?[ |(`]+([0-9a-f]{8}-[0-9a-f-]{27})")
    script = re.compile(r"'([0-9a-f]{8}-[0-9a-f-]{27})'\s+# ([A-Z]\w+\.\w+\.All)")
    for text in PAGES.values():
        for name, role in pattern.findall(text):
            ids.setdefault(name, set()).add(role)
        for role, name in script.findall(text):
            ids.setdefault(name, set()).add(role)
    assert set() == ALL_PERMISSIONS - set(ids)
    assert {} == {name: roles for name, roles in ids.items() if len(roles) != 1}


def test_the_settings_of_the_readme_are_valid(tmp_path: Path) -> None:
    """Every example can be copied as it is."""
    blocks = list(_blocks("toml"))
    assert len(blocks) >= 2
    for number, (page, block) in enumerate(blocks):
        path = tmp_path / f"{number}.toml"
        path.write_text(block, encoding="utf-8")
        assert load_settings(path, {}).settings.swap, page


REFUSED = [key for key, _ in checks._NOT_AVAILABLE]
EXAMPLES = {
    "groups.swap": '[groups]\nswap = ["11ce0000-e4e4-4000-8000-000000000001"]',
    "groups.outside_scope": '[groups]\noutside_scope = "include"',
    "groups.processing_hours_max": "[groups]\nprocessing_hours_max = 48",
    "groups.reprocess_errors": "[groups]\nreprocess_errors = true",
    "addons.included_in_target": '[addons]\nincluded_in_target = "remove"',
    "run.pseudonymise": "[run]\npseudonymise = true",
}


def test_what_is_not_available_yet_is_listed() -> None:
    """The list of the README is the list of what the settings refuse, no more and no less."""
    listed = re.findall(r"`([a-z_]+\.[a-z_]+)", _section(README, "## Not available yet"))
    assert sorted(REFUSED) == sorted(listed)


@pytest.mark.parametrize("key", REFUSED)
def test_what_is_not_available_yet_is_refused_and_not_ignored(key: str, tmp_path: Path) -> None:
    """A setting that does nothing would be a promise."""
    path = tmp_path / "reseat.toml"
    path.write_text(f"{LEAST}{EXAMPLES[key]}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="not available yet"):
        load_settings(path, {})


def _command_lines() -> Iterator[tuple[str, str]]:
    """Yield the page and the words after `reseat` of every command in a shell block or between backticks."""
    for page, block in _blocks("sh"):
        joined = block.replace("\\\n", " ")
        yield from ((page, line) for line in re.findall(r"^reseat (.+)$", joined, re.MULTILINE))
    for page, text in PAGES.items():
        prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
        yield from ((page, words) for words in re.findall(r"`reseat ([^`]+)`", prose))


def test_every_command_in_the_documents_exists_with_its_options() -> None:
    """No example calls a command or an option that is not there."""
    unknown = []
    for page, line in _command_lines():
        own = re.split(r" (?:[|#;]|&&)", re.sub(r"\$\(.*?\)", "", line))[0]
        command = own.split()[0]
        options = set(re.findall(r"(?<=\s)--?[a-z][a-z-]*", own)) - {"--help"}
        known = {name for parameter in getattr(COMMANDS.get(command), "params", ()) for name in parameter.opts}
        if command not in {*COMMANDS, "COMMAND", "--help"} or (command in COMMANDS and options - known):
            unknown.append(f"{page}: reseat {line}")
    assert unknown == []


def test_every_link_leads_somewhere() -> None:
    """A page that is linked exists."""
    links = [(page, link) for page, text in PAGES.items() for link in re.findall(r"\]\(([^)#:]+)\)", text)]
    assert len(links) > 5
    assert [] == [(page, link) for page, link in links if not (ROOT / page).parent.joinpath(link).exists()]


def test_the_sample_tenant_is_as_large_as_the_readme_says() -> None:
    """The one figure about the sample is counted."""
    users = orjson.loads((ROOT / "sample_data" / "tenant.json").read_bytes())["users"]
    assert f"a sample tenant of {len(users)} accounts" in README
