"""Which looks teach a camera's average, by the bundled head."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from twinface.events import Event, EventStore, Kind, LookRecord, Subject, TrackKey, Upkeep
from twinface.gallery.keys import KEY_VARIABLE
from twinface.live.live_averages import LiveAverages, teaches
from twinface.matching import Head, load_head
from twinface.networks import find_recipe
from twinface.settings_file import load_settings
from twinface.types import FaceMeasures

NETWORK = find_recipe("sface").fingerprint
CLEAR = FaceMeasures(
    face_px=80.0,
    sharpness=0.6,
    brightness=120.0,
    contrast=40.0,
    yaw_deg=0.0,
    pitch_deg=0.0,
    roll_deg=0.0,
    detection_score=0.93,
)
POOR = dataclasses.replace(CLEAR, face_px=26.0, sharpness=0.3, brightness=20.0, detection_score=0.7)


@pytest.fixture(scope="module")
def head() -> Head:
    return load_head(None, NETWORK)


def look(length: float, measures: FaceMeasures | None) -> LookRecord:
    direction = np.random.default_rng(4).normal(size=128)
    vector = np.asarray(length * direction / np.linalg.norm(direction), np.float32)
    key, at_ns = TrackKey("door", 1, 1), 1_700_000_000 * 10**9
    return LookRecord(
        key,
        1,
        0,
        at_ns,
        1,
        network=NETWORK,
        vector=vector,
        quality=0.1,
        state="unknown",
        name=None,
        score=0.1,
        measures=measures,
    )


def test_a_look_that_may_get_a_name_teaches_though_it_could_not_be_enrolled(head: Head) -> None:
    assert teaches(head, look(9.0, CLEAR))
    assert teaches(head, look(9.0, POOR))


def test_a_look_that_is_too_poor_for_a_name_teaches_nothing(head: Head) -> None:
    assert head.knows_quality(look(9.0, POOR).vector[np.newaxis])[0]
    assert not head.knows_quality(look(5.0, POOR).vector[np.newaxis])[0]
    assert not teaches(head, look(5.0, CLEAR))


@pytest.mark.parametrize("measures", [dataclasses.replace(CLEAR, detection_score=0.55), None])
def test_what_may_be_no_face_teaches_nothing(head: Head, measures: FaceMeasures | None) -> None:
    assert not teaches(head, look(9.0, measures))


def test_a_track_of_looks_too_poor_to_be_enrolled_teaches_the_matcher(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))
    (tmp_path / "pipeline.toml").write_text('gallery = "gallery"\n[[camera]]\nname = "door"\nsource = "0"\n')
    settings, upkeep = load_settings(tmp_path / "pipeline.toml"), Upkeep(30.0)
    first = look(9.0, POOR)
    event = Event(
        Kind.EXIT,
        Subject.TRACK,
        *first.key,
        name=None,
        state="unknown",
        score=0.1,
        at_ns=first.at_ns,
        since_ns=first.at_ns,
        duration_s=1.0,
        media_ms=0.0,
        frame=1,
    )
    with EventStore(settings.events_path) as store:
        clock = upkeep.read_clock(store)
        store.append([event], [first, dataclasses.replace(first, crop=2)], clock=clock)
    averages = LiveAverages(settings, find_recipe("sface"), upkeep)
    averages.take([event])
    averages.refresh()
    assert {source: one.people for source, one in averages.latest.known.items()} == {"camera:door": 1}


def test_without_strangers_in_the_head_a_look_has_to_pass_the_gate_of_enrolment() -> None:
    cosine = load_head(None, "0" * 64)
    assert cosine.cohort is None
    for head in (cosine, None):
        assert teaches(head, look(9.0, CLEAR))
        assert not teaches(head, look(9.0, POOR))
        assert not teaches(head, dataclasses.replace(look(9.0, CLEAR), measures=None))
