"""The journal is a chain: a torn end is cut, what else does not fit is refused, a full disk leaves it whole."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from worlds.engine_parts import DIGEST, first_segment
from worlds.virtual_time import START

from jobs.license_reassignment.errors import ExitCode, GuardRefused, Unfinished
from jobs.license_reassignment.run_folder import journal
from jobs.license_reassignment.run_folder.journal import Journal, Line, line_hash, read_journal, segment_name, segments

BODIES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("start", {"plan_id": "p1", "waves": ["all"]}),
    ("intent", {"batch": 1, "items": [{"id": "u1", "add": [], "remove": ["e4"], "before": 0}]}),
    ("outcome", {"batch": 1, "items": [{"id": "u1", "verdict": "applied", "message": 'é\n"quoted"'}]}),
)


def opened(folder: Path) -> Journal:
    """Open the journal as a new process does."""
    found = Journal(read_journal(folder, DIGEST), lambda: START)
    found.cut_torn_tail()
    return found


def written(folder: Path, count: int = len(BODIES)) -> bytes:
    """Write so many lines and return the file."""
    book = opened(folder)
    for number in range(count):
        kind, body = BODIES[number % len(BODIES)]
        book.append(kind, body)
    book.close()
    return first_segment(folder).read_bytes()


def read(folder: Path) -> list[Line]:
    """Read it back."""
    return read_journal(folder, DIGEST).lines


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    """Number, time, kind and body, in order."""
    written(tmp_path)
    at = "2026-03-02T08:00:00.000Z"
    assert read(tmp_path) == [Line(n, at, kind, body) for n, (kind, body) in enumerate(BODIES, start=1)]


def test_each_line_carries_the_hash_of_the_line_before_and_the_first_one_the_plan(tmp_path: Path) -> None:
    """So a line cannot go, come or change place."""
    lines = written(tmp_path).splitlines()
    prevs = [journal.orjson.loads(line)["prev"] for line in lines]
    assert prevs == [DIGEST, *(line_hash(line) for line in lines[:-1])]


def test_a_journal_of_another_plan_is_refused(tmp_path: Path) -> None:
    """The first line hangs on the digest of the plan."""
    written(tmp_path)
    with pytest.raises(GuardRefused, match="line 1 does not follow"):
        read_journal(tmp_path, "1" * 64)


def test_a_torn_tail_of_every_length_is_cut_and_the_chain_goes_on(tmp_path: Path) -> None:
    """Whatever part of the last line reached the disk: the lines before it stand, and the next one fits."""
    whole = written(tmp_path)
    path = first_segment(tmp_path)
    start = whole.rindex(b"\n", 0, len(whole) - 1) + 1
    for length in range(start, len(whole)):
        path.write_bytes(whole[:length])
        head = read_journal(tmp_path, DIGEST)
        assert (head.seq, head.torn) == (2, whole[start:length])
        book = Journal(head, lambda: START)
        assert book.cut_torn_tail() == length - start
        book.append(*BODIES[2])
        book.close()
        assert path.read_bytes() == whole


def test_a_flipped_bit_at_every_position_is_found_unless_it_only_ends_the_last_line(tmp_path: Path) -> None:
    """A change of any byte refuses the journal; the last newline alone may turn a line into an unfinished one."""
    whole = written(tmp_path)
    path = first_segment(tmp_path)
    cut = set()
    for at in range(len(whole)):
        for bit in (0x01, 0x20, 0x80):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1 :])
            try:
                head = read_journal(tmp_path, DIGEST)
            except GuardRefused:
                continue
            assert head.torn != b"", f"byte {at} ^ {bit:#x} went unnoticed"
            cut.add(at)
    assert cut == {len(whole) - 1}, "only a line without its newline may be taken for an unfinished one"


def test_a_line_taken_out_doubled_or_moved_is_found(tmp_path: Path) -> None:
    """Every line but the last, whose loss nobody can see in the file alone."""
    lines = written(tmp_path, 4).splitlines(keepends=True)
    path = first_segment(tmp_path)
    wrong = [
        lines[1:],
        [lines[0], *lines[2:]],
        [lines[0], lines[0], *lines[1:]],
        [lines[1], lines[0], *lines[2:]],
        [*lines, lines[3]],
    ]
    for altered in wrong:
        path.write_bytes(b"".join(altered))
        with pytest.raises(GuardRefused, match="was altered or damaged"):
            read_journal(tmp_path, DIGEST)


def test_half_a_line_in_the_middle_is_no_torn_tail(tmp_path: Path) -> None:
    """Only the very end can be unfinished."""
    lines = written(tmp_path).splitlines(keepends=True)
    first_segment(tmp_path).write_bytes(lines[0] + lines[1][:20] + b"\n" + lines[2])
    with pytest.raises(GuardRefused, match="line 2 is not a journal line"):
        read_journal(tmp_path, DIGEST)


def test_a_full_segment_is_followed_by_the_next_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The chain runs through all of them; numbers go on, also after a restart at the seam."""
    monkeypatch.setattr(journal, "SEGMENT_LINES_MAX", 2)
    written(tmp_path, 4)
    written(tmp_path, 1)
    assert [p.name for p in segments(tmp_path)] == ["journal.jsonl", "journal-0002.jsonl", "journal-0003.jsonl"]
    assert [line.seq for line in read(tmp_path)] == [1, 2, 3, 4, 5]
    assert [len(p.read_bytes().splitlines()) for p in segments(tmp_path)] == [2, 2, 1]


