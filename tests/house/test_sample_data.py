"""The sample rosters and settings fit the sample tenant, and say the same in every form an admin may have them in."""

from __future__ import annotations

from functools import cache

import pytest
from worlds.machine import ROOT

from connectors.roster.csv_text import read_table
from connectors.roster.read import read_roster
from connectors.roster.rows import Roster, RosterRow
from connectors.sandbox.sample.seed import generate
from connectors.sandbox.tenant.file import load
from connectors.sandbox.tenant.state import TenantState
from jobs.settings.load import load_settings
from jobs.settings.model import Settings

SAMPLES = ROOT / "sample_data"
PLAIN = "users.csv"
FORMS = {
    PLAIN: (",", "utf-8"),
    "users_admin_center.csv": (",", "utf-8-sig"),
    "users_powershell.csv": (",", "utf-8-sig"),
    "users_excel_nl.csv": (";", "utf-8-sig"),
}
REAL_HEADERS = ("Block credential", "City", "Country/Region", "Department", "Display name", "Licenses", "Object Id",
                "Usage location", "User principal name")  # fmt: skip


@cache
def _roster(name: str) -> Roster:
    return read_roster((SAMPLES / name).read_bytes(), file=name)


@cache
def _tenant() -> TenantState:
    return load((SAMPLES / "tenant.json").read_bytes())


@cache
def _countries() -> dict[str, str]:
    """Return the usage location of every user who has one."""
    return {user.upn: user.location for user in _tenant().users if user.location}


@cache
def _demo() -> Settings:
    where = {"tenant.graph_url": "http://127.0.0.1:8080/v1.0"}
    return load_settings(SAMPLES / "demo.toml", {}, where).settings


def _wish(row: RosterRow) -> tuple[object, ...]:
    return (
        row.user, row.targets, row.usage_location, row.wave, row.disabled_plans, row.voice, row.legal_hold,
        row.backup_acknowledged_by, row.note,
    )  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_every_row_can_be_used(name: str) -> None:
    """Nobody who tries the demo is stopped by a sample row."""
    assert _roster(name).errors == ()
    assert len(_roster(name).rows) == 25


@pytest.mark.parametrize("name", FORMS)
def test_all_forms_wish_the_same(name: str) -> None:
    """The admin center, PowerShell and a Dutch Excel differ in everything but what they say."""
    expected = [_wish(row) for row in _roster(PLAIN).rows]
    assert expected == [_wish(row) for row in _roster(name).rows]
    assert [FORMS[name]] == [(file.delimiter, file.encoding) for file in _roster(name).files]


@pytest.mark.parametrize("name", FORMS)
def test_every_user_named_is_in_the_tenant(name: str) -> None:
    """By principal name, and by object id where the form has one."""
    known = {user.upn: user.id for user in _tenant().users}
    assert [] == [row.user for row in _roster(name).rows if row.user not in known]
    assert [] == [row.user for row in _roster(name).rows if row.user_id and row.user_id != known[row.user]]


def test_the_forms_are_what_they_claim_to_be() -> None:
    """The export has its own headers, PowerShell its type line and its quotes, Excel its line ends."""
    header = read_table((SAMPLES / "users_admin_center.csv").read_bytes(), knows=lambda _: True).header
    assert [] == [name for name in REAL_HEADERS if name not in header]
    powershell = (SAMPLES / "users_powershell.csv").read_text(encoding="utf-8-sig").splitlines()
    assert powershell[0].startswith("#TYPE ")
    assert [] == [line for line in powershell[1:] if not (line.startswith('"') and line.endswith('"'))]
    excel = (SAMPLES / "users_excel_nl.csv").read_bytes()
    assert excel.count(b"\n") == excel.count(b"\r\n") == 26
    assert b";ja;" in excel


def test_the_roster_shows_what_a_roster_can_say() -> None:
    """Every column is used, and the names include what breaks naive readers."""
    rows = _roster(PLAIN).rows
    said = {
        "own target": any(len(row.targets) == 1 for row in rows),
        "base and add-on": any(len(row.targets) == 2 for row in rows),
        "leave": any(row.targets == ("leave",) for row in rows),
        "wave": any(row.wave == "pilot" for row in rows),
        "disabled plans": any(row.disabled_plans for row in rows),
        "voice": {True, False} <= {row.voice for row in rows},
        "legal hold": any(row.legal_hold for row in rows),
        "backup": any(row.backup_acknowledged_by for row in rows),
        "no country in the directory": any(row.user not in _countries() for row in rows),
        "guest": any("#EXT#" in row.user for row in rows),
        "apostrophe": any("'" in row.user for row in rows),
        "other letters": any(not row.extra["display name"].isascii() for row in rows),
        "own column": all(row.extra["cost center"].isdigit() for row in rows),
    }
    assert [] == [what for what, shown in said.items() if not shown]


def test_the_countries_of_the_roster_are_those_of_the_tenant() -> None:
    """An export carries everybody's country; a row only fills in where the directory has none."""
    differing = {
        row.user: (there, row.usage_location)
        for row in _roster(PLAIN).rows
        if (there := _countries().get(row.user, "")) != row.usage_location
    }
    assert {"robin.kline@contoso.example": ("", "NL")} == differing


def test_the_demo_settings_belong_to_the_sample_tenant() -> None:
    """The id is pinned, the roster is beside them, and every product they name is in the tenant."""
    settings, tenant = _demo(), _tenant()
    assert settings.tenant.id == tenant.organization.id == generate(1, 1).organization.id
    assert settings.scope.roster == PLAIN
    assert set(settings.scope.protected) <= {user.upn for user in tenant.users}
    products = {sku.part_number for sku in tenant.skus.values()}
    named = {*settings.source.skus, *settings.declare.addons, *(sku for rule in settings.swap for sku in rule.to)}
    assert set() == named - products


def test_the_demo_names_a_group_that_changes_and_one_that_cannot() -> None:
    """Both assign the source: the members of one share a rule's departments, those of the other do not."""
    tenant, settings = _tenant(), _demo()
    source = tenant.sku_named(settings.source.skus[0]).id
    carriers = {g.name: g for g in tenant.groups.values() if source in g.licenses and g.members}
    users = {user.id: user.department for user in tenant.users}
    named = {d for rule in settings.swap for d in rule.where.department}

    assert set(settings.groups.swap) == set(carriers)
    assert [False, True] == sorted(all(users[m] not in named for m in carriers[g].members) for g in carriers)


def test_every_rule_of_the_demo_finds_somebody() -> None:
    """The departments of the rules are those of the sample tenant, and the last rule takes the rest."""
    departments = {user.department for user in _tenant().users}
    *rules, last = _demo().swap
    assert [] == [rule.name for rule in rules if not departments & set(rule.where.department)]
    assert {} == last.where.conditions()
    assert any(len(rule.to) > 1 for rule in rules)


def test_the_waves_of_the_roster_are_those_of_the_demo() -> None:
    """A row that names a wave nobody runs would be rejected."""
    assert {wave.name for wave in _demo().wave} == {row.wave for row in _roster(PLAIN).rows} - {""}
    assert ["continue"] == [wave.then for wave in _demo().wave]
