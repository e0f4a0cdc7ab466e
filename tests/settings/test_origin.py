"""Flag beats variable beats file, and each key knows the flag, the variable or the line that set it."""

# Assertions read expected == actual.

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from jobs.settings.load import Effective, load_settings
from jobs.settings.origin import key_lines

TENANT = "1f0a9b3c-2d4e-4f60-8a7b-9c0d1e2f3a4b"
SMALLEST = f"""[tenant]
id = "{TENANT}"

[source]
skus = ["ENTERPRISEWITHSCAL"]
"""


def load(folder: Path, text: str = SMALLEST, **variables: str) -> Effective:
    """Write the text as reseat.toml and read it back."""
    path = folder / "reseat.toml"
    path.write_text(text, encoding="utf-8")
    return load_settings(path, variables)


def test_a_flag_beats_a_variable_and_a_variable_beats_the_file(tmp_path: Path) -> None:
    """Each key says which of the three it came from, and a key that nobody sets says default."""
    text = SMALLEST + "[limits]\nusers_changed_max = 1\nseats_reserve = 1\nrefusals_percent_max = 1\n"
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    variables = {"RESEAT_LIMITS__SEATS_RESERVE": "2", "RESEAT_LIMITS__REFUSALS_PERCENT_MAX": "2"}
    flags = {"limits.refusals_percent_max": 3, "run.directory": "/evidence", "pace.stop_after": None}

    effective = load_settings(path, variables, flags)

    limits = effective.settings.limits
    assert (1, 2, 3) == (limits.users_changed_max, limits.seats_reserve, limits.refusals_percent_max)
    assert {
        "limits.users_changed_max": "mine.toml line 7",
        "limits.seats_reserve": "RESEAT_LIMITS__SEATS_RESERVE",
        "limits.refusals_percent_max": "flag --refusals-percent-max",
        "run.directory": "flag --runs",
        "pace.stop_after": "default",
        "swap": "default",
    } == {
        key: effective.origins[key]
        for key in (
            "limits.users_changed_max",
            "limits.seats_reserve",
            "limits.refusals_percent_max",
            "run.directory",
            "pace.stop_after",
            "swap",
        )
    }


@pytest.mark.parametrize(
    ("name", "text", "section", "key", "expected"),
    [
        ("RESEAT_PACE__QUOTA_SHARE", "0.5", "pace", "quota_share", 0.5),
        ("RESEAT_PACE__QUOTA_SHARE", "1", "pace", "quota_share", 1.0),
        ("RESEAT_PACE__WINDOW", "20:00-05:00", "pace", "window", "20:00-05:00"),
        ("RESEAT_DECLARE__BY", "12345", "declare", "by", "12345"),
        ("RESEAT_DECLARE__ADDONS", '{ A = "standalone" }', "declare", "addons", {"A": "standalone"}),
        ("RESEAT_SCOPE__GUESTS", "move", "scope", "guests", "move"),
        ("RESEAT_SCOPE__PROTECTED", '["a@b.example", "c"]', "scope", "protected", ("a@b.example", "c")),
        ("RESEAT_PLANS__CARRY_OVER", "false", "plans", "carry_over", False),
        ("RESEAT_PLANS__NEW_IN_TARGET", "disable", "plans", "new_in_target", "disable"),
        ("RESEAT_PLANS__NEW_IN_TARGET", '["TEAMS1"]', "plans", "new_in_target", ("TEAMS1",)),
        ("RESEAT_SCOPE__ROSTER", "users.csv", "scope", "roster", "users.csv"),
        ("RESEAT_SCOPE__ROSTER", "2026-03-01", "scope", "roster", "2026-03-01"),
        ("RESEAT_SCOPE__ROSTER", "C:\\lists\\new.xlsx", "scope", "roster", "C:\\lists\\new.xlsx"),
        ("RESEAT_SCOPE__ROSTER", '["a.csv", "b.xlsx"]', "scope", "roster", ("a.csv", "b.xlsx")),
        ("RESEAT_SCOPE__ROSTER", '["C:\\\\new.csv","b\\u0027s.csv"]', "scope", "roster", ("C:\\new.csv", "b's.csv")),
        ("RESEAT_SCOPE__ROSTER", '["a.csv"]', "scope", "roster", "a.csv"),
        ("RESEAT_SCOPE__ROSTER", "[draft] users.csv", "scope", "roster", "[draft] users.csv"),
        ("RESEAT_WAIT__HOLIDAYS", '["2026-12-25"]', "wait", "holidays", (date(2026, 12, 25),)),
        ("RESEAT_WAIT__HOLIDAYS", "[2026-12-25]", "wait", "holidays", (date(2026, 12, 25),)),
    ],
)
def test_a_variable_is_read_as_its_key_wants_it(
    tmp_path: Path, name: str, text: str, section: str, key: str, expected: object
) -> None:
    """Numbers, truth values, lists and tables are spelled as in TOML; a text needs no quotes."""
    effective = load(tmp_path, **{name: text})

    assert expected == getattr(getattr(effective.settings, section), key)
    assert name == effective.origins[f"{section}.{key}"]


