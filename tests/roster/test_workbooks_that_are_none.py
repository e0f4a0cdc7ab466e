"""What is no workbook of today, is damaged, or is too large is refused before a row is read, with what to do."""

from __future__ import annotations

import io
import random
import zipfile
from contextlib import suppress

import pytest
from openpyxl.worksheet.worksheet import Worksheet
from worlds.workbooks import SHEET, changed, packed, parts_of, workbook

from connectors.roster import sheet as sheet_room
from connectors.roster import workbook as workbook_room
from connectors.roster.read import RosterFileError, read_roster

BOOK = workbook(("UPN", "target"), ("ada@contoso.example", "leave"), ("bo@contoso.example", "SPE_E3"))
COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
TODAY = 'save it as a workbook of today (Excel: Save As, "Excel Workbook (*.xlsx)")'
AS_TEXT = 'save it as text in UTF-8 (Excel: Save As, "CSV UTF-8"; PowerShell: Export-Csv -Encoding utf8)'
DAMAGED = (
    "this workbook is damaged, or a program wrote it in a way that is not understood; open it in Excel and save it as "
    '"Excel Workbook (*.xlsx)"'
)
CUT = "this is a workbook or another zip archive, and it is damaged; copy it again, or open it in Excel and save it"
PARTS = parts_of(BOOK)
BOOK_PART, RELS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
ENCRYPTED = (
    "this is a workbook that a password or a sensitivity label encrypts; take that off (Excel: File, Info, Protect "
    "Workbook, or choose a label without encryption), and save it"
)
OTHERS = {
    "an old workbook": (COMPOUND, f"this is an old Excel workbook (.xls); {TODAY}"),
    "an encrypted workbook": (
        COMPOUND + "EncryptedPackage".encode("utf-16-le"),
        ENCRYPTED,
    ),
    "a binary workbook": (
        packed({"xl/workbook.bin": b"", "[Content_Types].xml": b""}),
        f"this is a binary Excel workbook (.xlsb); {TODAY}",
    ),
    "OpenDocument": (
        packed({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b""}),
        f"this is an OpenDocument file (.ods); {TODAY}",
    ),
    "an archive of CSV files": (
        packed({"users.csv": b"UPN\n"}),
        "this is a zip archive and no workbook; unpack it, and name the file in it",
    ),
    "a workbook cut off": (BOOK[:900], CUT),
    "a PDF": (b"%PDF-1.7", f"this is a PDF document; {AS_TEXT}"),
}


def refusal(data: bytes, file: str = "users.xlsx") -> str:
    with pytest.raises(RosterFileError) as caught:
        read_roster(data, file=file)
    return caught.value.message


@pytest.mark.parametrize("file", ["users.xlsx", "users.xls", "users.ods", "users.csv"])
@pytest.mark.parametrize("name", OTHERS)
def test_what_is_neither_is_told_by_what_it_is(name: str, file: str) -> None:
    """Whatever it is called, the message says what it is and which menu helps."""
    data, said = OTHERS[name]

    assert said == refusal(data, file)


def test_text_under_the_name_of_a_workbook_is_told() -> None:
    assert "this is text and no workbook; give it a name that ends in .csv" == refusal(b"UPN\nada@contoso.example\n")


def test_a_workbook_under_the_name_of_a_text_is_told() -> None:
    said = f"this is an Excel workbook; give it a name that ends in .xlsx, or {AS_TEXT}"

    assert said == refusal(BOOK, "users.csv")


@pytest.mark.parametrize(
    "data",
    [
        packed(PARTS | {SHEET: PARTS[SHEET][:300]}),
        packed(
            {name: content for name, content in PARTS.items() if name != "xl/styles.xml"} | {"xl/workbook.xml": b""}
        ),
        changed(
            BOOK, b"http://schemas.openxmlformats.org/spreadsheetml/2006/main", b"http://purl.oclc.org/ooxml/x/main"
        ),
        changed(BOOK, b'r="A2"', b'r="2A"'),
        changed(BOOK, b'r="B2"', b'r="A1"'),
        changed(BOOK, b'<row r="3"', b'<row r="2"'),
        changed(BOOK, b'<row r="3"', b'<row r="99999999999"'),
        changed(BOOK, b't="inlineStr"><is><t>leave</t></is>', b't="s"><v>9</v>'),
    ],
    ids=["cut", "no book", "strict", "no cell", "columns back", "rows back", "rows without end", "no such text"],
)
def test_a_damaged_part_is_told_as_damage(data: bytes) -> None:
    """A row or a cell that does not follow the one before would be dropped, or put in another's place."""
    assert DAMAGED == refusal(data)


def test_a_part_that_is_encrypted_is_damage() -> None:
    """Of an archive with a password, not of a workbook with one."""
    flagged = bytearray(BOOK)
    for at in range(len(flagged) - 4):
        if flagged[at : at + 4] == b"PK\x01\x02":
            flagged[at + 8] |= 1

    assert DAMAGED == refusal(bytes(flagged))


