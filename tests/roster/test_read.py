"""The roster reader keeps its promises for any bytes: every row is used or rejected, and nothing else is raised."""

# Assertions read expected == actual.

from __future__ import annotations

import csv
import io
import tracemalloc
from typing import Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.roster.clashes import normal_user
from connectors.roster.csv_text import COLUMNS_MAX, LINE_BYTES_MAX, RECORD_LINES_MAX
from connectors.roster.formula import guard
from connectors.roster.read import RosterFileError, read_roster
from connectors.roster.rows import Roster

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16")
HEADERS = ("User principal name", "Object Id", "target", "usage_location", "note", "Room")
WORDS = st.text(alphabet="abcdefghijklmnopqrstuvwxyzéß漢0123456789", min_size=1, max_size=6)
NAMES = st.text(alphabet="ABCDEFGHIJ_ 0123456789", min_size=1, max_size=8).filter(str.strip).map(str.strip)
NOTES = st.text(alphabet=st.sampled_from("abc =+-@'\"\n\r\t,;é0"), max_size=12).map(str.strip)


@st.composite
def sound_rows(draw: st.DrawFn) -> list[tuple[str, ...]]:
    """Rows of distinct users, each with values that a roster accepts."""
    users = draw(st.lists(WORDS, unique_by=normal_user, max_size=8))
    ids = draw(st.lists(st.uuids(), unique=True, min_size=len(users), max_size=len(users)))
    return [
        (
            f"{user}@contoso.example",
            draw(st.sampled_from(["", str(number), str(number).upper()])),
            "+".join(draw(st.lists(NAMES, max_size=3))),
            draw(st.sampled_from(["", "NL", "be"])),
            draw(NOTES),
            draw(NOTES),
        )
        for user, number in zip(users, ids, strict=True)
    ]


@given(
    rows=sound_rows(),
    delimiter=st.sampled_from(",;\t"),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    quote_all=st.booleans(),
    encoding=st.sampled_from(ENCODINGS),
    type_line=st.booleans(),
    sep_line=st.booleans(),
)
def test_what_a_csv_writer_writes_comes_back(
    rows: list[tuple[str, ...]],
    delimiter: str,
    line_end: str,
    quote_all: bool,
    encoding: str,
    type_line: bool,
    sep_line: bool,
) -> None:
    """Whatever the dialect, with our guard in front of what would run, the same values return, each on its line."""
    out = io.StringIO()
    preamble = [f"sep={delimiter}"] * sep_line + ["#TYPE System.Object"] * type_line
    out.write("".join(f"{line}{line_end}" for line in preamble))
    # Python's writer quotes a line end inside a value by itself only when it is part of the line end in use.
    foreign = any(sign in value for row in rows for value in row for sign in set("\r\n") - set(line_end))
    quoted: Literal[0, 1] = csv.QUOTE_ALL if quote_all or foreign else csv.QUOTE_MINIMAL
    writer = csv.writer(out, delimiter=delimiter, lineterminator=line_end, quoting=quoted)
    writer.writerow(HEADERS)
    starts = []
    for row in rows:
        starts.append(len(io.StringIO(out.getvalue(), newline="").readlines()) + 1)
        writer.writerow([guard(value) for value in row])

    roster = read_roster(out.getvalue().encode(encoding), file="r.csv")

    assert () == roster.errors
    assert [(delimiter, HEADERS)] == [(file.delimiter, file.columns) for file in roster.files]
    assert starts == [row.line for row in roster.rows]
    assert [
        (user, key.lower(), target, place.upper(), note, room) for user, key, target, place, note, room in rows
    ] == [
        (row.user, row.user_id, row.target_text, row.usage_location, row.note, row.extra["Room"]) for row in roster.rows
    ]


def answer(data: bytes) -> Roster | str:
    try:
        return read_roster(data, file="r.csv")
    except RosterFileError as error:
        return str(error)