def test_rules_and_waves_can_come_from_variables(tmp_path: Path) -> None:
    """A list of tables is given whole, and replaces the one of the file."""
    text = SMALLEST + '[[swap]]\nto = ["SPE_E3"]\n'
    variables = {"RESEAT_SWAP": '[{ name = "all", to = ["SPE_E5"] }]', "RESEAT_WAVE": '[{ name = "p", users = "5%" }]'}

    effective = load(tmp_path, text, **variables)

    assert [("all", ("SPE_E5",))] == [(rule.name, rule.to) for rule in effective.settings.swap]
    assert [("p", "5%")] == [(wave.name, wave.users) for wave in effective.settings.wave]
    assert ("RESEAT_SWAP", "RESEAT_WAVE") == (effective.origins["swap[1]"], effective.origins["wave[1]"])


def test_other_variables_are_none_of_our_business(tmp_path: Path) -> None:
    """Names of others do not count, nor what Kubernetes sets by itself for a service that is called reseat."""
    effective = load(tmp_path, AZURE_CLIENT_SECRET="hush", LIMITS__SEATS_RESERVE="1", RESEAT_SERVICE_PORT="80")

    assert 0 == effective.settings.limits.seats_reserve


def test_rows_show_each_value_as_the_file_would_and_cut_the_notice_address(tmp_path: Path) -> None:
    """What `check` prints says everything but the part of an address that works as a password."""
    text = SMALLEST + (
        '[[swap]]\nname = "all"\nto = ["SPE_E5"]\n[run]\nnotify_url = "https://hooks.example/services/T0/hush"\n'
    )
    effective = load(tmp_path, text)
    rows = effective.rows()

    assert [
        ("tenant.id", f'"{TENANT}"', "reseat.toml line 2"),
        ("tenant.cloud", '"global"', "default"),
    ] == rows[:2]
    assert ("swap[1]", '{"name": "all", "to": ["SPE_E5"], "where": {}}', "reseat.toml line 6") in rows
    assert ("wave", "[]", "default") in rows
    assert ("run.notify_url", '"https://hooks.example/..."', "reseat.toml line 10") in rows
    assert "hush" not in repr(effective)


def test_lines_are_found_under_dotted_keys_tables_of_lists_and_long_lists() -> None:
    """Strings, comments and the inside of a long list are not taken for keys or tables."""
    text = """tenant.id = "x"  # [limits]
"source".skus = [
  "a = [",
  # key = 1
  ["limits"],
]
[[swap]]
to = ["A"]
[[ swap ]]
where.department = ["x"]
[swap.where]
country = "NL"
[ limits ]
'seats_reserve' = 1
"""

    assert {
        ("tenant",): 1,
        ("tenant", "id"): 1,
        ("source",): 2,
        ("source", "skus"): 2,
        ("swap",): 7,
        ("swap", 0): 7,
        ("swap", 0, "to"): 8,
        ("swap", 1): 9,
        ("swap", 1, "where"): 10,
        ("swap", 1, "where", "department"): 10,
        ("swap", 1, "where", "country"): 12,
        ("limits",): 13,
        ("limits", "seats_reserve"): 14,
    } == key_lines(text)
