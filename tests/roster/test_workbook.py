"""An Excel workbook says the same as the CSV file of it, and a cell that Excel changed is never believed."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from datetime import date, datetime, time

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.chart import BarChart
from openpyxl.worksheet.worksheet import Worksheet
from worlds.machine import ROOT
from worlds.workbooks import changed, saved, workbook

from connectors.roster.formula import guard
from connectors.roster.read import RosterFileError, read_roster
from connectors.roster.rows import Roster, RosterRow

HEADER = ("UPN", "id", "target", "wave", "voice", "legal hold", "backup_acknowledged_by", "note", "Room")
ADA = "ada@contoso.example"
GUID = "1392051d-0cb9-4b7a-88d5-621fee5e8711"
MADE = "which may not be what was typed, because Excel converts text; format the column as Text and type it again."


def read(*rows: tuple[object, ...], **kwargs: object) -> Roster:
    return read_roster(workbook(*rows, **kwargs), file="users.xlsx")  # type: ignore[arg-type]


def one(**cells: object) -> Roster:
    """A roster of one row, with the header's names as keys."""
    values = {"UPN": ADA} | {name.replace("_", " ") if name == "legal_hold" else name: v for name, v in cells.items()}
    return read(HEADER, tuple(values.get(name) for name in HEADER))


def refusal(data: bytes, file: str = "users.xlsx") -> str:
    with pytest.raises(RosterFileError) as caught:
        read_roster(data, file=file)
    assert caught.value.file == file
    return caught.value.message


def test_a_workbook_says_what_its_csv_file_says() -> None:
    """Blanks, letters that show nothing, our guard, joined products, yes and no: one path after the table of texts."""
    lines = [
        list(HEADER),
        [f" {ADA}\u00a0", GUID.upper(), "SPE_E3+MCOEV", "pilot", "Yes", "nee", "K. Doe", guard("=1+1"), "\u200b0042"],
        ["bo@contoso.example", "", "leave", "", "1", "", "", "=not a formula", ""],
    ]
    plain = "\n".join(";".join(line) for line in lines).encode()
    book = workbook(*lines, more=lambda sheet: setattr(sheet["H3"], "data_type", "s"))
    text, excel = read_roster(plain, file="users.csv"), read_roster(book, file="users.xlsx")

    assert text.errors == excel.errors == ()
    assert [wishes(row) for row in text.rows] == [wishes(row) for row in excel.rows]
    assert "=1+1" == excel.rows[0].note
    assert "0042" == excel.rows[0].extra["Room"]


PRINTED = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Co", "Cn"]), max_size=12)
NAMED = PRINTED | st.sampled_from([ADA, f" {ADA.upper()}\u00a0", f"'{ADA}'", "bo@contoso.example"])


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(NAMED, PRINTED, PRINTED, PRINTED), min_size=1, max_size=6))
def test_whatever_is_typed_a_workbook_and_a_csv_file_of_it_say_the_same(typed: list[tuple[str, ...]]) -> None:
    """Rows, rejected rows with their reasons, and whom they may mean; only the way of writing a row differs."""
    lines = [("UPN", "target", "note", "Room"), *typed]
    text, book = io.StringIO(), io.BytesIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(lines)
    with xlsxwriter.Workbook(book, {"in_memory": True}) as made:
        sheet = made.add_worksheet("Staff")
        for number, line in enumerate(lines):
            for column, value in enumerate(line):
                sheet.write_string(number, column, value)
    one, other = read_roster(text.getvalue().encode(), file="u.csv"), read_roster(book.getvalue(), file="u.xlsx")

    assert [wishes(row) for row in one.rows] == [wishes(row) for row in other.rows]
    assert [(it.line, it.user, it.protective) for it in one.errors] == [
        (it.line, it.user, it.protective) for it in other.errors
    ]


def wishes(row: RosterRow) -> dict[str, object]:
    where = {"file", "sheet", "text"}
    return {name: getattr(row, name) for name in row.__dataclass_fields__ if name not in where}


