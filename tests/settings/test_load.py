"""reseat.toml becomes one value that is complete, and its frozen part survives the way through a plan."""

# Assertions read expected == actual.

from __future__ import annotations

import hashlib
import json
import tomllib
from datetime import time
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from jobs.settings.load import Effective, load_settings
from jobs.settings.model import Settings
from jobs.settings.values import Window

TENANT = "1f0a9b3c-2d4e-4f60-8a7b-9c0d1e2f3a4b"
SMALLEST = f"""[tenant]
id = "{TENANT}"

[source]
skus = ["ENTERPRISEWITHSCAL"]
"""
SAMPLE = Path(str(files("sample_data") / "reseat.toml"))


def load(folder: Path, text: str = SMALLEST, **variables: str) -> Effective:
    """Write the text as reseat.toml and read it back."""
    path = folder / "reseat.toml"
    path.write_text(text, encoding="utf-8")
    return load_settings(path, variables)


def test_the_smallest_file_gets_every_default(tmp_path: Path) -> None:
    """Two keys are enough; everything else has the documented default."""
    settings = load(tmp_path).settings

    assert json.loads(settings.model_dump_json(by_alias=True)) == {
        "tenant": {"id": TENANT, "cloud": "global", "credential": "environment", "graph_url": ""},
        "source": {"skus": ["ENTERPRISEWITHSCAL"]},
        "scope": {"from": "graph", "roster": "", "protected": [], "disabled_accounts": "move", "guests": "hold"},
        "swap": [],
        "plans": {"carry_over": True, "new_in_target": "enable", "lost_services": "hold"},
        "addons": {"included_in_target": "keep"},
        "groups": {
            "swap": [],
            "members_with_losses": "refuse",
            "outside_scope": "refuse",
            "reprocess_errors": False,
            "processing_hours_max": 24,
        },
        "limits": {
            "users_changed_max": 1000,
            "users_changed_percent_max": 100,
            "refusals_percent_max": 5,
            "snapshot_age_minutes_max": 1440,
            "seats_reserve": 0,
            "count_warning_units": False,
            "allow_trial": False,
            "allow_cross_family": False,
            "accept_unprovisioned": [],
        },
        "pace": {
            "writes_per_150_s": 3000,
            "quota_share": 0.9,
            "wait_minutes_max": 60,
            "batches_in_flight_max": 8,
            "window": "",
            "time_zone": "UTC",
            "stop_after": "",
        },
        "wave": [],
        "declare": {"by": "", "purchase_channel": "", "billing_agreement": "", "nonprofit": False, "addons": {}},
        "prices": {"currency": "EUR"},
        "usage_location": {"write_from_roster": False},
        "verify": {"scans_agree": 2, "seconds_between_scans": 60, "settle_minutes_max": 60},
        "wait": {"deadline_business_days": 2, "holidays": []},
        "run": {
            "directory": "runs",
            "language": "en",
            "notify_url": "",
            "signing_key": "",
            "pseudonymise": False,
        },
    }


def test_the_sample_names_every_key_with_its_default() -> None:
    """The commented example is complete, can be read, and holds the defaults outside its rules and waves."""
    written = tomllib.loads(SAMPLE.read_text(encoding="utf-8"))
    defaults = json.loads(load_settings(SAMPLE, {}).settings.model_dump_json(by_alias=True))

    assert list(defaults) == list(written)
    assert {name: list(defaults[name]) for name in defaults if name not in {"swap", "wave"}} == {
        name: list(written[name]) for name in written if name not in {"swap", "wave"}
    }
    bare = Settings.model_validate({"tenant": written["tenant"], "source": written["source"]})
    assert json.loads(bare.model_dump_json(by_alias=True)) == {**written, "swap": [], "wave": []}


def test_every_key_of_the_sample_is_explained_on_its_line() -> None:
    """A line that sets a key ends in a comment."""
    lines = SAMPLE.read_text(encoding="utf-8").splitlines()

    assert [] == [line for line in lines if " = " in line and not line.startswith("#") and " # " not in line]


def test_rules_and_waves_keep_their_order_and_their_meaning(tmp_path: Path) -> None:
    """Targets and conditions may be one text or a list, and a rule without a name is called by its place."""
    text = (
        SMALLEST
        + """
[[swap]]
name = "voice"
to = ["SPE_E5", "MCOEV"]
where = { department = "Sales", usage_location = ["NL", "be"], account_enabled = "yes", holds = ["MCOEV"] }
[[swap]]
to = "leave"
where = { member_of = ["0AC5E0D2-6B7F-4B0B-9D5A-1C2D3E4F5A6B"] }
[[wave]]
name = "pilot"
users = 50
[[wave]]
name = "rest"
users = "12.5%"
then = "continue"
"""
    )
    settings = load(tmp_path, text).settings

    assert [
        ("voice", ("SPE_E5", "MCOEV")),
        ("swap 2", ("leave",)),
    ] == [(rule.name, rule.to) for rule in settings.swap]
    assert [
        {
            "department": ("Sales",),
            "usage_location": ("NL", "be"),
            "account_enabled": ("yes",),
            "holds": ("MCOEV",),
        },
        {"member_of": ("0ac5e0d2-6b7f-4b0b-9d5a-1c2d3e4f5a6b",)},
    ] == [rule.where.conditions() for rule in settings.swap]
    assert [("pilot", 50, "stop"), ("rest", "12.5%", "continue")] == [
        (wave.name, wave.users, wave.then) for wave in settings.wave
    ]


