"""What may make a run wait or stop besides Graph: window, time limit, pause, speed, signals."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from worlds.virtual_time import START, Hour, VirtualClock, VirtualLoop, run_process

from jobs.license_reassignment.apply.control import LOOK_EVERY_S, SLICE_S, Control, StopFlag, StoppableClock
from jobs.license_reassignment.errors import Unfinished
from jobs.settings.values import Window

UTC_ZONE, AMSTERDAM = ZoneInfo("UTC"), ZoneInfo("Europe/Amsterdam")
NIGHT = Window(time(20), time(5), UTC_ZONE)
DAY = Window(time(9), time(17, 30), UTC_ZONE)


def at(text: str) -> datetime:
    """Read a moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def control(folder: Path, hour: Hour | None = None, flag: StopFlag | None = None, **more: object) -> Control:
    """Make the control of a run that begins at START, 08:00 UTC."""
    return Control(folder, VirtualClock(hour or Hour()), StopFlag() if flag is None else flag, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("window", "moment", "is_open"),
    [
        (DAY, "2026-03-02T08:59:59", False),
        (DAY, "2026-03-02T09:00:00", True),
        (DAY, "2026-03-02T17:29:59", True),
        (DAY, "2026-03-02T17:30:00", False),
        (NIGHT, "2026-03-02T19:59:59", False),
        (NIGHT, "2026-03-02T20:00:00", True),
        (NIGHT, "2026-03-02T23:59:59", True),
        (NIGHT, "2026-03-03T00:00:00", True),
        (NIGHT, "2026-03-03T04:59:59", True),
        (NIGHT, "2026-03-03T05:00:00", False),
    ],
)
def test_a_window_opens_at_its_start_and_closes_at_its_end(window: Window, moment: str, *, is_open: bool) -> None:
    """The start belongs to it, the end does not; a night runs across midnight."""
    assert window.open_at(at(moment)) is is_open


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-03-28T01:59:00", True),  # 02:59 winter time
        ("2026-03-29T00:59:00", True),  # 01:59, the last minute before the clocks jump from 02:00 to 03:00
        ("2026-03-29T01:00:00", False),  # 03:00 summer time: 02:00 to 03:00 does not exist tonight
        ("2026-10-24T23:59:00", True),  # 01:59 summer time
        ("2026-10-25T00:30:00", True),  # 02:30, for the first time
        ("2026-10-25T01:30:00", True),  # 02:30, for the second time
        ("2026-10-25T02:00:00", False),  # 03:00 winter time
    ],
)
def test_a_window_follows_the_wall_clock_when_the_clocks_change(moment: str, *, is_open: bool) -> None:
    """20:00 to 03:00 in Amsterdam is an hour shorter in March and an hour longer in October."""
    assert Window(time(20), time(3), AMSTERDAM).open_at(at(moment)) is is_open


def test_outside_the_window_the_run_ends_and_names_it(tmp_path: Path) -> None:
    """The same moment is inside for one zone and outside for another."""
    assert control(tmp_path, window=NIGHT).must_end() == "outside the window 20:00-05:00 UTC"
    assert control(tmp_path, window=Window(time(9), time(10), AMSTERDAM)).must_end() == ""


def test_after_the_time_limit_the_run_ends(tmp_path: Path) -> None:
    """The limit counts from the start of the command."""
    hour = Hour()
    steering = control(tmp_path, hour, stop_after=timedelta(minutes=50))
    hour.now = 2999.0
    assert steering.must_end() == ""
    hour.now = 3000.0
    assert steering.must_end() == "the time limit (stop_after) is reached"


def test_a_signal_comes_before_every_other_reason_and_the_first_one_counts(tmp_path: Path) -> None:
    """Who pressed Ctrl-C and then got a SIGTERM is told of Ctrl-C."""
    flag = StopFlag()
    steering = control(tmp_path, flag=flag, window=NIGHT)
    flag.set("SIGINT")
    flag.set("SIGTERM")
    assert steering.must_end() == "SIGINT"


