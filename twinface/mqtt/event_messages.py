"""An event as messages: our own, and what programs that know Double Take or Frigate expect."""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from twinface.events import Event, Kind, Subject, event_id
from twinface.gallery.person import slug_of
from twinface.mqtt.broker_topics import Topics
from twinface.mqtt.whereabouts import as_time
from twinface.settings import MqttSettings
from twinface.types import State

_DOUBLE_TAKE = "double-take"
_FRIGATE = "frigate"


class Outgoing(NamedTuple):
    """What is published where, not retained."""

    topic: str
    payload: str


def as_json(value: object) -> str:
    """JSON on one line, names as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def messages_of(event: Event, topics: Topics, settings: MqttSettings) -> Iterator[Outgoing]:
    """Everything that is published of one event, in order."""
    yield Outgoing(topics.events, as_json(event_body(event, topics.box)))
    if settings.double_take:
        yield from _for_double_take(event, topics.box)
    if settings.frigate and _has_new_opinion(event):
        yield Outgoing(f"{_FRIGATE}/tracked_object_update", as_json(_for_frigate(event)))


def event_body(event: Event, box: str) -> dict[str, Any]:
    """The event, JSON-ready; `person` is the id of whom it names. Times are ISO 8601 in UTC."""
    return {
        "id": event_id(event, box),
        "box": box,
        "number": event.sequence,
        "kind": str(event.kind),
        "subject": str(event.subject),
        "camera": event.camera,
        "track": None if event.key is None else str(event.key),
        "person": None if event.name is None else slug_of(event.name),
        "name": event.name,
        "state": event.state,
        "score": event.score,
        "at": as_time(event.at_ns),
        "since": as_time(event.since_ns),
        "duration_s": round(event.duration_s, 3),
        "reason": event.reason,
    }


def _has_new_opinion(event: Event) -> bool:
    """Whether a face has just got a name, or lost it, or was found to be nobody known."""
    return event.subject is Subject.TRACK and event.kind is Kind.UPDATE


def _for_double_take(event: Event, box: str) -> Iterator[Outgoing]:
    """As Double Take says it, `api/src/util/mqtt.util.js`, but for the box and the file of a picture, of which the
    store has none. Its confidence is 0…100.
    """
    if not _has_new_opinion(event) or event.state not in {State.KNOWN, State.UNKNOWN}:
        return
    camera, known = event.camera.lower(), event.name is not None
    common = {
        "id": event_id(event, box),
        "duration": round(event.duration_s, 2),
        "timestamp": as_time(event.at_ns).replace("+00:00", "Z"),
        "attempts": (event.details or {}).get("looks", 1),
        "camera": camera,
        "zones": [],
    }
    face = {
        "name": event.name or "unknown",
        "confidence": round(100.0 * (event.score or 0.0), 2),
        "match": known,
        "type": "twinface",
        "detector": "twinface",
    }
    found = {"matches": [face] if known else [], "misses": [], "unknowns": [] if known else [face]}
    counts = {"person": 1, "match": int(known), "miss": 0, "unknown": int(not known)}
    if known:
        yield Outgoing(f"{_DOUBLE_TAKE}/matches/{_double_take_name(event)}", as_json({**common, "match": face}))
    else:
        yield Outgoing(f"{_DOUBLE_TAKE}/matches/unknown", as_json({**common, "unknown": face, "unknowns": [face]}))
    whole = {**common, **found, "personCount": 1, "counts": counts}
    yield Outgoing(f"{_DOUBLE_TAKE}/cameras/{camera}", as_json(whole))


def _double_take_name(event: Event) -> str:
    """A name as Double Take writes it into a topic; our id where it would leave nothing of it."""
    name = event.name or ""
    return re.sub(r"[^a-zA-Z0-9-]", "", re.sub(r"\s+", "-", name)) or slug_of(name)


def _for_frigate(event: Event) -> dict[str, Any]:
    """As Frigate says it, https://docs.frigate.video/integrations/mqtt: no name where it is nobody known."""
    return {
        "type": "face",
        "id": str(event.key),
        "name": event.name,
        "score": event.score or 0.0,
        "camera": event.camera,
        "timestamp": event.at_ns / 1e9,
    }
