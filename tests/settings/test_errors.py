"""A mistake in the settings is told with its file, its line, its key and what to write instead."""

# Assertions read expected == actual.

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from jobs.settings.errors import SettingsError
from jobs.settings.load import load_settings

TOP = """[tenant]
id = "1f0a9b3c-2d4e-4f60-8a7b-9c0d1e2f3a4b"
[source]
skus = ["ENTERPRISEWITHSCAL"]
"""


def message_of(folder: Path, text: str, **variables: str) -> str:
    """Write the text as reseat.toml and return what reading it is refused with."""
    path = folder / "reseat.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings(path, variables)
    assert caught.value.exit_code == 2
    return caught.value.message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[scope]\nform = 'csv'", "line 6: [scope] has no key form; did you mean from?"),
        ("[scope]\nusers_changed_max = 5", "line 6: [scope] has no key users_changed_max; it belongs to [limits]."),
        ("[verify]\nzzz = 5", ("line 6: [verify] has no key zzz; valid are scans_agree, seconds_between_scans, "
         "settle_minutes_max.")),
        ("[limit]\nseats_reserve = 1", "line 5: there is no section [limit]; did you mean [limits]?"),
        ("[[swap]]\nto = 'leave'\nwere = {}", "line 7: [[swap]] no. 1 has no key were; did you mean where?"),
        ("[[swap]]\nto = ['A']\n[[swap]]\nto = ['A']\nwhere = { dept = ['x'] }",
         "line 9: [[swap]] no. 2: where has no key dept; did you mean department?"),
        ("[limits]\nusers_changed_max = '1000'",
         'line 6: [limits] users_changed_max = "1000" must be a whole number; remove the quotes.'),
        ("[limits]\nusers_changed_max = 2.5", "line 6: [limits] users_changed_max = 2.5 must be a whole number."),
        ("[limits]\nusers_changed_max = true", "line 6: [limits] users_changed_max = true must be a whole number."),
        ("[limits]\nseats_reserve = -1", "line 6: [limits] seats_reserve = -1 must be 0 or more."),
        ("[limits]\nrefusals_percent_max = 101", "line 6: [limits] refusals_percent_max = 101 must be 100 or less."),
        ("[limits]\nallow_trial = 'true'",
         'line 6: [limits] allow_trial = "true" must be true or false; remove the quotes.'),
        ("[pace]\nquota_share = 0", "line 6: [pace] quota_share = 0 must be more than 0."),
        ("[pace]\nquota_share = 1.1", "line 6: [pace] quota_share = 1.1 must be 1 or less."),
        ("[pace]\nquota_share = '0.5'", 'line 6: [pace] quota_share = "0.5" must be a number; remove the quotes.'),
        ("[pace]\nquota_share = nan", "line 6: [pace] quota_share = NaN must be a number."),
        ("[pace]\nbatches_in_flight_max = 0", "line 6: [pace] batches_in_flight_max = 0 must be 1 or more."),
        ("[pace]\nwrites_per_150_s = 20",
         "line 6: [pace] writes_per_150_s = 20 times quota_share must be over 20, a batch."),
        ("[pace]\nwindow = '8pm'",
         'line 6: [pace] window = "8pm" must be a time window such as "20:00-05:00", or "" for any time.'),
        ("[pace]\nwindow = '20:00-25:00'",
         'line 6: [pace] window = "20:00-25:00" must be a time window such as "20:00-05:00", or "" for any time.'),
        ("[pace]\nwindow = '20:00-20:00'",
         'line 6: [pace] window = "20:00-20:00" begins and ends at the same time; use "" for any time.'),
        ("[pace]\ntime_zone = 'Europe/Amsterdm'",
         'line 6: [pace] time_zone = "Europe/Amsterdm" must be an IANA time zone such as "Europe/Amsterdam".'),
        ("[pace]\ntime_zone = '../../etc'",
         'line 6: [pace] time_zone = "../../etc" must be an IANA time zone such as "Europe/Amsterdam".'),
        ("[pace]\nstop_after = '50'", ('line 6: [pace] stop_after = "50" must be a duration such as "50m", "3h", "90s" '
         'or "1h30m", or "" for no limit.')),
        ("[scope]\nroster = []", ('line 6: [scope] roster must be a file such as "users.csv", a list of such files, '
         'or "" for no roster.')),
        ("[scope]\nroster = ['a.csv', '']", ('line 6: [scope] roster must be a file such as "users.csv", a list of '
         'such files, or "" for no roster.')),
        ("[scope]\nroster = 5", ('line 6: [scope] roster = 5 must be a file such as "users.csv", a list of such files, '
         'or "" for no roster.')),
        ("[scope]\nroster = ['a.csv', 'b.csv', 'a.csv']",
         'line 6: [scope] roster names "a.csv" more than once; take one of them out.'),
        ('[scope]\nroster = ["a.csv", "C:\\new.csv"]', ("line 6: [scope] roster holds a tab, a line end or the like, "
         "as \\t and \\n are between double quotes; a Windows path goes in single quotes.")),
        ("[scope]\nguests = 'mov'", ('line 6: [scope] guests = "mov" must be one of "move" or "hold"; '
         'did you mean "move"?')),
        ("[run]\nlanguage = 'de'", 'line 6: [run] language = "de" must be one of "en" or "nl".'),
        ("[run]\ndirectory = ''", 'line 6: [run] directory = "" must not be empty.'),
        ("[run]\ndirectory = 5", "line 6: [run] directory = 5 must be a string in quotes."),
        ("[scope]\nprotected = 'me'", 'line 6: [scope] protected = "me" must be a list such as ["one", "two"].'),
        ("[scope]\nprotected = ['me', 5]", "line 6: [scope] protected, item 2 = 5 must be a string in quotes."),
        ("[groups]\nswap = ['Licensing', 'licensing']",
         'line 6: [groups] swap names "Licensing" more than once; take one of them out.'),
        ("[declare]\naddons = []", 'line 6: [declare] addons must be a table such as { NAME = "value" }.'),
        ("[declare]\npurchase_channel = 'dirct'", ('line 6: [declare] purchase_channel = "dirct" must be one of '
         '"", "direct", "partner" or "volume"; did you mean "direct"?')),
        ("[wait]\nholidays = ['2026-12-25', '2026-13-01']", ('line 6: [wait] holidays, item 2 = "2026-13-01" is not '
         "a calendar date: month must be in 1..12.")),
        ("[wait]\nholidays = ['25-12-2026']",
         'line 6: [wait] holidays, item 1 = "25-12-2026" must be a date such as "2026-12-25".'),
        ("[plans]\nnew_in_target = 'on'", ('line 6: [plans] new_in_target = "on" must be "enable", "disable" or a list '
         'of service plans such as ["TEAMS1"].')),
        ("[swap]\nto = ['A']", "line 5: [swap] must be written [[swap]], with double brackets, once for each."),
        ("[[limits]]\nseats_reserve = 1",
         "line 5: [limits] must be a section of its own, written once as [limits]."),
        ("[[swap]]\nname = 'x'", "line 5: [[swap]] no. 1: to is missing."),
        ("[[swap]]\nto = []",
         'line 6: [[swap]] no. 1: to must be a list of one or more products such as ["SPE_E3"], or "leave".'),
        ("[[swap]]\nto = 'SPE_E3'", ('line 6: [[swap]] no. 1: to = "SPE_E3" must be a list of one or more products '
         'such as ["SPE_E3"], or "leave".')),
        ("[[swap]]\nto = ['SPE_E3', 'leave']",
         'line 6: [[swap]] no. 1: to names "leave" beside products; a user either leaves or gets products.'),
        ("[[swap]]\nto = ['A', 'enterprisewithSCAL ']",
         'line 6: [[swap]] no. 1: to names "enterprisewithSCAL ", which [source] skus removes.'),
        ("[[swap]]\nto = ['A']\nwhere = { department = [] }",
         "line 7: [[swap]] no. 1: where.department must not be empty."),
        ("[[swap]]\nto = ['A']\nwhere = { account_enabled = true }",
         'line 7: [[swap]] no. 1: where.account_enabled = true must be a list such as ["one", "two"].'),
        ("[[swap]]\nto = ['A']\nwhere = { usage_location = ['UK'] }", ('line 7: [[swap]] no. 1: '
         'where.usage_location, item 1 = "UK" must be "GB": the United Kingdom has no code "UK".')),
        ("[[wave]]\nname = 'p'\nusers = '0%'", ('line 7: [[wave]] no. 1: users = "0%" must be a number of users such '
         'as 50, or a share such as "10%".')),
        ("[[wave]]\nname = 'p'\nusers = 0",
         'line 7: [[wave]] no. 1: users = 0 must be a number of users such as 50, or a share such as "10%".'),
        ("[[wave]]\nname = 'p'\nusers = 1\n[[wave]]\nname = 'P'\nusers = 2",
         'line 9: [[wave]] no. 2: "P" and "p" of no. 1 are the same name, since case does not count; rename one.'),
        ("[[wave]]\nname = 'p'",
         'line 5: [[wave]] no. 1: users is missing; give 50 or "10%", or let a [scope] roster name the wave.'),
        ("[scope]\nfrom = 'csv'",
         'line 6: [scope] from = "csv" needs [scope] roster, the file that names the users.'),
        ("[run]\nnotify_url = 'http://hooks.example/hush'",
         "line 6: [run] notify_url must begin with https:// unless it leads to this machine."),
        ("[run]\nnotify_url = 'hooks.example'", ("line 6: [run] notify_url must be an address such as "
         "https://host.example/path, without user name or password.")),
        ("[azure]\nclient_secret = 'hush'", ("line 5: [azure] is never a setting: secrets come only through the "
         "environment, such as AZURE_CLIENT_SECRET. Remove it, and renew it if others could read it.")),
        ("[run]\nsigning_password = 'hush'", ("line 6: [run] signing_password is never a setting: secrets come only "
         "through the environment, such as AZURE_CLIENT_SECRET. Remove it, and renew it if others could read it.")),
        ("[groups]\nreprocess_errors = 'yes'", 'line 6: [groups] reprocess_errors = "yes" must be true or false.'),
        ("[pace\nwindow = ''", "line 5: is not valid TOML: Expected ']' at the end of a table declaration."),
        ('[run]\ndirectory = "C:\\moves"', ("line 6: is not valid TOML: Unescaped '\\' in a string. "
         "A Windows path goes in single quotes.")),
        ("[run]\ndirectory = [", "line 6: is not valid TOML: Invalid value."),
    ],
)  # fmt: skip
def test_one_mistake_is_one_sentence_with_its_line(tmp_path: Path, text: str, expected: str) -> None:
    """The whole message is the place and what to write there."""
    assert f"reseat.toml {expected}" == message_of(tmp_path, TOP + text)


