"""Every command in every state that a run or its tenant can be in: the code of the contract, true words, no trace.

The tenant is small: four people on the old product, ten seats of the new one, everything declared that GO asks for.
Each state is made once by the commands themselves and by what somebody else does in the tenant; each cell of the table
then works on a copy of its own.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import orjson
import pytest
from worlds.in_process import CommandLine, Place, Said, told
from worlds.machine import ROOT
from worlds.rehearsal import START, tenant_of
from worlds.small_tenant import DECLARED, EVERYONE, HEAD, NEW, OLD

from connectors.ids import sha256
from connectors.sandbox.tenant.file import load_license
from connectors.sandbox.tenant.model import Assignment
from connectors.sandbox.trouble import meddle
from jobs.license_reassignment.model.plan import header_digest
from jobs.license_reassignment.run_folder.folder import RunDir
from jobs.license_reassignment.run_folder.load import load_plan
from jobs.license_reassignment.run_folder.seal import DIGEST, MANIFEST, SUMS, sums
from jobs.license_reassignment.run_folder.snapshot_files import json_bytes

PEOPLE = ("ada", "bo", "cy", "di")
SETTINGS = HEAD + EVERYONE + DECLARED
PILOT = '\n[[wave]]\nname = "pilot"\nusers = 1\nthen = "stop"\n'
PROTECTED = (
    '\n[scope]\nprotected = ["ada@contoso.example", "bo@contoso.example", "cy@contoso.example", "di@contoso.example"]\n'
)
FOLDERS_OF_0_1 = ROOT / "tests" / "run_folder" / "runs-of-0.1.0.zip"
APPLY = ("apply", "PLAN", "--tenant", "contoso.example")
APPLY_NEWEST = ("apply", "NEWEST", "--tenant", "contoso.example")


def fresh(folder: Path, *, more: str = "", on_assign: Mapping[str, object] | None = None) -> Place:
    """A tenant in which nothing has happened yet."""
    people = [
        {"upn": f"{name}@contoso.example", "name": name.title(), "location": "NL", "licenses": [OLD]}
        | ({"onAssign": {NEW: on_assign[name]}} if on_assign and name in on_assign else {})
        for name in PEOPLE
    ]
    organization = {
        "id": "c0a70500-0000-4000-8000-000000000001",
        "name": "Contoso",
        "domains": ["contoso.example", "contoso.onmicrosoft.com"],
    }
    skus = [{"skuPartNumber": OLD, "enabled": 10}, {"skuPartNumber": NEW, "enabled": 10}]
    folder.mkdir(parents=True)
    (folder / "reseat.toml").write_text(SETTINGS + more, encoding="utf-8")
    return Place(tenant_of({"organization": organization, "skus": skus, "users": people}), START, folder)


def everybody(place: Place, act: Callable[[Place, str], None]) -> None:
    """Somebody else does the same to each of the four."""
    for name in PEOPLE:
        act(place, f"{name}@contoso.example")


def deleted(place: Place, upn: str) -> None:
    user = place.tenant.user(upn)
    assert user is not None
    meddle.remove_user(place.tenant, user, place.seconds)


def licensed(*licenses: str) -> Callable[[Place, str], None]:
    def act(place: Place, upn: str) -> None:
        user = place.tenant.user(upn)
        assert user is not None
        made: tuple[Assignment, ...] = tuple(load_license(place.tenant, one) for one in licenses)
        meddle.put_licenses(place.tenant, user, made, place.seconds)

    return act


def without_location(place: Place, upn: str) -> None:
    user = place.tenant.user(upn)
    assert user is not None
    user.location = ""


class Maker:
    """Makes a state by commands, each of which must end with the code that is expected of it."""

    def __init__(self, reseat: CommandLine) -> None:
        self._reseat = reseat

    def planned(self, place: Place, code: int = 0) -> Place:
        """Plan; the plan is the run of the place."""
        self.does(place, "plan", code=code)
        return self.newest(place)

    def newest(self, place: Place) -> Place:
        """Make the newest run the run of the place."""
        plans = sorted((place.folder / "runs").glob("*/plan.json"), key=lambda p: p.stat().st_mtime_ns)
        place.run = plans[-1].parent.name
        return place

    def applied(self, place: Place, code: int = 0) -> Place:
        """Apply the run."""
        self.does(place, *APPLY, code=code)
        return place

    def does(self, place: Place, *argv: str, code: int = 0) -> Said:
        """Call one command."""
        said = self._reseat(place, *(place.run if a == "PLAN" else a for a in argv))
        assert said.code == code, said
        return said


def planned(make: Maker, folder: Path) -> Place:
    return make.planned(fresh(folder))


def nothing_planned(make: Maker, folder: Path) -> Place:
    place = fresh(folder)
    place.run = "p123456789abc"
    return place


def partly_applied(make: Maker, folder: Path) -> Place:
    return make.applied(make.planned(fresh(folder, more=PILOT)), code=4)


def all_refused(make: Maker, folder: Path) -> Place:
    place = make.planned(fresh(folder))
    everybody(place, without_location)
    return make.applied(place, code=3)


def pilot_of_one_refused(make: Maker, folder: Path) -> Place:
    place = fresh(folder)
    for name in PEOPLE[1:]:
        deleted(place, f"{name}@contoso.example")
    make.planned(place)
    without_location(place, "ada@contoso.example")
    return make.applied(place, code=3)


def all_in_error(make: Maker, folder: Path) -> Place:
    return make.applied(make.planned(fresh(folder, on_assign={name: ["Error", "Other"] for name in PEOPLE})))


def all_held(make: Maker, folder: Path) -> Place:
    return make.planned(fresh(folder, more=PROTECTED), code=3)


def all_drifted(make: Maker, folder: Path) -> Place:
    place = make.planned(fresh(folder))
    everybody(place, licensed(OLD, NEW))
    return make.applied(place, code=3)


def all_gone(make: Maker, folder: Path) -> Place:
    place = make.planned(fresh(folder))
    everybody(place, deleted)
    return make.applied(place, code=3)


def nobody_left(make: Maker, folder: Path) -> Place:
    place = make.applied(make.planned(fresh(folder)))
    everybody(place, deleted)
    return place


def nobody_holds(make: Maker, folder: Path) -> Place:
    """Somebody else took every license away before anything was sent."""
    place = make.planned(fresh(folder))
    everybody(place, licensed())
    return place


def nobody_ever(make: Maker, folder: Path) -> Place:
    """The plan itself was made in a tenant in which nobody holds the old product."""
    place = fresh(folder)
    everybody(place, licensed())
    return make.planned(place)


def verified(make: Maker, folder: Path) -> Place:
    place = make.applied(make.planned(fresh(folder)))
    make.does(place, "verify", "PLAN")
    return place


def undone(make: Maker, folder: Path) -> Place:
    place = make.applied(make.planned(fresh(folder)))
    swap = place.run
    make.does(place, "undo", "PLAN")
    make.applied(make.newest(place))
    place.run = swap
    return place


def the_undo(make: Maker, folder: Path) -> Place:
    """The run is the undo itself, applied."""
    place = make.applied(make.planned(fresh(folder)))
    make.does(place, "undo", "PLAN")
    return make.applied(make.newest(place))


def undone_and_planned_again(make: Maker, folder: Path) -> Place:
    return make.planned(undone(make, folder))


def of_version_0_1(kind: str, folder: Path) -> Place:
    """A place with a run folder that version 0.1.0 made, in the tenant as it was left then."""
    place = fresh(folder, more=PILOT if kind == "partly_applied" else "")
    with zipfile.ZipFile(FOLDERS_OF_0_1) as packed:
        for name in packed.namelist():
            if name.startswith(f"{kind}/runs/"):
                target = folder / name.partition("/")[2]
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(packed.read(name))
    place.run = next((folder / "runs").iterdir()).name
    place.seconds += 60
    return place


def old_planned(make: Maker, folder: Path) -> Place:
    return of_version_0_1("planned", folder)


def old_partly_applied(make: Maker, folder: Path) -> Place:
    place = of_version_0_1("partly_applied", folder)
    licensed(NEW)(place, "ada@contoso.example")
    return place


def old_verified(make: Maker, folder: Path) -> Place:
    place = of_version_0_1("verified", folder)
    everybody(place, licensed(NEW))
    return place


STATES = {
    state.__name__: state
    for state in (
        planned, nothing_planned, partly_applied, all_refused, pilot_of_one_refused, all_in_error, all_held,
        all_drifted, all_gone, nobody_left, nobody_holds, nobody_ever, verified, undone, the_undo,
        undone_and_planned_again, old_planned, old_partly_applied, old_verified,
    )
}  # fmt: skip

COMMANDS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "check": (("check",),),
    "plan": (("plan",),),
    "apply": (APPLY,),
    "verify": (("verify", "PLAN"),),
    "verify after the cancellation": (("verify", "PLAN", "--after-cancel"),),
    "report": (("report", "PLAN"),),
    "report of a verified run": (("verify", "PLAN"), ("report", "PLAN")),
    "audit": (("audit", "FOLDER"),),
    "audit of a verified run": (("verify", "PLAN"), ("audit", "FOLDER")),
    "undo": (("undo", "PLAN"),),
    "undo, applied and verified": (("undo", "PLAN"), APPLY_NEWEST, ("verify", "NEWEST")),
    "add-ons of a verified run": (("verify", "PLAN"), ("plan", "--addons-of", "PLAN")),
    "run": (("run",),),
    "run with approval": (("run", "--approve", "contoso.example"),),
    "plan again, apply, verify": (("plan",), APPLY_NEWEST, ("verify", "NEWEST")),
    "verified, planned again, verified": (("verify", "PLAN"), ("plan",), APPLY_NEWEST, ("verify", "NEWEST")),
    "status": (("status", "PLAN"),),
    "status in JSON": (("status", "PLAN", "--json"),),
    "explain": (("explain", "PLAN", "ada@contoso.example"),),
}  # fmt: skip


class Cell(NamedTuple):
    """What is expected: the code, and what must be said."""

    code: int
    says: tuple[str, ...] = ()


def cell(code: int, *says: str) -> Cell:
    return Cell(code, says)


NO_RUN = cell(2, "There is no run `p123456789abc`", "reseat plan")
NOT_VERIFIED = cell(2, "verified", "reseat verify")
GO = cell(0, "GO")
NO_GO = cell(3, "NO-GO")
DONE = cell(0)
NOBODY_CHANGED = cell(0, "changed nobody", "nothing to undo")
NOTHING_LEFT = cell(0, "nothing", "0 writes")

USUAL: Mapping[str, Cell] = {
    "check": DONE,
    "report": NOT_VERIFIED,
    "report of a verified run": DONE,
    "audit": NOT_VERIFIED,
    "undo": NOBODY_CHANGED,
    "undo, applied and verified": GO,
    "add-ons of a verified run": cell(0, "nobody"),
    "run": cell(4, "approv"),
    "status": cell(0, "Contoso"),
    "status in JSON": DONE,
    "explain": cell(0, "ada@contoso.example"),
}
"""What holds in every state that does not say otherwise."""

EXPECTED: dict[str, Mapping[str, Cell]] = {
    "planned": {
        "plan": cell(0, "4 to change"),
        "apply": cell(0, "4 writes"),
        "verify": cell(3, "NO-GO", "4 pending"),
        "verify after the cancellation": NO_GO,
        "audit of a verified run": NO_GO,
        "run with approval": GO,
        "plan again, apply, verify": GO,
        "status": cell(0, "not begun"),
    },
    "nothing_planned": {
        "plan": cell(0, "4 to change"),
        **dict.fromkeys(
            (
                "apply",
                "verify",
                "verify after the cancellation",
                "report",
                "report of a verified run",
                "undo",
                "add-ons of a verified run",
                "status",
                "status in JSON",
                "explain",
            ),
            NO_RUN,
        ),
        "audit": cell(2, "p123456789abc", "no such"),
        "audit of a verified run": cell(2, "p123456789abc", "no such"),
        "undo, applied and verified": cell(2, "No run"),
        "run with approval": GO,
        "plan again, apply, verify": GO,
    },
    "partly_applied": {
        "plan": cell(0, "3 to change"),
        "apply": cell(4, "--wave", "0 writes"),
        "verify": cell(3, "1 moved", "3 pending"),
        "verify after the cancellation": NO_GO,
        "audit of a verified run": NO_GO,
        "undo": cell(0, "1 to change"),
        "run with approval": cell(4, "--wave"),
        "plan again, apply, verify": NO_GO,
        "status": cell(0, "applied 1", "pending 3"),
    },
    "all_refused": {
        "plan": cell(3, "4 on hold", "no_usage_location"),
        "apply": cell(3, "refused", "0 writes"),
        "verify": cell(3, "4 refused"),
        "verify after the cancellation": NO_GO,
        "audit of a verified run": NO_GO,
        "run with approval": cell(3, "4 held"),
        "plan again, apply, verify": cell(3, "4 held"),
        "status": cell(0, "refused 4"),
    },
    "pilot_of_one_refused": {
        "plan": cell(3, "1 on hold", "no_usage_location"),
        "apply": cell(3, "refused", "0 writes"),
        "verify": cell(3, "1 refused"),
        "verify after the cancellation": NO_GO,
        "audit of a verified run": NO_GO,
        "run with approval": cell(3, "1 held"),
        "plan again, apply, verify": cell(3, "1 held"),
        "status": cell(0, "refused 1"),
    },
    "all_in_error": {
        "plan": cell(0, "changes nobody"),
        "apply": NOTHING_LEFT,
        "verify": cell(5, "NO-GO", "4 refused"),
        "verify after the cancellation": cell(5, "NO-GO"),
        "audit of a verified run": cell(5, "NO-GO"),
        "undo": cell(0, "4 to change"),
        "run with approval": cell(3, "4 users have neither"),
        "plan again, apply, verify": cell(3, "4 users have neither"),
        "status": cell(0, "applied 4"),
    },
    "all_held": {
        "plan": cell(3, "4 on hold", "changes nobody"),
        "apply": NOTHING_LEFT,
        "verify": cell(3, "4 held"),
        "verify after the cancellation": NO_GO,
        "audit of a verified run": NO_GO,
        "run with approval": cell(3, "4 held"),
        "plan again, apply, verify": cell(3, "4 held"),
    },
    "all_drifted": {
        "plan": cell(0, "4 to change"),
        "apply": cell(3, "drifted", "0 writes"),
        "verify": cell(3, "4 drifted"),
        "verify after the cancellation": NO_GO,
        "audit of a verified run": NO_GO,
        "run with approval": GO,
        "plan again, apply, verify": GO,
        "status": cell(0, "drifted 4"),
    },
    "all_gone": {
        "plan": cell(0, "changes nobody"),
        "apply": cell(3, "gone", "0 writes"),
        "verify": cell(3, "4 gone"),
        "verify after the cancellation": NO_GO,
        "audit of a verified run": NO_GO,
        "run with approval": NO_GO,
        "plan again, apply, verify": NO_GO,
        "status": cell(0, "gone 4"),
    },
    "nobody_left": {
        "plan": cell(0, "changes nobody"),
        "apply": NOTHING_LEFT,
        "verify": cell(0, "GO", "4 gone"),
        "verify after the cancellation": NO_GO,
        "audit of a verified run": GO,
        "undo": cell(0, "no longer exist"),
        "run with approval": GO,
        "plan again, apply, verify": GO,
        "status": cell(0, "applied 4"),
    },
    "nobody_holds": {
        "plan": cell(0, "changes nobody"),
        "apply": cell(3, "drifted", "0 writes"),
        "verify": cell(3, "4 drifted"),
        "verify after the cancellation": NO_GO,
        "audit of a verified run": NO_GO,
        "run with approval": cell(3, "4 drifted"),
        "plan again, apply, verify": GO,
    },
    "nobody_ever": {
        "plan": cell(0, "changes nobody"),
        "apply": NOTHING_LEFT,
        "verify": GO,
        "verify after the cancellation": NO_GO,
        "audit of a verified run": GO,
        "run with approval": GO,
        "plan again, apply, verify": GO,
        "explain": cell(2, "has no user"),
    },
    "verified": {
        "plan": cell(0, "changes nobody"),
        "apply": NOTHING_LEFT,
        "verify": cell(0, "4 moved"),
        "verify after the cancellation": NO_GO,
        "report": DONE,
        "audit": GO,
        "audit of a verified run": GO,
        "undo": cell(0, "4 to change"),
        "run with approval": GO,
        "plan again, apply, verify": GO,
        "status": cell(0, "verdict: GO"),
    },
    "undone": {
        "plan": cell(0, "4 to change"),
        "apply": cell(0, "undo", "0 writes"),
        "verify": cell(3, "4 drifted"),
        "verify after the cancellation": NO_GO,
        "audit of a verified run": NO_GO,
        "undo": cell(0, "changes nobody"),
        "run": cell(4, "undo"),
        "run with approval": cell(4, "undo"),
        "plan again, apply, verify": GO,
    },
    "the_undo": {
        "plan": cell(0, "4 to change"),
        "apply": NOTHING_LEFT,
        "verify": cell(0, "GO", "restored"),
        "verify after the cancellation": cell(0, "GO", "restored"),
        "audit of a verified run": GO,
        "undo": cell(0, "4 to change"),
        "add-ons of a verified run": cell(2, "no swap"),
        "run": cell(4, "undo"),
        "run with approval": cell(4, "undo"),
        "plan again, apply, verify": GO,
    },
    "undone_and_planned_again": {
        "plan": cell(0, "4 to change"),
        "apply": cell(0, "4 writes"),
        "verify": cell(3, "4 pending"),
        "verify after the cancellation": NO_GO,
        "audit of a verified run": NO_GO,
        "run": cell(4, "undo"),
        "run with approval": cell(4, "undo"),
        "plan again, apply, verify": GO,
        "status": cell(0, "not begun"),
    },
}
EXPECTED |= {f"old_{state}": EXPECTED[state] for state in ("planned", "partly_applied", "verified")}
EXPECTED["old_verified"] = {**EXPECTED["old_verified"], "audit": cell(0, "GO", "version 0.1.0")}


@pytest.fixture
def reseat(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """The command line, in this process."""
    monkeypatch.setenv("RESEAT_ADDONS__INCLUDED_IN_TARGET", "remove")
    return CommandLine(monkeypatch, capsys)


@pytest.fixture(scope="module")
def made() -> dict[str, Place]:
    """The states that were made so far, by name."""
    return {}


@pytest.fixture
def place(
    request: pytest.FixtureRequest,
    reseat: CommandLine,
    made: dict[str, Place],
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Place:
    """A copy of the state that the test names."""
    name = request.param
    if name not in made:
        made[name] = STATES[name](Maker(reseat), tmp_path_factory.mktemp("state") / "place")
    return made[name].copied(tmp_path / "place")


@pytest.mark.table(2)
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("place", STATES, indirect=True)
def test_every_command_in_every_state_has_its_code_and_true_words(
    place: Place, command: str, reseat: CommandLine, request: pytest.FixtureRequest
) -> None:
    """No command ends with 1 or a trace; the last one of the cell has the code and the words that are expected."""
    state = request.node.callspec.params["place"]
    expected = whole(state)[command]
    for said in every(reseat, place, COMMANDS[command]):
        assert said.code != 1, said
        assert "Traceback" not in said.err, said

    assert expected.code == said.code, said
    assert [] == told(said, expected.says), said


def every(reseat: CommandLine, place: Place, commands: tuple[tuple[str, ...], ...]) -> Iterator[Said]:
    """Call the commands one after the other; NEWEST is the newest run, FOLDER the run's folder."""
    runs = place.folder / "runs"
    for argv in commands:
        newest = max(runs.glob("*/plan.json"), key=lambda p: p.stat().st_mtime_ns, default=None)
        meant = {"PLAN": place.run, "NEWEST": newest.parent.name if newest else "", "FOLDER": str(runs / place.run)}
        yield reseat(place, *(meant.get(a, a) for a in argv), config=argv[0] != "audit")


