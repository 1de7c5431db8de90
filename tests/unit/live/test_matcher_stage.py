"""The matcher's logic with plain sequences of messages, and a clock that the test moves."""

import dataclasses
import itertools
import random
import sys
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import numpy as np
import pytest
from clocks import Clock

from twinface.live.camera_tracks import Look
from twinface.live.matcher import MatcherStage
from twinface.messages.schema import CropMeta, CropTally, MatchEvent, Stamp, TrackBox, TracksUpdate, VectorMeta
from twinface.types import Candidate, Captured, Decision, FaceMeasures, State

_DEADLINE_S = 5.0
_TIMES = ("sequence", "latency_ms")


@pytest.fixture
def clock() -> Clock:
    return Clock()


class Namer:
    """Vectors are (score, face): everybody who scores `least` or more by the mean of the looks is Ada."""

    least = 0.5

    def decide(self, camera: str, vectors: Any, weights: Any, before: Any) -> Decision:  # noqa: ARG002 - the stage says it
        score = float(np.average(vectors, axis=0, weights=weights)[0])
        if score < self.least:
            return Decision(State.UNKNOWN, None, score, (Candidate("Ada", score),))
        return Decision(State.KNOWN, "Ada", score, (Candidate("Ada", score), Candidate("Bob", 0.0)))

    def is_same_face(self, vector: Any, vectors: Any) -> bool:
        return bool(vector[1] in vectors[:, 1])

    def alone(self, camera: str, vector: Any) -> Decision:
        return self.decide(camera, [vector], [1.0], None)

    bounds: ClassVar = {"rule": "mean", "threshold": 0.5}


@pytest.fixture
def stage(clock: Clock) -> MatcherStage:
    return make_stage(clock, "front")


def make_stage(clock: Clock, *cameras: str, epoch: int = 9, stale_after_ms: float = 1e12) -> MatcherStage:
    return MatcherStage(
        Namer(),
        epoch=epoch,
        clock=clock,
        expected_cameras=cameras,
        max_looks=3,
        stream_deadline_s=_DEADLINE_S,
        stale_after_ms=stale_after_ms,
    )


class Camera:
    """Makes the messages of one start of a camera; `lossless` or live."""

    def __init__(self, name: str = "front", epoch: int = 1, *, lossless: bool = False) -> None:
        self.name, self.epoch, self.lossless = name, epoch, lossless
        self.done = 0
        self._frame = -1
        self._sequence = -1
        self._crops: dict[int, tuple[int, int]] = {}

    @property
    def offered(self) -> int:
        return len(self._crops)

    def frame(self, tracks: Sequence[int] = (), crops: Sequence[int] = (), ended: Sequence[int] = ()) -> Any:
        """The next frame: its tracks, the tracks of which it gives crops, and those that it ends."""
        self._frame += 1
        numbers = range(self.offered, self.offered + len(crops))
        self._crops.update({number: (track, self._frame) for number, track in zip(numbers, crops, strict=True)})
        return self._update(
            tracks=tuple(TrackBox(track, _box(track, self._frame), 0.9) for track in tracks),
            ended=tuple(ended),
            crops=tuple(numbers),
        )

    def end(self) -> Any:
        """The announcement that no frame follows, with what is done by now."""
        return self._update(ended_stream=True)

    def vector(self, crop: int, score: float = 0.9, quality: float = 0.5, *, face: int = 0) -> Look:
        """The vector of a crop that was offered."""
        track, frame = self._crops[crop]
        meta = CropMeta(self.name, self.epoch, crop, track, frame, _box(track, frame), measured(quality), self.lossless)
        return Look(VectorMeta(meta, "f", 1.0), np.array([score, face], np.float32), self._stamp(frame))

    def _update(self, **fields: Any) -> tuple[TracksUpdate, Stamp]:
        self._sequence += 1
        update = TracksUpdate(
            camera=self.name,
            epoch=self.epoch,
            frame=max(0, self._frame),
            width_px=640,
            height_px=360,
            tally=CropTally(self.offered, self.done),
            crops_done=self.done,
            lossless=self.lossless,
            **{"tracks": (), "born": (), "ended": (), "crops": (), **fields},
        )
        return update, dataclasses.replace(self._stamp(update.frame), sequence=self._sequence)

    def _stamp(self, frame: int) -> Stamp:
        return Stamp(f"camera.{self.name}", self.epoch, 0, Captured(frame * 10**9, frame * 10**6, frame * 40.0))


