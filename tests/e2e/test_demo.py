"""`reseat demo`: the whole job on one machine, with nothing but the installed package."""

from __future__ import annotations

import json
import os
import signal
from importlib.resources import files

import pytest
from worlds.loopback.rig import Rig

pytestmark = pytest.mark.socket

ALONE = {
    "AZURE_TENANT_ID": None, "AZURE_CLIENT_ID": None, "AZURE_CLIENT_SECRET": None,
    "HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9",
}  # fmt: skip
"""No credential, and a proxy that leads nowhere: the demo needs neither."""


def test_the_demo_ends_with_no_go_and_says_where_the_report_is(rig: Rig) -> None:
    """3, a report that names people, and a folder that a later command and an audit can read."""
    done = rig.run("demo", environ=ALONE)

    assert 3 == done.code, done.out + done.err
    folder = next((rig.folder / "reseat-demo" / "runs").glob("p*"))
    assert str(folder.relative_to(rig.folder) / "report.html") in done.out
    assert "Next: open " in done.out
    assert "reseat plan" not in done.out.partition("Run ended")[2], "its tenant is gone"
    found = json.loads((folder / "reconciliation.json").read_bytes())
    totals = found["totals"]
    parts = set(totals) - {"in_scope", "rejected_rows", "roster_rows"}
    assert ("NO-GO", 3, totals["in_scope"]) == (
        found["verdict"], found["exit_code"], sum(totals[part] for part in parts),
    )  # fmt: skip
    assert [row["unexplained"] for row in found["ledger"]] == [0] * len(found["ledger"])
    assert {
        "LIC-Office365-E4-Commercial": ("swap", "", "settled", 5),
        "LIC-Office365-E4": ("hold", "members_differ", "", 0),
        "LIC-Office365-E4-onboarding": ("left", "", "", 0),
    } == {g["name"]: (g["decision"], g["reason"], g["state"], g["members"]["moved"]) for g in found["groups"]}
    assert 5 == totals["moved_by_group"]
    assert 3 == rig.run("audit", folder).code
    assert 0 == rig.run("status", "--runs", folder.parent).code
    assert 0 == rig.run("report", folder).code


@pytest.mark.thorough
def test_the_demo_again_elsewhere_as_json(rig: Rig) -> None:
    """One ASCII document; nothing of an earlier demo is needed or in the way."""
    for place in ("two words/ünïcode ☂",) * 2:
        done = rig.run("demo", "--directory", place, "--json", environ=ALONE)
        assert (3, 3, "NO-GO") == (done.code, done.json["exit_code"], done.json["reconciliation"]["verdict"]), done.err
        assert (rig.folder / done.json["folder"] / "report.html").is_file()


@pytest.mark.thorough
def test_the_demo_of_a_generated_tenant(rig: Rig) -> None:
    """The same seed gives the same people."""
    done = rig.run("demo", "--users", 300, "--seed", 7, "--json", environ=ALONE)
    assert 3 == done.code, done.err
    totals = done.json["reconciliation"]["totals"]
    assert (True, 0, 0) == (totals["moved"] > 200, totals["in_doubt"], totals["pending"])


@pytest.mark.thorough
@pytest.mark.skipif(os.name == "nt", reason="signals of other processes are for POSIX")
def test_a_rehearsal_against_the_served_tenant(rig: Rig) -> None:
    """`reseat sandbox` says where it answers; the other commands meet it there with their own credential's name."""
    sample = files("sample_data")
    (rig.folder / "tenant.json").write_bytes(sample.joinpath("tenant.json").read_bytes())
    served = rig.start("sandbox", "--tenant", "tenant.json", "--port", 0, environ=ALONE)
    assert served.stdout is not None
    url = served.stdout.readline().decode().split()[0]
    organization = json.loads((rig.folder / "tenant.json").read_bytes())["organization"]["id"]
    rig.configure(
        f'[tenant]\nid = "{organization}"\ncredential = "sandbox"\ngraph_url = "{url}"\n'
        '[source]\nskus = ["ENTERPRISEWITHSCAL"]\n[[swap]]\nto = ["SPE_E3"]\n[verify]\nseconds_between_scans = 0\n'
    )
    done = rig.run("run", "--approve", organization, "--json", environ=ALONE)
    assert (3, "NO-GO") == (done.code, done.json["reconciliation"]["verdict"]), done.err
    served.send_signal(signal.SIGINT)
    assert (0, "") == ((end := rig.end(served)).code, end.err)
