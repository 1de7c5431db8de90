"""Visits by plain sequences of moments: what is told, and what is not."""

import dataclasses
from typing import Any

import pytest

from twinface.events import Event, Kind, Moment, Opinion, Past, Subject, TrackKey, Visits
from twinface.types import State

_WALL_NS = 1_800_000_000 * 10**9


def at(time_s: float, *, wall_s: float | None = None) -> Moment:
    wall_ns = _WALL_NS + int((time_s if wall_s is None else wall_s) * 1e9)
    return Moment(time_s, wall_ns, time_s * 1e3, int(time_s * 10))


def known(name: str, score: float = 0.9) -> Opinion:
    return Opinion(State.KNOWN, name, score, gallery_version=3, head="f00d")


UNKNOWN = Opinion(State.UNKNOWN, None, 0.2)


class Box:
    """Visits, and everything that was told so far."""

    def __init__(self, past: Past | None = None, **settings: float) -> None:
        self.visits = Visits(**{"cool_down_s": 60.0, "unknown_stays_s": 30.0, **settings}, past=past)
        self.events: list[Event] = []

    def see(self, time_s: float, *tracks: int, camera: str = "door", stream: int = 1, **how: Any) -> list[Event]:
        moment = at(time_s, wall_s=how.pop("wall_s", None))
        return self._told(self.visits.saw(camera, stream, set(tracks), moment, **how))

    def enter(self, time_s: float, track: int, camera: str = "door", stream: int = 1) -> list[Event]:
        return self._told(self.visits.entered(TrackKey(camera, stream, track), at(time_s)))

    def say(self, time_s: float, track: int, opinion: Opinion, camera: str = "door", stream: int = 1) -> list[Event]:
        return self._told(self.visits.said(TrackKey(camera, stream, track), opinion, at(time_s)))

    def leave(self, time_s: float, track: int, camera: str = "door", stream: int = 1) -> list[Event]:
        return self._told(self.visits.left(TrackKey(camera, stream, track), at(time_s)))

    def come(self, time_s: float, track: int, name: str, camera: str = "door", stream: int = 1) -> list[Event]:
        """Enter and be named half a second later."""
        return [*self.enter(time_s, track, camera, stream), *self.say(time_s + 0.5, track, known(name), camera, stream)]

    def _told(self, events: list[Event]) -> list[Event]:
        self.events += events
        return events

    def told(self, subject: Subject = Subject.PERSON) -> list[tuple[str, str | None, float]]:
        return [(event.kind, event.name, event.duration_s) for event in self.events if event.subject is subject]


def kinds(events: list[Event]) -> list[tuple[str, str]]:
    return [(event.subject, event.kind) for event in events]


def test_somebody_comes_is_named_and_goes() -> None:
    box = Box()
    assert kinds(box.enter(0.0, 5)) == [("track", "enter")]
    update, enter = box.say(0.4, 5, known("Ada"))
    assert (update.subject, update.kind, update.name, update.track) == (Subject.TRACK, Kind.UPDATE, "Ada", 5)
    assert (enter.subject, enter.kind, enter.name, enter.track) == (Subject.PERSON, Kind.ENTER, "Ada", 5)
    assert (enter.state, enter.score, enter.gallery_version, enter.head) == ("known", 0.9, 3, "f00d")
    assert (enter.at_ns, enter.media_ms, enter.frame) == (_WALL_NS + 400_000_000, 400.0, 4)
    assert box.see(8.0, 5) == []
    (exit_,) = box.leave(10.0, 5)
    assert (exit_.subject, exit_.kind, exit_.name, exit_.duration_s) == (Subject.TRACK, Kind.EXIT, "Ada", 10.0)
    assert box.see(67.9) == []
    (gone,) = box.see(68.0)
    assert (gone.subject, gone.kind, gone.at_ns) == (Subject.PERSON, Kind.EXIT, _WALL_NS + 8 * 10**9)
    assert (gone.since_ns, gone.duration_s) == (enter.at_ns, 7.6)


def test_one_visit_is_told_once_however_often_its_track_breaks() -> None:
    box = Box()
    for number in range(40):
        box.come(number * 20.0, number, "Ada")
        box.see(number * 20.0 + 5, number)
        box.leave(number * 20.0 + 7, number)
    box.see(2000.0)
    assert box.told() == [("enter", "Ada", 0.0), ("exit", "Ada", 784.5)]
    assert len(box.told(Subject.TRACK)) == 3 * 40


def test_after_the_cool_down_it_is_another_visit() -> None:
    box = Box(cool_down_s=60.0)
    box.come(0.0, 1, "Ada")
    box.leave(2.0, 1)
    box.come(61.0, 2, "Ada")
    box.leave(63.0, 2)
    box.see(121.4)
    assert [kind for kind, _, _ in box.told()] == ["enter", "exit", "enter"]
    box.see(121.5)
    assert [kind for kind, _, _ in box.told()] == ["enter", "exit", "enter", "exit"]