@given(
    st.binary(max_size=200),
    st.sampled_from([b"", b"upn,target\n", b"upn;note\r", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"]),
)
def test_any_bytes_give_a_roster_or_a_file_error(data: bytes, start: bytes) -> None:
    """No other exception leaves the reader, and its answer is the same each time."""
    first, second = answer(start + data), answer(start + data)

    assert first == second
    assert isinstance(first, Roster) or first.startswith("r.csv: ")


CELLS = st.sampled_from(["a@x", "A@X", "b@x", "leave", "E3", "leave+E3", "", "\0", " ", "=1", "UK"])


@given(st.lists(st.lists(CELLS, min_size=1, max_size=4)))
def test_every_line_with_text_is_a_row_that_is_used_or_rejected(lines: list[list[str]]) -> None:
    """No line is lost and none counts twice, whatever is wrong with it."""
    data = "upn,target,note\n" + "".join(f"{','.join(line)}\n" for line in lines)
    roster = read_roster(data.encode(), file="r.csv")
    places = sorted([row.line for row in roster.rows] + [error.line for error in roster.errors])

    assert [number for number, line in enumerate(lines, 2) if "".join(line).strip()] == places
    assert len(places) == roster.rows_in


@given(st.lists(st.sampled_from(['"', '""', 'x"', '"x', "x", ",", "\n"]), max_size=30))
@example(['"', "\n"])
def test_no_user_disappears_behind_a_stray_quote(noise: list[str]) -> None:
    """Whatever quotes go wrong above, each user further down is a row, a rejected row, or inside a quoted value."""
    users = [f"u{number}@x" for number in range(4)]
    data = "upn,note\n" + "".join(noise) + "\n" + "".join(f"{user},\n" for user in users)
    roster = read_roster(data.encode(), file="r.csv")
    told = "".join(f"{row.user} {row.note} " for row in roster.rows) + "".join(error.row for error in roster.errors)

    assert [True] * 4 == [user in told for user in users]


@given(st.permutations([("a@x", "E3"), ("A@X", "E3"), ("b@x", "E3"), ("B@x", "E5"), ("c@x", "E3")]))
def test_the_order_of_rows_does_not_decide_who_is_rejected(rows: list[tuple[str, str]]) -> None:
    """A repeated wish keeps its first row, a contradiction keeps none, and the rest is untouched."""
    data = "upn,target\n" + "".join(f"{user},{target}\n" for user, target in rows)
    roster = read_roster(data.encode(), file="r.csv")

    assert ["a@x", "c@x"] == sorted(normal_user(row.user) for row in roster.rows)
    assert ["a@x", "b@x", "b@x"] == sorted(normal_user(error.user) for error in roster.errors)


def test_a_huge_line_is_refused_before_anything_is_split() -> None:
    """Eight MiB without a line end cost next to no memory, and the message names the line."""
    data = b"upn,target\n" + b"x" * (8 * LINE_BYTES_MAX)
    tracemalloc.start()
    try:
        with pytest.raises(RosterFileError, match="line 2 is longer than 1,048,576 bytes"):
            read_roster(data, file="r.csv")
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak_bytes < LINE_BYTES_MAX // 4


@pytest.mark.parametrize("line_end", [b"\n", b"\r", b"\r\n"])
def test_a_file_of_many_lines_may_be_longer_than_a_line(line_end: bytes) -> None:
    lines = [b"upn,note", *(b"u%d@x,%s" % (number, b"y" * 100_000) for number in range(12))]
    roster = read_roster(line_end.join(lines), file="r.csv")

    assert list(range(2, 14)) == [row.line for row in roster.rows]


def test_a_line_of_the_greatest_length_is_read() -> None:
    """The limit is on a line, not on the file, and a line that just fits is a row."""
    row = b"a@x," + b",".join([b"y" * 100_000] * 10) + b"," + b"z" * 48_561
    data = b"upn,a,b,c,d,e,f,g,h,i,j,k\n" + row + b"\n" + b"b@x" + b"," * 11 + b"\n"
    roster = read_roster(data, file="r.csv")

    assert LINE_BYTES_MAX - 1 == len(row)
    assert [2, 3] == [row.line for row in roster.rows]


def test_a_value_longer_than_a_reader_takes_is_a_row_error() -> None:
    data = b"upn,note\na@x," + b"y" * 200_000 + b"\nb@x,\n"
    roster = read_roster(data, file="r.csv")

    assert ["A value is longer than 131072 characters; shorten it."] == [error.reason for error in roster.errors]
    assert ["a@x"] == [error.user for error in roster.errors]
    assert ["b@x"] == [row.user for row in roster.rows]


def test_a_long_row_without_a_user_is_rejected_in_little_time() -> None:
    """Looking for whom the row names takes a number of steps that grows with its length and no faster."""
    data = b"upn,note\n" + b"y" * (LINE_BYTES_MAX - 10) + b"\n"
    roster = read_roster(data, file="r.csv")

    assert [(2, "")] == [(error.line, error.user) for error in roster.errors]


@pytest.mark.parametrize(
    ("column", "one", "other"),
    [
        ("target", "E3", "E5"),
        ("usage_location", "NL", ""),
        ("wave", "first", "second"),
        ("disabled_plans", "SWAY", "SWAY+YAMMER_ENTERPRISE"),
        ("voice", "yes", "no"),
        ("legal_hold", "yes", ""),
        ("backup_acknowledged_by", "Ann", "Bob"),
    ],
)
def test_two_rows_contradict_each_other_in_any_wish(column: str, one: str, other: str) -> None:
    same = read_roster(f"upn,{column}\na@x,{one}\na@x,{one}\n".encode(), file="r.csv")
    different = read_roster(f"upn,{column}\na@x,{one}\na@x,{other}\n".encode(), file="r.csv")

    assert [[2], [3]] == [[row.line for row in same.rows], [error.line for error in same.errors]]
    assert [[], [2, 3]] == [[row.line for row in different.rows], [error.line for error in different.errors]]


def test_two_rows_with_other_remarks_repeat_each_other() -> None:
    roster = read_roster(b"upn,note,Room\na@x,one,1\na@x,two,2\n", file="r.csv")

    assert ["The row repeats line 2; remove one of the two."] == [error.reason for error in roster.errors]


def test_a_value_of_too_many_lines_costs_only_its_first_line() -> None:
    """An open quote cannot swallow more than a bounded number of lines, and swallows none of the users in them."""
    users = "".join(f"u{number}@x,\n" for number in range(2 * RECORD_LINES_MAX))
    roster = read_roster(f'upn,note\na@x,"open\n{users}'.encode(), file="r.csv")

    assert [2] == [error.line for error in roster.errors]
    assert 2 * RECORD_LINES_MAX == len(roster.rows)


def test_more_columns_than_the_limit_are_refused() -> None:
    header = ",".join(["upn", *(f"c{number}" for number in range(COLUMNS_MAX))])

    with pytest.raises(RosterFileError, match="names 257 columns, and 256 is the most"):
        read_roster(header.encode(), file="r.csv")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" Adele@Contoso.Example\u00a0", "adele@contoso.example"),
        ("6F1C2D3E-0A1B-4C2D-8E3F-0123456789AB", "6f1c2d3e-0a1b-4c2d-8e3f-0123456789ab"),
        ("\u200b", ""),
    ],
)
def test_two_spellings_of_a_user_have_one_normal_form(text: str, expected: str) -> None:
    assert expected == normal_user(text)