def test_a_missing_segment_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first, or one in the middle."""
    monkeypatch.setattr(journal, "SEGMENT_LINES_MAX", 1)
    written(tmp_path, 3)
    for number in (2, 1):
        (tmp_path / segment_name(number)).rename(tmp_path / "elsewhere")
        with pytest.raises(GuardRefused, match=f"{segment_name(number)} is missing"):
            read_journal(tmp_path, DIGEST)
        (tmp_path / "elsewhere").rename(tmp_path / segment_name(number))


def test_a_torn_line_that_is_not_in_the_last_segment_is_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Something was written after it, so it was whole once."""
    monkeypatch.setattr(journal, "SEGMENT_LINES_MAX", 1)
    written(tmp_path, 2)
    first = tmp_path / segment_name(1)
    first.write_bytes(first.read_bytes()[:-5])
    with pytest.raises(GuardRefused):
        read_journal(tmp_path, DIGEST)


def test_a_process_that_died_on_the_first_line_of_a_segment_goes_on_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new segment that holds nothing whole yet."""
    monkeypatch.setattr(journal, "SEGMENT_LINES_MAX", 2)
    written(tmp_path, 3)
    second = tmp_path / segment_name(2)
    for kept in (0, 10):
        second.write_bytes(second.read_bytes()[:kept])
        written(tmp_path, 1)
        assert [line.seq for line in read(tmp_path)] == [1, 2, 3]


class FullDisk:
    """Stands in for `os`: takes so many bytes, then says that the disk is full; or fails to flush."""

    def __init__(self, room: int, *, flushes: bool = True) -> None:
        self.room = room
        self.flushes = flushes

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def write(self, file: int, data: bytes) -> int:
        """Write what there is room for."""
        if self.room == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        part = data[: self.room]
        self.room -= len(part)
        return os.write(file, part)

    def fsync(self, file: int) -> None:
        """Flush, or fail."""
        if not self.flushes:
            raise OSError(errno.EIO, "Input/output error")
        os.fsync(file)


@pytest.mark.parametrize("room", [0, 1, 50])
def test_a_full_disk_ends_the_run_and_leaves_the_chain_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    """Half a line does not stay behind; the same journal goes on when there is room again."""
    whole = written(tmp_path)
    book = opened(tmp_path)
    with monkeypatch.context() as broken:
        broken.setattr(journal, "os", FullDisk(room))
        with pytest.raises(Unfinished, match="No space left on device") as told:
            book.append(*BODIES[0])
    assert told.value.exit_code == ExitCode.STOPPED
    assert first_segment(tmp_path).read_bytes() == whole
    book.append(*BODIES[0])
    book.close()
    assert [line.seq for line in read(tmp_path)] == [1, 2, 3, 4]


def test_a_line_that_cannot_be_flushed_was_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not durable must not look as if it were."""
    whole = written(tmp_path)
    book = opened(tmp_path)
    monkeypatch.setattr(journal, "os", FullDisk(10_000, flushes=False))
    with pytest.raises(Unfinished, match="Input/output error"):
        book.append(*BODIES[0])
    book.close()
    assert first_segment(tmp_path).read_bytes() == whole


def test_a_write_in_pieces_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system may take less than it is given."""
    real = os.write
    monkeypatch.setattr(journal.os, "write", lambda file, data: real(file, data[:7]))
    written(tmp_path)
    assert len(read(tmp_path)) == len(BODIES)


def test_only_the_owner_may_read_a_journal(tmp_path: Path) -> None:
    """It names people."""
    written(tmp_path)
    assert first_segment(tmp_path).stat().st_mode & 0o777 == 0o600
