"""What is published of an event: our own message, Double Take's and Frigate's."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from mqtt_house import track, visit

from twinface.events import Event, Kind
from twinface.gallery.person import slug_of
from twinface.mqtt.broker_topics import Topics
from twinface.mqtt.event_messages import messages_of
from twinface.mqtt.home_assistant import announced
from twinface.settings import MqttSettings

TOPICS = Topics("twinface", "box", "homeassistant")
DIFFICULT = ["#", "+/x", "日本", "a/b", "$SYS", "Zoë Ångström", "…" * 40, "\N{GRINNING FACE}"]


def published(event: Event, **settings: bool) -> dict[str, Any]:
    messages = messages_of(replace(event, sequence=12), TOPICS, MqttSettings(host="broker", **settings))
    return {topic: json.loads(payload) for topic, payload in messages}


def test_an_event_has_an_id_of_box_number_and_time() -> None:
    body = published(visit(Kind.ENTER, "Ada"))["twinface/box/events"]
    assert body == {
        "id": f"box-12-{1_800_000_001_000_000_000:x}",
        "box": "box",
        "number": 12,
        "kind": "enter",
        "subject": "person",
        "camera": "door",
        "track": "door:7:1",
        "person": slug_of("Ada"),
        "name": "Ada",
        "state": "known",
        "score": 0.9,
        "at": "2027-01-15T08:00:01.000+00:00",
        "since": "2027-01-15T08:00:01.000+00:00",
        "duration_s": 0.5,
        "reason": None,
    }


def test_a_known_face_is_said_as_double_take_says_it() -> None:
    messages = published(track(Kind.UPDATE, 1, "Ada Lovelace", details={"looks": 3}), double_take=True)
    assert set(messages) == {
        "twinface/box/events",
        "double-take/matches/Ada-Lovelace",
        "double-take/cameras/door",
    }
    match = messages["double-take/matches/Ada-Lovelace"]
    assert (match["camera"], match["attempts"], match["timestamp"]) == ("door", 3, "2027-01-15T08:00:01.000Z")
    assert match["match"] == {
        "name": "Ada Lovelace",
        "confidence": 90.0,
        "match": True,
        "type": "twinface",
        "detector": "twinface",
    }
    camera = messages["double-take/cameras/door"]
    assert camera["matches"] == [match["match"]]
    assert (camera["unknowns"], camera["personCount"]) == ([], 1)
    assert camera["counts"] == {"person": 1, "match": 1, "miss": 0, "unknown": 0}


def test_an_unknown_face_is_said_as_double_take_says_it() -> None:
    messages = published(track(Kind.UPDATE), double_take=True)
    assert messages["double-take/matches/unknown"]["unknown"]["match"] is False
    assert messages["double-take/cameras/door"]["counts"]["unknown"] == 1


def test_a_face_is_said_as_frigate_says_it() -> None:
    body = published(track(Kind.UPDATE, 1, "Ada"), frigate=True)["frigate/tracked_object_update"]
    assert body == {
        "type": "face",
        "id": "door:7:1",
        "name": "Ada",
        "score": 0.9,
        "camera": "door",
        "timestamp": 1_800_000_001.0,
    }


@pytest.mark.parametrize("kind", [Kind.ENTER, Kind.EXIT, Kind.STAYED])
def test_what_says_nothing_new_of_a_face_is_not_said_to_others(kind: Kind) -> None:
    assert set(published(track(kind, 1, "Ada"), double_take=True, frigate=True)) == {"twinface/box/events"}


@pytest.mark.parametrize("name", DIFFICULT)
def test_no_name_makes_a_topic_that_is_none(name: str) -> None:
    topics = [*published(track(Kind.UPDATE, 1, name), double_take=True, frigate=True)]
    topics += [TOPICS.person(slug_of(name)), *announced(TOPICS, ["door"], {name: slug_of(name)})]
    for topic in topics:
        assert re.fullmatch(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)+", topic), topic


def test_people_of_difficult_names_share_no_entity() -> None:
    entities = announced(TOPICS, [], {name: slug_of(name) for name in DIFFICULT})
    assert len({entity["unique_id"] for entity in entities.values()}) == len(entities) == 4 + 4 * len(DIFFICULT)
    assert [entity["device"]["name"] for entity in entities.values()][-1] == "\N{GRINNING FACE}"
