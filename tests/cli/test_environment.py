"""Where the command is called, and what surrounds it there: told in one paragraph, never a trace, never code 1."""

from __future__ import annotations

import os
import shutil
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from worlds.machine import ROOT, lacking, needs
from worlds.real_command import TENANT, Shop, shop, tenant
from worlds.sets import few

pytestmark = [
    pytest.mark.socket,
    pytest.mark.skipif(os.name == "nt", reason="users, modes and limits are those of POSIX"),
]
SAMPLE = ROOT / "sample_data" / "tenant.json"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Shop]:
    """A folder whose name a person gave it, and a tenant that answers."""
    with shop(tmp_path / "Lizenzen für Ümläut & Søn") as made:
        yield made


SURROUNDINGS: dict[str, dict[str, str | None]] = {
    "no home": {"HOME": None},
    "a home that is not there": {"HOME": "/nowhere/at/all"},
    "a dumb terminal one column wide": {"TERM": "dumb", "COLUMNS": "1", "NO_COLOR": "1"},
    "a terminal that wants color": {"TERM": "xterm", "FORCE_COLOR": "1", "COLUMNS": "3"},
    "ascii": {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C", "LANG": "C"},
    "a code page": {"PYTHONIOENCODING": "cp437"},
    "a time zone that is none": {"TZ": "Mars/Olympus_Mons"},
    "a language that is none": {"LANG": "xx_YY.nonsense", "LC_ALL": "xx_YY.nonsense"},
    "a temporary folder that is none": {"TMPDIR": "/nowhere/at/all"},
    "a width that is none": {"COLUMNS": "many", "LINES": "-1"},
    "unbuffered": {"PYTHONUNBUFFERED": "1"},
}


@pytest.mark.thorough
@pytest.mark.parametrize("name", few(SURROUNDINGS, "ascii"))
def test_the_whole_job_in_odd_surroundings(tmp_path: Path, name: str) -> None:
    """People with names beyond ASCII, in a folder with blanks; every user is changed, and the verdict is GO."""
    people = [
        {"upn": f"user{n}@contoso.example", "name": who, "location": "NL", "licenses": ["ENTERPRISEWITHSCAL"]}
        for n, who in enumerate(("Zoë Ångström", "王秀英", ":100: [bold]"))
    ]
    with shop(tmp_path / "Lizenzen für Ümläut", tenant(people=people)) as place:
        environ = SURROUNDINGS[name]
        place.run("run", "--approve", TENANT, environ=environ).clean(0)
        place.moved(3)
        [folder] = (place.folder / "runs").glob("p*")
        for command in ("status", "report", "audit"):
            place.run(command, folder.name, environ=environ).clean(0)
        place.run("explain", folder.name, "user1@contoso.example", environ=environ).clean(0)
        assert "user1@contoso.example" in place.run("explain", folder, "user1@contoso.example").clean(0).out


NOT_A_FOLDER = {
    "a file": lambda path: path.write_bytes(b""),
    "a loop of links": lambda path: path.symlink_to(path),
    "in a file": lambda path: (path.parent / "file").write_bytes(b""),
}


@pytest.mark.table
@pytest.mark.parametrize("kind", NOT_A_FOLDER)
@pytest.mark.parametrize("command", [("plan",), ("run", "--approve", TENANT), ("status",), ("audit", "p1")])
def test_a_runs_directory_that_is_none(place: Shop, kind: str, command: tuple[str, ...]) -> None:
    """2 where the name is at fault, 4 where something on the disk can be put in order; nothing is sent."""
    path = place.folder / "lies"
    NOT_A_FOLDER[kind](path)
    named = "file/runs" if kind == "in a file" else "lies"

    done = place.run(*command, "--runs", named).clean(2, 4)

    assert len(done.err.strip().split("\n\n")) == 1
    assert named.partition("/")[0] in done.err
    assert [] == place.sent


@pytest.mark.thorough
def test_a_folder_that_is_gone_under_the_feet(place: Shop) -> None:
    """Somebody removed the folder in which the shell stands."""
    script = 'mkdir gone && cd gone && rmdir ../gone && exec "$@"'
    for line in ("status", "check -c reseat.toml", "plan --runs r", "demo --users 2", "audit p1"):
        place.run(*line.split(), by=("sh", "-c", script, "sh")).clean(2, 4)


SETTINGS_THAT_ARE_NONE = {
    "a folder": lambda path: path.mkdir(),
    "a loop of links": lambda path: path.symlink_to(path),
    "not there": lambda path: path.unlink(missing_ok=True),
    "not text": lambda path: path.write_bytes(b"\x00\xff\xfe\x00"),
    "empty": lambda path: path.write_bytes(b""),
}


@pytest.mark.parametrize("kind", few(SETTINGS_THAT_ARE_NONE, "a folder", "not text"))
def test_settings_that_are_none(place: Shop, kind: str) -> None:
    """2, and the file is named."""
    path = place.folder / "other.toml"
    SETTINGS_THAT_ARE_NONE[kind](path)

    assert "other.toml" in place.run("check", "-c", "other.toml").clean(2).err


def by_number(place: Shop) -> tuple[str, ...]:
    """How to run a command as a user without a name, who owns the folder; skipped where this process may not.

    Reading is allowed everywhere, since the interpreter may lie in another user's home; writing is not.
    """
    if os.getuid() != 0:
        lacking("only root can start a process as another user")
    for path in (place.folder, *place.folder.rglob("*")):
        os.chown(path, 10001, 10001)
    reads = ("--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search")
    return (needs("setpriv", "util-linux"), "--reuid", "10001", "--regid", "10001", "--clear-groups", *reads)


@pytest.mark.thorough
def test_a_user_without_a_name_is_told_by_number(place: Shop) -> None:
    """A container runs as a number; the journal says which."""
    place.run("run", "--approve", TENANT, by=by_number(place)).clean(0)
    [folder] = (place.folder / "runs").glob("p*")

    assert "uid 10001" == place.journal(folder.name)[0]["operator"]


@pytest.mark.thorough
def test_a_folder_that_may_not_be_written(place: Shop) -> None:
    """A read-only archive: what only reads works, what writes ends with 4 and says where."""
    place.run("run", "--approve", TENANT).clean(0)
    [folder] = (place.folder / "runs").glob("p*")
    by = by_number(place)
    for path in (folder, folder.parent):
        path.chmod(0o500)
    (folder.parent / f".lock-{TENANT}").unlink()

    for command in (("status",), ("audit",), ("explain", "user001@contoso.example")):
        place.run(command[0], folder.name, *command[1:], by=by).clean(0)
    for command in (("report", folder.name), ("verify", folder.name), ("plan",), ("run",)):
        done = place.run(*command, by=by).clean(4)
        assert "Cannot write" in done.err
        assert "runs" in done.err
    for path in (folder, folder.parent):
        path.chmod(0o700)
    place.run("report", folder.name, by=by).clean(0)


@pytest.mark.parametrize("size_kb", few([1, 8, 24]))
def test_a_disk_that_is_full(place: Shop, size_kb: int) -> None:
    """A limit on file sizes stands for it: 4, nothing half written is taken for a plan, and later it goes on."""
    limited = ("bash", "-c", f'ulimit -f {size_kb}; exec "$@"', "bash")

    assert "Cannot write" in place.run("run", "--approve", TENANT, by=limited).clean(4).err
    place.run("run", "--approve", TENANT).clean(0)
    place.moved(3)


@pytest.mark.thorough
def test_a_generous_umask_opens_nothing(place: Shop) -> None:
    """The files hold names of people: their owner alone reads them."""
    place.run("run", "--approve", TENANT, by=("sh", "-c", 'umask 000; exec "$@"', "sh")).clean(0)

    [folder] = (place.folder / "runs").glob("p*")
    assert [] == [str(p) for p in (folder, *folder.rglob("*")) if stat.S_IMODE(p.stat().st_mode) & 0o077]


@pytest.mark.thorough
def test_a_run_folder_handed_over_under_another_name(place: Shop) -> None:
    """Copied to a stick, with blanks and letters of any language in its name, and no settings there."""
    place.run("run", "--approve", TENANT).clean(0)
    [folder] = (place.folder / "runs").glob("p*")
    copy = place.folder / "übergabe – 第1回 (final)"
    shutil.copytree(folder, copy)
    (place.folder / "reseat.toml").unlink()

    for command in ("audit", "report", "status"):
        place.run(command, copy).clean(0)
        place.run(command, f"{copy.name}/").clean(0)


NAMES_THAT_ARE_NONE = [b"a\nb", b"\xff\xfe", b"-", b"..", b"*", b"n" * 5000, "p１２３".encode()]


@pytest.mark.parametrize("word", few(NAMES_THAT_ARE_NONE, b"a\nb"))
def test_a_name_that_is_none(place: Shop, word: bytes) -> None:
    """Whatever stands where a plan is expected: 2, and with --json one document in ASCII."""
    name = os.fsdecode(word)
    for command in ("status", "report", "audit"):
        done = place.run(command, "--json", "--", name).clean(2)
        assert done.out.isascii()
        assert 2 == done.document["exit_code"]


def test_a_sandbox_whose_port_is_taken(place: Shop) -> None:
    """2, and the way to a free one."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = place.run("sandbox", "--tenant", SAMPLE, "--port", taken.getsockname()[1]).clean(2)

    assert "--port" in done.err