@pytest.mark.parametrize(
    ("tenant", "expected"),
    [
        ("cloud = 'china'", "line 1: [tenant] id is missing."),
        ("id = 'contoso.example'", ('line 2: [tenant] id = "contoso.example" must be a GUID such as '
         "1392051d-0cb9-4b7a-88d5-621fee5e8711.")),
        ("id = '{I}'\ncloud = 'globl'", ('line 3: [tenant] cloud = "globl" must be one of "global", "us-gov", '
         '"us-gov-dod", "china", "bleu", "delos" or "gov-sg"; did you mean "global"?')),
        ("id = '{I}'\nclient_secret = 'hush'", ("line 3: [tenant] client_secret is never a setting: secrets come only "
         "through the environment, such as AZURE_CLIENT_SECRET. Remove it, and renew it if others could read it.")),
        ("id = '{I}'\ncredential = 'hush'", ('line 3: [tenant] credential must be one of "environment", "default", '
         '"managed-identity", "workload-identity", "azure-cli", "azure-pipelines", "device-code" or "sandbox".')),
        ("id = '{I}'\ncredential = 'sandbox'", ('line 3: [tenant] credential = "sandbox" needs [tenant] graph_url, '
         'such as "http://127.0.0.1:8080/v1.0".')),
        ("id = '{I}'\ngraph_url = 'http://127.0.0.1:1/v1.0'", ("line 3: [tenant] graph_url needs a host on this "
         'machine, such as 127.0.0.1, and credential = "sandbox".')),
        ("id = '{I}'\ncredential = 'sandbox'\ngraph_url = 'https://graph.example/v1.0'", ("line 4: [tenant] graph_url "
         'needs a host on this machine, such as 127.0.0.1, and credential = "sandbox".')),
        ("id = '{I}'\ncredential = 'sandbox'\ngraph_url = 'http://127.0.0.1:80@graph.example/v1.0'",
         ("line 4: [tenant] graph_url must be an address such as https://host.example/path, without user name or "
         "password.")),
    ],
)  # fmt: skip
def test_the_tenant_is_pinned_and_never_mixed_with_a_rehearsal(tmp_path: Path, tenant: str, expected: str) -> None:
    """A tenant needs its id, secrets stay out, and only the sandbox credential meets an address of one's own."""
    text = "[tenant]\n" + tenant.replace("{I}", "1f0a9b3c-2d4e-4f60-8a7b-9c0d1e2f3a4b") + "\n[source]\nskus = ['A']\n"

    message = message_of(tmp_path, text)

    assert f"reseat.toml {expected}" == message
    assert "hush" not in message


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """Each has a line of its own, in the order of the sections."""
    text = """limits = { seats_reserve = -1 }
skus = ["A"]
[pace]
quota_share = 2
[tenant]
id = ""
"""

    assert [
        "reseat.toml line 6: [tenant] id = \"\" must be a GUID such as 1392051d-0cb9-4b7a-88d5-621fee5e8711.",
        "reseat.toml: [source] skus is missing.",
        "reseat.toml line 1: [limits] seats_reserve = -1 must be 0 or more.",
        "reseat.toml line 4: [pace] quota_share = 2 must be 1 or less.",
        "reseat.toml line 2: skus is outside any section; it belongs to [source].",
    ] == message_of(tmp_path, text).splitlines()  # fmt: skip