def whole(state: str) -> Mapping[str, Cell]:
    """What is expected of every command; that a run was verified before a new plan changes nothing about the plan."""
    expected = {**USUAL, **EXPECTED[state]}
    return {"verified, planned again, verified": expected["plan again, apply, verify"], **expected}


def test_the_table_is_whole() -> None:
    """Every state has an expectation for every command."""
    assert [] == [(s, c) for s in STATES for c in COMMANDS if c not in whole(s)]
    assert [] == [(s, c) for s, cells in EXPECTED.items() for c in cells if c not in COMMANDS]


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff\xfe\0", b'{"incidents": 3}'])
@pytest.mark.parametrize("name", ["reconciliation.json", "users.csv"])
@pytest.mark.parametrize("place", ["all_in_error"], indirect=True)
def test_a_damaged_report_of_another_run_hides_nobody(
    place: Place, name: str, content: bytes, reseat: CommandLine
) -> None:
    """Whoever an earlier run left without a license is named, also where that run's own report cannot be read."""
    assert reseat(place, "verify", place.run).code == 5
    (place.folder / "runs" / place.run / name).write_bytes(content)
    *_, said = every(reseat, place, (("plan",), APPLY_NEWEST, ("verify", "NEWEST")))

    assert said.code == 3, said
    assert told(said, ["4 users have neither"]) == [], said