@pytest.mark.parametrize(
    ("row", "user"),
    [
        ("O'Brien@x,\"open", "O'Brien@x"),
        ("'=a@x,E3,too,many", "a@x"),
        ("Vance, Adele,adele@x,E3", "adele@x"),
        (",SMTP:adele@x+smtp:a@x,,", "adele@x"),
        ("ad\0ele@x,E3", "adele@x"),
        ("7F1C2D3E-0A1B-4C2D-8E3F-0123456789AB,E3,adele@x,shifted", "adele@x"),
        ("7F1C2D3E-0A1B-4C2D-8E3F-0123456789AB,E3,shifted,x", "7f1c2d3e-0a1b-4c2d-8e3f-0123456789ab"),
        ("nobody,E3,x", ""),
    ],
)
def test_a_rejected_row_names_its_user_where_one_can_be_found(row: str, user: str) -> None:
    """A broken row may have its values shifted, so a UPN counts wherever it stands."""
    roster = read_roster(f"id,upn,target\n{row}\n".encode(), file="r.csv")

    assert [user] == [error.user for error in roster.errors]


def test_our_own_list_of_actions_is_a_roster() -> None:
    """Rows about a gate or a group name no user and ask nothing, so a filled-in list of actions needs no tidying."""
    text = (
        "user_principal_name,id,kind,reason,subject,remedy,owner,due,justification,backup_acknowledged_by,target\n"
        "ada@contoso.example,,held,no_seat,ada@contoso.example,Buy seats.,,,,,SPE_E3\n"
        ",,gate,no_direct_holders,no_direct_holders,Move them.,,,,,\n"
    )

    roster = read_roster(text.encode(), file="actions.csv")

    assert ([("ada@contoso.example", ("SPE_E3",))], ()) == ([(r.user, r.targets) for r in roster.rows], roster.errors)
