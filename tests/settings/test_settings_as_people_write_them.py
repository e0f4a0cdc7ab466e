"""Settings as people write them: what means nothing, or not yet, ends with 2 and says what to write instead."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from worlds.in_process import CommandLine, told
from worlds.small_tenant import EVERYONE, HEAD, NEW, person, place

FIRST_LINE = HEAD.count("\n") + 1
"""The line of reseat.toml on which the text of a test begins."""

INVISIBLE = "invisible character or an unusual space"

# What is written below the sections that every file has, the line that is at fault, and what is said.
WRITTEN: Mapping[str, tuple[str, int, tuple[str, ...]]] = {
    "smart quotes": ("roster = \u201cusers.csv\u201d", 2, ("U+201C", "a quote of a word processor", "straight quotes")),
    "single smart quotes": ("protected = [\u2018ada\u2019]", 2, ("U+2018", "straight quotes")),
    "low quotes": ("roster = \u201eusers.csv\u201c", 2, ("U+201E", "straight quotes")),
    "guillemets": ("roster = \u00abusers.csv\u00bb", 2, ("U+00AB", "straight quotes")),
    "a smart quote at the end only": ('roster = "users.csv\u201d', 2, ("U+201D", "straight quotes")),
    "a smart quote at the end of a list": ("protected = ['ada\u2019]\n[limits]\nseats_reserve = 1", 2, ("U+2019",)),
    "a no-break space before the sign": (
        'roster\u00a0= "users.csv"',
        2,
        ("U+00A0", INVISIBLE, "type the line"),
    ),
    "a no-break space behind the sign": (
        'roster =\u00a0"users.csv"',
        2,
        ("U+00A0", INVISIBLE),
    ),
    "a zero width space": ('roster =\u200b "users.csv"', 2, ("U+200B", INVISIBLE)),
    "a byte order mark inside": (
        '\ufeffroster = "users.csv"',
        2,
        ("U+FEFF", INVISIBLE),
    ),
    "a dash for a minus": ("guests = 1 \u2013 2", 2, ("U+2013", "outside quotes")),
    "a Windows path": ('roster = "C:\\Users\\ada.csv"', 2, ("A Windows path goes in single quotes",)),
    "a Windows path with a tab": ('roster = "C:\\temp\\new.csv"', 2, ("[scope] roster holds a tab", "single quotes")),
    "a tab in a path": ('roster = "C:\\temp"', 2, ("[scope] roster holds a tab", "single quotes")),
    "True": ("roster = True", 2, ("roster: write true or false in small letters",)),
    "yes": ("roster = yes", 2, ("roster: write true or false, or a string in quotes",)),
    "a text without quotes": ("roster = users.csv", 2, ("roster: a string needs quotes",)),
    "no value": ("roster =", 2, ("roster: give it a value",)),
    "a colon": ('roster: "users.csv"', 2, ("Write roster = and the value",)),
    "a decimal comma": ("roster = 0,9", 2, ("roster: write the number with a decimal point",)),
    "a semicolon behind": ('roster = "users.csv";', 2, ("remove what follows the string in quotes",)),
    "a comment of another language": ("// roster", 2, ("A comment begins with #",)),
    "a key twice": ('roster = "a.csv"\nroster = "b.csv"', 3, ("keep one of the two",)),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_what_is_no_toml_is_told_by_its_sign(name: str, tmp_path: Path, reseat: CommandLine) -> None:
    """The line is named, and the sign or the word that has to change; the value is not repeated."""
    text, line, says = WRITTEN[name]
    said = reseat(place(tmp_path, [person("ada")], f"[scope]\n{text}\n"), "plan")

    assert (2, []) == (said.code, told(said, [f"reseat.toml line {FIRST_LINE + line - 1}", *says]))
    assert "users.csv" not in said.words


ZONES = {
    "CEST": ('"CEST" is the abbreviation of a summer time', '"Europe/Berlin"'),
    "EDT": ("is the abbreviation of a summer time", '"America/New_York"'),
    "AEST": ("is an abbreviation and names no place", '"Australia/Sydney"'),
    "PST": ("is an abbreviation and names no place", '"America/Los_Angeles"'),
    "W. Europe Standard Time": ("is the name that Windows gives", 'write "Europe/Berlin"'),
    "w. europe daylight time": ("is the name that Windows gives", 'write "Europe/Berlin"'),
    "Eastern Standard Time": ("is the name that Windows gives", 'write "America/New_York"'),
    "India Standard Time": ("is the name that Windows gives", 'write "Asia/Calcutta"'),
    "UTC+1": ("is an offset", "name a place"),
    "+02:00": ("is an offset", "name a place"),
    "Amsterdam": ('such as "Europe/Amsterdam"',),
    "new york": ('such as "America/New_York"',),
    "europe/amsterdam": ('such as "Europe/Amsterdam"',),
    "Europe/Amstrdam": ('such as "Europe/Amsterdam"',),
}


@pytest.mark.parametrize("zone", ZONES)
def test_a_time_zone_of_another_kind_is_told_by_its_kind(zone: str, tmp_path: Path, reseat: CommandLine) -> None:
    """Abbreviations, Windows names, offsets and cities each lead to a place that IANA knows."""
    said = reseat(place(tmp_path, [person("ada")], f'[pace]\ntime_zone = "{zone}"\n'), "plan")

    assert (2, []) == (said.code, told(said, [f"line {FIRST_LINE + 1}", *ZONES[zone]]))
    assert 'such as "EST"' not in said.words


VARIABLES = {
    "RESEAT_LIMITS_USERS_CHANGED_MAX": "RESEAT_LIMITS__USERS_CHANGED_MAX",
    "RESEAT_LIMITS_USERS_CHANGED_MAXX": "RESEAT_LIMITS__USERS_CHANGED_MAX",
    "RESEAT_USERS_CHANGED_MAX": "RESEAT_LIMITS__USERS_CHANGED_MAX",
    "RESEAT_SCOPE_PROTECTED": "RESEAT_SCOPE__PROTECTED",
    "RESEAT_PROTECTED": "RESEAT_SCOPE__PROTECTED",
    "RESEAT_TENANT_ID": "RESEAT_TENANT__ID",
    "RESEAT_SWAPS": "RESEAT_SWAP",
    "RESEAT_LANGUAGE": "RESEAT_RUN__LANGUAGE",
    "reseat_limits__users_changed_max": "RESEAT_LIMITS__USERS_CHANGED_MAX",
    "RESEAT_limits__users_changed_max": "RESEAT_LIMITS__USERS_CHANGED_MAX",
}


@pytest.mark.parametrize("name", VARIABLES)
def test_a_variable_that_sets_nothing_is_an_error(
    name: str, tmp_path: Path, reseat: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A limit that is not set although somebody set it is the worst of settings."""
    monkeypatch.setenv(name, "1")
    said = reseat(place(tmp_path, [person("ada")], EVERYONE), "plan")

    assert (2, []) == (said.code, told(said, [f"{name}: sets nothing", f"did you mean {VARIABLES[name]}?"]))