def measured(quality: float) -> FaceMeasures:
    """Of a face that is good but for its size."""
    return FaceMeasures(12.0 + 36.0 * quality, 0.5, 128.0, 40.0, 0.0, 0.0, 2.0, 0.95)


def _box(track: int, frame: int) -> tuple[float, float, float, float]:
    return (track * 100.0, frame * 1.0, track * 100.0 + 50.0, frame + 50.0)


def kinds(events: Iterable[MatchEvent]) -> list[tuple[str, int | None]]:
    return [(event.type, event.track) for event in events]


def tell(stage: MatcherStage, messages: Iterable[Any]) -> list[MatchEvent]:
    """Hand over messages of either kind; what happened."""
    events = []
    for message in messages:
        events += stage.on_vector(message) if isinstance(message, Look) else stage.on_tracks(*message)
    return events


# --- live -------------------------------------------------------------------------------------------------------


def test_somebody_comes_is_recognised_and_goes(stage: MatcherStage) -> None:
    camera = Camera()
    assert kinds(stage.on_tracks(*camera.frame([1], crops=[1]))) == [("enter", 1)]
    (match,) = stage.on_vector(camera.vector(0, quality=0.7))
    assert (match.type, match.name, match.state, match.looks, match.frame) == ("match", "Ada", "known", 1, 0)
    assert match.score == pytest.approx(0.9)
    assert match.box_xyxy == _box(1, 0)
    assert match.quality == pytest.approx(0.7)
    assert [one.name for one in match.candidates] == ["Ada", "Bob"]
    camera.done = 1
    assert stage.on_tracks(*camera.frame([1])) == []
    (exit_,) = stage.on_tracks(*camera.frame(ended=[1]))
    assert (exit_.type, exit_.name, exit_.frame, exit_.box_xyxy) == ("exit", "Ada", 2, _box(1, 1))
    assert exit_.captured.media_ms == 80.0


def test_a_look_may_come_before_its_frame(stage: MatcherStage) -> None:
    camera = Camera()
    frame = camera.frame([1], crops=[1])
    assert kinds(stage.on_vector(camera.vector(0))) == [("enter", 1), ("match", 1)]
    assert stage.on_tracks(*frame) == []


def test_the_best_looks_decide_whatever_their_order(stage: MatcherStage) -> None:
    looks = [(0.9, 0.9), (0.1, 0.1), (0.8, 0.8), (0.2, 0.2), (0.7, 0.7)]
    scores = set()
    for epoch, order in enumerate(itertools.permutations(looks), start=1):
        camera = Camera(epoch=epoch)
        tell(stage, [camera.frame([1], crops=[1]) for _ in order])
        events = [event for crop, look in enumerate(order) for event in stage.on_vector(camera.vector(crop, *look))]
        scores.add(round(events[-1].score or 0.0, 5))
        assert events[-1].looks == 5
    assert scores == {round((0.81 + 0.64 + 0.49) / 2.4, 5)}


def test_a_face_that_takes_the_box_of_another_does_not_inherit_its_name(stage: MatcherStage) -> None:
    camera = Camera()
    tell(stage, [camera.frame([1], crops=[1, 1, 1])])
    looks = [camera.vector(0, 0.9, face=1), camera.vector(1, 0.3, face=2), camera.vector(2, 0.4, face=2)]
    assert [(event.name, event.looks) for event in tell(stage, looks)] == [("Ada", 1), (None, 2), (None, 3)]


def test_who_is_in_sight_is_decided_anew_when_what_is_known_has_changed(stage: MatcherStage) -> None:
    camera = Camera()
    tell(stage, [camera.frame([1, 2, 3], crops=[1, 2]), camera.vector(0, 0.9), camera.vector(1, 0.3)])
    assert stage.reconsider() == []
    Namer.least, before = 0.2, Namer.least
    try:
        (event,) = stage.reconsider()
        assert (event.type, event.track, event.name, event.looks, event.quality) == ("match", 2, "Ada", 1, None)
        assert stage.reconsider() == []
    finally:
        Namer.least = before


