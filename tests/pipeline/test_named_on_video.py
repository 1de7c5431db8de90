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


def _with_all_received(status: dict[str, Any]) -> dict[str, Any] | None:
    return status if all(link["sent"] == link["received"] for link in status["links"]) else None


def play(pipeline: Pipeline) -> list[dict[str, Any]]:
    """Play to the end; all events, with the books checked and everything stopped."""
    pipeline.start()
    until(lambda: any(event["type"] == "end" for event in pipeline.events()), 120.0, "the end of the stream")
    events = pipeline.events()
    # The last acknowledgements are on their way for a moment after the end of the stream.
    status = until(lambda: _with_all_received(pipeline.status()), 120.0, "everything sent to be received")
    links = status["links"]
    (camera,) = [one["health"] for one in status["processes"] if one["name"].startswith("camera")]
    assert camera["counters"]["boxes"] >= 10 * camera["counters"]["crops"] > 0, camera["counters"]
    assert pipeline.stop() == 0, pipeline.logs()
    assert pipeline.leftovers() == []

    assert [event["sequence"] for event in events] == list(range(len(events)))
    assert all(link["balanced"] for link in links), links
    assert sum(link["sent"] for link in links if link["topic"] == "vectors") == sum(
        link["sent"] for link in links if link["topic"] == "crops"
    )
    return events


def test_two_named_people_lossless(pipeline: Pipeline, shared_data: Path) -> None:
    video = shared_data / "video/two_named_people.mp4"
    pipeline.configure(f'name = "stage"\nsource = "{video}"\nlossless = true', extractors=2)
    for name in (LIN_MANUEL, ALEX):
        pipeline.enrol(name, *sorted((shared_data / "video/people" / name).iterdir()))

    first = play(pipeline)
    second = play(pipeline)

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
