"""The notice of `reseat run`: one, however the run ends, with its code and without a name; whatever becomes of it."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from worlds import in_process
from worlds.in_process import CommandLine, Place, Said
from worlds.real_command import NEW, OLD, SETTINGS, TENANT, end, shop, tenant, until
from worlds.rehearsal import START

from connectors.errors import Malformed
from connectors.sandbox.api.world import AppIdentity
from connectors.sandbox.app import create_app
from connectors.sandbox.tenant.state import TenantState
from jobs.cli import webhook
from jobs.license_reassignment.commands import run

pytestmark = pytest.mark.socket
PERSON = "Ada Lovelace"
UPN = "ada.lovelace@contoso.example"
SECRET = "T0K3N-in-the-path"


class Ear:
    """Somebody who listens for notices. `answer` says what each gets: a status, or silence."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.status: int | None = 204
        self.over = threading.Event()
        ear = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                ear.heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                if ear.status is None:
                    ear.over.wait(20)
                    return
                self.send_response(ear.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/{SECRET}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Listen no more."""
        self.over.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def ear() -> Iterator[Ear]:
    """A listener on loopback."""
    made = Ear()
    yield made
    made.close()


def people(location: str = "NL") -> TenantState:
    """Two people on the old product, one of them Ada."""
    named = ((PERSON, UPN, location), ("Bo", "bo@contoso.example", "NL"))
    return tenant(
        people=[{"upn": upn, "name": name, "location": place, "licenses": [OLD]} for name, upn, place in named]
    )


def opened(folder: Path, ear: Ear, more: str = "") -> Place:
    """A tenant, and a webhook in its settings."""
    state = people()
    folder.mkdir(parents=True, exist_ok=True)
    calm = SETTINGS.replace("URL", "http://127.0.0.1:8080/v1.0").replace("scans = 0", "scans = 5")
    text = calm + f'\n[run]\nnotify_url = "{ear.url}"\n{more}'
    (folder / "reseat.toml").write_text(text, encoding="utf-8")
    return Place(state, START, folder)


def nothing(_place: Place, _patch: pytest.MonkeyPatch) -> None:
    """All is well."""


def roster(*rows: str) -> Callable[[Place, pytest.MonkeyPatch], None]:
    """Put a roster beside the settings."""

    def put(place: Place, _patch: pytest.MonkeyPatch) -> None:
        lines = "".join(f"{row}\n" for row in ("user_principal_name,target", *rows))
        (place.folder / "users.csv").write_text(lines, encoding="utf-8")

    return put


def without_permission(_place: Place, patch: pytest.MonkeyPatch) -> None:
    """The app may read and not write."""
    identity = AppIdentity("app", "reseat", frozenset({"User.Read.All"}))
    patch.setattr(in_process, "create_app", partial(create_app, apps={"sandbox-token": identity}))


def with_an_error(error: Exception) -> Callable[[Place, pytest.MonkeyPatch], None]:
    """Something goes wrong in the middle."""

    async def fails(*_: object, **__: object) -> None:
        raise error

    def put(_place: Place, patch: pytest.MonkeyPatch) -> None:
        patch.setattr(run, "plan_with", fails)

    return put


def without_product(place: Place, _patch: pytest.MonkeyPatch) -> None:
    """The new product is not there yet."""
    next(s for s in place.tenant.skus.values() if s.part_number == NEW).hidden = True


def without_location(place: Place, _patch: pytest.MonkeyPatch) -> None:
    """Ada has no usage location, so she is held."""
    place.tenant = people(location="")


ROSTER = '\n[scope]\nroster = "users.csv"\n'
GIVEN = ("--approve", TENANT)
STRANGERS = roster("lovelace.ada@contoso.example,E3", "Ada Lovelace,E3")
RUBBISH = Malformed(f"Graph said {UPN} is `{PERSON}`.")
FULL = OSError(errno.ENOSPC, "No space left", f"/home/{UPN}/x")
PLANNED = {"GO", "no approval", "somebody held", "too many changes", "another tenant"}
ENDINGS: dict[str, tuple[int, tuple[str, ...], str, Callable[[Place, pytest.MonkeyPatch], None]]] = {
    "GO": (0, GIVEN, "", nothing),
    "no approval": (4, (), "", nothing),
    "somebody held": (3, GIVEN, "", without_location),
    "too many changes": (10, GIVEN, "\n[limits]\nusers_changed_max = 1\n", nothing),
    "another tenant": (10, ("--approve", "fabrikam.example"), "", nothing),
    "no permission": (7, GIVEN, "", without_permission),
    "no product": (6, GIVEN, "", without_product),
    "a roster of others": (2, GIVEN, ROSTER, STRANGERS),
    "no roster": (2, GIVEN, ROSTER, nothing),
    "a bug": (1, GIVEN, "", with_an_error(RuntimeError(f"{PERSON} <{UPN}>"))),
    "an answer of rubbish": (4, GIVEN, "", with_an_error(RUBBISH)),
    "a disk that is full": (4, GIVEN, "", with_an_error(FULL)),
}


def told_once(ear: Ear, said: Said, code: int) -> dict[str, Any]:
    """One notice with the code of the command, and nobody's name, address or secret in it."""
    assert (code, 1) == (said.code, len(ear.heard)), said
    [payload] = ear.heard
    assert set(payload) == {
        "plan_id", "exit_code", "reason", "verdict", "moved", "in_scope", "still_on_source", "journal_head",
    }  # fmt: skip
    assert code == payload["exit_code"]
    assert payload["reason"]
    whole = json.dumps(payload).casefold()
    assert [w for w in ("lovelace", "ada.", "@", SECRET.casefold(), "home/") if w in whole] == []
    return payload


@pytest.mark.parametrize("ending", ENDINGS)
def test_one_notice_however_the_run_ends(
    tmp_path: Path, ear: Ear, reseat: CommandLine, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    """By verdict, by a step that stops, and by an error of any kind after the settings were read."""
    code, options, more, before = ENDINGS[ending]
    place = opened(tmp_path, ear, more)
    before(place, monkeypatch)

    said = reseat(place, "run", *options)

    payload = told_once(ear, said, code)
    assert ("GO" if code == 0 else "NO-GO" if code == 3 else "") == payload["verdict"]
    assert bool(payload["plan_id"]) is (
        ending in {"GO", "no approval", "somebody held", "too many changes", "another tenant"}
    )


def test_a_run_that_finds_another_at_work_says_so(tmp_path: Path, ear: Ear, reseat: CommandLine) -> None:
    """The nightly job that never ran is told of as well."""
    place = opened(tmp_path, ear)
    (tmp_path / "runs").mkdir()
    with FileLock(tmp_path / "runs" / f".lock-{TENANT}"):
        payload = told_once(ear, reseat(place, "run", "--approve", TENANT), 11)

    assert "Another run works on tenant" in payload["reason"]


def test_settings_that_cannot_be_read_name_no_address(tmp_path: Path, ear: Ear, reseat: CommandLine) -> None:
    """Nobody knows then where to send it."""
    place = opened(tmp_path, ear, "\n[nonsense]\nkey = 1\n")

    assert (2, []) == (reseat(place, "run", "--approve", TENANT).code, ear.heard)


@pytest.mark.parametrize("command", [("check",), ("plan",), ("demo", "--users", "3")])
def test_no_other_command_sends_a_notice(
    tmp_path: Path, ear: Ear, reseat: CommandLine, command: tuple[str, ...]
) -> None:
    """A person who works by hand sees what happens."""
    place = opened(tmp_path, ear)
    reseat(place, *command, config=command[0] != "demo")

    assert [] == ear.heard


DEAF: dict[str, tuple[int | None, str]] = {
    "refused": (500, "it answered 500"),
    "led elsewhere": (302, "it answered 302"),
    "silent": (None, "its address kept the connection open without an answer"),
    "gone": (0, "no connection"),
}


@pytest.mark.parametrize("deaf", DEAF)
@pytest.mark.parametrize(("code", "more"), [(0, ""), (10, "\n[limits]\nusers_changed_max = 1\n")])
def test_a_notice_that_nobody_takes_changes_nothing(
    tmp_path: Path, ear: Ear, reseat: CommandLine, monkeypatch: pytest.MonkeyPatch, deaf: str, code: int, more: str
) -> None:
    """The code stays, the outcome stays, the reason is told without the address."""
    monkeypatch.setattr(webhook, "NOTICE_S_MAX", 1.0)
    place = opened(tmp_path, ear, more)
    ear.status, sentence = DEAF[deaf]
    if deaf == "gone":
        ear.close()

    said = reseat(place, "run", "--approve", TENANT)

    assert code == said.code, said
    assert sentence in said.err
    assert SECRET not in said.err
    assert (2 if code == 0 else 0) == len(place.tenant.write_log)


@pytest.mark.skipif(os.name == "nt", reason="signals of other processes are for POSIX")
def test_a_signal_is_told_as_what_it_is(tmp_path: Path, ear: Ear) -> None:
    """Ended in the middle, with the plan that the same command continues."""

    async def slow(path: str, _writes: int) -> None:
        await asyncio.sleep(0.15 if path == "$batch" else 0.0)

    with shop(tmp_path, tenant(120), slow) as place:
        place.configure(f'\n[run]\nnotify_url = "{ear.url}"\n')
        started = place.start("run", "--approve", TENANT)
        until(lambda: place.sent, "the first change")
        started.send_signal(signal.SIGTERM)
        end(started).clean(4)

    [payload] = ear.heard
    assert 4 == payload["exit_code"]
    assert "signal SIGTERM" in payload["reason"]
    assert [p.name for p in (tmp_path / "runs").glob("p*")] == [payload["plan_id"]]


WORDS = {
    f"{UPN} and <{UPN}>, {UPN.upper()}: gone": "… and <…>, …: gone",
    f"No user or group is called `{PERSON}`; see `reseat check`.": "No user or group is called …; see `reseat check`.",
    f'"{PERSON}", \'{PERSON}\', “{PERSON}” and ‘{PERSON}’ of Graph\'s answer': "…, …, … and … of Graph's answer",
    "Cannot write /home/ada/runs/p1/journal.jsonl: No space": "Cannot write …/journal.jsonl: No space",
    "Cannot write C:\\Users\\ada\\runs\\plan.json: No space": "Cannot write …/plan.json: No space",
    "user 0a1b2c3d-0000-4000-8000-00000000000f is not there": "user … is not there",
    "3 free, 5 needed (enabled 10, reserve 0); see [limits]": "3 free, 5 needed (enabled 10, reserve 0); see [limits]",
    "wave pilot is complete; `--wave NAME` continues": "wave pilot is complete; `--wave NAME` continues",
    "http://user:pass@proxy.example:8080 refused": "…:8080 refused",
}  # fmt: skip


@pytest.mark.parametrize("text", WORDS)
def test_what_may_name_a_person_is_taken_out(text: str) -> None:
    """Whatever sentence comes; figures and keys stay."""
    assert WORDS[text] == webhook.without_names(text)
