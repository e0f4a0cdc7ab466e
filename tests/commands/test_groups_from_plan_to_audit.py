"""Licenses of a group through the command line: what each command says of them, and with which exit code it ends."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest
from worlds.in_process import CommandLine, Place, Said, told
from worlds.small_tenant import APPLY, DECLARED, EVERYONE, NEW, OLD, group, group_id, person, place

from connectors.sandbox.api.world import SANDBOX_APP_ID
from connectors.sandbox.licensing.others import happen
from jobs.license_reassignment.errors import ExitCode
from jobs.license_reassignment.run_folder.journal import Journal

SALES, LEGAL, PLAIN = group_id(1), group_id(2), group_id(3)
LICENSING = '\n[groups]\nswap = ["LIC Sales"]\n'
BOTH_GROUPS = '\n[groups]\nswap = ["LIC Sales", "LIC Legal"]\n'
BETTER_FOR_X = '\n[[swap]]\nname = "x"\nto = ["ENTERPRISEPREMIUM"]\nwhere = { department = ["X"] }\n'
DAY_S = 86_400


def through(number: int, **more: object) -> dict[str, object]:
    """The old product by a group."""
    return {"sku": OLD, "group": group_id(number), **more}


class Start(NamedTuple):
    """Makes the tenant of one test, and calls commands in it."""

    folder: Path
    call: CommandLine

    def __call__(self, settings: str = LICENSING, *, sales: Mapping[str, Any] = {}, **more: Any) -> Place:
        """Ada and Bo are in one group, Bo has it directly too; Cy is in another, Di holds it directly."""
        people = [
            person("ada", through(1)),
            person("bo", OLD, through(1)),
            person("cy", through(2)),
            person("di"),
            *more.pop("people", ()),
        ]
        inside = sales.get("members", ("ada", "bo"))
        rest = {key: value for key, value in sales.items() if key != "members"}
        groups = [
            group(1, "LIC Sales", *inside, licenses=[OLD], **rest),
            group(2, "LIC Legal", "cy", licenses=[OLD]),
            group(3, "Everybody", "ada", "bo", "cy", "di"),
            *more.pop("groups", ()),
        ]
        return place(self.folder, people, BETTER_FOR_X + EVERYONE + settings + DECLARED, groups=groups, **more)

    def planned(self, settings: str = LICENSING, **more: Any) -> tuple[Place, Said]:
        """The same, with a plan."""
        here = self(settings, **more)
        said = self.call(here, "plan")
        runs = sorted(p.name for p in (here.folder / "runs").iterdir() if p.name.startswith("p"))
        here.run = runs[-1]
        return here, said

    def apply(self, here: Place, *more: str) -> Said:
        """Apply the plan."""
        return self.call(here, "apply", here.run, *APPLY, *more)


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Start:
    return Start(tmp_path, CommandLine(monkeypatch, capsys))


def rows(here: Place, name: str) -> dict[str, dict[str, str]]:
    """A table of the run by id."""
    with (here.folder / "runs" / here.run / name).open(encoding="utf-8-sig", newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def outcomes(here: Place) -> dict[str, str]:
    """Everybody's outcome by the name before the @."""
    found = rows(here, "users.csv").values()
    return {row["user_principal_name"].partition("@")[0]: row["outcome"] for row in found}


def reconciliation(here: Place) -> dict[str, Any]:
    """What verify found."""
    found: dict[str, Any] = orjson.loads((here.folder / "runs" / here.run / "reconciliation.json").read_bytes())
    return found


def writes(here: Place) -> list[tuple[str, str]]:
    """What we wrote and the tenant took, in order: kind, and whom by name."""
    names = {u.id: u.upn.partition("@")[0] for u in here.tenant.users} | {SALES: "LIC Sales", LEGAL: "LIC Legal"}
    log = here.tenant.write_log
    return [(r.kind, names[r.target]) for r in log if r.actor == SANDBOX_APP_ID and r.status in {200, 202}]


