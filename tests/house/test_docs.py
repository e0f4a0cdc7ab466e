"""What the documents say is what the code does: commands, options, codes, reasons, permissions, settings and links."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import os
import re
import subprocess
import sys
import textwrap
import tomllib
import typing
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path
from types import ModuleType

import orjson
import pytest
import typer
from worlds.machine import ROOT

from jobs.cli.commands import app
from jobs.license_reassignment.errors import MEANING, ExitCode, first_of
from jobs.license_reassignment.gather.readiness import (
    LOCATION_PERMISSION,
    OPTIONAL_PERMISSIONS,
    READ_PERMISSIONS,
    WRITE_PERMISSION,
)
from jobs.license_reassignment.model.reasons import (
    CHANGED_GROUP_REMEDIES,
    GROUP_REMEDIES,
    HOLD_REMEDIES,
    OTHER_REMEDIES,
    REFUSAL_REMEDIES,
)
from jobs.license_reassignment.run_folder.folder import RunDir
from jobs.settings.load import load_settings
from jobs.settings.model import Settings

pytest_plugins = ["worlds.sealed_runs"]

PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted((*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("tests/*.md")))
}
README, COMMANDS_PAGE, SETTINGS_PAGE = PAGES["README.md"], PAGES["docs/commands.md"], PAGES["docs/settings.md"]
README_LINES_MAX, PICTURE_BYTES_MAX = 200, 200_000
_ALL = typer.main.get_command(app).commands  # type: ignore[attr-defined]
COMMANDS = {name: command for name, command in _ALL.items() if not command.hidden}
"""Without those that only say that they are not available yet."""
ALL_PERMISSIONS = {*READ_PERMISSIONS, WRITE_PERMISSION, LOCATION_PERMISSION, *OPTIONAL_PERMISSIONS}

# The least reseat.toml, to which a test adds one line.
LEAST_VALUES = {
    "tenant": {"id": "00000000-0000-0000-0000-000000000000"},
    "source": {"skus": ["ENTERPRISEWITHSCAL"]},
}
LEAST = '[tenant]\nid = "00000000-0000-0000-0000-000000000000"\n[source]\nskus = ["ENTERPRISEWITHSCAL"]\n'


def _rows(text: str) -> list[list[str]]:
    """Return the cells of every row of every table, headers and rules included."""
    lines = (line.strip() for line in text.splitlines())
    rows = (re.split(r"(?<!\\)\|", line[1:-1]) for line in lines if line.startswith("| "))
    return [[cell.strip() for cell in row] for row in rows]


def _section(text: str, title: str) -> str:
    """Return what stands under a heading, up to the next one of its level."""
    level, _, _ = title.partition(" ")
    found = re.search(rf"^{re.escape(title)}\n(.*?)(?=^{level} |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"there is no heading {title}"
    return found[1]


def _blocks(fence: str) -> Iterator[tuple[str, str]]:
    for page, text in PAGES.items():
        for block in re.findall(rf"^```{fence}\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            yield page, block


def _help_of(name: str) -> str:
    return " ".join((inspect.getdoc(COMMANDS[name].callback) or "").split())


def _reference() -> ModuleType:
    """Load the script that makes the generated parts; docs/ is no package."""
    spec = importlib.util.spec_from_file_location("reference", ROOT / "docs" / "make" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_parts_are_what_the_code_says() -> None:
    """Whoever changes a command, a code, a setting or a reason runs `make docs`."""
    reference = _reference()
    used = {name for text in PAGES.values() for name in re.findall(r"<!-- begin: ([\w-]+) -->", text)}
    assert set(reference.BLOCKS) == used
    assert [] == [page for page, text in PAGES.items() if reference.regenerated(text) != text]


def _summary() -> list[tuple[str, str, str]]:
    """Return name, help and effect of each command in the first table of its page."""
    rows = (row for row in _rows(COMMANDS_PAGE) if row[0].startswith("[`reseat "))
    return [(row[0].split("`")[1].removeprefix("reseat "), row[1], row[2]) for row in rows]


def test_every_command_is_on_its_page_with_its_help() -> None:
    """The table of commands is the list of commands, in the same order and words."""
    assert [(name, _help_of(name)) for name in COMMANDS] == [row[:2] for row in _summary()]


def test_every_option_is_on_the_page_of_commands() -> None:
    """Under the heading of each command stands each name by which an option can be given."""
    missing = [
        f"{name} {option}"
        for name, command in COMMANDS.items()
        for parameter in command.params
        for option in (parameter.opts if parameter.param_type_name == "option" else [parameter.metavar])
        if f"{option}" not in _section(COMMANDS_PAGE, f"### reseat {name}")
    ]
    assert missing == []


def _writes(name: str) -> bool:
    """Return whether the function of a command asks for a client that may write."""
    source = ast.parse(textwrap.dedent(inspect.getsource(COMMANDS[name].callback)))
    return any(isinstance(node, ast.keyword) and node.arg == "writes" for node in ast.walk(source))


def test_only_what_writes_is_said_to_write() -> None:
    """`apply` changes the tenant, `run` does when it is approved, nothing else does."""
    writing = {name: effect for name, _, effect in _summary() if effect != "no"}
    assert {"apply": "**yes**", "run": "with `--approve`"} == writing
    assert set(writing) == {name for name in COMMANDS if _writes(name)}


def test_every_exit_code_is_on_the_page_of_commands() -> None:
    """One table, every code once, in order."""
    codes = [row[0] for row in _rows(_section(COMMANDS_PAGE, "## Exit codes"))]
    assert ["code", *(str(int(code)) for code in ExitCode)] == codes


def test_the_order_in_which_codes_count_is_that_of_the_code() -> None:
    """Of all that apply, the first in the sentence wins, and so on to the last."""
    found = re.search(r"the first of ([\d, ]+) counts", COMMANDS_PAGE)
    assert found
    order = [int(code) for code in found[1].split(",")]
    assert sorted(map(int, ExitCode)) == sorted(order)
    assert order == [int(first_of(order[place:])) for place in range(len(order))]


def _leaf_values(value: object) -> Iterator[str]:
    """Yield every value that a key takes out of a fixed list, as they stand in its type."""
    if typing.get_origin(value) is typing.Literal:
        yield from (each for each in typing.get_args(value) if each)
    else:
        for inner in typing.get_args(value):
            yield from _leaf_values(inner)


def test_every_setting_is_on_its_page_with_its_default_and_its_values() -> None:
    """Each key of each section, the default that the settings take, and each word that it may be."""
    least = orjson.loads(Settings.model_validate(LEAST_VALUES).model_dump_json(by_alias=True))
    missing = []
    for section, field in Settings.model_fields.items():
        inner = typing.get_args(field.annotation)
        title = f"### [[{section}]]" if inner else f"### [{section}]"
        rows = {row[0]: row for row in _rows(_section(SETTINGS_PAGE, title))}
        for attribute, key in (inner[0] if inner else field.annotation).model_fields.items():
            name = key.alias or attribute
            row = rows.get(f"`{name}`", ["", "", ""])
            words = re.findall(r"[\w-]+", row[2])
            missing += [f"{section}.{name}: {value}" for value in _leaf_values(key.annotation) if value not in words]
            if not inner and not key.is_required():
                told = orjson.dumps(least[section][name]).decode()
                missing += [f"{section}.{name}: {told}"] if row[1].strip("`").replace(", ", ",") != told else []
    assert missing == []


@pytest.mark.parametrize(
    ("page", "title"),
    [("docs/scheduling.md", "# Under a scheduler"), ("docs/operating.md", "## How it ended")],
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
        ("## Groups: the plan leaves the group as it is", GROUP_REMEDIES),
        ("## Groups: the plan changes the group, and it is not settled", CHANGED_GROUP_REMEDIES),
        ("## Refused: Graph said no", REFUSAL_REMEDIES),
        ("## Everything else", OTHER_REMEDIES),
    ],
)
def test_every_reason_is_documented_in_the_words_of_the_code(title: str, expected: Mapping[str, str]) -> None:
    """A code in a report can be looked up, and the page says what the report says."""
    assert dict(expected) == dict(_table(_section(PAGES["docs/reasons.md"], title)))


def test_every_permission_is_documented_with_its_role() -> None:
    """What `check` looks for is what the page asks for, each with an id to grant, optional ones marked."""
    page = PAGES["docs/permissions.md"]
    rows = [row for row in _rows(page) if row[0].strip("`").split("`")[0] in ALL_PERMISSIONS]
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


def test_every_permission_is_named_where_the_app_is_registered() -> None:
    """Whoever prepares the first run reads of each."""
    assert set() == {name for name in ALL_PERMISSIONS if f"`{name}`" not in PAGES["docs/first-run.md"]}


def test_the_settings_of_the_pages_are_valid(tmp_path: Path) -> None:
    """Every example can be copied as it is."""
    blocks = list(_blocks("toml"))
    assert len(blocks) >= 2
    for number, (page, block) in enumerate(blocks):
        path = tmp_path / f"{number}.toml"
        path.write_text(block, encoding="utf-8")
        assert load_settings(path, {}).settings.swap, page


def _command_lines() -> Iterator[tuple[str, str]]:
    """Yield the page and the words after `reseat` of every command in a shell block or between backticks."""
    for page, block in _blocks(r"(?:sh|powershell)(?: \w+)?"):
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
        if command not in {*COMMANDS, "COMMAND", "--help", "--version"} or (command in COMMANDS and options - known):
            unknown.append(f"{page}: reseat {line}")
    assert unknown == []


def _anchors(text: str) -> set[str]:
    """Return the anchors that hosts of code give the headings of a page."""
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


SAID_PLAINLY = {
    "hands out": "assigns",
    "switched off": "disabled",
    "switched on": "enabled",
    "recycle bin": "Deleted users",
    "telephone": "make calls",
    "beats": "overrides",
    "own pace": "our share of the quota",
    "bare user": "a user left without a license",
    "ask the gates": "evaluate the gates",
    "asks every gate": "evaluates the gates",
    "under our hands": "by somebody else during the run",
    "in place?": "prerequisites",
    "afresh": "again",
}
"""What an administrator does not say, and what is said in its place."""


def test_pages_say_it_as_an_administrator_would() -> None:
    """What is written by hand; a message of the product that is quoted, between backticks, is as it is."""
    by_hand = {
        page: re.sub(r"<!-- begin: .*?<!-- end: |`[^`]+`", "", text, flags=re.DOTALL)
        for page, text in PAGES.items()
        if page.startswith(("docs/", "README"))
    }
    assert [] == [
        f"{page}: {phrase}, say: {plain}"
        for page, text in by_hand.items()
        for phrase, plain in SAID_PLAINLY.items()
        if phrase in text.casefold()
    ]


def test_every_link_leads_somewhere() -> None:
    """A page that is linked exists, and so does the heading that is named in it."""
    links = [(page, link) for page, text in PAGES.items() for link in re.findall(r"\]\(([^):]+)\)", text)]
    assert len(links) > 50
    lost = []
    for page, link in links:
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        if not target.exists() or (anchor and anchor not in _anchors(target.read_text(encoding="utf-8"))):
            lost.append(f"{page}: {link}")
    assert lost == []


def test_every_page_is_in_the_index() -> None:
    """A page that no index names is read by nobody."""
    linked = set(re.findall(r"\]\(([\w-]+\.md)\)", PAGES["docs/README.md"]))
    assert {path.name for path in ROOT.glob("docs/*.md")} - {"README.md"} == linked


ROOMS = (ROOT, ROOT / "connectors", ROOT / "jobs", ROOT / "jobs" / "license_reassignment")
A_PATH = re.compile(r"(?:jobs|connectors|tests|docs|sample_data)/[\w./*-]*(?![\w./*<-])|[\w./-]+\.(?:py|j2|css)\b")


def test_every_file_that_a_page_names_exists() -> None:
    """A path in backticks or in a drawing is one of the checkout or, where it is shorter, of a room or of the page."""
    named = {
        (page, path)
        for page, text in PAGES.items()
        for code in re.findall(r"```\w*\n.*?```|(?:^    .*\n)+|`[^`\n]+`", text, re.MULTILINE | re.DOTALL)
        for path in re.findall(rf"(?<![\w/.<>-])(?:{A_PATH.pattern})", code)
    }
    assert len(named) > 20
    lost = (
        f"{page}: {path}"
        for page, path in named
        if not any(any(room.glob(path)) for room in (*ROOMS, (ROOT / page).parent))
    )
    assert [] == sorted(lost)


def test_the_architecture_draws_every_room_and_the_floors_as_they_are_checked() -> None:
    """The drawing of the floors is the contract of import-linter, and each room has its line, as in the package."""
    page = PAGES["docs/architecture.md"]
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    layers = next(
        c["layers"] for c in tools["importlinter"]["contracts"] if c.get("containers") == ["jobs.license_reassignment"]
    )
    drawn = re.findall(r"^    ([a-z_ |]+)$", _section(page, "## The floors"), re.MULTILINE)
    assert layers == drawn[2 : 2 + len(layers)]
    package = (ROOT / "jobs" / "license_reassignment" / "__init__.py").read_text(encoding="utf-8")
    for room in (name for floor in layers for name in floor.split(" | ")):
        assert re.search(rf"^        {room}(?:/|\.py) ", page, re.MULTILINE), room
        assert re.search(rf"^{room} ", package, re.MULTILINE), room


def test_the_readme_can_be_read_at_once() -> None:
    """Fewer than 200 lines, and on its first screen the picture, both commands and the way in for contributors."""
    lines = README.splitlines()
    assert len(lines) < README_LINES_MAX
    first = "\n".join(lines[:22])
    assert [] == [
        part
        for part in ("(docs/report.png)", "make demo", "make test", "(docs/architecture.md)", "(CONTRIBUTING.md)")
        if part not in first
    ]


def test_the_picture_of_the_report_is_small() -> None:
    """`python docs/make/picture.py` makes it; a page of a hundred kilobytes opens on a train."""
    picture = (ROOT / "docs" / "report.png").read_bytes()
    assert picture.startswith(b"\x89PNG\r\n")
    assert len(picture) < PICTURE_BYTES_MAX


def test_every_file_of_a_run_folder_is_on_its_page(signed_go: RunDir) -> None:
    """Whoever is handed a folder finds each file in the table, and no other than those and what is made by wish."""
    rows = _rows(_section(PAGES["docs/run-folder.md"], "# The run folder and the report"))
    told = {re.sub(r"<\w+>", "*", name) for row in rows for name in re.findall(r"`([^`]+)`", row[0])}
    paths = [path.relative_to(signed_go.path) for path in signed_go.files()]
    there = {path.name if len(path.parts) == 1 else f"{path.parts[0]}/" for path in paths}
    by_wish = {"rejected.csv", "roster/", "audit-log.jsonl", "pseudonymised/", "progress.json", "pause", "speed"}
    assert set() == {name for name in there if not any(fnmatch(name, each) for each in told)}
    assert {"journal-0002.jsonl"} >= {each for each in told - by_wish if not any(fnmatch(name, each) for name in there)}


def test_the_user_of_the_architecture_is_in_the_sample_as_the_page_says() -> None:
    """Miriam Peeters holds Office 365 E4 without the Office apps, and the rule of her department fits her."""
    users = orjson.loads((ROOT / "sample_data" / "tenant.json").read_bytes())["users"]
    (user,) = (user for user in users if user["name"] in PAGES["docs/architecture.md"])
    rules = {rule["name"]: rule for rule in tomllib.loads((ROOT / "sample_data" / "demo.toml").read_text())["swap"]}

    assert [{"sku": "ENTERPRISEWITHSCAL", "off": ["OFFICESUBSCRIPTION"]}] == user["licenses"]
    assert ["ENTERPRISEPREMIUM"] == rules["voice users"]["to"]
    assert user["department"] == rules["voice users"]["where"]["department"]


def test_the_sample_tenant_is_as_large_as_the_readme_says() -> None:
    """The one figure about the sample is counted."""
    users = orjson.loads((ROOT / "sample_data" / "tenant.json").read_bytes())["users"]
    assert f"a sample tenant of {len(users)} accounts" in README
