"""users.csv and actions.csv are for machines, and harmless to people who open them in a spreadsheet."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

from worlds.report_cases import finding, go, no_go, user
from worlds.report_nasty import NASTY, nasty

from connectors.message import Message
from connectors.roster.formula import clean, unguard
from jobs.license_reassignment.model.columns import ACTION_COLUMNS, USERS_COLUMNS
from jobs.license_reassignment.report.csv import render_actions_csv, render_users_csv

USERS_HEADER = (
    "id,user_principal_name,outcome,reason,rule,before_skus,target_skus,after_skus,plans_kept_off,plans_new_on,"
    "plans_lost,sigil,applied_at,request_id,wave,display_name,remedy,detail,usage_location_set,acknowledged_by,"
    "entra_department,entra_usage_location,via_groups\r\n"
)


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_two_users_are_written_letter_by_letter() -> None:
    """Fixed columns, comma, CRLF, no byte order mark, lists joined by a plus, empty cells empty."""
    assert (
        USERS_HEADER + "00000000-1111-4222-8333-000000000000,user00000@contoso.example,moved,,voice users,"
        "ENTERPRISEWITHSCAL,ENTERPRISEPREMIUM,ENTERPRISEPREMIUM,YAMMER_ENTERPRISE,INTUNE_A+AAD_PREMIUM,,=,"
        "2026-11-21T20:00:00Z,00000000-aaaa-4bbb-8ccc-000000000000,pilot,Ada de Vries,,,,,,NL,\r\n"
        "00000001-1111-4222-8333-00009e3779b1,user00001@contoso.example,held,protected,everyone else,"
        "ENTERPRISEWITHSCAL,SPE_E3+MCOEV,ENTERPRISEWITHSCAL,,,,-,,,pilot,Björn de Vries,"
        '"Take the name out of [scope] protected, or move the account by hand.",,,,Afdeling A,NL,\r\n'
    ).encode() == render_users_csv(finding([user(0), user(1, "held")]))


def test_nobody_leaves_the_header() -> None:
    assert USERS_HEADER.encode() == render_users_csv(go(0))


def test_actions_leave_room_for_people() -> None:
    """Five are empty: owner, due, justification, backup_acknowledged_by, target; two wishes and the detail end it."""
    assert render_actions_csv(finding([user(0), user(1, "held")])) == (
        b"\xef\xbb\xbfuser_principal_name,id,kind,reason,subject,remedy,owner,due,justification,backup_acknowledged_by,target,"
        b"voice,legal_hold,detail\r\n"
        b"user00001@contoso.example,00000001-1111-4222-8333-00009e3779b1,held,protected,user00001@contoso.example,"
        b'"Take the name out of [scope] protected, or move the account by hand.",,,,,,,,\r\n'
    )


def test_the_rosters_own_columns_come_last() -> None:
    """A column that the roster brought along stands behind the fixed ones, guarded as well."""
    content = render_users_csv(finding([user(0, note="=HYPERLINK(1)")]))

    assert [*USERS_COLUMNS, "note"] == content.decode().splitlines()[0].split(",")
    assert rows_of(content)[0]["note"] == "'=HYPERLINK(1)"


def test_every_text_comes_back_as_it_was() -> None:
    """Quoting and guard are undone by any CSV reader and the roster's own unguard; nothing else is lost."""
    rows = rows_of(render_users_csv(nasty()))

    assert [clean(text) for text in NASTY] == [unguard(row["display_name"]) for row in rows]
    assert [clean(text) for text in NASTY] == [unguard(row["note"]) for row in rows]


def test_no_cell_starts_a_formula() -> None:
    """A lone sigil stays; every other cell that begins like a formula has a quote in front."""
    cells = [cell for row in rows_of(render_users_csv(nasty())) for cell in row.values()]
    cells += [cell for row in rows_of(render_actions_csv(nasty())) for cell in row.values()]

    assert [cell for cell in cells if cell[:1] in "=+-@\t\r\n" and len(cell) > 1] == []
    assert any(cell == "-" for cell in cells)


def test_one_action_is_one_row() -> None:
    """The file has as many rows as there is left to do, in the contract's columns."""
    r = no_go(200)
    rows = rows_of(render_actions_csv(r))

    assert len(r.actions) == len(rows)
    assert [list(ACTION_COLUMNS)] * len(rows) == [list(row) for row in rows]


def test_what_is_left_to_do_is_told_in_the_language_of_the_reports() -> None:
    """Its codes and columns are the same in each."""
    held = finding([user(0), user(1, "held")])
    told = replace(held, actions=tuple(replace(a, remedy=Message("Nobody.")) for a in held.actions))
    [english], [dutch] = rows_of(render_actions_csv(told, "en")), rows_of(render_actions_csv(told, "nl"))

    assert ("Nobody.", "Niemand.") == (english["remedy"], dutch["remedy"])
    assert {**english, "remedy": ""} == {**dutch, "remedy": ""}