def test_one_write_moves_a_group_and_every_command_says_so(start: Start) -> None:
    """Check, plan, apply, status, verify, explain, report and audit; the group that is not named keeps its member."""
    here = start()
    assert told(start.call(here, "check"), ["LIC Sales", "`plan` decides about it"]) == []
    here, said = start.planned()
    assert (said.code, told(said, ["LIC Sales", "assigned through a group", "Groups are changed by this plan"])) == (
        ExitCode.PEOPLE_LEFT,
        [],
    )
    page = (here.folder / "runs" / here.run / "plan.html").read_text(encoding="utf-8")
    assert "LIC Sales" in page

    applied = start.apply(here)
    assert (applied.code, told(applied, ["1 group"])) == (ExitCode.DONE, [])
    assert writes(here) == [("user", "di"), ("group", "LIC Sales"), ("user", "bo")]
    assert told(start.call(here, "status", here.run), ["group"]) == []

    verified = start.call(here, "verify", here.run)
    assert verified.code == ExitCode.PEOPLE_LEFT, verified.words
    assert outcomes(here) == {"ada": "moved_by_group", "bo": "moved_by_group", "cy": "held", "di": "moved"}
    ledger = {row["sku_part_number"]: row for row in reconciliation(here)["ledger"]}
    assert [(ledger[s]["gained"], ledger[s]["lost"], ledger[s]["foreign"]) for s in (OLD, NEW)] == [
        (0, 3, 0),
        (3, 0, 0),
    ]
    assert {row["unexplained"] for row in ledger.values()} == {0}

    assert start.call(here, "explain", here.run, "ada@contoso.example").code == ExitCode.DONE
    assert start.call(here, "report", here.run).code in {ExitCode.DONE, ExitCode.PEOPLE_LEFT}
    audited = start.call(here, "audit", here.run, config=False)
    assert (audited.code, told(audited, ["intact", "the same verdict"])) == (ExitCode.PEOPLE_LEFT, [])
    assert start.apply(here).code == ExitCode.DONE
    assert len(writes(here)) == 3


def test_explain_tells_the_story_of_members_and_of_the_group(start: Start) -> None:
    """Who changes with a group has no request of their own, and is not told that nothing was sent."""
    here, _ = start.planned()
    start.apply(here)
    start.call(here, "verify", here.run)

    ada = start.call(here, "explain", here.run, "ada@contoso.example")
    assert told(ada, [
        "through group LIC Sales", "Changes with the group LIC Sales", "answer 202", "group LIC Sales is settled",
        "Last read: moved",
    ]) == []  # fmt: skip
    assert "No request was sent" not in ada.words
    bo = start.call(here, "explain", here.run, "bo@contoso.example")
    assert told(bo, ["Once the group is done, in one request of its own: add nothing, remove Office 365 E4"]) == []
    of_group = start.call(here, "explain", here.run, "lic sales")
    assert (
        told(of_group, ["a group with 2 members", "add Office 365 E3, remove Office 365 E4", "Members: 2 moved"]) == []
    )
    assert start.call(here, "explain", here.run, SALES).words == of_group.words


def test_explain_says_why_a_group_stays_and_what_to_do(start: Start) -> None:
    """The reason, its remedy and whom it concerns."""
    here, _ = start.planned(LICENSING + PROTECTED)
    said = start.call(here, "explain", here.run, "LIC Sales")

    assert (
        told(
            said,
            [
                "Stays as it is",
                "members stay as they are",
                "ada@contoso.example",
                "No request was sent for this group.",
            ],
        )
        == []
    )
    unknown = start.call(here, "explain", here.run, "LIC Nobody")
    assert (unknown.code, told(unknown, ["no user LIC Nobody", "and no group of this name"])) == (ExitCode.USAGE, [])


def test_both_groups_swapped_and_the_old_product_may_be_canceled(start: Start) -> None:
    """With every group named nothing of the old product is left: run ends with 0, and GO."""
    here = start(BOTH_GROUPS)
    said = start.call(here, "run", "--approve", "contoso.example")
    here.run = next(p.name for p in (here.folder / "runs").iterdir() if p.name.startswith("p"))
    assert said.code == ExitCode.DONE, said.words
    assert reconciliation(here)["verdict"] == "GO"
    assert set(outcomes(here).values()) == {"moved", "moved_by_group"}