def test_a_variable_that_is_like_no_key_says_how_one_looks(
    tmp_path: Path, reseat: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a key that is near, the form of the names is what helps."""
    monkeypatch.setenv("RESEAT_HOME", "/opt")
    said = reseat(place(tmp_path, [person("ada")], EVERYONE), "plan")

    assert (2, []) == (said.code, told(said, ["RESEAT_HOME: sets nothing", "two underscores", "remove it"]))


@pytest.mark.parametrize("name", ["RESEAT_SERVICE_HOST", "RESEAT_SERVICE_PORT_HTTP", "RESEAT_PORT_8080_TCP_ADDR"])
def test_what_kubernetes_sets_for_a_service_is_passed_over(
    name: str, tmp_path: Path, reseat: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service called reseat puts such names into every pod of its namespace."""
    monkeypatch.setenv(name, "10.0.0.1")

    assert reseat(place(tmp_path, [person("ada")], EVERYONE), "plan").code == 0


LATER = {
    "lost_security": ('[plans]\nlost_security = "hold"', "[plans] lost_security"),
    "retry_pairs": ("[plans]\nretry_pairs = []", "[plans] retry_pairs"),
    "notify_format": ('[run]\nnotify_format = "teams"', "[run] notify_format"),
    "approval": ('[run]\napproval = "other-identity"', "[run] approval"),
    "log_format": ('[run]\nlog_format = "json"', "[run] log_format"),
    "a Blob directory": ('[run]\ndirectory = "https://x.blob.core.windows.net/runs"', "[run] directory in a Blob"),
}


@pytest.mark.parametrize("name", LATER)
def test_what_a_later_version_can_do_is_not_available_yet(name: str, tmp_path: Path, reseat: CommandLine) -> None:
    """It is neither ignored nor called a typing error."""
    text, subject = LATER[name]
    at = place(tmp_path, [person("ada")], f"{text}\n{EVERYONE}")
    said = reseat(at, "plan")

    assert (2, []) == (said.code, told(said, ["reseat.toml line", f"{subject}", "not available yet"]))
    assert "has no key" not in said.words


# A key of [declare] addons, and the name that is meant, "" where the key is right.
ADDONS = {"MCOEV": "", "SHAREPOINTSTORAGE": "", NEW: "", "MCOVE": "MCOEV", "mcoev": "MCOEV", "NOPE_X": "no product"}


@pytest.mark.parametrize("command", ["check", "plan"])
@pytest.mark.parametrize("key", ADDONS)
def test_an_add_on_that_is_declared_is_a_product(key: str, command: str, tmp_path: Path, reseat: CommandLine) -> None:
    """A declaration about nothing would leave its gate shut without a word: exit 2 names key and nearest."""
    said = reseat(
        place(tmp_path, [person("ada")], f'{EVERYONE}\n[declare]\naddons = {{ {key} = "standalone" }}\n'), command
    )

    if ADDONS[key]:
        assert (2, []) == (said.code, told(said, ["[declare] addons", f"`{key}`", ADDONS[key]]))
    else:
        assert said.code in (0, 3)