def test_a_second_vector_of_a_crop_is_ignored(stage: MatcherStage) -> None:
    camera = Camera()
    stage.on_tracks(*camera.frame([1], crops=[1]))
    assert kinds(stage.on_vector(camera.vector(0))) == [("match", 1)]
    assert stage.on_vector(camera.vector(0)) == []


def test_a_track_that_ended_waits_for_its_looks(stage: MatcherStage, clock: Clock) -> None:
    camera = Camera()
    stage.on_tracks(*camera.frame([1], crops=[1]))
    assert stage.on_tracks(*camera.frame(ended=[1])) == []
    clock.now_s += 2.0
    assert stage.tick() == []
    assert kinds(stage.on_vector(camera.vector(0))) == [("match", 1)]
    camera.done = 1
    assert kinds(stage.on_tracks(*camera.frame())) == [("exit", 1)]


def test_it_does_not_wait_for_ever(stage: MatcherStage, clock: Clock) -> None:
    camera = Camera()
    tell(stage, [camera.frame([1], crops=[1]), camera.frame(ended=[1])])
    clock.now_s += 3.1
    assert kinds(stage.tick()) == [("exit", 1)]
    assert stage.tick() == []


def test_a_look_after_the_exit_brings_nobody_back(stage: MatcherStage, clock: Clock) -> None:
    camera = Camera()
    tell(stage, [camera.frame([1], crops=[1]), camera.frame(ended=[1])])
    clock.now_s += 3.1
    stage.tick()
    assert stage.on_vector(camera.vector(0)) == []
    assert stage.snapshot()["tracks"] == []


def test_a_look_of_a_track_whose_end_came_first_brings_nobody_either(stage: MatcherStage) -> None:
    camera = Camera()
    camera.frame([1], crops=[1])  # went to the matcher before this one
    stage.on_tracks(*camera.frame(ended=[1]))
    assert stage.on_vector(camera.vector(0)) == []


def test_an_update_out_of_order_changes_nothing_but_ends_tracks(stage: MatcherStage) -> None:
    camera = Camera()
    frames = [camera.frame([1, 2]), camera.frame([1, 2], ended=[7]), camera.frame([1], ended=[2])]
    tell(stage, [frames[0]])
    assert kinds(tell(stage, [frames[2]])) == [("exit", 2)]
    assert tell(stage, [frames[1]]) == []
    (track,) = stage.snapshot()["tracks"]  # type: ignore[misc]
    assert (track["track"], track["box_xyxy"]) == (1, [*_box(1, 2)])


def test_of_frames_that_are_minutes_old_only_the_end_of_tracks_is_taken(clock: Clock) -> None:
    stage, camera = make_stage(clock, "front", stale_after_ms=5000.0), Camera()
    fresh, old, oldest = camera.frame([1]), camera.frame([1, 2]), camera.frame([3], ended=[1])

    def aged(message: Any, age_s: float) -> Any:
        update, stamp = message
        return update, dataclasses.replace(stamp, captured=Captured(0, int((clock.now_s - age_s) * 1e9), 0.0))

    assert kinds(stage.on_tracks(*aged(fresh, 4.0))) == [("enter", 1)]
    assert stage.on_tracks(*aged(old, 6.0)) == []
    assert kinds(stage.on_tracks(*aged(oldest, 200.0))) == [("exit", 1)]


def test_a_start_of_a_camera_that_is_far_in_the_future_blocks_nobody_for_long(
    stage: MatcherStage, clock: Clock
) -> None:
    forged, camera = Camera(epoch=2**62), Camera(epoch=5)
    stage.on_tracks(*forged.frame([1]))
    assert stage.on_tracks(*camera.frame([1])) == []
    clock.now_s += 11.0
    assert kinds(stage.on_tracks(*camera.frame([1]))) == [("exit", 1), ("end", None), ("enter", 1)]


def test_what_a_silent_camera_left_is_gone_after_a_while(stage: MatcherStage, clock: Clock) -> None:
    camera = Camera()
    stage.on_tracks(*camera.frame([1, 2]))
    clock.now_s += 6.0
    stage.on_tracks(*camera.frame([2]))
    clock.now_s += 6.0
    assert kinds(stage.tick()) == [("exit", 1)]
    clock.now_s += 6.0
    assert kinds(stage.tick()) == [("exit", 2)]
    assert kinds(stage.on_tracks(*camera.frame([2], crops=[2]))) == [("enter", 2)]
    assert kinds(stage.on_vector(camera.vector(0))) == [("match", 2)]


