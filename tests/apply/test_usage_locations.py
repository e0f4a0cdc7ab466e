"""A country that is missing comes from the roster, before any license: written down, sent, looked at, told."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import orjson
import pytest
from worlds.rehearsal import Rehearsal, tenant_of

from connectors.sandbox.tenant.model import WriteRecord
from jobs.license_reassignment.errors import ExitCode
from jobs.license_reassignment.run_folder.folder import RunDir
from jobs.license_reassignment.run_folder.journal import Journal

ORGANIZATION = {"id": "c0a70500-0000-4000-8000-000000000001", "name": "Contoso", "domains": ["contoso.example"]}
SETTINGS = """
[tenant]
id = "c0a70500-0000-4000-8000-000000000001"
credential = "sandbox"
graph_url = "http://127.0.0.1:8080/v1.0"
[source]
skus = ["ENTERPRISEWITHSCAL"]
[scope]
roster = "roster.csv"
[[swap]]
name = "everyone"
to = ["ENTERPRISEPACK"]
[verify]
seconds_between_scans = 0
[usage_location]
write_from_roster = {write}
"""
ROSTER = """UPN,usage_location
bo@contoso.example,nl
cy@contoso.example,BE
di@contoso.example,FR
"""


def _rehearsal(folder: Path, *, write: bool = True, **knobs: Any) -> Rehearsal:
    """Ada has a country, Bo and Cy have none, Di has another one than the roster says, Ed has none and no row."""
    folder.mkdir(exist_ok=True)
    (folder / "reseat.toml").write_text(SETTINGS.replace("{write}", str(write).lower()), encoding="utf-8")
    (folder / "roster.csv").write_text(ROSTER, encoding="utf-8")
    places = {"ada": "NL", "bo": None, "cy": None, "di": "DE", "ed": None}
    users = [
        {"upn": f"{n}@contoso.example", "name": n.title(), "location": place, "licenses": ["ENTERPRISEWITHSCAL"]}
        for n, place in places.items()
    ]
    skus = [{"skuPartNumber": n, "enabled": 9} for n in ("ENTERPRISEWITHSCAL", "ENTERPRISEPACK")]
    document = {"organization": ORGANIZATION, "skus": skus, "users": users, "knobs": knobs}
    return Rehearsal(tenant_of(document), folder / "reseat.toml")


def _log(rehearsal: Rehearsal) -> list[tuple[str, str, int]]:
    return [(r.kind, _name(rehearsal, r), r.status) for r in rehearsal.tenant.write_log]


def _name(rehearsal: Rehearsal, record: WriteRecord) -> str:
    user = rehearsal.tenant.user(record.target)
    assert user is not None
    return user.upn.partition("@")[0]


def _place(rehearsal: Rehearsal, name: str) -> str | None:
    user = rehearsal.tenant.user(f"{name}@contoso.example")
    assert user is not None
    return user.location


def _run(rehearsal: Rehearsal) -> RunDir:
    assert rehearsal.run is not None
    return rehearsal.run


def _lines(rehearsal: Rehearsal) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in _run(rehearsal).read("journal.jsonl").splitlines()]


def _decisions(rehearsal: Rehearsal) -> dict[str, tuple[str, str, str]]:
    rows = rehearsal.plan().plan.decisions
    names = rows["name"].str.partition("@")[0]
    columns = (rows[c] for c in ("kind", "reason", "usage_location"))
    return {n: (k, r, u) for n, k, r, u in zip(names, *columns, strict=True)}


def test_without_the_setting_a_missing_country_holds(tmp_path: Path) -> None:
    """The roster's country is then no more than a check of its spelling."""
    held = ("hold", "no_usage_location", "")

    decided = _decisions(_rehearsal(tmp_path, write=False))

    assert decided == {"ada": ("change", "", ""), "di": ("change", "", ""), "bo": held, "cy": held, "ed": held}


def test_the_plan_names_the_country_of_who_has_none(tmp_path: Path) -> None:
    """One that is there is never changed, and nobody's is guessed."""
    assert _decisions(_rehearsal(tmp_path)) == {
        "ada": ("change", "", ""),
        "bo": ("change", "", "NL"),
        "cy": ("change", "", "BE"),
        "di": ("change", "", ""),
        "ed": ("hold", "no_usage_location", ""),
    }


def test_the_plan_tells_of_the_writes_that_come_first(tmp_path: Path) -> None:
    """How many, who for example, and which permission they need."""
    [told] = [r for r in _rehearsal(tmp_path).plan().plan.header.remarks if r.remark == "usage_location_written"]

    assert (told.users, told.sample) == (2, ("bo@contoso.example", "cy@contoso.example"))
    assert "User.ReadWrite.All" in told.sentence


