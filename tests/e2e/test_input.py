"""Files and names at fault: 2, and the message says where and what to write instead."""

from __future__ import annotations

import pytest
from worlds.loopback.rig import SETTINGS, Rig, tenant

pytestmark = pytest.mark.socket

ROSTERED = SETTINGS.replace("[[swap]]", '[scope]\nroster = "users.csv"\n\n[[swap]]')


def test_no_settings_file_is_2(rig: Rig) -> None:
    """The message says where a commented example is."""
    rig.run("check", "-c", "elsewhere.toml").says(2, "elsewhere.toml", "reseat.toml")


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[verify]", "[verify]\nseconds_between_scan = 1", ("reseat.toml line 13", "seconds_between_scans")),
        ('"direct"', '"direkt"', ("reseat.toml line 18", "purchase_channel", '"direct"')),
        ("[[swap]]", "[[swap]", ("reseat.toml line 8",)),
        ("[tenant]", "[tenant]\nclient_secret = 'x'", ("reseat.toml line 3", "AZURE_CLIENT_SECRET")),
        ("[tenant]", "[tenant]\ngraph_url = 'https://example.com/v1.0'", ("reseat.toml line 3", "graph_url")),
        ("id = ", "idd = ", ("[tenant] id",)),
    ],
)
def test_a_mistake_in_the_settings_is_2(rig: Rig, old: str, new: str, words: tuple[str, ...]) -> None:
    """File, line, key, and what was probably meant."""
    rig.configure(SETTINGS.replace(old, new, 1))
    rig.run("plan").says(2, *words)


def test_a_variable_at_fault_is_2(rig: Rig) -> None:
    """The message names the variable, and what was probably meant."""
    done = rig.run("check", environ={"RESEAT_LIMITS__USERS_CHANGED_MAXX": "3"})
    done.says(2, "RESEAT_LIMITS__USERS_CHANGED_MAXX", "users_changed_max")


def test_an_unknown_product_is_2(rig: Rig) -> None:
    """A source or target that the tenant and the list of products do not know; the nearest name is told."""
    rig.serve(tenant())
    rig.configure(SETTINGS.replace("ENTERPRISEWITHSCAL", "ENTERPRISEWITHSKAL"))
    rig.run("plan").says(2, "ENTERPRISEWITHSKAL", "ENTERPRISEWITHSCAL")
    rig.configure(SETTINGS.replace("ENTERPRISEPACK", "ENTERPRICEPACK"))
    rig.run("check").says(2, "ENTERPRICEPACK", "ENTERPRISEPACK")


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, ("users.csv", "[scope] roster")),
        ("", ("users.csv",)),
        ("name,target\nA,ENTERPRISEPACK\n", ("users.csv", "user_principal_name")),
    ],
)
def test_a_roster_that_cannot_be_used_is_2(rig: Rig, content: str | None, words: tuple[str, ...]) -> None:
    """Missing, empty, or without a column that says who."""
    rig.serve(tenant())
    rig.configure(ROSTERED)
    if content is not None:
        (rig.folder / "users.csv").write_text(content, encoding="utf-8")
    rig.run("plan").says(2, *words)


@pytest.mark.thorough
def test_rejected_rows_stop_the_plan_unless_they_are_skipped(rig: Rig) -> None:
    """Each with its line; skipped, the users they name are held and everybody else is planned."""
    rig.serve(tenant())
    rig.configure(ROSTERED)
    rows = ("UserPrincipalName,target", "user0000@contoso.example,NOPE", "nobody@contoso.example,", "x@other.example,")
    (rig.folder / "users.csv").write_text("\n".join(rows), encoding="utf-8")

    rig.run("plan").says(2, "users.csv, line 2", "NOPE", "line 3", "line 4", "--skip-bad-rows")
    assert not list(rig.folder.glob("runs/p*"))

    plan_id = rig.plan("--skip-bad-rows", code=3)
    rejected = (rig.folder / "runs" / plan_id / "rejected.csv").read_text(encoding="utf-8")
    assert 4 == len(rejected.splitlines())


@pytest.mark.thorough
def test_an_unknown_run_is_2(rig: Rig) -> None:
    """A prefix that fits no run, and a folder that is none."""
    for command in (("status",), ("audit",), ("apply", "--tenant", "x")):
        rig.run(*command, "p0000").says(2, "p0000")


@pytest.mark.thorough
def test_an_unknown_user_is_told(rig: Rig) -> None:
    """`explain` names the run it looked in."""
    rig.serve(tenant())
    plan_id = rig.plan()
    rig.run("explain", plan_id, "nobody@contoso.example").says(2, "nobody@contoso.example")


def test_an_error_is_one_json_document_too(rig: Rig) -> None:
    """A script that asked for JSON gets the code and the message as JSON."""
    done = rig.run("plan", "-c", "elsewhere.toml", "--json")
    assert (2, 2) == (done.code, done.json["exit_code"])
    assert done.json["error"] in done.err