def test_paths_lie_beside_the_file(tmp_path: Path) -> None:
    """Relative paths mean the folder of the file whatever the current folder is, and no path means none."""
    effective = load(tmp_path, SMALLEST + '[scope]\nroster = "in/users.csv"\n')

    assert (tmp_path / "in" / "users.csv",) == effective.roster_paths
    assert tmp_path / "runs" == effective.runs_path
    assert None is effective.signing_key_path


def test_a_roster_may_be_several_files_each_beside_the_settings(tmp_path: Path) -> None:
    """CSV and workbooks mixed, in their order; an absolute path stays one."""
    effective = load(tmp_path, SMALLEST + '[scope]\nfrom = "csv"\nroster = ["in/a.csv", "/srv/b.xlsx"]\n')

    assert (tmp_path / "in" / "a.csv", Path("/srv/b.xlsx")) == effective.roster_paths
    assert ("scope.roster", '["in/a.csv", "/srv/b.xlsx"]', "reseat.toml line 8") in effective.rows()


def test_a_list_of_one_roster_is_that_roster(tmp_path: Path) -> None:
    """The frozen settings are the same, so that the plan and the run to be resumed are."""
    one = load(tmp_path, SMALLEST + '[scope]\nroster = "users.csv"\n').settings.frozen_part()

    assert "users.csv" == one["scope"]["roster"]
    assert one == load(tmp_path, SMALLEST + '[scope]\nroster = ["users.csv"]\n').settings.frozen_part()


def test_no_roster_is_no_path(tmp_path: Path) -> None:
    assert () == load(tmp_path).roster_paths


def test_a_windows_path_in_single_quotes_arrives_unaltered(tmp_path: Path) -> None:
    """Backslashes mean themselves there."""
    effective = load(tmp_path, SMALLEST + "[run]\ndirectory = 'D:\\moves\\new runs'\n")

    assert "D:\\moves\\new runs" == effective.settings.run.directory


def test_a_byte_order_mark_does_no_harm_and_the_digest_is_that_of_the_bytes(tmp_path: Path) -> None:
    """Notepad writes the mark; the digest covers it like any other byte."""
    path = tmp_path / "reseat.toml"
    content = b"\xef\xbb\xbf" + SMALLEST.replace("\n", "\r\n").encode()
    path.write_bytes(content)

    effective = load_settings(path, {})

    assert hashlib.sha256(content).hexdigest() == effective.sha256
    assert "reseat.toml line 5" == effective.origins["source.skus"]


def test_the_file_in_the_current_folder_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without -c the file is ./reseat.toml."""
    load(tmp_path)
    monkeypatch.chdir(tmp_path)

    assert Path("reseat.toml") == load_settings(None, {}).path


def test_a_plan_freezes_what_decides_with_every_default(tmp_path: Path) -> None:
    """The sections stand in the order of the file, a rule with its name and its own conditions alone."""
    text = (
        SMALLEST + '[[swap]]\nto = ["A"]\nwhere = { country = "NL" }\n[[wave]]\nname = "p"\n[scope]\nroster = "u.csv"\n'
    )

    frozen = load(tmp_path, text).settings.frozen_part()

    assert ["source", "scope", "swap", "plans", "addons", "groups", "wave", "usage_location"] == list(frozen)
    assert [{"name": "swap 1", "to": ["A"], "where": {"country": ["NL"]}}] == frozen["swap"]
    assert [{"name": "p", "users": None, "groups": [], "then": "stop"}] == frozen["wave"]


def test_the_hours_and_the_end_of_a_run_are_read_from_their_texts(tmp_path: Path) -> None:
    """Without a text there is no limit."""
    pace = load(
        tmp_path, SMALLEST + '[pace]\nwindow = "20:00-05:30"\ntime_zone = "Europe/Amsterdam"\nstop_after = "1h30m"\n'
    ).settings.pace
    free = load(tmp_path).settings.pace

    assert (Window(time(20), time(5, 30), ZoneInfo("Europe/Amsterdam")), 5400) == (pace.hours, pace.stop_after_seconds)
    assert (None, None) == (free.hours, free.stop_after_seconds)