def test_a_first_sheet_without_its_part_does_not_make_the_second_one_the_first() -> None:
    parts = parts_of(changed(BOOK, b"</sheets>", b'<sheet name="B" sheetId="2" r:id="rId9"/></sheets>', part=BOOK_PART))
    parts["xl/worksheets/sheet2.xml"] = parts.pop(SHEET)
    rels = parts[RELS].replace(
        b"</Relationships>",
        b'<Relationship Id="rId9" Target="/xl/worksheets/sheet2.xml" '
        b'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"/></Relationships>',
    )
    parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace(b"sheet1.xml", b"sheet2.xml")
    said = refusal(packed(parts | {RELS: rels}))

    assert said.startswith("the first sheet, Staff, is a chart or cannot be read")


@pytest.mark.parametrize("seed", range(150))
def test_damage_of_any_kind_is_told_and_never_a_bug(seed: int) -> None:
    """Bytes of a part are changed, taken out or doubled: the roster is read, or refused by its name."""
    rng = random.Random(seed)
    parts = dict(PARTS)
    name = rng.choice([name for name in parts if not name.startswith("docProps")])
    content = bytearray(parts[name])
    for _ in range(rng.randint(1, 4)):
        start = rng.randrange(len(content))
        end = start + rng.randint(1, 20)
        piece = (bytes([rng.choice(b'<>/"0A=&: ')]), b"", bytes(content[start:end]) * 2)[rng.randrange(3)]
        content[start:end] = piece or b" "
    data = packed(parts | {name: bytes(content)})
    rows = 0
    with suppress(RosterFileError):
        rows = read_roster(data, file="users.xlsx").rows_in

    assert rows <= 2


def test_a_workbook_that_unpacks_to_far_more_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """A zip bomb is known by the sizes that its table of contents gives, beyond which nothing is unpacked."""
    monkeypatch.setattr(workbook_room, "BYTES_MAX", 200_000)
    said = refusal(packed(PARTS | {"xl/media/image1.bin": bytes(300_000)}))

    assert said.startswith("the workbook has 31")
    assert said.endswith(
        "bytes when it is unpacked, and 200,000 are the most that is read; keep only the sheet with the users, or save "
        "that sheet as CSV UTF-8"
    )


def test_a_part_that_is_larger_than_it_says_is_damage() -> None:
    """What its table of contents does not announce is not unpacked."""
    with zipfile.ZipFile(io.BytesIO(BOOK)) as archive:
        size = archive.getinfo(SHEET).file_size.to_bytes(4, "little")
    at = BOOK.rindex(size)
    lying = BOOK[:at] + (200).to_bytes(4, "little") + BOOK[at + 4 :]

    assert DAMAGED == refusal(lying)


def far(sheet: Worksheet) -> None:
    sheet["IW2"] = "far"


@pytest.mark.parametrize(
    ("limit", "value", "data", "said"),
    [
        ("ROWS_MAX", 1, BOOK, "the sheet Staff has more than 1 rows; split the sheet into several workbooks, or save"),
        ("CELLS_MAX", 5, BOOK, "the sheet Staff has more than 5 values; split the sheet into several workbooks, or"),
        (
            "COLUMNS_MAX",
            256,
            workbook(("UPN",), ("a@x",), more=far),
            "the sheet Staff has a value in column 257, and 256",
        ),
    ],
)
def test_a_sheet_beyond_a_limit_is_refused(
    limit: str, value: int, data: bytes, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheet_room, limit, value)

    assert refusal(data).startswith(said)


def test_a_sheet_at_its_limits_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The header is no row of a user."""
    monkeypatch.setattr(sheet_room, "ROWS_MAX", 2)
    monkeypatch.setattr(sheet_room, "CELLS_MAX", 6)

    assert 2 == read_roster(BOOK, file="users.xlsx").rows_in


def test_cells_that_are_only_formatted_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """A column in yellow down to the last row of the sheet is no million users."""

    def color(sheet: Worksheet) -> None:
        for row in range(4, 300):
            sheet.cell(row, 2).number_format = "00000"

    monkeypatch.setattr(sheet_room, "ROWS_MAX", 2)
    data = workbook(("UPN", "target"), ("ada@x", "leave"), ("bo@x", "leave"), more=color)

    assert 2 == read_roster(data, file="users.xlsx").rows_in


@pytest.mark.parametrize("stated", [b"A1:A1", b"A1:XFD1048576"])
def test_what_a_sheet_says_of_its_own_size_is_not_believed(stated: bytes) -> None:
    """Some programs write it wrong, and rows would be cut off."""
    data = changed(BOOK, b'<dimension ref="A1:B3"', b'<dimension ref="' + stated + b'"')

    assert 2 == read_roster(data, file="users.xlsx").rows_in


def test_merged_cells_that_lie_upon_each_other_are_damage() -> None:
    """No spreadsheet writes them, and each would cost time for each row."""
    merged = b"".join(b'<mergeCell ref="B2:B3"/>' for _ in range(300))
    data = changed(BOOK, b"</sheetData>", b"</sheetData><mergeCells>" + merged + b"</mergeCells>")

    assert DAMAGED == refusal(data)