def test_contradictions_are_told_together(tmp_path: Path) -> None:
    """Values that are valid alone and not together are all listed."""
    text = TOP + "[scope]\nfrom = 'csv'\n[[wave]]\nname = 'p'\n[groups]\nswap = ['a', 'A']\n"

    users = 'users is missing; give 50 or "10%", or let a [scope] roster name the wave.'

    assert [
        'reseat.toml line 6: [scope] from = "csv" needs [scope] roster, the file that names the users.',
        f"reseat.toml line 7: [[wave]] no. 1: {users}",
        'reseat.toml line 10: [groups] swap names "a" more than once; take one of them out.',
    ] == message_of(tmp_path, text).splitlines()


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("RESEAT_LIMITS__USERS_MAX", "1", "[limits] has no key users_max; did you mean users_changed_max?"),
        ("RESEAT_LIMIT__SEATS_RESERVE", "1", "there is no section [limit]; did you mean [limits]?"),
        ("RESEAT_LIMITS__SEATS_RESERVE", "many", '[limits] seats_reserve = "many" must be a whole number.'),
        ("RESEAT_LIMITS__SEATS_RESERVE", '"5"', ('[limits] seats_reserve = "5" must be a whole number; remove the '
         "quotes.")),
        ("RESEAT_SOURCE__SKUS", "A", '[source] skus = "A" must be a list such as ["one", "two"].'),
        ("RESEAT_SWAP", '[{ name = "x" }]', "[[swap]] no. 1: to is missing."),
        ("RESEAT_SWAP__TO", "A", "[[swap]] can only be set as a whole, in RESEAT_SWAP."),
        ("RESEAT_TENANT__CLIENT_SECRET", "hush", ("[tenant] client_secret is never a setting: secrets come only "
         "through the environment, such as AZURE_CLIENT_SECRET. Remove it, and renew it if others could read it.")),
    ],
)  # fmt: skip
def test_a_mistake_in_a_variable_is_told_under_its_name(tmp_path: Path, name: str, value: str, expected: str) -> None:
    """The variable stands where the line would stand."""
    assert f"{name}: {expected}" == message_of(tmp_path, TOP, **{name: value})


