"""What went over the wire is told by the journal alone, also of a session that died or was cut off."""

from __future__ import annotations

from pathlib import Path

import pytest
from worlds.applying_place import Place
from worlds.engine_parts import first_segment

from jobs.license_reassignment.model.standing import Entry
from jobs.license_reassignment.reconcile.run_record import requests_of, seconds_at_work


def entries_of(place: Place) -> list[Entry]:
    """The journal as the job folds it."""
    return [Entry(line.kind, line.at, line.body) for line in place.lines()]


def cut_after_the_last(place: Place, kind: str) -> None:
    """What a process leaves that is killed right after it wrote a line of this kind."""
    path = first_segment(place.run.path)
    lines = path.read_bytes().splitlines(keepends=True)
    last = max(n for n, line in enumerate(lines) if f'"kind":"{kind}"'.encode() in line)
    path.write_bytes(b"".join(lines[: last + 1]))


@pytest.mark.parametrize("kind", ["intent", "outcome"])
def test_a_killed_session_and_its_unanswered_writes_are_counted(tmp_path: Path, kind: str) -> None:
    """Every write that reached the tenant is in the sum, and no session counts as silent that was not."""
    place = Place(tmp_path)
    place.apply()
    cut_after_the_last(place, kind)
    place.apply()

    found = requests_of(entries_of(place), {})

    assert place.changes == place.writes == found.writes
    assert [e.kind for e in entries_of(place)].count("start") == 1 + (kind == "intent")
    assert found.http >= found.batches > len({e.body["batch"] for e in entries_of(place) if e.kind == "outcome"})


def test_each_answer_carries_the_traffic_so_far(tmp_path: Path) -> None:
    """It grows from line to line, and the last line of the session has the most."""
    place = Place(tmp_path)
    place.apply()

    told = [e.body["traffic"] for e in entries_of(place) if e.kind in {"outcome", "end"}]

    assert len(told) >= 2
    assert told == sorted(told, key=lambda t: t["http"])
    assert place.changes == told[-1]["writes"]


def test_the_last_word_of_every_session_counts_once() -> None:
    """One that died after its answer, one that ended, and the verification; what never left is no write."""
    items = [{"id": "a"}, {"id": "b"}]
    journal = [
        Entry("start", "", {}),
        Entry("intent", "", {"writes": "usage_location", "items": items}),
        Entry("outcome", "", {"writes": "usage_location", "items": items, "traffic": {"http": 3, "throttled": 1}}),
        Entry("intent", "", {"items": items}),
        Entry("outcome", "", {"items": [{"id": "a"}, {"id": "b", "reason": "not_sent"}], "traffic": {"http": 5}}),
        Entry("intent", "", {"items": items}),
        Entry("start", "", {}),
        Entry("settled", "", {"items": items}),
        Entry("end", "", {"traffic": {"http": 7, "waited_seconds": 1.5}}),
    ]

    found = requests_of(journal, {"traffic": {"http": 100, "batches": 2}})

    assert (112, 2, 5, 0, 1.5) == (found.http, found.batches, found.writes, found.throttled, found.waited_seconds)


def test_a_pause_is_no_work() -> None:
    """Two hours for which somebody paused the run make it neither long nor slow."""
    journal = [
        Entry("start", "2026-03-02T08:00:00.000Z", {}),
        Entry("note", "2026-03-02T10:00:30.000Z", {"event": "pause", "seconds": 7200.0}),
        Entry("outcome", "2026-03-02T10:01:00.000Z", {"items": []}),
    ]

    assert 60.0 == seconds_at_work(journal)