def test_a_pause_file_makes_the_run_wait_until_it_is_gone(tmp_path: Path) -> None:
    """Its content does not matter; it is seen within a second."""
    hour = Hour()
    steering = control(tmp_path, hour)
    assert steering.must_wait() == ""
    (tmp_path / "pause").touch()
    hour.now += LOOK_EVERY_S
    assert steering.must_wait() == "paused: the file `pause` is in the run folder"
    (tmp_path / "pause").unlink()
    hour.now += LOOK_EVERY_S
    assert steering.must_wait() == ""


def test_the_run_folder_is_looked_into_once_a_second(tmp_path: Path) -> None:
    """It may lie on a file share far away; a new folder is looked into at once."""
    hour = Hour()
    steering = control(tmp_path, hour, quota_share=0.9)
    assert steering.quota_share() == 0.9
    (tmp_path / "speed").write_text("0.5", encoding="ascii")
    hour.now += LOOK_EVERY_S / 2
    assert steering.quota_share() == 0.9
    hour.now += LOOK_EVERY_S / 2
    assert steering.quota_share() == 0.5
    steering.watch(tmp_path / "elsewhere")
    assert steering.quota_share() == 0.9


def test_a_file_share_that_does_not_answer_says_nothing_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A paused run stays paused, and nothing breaks."""

    def away(_: Path, *__: object, **___: object) -> None:
        raise OSError("the share is away")

    hour = Hour()
    (tmp_path / "pause").touch()
    paused, fresh = (control(tmp_path, hour, quota_share=0.7) for _ in range(2))
    assert paused.must_wait() != ""
    hour.now += LOOK_EVERY_S
    monkeypatch.setattr(Path, "exists", away)
    monkeypatch.setattr(Path, "read_text", away)
    assert paused.must_wait() != ""
    assert (fresh.must_wait(), fresh.quota_share()) == ("", 0.7)


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("0.5", 0.5),
        (" 0.25\n", 0.25),
        ("1", 1.0),
        ("0", 0.9),
        ("-1", 0.9),
        ("1.5", 0.9),
        ("nan", 0.9),
        ("inf", 0.9),
        ("fast", 0.9),
        ("", 0.9),
        ("½", 0.9),
    ],
)
def test_the_speed_file_replaces_the_share_where_it_holds_one(tmp_path: Path, text: str, share: float) -> None:
    """A number above 0 and up to 1; anything else leaves the setting in force."""
    (tmp_path / "speed").write_text(text, encoding="utf-8")
    assert control(tmp_path, quota_share=0.9).quota_share() == share


def test_without_a_speed_file_the_setting_holds(tmp_path: Path) -> None:
    """And a folder in its place is no number."""
    assert control(tmp_path, quota_share=0.7).quota_share() == 0.7
    (tmp_path / "speed").mkdir()
    assert control(tmp_path, quota_share=0.7).quota_share() == 0.7


def test_a_stop_ends_a_long_sleep_within_a_slice() -> None:
    """The flag is set at 100 s; a sleep of an hour ends with Unfinished (4) half a second later at most."""
    hour, flag = Hour(), StopFlag()
    loop = VirtualLoop(hour)
    loop.call_at(100.0, flag.set, "SIGINT")
    with pytest.raises(Unfinished, match="SIGINT"):
        run_process(loop, lambda: StoppableClock(VirtualClock(hour), flag).sleep(3600), lambda: None)
    assert 100.0 <= hour.now <= 100.0 + SLICE_S


def test_without_a_stop_a_sleep_takes_its_time() -> None:
    """And the clock shows it."""
    hour = Hour()
    clock = StoppableClock(VirtualClock(hour), StopFlag())
    run_process(VirtualLoop(hour), lambda: clock.sleep(42.2), lambda: None)
    assert (clock.now(), clock.monotonic()) == (START + timedelta(seconds=42.2), pytest.approx(42.2))