def test_countries_come_before_licenses(tmp_path: Path) -> None:
    """All of them first, each once, each with an intent and an outcome of its own."""
    rehearsal = _rehearsal(tmp_path)
    rehearsal.plan()

    applied = rehearsal.apply()

    assert (applied.code, applied.writes) == (ExitCode.DONE, 6)
    kinds = [kind for kind, _, _ in _log(rehearsal)]
    assert kinds == ["location"] * 2 + ["user"] * 4
    assert {n: _place(rehearsal, n) for n in ("ada", "bo", "cy", "di", "ed")} == {
        "ada": "NL",
        "bo": "NL",
        "cy": "BE",
        "di": "DE",
        "ed": None,
    }
    [intent, outcome] = [line for line in _lines(rehearsal) if line.get("writes") == "usage_location"]
    assert (intent["kind"], outcome["kind"]) == ("intent", "outcome")
    assert sorted(i["usage_location"] for i in intent["items"]) == ["BE", "NL"]
    assert [(i["add"], i["remove"]) for i in intent["items"]] == [([], [])] * 2
    assert {(i["verdict"], i["status"]) for i in outcome["items"]} == {("applied", 204)}


def test_the_report_says_whose_country_was_set(tmp_path: Path) -> None:
    """By us in the table of users; by somebody else among the incidents."""
    rehearsal = _rehearsal(tmp_path)
    rehearsal.plan()
    rehearsal.apply()
    foreign = rehearsal.tenant.user("ed@contoso.example")
    assert foreign is not None
    foreign.location = "SE"

    found = rehearsal.verify()

    said = dict(zip(found.users["user_principal_name"], found.users["usage_location_set"], strict=True))
    assert {n.partition("@")[0]: place for n, place in said.items() if place} == {"bo": "NL", "cy": "BE"}
    told = [(i.subject, i.detail, i.harm) for i in found.incidents if i.kind == "usage_location_changed"]
    assert told == [("ed@contoso.example", "usage location none → SE, not by reseat", False)]
    assert (found.totals.moved, found.totals.held) == (4, 1)


def test_licensing_may_learn_of_a_country_late(tmp_path: Path) -> None:
    """The refusal right after our own write is asked again, and nobody is refused for it."""
    rehearsal = _rehearsal(tmp_path, location_lag_seconds=240.0)
    rehearsal.plan()

    applied = rehearsal.apply()

    assert (applied.code, applied.counts["applied"]) == (ExitCode.DONE, 4)
    assert any(status == 400 for kind, _, status in _log(rehearsal) if kind == "user")


def test_after_ten_minutes_the_refusal_stands(tmp_path: Path) -> None:
    """Nobody waits for ever."""
    rehearsal = _rehearsal(tmp_path, location_lag_seconds=3600.0)
    rehearsal.plan()

    applied = rehearsal.apply()

    assert (applied.code, applied.counts["refused"], applied.counts["applied"]) == (ExitCode.PEOPLE_LEFT, 2, 2)


def test_a_country_that_somebody_else_set_stands(tmp_path: Path) -> None:
    """It is read before the write; the license follows with it."""
    rehearsal = _rehearsal(tmp_path)
    rehearsal.plan()
    bo = rehearsal.tenant.user("bo@contoso.example")
    assert bo is not None
    bo.location = "SE"

    applied = rehearsal.apply()

    assert (applied.code, applied.counts["applied"]) == (ExitCode.DONE, 4)
    assert _place(rehearsal, "bo") == "SE"
    assert ("location", "bo", 200) not in _log(rehearsal)


def test_who_is_refused_a_country_is_asked_no_license(tmp_path: Path) -> None:
    """Graph would refuse that too; the user is told as refused, with Graph's words."""
    rehearsal = _rehearsal(tmp_path)
    rehearsal.plan()
    bo = rehearsal.tenant.user("bo@contoso.example")
    assert bo is not None
    bo.restricted = True

    applied = rehearsal.apply()

    assert (applied.code, applied.counts["refused"], applied.counts["applied"]) == (ExitCode.PEOPLE_LEFT, 1, 3)
    assert [kind for kind, name, _ in _log(rehearsal) if name == "bo" and kind == "user"] == []
    [row] = rehearsal.verify().users.query("user_principal_name == 'bo@contoso.example'").itertuples()
    assert (row.outcome, row.reason, row.usage_location_set) == ("refused", "no_usage_location", "")


@pytest.mark.parametrize("after", range(1, 9))
def test_killed_at_any_line_of_the_journal_the_same_command_ends_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """No country and no license is sent twice, whatever was on its way."""
    rehearsal = _rehearsal(tmp_path)
    rehearsal.plan()
    real, written = Journal.append, 0

    def dying(journal: Journal, *given: Any, **more: Any) -> Any:
        nonlocal written
        written += 1
        if written > after:
            raise KeyboardInterrupt
        return real(journal, *given, **more)

    monkeypatch.setattr(Journal, "append", dying)
    with contextlib.suppress(KeyboardInterrupt):
        rehearsal.apply()
    monkeypatch.setattr(Journal, "append", real)

    applied = rehearsal.apply()

    assert applied.code == ExitCode.DONE
    sent = [(kind, name) for kind, name, status in _log(rehearsal) if status in {200, 204}]
    assert sorted(sent) == sorted(
        [*(("user", n) for n in ("ada", "bo", "cy", "di")), ("location", "bo"), ("location", "cy")]
    )
    assert rehearsal.apply().writes == 0
