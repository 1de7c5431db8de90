"""Events as CloudEvents 1.0 in JSON (structured mode, https://github.com/cloudevents/spec)."""

import datetime
import socket
import urllib.parse
from typing import Any

from twinface.events.event import Event

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"


def event_id(event: Event) -> str:
    """The id of an event for those who are sent it, the same in every attempt.

    Box and number, and the time of the event: numbers begin again where a new store is made.
    """
    return f"{_box()}-{event.sequence}-{event.at_ns:x}"


def cloud_event(event: Event) -> dict[str, Any]:
    """An event as it is sent; `data` is what `twinface events --json` prints of it."""
    return _cloud_event(
        event_id(event), f"twinface.{event.subject}.{event.kind}", event.at_ns, event.camera, event.plain
    )


def trial_event(target: str, now_ns: int) -> dict[str, Any]:
    """What is sent to try a target, at a time of the wall clock."""
    return _cloud_event(f"{_box()}-test-{now_ns}", "twinface.test", now_ns, target, {"message": "twinface reaches you"})


def _cloud_event(number: str, kind: str, at_ns: int, subject: str, data: dict[str, Any]) -> dict[str, Any]:
    at = datetime.datetime.fromtimestamp(at_ns / 1e9, tz=datetime.UTC)
    return {
        "specversion": "1.0",
        "id": number,
        "source": f"urn:twinface:{_box()}",
        "type": kind,
        "subject": subject,
        "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": data,
    }


def _box() -> str:
    return urllib.parse.quote(socket.gethostname(), safe="")