@pytest.mark.parametrize(
    ("value", "form", "shown"),
    [
        (42, "General", "42"),
        (42.0, "General", "42"),
        (42, "00000", "00042"),
        (-7, "000", "-007"),
        (31612345678, "General", "31612345678"),
        (0.1 + 0.2, "General", "0.3"),
        (1e20, "General", "1E+20"),
        (True, "General", "TRUE"),
        (date(2026, 3, 1), "dd-mm-yyyy", "2026-03-01"),
        (datetime.fromisoformat("2026-03-01T08:30"), "dd-mm-yyyy hh:mm", "2026-03-01 08:30:00"),
        (time(8, 30), "hh:mm", "08:30:00"),
        ("#N/A", "General", "#N/A"),
    ],
)
def test_a_column_of_your_own_carries_what_the_cell_shows(value: object, form: str, shown: str) -> None:
    """Numbers in full and with the zeros of their format, dates in the order of years."""
    roster = read(("UPN", "Room"), (ADA, value), more=lambda sheet: setattr(sheet["B2"], "number_format", form))

    assert ([shown], ()) == ([row.extra["Room"] for row in roster.rows], roster.errors)


@pytest.mark.parametrize(
    ("column", "value", "cell", "reason"),
    [
        ("id", 1e12, "B2", f"is the number 1000000000000, {MADE}"),
        ("id", 0.5, "B2", f"is the number 0.5, {MADE}"),
        ("id", 1e20, "B2", "is the number 1E+20, of which Excel keeps 15 digits; format the column as Text and "),
        ("id", date(2026, 3, 1), "B2", f"is the date or time 2026-03-01, {MADE}"),
        ("UPN", date(2026, 3, 1), "A2", f"is the date or time 2026-03-01, {MADE}"),
        ("UPN", 7, "A2", f"is the number 7, {MADE}"),
        ("target", date(2026, 3, 5), "C2", f"is the date or time 2026-03-05, {MADE}"),
        ("wave", date(2026, 3, 5), "D2", f"is the date or time 2026-03-05, {MADE}"),
        ("voice", "#N/A", "E2", "shows #N/A; correct its formula, or type the value."),
        ("legal_hold", "=VLOOKUP(A2,Z:Z,1)", "F2", "is a formula whose result is not stored in the file; open the"),
        ("note", "=A2", "H2", "is a formula whose result is not stored in the file; open the workbook in Excel and"),
        ("Room", "=A2", "I2", "is a formula whose result is not stored in the file; open the workbook in Excel and"),
    ],
)
def test_a_cell_that_excel_changed_rejects_its_row(column: str, value: object, cell: str, reason: str) -> None:
    """The sentence names sheet, row and column, and what to do; the user is known by what else the row says."""
    roster = one(**{column: value})
    [error] = roster.errors

    assert () == roster.rows
    assert error.reason.startswith(f"Staff!{cell} {reason}")
    assert ("users.xlsx", 2, "Staff", "users.xlsx, Staff row 2") == (error.file, error.line, error.sheet, error.place)
    assert ("" if column == "UPN" else ADA) == error.user


@pytest.mark.parametrize("value", [1, 1.0, True, "yes", "TRUE"])
def test_yes_may_be_a_tick_a_number_or_a_word(value: object) -> None:
    assert [True] == [row.voice for row in one(voice=value).rows]


@pytest.mark.parametrize("value", [0, False, "no", None])
def test_so_may_no(value: object) -> None:
    assert [False] * (value is not None) == [row.voice for row in one(voice=value).rows if row.voice is not None]


@pytest.mark.parametrize("column", ["target", "voice", "legal_hold"])
@pytest.mark.parametrize("value", ["=VLOOKUP(A2,Z:Z,1)", "#REF!", date(2026, 3, 5)])
def test_a_cell_that_may_say_anything_is_taken_for_a_protective_wish(column: str, value: object) -> None:
    """Nobody knows whether `leave` or `yes` stood there, so nobody loses it."""
    assert [True] == [error.protective for error in one(**{column: value}).errors]


