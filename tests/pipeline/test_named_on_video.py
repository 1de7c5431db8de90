"""Real processes on a real video: who is named, who is not, and that it comes out the same twice."""

import json
from pathlib import Path
from typing import Any

import pytest
from harness import Pipeline, until, without_times
from moving_faces.truth import ALEX, LIN_MANUEL, two_named_people

pytestmark = pytest.mark.pipeline


def may_be(event: dict[str, Any]) -> str | None:
    """Whose face it is, by what a person sees in the video; None for everybody but the two."""
    shown = two_named_people(event["frame"], event["box_xyxy"])
    return shown if shown in {LIN_MANUEL, ALEX} else None


Run = tuple[list[dict[str, Any]], dict[str, float]]
"""All events, and what the camera counted, with the vectors that were sent."""


def _with_all_received(status: dict[str, Any], frames: int) -> dict[str, Any] | None:
    counted = _of_camera(status)
    # While the matcher starts, an update that says that the stream has ended may give way to the next one.
    received = all(link["sent"] == link["received"] + link["dropped"]["replaced"] for link in status["links"])
    return status if received and counted["frames"] + counted["frames_skipped"] == frames else None


def _of_camera(status: dict[str, Any]) -> dict[str, float]:
    (camera,) = [one["health"] for one in status["processes"] if one["name"].startswith("camera")]
    return {"frames": 0, "frames_skipped": 0, **camera["counters"], **camera["gauges"]}


def play(pipeline: Pipeline, frames: int) -> Run:
    """Play so many frames to the end, with all books checked; everything is stopped then."""
    pipeline.start()
    until(lambda: any(event["type"] == "end" for event in pipeline.events()), 120.0, "the end of the stream")
    events = pipeline.events()
    # The last acknowledgements and counts are on their way for a moment after the end of the stream.
    status = until(lambda: _with_all_received(pipeline.status(), frames), 120.0, "all to be received and counted")
    links = status["links"]
    assert pipeline.stop() == 0, pipeline.logs()
    assert pipeline.leftovers() == []

    assert [event["sequence"] for event in events] == list(range(len(events)))
    assert all(link["balanced"] for link in links), links
    vectors = sum(link["sent"] for link in links if link["topic"] == "vectors")
    return events, {**_of_camera(status), "vectors": vectors}


def test_two_named_people_lossless(pipeline: Pipeline, shared_data: Path) -> None:
    video = shared_data / "video/two_named_people.mp4"
    pipeline.configure(f'name = "stage"\nsource = "{video}"\nlossless = true', extractors=2)
    for name in (LIN_MANUEL, ALEX):
        pipeline.enrol(name, *sorted((shared_data / "video/people" / name).iterdir()))

    (first, counted), (second, _) = play(pipeline, 275), play(pipeline, 275)

    assert counted["boxes"] >= 10 * counted["crops"] > 0
    assert counted["vectors"] == counted["crops"]
    assert (counted["frames"], counted["frames_skipped"]) == (275, 0)
    assert 0 < counted["detections"] < 250, "not where it is clear where faces will be"
    looks = [event for event in first if event["type"] == "match"]
    assert [event["reason"] for event in first if event["type"] == "end"] == ["complete"]
    wrong = [event for event in looks if event["name"] not in {may_be(event), None}]
    assert not wrong
    for track in {event["track"] for event in looks if may_be(event) == LIN_MANUEL}:
        seen = [event for event in first if event["track"] == track]
        named_ms = [event["media_ms"] for event in seen if event["name"] == LIN_MANUEL]
        assert min(named_ms) - seen[0]["media_ms"] < 1000.0, "named within a second of video"
        assert all(event["name"] for event in seen if event["media_ms"] >= min(named_ms)), "no flicker"
    named_in = [event["frame"] for event in looks if event["name"] == LIN_MANUEL]
    assert min(named_in) < 20, "in the first shot, which is shorter than a second"
    assert min(frame for frame in named_in if frame >= 82) < 82 + 15, "half a second after he is back"
    entered = [event["track"] for event in first if event["type"] == "enter"]
    assert sorted(entered) == sorted(event["track"] for event in first if event["type"] == "exit")
    assert without_times(first) == without_times(second)

    lines = pipeline.command("events", "--json", "--limit", "0").stdout.splitlines()
    stored = [json.loads(line) for line in lines]
    assert [event.pop("sequence") for event in stored] == list(range(1, len(stored) + 1))
    first_half, second_half = stored[: len(stored) // 2], stored[len(stored) // 2 :]
    assert without_times(first_half) == without_times(second_half)
    visits = [(event["kind"], event["name"]) for event in first_half if event["subject"] == "person"]
    assert [kind for kind, name in visits if name == LIN_MANUEL] == ["enter", "exit"]
    assert {name for _, name in visits} <= {LIN_MANUEL, ALEX}


@pytest.mark.parametrize(("video", "frames"), [("talking_1", 135), ("man", 62)])
def test_looking_for_faces_in_fewer_frames_changes_no_look(
    pipeline: Pipeline, shared_data: Path, video: str, frames: int
) -> None:
    camera = f'name = "stage"\nsource = "{shared_data / "video" / video}.mp4"\nlossless = true'
    runs = {}
    for every in (1, 3):
        extra = f"[detection]\nevery = {every}\nadaptive = {'false' if every == 1 else 'true'}"
        pipeline.configure(camera, extra=extra)
        if not runs:
            pipeline.enrol(LIN_MANUEL, *sorted((shared_data / "video/people" / LIN_MANUEL).iterdir()))
        runs[every] = play(pipeline, frames)
    (all_events, all_counted), (events, counted) = runs[1], runs[3]
    assert all_counted["detections"] == all_counted["frames"] == counted["frames"] == frames
    assert counted["detections"] < 0.7 * frames
    assert counted["boxes"] == all_counted["boxes"]
    assert counted["vectors"] == counted["crops"] == all_counted["crops"]
    looks, all_looks = ([one for one in run if one["type"] in {"enter", "match"}] for run in (events, all_events))
    assert len(looks) > 5
    assert without_times(looks) == without_times(all_looks)


def test_of_a_film_in_real_time_every_frame_is_accounted_for(pipeline: Pipeline, shared_data: Path) -> None:
    pipeline.configure(f'name = "stage"\nsource = "{shared_data / "video/talking_1.mp4"}"')
    pipeline.enrol(LIN_MANUEL, *sorted((shared_data / "video/people" / LIN_MANUEL).iterdir()))
    _, counted = play(pipeline, 135)
    assert 0 < counted["detections"] < counted["frames"]