def test_cool_downs_are_per_person_and_camera() -> None:
    box = Box()
    box.come(0.0, 1, "Ada")
    box.come(0.0, 2, "Bob")
    box.come(0.0, 1, "Ada", "hall")
    assert [(event.camera, event.name) for event in box.events if event.subject is Subject.PERSON] == [
        ("door", "Ada"),
        ("door", "Bob"),
        ("hall", "Ada"),
    ]


def test_two_faces_of_one_name_are_one_visit() -> None:
    """Ada and her picture on the wall."""
    box = Box(cool_down_s=5.0)
    box.come(0.0, 1, "Ada")
    box.come(1.0, 2, "Ada")
    box.leave(3.0, 1)
    box.see(20.0, 2)
    box.leave(22.0, 2)
    box.see(25.0)
    assert [kind for kind, _, _ in box.told()] == ["enter", "exit"]


def test_no_cool_down_at_all() -> None:
    box = Box(cool_down_s=0.0)
    box.come(0.0, 1, "Ada")
    box.leave(2.0, 1)
    assert kinds(box.see(2.1)) == [("person", "exit")]


def test_a_look_that_says_nothing_new_is_not_told() -> None:
    box = Box()
    box.come(0.0, 1, "Ada")
    assert [box.say(second, 1, known("Ada", second / 10)) for second in range(1, 6)] == [[]] * 5


def test_a_name_that_changes_is_told_of_the_track_and_of_who_was_announced() -> None:
    box = Box()
    box.come(0.0, 1, "Ada")
    told = box.say(2.0, 1, known("Bob"))
    assert [(event.subject, event.kind, event.name, event.details) for event in told] == [
        ("track", "update", "Bob", None),
        ("person", "update", "Ada", {"track": 1, "is": "Bob"}),
        ("person", "enter", "Bob", None),
    ]
    assert kinds(box.say(4.0, 1, UNKNOWN)) == [("track", "update")]


def test_an_unknown_who_stays_is_told_once() -> None:
    box = Box(unknown_stays_s=30.0)
    box.enter(0.0, 1)
    box.see(40.0, 1)  # nobody has looked yet
    box.say(41.0, 1, UNKNOWN)
    assert [box.see(41.0 + second, 1) for second in range(30)] == [[]] * 30
    (stayed,) = box.see(71.0, 1)
    assert (stayed.subject, stayed.kind, stayed.track, stayed.duration_s) == (Subject.TRACK, Kind.STAYED, 1, 71.0)
    assert box.see(140.0, 1) == []


def test_an_unknown_who_gets_a_name_or_is_out_of_sight_has_not_stayed() -> None:
    box = Box(unknown_stays_s=30.0)
    for track in (1, 2):
        box.enter(0.0, track)
        box.say(1.0, track, UNKNOWN)
    box.say(20.0, 1, known("Ada"))
    box.see(25.0, 1, 2)
    assert box.see(35.0, 1) == []
    assert box.visits.tick(50.0) == []


# --- clocks -----------------------------------------------------------------------------------------------------


def test_a_wall_clock_that_goes_backwards_changes_no_duration() -> None:
    box = Box(cool_down_s=10.0, unknown_stays_s=5.0)
    box.enter(0.0, 2)
    box.say(0.0, 2, UNKNOWN)
    box.come(0.0, 1, "Ada")
    box.see(4.0, 1, 2)
    (stayed,) = box.see(6.0, 1, 2, wall_s=-86_400.0)
    assert (stayed.kind, stayed.duration_s, stayed.at_ns) == (Kind.STAYED, 6.0, _WALL_NS - 86_400 * 10**9)
    box.leave(8.0, 1)
    assert box.see(15.9, 2, wall_s=-86_390.0) == []
    (gone,) = box.see(16.0, 2, wall_s=86_400.0)
    assert (gone.kind, gone.duration_s) == (Kind.EXIT, 5.5)


def test_moments_out_of_order_make_no_time_go_backwards() -> None:
    box = Box(cool_down_s=10.0)
    box.see(5.0)
    box.come(3.0, 1, "Ada")
    (exit_,) = box.leave(4.0, 1)
    assert exit_.duration_s == 0.0
    assert box.see(14.9) == []
    assert kinds(box.see(15.0)) == [("person", "exit")]


