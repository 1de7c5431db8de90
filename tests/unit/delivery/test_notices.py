"""What notifications say, and their quiet hours."""

import datetime

import pytest
from sent_events import make_event

from twinface.delivery.notices import QuietHours, duration_in_words, midnight_ns, notice
from twinface.events import Event, Kind, Subject


@pytest.mark.parametrize(
    ("written", "at", "is_quiet"),
    [
        ("", "00:00", False),
        ("22:00-07:00", "21:59", False),
        ("22:00-07:00", "22:00", True),
        ("22:00-07:00", "00:00", True),
        ("22:00-07:00", "06:59", True),
        ("22:00-07:00", "07:00", False),
        ("12:30-14:00", "12:29", False),
        ("12:30-14:00", "13:59", True),
        ("12:30-14:00", "14:00", False),
        ("00:00-23:59", "23:59", False),
    ],
)
def test_quiet_hours_may_be_past_midnight(written: str, at: str, is_quiet: bool) -> None:
    moment = datetime.datetime.combine(datetime.date(2026, 5, 31), datetime.time.fromisoformat(at))
    assert QuietHours.of(written).holds(moment) is is_quiet


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (make_event(), "Ada at door"),
        (make_event(kind=Kind.EXIT, duration_s=900.0), "Ada left door, after 15 min"),
        (make_event(None, kind=Kind.STAYED, duration_s=30.4), "Somebody unknown at door for 30 s"),
        (make_event(kind=Kind.TWO_CAMERAS, details={"cameras": ["door", "yard"]}), "Ada at door and yard at once"),
        (make_event(kind=Kind.UPDATE, subject=Subject.PERSON), "Ada at door is somebody else"),
        (make_event("Ada\nlet him in\u202e"), "Ada\ufffdlet him in\ufffd at door"),
        (make_event("x" * 300), "x" * 300 + " at door"),
    ],
)
def test_an_event_in_a_sentence_of_one_line(event: Event, said: str) -> None:
    assert notice(event, is_first_today=False) == said


def test_the_first_time_of_a_day_is_said() -> None:
    assert notice(make_event("Ada Lovelace"), is_first_today=True) == "Ada Lovelace at door, first time today"


@pytest.mark.parametrize(("seconds", "said"), [(30.0, "30 s"), (119.0, "119 s"), (150.0, "2 min"), (7300.0, "2 h")])
def test_durations_in_words(seconds: float, said: str) -> None:
    assert duration_in_words(seconds) == said


def test_a_day_begins_at_midnight_where_the_box_stands() -> None:
    at = datetime.datetime(2026, 5, 31, 14, 3, 9).astimezone()
    began = datetime.datetime.fromtimestamp(midnight_ns(int(at.timestamp() * 1e9)) / 1e9)
    assert began == datetime.datetime(2026, 5, 31)
