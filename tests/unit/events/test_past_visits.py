"""Who was where, found from events: one visit however often its track breaks, and faces that got no name."""

import datetime
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from twinface.events import Event, EventStore, Kind, LookRecord, Subject, TrackKey, Visits
from twinface.events.event import Moment, NameSpan, Opinion
from twinface.events.past_visits import Day, PastVisit, VisitQuery, count_days, iterate_visits, read_visits
from twinface.types import State

MakeLook = Callable[..., LookRecord]
EVERYTHING = VisitQuery()
STREAM = 1_800_000_000_000_000_001
MORNING_NS = int(datetime.datetime(2026, 3, 29, 9).astimezone().timestamp()) * 10**9


def key(number: int, camera: str = "door") -> TrackKey:
    return TrackKey(camera, STREAM, number)


def at(second: float) -> Moment:
    return Moment(second, MORNING_NS + int(second * 1e9), second * 1e3, int(second))


class Story:
    """What a matcher would have stored of people who come and go, by its own state machine."""

    def __init__(self) -> None:
        self.visits = Visits(cool_down_s=30.0, unknown_stays_s=1e9)
        self.events: list[Event] = []

    def shows(self, track: TrackKey, first: float, last: float, *said: Opinion) -> None:
        """A track from a first to a last second, of which things are said in the seconds after its first."""
        self.events += self.visits.entered(track, at(first))
        for second, opinion in enumerate(said, 1):
            self.events += self.visits.said(track, opinion, at(first + second))
        self.events += self.visits.saw(track.camera, STREAM, [track.track], at(last))
        self.events += self.visits.left(track, at(last))

    def passes(self, second: float, camera: str = "door") -> None:
        """Time passes at a camera."""
        self.events += self.visits.saw(camera, STREAM, [], at(second))


ADA, NOBODY = Opinion("known", "Ada", 0.9), Opinion("unknown", None, 0.2)
UNSURE = Opinion("uncertain", None, 0.5)


@pytest.fixture
def story(path: Path, make_look: MakeLook) -> Path:
    """Ada comes in two tracks; somebody unknown goes by, somebody is unclear elsewhere, one face is never recognised;
    the next day somebody unknown turns out to be Ada, who is still there.
    """
    story = Story()
    story.shows(key(1), 0, 10, ADA)
    story.shows(key(2), 15, 20, Opinion("known", "Ada", 0.95))
    story.passes(60)
    story.shows(key(3), 100, 110, NOBODY)
    story.shows(key(1, "yard"), 150, 160, UNSURE)
    story.shows(key(4), 200, 201)
    story.shows(key(5), 86_400, 86_500, NOBODY, ADA)
    looks = [make_look(crop, track) for crop, track in ((0, 1), (1, 1), (2, 2), (3, 3))]
    with EventStore(path) as store:
        store.append(story.events, looks)
    return path


def whose(visits: list[PastVisit]) -> list[tuple[str | None, str, str]]:
    return [(one.name, one.state, one.camera) for one in visits]


def test_a_person_makes_one_visit_of_two_tracks_and_who_got_a_name_is_no_unknown_face(story: Path) -> None:
    found = read_visits(story, EVERYTHING)
    assert whose(found) == [
        ("Ada", "known", "door"),
        (None, "uncertain", "yard"),
        (None, "unknown", "door"),
        ("Ada", "known", "door"),
    ]
    today, unsure, nobody, first = found
    assert (first.since_ns, first.until_ns) == (at(1).at_ns, at(20).at_ns)
    assert (first.tracks, first.looks, first.score) == ((key(1), key(2)), 3, 0.95)
    assert (nobody.tracks, nobody.looks, nobody.until_ns) == ((key(3),), 1, at(110).at_ns)
    assert (unsure.score, unsure.looks) == (0.5, 0)
    assert (today.until_ns, today.tracks) == (None, (key(5),))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (VisitQuery(names=(NameSpan("Ada"),)), [("Ada", "known", "door")] * 2),
        (VisitQuery(names=(NameSpan("ada"),)), []),
        (VisitQuery(camera="yard"), [(None, "uncertain", "yard")]),
        (VisitQuery(state=State.UNKNOWN), [(None, "unknown", "door")]),
        (VisitQuery(state=State.PENDING), [(None, "pending", "door")]),
        (VisitQuery(until_ns=at(1).at_ns), []),
        (VisitQuery(until_ns=at(1).at_ns + 1), [("Ada", "known", "door")]),
        (VisitQuery(since_ns=at(111).at_ns, until_ns=at(1000).at_ns), [(None, "uncertain", "yard")]),
        (VisitQuery(since_ns=at(15).at_ns, until_ns=at(16).at_ns), [("Ada", "known", "door")]),
        (VisitQuery(since_ns=at(86_900).at_ns), [("Ada", "known", "door")]),
        (VisitQuery(limit=1), [("Ada", "known", "door")]),
    ],
    ids=str,
)
def test_visits_are_found_by_what_is_asked_for(
    story: Path, query: VisitQuery, expected: list[tuple[str | None, str, str]]
) -> None:
    assert whose(read_visits(story, query)) == expected


def test_pages_go_on_where_the_one_before_ended(story: Path) -> None:
    everything = read_visits(story, EVERYTHING)
    paged: list[PastVisit] = []
    while page := read_visits(story, VisitQuery(limit=1, before=paged[-1].number if paged else None)):
        paged += page
    assert paged == everything == list(iterate_visits(story, EVERYTHING))
    assert list(iterate_visits(story, VisitQuery(limit=3))) == everything[:3]


def test_days_are_those_of_the_box(story: Path) -> None:
    assert [(one.day, one.visits, one.people, one.unknown) for one in count_days(story)] == [
        ("2026-03-30", 1, 1, 0),
        ("2026-03-29", 3, 1, 1),
    ]
    assert [one.visits for one in count_days(story, "yard")] == [1]
    day = count_days(story)[-1]
    within = VisitQuery(since_ns=day.since_ns, until_ns=day.until_ns)
    assert len(read_visits(story, within)) == day.visits


def test_a_day_on_which_the_clocks_change_has_its_own_length(
    story: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    request.addfinalizer(time.tzset)
    request.addfinalizer(monkeypatch.undo)
    day: Day = count_days(story)[-1]
    assert day.day == "2026-03-29"
    assert (day.until_ns - day.since_ns) // 3_600_000_000_000 == 23


def test_a_visit_whose_clock_was_put_back_has_ended_all_the_same(path: Path, make_event: Callable[..., Event]) -> None:
    visit = {"subject": Subject.PERSON, "name": "Ada", "state": "known", "since_ns": 5_000}
    with EventStore(path) as store:
        store.append([make_event(at_ns=5_000, **visit), make_event(Kind.EXIT, at_ns=3_000, **visit | {"track": None})])
    assert [one.until_ns for one in read_visits(path, EVERYTHING)] == [3_000]


def test_there_is_nothing_where_there_is_no_store(path: Path) -> None:
    assert (read_visits(path, EVERYTHING), count_days(path), list(iterate_visits(path, EVERYTHING))) == ([], [], [])