def of_format(place: Place, version: str) -> RunDir:
    """Say in plan.json that its format is another one, and digest the whole folder anew, as its maker would."""
    run = RunDir(place.folder / "runs" / place.run)
    header = {**orjson.loads(run.read("plan.json")), "format_version": version}
    run.write("plan.json", json_bytes({**header, "digest": header_digest(header)}))
    if run.has(MANIFEST):
        sealed = orjson.loads(run.read(MANIFEST))
        sealed["files"]["plan.json"] = sha256(run.read("plan.json"))
        run.write(MANIFEST, json_bytes(sealed))
        digest = sha256(run.read(MANIFEST))
        run.write(DIGEST, f"{digest}  {MANIFEST}\n".encode())
        run.write(SUMS, sums(run, sealed["files"], digest))
    return run


READING = ("apply", "verify", "report", "audit", "undo", "add-ons of the run", "status", "explain")


@pytest.mark.parametrize("command", READING)
@pytest.mark.parametrize("place", ["verified"], indirect=True)
def test_a_plan_of_another_format_is_told_as_that(place: Place, command: str, reseat: CommandLine) -> None:
    """10 from every command that reads a plan: the file, its version, the version that is known, and what to do."""
    of_format(place, "2.0")
    argv = (("plan", "--addons-of", "PLAN"),) if command == "add-ons of the run" else COMMANDS[command]

    [said] = every(reseat, place, argv)

    assert said.code == 10, said
    says = ["plan.json has the format version 2.0", "this version of reseat reads 1.0", "Nothing was sent. Use the"]
    assert [] == told(said, says), said