def test_live_time_passes_without_frames_and_that_of_a_recording_does_not() -> None:
    box = Box(cool_down_s=10.0)
    for camera, live in (("door", True), ("film", False)):
        box.see(0.0, camera=camera, live=live)
        box.come(0.0, 1, "Ada", camera)
        box.leave(2.0, 1, camera)
    assert [(event.camera, event.kind) for event in box.visits.tick(30.0)] == [("door", "exit")]
    assert [(event.camera, event.kind) for event in box.see(12.0, camera="film", live=False)] == [("film", "exit")]


# --- ends -------------------------------------------------------------------------------------------------------


def test_the_end_of_a_recording_ends_the_visits() -> None:
    box = Box()
    box.see(0.0, live=False)
    box.come(0.0, 1, "Ada")
    box.leave(2.0, 1)
    (gone,) = box.visits.ended("door", 1, at(2.0), "complete", goes_on=False)
    assert (gone.subject, gone.kind, gone.reason) == (Subject.PERSON, Kind.EXIT, "complete")
    box.see(0.0, stream=2, live=False)
    assert [event.duration_s for event in box.come(0.0, 1, "Ada", stream=2)] == [0.0, 0.5, 0.0]


def test_a_camera_that_starts_anew_does_not_end_a_visit() -> None:
    box = Box()
    box.see(0.0)
    box.come(0.0, 1, "Ada")
    box.leave(2.0, 1)
    assert box.visits.ended("door", 1, at(2.0), "camera restarted", goes_on=True) == []
    assert kinds(box.come(5.0, 1, "Ada", stream=2)) == [("track", "enter"), ("track", "update")]


def test_when_nobody_looks_any_more_everything_ends() -> None:
    box = Box()
    box.come(0.0, 1, "Ada")
    box.enter(1.0, 2)
    box.see(3.0, 1, 2)
    told = [(event.subject, event.track, event.kind, event.reason) for event in box.visits.stop("stopped")]
    assert told == [
        ("track", 1, "exit", "stopped"),
        ("track", 2, "exit", "stopped"),
        ("person", None, "exit", "stopped"),
    ]
    assert box.visits.stop("stopped") == []


# --- two cameras ------------------------------------------------------------------------------------------------


def both_see(box: Box, start_s: float, seconds: int = 3, **how: Any) -> list[Event]:
    return [
        event
        for second in range(seconds)
        for camera in ("door", "hall")
        for event in box.see(start_s + second, 1, camera=camera, **how)
    ]


def test_one_person_at_two_cameras_at_once_is_told_once() -> None:
    box = Box()
    both_see(box, 0.0)
    for camera in ("door", "hall"):
        box.come(3.0, 1, "Ada", camera)
    (told,) = both_see(box, 4.0)
    assert (told.subject, told.kind, told.name) == (Subject.PERSON, Kind.TWO_CAMERAS, "Ada")
    assert told.details == {"cameras": ["door", "hall"]}
    assert both_see(box, 10.0) == []


def test_who_walks_from_one_camera_to_the_other_is_not_at_both() -> None:
    box = Box()
    both_see(box, 0.0)
    box.come(3.0, 1, "Ada", "door")
    box.see(5.0, 1, camera="door")
    box.enter(5.0, 1, "hall")  # the track at the door lives on for a while, unseen
    box.see(5.2, 1, camera="hall")
    box.say(5.4, 1, known("Ada"), "hall")
    for tenth in range(60, 100):
        box.see(tenth / 10, 1, camera="hall")
        box.see(tenth / 10, camera="door")
    assert "two_cameras" not in {kind for kind, _, _ in box.told()}


def test_recordings_have_no_time_in_common() -> None:
    box = Box()
    both_see(box, 0.0, live=False)
    for camera in ("door", "hall"):
        box.come(3.0, 1, "Ada", camera)
    assert both_see(box, 4.0, live=False) == []


# --- after a writer that was killed -----------------------------------------------------------------------------


def past_of(events: list[Event]) -> Past:
    """What a store says of events of which none has ended."""
    streams = {event.camera: event.stream for event in events}
    sightings = {(event.camera, event.name): event for event in events if event.name is not None}
    return Past(tuple(events), tuple(sightings.values()), tuple(sorted(streams.items())))


@pytest.fixture
def before() -> list[Event]:
    box = Box(unknown_stays_s=5.0)
    for camera in ("door", "hall"):
        box.see(0.0, camera=camera)
        box.come(0.0, 1, "Ada", camera)
    box.enter(1.0, 2)
    box.say(1.0, 2, UNKNOWN)
    both_see(box, 2.0)
    box.see(7.0, 1, 2)
    assert {event.kind for event in box.events} == {Kind.ENTER, Kind.UPDATE, Kind.STAYED, Kind.TWO_CAMERAS}
    return box.events