def test_a_group_that_is_done_changes_nothing_so_that_the_same_settings_go_on(start: Start) -> None:
    """The next plan with the same settings says that the group is done."""
    here, _ = start.planned()
    assert start.apply(here).code == ExitCode.DONE
    before = len(writes(here))
    again = start.call(here, "plan")
    assert again.code in {ExitCode.DONE, ExitCode.PEOPLE_LEFT}
    assert told(again, ["LIC Sales"]) == []
    here.run = max(
        (p for p in (here.folder / "runs").iterdir() if p.name.startswith("p")), key=lambda p: p.stat().st_mtime
    ).name
    assert (rows(here, "decisions.csv")[SALES]["kind"], rows(here, "decisions.csv")[SALES]["reason"]) == (
        "hold", "already_on_target",
    )  # fmt: skip
    start.apply(here)
    assert len(writes(here)) == before


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("LIC Sale", "the tenant has no group"),
        (PLAIN, "neither the old product nor a target"),
        ("Everybody", "neither the old product nor a target"),
        ("LIC Twice", "2 groups are called"),
    ],
    ids=["unknown", "carries neither, by its id", "carries neither, by its name", "two of this name"],
)
def test_a_name_that_is_not_one_group_with_the_product_ends_with_2(start: Start, name: str, words: str) -> None:
    """Nothing is planned, and the sentence says what to correct."""
    twice = [group(8, "LIC Twice", licenses=[OLD]), group(9, "LIC Twice", licenses=[OLD])]
    here = start(f'\n[groups]\nswap = ["{name}"]\n', groups=twice)
    said = start.call(here, "plan")
    assert (said.code, told(said, [words, name])) == (ExitCode.USAGE, [])


PROTECTED = '\n[scope]\nprotected = ["ada@contoso.example"]\n'
ROSTER = '\n[scope]\nfrom = "csv"\nroster = "users.csv"\n'
FEW_SEATS = [{"skuPartNumber": part, "enabled": n} for part, n in ((OLD, 50), (NEW, 2), ("ENTERPRISEPREMIUM", 50))]
HELD: dict[str, tuple[str, str, dict[str, Any]]] = {
    "it is no security group": ("not_security_enabled", "", {"sales": {"security": False}}),
    "a guest is inside": ("member_held", "", {"people": [person("eve", through(1), kind="Guest")]}),
    "somebody protected is inside": ("member_held", PROTECTED, {}),
    "one is in another group too": ("member_held", "", {"people": [person("eve", through(1), through(2))]}),
    "one is to get another product": ("members_differ", "", {"people": [person("eve", through(1), department="X")]}),
    "one is not in scope": ("outside_scope", ROSTER, {"roster": "UPN\nada@contoso.example\n"}),
    "there are seats for some only": ("no_seat", "", {"skus": FEW_SEATS}),
}


@pytest.mark.parametrize(("reason", "settings", "more"), HELD.values(), ids=HELD)
def test_a_group_is_held_with_its_reason_and_nothing_is_sent_to_it(
    start: Start, reason: str, settings: str, more: dict[str, Any]
) -> None:
    """The plan says why, its members are held as inherited, and the rest goes on."""
    more = {**more, "sales": {**more.get("sales", {}), "members": ["ada", "bo", *_names(more)]}}
    here, said = start.planned(LICENSING + settings, **more)
    row, own = rows(here, "decisions.csv")[SALES], rows(here, "decisions.csv")
    assert (said.code, row["kind"], row["reason"]) == (ExitCode.PEOPLE_LEFT, "hold", reason), said.words
    assert told(said, ["LIC Sales"]) == []
    ada = here.tenant.user("ada@contoso.example")
    assert ada is not None
    assert own[ada.id]["reason"] in {"inherited", "protected"}

    start.apply(here)
    assert ("group", "LIC Sales") not in writes(here)


def _names(more: dict[str, Any]) -> list[str]:
    return [str(one["upn"]).partition("@")[0] for one in more.get("people", ())]


def test_the_window_closes_while_entra_works_and_the_same_command_looks_again(start: Start) -> None:
    """Exit 4, with how far it is; a day later it ends, and the group was written to once."""
    here, _ = start.planned(LICENSING + '\n[pace]\nstop_after = "5m"\n')
    here.tenant.knobs.group_queue_seconds = 7200.0
    said = start.apply(here)
    assert (said.code, told(said, ["waiting for Entra to process 1 group", "the same command"])) == (
        ExitCode.STOPPED,
        [],
    )
    assert start.call(here, "verify", here.run).code != ExitCode.DONE
    assert outcomes(here)["ada"] == "in_doubt"
    here.seconds += DAY_S
    assert start.apply(here).code == ExitCode.DONE
    assert writes(here) == [("user", "di"), ("group", "LIC Sales"), ("user", "bo")]
    start.call(here, "verify", here.run)
    assert outcomes(here)["ada"] == "moved_by_group"


def test_a_group_that_stands_still_ends_with_4_when_its_hours_are_over(start: Start) -> None:
    """It says which group, and that the same command looks again."""
    here, _ = start.planned(LICENSING.replace("[groups]", "[groups]\nprocessing_hours_max = 1"), sales={"stuck": True})
    said = start.apply(here)
    assert (said.code, told(said, ["LIC Sales", "looks again"])) == (ExitCode.STOPPED, [])
    happen(here.tenant, {"group": SALES, "stuck": False}, here.seconds)
    here.seconds += DAY_S
    assert start.apply(here).code == ExitCode.DONE