def test_cameras_do_not_mix(clock: Clock) -> None:
    stage = make_stage(clock, "front", "back")
    front, back = Camera("front"), Camera("back")
    tell(stage, [front.frame([1], crops=[1]), back.frame([1], crops=[1])])
    (match,) = stage.on_vector(back.vector(0))
    assert (match.camera, match.name) == ("back", "Ada")
    assert [(one["camera"], one["name"]) for one in stage.snapshot()["tracks"]] == [  # type: ignore[attr-defined]
        ("front", None),
        ("back", "Ada"),
    ]


def test_months_of_crops_and_tracks_take_no_memory(stage: MatcherStage) -> None:
    camera = Camera()
    for track in range(9_000):
        tell(stage, [camera.frame([track], crops=[track]), camera.vector(track)])
        camera.done += 1
        stage.on_tracks(*camera.frame(ended=[track]))
    stream = stage._streams["front"]
    assert stream is not None
    assert sys.getsizeof(stream._crops_seen._met) < 600
    assert sys.getsizeof(stream.exited._met) < 600
    assert stream.tracks == {}
    assert stage.on_vector(camera.vector(3)) == []


# --- ends -------------------------------------------------------------------------------------------------------


def test_a_stream_is_complete_when_every_crop_is_accounted_for(stage: MatcherStage) -> None:
    camera = Camera()
    tell(stage, [camera.frame([1], crops=[1]), camera.frame([1], crops=[1])])
    assert tell(stage, [camera.end(), camera.vector(0), camera.end()])[-1].type == "match"
    stage.on_vector(camera.vector(1))
    camera.done = 2
    *_, end = stage.on_tracks(*camera.end())
    assert (end.type, end.reason, end.streams_open) == ("end", "complete", 0)
    assert stage.streams_open == 0


def test_an_older_account_that_comes_late_does_not_open_what_was_complete(stage: MatcherStage, clock: Clock) -> None:
    camera = Camera()
    tell(stage, [camera.frame([1], crops=[1])])
    older = camera.frame([1])
    camera.done = 1
    newer = camera.frame([1])
    tell(stage, [newer, older])
    camera.done = 0  # as if the end had been made before the newer one
    (*_, end) = tell(stage, [camera.end()])
    assert (end.type, end.reason) == ("end", "complete")


def test_what_was_dropped_or_lost_is_accounted_for_too(stage: MatcherStage) -> None:
    camera = Camera()
    tell(stage, [camera.frame([1], crops=[1, 1, 1])])
    update, stamp = camera.end()
    assert stage.on_tracks(dataclasses.replace(update, tally=CropTally(3, 1, 1, 0)), stamp) == []
    events = stage.on_tracks(dataclasses.replace(update, tally=CropTally(3, 1, 1, 1)), stamp)
    assert kinds(events) == [("exit", 1), ("end", None)]


def test_a_stream_whose_last_crops_do_not_come_is_closed_at_the_deadline(stage: MatcherStage, clock: Clock) -> None:
    camera = Camera()
    tell(stage, [camera.frame([1], crops=[1, 1])])
    clock.now_s += 2 * _DEADLINE_S
    assert tell(stage, [camera.frame([1]), camera.end()]) == []
    clock.now_s += _DEADLINE_S - 1
    camera.done = 1
    assert stage.on_tracks(*camera.end()) == []  # one more came: it goes on
    clock.now_s += _DEADLINE_S - 1
    assert stage.tick() == []
    clock.now_s += 1.1
    events = stage.tick()
    assert kinds(events) == [("exit", 1), ("end", None)]
    assert events[-1].reason == "deadline"


def test_nothing_comes_of_a_stream_that_is_closed(stage: MatcherStage) -> None:
    camera = Camera()
    tell(stage, [camera.frame([1], crops=[1])])
    camera.done = 1
    assert tell(stage, [camera.end()])[-1].type == "end"
    assert tell(stage, [camera.end(), camera.vector(0), camera.frame([2]), camera.end()]) == []