def test_a_camera_that_went_on_goes_on(before: list[Event]) -> None:
    box = Box(past_of(before), unknown_stays_s=5.0)
    both_see(box, 10.0)
    box.see(12.0, 1, 2)
    for camera in ("door", "hall"):
        assert box.come(13.0, 1, "Ada", camera) == []
    assert box.enter(13.0, 2) == box.say(13.0, 2, UNKNOWN) == box.see(30.0, 1, 2) == []
    box.leave(31.0, 2)
    assert box.told(Subject.TRACK) == [("exit", None, 30.0)]


def test_what_ended_unseen_is_told_after_a_while(before: list[Event]) -> None:
    box = Box(past_of(before))
    box.see(20.0, 1)
    assert box.see(29.0, 1) == []
    (gone,) = box.see(31.0, 1)
    assert (gone.track, gone.kind, gone.reason) == (2, Kind.EXIT, "interrupted")


def test_a_visit_whose_face_was_gone_cools_down_as_before() -> None:
    enter, exit_ = Box(), Box()
    enter.come(0.0, 1, "Ada")
    exit_.visits = enter.visits
    exit_.leave(5.0, 1)
    events = [event for event in enter.events if event.subject is Subject.PERSON]
    box = Box(Past(tuple(events), tuple(exit_.events), (("door", 1),)))
    assert box.see(64.9) == []
    (gone,) = box.see(65.0)
    assert (gone.name, gone.at_ns, gone.duration_s) == ("Ada", _WALL_NS + 5 * 10**9, 4.5)


def test_what_ended_before_the_kill_does_not_come_back(before: list[Event]) -> None:
    past = past_of(before)
    box = Box(dataclasses.replace(past, ended=frozenset({TrackKey("door", 1, 9)})))
    assert box.come(10.0, 9, "Bob") == box.leave(11.0, 9) == []


def test_a_camera_that_is_another_start_ends_what_was(before: list[Event]) -> None:
    box = Box(past_of(before))
    told = box.see(3.0, stream=2)
    assert [(event.subject, event.track, event.kind, event.reason) for event in told] == [
        ("track", 1, "exit", "interrupted"),
        ("person", None, "exit", "interrupted"),
        ("track", 2, "exit", "interrupted"),
    ]
    assert [event.at_ns - _WALL_NS for event in told] == [500_000_000, 500_000_000, 7_000_000_000]
    assert kinds(box.come(4.0, 1, "Ada", stream=2)) == [("track", "enter"), ("track", "update"), ("person", "enter")]


def test_a_camera_that_is_never_heard_of_ends_with_the_writer(before: list[Event]) -> None:
    told = Box(past_of(before)).visits.stop("stopped")
    assert [event.kind for event in told] == [Kind.EXIT] * 5
    assert {event.reason for event in told} == {"interrupted"}


@pytest.mark.parametrize("put_s", [0.0, 40 * 86_400.0, -40 * 86_400.0])
def test_a_clock_that_is_put_neither_ends_a_visit_nor_makes_it_long(put_s: float) -> None:
    """The camera starts again during the visit, the clock is put, and the matcher is killed."""
    first = Box()
    first.come(0.0, 1, "Ada")
    first.events += first.visits.ended("door", 1, at(5.0), "camera restarted", goes_on=True)
    again = [
        dataclasses.replace(event, stream=2, track=8, media_ms=event.media_ms - 6_000.0)
        for event in Box().come(10.0, 8, "Ada")
        if event.subject is Subject.TRACK
    ]
    visit = [event for event in first.events if event.subject is Subject.PERSON]
    after = Box(past_of([*visit, *again]))
    moment = dataclasses.replace(at(20.0, wall_s=20.0 + put_s), media_ms=14_000.0)
    after.visits.saw("door", 2, {8}, moment)
    gone = [event for event in after.visits.stop("stopped") if event.subject is Subject.PERSON]
    assert [(event.kind, event.name, event.reason) for event in gone] == [("exit", "Ada", "stopped")]
    assert gone[0].duration_s == (19.5 if not put_s else 14.0), "where the clock says what cannot be, since the start"


@pytest.mark.parametrize("put_s", [0.0, 40 * 86_400.0, -40 * 86_400.0])
def test_what_nobody_saw_the_end_of_is_as_long_as_the_camera_says(put_s: float) -> None:
    box = Box()
    box.come(0.0, 1, "Ada")
    last = box.say(7.0, 1, UNKNOWN) + box.say(8.0, 1, known("Ada"))
    put = [dataclasses.replace(event, at_ns=event.at_ns + int(put_s * 1e9)) for event in last]
    past = past_of([*box.events[:-2], *put])
    (gone,) = [event for event in Box(past).see(3.0, stream=2) if event.subject is Subject.PERSON]
    assert gone.duration_s == 7.5