@pytest.mark.parametrize("after", range(2, 15, 3))
def test_killed_at_a_line_of_the_journal_and_continued_a_day_later_it_ends_the_same(
    start: Start, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """Nothing is written twice, and the finding is that of a run that nobody killed."""
    here, _ = start.planned(BOTH_GROUPS)
    real, written = Journal.append, 0

    def dying(journal: Journal, *given: Any, **more: Any) -> Any:
        nonlocal written
        written += 1
        if written > after:
            raise KeyboardInterrupt
        return real(journal, *given, **more)

    monkeypatch.setattr(Journal, "append", dying)
    assert start.apply(here).code != ExitCode.DONE or written <= after
    monkeypatch.setattr(Journal, "append", real)
    here.seconds += DAY_S
    assert start.apply(here).code == ExitCode.DONE
    assert sorted(writes(here)) == [("group", "LIC Legal"), ("group", "LIC Sales"), ("user", "bo"), ("user", "di")]
    assert start.call(here, "verify", here.run).code == ExitCode.DONE


def test_a_member_left_without_a_license_is_told_at_once_and_is_5_at_verify(start: Start) -> None:
    """Entra took the old license and could not give the new one: no further group begins, and apply ends with 3."""
    here, _ = start.planned(
        BOTH_GROUPS + '\n[[wave]]\nname = "first"\nusers = 1\ngroups = ["LIC Sales"]\nthen = "continue"\n'
    )
    ada = here.tenant.user("ada@contoso.example")
    assert ada is not None
    here.tenant.on_group[ada.id, here.tenant.sku_named(NEW).id] = ("CountViolation", True)
    said = start.apply(here)
    assert (said.code, told(said, ["1 member has lost the old license", "reseat verify"])) == (ExitCode.PEOPLE_LEFT, [])
    assert ("group", "LIC Legal") not in writes(here)
    verified = start.call(here, "verify", here.run)
    assert verified.code == ExitCode.HARM
    assert outcomes(here)["ada"] == "refused"
    assert any(i["harm"] for i in reconciliation(here)["incidents"])


def test_a_member_who_keeps_the_old_license_in_error_ends_apply_with_3(start: Start) -> None:
    """Nobody is harmed; the error is named, and the rest of the group is moved."""
    here, _ = start.planned()
    ada = here.tenant.user("ada@contoso.example")
    assert ada is not None
    here.tenant.on_group[ada.id, here.tenant.sku_named(NEW).id] = ("CountViolation", False)
    said = start.apply(here)
    assert (said.code, told(said, ["1 member in error", "CountViolation"])) == (ExitCode.PEOPLE_LEFT, [])
    assert start.call(here, "verify", here.run).code == ExitCode.PEOPLE_LEFT
    assert (outcomes(here)["ada"], outcomes(here)["bo"]) == ("refused", "moved_by_group")


@pytest.mark.parametrize(
    "event",
    [{"join": ["di@contoso.example"]}, {"add": ["ENTERPRISEPREMIUM"]}, {"delete": True}],
    ids=["somebody joins", "another admin changes it", "it is deleted"],
)
def test_a_group_that_is_not_as_planned_any_more_is_not_written_to(start: Start, event: dict[str, Any]) -> None:
    """It has drifted or is gone: exit 3, and a new plan decides afresh."""
    here, _ = start.planned()
    happen(here.tenant, {"group": SALES, **event}, here.seconds)
    here.seconds += 600
    said = start.apply(here)
    assert said.code == ExitCode.PEOPLE_LEFT, said.words
    assert ("group", "LIC Sales") not in writes(here)


def test_a_group_of_a_wave_is_changed_in_that_wave_and_waits_before_it(start: Start) -> None:
    """`[[wave]] groups`: after the users of that wave, and the next one needs `--wave`."""
    here, _ = start.planned(BOTH_GROUPS + '\n[[wave]]\nname = "pilot"\nusers = 1\ngroups = ["LIC Legal"]\n')
    said = start.apply(here)
    assert said.code == ExitCode.STOPPED
    assert writes(here) == [("user", "di"), ("group", "LIC Legal")]
    assert start.apply(here, "--wave", "rest").code == ExitCode.DONE
    assert writes(here)[2:] == [("group", "LIC Sales"), ("user", "bo")]