def test_a_plain_wish_beside_a_spoiled_id_protects_nobody() -> None:
    assert [False] == [error.protective for error in one(id=1e12, target="SPE_E3", voice="no").errors]


def test_a_formula_whose_result_is_stored_counts_as_its_result() -> None:
    book = workbook(("UPN", "target"), (ADA, "=B9"))
    stored = changed(book, b'<c r="B2"><f>B9</f><v /></c>', b'<c r="B2" t="str"><f>B9</f><v>leave</v></c>')
    roster = read_roster(stored, file="users.xlsx")

    assert ([("leave",)], ()) == ([row.targets for row in roster.rows], roster.errors)


def test_what_excel_itself_writes_is_read() -> None:
    """Texts in a table of their own, some in several fonts, results beside their formulas, a filter that hides rows."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet, bold = book.add_worksheet("Staff"), book.add_format({"bold": True})
        sheet.write_row("A1", ["UPN", "target", "legal_hold"])
        sheet.write_url("A2", f"mailto:{ADA}", string=ADA)
        sheet.write_rich_string("B2", "SPE", bold, "_E3")
        sheet.write_formula("C2", '=IF(1,"yes","no")', value="yes")
        sheet.write_string("A3", "=bo@contoso.example", book.add_format({"quote_prefix": True}))
        sheet.write_row("A4", ["cy@contoso.example", "SPE_E3", False])
        sheet.autofilter("A1:C4")
        sheet.set_row(3, options={"hidden": True})
    roster = read_roster(out.getvalue(), file="users.xlsx")

    assert [(ADA, "SPE_E3", True), ("cy@contoso.example", "SPE_E3", False)] == [
        (row.user, row.target_text, row.legal_hold) for row in roster.rows
    ]
    assert [(3, "bo@contoso.example")] == [(error.line, error.user) for error in roster.errors]
    assert ("Staff: row 4 is hidden, by hand or by a filter, and used like the others.",) == roster.files[0].remarks


def test_what_is_hidden_counts_and_is_told() -> None:
    """A filter that somebody left on hides a wish to be left alone; it is no less one."""

    def hide(sheet: Worksheet) -> None:
        sheet.row_dimensions[3].hidden = True
        sheet.column_dimensions["B"].hidden = True

    roster = read(("UPN", "target"), (ADA, "leave"), ("bo@contoso.example", "leave"), more=hide)

    assert [("leave",), ("leave",)] == [row.targets for row in roster.rows]
    assert (
        "Staff: row 3 is hidden, by hand or by a filter, and used like the others.",
        "Staff: column B is hidden, by hand or by a filter, and used like the others.",
    ) == roster.files[0].remarks


def test_what_merged_cells_say_counts_for_their_first_row_alone() -> None:
    """On the screen the word covers three people; in the file it is one person's."""
    rows = [(f"{name}@contoso.example", "leave" if name == "ada" else None) for name in ("ada", "bo", "cy", "di")]
    roster = read(("UPN", "target"), *rows, more=lambda sheet: sheet.merge_cells("B2:B4"))

    assert [2, 5] == [row.line for row in roster.rows]
    assert [
        f"Staff!B{row} is inside the merged cells B2:B4, so what it says is unknown; unmerge them and fill in each row."
        for row in (3, 4)
    ] == [error.reason for error in roster.errors]
    assert [True, True] == [error.protective for error in roster.errors]


def test_the_header_is_the_first_row_with_a_text_and_lines_are_rows_of_the_sheet() -> None:
    """Blank rows above it, between the users, and columns without a name are as in a CSV file."""
    roster = read((), (None, None), ("UPN", None, "target"), (ADA, "x", "leave"), (), ("bo@contoso.example",))

    assert [(4, {"column 2": "x"}), (6, {"column 2": ""})] == [(row.line, dict(row.extra)) for row in roster.rows]


