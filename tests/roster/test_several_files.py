"""Several files are one roster: what contradicts itself is found across them, and each place is named."""

from __future__ import annotations

import hashlib

from worlds.workbooks import workbook

from connectors.roster.read import read_file, read_roster, together
from connectors.roster.rows import Roster

NORTH = b"UPN,target,Room\nada@x,SPE_E3,1\nbo@x,leave,2\n"


def roster(**files: bytes) -> Roster:
    return together([read_file(data, file=name.replace("_", ".")) for name, data in files.items()])


def reasons(found: Roster) -> list[tuple[str, str]]:
    return [(error.place, error.reason) for error in found.errors]


def test_rows_of_all_files_stand_together_in_the_order_of_the_files() -> None:
    """Each file has its own form and its own columns."""
    book = workbook(("id", "UPN", "Desk"), (None, "di@x", "9"))
    found = roster(north_csv=NORTH, south_csv=b"Target;User principal name\nSPE_E5;cy@x\n", west_xlsx=book)

    assert [
        ("north.csv", 2, "ada@x", {"Room": "1"}),
        ("north.csv", 3, "bo@x", {"Room": "2"}),
        ("south.csv", 2, "cy@x", {}),
        ("west.xlsx", 2, "di@x", {"Desk": "9"}),
    ] == [(row.file, row.line, row.user, row.extra) for row in found.rows]
    assert (4, ()) == (found.rows_in, found.errors)


def test_a_repeated_row_names_the_place_of_the_first() -> None:
    """The first stays; its own file is not named again, and another one is."""
    found = roster(north_csv=NORTH + b"ada@x,SPE_E3,7\n", south_csv=b"UPN,target\nADA@x,spe_e3\n")

    assert ["ada@x", "bo@x"] == [row.user for row in found.rows]
    assert [
        ("north.csv, line 4", "The row repeats line 2; remove one of the two."),
        ("south.csv, line 2", "The row repeats north.csv, line 2; remove one of the two."),
    ] == reasons(found)


def test_a_contradiction_names_every_place_in_both_files() -> None:
    """Both rows are rejected, whichever file is given first."""
    south = workbook(("UPN", "target"), (), ("bo@x", "SPE_E3"), ("bo@x", "SPE_E5"))
    found = roster(north_csv=NORTH, south_xlsx=south)

    assert ["ada@x"] == [row.user for row in found.rows]
    assert [
        (place, f"The row contradicts {others} about the same user; keep the one that is right.")
        for place, others in (
            ("north.csv, line 3", "south.xlsx, Staff row 3, 4"),
            ("south.xlsx, Staff row 3", "north.csv, line 3 and Staff row 4"),
            ("south.xlsx, Staff row 4", "north.csv, line 3 and Staff row 3"),
        )
    ] == reasons(found)


def test_a_row_that_contradicts_many_names_five_and_counts_the_rest() -> None:
    wishes = b"".join(b"bo@x,SPE_E%d\n" % number for number in range(3, 8))
    found = roster(north_csv=NORTH, south_csv=b"UPN,target\n" + wishes + b"bo@x,leave\n")

    assert "The row contradicts south.csv, line 2, 3, 4, 5, 6 and 1 more about" == reasons(found)[0][1][:66]


def test_two_people_are_one_through_a_row_of_another_file() -> None:
    """An id in one file and a name in the other meet in a row that has both."""
    key = "1392051d-0cb9-4b7a-88d5-621fee5e8711"
    north, both = f"id\n{key}\n".encode(), f"UPN,id\nada@x,{key}\n".encode()
    found = roster(north_csv=north, both_csv=both, south_csv=b"UPN,target\nada@x,leave\n")

    assert ["both.csv, line 2", "north.csv, line 2", "south.csv, line 2"] == sorted(
        place for place, _ in reasons(found)
    )
    assert () == found.rows


def test_errors_come_in_the_order_of_the_files_and_their_lines() -> None:
    found = roster(
        b_csv=b"UPN,voice\nada@x,perhaps\nbo@x,maybe\n", a_csv=b"UPN,voice\ncy@x,perhaps\nada@x,yes\nada@x,no\n"
    )

    assert ["b.csv, line 2", "b.csv, line 3", "a.csv, line 2", "a.csv, line 3", "a.csv, line 4"] == [
        place for place, _ in reasons(found)
    ]


def test_the_digest_of_one_file_is_its_own_and_of_several_that_of_their_digests() -> None:
    """`sha256sum roster/* | cut -c1-64 | sha256sum` gives the same; the order of the files counts, as that of rows."""
    north, south = hashlib.sha256(NORTH).hexdigest(), hashlib.sha256(b"UPN\ncy@x\n").hexdigest()
    both = hashlib.sha256(f"{north}\n{south}\n".encode()).hexdigest()

    assert north == read_roster(NORTH, file="north.csv").sha256
    assert both == roster(north_csv=NORTH, south_csv=b"UPN\ncy@x\n").sha256
    assert both != roster(south_csv=b"UPN\ncy@x\n", north_csv=NORTH).sha256


def test_the_list_of_actions_beside_a_list_of_wishes() -> None:
    """Rows about gates are passed over in the file that is our own list, and nowhere else."""
    actions = b"kind,subject,reason,remedy,user_principal_name,target\ngate,x,y,z,,\nheld,bo@x,left_by_choice,,bo@x,\n"
    found = roster(actions_csv=actions, more_csv=b"UPN,target\n,SPE_E3\n")

    assert [("leave",)] == [row.targets for row in found.rows]
    assert ["more.csv, line 2"] == [place for place, _ in reasons(found)]
