"""`reseat apply` around its engine: guards before the first write, resuming, waves, the lines that open and close."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from worlds.applying_place import Place

from connectors.sandbox.api.world import AppIdentity
from connectors.sandbox.trouble.quota import Limit
from jobs.license_reassignment.commands.apply import Applied, apply_plan
from jobs.license_reassignment.commands.shared.parts import Parts
from jobs.license_reassignment.errors import ExitCode, GuardRefused, InputError, NotReady
from jobs.license_reassignment.run_folder.load import load_plan


def test_a_plan_is_carried_out_and_a_second_apply_sends_nothing(tmp_path: Path) -> None:
    """0 both times; the second one does not even sign in."""
    place = Place(tmp_path)
    first = place.apply()
    assert (first.code, first.writes, place.writes) == (ExitCode.DONE, place.changes, place.changes)
    lines = len(place.lines())
    second = place.apply()
    assert (second.code, second.writes, place.writes) == (ExitCode.DONE, 0, place.changes)
    assert second.reason == "nothing left to send: every change was answered, none refused"
    assert len(place.lines()) == lines


def test_a_session_opens_with_what_it_works_by_and_closes_with_what_came_of_it(tmp_path: Path) -> None:
    """An auditor reads who, where, with which seats and settings, and the traffic."""
    place = Place(tmp_path)
    place.apply()
    start, end = place.lines()[0], place.lines()[-1]
    facts = {
        k: start.body[k] for k in ("operator", "host", "tool_version", "torn_bytes_cut", "config_changed", "waves")
    }
    assert facts == {
        "operator": "somebody",
        "host": "somewhere",
        "tool_version": "1.2.3",
        "torn_bytes_cut": 0,
        "config_changed": False,
        "waves": ["all"],
    }
    target = place.tenant.sku_named("SPE_E3").id
    assert start.body["needed_seats"] == {target: place.changes}
    assert (start.kind, end.kind, end.body["code"]) == ("start", "end", 0)
    assert end.body["counts"] == {"applied": place.changes}
    assert end.body["traffic"]["writes"] == place.changes


@pytest.mark.parametrize("name", ["fabrikam.example", "", "c0a70500-0000-4000-8000-00000000ffff"])
def test_another_tenants_name_is_refused_before_anything_is_read(tmp_path: Path, name: str) -> None:
    """The plan says whose it is."""
    place = Place(tmp_path)
    with pytest.raises(GuardRefused, match=r"is not the tenant of plan|is empty, and has to name the tenant of plan"):
        place.apply(tenant=name)
    assert place.lines() == []


def test_another_tenant_behind_the_credential_is_refused(tmp_path: Path) -> None:
    """The name fits, the one who answers does not."""
    place = Place(tmp_path)
    place.tenant.organization = replace(place.tenant.organization, id="c0a70500-0000-4000-8000-00000000ffff")
    with pytest.raises(GuardRefused, match="Signed in to"):
        place.apply()
    assert place.writes == 0


@pytest.mark.parametrize(
    ("limits", "match"),
    [
        ({"users_changed_max": 3}, "users_changed_max is 3"),
        ({"users_changed_percent_max": 1}, "users_changed_percent_max is 1"),
        ({"seats_reserve": 100_000}, "seats are needed"),
    ],
)
def test_limits_are_read_live_and_refuse_before_the_first_write(
    tmp_path: Path, limits: dict[str, int], match: str
) -> None:
    """Lowered after the plan was made."""
    place = Place(tmp_path)
    place.settings = place.settings | {"limits": limits}
    with pytest.raises(GuardRefused, match=match):
        place.apply()
    assert (place.writes, place.lines()) == (0, [])


def test_an_old_snapshot_is_refused_at_the_first_write_only(tmp_path: Path) -> None:
    """A resume never fails on its age, for every user is read again anyway."""
    place = Place(tmp_path)
    place.hour.now += 25 * 3600
    with pytest.raises(GuardRefused, match="minutes old"):
        place.apply()
    place = Place(tmp_path / "second", wave=[{"name": "pilot", "users": 5, "then": "stop"}])
    assert place.apply().code == ExitCode.STOPPED
    place.hour.now += 48 * 3600
    assert place.apply(wave="rest").code == ExitCode.DONE


def test_seats_taken_since_the_plan_refuse_the_start(tmp_path: Path) -> None:
    """10: nobody is sent, for not everybody would fit."""
    place = Place(tmp_path)
    sku = place.tenant.sku_named("SPE_E3")
    sku.enabled = place.tenant.consumed(sku.id) + place.changes - 1
    with pytest.raises(GuardRefused, match=f"{place.changes} seats are needed and {place.changes - 1} are free"):
        place.apply()
    assert place.writes == 0


def test_a_target_that_changed_its_plans_refuses_the_start(tmp_path: Path) -> None:
    """Microsoft added a service: the translation of the plan does not know it."""
    place = Place(tmp_path)
    place.tenant.sku_named("SPE_E3").add_plan("00000000-0000-4000-8000-00000000abcd", "NEW_SERVICE")
    with pytest.raises(GuardRefused, match="has other service plans"):
        place.apply()


def test_a_target_that_is_suspended_is_not_yet_ready(tmp_path: Path) -> None:
    """6, and nothing is sent."""
    place = Place(tmp_path)
    place.tenant.sku_named("SPE_E3").status = "Suspended"
    with pytest.raises(NotReady):
        place.apply()
    assert place.writes == 0


def test_an_unknown_wave_is_told_with_the_known_ones(tmp_path: Path) -> None:
    """2."""
    place = Place(tmp_path, wave=[{"name": "pilot", "users": 5, "then": "stop"}])
    with pytest.raises(InputError, match=r"the waves of plan p[0-9a-f]+ are pilot, rest"):
        place.apply(wave="pilots")


def test_a_wave_that_says_stop_is_passed_only_by_name(tmp_path: Path) -> None:
    """Three calls: the pilot, the same again (nothing), and up to the rest."""
    place = Place(tmp_path, wave=[{"name": "pilot", "users": 5, "then": "stop"}])
    first, again, rest = place.apply(), place.apply(), place.apply(wave="rest")
    assert [a.code for a in (first, again, rest)] == [ExitCode.STOPPED, ExitCode.STOPPED, ExitCode.DONE]
    assert [a.writes for a in (first, again, rest)] == [5, 0, place.changes - 5]
    assert "`--wave rest` continues" in first.reason
    assert "`--wave rest` continues" in again.reason


def test_a_name_protected_since_the_plan_is_never_touched(tmp_path: Path) -> None:
    """By principal name, in any case; the others are moved, and no other difference is made up."""
    place = Place(tmp_path)
    rows = load_plan(place.run).decisions
    chosen = rows[rows["kind"] == "change"].iloc[0]
    place.settings = place.settings | {"scope": {"guests": "move", "protected": [str(chosen["name"]).upper()]}}
    applied = place.apply()
    assert place.writes == place.changes - 1
    assert chosen["id"] not in {r.target for r in place.tenant.write_log}
    assert (applied.code, applied.counts["held"]) == (ExitCode.PEOPLE_LEFT, 1)
    assert "1 user protected since the plan was made" in applied.reason
    held = [i for line in place.lines() if line.kind == "settled" for i in line.body["items"]]
    assert [(i["id"], i["verdict"], i["reason"]) for i in held] == [(chosen["id"], "held", "protected")]
    assert place.apply().code == ExitCode.PEOPLE_LEFT
    assert any("is protected since the plan was made" in text for text in place.listener.sentences)
    assert not any("settings file has changed" in text for text in place.listener.sentences)


def test_outside_the_window_nothing_is_begun(tmp_path: Path) -> None:
    """4, without a line in the journal."""
    place = Place(tmp_path)
    place.control = {"stop_after": timedelta(seconds=1e-6)}
    place.flag.set("SIGTERM")
    applied = place.apply()
    assert (applied.code, applied.reason, place.lines()) == (ExitCode.STOPPED, "SIGTERM", [])


def test_a_resumed_session_counts_the_writes_of_the_last_150_seconds(tmp_path: Path) -> None:
    """An intent one second old costs its turns; one of three minutes ago is forgotten."""
    for pause, expected in ((1.0, 5), (180.0, 0)):
        place = Place(tmp_path / f"{pause:g}", wave=[{"name": "pilot", "users": 5, "then": "stop"}])
        place.apply()
        place.hour.now += pause
        counted: list[int] = []

        async def watched(parts: Parts, place: Place = place, counted: list[int] = counted) -> Applied:
            real = parts.tenant.seed_writes
            parts.tenant.seed_writes = lambda times: (counted.append(len(times)), real(times))  # type: ignore[method-assign,assignment,func-returns-value]
            return await apply_plan(parts, place.run, tenant="contoso.example", wave="rest")

        place.call(watched)
        assert counted == [expected]


def test_what_graph_grants_is_learned_kept_and_expected_by_the_next_session(tmp_path: Path) -> None:
    """Five of twenty are throttled; the journal has what was measured, and a resume does not measure it again."""
    place = Place(tmp_path, wave=[{"name": "pilot", "users": 18, "then": "stop"}])
    place.quota.writes = Limit(15, 150.0)
    expected: list[float] = []

    async def watched(parts: Parts) -> Applied:
        parts.tenant.expect_writes = expected.append  # type: ignore[method-assign]
        return await apply_plan(parts, place.run, tenant="contoso.example", wave="rest")

    assert place.apply().code == ExitCode.STOPPED
    learned = [line.body.get("granted_per_150_s") for line in place.lines() if line.kind == "outcome"]
    place.call(watched)

    assert learned[0] == 300  # a tenth of what is documented, for less is never taken for a limit
    assert expected == [learned[-1]]


def test_a_torn_tail_is_cut_and_the_next_session_says_so(tmp_path: Path) -> None:
    """The start line holds the number of bytes."""
    place = Place(tmp_path, wave=[{"name": "pilot", "users": 5, "then": "stop"}])
    place.apply()
    path = place.run.path / "journal.jsonl"
    path.write_bytes(path.read_bytes() + b'{"seq":99,"at"')
    assert place.apply(wave="rest").code == ExitCode.DONE
    assert [line.body["torn_bytes_cut"] for line in place.lines() if line.kind == "start"] == [0, 14]


def test_an_altered_journal_refuses_to_go_on(tmp_path: Path) -> None:
    """10: an applied change turned into a refused one would send it again, or never."""
    place = Place(tmp_path, wave=[{"name": "pilot", "users": 5, "then": "stop"}])
    place.apply()
    path = place.run.path / "journal.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"applied"', b'"refused"', 1))
    with pytest.raises(GuardRefused, match="was altered or damaged"):
        place.apply(wave="rest")
    assert place.writes == 5


def test_a_missing_write_permission_that_the_token_does_not_tell_shows_at_the_first_403(tmp_path: Path) -> None:
    """7, with the permission's name; the answers are journalled, and nobody counts as refused."""
    place = Place(tmp_path)
    place.identity = AppIdentity(permissions=frozenset({"User.Read.All", "Organization.Read.All", "Group.Read.All"}))
    applied = place.apply()
    assert (applied.code, "LicenseAssignment.ReadWrite.All" in applied.reason) == (ExitCode.SIGN_IN, True)
    verdicts = [i["verdict"] for line in place.lines() if line.kind == "outcome" for i in line.body["items"]]
    assert set(verdicts) == {"stop"}
    assert (applied.counts["refused"], applied.counts["pending"]) == (0, place.changes)