def test_a_value_beyond_the_header_is_carried_and_shifts_nothing() -> None:
    roster = read(("UPN",), (ADA, None, "see me"))

    assert [{"column 2": "", "column 3": "see me"}] == [row.extra for row in roster.rows]


def test_a_title_above_the_header_is_told_with_its_row() -> None:
    said = refusal(workbook((), ("Users of Contoso",), ("UPN", "target"), (ADA, "leave")))

    assert said.startswith("Staff row 2: no column names the users; this line must name a column user_principal_name")


def test_a_sheet_with_a_blank_in_its_name_is_quoted_as_excel_does() -> None:
    [error] = read(("UPN", "id"), (ADA, 7), title="Our staff").errors

    assert error.reason.startswith("'Our staff'!B2 is the number 7")


def test_rows_that_contradict_each_other_are_called_rows() -> None:
    roster = read(("UPN", "target"), (ADA, "leave"), (ADA, "SPE_E3"), (ADA.upper(), "SPE_E3"))

    assert [
        f"The row contradicts Staff row {others} about the same user; keep the one that is right."
        for others in ("3, 4", "2, 4", "2, 3")
    ] == [error.reason for error in roster.errors]


def several(*titles: str) -> Workbook:
    book = Workbook()
    for title in titles:
        book.create_sheet(title)
    book.remove(book.worksheets[0])
    return book


def fill(sheet: Worksheet) -> None:
    sheet.append(["UPN", "target"])
    sheet.append([ADA, "leave"])


def test_users_on_the_second_sheet_are_told_by_its_name() -> None:
    book = several("Cover", "Users", "Old")
    fill(book["Users"])

    assert (
        "the first sheet, Cover, is empty, and only the first one is read; move the sheet with the users in front of "
        "it (there is: Users, Old)"
    ) == refusal(saved(book))


def test_an_empty_workbook_is_told() -> None:
    assert "its sheet Staff is empty; its first row must name the columns" == refusal(workbook())


def test_only_the_first_sheet_is_read() -> None:
    book = several("Users", "More")
    fill(book["Users"])
    book["More"].append(["nonsense"])

    assert [ADA] == [row.user for row in read_roster(saved(book), file="users.xlsx").rows]


def test_a_hidden_first_sheet_is_not_what_a_person_sees_first() -> None:
    book = several("Lists", "Users")
    fill(book["Lists"])
    fill(book["Users"])
    book["Lists"].sheet_state = "hidden"

    assert refusal(saved(book)).startswith("the first sheet, Lists, is hidden, and another one is seen first;")


def test_a_chart_in_front_is_not_passed_over() -> None:
    book = several("Users")
    fill(book["Users"])
    book.create_chartsheet("Overview", 0).add_chart(BarChart())

    assert refusal(saved(book)).startswith("the first sheet, Overview, is a chart or cannot be read")


def test_a_heading_that_is_an_error_names_no_column() -> None:
    said = refusal(workbook(("UPN", "=A9"), (ADA, "leave")))

    assert said.startswith("a cell that should name a column does not: Staff!B1 is a formula whose result is not")


@pytest.mark.parametrize("file", ["USERS.XLSX", "users.xlsm"])
def test_the_name_of_a_workbook_may_be_in_capitals_or_that_of_one_with_macros(file: str) -> None:
    """Macros are never run: only values are read."""
    assert [ADA] == [row.user for row in read_roster(workbook(("UPN",), (ADA,)), file=file).rows]


def test_who_has_no_workbook_does_not_wait_for_openpyxl() -> None:
    """It is loaded when the first workbook is read, by no CSV file and by no other command."""
    code = (
        "import sys\nimport jobs.license_reassignment.commands.plan\nfrom connectors.roster.read import read_roster\n"
        "read_roster(b'UPN\\na@x\\n', file='users.csv')\nassert 'openpyxl' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)

    assert (0, "") == (done.returncode, done.stderr)