@pytest.mark.parametrize("place", ["verified"], indirect=True)
def test_a_format_with_keys_more_is_read(place: Place, reseat: CommandLine) -> None:
    """The same number before the point: what this version has no name for is passed over, and stays in the digest."""
    run = of_format(place, "1.7")
    header = orjson.loads(run.read("plan.json"))
    run.write("plan.json", json_bytes({**header, "digest": header_digest({**header, "later": [1]}), "later": [1]}))

    assert load_plan(run).digest == header_digest(orjson.loads(run.read("plan.json")))


@pytest.mark.parametrize("place", ["verified"], indirect=True)
def test_a_run_of_another_format_beside_it_is_told_with_its_version(place: Place, reseat: CommandLine) -> None:
    """What it did cannot be read, so a plan made since is not carried out; who knows the version knows what to do."""
    of_format(place, "2.0")
    everybody(place, licensed(OLD))

    *_, said = every(reseat, place, (("plan",), APPLY_NEWEST))

    assert (said.code, told(said, ["cannot be read (its plan has the format version 2.0)"])) == (10, []), said


@pytest.mark.parametrize("place", ["verified"], indirect=True)
def test_an_audit_takes_a_version_that_somebody_wrote_in_for_an_alteration(place: Place, reseat: CommandLine) -> None:
    """The folder was sealed with another plan.json: 5, as for any changed byte."""
    run = RunDir(place.folder / "runs" / place.run)
    run.write("plan.json", run.read("plan.json").replace(b'"format_version": "1.0"', b'"format_version": "9.0"'))

    [said] = every(reseat, place, COMMANDS["audit"])

    assert (said.code, told(said, ["ALTERED: plan.json was altered"])) == (5, []), said