def test_a_mistake_in_a_flag_is_told_under_its_name(tmp_path: Path) -> None:
    """The flag stands where the line would stand."""
    path = tmp_path / "reseat.toml"
    path.write_text(TOP, encoding="utf-8")

    with pytest.raises(SettingsError) as caught:
        load_settings(path, {}, {"pace.stop_after": "soon"})

    assert (
        'flag --stop-after: [pace] stop_after = "soon" must be a duration such as "50m", "3h", "90s" or "1h30m", '
        'or "" for no limit.' == caught.value.message
    )


def test_a_missing_file_is_told_with_the_way_to_make_one(tmp_path: Path) -> None:
    """The message names the flag and the commented example."""
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path / "reseat.toml", {})

    assert (
        f"{tmp_path / 'reseat.toml'}: there is no such settings file. Name yours with -c FILE, or make one: copy the "
        f"commented example {files('sample_data') / 'reseat.toml'} and fill in [tenant] id, [source] skus and "
        "[[swap]] to." == caught.value.message
    )


def test_a_folder_is_no_settings_file(tmp_path: Path) -> None:
    """Whatever the system says about it is passed on."""
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path, {})

    assert caught.value.message.startswith(f"{tmp_path}: the settings file cannot be read: ")


def test_a_file_in_another_encoding_is_told_with_the_line(tmp_path: Path) -> None:
    """A letter written in a national code page is found, not guessed."""
    path = tmp_path / "reseat.toml"
    path.write_bytes(TOP.encode() + b"# caf\xe9\n")

    with pytest.raises(SettingsError) as caught:
        load_settings(path, {})

    assert (
        "reseat.toml line 5: is not written in UTF-8; save the file again with that encoding." == caught.value.message
    )