def test_a_camera_that_starts_anew_closes_what_it_began(clock: Clock) -> None:
    stage = make_stage(clock, "front")
    before, after = Camera(epoch=1), Camera(epoch=2)
    tell(stage, [before.frame([1], crops=[1])])
    events = tell(stage, [after.frame([1], crops=[1])])
    assert [(event.type, event.camera_epoch) for event in events] == [("exit", 1), ("end", 1), ("enter", 2)]
    assert (events[1].reason, events[1].streams_open) == ("camera restarted", 1)
    assert tell(stage, [before.vector(0), before.frame([5]), before.end()]) == []
    assert kinds(tell(stage, [after.vector(0)])) == [("match", 1)]
    assert stage.streams_open == 1


def test_a_camera_that_starts_anew_after_its_end_opens_its_stream_again(clock: Clock) -> None:
    stage = make_stage(clock, "front")
    tell(stage, [Camera(epoch=1).end()])
    assert stage.streams_open == 0
    assert kinds(tell(stage, [Camera(epoch=2).frame([1])])) == [("enter", 1)]
    assert stage.streams_open == 1


def test_streams_count_as_open_until_they_are_closed(clock: Clock) -> None:
    stage = make_stage(clock, "front", "back")
    assert stage.streams_open == 2
    (end,) = tell(stage, [Camera("front").end()])
    assert (end.type, end.streams_open) == ("end", 1)
    (end,) = tell(stage, [Camera("back").end()])
    assert end.streams_open == 0


# --- lossless ---------------------------------------------------------------------------------------------------


def _film(camera: Camera) -> tuple[list[Any], list[Look]]:
    """Two faces over eight frames, with looks of different worth."""
    frames = [
        camera.frame([1], crops=[1]),
        camera.frame([1, 2], crops=[2]),
        camera.frame([1, 2], crops=[1]),
        camera.frame([1, 2]),
        camera.frame([2], crops=[2], ended=[1]),
        camera.frame([2, 3], crops=[3, 2]),
        camera.frame([3], ended=[2]),
        camera.frame([], ended=[3]),
    ]
    scores = [0.9, 0.1, 0.4, 0.3, 0.8, 0.2]
    return frames, [camera.vector(crop, score, 0.3 + score / 2) for crop, score in enumerate(scores)]


def _play(clock: Clock, order: Iterable[Any], camera: Camera) -> list[MatchEvent]:
    stage = make_stage(clock, "front")
    events = tell(stage, order)
    camera.done = camera.offered
    events += tell(stage, [camera.end()])
    assert [event.sequence for event in events] == [*range(len(events))]
    return [dataclasses.replace(event, **dict.fromkeys(_TIMES, 0)) for event in events]


def test_the_order_in_which_vectors_come_makes_no_difference(clock: Clock) -> None:
    camera = Camera(lossless=True)
    frames, vectors = _film(camera)
    expected = _play(clock, [*frames, *vectors], camera)
    assert [event.type for event in expected].count("match") == 6
    assert [event.frame for event in expected if event.type == "exit"] == [4, 6, 7]
    assert expected[-1].reason == "complete"
    for order in itertools.permutations(vectors):
        camera = Camera(lossless=True)
        frames, _ = _film(camera)
        assert _play(clock, [*frames, *order], camera) == expected


@pytest.mark.parametrize("seed", range(30))
def test_neither_does_how_vectors_and_frames_come_together(clock: Clock, seed: int) -> None:
    camera = Camera(lossless=True)
    frames, vectors = _film(camera)
    expected = _play(clock, [*frames, *vectors], camera)
    dice = random.Random(seed)
    dice.shuffle(vectors)
    mixed: list[Any] = [*frames]
    for vector in vectors:
        mixed.insert(dice.randrange(len(mixed) + 1), vector)
    camera = Camera(lossless=True)
    _film(camera)
    assert _play(clock, mixed, camera) == expected


def test_a_lossless_frame_waits_as_long_as_its_crops_may_come(clock: Clock) -> None:
    stage, camera = make_stage(clock, "front"), Camera(lossless=True)
    assert tell(stage, [camera.frame([1], crops=[1]), camera.frame([1])]) == []
    clock.now_s += 3600.0
    assert stage.tick() == []
    assert kinds(tell(stage, [camera.vector(0)])) == [("enter", 1), ("match", 1)]
    clock.now_s += 3600.0
    assert stage.tick() == []


