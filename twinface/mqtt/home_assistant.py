"""Entities as Home Assistant discovers them, each by a message of its own, which every version reads.

https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery has the format.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from twinface.gallery.person import slug_of
from twinface.mqtt.broker_topics import Topics

Entities = Iterator[tuple[str, str, dict[str, Any]]]
"""Component, id within the box, and what is particular to an entity."""


def announced(topics: Topics, cameras: Iterable[str], people: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """What is announced of the box, its `cameras` and its `people`, by name what stays of each under another name, so
    that their entities do: topic → configuration.
    """
    box = {
        "identifiers": [topics.node],
        "name": f"twinface {topics.box}",
        "manufacturer": "twinface",
        "model": "box",
    }
    found = dict(_configured(topics, box, _of_box(topics)))
    for camera in cameras:
        device = _below(topics, f"camera_{camera}", camera, "camera")
        found |= _configured(topics, device, _of_camera(topics, camera))
    for name, key in people.items():
        device = _below(topics, f"person_{key}", name, "person")
        found |= _configured(topics, device, _of_person(topics, key, slug_of(name)))
    return found


def _below(topics: Topics, key: str, name: str, model: str) -> dict[str, Any]:
    return {
        "identifiers": [f"{topics.node}_{key}"],
        "name": name,
        "manufacturer": "twinface",
        "model": model,
        "via_device": topics.node,
    }


def _configured(topics: Topics, device: Mapping[str, Any], entities: Entities) -> Iterator[tuple[str, dict[str, Any]]]:
    for component, key, particular in entities:
        common = {
            "unique_id": f"{topics.node}_{key}",
            "availability_topic": topics.status,
            "device": device,
            "origin": {"name": "twinface"},
        }
        yield topics.entity(component, key), {**common, **particular}


def _of_box(topics: Topics) -> Entities:
    state = {"state_topic": topics.health, "json_attributes_topic": topics.health}
    problem = "{{ 'OFF' if value_json.ok else 'ON' }}"
    diagnostic = {"entity_category": "diagnostic"}
    yield (
        "binary_sensor",
        "problem",
        {"name": "Problem", "device_class": "problem", "value_template": problem, **state, **diagnostic},
    )
    yield "sensor", "health", {"name": "Health", "value_template": "{{ value_json.state }}", **state, **diagnostic}
    retraining = "{{ value_json.retraining.state }}"
    yield "sensor", "retraining", {"name": "Retraining", "value_template": retraining, **state, **diagnostic}
    press = {"command_topic": topics.retrain, "payload_press": "retrain", "entity_category": "config"}
    yield "button", "retrain", {"name": "Retrain", "icon": "mdi:school", **press}


def _of_camera(topics: Topics, camera: str) -> Entities:
    key, topic = f"camera_{camera}", topics.camera(camera)
    state = {"state_topic": topic}
    yield (
        "sensor",
        f"{key}_who",
        {
            "name": "Who is here",
            "icon": "mdi:account-eye",
            "value_template": "{{ value_json.who }}",
            "json_attributes_topic": topic,
            **state,
        },
    )
    count = {"icon": "mdi:account-multiple", "state_class": "measurement", "unit_of_measurement": "people"}
    yield "sensor", f"{key}_people", {"name": "People", "value_template": "{{ value_json.count }}", **count, **state}
    unknown = {"device_class": "occupancy", "value_template": "{{ 'ON' if value_json.unknown else 'OFF' }}"}
    yield "binary_sensor", f"{key}_unknown", {"name": "Unknown person", **unknown, **state}
    yield (
        "sensor",
        f"{key}_last",
        {
            "name": "Last match",
            "icon": "mdi:account-clock",
            "value_template": "{{ value_json.last.name if value_json.last else 'nobody' }}",
            "json_attributes_topic": topic,
            "json_attributes_template": "{{ (value_json.last or {}) | tojson }}",
            **state,
        },
    )


def _of_person(topics: Topics, key: str, person: str) -> Entities:
    key, topic = f"person_{key}", topics.person(person)
    state = {"state_topic": topic, "json_attributes_topic": topic}
    yield (
        "binary_sensor",
        f"{key}_present",
        {
            "name": "Present",
            "device_class": "occupancy",
            "value_template": "{{ 'ON' if value_json.present else 'OFF' }}",
            **state,
        },
    )
    home = "{{ 'home' if value_json.present else 'not_home' }}"
    yield "device_tracker", f"{key}_tracker", {"name": "Tracker", "value_template": home, **state}
    seen = {"device_class": "timestamp", "value_template": "{{ value_json.last_seen or None }}"}
    yield "sensor", f"{key}_seen", {"name": "Last seen", **seen, **state}
    camera = {"icon": "mdi:cctv", "value_template": "{{ value_json.camera or 'nowhere' }}"}
    yield "sensor", f"{key}_camera", {"name": "Last camera", **camera, **state}