def test_a_crop_that_will_never_come_is_not_waited_for(clock: Clock) -> None:
    stage, camera = make_stage(clock, "front"), Camera(lossless=True)
    assert tell(stage, [camera.frame([1], crops=[1]), camera.frame([1], crops=[1]), camera.vector(1)]) == []
    camera.done = 1
    assert kinds(tell(stage, [camera.frame([1])])) == [("enter", 1), ("match", 1)]
    assert tell(stage, [camera.vector(0)]) == []


def test_a_matcher_that_starts_in_the_middle_goes_on_without_what_the_one_before_had(clock: Clock) -> None:
    camera = Camera(lossless=True)
    tell(make_stage(clock, "front"), [camera.frame([1], crops=[1]), camera.vector(0)])
    stage = make_stage(clock, "front", epoch=10)
    frame = camera.frame([1, 2], crops=[1, 2])
    assert tell(stage, [frame, camera.vector(2)]) == []  # crop 1 went to the one before, in its last moment
    camera.done = 3
    events = tell(stage, [camera.frame([1, 2])])
    assert kinds(events) == [("enter", 1), ("enter", 2), ("match", 2)]
    assert events[0].frame == 1
    assert tell(stage, [camera.end()])[-1].reason == "complete"


def test_at_the_deadline_what_waits_is_told_all_the_same(clock: Clock) -> None:
    stage, camera = make_stage(clock, "front"), Camera(lossless=True)
    tell(stage, [camera.frame([1], crops=[1]), camera.frame([1, 2], crops=[2]), camera.vector(1), camera.end()])
    clock.now_s += _DEADLINE_S + 1
    events = stage.tick()
    assert kinds(events) == [("enter", 1), ("enter", 2), ("match", 2), ("exit", 1), ("exit", 2), ("end", None)]
    assert events[-1].reason == "deadline"


def test_vectors_that_nobody_waits_for_are_not_kept(clock: Clock) -> None:
    stage, camera = make_stage(clock, "front"), Camera(lossless=True)
    tell(stage, [camera.frame([1], crops=[1])])
    camera.done = 1
    tell(stage, [camera.frame([1]), camera.vector(0)])
    stream = stage._streams["front"]
    assert stream is not None
    assert stream._looks == {}


# --- what was --------------------------------------------------------------------------------------------------


def test_events_are_numbered_without_gaps_and_kept(stage: MatcherStage) -> None:
    camera = Camera()
    events = tell(stage, [one for crop in range(50) for one in (camera.frame([1], crops=[1]), camera.vector(crop))])
    assert [event.sequence for event in events] == [*range(51)]
    assert {event.epoch for event in events} == {9}
    assert stage.events_since(0) == events
    assert stage.events_since(40) == events[40:]
    assert stage.events_since(10, limit=5) == events[10:15]
    assert stage.events_since(51) == []
    assert stage.events_since(-5, limit=2) == events[:2]


def test_only_the_latest_events_are_kept(stage: MatcherStage, monkeypatch: pytest.MonkeyPatch) -> None:
    camera = Camera()
    for track in range(6000):
        tell(stage, [camera.frame([track]), camera.frame(ended=[track])])
    assert stage.events_since(0)[0].sequence == 12_000 - 4096
    assert [event.sequence for event in stage.events_since(0, limit=2)] == [7904, 7905]
    assert [event.sequence for event in stage.events_since(11_990, limit=2)] == [11_990, 11_991]


def test_the_present_in_plain_containers(stage: MatcherStage) -> None:
    stage.gallery_version = 4
    camera = Camera()
    tell(stage, [camera.frame(), camera.frame([1], crops=[1]), camera.vector(0), camera.frame([1])])
    assert stage.snapshot() == {
        "epoch": 9,
        "next_sequence": 2,
        "streams_open": 1,
        "gallery_version": 4,
        "streams": [{"camera": "front", "epoch": 1, "closed": False}],
        "tracks": [
            {
                "camera": "front",
                "camera_epoch": 1,
                "track": 1,
                "track_id": "front:1:1",
                "name": "Ada",
                "state": "known",
                "score": pytest.approx(0.9),
                "box_xyxy": [*_box(1, 2)],
                "entered_at_ns": 10**9,
            }
        ],
    }


def test_events_carry_the_version_of_the_gallery(stage: MatcherStage) -> None:
    stage.gallery_version = 4
    camera = Camera()
    assert tell(stage, [camera.frame([1])])[0].gallery_version == 4
